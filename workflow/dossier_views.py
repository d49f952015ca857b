"""What people see of dossiers: lists, one of them, every move made in it, and recognitions."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import and_, func, or_, select

from workflow.access import find_dossier, may_know_dossier
from workflow.dossier_contents import Paper, Seen, papers_of, seen_of
from workflow.dossiers import case_of
from workflow.facts.appraisals import CriterionLine, DepartmentLine, appraisal_state
from workflow.facts.dossier import Answers, answers_of, dossier_facts
from workflow.facts.votes import VoteState, vote_state
from workflow.kinds import kind_of
from workflow.office import Reading
from workflow.parties import names_of_organisations, parties_of
from workflow.records import (
    Appraisal,
    Case,
    CriterionAppraisal,
    Dossier,
    Exhibit,
    Move,
    Person,
)
from workflow.rules.kinds import Kind
from workflow.rules.machine import Option
from workflow.transitions import options, workflow_of


@dataclass(frozen=True)
class Line:
    """One dossier in a list."""

    dossier: Dossier
    case: Case
    state_label: str
    kind: Kind
    organisation: str


@dataclass(frozen=True)
class Filter:
    """What a list is narrowed to; every part that is given must hold."""

    organisation_id: uuid.UUID | None = None
    state: str | None = None
    kind_code: str | None = None
    overdue: bool = False


def list_dossiers(
    reading: Reading,
    wanted: Filter = Filter(),
    *,
    after: uuid.UUID | None = None,
    limit: int = 50,
) -> list[Line]:
    """Dossiers the actor may know of, newest first, older than `after`."""
    query = (
        select(Dossier, Case)
        .join(Case, and_(Case.dossier_id == Dossier.id, Case.parent_id.is_(None)))
        .where(may_know_dossier(reading.actor, reading.today))
        .order_by(Dossier.id.desc())
        .limit(limit)
    )
    if wanted.organisation_id is not None:
        query = query.where(Dossier.organisation_id == wanted.organisation_id)
    if wanted.state is not None:
        query = query.where(Case.state == wanted.state)
    if wanted.kind_code is not None:
        query = query.where(Dossier.kind_code == wanted.kind_code)
    if wanted.overdue:
        query = query.where(Case.due_at < reading.now, Case.closed_at.is_(None))
    if after is not None:
        query = query.where(Dossier.id < after)
    rows = reading.session.execute(query).all()
    names = names_of_organisations(reading, {dossier.organisation_id for dossier, _ in rows})
    return [_line(reading, dossier, case, names) for dossier, case in rows]


def _line(reading: Reading, dossier: Dossier, case: Case, names: Mapping[uuid.UUID, str]) -> Line:
    return Line(
        dossier=dossier,
        case=case,
        state_label=workflow_of(reading, case).state(case.state).label,
        kind=kind_of(reading, dossier),
        organisation=names[dossier.organisation_id],
    )


@dataclass(frozen=True)
class Detail:
    """One dossier for somebody who may know of it; `seen` says how much of it."""

    line: Line
    seen: Seen
    answers: Answers
    exhibits: Mapping[str, int]
    """How many pieces of evidence stand in each slot."""
    unmet: Sequence[str]
    papers: Sequence[Paper]
    departments: Sequence[DepartmentLine]
    criteria: Sequence[CriterionLine]
    vote: VoteState | None
    options: Sequence[Option]


def view_dossier(reading: Reading, dossier_id: uuid.UUID) -> Detail:
    """One dossier, in a number of queries that does not grow with its evidence.

    Raises:
        NotFound: also where the actor may not know of it.
    """
    dossier = find_dossier(reading, dossier_id)
    case, seen = case_of(reading, dossier.id), seen_of(reading, dossier)
    kind = kind_of(reading, dossier)
    facts = dossier_facts(reading, dossier, case)
    appraised = appraisal_state(reading, dossier, kind)
    counted = reading.session.execute(
        select(Exhibit.slot, func.count())
        .where(Exhibit.dossier_id == dossier.id, ~Exhibit.dropped)
        .group_by(Exhibit.slot)
    )
    names = names_of_organisations(reading, {dossier.organisation_id})
    return Detail(
        line=_line(reading, dossier, case, names),
        seen=seen,
        answers=answers_of(reading, dossier),
        exhibits={slot: count for slot, count in counted if seen.shows(slot)},
        unmet=facts.incomplete if seen.whole else (),
        papers=papers_of(reading, dossier, seen),
        departments=[one for one in appraised.departments if one.case_id in seen.cases],
        criteria=[one for one in appraised.criteria if one.case_id in seen.cases],
        vote=vote_state(reading, dossier, kind) if seen.whole else None,
        options=[
            _without_result(case, option)
            for option in options(reading, case, facts, parties_of(reading, dossier))
        ],
    )


def _without_result(case: Case, option: Option) -> Option:
    """Where the close of a vote leads is told by the close: before, it would tell the ballots."""
    return replace(option, target=case.state) if option.trigger == "close_vote" else option


@dataclass(frozen=True)
class MoveLine:
    """A move of the dossier or of a case in it, in the words of its definition."""

    move: Move
    case: Case
    about: str | None
    person: str | None
    source_label: str
    target_label: str
    trigger_label: str


def history(
    reading: Reading, dossier_id: uuid.UUID, *, after: uuid.UUID | None = None, limit: int = 50
) -> list[MoveLine]:
    """Every move of the dossier and of its child cases in the order of time, later than `after`."""
    dossier = find_dossier(reading, dossier_id)
    seen = seen_of(reading, dossier)
    query = (
        select(Move, Case, Appraisal.organisation_id, CriterionAppraisal.criterion, Person)
        .join(Case, Case.id == Move.case_id)
        .outerjoin(Appraisal, Appraisal.case_id == Case.id)
        .outerjoin(CriterionAppraisal, CriterionAppraisal.case_id == Case.id)
        .outerjoin(Person, Person.id == Move.person_id)
        .where(Case.dossier_id == dossier.id)
        .order_by(Move.id)
        .limit(limit)
    )
    # The dossier's own moves everybody reads who knows of it, those of its parts who knows of them.
    of_parts = or_(Appraisal.id.is_not(None), CriterionAppraisal.id.is_not(None))
    own = Case.parent_id.is_(None) if not seen.whole else ~of_parts
    query = query.where(or_(own, Case.id.in_(seen.cases)))
    if after is not None:
        query = query.where(Move.id > after)
    rows = reading.session.execute(query).all()
    names = names_of_organisations(reading, {row[2] for row in rows if row[2] is not None})
    return [
        _moved(reading, move, case, names.get(organisation_id) or criterion, person)
        for move, case, organisation_id, criterion, person in rows
    ]


def _moved(
    reading: Reading, move: Move, case: Case, about: str | None, person: Person | None
) -> MoveLine:
    workflow = workflow_of(reading, case)
    labels = {step.trigger: step.label for step in workflow.transitions}
    return MoveLine(
        move=move,
        case=case,
        about=about,
        person=person.full_name if person else None,
        source_label=workflow.state(move.source).label,
        target_label=workflow.state(move.target).label,
        trigger_label=labels.get(move.trigger, move.trigger),
    )
