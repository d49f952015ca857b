"""The nightly check of everything that is kept, for whoever operates or audits all of it."""

from __future__ import annotations

import uuid
from datetime import datetime

from fastapi import APIRouter, Response

from api.auth import ActorHere, OfficeHere
from api.dependencies import shown
from api.problems import documented
from api.schemas.values import Page, Paging, Shape
from workflow.inspecting import SENTENCES, Kind, nightly
from workflow.records import ArchiveCheck, ArchiveFinding
from workflow.rules.errors import Forbidden, Invalid, NotAuthenticated, NotFound, Unavailable

router = APIRouter(
    prefix="/archive-checks",
    tags=["audit"],
    responses=documented(NotAuthenticated, Invalid, Unavailable),
)


class ArchiveCheckOut(Shape):
    """One walk over everything; as long as it is not finished, how far it has come."""

    id: uuid.UUID
    started_at: datetime
    finished_at: datetime | None
    stage: str
    looked_at: int
    found: int

    @classmethod
    def of(cls, row: ArchiveCheck) -> ArchiveCheckOut:
        return cls(
            id=row.id,
            started_at=row.started_at,
            finished_at=row.finished_at,
            stage=row.stage,
            looked_at=row.looked_at,
            found=row.found,
        )


class ArchiveFindingOut(Shape):
    """One thing that is not as it should be, and where."""

    id: uuid.UUID
    kind: str
    sentence: str
    place: str

    @classmethod
    def of(cls, row: ArchiveFinding) -> ArchiveFindingOut:
        return cls(
            id=row.id, kind=row.kind, sentence=SENTENCES[Kind(row.kind)] + ".", place=row.place
        )


@router.get("", response_model=Page[ArchiveCheckOut], responses=documented(Forbidden))
def list_archive_checks(office: OfficeHere, actor: ActorHere, paging: Paging) -> Response:
    """The checks, the newest first."""
    with office.reading(actor) as reading:
        rows = nightly.checks(reading, after=paging.after(uuid.UUID), limit=paging.limit + 1)
        return shown(paging.page(rows, lambda row: row.id, ArchiveCheckOut.of))


@router.get(
    "/{check_id}/findings",
    response_model=Page[ArchiveFindingOut],
    responses=documented(NotFound),
)
def list_archive_findings(
    check_id: uuid.UUID, office: OfficeHere, actor: ActorHere, paging: Paging
) -> Response:
    """What a check has found, in the order in which it was."""
    with office.reading(actor) as reading:
        rows = nightly.found_by(
            reading, check_id, after=paging.after(uuid.UUID), limit=paging.limit + 1
        )
        return shown(paging.page(rows, lambda row: row.id, ArchiveFindingOut.of))
