"""Signing in, and who is signed in."""

from __future__ import annotations

import uuid
from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr

from api.schemas.values import Moment, Payload, Shape, normal


class SignIn(Payload):
    username: Annotated[str, BeforeValidator(normal), Field(min_length=1, max_length=64)]
    # Bounded, because hashing it is slow on purpose.
    password: Annotated[SecretStr, Field(min_length=1, max_length=200)]


class Session(Shape):
    token: str = Field(
        repr=False, description="Send it as `Authorization: Bearer …`. It is shown once."
    )
    expires_at: Moment


class Membership(Shape):
    organisation_id: uuid.UUID
    name: str
    roles: list[str]
    role_labels: list[str]


class Me(Shape):
    account_id: uuid.UUID
    person_id: uuid.UUID
    full_name: str
    memberships: list[Membership]
    units: list[uuid.UUID]
    headed_units: list[uuid.UUID]
