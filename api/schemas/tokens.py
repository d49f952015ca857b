"""Tokens for programs."""

from __future__ import annotations

import uuid

from pydantic import AwareDatetime, Field

from api.schemas.values import Moment, Payload, Shape, Title
from workflow.rules.roles import Scope

_SCOPES = (
    "`full`: all that its holder may do; `read`: what may be looked at; `audit`: indicator,"
    " journal and its log, evidence, books, conformance."
)


class TokenIn(Payload):
    name: Title = Field(description="What it is for, in its holder's words.")
    scope: Scope = Field(description=_SCOPES)
    expires_at: AwareDatetime = Field(description="At most 365 days ahead.")


class TokenOut(Shape):
    id: uuid.UUID
    name: str
    scope: Scope = Field(description=_SCOPES)
    created_at: Moment
    expires_at: Moment


class NewToken(TokenOut):
    token: str = Field(
        repr=False, description="Send it as `Authorization: Bearer …`. It is shown once."
    )
