"""Who audits where."""

from __future__ import annotations

import uuid
from datetime import date

from pydantic import Field

from api.dependencies import version_of
from api.schemas.organisations import Dated
from api.schemas.values import Opinion, Payload
from workflow.records import AuditMandate


class AuditMandateIn(Payload):
    person_id: uuid.UUID
    subtree: bool = Field(description="With every organisation placed under this one.")
    basis: Opinion = Field(description="Số, ngày văn bản giao nhiệm vụ.")
    valid_from: date | None = None
    valid_to: date | None = None


class AuditMandateOut(Dated):
    person_id: uuid.UUID
    organisation_id: uuid.UUID
    subtree: bool
    basis: str

    @classmethod
    def of(cls, row: AuditMandate) -> AuditMandateOut:
        return cls(
            id=row.id,
            version=version_of(row),
            valid_from=row.valid_from,
            valid_to=row.valid_to,
            person_id=row.person_id,
            organisation_id=row.organisation_id,
            subtree=row.subtree,
            basis=row.basis,
        )
