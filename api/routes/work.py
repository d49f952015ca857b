"""Following work: in-trays, reminders, every step, substitutions, statistics."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from api.auth import ActorHere, OfficeHere
from api.dependencies import Posting, Shown, Version, shown, starting_from, version_of
from api.problems import documented
from api.routes.organisations import CHANGING, MAKING, On
from api.schemas.organisations import End
from api.schemas.values import Page, Paging
from api.schemas.work import (
    ReminderOut,
    StatisticsOut,
    StepsOut,
    SubstitutionIn,
    SubstitutionOut,
    WorkLineOut,
)
from workflow import statistics, substituting, tracking
from workflow.office import Transaction
from workflow.records import Substitution
from workflow.rules.errors import Forbidden, Invalid, NotAuthenticated, NotFound, Unavailable
from workflow.tracking import Place, Tray
from workflow.viewing import record_view

router = APIRouter(
    tags=["work"], responses=documented(NotAuthenticated, NotFound, Invalid, Unavailable)
)


@router.get("/work", response_model=Page[WorkLineOut])
def list_work(
    office: OfficeHere,
    actor: ActorHere,
    paging: Paging,
    tray: Annotated[
        Tray,
        Query(
            description="`mine`: your move. `unit`: your units'. `waiting`: what you took part in"
            " and others must move. `overdue`: past its deadline, of all you may see."
        ),
    ] = "mine",
) -> Response:
    """Documents, tasks, dossiers and criteria together: the most urgent first, and of what waits
    for others the newest."""
    with office.reading(actor) as reading:
        lines = tracking.in_tray(reading, tray, after=paging.after(_place), limit=paging.limit + 1)
        return shown(
            paging.page(
                lines,
                lambda line: [line.due_at and line.due_at.isoformat(), line.case_id],
                WorkLineOut.of,
            )
        )


def _place(key: Any) -> Place:
    due_at, case_id = key
    due = None if due_at is None else datetime.fromisoformat(due_at).astimezone()
    return Place(due, uuid.UUID(case_id))


@router.get("/reminders", response_model=Page[ReminderOut])
def list_reminders(office: OfficeHere, actor: ActorHere, paging: Paging) -> Response:
    """What you, the units you head and your roles were reminded of, the newest first."""
    with office.reading(actor) as reading:
        said = tracking.reminders(reading, after=paging.after(uuid.UUID), limit=paging.limit + 1)
        return shown(paging.page(said, lambda one: one.reminder.id, ReminderOut.of))


@router.get("/cases/{case_id}/moves", response_model=StepsOut)
def show_moves(case_id: uuid.UUID, office: OfficeHere, actor: ActorHere) -> Response:
    """Who moved a case when, from where to where, and what they said. That you looked is logged."""
    with office.reading(actor) as reading:
        found = tracking.history(reading, case_id)
        steps = StepsOut.of(found)
    subject_id = steps.document_id or steps.dossier_id
    assert subject_id is not None  # a case is about one of them
    record_view(office, actor, found.owner_id, subject_id, "moves")
    return shown(steps)


@router.get("/organisations/{organisation_id}/substitutions", response_model=Page[SubstitutionOut])
def list_substitutions(
    organisation_id: uuid.UUID, office: OfficeHere, actor: ActorHere, paging: Paging, on: On = None
) -> Response:
    """Who stands in for whom on a day or later."""
    with office.reading(actor) as reading:
        rows = substituting.substitutions_of(reading, organisation_id, on)
        return shown(paging.cut(rows, lambda row: row.id, uuid.UUID, SubstitutionOut.of))


@router.post(
    "/organisations/{organisation_id}/substitutions",
    status_code=201,
    response_model=SubstitutionOut,
    responses=MAKING,
)
def appoint_substitute(
    organisation_id: uuid.UUID, body: SubstitutionIn, posting: Posting
) -> Response:
    """Somebody does the tasks, readings and criteria of who is away; nothing that is signed."""

    def work(tx: Transaction) -> Shown:
        row = substituting.appoint_substitute(
            tx,
            organisation_id,
            body.absent_id,
            body.substitute_id,
            basis=body.basis,
            valid_from=body.valid_from,
            valid_to=body.valid_to,
        )
        return Shown(SubstitutionOut.of(row), version_of(row))

    return posting.change(work, status=201)


@router.post(
    "/substitutions/{substitution_id}/end",
    response_model=SubstitutionOut,
    responses={**MAKING, **CHANGING},
)
def end_substitution(
    substitution_id: uuid.UUID, body: End, version: Version, posting: Posting
) -> Response:
    """The absent person is back on that day."""

    def work(tx: Transaction) -> Shown:
        with starting_from(tx, Substitution, substitution_id, version):
            substituting.end_substitution(tx, substitution_id, body.on)
        row = tx.get(Substitution, substitution_id)
        return Shown(SubstitutionOut.of(row), version_of(row))

    return posting.change(work)


@router.get(
    "/organisations/{organisation_id}/work-statistics",
    response_model=StatisticsOut,
    responses=documented(Forbidden),
)
def count_work(
    organisation_id: uuid.UUID,
    office: OfficeHere,
    actor: ActorHere,
    period: Annotated[
        str, Query(max_length=10, description="A month, quarter or year.", examples=["2026-11"])
    ],
) -> Response:
    """What the organisation moved in time and late, and what it has open, by unit, stage and
    criterion."""
    with office.reading(actor) as reading:
        found = statistics.work_statistics(reading, organisation_id, period)
        return shown(StatisticsOut.of(found))
