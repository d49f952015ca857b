"""What is known of a task or a reading: whose it is, and who gave it."""

from __future__ import annotations

import uuid

from sqlalchemy import select

from workflow.office import Reading
from workflow.records import Case, Move, RoleGrant, Task
from workflow.rules.reading import ReadingFacts
from workflow.rules.task import TaskFacts


def task_of(reading: Reading, case: Case) -> Task:
    """What the child case asks of whom."""
    return reading.session.scalars(select(Task).where(Task.case_id == case.id)).one()


def task_facts(reading: Reading, case: Case) -> TaskFacts:
    """The facts of a task, in three queries."""
    task = task_of(reading, case)
    actor = reading.actor if reading.person_id else None
    return TaskFacts(
        actor_id=reading.person_id,
        actor_heads_unit=actor is not None and task.unit_id in actor.headed_units,
        actor_directs=_directs(reading, case, task),
        actor_stands_in=actor is not None and task.person_id in actor.stands_in_for,
        assignee_id=task.person_id,
        unit_id=task.unit_id,
        reporter_id=_reporter(reading, case),
        expired=task.due_at is not None and task.due_at < reading.now,
    )


def _directs(reading: Reading, case: Case, task: Task) -> bool:
    """The leader who gave the task; any leader where a clerk gave it by regulation, or where
    the leader who gave it is none any more."""
    if reading.person_id is None or "leader" not in reading.actor.roles_in(case.organisation_id):
        return False
    if task.assigned_by == reading.person_id:
        return True
    still_leads = reading.session.scalar(
        select(RoleGrant.id)
        .where(
            RoleGrant.person_id == task.assigned_by,
            RoleGrant.organisation_id == case.organisation_id,
            RoleGrant.role == "leader",
            RoleGrant.holds_on(reading.today),
        )
        .limit(1)
    )
    return still_leads is None


def _reporter(reading: Reading, case: Case) -> uuid.UUID | None:
    return reading.session.scalar(
        select(Move.person_id)
        .where(Move.case_id == case.id, Move.trigger == "report")
        .order_by(Move.id.desc())
        .limit(1)
    )


def reading_facts(reading: Reading, case: Case) -> ReadingFacts:
    """The facts of a reading (để biết)."""
    task = task_of(reading, case)
    if task.person_id is None:
        raise RuntimeError(f"reading {case.id} names nobody")
    return ReadingFacts(
        actor_id=reading.person_id,
        reader_id=task.person_id,
        actor_stands_in=reading.person_id is not None
        and task.person_id in reading.actor.stands_in_for,
    )
