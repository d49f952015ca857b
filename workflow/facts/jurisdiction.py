"""Which office checks an applicant's dossiers, and which province and district they lie in."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from workflow.office import Reading


@dataclass(frozen=True)
class Jurisdiction:
    """Who takes part in a dossier beside its applicant."""

    province_id: uuid.UUID
    office_id: uuid.UUID
    district_id: uuid.UUID | None
    """Only before 2025-07-01."""


def jurisdiction_of(reading: Reading, organisation_id: uuid.UUID, kind_code: str) -> Jurisdiction:
    """Who takes part in a dossier of this kind that an organisation opens today.

    Raises:
        GuardsUnmet: no province above it, or no office named for such dossiers; says what to do.
    """
    raise NotImplementedError
