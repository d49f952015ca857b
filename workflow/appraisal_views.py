"""What people see of appraisals: their list, a department's part, one criterion with its evidence.

Everybody sees no more of a part than `workflow.appraisals` says.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from workflow.appraisals import (
    CriterionPart,
    Part,
    find_part,
    may_know_criterion,
    may_know_part,
    sees_whole,
)
from workflow.facts.appraisals import GIVEN, OPINION
from workflow.facts.criteria import appraisal_facts, criterion_facts, newest_of
from workflow.facts.dossier import answers_of
from workflow.facts.exhibits import Exhibits, Line, exhibits_of
from workflow.facts.papers import papers_of
from workflow.incoming_views import names_of
from workflow.office import Reading
from workflow.parties import names_of_organisations
from workflow.records import (
    Appraisal,
    Case,
    CriterionAppraisal,
    Document,
    Dossier,
    DossierAnswer,
    Finding,
    Move,
    Task,
    Unit,
)
from workflow.rules.kinds import Criterion
from workflow.rules.machine import Option
from workflow.transitions import options, workflow_of


@dataclass(frozen=True)
class PartLine:
    """A department's part of a dossier in somebody's list."""

    case: Case
    state_label: str
    appraisal: Appraisal
    dossier: Dossier
    organisation: str


@dataclass(frozen=True)
class CriterionView:
    """One criterion: what the applicant said and showed, what was found, what may be done."""

    case: Case
    state_label: str
    criterion: Criterion
    task: Task
    unit: str | None
    answer: DossierAnswer | None
    evidence: Sequence[Line]
    findings: Sequence[Finding]
    moves: Sequence[Move]
    options: Sequence[Option]
    names: Mapping[uuid.UUID, str]
    """Of everybody whom it names."""


@dataclass(frozen=True)
class PartDetail:
    """A department's part, with those of its criteria that the actor may know."""

    line: PartLine
    criteria: Sequence[CriterionView]
    opinion: Document | None
    moves: Sequence[Move]
    options: Sequence[Option]
    names: Mapping[uuid.UUID, str]


def list_parts(
    reading: Reading,
    *,
    organisation_id: uuid.UUID | None = None,
    open_only: bool = True,
    after: uuid.UUID | None = None,
    limit: int = 50,
) -> list[PartLine]:
    """The parts of which the actor may know something, newest first; of one department or all."""
    query = (
        select(Case, Appraisal, Dossier)
        .join(Appraisal, Appraisal.case_id == Case.id)
        .join(Dossier, Dossier.id == Appraisal.dossier_id)
        .where(may_know_part(reading))
        .order_by(Case.id.desc())
        .limit(limit)
    )
    if organisation_id is not None:
        query = query.where(Appraisal.organisation_id == organisation_id)
    if open_only:
        query = query.where(Case.closed_at.is_(None))
    if after is not None:
        query = query.where(Case.id < after)
    rows = reading.session.execute(query).all()
    called = names_of_organisations(reading, [case.organisation_id for case, _, _ in rows])
    return [
        PartLine(case, _label(reading, case), appraisal, dossier, called[case.organisation_id])
        for case, appraisal, dossier in rows
    ]


def view_part(reading: Reading, case_id: uuid.UUID) -> PartDetail:
    """One department's part; NotFound where the actor may know nothing of it."""
    part = find_part(reading, case_id)
    rows = reading.session.execute(
        select(Case, CriterionAppraisal, Task)
        .join(CriterionAppraisal, CriterionAppraisal.case_id == Case.id)
        .join(Task, Task.case_id == Case.id)
        .join(Appraisal, Appraisal.id == CriterionAppraisal.appraisal_id)
        .join(Dossier, Dossier.id == Appraisal.dossier_id)
        .where(
            Case.id.in_(case.id for case in newest_of(reading, part.appraisal).values()),
            may_know_criterion(reading),
        )
    ).all()
    order = {leaf.code: place for place, leaf in enumerate(part.kind.leaves)}
    known = [CriterionPart(case, criterion, task, part) for case, criterion, task in rows]
    known.sort(key=lambda one: order.get(one.criterion.criterion, len(order)))
    # What was said inside the department is not for those who see but a criterion of its part.
    open_to_actor = sees_whole(reading, part) or part.case.state == GIVEN
    moves = _moves(reading, [case_id]) if open_to_actor else ()
    called = names_of_organisations(reading, [part.case.organisation_id])
    facts = appraisal_facts(reading, part.case, part.dossier, part.appraisal)
    return PartDetail(
        line=PartLine(
            part.case,
            _label(reading, part.case),
            part.appraisal,
            part.dossier,
            called[part.case.organisation_id],
        ),
        criteria=_views(reading, part, known),
        opinion=papers_of(reading, part.case).get(OPINION) if open_to_actor else None,
        moves=moves,
        options=options(reading, part.case, facts, part.parties),
        names=names_of(reading, {move.person_id for move in moves}),
    )


def view_criterion(reading: Reading, one: CriterionPart) -> CriterionView:
    """One criterion that was found; still shown to the applicant whose step ended the sight."""
    (view,) = _views(reading, one.whole, [one])
    return view


def _views(reading: Reading, part: Part, criteria: Sequence[CriterionPart]) -> list[CriterionView]:
    """In a constant number of queries, however many they are."""
    ids = [one.case.id for one in criteria]
    exhibits = exhibits_of(reading, part.dossier)
    answers = answers_of(reading, part.dossier)
    moves = _moves(reading, ids)
    findings = reading.session.scalars(
        select(Finding).where(Finding.case_id.in_(ids)).order_by(Finding.id)
    ).all()
    units = {
        unit.id: unit.name
        for unit in reading.session.scalars(
            select(Unit).where(Unit.id.in_(one.task.unit_id for one in criteria))
        )
    }
    people = {move.person_id for move in moves} | {one.task.person_id for one in criteria}
    names = names_of(reading, people)
    views = []
    for one in criteria:
        code = one.criterion.criterion
        facts = criterion_facts(reading, one.case, one.task, code, part.kind, exhibits)
        views.append(
            CriterionView(
                case=one.case,
                state_label=_label(reading, one.case),
                criterion=part.kind.criterion(code),
                task=one.task,
                unit=units.get(one.task.unit_id) if one.task.unit_id else None,
                answer=answers.get(("criterion", code)),
                evidence=_evidence(exhibits, code),
                findings=[found for found in findings if found.case_id == one.case.id],
                moves=[move for move in moves if move.case_id == one.case.id],
                options=options(reading, one.case, facts, part.parties),
                names=names,
            )
        )
    return views


def _evidence(exhibits: Exhibits, criterion: str) -> list[Line]:
    place = f"criterion/{criterion}/"
    return [line for line in exhibits.lines if line.slot.startswith(place)]


def _moves(reading: Reading, case_ids: Sequence[uuid.UUID]) -> Sequence[Move]:
    return reading.session.scalars(
        select(Move).where(Move.case_id.in_(case_ids)).order_by(Move.id)
    ).all()


def _label(reading: Reading, case: Case) -> str:
    return workflow_of(reading, case).state(case.state).label
