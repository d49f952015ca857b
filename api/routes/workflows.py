"""The workflows that ship: what may happen to a document, by whom, and why not."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.auth import ActorHere, OfficeHere
from api.dependencies import shown
from api.problems import documented
from api.schemas.values import Page, Paging, Shape
from workflow.rules.errors import Invalid, NotAuthenticated, NotFound, Unavailable
from workflow.rules.machine import Workflow
from workflow.rules.machine_checks import diagram

router = APIRouter(
    tags=["workflows"], responses=documented(NotAuthenticated, NotFound, Invalid, Unavailable)
)


class WorkflowOut(Shape):
    name: str
    version: int
    title: str
    subject: str
    digest: str


class StateOut(Shape):
    name: str
    label: str
    initial: bool
    end: bool


class TransitionOut(Shape):
    trigger: str
    label: str
    source: str
    target: str
    roles: list[str]
    guards: list[str]
    effects: list[str]
    deadline: str | None
    opens: list[str]
    system: bool


class WorkflowDetail(WorkflowOut):
    states: list[StateOut]
    transitions: list[TransitionOut]
    diagram: str


@router.get("/workflows", response_model=Page[WorkflowOut])
def list_workflows(office: OfficeHere, _actor: ActorHere, paging: Paging) -> Response:
    """The definitions in force. A running case stays on the one it started with."""
    rows = sorted(office.law.workflows.values(), key=lambda workflow: workflow.name)
    return shown(paging.cut(rows, lambda row: row.name, str, WorkflowOut.model_validate))


@router.get("/workflows/{name}", response_model=WorkflowDetail)
def show_workflow(name: str, office: OfficeHere, _actor: ActorHere) -> Response:
    """One definition: its states, its transitions, and a Mermaid diagram of them."""
    workflow: Workflow | None = office.law.workflows.get(name)
    if workflow is None:
        raise NotFound("Quy trình")
    return shown(
        WorkflowDetail(
            **WorkflowOut.model_validate(workflow).model_dump(),
            states=[StateOut.model_validate(state) for state in workflow.states],
            transitions=[TransitionOut.model_validate(step) for step in workflow.transitions],
            diagram=diagram(workflow),
        )
    )
