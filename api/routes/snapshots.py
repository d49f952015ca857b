"""The indicator frozen: evidence for a dossier's criterion, and a report that is issued."""

from __future__ import annotations

import uuid
from io import BytesIO

from fastapi import APIRouter, Response

from api.auth import ActorHere, OfficeHere
from api.dependencies import Posting, Replacing, Shown, shown
from api.problems import documented
from api.routes.organisations import MAKING
from api.schemas.dossier_outputs import PrintOut
from api.schemas.snapshots import ReportIn, ReportLinkIn, SnapshotIn, SnapshotOut
from api.schemas.values import Page, Paging
from api.validation import HeaderInvalid
from workflow import snapshots
from workflow.facts.indicator_sheets import Words
from workflow.facts.reported import reports_of
from workflow.office import Transaction
from workflow.printing import indicator_report
from workflow.rules.errors import (
    Duplicate,
    Forbidden,
    Invalid,
    KeyReused,
    NotAuthenticated,
    NotFound,
    Unavailable,
)

router = APIRouter(
    prefix="/organisations/{organisation_id}/indicator-snapshots",
    tags=["indicator"],
    responses=documented(NotAuthenticated, Forbidden, NotFound, Invalid, Unavailable),
)


@router.post(
    "",
    status_code=201,
    response_model=SnapshotOut,
    responses=documented(KeyReused, HeaderInvalid),
)
def take_snapshot(organisation_id: uuid.UUID, body: SnapshotIn, posting: Posting) -> Response:
    """Freeze what the indicator of a period is now: it is never changed and never typed."""

    def work(tx: Transaction) -> Shown:
        return Shown(SnapshotOut.of(snapshots.take_snapshot(tx, organisation_id, body.period)))

    return posting.change(
        work,
        status=201,
        location="/organisations/{organisation_id}/indicator-snapshots/{id}",
    )


@router.get("", response_model=Page[SnapshotOut])
def list_snapshots(
    organisation_id: uuid.UUID, office: OfficeHere, actor: ActorHere, paging: Paging
) -> Response:
    """What was frozen here, newest first."""
    after = paging.after(uuid.UUID)
    with office.reading(actor) as reading:
        rows = snapshots.snapshots_of(reading, organisation_id, after=after, limit=paging.limit + 1)
        reports = reports_of(reading, [row.id for row in rows])
        return shown(
            paging.page(
                rows, lambda row: row.id, lambda row: SnapshotOut.of(row, reports.get(row.id))
            )
        )


@router.get("/{snapshot_id}", response_model=SnapshotOut)
def show_snapshot(
    organisation_id: uuid.UUID, snapshot_id: uuid.UUID, office: OfficeHere, actor: ActorHere
) -> Response:
    """One of them, with number, date and state of the document that reports it."""
    with office.reading(actor) as reading:
        row = snapshots.find_snapshot(reading, organisation_id, snapshot_id)
        return shown(SnapshotOut.of(row, reports_of(reading, [row.id]).get(row.id)))


@router.post("/{snapshot_id}/report", status_code=201, response_model=PrintOut, responses=MAKING)
def print_report(
    organisation_id: uuid.UUID, snapshot_id: uuid.UUID, body: ReportIn, posting: Posting
) -> Response:
    """Set the report of a snapshot as PDF: an upload to draft an outgoing báo cáo with."""
    with posting.office.reading(posting.actor) as reading:
        words = Words(**body.model_dump())
        sheet = snapshots.report_sheet(reading, organisation_id, snapshot_id, words)
    ref = posting.office.keep(organisation_id, BytesIO(indicator_report(sheet)))

    def work(tx: Transaction) -> Shown:
        upload = snapshots.record_print(tx, organisation_id, snapshot_id, ref)
        return Shown(PrintOut.model_validate(upload))

    return posting.change(work, status=201)


@router.put("/{snapshot_id}/report", response_model=SnapshotOut, responses=documented(Duplicate))
def link_report(
    organisation_id: uuid.UUID, snapshot_id: uuid.UUID, body: ReportLinkIn, replacing: Replacing
) -> Response:
    """Say which outgoing document reports a snapshot; after a lost one, another may."""

    def work(tx: Transaction) -> Shown:
        row = snapshots.link_report(tx, organisation_id, snapshot_id, body.document_id)
        return Shown(SnapshotOut.of(row, reports_of(tx, [row.id])[row.id]))

    return replacing.change(work)
