"""An incoming document as its rows have it: what was said, its files, the reports over them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select

from signing.report import SignatureReport
from workflow.files import MAIN, current_files
from workflow.office import Reading
from workflow.records import Document, File, Incoming, Report, Revision


@dataclass(frozen=True)
class Received:
    """An incoming document with its files, the newest report over each and when it was made."""

    document: Document
    incoming: Incoming
    files: list[tuple[File, Revision]]
    reports: Mapping[uuid.UUID, SignatureReport] = field(default_factory=dict)
    reported_at: Mapping[uuid.UUID, datetime] = field(default_factory=dict)

    @property
    def paper(self) -> bool:
        return self.incoming.medium == "paper"

    @property
    def main(self) -> tuple[File, Revision] | None:
        """The main text; None for paper that was not scanned, and once destroyed."""
        return self.files[0] if self.files and self.files[0][0].ordinal == MAIN else None


def received(reading: Reading, document_id: uuid.UUID) -> Received:
    """Read it all in four queries."""
    document = reading.get(Document, document_id, "Văn bản")
    incoming = reading.session.scalars(
        select(Incoming).where(Incoming.document_id == document_id)
    ).one()
    files = current_files(reading, document_id)
    rows = reading.session.scalars(
        select(Report)
        .where(
            Report.organisation_id == document.organisation_id,
            Report.sha256.in_({revision.sha256 for _, revision in files}),
        )
        .order_by(Report.id)
    )
    latest = {row.sha256: row for row in rows}
    reported = {
        file.id: latest[revision.sha256] for file, revision in files if revision.sha256 in latest
    }
    return Received(
        document=document,
        incoming=incoming,
        files=files,
        reports={key: SignatureReport.from_json(row.content) for key, row in reported.items()},
        reported_at={key: row.checked_at for key, row in reported.items()},
    )
