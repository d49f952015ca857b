"""Outgoing documents: each guard's sentence, and the trips from draft to file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from tests.workflow.rules.documents import CHECKER, CLERK, DRAFTER, HEAD, LEADER, OUTGOING
from tests.workflow.rules.machines import SHIPPED
from workflow.rules.errors import Forbidden, GuardsUnmet, TransitionNotAllowed
from workflow.rules.machine import decide
from workflow.rules.outgoing import GUARDS, OutgoingFacts

UNMET: list[tuple[str, dict[str, object], str]] = [
    ("draft_readable", {"draft_unreadable": "Tệp bị khóa."}, "Tệp bị khóa."),
    ("actor_is_drafter", {"actor_id": LEADER}, "người soạn thảo"),
    ("actor_is_drafter", {"actor_id": None}, "người soạn thảo"),
    ("recipients_named", {"recipients": 0}, "nơi nhận"),
    ("signers_named", {"signer_ids": ()}, "người ký"),
    ("original_admits", {"original_unmet": "Phải là công văn."}, "Phải là công văn."),
    ("checker_heads_unit", {"actor_heads_drafting_unit": False}, "người đứng đầu đơn vị"),
    ("content_checked", {"content_checked_by": None}, "Nội dung"),
    ("approver_is_not_drafter", {"actor_id": DRAFTER}, "tự duyệt"),
    ("approver_is_competent", {"actor_incompetence": "Không có ủy quyền."}, "Không có ủy quyền."),
    ("approved", {"approved_by": None}, "chưa được người có thẩm quyền ký duyệt"),
    ("approved", {"approved_by": DRAFTER}, "không phải người soạn thảo"),
    ("checker_is_charged", {"actor_charged_with_format": False}, "thể thức"),
    ("format_checked", {"format_checked_by": None}, "Thể thức"),
    ("signer_is_next", {"actor_id": CLERK}, "lượt ký"),
    ("signer_is_next", {"actor_id": None, "next_signer_id": None}, "lượt ký"),
    ("signer_is_competent", {"actor_incompetence": "Hết thời hạn."}, "Hết thời hạn."),
    ("signatures_hold", {"persons_unmet": ("Một.", "Hai.")}, "Một. Hai."),
    ("signers_remain", {"signers_remaining": 0}, "Không còn"),
    ("no_signer_remains", {"signers_remaining": 2}, "còn 2 người"),
    ("electronic", {"paper": True}, "Văn bản giấy"),
    ("not_numbered", {"number": "05/QĐ-UBND"}, "05/QĐ-UBND"),
    ("number_given", {"number": None}, "chưa được cấp số"),
    ("number_in_bytes", {"register_mismatch": "Số trên tệp là 06."}, "Số trên tệp là 06."),
    ("actor_has_custody", {"actor_custody_unmet": "Không giữ khóa."}, "Không giữ khóa."),
    ("sealer_is_not_signer", {"actor_id": LEADER}, "đồng thời"),
    ("seal_holds", {"seal_unmet": ("Dấu sai.",)}, "Dấu sai."),
    ("files_sealed", {"files_unsealed": 3}, "3 tệp"),
    ("seal_not_required", {"seal_required": True}, "phải có chữ ký số cơ quan"),
    ("recipients_to_send", {"recipients_unsent": 0}, "mọi nơi nhận"),
    ("sent_to_all", {"recipients_unsent": 1}, "1 nơi nhận"),
    ("not_filed", {"filed": True}, "đã được lưu"),
    (
        "actor_reviews",
        {
            "actor_heads_drafting_unit": False,
            "actor_charged_with_format": False,
            "actor_incompetence": "Không có thẩm quyền.",
        },
        "chuyển lại",
    ),
]

MET: list[tuple[str, dict[str, object]]] = [
    ("draft_readable", {}),
    ("actor_is_drafter", {"actor_id": DRAFTER}),
    ("recipients_named", {"recipients": 1}),
    ("signers_named", {}),
    ("original_admits", {}),
    # A head of unit may check a draft of his own (Art. 12.1).
    ("checker_heads_unit", {"actor_id": DRAFTER}),
    ("content_checked", {}),
    ("approver_is_not_drafter", {"actor_id": LEADER}),
    ("approver_is_competent", {}),
    ("approved", {}),
    ("checker_is_charged", {}),
    ("format_checked", {}),
    ("signer_is_next", {"actor_id": LEADER}),
    ("signer_is_competent", {}),
    ("signatures_hold", {}),
    ("signers_remain", {"signers_remaining": 1}),
    ("no_signer_remains", {}),
    ("electronic", {}),
    ("not_numbered", {"number": None}),
    ("number_given", {}),
    ("number_in_bytes", {}),
    ("actor_has_custody", {}),
    ("sealer_is_not_signer", {"actor_id": CLERK}),
    ("seal_holds", {}),
    ("files_sealed", {}),
    ("seal_not_required", {"seal_required": False}),
    ("recipients_to_send", {"recipients_unsent": 1}),
    ("sent_to_all", {}),
    ("not_filed", {}),
    ("actor_reviews", {"actor_heads_drafting_unit": False, "actor_charged_with_format": False}),
    ("actor_reviews", {"actor_heads_drafting_unit": False, "actor_incompetence": "Không."}),
    ("actor_reviews", {"actor_charged_with_format": False, "actor_incompetence": "Không."}),
]


@pytest.mark.parametrize(("guard", "change", "words"), UNMET)
def test_a_guard_says_why_not(guard: str, change: dict[str, object], words: str) -> None:
    sentence = GUARDS[guard](replace(OUTGOING, **change))

    assert sentence is not None
    assert words in sentence


@pytest.mark.parametrize(("guard", "change"), MET)
def test_a_guard_holds(guard: str, change: dict[str, object]) -> None:
    assert GUARDS[guard](replace(OUTGOING, **change)) is None


def test_every_guard_is_tried_both_ways() -> None:
    assert {guard for guard, _, _ in UNMET} == {guard for guard, _ in MET} == set(GUARDS)


DRAFT = replace(
    OUTGOING,
    actor_heads_drafting_unit=False,
    actor_charged_with_format=False,
    actor_incompetence="Không có thẩm quyền ký.",
    actor_custody_unmet="Không giữ khóa.",
    content_checked_by=None,
    approved_by=None,
    format_checked_by=None,
    signers_remaining=1,
    persons_unmet=(),
    number=None,
    seal_unmet=("Thiếu chữ ký số cơ quan.",),
    recipients_unsent=2,
)

# Who acts and what changes with it; "system" is a job or another case.
Step = tuple[str, str, dict[str, object], str]
REVIEWS: list[Step] = [
    ("submit", "specialist", {"actor_id": DRAFTER}, "submitted"),
    (
        "check_content",
        "unit_head",
        {"actor_id": HEAD, "actor_heads_drafting_unit": True},
        "content_checked",
    ),
    (
        "approve",
        "leader",
        {"actor_id": LEADER, "actor_incompetence": None, "content_checked_by": HEAD},
        "approved",
    ),
    (
        "check_format",
        "format_checker",
        {"actor_id": CHECKER, "actor_charged_with_format": True, "approved_by": LEADER},
        "format_checked",
    ),
]
SIGN: dict[str, object] = {
    "actor_id": LEADER,
    "actor_incompetence": None,
    "format_checked_by": CHECKER,
}
SEAL: dict[str, object] = {"actor_id": CLERK, "actor_custody_unmet": None}
ISSUED: list[Step] = [
    ("record_seal", "system", {"actor_id": None, "seal_unmet": ()}, "sealed"),
    ("issue", "clerk", {"actor_id": CLERK}, "issued"),
    ("record_dispatch", "clerk", {}, "issued"),
    ("file", "specialist", {"recipients_unsent": 0}, "filed"),
]
TRIPS: Mapping[str, list[Step]] = {
    "outgoing": [
        *REVIEWS,
        ("sign", "leader", SIGN, "signing"),
        ("record_signature", "system", {"actor_id": None, "signers_remaining": 0}, "signed"),
        ("number", "clerk", {"actor_id": CLERK}, "numbered"),
        ("seal", "clerk", {**SEAL, "number": "05/QĐ-UBND"}, "sealing"),
        *ISSUED,
    ],
    "outgoing-numbered-first": [
        *REVIEWS,
        ("number", "clerk", {"actor_id": CLERK, "format_checked_by": CHECKER}, "numbered"),
        ("sign", "leader", {**SIGN, "number": "05/QĐ-UBND"}, "signing"),
        ("record_signature", "system", {"actor_id": None, "signers_remaining": 0}, "signed"),
        ("seal", "clerk", SEAL, "sealing"),
        *ISSUED,
    ],
}


def walk(name: str, steps: list[Step], facts: OutgoingFacts, state: str) -> OutgoingFacts:
    for trigger, role, change, target in steps:
        facts = replace(facts, **change)
        system = role == "system"
        step = decide(SHIPPED[name], state, trigger, (role,), facts, GUARDS, system=system)
        assert step.target == target
        state = target
    return facts


@pytest.mark.parametrize("name", TRIPS)
def test_the_trip_from_draft_to_file(name: str) -> None:
    walk(name, TRIPS[name], DRAFT, "drafting")


@pytest.mark.parametrize(
    ("name", "back"), [("outgoing", "format_checked"), ("outgoing-numbered-first", "numbered")]
)
def test_two_signers_sign_one_after_the_other(name: str, back: str) -> None:
    more = replace(OUTGOING, actor_id=None, signers_remaining=1)
    first = decide(SHIPPED[name], "signing", "record_signature", (), more, GUARDS, system=True)
    last = decide(SHIPPED[name], "signing", "record_signature", (), OUTGOING, GUARDS, system=True)

    assert (first.target, last.target) == (back, "signed")


def test_a_signature_that_does_not_hold_is_not_recorded() -> None:
    broken = replace(OUTGOING, actor_id=None, persons_unmet=("Chữ ký của người khác.",))

    with pytest.raises(GuardsUnmet) as refusal:
        decide(SHIPPED["outgoing"], "signing", "record_signature", (), broken, GUARDS, system=True)

    assert "Chữ ký của người khác." in refusal.value.unmet


def test_a_biên_bản_may_be_issued_without_the_agencys_signature() -> None:
    definition = SHIPPED["outgoing-numbered-first"]
    unsealed = replace(OUTGOING, seal_required=False, seal_unmet=("Thiếu.",))

    assert decide(definition, "signed", "issue", ("clerk",), unsealed, GUARDS).target == "issued"
    required = replace(unsealed, seal_required=True)
    with pytest.raises(GuardsUnmet):
        decide(definition, "signed", "issue", ("clerk",), required, GUARDS)


def test_sealing_too_early_names_everything_that_is_missing() -> None:
    early = replace(
        OUTGOING,
        approved_by=None,
        persons_unmet=("Chữ ký số cá nhân không hợp lệ.",),
        signers_remaining=1,
        number=None,
        actor_custody_unmet="Không giữ khóa.",
        actor_id=LEADER,
    )

    with pytest.raises(GuardsUnmet) as refusal:
        decide(SHIPPED["outgoing"], "numbered", "seal", ("clerk",), early, GUARDS)

    assert len(refusal.value.unmet) == 6
    with pytest.raises(TransitionNotAllowed):
        decide(SHIPPED["outgoing"], "format_checked", "seal", ("clerk",), OUTGOING, GUARDS)


def test_only_the_clerk_seals() -> None:
    with pytest.raises(Forbidden) as refusal:
        decide(SHIPPED["outgoing"], "numbered", "seal", ("leader",), OUTGOING, GUARDS)

    assert refusal.value.needed_roles == ("clerk",)


@pytest.mark.parametrize("name", TRIPS)
@pytest.mark.parametrize("state", ["submitted", "content_checked", "approved", "format_checked"])
def test_a_draft_goes_back_to_where_its_bytes_may_change(name: str, state: str) -> None:
    step = decide(SHIPPED[name], state, "return", ("leader",), OUTGOING, GUARDS)

    assert (step.target, step.effects) == ("drafting", ("record_reason",))


@pytest.mark.parametrize("name", TRIPS)
def test_a_drafter_takes_back_only_a_draft_of_his_own(name: str) -> None:
    own = replace(OUTGOING, actor_id=DRAFTER)

    step = decide(SHIPPED[name], "approved", "withdraw", ("specialist",), own, GUARDS)
    assert step.target == "drafting"
    with pytest.raises(GuardsUnmet):
        decide(SHIPPED[name], "approved", "withdraw", ("specialist",), OUTGOING, GUARDS)


@pytest.mark.parametrize("name", TRIPS)
@pytest.mark.parametrize("state", [state.name for state in SHIPPED["outgoing"].states])
def test_a_number_is_voided_where_a_draft_would_be_cancelled(name: str, state: str) -> None:
    """Before a number: cancel. With one: void it. Issued: neither, only a new document helps."""
    definition = SHIPPED[name]
    steps = {step.trigger for step in definition.leaving(state, system=False)}
    after = {"numbered", "sealed"} | ({"signed"} if name != "outgoing" else set())
    before = {"drafting", "submitted", "content_checked", "approved", "format_checked"}
    before |= {"signed"} if name == "outgoing" else set()

    assert ("void_number" in steps) == (state in after)
    assert ("cancel" in steps) == (state in before)


@pytest.mark.parametrize("name", TRIPS)
def test_a_number_given_is_never_cancelled(name: str) -> None:
    with pytest.raises(GuardsUnmet):
        decide(SHIPPED[name], "format_checked", "cancel", ("leader",), OUTGOING, GUARDS)


@pytest.mark.parametrize("name", TRIPS)
@pytest.mark.parametrize("state", ["issued", "filed", "corrected", "amended"])
@pytest.mark.parametrize(
    ("trigger", "target"),
    [
        ("correct", "corrected"),
        ("amend", "amended"),
        ("replace", "replaced"),
        ("recall", "recalled"),
    ],
)
def test_an_issued_document_changes_only_by_another_document(
    name: str, state: str, trigger: str, target: str
) -> None:
    step = decide(SHIPPED[name], state, trigger, (), OUTGOING, GUARDS, system=True)

    assert step.target == target
    with pytest.raises(TransitionNotAllowed):
        decide(SHIPPED[name], state, trigger, ("leader", "clerk"), OUTGOING, GUARDS)


def test_paper_is_not_numbered_before_it_is_signed() -> None:
    paper = replace(OUTGOING, paper=True, number=None)

    with pytest.raises(GuardsUnmet):
        decide(
            SHIPPED["outgoing-numbered-first"],
            "format_checked",
            "number",
            ("clerk",),
            paper,
            GUARDS,
        )
    assert decide(SHIPPED["outgoing"], "signed", "number", ("clerk",), paper, GUARDS).deadline == (
        "OUT_NUMBER_PAPER"
    )
