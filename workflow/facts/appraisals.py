"""What departments found of a dossier so far, and who is charged with what of it."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from workflow.office import Reading
from workflow.parties import names_of_organisations, successor_of
from workflow.records import (
    Appraisal,
    AppraisalDuty,
    Case,
    CriterionAppraisal,
    Dossier,
    DossierPaper,
    Finding,
    Person,
    Task,
)
from workflow.rules.kinds import FIELD_LABELS, Kind

GIVEN = "given"
ASSIGNED, APPRAISED, RETURNED = "assigned", "appraised", "returned"
OPINION = "opinion"


@dataclass(frozen=True)
class DepartmentLine:
    """One department's part: its case, its fields, and the document linked as its opinion."""

    case_id: uuid.UUID
    organisation_id: uuid.UUID
    organisation: str
    fields: tuple[str, ...]
    state: str
    opened_at: datetime
    due_at: datetime | None
    closed_at: datetime | None
    opinion_id: uuid.UUID | None


@dataclass(frozen=True)
class CriterionLine:
    """The newest case of one criterion, with the last that was found of it."""

    case_id: uuid.UUID
    appraisal_case_id: uuid.UUID
    criterion: str
    organisation_id: uuid.UUID
    organisation: str
    state: str
    due_at: datetime | None
    met: bool | None
    """None where nothing was found yet, or where it was sent back for more evidence."""
    points: int | None
    reason: str | None
    appraiser: str | None
    """Who found it, or who is to."""
    at: datetime | None
    """When it was found."""


@dataclass(frozen=True)
class AppraisalState:
    """The newest round of a dossier's appraisal."""

    appraisals: int = 0
    open: int = 0
    """Departments that have not given their opinion."""
    criteria_failed: tuple[str, ...] = ()
    """A sentence for each criterion found not met."""
    departments: Sequence[DepartmentLine] = ()
    criteria: Sequence[CriterionLine] = ()
    """In the order of the kind."""


def appraisal_state(reading: Reading, dossier: Dossier, kind: Kind) -> AppraisalState:
    """Where the appraisal stands, in five queries."""
    parts = newest_round(reading, dossier)
    names = names_of_organisations(reading, [case.organisation_id for _, case in parts])
    opinions = _opinions(reading, [case.id for _, case in parts])
    departments = [
        DepartmentLine(
            case_id=case.id,
            organisation_id=case.organisation_id,
            organisation=names[case.organisation_id],
            fields=tuple(appraisal.field.split(",")),
            state=case.state,
            opened_at=case.opened_at,
            due_at=case.due_at,
            closed_at=case.closed_at,
            opinion_id=opinions.get(case.id),
        )
        for appraisal, case in parts
    ]
    order = {leaf.code: place for place, leaf in enumerate(kind.leaves)}
    criteria = sorted(
        _criteria(reading, parts, names), key=lambda line: order.get(line.criterion, len(order))
    )
    return AppraisalState(
        appraisals=len(parts),
        open=sum(line.state != GIVEN for line in departments),
        criteria_failed=tuple(
            f"Tiêu chí {line.criterion} “{kind.criterion(line.criterion).title}”:"
            f" {line.organisation} kết luận không đạt."
            for line in criteria
            if line.state == APPRAISED and line.met is False
        ),
        departments=departments,
        criteria=criteria,
    )


def newest_round(reading: Reading, dossier: Dossier) -> list[tuple[Appraisal, Case]]:
    """The departments' parts opened last: a dossier accepted anew is appraised anew.

    Those of one round were opened in one transaction, so at one moment.
    """
    rows = reading.session.execute(
        select(Appraisal, Case)
        .join(Case, Case.id == Appraisal.case_id)
        .where(Appraisal.dossier_id == dossier.id)
        .order_by(Appraisal.id)
    ).all()
    last = max((case.opened_at for _, case in rows), default=None)
    return [(appraisal, case) for appraisal, case in rows if case.opened_at == last]


def _criteria(
    reading: Reading,
    parts: Sequence[tuple[Appraisal, Case]],
    names: Mapping[uuid.UUID, str],
) -> list[CriterionLine]:
    of = {appraisal.id: case for appraisal, case in parts}
    newest = {}
    for row in reading.session.execute(
        select(CriterionAppraisal, Case, Person.full_name)
        .join(Case, Case.id == CriterionAppraisal.case_id)
        .join(Task, Task.case_id == Case.id)
        .outerjoin(Person, Person.id == Task.person_id)
        .where(CriterionAppraisal.appraisal_id.in_(of))
        .order_by(CriterionAppraisal.id)
    ):
        newest[row[0].criterion] = row
    found = last_findings(reading, [case.id for _, case, _ in newest.values()])
    lines = []
    for criterion, case, asked in newest.values():
        finding, finder = found.get(case.id, (None, None))
        parent = of[criterion.appraisal_id]
        lines.append(
            CriterionLine(
                case_id=case.id,
                appraisal_case_id=parent.id,
                criterion=criterion.criterion,
                organisation_id=parent.organisation_id,
                organisation=names[parent.organisation_id],
                state=case.state,
                due_at=case.due_at,
                met=finding.met if finding else None,
                points=finding.points if finding else None,
                reason=finding.reason if finding else None,
                appraiser=finder if finding and finding.met is not None else asked,
                at=finding.at if finding else None,
            )
        )
    return lines


def last_findings(
    reading: Reading, case_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, tuple[Finding, str]]:
    """By criterion case: the last that was found, and by whom."""
    rows = reading.session.execute(
        select(Finding, Person.full_name)
        .join(Person, Person.id == Finding.person_id)
        .where(Finding.case_id.in_(case_ids))
        .order_by(Finding.id)
    )
    return {finding.case_id: (finding, name) for finding, name in rows}


def _opinions(reading: Reading, case_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, uuid.UUID]:
    rows = reading.session.execute(
        select(DossierPaper.case_id, DossierPaper.document_id)
        .where(DossierPaper.case_id.in_(case_ids), DossierPaper.part == OPINION)
        .order_by(DossierPaper.id)
    )
    return {row.case_id: row.document_id for row in rows}


def returned_criteria(reading: Reading, dossier: Dossier) -> frozenset[str]:
    """The criteria whose evidence the applicant was asked to supplement, and may change now."""
    return frozenset(
        reading.session.scalars(
            select(CriterionAppraisal.criterion)
            .join(Case, Case.id == CriterionAppraisal.case_id)
            .where(CriterionAppraisal.dossier_id == dossier.id, Case.state == RETURNED)
        )
    )


def departments_of(reading: Reading, dossier: Dossier, kind: Kind) -> dict[str, uuid.UUID]:
    """By field of the kind: the department charged with it today, or who took over from that."""
    return {
        duty.field: successor_of(reading, duty.organisation_id)
        for duty in _duties(reading, dossier, kind)
    }


def duties_unmet(reading: Reading, dossier: Dossier, kind: Kind) -> tuple[str, ...]:
    """A sentence for each field of the kind that no department is charged with today."""
    charged = {duty.field for duty in _duties(reading, dossier, kind)}
    return tuple(
        f"Lĩnh vực {FIELD_LABELS.get(field, field)} (tiêu chí {', '.join(criteria)}) chưa giao"
        " cơ quan nào thẩm định. Quản trị hệ thống của tỉnh cần giao."
        for field, criteria in criteria_by_field(kind).items()
        if field not in charged
    )


def criteria_by_field(kind: Kind) -> dict[str, list[str]]:
    """The criteria that are appraised, by the field that says who does, in order."""
    fields: defaultdict[str, list[str]] = defaultdict(list)
    for leaf in kind.leaves:
        # No field: nobody can be charged with it, and the dossier does not go on unappraised.
        fields[leaf.field or ""].append(leaf.code)
    return dict(fields)


def _duties(reading: Reading, dossier: Dossier, kind: Kind) -> Sequence[AppraisalDuty]:
    return reading.session.scalars(
        select(AppraisalDuty)
        .where(
            AppraisalDuty.province_id == successor_of(reading, dossier.province_id),
            AppraisalDuty.field.in_(criteria_by_field(kind)),
            AppraisalDuty.holds_on(reading.today),
        )
        .order_by(AppraisalDuty.id)
    ).all()
