"""The indicator "100 % processed and signed online", derived from events and from reports.

Whether a document counts as signed is what the stored reports say of its bytes now; whether it was
processed is which steps its moves record. No column anybody could set is asked (rulebook §5.2).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from workflow.access import require_role
from workflow.facts.indicator import IndicatorReport, measured, rows_of
from workflow.office import Reading
from workflow.rules import indicator
from workflow.rules.reasons import Reason

#: Who may ask for an organisation's indicator.
INDICATOR_ROLES = frozenset({"auditor", "leader", "follow_up", "clerk", "appraiser"})


@dataclass(frozen=True)
class RowReasons:
    """Why one row of a register counts in the fractions of its direction, or why it does not."""

    entry_id: uuid.UUID
    document_id: uuid.UUID
    register: str
    number: int
    code: str | None
    processed: Reason
    signed: Reason


def measure(reading: Reading, organisation_id: uuid.UUID, period_text: str) -> IndicatorReport:
    """The four fractions of every issuer of a seat; arrivals count with its first issuer.

    Raises:
        NotFound, Forbidden: see INDICATOR_ROLES. Invalid: no such period.
    """
    require_role(reading, organisation_id, INDICATOR_ROLES)
    return measured(reading, organisation_id, period_text)


def explain(
    reading: Reading,
    organisation_id: uuid.UUID,
    period_text: str,
    *,
    after: uuid.UUID | None = None,
) -> Iterator[RowReasons]:
    """The reason of every row of the registers, so that anybody can add the fractions up again."""
    require_role(reading, organisation_id, INDICATOR_ROLES)
    period = indicator.parse_period(period_text)
    definition = indicator.definition_for(reading.office.law.indicator, period)
    judge = indicator.Count(
        definition, reading.now, production=not reading.office.settings.development
    )
    for entry, row in rows_of(reading, organisation_id, period, after):
        processed, signed = judge.reasons(row)
        yield RowReasons(
            entry.id,
            entry.document_id,
            entry.register,
            entry.number,
            entry.code,
            processed,
            signed,
        )
