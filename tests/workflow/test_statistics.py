"""Counts of work: by unit, by stage, by criterion; the same on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.workflow.conftest import Clock
from tests.workflow.desk import CLERK, HEAD, LEADER, SPECIALIST, Desk
from workflow import handling
from workflow.circulation import Handler, assign, submit
from workflow.records import Account, Case, CriterionAppraisal, Dossier, Move, Unit
from workflow.records.dossiers import Appraisal
from workflow.rules.deadlines import end_of_day
from workflow.rules.errors import Forbidden, Invalid, NotFound
from workflow.statistics import Statistics, Tally, work_statistics

MONDAY = datetime(2026, 11, 2, 3, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def desk(desk: Desk, clock: Clock) -> Desk:
    clock.set(MONDAY)
    return desk


def counted(desk: Desk, period: str = "2026-11", username: str = LEADER) -> Statistics:
    return desk.see(username, work_statistics, desk.commune, period)


def of_unit(found: Statistics, name: str | None) -> Tally:
    return next((line.tally for line in found.units if line.name == name), Tally())


def of_stage(found: Statistics, definition: str, state: str) -> Tally:
    return next(
        line.tally for line in found.stages if (line.definition, line.state) == (definition, state)
    )


def given(desk: Desk, days: int) -> Case:
    document_id = desk.registered()
    desk.do(CLERK, submit, document_id, 4)
    vp = desk.one(Unit, Unit.symbol == "VP", Unit.organisation_id == desk.commune)
    due_on = desk.see(CLERK, lambda reading: reading.today) + days * DAY
    desk.do(LEADER, assign, document_id, 5, [Handler("lead", unit_id=vp.id, due_on=due_on)])
    return desk.one(Case, Case.document_id == document_id, Case.parent_id.is_not(None))


def test_what_was_on_time_late_and_is_open(desk: Desk, clock: Clock) -> None:
    person_id = desk.one(Account, Account.username == SPECIALIST).person_id
    early, late, left = (given(desk, days=3) for _ in range(3))
    for task in (early, late, left):
        desk.do(HEAD, handling.delegate, task.id, 1, person_id)
    assert early.due_at is not None
    clock.set(early.due_at)  # its last second: on time
    desk.do(SPECIALIST, handling.report, early.id, 2, "Xong")
    clock.advance(timedelta(microseconds=1))
    desk.do(SPECIALIST, handling.report, late.id, 2, "Xong muộn")
    clock.advance(4 * DAY)
    desk.do(HEAD, handling.accept, late.id, 3)

    found = counted(desk)
    assert of_stage(found, "task", "in_progress") == Tally(
        on_time=1, late=1, open=1, overdue=1, median_days=3
    )
    # The reports waited for the head: one still does, and both were due with their tasks.
    assert of_stage(found, "task", "reported") == Tally(late=1, open=1, overdue=1, median_days=4)
    # Delegating moved it on from the unit, which had it for no day at all.
    assert of_stage(found, "task", "assigned_unit") == Tally(on_time=3, median_days=0)
    assert of_stage(found, "incoming", "assigned").open == 3
    labels = {(line.state, line.label) for line in found.stages if line.definition == "task"}
    assert ("in_progress", "Đang thực hiện") in labels
    # The unit's share: its own steps, and those of the people who serve in it.
    office = of_unit(found, "Văn phòng HĐND và UBND")
    assert (office.on_time, office.late, office.open, office.overdue) == (4, 2, 2, 2)
    assert of_unit(found, None).moved > 0  # what the clerk and the leader held
    for lines in (found.units, found.stages):
        assert sum(line.tally.moved for line in lines) == found.total.moved
        assert sum(line.tally.open for line in lines) == found.total.open
    assert [line.definition for line in found.stages] == sorted(
        line.definition for line in found.stages
    )


def test_a_step_belongs_to_the_period_of_its_local_day(desk: Desk, clock: Clock) -> None:
    task = given(desk, days=40)
    clock.set(end_of_day(datetime(2026, 11, 30, tzinfo=UTC).date()))
    person_id = desk.one(Account, Account.username == SPECIALIST).person_id
    desk.do(HEAD, handling.delegate, task.id, 1, person_id)
    clock.advance(timedelta(seconds=1))  # midnight in Vietnam, still November in UTC
    desk.do(SPECIALIST, handling.report, task.id, 2, "Xong")
    states = {
        period: {
            line.state: line.tally.moved
            for line in counted(desk, period).stages
            if line.definition == "task" and line.tally.moved
        }
        for period in ("2026-11", "2026-12", "2026-Q4", "2026", "2027")
    }
    assert states["2026-11"] == {"assigned_unit": 1}
    assert states["2026-12"] == {"in_progress": 1}
    assert states["2026-Q4"] == states["2026"] == {"assigned_unit": 1, "in_progress": 1}
    assert states["2027"] == {}


def test_the_median_is_the_lower_of_two_and_whole(desk: Desk, clock: Clock) -> None:
    person_id = desk.one(Account, Account.username == SPECIALIST).person_id
    tasks = [given(desk, days=20) for _ in range(4)]
    for task in tasks:
        desk.do(HEAD, handling.delegate, task.id, 1, person_id)
    # 0, 1, 5 and 7 days; a day that is a microsecond short is none.
    for task, passed in zip(tasks, (1, 2, 6, 8), strict=True):
        clock.set(MONDAY + passed * DAY - timedelta(microseconds=1))
        desk.do(SPECIALIST, handling.report, task.id, 2, "Xong")
    assert of_stage(counted(desk), "task", "in_progress").median_days == 1


def test_criteria_are_counted_by_kind(desk: Desk) -> None:
    """Of a department: what is appraised in time, late, and still in hand."""
    with desk.office.transaction(None) as tx:
        person_id = tx.session.query(Account).first().person_id  # type: ignore[union-attr]
        dossier = tx.add(
            Dossier(
                organisation_id=desk.commune,
                office_id=desk.commune,
                province_id=desk.commune,
                kind_code="xa-ntm",
                kind_digest="0" * 64,
                period="2026",
                name="Xã Mẫu",
                opened_by=person_id,
                opened_at=tx.now,
            )
        )
        tx.session.flush()

        def case(name: str, state: str) -> Case:
            return tx.add(
                Case(
                    organisation_id=desk.commune,
                    dossier_id=dossier.id,
                    definition_name=name,
                    definition_digest="0" * 64,
                    state=state,
                    version=1,
                    opened_at=tx.now,
                    entered_at=tx.now,
                    due_at=tx.now - DAY,
                    closed_at=tx.now if state == "appraised" else None,
                    holder_id=None if state == "appraised" else desk.commune,
                    holder_role=None if state == "appraised" else "unit_head",
                )
            )

        main = case("appraisal", "appraising")
        tx.session.flush()
        appraisal = tx.add(
            Appraisal(
                case_id=main.id, dossier_id=dossier.id, organisation_id=desk.commune, field="x"
            )
        )
        tx.session.flush()
        for criterion, state, days in (
            ("17", "appraised", 2),
            ("17", "appraised", -2),
            ("17", "assigned", 0),
            ("9", "appraised", 1),
        ):
            child = case("criterion", state)
            tx.session.flush()
            tx.add(
                CriterionAppraisal(
                    case_id=child.id,
                    appraisal_id=appraisal.id,
                    dossier_id=dossier.id,
                    criterion=criterion,
                )
            )
            if state == "appraised":
                for source, target in (("unassigned", "assigned"), ("assigned", "appraised")):
                    tx.add(
                        Move(
                            case_id=child.id,
                            trigger="x",
                            source=source,
                            target=target,
                            entered_at=tx.now - 3 * DAY,
                            due_at=tx.now + days * DAY,
                            at=tx.now,
                            holder_id=desk.commune,
                        )
                    )
        tx.journal("test.made", desk.commune, dossier.id)
    found = {line.criterion: line for line in counted(desk).criteria}
    assert found["17"].tally == Tally(on_time=1, late=1, open=1, overdue=1, median_days=3)
    assert found["9"].tally == Tally(on_time=1, median_days=3)
    assert {line.kind_code for line in found.values()} == {"xa-ntm"}


def test_an_office_without_work_counts_nothing(desk: Desk) -> None:
    found = counted(desk)
    assert (found.total, found.units, found.stages, found.criteria) == (Tally(), [], [], [])


def test_who_may_count(desk: Desk) -> None:
    for username in (CLERK, LEADER, HEAD, "xa.theodoi"):
        counted(desk, username=username)
    with pytest.raises(Forbidden):
        counted(desk, username=SPECIALIST)
    with pytest.raises(NotFound):
        counted(desk, username="vpdp.chanhvp")
    with pytest.raises(Invalid):
        counted(desk, "2026-13")
