"""Files of a document and their revisions, and the reports over the bytes."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from signing.report import SignatureReport
from workflow.office import Reading, Transaction
from workflow.records import Document, File, Report, Revision

MAIN = 0  # the ordinal of the main text; separate attachments follow


@dataclass(frozen=True)
class Content:
    """Bytes that are stored already, and what the file of them is called."""

    sha256: str
    size_bytes: int
    title: str | None = None


def add_file(tx: Transaction, document: Document, ordinal: int, title: str | None) -> File:
    """A new file of the document; it has no bytes until its first revision."""
    return tx.add(File(document_id=document.id, ordinal=ordinal, title=title))


def add_revision(
    tx: Transaction, file: File, *, sha256: str, size_bytes: int, made_as: str
) -> Revision:
    """The file's bytes from now on; the older ones stay."""
    tx.session.flush()
    last = tx.session.scalar(select(func.max(Revision.ordinal)).where(Revision.file_id == file.id))
    return tx.add(
        Revision(
            file_id=file.id,
            ordinal=0 if last is None else last + 1,
            sha256=sha256,
            size_bytes=size_bytes,
            made_as=made_as,
            made_by=tx.person_id,
            made_at=tx.now,
        )
    )


def current_files(
    reading: Reading, document_id: uuid.UUID, made_as: Collection[str] = ()
) -> list[tuple[File, Revision]]:
    """Every file of a document with its newest revision (of these kinds), the main text first."""
    query = (
        select(Revision.file_id, func.max(Revision.ordinal).label("ordinal"))
        .join(File, File.id == Revision.file_id)
        .where(File.document_id == document_id, ~File.dropped)
        .group_by(Revision.file_id)
    )
    newest = (query.where(Revision.made_as.in_(made_as)) if made_as else query).subquery()
    rows = reading.session.execute(
        select(File, Revision)
        .join(Revision, Revision.file_id == File.id)
        .join(
            newest,
            (newest.c.file_id == Revision.file_id) & (newest.c.ordinal == Revision.ordinal),
        )
        .order_by(File.ordinal)
    )
    return [(file, revision) for file, revision in rows]


def content_sha256(revisions: Sequence[Revision]) -> str:
    """What reviews are bound to: the main text's digest, or, with separate attachments, the
    SHA-256 of the digests of all files in order, each in hex on a line of its own."""
    if len(revisions) == 1:
        return revisions[0].sha256
    lines = "".join(f"{revision.sha256}\n" for revision in revisions)
    return hashlib.sha256(lines.encode()).hexdigest()


def store_report(tx: Transaction, organisation_id: uuid.UUID, report: SignatureReport) -> Report:
    """Keep a report as it was on the day."""
    return tx.add(
        Report(
            organisation_id=organisation_id,
            sha256=report.sha256,
            content=report.to_json(),
            checked_at=tx.now,
        )
    )


def latest_reports(
    reading: Reading, organisation_id: uuid.UUID, digests: Sequence[str]
) -> Mapping[str, SignatureReport]:
    """The report that counts for each of these bytes: the latest one."""
    rows = reading.session.scalars(
        select(Report)
        .where(Report.organisation_id == organisation_id, Report.sha256.in_(digests))
        .order_by(Report.id)
    )
    return {row.sha256: SignatureReport.from_json(row.content) for row in rows}
