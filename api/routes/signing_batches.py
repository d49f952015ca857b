"""Signing a list: one request, a job that signs document by document, a result for each."""

from __future__ import annotations

import uuid

from fastapi import APIRouter, Response

from api.auth import ActorHere, OfficeHere
from api.dependencies import Posting, Shown, Version, shown, starting_from, version_of
from api.problems import documented
from api.routes.organisations import CHANGING, MAKING
from api.schemas.signing_batches import SigningBatchIn, SigningBatchOut
from workflow import batches
from workflow.batches import Reviewed
from workflow.office import Reading, Transaction
from workflow.records import SigningBatch
from workflow.rules.errors import GuardsUnmet, Invalid, NotAuthenticated, NotFound, Unavailable

router = APIRouter(
    prefix="/signing-batches",
    tags=["signing batches"],
    responses=documented(NotAuthenticated, NotFound, Invalid, Unavailable),
)


@router.post(
    "",
    status_code=202,
    response_model=SigningBatchOut,
    responses={**MAKING, **documented(GuardsUnmet)},
)
def sign_list(body: SigningBatchIn, posting: Posting) -> Response:
    """Sign what you have read, up to 200 documents, with a key that jobs may use.

    This is your act on every one of them. Each is signed as if alone: its conditions are checked
    when its turn comes, and what is refused does not keep the others. The list stops at the first
    fault of the key. Read it again to see how far it is.
    """
    reviewed = [Reviewed(item.document_id, item.content_sha256) for item in body.items]

    def work(tx: Transaction) -> Shown:
        return _detail(tx, batches.ask(tx, reviewed).id)

    return posting.change(work, status=202, location="/signing-batches/{id}")


@router.get("/{batch_id}", response_model=SigningBatchOut)
def show_signing_batch(batch_id: uuid.UUID, office: OfficeHere, actor: ActorHere) -> Response:
    """How far a list of yours is; auditors see those of their organisation."""
    with office.reading(actor) as reading:
        detail = _detail(reading, batch_id)
    assert detail.body is not None
    return shown(detail.body, detail.version)


@router.post(
    "/{batch_id}/resume",
    status_code=202,
    response_model=SigningBatchOut,
    responses={**CHANGING, **documented(GuardsUnmet)},
)
def resume_signing_batch(batch_id: uuid.UUID, version: Version, posting: Posting) -> Response:
    """Go on with a list of yours that was stopped, once the cause is mended."""

    def work(tx: Transaction) -> Shown:
        with starting_from(tx, SigningBatch, batch_id, version):
            batches.resume(tx, batch_id)
        return _detail(tx, batch_id)

    return posting.change(work, status=202)


def _detail(reading: Reading, batch_id: uuid.UUID) -> Shown:
    view = batches.view(reading, batch_id)
    return Shown(SigningBatchOut.of(view), version_of(view.batch))
