"""Looking at documents: their bytes of today and before, and the log of who looked.

The log is a chain of its own beside the organisation's (ND 30/2020 Annex VI: access and view
history): looking must not wait for work, and a destroyed document's readers stay known.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from signing.report import EvidencePiece, SignatureReport
from workflow.access import access_chain, find_document, main_case
from workflow.office import Actor, Office, Reading
from workflow.records import Document, File, Report, Revision
from workflow.rules.errors import NotFound


def record_view(
    office: Office,
    actor: Actor,
    organisation_id: uuid.UUID,
    document_id: uuid.UUID,
    what: str,
    sha256: str | None = None,
) -> None:
    """Write down that the actor is about to be shown `what` of a document, or these bytes of it."""
    with office.transaction(actor) as tx:
        tx.journal(
            "document.viewed", access_chain(organisation_id), document_id, what=what, sha256=sha256
        )


def find_revision(
    reading: Reading, document_id: uuid.UUID, file_id: uuid.UUID, sha256: str | None
) -> tuple[Document, File, Revision]:
    """Bytes of a document's file: the newest, or those with this digest (earlier ones are kept).

    Raises:
        NotFound: also where the actor may not know of the document, and once a recall destroyed
            the receiver's copy.
    """
    document = find_document(reading, document_id)
    recalled = main_case(reading, document_id).state == "recalled"
    query = (
        select(File, Revision)
        .join(Revision, Revision.file_id == File.id)
        .where(File.document_id == document_id, File.id == file_id)
        .order_by(Revision.ordinal.desc())
        .limit(1)
    )
    if sha256 is not None:
        query = query.where(Revision.sha256 == sha256)
    row = reading.session.execute(query).one_or_none()
    if row is None or (recalled and document.direction == "incoming"):
        raise NotFound("Tệp văn bản")
    file, revision = row
    return document, file, revision


def find_evidence(
    reading: Reading, document: Document, revision: Revision, sha256: str
) -> EvidencePiece:
    """A piece that some report over these bytes was judged by.

    Raises:
        NotFound
    """
    reports = reading.session.scalars(
        select(Report).where(
            Report.organisation_id == document.organisation_id, Report.sha256 == revision.sha256
        )
    )
    for report in reports:
        for signature in SignatureReport.from_json(report.content).signatures:
            for piece in signature.evidence:
                if piece.sha256 == sha256:
                    return piece
    raise NotFound("Bằng chứng kiểm tra chữ ký số")


@dataclass(frozen=True)
class Kept:
    """Bytes that a document had or has, and every verdict on them."""

    file: File
    revision: Revision
    verdicts: Sequence[Report]


def history(reading: Reading, document_id: uuid.UUID) -> list[Kept]:
    """Every revision of every file of a document in the order of its making, drafts included.

    Raises:
        NotFound: also where the actor may not know of the document.
    """
    document = find_document(reading, document_id)
    rows = reading.session.execute(
        select(File, Revision)
        .join(Revision, Revision.file_id == File.id)
        .where(File.document_id == document_id)
        .order_by(Revision.id)
    ).all()
    verdicts: dict[str, list[Report]] = {revision.sha256: [] for _, revision in rows}
    for report in reading.session.scalars(
        select(Report)
        .where(
            Report.organisation_id == document.organisation_id, Report.sha256.in_(list(verdicts))
        )
        .order_by(Report.id)
    ):
        verdicts[report.sha256].append(report)
    return [Kept(file, revision, verdicts[revision.sha256]) for file, revision in rows]
