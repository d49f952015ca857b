"""The indicator frozen as evidence: a figure from the system itself, never typed."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import select

from workflow.access import require_role
from workflow.facts.indicator import measured
from workflow.facts.snapshots import frozen
from workflow.office import Reading, Transaction
from workflow.records import IndicatorSnapshot
from workflow.rules.errors import NotFound

#: Who may freeze an organisation's indicator, and who may look.
FREEZES = frozenset({"clerk", "leader", "follow_up"})
LOOKS = FREEZES | {"auditor", "appraiser", "specialist", "unit_head"}


def take_snapshot(tx: Transaction, organisation_id: uuid.UUID, period: str) -> IndicatorSnapshot:
    """Freeze what the indicator of a period is now, with its definition and the journal's place.

    Raises:
        NotFound, Forbidden: see FREEZES. Invalid: no such period.
    """
    require_role(tx, organisation_id, FREEZES)
    # Nothing of this seat is written while it is measured: the figures are those of the journal's
    # place that stands beside them.
    tx.lock_chain(str(organisation_id))
    report = measured(tx, organisation_id, period)
    snapshot = tx.add(
        IndicatorSnapshot(
            organisation_id=organisation_id,
            period=period,
            definition_version=report.definition.version,
            journal_sequence=report.journal_sequence,
            journal_digest=report.journal_digest,
            content=frozen(report),
            taken_by=tx.actor.person_id,
            taken_at=tx.now,
        )
    )
    tx.session.flush()
    tx.journal(
        "indicator.frozen",
        organisation_id,
        snapshot.id,
        period=period,
        definition_version=snapshot.definition_version,
        measured_at=snapshot.journal_sequence,
        measured_digest=snapshot.journal_digest,
    )
    return snapshot


def snapshots_of(
    reading: Reading, organisation_id: uuid.UUID, *, after: uuid.UUID | None, limit: int
) -> Sequence[IndicatorSnapshot]:
    """The snapshots of an organisation, newest first. Raises NotFound, Forbidden: see LOOKS."""
    require_role(reading, organisation_id, LOOKS)
    of_it = select(IndicatorSnapshot).where(IndicatorSnapshot.organisation_id == organisation_id)
    if after is not None:
        of_it = of_it.where(IndicatorSnapshot.id < after)
    return reading.session.scalars(of_it.order_by(IndicatorSnapshot.id.desc()).limit(limit)).all()


def find_snapshot(
    reading: Reading, organisation_id: uuid.UUID, snapshot_id: uuid.UUID
) -> IndicatorSnapshot:
    """One of them. Raises NotFound, Forbidden: see LOOKS."""
    require_role(reading, organisation_id, LOOKS)
    snapshot = reading.session.get(IndicatorSnapshot, snapshot_id)
    if snapshot is None or snapshot.organisation_id != organisation_id:
        raise NotFound("Số liệu đã chốt")
    return snapshot
