"""What was not done as the decree asks is counted, listed, and told by whose clock."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, update

from tests.workflow.conftest import Clock
from tests.workflow.desk import CLERK, LEADER, SPECIALIST, Desk
from tests.workflow.outgoing_trip import Trip
from workflow import bookkeeping, circulation, drafting, issuing
from workflow.actor import Actor
from workflow.audit_mandates import give_audit_mandate
from workflow.conformance import Line, count_all, list_one, seats_of
from workflow.office import Office, Reading
from workflow.records import (
    Incoming,
    Outgoing,
    Recipient,
    RegisterFact,
)
from workflow.registration import register
from workflow.rules.conformance import VIOLATIONS
from workflow.rules.deadlines import end_of_day, local_date
from workflow.rules.errors import Forbidden, NotFound

AUDITOR = "xa.kiemtoan"
DAYS = timedelta(days=1)


def found(desk: Desk, username: str = AUDITOR) -> Mapping[str, int]:
    """The counts that are not zero; each is as long as its list, read page by page."""

    def see(reading: Reading) -> dict[str, int]:
        seats = seats_of(reading, desk.commune, subtree=False)
        counts = {one.violation.code: one.count for one in count_all(reading, seats)}
        assert list(counts) == [one.code for one in VIOLATIONS]
        for code, many in counts.items():
            listed: list[uuid.UUID] = []
            for _ in range(many):
                after = listed[-1] if listed else None
                page = list_one(reading, code, seats, after=after, limit=1)
                listed += [line.document.id for line in page]
            assert len(set(listed)) == many, code
        return {code: many for code, many in counts.items() if many}

    return desk.see(username, see)


def lines(desk: Desk, code: str) -> list[Line]:
    def see(reading: Reading) -> list[Line]:
        seats = seats_of(reading, desk.commune, subtree=False)
        return list_one(reading, code, seats, limit=50)

    return desk.see(AUDITOR, see)


def workday(clock: Clock) -> datetime:
    """Monday morning of a week without holidays, soon."""
    clock.set(end_of_day(local_date(clock.now)) + timedelta(hours=9))
    while local_date(clock.now).weekday() != 0:
        clock.advance(DAYS)
    return clock.now


def test_a_late_arrival_is_counted_while_it_is_owed_and_when_it_is_done(
    desk: Desk, clock: Clock
) -> None:
    came = workday(clock)
    late, in_time = desk.letter(), desk.letter()
    desk.do(CLERK, register, in_time, desk.case(in_time).version)
    desk.do(CLERK, circulation.submit, in_time, desk.case(in_time).version)
    assert found(desk) == {}
    due_at = desk.case(late).due_at
    assert due_at is not None
    assert timedelta(0) < due_at - end_of_day(local_date(came)) <= 5 * DAYS
    clock.set(due_at)
    assert found(desk) == {}
    clock.advance(timedelta(minutes=1))
    assert found(desk) == {"registered_late": 1}
    (line,) = lines(desk, "registered_late")
    assert (line.document.id, line.due_at, line.done_at) == (late, due_at, None)
    assert line.late_seconds(clock.now) == 60
    desk.do(CLERK, register, late, desk.case(late).version)
    done = clock.now
    clock.advance(5 * DAYS)
    assert found(desk) == {"registered_late": 1, "submitted_late": 1}
    (line,) = lines(desk, "registered_late")
    assert (line.due_at, line.done_at, line.late_seconds(clock.now)) == (due_at, done, 60)
    assert line.entry is not None
    desk.do(CLERK, circulation.submit, late, desk.case(late).version)
    assert found(desk) == {"registered_late": 1, "submitted_late": 1}
    # What the leader sends back and gets again was submitted in time once.
    desk.do(LEADER, circulation.send_back, in_time, desk.case(in_time).version, "Bổ sung")
    assert found(desk) == {"registered_late": 1, "submitted_late": 1}
    desk.do(CLERK, circulation.submit, in_time, desk.case(in_time).version)
    assert found(desk) == {"registered_late": 1, "submitted_late": 1}


def test_urgent_mail_is_late_after_minutes(desk: Desk, clock: Clock) -> None:
    desk.letter(urgency="flash")
    clock.advance(timedelta(minutes=30))
    assert found(desk) == {}
    clock.advance(timedelta(seconds=1))
    assert found(desk) == {"registered_late": 1}


def test_what_was_resolved_late(desk: Desk, clock: Clock) -> None:
    workday(clock)
    document = desk.registered()
    desk.do(CLERK, circulation.submit, document, desk.case(document).version)
    handler = circulation.Handler(part="lead", person_id=desk.actor(SPECIALIST).person_id)
    desk.do(LEADER, circulation.assign, document, desk.case(document).version, [handler])
    due_at = desk.case(document).due_at
    assert due_at is not None
    clock.set(due_at + timedelta(seconds=5))
    assert found(desk) == {"resolved_late": 1}
    (line,) = lines(desk, "resolved_late")
    assert line.late_seconds(clock.now) == 5


def test_the_acknowledgement_is_looked_for_in_the_rows(desk: Desk, clock: Clock) -> None:
    """The System acknowledges as it receives: only an edited row can say anything else."""
    came = workday(clock)
    first, second = desk.registered(), desk.registered()
    for document in (first, second):
        desk.do(CLERK, circulation.submit, document, desk.case(document).version)
    assert found(desk) == {}
    _edit(desk, Incoming, first, acknowledged_at=None)
    _edit(desk, Incoming, second, acknowledged_at=end_of_day(local_date(came)))
    assert found(desk) == {}
    clock.set(end_of_day(local_date(came)) + timedelta(seconds=1))
    assert found(desk) == {"unacknowledged": 1}
    _edit(desk, Incoming, second, acknowledged_at=clock.now)
    assert found(desk) == {"unacknowledged": 1, "acknowledged_late": 1}
    (line,) = lines(desk, "acknowledged_late")
    assert (line.document.id, line.late_seconds(clock.now)) == (second, 1)


def _edit(desk: Desk, kind: Any, document_id: uuid.UUID, **values: Any) -> None:
    """What somebody does who gets at the database."""
    with desk.office.database.engine.begin() as connection:
        row = update(kind.__table__).where(kind.document_id == document_id).values(**values)
        assert connection.execute(row).rowcount == 1


def test_outgoing_documents(
    desk: Desk, office: Office, acting: Callable[[str], Actor], clock: Clock
) -> None:
    trip = Trip(office, acting)
    lines_ = [
        drafting.RecipientLine("Sở Nội vụ", "action", "email"),
        drafting.RecipientLine("Ông A", "action", "post"),
    ]
    new = trip.new()
    trip.draft(drafting.Draft(**{**vars(new), "recipients": lines_})).checked().sign()
    assert found(desk) == {}
    signed = clock.now
    clock.advance(20 * DAYS)
    assert found(desk) == {"numbered_late": 1}  # as long as it is owed
    clock.set(signed)
    trip.number().seal()
    assert found(desk) == {}
    clock.advance(20 * DAYS)
    assert found(desk) == {"issued_late": 1}
    trip.issue()
    assert found(desk) == {"issued_late": 1}
    issued = clock.now
    clock.advance(20 * DAYS)
    assert found(desk) == {"issued_late": 1, "sent_late": 1}
    for channel, sent_at in (("post", clock.now), ("email", issued)):
        to = desk.one(Recipient, Recipient.channel == channel).id
        with office.transaction(acting(CLERK)) as tx:
            version = desk.case(trip.document_id).version
            issuing.record_dispatch(tx, trip.document_id, version, to, sent_at)
    # It went in time and was entered late; what goes by post has no such limit.
    assert found(desk) == {"issued_late": 1}
    _edit(desk, Outgoing, trip.document_id, issued_at=None)
    other = Trip(office, acting).draft()
    _edit(desk, Outgoing, other.document_id, issued_at=clock.now)
    assert found(desk)["issued_unnumbered"] == 1
    (line,) = lines(desk, "issued_unnumbered")
    assert (line.document.id, line.done_at, line.due_at) == (other.document_id, clock.now, None)

    _shows(office, trip.document_id, {0: "1", 6: "m"})  # the person's signature is missing
    shown = found(desk)
    assert (shown["issued_unsigned"], shown["sealed_before_signed"]) == (1, 1)
    assert "seal_missing" not in shown
    _shows(office, trip.document_id, {6: "v", 7: "f"})
    shown = found(desk)
    assert shown["seal_missing"] == 1
    assert not {"issued_unsigned", "sealed_before_signed"} & shown.keys()
    _shows(office, trip.document_id, {7: "i"})  # undecided is no violation
    assert "seal_missing" not in found(desk)


def _shows(office: Office, document_id: uuid.UUID, letters: dict[int, str]) -> None:
    """A further fact of the document, with another cell."""
    with office.transaction(None) as tx:
        facts = tx.session.query(RegisterFact).filter_by(document_id=document_id)
        last = facts.order_by(RegisterFact.ordinal.desc()).first()
        assert last is not None
        values = {
            column.key: getattr(last, column.key)
            for column in RegisterFact.__table__.columns
            if column.key not in ("id", "salt")
        }
        cell = list(last.cell)
        for place, letter in letters.items():
            cell[place] = letter
        fact = tx.add(
            RegisterFact(**{**values, "ordinal": last.ordinal + 1, "cell": "".join(cell)})
        )
        tx.journal("register.restated", last.organisation_id, document_id, rows=[fact])
        bookkeeping.count(tx.session, fact)


def test_who_may_check_where(desk: Desk, clock: Clock, acting: Callable[[str], Actor]) -> None:
    workday(clock)
    desk.letter()
    clock.advance(3 * DAYS)
    for username in (AUDITOR, LEADER, CLERK, "xa.theodoi"):
        assert found(desk, username) == {"registered_late": 1}
    with pytest.raises(Forbidden):
        found(desk, SPECIALIST)
    with pytest.raises(NotFound):
        found(desk, "vpdp.vanthu")
    with pytest.raises(NotFound):
        desk.see(AUDITOR, lambda reading: list_one(reading, "x", {desk.commune}, limit=1))
    province = desk.seat("H56")

    def below(reading: Reading) -> tuple[int, int]:
        seats = seats_of(reading, province, subtree=True)
        return len(seats), sum(one.count for one in count_all(reading, seats))

    # A leader of the province leads the province alone; a mandate reaches what is under it.
    assert desk.see("tinh.chutich", below) == (1, 0)
    with desk.office.transaction(acting("tinh.quantri")) as tx:
        person = acting("vpdp.vanthu").person_id
        give_audit_mandate(tx, province, person, subtree=True, basis="QĐ 1/QĐ-UBND")
    assert desk.see("vpdp.vanthu", below) == (5, 1)


def test_more_documents_are_no_more_queries(desk: Desk, clock: Clock) -> None:
    seen: list[str] = []
    engine = desk.office.database.engine
    event.listen(engine, "before_cursor_execute", lambda *told: seen.append(told[2]))

    def ask(reading: Reading) -> None:
        count_all(reading, {desk.commune})
        for one in VIOLATIONS:
            list_one(reading, one.code, {desk.commune}, limit=50)

    def queries() -> int:
        clock.advance(3 * DAYS)
        actor = desk.actor(AUDITOR)
        seen.clear()
        with desk.office.reading(actor) as reading:
            ask(reading)
        return len(seen)

    workday(clock)
    desk.letter()
    one = queries()
    assert one < 40
    for _ in range(3):
        desk.letter()
    assert queries() == one


@pytest.mark.parametrize("office_settings", ["sqlite"], indirect=True)
def test_every_lookup_is_an_index_scan(desk: Desk) -> None:
    seen: list[tuple[str, Any]] = []
    engine = desk.office.database.engine
    event.listen(engine, "before_cursor_execute", lambda *told: seen.append((told[2], told[3])))
    desk.see(AUDITOR, lambda reading: count_all(reading, {desk.commune}))
    steps: list[str] = []
    with engine.connect() as connection:
        for statement, parameters in [one for one in seen if one[0].startswith("SELECT")]:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            steps += [str(row[3]) for row in plan]
    assert any("ix_move_late" in step for step in steps)
    tables = {"move", "case", "document", "incoming", "outgoing", "register_tally", "despatch"}
    assert [step for step in steps if step.startswith("SCAN") and step.split()[1] in tables] == []
