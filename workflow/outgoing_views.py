"""What people see of outgoing documents: lists, one of them, the register (Sổ văn bản đi)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, and_, or_, select

from signing.report import SignatureReport
from workflow.access import find_document, main_case, may_know
from workflow.facts.outgoing import Dossier, approved_content, dossier_of, facts_of
from workflow.files import latest_reports
from workflow.office import Reading
from workflow.records import (
    Case,
    Despatch,
    Document,
    Issuer,
    Move,
    NumberVoid,
    Outgoing,
    Person,
    Recipient,
    RegisterEntry,
    Relation,
    Review,
    Signer,
)
from workflow.rules.errors import NotFound
from workflow.rules.machine import Option
from workflow.transitions import options, workflow_of


@dataclass(frozen=True)
class Line:
    """One outgoing document in a list."""

    document: Document
    outgoing: Outgoing
    case: Case
    state_label: str
    code: str | None


def list_outgoing(
    reading: Reading,
    *,
    state: str | None = None,
    issuer_id: uuid.UUID | None = None,
    overdue: bool = False,
    after: uuid.UUID | None = None,
    limit: int = 50,
) -> list[Line]:
    """Outgoing documents the actor may know of, newest first, older than `after`."""
    query = (
        select(Document, Outgoing, Case, RegisterEntry.code)
        .join(Outgoing, Outgoing.document_id == Document.id)
        .join(Case, and_(Case.document_id == Document.id, Case.parent_id.is_(None)))
        .outerjoin(RegisterEntry, RegisterEntry.document_id == Document.id)
        .where(Document.direction == "outgoing", may_know(reading.actor))
        .order_by(Document.id.desc())
        .limit(limit)
    )
    if state is not None:
        query = query.where(Case.state == state)
    if issuer_id is not None:
        query = query.where(Outgoing.issuer_id == issuer_id)
    if overdue:
        query = query.where(Case.due_at < reading.now, Case.closed_at.is_(None))
    if after is not None:
        query = query.where(Document.id < after)
    return [
        Line(document, outgoing, case, workflow_of(reading, case).state(case.state).label, code)
        for document, outgoing, case, code in reading.session.execute(query)
    ]


@dataclass(frozen=True)
class RecipientView:
    """A recipient and what became of its copy, newest status last."""

    recipient: Recipient
    despatches: Sequence[Despatch]


@dataclass(frozen=True)
class Detail:
    """Everything about one outgoing document for somebody who may know of it."""

    held: Dossier
    case: Case
    state_label: str
    content_sha256: str | None
    options: Sequence[Option]
    signers: Sequence[tuple[Signer, Person]]
    recipients: Sequence[RecipientView]
    reviews: Sequence[Review]
    moves: Sequence[Move]
    relations: Sequence[Relation]
    reports: Sequence[SignatureReport | None]
    void: NumberVoid | None


def view_outgoing(reading: Reading, document_id: uuid.UUID) -> Detail:
    """One outgoing document; NotFound where the actor may not know of it."""
    document = find_document(reading, document_id, "outgoing")
    case = main_case(reading, document.id)
    held = dossier_of(reading, document.id)
    people = {
        person.id: person
        for person in reading.session.scalars(
            select(Person).where(Person.id.in_([signer.person_id for signer in held.signers]))
        )
    }
    reports = latest_reports(
        reading, document.organisation_id, [revision.sha256 for revision in held.revisions]
    )
    return Detail(
        held=held,
        case=case,
        state_label=workflow_of(reading, case).state(case.state).label,
        content_sha256=approved_content(reading, document.id),
        options=options(reading, case, facts_of(reading, held)),
        signers=[(signer, people[signer.person_id]) for signer in held.signers],
        recipients=recipients_of(reading, document.id),
        reviews=reading.session.scalars(
            select(Review).where(Review.document_id == document.id).order_by(Review.id)
        ).all(),
        moves=reading.session.scalars(
            select(Move).where(Move.case_id == case.id).order_by(Move.id)
        ).all(),
        relations=reading.session.scalars(
            select(Relation)
            .where(or_(Relation.document_id == document.id, Relation.other_id == document.id))
            .order_by(Relation.id)
        ).all(),
        reports=[reports.get(revision.sha256) for revision in held.revisions],
        void=reading.session.scalar(select(NumberVoid).where(NumberVoid.entry_id == held.entry.id))
        if held.entry
        else None,
    )


def recipients_of(reading: Reading, document_id: uuid.UUID) -> list[RecipientView]:
    """The recipients of a document in order, each with what became of its copy."""
    recipients = reading.session.scalars(
        select(Recipient)
        .where(Recipient.document_id == document_id, ~Recipient.dropped)
        .order_by(Recipient.ordinal)
    ).all()
    sent: dict[uuid.UUID, list[Despatch]] = {recipient.id: [] for recipient in recipients}
    for despatch in reading.session.scalars(
        select(Despatch).where(Despatch.recipient_id.in_(sent)).order_by(Despatch.id)
    ):
        sent[despatch.recipient_id].append(despatch)
    return [RecipientView(recipient, sent[recipient.id]) for recipient in recipients]


@dataclass(frozen=True)
class RegisterLine:
    """One row of the Sổ đăng ký văn bản đi (Annex IV): its ten columns come from these."""

    entry: RegisterEntry
    document: Document
    outgoing: Outgoing
    signers: Sequence[str]
    recipients: Sequence[str]
    sent_at: datetime | None
    void_reason: str | None


#: Roles that read the registers of their organisation.
REGISTER_ROLES = frozenset({"clerk", "leader", "follow_up", "auditor"})


def outgoing_register(
    reading: Reading,
    issuer_id: uuid.UUID,
    year: int,
    *,
    after: uuid.UUID | None = None,
    limit: int = 200,
) -> list[RegisterLine]:
    """The register of an issuer and year in the order of numbering, voided numbers included."""
    issuer = reading.session.get(Issuer, issuer_id)
    if issuer is None or reading.actor.roles_in(issuer.organisation_id).isdisjoint(REGISTER_ROLES):
        raise NotFound("Sổ đăng ký")
    query = (
        select(RegisterEntry, Document, Outgoing, NumberVoid.reason)
        .join(Document, Document.id == RegisterEntry.document_id)
        .join(Outgoing, Outgoing.document_id == Document.id)
        .outerjoin(NumberVoid, NumberVoid.entry_id == RegisterEntry.id)
        .where(
            RegisterEntry.organisation_id == issuer.organisation_id,
            RegisterEntry.issuer_key == str(issuer_id),
            RegisterEntry.register == "outgoing",
            RegisterEntry.year == year,
        )
        .order_by(RegisterEntry.id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(RegisterEntry.id > after)
    rows = reading.session.execute(query).all()
    ids = [document.id for _, document, _, _ in rows]
    signers = _names(
        reading,
        select(Signer.document_id, Person.full_name)
        .join(Person, Person.id == Signer.person_id)
        .where(Signer.document_id.in_(ids), ~Signer.dropped)
        .order_by(Signer.ordinal),
    )
    recipients = _names(
        reading,
        select(Recipient.document_id, Recipient.name)
        .where(Recipient.document_id.in_(ids), ~Recipient.dropped)
        .order_by(Recipient.ordinal),
    )
    sent_at: dict[uuid.UUID, datetime] = {}
    for document_id, at in reading.session.execute(
        select(Recipient.document_id, Despatch.at)
        .join(Despatch, Despatch.recipient_id == Recipient.id)
        .where(Recipient.document_id.in_(ids), Despatch.status == "sent")
        .order_by(Despatch.at)
    ):
        sent_at.setdefault(document_id, at)
    return [
        RegisterLine(
            entry=entry,
            document=document,
            outgoing=outgoing,
            signers=signers.get(document.id, ()),
            recipients=recipients.get(document.id, ()),
            sent_at=sent_at.get(document.id),
            void_reason=reason,
        )
        for entry, document, outgoing, reason in rows
    ]


def _names(reading: Reading, query: Select[uuid.UUID, str]) -> dict[uuid.UUID, list[str]]:
    names: dict[uuid.UUID, list[str]] = {}
    for document_id, name in reading.session.execute(query):
        names.setdefault(document_id, []).append(name)
    return names
