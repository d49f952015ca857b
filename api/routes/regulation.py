"""What an agency's own regulation says: who handles which incoming documents (Art. 23.1)."""

from __future__ import annotations

import uuid

from fastapi import APIRouter, Response

from api.auth import ActorHere, OfficeHere
from api.dependencies import Posting, Shown, Version, shown, starting_from, version_of
from api.problems import documented
from api.routes.organisations import CHANGING, MAKING
from api.schemas.organisations import End, HandlingRuleIn, HandlingRuleOut
from api.schemas.values import Page, Paging
from workflow import structure
from workflow.administration import belongs
from workflow.office import Transaction
from workflow.records import HandlingRule
from workflow.rules.errors import Invalid, NotAuthenticated, NotFound, Unavailable

router = APIRouter(
    tags=["organisations"],
    responses=documented(NotAuthenticated, NotFound, Invalid, Unavailable),
)


@router.get("/organisations/{organisation_id}/handling-rules", response_model=Page[HandlingRuleOut])
def list_handling_rules(
    organisation_id: uuid.UUID, office: OfficeHere, actor: ActorHere, paging: Paging
) -> Response:
    """The rules that hold today, for those of the organisation."""
    with office.reading(actor) as reading:
        if not belongs(reading, organisation_id):
            raise NotFound("Quy định giải quyết")
        rows = structure.handling_rules(reading, organisation_id)
        return shown(paging.cut(rows, lambda row: row.id, uuid.UUID, HandlingRuleOut.of))


@router.post(
    "/organisations/{organisation_id}/handling-rules",
    status_code=201,
    response_model=HandlingRuleOut,
    responses=MAKING,
)
def add_handling_rule(
    organisation_id: uuid.UUID, body: HandlingRuleIn, posting: Posting
) -> Response:
    """Documents of a type or sender go straight to a unit or person, past the leader's desk."""

    def work(tx: Transaction) -> Shown:
        row = structure.add_handling_rule(
            tx,
            organisation_id,
            basis=body.basis,
            unit_id=body.unit_id,
            person_id=body.person_id,
            type_code=body.type_code,
            sender_code=body.sender_code,
            valid_from=body.valid_from,
        )
        return Shown(HandlingRuleOut.of(row), version_of(row))

    return posting.change(work, status=201)


@router.post(
    "/handling-rules/{rule_id}/end",
    response_model=HandlingRuleOut,
    responses={**MAKING, **CHANGING},
)
def end_handling_rule(
    rule_id: uuid.UUID, body: End, version: Version, posting: Posting
) -> Response:
    """Such documents go to the leader again from that day on."""

    def work(tx: Transaction) -> Shown:
        with starting_from(tx, HandlingRule, rule_id, version):
            structure.end_handling_rule(tx, rule_id, body.on)
        row = tx.get(HandlingRule, rule_id)
        return Shown(HandlingRuleOut.of(row), version_of(row))

    return posting.change(work)
