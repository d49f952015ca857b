"""The pages that problem documents point to."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse

from api.problems import documented, page
from workflow.rules.errors import Invalid, NotFound

router = APIRouter(tags=["problems"], responses=documented(NotFound, Invalid))


@router.get("/problems/{slug}", response_class=PlainTextResponse)
def explain(slug: str) -> PlainTextResponse:
    """What a problem type means and what to do (Markdown)."""
    return PlainTextResponse(page(slug))
