"""Who stands in for somebody does tasks, readings and criteria, under the own name, and no more."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.workflow.chamber import Chamber
from tests.workflow.conftest import Clock
from tests.workflow.desk import CLERK, DEPUTY, HEAD, LEADER, OTHER_HEAD, SPECIALIST, Desk
from tests.workflow.outgoing_trip import CHECKER, Trip
from workflow import handling, reviewing
from workflow.actor import Actor
from workflow.chains import SYSTEM_CHAIN
from workflow.circulation import Handler, assign, submit
from workflow.incoming_views import view_incoming
from workflow.office import Office
from workflow.outgoing_views import view_outgoing
from workflow.records import Account, Case, JournalEntry, Move, Substitution, Unit
from workflow.rules import journal
from workflow.rules.errors import Duplicate, Forbidden, GuardsUnmet, Invalid, NotFound, Refusal
from workflow.substituting import appoint_substitute, end_substitution, substitutions_of
from workflow.task_views import list_tasks

DAY = timedelta(days=1)
ADMINISTRATOR = "xa.quantri"


def person(desk: Desk, username: str) -> uuid.UUID:
    return desk.one(Account, Account.username == username).person_id


def stand_in(
    desk: Desk, absent: str, substitute: str, by: str = LEADER, **others: Any
) -> Substitution:
    return desk.do(
        by,
        appoint_substitute,
        desk.commune,
        person(desk, absent),
        person(desk, substitute),
        **{"basis": "Nghỉ phép", **others},
    )


def given(desk: Desk, *handlers: Handler) -> list[Case]:
    document_id = desk.registered()
    desk.do(CLERK, submit, document_id, 4)
    desk.do(LEADER, assign, document_id, 5, list(handlers))
    return desk.rows(Case, Case.document_id == document_id, Case.parent_id.is_not(None))


def test_tasks_and_readings_are_done_by_who_stands_in(desk: Desk) -> None:
    absent = person(desk, SPECIALIST)
    (task,) = given(desk, Handler("lead", person_id=absent))
    vp = desk.one(Unit, Unit.symbol == "VP", Unit.organisation_id == desk.commune)
    _, reading = given(
        desk, Handler("lead", unit_id=vp.id), Handler("information", person_id=absent)
    )
    with pytest.raises(NotFound):
        desk.do(OTHER_HEAD, handling.start, task.id, 1)
    stand_in(desk, SPECIALIST, OTHER_HEAD)
    assert desk.actor(OTHER_HEAD).stands_in_for == {absent}
    assert {line.case.id for line in desk.see(OTHER_HEAD, list_tasks)} == {task.id, reading.id}
    desk.see(OTHER_HEAD, view_incoming, task.document_id)
    desk.do(OTHER_HEAD, handling.start, task.id, 1)
    desk.do(OTHER_HEAD, handling.report, task.id, 2, "Đã làm thay")
    desk.do(OTHER_HEAD, handling.read, reading.id, 1)
    # The move and the journal say who did it; the work stays the absent person's.
    done = desk.rows(Move, Move.case_id.in_([task.id, reading.id]))
    assert {move.person_id for move in done} == {person(desk, OTHER_HEAD)}
    with desk.office.reading(None) as found:
        entries = [
            journal.parse(row.content)
            for row in found.session.query(JournalEntry).filter(
                JournalEntry.chain == str(desk.commune)
            )
        ]
    by = {entry.actor for entry in entries if entry.action in ("task.report", "reading.read")}
    assert by == {str(person(desk, OTHER_HEAD))}
    desk.do(LEADER, handling.send_back, task.id, 3, "Bổ sung")
    assert desk.one(Case, Case.id == task.id).holder_person_id == absent
    desk.check_journals()


def test_it_holds_from_its_day_until_the_day_of_return(desk: Desk, clock: Clock) -> None:
    (task,) = given(desk, Handler("lead", person_id=person(desk, SPECIALIST)))
    today = desk.see(CLERK, lambda reading: reading.today)
    stand_in(desk, SPECIALIST, OTHER_HEAD, valid_from=today + DAY, valid_to=today + 3 * DAY)
    expected = (False, True, True, False)
    for stands in expected:
        assert bool(desk.actor(OTHER_HEAD).stands_in_for) == stands
        assert bool(desk.see(OTHER_HEAD, list_tasks)) == stands
        clock.advance(DAY)
    with pytest.raises(NotFound):
        desk.do(OTHER_HEAD, handling.start, task.id, 1)


def test_it_ends_early_by_whoever_may_appoint(desk: Desk) -> None:
    row = stand_in(desk, SPECIALIST, OTHER_HEAD)
    today = row.valid_from
    with pytest.raises(Forbidden):
        desk.do(OTHER_HEAD, end_substitution, row.id, today)
    with pytest.raises(NotFound):
        desk.do("vpdp.chanhvp", end_substitution, row.id, today)
    assert [one.id for one in desk.see(HEAD, substitutions_of, desk.commune)] == [row.id]
    desk.do(SPECIALIST, end_substitution, row.id, today)
    assert desk.actor(OTHER_HEAD).stands_in_for == frozenset()
    assert desk.see(HEAD, substitutions_of, desk.commune) == []
    with desk.office.reading(None) as reading:
        system = [
            journal.parse(entry.content).action
            for entry in reading.session.query(JournalEntry).filter(
                JournalEntry.chain == SYSTEM_CHAIN
            )
        ]
    assert system[-2:] == ["substitution.made", "substitution.ended"]
    desk.check_journals()


@pytest.mark.parametrize("by", [LEADER, ADMINISTRATOR, SPECIALIST])
def test_who_may_appoint(desk: Desk, by: str) -> None:
    stand_in(desk, SPECIALIST, OTHER_HEAD, by=by)


@pytest.mark.parametrize(
    ("by", "refusal"),
    [(HEAD, Forbidden), (OTHER_HEAD, Forbidden), (CLERK, Forbidden), ("vpdp.chanhvp", NotFound)],
)
def test_who_may_not_appoint(desk: Desk, by: str, refusal: type[Refusal]) -> None:
    with pytest.raises(refusal):
        stand_in(desk, SPECIALIST, OTHER_HEAD, by=by)
    assert desk.rows(Substitution) == []


@pytest.mark.parametrize(
    ("absent", "substitute", "field"),
    [
        (SPECIALIST, SPECIALIST, "/substitute_id"),
        (SPECIALIST, "vpdp.chuyenvien", "/substitute_id"),
        ("vpdp.chuyenvien", SPECIALIST, "/absent_id"),
    ],
)
def test_who_cannot_stand_in(desk: Desk, absent: str, substitute: str, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        stand_in(desk, absent, substitute)
    assert [pointer for pointer, _ in refused.value.errors] == [field]


def test_work_that_was_passed_on_is_not_passed_on_again(desk: Desk) -> None:
    today = desk.see(CLERK, lambda reading: reading.today)
    back = today + 5 * DAY
    first = stand_in(desk, SPECIALIST, OTHER_HEAD, valid_to=back)
    with pytest.raises(Invalid, match="vắng mặt") as refused:  # who is away cannot stand in
        stand_in(desk, HEAD, SPECIALIST)
    with pytest.raises(Invalid, match="đang làm thay"):  # nor who stands in go away
        stand_in(desk, OTHER_HEAD, HEAD, valid_from=today + DAY)
    with pytest.raises(Duplicate) as twice:
        stand_in(desk, SPECIALIST, HEAD, valid_from=back - DAY)
    assert twice.value.existing == (str(first.id),)
    assert refused.value.errors[0][0] == "/substitute_id"
    # From the day of return on everything is free again.
    stand_in(desk, HEAD, SPECIALIST, valid_from=back)


def test_a_head_who_is_away_does_not_pass_the_unit_on(desk: Desk) -> None:
    vp = desk.one(Unit, Unit.symbol == "VP", Unit.organisation_id == desk.commune)
    task, own = given(
        desk, Handler("lead", unit_id=vp.id), Handler("support", person_id=person(desk, HEAD))
    )
    stand_in(desk, HEAD, OTHER_HEAD)
    actor = desk.actor(OTHER_HEAD)
    assert vp.id not in actor.units | actor.headed_units
    desk.do(OTHER_HEAD, handling.start, own.id, 1)  # what is the head's in person
    for act, said in (
        (handling.delegate, person(desk, SPECIALIST)),
        (handling.decline, "Không"),
        (handling.report, "Xong"),
        (handling.accept, "Đồng ý"),
    ):
        with pytest.raises(Refusal):
            desk.do(OTHER_HEAD, act, task.id, 1, said)
    assert desk.one(Case, Case.id == task.id).version == 1


def test_who_stood_in_does_not_accept_the_own_report(desk: Desk) -> None:
    vp = desk.one(Unit, Unit.symbol == "VP", Unit.organisation_id == desk.commune)
    (task,) = given(desk, Handler("lead", unit_id=vp.id))
    desk.do(HEAD, handling.delegate, task.id, 1, person(desk, SPECIALIST))
    row = stand_in(desk, SPECIALIST, HEAD)
    desk.do(HEAD, handling.report, task.id, 2, "Làm thay")
    desk.do(LEADER, end_substitution, row.id, row.valid_from)
    with pytest.raises(GuardsUnmet, match="không phải người thực hiện"):
        desk.do(HEAD, handling.accept, task.id, 3)
    desk.do(LEADER, handling.accept, task.id, 3)


def test_standing_in_gives_no_power_over_what_goes_out(
    desk: Desk, office: Office, acting: Callable[[str], Actor]
) -> None:
    """Neither drafting, checking, approving, signing, numbering nor sealing."""
    before = desk.actor(OTHER_HEAD)
    for absent in (SPECIALIST, HEAD, LEADER, CHECKER, CLERK):
        stand_in(desk, absent, OTHER_HEAD, by=ADMINISTRATOR)
    substitute = desk.actor(OTHER_HEAD)
    assert len(substitute.stands_in_for) == 5
    assert (substitute.roles, substitute.units) == (before.roles, before.units)
    trip = Trip(office, acting).draft()
    steps: tuple[tuple[Callable[[], object], Callable[[], object]], ...] = (
        (
            lambda: reviewing.prepare(office, acting(OTHER_HEAD), trip.document_id),
            trip.submit,
        ),
        (
            lambda: trip.review(OTHER_HEAD, "check_content"),
            lambda: trip.review(HEAD, "check_content"),
        ),
        (lambda: trip.review(OTHER_HEAD, "approve"), lambda: trip.review(LEADER, "approve")),
        (
            lambda: trip.review(OTHER_HEAD, "check_format"),
            lambda: trip.review(CHECKER, "check_format"),
        ),
        (lambda: trip.ask_to_sign(OTHER_HEAD), trip.sign),
        (lambda: trip.ask_to_seal(OTHER_HEAD), trip.number),
        (lambda: trip.ask_to_seal(OTHER_HEAD), trip.seal),
    )
    for refused, done in steps:
        with pytest.raises(NotFound):  # it does not even exist for who stands in
            refused()
        done()
    assert trip.state == "sealed"


def test_who_may_sign_nothing_of_the_own_signs_nothing_for_another(
    desk: Desk, office: Office, acting: Callable[[str], Actor]
) -> None:
    """A leader who knows of everything stands in for the one who must sign: still not."""
    stand_in(desk, LEADER, DEPUTY, by=ADMINISTRATOR)
    trip = Trip(office, acting).draft()
    trip.submit().review(HEAD, "check_content")
    for refused in (
        lambda: trip.review(DEPUTY, "approve"),
        lambda: trip.review(LEADER, "approve").review(CHECKER, "check_format").ask_to_sign(DEPUTY),
    ):
        with pytest.raises(GuardsUnmet, match="ký"):
            refused()
    options = {
        option.trigger: option.allowed
        for option in desk.see(DEPUTY, view_outgoing, trip.document_id).options
    }
    assert not any(options.get(trigger) for trigger in ("sign", "approve", "check_format", "seal"))


def test_who_stands_in_for_a_member_of_a_council_has_no_ballot(
    office: Office,
    acting: Callable[[str], Actor],
    seat: Callable[[str], uuid.UUID],
    tmp_path: Path,
) -> None:
    chamber = Chamber(office, acting, seat, tmp_path)
    dossier_id = chamber.voting(chamber.kind(), chamber.council())
    member, substitute = chamber.person("tinh.chuyenvien"), chamber.person("tinh.truongphong")
    chamber.do(
        "tinh.quantri", appoint_substitute, chamber.province, member, substitute, basis="Nghỉ phép"
    )
    assert chamber.actor("tinh.truongphong").stands_in_for == {member}
    with pytest.raises(GuardsUnmet, match="Chỉ thành viên Hội đồng"):
        chamber.ballot(dossier_id, "tinh.truongphong")
    chamber.ballot(dossier_id, "tinh.chuyenvien")
