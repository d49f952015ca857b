"""What people see of incoming documents: lists, one of them, the register (Sổ văn bản đến)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, and_, or_, select

from signing.report import SignatureReport
from workflow.access import find_document, main_case, may_know
from workflow.facts.incoming import duplicates_of, facts_of, verdict_of
from workflow.facts.received import Received, received
from workflow.office import Reading
from workflow.records import (
    Case,
    Document,
    Incoming,
    Move,
    Override,
    Person,
    RegisterEntry,
    Relation,
    Task,
    Unit,
)
from workflow.rules.errors import NotFound
from workflow.rules.identifiers import fold
from workflow.rules.machine import Option
from workflow.rules.numbering import parse_received
from workflow.status_asking import notice_of, refuted
from workflow.transitions import options, workflow_of

#: Roles that read the registers of their organisation.
REGISTER_ROLES = frozenset({"clerk", "leader", "follow_up", "auditor"})


@dataclass(frozen=True)
class Line:
    """One incoming document in a list."""

    document: Document
    incoming: Incoming
    case: Case
    state_label: str
    entry: RegisterEntry | None


@dataclass(frozen=True)
class Filter:
    """What a list is narrowed to; every part that is given must hold.

    `refuted`: accepted on the clerk's word, and found invalid since.
    `sender` is a code, or a part of the name; `text` a part of sender, code or subject. Both are
    compared folded: `uy ban` finds `Ủy ban`.
    """

    organisation_id: uuid.UUID | None = None
    state: str | None = None
    urgency: str | None = None
    overdue: bool = False
    refuted: bool = False
    sender: str | None = None
    code: str | None = None
    text: str | None = None


def list_incoming(
    reading: Reading,
    wanted: Filter = Filter(),
    *,
    after: uuid.UUID | None = None,
    limit: int = 50,
) -> list[Line]:
    """Incoming documents the actor may know of, newest first, older than `after`."""
    query = (
        select(Document, Incoming, Case, RegisterEntry)
        .join(Incoming, Incoming.document_id == Document.id)
        .join(Case, and_(Case.document_id == Document.id, Case.parent_id.is_(None)))
        .outerjoin(RegisterEntry, RegisterEntry.document_id == Document.id)
        .where(Document.direction == "incoming", may_know(reading.actor))
        .order_by(Document.id.desc())
        .limit(limit)
    )
    if after is not None:
        query = query.where(Document.id < after)
    return [
        Line(document, incoming, case, workflow_of(reading, case).state(case.state).label, entry)
        for document, incoming, case, entry in reading.session.execute(
            _narrowed(query, wanted, reading)
        )
    ]


def _narrowed(
    query: Select[Document, Incoming, Case, RegisterEntry], wanted: Filter, reading: Reading
) -> Select[Document, Incoming, Case, RegisterEntry]:
    if wanted.organisation_id is not None:
        query = query.where(Document.organisation_id == wanted.organisation_id)
    if wanted.state is not None:
        query = query.where(Case.state == wanted.state)
    if wanted.urgency is not None:
        query = query.where(Document.urgency == wanted.urgency)
    if wanted.overdue:
        query = query.where(Case.due_at < reading.now, Case.closed_at.is_(None))
    if wanted.refuted:
        query = query.where(Document.id.in_(refuted(reading, may_know(reading.actor))))
    if wanted.code is not None:
        query = query.where(Incoming.code_key == parse_received(wanted.code).text)
    if wanted.text is not None:
        query = query.where(Incoming.search_text.contains(fold(wanted.text), autoescape=True))
    if wanted.sender is not None:
        # The sender is the first of the three folded lines.
        name = f"%{_literal(fold(wanted.sender))}%\n%\n%"
        query = query.where(
            or_(
                Incoming.sender_code == wanted.sender,
                Incoming.search_text.like(name, escape="\\"),
            )
        )
    return query


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


@dataclass(frozen=True)
class Part:
    """A child case: what was asked of whom, and where it stands."""

    case: Case
    task: Task
    state_label: str
    unit: str | None
    person: str | None
    assigned_by: str
    moves: Sequence[Move]


@dataclass(frozen=True)
class Detail:
    """Everything about one incoming document for somebody who may know of it.

    `notice`: that the verdict may still change, or changed after the clerk acted on it.
    `duplicates` are the registered documents the clerk is warned of. `names` are those of the
    persons that appear in moves and parts. A recalled document's files are listed by digest only.
    """

    held: Received
    case: Case
    state_label: str
    verdict: str | None
    reports: Sequence[SignatureReport | None]
    notice: str | None
    entry: RegisterEntry | None
    options: Sequence[Option]
    duplicates: Sequence[uuid.UUID]
    overrides: Sequence[Override]
    parts: Sequence[Part]
    moves: Sequence[Move]
    relations: Sequence[Relation]
    names: Mapping[uuid.UUID, str]


def view_incoming(reading: Reading, document_id: uuid.UUID) -> Detail:
    """One incoming document; NotFound where the actor may not know of it."""
    document = find_document(reading, document_id, "incoming")
    case = main_case(reading, document.id)
    held = received(reading, document.id)
    parts = parts_of(reading, document.id)
    moves = _moves(reading, [case.id])[case.id]
    return Detail(
        held=held,
        case=case,
        state_label=workflow_of(reading, case).state(case.state).label,
        verdict=verdict_of(held, held.reports),
        reports=[held.reports.get(file.id) for file, _ in held.files],
        notice=notice_of(reading, held),
        entry=reading.session.scalar(
            select(RegisterEntry).where(RegisterEntry.document_id == document.id)
        ),
        options=options(reading, case, facts_of(reading, case, held)),
        duplicates=sorted(duplicates_of(reading, held)),
        overrides=reading.session.scalars(
            select(Override).where(Override.document_id == document.id).order_by(Override.id)
        ).all(),
        parts=parts,
        moves=moves,
        relations=reading.session.scalars(
            select(Relation)
            .where(or_(Relation.document_id == document.id, Relation.other_id == document.id))
            .order_by(Relation.id)
        ).all(),
        names=names_of(
            reading,
            {move.person_id for part in parts for move in part.moves}
            | {move.person_id for move in moves},
        ),
    )


def parts_of(reading: Reading, document_id: uuid.UUID) -> list[Part]:
    """The tasks and readings of a document in the order in which they were given."""
    rows = reading.session.execute(
        select(Case, Task, Unit.name)
        .join(Task, Task.case_id == Case.id)
        .outerjoin(Unit, Unit.id == Task.unit_id)
        .where(Case.document_id == document_id)
        .order_by(Case.id)
    ).all()
    moves = _moves(reading, [case.id for case, _, _ in rows])
    names = names_of(
        reading, {who for _, task, _ in rows for who in (task.person_id, task.assigned_by)}
    )
    return [
        Part(
            case=case,
            task=task,
            state_label=workflow_of(reading, case).state(case.state).label,
            unit=unit,
            person=names.get(task.person_id) if task.person_id else None,
            assigned_by=names[task.assigned_by],
            moves=moves[case.id],
        )
        for case, task, unit in rows
    ]


def names_of(reading: Reading, person_ids: set[uuid.UUID | None]) -> Mapping[uuid.UUID, str]:
    """The full names of these persons."""
    people = reading.session.scalars(select(Person).where(Person.id.in_(person_ids - {None})))
    return {person.id: person.full_name for person in people}


def _moves(reading: Reading, case_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Move]]:
    moves: dict[uuid.UUID, list[Move]] = {case_id: [] for case_id in case_ids}
    for step in reading.session.scalars(
        select(Move).where(Move.case_id.in_(case_ids)).order_by(Move.id)
    ):
        moves[step.case_id].append(step)
    return moves


@dataclass(frozen=True)
class RegisterLine:
    """One row of the Sổ đăng ký văn bản đến (Annex IV): its ten columns come from these."""

    entry: RegisterEntry
    document: Document
    incoming: Incoming
    case: Case
    handlers: Sequence[str]
    transferred: Move | None
    recall: Move | None


def incoming_register(
    reading: Reading,
    organisation_id: uuid.UUID,
    year: int,
    *,
    after: uuid.UUID | None = None,
    limit: int = 200,
) -> list[RegisterLine]:
    """The register of arrivals of a seat and year in the order of numbers; recalled ones stay."""
    if reading.actor.roles_in(organisation_id).isdisjoint(REGISTER_ROLES):
        raise NotFound("Sổ đăng ký")
    query = (
        select(RegisterEntry, Document, Incoming, Case)
        .join(Document, Document.id == RegisterEntry.document_id)
        .join(Incoming, Incoming.document_id == Document.id)
        .join(Case, and_(Case.document_id == Document.id, Case.parent_id.is_(None)))
        .where(
            RegisterEntry.organisation_id == organisation_id,
            RegisterEntry.register == "incoming",
            RegisterEntry.year == year,
        )
        .order_by(RegisterEntry.id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(RegisterEntry.id > after)
    rows = reading.session.execute(query).all()
    handlers = _handlers(reading, [document.id for _, document, _, _ in rows])
    moves = _moves(reading, [case.id for _, _, _, case in rows])
    return [
        RegisterLine(
            entry=entry,
            document=document,
            incoming=incoming,
            case=case,
            handlers=handlers.get(document.id, ()),
            transferred=_first(moves[case.id], ("assign", "transfer", "inform")),
            recall=_first(moves[case.id], ("recall",)),
        )
        for entry, document, incoming, case in rows
    ]


def _first(moves: Sequence[Move], triggers: tuple[str, ...]) -> Move | None:
    return next((step for step in moves if step.trigger in triggers), None)


def _handlers(reading: Reading, document_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[str]]:
    """Đơn vị hoặc người nhận: the names of all who were given a part, the lead first."""
    names: dict[uuid.UUID, list[str]] = {}
    for document_id, unit, person in reading.session.execute(
        select(Case.document_id, Unit.name, Person.full_name)
        .join(Task, Task.case_id == Case.id)
        .outerjoin(Unit, Unit.id == Task.unit_id)
        .outerjoin(Person, Person.id == Task.person_id)
        .where(Case.document_id.in_(document_ids), Case.state != "withdrawn")
        .order_by((Task.part == "lead").desc(), Case.id)
    ):
        names.setdefault(document_id, []).append(unit or person)
    return names
