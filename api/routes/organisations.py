"""Organisations, their units, issuers and calendar. What an agency is called is public."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.auth import ActorHere, OfficeHere
from api.dependencies import Posting, Replacing, Shown, Version, shown, starting_from, version_of
from api.problems import documented
from api.schemas.organisations import (
    CalendarDayIn,
    CalendarDayOut,
    DescriptionIn,
    End,
    IssuerIn,
    IssuerOut,
    OrganisationDetail,
    OrganisationIn,
    OrganisationOut,
    RulesIn,
    UnitIn,
    UnitOut,
)
from api.schemas.values import Page, Paging
from api.validation import HeaderInvalid
from workflow import organisations, structure
from workflow.office import Transaction
from workflow.records import Issuer, Organisation, Unit
from workflow.rules.errors import (
    Duplicate,
    Forbidden,
    Invalid,
    InvalidDefinition,
    KeyReused,
    NotAuthenticated,
    NotFound,
    PreconditionMissing,
    StaleVersion,
    Unavailable,
)
from workflow.rules.numbering import SeriesRule

router = APIRouter(
    tags=["organisations"],
    responses=documented(NotAuthenticated, NotFound, Invalid, Unavailable),
)
MAKING = documented(Forbidden, Duplicate, Invalid, KeyReused, HeaderInvalid)
CHANGING = documented(Forbidden, Duplicate, StaleVersion, PreconditionMissing)
On = Annotated[date | None, Query(description="As of this day (today).")]


@router.get("/organisations", response_model=Page[OrganisationOut])
def list_organisations(
    office: OfficeHere, actor: ActorHere, paging: Paging, on: On = None
) -> Response:
    """Every organisation in force, in the order of their codes."""
    with office.reading(actor) as reading:
        rows = organisations.list_organisations(reading, on)
        return shown(paging.cut(rows, lambda row: row.code, str, OrganisationOut.of))


@router.post("/organisations", status_code=201, response_model=OrganisationDetail, responses=MAKING)
def create_organisation(body: OrganisationIn, posting: Posting) -> Response:
    """A new organisation under one that you administer."""

    def work(tx: Transaction) -> Shown:
        row = organisations.create_organisation(
            tx,
            organisations.Description(body.code, body.name, body.kind, body.place, body.parent_id),
            resolve_days=body.resolve_days,
            copying_authority=body.copying_authority,
            valid_from=body.valid_from,
        )
        name = organisations.current_name(tx, row.id, body.valid_from)
        return Shown(OrganisationDetail.whole(name, row), version_of(row))

    return posting.change(work, status=201, location="/organisations/{id}")


@router.get("/organisations/{organisation_id}", response_model=OrganisationDetail)
def show_organisation(
    organisation_id: uuid.UUID, office: OfficeHere, actor: ActorHere, on: On = None
) -> Response:
    """What it is called on a day, and its working rules."""
    with office.reading(actor) as reading:
        name = organisations.current_name(reading, organisation_id, on)
        row = reading.get(Organisation, organisation_id)
        return shown(OrganisationDetail.whole(name, row), version_of(row))


@router.post(
    "/organisations/{organisation_id}/names",
    status_code=201,
    response_model=OrganisationOut,
    responses=MAKING,
)
def describe_organisation(
    organisation_id: uuid.UUID, body: DescriptionIn, posting: Posting
) -> Response:
    """Rename, re-code or move it from a day on (mergers); the past stays as it was."""

    def work(tx: Transaction) -> Shown:
        description = organisations.Description(
            body.code, body.name, body.kind, body.place, body.parent_id
        )
        row = organisations.describe(tx, organisation_id, description, body.on)
        return Shown(OrganisationOut.of(row))

    return posting.change(work, status=201)


@router.put(
    "/organisations/{organisation_id}/rules",
    response_model=OrganisationDetail,
    responses=CHANGING,
)
def set_rules(
    organisation_id: uuid.UUID, body: RulesIn, version: Version, replacing: Replacing
) -> Response:
    """What its working regulation says: days to resolve a document, authority to copy."""

    def work(tx: Transaction) -> Shown:
        with starting_from(tx, Organisation, organisation_id, version):
            row = organisations.set_rules(
                tx,
                organisation_id,
                resolve_days=body.resolve_days,
                copying_authority=body.copying_authority,
            )
        name = organisations.current_name(tx, organisation_id)
        return Shown(OrganisationDetail.whole(name, row), version_of(row))

    return replacing.change(work)


@router.get("/organisations/{organisation_id}/units", response_model=Page[UnitOut])
def list_units(
    organisation_id: uuid.UUID, office: OfficeHere, actor: ActorHere, paging: Paging, on: On = None
) -> Response:
    """Its units on a day."""
    with office.reading(actor) as reading:
        rows = structure.units_of(reading, organisation_id, on)
        return shown(paging.cut(rows, lambda row: row.id, uuid.UUID, UnitOut.of))


@router.post(
    "/organisations/{organisation_id}/units",
    status_code=201,
    response_model=UnitOut,
    responses=MAKING,
)
def add_unit(organisation_id: uuid.UUID, body: UnitIn, posting: Posting) -> Response:
    """A unit that drafts and handles documents."""

    def work(tx: Transaction) -> Shown:
        row = structure.add_unit(
            tx, organisation_id, name=body.name, symbol=body.symbol, valid_from=body.valid_from
        )
        return Shown(UnitOut.of(row), version_of(row))

    return posting.change(work, status=201)


@router.post("/units/{unit_id}/end", response_model=UnitOut, responses={**MAKING, **CHANGING})
def end_unit(unit_id: uuid.UUID, body: End, version: Version, posting: Posting) -> Response:
    """The unit no longer exists on that day."""

    def work(tx: Transaction) -> Shown:
        with starting_from(tx, Unit, unit_id, version):
            structure.end_unit(tx, unit_id, body.on)
        row = tx.get(Unit, unit_id)
        return Shown(UnitOut.of(row), version_of(row))

    return posting.change(work)


@router.get("/organisations/{organisation_id}/issuers", response_model=Page[IssuerOut])
def list_issuers(
    organisation_id: uuid.UUID, office: OfficeHere, actor: ActorHere, paging: Paging, on: On = None
) -> Response:
    """The bodies that issue documents from this seat on a day."""
    with office.reading(actor) as reading:
        rows = structure.issuers_of(reading, organisation_id, on)
        return shown(paging.cut(rows, lambda row: row.id, uuid.UUID, IssuerOut.of))


@router.post(
    "/organisations/{organisation_id}/issuers",
    status_code=201,
    response_model=IssuerOut,
    responses={**MAKING, **documented(Invalid, InvalidDefinition, KeyReused)},
)
def add_issuer(organisation_id: uuid.UUID, body: IssuerIn, posting: Posting) -> Response:
    """A body with numbers of its own that issues from this seat: UBND, HĐND, a council."""

    def work(tx: Transaction) -> Shown:
        row = structure.add_issuer(
            tx,
            organisation_id,
            kind=body.kind,
            name=body.name,
            symbol=body.symbol,
            series=[
                SeriesRule(rule.kind, None if rule.doc_types is None else frozenset(rule.doc_types))
                for rule in body.series
            ],
            workflow=body.workflow,
            valid_from=body.valid_from,
        )
        return Shown(IssuerOut.of(row), version_of(row))

    return posting.change(work, status=201)


@router.post("/issuers/{issuer_id}/end", response_model=IssuerOut, responses={**MAKING, **CHANGING})
def end_issuer(issuer_id: uuid.UUID, body: End, version: Version, posting: Posting) -> Response:
    """The body no longer issues documents on that day."""

    def work(tx: Transaction) -> Shown:
        with starting_from(tx, Issuer, issuer_id, version):
            structure.end_issuer(tx, issuer_id, body.on)
        row = tx.get(Issuer, issuer_id)
        return Shown(IssuerOut.of(row), version_of(row))

    return posting.change(work)


@router.post(
    "/organisations/{organisation_id}/calendar-days",
    status_code=201,
    response_model=CalendarDayOut,
    responses=MAKING,
)
def set_calendar_day(organisation_id: uuid.UUID, body: CalendarDayIn, posting: Posting) -> Response:
    """Say whether a day is worked, here and in all organisations under this one."""

    def work(tx: Transaction) -> Shown:
        row = structure.set_calendar_day(
            tx, organisation_id, body.day_on, working=body.working, basis=body.basis
        )
        return Shown(CalendarDayOut.model_validate(row))

    return posting.change(work, status=201)
