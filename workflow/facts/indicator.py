"""The indicator of a seat, measured: what is shown to an auditor and what a snapshot freezes."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from workflow.facts.register import incoming_rows, outgoing_rows
from workflow.office import Reading
from workflow.records import ChainHead, Issuer
from workflow.rules import indicator
from workflow.rules.errors import NotFound


@dataclass(frozen=True)
class IndicatorReport:
    """The indicators of a seat, who was asked, and where its journal stood."""

    definition: indicator.Definition
    issuers: Sequence[tuple[Issuer, indicator.Indicator]]
    journal_sequence: int
    journal_digest: str
    as_of: datetime


def measured(reading: Reading, organisation_id: uuid.UUID, period_text: str) -> IndicatorReport:
    """The four fractions of every issuer of a seat; arrivals count with its first issuer.

    Raises:
        NotFound: nobody issues from there. Invalid: no such period.
    """
    period = indicator.parse_period(period_text)
    definition = indicator.definition_for(reading.office.law.indicator, period)
    issuers = issuers_of(reading, organisation_id)
    found = indicator.compute(
        definition,
        period,
        [str(issuer.id) for issuer in issuers],
        (row for _, row in outgoing_rows(reading, organisation_id, period)),
        (row for _, row in incoming_rows(reading, organisation_id, issuers[0].id, period)),
        as_of=reading.now,
        production=not reading.office.settings.development,
    )
    head = reading.session.get(ChainHead, str(organisation_id))
    return IndicatorReport(
        definition=definition,
        issuers=list(zip(issuers, found, strict=True)),
        journal_sequence=head.sequence if head else 0,
        journal_digest=head.digest if head else "",
        as_of=reading.now,
    )


def issuers_of(reading: Reading, organisation_id: uuid.UUID) -> list[Issuer]:
    """Who issues from a seat, the first one first. Raises NotFound."""
    issuers = list(
        reading.session.scalars(
            select(Issuer).where(Issuer.organisation_id == organisation_id).order_by(Issuer.id)
        )
    )
    if not issuers:
        raise NotFound("Cơ quan ban hành")
    return issuers
