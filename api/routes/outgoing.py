"""Outgoing documents (văn bản đi): drafted, checked, approved, signed, numbered, sealed, issued."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.auth import ActorHere, OfficeHere
from api.dependencies import Posting, Replacing, Shown, Version, shown
from api.problems import documented
from api.routes.organisations import CHANGING, MAKING
from api.schemas import outgoing as schemas
from api.schemas.outgoing import DraftIn, OutgoingDetail, OutgoingLine, OutgoingStep
from api.schemas.values import Page, Paging, Word
from api.showing import outgoing_detail, outgoing_line
from workflow import drafting, filing, issuing, outgoing_views, reviewing, signatures
from workflow.access import find_document
from workflow.drafting import Draft, RecipientLine, SignerLine
from workflow.files import Content, current_files
from workflow.layouts import DECREE_LAYOUT, Layout
from workflow.office import Office, Reading, Transaction
from workflow.records import Issuer
from workflow.rules.errors import (
    DateBeforeSeries,
    GuardsUnmet,
    Invalid,
    NotAuthenticated,
    NotFound,
    SecretRefused,
    SeriesUndefined,
    TransitionNotAllowed,
    Unavailable,
    UnknownYear,
    UnreadableDocument,
)
from workflow.uploads import take_upload
from workflow.viewing import record_view

router = APIRouter(
    prefix="/outgoing-documents",
    tags=["outgoing documents"],
    responses=documented(NotAuthenticated, NotFound, Invalid, UnreadableDocument, Unavailable),
)


@router.get("", response_model=Page[OutgoingLine])
def list_outgoing_documents(
    office: OfficeHere,
    actor: ActorHere,
    paging: Paging,
    state: Annotated[Word | None, Query()] = None,
    issuer: Annotated[uuid.UUID | None, Query()] = None,
    overdue: Annotated[bool, Query(description="Only those past the deadline of law.")] = False,
) -> Response:
    """Those you may know of, newest first."""
    with office.reading(actor) as reading:
        lines = outgoing_views.list_outgoing(
            reading,
            state=state,
            issuer_id=issuer,
            overdue=overdue,
            after=paging.after(uuid.UUID),
            limit=paging.limit + 1,
        )
        return shown(paging.page(lines, lambda line: line.document.id, outgoing_line))


@router.get("/{document_id}", response_model=OutgoingDetail)
def show_outgoing_document(
    document_id: uuid.UUID, office: OfficeHere, actor: ActorHere
) -> Response:
    """One document, with what you may do now. That you looked is logged."""
    with office.reading(actor) as reading:
        detail = outgoing_detail(reading, outgoing_views.view_outgoing(reading, document_id))
    record_view(office, actor, detail.organisation_id, document_id, "detail")
    return shown(detail, detail.version)


@router.post(
    "",
    status_code=201,
    response_model=OutgoingDetail,
    responses={**MAKING, **documented(SecretRefused, Invalid, UnreadableDocument)},
)
def draft_outgoing_document(body: DraftIn, posting: Posting) -> Response:
    """Draft a document from uploaded PDFs; the first file is the main text."""
    _refuse_secret(body)
    with posting.office.reading(posting.actor) as reading:
        organisation_id = reading.get(Issuer, body.issuer_id, "Cơ quan ban hành").organisation_id
        files = _files(reading, body, organisation_id, {})
    _refuse_unreadable(posting.office, organisation_id, files)

    def work(tx: Transaction) -> Shown:
        return _detail(tx, drafting.draft(tx, _draft(body, files)).document_id)

    return posting.change(work, status=201, location="/outgoing-documents/{id}")


@router.put(
    "/{document_id}/draft",
    response_model=OutgoingDetail,
    responses={**CHANGING, **documented(SecretRefused, GuardsUnmet)},
)
def revise_outgoing_document(
    document_id: uuid.UUID, body: DraftIn, version: Version, replacing: Replacing
) -> Response:
    """Replace a draft that is with its drafter. Other bytes have no checks and no approval."""
    _refuse_secret(body)
    with replacing.office.reading(replacing.actor) as reading:
        document = find_document(reading, document_id, "outgoing")
        present = {
            file.id: Content(revision.sha256, revision.size_bytes, file.title)
            for file, revision in current_files(reading, document_id)
        }
        files = _files(reading, body, document.organisation_id, present)
    _refuse_unreadable(replacing.office, document.organisation_id, files)

    def work(tx: Transaction) -> Shown:
        drafting.revise(tx, document_id, version, _draft(body, files))
        return _detail(tx, document_id)

    return replacing.change(work)


@router.post(
    "/{document_id}/transitions",
    response_model=OutgoingDetail,
    responses={
        202: {"model": OutgoingDetail, "description": "The intent to sign is kept; a job signs."},
        **CHANGING,
        **documented(
            TransitionNotAllowed, GuardsUnmet, DateBeforeSeries, SeriesUndefined, UnknownYear
        ),
    },
)
def move_outgoing_document(
    document_id: uuid.UUID, body: OutgoingStep, version: Version, posting: Posting
) -> Response:
    """Take one step: every change of state is made here. `allowed` of the document lists them.

    Signing answers 202: the act is recorded, and the key is used by a job right after it. Read the
    document again until it has left `signing` or `sealing`.
    """
    prepared = None
    if isinstance(body, schemas.Submit):
        prepared = reviewing.prepare(posting.office, posting.actor, document_id)

    def work(tx: Transaction) -> Shown:
        match body:
            case schemas.Submit():
                assert prepared is not None
                reviewing.submit(tx, document_id, version, prepared)
            case schemas.Review():
                reviewing.review(
                    tx, document_id, version, body.trigger, body.content_sha256, body.opinion
                )
            case schemas.GiveBack():
                reviewing.give_back(tx, document_id, version, body.trigger, body.reason)
            case schemas.Sign(trigger="sign"):
                signatures.sign(tx, document_id, version, body.content_sha256)
            case schemas.Sign():
                signatures.seal(tx, document_id, version, body.content_sha256)
            case schemas.Plain(trigger="number"):
                issuing.number(tx, document_id, version)
            case schemas.Plain():
                issuing.issue(tx, document_id, version)
            case schemas.RecordDispatch():
                issuing.record_dispatch(
                    tx, document_id, version, body.recipient_id, body.sent_at, body.note
                )
            case schemas.VoidNumber():
                issuing.void_number(tx, document_id, version, body.reason)
            case schemas.FileAway():
                filing.file_outgoing(tx, document_id, version, body.work_file_id)
        return _detail(tx, document_id)

    return posting.change(work, status=202 if isinstance(body, schemas.Sign) else 200)


def _detail(reading: Reading, document_id: uuid.UUID) -> Shown:
    detail = outgoing_detail(reading, outgoing_views.view_outgoing(reading, document_id))
    return Shown(detail, detail.version)


def _refuse_secret(body: DraftIn) -> None:
    if body.secrecy != "none":
        raise SecretRefused


def _files(
    reading: Reading,
    body: DraftIn,
    organisation_id: uuid.UUID,
    present: dict[uuid.UUID, Content],
) -> list[Content]:
    """The bytes that the draft's files name: uploads of the drafter, or files it has already."""
    files = []
    for position, wanted in enumerate(body.files):
        if wanted.upload is not None:
            upload = take_upload(reading, wanted.upload, organisation_id)
            files.append(Content(upload.sha256, upload.size_bytes, wanted.title))
        elif wanted.file_id in present:
            kept = present[wanted.file_id]
            files.append(Content(kept.sha256, kept.size_bytes, wanted.title or kept.title))
        else:
            raise Invalid([(f"/files/{position}/file_id", "Văn bản không có tệp này.")])
    return files


def _refuse_unreadable(office: Office, organisation_id: uuid.UUID, files: list[Content]) -> None:
    for content in files:
        drafting.readable(office, organisation_id, content)


def _draft(body: DraftIn, files: list[Content]) -> Draft:
    return Draft(
        issuer_id=body.issuer_id,
        unit_id=body.unit_id,
        type_code=body.type_code,
        subject=body.subject,
        files=files,
        signers=[SignerLine(one.person_id, one.part, one.capacity) for one in body.signers],
        recipients=[
            RecipientLine(one.name, one.purpose, one.channel, one.organisation_id)
            for one in body.recipients
        ],
        archived_by=body.archived_by,
        field_of_work=body.field_of_work,
        urgency=body.urgency,
        secrecy=body.secrecy,
        seal_wanted=body.seal_wanted,
        layout=Layout.from_json(body.layout.model_dump_json()) if body.layout else DECREE_LAYOUT,
        answers=body.answers,
        bears_on=(body.bears_on.kind, body.bears_on.document_id) if body.bears_on else None,
    )
