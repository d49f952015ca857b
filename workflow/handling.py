"""Tasks and readings: what units and persons do with what was assigned to them (Art. 23-24).

Tiers two and three of the phiếu giải quyết. A task is a case of its own with its own version.
"""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import select

from workflow.access import find_document
from workflow.facts.tasks import reading_facts, task_facts, task_of
from workflow.office import Transaction
from workflow.records import Appointment, Case, Task
from workflow.rules.deadlines import end_of_day
from workflow.rules.errors import Invalid, NotFound
from workflow.rules.machine import Holder
from workflow.rules.task import holder_of
from workflow.transitions import Effects, fire, hold, stated


def _kept_in_move() -> None:
    """The step's own row says who, when and in which words."""


def delegate(
    tx: Transaction,
    case_id: uuid.UUID,
    version: int,
    person_id: uuid.UUID,
    *,
    opinion: str | None = None,
    due_on: date | None = None,
) -> Case:
    """The head of the unit names the person, and may set an earlier day than the leader's.

    Raises:
        Invalid: not of the unit, or later than the task's deadline.
    """
    case, task = _find(tx, case_id, version)

    def assign() -> None:
        in_unit = tx.session.scalar(
            select(Appointment.id)
            .where(
                Appointment.person_id == person_id,
                Appointment.unit_id == task.unit_id,
                Appointment.holds_on(tx.today),
            )
            .limit(1)
        )
        if in_unit is None:
            raise Invalid([("/person_id", "Người này không thuộc đơn vị được giao.")])
        task.person_id = person_id
        hold(case, holder_of(task.unit_id, person_id))
        if due_on is not None:
            if task.due_at is not None and end_of_day(due_on) > task.due_at:
                raise Invalid([("/due_on", "Không được muộn hơn hạn lãnh đạo giao.")])
            task.due_at = end_of_day(due_on)

    return _move(tx, case, task, "delegate", {"assign_person": assign}, opinion)


def start(tx: Transaction, case_id: uuid.UUID, version: int) -> Case:
    """A person whom the leader named takes the task up."""
    case, task = _find(tx, case_id, version)
    return _move(tx, case, task, "start", {})


def report(tx: Transaction, case_id: uuid.UUID, version: int, proposal: str) -> Case:
    """The handler's proposal or result (đề xuất của người giải quyết)."""
    if not proposal.strip():
        raise Invalid([("/proposal", "Phải ghi đề xuất hoặc kết quả.")])
    case, task = _find(tx, case_id, version)
    return _move(tx, case, task, "report", {"record_proposal": _kept_in_move}, proposal)


def accept(tx: Transaction, case_id: uuid.UUID, version: int, opinion: str | None = None) -> Case:
    """The unit's head or the leader agrees that the task is done."""
    case, task = _find(tx, case_id, version)
    return _move(tx, case, task, "accept", {"record_acceptance": _kept_in_move}, opinion)


def send_back(tx: Transaction, case_id: uuid.UUID, version: int, reason: str) -> Case:
    """It must be done again, and why."""
    case, task = _find(tx, case_id, version)
    return _move(tx, case, task, "send_back", {"record_reason": stated(reason)}, reason)


def decline(tx: Transaction, case_id: uuid.UUID, version: int, reason: str) -> Case:
    """Not ours: the leader must find another handler."""
    seen = _known(tx, case_id)
    assert seen.parent_id is not None
    document_case = tx.lock_case(seen.parent_id)  # first, as a recall does
    case, task = _find(tx, case_id, version)
    effects = {
        "record_reason": stated(reason),
        # It is the leader's move again, until somebody else is named.
        "notify_director": lambda: hold(document_case, Holder(role="leader")),
    }
    return _move(tx, case, task, "decline", effects, reason)


def take_back(tx: Transaction, case_id: uuid.UUID, version: int, reason: str) -> Case:
    """The leader takes a task away, or frees a reader who cannot read any more."""
    case, task = _find(tx, case_id, version)
    return _move(tx, case, task, "take_back", {"record_reason": stated(reason)}, reason)


def extend(tx: Transaction, case_id: uuid.UUID, version: int, due_on: date, reason: str) -> Case:
    """More time for a task, before its deadline has passed."""
    case, task = _find(tx, case_id, version)

    def prolong() -> None:
        if task.due_at is not None and end_of_day(due_on) <= task.due_at:
            raise Invalid([("/due_on", "Hạn mới phải sau hạn hiện tại.")])
        task.due_at = end_of_day(due_on)

    effects = {"record_reason": stated(reason), "extend_deadline": prolong}
    return _move(tx, case, task, "extend", effects, reason)


def read(tx: Transaction, case_id: uuid.UUID, version: int) -> Case:
    """The reader has seen what was sent to be known (để biết)."""
    case, task = _find(tx, case_id, version)
    return _move(tx, case, task, "read", {})


def _find(tx: Transaction, case_id: uuid.UUID, version: int) -> tuple[Case, Task]:
    """The task, locked; NotFound where the actor may not know of its document."""
    _known(tx, case_id)
    case = tx.lock_case(case_id, version)
    return case, task_of(tx, case)


def _known(tx: Transaction, case_id: uuid.UUID) -> Case:
    seen = tx.get(Case, case_id, "Nhiệm vụ")
    if seen.parent_id is None:
        raise NotFound("Nhiệm vụ")
    find_document(tx, seen.document_id, "incoming")
    return seen


def _move(
    tx: Transaction,
    case: Case,
    task: Task,
    trigger: str,
    effects: Effects,
    opinion: str | None = None,
) -> Case:
    reading = case.definition_name == "reading"
    facts = reading_facts(tx, case) if reading else task_facts(tx, case)
    step = fire(tx, case, trigger, facts, effects=effects, opinion=opinion)
    # A task is due when whoever gave it said, not by the regulation's count from each step.
    case.due_at = task.due_at
    tx.journal(
        f"{case.definition_name}.{trigger}",
        case.organisation_id,
        case.document_id,
        case=case.id,
        source=step.source,
        target=step.target,
    )
    return case
