"""The indicator frozen as evidence: a figure from the system itself, never typed.

It is reported by an outgoing document like any other: printed here, drafted from the very bytes
that were printed, numbered and signed; whether it is, is told from that document each time.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import select

from storage.objects import ObjectRef
from workflow.access import find_document, require_role
from workflow.facts.completeness import exclusions_of, journal_places, reconciled
from workflow.facts.indicator import measured
from workflow.facts.indicator_sheets import Words, sheet_of
from workflow.facts.reported import LOST, drafted_from, prints_of, reports_of
from workflow.facts.snapshots import Beside, frozen
from workflow.office import Reading, Transaction
from workflow.printing.indicator import IndicatorSheet
from workflow.records import (
    Document,
    IndicatorSnapshot,
    SnapshotPrint,
    SnapshotReport,
    Upload,
)
from workflow.rules.errors import Duplicate, Invalid, NotFound
from workflow.rules.indicator import parse_period
from workflow.uploads import record_upload

#: Who may freeze an organisation's indicator, and who may look.
FREEZES = frozenset({"clerk", "leader", "follow_up"})
LOOKS = FREEZES | {"auditor", "appraiser", "specialist", "unit_head"}
#: Who prints and links what is going to be issued: whoever may draft it, and who signs.
REPORTS = frozenset({"specialist", "unit_head", "clerk", "leader"})
REPORT_TYPE = "bao_cao"


def take_snapshot(tx: Transaction, organisation_id: uuid.UUID, period: str) -> IndicatorSnapshot:
    """Freeze what the indicator of a period is now, with its definition and the journal's place.

    Raises:
        NotFound: also where nobody issues. Forbidden: see FREEZES. Invalid: no such period.
    """
    require_role(tx, organisation_id, FREEZES)
    # Nothing of this seat is written while it is measured: the figures are those of the journal's
    # place that stands beside them.
    tx.lock_chain(str(organisation_id))
    report = measured(tx, organisation_id, period)
    if not report.issuers:
        raise NotFound("Cơ quan ban hành")
    asked = parse_period(period)
    beside = Beside(
        definition_sha256=tx.office.law.indicator_sha256,
        production=not tx.office.settings.development,
        uncovered=journal_places(tx, [organisation_id])[organisation_id].uncovered,
        exclusions=exclusions_of(tx, [organisation_id], asked.last_on),
        reconciled=reconciled(tx, [organisation_id], asked),
    )
    snapshot = tx.add(
        IndicatorSnapshot(
            organisation_id=organisation_id,
            period=period,
            definition_version=report.definition.version,
            journal_sequence=report.journal_sequence,
            journal_digest=report.journal_digest,
            content=frozen(report, beside),
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


def report_sheet(
    reading: Reading, organisation_id: uuid.UUID, snapshot_id: uuid.UUID, words: Words
) -> IndicatorSheet:
    """What the report of a snapshot says.

    Raises:
        NotFound, Forbidden: see REPORTS. Invalid: nobody signs in such a capacity.
    """
    require_role(reading, organisation_id, REPORTS)
    return sheet_of(reading, find_snapshot(reading, organisation_id, snapshot_id), words)


def record_print(
    tx: Transaction, organisation_id: uuid.UUID, snapshot_id: uuid.UUID, ref: ObjectRef
) -> Upload:
    """Remember what was printed of a snapshot, as an upload to draft with.

    Raises:
        NotFound, Forbidden: see REPORTS.
    """
    require_role(tx, organisation_id, REPORTS)
    snapshot = find_snapshot(tx, organisation_id, snapshot_id)
    upload = record_upload(tx, organisation_id, ref)
    if ref.sha256 not in prints_of(tx, [snapshot.id])[snapshot.id]:
        tx.add(
            SnapshotPrint(
                snapshot_id=snapshot.id,
                sha256=ref.sha256,
                printed_by=tx.actor.person_id,
                printed_at=tx.now,
            )
        )
        tx.journal("indicator.report_printed", organisation_id, snapshot.id, sha256=ref.sha256)
    return upload


def link_report(
    tx: Transaction, organisation_id: uuid.UUID, snapshot_id: uuid.UUID, document_id: uuid.UUID
) -> IndicatorSnapshot:
    """Say which outgoing document reports a snapshot; the same again changes nothing.

    Raises:
        NotFound, Forbidden: see REPORTS. Invalid: the document is another's, no report, or was not
            drafted from what was printed of this snapshot. Duplicate: another document reports it,
            or this document another snapshot.
    """
    require_role(tx, organisation_id, REPORTS)
    snapshot = find_snapshot(tx, organisation_id, snapshot_id)
    document = find_document(tx, document_id, "outgoing")
    # Whoever links here now is waited for.
    tx.lock_chain(str(organisation_id))
    known = reports_of(tx, [snapshot.id]).get(snapshot.id)
    if known is not None and known.document_id == document.id:
        return snapshot
    wrong = _unfit(tx, snapshot, document)
    if wrong:
        raise Invalid([("/document_id", sentence) for sentence in wrong])
    if known is not None and known.state not in LOST:
        raise Duplicate("Số liệu này đã có báo cáo khác.", [str(known.document_id)])
    twin = tx.session.scalar(
        select(SnapshotReport.snapshot_id).where(SnapshotReport.document_id == document.id)
    )
    if twin is not None:
        raise Duplicate("Văn bản này đã được gắn với một số liệu đã chốt.", [str(twin)])
    row = tx.add(SnapshotReport(snapshot_id=snapshot.id, document_id=document.id))
    tx.session.flush()
    tx.journal(
        "indicator.report_linked", organisation_id, snapshot.id, report=row.id, document=document.id
    )
    return snapshot


def _unfit(tx: Transaction, snapshot: IndicatorSnapshot, document: Document) -> list[str]:
    wrong = []
    if document.organisation_id != snapshot.organisation_id:
        wrong.append("Văn bản không phải của cơ quan này.")
    if document.type_code != REPORT_TYPE:
        wrong.append("Văn bản phải là báo cáo.")
    # Everything after the draft (fields, signatures, number) is built on its bytes.
    drafted = drafted_from(tx, [document.id]).get(document.id)
    if drafted not in prints_of(tx, [snapshot.id])[snapshot.id]:
        wrong.append("Dự thảo không phải bản in từ số liệu đã chốt này. Hãy in và soạn lại.")
    return wrong
