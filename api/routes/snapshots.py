"""The indicator frozen, as evidence for a dossier's criterion that takes a figure."""

from __future__ import annotations

import uuid

from fastapi import APIRouter, Response

from api.auth import ActorHere, OfficeHere
from api.dependencies import Posting, Shown, shown
from api.problems import documented
from api.schemas.indicator import SnapshotIn, SnapshotOut
from api.schemas.values import Page, Paging
from api.validation import HeaderInvalid
from workflow import snapshots
from workflow.office import Transaction
from workflow.rules.errors import (
    Forbidden,
    Invalid,
    KeyReused,
    NotAuthenticated,
    NotFound,
    Unavailable,
)

router = APIRouter(
    prefix="/organisations/{organisation_id}/indicator-snapshots",
    tags=["dossiers"],
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
        return shown(paging.page(rows, lambda row: row.id, SnapshotOut.of))


@router.get("/{snapshot_id}", response_model=SnapshotOut)
def show_snapshot(
    organisation_id: uuid.UUID, snapshot_id: uuid.UUID, office: OfficeHere, actor: ActorHere
) -> Response:
    """One of them."""
    with office.reading(actor) as reading:
        return shown(SnapshotOut.of(snapshots.find_snapshot(reading, organisation_id, snapshot_id)))
