"""Who receives and appraises dossiers in a province, and who took over from whom."""

from __future__ import annotations

import uuid

from fastapi import APIRouter, Response

from api.auth import ActorHere, OfficeHere
from api.dependencies import Posting, Shown, shown
from api.problems import documented
from api.routes.organisations import MAKING, On
from api.schemas.jurisdictions import (
    AppraisalDutyIn,
    AppraisalDutyOut,
    DossierRouteIn,
    DossierRouteOut,
    SuccessionIn,
    SuccessionOut,
)
from api.schemas.values import Page, Paging
from workflow import jurisdictions
from workflow.office import Transaction
from workflow.rules.errors import Invalid, NotAuthenticated, NotFound, Unavailable

router = APIRouter(
    prefix="/organisations/{organisation_id}",
    tags=["organisations"],
    responses=documented(NotAuthenticated, NotFound, Invalid, Unavailable),
)


@router.get("/dossier-routes", response_model=Page[DossierRouteOut])
def list_dossier_routes(
    organisation_id: uuid.UUID, office: OfficeHere, actor: ActorHere, paging: Paging, on: On = None
) -> Response:
    """Which office of a province receives and appraises which dossiers on a day."""
    with office.reading(actor) as reading:
        rows = jurisdictions.routes_of(reading, organisation_id, on)
        show = DossierRouteOut.model_validate
        return shown(paging.cut(rows, lambda row: row.id, uuid.UUID, show))


@router.post("/dossier-routes", status_code=201, response_model=DossierRouteOut, responses=MAKING)
def set_dossier_route(
    organisation_id: uuid.UUID, body: DossierRouteIn, posting: Posting
) -> Response:
    """Name the office for a kind of dossier; whichever was named before is so no more."""

    def work(tx: Transaction) -> Shown:
        row = jurisdictions.set_route(
            tx, organisation_id, body.kind_code, body.office_id, valid_from=body.valid_from
        )
        return Shown(DossierRouteOut.model_validate(row))

    return posting.change(work, status=201)


@router.get("/appraisal-duties", response_model=Page[AppraisalDutyOut])
def list_appraisal_duties(
    organisation_id: uuid.UUID, office: OfficeHere, actor: ActorHere, paging: Paging, on: On = None
) -> Response:
    """Which department of a province appraises the criteria of which field on a day."""
    with office.reading(actor) as reading:
        rows = jurisdictions.duties_of(reading, organisation_id, on)
        show = AppraisalDutyOut.model_validate
        return shown(paging.cut(rows, lambda row: row.id, uuid.UUID, show))


@router.post(
    "/appraisal-duties", status_code=201, response_model=AppraisalDutyOut, responses=MAKING
)
def charge_department(
    organisation_id: uuid.UUID, body: AppraisalDutyIn, posting: Posting
) -> Response:
    """Charge a department with a field; whichever was charged before is so no more."""

    def work(tx: Transaction) -> Shown:
        row = jurisdictions.charge(
            tx, organisation_id, body.field, body.organisation_id, valid_from=body.valid_from
        )
        return Shown(AppraisalDutyOut.model_validate(row))

    return posting.change(work, status=201)


@router.get("/successions", response_model=Page[SuccessionOut])
def list_successions(
    organisation_id: uuid.UUID, office: OfficeHere, actor: ActorHere, paging: Paging
) -> Response:
    """Who took over from whom among those in and under this organisation."""
    with office.reading(actor) as reading:
        rows = jurisdictions.successions_of(reading, organisation_id)
        show = SuccessionOut.model_validate
        return shown(paging.cut(rows, lambda row: row.id, uuid.UUID, show))


@router.post("/successions", status_code=201, response_model=SuccessionOut, responses=MAKING)
def succeed_organisation(
    organisation_id: uuid.UUID, body: SuccessionIn, posting: Posting
) -> Response:
    """Another organisation takes over this one's work from a day on."""

    def work(tx: Transaction) -> Shown:
        row = jurisdictions.succeed(tx, organisation_id, body.successor_id, body.effective_on)
        return Shown(SuccessionOut.model_validate(row))

    return posting.change(work, status=201)
