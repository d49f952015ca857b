"""What each person finds in the in-trays, page by page, and in the history of a case."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from tests.workflow.conftest import Clock
from tests.workflow.desk import (
    CLERK,
    COMMUNE,
    DEPUTY,
    HEAD,
    LEADER,
    OFFICE,
    OTHER_HEAD,
    SPECIALIST,
    Desk,
)
from tests.workflow.outgoing_trip import CHECKER, Trip
from tests.workflow.trays import children, ids, person, tray, unit
from workflow import circulation, handling
from workflow.actor import Actor
from workflow.circulation import Handler
from workflow.office import Office
from workflow.records import (
    Account,
    Appointment,
    Case,
    Document,
    Dossier,
    RoleGrant,
)
from workflow.rules.errors import NotFound
from workflow.substituting import appoint_substitute
from workflow.tracking import Place, Tray, history, in_tray
from workflow.transitions import adopt
from workflow.work_lines import WorkLine

FOLLOWER, AUDITOR = "xa.theodoi", "xa.kiemtoan"
EVERYBODY = (CLERK, LEADER, DEPUTY, HEAD, SPECIALIST, OTHER_HEAD, CHECKER, FOLLOWER)
DAY = timedelta(days=1)


def submitted(desk: Desk) -> uuid.UUID:
    document_id = desk.registered()
    desk.do(CLERK, circulation.submit, document_id, 4)
    return document_id


def given(desk: Desk, *handlers: Handler) -> uuid.UUID:
    document_id = submitted(desk)
    desk.do(LEADER, circulation.assign, document_id, 5, list(handlers))
    return document_id


def test_what_waits_for_others_is_what_one_took_part_in(desk: Desk) -> None:
    document_id = given(desk, Handler("lead", unit_id=unit(desk, "VP")))
    (task,) = children(desk, document_id)
    case = desk.case(document_id)
    assert ids(tray(desk, LEADER, "waiting")) == [task.id, case.id]  # newest first
    assert ids(tray(desk, CLERK, "waiting")) == [case.id]
    assert tray(desk, DEPUTY, "waiting") == []  # could have, did not
    desk.do(HEAD, handling.delegate, task.id, 1, person(desk, SPECIALIST))
    assert ids(tray(desk, HEAD, "waiting")) == [task.id]
    desk.do(SPECIALIST, handling.report, task.id, 2, "Xong")
    assert tray(desk, HEAD, "waiting") == []  # the head's own move again
    assert ids(tray(desk, SPECIALIST, "waiting")) == [task.id]
    desk.do(HEAD, handling.accept, task.id, 3)
    for username in (HEAD, SPECIALIST):
        assert tray(desk, username, "waiting") == []
    assert ids(tray(desk, LEADER, "waiting")) == [case.id]


def test_a_draft_stays_in_its_drafters_sight(
    desk: Desk, office: Office, acting: Callable[[str], Actor]
) -> None:
    trip = Trip(office, acting).draft()
    (mine,) = tray(desk, SPECIALIST, "mine")
    assert (mine.what, mine.subject, mine.number) == ("outgoing", "Về việc thử", None)
    trip.checked()
    (line,) = tray(desk, SPECIALIST, "waiting")
    assert (line.state_label, line.holder) == ("Chờ ký", "Chủ tịch xã Mẫu, UBND xã Mẫu")
    trip.ask_to_sign()
    (line,) = tray(desk, SPECIALIST, "waiting")
    assert line.holder == "hệ thống"
    desk.run_jobs()
    trip.number()
    (line,) = tray(desk, SPECIALIST, "waiting")
    assert (line.number, line.holder) == ("01/QĐ-UBND", "văn thư, UBND xã Mẫu")


def test_a_units_work_is_known_to_its_head_until_it_is_given_out(
    desk: Desk, office: Office, acting: Callable[[str], Actor]
) -> None:
    given(desk, Handler("lead", unit_id=unit(desk, "VP")))
    assert len(tray(desk, HEAD, "unit")) == 1
    assert tray(desk, SPECIALIST, "unit") == []
    assert tray(desk, OTHER_HEAD, "unit") == []
    trip = Trip(office, acting).draft().submit()
    (own,) = tray(desk, SPECIALIST, "unit")
    assert own.document_id == trip.document_id
    # Who sees everything of the organisation sees the whole of the own unit.
    assert len(tray(desk, CLERK, "unit")) == 2


def test_the_most_urgent_comes_first_and_pages_fit_together(desk: Desk, clock: Clock) -> None:
    today = desk.see(CLERK, lambda reading: reading.today)
    vp = unit(desk, "VP")
    for days in (9, 3, 6):
        given(desk, Handler("lead", unit_id=vp, due_on=today + days * DAY))
    for _ in range(2):
        given(
            desk,
            Handler("lead", unit_id=vp, due_on=today + 3 * DAY),
            Handler("information", person_id=person(desk, HEAD)),
        )
    with desk.office.transaction(None) as tx:  # tasks without a deadline
        for case in tx.session.query(Case).filter(Case.holder_unit_id == vp).limit(2):
            case.due_at = None
        tx.journal("test.changed", desk.commune, desk.commune)
    whole = tray(desk, HEAD, "unit")
    timed = [line.due_at for line in whole if line.due_at is not None]
    assert timed == sorted(timed)
    assert [line.due_at is None for line in whole] == [False] * 3 + [True] * 2
    untimed = [line.case_id for line in whole if line.due_at is None]
    assert untimed == sorted(untimed)
    for size in (1, 2, 3):
        read: list[WorkLine] = []
        after = None
        while page := tray(desk, HEAD, "unit", after=after, limit=size):
            read += page
            after = Place(page[-1].due_at, page[-1].case_id)
        assert read == whole
    clock.advance(30 * DAY)
    for username in (LEADER, FOLLOWER, HEAD):
        late = tray(desk, username, "overdue")
        assert len(late) == len(set(ids(late)))
        read, after = [], None
        while page := tray(desk, username, "overdue", after=after, limit=2):
            read += page
            after = Place(page[-1].due_at, page[-1].case_id)
        assert read == late
        assert all(line.overdue for line in late)


def test_overdue_is_the_whole_organisations_for_those_who_see_it_whole(
    desk: Desk, clock: Clock
) -> None:
    document_id = given(desk, Handler("lead", unit_id=unit(desk, "VP")))
    (task,) = children(desk, document_id)
    everybody = (CLERK, LEADER, DEPUTY, FOLLOWER, AUDITOR, HEAD, SPECIALIST, OTHER_HEAD)
    assert task.due_at is not None
    clock.set(task.due_at)  # an act at this second is in time
    assert all(tray(desk, username, "overdue") == [] for username in everybody)
    clock.advance(timedelta(seconds=1))
    both = {task.id, desk.case(document_id).id}
    for username in (CLERK, LEADER, DEPUTY, FOLLOWER, AUDITOR):
        assert set(ids(tray(desk, username, "overdue"))) == both
    assert ids(tray(desk, HEAD, "overdue")) == [task.id]
    for username in (SPECIALIST, OTHER_HEAD, "vpdp.chanhvp", "vpdp.vanthu"):
        assert tray(desk, username, "overdue") == []
    desk.do(HEAD, handling.delegate, task.id, 1, person(desk, SPECIALIST))
    assert ids(tray(desk, SPECIALIST, "overdue")) == [task.id]
    assert ids(tray(desk, HEAD, "overdue")) == [task.id]  # took part


def test_who_stands_in_finds_what_was_passed_on_and_nothing_else(
    desk: Desk, office: Office, acting: Callable[[str], Actor]
) -> None:
    absent = person(desk, SPECIALIST)
    document_id = given(desk, Handler("lead", person_id=absent))
    (task,) = children(desk, document_id)
    Trip(office, acting).draft()
    assert len(tray(desk, SPECIALIST, "mine")) == 2
    substitute = person(desk, OTHER_HEAD)
    desk.do(LEADER, appoint_substitute, desk.commune, absent, substitute, basis="Nghỉ phép")
    assert ids(tray(desk, OTHER_HEAD, "mine")) == [task.id]
    desk.see(OTHER_HEAD, history, task.id)


def test_who_left_finds_nothing_any_more(desk: Desk, clock: Clock) -> None:
    given(desk, Handler("lead", person_id=person(desk, SPECIALIST)))
    desk.do(CLERK, circulation.submit, desk.registered(), 4)
    assert tray(desk, SPECIALIST, "mine")
    assert tray(desk, CLERK, "waiting")
    with desk.office.transaction(None) as tx:
        for kind in (Appointment, RoleGrant):
            for username in (SPECIALIST, CLERK):
                rows = tx.session.query(kind).filter(kind.person_id == person(desk, username))
                for row in rows:
                    row.valid_to = tx.today
        tx.journal("test.left", desk.commune, desk.commune)
    clock.advance(30 * DAY)
    for username in (SPECIALIST, CLERK):
        for name in ("mine", "unit", "waiting", "overdue"):
            assert tray(desk, username, name) == []  # type: ignore[arg-type]


def test_the_steps_of_a_case_are_for_those_who_may_know(desk: Desk) -> None:
    document_id = given(desk, Handler("lead", unit_id=unit(desk, "VP")))
    case, (task,) = desk.case(document_id), children(desk, document_id)
    found = desk.see(HEAD, history, case.id)
    assert [line.move.trigger for line in found.moves][-2:] == ["submit", "assign"]
    assert found.owner_id == desk.commune
    assert found.moves[-1].move.holder_role == "leader"  # whose stage it was
    for username in (SPECIALIST, OTHER_HEAD, "vpdp.chanhvp"):
        for one in (case, task):
            with pytest.raises(NotFound):
                desk.see(username, history, one.id)
    with pytest.raises(NotFound):
        desk.see(LEADER, history, uuid.uuid4())


def test_a_tray_takes_the_same_few_queries_however_full_it_is(desk: Desk, clock: Clock) -> None:
    asked: list[str] = []

    @event.listens_for(desk.office.database.engine, "before_cursor_execute")
    def count(*arguments: Any) -> None:
        asked.append(arguments[2])

    def queries(username: str, name: Tray) -> int:
        actor = desk.actor(username)
        asked.clear()
        with desk.office.reading(actor) as reading:
            in_tray(reading, name)
        return len([one for one in asked if "FROM" in one])

    counts: list[list[int]] = []
    for _ in range(2):
        for _ in range(2):
            given(
                desk,
                Handler("lead", unit_id=unit(desk, "VP")),
                Handler("information", person_id=person(desk, HEAD)),
            )
        clock.advance(20 * DAY)
        counts.append(
            [
                queries(username, name)
                for username in (CLERK, LEADER, HEAD)
                for name in ("mine", "unit", "waiting", "overdue")  # type: ignore[misc]
            ]
        )
    assert counts[0] == counts[1]
    assert max(counts[0]) == 1


def test_cases_that_started_under_an_older_definition_keep_its_words(desk: Desk) -> None:
    document_id = submitted(desk)
    with desk.office.transaction(None) as tx:
        text = tx.office.law.texts["incoming"].replace("Chờ ý kiến chỉ đạo", "Trên bàn lãnh đạo")
        case = tx.session.query(Case).filter(Case.document_id == document_id).one()
        case.definition_digest = adopt(tx, "incoming", 1, text)
        tx.journal("test.changed", desk.commune, document_id)
    (line,) = tray(desk, LEADER, "mine")
    assert line.state_label == "Trên bàn lãnh đạo"


def test_dossiers_lie_with_the_office_whose_move_they_are(desk: Desk) -> None:
    """A commune's dossier that the office checks is in the office's tray, and late for both."""
    office_id = desk.seat(OFFICE)
    with desk.office.transaction(None) as tx:
        case = _dossier_case(tx, desk.seat(COMMUNE), office_id)
    clerk, leader = "vpdp.chuyenvien", "vpdp.chanhvp"
    assert ids(tray(desk, clerk, "mine")) == [case.id]
    for username in (leader, LEADER):
        (line,) = tray(desk, username, "overdue")
        assert (line.case_id, line.what, line.subject) == (case.id, "dossier", "Xã Mẫu")
        assert line.holder == "chuyên viên, Văn phòng Điều phối nông thôn mới tỉnh"
    assert tray(desk, "vpdp.truongphong", "mine") == []


def _dossier_case(tx: Any, applicant: uuid.UUID, office_id: uuid.UUID) -> Case:
    law = tx.office.law
    opened_by = tx.session.query(Account).filter(Account.username == SPECIALIST).one().person_id
    dossier = tx.add(
        Dossier(
            organisation_id=applicant,
            office_id=office_id,
            province_id=office_id,
            kind_code="commune_ntm",
            kind_digest="0" * 64,
            period="2026",
            name="Xã Mẫu",
            opened_by=opened_by,
            opened_at=tx.now,
        )
    )
    tx.session.flush()
    case: Case = tx.add(
        Case(
            organisation_id=applicant,
            dossier_id=dossier.id,
            definition_name="dossier",
            definition_digest=law.workflows["dossier"].digest,
            state="submitted",
            version=1,
            opened_at=tx.now,
            entered_at=tx.now,
            due_at=tx.now - DAY,
            holder_id=office_id,
            holder_role="specialist",
        )
    )
    tx.session.flush()
    tx.journal("test.made", applicant, dossier.id)
    return case


def test_the_text_of_what_was_destroyed_is_gone_from_trays(desk: Desk) -> None:
    document_id = submitted(desk)
    with desk.office.transaction(None) as tx:
        tx.get(Document, document_id).destroy("subject")
        tx.journal("test.destroyed", desk.commune, document_id)
    (line,) = tray(desk, LEADER, "mine")
    assert line.subject is None
