"""What the ballots say: recounted each time from the ballots themselves."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, or_, select

from workflow.actor import Actor
from workflow.office import Reading
from workflow.records import Ballot, Council, CouncilMember, CouncilSession, Dossier, Person
from workflow.rules.council import PART_LABELS
from workflow.rules.dossier import Outcome
from workflow.rules.kinds import Kind, Rule
from workflow.rules.results import RatingResult, VoteResult, rating_result, vote_result

#: Who may grant a grade, as the procedure asks.
_GRANTED_BY: Mapping[str, Outcome] = {"province": "province", "centre": "centre"}


@dataclass(frozen=True)
class MemberLine:
    """A member of the day the vote was opened (before: of today), and the ballot that counts."""

    member: CouncilMember
    full_name: str
    ballot: Ballot | None


@dataclass(frozen=True)
class VoteState:
    """The council of a dossier and its vote."""

    council: Council | None
    session: CouncilSession | None
    members: Sequence[MemberLine]
    quorum_unmet: str | None
    outcome: Outcome
    result: VoteResult | RatingResult | None
    """None where the vote was not opened."""

    @property
    def council_named(self) -> bool:
        return self.session is not None and self.session.closed_at is None

    @property
    def cast(self) -> int:
        """How many members have a ballot in."""
        return sum(line.ballot is not None for line in self.members)


def vote_state(reading: Reading, dossier: Dossier, kind: Kind) -> VoteState:
    """What the newest session of the dossier's council says, in four queries."""
    session = session_of(reading, dossier.id)
    if session is None:
        return VoteState(None, None, (), "Chưa chọn Hội đồng cho hồ sơ này.", "none", None)
    council = reading.get(Council, session.council_id)
    counting = _ballots(reading, session.id)
    lines = [
        MemberLine(member, full_name, counting.get(member.person_id))
        for member, full_name in members_on(reading, council.id, session.opened_on or reading.today)
    ]
    if session.opened_on is None:
        return VoteState(council, session, lines, "Hội đồng chưa bỏ phiếu.", "none", None)
    result = _count(kind, lines)
    return VoteState(council, session, lines, result.quorum_unmet, _outcome(result), result)


def session_of(reading: Reading, dossier_id: uuid.UUID) -> CouncilSession | None:
    """The newest session of a dossier."""
    return reading.session.scalar(
        select(CouncilSession)
        .where(CouncilSession.dossier_id == dossier_id)
        .order_by(CouncilSession.id.desc())
        .limit(1)
    )


def members_on(
    reading: Reading, council_id: uuid.UUID, on: date
) -> list[tuple[CouncilMember, str]]:
    """Who sits in a council on a day, with their names: the chair first."""
    order = list(PART_LABELS)
    rows = reading.session.execute(
        select(CouncilMember, Person.full_name)
        .join(Person, Person.id == CouncilMember.person_id)
        .where(CouncilMember.council_id == council_id, CouncilMember.holds_on(on))
        .order_by(CouncilMember.id)
    )
    seated = [(member, full_name) for member, full_name in rows]
    return sorted(seated, key=lambda one: order.index(one[0].part))


def points_of(ballot: Ballot) -> dict[str, int]:
    """The points of a ballot by criterion; none where it is a choice."""
    points: dict[str, int] = json.loads(ballot.points) if ballot.points else {}
    return points


def sits_before(actor: Actor) -> ColumnElement[bool]:
    """A condition on `Dossier`: those before a council in which the actor sits.

    It holds for the members of the day the vote was opened, also after they have left; until then
    for those who have not left and those who are to join.
    """
    return (
        select(CouncilSession.id)
        .join(CouncilMember, CouncilMember.council_id == CouncilSession.council_id)
        .where(
            CouncilSession.dossier_id == Dossier.id,
            CouncilMember.person_id == actor.person_id,
            or_(
                CouncilSession.opened_on.is_(None) & CouncilMember.valid_to.is_(None),
                (CouncilMember.valid_from <= CouncilSession.opened_on)
                & or_(
                    CouncilMember.valid_to.is_(None),
                    CouncilMember.valid_to > CouncilSession.opened_on,
                ),
            ),
        )
        .correlate(Dossier)
        .exists()
    )


def _ballots(reading: Reading, session_id: uuid.UUID) -> dict[uuid.UUID, Ballot]:
    """Everybody's last ballot."""
    cast = reading.session.scalars(
        select(Ballot).where(Ballot.session_id == session_id).order_by(Ballot.id)
    )
    return {ballot.person_id: ballot for ballot in cast}


def _count(kind: Kind, lines: Sequence[MemberLine]) -> VoteResult | RatingResult:
    """Whoever may not vote on their own agency's dossier still counts as a member here: a council
    of which too many may not vote has no quorum."""
    ballots = [line.ballot for line in lines if line.ballot is not None]
    if kind.rule is Rule.POINTS:
        return rating_result(kind, len(lines), [points_of(ballot) for ballot in ballots])
    return vote_result(kind.vote, len(lines), [ballot.choice for ballot in ballots])


def _outcome(result: VoteResult | RatingResult) -> Outcome:
    """Without a quorum nothing passed and nothing was granted."""
    if isinstance(result, VoteResult):
        return "passed" if result.passed else "failed"
    return _GRANTED_BY.get(result.grade.decided_by, "nobody") if result.grade else "nobody"
