"""Delivery to an organisation on this same system, its recall, and the receiver's status.

One transaction writes one organisation's chain, so what one side does and what the other learns of
it are jobs of their own (ND 30/2020 Art. 18.4, Annex VI III; R1.6.2).
"""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import select

from workflow.access import main_case
from workflow.arrivals import Arrival, Record, admit, move, nothing, tell_sender
from workflow.facts.tasks import reading_facts, task_facts
from workflow.files import Content, current_files
from workflow.idempotency import forget_about
from workflow.office import Office, Reading, Transaction
from workflow.records import (
    Case,
    Despatch,
    Document,
    File,
    Incoming,
    Issuer,
    Move,
    OrganisationName,
    Outgoing,
    Recipient,
    RegisterEntry,
    Relation,
    Revision,
    Task,
)
from workflow.registers import entry_of
from workflow.rules.identifiers import DocumentIdentifier
from workflow.transitions import fire

_SENDER_SAID = ("sender_code", "sender_name", "code", "dated_on", "due_on")
_DERIVED = ("identifier", "code_key", "search_text")


def deliver_document(office: Office, recipient: str) -> Record:
    """Job: an issued document becomes an incoming one of the organisation it is addressed to.

    The bytes are copied first: objects belong to one organisation, so that a recall can destroy
    the receiver's without touching the issuer's.
    """
    recipient_id = uuid.UUID(recipient)
    with office.reading(None) as reading:
        line = reading.get(Recipient, recipient_id)
        case = main_case(reading, line.document_id)
        if case.state == "recalled" or _delivered(reading, recipient_id):
            return nothing
        arrival = _arrival(reading, line)
    for sent in arrival.files:
        with office.stream(case.organisation_id, sent.sha256, sent.size_bytes) as source:
            office.keep(arrival.organisation_id, source, max_bytes=sent.size_bytes)

    def record(tx: Transaction) -> None:
        # The sender's case is the lock that a recall takes too: it comes before this or after.
        if tx.lock_case(case.id).state == "recalled" or _delivered(tx, recipient_id):
            return
        tx.enqueue("report_status", recipient=recipient_id, status="delivered", at=tx.now)
        admit(tx, arrival, sent_from_id=recipient_id)

    return record


def _delivered(reading: Reading, recipient_id: uuid.UUID) -> bool:
    found = reading.session.scalar(select(Incoming.id).where(Incoming.sent_from_id == recipient_id))
    return found is not None


def _arrival(reading: Reading, line: Recipient) -> Arrival:
    document = reading.get(Document, line.document_id)
    outgoing = reading.session.scalars(
        select(Outgoing).where(Outgoing.document_id == document.id)
    ).one()
    entry = entry_of(reading, document.id)
    if line.organisation_id is None or entry is None or entry.code is None:
        raise RuntimeError(f"recipient {line.id} cannot be delivered to: no address or no number")
    sender_code = reading.session.scalars(
        select(OrganisationName.code).where(
            OrganisationName.organisation_id == document.organisation_id,
            OrganisationName.holds_on(entry.entered_on),
        )
    ).one()
    return Arrival(
        organisation_id=line.organisation_id,
        medium="electronic",
        sender_kind="agency",
        sender_name=reading.get(Issuer, outgoing.issuer_id).name,
        sender_code=sender_code,
        code=entry.code,
        dated_on=entry.entered_on,
        type_code=document.type_code,
        subject=document.subject or "",
        identifier=str(DocumentIdentifier(sender_code, entry.entered_on, entry.code)),
        urgency=document.urgency,
        files=[
            Content(revision.sha256, revision.size_bytes, file.title)
            for file, revision in current_files(reading, document.id)
        ],
    )


def report_status(office: Office, recipient: str, status: str, at: str) -> Record:  # noqa: ARG001
    """Job: write into the sender's chain how its document fares at a receiver, once each."""
    recipient_id = uuid.UUID(recipient)

    def record(tx: Transaction) -> None:
        line = tx.get(Recipient, recipient_id)
        document = tx.get(Document, line.document_id)
        tx.lock_case(main_case(tx, document.id).id)
        known = tx.session.scalar(
            select(Despatch.id).where(
                Despatch.recipient_id == recipient_id, Despatch.status == status
            )
        )
        if known is not None:
            return
        tx.add(
            Despatch(
                recipient_id=recipient_id,
                status=status,
                note=_reason_of_return(tx, recipient_id) if status == "returned" else None,
                at=datetime.fromisoformat(at),
            )
        )
        tx.journal(
            "outgoing.status_reported",
            document.organisation_id,
            document.id,
            recipient=recipient_id,
            status=status,
        )

    return record


def _reason_of_return(reading: Reading, recipient_id: uuid.UUID) -> str | None:
    return reading.session.scalars(
        select(Move.opinion)
        .join(Case, Case.id == Move.case_id)
        .join(Incoming, Incoming.document_id == Case.document_id)
        .where(Incoming.sent_from_id == recipient_id, Move.trigger == "return")
    ).first()


def recall_delivery(office: Office, recipient: str, notice: str) -> Record:  # noqa: ARG001
    """Job: the receiver destroys a recalled document and keeps the record of its recall.

    `notice` is the issuer's văn bản thông báo thu hồi.
    """
    recipient_id, notice_id = uuid.UUID(recipient), uuid.UUID(notice)

    def record(tx: Transaction) -> None:
        document_id = tx.session.scalar(
            select(Incoming.document_id).where(Incoming.sent_from_id == recipient_id)
        )
        if document_id is None:
            # Never delivered, and never will be: delivery sees that the document is recalled.
            tx.enqueue("report_status", recipient=recipient_id, status="recalled", at=tx.now)
            return
        case = tx.lock_case(main_case(tx, document_id).id)
        if case.state != "recalled":
            _recall(tx, case, notice_id)

    return record


def _recall(tx: Transaction, case: Case, notice_id: uuid.UUID) -> None:
    document = tx.get(Document, case.document_id)
    incoming = tx.session.scalars(
        select(Incoming)
        .where(Incoming.document_id == document.id)
        .execution_options(populate_existing=True)
    ).one()
    entry, notice = entry_of(tx, document.id), entry_of(tx, notice_id)
    followers = list(
        tx.session.scalars(
            select(Relation.document_id).where(
                Relation.kind == "follows", Relation.other_id == document.id
            )
        )
    )
    bodies = [document.id, *followers]

    def keep_tombstone() -> None:
        tx.add(Relation(document_id=notice_id, kind="recalls", other_id=document.id))
        tx.enqueue("destroy_objects", document=document.id)

    move(
        tx,
        document,
        case,
        "recall",
        "recalled",
        {
            "destroy_content": lambda: _destroy_texts(tx, document, incoming, bodies),
            "keep_tombstone": keep_tombstone,
            "withdraw_children": lambda: _withdraw_children(tx, case),
            "notify_sender": lambda: tell_sender(tx, incoming, "recalled"),
        },
        opinion=_notice_line(notice),
        system=True,
        notice=notice_id,
        number=entry.number if entry else None,
        destroyed=_digests(tx, bodies),
    )


def _notice_line(notice: RegisterEntry | None) -> str:
    if notice is None:
        return "Nơi gửi thu hồi."
    return f"Nơi gửi thu hồi bằng văn bản {notice.code} ngày {notice.entered_on:%d/%m/%Y}."


def _digests(reading: Reading, document_ids: list[uuid.UUID]) -> list[str]:
    return sorted(
        set(
            reading.session.scalars(
                select(Revision.sha256)
                .join(File, File.id == Revision.file_id)
                .where(File.document_id.in_(document_ids))
            )
        )
    )


def _destroy_texts(
    tx: Transaction, document: Document, incoming: Incoming, bodies: list[uuid.UUID]
) -> None:
    """Every descriptive text of the document and of the work on it, with the salts.

    What append-only rows say of it stays: digests, reports on signatures, the register's number.
    """
    cases = select(Case.id).where(Case.document_id == document.id)
    tx.session.flush()
    forget_about(tx, document.id)
    document.destroy("subject", "type_code")
    incoming.destroy(*_SENDER_SAID, *_DERIVED)
    for file in tx.session.scalars(select(File).where(File.document_id.in_(bodies))):
        file.destroy("title")
    for task in tx.session.scalars(select(Task).where(Task.case_id.in_(cases))):
        task.destroy("instruction")
    for step in tx.session.scalars(
        select(Move).where(Move.case_id.in_(cases), Move.trigger != "recall")
    ):
        step.destroy("opinion")


def _withdraw_children(tx: Transaction, case: Case) -> None:
    children = tx.session.scalars(
        select(Case.id).where(Case.parent_id == case.id, Case.closed_at.is_(None)).order_by(Case.id)
    ).all()
    for child_id in children:
        child = tx.lock_case(child_id)
        facts = (
            reading_facts(tx, child)
            if child.definition_name == "reading"
            else task_facts(tx, child)
        )
        fire(tx, child, "withdraw", facts, effects={}, system=True)


def destroy_objects(office: Office, document: str) -> Record:
    """Job: the bytes of a recalled document go, unless another document here has the same."""
    document_id = uuid.UUID(document)
    with office.reading(None) as reading:
        organisation_id = reading.get(Document, document_id).organisation_id
        bodies = [
            document_id,
            *reading.session.scalars(
                select(Relation.document_id).where(
                    Relation.kind == "follows", Relation.other_id == document_id
                )
            ),
        ]
        doomed = reading.session.execute(
            select(Revision.sha256, Revision.size_bytes)
            .join(File, File.id == Revision.file_id)
            .where(File.document_id.in_(bodies))
            .distinct()
        ).all()
        recalled = select(Case.document_id).where(Case.state == "recalled")
        shared = set(
            reading.session.scalars(
                select(Revision.sha256)
                .join(File, File.id == Revision.file_id)
                .join(Document, Document.id == File.document_id)
                .where(
                    Document.organisation_id == organisation_id,
                    Document.id.not_in(bodies),
                    Document.id.not_in(recalled),
                    Revision.sha256.in_([sha256 for sha256, _ in doomed]),
                )
            )
        )
    for sha256, size_bytes in doomed:
        if sha256 not in shared:
            office.destroy(organisation_id, sha256, size_bytes)
    return nothing
