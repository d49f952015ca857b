"""From the arrival number to the answer: directions, tasks, readings, the phiếu giải quyết."""

from __future__ import annotations

import threading
import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import event

from tests.workflow.conftest import Clock
from tests.workflow.desk import (
    CLERK,
    DEPUTY,
    HEAD,
    LEADER,
    OTHER_HEAD,
    SPECIALIST,
    Desk,
)
from workflow import circulation, handling
from workflow.actor import Actor
from workflow.circulation import Handler, assign, complete, submit, transfer
from workflow.facts.incoming import incoming_facts
from workflow.incoming_views import incoming_register, list_incoming, view_incoming
from workflow.records import (
    Account,
    Case,
    Document,
    Issuer,
    Outgoing,
    Relation,
    RoleGrant,
    Task,
    Unit,
)
from workflow.rules.deadlines import end_of_day
from workflow.rules.errors import (
    Forbidden,
    GuardsUnmet,
    Invalid,
    NotFound,
    StaleVersion,
    TransitionNotAllowed,
)
from workflow.structure import add_handling_rule, end_handling_rule, handling_rules
from workflow.task_views import list_tasks, resolution_slip, view_task


def person(desk: Desk, username: str) -> uuid.UUID:
    return desk.one(Account, Account.username == username).person_id


def unit(desk: Desk, symbol: str) -> uuid.UUID:
    return desk.one(Unit, Unit.symbol == symbol, Unit.organisation_id == desk.commune).id


def submitted(desk: Desk, **changes: object) -> uuid.UUID:
    """A registered letter on the leader's desk, at version 5."""
    document_id = desk.registered(**changes)
    desk.do(CLERK, submit, document_id, 4, "Đề nghị giao Văn phòng")
    return document_id


def tasks(desk: Desk, document_id: uuid.UUID) -> list[Case]:
    return desk.rows(Case, Case.document_id == document_id, Case.parent_id.is_not(None))


def test_the_three_tiers_of_the_resolution_slip(desk: Desk) -> None:
    document_id = submitted(desk)
    today = desk.see(CLERK, lambda reading: reading.today)
    lead_on, support_on = today + timedelta(days=7), today + timedelta(days=3)
    desk.do(
        LEADER,
        assign,
        document_id,
        5,
        [
            Handler("lead", unit_id=unit(desk, "VP"), instruction="Tham mưu", due_on=lead_on),
            Handler("support", unit_id=unit(desk, "KT"), due_on=support_on),
            Handler("information", person_id=person(desk, DEPUTY)),
        ],
        "Giao Văn phòng chủ trì",
    )
    assert desk.case(document_id).due_at == end_of_day(lead_on)
    lead, support, reading = tasks(desk, document_id)
    assert [lead.due_at, support.due_at] == [end_of_day(lead_on), end_of_day(support_on)]
    assert reading.due_at is None

    desk.do(HEAD, handling.delegate, lead.id, 1, person(desk, SPECIALIST), opinion="Làm ngay")
    desk.do(SPECIALIST, handling.report, lead.id, 2, "Đề xuất trả lời đồng ý")
    desk.do(HEAD, handling.send_back, lead.id, 3, "Bổ sung căn cứ")
    desk.do(SPECIALIST, handling.report, lead.id, 4, "Đã bổ sung")
    desk.do(HEAD, handling.accept, lead.id, 5)
    with pytest.raises(GuardsUnmet) as refused:
        desk.do(LEADER, complete, document_id, 7)
    assert refused.value.unmet == (
        "Còn 1 nhiệm vụ chưa hoàn thành.",
        "Còn 1 người nhận để biết chưa xem.",
    )
    with pytest.raises(GuardsUnmet, match="người nhận để biết"):
        desk.do(LEADER, handling.read, reading.id, 1)
    desk.do(DEPUTY, handling.read, reading.id, 1)
    desk.do(OTHER_HEAD, handling.delegate, support.id, 1, person(desk, OTHER_HEAD))
    desk.do(OTHER_HEAD, handling.report, support.id, 2, "Nhất trí")
    with pytest.raises(GuardsUnmet, match="không phải người thực hiện"):
        desk.do(OTHER_HEAD, handling.accept, support.id, 3)  # nobody accepts his own report
    desk.do(LEADER, handling.accept, support.id, 3)
    desk.do(LEADER, complete, document_id, 7, "Đã xong")
    assert desk.case(document_id).state == "completed"

    slip = desk.see(CLERK, resolution_slip, document_id)
    assert [tier.opinion for tier in slip.directions] == ["Giao Văn phòng chủ trì", None]
    assert [line.part.task.part for line in slip.lines] == ["lead", "support", "information"]
    first = slip.lines[0]
    assert [(tier.head, tier.opinion) for tier in first.delegations] == [
        ("Trưởng phòng Văn phòng xã Mẫu", "Làm ngay")
    ]
    assert [tier.text for tier in first.proposals] == ["Đề xuất trả lời đồng ý", "Đã bổ sung"]
    (line,) = desk.see(CLERK, incoming_register, desk.commune, slip.document.created_at.year)
    assert line.handlers[:2] == ["Văn phòng HĐND và UBND", "Phòng Kinh tế"]
    desk.check_journals()


def test_who_takes_part_knows_of_the_document_and_nobody_else(desk: Desk) -> None:
    document_id = submitted(desk)
    for stranger in (HEAD, SPECIALIST, OTHER_HEAD):
        with pytest.raises(NotFound):
            desk.see(stranger, view_incoming, document_id)
    desk.do(LEADER, assign, document_id, 5, [Handler("lead", unit_id=unit(desk, "VP"))])
    (task,) = tasks(desk, document_id)
    assert desk.see(HEAD, view_incoming, document_id).state_label == "Đang giải quyết"
    assert [line.case.id for line in desk.see(HEAD, list_tasks)] == [task.id]
    for stranger in (SPECIALIST, OTHER_HEAD, "vpdp.truongphong"):
        with pytest.raises(NotFound):
            desk.see(stranger, resolution_slip, document_id)
        with pytest.raises(NotFound):
            desk.see(stranger, view_task, task.id)
        with pytest.raises(NotFound):
            desk.do(stranger, handling.report, task.id, 1, "…")
        assert desk.see(stranger, list_tasks) == []
    with pytest.raises(NotFound):  # a document's own case is no task
        desk.do(CLERK, handling.start, desk.case(document_id).id, 6)
    desk.do(HEAD, handling.delegate, task.id, 1, person(desk, SPECIALIST))
    assert [line.document.id for line in desk.see(SPECIALIST, list_incoming)] == [document_id]
    (button,) = desk.see(SPECIALIST, view_task, task.id).options[:1]
    assert not button.allowed


def test_exactly_one_is_in_the_lead(desk: Desk) -> None:
    document_id = submitted(desk)
    lead, support = (Handler("lead", unit_id=unit(desk, s)) for s in ("VP", "KT"))
    with pytest.raises(GuardsUnmet, match="đúng một"):
        desk.do(LEADER, assign, document_id, 5, [lead, support])
    with pytest.raises(GuardsUnmet, match="đúng một"):
        desk.do(LEADER, assign, document_id, 5, [Handler("support", unit_id=unit(desk, "KT"))])
    desk.do(LEADER, assign, document_id, 5, [lead])
    with pytest.raises(GuardsUnmet, match="đúng một"):
        desk.do(LEADER, assign, document_id, 6, [support])

    (task,) = tasks(desk, document_id)
    desk.do(HEAD, handling.decline, task.id, 1, "Không đúng chức năng")
    with pytest.raises(GuardsUnmet, match="đúng một"):
        desk.do(LEADER, complete, document_id, 6)
    desk.do(LEADER, assign, document_id, 6, [support], "Giao lại")
    assert [case.state for case in tasks(desk, document_id)] == ["declined", "assigned_unit"]


def test_handlers_are_of_the_organisation_and_named_once(desk: Desk) -> None:
    document_id = submitted(desk)
    with pytest.raises(Invalid) as refused:
        desk.do(
            LEADER,
            assign,
            document_id,
            5,
            [
                Handler("lead", person_id=person(desk, "vpdp.chuyenvien")),
                Handler("lead", unit_id=unit(desk, "VP"), person_id=person(desk, HEAD)),
                Handler("information", unit_id=unit(desk, "KT")),
                Handler("chief", person_id=person(desk, HEAD), due_on=date(2020, 1, 1)),
                Handler("support", person_id=person(desk, HEAD)),
            ],
        )
    assert {pointer for pointer, _ in refused.value.errors} == {
        "/handlers/0",
        "/handlers/1",
        "/handlers/2",
        "/handlers/3",
        "/handlers/3/due_on",
        "/handlers/4",
    }
    with pytest.raises(Invalid):
        desk.do(LEADER, assign, document_id, 5, [])
    with pytest.raises(Forbidden):
        desk.do(CLERK, assign, document_id, 5, [Handler("lead", unit_id=unit(desk, "VP"))])


def test_a_person_may_lead_and_only_the_leader_who_asked_accepts(desk: Desk) -> None:
    document_id = submitted(desk)
    desk.do(LEADER, assign, document_id, 5, [Handler("lead", person_id=person(desk, SPECIALIST))])
    (task,) = tasks(desk, document_id)
    desk.do(SPECIALIST, handling.start, task.id, 1)
    with pytest.raises(Invalid):
        desk.do(SPECIALIST, handling.report, task.id, 2, " ")
    desk.do(SPECIALIST, handling.report, task.id, 2, "Đã trả lời miệng")
    with pytest.raises(GuardsUnmet):
        desk.do(DEPUTY, handling.accept, task.id, 3)
    with desk.office.transaction(None) as tx:  # the leader who asked leaves office
        for grant in tx.session.query(RoleGrant).filter_by(person_id=person(desk, LEADER)):
            grant.valid_to = tx.today
        tx.journal("test.left", "system", desk.commune)
    desk.do(DEPUTY, handling.accept, task.id, 3)


def test_only_to_be_known_is_done_when_read(desk: Desk) -> None:
    document_id = submitted(desk)
    readers = [Handler("information", person_id=person(desk, who)) for who in (HEAD, SPECIALIST)]
    desk.do(LEADER, assign, document_id, 5, readers, "Để biết")
    first, second = tasks(desk, document_id)
    desk.do(HEAD, handling.read, first.id, 1)
    with pytest.raises(GuardsUnmet, match="Còn 1 người"):
        desk.do(LEADER, complete, document_id, 6)
    desk.do(LEADER, handling.take_back, second.id, 1, "Đã chuyển công tác")
    desk.do(LEADER, complete, document_id, 6)


def test_the_regulation_transfers_without_the_leader(desk: Desk) -> None:
    document_id = desk.registered(type_code="bao_cao", sender_code="H56.07")
    with pytest.raises(GuardsUnmet, match="phải trình lãnh đạo"):
        desk.do(CLERK, transfer, document_id, 4)
    with pytest.raises(Forbidden):
        desk.do(CLERK, add_handling_rule, desk.commune, basis="Quy chế", unit_id=unit(desk, "VP"))
    for words, symbol in (({}, "VP"), ({"type_code": "bao_cao"}, "VP"), ({}, "VP")):
        desk.do(
            "xa.quantri",
            add_handling_rule,
            desk.commune,
            basis="Quy chế làm việc, Điều 5",
            unit_id=unit(desk, symbol),
            **words,
        )
    particular = desk.do(
        "xa.quantri",
        add_handling_rule,
        desk.commune,
        basis="Quy chế làm việc, Điều 6",
        sender_code="H56.07",
        unit_id=unit(desk, "KT"),
    )
    desk.do(CLERK, transfer, document_id, 4)
    (task,) = desk.rows(Task)
    assert (task.unit_id, task.part) == (unit(desk, "KT"), "lead")
    assert desk.case(document_id).state == "assigned"
    (case,) = tasks(desk, document_id)
    desk.do(OTHER_HEAD, handling.delegate, case.id, 1, person(desk, OTHER_HEAD))
    desk.do(OTHER_HEAD, handling.report, case.id, 2, "Xong")
    desk.do(DEPUTY, handling.accept, case.id, 3)  # the clerk gave it: any leader may accept

    desk.do("xa.quantri", end_handling_rule, particular.id, desk.see(CLERK, lambda r: r.today))
    assert len(desk.see("xa.quantri", handling_rules, desk.commune)) == 3
    with pytest.raises(Invalid):
        desk.do("xa.quantri", add_handling_rule, desk.commune, basis="x", type_code="khong_co")
    foreign = desk.one(Unit, Unit.symbol == "NV").id
    with pytest.raises(Invalid):
        desk.do("xa.quantri", add_handling_rule, desk.commune, basis="x", unit_id=foreign)


def test_deadlines_come_from_the_leader_the_document_or_the_regulation(
    desk: Desk, clock: Clock
) -> None:
    clock.set(datetime(2026, 11, 20, 2, tzinfo=UTC))
    # A Friday; the regulation gives 5 working days, and 24 November is a holiday.
    lead = [Handler("lead", unit_id=unit(desk, "VP"))]
    plain = submitted(desk)
    desk.do(LEADER, assign, plain, 5, lead)
    assert desk.case(plain).due_at == end_of_day(date(2026, 11, 30))
    named = submitted(desk, due_on=date(2026, 12, 5))
    desk.do(LEADER, assign, named, 5, lead)
    assert desk.case(named).due_at == end_of_day(date(2026, 12, 5))

    desk.do(LEADER, circulation.extend, plain, 6, date(2026, 12, 4), "Chờ số liệu")
    assert desk.case(plain).due_at == end_of_day(date(2026, 12, 4))
    with pytest.raises(Invalid, match="sau hạn"):
        desk.do(LEADER, circulation.extend, plain, 7, date(2026, 12, 4), "Chờ số liệu")
    with pytest.raises(Invalid, match="lý do"):
        desk.do(LEADER, circulation.extend, plain, 7, date(2026, 12, 9), "")
    # Another step in the same state leaves the deadline where the leader put it.
    desk.do(LEADER, assign, plain, 7, [Handler("support", unit_id=unit(desk, "KT"))])
    assert desk.case(plain).due_at == end_of_day(date(2026, 12, 4))

    (task, _) = tasks(desk, plain)
    with pytest.raises(Invalid, match="muộn hơn"):
        desk.do(
            HEAD,
            handling.delegate,
            task.id,
            1,
            person(desk, SPECIALIST),
            due_on=date(2026, 12, 2),
        )
    desk.do(LEADER, handling.extend, task.id, 1, date(2026, 12, 4), "Theo văn bản")
    desk.do(HEAD, handling.delegate, task.id, 2, person(desk, SPECIALIST), due_on=date(2026, 12, 2))
    assert tasks(desk, plain)[0].due_at == end_of_day(date(2026, 12, 2))
    clock.set(datetime(2026, 12, 10, tzinfo=UTC))
    with pytest.raises(GuardsUnmet, match="hết thời hạn"):
        desk.do(LEADER, circulation.extend, plain, 8, date(2026, 12, 20), "Muộn")
    with pytest.raises(GuardsUnmet, match="hết thời hạn"):
        desk.do(LEADER, handling.extend, task.id, 3, date(2026, 12, 20), "Muộn")
    assert [line.case.id for line in desk.see(SPECIALIST, list_tasks, overdue=True)] == [task.id]


def test_delegation_stays_inside_the_unit(desk: Desk) -> None:
    document_id = submitted(desk)
    desk.do(LEADER, assign, document_id, 5, [Handler("lead", unit_id=unit(desk, "VP"))])
    (task,) = tasks(desk, document_id)
    with pytest.raises(Invalid, match="không thuộc đơn vị"):
        desk.do(HEAD, handling.delegate, task.id, 1, person(desk, OTHER_HEAD))
    with pytest.raises(TransitionNotAllowed):
        desk.do(HEAD, handling.report, task.id, 1, "Sớm quá")


def answered_by(desk: Desk, *, issued: bool) -> uuid.UUID:
    """An outgoing document of the commune as far as an answer needs one."""
    with desk.office.transaction(desk.actor(CLERK)) as tx:
        document = tx.add(
            Document(
                organisation_id=desk.commune,
                direction="outgoing",
                subject="V/v trả lời",
                created_by=tx.actor.person_id,
                created_at=tx.now,
            )
        )
        tx.session.flush()
        issuer = tx.session.query(Issuer).filter_by(organisation_id=desk.commune).first()
        assert issuer is not None
        tx.add(
            Outgoing(
                document_id=document.id,
                issuer_id=issuer.id,
                unit_id=unit(desk, "VP"),
                seal_required=True,
                layout="{}",
                archived_by="Lưu VT",
                issued_at=tx.now if issued else None,
            )
        )
        tx.journal("test.outgoing", desk.commune, document.id)
        return document.id


def test_a_document_that_asks_for_an_answer_is_completed_with_it(desk: Desk) -> None:
    soon = desk.see(CLERK, lambda reading: reading.today) + timedelta(days=10)
    document_id = submitted(desk, due_on=soon)
    desk.do(LEADER, assign, document_id, 5, [Handler("information", person_id=person(desk, HEAD))])
    desk.do(HEAD, handling.read, tasks(desk, document_id)[0].id, 1)
    unissued, answer = answered_by(desk, issued=False), answered_by(desk, issued=True)
    for given in (None, unissued):
        with pytest.raises(GuardsUnmet, match="văn bản trả lời"):
            desk.do(LEADER, complete, document_id, 6, answer_id=given)
    with pytest.raises(NotFound):
        desk.do(LEADER, complete, document_id, 6, answer_id=uuid.uuid4())
    assert desk.rows(Relation) == []  # what was refused left nothing behind
    desk.do(LEADER, complete, document_id, 6, answer_id=answer)
    relation = desk.one(Relation)
    assert (relation.document_id, relation.kind, relation.other_id) == (
        answer,
        "answers",
        document_id,
    )


def test_the_leader_may_give_it_back_to_the_clerk(desk: Desk) -> None:
    document_id = submitted(desk)
    with pytest.raises(Invalid):
        desk.do(LEADER, circulation.send_back, document_id, 5, "")
    desk.do(LEADER, circulation.send_back, document_id, 5, "Chuyển theo quy chế")
    assert desk.case(document_id).state == "registered"


def test_handlers_work_side_by_side_and_one_task_has_one_winner(desk: Desk) -> None:
    document_id = submitted(desk)
    handlers = [
        Handler("lead", unit_id=unit(desk, "VP")),
        Handler("support", unit_id=unit(desk, "KT")),
    ]
    desk.do(LEADER, assign, document_id, 5, handlers)
    lead, support = tasks(desk, document_id)
    work = [
        (desk.actor(HEAD), lead.id, person(desk, SPECIALIST)),
        (desk.actor(HEAD), lead.id, person(desk, HEAD)),
        (desk.actor(OTHER_HEAD), support.id, person(desk, OTHER_HEAD)),
    ]
    start, outcomes = threading.Barrier(len(work)), []

    def attempt(actor: Actor, case_id: uuid.UUID, to: uuid.UUID) -> None:
        start.wait()
        try:
            with desk.office.transaction(actor) as tx:
                handling.delegate(tx, case_id, 1, to)
            outcomes.append((case_id, "done"))
        except StaleVersion:
            outcomes.append((case_id, "stale"))

    threads = [threading.Thread(target=attempt, args=each) for each in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == sorted([(lead.id, "done"), (lead.id, "stale"), (support.id, "done")])
    desk.check_journals()


def test_a_registered_document_is_needed_before_anyone_owes_work(desk: Desk) -> None:
    document_id = desk.letter()
    with pytest.raises(TransitionNotAllowed):
        desk.do(LEADER, assign, document_id, 3, [Handler("lead", unit_id=unit(desk, "VP"))])
    assert tasks(desk, document_id) == []


def test_facts_take_the_same_number_of_queries_however_much_there_is(desk: Desk) -> None:
    counted: list[str] = []
    event.listen(
        desk.office.database.engine,
        "before_cursor_execute",
        lambda _connection, _cursor, statement, *_rest: counted.append(statement),
    )

    def queries(document_id: uuid.UUID) -> int:
        with desk.office.reading(desk.actor(LEADER)) as reading:
            case = reading.get(Case, desk.case(document_id).id)
            counted.clear()
            incoming_facts(reading, case)
            return len(counted)

    few = submitted(desk)
    many = submitted(desk, code="1/X")
    readers = [
        Handler("information", person_id=person(desk, who)) for who in (HEAD, SPECIALIST, DEPUTY)
    ]
    desk.do(LEADER, assign, many, 5, [Handler("lead", unit_id=unit(desk, "VP")), *readers])
    desk.registered(code="2/X")
    assert queries(few) == queries(many) <= 15
