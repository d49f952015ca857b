"""The outputs that ND 30/2020 Annex VI asks of a system: registers, reports, lists."""

from __future__ import annotations

import uuid
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Response

from api.auth import ActorHere, OfficeHere
from api.problems import documented
from api.streaming import WrittenFile
from workflow import books
from workflow.rules.errors import (
    Forbidden,
    GuardsUnmet,
    Invalid,
    NotAuthenticated,
    NotFound,
    Unavailable,
)

router = APIRouter(
    tags=["books"],
    responses=documented(NotAuthenticated, NotFound, Invalid, GuardsUnmet, Unavailable),
)
_FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "content": {
            media_type: {"schema": {"type": "string", "format": "binary"}}
            for media_type in books.MEDIA_TYPES.values()
        }
    }
}
FormAsked = Annotated[books.Form, Path(alias="form", description="Định dạng của tệp.")]


@router.get(
    "/organisations/{organisation_id}/books/{book}.{form}",
    response_class=Response,
    responses={**_FILE, **documented(Forbidden)},
)
def export_book(
    organisation_id: uuid.UUID,
    book: Annotated[
        str,
        Path(
            description="`incoming-register`, `outgoing-register`, `handling-register`,"
            " `incoming-report`, `outgoing-report` or `file-list`.",
            examples=["incoming-register"],
        ),
    ],
    form: FormAsked,
    office: OfficeHere,
    actor: ActorHere,
    period: Annotated[
        str,
        Query(
            max_length=10,
            description="A year, or a quarter or month of it; a list of files is a year's.",
            examples=["2026"],
        ),
    ],
    issuer: Annotated[
        uuid.UUID | None,
        Query(description="Whose register of outgoing documents: each issuer has its own."),
    ] = None,
) -> Response:
    """A register, report or list of an organisation, whole. That you had it is logged.

    See docs/books.md for what each holds. 409: a value does not fit its field (XML only), each
    named with its limit; nothing is cut.
    """
    asked = books.Asked(organisation_id, book, period, issuer)
    return WrittenFile(books.write_book(office, actor, asked, form))


@router.get("/work-files/{work_file_id}/contents.{form}", response_class=Response, responses=_FILE)
def export_contents(
    work_file_id: uuid.UUID, form: FormAsked, office: OfficeHere, actor: ActorHere
) -> Response:
    """Mục lục văn bản, tài liệu of a work file. That you had it is logged."""
    return WrittenFile(books.write_contents(office, actor, work_file_id, form))
