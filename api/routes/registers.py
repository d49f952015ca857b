"""Registers (sổ đăng ký), as Annex IV of ND 30/2020 has them, and the types they hold."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.auth import ActorHere, OfficeHere
from api.dependencies import shown
from api.problems import documented
from api.schemas.incoming import IncomingRegisterLine
from api.schemas.outgoing import OutgoingRegisterLine
from api.schemas.values import Page, Paging, Shape, Year
from workflow import incoming_views, outgoing_views
from workflow.rules.errors import Invalid, NotAuthenticated, NotFound, Unavailable

router = APIRouter(
    tags=["registers"], responses=documented(NotAuthenticated, NotFound, Invalid, Unavailable)
)


@router.get("/registers/outgoing", response_model=Page[OutgoingRegisterLine])
def show_outgoing_register(
    office: OfficeHere,
    actor: ActorHere,
    paging: Paging,
    issuer: Annotated[uuid.UUID, Query()],
    year: Annotated[Year, Query()],
) -> Response:
    """Sổ đăng ký văn bản đi of an issuer and year, in the order of numbering."""
    with office.reading(actor) as reading:
        lines = outgoing_views.outgoing_register(
            reading, issuer, year, after=paging.after(uuid.UUID), limit=paging.limit + 1
        )
        return shown(paging.page(lines, lambda line: line.entry.id, _sent))


@router.get("/registers/incoming", response_model=Page[IncomingRegisterLine])
def show_incoming_register(
    office: OfficeHere,
    actor: ActorHere,
    paging: Paging,
    organisation: Annotated[uuid.UUID, Query()],
    year: Annotated[Year, Query()],
) -> Response:
    """Sổ đăng ký văn bản đến of a seat and year, in the order of arrival numbers."""
    with office.reading(actor) as reading:
        lines = incoming_views.incoming_register(
            reading, organisation, year, after=paging.after(uuid.UUID), limit=paging.limit + 1
        )
        return shown(paging.page(lines, lambda line: line.entry.id, _received))


class DocumentType(Shape):
    """A type of administrative document (ND 30/2020 Art. 7)."""

    code: str
    name: str
    abbreviation: str | None
    signers: list[str]
    seal: str


@router.get("/document-types", response_model=Page[DocumentType])
def list_document_types(office: OfficeHere, _actor: ActorHere, paging: Paging) -> Response:
    """The 29 types, who signs each, and whether it bears the agency's signature."""
    types = sorted(office.law.doc_types.types, key=lambda kind: kind.code)
    return shown(paging.cut(types, lambda kind: kind.code, str, DocumentType.model_validate))


def _sent(line: outgoing_views.RegisterLine) -> OutgoingRegisterLine:
    return OutgoingRegisterLine(
        document_id=line.document.id,
        number=line.entry.number,
        code=line.entry.code,
        entered_on=line.entry.entered_on,
        type_code=line.document.type_code,
        subject=line.document.subject,
        signers=list(line.signers),
        recipients=list(line.recipients),
        archived_by=line.outgoing.archived_by,
        sent_at=line.sent_at,
        void_reason=line.void_reason,
    )


def _received(line: incoming_views.RegisterLine) -> IncomingRegisterLine:
    return IncomingRegisterLine(
        document_id=line.document.id,
        number=line.entry.number,
        entered_on=line.entry.entered_on,
        sender_name=line.incoming.sender_name,
        code=line.incoming.code,
        dated_on=line.incoming.dated_on,
        type_code=line.document.type_code,
        subject=line.document.subject,
        handlers=list(line.handlers),
        transferred_at=line.transferred.at if line.transferred else None,
        recalled_at=line.recall.at if line.recall else None,
        note=line.recall.opinion if line.recall else None,
    )
