"""The steps of a department's appraisal and of each of its criteria (thẩm định tiêu chí).

A criterion is a case of its own: two people on two criteria never meet on one version, and one
that is sent back for more evidence leaves the others where they are.
"""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import select

from workflow.appraisals import CriterionPart, Part, find_criterion, find_part, open_criterion
from workflow.calendars import calendar_of
from workflow.facts.appraisals import APPRAISED, ASSIGNED, OPINION
from workflow.facts.criteria import appraisal_facts, criterion_facts, newest_of
from workflow.facts.exhibits import exhibits_of
from workflow.facts.papers import papers_of
from workflow.office import Transaction
from workflow.records import Case, Dossier, Finding, RoleGrant, Unit
from workflow.rules.deadlines import end_of_day, local_date, working_days_between
from workflow.rules.errors import GuardsUnmet, Invalid
from workflow.rules.kinds import Rule
from workflow.rules.machine import Transition
from workflow.rules.task import holder_of
from workflow.transitions import Effects, fire, hold, stated

#: Who may be given a criterion: those whom the definition lets find something of it.
APPRAISERS = frozenset({"appraiser", "specialist", "unit_head"})


def _kept_in_move() -> None:
    """The step's own row says who and when; the linked document or the finding says what."""


def assign(
    tx: Transaction,
    case_id: uuid.UUID,
    version: int,
    person_id: uuid.UUID | None = None,
    *,
    unit_id: uuid.UUID | None = None,
) -> Case:
    """Say who of the department appraises a criterion: a person, or a unit that will name one.

    Again while nothing was found: to somebody else.

    Raises:
        Invalid: not one of the two, or not of this department.
    """
    part = _locked(tx, case_id, version)

    def give() -> None:
        if (person_id is None) == (unit_id is None):
            raise Invalid([("/person_id", "Chọn một người hoặc một đơn vị thẩm định.")])
        if person_id is not None and not _may_appraise(tx, part.case.organisation_id, person_id):
            sentence = "Người này không phải người thẩm định của cơ quan được giao."
            raise Invalid([("/person_id", sentence)])
        if unit_id is not None and not _has_unit(tx, part.case.organisation_id, unit_id):
            raise Invalid([("/unit_id", "Đơn vị này không thuộc cơ quan được giao.")])
        part.task.person_id = person_id
        part.task.unit_id = unit_id or part.task.unit_id
        part.task.assigned_by = tx.actor.person_id

    return _move(tx, part, "assign", {"assign_person": give})


def find(
    tx: Transaction,
    case_id: uuid.UUID,
    version: int,
    met: bool,
    reason: str,
    points: int | None = None,
) -> Case:
    """The appraiser's finding: met or not, and why; with points where the kind is rated.

    Raises:
        Invalid: no reason, or points that the criterion does not give.
    """
    part = _locked(tx, case_id, version)

    def record() -> None:
        stated(reason)()
        _check_points(part, points)
        _record(tx, part, met, points, reason)

    trigger = "find_met" if met else "find_unmet"
    return _move(tx, part, trigger, {"record_finding": record}, reason)


def give_back(tx: Transaction, case_id: uuid.UUID, version: int, reason: str) -> Case:
    """Ask the applicant for more evidence of this criterion; the department's clock stops."""
    part = _locked(tx, case_id, version)
    effects = {
        "record_return": lambda: _record(tx, part, None, None, reason),
        "record_reason": stated(reason),
    }
    return _move(tx, part, "return", effects, reason)


def resupply(tx: Transaction, case_id: uuid.UUID, version: int, note: str | None = None) -> Case:
    """The applicant has supplemented the evidence; the department's clock goes on."""
    return _go_on(tx, case_id, version, "resupply", note)


def take_back(tx: Transaction, case_id: uuid.UUID, version: int, note: str | None = None) -> Case:
    """What was asked for did not come in time: it is appraised as it stands."""
    return _go_on(tx, case_id, version, "take_back", note)


def reopen(
    tx: Transaction, appraisal_case_id: uuid.UUID, version: int, criterion: str, reason: str
) -> Case:
    """Have one criterion appraised again before the opinion is given; the others stay.

    The earlier finding is kept; the new one counts.

    Raises:
        Invalid: no reason, or no such criterion here. GuardsUnmet: nothing was found of it yet.
    """
    part = _locked_whole(tx, appraisal_case_id, version)

    def again() -> None:
        case = newest_of(tx, part.appraisal).get(criterion)
        if case is None:
            raise Invalid([("/criterion", "Cơ quan này không thẩm định tiêu chí này.")])
        if case.state != APPRAISED:
            raise GuardsUnmet([f"Tiêu chí {criterion} chưa có kết luận để thẩm định lại."])
        open_criterion(tx, part, criterion)

    effects = {"reopen_criterion": again, "record_reason": stated(reason)}
    return _move_whole(tx, part, "reopen_criterion", effects, reason, criterion=criterion)


def give_opinion(tx: Transaction, appraisal_case_id: uuid.UUID, version: int) -> Case:
    """The department's word: its issued document, linked to this case, over all its criteria."""
    part = _locked_whole(tx, appraisal_case_id, version)
    document = papers_of(tx, part.case).get(OPINION)
    return _move_whole(
        tx,
        part,
        "give_opinion",
        {"record_opinion": _kept_in_move},
        None,
        document=document.id if document else None,
    )


def _locked(tx: Transaction, case_id: uuid.UUID, version: int) -> CriterionPart:
    """The criterion, locked at the version the actor has seen.

    Raises:
        NotFound: also where the actor may not know of it. StaleVersion.
    """
    part = find_criterion(tx, case_id)
    tx.lock_case(case_id, version)
    return part


def _locked_whole(tx: Transaction, case_id: uuid.UUID, version: int) -> Part:
    """As `_locked`, a department's part."""
    part = find_part(tx, case_id)
    tx.lock_case(case_id, version)
    return part


def _go_on(
    tx: Transaction, case_id: uuid.UUID, version: int, trigger: str, note: str | None
) -> Case:
    """Let the department's clock go on: it stood while the criterion lay with the applicant.

    Nor are the department and the office late for what they had to wait for.
    """
    part = find_criterion(tx, case_id)
    main_id = part.whole.case.parent_id
    assert main_id is not None  # a part is opened under the dossier's own case
    # Locked from the top, as when the dossier is taken back.
    above = [tx.lock_case(main_id), tx.lock_case(part.whole.case.id)]
    tx.lock_case(case_id, version)
    task = part.task
    if task.due_at is not None:
        calendar = calendar_of(tx.session, part.case.organisation_id, tx.today)
        stood = working_days_between(calendar, local_date(part.case.entered_at), tx.today)
        task.due_at = end_of_day(calendar.add_working_days(local_date(task.due_at), stood))
        for case in above:
            if case.due_at is not None:
                case.due_at = max(case.due_at, task.due_at)
    return _move(tx, part, trigger, {"record_supplement": _kept_in_move}, note)


def _move(
    tx: Transaction,
    part: CriterionPart,
    trigger: str,
    effects: Effects,
    opinion: str | None = None,
) -> Case:
    case, task, whole = part.case, part.task, part.whole
    criterion = part.criterion.criterion
    exhibits = exhibits_of(tx, whole.dossier)
    facts = criterion_facts(tx, case, task, criterion, whole.kind, exhibits)
    step = fire(
        tx,
        case,
        trigger,
        facts,
        effects=effects,
        opinion=opinion,
        parties=whole.parties,
        days=whole.kind.days,
    )
    if step.target == ASSIGNED:
        # It is due when it was given to be, and waits for whom it was given to, whoever acts.
        case.due_at = task.due_at
        hold(case, holder_of(task.unit_id, task.person_id))
    _journal(tx, whole.dossier, case, step, criterion=criterion)
    return case


def _move_whole(
    tx: Transaction,
    part: Part,
    trigger: str,
    effects: Effects,
    opinion: str | None = None,
    **said: Any,
) -> Case:
    step = fire(
        tx,
        part.case,
        trigger,
        appraisal_facts(tx, part.case, part.dossier, part.appraisal),
        effects=effects,
        opinion=opinion,
        parties=part.parties,
        days=part.kind.days,
    )
    _journal(tx, part.dossier, part.case, step, **said)
    return part.case


def _journal(tx: Transaction, dossier: Dossier, case: Case, step: Transition, **said: Any) -> None:
    """Into the chain of whoever opened the dossier, whichever department acts."""
    tx.journal(
        f"{case.definition_name}.{step.trigger}",
        dossier.organisation_id,
        dossier.id,
        case=case.id,
        source=step.source,
        target=step.target,
        **said,
    )


def _record(
    tx: Transaction, part: CriterionPart, met: bool | None, points: int | None, reason: str
) -> None:
    tx.add(
        Finding(
            case_id=part.case.id,
            met=met,
            points=points,
            reason=reason,
            person_id=tx.actor.person_id,
            at=tx.now,
        )
    )


def _check_points(part: CriterionPart, points: int | None) -> None:
    if points is None:
        return
    kind = part.whole.kind
    most = kind.criterion(part.criterion.criterion).points
    if kind.rule is not Rule.POINTS or most is None:
        raise Invalid([("/points", "Tiêu chí này không chấm điểm.")])
    if not 0 <= points <= most:
        raise Invalid([("/points", f"Điểm phải từ 0 đến {most}.")])


def _may_appraise(tx: Transaction, organisation_id: uuid.UUID, person_id: uuid.UUID) -> bool:
    granted = select(RoleGrant.id).where(
        RoleGrant.person_id == person_id,
        RoleGrant.organisation_id == organisation_id,
        RoleGrant.role.in_(APPRAISERS),
        RoleGrant.holds_on(tx.today),
    )
    return tx.session.scalar(granted.limit(1)) is not None


def _has_unit(tx: Transaction, organisation_id: uuid.UUID, unit_id: uuid.UUID) -> bool:
    found = select(Unit.id).where(
        Unit.id == unit_id, Unit.organisation_id == organisation_id, Unit.holds_on(tx.today)
    )
    return tx.session.scalar(found) is not None
