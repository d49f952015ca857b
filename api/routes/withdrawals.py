"""Reviews whether a recognition is to be withdrawn (xét thu hồi quyết định công nhận)."""

from __future__ import annotations

import uuid

from fastapi import APIRouter, Response

from api.auth import ActorHere, OfficeHere
from api.dependencies import Posting, Shown, Version, shown
from api.problems import documented
from api.routes.dossiers import STEPPING
from api.routes.organisations import MAKING
from api.schemas.values import Page, Paging
from api.schemas.withdrawals import Keep, ReviewIn, ReviewStep, SetFailed, WithdrawalReviewOut
from workflow import withdrawing
from workflow.office import Transaction
from workflow.rules.errors import (
    GuardsUnmet,
    Invalid,
    KeyReused,
    NotAuthenticated,
    NotFound,
    Unavailable,
    UnknownYear,
)
from workflow.viewing import record_view

router = APIRouter(
    prefix="/dossiers/{dossier_id}/withdrawal-reviews",
    tags=["withdrawal reviews"],
    responses=documented(NotAuthenticated, NotFound, Invalid, KeyReused, Unavailable),
)


@router.post(
    "",
    status_code=201,
    response_model=WithdrawalReviewOut,
    responses={**MAKING, **documented(GuardsUnmet, UnknownYear)},
)
def open_review(dossier_id: uuid.UUID, body: ReviewIn, posting: Posting) -> Response:
    """Begin to review a published recognition; one review at a time."""

    def work(tx: Transaction) -> Shown:
        case = withdrawing.open_review(tx, dossier_id, body.failed, body.reason)
        return _shown(tx, dossier_id, case.id)

    return posting.change(
        work,
        status=201,
        location="/dossiers/{dossier_id}/withdrawal-reviews/{case_id}",
    )


@router.get("", response_model=Page[WithdrawalReviewOut])
def list_reviews(
    dossier_id: uuid.UUID, office: OfficeHere, actor: ActorHere, paging: Paging
) -> Response:
    """The reviews of a dossier, oldest first."""
    with office.reading(actor) as reading:
        views = withdrawing.list_reviews(reading, dossier_id)
        return shown(
            paging.cut(
                views,
                lambda view: view.case.id,
                uuid.UUID,
                lambda view: WithdrawalReviewOut.whole(reading, view),
            )
        )


@router.get("/{case_id}", response_model=WithdrawalReviewOut)
def show_review(
    dossier_id: uuid.UUID, case_id: uuid.UUID, office: OfficeHere, actor: ActorHere
) -> Response:
    """One review, with what you may do now. Looking is logged."""
    with office.reading(actor) as reading:
        view = withdrawing.view_review(reading, dossier_id, case_id)
        review = WithdrawalReviewOut.whole(reading, view)
    record_view(office, actor, view.case.organisation_id, dossier_id, "withdrawal_review")
    return shown(review, review.version)


@router.post(
    "/{case_id}/transitions",
    response_model=WithdrawalReviewOut,
    responses=STEPPING,
)
def move_review(
    dossier_id: uuid.UUID,
    case_id: uuid.UUID,
    body: ReviewStep,
    version: Version,
    posting: Posting,
) -> Response:
    """Take one step of a review. Its request and decision are linked as papers of its case; the
    last step withdraws the recognition with it."""

    def work(tx: Transaction) -> Shown:
        withdrawing.view_review(tx, dossier_id, case_id)  # of this dossier, and no other
        withdrawing.step(
            tx,
            case_id,
            version,
            body.trigger,
            failed=body.failed if isinstance(body, SetFailed) else None,
            reason=body.reason if isinstance(body, Keep) else None,
        )
        return _shown(tx, dossier_id, case_id)

    return posting.change(work)


def _shown(tx: Transaction, dossier_id: uuid.UUID, case_id: uuid.UUID) -> Shown:
    tx.session.flush()
    review = WithdrawalReviewOut.whole(tx, withdrawing.view_review(tx, dossier_id, case_id))
    return Shown(review, review.version)
