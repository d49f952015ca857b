"""Signing with a key that its holder keeps: what the token is to sign goes out, its value comes in.

Nothing that activates a key is ever sent here.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, BinaryIO

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from api.auth import ActorHere, OfficeHere
from api.dependencies import Posting, Replacing, Shown
from api.problems import MediaTypeRefused, documented
from api.routes.organisations import MAKING
from api.schemas.pending import (
    SHA256_IN_BASE64URL,
    Accepted,
    PendingList,
    PendingOut,
    PrepareIn,
    ValueIn,
)
from api.streaming import BODY_SCHEMA, PDF, StoredFile, refuse_unread, spooled
from api.validation import HeaderInvalid
from workflow import acceptance, pending
from workflow.office import Reading, Transaction
from workflow.records import Case, PendingSignature, SigningIntent
from workflow.refusals import SigningRefusal
from workflow.rules.errors import (
    GuardsUnmet,
    Invalid,
    NotAuthenticated,
    NotFound,
    TooLarge,
    Unavailable,
    UnreadableDocument,
)
from workflow.viewing import record_view

router = APIRouter(
    tags=["pending signatures"],
    responses=documented(
        NotAuthenticated, NotFound, Invalid, SigningRefusal, GuardsUnmet, Unavailable
    ),
)


@router.post(
    "/documents/{document_id}/pending-signatures",
    status_code=201,
    response_model=PendingList,
    responses=MAKING,
)
def prepare_signatures(
    document_id: uuid.UUID, posting: Posting, body: PrepareIn | None = None
) -> Response:
    """Prepare every signature of a document that waits for your own key.

    The step comes first (`sign`, `seal`, `digitise`). Preparing again replaces what was prepared
    before; the older token is then refused.
    """
    chain = body.chain if body else ()
    ready = pending.prepare(posting.office, posting.actor, document_id, chain)

    def work(tx: Transaction) -> Shown:
        waiting = pending.keep(tx, document_id, ready)
        return Shown(PendingList(items=[PendingOut.of(one) for one in waiting]))

    return posting.change(work, status=201)


@router.get(
    "/pending-signatures/{pending_id}/file",
    response_class=Response,
    responses={200: {"content": {PDF: {"schema": {"type": "string", "format": "binary"}}}}},
)
def download_pending(
    pending_id: uuid.UUID,
    office: OfficeHere,
    actor: ActorHere,
    form: Annotated[
        acceptance.Form,
        Query(
            description="`unsigned`: for a program that signs the file itself, number and date"
            " filled in where they go in now. `prepared`: with room for the value of a token."
        ),
    ] = "unsigned",
) -> Response:
    """The file as it is to be signed. That you read it is logged."""
    with office.reading(actor) as reading:
        held, tail = acceptance.file_of(reading, pending_id, form)
    base = held.base
    record_view(office, actor, held.case.organisation_id, held.case.document_id, form, base.sha256)
    return StoredFile(
        office,
        held.case.organisation_id,
        base.sha256,
        base.size_bytes,
        name=f"{pending_id}.pdf",
        tail=tail,
    )


@router.put("/pending-signatures/{pending_id}/signature", status_code=202, response_model=Accepted)
def complete_with_value(pending_id: uuid.UUID, body: ValueIn, replacing: Replacing) -> Response:
    """Bring the signature value that your token made, once. A wrong one is refused and uses up
    nothing.

    202: a job completes the signature with time-stamp and validation data. Read the document again
    until it has left `signing`, `sealing` or `digitising`.
    """

    def work(tx: Transaction) -> Shown:
        return _accepted(tx, acceptance.accept_value(tx, pending_id, body.token, body.value))

    return replacing.change(work, status=202)


def _door(
    request: Request,
    pending_id: uuid.UUID,
    office: OfficeHere,
    actor: ActorHere,
    token: Annotated[
        str,
        Header(
            alias="Pending-Token",
            pattern=SHA256_IN_BASE64URL,
            description="`token` of the preparation that was signed; a later one replaces it.",
        ),
    ],
) -> str:
    """Everything that can be refused before the first byte of the body is read."""
    with office.reading(actor) as reading:
        held = acceptance.find(reading, pending_id, token)
    refuse_unread(request, held.max_bytes)
    return token


async def _returned(
    request: Request, office: OfficeHere, token: Annotated[str, Depends(_door)]
) -> AsyncIterator[tuple[str, BinaryIO]]:
    async with spooled(request, office) as (spool, _):
        yield token, spool


@router.put(
    "/pending-signatures/{pending_id}/file",
    status_code=202,
    response_model=Accepted,
    openapi_extra=BODY_SCHEMA,
    responses=documented(HeaderInvalid, TooLarge, MediaTypeRefused, UnreadableDocument),
)
def complete_with_file(
    pending_id: uuid.UUID,
    returned: Annotated[tuple[str, BinaryIO], Depends(_returned)],
    replacing: Replacing,
) -> Response:
    """Bring the file back that a desktop program signed as a whole, as the raw body, once.

    It must be the `unsigned` file to the last byte and exactly one revision more: your signature in
    the field. Anything else is refused and uses up nothing. 202 as for a value.
    """
    token, spool = returned
    office, actor = replacing.office, replacing.actor
    with TemporaryDirectory(prefix="vanthu-") as folder:
        path = Path(folder) / "returned.pdf"
        with path.open("wb") as copy:
            shutil.copyfileobj(spool, copy, 1 << 20)
        ref = acceptance.adopt(office, actor, pending_id, token, path)

    def work(tx: Transaction) -> Shown:
        return _accepted(tx, acceptance.accept_file(tx, pending_id, token, ref))

    return replacing.change(work, status=202)


def _accepted(reading: Reading, taken: PendingSignature) -> Shown:
    intent = reading.get(SigningIntent, taken.intent_id)
    assert taken.completed_at is not None
    return Shown(
        Accepted(
            id=intent.id,
            document_id=reading.get(Case, intent.case_id).document_id,
            accepted_at=taken.completed_at,
        )
    )
