"""Departments appraise a dossier: their parts, and in them each criterion on its own."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.auth import ActorHere, OfficeHere
from api.dependencies import Posting, Shown, Version, shown
from api.problems import documented
from api.routes.organisations import CHANGING
from api.schemas import appraisals as schemas
from api.schemas.appraisals import (
    AppraisalDetail,
    AppraisalLine,
    AppraisalStep,
    CriterionDetail,
    CriterionStep,
)
from api.schemas.values import Page, Paging
from workflow import appraisal_views, appraising
from workflow.appraisals import find_criterion
from workflow.office import Transaction
from workflow.rules.errors import (
    GuardsUnmet,
    Invalid,
    KeyReused,
    NotAuthenticated,
    NotFound,
    TransitionNotAllowed,
    Unavailable,
)
from workflow.viewing import record_view

router = APIRouter(
    tags=["appraisals"],
    responses=documented(NotAuthenticated, NotFound, Invalid, KeyReused, Unavailable),
)
STEPPING = {**CHANGING, **documented(TransitionNotAllowed, GuardsUnmet)}


@router.get("/appraisals", response_model=Page[AppraisalLine])
def list_appraisals(
    office: OfficeHere,
    actor: ActorHere,
    paging: Paging,
    organisation: Annotated[
        uuid.UUID | None, Query(description="Only this department's parts.")
    ] = None,
    open_only: Annotated[bool, Query(alias="open", description="Not those that ended.")] = True,
) -> Response:
    """Departments' parts of dossiers of which you may know something, newest first."""
    with office.reading(actor) as reading:
        lines = appraisal_views.list_parts(
            reading,
            organisation_id=organisation,
            open_only=open_only,
            after=paging.after(uuid.UUID),
            limit=paging.limit + 1,
        )
        return shown(paging.page(lines, lambda line: line.case.id, AppraisalLine.of_part))


@router.get("/appraisals/{case_id}", response_model=AppraisalDetail)
def show_appraisal(case_id: uuid.UUID, office: OfficeHere, actor: ActorHere) -> Response:
    """One department's part with its criteria and their evidence. That you looked is logged."""
    with office.reading(actor) as reading:
        view = appraisal_views.view_part(reading, case_id)
        detail, dossier = AppraisalDetail.whole(view), view.line.dossier
        owner_id, dossier_id = dossier.organisation_id, dossier.id
    record_view(office, actor, owner_id, dossier_id, "appraisal")
    return shown(detail, detail.version)


@router.post(
    "/appraisals/{case_id}/transitions", response_model=AppraisalDetail, responses=STEPPING
)
def move_appraisal(
    case_id: uuid.UUID, body: AppraisalStep, version: Version, posting: Posting
) -> Response:
    """Have one criterion appraised again, or give the department's opinion."""

    def work(tx: Transaction) -> Shown:
        match body:
            case schemas.ReopenCriterion():
                appraising.reopen(tx, case_id, version, body.criterion, body.reason)
            case schemas.GiveOpinion():
                appraising.give_opinion(tx, case_id, version)
        detail = AppraisalDetail.whole(appraisal_views.view_part(tx, case_id))
        return Shown(detail, detail.version)

    return posting.change(work)


@router.get("/criterion-appraisals/{case_id}", response_model=CriterionDetail)
def show_criterion_appraisal(case_id: uuid.UUID, office: OfficeHere, actor: ActorHere) -> Response:
    """One criterion with its evidence and findings. That you looked is logged."""
    with office.reading(actor) as reading:
        one = find_criterion(reading, case_id)
        detail = CriterionDetail.whole(one, appraisal_views.view_criterion(reading, one))
        owner_id = one.whole.dossier.organisation_id
    record_view(office, actor, owner_id, detail.dossier_id, "criterion")
    return shown(detail, detail.version)


@router.post(
    "/criterion-appraisals/{case_id}/transitions",
    response_model=CriterionDetail,
    responses=STEPPING,
)
def move_criterion_appraisal(
    case_id: uuid.UUID, body: CriterionStep, version: Version, posting: Posting
) -> Response:
    """Take one step of a criterion; nobody's version but its own changes."""

    def work(tx: Transaction) -> Shown:
        one = find_criterion(tx, case_id)
        _take(tx, case_id, version, body)
        detail = CriterionDetail.whole(one, appraisal_views.view_criterion(tx, one))
        return Shown(detail, detail.version)

    return posting.change(work)


def _take(tx: Transaction, case_id: uuid.UUID, version: int, body: CriterionStep) -> None:
    at = (tx, case_id, version)
    match body:
        case schemas.AssignCriterion():
            appraising.assign(*at, body.person_id, unit_id=body.unit_id)
        case schemas.FindCriterion():
            met = body.trigger == "find_met"
            appraising.find(*at, met, body.reason, body.points)
        case schemas.ReturnCriterion():
            appraising.give_back(*at, body.reason)
        case schemas.GoOn(trigger="resupply"):
            appraising.resupply(*at, body.note)
        case schemas.GoOn():
            appraising.take_back(*at, body.note)
