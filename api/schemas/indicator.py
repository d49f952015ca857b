"""The indicator's fractions, measured now or frozen."""

from __future__ import annotations

import uuid

from pydantic import Field

from api.schemas.values import Moment, Payload, Shape
from workflow.facts.snapshots import FrozenIssuer, issuers_in, snapshot_answer
from workflow.records import IndicatorSnapshot
from workflow.rules.indicator import Fraction


class FractionOut(Shape):
    """An exact fraction; `reasons` adds up to `rows`, the rows of the register."""

    numerator: int
    denominator: int
    text: str
    achieved: bool
    rows: int
    excluded: int
    reasons: dict[str, int]

    @classmethod
    def of(cls, fraction: Fraction) -> FractionOut:
        reasons = {reason.value: count for reason, count in fraction.reasons.items()}
        return cls.model_validate(
            {name: getattr(fraction, name) for name in cls.model_fields} | {"reasons": reasons}
        )


class SnapshotIn(Payload):
    period: str = Field(
        max_length=10, description="A month, quarter or year.", examples=["2026-11"]
    )


class FrozenIssuerOut(Shape):
    """What one issuer had reached; arrivals count with the first."""

    issuer_id: uuid.UUID
    issuer: str
    outgoing_processed: FractionOut
    outgoing_signed: FractionOut
    incoming_processed: FractionOut
    incoming_signed: FractionOut

    @classmethod
    def of(cls, frozen: FrozenIssuer) -> FrozenIssuerOut:
        return cls(
            issuer_id=frozen.issuer_id,
            issuer=frozen.name,
            outgoing_processed=FractionOut.of(frozen.outgoing_processed),
            outgoing_signed=FractionOut.of(frozen.outgoing_signed),
            incoming_processed=FractionOut.of(frozen.incoming_processed),
            incoming_signed=FractionOut.of(frozen.incoming_signed),
        )


class SnapshotOut(Shape):
    """A frozen indicator: what it was when the journal of the organisation stood there."""

    id: uuid.UUID
    organisation_id: uuid.UUID
    period: str
    achieved: bool
    text: str
    definition_version: int
    journal_sequence: int
    journal_digest: str
    taken_by: uuid.UUID
    taken_at: Moment
    issuers: list[FrozenIssuerOut]

    @classmethod
    def of(cls, snapshot: IndicatorSnapshot) -> SnapshotOut:
        achieved, text = snapshot_answer(snapshot)
        return cls(
            id=snapshot.id,
            organisation_id=snapshot.organisation_id,
            period=snapshot.period,
            achieved=achieved,
            text=text,
            definition_version=snapshot.definition_version,
            journal_sequence=snapshot.journal_sequence,
            journal_digest=snapshot.journal_digest,
            taken_by=snapshot.taken_by,
            taken_at=snapshot.taken_at,
            issuers=[FrozenIssuerOut.of(one) for one in issuers_in(snapshot.content)],
        )
