"""What was not done as the decree asks, and what this system does of what Annex VI asks."""

from __future__ import annotations

import uuid
from typing import Literal

from pydantic import Field

from api.schemas.values import Moment, Shape


class ViolationOut(Shape):
    code: str
    clause: str
    title: str
    since: str = Field(description="Since when a document is an instance.")
    count: int


class ConformanceOut(Shape):
    """How many documents are an instance of each violation, as of a moment."""

    organisation_id: uuid.UUID
    organisations: int = Field(description="How many were looked at.")
    as_of: Moment
    violations: list[ViolationOut]


class InstanceOut(Shape):
    """One document that is an instance. Without `done_at` it is still owed."""

    document_id: uuid.UUID
    organisation_id: uuid.UUID
    direction: str
    number: int | None = Field(description="Its number in the register, if it has one.")
    number_code: str | None
    subject: str | None
    due_at: Moment | None
    done_at: Moment | None
    late_seconds: int | None = Field(description="When it was done, or by now.")


class RequirementOut(Shape):
    clause: str
    asked: str
    standing: Literal["met", "partly", "not"]
    where: str
    missing: str | None


class AnnexOut(Shape):
    """Every line of ND 30/2020 Annex VI, and how far this system does it."""

    met: int
    partly: int
    not_met: int
    requirements: list[RequirementOut]
