"""What departments found of a dossier so far, and who is charged with what of it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from workflow.office import Reading
from workflow.records import Dossier
from workflow.rules.kinds import Kind


@dataclass(frozen=True)
class DepartmentLine:
    """One department's part: its case, its fields, and its opinion once a document is linked."""

    case_id: uuid.UUID
    organisation_id: uuid.UUID
    organisation: str
    fields: tuple[str, ...]
    state: str
    opened_at: datetime
    due_at: datetime | None
    closed_at: datetime | None
    opinion_id: uuid.UUID | None
    """The document linked as its opinion."""


@dataclass(frozen=True)
class CriterionLine:
    """The newest case of one criterion, with its last finding."""

    case_id: uuid.UUID
    appraisal_case_id: uuid.UUID
    criterion: str
    organisation_id: uuid.UUID
    organisation: str
    state: str
    due_at: datetime | None
    met: bool | None
    points: int | None
    reason: str | None
    appraiser: str | None
    """Who found it, or who was asked to."""
    at: datetime | None
    """When it was found."""


@dataclass(frozen=True)
class AppraisalState:
    """The newest round of a dossier's appraisal."""

    appraisals: int = 0
    open: int = 0
    """Departments that have not given their opinion."""
    criteria_failed: tuple[str, ...] = ()
    """A sentence for each criterion found not met."""
    departments: Sequence[DepartmentLine] = ()
    criteria: Sequence[CriterionLine] = ()


def appraisal_state(reading: Reading, dossier: Dossier, kind: Kind) -> AppraisalState:
    """Where the appraisal stands, in a constant number of queries."""
    raise NotImplementedError


def duties_unmet(reading: Reading, dossier: Dossier, kind: Kind) -> tuple[str, ...]:
    """A sentence for each field of the kind that no department is charged with today."""
    raise NotImplementedError


def returned_criteria(reading: Reading, dossier: Dossier) -> frozenset[str]:
    """The criteria whose evidence the applicant was asked to supplement, and may change now."""
    raise NotImplementedError
