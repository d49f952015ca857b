"""The indicator of a seat and of those under it, and what is stated beside it."""

from __future__ import annotations

import uuid
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from api.auth import ActorHere, OfficeHere
from api.dependencies import Posting, Shown, shown
from api.problems import documented
from api.routes.organisations import MAKING
from api.schemas.indicator import (
    LABELS,
    IndicatorOut,
    RankedOut,
    RankingOut,
    RowReasonOut,
    SeriesOut,
)
from api.schemas.indicator_definitions import DefinitionsOut
from api.schemas.reconciliations import (
    ExclusionIn,
    ExclusionOut,
    ReconciliationIn,
    ReconciliationOut,
)
from api.schemas.values import Page, Paging
from workflow import reconciling, reporting
from workflow.office import Transaction
from workflow.reporting import Asked
from workflow.rules.completeness import Listing
from workflow.rules.errors import Forbidden, Invalid, NotAuthenticated, NotFound, Unavailable
from workflow.rules.reasons import Reason

router = APIRouter(
    tags=["indicator"],
    responses=documented(NotAuthenticated, Forbidden, NotFound, Invalid, Unavailable),
)
_HERE = "/organisations/{organisation_id}"
Period = Annotated[
    str, Query(max_length=10, description="A month, quarter or year.", examples=["2026-11"])
]
Month = Annotated[str, Query(max_length=10, description="A month.", examples=["2026-11"])]
Register = Annotated[
    str | None, Query(max_length=16, description="`outgoing` or `incoming`; both if not given.")
]
Type = Annotated[
    str | None, Query(max_length=32, description="A document type's code; all if not given.")
]
Subtree = Annotated[
    bool, Query(description="With all organisations under it, for who directs or inspects them.")
]
FractionName = Literal[
    "outgoing_processed", "outgoing_signed", "incoming_processed", "incoming_signed"
]
IssuerKind = Literal["UBND", "HDND", "CHU_TICH", "AGENCY", "COUNCIL"]


@router.get(f"{_HERE}/indicator", response_model=IndicatorOut)
def measure_indicator(
    organisation_id: uuid.UUID,
    office: OfficeHere,
    actor: ActorHere,
    period: Period,
    register: Register = None,
    type_code: Annotated[Type, Query(alias="type")] = None,
    subtree: Subtree = False,
) -> Response:
    """How much was processed and signed online, as exact fractions with reasons."""
    with office.reading(actor) as reading:
        asked = Asked(register, type_code)
        found = reporting.measure(reading, organisation_id, period, asked, subtree=subtree)
        sha256 = office.law.indicator_sha256
        return shown(IndicatorOut.of(period, register, type_code, found, sha256))


@router.get(f"{_HERE}/indicator/series", response_model=SeriesOut)
def show_indicator_series(
    organisation_id: uuid.UUID,
    office: OfficeHere,
    actor: ActorHere,
    first: Annotated[Month, Query(alias="from")],
    last: Annotated[Month, Query(alias="to")],
    register: Register = None,
    type_code: Annotated[Type, Query(alias="type")] = None,
    subtree: Subtree = False,
) -> Response:
    """The same month by month; at most 60 months."""
    with office.reading(actor) as reading:
        asked = Asked(register, type_code)
        found = reporting.series(reading, organisation_id, first, last, asked, subtree=subtree)
        return shown(SeriesOut.of(found, register, type_code))


@router.get(f"{_HERE}/indicator/ranking", response_model=RankingOut)
def rank_communes(
    organisation_id: uuid.UUID,
    office: OfficeHere,
    actor: ActorHere,
    period: Period,
    by: FractionName = "outgoing_signed",
    issuer_kind: IssuerKind = "UBND",
) -> Response:
    """The communes under an organisation by one fraction of their issuers of one kind."""
    with office.reading(actor) as reading:
        found = reporting.ranking(reading, organisation_id, period, by=by, issuer_kind=issuer_kind)
        return shown(
            RankingOut(
                period=period,
                by=by,
                issuer_kind=issuer_kind,
                definition_version=found.definition_version,
                as_of=found.as_of,
                communes=[RankedOut.of_line(line) for line in found.lines],
                labels=LABELS,
            )
        )


@router.get(f"{_HERE}/indicator/reasons", response_model=Page[RowReasonOut])
def explain_indicator(
    organisation_id: uuid.UUID,
    office: OfficeHere,
    actor: ActorHere,
    period: Period,
    paging: Paging,
    register: Register = None,
    type_code: Annotated[Type, Query(alias="type")] = None,
    reason: Annotated[
        Reason | None, Query(description="Rows that have it in one of their fractions.")
    ] = None,
) -> Response:
    """The reason of every row, so that anybody can add the fractions up again."""
    after = paging.after(uuid.UUID)
    with office.reading(actor) as reading:
        rows = reporting.explain(
            reading,
            organisation_id,
            period,
            Asked(register, type_code),
            reason=reason,
            after=after,
            limit=paging.limit + 1,
        )
        return shown(paging.page(list(rows), lambda row: row.entry_id, RowReasonOut.of))


@router.get("/indicator-definitions", response_model=DefinitionsOut)
def show_indicator_definitions(office: OfficeHere, _actor: ActorHere) -> Response:
    """Every version of what counts, as the text says it, and every reason."""
    law = office.law
    return shown(DefinitionsOut.of(law.indicator_sha256, law.indicator_text, law.indicator))


@router.post(
    f"{_HERE}/reconciliations",
    status_code=201,
    response_model=ReconciliationOut,
    responses=MAKING,
)
def enter_reconciliation(
    organisation_id: uuid.UUID, body: ReconciliationIn, posting: Posting
) -> Response:
    """What a list from outside holds for a month: counts only, and never changed afterwards."""

    def work(tx: Transaction) -> Shown:
        said = body.model_dump()
        row = reconciling.enter(
            tx, organisation_id, Listing(register=said.pop("register_name"), **said)
        )
        return Shown(ReconciliationOut.of(row, tx.actor.full_name))

    return posting.change(work, status=201)


@router.get(f"{_HERE}/reconciliations", response_model=Page[ReconciliationOut])
def list_reconciliations(
    organisation_id: uuid.UUID,
    office: OfficeHere,
    actor: ActorHere,
    paging: Paging,
    month: Annotated[
        str | None, Query(max_length=10, description="Of this month alone.", examples=["2026-11"])
    ] = None,
) -> Response:
    """All that was ever entered, newest first: the newest of month, register and source counts."""
    after = paging.after(uuid.UUID)
    with office.reading(actor) as reading:
        rows = reconciling.entered(
            reading, organisation_id, month=month, after=after, limit=paging.limit + 1
        )
        return shown(
            paging.page(rows, lambda found: found[0].id, lambda found: ReconciliationOut.of(*found))
        )


@router.post(
    f"{_HERE}/indicator-exclusions",
    status_code=201,
    response_model=ExclusionOut,
    responses=MAKING,
)
def exclude_type(organisation_id: uuid.UUID, body: ExclusionIn, posting: Posting) -> Response:
    """From tomorrow on a type of document does not count, on a basis that is named and printed."""

    def work(tx: Transaction) -> Shown:
        one = reconciling.exclude(
            tx,
            organisation_id,
            register=body.register_name,
            type_code=body.type_code,
            basis=body.basis,
        )
        return Shown(ExclusionOut.of(one))

    return posting.change(work, status=201)


@router.get(f"{_HERE}/indicator-exclusions", response_model=Page[ExclusionOut])
def list_exclusions(
    organisation_id: uuid.UUID, office: OfficeHere, actor: ActorHere, paging: Paging
) -> Response:
    """What does not count here, by whom, since when and on what basis, in the order of time."""
    with office.reading(actor) as reading:
        rows = reconciling.exclusions(reading, organisation_id)
        return shown(paging.cut(rows, lambda one: one.id, uuid.UUID, ExclusionOut.of))
