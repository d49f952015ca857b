"""The evidence bundle over HTTP: made while it is sent, and given up when nobody takes it."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from api.auth import ActorHere, OfficeHere
from api.problems import documented
from api.routes.indicator import Period
from workflow import evidence
from workflow.rules.errors import (
    Forbidden,
    GuardsUnmet,
    Invalid,
    NotAuthenticated,
    NotFound,
    Unavailable,
)

ZIP = "application/zip"
_LARGEST = 2**53 - 1
router = APIRouter(tags=["evidence"])


@router.get(
    "/organisations/{organisation_id}/evidence",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "A bundle as docs/auditing/bundle-format.md describes it.",
            "content": {ZIP: {"schema": {"type": "string", "format": "binary"}}},
        },
        **documented(NotAuthenticated, Forbidden, NotFound, Invalid, GuardsUnmet, Unavailable),
    },
)
def export_evidence(
    organisation_id: uuid.UUID,
    office: OfficeHere,
    actor: ActorHere,
    period: Period,
    checkpoint: Annotated[
        int | None,
        Query(
            ge=1,
            le=_LARGEST,
            description="The size of a signed checkpoint; without it, the newest that is"
            " time-stamped, or else the newest.",
        ),
    ] = None,
    since: Annotated[
        int | None,
        Query(
            ge=1,
            le=_LARGEST,
            description="The size of an older one that you keep: with the proof that the log only"
            " grew since.",
        ),
    ] = None,
    pdfs: Annotated[bool, Query(description="With the files themselves.")] = False,
    subtree: Annotated[
        bool, Query(description="With every organisation under it, for who audits or leads each.")
    ] = False,
) -> StreamingResponse:
    """Everything that an auditor needs to compute the indicator again, up to one checkpoint.

    The same request gives the same bytes. An answer that breaks off is no bundle: its list comes
    last.
    """
    with office.reading(actor) as reading:
        seats = evidence.permitted(reading, organisation_id, period, subtree=subtree)
        asked = evidence.Request(seats, period, checkpoint, since, pdfs)
        plan = evidence.planned(reading, asked)
    with office.transaction(actor) as tx:
        evidence.record(tx, plan)
    name = f"goi-chung-cu-{plan.period.label}-{plan.checkpoint.size}.zip"
    return StreamingResponse(
        evidence.written(office, plan),
        media_type=ZIP,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
