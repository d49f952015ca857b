"""Tokens for one's own programs."""

from __future__ import annotations

import uuid

from fastapi import APIRouter, Response

from api.auth import ActorHere, CredentialHere, OfficeHere
from api.dependencies import Replacing, Shown, shown
from api.problems import documented
from api.schemas.tokens import NewToken, TokenIn, TokenOut
from api.schemas.values import Page, Paging
from workflow import api_tokens
from workflow.office import Transaction
from workflow.rules.errors import (
    Invalid,
    NotAuthenticated,
    NotFound,
    ScopeTooNarrow,
    Unavailable,
)

router = APIRouter(
    prefix="/tokens",
    tags=["tokens"],
    responses=documented(NotAuthenticated, ScopeTooNarrow, Unavailable),
)


@router.post("", status_code=201, response_model=NewToken, responses=documented(Invalid))
def make_token(
    body: TokenIn, office: OfficeHere, actor: ActorHere, credential: CredentialHere
) -> NewToken:
    """A token for a program of yours: never wider than yours, and never outliving it.

    As `POST /sessions` it takes no `Idempotency-Key`, because an answer that is kept for the next
    time would keep the token in clear. Sent twice it makes two, which `GET /tokens` lists.
    """
    with office.transaction(actor) as tx:
        row, token = api_tokens.make_token(
            tx,
            name=body.name,
            scope=body.scope,
            expires_at=body.expires_at,
            asking=credential.token_id,
        )
        return NewToken(**TokenOut.model_validate(row).model_dump(), token=token)


@router.get("", response_model=Page[TokenOut], responses=documented(Invalid))
def list_tokens(office: OfficeHere, actor: ActorHere, paging: Paging) -> Response:
    """Your programs' tokens that still hold; of the secret nothing is shown."""
    with office.reading(actor) as reading:
        rows = api_tokens.tokens_of(reading)
        return shown(paging.cut(rows, lambda row: row.id, uuid.UUID, TokenOut.model_validate))


@router.delete(
    "/{token_id}", status_code=204, response_class=Response, responses=documented(NotFound, Invalid)
)
def end_token(token_id: uuid.UUID, changing: Replacing) -> Response:
    """The token holds no more, at once."""

    def work(tx: Transaction) -> Shown:
        api_tokens.end_token(tx, token_id)
        return Shown(None)

    return changing.change(work, status=204)
