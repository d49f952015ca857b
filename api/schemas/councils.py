"""Councils and their votes: members and ballots in, what was cast and counted out."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field, StrictInt

from api.schemas.values import Moment, Name, Opinion, Payload, Shape
from workflow.councils import CouncilView
from workflow.facts.votes import MemberLine, points_of
from workflow.records import Ballot, Council, CouncilMember
from workflow.rules.council import PART_LABELS
from workflow.rules.results import RatingResult, VoteResult, truncated
from workflow.voting import VoteView

Part = Literal["chair", "vice_chair", "secretary", "member"]


class MemberIn(Payload):
    person_id: uuid.UUID
    part: Part


Members = Annotated[list[MemberIn], Field(max_length=200)]


class CouncilIn(Payload):
    """A council by the decision that sets it up."""

    organisation_id: uuid.UUID
    name: Name
    basis: Opinion = Field(description="Số, ngày quyết định thành lập.")
    members: Members
    valid_from: date | None = None


class MembersIn(Payload):
    """Who sits in the council from a day on; whoever is not named leaves on that day."""

    basis: Opinion = Field(description="The decisions as they now stand.")
    members: Members
    on: date | None = Field(default=None, description="Today where it is not given.")


class NameCouncil(Payload):
    council_id: uuid.UUID


class BallotIn(Payload):
    """A choice or, where the kind is rated, points for every criterion."""

    choice: Literal["agree", "disagree", "blank"] | None = None
    points: dict[str, StrictInt] | None = Field(default=None, description="By criterion.")
    note: Opinion | None = None


class MemberOut(Shape):
    person_id: uuid.UUID
    person: str
    part: str
    part_label: str

    @classmethod
    def of(cls, member: CouncilMember, full_name: str) -> MemberOut:
        return cls(
            person_id=member.person_id,
            person=full_name,
            part=member.part,
            part_label=PART_LABELS[member.part],
        )


class SeatOut(MemberOut):
    """A member with the days on which they sit."""

    valid_from: date
    valid_to: date | None


class CouncilOut(Shape):
    id: uuid.UUID
    organisation_id: uuid.UUID
    name: str
    basis: str
    valid_from: date
    valid_to: date | None


class CouncilDetail(CouncilOut):
    version: int = Field(description='Send it as `If-Match: "<version>"` to change the members.')
    members: list[SeatOut] = Field(description="Those who sit in it, and those who are to join.")

    @classmethod
    def whole(cls, view: CouncilView) -> CouncilDetail:
        return cls(
            **dict(CouncilOut.model_validate(view.council)),
            version=view.version,
            members=[
                SeatOut(
                    **dict(MemberOut.of(member, full_name)),
                    valid_from=member.valid_from,
                    valid_to=member.valid_to,
                )
                for member, full_name in view.members
            ],
        )


class BallotOut(Shape):
    choice: str
    points: dict[str, int] | None
    note: str | None
    at: Moment

    @classmethod
    def of(cls, ballot: Ballot) -> BallotOut:
        return cls(
            choice=ballot.choice,
            points=points_of(ballot) or None,
            note=ballot.note,
            at=ballot.at,
        )


class VoterOut(MemberOut):
    ballot: BallotOut | None = Field(
        description="Null where none was cast, and to whoever may not see it."
    )

    @classmethod
    def cast_by(cls, line: MemberLine, *, shown: bool) -> VoterOut:
        ballot = BallotOut.of(line.ballot) if shown and line.ballot else None
        return cls(**dict(MemberOut.of(line.member, line.full_name)), ballot=ballot)


class VoteResultOut(Shape):
    """Exact fractions as `n/d`; percentages are truncated, never rounded up."""

    passed: bool
    agree: int
    disagree: int
    blank: int
    taking_part: int
    share: str | None
    share_percent: str | None

    @classmethod
    def of(cls, result: VoteResult) -> VoteResultOut:
        return cls(
            passed=result.passed,
            agree=result.agree,
            disagree=result.disagree,
            blank=result.blank,
            taking_part=result.taking_part,
            share=_fraction(result.share),
            share_percent=None if result.share is None else truncated(result.share * 100),
        )


class RatingResultOut(Shape):
    """The average as the exact fraction it is and, truncated, as minutes print it."""

    stars: int | None
    decided_by: str | None
    average: str | None
    average_points: str | None
    totals: list[int] = Field(description="Of every ballot, from the lowest.")
    counted: list[int] = Field(description="Of those that are averaged.")
    by_criterion: dict[str, str] = Field(description="The average of each criterion.")

    @classmethod
    def of(cls, result: RatingResult) -> RatingResultOut:
        return cls(
            stars=result.grade.stars if result.grade else None,
            decided_by=result.grade.decided_by if result.grade else None,
            average=_fraction(result.average),
            average_points=None if result.average is None else truncated(result.average),
            totals=list(result.totals),
            counted=list(result.counted),
            by_criterion={code: truncated(one) for code, one in result.by_criterion.items()},
        )


class VoteOut(Shape):
    """The vote on a dossier. Until it is closed: your own ballot and how many were cast."""

    council: CouncilOut | None
    opened_at: Moment | None
    closed_at: Moment | None
    rule: str = Field(description="`all_met`: ballots are choices; `points`: they are points.")
    members: list[VoterOut]
    cast: int
    own: BallotOut | None
    quorum_unmet: str | None = Field(description="After the close: why there was no quorum.")
    outcome: str | None = Field(
        description="After the close: passed, failed; province, centre, nobody; or none."
    )
    vote: VoteResultOut | None
    rating: RatingResultOut | None

    @classmethod
    def of(cls, view: VoteView) -> VoteOut:
        state = view.state
        result = state.result if view.sees_result else None
        return cls(
            council=_council(state.council),
            opened_at=state.session.opened_at if state.session else None,
            closed_at=state.session.closed_at if state.session else None,
            rule=view.kind.rule,
            members=_voters(state.members, shown=view.sees_ballots),
            cast=state.cast,
            own=BallotOut.of(view.own) if view.own else None,
            quorum_unmet=state.quorum_unmet if view.sees_result else None,
            outcome=state.outcome if view.sees_result else None,
            vote=VoteResultOut.of(result) if isinstance(result, VoteResult) else None,
            rating=RatingResultOut.of(result) if isinstance(result, RatingResult) else None,
        )


def _council(council: Council | None) -> CouncilOut | None:
    return CouncilOut.model_validate(council) if council else None


def _voters(lines: Sequence[MemberLine], *, shown: bool) -> list[VoterOut]:
    return [VoterOut.cast_by(line, shown=shown) for line in lines]


def _fraction(value: Fraction | None) -> str | None:
    return None if value is None else f"{value.numerator}/{value.denominator}"
