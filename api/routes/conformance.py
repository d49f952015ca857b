"""What was not done as the decree asks, live; and what the system does of what Annex VI asks."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.auth import ActorHere, OfficeHere
from api.dependencies import shown
from api.problems import documented
from api.schemas.conformance import (
    AnnexOut,
    ConformanceOut,
    InstanceOut,
    RequirementOut,
    ViolationOut,
)
from api.schemas.values import Page, Paging
from workflow import conformance
from workflow.conformance import Count, Line
from workflow.rules.annex import Standing
from workflow.rules.errors import Forbidden, Invalid, NotAuthenticated, NotFound, Unavailable

router = APIRouter(
    prefix="/conformance",
    tags=["conformance"],
    responses=documented(NotAuthenticated, Forbidden, NotFound, Invalid, Unavailable),
)
Organisation = Annotated[uuid.UUID, Query(description="Cơ quan được kiểm tra.")]
Subtree = Annotated[
    bool, Query(description="With those under it in which you may check: every one by mandate.")
]


@router.get("", response_model=ConformanceOut)
def check_conformance(
    organisation: Organisation, office: OfficeHere, actor: ActorHere, subtree: Subtree = False
) -> Response:
    """How many documents violate which clause now, whenever they came about."""
    with office.reading(actor) as reading:
        seats = conformance.seats_of(reading, organisation, subtree=subtree)
        counts = conformance.count_all(reading, seats)
        return shown(
            ConformanceOut(
                organisation_id=organisation,
                organisations=len(seats),
                as_of=reading.now,
                violations=[_violation(one) for one in counts],
            )
        )


@router.get("/annex-vi", response_model=AnnexOut)
def check_annex_vi(office: OfficeHere, _actor: ActorHere) -> Response:
    """The system's own checklist, line by line: met, partly or not, where, and what is missing."""
    annex = office.law.annex
    standings = [requirement.standing for requirement in annex]
    return shown(
        AnnexOut(
            met=standings.count(Standing.MET),
            partly=standings.count(Standing.PARTLY),
            not_met=standings.count(Standing.NOT),
            requirements=[RequirementOut.model_validate(one) for one in annex],
        )
    )


@router.get("/{code}", response_model=Page[InstanceOut])
def list_violations(
    code: str,
    organisation: Organisation,
    office: OfficeHere,
    actor: ActorHere,
    paging: Paging,
    subtree: Subtree = False,
) -> Response:
    """The documents behind one count, the oldest first."""
    after = paging.after(uuid.UUID)
    with office.reading(actor) as reading:
        seats = conformance.seats_of(reading, organisation, subtree=subtree)
        lines = conformance.list_one(reading, code, seats, after=after, limit=paging.limit + 1)

        def show(line: Line) -> InstanceOut:
            entry = line.entry
            return InstanceOut(
                document_id=line.document.id,
                organisation_id=line.document.organisation_id,
                direction=line.document.direction,
                number=entry.number if entry else None,
                number_code=entry.code if entry else None,
                subject=line.document.subject,
                due_at=line.due_at,
                done_at=line.done_at,
                late_seconds=line.late_seconds(reading.now),
            )

        return shown(paging.page(lines, lambda line: line.document.id, show))


def _violation(one: Count) -> ViolationOut:
    violation = one.violation
    return ViolationOut(
        code=violation.code,
        clause=violation.clause,
        title=violation.title,
        since=violation.since,
        count=one.count,
    )
