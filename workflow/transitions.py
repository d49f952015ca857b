"""The one door through which state moves.

A use case builds the facts, offers the work behind each effect's name, and fires a trigger. The
definition decides which step that is and which effects happen; nothing else writes a case's state.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeVar

from sqlalchemy import select

from workflow.calendars import calendar_of
from workflow.lawbook import parsed
from workflow.office import SYSTEM_CHAIN, Reading, Transaction
from workflow.records import Case, Definition, Document, Move, Organisation
from workflow.rules import deadlines, machine
from workflow.rules.catalogues import CATALOGUES
from workflow.rules.errors import Invalid

Facts = TypeVar("Facts")
Effects = Mapping[str, Callable[[], object]]


def workflow_of(reading: Reading, case: Case) -> machine.Workflow:
    """The definition this case started with, whatever ships today."""
    shipped = reading.office.law.workflows.get(case.definition_name)
    if shipped is not None and shipped.digest == case.definition_digest:
        return shipped
    text = reading.session.scalars(
        select(Definition.text).where(Definition.digest == case.definition_digest)
    ).one()
    return parsed(text)


def open_case(
    tx: Transaction,
    definition_name: str,
    document: Document,
    *,
    parent: Case | None = None,
) -> Case:
    """Start a case in the definition's initial state; the definition is kept by its digest."""
    workflow = tx.office.law.workflows[definition_name]
    kept = select(Definition.id).where(Definition.digest == workflow.digest)
    known = tx.session.scalar(kept)
    if known is None:
        # One adopts the definition; whoever waits here then finds it.
        tx.lock_chain(SYSTEM_CHAIN)
        known = tx.session.scalar(kept)
    if known is None:
        adopted = tx.add(
            Definition(
                digest=workflow.digest,
                name=workflow.name,
                version=workflow.version,
                text=tx.office.law.texts[definition_name],
            )
        )
        tx.journal("definition.adopted", SYSTEM_CHAIN, workflow.digest, rows=[adopted])
    case = tx.add(
        Case(
            organisation_id=document.organisation_id,
            document_id=document.id,
            parent_id=parent.id if parent else None,
            definition_name=workflow.name,
            definition_digest=workflow.digest,
            state=workflow.initial,
            version=1,
            opened_at=tx.now,
            entered_at=tx.now,
        )
    )
    case.due_at = due_in(tx, workflow, case, document, starts={})
    return case


def options(reading: Reading, case: Case, facts: object) -> tuple[machine.Option, ...]:
    """Every button this actor sees on the case, grey ones with their reasons."""
    workflow = workflow_of(reading, case)
    return machine.options(
        workflow,
        case.state,
        reading.actor.roles_in(case.organisation_id),
        facts,
        CATALOGUES[workflow.subject].guards,
    )


def fire(
    tx: Transaction,
    case: Case,
    trigger: str,
    facts: object,
    *,
    effects: Effects,
    opinion: str | None = None,
    starts: Mapping[str, datetime] | None = None,
    days: int | None = None,
    system: bool = False,
) -> machine.Transition:
    """Move a locked case by one step and do the effects its definition names.

    `starts` gives the moment from which a deadline of that code runs where it is not now; `days`
    what the working regulation allows. The caller journals.

    Raises:
        TransitionNotAllowed, Forbidden, GuardsUnmet: as `machine.decide`.
    """
    workflow = workflow_of(tx, case)
    step = machine.decide(
        workflow,
        case.state,
        trigger,
        () if system else tx.actor.roles_in(case.organisation_id),
        facts,
        CATALOGUES[workflow.subject].guards,
        system=system,
    )
    missing = [name for name in step.effects if name not in effects]
    if missing:
        raise RuntimeError(f"{workflow.name}: {step} names effects nobody does: {missing}")
    tx.add(
        Move(
            case_id=case.id,
            trigger=trigger,
            source=step.source,
            target=step.target,
            person_id=None if system else tx.person_id,
            opinion=opinion,
            at=tx.now,
        )
    )
    case.version += 1
    if step.target != step.source:
        case.state = step.target
        case.entered_at = tx.now
        case.closed_at = tx.now if workflow.state(step.target).end else None
        if case.closed_at is None:  # at an end nobody owes a step; the last deadline stays to see
            document = tx.get(Document, case.document_id)
            case.due_at = due_in(tx, workflow, case, document, starts=starts or {}, days=days)
    # Effects come last: a due date that somebody sets wins over the regulation's.
    for name in step.effects:
        effects[name]()
    return step


def stated(reason: str | None) -> Callable[[], None]:
    """The work behind `record_reason`: no step without one; the move keeps the words.

    Raises, when done, Invalid.
    """

    def state() -> None:
        if not (reason or "").strip():
            raise Invalid([("/reason", "Phải ghi lý do.")])

    return state


def due_in(
    tx: Transaction,
    workflow: machine.Workflow,
    case: Case,
    document: Document,
    *,
    starts: Mapping[str, datetime],
    days: int | None = None,
) -> datetime | None:
    """When the next step is due by law: the earliest deadline of the steps people may take now."""
    codes = {t.deadline for t in workflow.leaving(case.state, system=False) if t.deadline}
    if not codes:
        return None
    calendar = calendar_of(tx.session, case.organisation_id, tx.today)
    if days is None:
        days = tx.get(Organisation, case.organisation_id).resolve_days
    due = [
        deadlines.due_at(
            code,
            starts.get(code, tx.now),
            deadlines.Urgency(document.urgency),
            calendar,
            tx.office.law.deadlines,
            days,
        )
        for code in sorted(codes)
    ]
    return min((at for at in due if at is not None), default=None)


def last_entered(reading: Reading, case_id: uuid.UUID, state: str) -> datetime | None:
    """When the case last came into a state."""
    return reading.session.scalar(
        select(Move.at)
        .where(Move.case_id == case_id, Move.target == state, Move.source != state)
        .order_by(Move.id.desc())
        .limit(1)
    )
