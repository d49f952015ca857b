"""Files of documents, whichever way these go: their bytes, history and verdicts."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.auth import ActorHere, OfficeHere
from api.dependencies import shown
from api.problems import documented
from api.schemas.documents import ReportOut
from api.schemas.values import Moment, Page, Paging, Sha256, Shape
from api.streaming import PDF, StoredFile
from workflow import viewing
from workflow.files import latest_reports
from workflow.rules.errors import Invalid, NotAuthenticated, NotFound, Unavailable

router = APIRouter(
    prefix="/documents/{document_id}",
    tags=["documents"],
    responses=documented(NotAuthenticated, NotFound, Invalid, Unavailable),
)
Digest = Annotated[
    Sha256 | None, Query(alias="sha256", description="Earlier bytes; the newest without it.")
]


@router.get(
    "/files/{file_id}/content",
    response_class=Response,
    responses={200: {"content": {PDF: {"schema": {"type": "string", "format": "binary"}}}}},
)
def download(
    document_id: uuid.UUID,
    file_id: uuid.UUID,
    office: OfficeHere,
    actor: ActorHere,
    sha256: Digest = None,
) -> Response:
    """The bytes, checked against their digest while they are sent. That you read them is logged."""
    with office.reading(actor) as reading:
        document, file, revision = viewing.find_revision(reading, document_id, file_id, sha256)
    viewing.record_view(
        office, actor, document.organisation_id, document_id, "content", revision.sha256
    )
    return StoredFile(
        office,
        document.organisation_id,
        revision.sha256,
        revision.size_bytes,
        name=f"{file.title or 'van-ban'}.pdf",
    )


@router.get("/files/{file_id}/report", response_model=ReportOut)
def show_report(
    document_id: uuid.UUID,
    file_id: uuid.UUID,
    office: OfficeHere,
    actor: ActorHere,
    sha256: Digest = None,
) -> Response:
    """The newest signature report over the bytes, whole."""
    with office.reading(actor) as reading:
        document, _, revision = viewing.find_revision(reading, document_id, file_id, sha256)
        reports = latest_reports(reading, document.organisation_id, [revision.sha256])
        report = reports.get(revision.sha256)
        if report is None:
            raise NotFound("Báo cáo kiểm tra chữ ký số")
        return shown(ReportOut.model_validate(report))


#: RFC 2585 §4, RFC 6960 appendix C, RFC 7193.
_EVIDENCE = {
    "certificate": ("application/pkix-cert", "cer"),
    "ocsp": ("application/ocsp-response", "ors"),
    "crl": ("application/pkix-crl", "crl"),
    "timestamp": ("application/cms", "tst"),
}


@router.get(
    "/files/{file_id}/evidence/{piece_sha256}",
    response_class=Response,
    responses={
        200: {
            "content": {
                media_type: {"schema": {"type": "string", "format": "binary"}}
                for media_type, _ in _EVIDENCE.values()
            }
        }
    },
)
def download_evidence(
    document_id: uuid.UUID,
    file_id: uuid.UUID,
    piece_sha256: Sha256,
    office: OfficeHere,
    actor: ActorHere,
    sha256: Digest = None,
) -> Response:
    """What a report over the bytes was judged by, as DER: named in `signatures[].evidence`.

    That you read it is logged.
    """
    with office.reading(actor) as reading:
        document, _, revision = viewing.find_revision(reading, document_id, file_id, sha256)
        piece = viewing.find_evidence(reading, document, revision, piece_sha256)
    viewing.record_view(
        office, actor, document.organisation_id, document_id, "evidence", piece.sha256
    )
    media_type, suffix = _EVIDENCE[piece.kind]
    return StoredFile(
        office,
        document.organisation_id,
        piece.sha256,
        piece.size_bytes,
        name=f"{piece.sha256[:16]}.{suffix}",
        media_type=media_type,
    )


class RevisionOut(Shape):
    """Bytes that a file had or has. Nothing is thrown away but what a recall destroys."""

    id: uuid.UUID
    file_id: uuid.UUID
    file_title: str | None
    ordinal: int
    sha256: str
    size_bytes: int
    made_as: str
    made_by: uuid.UUID | None
    made_at: Moment
    checked_at: list[Moment]


@router.get("/history", response_model=Page[RevisionOut])
def show_history(
    document_id: uuid.UUID, office: OfficeHere, actor: ActorHere, paging: Paging
) -> Response:
    """Every revision of every file in order, drafts included, and when each was judged.

    The steps are in `moves` of the document itself.
    """
    with office.reading(actor) as reading:
        kept = viewing.history(reading, document_id)
        return shown(paging.cut(kept, lambda one: one.revision.id, uuid.UUID, _revision))


def _revision(kept: viewing.Kept) -> RevisionOut:
    return RevisionOut(
        id=kept.revision.id,
        file_id=kept.file.id,
        file_title=kept.file.title,
        ordinal=kept.revision.ordinal,
        sha256=kept.revision.sha256,
        size_bytes=kept.revision.size_bytes,
        made_as=kept.revision.made_as,
        made_by=kept.revision.made_by,
        made_at=kept.revision.made_at,
        checked_at=[report.checked_at for report in kept.verdicts],
    )
