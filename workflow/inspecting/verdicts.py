"""Every stored verdict, derived again from the file and the evidence that its report names."""

from __future__ import annotations

import hashlib
import os
import uuid
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from sqlalchemy import select

from signing.rejudging import rejudge
from signing.report import SignatureReport
from storage.errors import ObjectCorrupt, ObjectMissing
from storage.objects import ObjectRef
from workflow.inspecting.findings import Finding, Kind, Step, Walk
from workflow.office import Office
from workflow.records import Report


def look_at_verdicts(walk: Walk, after: str) -> Step:
    """A few reports, as many at once as there are processors. `after`: the last one's id."""
    at_once = os.cpu_count() or 1
    with walk.office.reading(None) as reading:
        query = select(Report.id, Report.organisation_id, Report.content).order_by(Report.id)
        if after:
            query = query.where(Report.id > uuid.UUID(after))
        rows = reading.session.execute(query.limit(at_once)).all()
    with ThreadPoolExecutor(at_once) as judges:
        held = judges.map(lambda row: re_derives(walk.office, row[1], row[2]), rows)
        findings = [
            Finding(Kind.VERDICT_DIFFERS, f"report {row[0]}")
            for row, holds in zip(rows, held, strict=True)
            if not holds
        ]
    return Step(findings, len(rows), str(rows[-1][0]) if len(rows) == at_once else None)


def re_derives(office: Office, organisation_id: uuid.UUID, content: bytes) -> bool:
    """Whether a stored report is what the file and its evidence say as of its own moment.

    One whose file is not there any more cannot be judged: destroyed after a recall that is right,
    otherwise the object is missed.
    """
    try:
        report = SignatureReport.from_json(content)
    except (ValueError, TypeError, KeyError):
        return False
    try:
        with office.local_copy(organisation_id, report.sha256, report.size_bytes) as path:
            anchors = office.sealing.trust.anchors
            piece = partial(_piece, office, organisation_id, report)
            return not rejudge(office.sealing.sandbox, path, report, piece, anchors)
    except ObjectMissing:
        return True
    except ObjectCorrupt:
        return False


def _piece(
    office: Office, organisation_id: uuid.UUID, report: SignatureReport, sha256: str
) -> bytes:
    sizes = {one.sha256: one.size_bytes for found in report.signatures for one in found.evidence}
    with office.objects.open(ObjectRef(organisation_id, sha256, sizes[sha256])) as stored:
        content = stored.read()
    assert hashlib.sha256(content).hexdigest() == sha256  # the store says so, and so do we
    return content
