"""The document by which a frozen indicator was reported, told from its own evidence each time."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from workflow.bookkeeping import is_newest
from workflow.office import Reading
from workflow.records import (
    Case,
    File,
    RegisterEntry,
    RegisterFact,
    Revision,
    SnapshotPrint,
    SnapshotReport,
)
from workflow.rules.cells import row_of
from workflow.rules.reasons import OutgoingRow, Reason, outgoing_signed
from workflow.transitions import workflow_of

#: Where a document reports nothing any more, and another may.
LOST = frozenset({"cancelled", "voided", "recalled", "replaced"})


@dataclass(frozen=True)
class Reported:
    """Number, date and state of a report, and why it counts as signed or does not.

    `printed` says that what it was drafted from is a report printed of that very snapshot.
    """

    document_id: uuid.UUID
    state: str
    state_label: str
    code: str | None
    dated_on: date | None
    reason: Reason | None  # none until it has its number
    printed: bool

    @property
    def signed(self) -> bool:
        """Whether it is issued and carries every signature it needs, in its bytes."""
        return self.reason is Reason.SIGNED


def reports_of(
    reading: Reading, snapshot_ids: Collection[uuid.UUID]
) -> Mapping[uuid.UUID, Reported]:
    """Of each snapshot the report that was linked last, in a constant number of queries."""
    rows = reading.session.execute(
        select(SnapshotReport.snapshot_id, Case, RegisterEntry, RegisterFact)
        .join(Case, Case.document_id == SnapshotReport.document_id)
        .outerjoin(RegisterEntry, RegisterEntry.document_id == SnapshotReport.document_id)
        .outerjoin(RegisterFact, (RegisterFact.entry_id == RegisterEntry.id) & is_newest())
        .where(SnapshotReport.snapshot_id.in_(snapshot_ids), Case.parent_id.is_(None))
        .order_by(SnapshotReport.id)
    ).all()
    drafted = drafted_from(reading, [case.document_id for _, case, _, _ in rows])
    printed = prints_of(reading, snapshot_ids)
    return {
        snapshot_id: Reported(
            case.document_id,
            case.state,
            workflow_of(reading, case).state(case.state).label,
            entry.code if entry else None,
            entry.entered_on if entry else None,
            _reason(reading, fact),
            drafted.get(case.document_id) in printed[snapshot_id],
        )
        for snapshot_id, case, entry, fact in rows
    }


def prints_of(
    reading: Reading, snapshot_ids: Collection[uuid.UUID]
) -> Mapping[uuid.UUID, Collection[str]]:
    """The digests of what was printed of each snapshot."""
    printed: dict[uuid.UUID, set[str]] = {one: set() for one in snapshot_ids}
    for snapshot_id, sha256 in reading.session.execute(
        select(SnapshotPrint.snapshot_id, SnapshotPrint.sha256).where(
            SnapshotPrint.snapshot_id.in_(snapshot_ids)
        )
    ):
        printed[snapshot_id].add(sha256)
    return printed


def drafted_from(reading: Reading, document_ids: Collection[uuid.UUID]) -> Mapping[uuid.UUID, str]:
    """The digest of the main text as its drafter gave it last; the rest is built on it."""
    rows = reading.session.execute(
        select(File.document_id, Revision.sha256)
        .join(Revision, Revision.file_id == File.id)
        .where(File.document_id.in_(document_ids), File.ordinal == 0, Revision.made_as == "draft")
        .order_by(Revision.ordinal)
    )
    return {row.document_id: row.sha256 for row in rows}


def _reason(reading: Reading, fact: RegisterFact | None) -> Reason | None:
    if fact is None:
        return None
    row = row_of(fact.register, fact.cell, fact.issuer_id, fact.counted_on, fact.due_at)
    assert isinstance(row, OutgoingRow)
    return outgoing_signed(row, production=not reading.office.settings.development)
