"""Ballots: cast by the members, replaced until the vote is closed, and each one kept."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import select

from workflow.dossier_contents import find_whole
from workflow.dossiers import journal, lock_dossier
from workflow.facts.votes import MemberLine, VoteState, vote_state
from workflow.kinds import kind_of
from workflow.office import Reading, Transaction
from workflow.parties import parties_of
from workflow.records import Appointment, Ballot, Dossier
from workflow.rules.council import RATED, ballot_errors
from workflow.rules.errors import GuardsUnmet, Invalid
from workflow.rules.kinds import Kind


@dataclass(frozen=True)
class VoteView:
    """The vote on a dossier as one person may see it."""

    dossier: Dossier
    kind: Kind
    state: VoteState
    own: Ballot | None
    sees_result: bool
    sees_ballots: bool


def cast(
    tx: Transaction,
    dossier_id: uuid.UUID,
    choice: str | None = None,
    *,
    points: Mapping[str, int] | None = None,
    note: str | None = None,
) -> Ballot:
    """A member's ballot: a choice or, of a kind that is rated, points for every criterion.

    It replaces the member's earlier one. Members never collide: the dossier's version stays.

    Raises:
        NotFound. GuardsUnmet: not while voting, or not this person. Invalid: not such a ballot.
    """
    # Locked like a step, so that no ballot slips in behind the close that counts them.
    dossier, case = lock_dossier(tx, dossier_id)
    kind = kind_of(tx, dossier)
    state = vote_state(tx, dossier, kind)
    unmet = tuple(_unmet(tx, dossier, state))
    if unmet:
        raise GuardsUnmet(unmet)
    errors = ballot_errors(kind, choice, points)
    if errors:
        raise Invalid(errors)
    assert state.session is not None
    ballot = tx.add(
        Ballot(
            session_id=state.session.id,
            person_id=tx.actor.person_id,
            choice=RATED if choice is None else choice,
            points=None if points is None else json.dumps(points, sort_keys=True),
            note=note,
            at=tx.now,
        )
    )
    # Who voted, not how: the journal is read before the vote is closed, too.
    journal(tx, dossier, "cast_ballot", case, session=state.session.id)
    return ballot


def _unmet(tx: Transaction, dossier: Dossier, state: VoteState) -> Iterator[str]:
    if state.session is None or state.session.opened_at is None:
        yield "Hội đồng chưa mở bỏ phiếu đối với hồ sơ này."
    elif state.session.closed_at is not None:
        yield "Việc bỏ phiếu đã kết thúc, không nhận thêm phiếu."
    if _line_of(state, tx.actor.person_id) is None:
        yield "Chỉ thành viên Hội đồng vào ngày mở bỏ phiếu được bỏ phiếu hồ sơ này."
    if _works_for_applicant(tx, dossier):
        yield "Thành viên công tác tại cơ quan đề nghị không bỏ phiếu hồ sơ của cơ quan mình."


def _line_of(state: VoteState, person_id: uuid.UUID) -> MemberLine | None:
    return next((line for line in state.members if line.member.person_id == person_id), None)


def _works_for_applicant(tx: Transaction, dossier: Dossier) -> bool:
    """Whether the actor would vote on the dossier of their own agency (or of one it took over).

    No text was found that says so for these councils: a conflict of interest, our choice.
    """
    applicants = {dossier.organisation_id, parties_of(tx, dossier)["applicant"]}
    if not applicants.isdisjoint(tx.actor.roles):
        return True
    appointed = select(Appointment.id).where(
        Appointment.person_id == tx.actor.person_id,
        Appointment.organisation_id.in_(applicants),
        Appointment.holds_on(tx.today),
    )
    return bool(tx.session.scalar(select(appointed.exists())))


def view_vote(reading: Reading, dossier_id: uuid.UUID) -> VoteView:
    """The vote on a dossier.

    Until it is closed everybody sees their own ballot and how many were cast; then whoever sees
    all of the dossier sees the result, and the members, the office and the province every ballot.

    Raises NotFound.
    """
    dossier = find_whole(reading, dossier_id)
    kind = kind_of(reading, dossier)
    state = vote_state(reading, dossier, kind)
    closed = state.session is not None and state.session.closed_at is not None
    line = _line_of(state, reading.actor.person_id)
    parties = parties_of(reading, dossier)
    decides = bool(
        reading.actor.roles_in(parties["office"]) | reading.actor.roles_in(parties["province"])
    )
    return VoteView(
        dossier,
        kind,
        state,
        own=line.ballot if line else None,
        sees_result=closed,
        sees_ballots=closed and (decides or line is not None),
    )
