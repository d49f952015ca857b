"""Images that signatures show: a person's in blue, the organisation's seal in red (Annex I)."""

from __future__ import annotations

import uuid

from fastapi import APIRouter, Response

from api.auth import ActorHere, OfficeHere
from api.dependencies import (
    Changing,
    Posting,
    Replacing,
    Shown,
    Version,
    shown,
    starting_from,
    version_of,
)
from api.problems import documented
from api.routes.organisations import CHANGING, MAKING
from api.schemas.images import ImageDetail, ImageIn, ImageOut
from api.schemas.organisations import End
from workflow import imagery
from workflow.actor import Actor
from workflow.imagery import Owner, Picture
from workflow.office import Office, Transaction
from workflow.records import SignatureImage
from workflow.rules.errors import Forbidden, Invalid, NotAuthenticated, NotFound, Unavailable

router = APIRouter(
    tags=["images"],
    responses=documented(NotAuthenticated, NotFound, Forbidden, Invalid, Unavailable),
)


@router.put("/organisations/{organisation_id}/seal-image", response_model=ImageOut)
def register_seal_image(
    organisation_id: uuid.UUID, body: ImageIn, replacing: Replacing
) -> Response:
    """From today on the agency's signature shows this seal, red and of its actual size."""
    return _register(replacing, Owner(organisation_id), body)


@router.get("/organisations/{organisation_id}/seal-image", response_model=ImageDetail)
def show_seal_image(organisation_id: uuid.UUID, office: OfficeHere, actor: ActorHere) -> Response:
    """Today's seal, for whoever keeps the agency's key and for administrators."""
    return _shown(office, actor, Owner(organisation_id))


@router.put(
    "/organisations/{organisation_id}/people/{person_id}/signature-image", response_model=ImageOut
)
def register_signature_image(
    organisation_id: uuid.UUID, person_id: uuid.UUID, body: ImageIn, replacing: Replacing
) -> Response:
    """From today on this person's signatures for the organisation show this image, in blue."""
    return _register(replacing, Owner(organisation_id, person_id), body)


@router.get(
    "/organisations/{organisation_id}/people/{person_id}/signature-image",
    response_model=ImageDetail,
)
def show_signature_image(
    organisation_id: uuid.UUID, person_id: uuid.UUID, office: OfficeHere, actor: ActorHere
) -> Response:
    """Today's image of a signature, for the person and for administrators."""
    return _shown(office, actor, Owner(organisation_id, person_id))


@router.post(
    "/signature-images/{image_id}/end", response_model=ImageOut, responses={**MAKING, **CHANGING}
)
def end_image(image_id: uuid.UUID, body: End, version: Version, posting: Posting) -> Response:
    """It is shown no more from that day on; what was signed keeps it."""

    def work(tx: Transaction) -> Shown:
        with starting_from(tx, SignatureImage, image_id, version):
            imagery.end_image(tx, image_id, body.on)
        row = tx.get(SignatureImage, image_id)
        return Shown(ImageOut.of(row), version_of(row))

    return posting.change(work)


def _register(replacing: Changing, owner: Owner, body: ImageIn) -> Response:
    picture = Picture(body.image, body.width_mm, body.height_mm)
    ref = imagery.keep_picture(replacing.office, replacing.actor, owner, picture)

    def work(tx: Transaction) -> Shown:
        row = imagery.register(tx, owner, picture, ref)
        return Shown(ImageOut.of(row), version_of(row))

    return replacing.change(work)


def _shown(office: Office, actor: Actor, owner: Owner) -> Response:
    with office.reading(actor) as reading:
        row = imagery.image_of(reading, owner)
    png = imagery.read_picture(office, row.organisation_id, row.sha256, row.size_bytes)
    return shown(ImageDetail.whole(row, png), version_of(row))
