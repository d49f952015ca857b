"""What votes, points and failed criteria come to: exact, from the ballots themselves.

Every comparison is between fractions. Nothing is rounded before it is compared, and what is shown
is truncated, so that no total looks like a grade it did not reach.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import ceil

from workflow.rules.deadlines import add_months
from workflow.rules.errors import Invalid
from workflow.rules.kinds import Grade, Kind, Vote, Withdrawal

#: With fewer totals than this, leaving out two of them would leave too little to average.
_ENOUGH_TO_DROP = 5


@dataclass(frozen=True)
class VoteResult:
    """A vote of yes and no. Blank ballots take part and do not agree."""

    quorum_unmet: str | None
    agree: int
    disagree: int
    blank: int
    taking_part: int
    share: Fraction | None
    """Of those taking part, how many agree; None where nobody did."""
    passed: bool


@dataclass(frozen=True)
class RatingResult:
    """A rating by points: the average of the totals that count, and its grade."""

    quorum_unmet: str | None
    totals: tuple[int, ...]
    """Of every ballot, from the lowest."""
    counted: tuple[int, ...]
    """Of those that are averaged."""
    average: Fraction | None
    by_criterion: Mapping[str, Fraction]
    """The average of each criterion over the ballots that count."""
    grade: Grade | None
    """None without a quorum."""


def vote_result(vote: Vote, members: int, choices: Sequence[str]) -> VoteResult:
    """Count ballots (`agree`, `disagree`, `blank`), one per member taking part.

    Raises ValueError for another choice, and for more ballots than members.
    """
    if unknown := set(choices) - {"agree", "disagree", "blank"}:
        raise ValueError(f"no such choice: {sorted(unknown)}")
    agree, taking_part = choices.count("agree"), len(choices)
    unmet = _quorum_unmet(vote, members, taking_part)
    share = Fraction(agree, taking_part) if taking_part else None
    return VoteResult(
        quorum_unmet=unmet,
        agree=agree,
        disagree=choices.count("disagree"),
        blank=choices.count("blank"),
        taking_part=taking_part,
        share=share,
        passed=unmet is None and share is not None and share >= vote.share,
    )


def rating_result(kind: Kind, members: int, ballots: Sequence[Mapping[str, int]]) -> RatingResult:
    """Average ballots, each giving every leaf criterion its points.

    Where the kind drops extremes and five or more were given, one highest and one lowest total do
    not count; which of equal ones does not depend on the order of the ballots. Raises ValueError
    for a ballot with other criteria or points out of range, and for more ballots than members.
    """
    leaves = kind.leaves
    for ballot in ballots:
        if ballot.keys() != {leaf.code for leaf in leaves}:
            raise ValueError("a ballot gives every criterion its points, and no other")
        if any(not 0 <= ballot[leaf.code] <= (leaf.points or 0) for leaf in leaves):
            raise ValueError("points are between 0 and the criterion's")
    ordered = sorted(ballots, key=lambda ballot: (sum(ballot.values()), sorted(ballot.items())))
    dropping = kind.vote.drop_extremes and len(ordered) >= _ENOUGH_TO_DROP
    counted = ordered[1:-1] if dropping else ordered
    totals = tuple(sum(ballot.values()) for ballot in counted)
    average = Fraction(sum(totals), len(totals)) if totals else None
    unmet = _quorum_unmet(kind.vote, members, len(ballots))
    return RatingResult(
        quorum_unmet=unmet,
        totals=tuple(sum(ballot.values()) for ballot in ordered),
        counted=totals,
        average=average,
        by_criterion={
            leaf.code: Fraction(sum(ballot[leaf.code] for ballot in counted), len(counted))
            for leaf in leaves
            if counted
        },
        grade=None if unmet or average is None else grade_of(kind, average),
    )


def grade_of(kind: Kind, points: Fraction) -> Grade:
    """The grade of so many points: lower bounds belong to the grade (QĐ 148/QĐ-TTg)."""
    return next(grade for grade in kind.grades if points >= grade.at_least)


def _quorum_unmet(vote: Vote, members: int, taking_part: int) -> str | None:
    if taking_part > members:
        raise ValueError("more ballots than members")
    needed = max(1, ceil(vote.quorum * members))
    if taking_part >= needed:
        return None
    return f"Mới có {taking_part}/{members} thành viên bỏ phiếu, cần ít nhất {needed}."


def withdrawal_unmet(rule: Withdrawal | None, kind: Kind, failed: Collection[str]) -> str | None:
    """Why these failed criteria do not withdraw recognition; None where they do.

    QĐ 18/2022/QĐ-TTg: from 30 % of the criteria with a key one among them, or from 50 %. Counted
    are the criteria of the set; one of whose parts fails, fails. Raises Invalid for a code that the
    kind does not have.
    """
    if rule is None:
        return f"“{kind.title}” không có quy định thu hồi quyết định công nhận."
    tops = {_top(kind, code) for code in failed}
    total = len(kind.tops)
    share = Fraction(len(tops), total)
    if share >= rule.without_key or (share >= rule.with_key and tops & rule.key_criteria):
        return None
    keys = ", ".join(f"“{one.title}”" for one in kind.tops if one.code in rule.key_criteria)
    return (
        f"Có {len(tops)}/{total} tiêu chí không còn đạt; chỉ thu hồi khi từ"
        f" {ceil(rule.without_key * total)} tiêu chí, hoặc từ {ceil(rule.with_key * total)}"
        f" tiêu chí trong đó có một trong: {keys}."
    )


def _top(kind: Kind, code: str) -> str:
    try:
        criterion = kind.criterion(code)
        while criterion.part_of is not None:
            criterion = kind.criterion(criterion.part_of)
    except KeyError:
        raise Invalid([("/failed", f"“{kind.title}” không có tiêu chí “{code}”.")]) from None
    return criterion.code


def valid_until(kind: Kind, decided_on: date) -> date | None:
    """The last day of a recognition's validity; None where it has no end.

    A term in months ends with the same day of its last month, or that month's last day (Civil Code
    2015 Art. 148.3).
    """
    return None if kind.validity_months is None else add_months(decided_on, kind.validity_months)


def truncated(value: Fraction, places: int = 2) -> str:
    """A number that is not negative, as printed in Vietnam, never rounded up: 89,99."""
    scaled = value.numerator * 10**places // value.denominator
    whole, rest = divmod(scaled, 10**places)
    return f"{whole},{rest:0{places}d}" if places else str(whole)
