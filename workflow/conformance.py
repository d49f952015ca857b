"""What was not done as the decree asks, counted now and listed, by `rules.conformance`.

Late steps and owed ones are told as `facts.late_steps` says; what signatures show from the facts
that were stated from the reports. Every lookup is bounded to the organisations asked about.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import (
    func,
    literal,
    null,
    or_,
    select,
    type_coerce,
    union_all,
)

from storage.database import UtcDateTime
from workflow.access import require_role
from workflow.bookkeeping import is_newest
from workflow.calendars import calendar_of, those_under
from workflow.facts.late_steps import Found, Seats, instances
from workflow.office import Reading
from workflow.records import (
    Document,
    Incoming,
    Outgoing,
    RegisterEntry,
    RegisterFact,
    RegisterTally,
)
from workflow.rules import deadlines
from workflow.rules.cells import row_of
from workflow.rules.conformance import VIOLATIONS, Violation, find
from workflow.rules.reasons import OutgoingRow

MAY_CHECK: Final = frozenset({"auditor", "leader", "follow_up", "clerk"})
_IN_FORCE_SINCE: Final = 2020


@dataclass(frozen=True)
class Count:
    violation: Violation
    count: int


@dataclass(frozen=True)
class Line:
    """One document that is an instance; `done_at` None: it is still owed."""

    document: Document
    entry: RegisterEntry | None
    due_at: datetime | None
    done_at: datetime | None

    def late_seconds(self, now: datetime) -> int | None:
        """How late it was done, or is by now; None where no deadline was passed."""
        if self.due_at is None:
            return None
        return int(((self.done_at or now) - self.due_at).total_seconds())


def seats_of(
    reading: Reading, organisation_id: uuid.UUID, *, subtree: bool
) -> frozenset[uuid.UUID]:
    """The organisations to look at: of those under it, the ones in which the actor may check.

    Raises:
        NotFound, Forbidden: see MAY_CHECK.
    """
    require_role(reading, organisation_id, MAY_CHECK)
    if not subtree:
        return frozenset({organisation_id})
    under = those_under(reading.session, [organisation_id], reading.today)
    return under & frozenset(reading.actor.organisations_where(MAY_CHECK))


def count_all(reading: Reading, seats: Seats) -> list[Count]:
    """How many documents are an instance of each violation now, in the order of the list."""
    found = dict.fromkeys((violation.code for violation in VIOLATIONS), 0)
    parts = [
        select(literal(violation.code), func.count()).select_from(
            instances(reading, violation, seats)
        )
        for violation in VIOLATIONS
        if violation.shown_by is None and violation.deadline != "IN_ACK"
    ]
    for code, many in reading.session.execute(union_all(*parts)):
        found[code] = many
    for _, _, row, many in _shown(reading, seats):
        for violation in VIOLATIONS:
            found[violation.code] += many if violation.shown_by and violation.shown_by(row) else 0
    for code, _ in _unheard(reading, seats):
        found[code] += 1
    return [Count(violation, found[violation.code]) for violation in VIOLATIONS]


def list_one(
    reading: Reading, code: str, seats: Seats, *, after: uuid.UUID | None = None, limit: int
) -> list[Line]:
    """The documents behind one count in the order of their ids. Raises NotFound: no such code."""
    violation = find(code)
    if violation.deadline == "IN_ACK":
        heard = [one for kind, one in _unheard(reading, seats) if kind == code]
        return _lines(reading, [one for one in heard if after is None or one[0] > after][:limit])
    if violation.shown_by is not None:
        found = _facts(reading, violation, seats)
    else:
        rows = instances(reading, violation, seats)
        found = select(rows.c.document_id, rows.c.due_at, rows.c.done_at)
    key = found.selected_columns[0]
    if after is not None:
        found = found.where(key > after)
    page = reading.session.execute(found.order_by(key).limit(limit)).all()
    return _lines(reading, [(one[0], one[1], one[2]) for one in page])


def _lines(
    reading: Reading, page: Sequence[tuple[uuid.UUID, datetime | None, datetime | None]]
) -> list[Line]:
    rows = {
        document.id: (document, entry)
        for document, entry in reading.session.execute(
            select(Document, RegisterEntry)
            .outerjoin(RegisterEntry, RegisterEntry.document_id == Document.id)
            .where(Document.id.in_([document_id for document_id, _, _ in page]))
        )
    }
    return [Line(*rows[document_id], due_at, done_at) for document_id, due_at, done_at in page]


def _shown(reading: Reading, seats: Seats) -> list[tuple[str, int, OutgoingRow, int]]:
    """Cells of the registers of outgoing documents by month, what they say, and how many there are.

    Counted as the indicator is: from the tallies, which `vanthu fsck` holds to the facts.
    """
    tally = RegisterTally
    tallies = reading.session.execute(
        select(tally.cell, tally.month, func.sum(tally.count))
        .where(
            tally.year.in_(range(_IN_FORCE_SINCE, reading.today.year + 2)),
            tally.organisation_id.in_(seats),
            tally.register == "outgoing",
        )
        .group_by(tally.cell, tally.month)
    )
    found = []
    for cell, month, many in tallies:
        row = row_of("outgoing", cell, "", date(month // 100, month % 100, 1), None)
        assert isinstance(row, OutgoingRow)
        found.append((cell, month, row, many))
    return found


def _facts(reading: Reading, violation: Violation, seats: Seats) -> Found:
    """The documents whose newest fact shows it; the tallies say in which months to look."""
    assert violation.shown_by is not None
    cells: set[str] = set()
    months: set[int] = set()
    for cell, month, row, _ in _shown(reading, seats):
        if violation.shown_by(row):
            cells.add(cell)
            months.add(month)
    return (
        select(RegisterFact.document_id, type_coerce(null(), UtcDateTime()), Outgoing.issued_at)
        .join(Outgoing, Outgoing.document_id == RegisterFact.document_id)
        .where(
            RegisterFact.organisation_id.in_(seats),
            RegisterFact.month.in_(months),
            RegisterFact.register == "outgoing",
            RegisterFact.cell.in_(cells),
            is_newest(),
        )
    )


Heard = tuple[uuid.UUID, datetime | None, datetime | None]


def _unheard(reading: Reading, seats: Seats) -> list[tuple[str, Heard]]:
    """What was not acknowledged when it came, with its code, as far as its time has passed.

    The System acknowledges in the act of receiving, so these are few; by when it was due says the
    law's file.
    """
    rows = reading.session.execute(
        select(Document.id, Document.urgency, Incoming.received_at, Incoming.acknowledged_at)
        .join(Incoming, Incoming.document_id == Document.id)
        .where(
            Document.organisation_id.in_(seats),
            Document.direction == "incoming",
            Incoming.medium == "electronic",
            or_(
                Incoming.acknowledged_at.is_(None), Incoming.acknowledged_at > Incoming.received_at
            ),
        )
        .order_by(Document.id)
    ).all()
    if not rows:
        return []
    calendar = calendar_of(reading.session, min(seats), reading.today)
    found: list[tuple[str, Heard]] = []
    for document_id, urgency, received_at, acknowledged_at in rows:
        due_at = deadlines.due_at(
            "IN_ACK",
            received_at,
            deadlines.Urgency(urgency),
            calendar,
            reading.office.law.deadlines,
        )
        if due_at is not None and (acknowledged_at or reading.now) > due_at:
            code = "unacknowledged" if acknowledged_at is None else "acknowledged_late"
            found.append((code, (document_id, due_at, acknowledged_at)))
    return found
