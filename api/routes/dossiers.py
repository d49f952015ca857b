"""Recognition dossiers (hồ sơ đề nghị xét, công nhận): filled, submitted, appraised, decided."""

from __future__ import annotations

import uuid
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response

from api.auth import ActorHere, OfficeHere
from api.dependencies import Posting, Replacing, Shown, Version, shown
from api.problems import documented
from api.routes.organisations import CHANGING, MAKING
from api.schemas import dossiers as schemas
from api.schemas.dossiers import (
    AnswerIn,
    DossierDetail,
    DossierIn,
    DossierLine,
    DossierStep,
    ExhibitOut,
    ExhibitsIn,
    ExhibitsOut,
    HistoryLine,
    PaperDraftIn,
    PaperIn,
    PaperOut,
)
from api.schemas.values import Page, Paging, Title, Word, ordinal
from api.showing_dossiers import (
    dossier_detail,
    dossier_line,
    exhibit_out,
    history_line,
    paper_out,
)
from api.streaming import PDF, StoredFile
from workflow import (
    applying,
    dossier_contents,
    dossier_views,
    drafting,
    exhibiting,
    proceeding,
)
from workflow.access import find_dossier
from workflow.actor import Actor
from workflow.applying import Answer, NewDossier
from workflow.dossiers import case_of
from workflow.drafting import Draft, RecipientLine, SignerLine
from workflow.exhibiting import Attachment
from workflow.files import Content
from workflow.layouts import DECREE_LAYOUT, Layout
from workflow.office import Office, Reading, Transaction
from workflow.records import Dossier, Issuer
from workflow.rules.errors import (
    GuardsUnmet,
    Invalid,
    NotAuthenticated,
    NotFound,
    TransitionNotAllowed,
    Unavailable,
    UnknownYear,
    UnreadableDocument,
)
from workflow.rules.papers import PARTS, Part
from workflow.uploads import take_upload
from workflow.viewing import record_view

router = APIRouter(
    tags=["dossiers"],
    responses=documented(NotAuthenticated, NotFound, Invalid, Unavailable),
)
ONE = "/dossiers/{dossier_id}"
STEPPING = {**CHANGING, **documented(TransitionNotAllowed, GuardsUnmet, UnknownYear)}
_CONTENT: dict[int | str, dict[str, Any]] = {
    200: {"content": {PDF: {"schema": {"type": "string", "format": "binary"}}}}
}


@router.get("/dossiers", response_model=Page[DossierLine])
def list_dossiers(
    office: OfficeHere,
    actor: ActorHere,
    paging: Paging,
    organisation: Annotated[uuid.UUID | None, Query(description="The applicant.")] = None,
    state: Annotated[Word | None, Query()] = None,
    kind: Annotated[Title | None, Query()] = None,
    overdue: Annotated[bool, Query(description="Only those past their deadline.")] = False,
) -> Response:
    """Those you take part in, newest first."""
    wanted = dossier_views.Filter(
        organisation_id=organisation, state=state, kind_code=kind, overdue=overdue
    )
    with office.reading(actor) as reading:
        lines = dossier_views.list_dossiers(
            reading, wanted, after=paging.after(uuid.UUID), limit=paging.limit + 1
        )
        return shown(paging.page(lines, lambda line: line.dossier.id, dossier_line))


@router.post("/dossiers", status_code=201, response_model=DossierDetail, responses=MAKING)
def open_dossier(body: DossierIn, posting: Posting) -> Response:
    """Begin a dossier on the version of its kind that serves the period."""

    def work(tx: Transaction) -> Shown:
        case = applying.open_dossier(tx, NewDossier(**body.model_dump()))
        return _detail(tx, case.dossier_id)

    return posting.change(work, status=201, location="/dossiers/{id}")


@router.get(ONE, response_model=DossierDetail)
def show_dossier(dossier_id: uuid.UUID, office: OfficeHere, actor: ActorHere) -> Response:
    """One dossier, with what you may do now; its evidence is listed apart. Looking is logged."""
    with office.reading(actor) as reading:
        detail = dossier_detail(dossier_views.view_dossier(reading, dossier_id))
    record_view(office, actor, detail.organisation_id, dossier_id, "dossier")
    return shown(detail, detail.version)


@router.post(f"{ONE}/transitions", response_model=DossierDetail, responses=STEPPING)
def move_dossier(
    dossier_id: uuid.UUID, body: DossierStep, version: Version, posting: Posting
) -> Response:
    """Take one step. A refusal names everything that is missing in `unmet`."""
    reason = body.reason if isinstance(body, schemas.ReasonedDossierMove) else None

    def work(tx: Transaction) -> Shown:
        proceeding.step(tx, dossier_id, version, body.trigger, reason)
        return _detail(tx, dossier_id)

    return posting.change(work)


@router.put(f"{ONE}/answers/{{part}}/{{code}}", response_model=DossierDetail, responses=STEPPING)
def answer_dossier(
    dossier_id: uuid.UUID,
    part: Literal["criterion", "condition"],
    code: Annotated[str, Path(max_length=32)],
    body: AnswerIn,
    version: Version,
    replacing: Replacing,
) -> Response:
    """Assess one criterion, or confirm one condition."""

    def work(tx: Transaction) -> Shown:
        applying.answer(tx, dossier_id, version, Answer(part, code, **body.model_dump()))
        return _detail(tx, dossier_id)

    return replacing.change(work)


@router.get(f"{ONE}/exhibits", response_model=Page[ExhibitOut])
def list_exhibits(
    dossier_id: uuid.UUID,
    office: OfficeHere,
    actor: ActorHere,
    paging: Paging,
    slot: Annotated[Title | None, Query()] = None,
) -> Response:
    """The evidence that is yours to see, in the order in which it was put there."""
    with office.reading(actor) as reading:
        lines = dossier_contents.list_exhibits(
            reading, dossier_id, slot=slot, after=paging.after(ordinal) or 0, limit=paging.limit + 1
        )
        return shown(paging.page(lines, lambda line: line.ordinal, exhibit_out))


@router.post(
    f"{ONE}/exhibits", status_code=201, response_model=ExhibitsOut, responses={**MAKING, **STEPPING}
)
def attach_exhibits(
    dossier_id: uuid.UUID, body: ExhibitsIn, version: Version, posting: Posting
) -> Response:
    """Put evidence into slots: up to 500 pieces, all or none. Uploaded files are judged after."""
    items = [
        Attachment(
            slot=one.slot,
            document_id=one.document_id,
            upload_id=one.upload,
            title=one.title,
            dated_on=one.dated_on,
        )
        for one in body.items
    ]

    def work(tx: Transaction) -> Shown:
        first = exhibiting.attach(tx, dossier_id, version, items)[0]
        lines = dossier_contents.list_exhibits(
            tx, dossier_id, after=first.ordinal - 1, limit=len(items)
        )
        now = case_of(tx, dossier_id).version
        return Shown(ExhibitsOut(version=now, items=[exhibit_out(line) for line in lines]), now)

    return posting.change(work, status=201)


@router.delete(f"{ONE}/exhibits/{{exhibit_id}}", response_model=DossierDetail, responses=STEPPING)
def drop_exhibit(
    dossier_id: uuid.UUID, exhibit_id: uuid.UUID, version: Version, replacing: Replacing
) -> Response:
    """Take a piece of evidence out; that it stood there is kept."""

    def work(tx: Transaction) -> Shown:
        exhibiting.drop(tx, dossier_id, version, exhibit_id)
        return _detail(tx, dossier_id)

    return replacing.change(work)


@router.get(f"{ONE}/exhibits/{{exhibit_id}}/content", response_class=Response, responses=_CONTENT)
def download_exhibit(
    dossier_id: uuid.UUID, exhibit_id: uuid.UUID, office: OfficeHere, actor: ActorHere
) -> Response:
    """The bytes, checked while they are sent. That you read them is logged with their owner."""
    with office.reading(actor) as reading:
        stored = dossier_contents.find_exhibit(reading, dossier_id, exhibit_id)
    return _stream(office, actor, stored)


@router.post(f"{ONE}/papers", status_code=201, response_model=PaperOut, responses=MAKING)
def link_paper(dossier_id: uuid.UUID, body: PaperIn, posting: Posting) -> Response:
    """Say which document is the paper that a step rests on; the newest of its part counts."""

    def work(tx: Transaction) -> Shown:
        paper = exhibiting.link_paper(tx, dossier_id, body.part, body.document_id, body.case_id)
        return Shown(_paper(tx, dossier_id, paper.id))

    return posting.change(work, status=201)


@router.get(f"{ONE}/papers/{{paper_id}}/content", response_class=Response, responses=_CONTENT)
def download_paper(
    dossier_id: uuid.UUID, paper_id: uuid.UUID, office: OfficeHere, actor: ActorHere
) -> Response:
    """The main text of a paper. That you read it is logged with its owner."""
    with office.reading(actor) as reading:
        stored = dossier_contents.find_paper(reading, dossier_id, paper_id)
    return _stream(office, actor, stored)


@router.post(
    f"{ONE}/drafts",
    status_code=201,
    response_model=PaperOut,
    responses={**MAKING, **documented(UnreadableDocument)},
)
def draft_paper(dossier_id: uuid.UUID, body: PaperDraftIn, posting: Posting) -> Response:
    """Draft a paper as an outgoing document and link it; it then goes its own way to issue."""
    with posting.office.reading(posting.actor) as reading:
        dossier = find_dossier(reading, dossier_id)
        issuer = reading.get(Issuer, body.issuer_id, "Cơ quan ban hành")
        upload = take_upload(reading, body.upload, issuer.organisation_id)
        content = Content(upload.sha256, upload.size_bytes)
        draft = _draft(body, dossier, content)
    drafting.readable(posting.office, issuer.organisation_id, content)

    def work(tx: Transaction) -> Shown:
        document_id = drafting.draft(tx, draft).document_id
        paper = exhibiting.link_paper(tx, dossier_id, body.part, document_id, body.case_id)
        return Shown(_paper(tx, dossier_id, paper.id))

    return posting.change(work, status=201, location="/outgoing-documents/{document_id}")


@router.get(f"{ONE}/history", response_model=Page[HistoryLine])
def show_dossier_history(
    dossier_id: uuid.UUID, office: OfficeHere, actor: ActorHere, paging: Paging
) -> Response:
    """Every move of the dossier and of the cases in it, in the order of time."""
    with office.reading(actor) as reading:
        lines = dossier_views.history(
            reading, dossier_id, after=paging.after(uuid.UUID), limit=paging.limit + 1
        )
        return shown(paging.page(lines, lambda line: line.move.id, history_line))


def _detail(reading: Reading, dossier_id: uuid.UUID) -> Shown:
    detail = dossier_detail(dossier_views.view_dossier(reading, dossier_id))
    return Shown(detail, detail.version)


def _paper(reading: Reading, dossier_id: uuid.UUID, paper_id: uuid.UUID) -> PaperOut:
    papers = dossier_contents.list_papers(reading, dossier_id)
    return next(paper_out(one) for one in papers if one.paper.id == paper_id)


def _draft(body: PaperDraftIn, dossier: Dossier, content: Content) -> Draft:
    part = PARTS[body.part]
    return Draft(
        issuer_id=body.issuer_id,
        unit_id=body.unit_id,
        type_code=body.type_code or _only_type(part),
        subject=body.subject or f"{part.title}: {dossier.name}",
        files=[content],
        signers=[SignerLine(one.person_id, one.part, one.capacity) for one in body.signers],
        recipients=[
            RecipientLine(one.name, one.purpose, one.channel, one.organisation_id)
            for one in body.recipients
        ],
        archived_by=body.archived_by,
        seal_wanted=body.seal_wanted,
        layout=Layout.from_json(body.layout.model_dump_json()) if body.layout else DECREE_LAYOUT,
    )


def _only_type(part: Part) -> str:
    if len(part.doc_types) > 1:
        choices = ", ".join(sorted(part.doc_types))
        raise Invalid([("/type_code", f"Chọn loại văn bản: {choices}.")])
    return min(part.doc_types)


def _stream(office: Office, actor: Actor, stored: dossier_contents.Stored) -> Response:
    record_view(office, actor, stored.organisation_id, stored.subject_id, "content", stored.sha256)
    return StoredFile(
        office,
        stored.organisation_id,
        stored.sha256,
        stored.size_bytes,
        name=f"{stored.title}.pdf",
    )
