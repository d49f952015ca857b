"""What is due, late or long late is said once, to those whose move it is and then to the leader."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from storage.outbox import WAITING
from tests.workflow.conftest import Clock
from tests.workflow.desk import CLERK, HEAD, LEADER, OTHER_HEAD, SPECIALIST, Desk
from workflow import handling, jobs, reminding
from workflow.circulation import Handler, assign, submit
from workflow.jobs import run_all
from workflow.records import Account, Case, JournalEntry, Reminder, Unit, job
from workflow.rules import journal
from workflow.rules.deadlines import end_of_day
from workflow.tracking import reminders

#: A Wednesday with nothing but working days around it, in Vietnam.
WEDNESDAY = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
DAY = timedelta(days=1)
#: A working day before Thursday's end.
EVENING = end_of_day(WEDNESDAY.date())


@pytest.fixture
def desk(desk: Desk, clock: Clock) -> Desk:
    clock.set(WEDNESDAY)
    return desk


def given(desk: Desk, days: int) -> Case:
    """A task of the head's unit, due at the end of a day so many days from now."""
    document_id = desk.registered()
    desk.do(CLERK, submit, document_id, 4)
    vp = desk.one(Unit, Unit.symbol == "VP", Unit.organisation_id == desk.commune)
    due_on = desk.see(CLERK, lambda reading: reading.today) + days * DAY
    desk.do(LEADER, assign, document_id, 5, [Handler("lead", unit_id=vp.id, due_on=due_on)])
    return desk.one(Case, Case.document_id == document_id, Case.parent_id.is_not(None))


def said(desk: Desk, case: Case) -> list[str]:
    return [one.kind for one in desk.rows(Reminder, Reminder.case_id == case.id)]


def journal_of(desk: Desk) -> list[JournalEntry]:
    with desk.office.reading(None) as reading:
        return list(
            reading.session.scalars(
                select(JournalEntry).order_by(JournalEntry.chain, JournalEntry.sequence)
            )
        )


def look(desk: Desk, clock: Clock, at: datetime) -> None:
    clock.set(at)
    with desk.office.transaction(None) as tx:
        tx.enqueue("remind")
    desk.run_jobs()


def test_a_warning_then_late_then_to_the_leader_each_once(desk: Desk, clock: Clock) -> None:
    task = given(desk, days=2)  # due on Friday
    due_at = task.due_at
    assert due_at is not None
    look(desk, clock, due_at - DAY - timedelta(seconds=1))
    assert said(desk, task) == []
    for at, expected in (
        (due_at - DAY, ["warning"]),
        (due_at, ["warning"]),
        (due_at + timedelta(seconds=1), ["warning", "overdue"]),
        (due_at + 2 * DAY, ["warning", "overdue"]),  # Sunday: no working day has passed
        (due_at + 3 * DAY - timedelta(seconds=1), ["warning", "overdue"]),
        (due_at + 3 * DAY, ["warning", "overdue", "escalation"]),
        (due_at + 9 * DAY, ["warning", "overdue", "escalation"]),
    ):
        for _ in range(2):
            look(desk, clock, at)
            assert said(desk, task) == expected, at
    first, second, third = desk.rows(Reminder, Reminder.case_id == task.id)
    assert first.unit_id == second.unit_id == task.holder_unit_id
    assert (third.unit_id, third.role) == (None, "leader")
    desk.check_journals()


def test_what_is_due_after_a_rest_is_warned_of_before_it(desk: Desk, clock: Clock) -> None:
    task = given(desk, days=5)  # due on Monday
    friday = end_of_day((WEDNESDAY + 2 * DAY).date())
    look(desk, clock, friday - timedelta(seconds=1))
    assert said(desk, task) == []
    look(desk, clock, friday + timedelta(hours=1))  # Saturday: Friday's end is one working day off
    assert said(desk, task) == ["warning"]


def test_another_deadline_is_another_warning_and_what_is_done_is_left_alone(
    desk: Desk, clock: Clock
) -> None:
    task = given(desk, days=1)
    look(desk, clock, EVENING)
    assert said(desk, task) == ["warning"]
    desk.do(LEADER, handling.extend, task.id, 1, (WEDNESDAY + 2 * DAY).date(), "Cần thêm thời gian")
    look(desk, clock, EVENING)
    assert said(desk, task) == ["warning"]
    look(desk, clock, EVENING + DAY)
    assert said(desk, task) == ["warning", "warning"]
    desk.do(LEADER, handling.take_back, task.id, 2, "Không cần nữa")
    look(desk, clock, WEDNESDAY + 20 * DAY)
    assert said(desk, task) == ["warning", "warning"]


def test_who_is_addressed_reads_it_and_nobody_else(desk: Desk, clock: Clock) -> None:
    task = given(desk, days=1)
    look(desk, clock, EVENING)
    (line,) = [one for one in desk.see(HEAD, reminders) if one.line.case_id == task.id]
    assert (line.reminder.kind, line.line.what) == ("warning", "task")
    assert line.line.subject
    for other in (SPECIALIST, OTHER_HEAD, "vpdp.truongphong", "vpdp.chanhvp"):
        assert desk.see(other, reminders) == []
    person_id = desk.one(Account, Account.username == SPECIALIST).person_id
    desk.do(HEAD, handling.delegate, task.id, 1, person_id)
    look(desk, clock, WEDNESDAY + 9 * DAY)
    assert [one.reminder.kind for one in desk.see(SPECIALIST, reminders)] == ["overdue"]
    assert "escalation" in [one.reminder.kind for one in desk.see(LEADER, reminders)]
    kinds = [one.reminder.kind for one in desk.see(HEAD, reminders)]
    assert kinds == ["warning"]


def test_reminders_come_in_pages_newest_first(desk: Desk, clock: Clock) -> None:
    tasks = [given(desk, days=1) for _ in range(3)]
    look(desk, clock, EVENING)
    first = desk.see(HEAD, reminders, limit=2)
    rest = desk.see(HEAD, reminders, after=first[-1].reminder.id)
    seen = [one.reminder.id for one in (*first, *rest)]
    assert seen == sorted(seen, reverse=True)
    assert {one.line.case_id for one in (*first, *rest)} == {task.id for task in tasks}


def test_many_are_said_page_by_page_each_page_in_one_entry(
    desk: Desk, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        given(desk, days=1)
    monkeypatch.setattr(reminding, "PAGE", 4)
    look(desk, clock, EVENING)
    everything = desk.rows(Reminder)
    assert len(everything) == 6  # a task and its document, each with a deadline
    entries = [
        journal.parse(entry.content)
        for entry in journal_of(desk)
        if b"work.reminded" in entry.content
    ]
    assert [len(entry.rows) for entry in entries] == [4, 2]
    assert {entry.chain for entry in entries} == {str(desk.commune)}


def test_the_search_goes_on_and_is_planned_once(desk: Desk, clock: Clock) -> None:
    for _ in range(3):
        jobs.begin(desk.office)
    for _ in range(3):
        run_all(desk.office)
        with desk.office.reading(None) as reading:
            planned = reading.session.scalars(
                select(job.c.not_before_at).where(job.c.name == "remind", job.c.state == WAITING)
            ).all()
        assert planned == [clock.now + timedelta(minutes=15)]
        clock.advance(timedelta(minutes=15))


def test_in_a_year_without_a_calendar_a_day_is_a_day(desk: Desk, clock: Clock) -> None:
    clock.set(datetime(2040, 3, 7, 3, 0, tzinfo=UTC))
    with desk.office.reading(None) as reading:
        bounds = reminding.bounds_of(reading, desk.commune)
    assert (bounds.warn, bounds.escalate) == (clock.now + DAY, clock.now - DAY)
