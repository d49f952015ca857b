"""Reviewing whether a recognition is to be withdrawn (xét thu hồi quyết định công nhận)."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from workflow.dossier_contents import find_whole
from workflow.dossiers import case_of, journal, take_system_step
from workflow.facts.withdrawals import failed_of, review_of, reviews_of, withdrawal_facts
from workflow.kinds import kind_of
from workflow.office import Reading, Transaction
from workflow.parties import parties_of
from workflow.records import Case, Dossier, Move, WithdrawalReview
from workflow.rules import machine
from workflow.rules.catalogues import CATALOGUES
from workflow.rules.errors import Duplicate, Forbidden, GuardsUnmet, Invalid, NotFound
from workflow.rules.kinds import Kind
from workflow.transitions import fire, open_case, options, stated, workflow_of

_REVIEW = "withdrawal"
#: Who may begin a review, in the agency that applied or in the office.
_BEGINS = ("specialist", "unit_head", "clerk", "leader")
_PARTIES = ("applicant", "office")


@dataclass(frozen=True)
class ReviewView:
    """A withdrawal review, with what the actor may do."""

    case: Case
    review: WithdrawalReview
    kind: Kind
    failed: tuple[str, ...]
    state_label: str
    rule_unmet: str | None
    options: Sequence[machine.Option]
    moves: Sequence[Move]


def open_review(
    tx: Transaction, dossier_id: uuid.UUID, failed: Collection[str], reason: str
) -> Case:
    """Begin to review whether the recognition is lost; `failed` are the criteria met no more.

    Raises:
        NotFound, Forbidden. Invalid: unknown criteria, no reason.
        GuardsUnmet: nothing was recognised and published, or no rule was found for its kind.
        Duplicate: a review is going on.
    """
    dossier = find_whole(tx, dossier_id)
    _require_party(tx, dossier)
    # Locked, so that two who begin at once find each other.
    main = tx.lock_case(case_of(tx, dossier.id).id)
    kind = kind_of(tx, dossier)
    _check_open(tx, dossier, kind, main)
    stated(reason)()
    if not failed:
        raise Invalid([("/failed", "Phải nêu ít nhất một tiêu chí không còn đạt.")])
    case = open_case(
        tx,
        _REVIEW,
        dossier,
        parent=main,
        holder=_first_move(tx),
        parties=parties_of(tx, dossier),
        days=kind.days,
    )
    tx.session.flush()
    tx.add(
        WithdrawalReview(
            case_id=case.id,
            dossier_id=dossier.id,
            failed=_joined(kind, failed),
            reason=reason,
            opened_by=tx.actor.person_id,
        )
    )
    journal(tx, dossier, "open_withdrawal_review", case, failed=sorted(failed))
    return case


def step(
    tx: Transaction,
    case_id: uuid.UUID,
    version: int,
    trigger: str,
    *,
    failed: Collection[str] | None = None,
    reason: str | None = None,
) -> Case:
    """Take one step of a review; the last withdraws the recognition with it.

    Raises:
        NotFound, StaleVersion, TransitionNotAllowed, Forbidden, GuardsUnmet.
        Invalid: unknown criteria, or a reason is wanted.
    """
    dossier, review = _find(tx, case_id)
    # The dossier's case first, as whoever moves it and its parts does.
    main = tx.lock_case(case_of(tx, dossier.id).id)
    case = tx.lock_case(case_id, version)
    kind = kind_of(tx, dossier)

    def record_failed() -> None:
        if failed is None:
            raise Invalid([("/failed", "Phải nêu các tiêu chí không còn đạt.")])
        review.failed = _joined(kind, failed)

    def revoke() -> None:
        # The move and the review's decision say all there is to say.
        take_system_step(tx, main, "revoke", {"record_revocation": lambda _case, _dossier: None})

    taken = fire(
        tx,
        case,
        trigger,
        withdrawal_facts(tx, dossier, kind, case, review),
        effects={
            "record_failed_criteria": record_failed,
            "record_reason": stated(reason),
            "revoke_recognition": revoke,
        },
        opinion=reason,
        parties=parties_of(tx, dossier),
        days=kind.days,
    )
    journal(tx, dossier, f"withdrawal.{trigger}", case, source=taken.source, target=taken.target)
    return case


def list_reviews(reading: Reading, dossier_id: uuid.UUID) -> list[ReviewView]:
    """The reviews of a dossier, oldest first. Raises NotFound."""
    dossier = find_whole(reading, dossier_id)
    return [_view(reading, dossier, *found) for found in reviews_of(reading, dossier.id)]


def view_review(reading: Reading, dossier_id: uuid.UUID, case_id: uuid.UUID) -> ReviewView:
    """One review of a dossier. Raises NotFound."""
    dossier, review = _find(reading, case_id)
    if dossier.id != dossier_id:
        raise NotFound("Việc xét thu hồi")
    return _view(reading, dossier, reading.get(Case, case_id), review)


def _view(reading: Reading, dossier: Dossier, case: Case, review: WithdrawalReview) -> ReviewView:
    kind = kind_of(reading, dossier)
    facts = withdrawal_facts(reading, dossier, kind, case, review)
    moves = reading.session.scalars(select(Move).where(Move.case_id == case.id).order_by(Move.id))
    return ReviewView(
        case,
        review,
        kind,
        failed=failed_of(review),
        state_label=workflow_of(reading, case).state(case.state).label,
        rule_unmet=facts.rule_unmet,
        options=options(reading, case, facts, parties_of(reading, dossier)),
        moves=moves.all(),
    )


def _find(reading: Reading, case_id: uuid.UUID) -> tuple[Dossier, WithdrawalReview]:
    review = review_of(reading, case_id)
    if review is None:
        raise NotFound("Việc xét thu hồi")
    return find_whole(reading, review.dossier_id), review


def _require_party(tx: Transaction, dossier: Dossier) -> None:
    parties = parties_of(tx, dossier)
    held = {role for party in _PARTIES for role in tx.actor.roles_in(parties[party])}
    if held.isdisjoint(_BEGINS):
        raise Forbidden([f"{party}:{role}" for party in _PARTIES for role in _BEGINS])


def _check_open(tx: Transaction, dossier: Dossier, kind: Kind, main: Case) -> None:
    if main.state != "published":
        raise GuardsUnmet(["Chỉ xét thu hồi khi quyết định công nhận đã được công bố."])
    if kind.withdrawal is None:
        raise GuardsUnmet([f"Không tìm thấy quy định thu hồi đối với “{kind.title}”."])
    going_on = [case for case, _ in reviews_of(tx, dossier.id) if case.closed_at is None]
    if going_on:
        raise Duplicate("Đang xét thu hồi quyết định công nhận này.", [str(going_on[0].id)])


def _joined(kind: Kind, failed: Collection[str]) -> str:
    """The codes as kept, in the kind's order. Raises Invalid: a code that it does not have."""
    known = [criterion.code for criterion in kind.criteria]
    errors = [
        (f"/failed/{position}", f"Không có tiêu chí “{code}”.")
        for position, code in enumerate(failed)
        if code not in known
    ]
    if errors:
        raise Invalid(errors)
    return ",".join(code for code in known if code in failed)


def _first_move(tx: Transaction) -> machine.Holder:
    workflow = tx.office.law.workflows[_REVIEW]
    return machine.holder_in(workflow, workflow.initial, None, CATALOGUES[_REVIEW].holders)
