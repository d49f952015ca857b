"""Saying in time that work is due (đôn đốc): a warning, that it is late, and then to the leader.

A warning is due a working day's length before the deadline, the escalation as long after it: one
constant, because an organisation's calendar already says what a working day is. Each is said once
per deadline: who gets more time is warned of the new one. All of it is written in the chain of the
organisation that has the move.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, literal, select, union_all

from workflow.calendars import calendar_of
from workflow.chains import SYSTEM_CHAIN
from workflow.office import Office, Reading, Transaction
from workflow.records import Case, Reminder
from workflow.rules.deadlines import Calendar, working_day_after, working_day_before
from workflow.rules.errors import UnknownYear

PAGE = 500
WARNING, OVERDUE, ESCALATION = "warning", "overdue", "escalation"
LEADER = "leader"

_PERIOD = timedelta(minutes=15)
#: No working day is further away than this: Tết and a weekend on either side.
_LONGEST_REST = timedelta(days=16)

Record = Callable[[Transaction], None]


@dataclass(frozen=True)
class Bounds:
    """Up to when something must be due, at this moment, to be warned of or escalated."""

    warn: datetime
    escalate: datetime


def remind(office: Office) -> Record:
    """Job, every quarter of an hour: find the organisations with something to say to somebody.

    It plans its own next run.
    """
    with office.reading(None) as reading:
        found = [one for one in _late_or_nearly(reading) if _unsaid(reading, one, limit=1)]

    def record(tx: Transaction) -> None:
        for organisation_id in found:
            if not tx.waiting("remind_organisation", organisation=organisation_id):
                tx.enqueue("remind_organisation", organisation=organisation_id)
        if tx.waiting("remind") > 1:
            return  # a dead one that was revived; the one that took its place goes on
        look_again(tx)

    return record


def look_again(tx: Transaction) -> None:
    """Plan the next search, also where this one failed at every try."""
    tx.enqueue("remind", not_before=tx.now + _PERIOD)


def keep_reminding(tx: Transaction) -> None:
    """See to it that the search is planned, once: whoever starts a worker calls this."""
    tx.lock_chain(SYSTEM_CHAIN)
    if not tx.waiting("remind"):
        tx.enqueue("remind")


def remind_organisation(_office: Office, organisation: str) -> Record:
    """Job: say what is to be said in one organisation, a page of it in one transaction."""
    organisation_id = uuid.UUID(organisation)

    def record(tx: Transaction) -> None:
        unsaid = _unsaid(tx, organisation_id, limit=PAGE)
        for kind, case in unsaid:
            escalated = kind == ESCALATION
            tx.add(
                Reminder(
                    case_id=case.id,
                    organisation_id=organisation_id,
                    kind=kind,
                    due_at=case.due_at,
                    role=LEADER if escalated else case.holder_role,
                    unit_id=None if escalated else case.holder_unit_id,
                    person_id=None if escalated else case.holder_person_id,
                    at=tx.now,
                )
            )
        if unsaid:
            tx.journal("work.reminded", organisation_id, organisation_id, said=len(unsaid))
        if len(unsaid) == PAGE:
            tx.enqueue("remind_organisation", organisation=organisation_id)

    return record


def _late_or_nearly(reading: Reading) -> list[uuid.UUID]:
    """Organisations that have the move of something which might be warned of by any calendar."""
    rows = reading.session.scalars(
        select(Case.holder_id)
        .where(Case.closed_at.is_(None), Case.due_at <= reading.now + _LONGEST_REST)
        .distinct()
    )
    return sorted(one for one in rows if one is not None)


def _unsaid(reading: Reading, organisation_id: uuid.UUID, limit: int) -> list[tuple[str, Case]]:
    """What is due, late or to be escalated there and was not said yet, the longest due first."""
    bounds = bounds_of(reading, organisation_id)
    now = reading.now
    kinds = (
        _to_say(organisation_id, WARNING, and_(Case.due_at >= now, Case.due_at <= bounds.warn)),
        _to_say(organisation_id, OVERDUE, Case.due_at < now),
        _to_say(organisation_id, ESCALATION, Case.due_at <= bounds.escalate),
    )
    scans = [query.order_by(Case.due_at, Case.id).limit(limit).subquery() for query in kinds]
    merged = union_all(
        *(select(scan.c.kind, scan.c.id, scan.c.due_at) for scan in scans)
    ).subquery()
    rows = reading.session.execute(
        select(merged.c.kind, Case)
        .join(Case, Case.id == merged.c.id)
        .order_by(merged.c.due_at, merged.c.id, merged.c.kind)
        .limit(limit)
    )
    return [(kind, case) for kind, case in rows]


def _to_say(
    organisation_id: uuid.UUID, kind: str, due: ColumnElement[bool]
) -> Select[str, uuid.UUID, datetime | None]:
    said = select(Reminder.id).where(
        Reminder.case_id == Case.id, Reminder.kind == kind, Reminder.due_at == Case.due_at
    )
    return select(literal(kind).label("kind"), Case.id, Case.due_at).where(
        Case.holder_id == organisation_id, Case.closed_at.is_(None), due, ~said.exists()
    )


def bounds_of(reading: Reading, organisation_id: uuid.UUID) -> Bounds:
    """A working day from now in both directions by the organisation's calendar.

    In a year whose holidays nobody has declared a day is a day: late words are better than none.
    """
    calendar = calendar_of(reading.session, organisation_id, reading.today)
    try:
        return _bounds(calendar, reading.now)
    except UnknownYear:
        day = timedelta(days=1)
        return Bounds(reading.now + day, reading.now - day)


def _bounds(calendar: Calendar, now: datetime) -> Bounds:
    return Bounds(working_day_after(now, calendar), working_day_before(now, calendar))
