"""Who is charged with what in a province: offices, departments, and who took over from whom."""

from __future__ import annotations

import uuid
from datetime import date

from pydantic import Field

from api.schemas.values import Payload, Shape, Word


class DossierRouteIn(Payload):
    kind_code: Word | None = Field(description="Null: every kind of dossier not named.")
    office_id: uuid.UUID
    valid_from: date | None = None


class DossierRouteOut(Shape):
    """Which office receives and appraises dossiers of a kind, until the day before `valid_to`."""

    id: uuid.UUID
    province_id: uuid.UUID
    kind_code: str | None
    office_id: uuid.UUID
    valid_from: date
    valid_to: date | None


class AppraisalDutyIn(Payload):
    field: Word = Field(description="As the criteria of kinds of dossier name it.")
    organisation_id: uuid.UUID
    valid_from: date | None = None


class AppraisalDutyOut(Shape):
    """Which department appraises the criteria of a field, until the day before `valid_to`."""

    id: uuid.UUID
    province_id: uuid.UUID
    field: str
    organisation_id: uuid.UUID
    valid_from: date
    valid_to: date | None


class SuccessionIn(Payload):
    successor_id: uuid.UUID
    effective_on: date = Field(description="The first day on which the successor acts.")


class SuccessionOut(Shape):
    """An organisation that took over another's work."""

    id: uuid.UUID
    predecessor_id: uuid.UUID
    successor_id: uuid.UUID
    effective_on: date
