"""Departments' parts of a dossier: opened side by side, found by who may see them, taken back."""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass
from functools import partial

from sqlalchemy import ColumnElement, and_, or_, select

from workflow.facts.appraisals import (
    GIVEN,
    RETURNED,
    criteria_by_field,
    departments_of,
    duties_unmet,
)
from workflow.facts.criteria import appraisal_facts, criterion_facts, newest_of
from workflow.facts.exhibits import exhibits_of
from workflow.facts.tasks import task_of
from workflow.kinds import kind_of
from workflow.office import Reading, Transaction
from workflow.parties import parties_of, predecessors
from workflow.records import Appraisal, Case, CriterionAppraisal, Dossier, Task
from workflow.rules.errors import GuardsUnmet, NotFound
from workflow.rules.kinds import Kind
from workflow.rules.machine import Holder
from workflow.rules.roles import ROLES
from workflow.transitions import Parties, fire, open_case

#: Roles that see all of their department's part: they divide, direct, follow up or audit it.
SEES_PART = frozenset({"unit_head", "leader", "clerk", "follow_up", "auditor"})
#: Roles of the office and the province that see every part, and of the applicant that are told.
SEES_ALL_PARTS = SEES_PART | {"specialist"}


@dataclass(frozen=True)
class Part:
    """A department's part, with all that its steps need."""

    case: Case
    appraisal: Appraisal
    dossier: Dossier
    kind: Kind
    parties: Parties


@dataclass(frozen=True)
class CriterionPart:
    """One criterion with one department; `whole` is the part it belongs to."""

    case: Case
    criterion: CriterionAppraisal
    task: Task
    whole: Part


def open_appraisals(tx: Transaction, dossier: Dossier, case: Case) -> None:
    """The work behind `open_appraisals`: a case per department, and in it one per criterion.

    What is still open of a round before is taken back.

    Raises:
        GuardsUnmet: a field that no department is charged with.
    """
    kind, parties = kind_of(tx, dossier), parties_of(tx, dossier)
    unmet = duties_unmet(tx, dossier, kind)
    if unmet:
        raise GuardsUnmet(unmet)
    withdraw_appraisals(tx, dossier)
    fields: defaultdict[uuid.UUID, list[str]] = defaultdict(list)
    for field, department in departments_of(tx, dossier, kind).items():
        fields[department].append(field)
    by_field = criteria_by_field(kind)
    for department, its_fields in fields.items():
        part = open_case(
            tx,
            "appraisal",
            dossier,
            organisation_id=department,
            parent=case,
            holder=Holder(role="unit_head"),
            parties=parties,
            days=kind.days,
        )
        tx.session.flush()
        appraisal = tx.add(
            Appraisal(
                case_id=part.id,
                dossier_id=dossier.id,
                organisation_id=department,
                field=",".join(its_fields),
            )
        )
        tx.session.flush()
        whole = Part(part, appraisal, dossier, kind, parties)
        for criterion in (code for field in its_fields for code in by_field[field]):
            open_criterion(tx, whole, criterion)


def open_criterion(tx: Transaction, whole: Part, criterion: str) -> Case:
    """A case for one criterion of a department's part, due with it; nobody has it yet."""
    case = open_case(
        tx,
        "criterion",
        whole.dossier,
        organisation_id=whole.case.organisation_id,
        parent=whole.case,
        holder=Holder(role="unit_head"),
        parties=whole.parties,
        days=whole.kind.days,
    )
    case.due_at = whole.case.due_at
    tx.session.flush()
    tx.add(
        CriterionAppraisal(
            case_id=case.id,
            appraisal_id=whole.appraisal.id,
            dossier_id=whole.dossier.id,
            criterion=criterion,
        )
    )
    tx.add(
        Task(
            case_id=case.id,
            part="criterion",
            assigned_by=tx.actor.person_id,
            due_at=case.due_at,
        )
    )
    tx.session.flush()
    return case


def withdraw_appraisals(tx: Transaction, dossier: Dossier) -> None:
    """The work behind `withdraw_appraisals`: what is still open ends with the dossier."""
    kind, parties = kind_of(tx, dossier), parties_of(tx, dossier)
    still_open = tx.session.execute(
        select(Appraisal, Case.id)
        .join(Case, Case.id == Appraisal.case_id)
        .where(Appraisal.dossier_id == dossier.id, Case.closed_at.is_(None))
        .order_by(Appraisal.id)
    ).all()
    for appraisal, case_id in still_open:
        whole = Part(tx.lock_case(case_id), appraisal, dossier, kind, parties)
        facts = appraisal_facts(tx, whole.case, dossier, appraisal)
        effects = {"withdraw_criteria": partial(_withdraw_criteria, tx, whole)}
        fire(tx, whole.case, "withdraw", facts, effects=effects, system=True)


def _withdraw_criteria(tx: Transaction, whole: Part) -> None:
    exhibits = exhibits_of(tx, whole.dossier)
    for criterion, case in newest_of(tx, whole.appraisal).items():
        if case.closed_at is None:
            locked = tx.lock_case(case.id)
            task = task_of(tx, locked)
            facts = criterion_facts(tx, locked, task, criterion, whole.kind, exhibits)
            fire(tx, locked, "withdraw", facts, effects={}, system=True)


def find_part(reading: Reading, case_id: uuid.UUID) -> Part:
    """A department's part by its case; NotFound also where the actor may not know of it."""
    row = reading.session.execute(
        select(Case, Appraisal, Dossier)
        .join(Appraisal, Appraisal.case_id == Case.id)
        .join(Dossier, Dossier.id == Appraisal.dossier_id)
        .where(Case.id == case_id, may_know_part(reading))
    ).one_or_none()
    if row is None:
        raise NotFound("Phần thẩm định")
    case, appraisal, dossier = row
    return Part(case, appraisal, dossier, kind_of(reading, dossier), parties_of(reading, dossier))


def find_criterion(reading: Reading, case_id: uuid.UUID) -> CriterionPart:
    """A criterion by its case; NotFound also where the actor may not know of it."""
    row = reading.session.execute(
        select(Case, CriterionAppraisal, Task, Appraisal, Dossier)
        .join(CriterionAppraisal, CriterionAppraisal.case_id == Case.id)
        .join(Task, Task.case_id == Case.id)
        .join(Appraisal, Appraisal.id == CriterionAppraisal.appraisal_id)
        .join(Dossier, Dossier.id == Appraisal.dossier_id)
        .where(Case.id == case_id, may_know_criterion(reading))
    ).one_or_none()
    if row is None:
        raise NotFound("Tiêu chí thẩm định")
    case, criterion, task, appraisal, dossier = row
    whole = Part(
        reading.get(Case, appraisal.case_id),
        appraisal,
        dossier,
        kind_of(reading, dossier),
        parties_of(reading, dossier),
    )
    return CriterionPart(case, criterion, task, whole)


def may_know_part(reading: Reading) -> ColumnElement[bool]:
    """A condition on `Appraisal` and `Dossier`: the parts of which the actor may know something."""
    something = (
        select(CriterionAppraisal.id)
        .join(Case, Case.id == CriterionAppraisal.case_id)
        .join(Task, Task.case_id == Case.id)
        .where(
            CriterionAppraisal.appraisal_id == Appraisal.id,
            or_(_given_to(reading), and_(_applies(reading), Case.state == RETURNED)),
        )
        .correlate(Appraisal, Dossier)
        .exists()
    )
    return or_(_sees_whole(reading), something, and_(_applies(reading), _opinion_given()))


def may_know_criterion(reading: Reading) -> ColumnElement[bool]:
    """A condition on `Appraisal`, `Dossier`, and a criterion's `Case` and `Task`.

    Of a department's part its appraisers know what was given to them or their unit, the applicant
    what was sent back, and everything once the department has given its opinion.
    """
    told = or_(Case.state == RETURNED, _opinion_given())
    return or_(_sees_whole(reading), _given_to(reading), and_(_applies(reading), told))


def sees_whole(reading: Reading, part: Part) -> bool:
    """Whether the actor sees all of a department's part, and what was said of it inside."""
    above = _serving(reading, SEES_ALL_PARTS)
    return (
        part.case.organisation_id in _serving(reading, SEES_PART)
        or part.dossier.office_id in above
        or part.dossier.province_id in above
    )


def _sees_whole(reading: Reading) -> ColumnElement[bool]:
    above = _serving(reading, SEES_ALL_PARTS)
    return or_(
        Appraisal.organisation_id.in_(_serving(reading, SEES_PART)),
        Dossier.office_id.in_(above),
        Dossier.province_id.in_(above),
    )


def _given_to(reading: Reading) -> ColumnElement[bool]:
    actor = reading.actor
    return and_(
        Appraisal.organisation_id.in_(_serving(reading, frozenset(ROLES))),
        or_(
            Task.person_id.in_(actor.own_work),
            Task.unit_id.in_(actor.units),
        ),
    )


def _applies(reading: Reading) -> ColumnElement[bool]:
    return Dossier.organisation_id.in_(_serving(reading, SEES_ALL_PARTS))


def _opinion_given() -> ColumnElement[bool]:
    return (
        select(Case.id)
        .where(Case.id == Appraisal.case_id, Case.state == GIVEN)
        .correlate(Appraisal)
        .exists()
    )


def _serving(reading: Reading, roles: frozenset[str]) -> set[uuid.UUID]:
    """The organisations in which the actor has one of the roles, and those they took over from."""
    theirs = reading.actor.organisations_where(roles)
    return {*theirs, *reading.session.scalars(predecessors(theirs, reading.today))}
