"""Votes, points and failed criteria at their boundaries, exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from workflow.lawbook import Lawbook
from workflow.rules.errors import Invalid
from workflow.rules.indicator import parse_period
from workflow.rules.kinds import Confidence, Source, Vote, Withdrawal, choose
from workflow.rules.results import (
    grade_of,
    rating_result,
    truncated,
    valid_until,
    vote_result,
    withdrawal_unmet,
)

KINDS = Lawbook.read().kinds
NTM = choose(KINDS, "commune_ntm", parse_period("2025"))
LATER = choose(KINDS, "commune_ntm", parse_period("2026"))
OCOP = choose(KINDS, "ocop_product", parse_period("2026"))
SOURCE = Source("x", Confidence.OURS)
VOTE = Vote(Fraction(2, 3), Fraction(9, 10), False, SOURCE)

counts = st.integers(min_value=0, max_value=60)


# Votes.


@pytest.mark.parametrize(
    ("members", "taking_part", "unmet"),
    [
        (3, 2, None),  # exactly two thirds
        (3, 1, "Mới có 1/3 thành viên bỏ phiếu, cần ít nhất 2."),
        (9, 6, None),
        (9, 5, "Mới có 5/9 thành viên bỏ phiếu, cần ít nhất 6."),
        (5, 4, None),
        (5, 3, "Mới có 3/5 thành viên bỏ phiếu, cần ít nhất 4."),
        (5, 0, "Mới có 0/5 thành viên bỏ phiếu, cần ít nhất 4."),
        (0, 0, "Mới có 0/0 thành viên bỏ phiếu, cần ít nhất 1."),
    ],
)
def test_a_quorum(members: int, taking_part: int, unmet: str | None) -> None:
    found = vote_result(VOTE, members, ["agree"] * taking_part)
    assert found.quorum_unmet == unmet
    assert found.passed is (unmet is None)


@pytest.mark.parametrize(
    ("agree", "disagree", "blank", "passed"),
    [
        (9, 1, 0, True),  # exactly 90 %
        (9, 0, 1, True),
        (8, 1, 1, False),
        (17, 2, 0, False),  # 89.47 %
        (18, 2, 0, True),
        (899, 101, 0, False),
        (0, 10, 0, False),
    ],
)
def test_a_share(agree: int, disagree: int, blank: int, passed: bool) -> None:
    choices = ["agree"] * agree + ["disagree"] * disagree + ["blank"] * blank
    found = vote_result(VOTE, len(choices), choices)
    assert found.passed is passed
    assert (found.agree, found.disagree, found.blank) == (agree, disagree, blank)
    assert found.share == Fraction(agree, len(choices))


@given(counts, counts, counts, counts)
def test_a_vote_passes_by_integers(agree: int, disagree: int, blank: int, absent: int) -> None:
    choices = ["agree"] * agree + ["disagree"] * disagree + ["blank"] * blank
    members = len(choices) + absent
    found = vote_result(VOTE, members, choices)
    assert found.taking_part == agree + disagree + blank
    assert (found.quorum_unmet is None) is (
        found.taking_part > 0 and 3 * found.taking_part >= 2 * members
    )
    assert found.passed is (found.quorum_unmet is None and 10 * agree >= 9 * found.taking_part)
    # Nobody's yes takes a passed vote away.
    more = vote_result(VOTE, members + 1, [*choices, "agree"])
    assert more.passed or not found.passed


def test_more_ballots_than_members_and_other_choices_are_faults() -> None:
    with pytest.raises(ValueError, match="members"):
        vote_result(VOTE, 1, ["agree", "agree"])
    with pytest.raises(ValueError, match="choice"):
        vote_result(VOTE, 2, ["agree", "rated"])


# Points.


def ballot(total: int) -> dict[str, int]:
    """A ballot of the product with this total: as much as may be from A, then B, then C."""
    first = min(total, 40)
    second = min(total - first, 25)
    return {"A": first, "B": second, "C": total - first - second}


@pytest.mark.parametrize(
    ("points", "stars", "decided_by"),
    [
        (Fraction(0), 1, "nobody"),
        (Fraction(29_999, 1000), 1, "nobody"),
        (Fraction(30), 2, "nobody"),
        (Fraction(50) - Fraction(1, 10**12), 2, "nobody"),
        (Fraction(50), 3, "province"),
        (Fraction(70) - Fraction(1, 10**12), 3, "province"),
        (Fraction(70), 4, "province"),
        (Fraction(90) - Fraction(1, 10**12), 4, "province"),
        (Fraction(90), 5, "centre"),
        (Fraction(100), 5, "centre"),
    ],
)
def test_lower_bounds_belong_to_the_grade(points: Fraction, stars: int, decided_by: str) -> None:
    grade = grade_of(OCOP, points)
    assert (grade.stars, grade.decided_by) == (stars, decided_by)


@pytest.mark.parametrize(
    ("totals", "average", "stars"),
    [
        ([89, 90], Fraction(179, 2), 4),  # 89.5 is not rounded up to 90
        ([90, 90], Fraction(90), 5),
        ([89, 90, 90, 90], Fraction(359, 4), 4),
        ([69, 70, 71], Fraction(70), 4),
        ([30, 30, 29], Fraction(89, 3), 1),
        # Of five one highest and one lowest do not count.
        ([0, 90, 90, 90, 100], Fraction(90), 5),
        ([50, 50, 50, 49, 100], Fraction(50), 3),
        ([100, 100, 89, 89, 89], Fraction(278, 3), 5),
        # Of four every one does.
        ([0, 90, 90, 100], Fraction(70), 4),
    ],
)
def test_an_average_and_its_grade(totals: list[int], average: Fraction, stars: int) -> None:
    found = rating_result(OCOP, len(totals), [ballot(total) for total in totals])
    assert found.average == average
    assert found.grade is not None
    assert found.grade.stars == stars
    assert found.totals == tuple(sorted(totals))
    assert sum(found.by_criterion.values()) == average


def test_no_grade_without_a_quorum() -> None:
    found = rating_result(OCOP, 9, [ballot(95)] * 5)
    assert found.quorum_unmet == "Mới có 5/9 thành viên bỏ phiếu, cần ít nhất 6."
    assert (found.grade, found.average) == (None, Fraction(95))
    empty = rating_result(OCOP, 9, [])
    assert (empty.grade, empty.average, empty.by_criterion) == (None, None, {})
    assert rating_result(OCOP, 9, [ballot(95)] * 6).grade is not None


def test_extremes_count_where_the_kind_says_so() -> None:
    kind = replace(OCOP, vote=replace(OCOP.vote, drop_extremes=False))
    totals = [0, 90, 90, 90, 100]
    assert rating_result(kind, 5, [ballot(total) for total in totals]).average == 74


@pytest.mark.parametrize(
    "wrong",
    [{"A": 41, "B": 0, "C": 0}, {"A": -1, "B": 0, "C": 0}, {"A": 1, "B": 1}, {**ballot(9), "D": 0}],
)
def test_a_ballot_that_is_not_one_is_a_fault(wrong: Mapping[str, int]) -> None:
    with pytest.raises(ValueError, match=r"points|criterion"):
        rating_result(OCOP, 1, [wrong])
    with pytest.raises(ValueError, match="members"):
        rating_result(OCOP, 1, [ballot(1), ballot(2)])


def test_which_of_equal_totals_is_left_out_does_not_depend_on_the_order() -> None:
    cast = [{"A": n, "B": 20 - n, "C": 0} for n in range(5)]
    assert rating_result(OCOP, 5, cast) == rating_result(OCOP, 5, [*cast[3:], *cast[:3]])


ballots = st.fixed_dictionaries(
    {"A": st.integers(0, 40), "B": st.integers(0, 25), "C": st.integers(0, 35)}
)


@given(st.lists(ballots, min_size=1, max_size=9), st.randoms())
def test_the_order_of_ballots_says_nothing(cast: list[dict[str, int]], chance: object) -> None:
    found = rating_result(OCOP, len(cast), cast)
    shuffled = list(cast)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert rating_result(OCOP, len(cast), shuffled) == found
    assert found.average is not None
    assert found.totals[0] <= found.average <= found.totals[-1]
    assert sum(found.by_criterion.values()) == found.average
    assert len(found.counted) == (len(cast) - 2 if len(cast) >= 5 else len(cast))
    assert found.grade is not None
    better = [one.at_least for one in OCOP.grades if one.stars == found.grade.stars + 1]
    assert found.grade.at_least <= found.average < min(better, default=101)


# Withdrawal.

PLAIN = [str(n) for n in (1, 2, 3, 4, 5, 6, 7, 9, 11, 12)]  # none of the key criteria
INCOME = "10"


@pytest.mark.parametrize(
    ("failed", "withdrawn"),
    [
        ([*PLAIN[:4], INCOME], False),  # 5/19: 26.3 %
        (PLAIN[:6], False),  # 6/19: 31.6 %, no key criterion
        ([*PLAIN[:5], INCOME], True),
        (PLAIN[:9], False),  # 9/19: 47.4 %
        ([*PLAIN[:8], INCOME], True),
        (PLAIN[:10], True),  # 10/19: 52.6 %
        ([], False),
        (["8.1", "8.2", "8.3", "8.4", INCOME], False),  # two criteria, however many parts
        ([*PLAIN[:4], "8.1", INCOME], True),
    ],
)
def test_of_19_criteria_the_limits_are_6_and_10(failed: list[str], withdrawn: bool) -> None:
    assert (withdrawal_unmet(NTM.withdrawal, NTM, failed) is None) is withdrawn


def test_why_not() -> None:
    assert withdrawal_unmet(NTM.withdrawal, NTM, PLAIN[:9]) == (
        "Có 9/19 tiêu chí không còn đạt; chỉ thu hồi khi từ 10 tiêu chí, hoặc từ 6 tiêu chí"
        " trong đó có một trong: “Thu nhập”, “Môi trường và an toàn thực phẩm”,"
        " “Quốc phòng và An ninh”."
    )
    assert withdrawal_unmet(LATER.withdrawal, LATER, [one.code for one in LATER.tops]) == (
        "“Xã đạt chuẩn nông thôn mới giai đoạn 2026–2030” không có quy định thu hồi quyết định"
        " công nhận."
    )
    with pytest.raises(Invalid) as refused:
        withdrawal_unmet(NTM.withdrawal, NTM, ["20"])
    assert refused.value.errors[0][0] == "/failed"


RULE = Withdrawal(Fraction(3, 10), Fraction(1, 2), frozenset({"1"}), SOURCE)


@pytest.mark.parametrize(
    ("total", "failed", "key", "withdrawn"),
    [
        (10, 3, True, True),  # exactly 30 % with a key criterion
        (10, 3, False, False),
        (10, 2, True, False),
        (1000, 299, True, False),
        (1000, 300, True, True),
        (1000, 499, False, False),  # 49.9 % without one
        (1000, 499, True, True),
        (1000, 500, False, True),  # exactly 50 %
        (10, 5, False, True),
    ],
)
def test_the_boundaries_themselves(total: int, failed: int, key: bool, withdrawn: bool) -> None:
    kind = replace(
        NTM,
        criteria=tuple(replace(NTM.criteria[0], code=str(n + 1)) for n in range(total)),
        withdrawal=RULE,
    )
    codes = [str(n + (1 if key else 2)) for n in range(failed)]
    assert (withdrawal_unmet(RULE, kind, codes) is None) is withdrawn


@given(st.sets(st.sampled_from([one.code for one in NTM.tops])))
@example(set())
def test_withdrawal_by_integers(failed: set[str]) -> None:
    key = bool(failed & {"10", "17", "19"})
    wanted = 2 * len(failed) >= 19 or (10 * len(failed) >= 3 * 19 and key)
    assert (withdrawal_unmet(NTM.withdrawal, NTM, failed) is None) is wanted


# Validity and display.


@pytest.mark.parametrize(
    ("decided_on", "last"),
    [
        (date(2026, 11, 22), date(2029, 11, 22)),
        (date(2024, 2, 29), date(2027, 2, 28)),
        (date(2025, 2, 28), date(2028, 2, 28)),
        (date(2026, 12, 31), date(2029, 12, 31)),
    ],
)
def test_a_certificate_is_valid_for_36_months(decided_on: date, last: date) -> None:
    assert valid_until(OCOP, decided_on) == last
    assert valid_until(NTM, decided_on) is None


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        (Fraction(8999999, 100000), 2, "89,99"),
        (Fraction(179, 2), 2, "89,50"),
        (Fraction(90), 2, "90,00"),
        (Fraction(899, 10), 0, "89"),
        (Fraction(1, 3), 3, "0,333"),
        (Fraction(1, 1000), 2, "0,00"),
    ],
)
def test_what_is_shown_is_truncated(value: Fraction, places: int, text: str) -> None:
    assert truncated(value, places) == text


@given(st.fractions(min_value=0, max_value=100), st.integers(1, 6))
def test_what_is_shown_is_never_more(value: Fraction, places: int) -> None:
    shown = Fraction(truncated(value, places).replace(",", "."))
    assert shown <= value < shown + Fraction(1, 10**places)
