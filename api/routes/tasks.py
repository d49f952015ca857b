"""Tasks and readings: what units and persons do with what was assigned to them."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.auth import ActorHere, OfficeHere
from api.dependencies import Posting, Shown, Version, shown
from api.problems import documented
from api.routes.organisations import CHANGING
from api.schemas import incoming as schemas
from api.schemas.incoming import TaskDetail, TaskLine, TaskStep
from api.schemas.values import Page, Paging
from api.showing import task_detail, task_line
from workflow import handling, task_views
from workflow.office import Transaction
from workflow.rules.errors import (
    GuardsUnmet,
    Invalid,
    KeyReused,
    NotAuthenticated,
    NotFound,
    TransitionNotAllowed,
    Unavailable,
)
from workflow.viewing import record_view

router = APIRouter(
    prefix="/tasks",
    tags=["tasks"],
    responses=documented(NotAuthenticated, NotFound, Invalid, KeyReused, Unavailable),
)


@router.get("", response_model=Page[TaskLine])
def list_tasks(
    office: OfficeHere,
    actor: ActorHere,
    paging: Paging,
    open_only: Annotated[bool, Query(alias="open", description="Not those that ended.")] = True,
    overdue: Annotated[bool, Query(description="Only those past their deadline.")] = False,
) -> Response:
    """What you, and the units you head, were asked to do or to know, newest first."""
    with office.reading(actor) as reading:
        lines = task_views.list_tasks(
            reading,
            open_only=open_only,
            overdue=overdue,
            after=paging.after(uuid.UUID),
            limit=paging.limit + 1,
        )
        return shown(paging.page(lines, lambda line: line.case.id, task_line))


@router.get("/{case_id}", response_model=TaskDetail)
def show_task(case_id: uuid.UUID, office: OfficeHere, actor: ActorHere) -> Response:
    """One task, with what you may do now. That you looked is logged."""
    with office.reading(actor) as reading:
        view = task_views.view_task(reading, case_id)
        organisation_id, detail = view.document.organisation_id, task_detail(reading, view)
    record_view(office, actor, organisation_id, detail.document_id, "task")
    return shown(detail, detail.version)


@router.post(
    "/{case_id}/transitions",
    response_model=TaskDetail,
    responses={**CHANGING, **documented(TransitionNotAllowed, GuardsUnmet)},
)
def move_task(case_id: uuid.UUID, body: TaskStep, version: Version, posting: Posting) -> Response:
    """Take one step of a task or reading; the document's own version does not change."""

    def work(tx: Transaction) -> Shown:
        _take(tx, case_id, version, body)
        detail = task_detail(tx, task_views.view_task(tx, case_id))
        return Shown(detail, detail.version)

    return posting.change(work)


def _take(tx: Transaction, case_id: uuid.UUID, version: int, body: TaskStep) -> None:
    at = (tx, case_id, version)
    match body:
        case schemas.Delegate():
            handling.delegate(*at, body.person_id, opinion=body.opinion, due_on=body.due_on)
        case schemas.TaskBare(trigger="start"):
            handling.start(*at)
        case schemas.TaskBare():
            handling.read(*at)
        case schemas.Report():
            handling.report(*at, body.proposal)
        case schemas.Accept():
            handling.accept(*at, body.opinion)
        case schemas.TaskReason(trigger="send_back"):
            handling.send_back(*at, body.reason)
        case schemas.TaskReason(trigger="decline"):
            handling.decline(*at, body.reason)
        case schemas.TaskReason():
            handling.take_back(*at, body.reason)
        case schemas.Extend():
            handling.extend(*at, body.due_on, body.reason)
