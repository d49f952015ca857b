"""Incoming documents, tasks and readings: each guard's sentence, and the trips."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from tests.workflow.rules.documents import CLERK, DRAFTER, HEAD, INCOMING, LEADER, TASK
from tests.workflow.rules.machines import SHIPPED
from workflow.rules import reading, task
from workflow.rules.errors import GuardsUnmet, TransitionNotAllowed
from workflow.rules.incoming import GUARDS, IncomingFacts, lead_unmet
from workflow.rules.machine import Transition, decide
from workflow.rules.reading import ReadingFacts

INCOMING_TRIP = SHIPPED["incoming"]


def fire(
    state: str, trigger: str, role: str = "clerk", system: bool = False, **change: object
) -> Transition:
    facts = replace(INCOMING, **change)
    return decide(INCOMING_TRIP, state, trigger, (role,), facts, GUARDS, system=system)


UNMET: list[tuple[str, dict[str, object], str]] = [
    ("electronic", {"paper": True}, "văn bản điện tử"),
    ("paper", {}, "văn bản giấy"),
    ("not_acknowledged", {"acknowledged": True}, "Đã báo nhận"),
    ("verdict_stored", {"verdict": None}, "Chưa có kết quả"),
    ("scan_readable", {"scan_unreadable": "Tệp rỗng."}, "Tệp rỗng."),
    ("actor_has_custody", {"actor_custody_unmet": "Không giữ khóa."}, "Không giữ khóa."),
    ("actor_may_copy", {"actor_copying_unmet": "Không được sao."}, "Không được sao."),
    ("digitised_copy_holds", {"digitised_unmet": ("Một.", "Hai.")}, "Một. Hai."),
    ("verdict_undecided", {"verdict": "HOP_LE"}, "không xác định"),
    ("verdict_undecided", {"verdict": "KHONG_HOP_LE"}, "không xác định"),
    ("not_overridden", {"overridden_by": CLERK}, "đã quyết định"),
    ("authenticity_settled", {"verdict": None}, "Chưa có kết quả"),
    ("authenticity_settled", {"verdict": "KHONG_XAC_DINH"}, "phải ghi lý do"),
    ("authenticity_settled", {"verdict": "KHONG_HOP_LE"}, "phải trả lại"),
    ("authenticity_settled", {"verdict": "KHONG_HOP_LE", "overridden_by": CLERK}, "trả lại"),
    ("authenticity_settled", {"verdict": "KHONG_DOC_DUOC", "sender": "citizen"}, "trả lại"),
    ("authenticity_settled", {"verdict": "KHONG_CO_CHU_KY"}, "thiếu chữ ký số"),
    ("duplicates_found", {}, "Không có cảnh báo"),
    ("duplicates_found", {"duplicates": 1, "duplicates_confirmed": True}, "Không có cảnh báo"),
    ("duplicates_settled", {"duplicates": 2}, "2 văn bản"),
    ("handler_determined", {"handler_determined": False}, "trình lãnh đạo"),
    ("one_lead", {"tasks": 2, "leads": 2}, "đúng một"),
    # The lead declined and nobody took its place.
    ("one_lead", {"tasks": 2, "leads": 0}, "đúng một"),
    ("tasks_closed", {"tasks_open": 1}, "1 nhiệm vụ"),
    ("readings_closed", {"readings_open": 4}, "4 người"),
    ("answer_given", {"answer_required": True}, "văn bản trả lời"),
    ("before_expiry", {"expired": True}, "không thể gia hạn"),
]

MET: list[tuple[str, dict[str, object]]] = [
    ("electronic", {}),
    ("paper", {"paper": True}),
    ("not_acknowledged", {}),
    ("verdict_stored", {"verdict": "KHONG_DOC_DUOC"}),
    ("scan_readable", {}),
    ("actor_has_custody", {}),
    ("actor_may_copy", {}),
    ("digitised_copy_holds", {}),
    ("verdict_undecided", {"verdict": "KHONG_XAC_DINH"}),
    ("not_overridden", {}),
    ("authenticity_settled", {"verdict": "HOP_LE"}),
    ("authenticity_settled", {"verdict": "KHONG_XAC_DINH", "overridden_by": CLERK}),
    ("authenticity_settled", {"verdict": "KHONG_CO_CHU_KY", "sender": "citizen"}),
    ("authenticity_settled", {"verdict": "KHONG_CO_CHU_KY", "sender": "enterprise"}),
    ("authenticity_settled", {"paper": True, "verdict": None}),
    ("duplicates_found", {"duplicates": 1}),
    ("duplicates_settled", {}),
    ("duplicates_settled", {"duplicates": 2, "duplicates_confirmed": True}),
    ("handler_determined", {}),
    ("one_lead", {"tasks": 3, "leads": 1}),
    ("one_lead", {"tasks": 0, "leads": 0}),
    ("tasks_closed", {}),
    ("readings_closed", {}),
    ("answer_given", {"answer_required": True, "answer_issued": True}),
    ("answer_given", {}),
    ("before_expiry", {}),
]


@pytest.mark.parametrize(("guard", "change", "words"), UNMET)
def test_a_guard_says_why_not(guard: str, change: dict[str, object], words: str) -> None:
    sentence = GUARDS[guard](replace(INCOMING, **change))

    assert sentence is not None
    assert words in sentence


@pytest.mark.parametrize(("guard", "change"), MET)
def test_a_guard_holds(guard: str, change: dict[str, object]) -> None:
    assert GUARDS[guard](replace(INCOMING, **change)) is None


def test_every_guard_is_tried_both_ways() -> None:
    assert {guard for guard, _, _ in UNMET} == {guard for guard, _ in MET} == set(GUARDS)


@pytest.mark.parametrize(("leads", "fine"), [(0, False), (1, True), (2, False)])
def test_one_is_in_the_lead(leads: int, fine: bool) -> None:
    assert (lead_unmet(leads) is None) == fine


def walk(steps: list[tuple[str, str, dict[str, object], str]], facts: IncomingFacts) -> None:
    state = "received"
    for trigger, role, change, target in steps:
        facts = replace(facts, **change)
        system = role == "system"
        step = decide(INCOMING_TRIP, state, trigger, (role,), facts, GUARDS, system=system)
        assert step.target == target
        state = target


def test_the_trip_of_an_electronic_document_through_the_leader() -> None:
    walk(
        [
            ("acknowledge", "system", {}, "received"),
            ("verify", "system", {"acknowledged": True, "verdict": "KHONG_XAC_DINH"}, "verified"),
            ("override", "clerk", {"duplicates": 1}, "verified"),
            ("confirm_duplicates", "clerk", {"overridden_by": CLERK}, "verified"),
            ("register", "clerk", {"duplicates_confirmed": True}, "registered"),
            ("submit", "clerk", {"handler_determined": False}, "submitted"),
            ("assign", "leader", {}, "assigned"),
            ("inform", "leader", {"tasks": 2, "tasks_open": 2}, "assigned"),
            ("extend", "leader", {"readings_open": 1}, "assigned"),
            ("attach_paper", "clerk", {}, "assigned"),
            ("complete", "follow_up", {"tasks_open": 0, "readings_open": 0}, "completed"),
        ],
        replace(INCOMING, verdict=None, tasks=0, leads=1),
    )


def test_the_trip_of_digitised_paper_to_a_determined_handler() -> None:
    walk(
        [
            ("digitise", "clerk", {}, "digitising"),
            ("abandon_digitising", "system", {}, "received"),
            ("digitise", "clerk", {}, "digitising"),
            ("record_digitised", "system", {}, "verified"),
            ("register", "clerk", {}, "registered"),
            ("transfer", "clerk", {}, "assigned"),
            ("complete", "unit_head", {}, "completed"),
        ],
        replace(INCOMING, paper=True, verdict=None),
    )


def test_paper_may_be_registered_without_a_copy() -> None:
    assert fire("received", "inspect", paper=True).target == "verified"
    with pytest.raises(GuardsUnmet):
        fire("received", "inspect")


def test_electronic_documents_are_not_digitised_and_paper_is_not_verified() -> None:
    with pytest.raises(GuardsUnmet):
        fire("received", "digitise")
    with pytest.raises(GuardsUnmet):
        fire("received", "verify", system=True, paper=True)


@pytest.mark.parametrize("state", ["received", "verified"])
def test_a_document_is_returned_with_a_reason(state: str) -> None:
    step = fire(state, "return", verdict="KHONG_DOC_DUOC")

    assert step.target == "returned"
    assert set(step.effects) == {"record_reason", "notify_sender"}


def test_a_registered_document_is_not_returned() -> None:
    with pytest.raises(TransitionNotAllowed):
        fire("registered", "return")


def test_an_undecided_verdict_may_be_asked_for_again() -> None:
    step = fire("verified", "verify_again", verdict="KHONG_XAC_DINH")

    assert (step.target, step.effects) == ("received", ("request_verification",))


def test_a_document_only_to_be_known_is_done_when_read() -> None:
    assert fire("submitted", "inform", role="leader").opens == ("reading",)
    with pytest.raises(GuardsUnmet):
        fire("assigned", "complete", role="leader", tasks=0, leads=0, readings_open=1)
    done = fire("assigned", "complete", role="leader", tasks=0, leads=0)
    assert done.target == "completed"


def test_completion_names_everything_that_is_missing() -> None:
    with pytest.raises(GuardsUnmet) as refusal:
        fire(
            "assigned",
            "complete",
            role="leader",
            leads=0,
            tasks_open=1,
            readings_open=1,
            answer_required=True,
        )

    assert len(refusal.value.unmet) == 4


@pytest.mark.parametrize(
    "state", ["received", "verified", "registered", "submitted", "assigned", "completed"]
)
def test_a_recall_leaves_a_tombstone(state: str) -> None:
    step = fire(state, "recall", system=True)

    assert step.target == "recalled"
    assert {"destroy_content", "keep_tombstone", "notify_sender"} <= set(step.effects)


def work(state: str, trigger: str, role: str, **change: object) -> str:
    facts = replace(TASK, **change)
    return decide(SHIPPED["task"], state, trigger, (role,), facts, task.GUARDS).target


DIRECTING = {"actor_id": LEADER, "actor_heads_unit": False, "actor_directs": True}
WORKING = {"actor_id": DRAFTER, "actor_heads_unit": False}


def test_a_task_passes_through_three_tiers() -> None:
    assert work("assigned_unit", "delegate", "unit_head", assignee_id=None) == "in_progress"
    assert work("in_progress", "report", "specialist", **WORKING) == "reported"
    assert work("reported", "send_back", "unit_head") == "in_progress"
    assert work("reported", "accept", "unit_head") == "done"


def test_a_task_may_be_given_to_a_person_by_name() -> None:
    assert work("assigned_unit", "start", "specialist", **WORKING) == "in_progress"
    assert work("assigned_unit", "decline", "specialist", **WORKING) == "declined"
    assert work("reported", "accept", "leader", **DIRECTING) == "done"


def test_a_leader_extends_in_time_and_takes_back() -> None:
    assert work("in_progress", "extend", "leader", **DIRECTING) == "in_progress"
    with pytest.raises(GuardsUnmet, match="không thể gia hạn"):
        work("in_progress", "extend", "leader", **DIRECTING, expired=True)
    assert work("reported", "take_back", "leader", **DIRECTING) == "withdrawn"


@pytest.mark.parametrize(
    ("state", "trigger", "role", "change"),
    [
        ("assigned_unit", "delegate", "unit_head", {"actor_heads_unit": False}),
        ("assigned_unit", "start", "unit_head", {}),
        ("assigned_unit", "start", "specialist", {"actor_id": None, "assignee_id": None}),
        ("assigned_unit", "decline", "unit_head", {"actor_heads_unit": False}),
        ("in_progress", "report", "unit_head", {}),
        ("in_progress", "extend", "leader", {}),
        ("reported", "accept", "leader", {"actor_heads_unit": False}),
        # A head of unit does not accept his own report: the leader does.
        ("reported", "accept", "unit_head", {"assignee_id": HEAD}),
        ("reported", "take_back", "leader", {}),
    ],
)
def test_a_task_moves_only_by_those_it_concerns(
    state: str, trigger: str, role: str, change: dict[str, object]
) -> None:
    with pytest.raises(GuardsUnmet):
        work(state, trigger, role, **change)


OTHER = UUID(int=99)


def test_who_stands_in_does_the_work_and_judges_it_not() -> None:
    work("in_progress", "report", "specialist", actor_id=OTHER, actor_stands_in=True)
    # The head did it for the one who was away, and may be back at another desk by now.
    with pytest.raises(GuardsUnmet):
        work("reported", "accept", "unit_head", reporter_id=HEAD)
    for trigger, role in (("delegate", "unit_head"), ("extend", "leader")):
        with pytest.raises(GuardsUnmet):
            work(
                "in_progress",
                trigger,
                role,
                actor_id=OTHER,
                actor_heads_unit=False,
                actor_stands_in=True,
            )


def test_only_the_reader_confirms_having_read() -> None:
    reader, other = UUID(int=8), UUID(int=9)
    trip = SHIPPED["reading"]

    own = ReadingFacts(actor_id=reader, reader_id=reader, actor_stands_in=False)
    assert decide(trip, "unread", "read", ("auditor",), own, reading.GUARDS).target == "read"
    substitute = ReadingFacts(actor_id=other, reader_id=reader, actor_stands_in=True)
    assert decide(trip, "unread", "read", ("auditor",), substitute, reading.GUARDS)
    foreign = ReadingFacts(actor_id=other, reader_id=reader, actor_stands_in=False)
    with pytest.raises(GuardsUnmet):
        decide(trip, "unread", "read", ("auditor",), foreign, reading.GUARDS)
