"""The counter: one FastAPI application over one office."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute
from fastapi.staticfiles import StaticFiles
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from api import problems
from api.middleware import Answering, BoundedBody
from api.routes import (
    appraisals,
    archive_checks,
    audit,
    books,
    conformance,
    councils,
    documents,
    dossier_kinds,
    dossier_outputs,
    dossiers,
    evidence,
    health,
    images,
    incoming,
    indicator,
    jurisdictions,
    log,
    mandates,
    organisations,
    outgoing,
    pending,
    people,
    recognitions,
    registers,
    regulation,
    sessions,
    signing_batches,
    snapshots,
    tasks,
    tokens,
    uploads,
    validations,
    withdrawals,
    work,
    work_files,
    workflows,
)
from api.routes import problems as problem_pages
from workflow.intents import GROWTH_BYTES
from workflow.office import Office
from workflow.rules.errors import Refusal

#: The contract's, not the release's: it changes when a client must.
CONTRACT_VERSION = "1.0"
_DESCRIPTION = """\
Văn thư cơ quan: a commune's documents from intake to issue, signed for real.

- Sign in with `POST /sessions`, then send `Authorization: Bearer <token>`.
- `POST /tokens` gives a program a token of its own. One of a narrow scope is told what it lacks:
  `scope-too-narrow`.
- Every POST but those for a token carries an `Idempotency-Key`; sent again within 24 hours it gets
  the same answer.
- Every change of something carries `If-Match` with the `ETag` it starts from.
- Every list has pages: send `next` back as `cursor`.
- A no is a problem document (RFC 9457); its `type` is a page of this server.
- Moments are ISO 8601 with an offset; dates are those of Vietnam.
"""
ROUTERS = (
    sessions.router,
    tokens.router,
    uploads.router,
    incoming.router,
    tasks.router,
    appraisals.router,
    outgoing.router,
    pending.router,
    signing_batches.router,
    dossiers.router,
    dossier_outputs.router,
    dossier_kinds.router,
    recognitions.router,
    documents.router,
    validations.router,
    registers.router,
    books.router,
    work_files.router,
    work.router,
    audit.router,
    archive_checks.router,
    conformance.router,
    log.router,
    evidence.router,
    indicator.router,
    snapshots.router,
    organisations.router,
    jurisdictions.router,
    regulation.router,
    people.router,
    mandates.router,
    councils.router,
    withdrawals.router,
    images.router,
    workflows.router,
    problem_pages.router,
    health.router,
)
#: Where the body is streamed to disk, and may be as large as an upload and so many bytes more.
STREAMED = {
    re.compile("/uploads|/signature-validations"): 0,
    re.compile("/pending-signatures/[^/]+/file"): GROWTH_BYTES,
}


class Counter(FastAPI):
    """FastAPI, whose description knows the one shape of all problems."""

    def openapi(self) -> dict[str, Any]:
        described = super().openapi()
        described["components"]["schemas"]["Problem"] = problems.Problem.model_json_schema()
        return described


def describe() -> FastAPI:
    """The application without an office behind it: enough for its OpenAPI description."""
    app = Counter(
        title="Vanthu",
        version=CONTRACT_VERSION,
        summary="Document workflow and e-signature backend for communes and their province.",
        description=_DESCRIPTION,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=_operation_id,
        exception_handlers={
            Refusal: problems.refused,
            RequestValidationError: problems.invalid,
            HTTPException: problems.unrouted,
        },
        lifespan=_running,
    )
    app.add_middleware(Answering)
    app.add_middleware(BoundedBody, streamed=STREAMED)
    for router in ROUTERS:
        app.include_router(router)
    # The pages behind /docs come with a package: an office may have no way to a CDN.
    app.mount("/docs/assets", StaticFiles(packages=[("fastapi_offline", "static")]))
    app.add_api_route("/docs", _docs, include_in_schema=False)
    return app


def create_app(office: Office) -> FastAPI:
    """The counter of this office. Where jobs have no broker, its lifespan runs their worker."""
    app = describe()
    app.state.office = office
    return app


@asynccontextmanager
async def _running(app: FastAPI) -> AsyncIterator[None]:
    # Celery is slow to import, and of no use to whoever only wants the description.
    from workflow.worker import CeleryDoorbell, WorkerThread

    office: Office = app.state.office
    if office.settings.broker:
        office.doorbell = CeleryDoorbell(office.settings.broker)
        yield
        return
    worker = WorkerThread(office)
    office.doorbell = worker
    worker.start()
    try:
        yield
    finally:
        await run_in_threadpool(worker.stop)


def _operation_id(route: APIRoute) -> str:
    return route.name


def _docs() -> HTMLResponse:
    return get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="Vanthu",
        swagger_js_url="/docs/assets/swagger-ui-bundle.js",
        swagger_css_url="/docs/assets/swagger-ui.css",
        swagger_favicon_url="/docs/assets/favicon.png",
    )
