"""Who audits an organisation, by which document, from when to when."""

from __future__ import annotations

import uuid

from fastapi import APIRouter, Response

from api.auth import ActorHere, OfficeHere
from api.dependencies import Posting, Shown, Version, shown, starting_from, version_of
from api.problems import documented
from api.routes.organisations import CHANGING, MAKING, On
from api.schemas.mandates import AuditMandateIn, AuditMandateOut
from api.schemas.organisations import End
from api.schemas.values import Page, Paging
from workflow import audit_mandates
from workflow.office import Transaction
from workflow.records import AuditMandate
from workflow.rules.errors import Invalid, NotAuthenticated, NotFound, Unavailable

router = APIRouter(
    tags=["people"], responses=documented(NotAuthenticated, NotFound, Invalid, Unavailable)
)
HERE = "/organisations/{organisation_id}/audit-mandates"


@router.get(HERE, response_model=Page[AuditMandateOut])
def list_audit_mandates(
    organisation_id: uuid.UUID, office: OfficeHere, actor: ActorHere, paging: Paging, on: On = None
) -> Response:
    """Who audits here by a mandate on a day. Known only to those of the organisation."""
    with office.reading(actor) as reading:
        rows = audit_mandates.audit_mandates_of(reading, organisation_id, on)
        return shown(paging.cut(rows, lambda row: row.id, uuid.UUID, AuditMandateOut.of))


@router.post(HERE, status_code=201, response_model=AuditMandateOut, responses=MAKING)
def give_audit_mandate(
    organisation_id: uuid.UUID, body: AuditMandateIn, posting: Posting
) -> Response:
    """Let somebody read here as auditor and, with `subtree`, in every organisation under this."""

    def work(tx: Transaction) -> Shown:
        row = audit_mandates.give_audit_mandate(
            tx,
            organisation_id,
            body.person_id,
            subtree=body.subtree,
            basis=body.basis,
            valid_from=body.valid_from,
            valid_to=body.valid_to,
        )
        return Shown(AuditMandateOut.of(row), version_of(row))

    return posting.change(work, status=201)


@router.post(
    "/audit-mandates/{audit_mandate_id}/end",
    response_model=AuditMandateOut,
    responses={**MAKING, **CHANGING},
)
def end_audit_mandate(
    audit_mandate_id: uuid.UUID, body: End, version: Version, posting: Posting
) -> Response:
    """The person audits there no more on that day."""

    def work(tx: Transaction) -> Shown:
        with starting_from(tx, AuditMandate, audit_mandate_id, version):
            audit_mandates.end_audit_mandate(tx, audit_mandate_id, body.on)
        row = tx.get(AuditMandate, audit_mandate_id)
        return Shown(AuditMandateOut.of(row), version_of(row))

    return posting.change(work)
