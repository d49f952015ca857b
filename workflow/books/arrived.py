"""What is known of each arrival of a register, read in batches."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, select

from workflow.books.opened import batches
from workflow.books.places import Place, places_of
from workflow.office import Reading
from workflow.records import (
    Case,
    Document,
    Incoming,
    Move,
    Outgoing,
    Person,
    RegisterEntry,
    Relation,
    Task,
    Unit,
)
from workflow.rules.incoming import DUPLICATES, RESEMBLES
from workflow.rules.indicator import Period
from workflow.work_lines import workflows_of

_DUPLICATES = {DUPLICATES: "Trùng với số đến", RESEMBLES: "Có thể trùng với số đến"}


@dataclass(frozen=True)
class Step:
    """A step of the document or of a task on it."""

    trigger: str
    at: datetime
    person: str | None
    opinion: str | None
    label: str
    own: bool


@dataclass(frozen=True)
class Arrived:
    """One arrival; `row` has the columns of `entries_of`."""

    row: Row[*tuple[Any, ...]]
    type_name: str | None
    state: str
    handlers: Sequence[str]
    instructions: Sequence[str]
    steps: Sequence[Step]
    answers: Sequence[str]
    duplicates: Sequence[str]
    place: Place | None

    @property
    def destroyed(self) -> bool:
        """Whether a recall destroyed what it said."""
        return bool(self.row.state == "recalled")


def entries_of(organisation_id: uuid.UUID, period: Period) -> Select[*tuple[Any, ...]]:
    """The arrivals of a seat in a period, in the order of their numbers."""
    query: Select[*tuple[Any, ...]] = select(
        RegisterEntry.id,
        RegisterEntry.document_id,
        RegisterEntry.number,
        RegisterEntry.year,
        RegisterEntry.entered_on,
        Document.type_code,
        Document.subject,
        Document.urgency,
        Incoming.sender_name,
        Incoming.code,
        Incoming.dated_on,
        Case.id.label("case_id"),
        Case.definition_name,
        Case.definition_digest,
        Case.state,
        Case.due_at,
        Case.closed_at,
    )
    return (
        query.join(Document, Document.id == RegisterEntry.document_id)
        .join(Incoming, Incoming.document_id == Document.id)
        .join(Case, (Case.document_id == Document.id) & Case.parent_id.is_(None))
        .where(
            RegisterEntry.organisation_id == organisation_id,
            RegisterEntry.register == "incoming",
            RegisterEntry.year == period.first_on.year,
            RegisterEntry.entered_on.between(period.first_on, period.last_on),
        )
        .order_by(RegisterEntry.id)
    )


def arrived(reading: Reading, entries: Select[*tuple[Any, ...]]) -> Iterator[Arrived]:
    """Arrival after arrival, in a constant number of queries for each batch."""
    types = {kind.code: kind.name for kind in reading.office.law.doc_types.types}
    for rows in batches(reading, entries):
        yield from _described(reading, rows, types)


def _described(
    reading: Reading, rows: Sequence[Row[*tuple[Any, ...]]], types: Mapping[str, str]
) -> Iterator[Arrived]:
    ids = [row.document_id for row in rows]
    handlers, instructions = _handlers(reading, ids)
    steps, places = _steps(reading, ids), places_of(reading, ids)
    answers, duplicates = _answers(reading, ids), _duplicates(reading, ids)
    workflows = workflows_of(
        reading, {(row.definition_name, row.definition_digest) for row in rows}
    )
    for row in rows:
        workflow = workflows[row.definition_digest]
        yield Arrived(
            row,
            types.get(row.type_code or ""),
            workflow.state(row.state).label,
            handlers[row.document_id],
            instructions[row.document_id],
            steps[row.document_id],
            answers[row.document_id],
            duplicates[row.document_id],
            places.get(row.document_id),
        )


def _handlers(
    reading: Reading, ids: Collection[uuid.UUID]
) -> tuple[Mapping[uuid.UUID, list[str]], Mapping[uuid.UUID, list[str]]]:
    """Who was given a part, the lead first, and what they were told to do."""
    names: defaultdict[uuid.UUID, list[str]] = defaultdict(list)
    said: defaultdict[uuid.UUID, list[str]] = defaultdict(list)
    for document_id, unit, person, instruction in reading.session.execute(
        select(Case.document_id, Unit.name, Person.full_name, Task.instruction)
        .join(Task, Task.case_id == Case.id)
        .outerjoin(Unit, Unit.id == Task.unit_id)
        .outerjoin(Person, Person.id == Task.person_id)
        .where(Case.document_id.in_(ids), Case.state != "withdrawn")
        .order_by((Task.part == "lead").desc(), Case.id)
    ):
        names[document_id].append(unit or person)
        if instruction:
            said[document_id].append(f"{unit or person}: {instruction}")
    return names, said


def _steps(reading: Reading, ids: Collection[uuid.UUID]) -> Mapping[uuid.UUID, list[Step]]:
    """Every step of these documents and of the tasks on them, in order."""
    rows = reading.session.execute(
        select(
            Case.document_id,
            Case.parent_id,
            Case.definition_name,
            Case.definition_digest,
            Move.trigger,
            Move.source,
            Move.at,
            Move.opinion,
            Person.full_name,
        )
        .join(Move, Move.case_id == Case.id)
        .outerjoin(Person, Person.id == Move.person_id)
        .where(Case.document_id.in_(ids))
        .order_by(Move.id)
    ).all()
    workflows = workflows_of(
        reading, {(row.definition_name, row.definition_digest) for row in rows}
    )
    labels = {
        digest: {one.trigger: one.label for one in workflow.transitions}
        for digest, workflow in workflows.items()
    }
    found: defaultdict[uuid.UUID, list[Step]] = defaultdict(list)
    for row in rows:
        found[row.document_id].append(
            Step(
                row.trigger,
                row.at,
                row.full_name,
                row.opinion,
                labels[row.definition_digest].get(row.trigger, row.trigger),
                row.parent_id is None,
            )
        )
    return found


def _answers(reading: Reading, ids: Collection[uuid.UUID]) -> Mapping[uuid.UUID, list[str]]:
    """The documents issued in answer to these."""
    found: defaultdict[uuid.UUID, list[str]] = defaultdict(list)
    for other_id, code in reading.session.execute(
        select(Relation.other_id, RegisterEntry.code)
        .join(RegisterEntry, RegisterEntry.document_id == Relation.document_id)
        .join(Outgoing, Outgoing.document_id == Relation.document_id)
        .where(
            Relation.other_id.in_(ids),
            Relation.kind == "answers",
            Outgoing.issued_at.is_not(None),
        )
        .order_by(Relation.id)
    ):
        found[other_id].append(code or "")
    return found


def _duplicates(reading: Reading, ids: Collection[uuid.UUID]) -> Mapping[uuid.UUID, list[str]]:
    """Which earlier arrivals these are, or may be, again, as the clerk answered the warning."""
    found: defaultdict[uuid.UUID, list[str]] = defaultdict(list)
    for document_id, kind, number in reading.session.execute(
        select(Relation.document_id, Relation.kind, RegisterEntry.number)
        .join(RegisterEntry, RegisterEntry.document_id == Relation.other_id)
        .where(Relation.document_id.in_(ids), Relation.kind.in_(list(_DUPLICATES)))
        .order_by(Relation.id)
    ):
        found[document_id].append(f"{_DUPLICATES[kind]} {number:02d}")
    return found
