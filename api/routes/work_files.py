"""Work files (hồ sơ công việc)."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from api.auth import ActorHere, OfficeHere
from api.dependencies import Posting, Shown, Version, shown, starting_from, version_of
from api.problems import documented
from api.routes.organisations import CHANGING, MAKING
from api.schemas.values import Page, Paging, Payload, Shape, Subject, Year
from workflow import filing
from workflow.office import Transaction
from workflow.records import Document, WorkFile, WorkFileItem
from workflow.rules.errors import GuardsUnmet, Invalid, NotAuthenticated, NotFound, Unavailable

router = APIRouter(
    prefix="/work-files",
    tags=["work files"],
    responses=documented(NotAuthenticated, NotFound, Invalid, Unavailable),
)


class WorkFileIn(Payload):
    organisation_id: uuid.UUID
    notation: Annotated[str, Field(min_length=1, max_length=20, examples=["01.VP"])]
    title: Subject
    retention: Annotated[str, Field(min_length=1, max_length=30, examples=["5 năm"])]
    started_on: date | None = None


class DocumentIn(Payload):
    document_id: uuid.UUID


class WorkFileOut(Shape):
    id: uuid.UUID
    organisation_id: uuid.UUID
    year: int
    notation: str
    title: str
    retention: str
    opened_by: uuid.UUID
    started_on: date
    ended_on: date | None


class ItemOut(Shape):
    ordinal: int
    document_id: uuid.UUID
    direction: str
    subject: str | None


class WorkFileDetail(WorkFileOut):
    """Documents that you may not know of are left out of `items`."""

    version: int
    items: list[ItemOut]


@router.get("", response_model=Page[WorkFileOut])
def list_work_files(
    office: OfficeHere,
    actor: ActorHere,
    paging: Paging,
    organisation: Annotated[uuid.UUID, Query()],
    year: Annotated[Year | None, Query()] = None,
) -> Response:
    """Those of an organisation, by year and notation."""
    with office.reading(actor) as reading:
        rows = filing.list_work_files(reading, organisation, year)
        return shown(paging.cut(rows, _place, _read_place, WorkFileOut.model_validate))


def _place(row: WorkFile) -> list[int | str]:
    return [row.year, row.notation]


def _read_place(value: list[int | str]) -> list[int | str]:
    year, notation = value
    return [int(year), str(notation)]


@router.post("", status_code=201, response_model=WorkFileDetail, responses=MAKING)
def open_work_file(body: WorkFileIn, posting: Posting) -> Response:
    """Open a work file (ND 30/2020 Art. 29)."""

    def work(tx: Transaction) -> Shown:
        row = filing.open_work_file(
            tx,
            body.organisation_id,
            notation=body.notation,
            title=body.title,
            retention=body.retention,
            started_on=body.started_on,
        )
        return _detail(row, [])

    return posting.change(work, status=201, location="/work-files/{id}")


@router.get("/{work_file_id}", response_model=WorkFileDetail)
def show_work_file(work_file_id: uuid.UUID, office: OfficeHere, actor: ActorHere) -> Response:
    """A work file and what lies in it, in order."""
    with office.reading(actor) as reading:
        row = filing.find_work_file(reading, work_file_id)
        answer = _detail(row, filing.contents(reading, work_file_id))
        assert answer.body is not None
        return shown(answer.body, answer.version)


@router.post(
    "/{work_file_id}/documents",
    status_code=201,
    response_model=WorkFileDetail,
    responses={**MAKING, **documented(GuardsUnmet)},
)
def add_document(work_file_id: uuid.UUID, body: DocumentIn, posting: Posting) -> Response:
    """Put a document into a further work file; nothing is copied."""

    def work(tx: Transaction) -> Shown:
        filing.add_document(tx, work_file_id, body.document_id)
        row = filing.find_work_file(tx, work_file_id)
        return _detail(row, filing.contents(tx, work_file_id))

    return posting.change(work, status=201)


@router.post(
    "/{work_file_id}/close",
    response_model=WorkFileDetail,
    responses={**MAKING, **CHANGING, **documented(GuardsUnmet)},
)
def close_work_file(work_file_id: uuid.UUID, version: Version, posting: Posting) -> Response:
    """Its work is done: nothing more goes in."""

    def work(tx: Transaction) -> Shown:
        with starting_from(tx, WorkFile, work_file_id, version):
            row = filing.close_work_file(tx, work_file_id)
        return _detail(row, filing.contents(tx, work_file_id))

    return posting.change(work)


def _detail(row: WorkFile, contents: list[tuple[WorkFileItem, Document]]) -> Shown:
    version = version_of(row)
    items = [
        ItemOut(
            ordinal=item.ordinal,
            document_id=document.id,
            direction=document.direction,
            subject=document.subject,
        )
        for item, document in contents
    ]
    return Shown(
        WorkFileDetail(
            **WorkFileOut.model_validate(row).model_dump(), version=version, items=items
        ),
        version,
    )
