"""Bytes first: a file is sent before the document that will use it."""

from __future__ import annotations

import uuid

from fastapi import APIRouter, Response

from api.dependencies import Shown
from api.problems import MediaTypeRefused, documented
from api.schemas.values import Moment, Shape
from api.streaming import BODY_SCHEMA, Delivered
from api.validation import HeaderInvalid
from workflow.office import Transaction
from workflow.rules.errors import (
    KeyReused,
    NotAuthenticated,
    NotFound,
    SecretRefused,
    TooLarge,
    Unavailable,
    UnreadableDocument,
)
from workflow.uploads import record_upload

router = APIRouter(tags=["uploads"])


class Upload(Shape):
    id: uuid.UUID
    organisation_id: uuid.UUID
    sha256: str
    size_bytes: int
    uploaded_at: Moment


@router.post(
    "/uploads",
    status_code=201,
    response_model=Upload,
    openapi_extra=BODY_SCHEMA,
    responses=documented(
        NotAuthenticated,
        NotFound,
        SecretRefused,
        TooLarge,
        MediaTypeRefused,
        UnreadableDocument,
        KeyReused,
        HeaderInvalid,
        Unavailable,
    ),
)
def upload(delivery: Delivered) -> Response:
    """Send a PDF as the raw body, to be named by the request that makes a document of it.

    It is not looked into yet: a damaged file is received too, and returned later with its verdict.
    """
    changing = delivery.changing
    ref = changing.office.keep(delivery.organisation_id, delivery.file)

    def work(tx: Transaction) -> Shown:
        return Shown(Upload.model_validate(record_upload(tx, delivery.organisation_id, ref)))

    return changing.change(work, status=201)
