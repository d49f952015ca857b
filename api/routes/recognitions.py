"""The registry of recognitions: what was recognised, by which decision, and until when."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.auth import ActorHere, OfficeHere
from api.dependencies import shown
from api.problems import documented
from api.schemas.dossiers import RecognitionOut
from api.schemas.values import Page, Paging, Title
from api.showing_dossiers import recognition_out
from workflow import recognitions
from workflow.rules.errors import Invalid, NotAuthenticated, NotFound, Unavailable

router = APIRouter(
    tags=["dossiers"], responses=documented(NotAuthenticated, NotFound, Invalid, Unavailable)
)


@router.get("/recognitions", response_model=Page[RecognitionOut])
def list_recognitions(
    office: OfficeHere,
    actor: ActorHere,
    paging: Paging,
    organisation: Annotated[uuid.UUID | None, Query(description="The applicant.")] = None,
    kind: Annotated[Title | None, Query()] = None,
) -> Response:
    """What was recognised, withdrawn ones included; newest dossier first.

    All of it is derived from decisions, ballots and moves. What is published everybody may read;
    what is not yet, whoever takes part in it.
    """
    with office.reading(actor) as reading:
        found = recognitions.list_recognitions(
            reading,
            organisation_id=organisation,
            kind_code=kind,
            after=paging.after(uuid.UUID),
            limit=paging.limit + 1,
        )
        return shown(paging.page(found, lambda one: one.dossier.id, recognition_out))
