"""Withdrawal reviews: when one begins, by which fraction recognition is lost, and how it ends."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import replace

import pytest

from tests.staff import COORDINATION, PROVINCE, STAFF
from tests.workflow.chamber import REGISTRAR, RUNS, Chamber
from workflow.exhibiting import link_paper
from workflow.facts.withdrawals import withdrawal_facts
from workflow.records import Case, Dossier, Move, WithdrawalReview
from workflow.rules.errors import (
    Duplicate,
    Forbidden,
    GuardsUnmet,
    Invalid,
    NotFound,
    StaleVersion,
    TransitionNotAllowed,
)
from workflow.rules.kinds import Kind
from workflow.withdrawing import list_reviews, open_review, step, view_review

WHY = "Kết quả rà soát năm 2026"
COMMUNE_SPECIALIST = "xa.chuyenvien"


def of_ten(chamber: Chamber) -> Kind:
    """A kind of which ten criteria are counted, the first of them a key criterion."""
    shipped = chamber.kind()
    kept = tuple(
        replace(criterion, code=str(number), part_of=None)
        for number, criterion in enumerate(shipped.tops[:10], 1)
    )
    assert shipped.withdrawal is not None
    rule = replace(shipped.withdrawal, key_criteria=frozenset({"1"}))
    return chamber.kind(criteria=kept, withdrawal=rule)


def opened(
    chamber: Chamber, dossier_id: uuid.UUID, failed: Collection[str], username: str = RUNS
) -> Case:
    return chamber.do(username, open_review, dossier_id, failed, WHY)


@pytest.mark.parametrize(
    ("failed", "lost"),
    [
        (("1", "2"), False),
        (("1", "2", "3"), True),  # exactly 30 % and a key criterion
        (("2", "3", "4"), False),  # exactly 30 % without one
        (("2", "3", "4", "5"), False),
        (("2", "3", "4", "5", "6"), True),  # exactly 50 %
    ],
)
def test_the_boundaries_of_ten_criteria(
    chamber: Chamber, failed: tuple[str, ...], lost: bool
) -> None:
    kind = of_ten(chamber)
    dossier_id = chamber.dossier(kind, "published")
    case = opened(chamber, dossier_id, failed)
    view = chamber.see(RUNS, view_review, dossier_id, case.id)
    assert (view.rule_unmet is None) == lost
    assert view.failed == failed


@pytest.mark.parametrize(
    ("others", "key", "lost"),
    [(4, True, False), (5, True, True), (9, False, False), (10, False, True)],
)
def test_the_boundaries_of_nineteen_criteria(
    chamber: Chamber, others: int, key: bool, lost: bool
) -> None:
    """6 of 19 with a key criterion, 10 of 19 without (rulebook 4.2)."""
    kind = chamber.kind()
    rule = kind.withdrawal
    assert rule is not None
    assert len(kind.tops) == 19
    plain = [one.code for one in kind.tops if one.code not in rule.key_criteria]
    failed = [*plain[:others], *sorted(rule.key_criteria)[: int(key)]]
    dossier_id = chamber.dossier(kind, "published")
    case = opened(chamber, dossier_id, failed)
    assert (chamber.see(RUNS, view_review, dossier_id, case.id).rule_unmet is None) == lost


def test_only_what_was_published_is_reviewed_and_only_once_at_a_time(chamber: Chamber) -> None:
    kind = chamber.kind()
    with pytest.raises(GuardsUnmet, match="công bố"):
        opened(chamber, chamber.dossier(kind, "recognised"), ["1"])
    dossier_id = chamber.dossier(kind, "published")
    case = opened(chamber, dossier_id, ["1"], COMMUNE_SPECIALIST)
    with pytest.raises(Duplicate) as refused:
        opened(chamber, dossier_id, ["2"])
    assert refused.value.existing == (str(case.id),)
    with pytest.raises(Invalid):
        chamber.do("vpdp.chanhvp", step, case.id, 1, "keep", reason=" ")
    chamber.do("vpdp.chanhvp", step, case.id, 1, "keep", reason="Đã khắc phục")
    again = opened(chamber, dossier_id, ["2"])
    views = chamber.see(RUNS, list_reviews, dossier_id)
    assert [view.case.id for view in views] == [case.id, again.id]
    assert [view.state_label for view in views] == ["Không thu hồi", "Đang xét thu hồi"]
    chamber.check_journals()


def test_a_kind_without_a_rule_says_that_none_was_found(chamber: Chamber) -> None:
    kind = chamber.kind(withdrawal=None)
    with pytest.raises(GuardsUnmet, match="Không tìm thấy quy định thu hồi"):
        opened(chamber, chamber.dossier(kind, "published"), ["1"])


def test_a_review_begins_with_known_criteria_and_a_reason(chamber: Chamber) -> None:
    dossier_id = chamber.dossier(chamber.kind(), "published")
    with pytest.raises(Invalid) as refused:
        opened(chamber, dossier_id, ["1", "8.1", "x"])
    assert [at for at, _ in refused.value.errors] == ["/failed/2"]
    with pytest.raises(Invalid, match="ít nhất một"):
        opened(chamber, dossier_id, [])
    with pytest.raises(Invalid, match="lý do"):
        chamber.do(RUNS, open_review, dossier_id, ["1"], " ")
    with pytest.raises(Forbidden):
        opened(chamber, dossier_id, ["1"], "tinh.vanthu")
    with pytest.raises(NotFound):
        opened(chamber, dossier_id, ["1"], "vpdp.quantri")
    assert not chamber.rows(WithdrawalReview)


def test_steps_are_refused_until_rule_and_papers_are_there(chamber: Chamber) -> None:
    kind = of_ten(chamber)
    dossier_id = chamber.dossier(kind, "published")
    case = opened(chamber, dossier_id, ["2"])
    assert (case.holder_id, case.holder_role) == (chamber.commune, "specialist")
    assert case.parent_id == chamber.main(dossier_id).id
    with pytest.raises(GuardsUnmet) as refused:
        chamber.do(RUNS, step, case.id, 1, "request")
    assert len(refused.value.unmet) == 2  # the rule, and the request that is not there
    chamber.do(COMMUNE_SPECIALIST, step, case.id, 1, "set_failed", failed=["3", "1", "2"])
    assert chamber.one(WithdrawalReview).failed == "1,2,3"
    with pytest.raises(Invalid):
        chamber.do(RUNS, step, case.id, 2, "set_failed")
    with pytest.raises(StaleVersion):
        chamber.do(RUNS, step, case.id, 1, "set_failed", failed=["1"])
    with pytest.raises(GuardsUnmet) as refused:
        chamber.do(RUNS, step, case.id, 2, "request")
    assert len(refused.value.unmet) == 1
    with pytest.raises(TransitionNotAllowed):
        chamber.do("tinh.vanthu", step, case.id, 2, "revoke")
    with pytest.raises(NotFound):
        chamber.do(RUNS, step, chamber.main(dossier_id).id, 1, "request")


def test_a_review_is_not_found_under_another_dossier(chamber: Chamber) -> None:
    kind = chamber.kind()
    case = opened(chamber, chamber.dossier(kind, "published"), ["1"])
    with pytest.raises(NotFound):
        chamber.see(RUNS, view_review, chamber.dossier(kind, "published"), case.id)


def test_facts_name_what_is_missing(chamber: Chamber) -> None:
    kind = of_ten(chamber)
    dossier_id = chamber.dossier(kind, "published")
    case = opened(chamber, dossier_id, ["1", "2", "3"])
    with chamber.office.reading(None) as reading:
        facts = withdrawal_facts(
            reading,
            reading.get(Dossier, dossier_id),
            kind,
            reading.get(Case, case.id),
            chamber.one(WithdrawalReview),
        )
    assert facts.rule_unmet is None
    assert facts.request_unmet
    assert facts.decision_unmet
    assert not chamber.rows(Move, Move.case_id == case.id)


def test_the_decision_withdraws_the_recognition_with_it(chamber: Chamber) -> None:
    dossier_id = chamber.dossier(of_ten(chamber), "published")
    case = opened(chamber, dossier_id, ["1", "2", "3"])
    request = chamber.issued(STAFF[COORDINATION], "to_trinh")
    chamber.do(RUNS, link_paper, dossier_id, "withdrawal_request", request, case.id)
    asked = chamber.do(RUNS, step, case.id, 1, "request")
    assert (asked.state, asked.holder_id, asked.holder_role) == (
        "requested",
        chamber.province,
        "clerk",
    )
    with pytest.raises(GuardsUnmet, match="quyết định thu hồi"):
        chamber.do(REGISTRAR, step, case.id, 2, "revoke")
    decision = chamber.issued(STAFF[PROVINCE], "quyet_dinh")
    chamber.do(REGISTRAR, link_paper, dossier_id, "withdrawal_decision", decision, case.id)
    with pytest.raises(Forbidden):
        chamber.do(RUNS, step, case.id, 2, "revoke")
    assert chamber.main(dossier_id).state == "published"
    chamber.do(REGISTRAR, step, case.id, 2, "revoke")
    assert chamber.main(dossier_id).state == "revoked"
    assert chamber.one(Case, Case.id == case.id).state == "revoked"
    (move,) = chamber.rows(Move, Move.case_id == chamber.main(dossier_id).id)
    assert (move.trigger, move.person_id) == ("revoke", None)
    with pytest.raises(GuardsUnmet, match="công bố"):
        opened(chamber, dossier_id, ["1"])
    chamber.check_journals()
