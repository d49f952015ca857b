"""Appraisal councils, and the votes of their members on dossiers."""

from __future__ import annotations

import uuid

from fastapi import APIRouter, Response

from api.auth import ActorHere, OfficeHere
from api.dependencies import Posting, Replacing, Shown, Version, shown
from api.problems import documented
from api.routes.dossiers import STEPPING
from api.routes.organisations import CHANGING, MAKING
from api.schemas.councils import (
    BallotIn,
    BallotOut,
    CouncilDetail,
    CouncilIn,
    CouncilOut,
    MembersIn,
    NameCouncil,
    VoteOut,
)
from api.schemas.values import Page, Paging
from workflow import councils, voting
from workflow.ballots import name_council
from workflow.dossiers import case_of
from workflow.office import Transaction
from workflow.rules.errors import (
    GuardsUnmet,
    Invalid,
    KeyReused,
    NotAuthenticated,
    NotFound,
    Unavailable,
)
from workflow.viewing import record_view

router = APIRouter(
    tags=["councils"], responses=documented(NotAuthenticated, NotFound, Invalid, Unavailable)
)


@router.get("/councils", response_model=Page[CouncilOut])
def list_councils(office: OfficeHere, actor: ActorHere, paging: Paging) -> Response:
    """The councils of your agencies and of those above them, and those you sit in."""
    with office.reading(actor) as reading:
        rows = councils.list_councils(reading)
        return shown(paging.cut(rows, lambda row: row.id, uuid.UUID, CouncilOut.model_validate))


@router.post("/councils", status_code=201, response_model=CouncilDetail, responses=MAKING)
def set_up_council(body: CouncilIn, posting: Posting) -> Response:
    """A new council, by the decision that sets it up."""

    def work(tx: Transaction) -> Shown:
        council = councils.set_up(
            tx,
            body.organisation_id,
            body.name,
            body.basis,
            [(member.person_id, member.part) for member in body.members],
            body.valid_from,
        )
        detail = CouncilDetail.whole(councils.view_council(tx, council.id))
        return Shown(detail, detail.version)

    return posting.change(work, status=201, location="/councils/{id}")


@router.get("/councils/{council_id}", response_model=CouncilDetail)
def show_council(council_id: uuid.UUID, office: OfficeHere, actor: ActorHere) -> Response:
    """One council with its members."""
    with office.reading(actor) as reading:
        detail = CouncilDetail.whole(councils.view_council(reading, council_id))
    return shown(detail, detail.version)


@router.put("/councils/{council_id}/members", response_model=CouncilDetail, responses=CHANGING)
def change_members(
    council_id: uuid.UUID, body: MembersIn, version: Version, replacing: Replacing
) -> Response:
    """Who sits in it from a day on; votes opened before keep the members of their day."""

    def work(tx: Transaction) -> Shown:
        councils.change_members(
            tx,
            council_id,
            version,
            [(member.person_id, member.part) for member in body.members],
            body.basis,
            body.on,
        )
        detail = CouncilDetail.whole(councils.view_council(tx, council_id))
        return Shown(detail, detail.version)

    return replacing.change(work)


@router.post(
    "/dossiers/{dossier_id}/council",
    response_model=VoteOut,
    responses={**STEPPING, **documented(Invalid, KeyReused)},
)
def name(dossier_id: uuid.UUID, body: NameCouncil, version: Version, posting: Posting) -> Response:
    """Say which council the dossier comes before; the ETag is the dossier's."""

    def work(tx: Transaction) -> Shown:
        name_council(tx, dossier_id, version, body.council_id)
        tx.session.flush()
        vote = VoteOut.of(voting.view_vote(tx, dossier_id))
        return Shown(vote, case_of(tx, dossier_id).version)

    return posting.change(work)


@router.get("/dossiers/{dossier_id}/vote", response_model=VoteOut)
def show_vote(dossier_id: uuid.UUID, office: OfficeHere, actor: ActorHere) -> Response:
    """The council, and of its vote what you may see; the ETag is the dossier's. Looking is
    logged."""
    with office.reading(actor) as reading:
        view = voting.view_vote(reading, dossier_id)
        version = case_of(reading, dossier_id).version
    record_view(office, actor, view.dossier.organisation_id, dossier_id, "vote")
    return shown(VoteOut.of(view), version)


@router.put(
    "/dossiers/{dossier_id}/ballot",
    response_model=BallotOut,
    responses=documented(GuardsUnmet),
)
def cast_ballot(dossier_id: uuid.UUID, body: BallotIn, replacing: Replacing) -> Response:
    """Your ballot; until the vote is closed, the last one counts. It needs no `If-Match`: members
    do not wait for each other."""

    def work(tx: Transaction) -> Shown:
        ballot = voting.cast(tx, dossier_id, body.choice, points=body.points, note=body.note)
        return Shown(BallotOut.of(ballot))

    return replacing.change(work)
