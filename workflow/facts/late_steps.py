"""Steps that the decree gives a time for, taken late or still owed; documents issued unnumbered.

A late step is told from the moves, each of which kept by when it was due; one that is still owed
from its case. Every lookup is bounded to the organisations asked about and, by partial indexes, to
what is late.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Select,
    Subquery,
    and_,
    case,
    exists,
    func,
    null,
    or_,
    select,
    type_coerce,
    union_all,
)
from sqlalchemy.orm import aliased

from storage.database import UtcDateTime
from workflow.office import Reading
from workflow.records import (
    Case,
    Despatch,
    Document,
    Move,
    Outgoing,
    Recipient,
    RegisterEntry,
)
from workflow.rules.conformance import Violation

_ELECTRONIC: Final = ("system", "exchange", "email")
_SUBJECTS: Final = ("incoming", "outgoing")
Found = Select[*tuple[Any, ...]]
Seats = Collection[uuid.UUID]


def instances(reading: Reading, violation: Violation, seats: Seats) -> Subquery:
    """One row for each document: `done_at` is NULL while any part of it is owed."""
    match violation.code:
        case "issued_unnumbered":
            parts = [_unnumbered(seats)]
        case "sent_late":
            parts = [_sent(reading, violation, seats), _unsent(reading, violation, seats)]
        case _:
            parts = [_done(reading, violation, seats), _owed(reading, violation, seats)]
    rows = union_all(*parts).subquery()
    owed = func.count() > func.count(rows.c.done_at)
    return (
        select(
            rows.c.document_id,
            func.min(rows.c.due_at).label("due_at"),
            case((owed, None), else_=func.max(rows.c.done_at)).label("done_at"),
        )
        .group_by(rows.c.document_id)
        .subquery()
    )


def _row(document_id: Any, due_at: Any, done_at: Any) -> Found:
    instant = UtcDateTime()
    return select(
        document_id.label("document_id"),
        type_coerce(due_at, instant).label("due_at"),
        type_coerce(done_at, instant).label("done_at"),
    )


def _unnumbered(seats: Seats) -> Found:
    return (
        _row(Document.id, null(), Outgoing.issued_at)
        .join(Outgoing, Outgoing.document_id == Document.id)
        .where(
            Document.organisation_id.in_(seats),
            Document.direction == "outgoing",
            Outgoing.issued_at.is_not(None),
            ~exists().where(
                RegisterEntry.document_id == Document.id, RegisterEntry.register == "outgoing"
            ),
        )
    )


def _late(violation: Violation, seats: Seats) -> list[ColumnElement[bool]]:
    """Conditions on `Move` and its `Case`: a step of this kind was taken too late."""
    return [
        Move.holder_id.in_(seats),  # with the next: the index of what is late
        Move.at > Move.due_at,
        Move.trigger.in_(violation.triggers),
        Case.organisation_id.in_(seats),
        Case.parent_id.is_(None),
        Case.document_id.is_not(None),
    ]


def _first(violation: Violation) -> ColumnElement[bool]:
    """Nothing of this kind was done before: what is done again was in time or late already."""
    earlier = aliased(Move)
    return ~exists().where(
        earlier.case_id == Case.id,
        earlier.trigger.in_(violation.triggers),
        earlier.id < Move.id,
    )


def _done(reading: Reading, violation: Violation, seats: Seats) -> Found:
    return (
        _row(Case.document_id, Move.due_at, Move.at)
        .select_from(Move)
        .join(Case, Case.id == Move.case_id)
        .where(
            *_late(violation, seats),
            _first(violation),
            Case.definition_name.in_({name for name, _ in _where(reading, violation)}),
        )
    )


def _owed(reading: Reading, violation: Violation, seats: Seats) -> Found:
    return _row(Case.document_id, Case.due_at, null()).where(
        *_overdue(reading, violation, seats),
        Case.closed_at.is_(None),
        ~exists().where(Move.case_id == Case.id, Move.trigger.in_(violation.triggers)),
    )


def _overdue(reading: Reading, violation: Violation, seats: Seats) -> list[ColumnElement[bool]]:
    """Conditions on `Case`: it stands where the step is owed, and its time has passed."""
    states: dict[str, set[str]] = {}
    for name, state in _where(reading, violation):
        states.setdefault(name, set()).add(state)
    return [
        Case.organisation_id.in_(seats),
        Case.definition_name.in_(states),  # these two for the index, the pairs for the truth
        Case.state.in_(set().union(*states.values())),
        or_(
            *(
                and_(Case.definition_name == name, Case.state.in_(here))
                for name, here in states.items()
            )
        ),
        Case.parent_id.is_(None),
        Case.due_at < reading.now,
    ]


def _where(reading: Reading, violation: Violation) -> set[tuple[str, str]]:
    """The definitions and states in which this deadline runs, as they ship."""
    return {
        (name, step.source)
        for name, workflow in reading.office.law.workflows.items()
        if workflow.subject in _SUBJECTS
        for step in workflow.transitions
        if step.deadline == violation.deadline
    }


def _sent(reading: Reading, violation: Violation, seats: Seats) -> Found:
    """What was sent late, by when it went and not by when that was entered."""
    return (
        _row(Case.document_id, Move.due_at, Despatch.at)
        .select_from(Move)
        .join(Case, Case.id == Move.case_id)
        .join(Recipient, Recipient.document_id == Case.document_id)
        .join(Despatch, Despatch.recipient_id == Recipient.id)
        .where(
            *_late(violation, seats),
            Case.definition_name.in_({name for name, _ in _where(reading, violation)}),
            Recipient.channel.in_(_ELECTRONIC),
            Despatch.status == "sent",
            Despatch.at > Move.due_at,
        )
    )


def _unsent(reading: Reading, violation: Violation, seats: Seats) -> Found:
    waiting = exists().where(
        Recipient.document_id == Case.document_id,
        ~Recipient.dropped,
        Recipient.purpose != "file",
        Recipient.channel.in_(_ELECTRONIC),
        ~exists().where(Despatch.recipient_id == Recipient.id, Despatch.status == "sent"),
    )
    return _row(Case.document_id, Case.due_at, null()).where(
        *_overdue(reading, violation, seats), waiting
    )
