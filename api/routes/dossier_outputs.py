"""What leaves a dossier: matrix and papers as PDF, and all of it as volumes and XML."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from io import BytesIO
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response

from api.auth import ActorHere, OfficeHere
from api.dependencies import Posting, Shown, shown
from api.problems import documented
from api.routes.organisations import MAKING
from api.schemas.dossier_outputs import (
    ExportDetail,
    ExportFileOut,
    ExportOut,
    MinutesPrint,
    PrintIn,
    PrintOut,
)
from api.streaming import PDF, StoredFile
from workflow import exporting
from workflow.access import find_dossier
from workflow.dossier_sheets import (
    MinutesWords,
    ReportWords,
    matrix_of,
    minutes_of,
    office_of,
    report_of,
)
from workflow.office import Reading, Transaction
from workflow.printing import appraisal_matrix, appraisal_report, council_minutes
from workflow.records import DossierExport, DossierExportFile
from workflow.rules.errors import (
    Forbidden,
    GuardsUnmet,
    Invalid,
    NotAuthenticated,
    NotFound,
    Unavailable,
)
from workflow.uploads import record_upload
from workflow.viewing import record_view

router = APIRouter(
    prefix="/dossiers/{dossier_id}",
    tags=["dossiers"],
    responses=documented(NotAuthenticated, NotFound, Invalid, Unavailable),
)
_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            PDF: {"schema": {"type": "string", "format": "binary"}},
            exporting.XML: {"schema": {"type": "string", "format": "binary"}},
        }
    }
}
FileName = Annotated[str, Path(max_length=100, examples=["tap-1.pdf", exporting.XML_NAME])]


@router.get(
    "/appraisal-matrix.pdf",
    response_class=Response,
    responses={200: {"content": {PDF: {"schema": {"type": "string", "format": "binary"}}}}},
)
def show_matrix(dossier_id: uuid.UUID, office: OfficeHere, actor: ActorHere) -> Response:
    """Criterion by criterion what was found, as far as it is yours to know. Looking is logged."""
    with office.reading(actor) as reading:
        owner = find_dossier(reading, dossier_id).organisation_id
        sheet = matrix_of(reading, dossier_id)
    pdf = appraisal_matrix(sheet)
    record_view(office, actor, owner, dossier_id, "appraisal_matrix")
    return Response(
        pdf, media_type=PDF, headers={"Content-Disposition": 'inline; filename="ma-tran.pdf"'}
    )


@router.post(
    "/prints",
    status_code=201,
    response_model=PrintOut,
    responses={**MAKING, **documented(Forbidden, GuardsUnmet)},
)
def make_print(dossier_id: uuid.UUID, body: PrintIn, posting: Posting) -> Response:
    """Set the office's report or the council's minutes as PDF: an upload to draft with."""
    with posting.office.reading(posting.actor) as reading:
        office_id = office_of(reading, dossier_id)
        pdf = _printed(reading, dossier_id, body)
    ref = posting.office.keep(office_id, BytesIO(pdf))

    def work(tx: Transaction) -> Shown:
        return Shown(PrintOut.model_validate(record_upload(tx, office_id, ref)))

    return posting.change(work, status=201)


@router.post("/exports", status_code=202, response_model=ExportOut, responses=MAKING)
def ask_export(dossier_id: uuid.UUID, posting: Posting) -> Response:
    """Have all of the dossier put together; what is being made for you already goes on."""

    def work(tx: Transaction) -> Shown:
        return Shown(ExportOut.model_validate(exporting.ask_export(tx, dossier_id)))

    return posting.change(work, status=202, location=f"/dossiers/{dossier_id}/exports/{{id}}")


@router.get("/exports/{export_id}", response_model=ExportDetail)
def show_export(
    dossier_id: uuid.UUID, export_id: uuid.UUID, office: OfficeHere, actor: ActorHere
) -> Response:
    """How far your export is."""
    with office.reading(actor) as reading:
        return shown(_detail(*exporting.find_export(reading, dossier_id, export_id)))


@router.get("/exports/{export_id}/files/{name}", response_class=Response, responses=_FILE)
def download_export(
    dossier_id: uuid.UUID,
    export_id: uuid.UUID,
    name: FileName,
    office: OfficeHere,
    actor: ActorHere,
) -> Response:
    """A volume, or the description. That you took it is logged."""
    with office.reading(actor) as reading:
        file = exporting.file_of(reading, dossier_id, export_id, name)
    record_view(office, actor, file.organisation_id, dossier_id, "export", file.sha256)
    return StoredFile(
        office,
        file.organisation_id,
        file.sha256,
        file.size_bytes,
        name=file.name,
        media_type=file.media_type,
    )


def _printed(reading: Reading, dossier_id: uuid.UUID, body: PrintIn) -> bytes:
    said = body.model_dump(exclude={"part"})
    if isinstance(body, MinutesPrint):
        return council_minutes(minutes_of(reading, dossier_id, MinutesWords(**said)))
    return appraisal_report(report_of(reading, dossier_id, ReportWords(**said)))


def _detail(export: DossierExport, files: Sequence[DossierExportFile]) -> ExportDetail:
    return ExportDetail(
        **ExportOut.model_validate(export).model_dump(),
        files=[ExportFileOut.model_validate(file) for file in files],
    )
