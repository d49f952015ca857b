"""An office with very much open: rows written at once, beside the use cases that would make them.

Nothing of it is journalled: it is there to be read.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select

from benchmarks.offices import seat_of
from workflow.office import Office
from workflow.records import (
    Account,
    Base,
    Case,
    Document,
    Involvement,
    Issuer,
    Move,
    Outgoing,
    Task,
    Unit,
    new_id,
)

COMMUNE = "H56.MAU.02"
CLERK, LEADER, HEAD, SPECIALIST = "xa.vanthu", "xa.chutich", "xa.truongphong", "xa.chuyenvien"
CHECKER, FOLLOWER = "xa.thethuc", "xa.theodoi"
_SEED = 5
_BATCH = 5_000

#: Of a thousand open cases: how many, of which definition and state, whose move, who took part.
#: `unit:VP` is a unit, a username a person, anything else a role.
_SHARES: Sequence[tuple[int, str, str, str, tuple[str, ...]]] = (
    (80, "incoming", "verified", "clerk", (CLERK,)),
    (70, "incoming", "registered", "clerk", (CLERK,)),
    (50, "incoming", "submitted", "leader", (CLERK,)),
    (150, "incoming", "assigned", "follow_up", (CLERK, LEADER)),
    (60, "task", "assigned_unit", "unit:VP", (LEADER,)),
    (180, "task", "in_progress", SPECIALIST, (LEADER, HEAD)),
    (60, "task", "reported", "unit:VP", (LEADER, HEAD, SPECIALIST)),
    (50, "reading", "unread", SPECIALIST, (LEADER,)),
    (80, "outgoing", "drafting", SPECIALIST, (SPECIALIST,)),
    (40, "outgoing", "submitted", "unit:VP", (SPECIALIST,)),
    (30, "outgoing", "content_checked", LEADER, (SPECIALIST, HEAD)),
    (30, "outgoing", "approved", "format_checker", (SPECIALIST, HEAD, LEADER)),
    (120, "outgoing", "sealed", "clerk", (SPECIALIST, HEAD, LEADER, CLERK)),
)


@dataclass
class _Rows:
    of: dict[type[Base], list[dict[str, Any]]] = field(default_factory=dict)

    def add(self, table: type[Base], **values: Any) -> None:
        self.of.setdefault(table, []).append(values)


@dataclass(frozen=True)
class _Seat:
    organisation_id: uuid.UUID
    issuer_id: uuid.UUID
    people: Mapping[str, uuid.UUID]
    units: Mapping[str, uuid.UUID]


def fill(office: Office, cases: int, ended: int) -> None:
    """Write that many open cases into the commune of a founded office, and that many that ended."""
    chance = random.Random(_SEED)
    seat = _seat(office)
    kinds = [share for share in _SHARES for _ in range(share[0])]
    now = office.clock()
    for start in range(0, cases + ended, _BATCH):
        rows = _Rows()
        for number in range(start, min(start + _BATCH, cases + ended)):
            _case(rows, office, seat, chance, chance.choice(kinds), now, ended=number < ended)
        with office.database.write() as session:
            for table in (Document, Outgoing, Case, Task, Involvement, Move):
                if table in rows.of:
                    session.execute(insert(table.__table__), rows.of[table])
            session.commit()
    with office.database.engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE")
        connection.commit()


def _seat(office: Office) -> _Seat:
    organisation_id = seat_of(office, COMMUNE)
    with office.reading(None) as reading:
        session = reading.session
        units = select(Unit.symbol, Unit.id).where(Unit.organisation_id == organisation_id)
        issuers = select(Issuer.id).where(Issuer.organisation_id == organisation_id)
        return _Seat(
            organisation_id,
            session.scalars(issuers.limit(1)).one(),
            dict(session.execute(select(Account.username, Account.person_id)).all()),
            dict(session.execute(units).all()),
        )


def _case(
    rows: _Rows,
    office: Office,
    seat: _Seat,
    chance: random.Random,
    kind: tuple[int, str, str, str, tuple[str, ...]],
    now: datetime,
    *,
    ended: bool,
) -> None:
    _, definition, state, holder, parts = kind
    entered_at = now - timedelta(minutes=chance.randrange(60 * 24 * 60))
    minutes = chance.randrange(-20 * 24 * 60, 20 * 24 * 60)
    due_at = now + timedelta(minutes=minutes) if chance.random() < 0.8 else None
    document_id, case_id = new_id(), new_id()
    people, units = seat.people, seat.units
    rows.add(
        Document,
        id=document_id,
        organisation_id=seat.organisation_id,
        direction="outgoing" if definition == "outgoing" else "incoming",
        subject=f"V/v báo cáo kết quả thực hiện nhiệm vụ số {chance.randrange(10**6)}",
        created_by=people[parts[0]],
        created_at=entered_at,
    )
    if definition == "outgoing":
        rows.add(
            Outgoing,
            id=new_id(),
            document_id=document_id,
            issuer_id=seat.issuer_id,
            unit_id=units["VP"],
            seal_required=True,
            layout="{}",
            archived_by="Văn thư",
        )
    workflow = office.law.workflows[definition]
    rows.add(
        Case,
        id=case_id,
        organisation_id=seat.organisation_id,
        document_id=document_id,
        definition_name=definition,
        definition_digest=workflow.digest,
        state=state,
        version=1,
        opened_at=entered_at,
        entered_at=entered_at,
        due_at=due_at,
        closed_at=now if ended else None,
        holder_id=seat.organisation_id,
        holder_unit_id=units.get(holder.removeprefix("unit:")),
        holder_person_id=people.get(holder),
        holder_role=None if holder in people or ":" in holder else holder,
    )
    if definition in ("task", "reading"):
        rows.add(
            Task,
            id=new_id(),
            case_id=case_id,
            part="information" if definition == "reading" else "support",
            unit_id=None if definition == "reading" else units["VP"],
            person_id=people[SPECIALIST],
            assigned_by=people[LEADER],
            due_at=due_at,
        )
    for username in parts:
        if not ended:
            rows.add(Involvement, person_id=people[username], case_id=case_id, due_at=due_at)
        rows.add(
            Move,
            id=new_id(),
            case_id=case_id,
            trigger="x",
            source="x",
            target=state,
            person_id=people[username],
            entered_at=entered_at,
            at=entered_at,
            holder_id=seat.organisation_id,
        )
