"""What the ballots say: recounted each time from the ballots themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement

from workflow.office import Actor, Reading
from workflow.records import Ballot, Council, CouncilMember, CouncilSession, Dossier
from workflow.rules.dossier import Outcome
from workflow.rules.kinds import Kind


@dataclass(frozen=True)
class MemberLine:
    """A member of the day the vote was opened, and the ballot that counts."""

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
    result: object | None
    """A VoteResult, of a rating a RatingResult; None where the vote was not opened."""

    @property
    def council_named(self) -> bool:
        return self.session is not None


def vote_state(reading: Reading, dossier: Dossier, kind: Kind) -> VoteState:
    """What the newest session of the dossier's council says."""
    raise NotImplementedError


def sits_before(actor: Actor) -> ColumnElement[bool]:
    """A condition on `Dossier`: those that are, or were, before a council the actor sits in."""
    raise NotImplementedError
