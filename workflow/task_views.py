"""What people see of tasks: their own, one of them, and a document's phiếu giải quyết."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select

from workflow.access import find_document, main_case, may_know
from workflow.facts.tasks import reading_facts, task_facts
from workflow.incoming_views import Part, names_of, parts_of
from workflow.office import Reading
from workflow.records import Case, Document, Incoming, Move, RegisterEntry, Task
from workflow.rules.errors import NotFound
from workflow.rules.machine import Option
from workflow.transitions import options, workflow_of


@dataclass(frozen=True)
class TaskLine:
    """A task or reading in somebody's list."""

    case: Case
    task: Task
    state_label: str
    document: Document
    incoming: Incoming
    number: int | None


def list_tasks(
    reading: Reading,
    *,
    open_only: bool = True,
    overdue: bool = False,
    after: uuid.UUID | None = None,
    limit: int = 50,
) -> list[TaskLine]:
    """What the actor, whoever the actor stands in for, and the units the actor heads were asked to
    do or to know, newest first."""
    query = (
        select(Case, Task, Document, Incoming, RegisterEntry.number)
        .join(Task, Task.case_id == Case.id)
        .join(Document, Document.id == Case.document_id)
        .join(Incoming, Incoming.document_id == Document.id)
        .outerjoin(RegisterEntry, RegisterEntry.document_id == Document.id)
        .where(
            may_know(reading.actor),
            or_(
                Task.person_id.in_(reading.actor.own_work),
                Task.unit_id.in_(reading.actor.headed_units),
            ),
        )
        .order_by(Case.id.desc())
        .limit(limit)
    )
    if open_only:
        query = query.where(Case.closed_at.is_(None))
    if overdue:
        query = query.where(Case.due_at < reading.now, Case.closed_at.is_(None))
    if after is not None:
        query = query.where(Case.id < after)
    return [
        TaskLine(
            case,
            task,
            workflow_of(reading, case).state(case.state).label,
            document,
            incoming,
            number,
        )
        for case, task, document, incoming, number in reading.session.execute(query)
    ]


@dataclass(frozen=True)
class TaskDetail:
    """One task or reading with its steps and the actor's buttons."""

    part: Part
    document: Document
    options: Sequence[Option]


def view_task(reading: Reading, case_id: uuid.UUID) -> TaskDetail:
    """One task; NotFound where the actor may not know of its document."""
    case = reading.get(Case, case_id, "Nhiệm vụ")
    if case.parent_id is None:
        raise NotFound("Nhiệm vụ")
    document = find_document(reading, case.document_id, "incoming")
    facts = (
        reading_facts(reading, case)
        if case.definition_name == "reading"
        else task_facts(reading, case)
    )
    part = next(part for part in parts_of(reading, document.id) if part.case.id == case_id)
    return TaskDetail(part=part, document=document, options=options(reading, case, facts))


@dataclass(frozen=True)
class Direction:
    """Tier one: what the leader said, and when."""

    leader: str
    opinion: str | None
    at: datetime


@dataclass(frozen=True)
class Delegation:
    """Tier two: whom the head of the unit named."""

    head: str
    opinion: str | None
    at: datetime


@dataclass(frozen=True)
class Proposal:
    """Tier three: what the person who handles it proposes or reports."""

    person: str
    text: str | None
    at: datetime


@dataclass(frozen=True)
class SlipLine:
    """One handler on the slip: the part and deadline of tier one, with tiers two and three."""

    part: Part
    delegations: Sequence[Delegation]
    proposals: Sequence[Proposal]


@dataclass(frozen=True)
class ResolutionSlip:
    """Phiếu giải quyết văn bản đến (Annex IV): leader, head of unit, person."""

    document: Document
    incoming: Incoming
    entry: RegisterEntry | None
    directions: Sequence[Direction]
    lines: Sequence[SlipLine]


_DIRECTING = ("assign", "inform", "transfer", "extend")


def resolution_slip(reading: Reading, document_id: uuid.UUID) -> ResolutionSlip:
    """The slip as it stands; NotFound where the actor may not know of the document."""
    document = find_document(reading, document_id, "incoming")
    case = main_case(reading, document.id)
    parts = parts_of(reading, document.id)
    directing = reading.session.scalars(
        select(Move).where(Move.case_id == case.id, Move.trigger.in_(_DIRECTING)).order_by(Move.id)
    ).all()
    steps = [*directing, *(step for part in parts for step in part.moves)]
    names = names_of(reading, {step.person_id for step in steps})

    def who(step: Move) -> str:
        return names[step.person_id] if step.person_id else ""

    return ResolutionSlip(
        document=document,
        incoming=reading.session.scalars(
            select(Incoming).where(Incoming.document_id == document.id)
        ).one(),
        entry=reading.session.scalar(
            select(RegisterEntry).where(RegisterEntry.document_id == document.id)
        ),
        directions=[Direction(who(step), step.opinion, step.at) for step in directing],
        lines=[
            SlipLine(
                part=part,
                delegations=[
                    Delegation(who(step), step.opinion, step.at)
                    for step in part.moves
                    if step.trigger == "delegate"
                ],
                proposals=[
                    Proposal(who(step), step.opinion, step.at)
                    for step in part.moves
                    if step.trigger == "report"
                ],
            )
            for part in parts
        ],
    )
