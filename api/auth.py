"""Who asks: a bearer token becomes an actor with the roles of this moment."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from workflow import accounts
from workflow.office import Actor, Office
from workflow.rules.errors import NotAuthenticated

_bearer = HTTPBearer(auto_error=False, description="The token that `POST /sessions` gave.")


def office_of(request: Request) -> Office:
    """The office this counter belongs to."""
    return cast(Office, request.app.state.office)


def token_of(
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> str:
    """The token of the request. Raises NotAuthenticated."""
    if credentials is None:
        raise NotAuthenticated("Yêu cầu chưa kèm phiên đăng nhập.")
    return credentials.credentials


def actor_of(
    office: Annotated[Office, Depends(office_of)], token: Annotated[str, Depends(token_of)]
) -> Actor:
    """The person whose token it is. Raises NotAuthenticated, Unavailable."""
    with office.reading(None) as reading:
        return accounts.authenticate(reading, token)


OfficeHere = Annotated[Office, Depends(office_of)]
Token = Annotated[str, Depends(token_of)]
ActorHere = Annotated[Actor, Depends(actor_of)]
