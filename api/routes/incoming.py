"""Incoming documents (văn bản đến): received, verified, registered, directed, handled."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.auth import ActorHere, OfficeHere
from api.dependencies import Posting, Shown, Version, shown
from api.problems import documented
from api.routes.organisations import CHANGING, MAKING
from api.schemas import incoming as schemas
from api.schemas.documents import FileIn, Urgency
from api.schemas.incoming import ArrivalIn, IncomingDetail, IncomingLine, IncomingStep, SlipOut
from api.schemas.values import Name, Page, Paging, Word
from api.showing import incoming_detail, incoming_line, slip_out
from workflow import circulation, digitising, incoming_views, registration, task_views
from workflow.arrivals import Arrival
from workflow.circulation import Handler
from workflow.files import Content
from workflow.office import Reading, Transaction
from workflow.rules.errors import (
    Duplicate,
    GuardsUnmet,
    Invalid,
    NotAuthenticated,
    NotFound,
    SecretRefused,
    TransitionNotAllowed,
    Unavailable,
    UnknownYear,
)
from workflow.uploads import take_upload
from workflow.viewing import record_view

router = APIRouter(
    prefix="/incoming-documents",
    tags=["incoming documents"],
    responses=documented(NotAuthenticated, NotFound, Invalid, Unavailable),
)


@router.get("", response_model=Page[IncomingLine])
def list_incoming_documents(
    office: OfficeHere,
    actor: ActorHere,
    paging: Paging,
    organisation: Annotated[uuid.UUID | None, Query()] = None,
    state: Annotated[Word | None, Query()] = None,
    urgency: Annotated[Urgency | None, Query()] = None,
    overdue: Annotated[bool, Query(description="Only those past their deadline.")] = False,
    refuted: Annotated[
        bool, Query(description="Only those accepted on the clerk's word and found invalid since.")
    ] = False,
    sender: Annotated[Name | None, Query(description="A code, or part of the name.")] = None,
    code: Annotated[Name | None, Query(description="Số, ký hiệu.")] = None,
    text: Annotated[Name | None, Query(description="In sender, code or subject.")] = None,
) -> Response:
    """Those you may know of, newest first. Texts are compared without accents or case."""
    wanted = incoming_views.Filter(
        organisation_id=organisation,
        state=state,
        urgency=urgency,
        overdue=overdue,
        refuted=refuted,
        sender=sender,
        code=code,
        text=text,
    )
    with office.reading(actor) as reading:
        lines = incoming_views.list_incoming(
            reading, wanted, after=paging.after(uuid.UUID), limit=paging.limit + 1
        )
        return shown(paging.page(lines, lambda line: line.document.id, incoming_line))


@router.get("/{document_id}", response_model=IncomingDetail)
def show_incoming_document(
    document_id: uuid.UUID, office: OfficeHere, actor: ActorHere
) -> Response:
    """One document, with what you may do now. That you looked is logged."""
    with office.reading(actor) as reading:
        detail = incoming_detail(incoming_views.view_incoming(reading, document_id))
    record_view(office, actor, detail.organisation_id, document_id, "detail")
    return shown(detail, detail.version)


@router.get("/{document_id}/slip", response_model=SlipOut)
def show_slip(document_id: uuid.UUID, office: OfficeHere, actor: ActorHere) -> Response:
    """The phiếu giải quyết: what the leader, the head of the unit and the person said."""
    with office.reading(actor) as reading:
        slip = task_views.resolution_slip(reading, document_id)
        organisation_id, answer = slip.document.organisation_id, slip_out(slip)
    record_view(office, actor, organisation_id, document_id, "slip")
    return shown(answer)


@router.post(
    "",
    status_code=201,
    response_model=IncomingDetail,
    responses={**MAKING, **documented(SecretRefused)},
)
def receive_incoming_document(body: ArrivalIn, posting: Posting) -> Response:
    """Receive a document. It has no number yet; an unreadable file is received all the same."""

    def work(tx: Transaction) -> Shown:
        arrival = Arrival(
            **{name: getattr(body, name) for name in ArrivalIn.model_fields if name != "files"},
            files=[_arrived(tx, file, body.organisation_id) for file in body.files],
        )
        return _detail(tx, registration.receive(tx, arrival).document_id)

    if body.secrecy != "none":
        raise SecretRefused
    return posting.change(work, status=201, location="/incoming-documents/{id}")


@router.post(
    "/{document_id}/transitions",
    response_model=IncomingDetail,
    responses={
        202: {"model": IncomingDetail, "description": "The intent to seal is kept; a job signs."},
        **CHANGING,
        **documented(TransitionNotAllowed, GuardsUnmet, Duplicate, UnknownYear),
    },
)
def move_incoming_document(
    document_id: uuid.UUID, body: IncomingStep, version: Version, posting: Posting
) -> Response:
    """Take one step: every change of state is made here. `allowed` of the document lists them."""

    def work(tx: Transaction) -> Shown:
        _take(tx, document_id, version, body)
        return _detail(tx, document_id)

    return posting.change(work, status=202 if isinstance(body, schemas.Digitise) else 200)


def _take(tx: Transaction, document_id: uuid.UUID, version: int, body: IncomingStep) -> None:
    at = (tx, document_id, version)
    match body:
        case schemas.Bare(trigger="verify_again"):
            registration.verify_again(*at)
        case schemas.Bare():
            registration.register(*at)
        case schemas.Opine(trigger="inspect"):
            registration.inspect_paper(*at, body.opinion)
        case schemas.Opine(trigger="submit"):
            circulation.submit(*at, body.opinion)
        case schemas.Opine():
            circulation.transfer(*at, body.opinion)
        case schemas.GiveReason(trigger="override"):
            registration.override(*at, body.reason)
        case schemas.GiveReason(trigger="return"):
            registration.return_to_sender(*at, body.reason)
        case schemas.GiveReason():
            circulation.send_back(*at, body.reason)
        case schemas.ConfirmDuplicates():
            registration.confirm_duplicates(*at, body.seen, body.reason, body.duplicate_of)
        case schemas.AttachPaper():
            organisation_id = incoming_views.view_incoming(tx, document_id).case.organisation_id
            scan = _arrived(tx, body.scan, organisation_id) if body.scan else None
            registration.attach_paper(*at, scan, body.note)
        case schemas.Digitise():
            digitising.digitise(*at, body.scan_sha256)
        case schemas.Assign():
            circulation.assign(*at, _handlers(body), body.opinion)
        case schemas.Extend():
            circulation.extend(*at, body.due_on, body.reason)
        case schemas.Complete():
            circulation.complete(*at, body.opinion, body.answer_id)


def _handlers(body: schemas.Assign) -> list[Handler]:
    if body.trigger == "inform":
        wrong = [n for n, one in enumerate(body.handlers) if one.part != "information"]
        if wrong:
            raise Invalid(
                [(f"/handlers/{n}/part", "Chuyển để biết: chỉ có để biết.") for n in wrong]
            )
    return [
        Handler(one.part, one.unit_id, one.person_id, one.instruction, one.due_on)
        for one in body.handlers
    ]


def _arrived(reading: Reading, file: FileIn, organisation_id: uuid.UUID) -> Content:
    upload = take_upload(reading, file.upload, organisation_id)
    return Content(upload.sha256, upload.size_bytes, file.title)


def _detail(reading: Reading, document_id: uuid.UUID) -> Shown:
    detail = incoming_detail(incoming_views.view_incoming(reading, document_id))
    return Shown(detail, detail.version)
