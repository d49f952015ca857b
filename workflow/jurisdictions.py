"""Who is charged with what in a province: offices, departments, and who took over from whom.

What has begun is ended on a day, never overwritten. All of it is public to those who sign in.
"""

from __future__ import annotations

import uuid
from datetime import date

from workflow.office import Transaction
from workflow.records import AppraisalDuty, DossierRoute, Succession


def set_route(
    tx: Transaction,
    province_id: uuid.UUID,
    kind_code: str | None,
    office_id: uuid.UUID,
    *,
    valid_from: date | None = None,
) -> DossierRoute:
    """Which office receives and appraises dossiers of a kind (None: every kind not named)."""
    raise NotImplementedError


def charge(
    tx: Transaction,
    province_id: uuid.UUID,
    field: str,
    organisation_id: uuid.UUID,
    *,
    valid_from: date | None = None,
) -> AppraisalDuty:
    """Which department appraises the criteria of a field."""
    raise NotImplementedError


def succeed(
    tx: Transaction, predecessor_id: uuid.UUID, successor_id: uuid.UUID, effective_on: date
) -> Succession:
    """An organisation takes over another's work from a day on."""
    raise NotImplementedError
