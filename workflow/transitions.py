"""The one door through which state moves.

A use case builds the facts, offers the work behind each effect's name, and fires a trigger. The
definition decides which step that is and which effects happen; nothing else writes a case's state.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeVar

from sqlalchemy import delete, select

from workflow.calendars import calendar_of
from workflow.chains import SYSTEM_CHAIN
from workflow.lawbook import parsed
from workflow.office import Reading, Transaction
from workflow.records import Case, Definition, Document, Dossier, Involvement, Move, Organisation
from workflow.rules import deadlines, machine
from workflow.rules.catalogues import CATALOGUES
from workflow.rules.errors import Invalid
from workflow.rules.machine import Holder

Facts = TypeVar("Facts")
Effects = Mapping[str, Callable[[], object]]
#: The organisations that take part in a case, by their names in its definition (`office`).
Parties = Mapping[str, uuid.UUID]

_NOBODY = Holder()


def workflow_of(reading: Reading, case: Case) -> machine.Workflow:
    """The definition this case started with, whatever ships today."""
    shipped = reading.office.law.workflows.get(case.definition_name)
    if shipped is not None and shipped.digest == case.definition_digest:
        return shipped
    return parsed(adopted_text(reading, case.definition_digest))


def open_case(
    tx: Transaction,
    definition_name: str,
    subject: Document | Dossier,
    *,
    organisation_id: uuid.UUID | None = None,
    parent: Case | None = None,
    holder: Holder = _NOBODY,
    parties: Parties | None = None,
    days: Mapping[str, int] | None = None,
) -> Case:
    """Start a case in the definition's initial state; the definition is kept by its digest.

    It belongs to `organisation_id`, or to the subject's; `holder` is who has the first move.
    `parties` and `days`: as `fire`.
    """
    workflow = tx.office.law.workflows[definition_name]
    adopt(tx, workflow.name, workflow.version, tx.office.law.texts[definition_name])
    case = tx.add(
        Case(
            organisation_id=organisation_id or subject.organisation_id,
            parent_id=parent.id if parent else None,
            definition_name=workflow.name,
            definition_digest=workflow.digest,
            state=workflow.initial,
            version=1,
            opened_at=tx.now,
            entered_at=tx.now,
        )
    )
    if isinstance(subject, Document):
        case.document_id = subject.id
    else:
        case.dossier_id = subject.id
    hold(case, holder, parties)
    case.due_at = due_in(tx, workflow, case, starts={}, days=days)
    tx.session.flush()
    _involve(tx, case)
    return case


def adopt(tx: Transaction, name: str, version: int, text: str) -> str:
    """Keep a definition's text by its digest, which is returned: whatever ships later."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    kept = select(Definition.id).where(Definition.digest == digest)
    known = tx.session.scalar(kept)
    if known is None:
        # One adopts the definition; whoever waits here then finds it.
        tx.lock_chain(SYSTEM_CHAIN)
        known = tx.session.scalar(kept)
    if known is None:
        adopted = tx.add(Definition(digest=digest, name=name, version=version, text=text))
        tx.journal("definition.adopted", SYSTEM_CHAIN, digest, rows=[adopted])
    return digest


def adopted_text(reading: Reading, digest: str) -> str:
    """The text of a definition that something here started with."""
    return reading.session.scalars(select(Definition.text).where(Definition.digest == digest)).one()


def hold(case: Case, holder: Holder, parties: Parties | None = None) -> None:
    """Say whose move it is: what in-trays are made of."""
    case.holder_role = holder.role
    case.holder_unit_id, case.holder_person_id = holder.unit_id, holder.person_id
    named = (parties or {}).get(holder.party) if holder.party else case.organisation_id
    case.holder_id = None if holder == _NOBODY else named


def roles_in(reading: Reading, case: Case, parties: Parties | None = None) -> frozenset[str]:
    """The actor's roles in the case's organisation, and as `party:role` in those that take part."""
    held = set(reading.actor.roles_in(case.organisation_id))
    for party, organisation_id in (parties or {}).items():
        held |= {f"{party}:{role}" for role in reading.actor.roles_in(organisation_id)}
    return frozenset(held)


def options(
    reading: Reading, case: Case, facts: object, parties: Parties | None = None
) -> tuple[machine.Option, ...]:
    """Every button this actor sees on the case, grey ones with their reasons."""
    workflow = workflow_of(reading, case)
    return machine.options(
        workflow,
        case.state,
        roles_in(reading, case, parties),
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
    parties: Parties | None = None,
    starts: Mapping[str, datetime] | None = None,
    days: Mapping[str, int] | None = None,
    system: bool = False,
) -> machine.Transition:
    """Move a locked case by one step and do the effects its definition names.

    `starts` gives the moment from which a deadline of that code runs where it is not now; `days`
    how many working days a deadline has where that is not the working regulation's. The caller
    journals.

    Raises:
        TransitionNotAllowed, Forbidden, GuardsUnmet: as `machine.decide`.
    """
    workflow = workflow_of(tx, case)
    step = machine.decide(
        workflow,
        case.state,
        trigger,
        () if system else roles_in(tx, case, parties),
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
            entered_at=case.entered_at,
            due_at=case.due_at,
            at=tx.now,
            holder_id=case.holder_id,
            holder_role=case.holder_role,
            holder_unit_id=case.holder_unit_id,
            holder_person_id=case.holder_person_id,
        )
    )
    case.version += 1
    holders = CATALOGUES[workflow.subject].holders
    hold(case, machine.holder_in(workflow, step.target, facts, holders), parties)
    if step.target != step.source:
        case.state = step.target
        case.entered_at = tx.now
        case.closed_at = tx.now if workflow.state(step.target).end else None
        if case.closed_at is None:  # at an end nobody owes a step; the last deadline stays to see
            case.due_at = due_in(tx, workflow, case, starts=starts or {}, days=days)
    # Effects come last: a due date or a holder that somebody names wins over the definition's.
    for name in step.effects:
        effects[name]()
    if case.closed_at is not None:
        tx.session.execute(delete(Involvement).where(Involvement.case_id == case.id))
    elif not system:
        _involve(tx, case)
    return step


def _involve(tx: Transaction, case: Case) -> None:
    """Whoever acts takes part in the case from now on."""
    if tx.person_id is not None:
        row = Involvement(person_id=tx.person_id, case_id=case.id, due_at=case.due_at)
        tx.session.merge(row)
        tx.session.flush()  # there before the caller sets another deadline, which then reaches it


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
    *,
    starts: Mapping[str, datetime],
    days: Mapping[str, int] | None = None,
) -> datetime | None:
    """When the next step is due by law: the earliest deadline of the steps people may take now."""
    codes = {t.deadline for t in workflow.leaving(case.state, system=False) if t.deadline}
    if not codes:
        return None
    calendar = calendar_of(tx.session, case.organisation_id, tx.today)
    urgency = deadlines.Urgency.NORMAL
    if case.document_id is not None:
        urgency = deadlines.Urgency(tx.get(Document, case.document_id).urgency)
    regulation = tx.get(Organisation, case.organisation_id).resolve_days
    due = [
        deadlines.due_at(
            code,
            starts.get(code, tx.now),
            urgency,
            calendar,
            tx.office.law.deadlines,
            regulation if days is None else days.get(code),
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
