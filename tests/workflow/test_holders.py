"""Whose move it is after each step of a trip, and that it lies in that tray and no other."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import select

from tests.workflow.desk import (
    CLERK,
    DEPUTY,
    HEAD,
    LEADER,
    OFFICE,
    OTHER_HEAD,
    SPECIALIST,
    Desk,
)
from tests.workflow.outgoing_trip import CHECKER, Trip
from tests.workflow.test_delivery import delivered, recall
from tests.workflow.trays import children, ids, person, tray, unit
from workflow import circulation, filing, handling, issuing, registration, reviewing
from workflow.actor import Actor
from workflow.circulation import Handler
from workflow.office import Office
from workflow.records import (
    Account,
    Case,
    Involvement,
    Recipient,
    Unit,
)
from workflow.tracking import history

FOLLOWER, AUDITOR = "xa.theodoi", "xa.kiemtoan"
EVERYBODY = (CLERK, LEADER, DEPUTY, HEAD, SPECIALIST, OTHER_HEAD, CHECKER, FOLLOWER)
DAY = timedelta(days=1)


def holder(desk: Desk, case: Case) -> str | None:
    """Whose move a case is, as a role, a unit's symbol or a username; None: the system's."""
    now = desk.one(Case, Case.id == case.id)
    held = (now.holder_role, now.holder_unit_id, now.holder_person_id)
    assert sum(part is not None for part in held) == (now.holder_id is not None)
    assert now.holder_id in (None, now.organisation_id)
    if now.holder_unit_id:
        return desk.one(Unit, Unit.id == now.holder_unit_id).symbol
    if now.holder_person_id:
        return desk.one(Account, Account.person_id == now.holder_person_id).username
    return now.holder_role


def with_whom(desk: Desk, case: Case) -> set[str]:
    """In whose tray of own moves, or of the units that person heads, the case lies."""
    found = set()
    for username in EVERYBODY:
        lines = tray(desk, username, "mine")
        if desk.actor(username).headed_units:
            lines += tray(desk, username, "unit")
        if case.id in ids(lines):
            found.add(username)
    return found


def test_an_outgoing_document_is_with_whoever_has_the_next_step(
    desk: Desk, office: Office, acting: Callable[[str], Actor]
) -> None:
    trip = Trip(office, acting).draft()
    case = desk.case(trip.document_id)

    def back(username: str, step: Callable[..., object], *said: object) -> Callable[[], object]:
        return lambda: trip.act(
            username,
            lambda tx, seen: step(tx, trip.document_id, seen.case.version, *said),
        )

    def send() -> None:
        (post,) = desk.rows(Recipient, Recipient.document_id == trip.document_id)
        back(CLERK, issuing.record_dispatch, post.id)()

    def file() -> None:
        work_file = desk.do(
            CLERK,
            filing.open_work_file,
            desk.commune,
            notation="01",
            title="Hồ sơ",
            retention="5 năm",
        )
        version = desk.case(trip.document_id).version
        desk.do(CLERK, filing.file_outgoing, trip.document_id, version, work_file.id)

    steps: list[tuple[Callable[[], object], str | None, set[str]]] = [
        (lambda: None, SPECIALIST, {SPECIALIST}),
        (trip.submit, "VP", {HEAD}),
        (back(HEAD, reviewing.give_back, "return", "Sửa"), SPECIALIST, {SPECIALIST}),
        (trip.submit, "VP", {HEAD}),
        (lambda: trip.review(HEAD, "check_content"), LEADER, {LEADER}),
        (lambda: trip.review(LEADER, "approve"), "format_checker", {CHECKER}),
        (lambda: trip.review(CHECKER, "check_format"), LEADER, {LEADER}),
        (trip.ask_to_sign, None, set()),
        (desk.run_jobs, "clerk", {CLERK}),
        (trip.number, "clerk", {CLERK}),
        (trip.ask_to_seal, None, set()),
        (desk.run_jobs, "clerk", {CLERK}),
        (trip.issue, "clerk", {CLERK}),
        (send, "clerk", {CLERK}),
        (file, None, set()),
    ]
    for step, expected, whose in steps:
        step()
        assert (holder(desk, case), with_whom(desk, case)) == (expected, whose), trip.state
    assert case.id not in involved(desk)


def test_an_incoming_document_and_its_tasks_are_with_whoever_has_the_next_step(
    desk: Desk,
) -> None:
    document_id = desk.letter()
    case = desk.case(document_id)

    def moved(expected: str | None, whose: set[str], of: Case = case) -> None:
        assert (holder(desk, of), with_whom(desk, of)) == (expected, whose)

    moved("clerk", {CLERK})
    desk.do(CLERK, registration.register, document_id, case.version)
    moved("clerk", {CLERK})
    desk.do(CLERK, circulation.submit, document_id, 4)
    moved("leader", {LEADER, DEPUTY})
    desk.do(LEADER, circulation.send_back, document_id, 5, "Chưa rõ")
    moved("clerk", {CLERK})
    desk.do(CLERK, circulation.submit, document_id, 6)
    handlers = [
        Handler("lead", unit_id=unit(desk, "KT")),
        Handler("support", unit_id=unit(desk, "VP")),
        Handler("information", person_id=person(desk, DEPUTY)),
    ]
    desk.do(LEADER, circulation.assign, document_id, 7, handlers)
    # It waits for its tasks; who follows up sees to it that it comes to its end.
    moved("follow_up", {FOLLOWER})
    lead, support, reading = children(desk, document_id)
    moved("KT", {OTHER_HEAD}, lead)
    moved("VP", {HEAD}, support)
    moved(DEPUTY, {DEPUTY}, reading)
    desk.do(DEPUTY, handling.read, reading.id, 1)
    moved(None, set(), reading)

    desk.do(OTHER_HEAD, handling.decline, lead.id, 1, "Không đúng chức năng")
    moved(None, set(), lead)
    moved("leader", {LEADER, DEPUTY})  # somebody else must be named
    version = desk.case(document_id).version
    again = Handler("lead", person_id=person(desk, OTHER_HEAD))
    desk.do(LEADER, circulation.assign, document_id, version, [again])
    moved("follow_up", {FOLLOWER})

    *_, named = children(desk, document_id)
    moved("xa.kinhte", {OTHER_HEAD}, named)
    desk.do(OTHER_HEAD, handling.start, named.id, 1)
    moved("xa.kinhte", {OTHER_HEAD}, named)
    desk.do(OTHER_HEAD, handling.report, named.id, 2, "Xong")
    moved("leader", {LEADER, DEPUTY}, named)
    desk.do(LEADER, handling.accept, named.id, 3)
    moved(None, set(), named)

    desk.do(HEAD, handling.delegate, support.id, 1, person(desk, SPECIALIST))
    moved(SPECIALIST, {SPECIALIST}, support)
    desk.do(SPECIALIST, handling.report, support.id, 2, "Đề xuất")
    moved("VP", {HEAD}, support)
    desk.do(HEAD, handling.send_back, support.id, 3, "Bổ sung")
    moved(SPECIALIST, {SPECIALIST}, support)
    desk.do(LEADER, handling.take_back, support.id, 4, "Không cần nữa")
    moved(None, set(), support)
    version = desk.case(document_id).version
    desk.do(FOLLOWER, circulation.complete, document_id, version)
    moved(None, set())
    open_cases = [case.id for case in desk.rows(Case, Case.closed_at.is_(None))]
    assert involved(desk) <= set(open_cases)
    desk.check_journals()


def test_who_takes_part_knows_the_deadline_as_it_is_now(desk: Desk) -> None:
    document_id = desk.registered()
    desk.do(CLERK, circulation.submit, document_id, 4)
    lead = Handler("lead", unit_id=unit(desk, "VP"))
    desk.do(LEADER, circulation.assign, document_id, 5, [lead])
    (task,) = children(desk, document_id)
    later = desk.see(CLERK, lambda reading: reading.today) + timedelta(days=60)
    desk.do(LEADER, handling.extend, task.id, 1, later, "Cần thêm thời gian")
    desk.do(HEAD, handling.delegate, task.id, 2, person(desk, SPECIALIST))
    with desk.office.reading(None) as reading:
        both = reading.session.execute(
            select(Involvement.due_at, Case.due_at).join(Case, Case.id == Involvement.case_id)
        ).all()
    assert len(both) == 4  # the clerk and the leader, the leader and the head
    assert all(kept is not None and kept == now for kept, now in both)


def involved(desk: Desk) -> set[uuid.UUID]:
    """The cases in which somebody is kept to take part."""
    with desk.office.reading(None) as reading:
        return set(reading.session.scalars(select(Involvement.case_id)))


def test_what_is_recalled_is_nobodys_any_more(desk: Desk) -> None:
    sent, came = delivered(desk)
    their_clerk, their_leader, their_head = "vpdp.vanthu", "vpdp.chanhvp", "vpdp.truongphong"
    office_id = desk.seat(OFFICE)
    nv = desk.one(Unit, Unit.symbol == "NV", Unit.organisation_id == office_id).id
    for who, act, *said in (
        (their_clerk, registration.register),
        (their_clerk, circulation.submit),
        (their_leader, circulation.assign, [Handler("lead", unit_id=nv)]),
    ):
        desk.do(who, act, came, desk.case(came).version, *said)
    (task,) = children(desk, came)
    assert ids(tray(desk, their_head, "unit")) == [task.id]
    recall(desk, sent)
    desk.run_jobs()
    for case in (desk.case(came), task, desk.case(sent)):
        assert holder(desk, case) is None
        for username in (their_clerk, their_leader, their_head, CLERK, LEADER, SPECIALIST):
            for name in ("mine", "unit", "waiting", "overdue"):
                assert case.id not in ids(tray(desk, username, name))  # type: ignore[arg-type]
    steps = desk.see(their_clerk, history, desk.case(came).id).moves
    assert steps[-1].target_label == "Đã bị thu hồi"
    assert steps[-1].person is None
