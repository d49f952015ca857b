"""What the guards of a department's appraisal, and of each of its criteria, look at."""

from __future__ import annotations

from sqlalchemy import select

from workflow.facts.appraisals import APPRAISED, GIVEN, OPINION, RETURNED
from workflow.facts.dossier import criterion_evidence_unmet
from workflow.facts.exhibits import Exhibits
from workflow.facts.papers import paper_unmet
from workflow.office import Reading
from workflow.records import Appraisal, Case, CriterionAppraisal, Dossier, Task
from workflow.rules.appraisal import AppraisalFacts
from workflow.rules.criterion import CriterionFacts
from workflow.rules.kinds import Kind


def appraisal_facts(
    reading: Reading, case: Case, dossier: Dossier, appraisal: Appraisal
) -> AppraisalFacts:
    """The facts of one department's part."""
    return AppraisalFacts(
        criteria_open=tuple(
            f"Tiêu chí {criterion} chưa có kết luận."
            for criterion, its_case in newest_of(reading, appraisal).items()
            if its_case.state != APPRAISED
        ),
        opinion_unmet=paper_unmet(reading, case, dossier, OPINION),
        opinion_given=case.state == GIVEN,
    )


def newest_of(reading: Reading, appraisal: Appraisal) -> dict[str, Case]:
    """By criterion of a department's part: the case that counts."""
    rows = reading.session.execute(
        select(CriterionAppraisal.criterion, Case)
        .join(Case, Case.id == CriterionAppraisal.case_id)
        .where(CriterionAppraisal.appraisal_id == appraisal.id)
        .order_by(CriterionAppraisal.id)
    )
    return {row.criterion: row.Case for row in rows}


def criterion_facts(
    reading: Reading, case: Case, task: Task, criterion: str, kind: Kind, exhibits: Exhibits
) -> CriterionFacts:
    """The facts of one criterion; `exhibits` are the dossier's."""
    return CriterionFacts(
        actor_id=reading.person_id,
        actor_stands_in=reading.person_id is not None
        and task.person_id in reading.actor.stands_in_for,
        appraiser_id=task.person_id,
        evidence_unmet=criterion_evidence_unmet(kind, criterion, exhibits),
        supplement_overdue=case.state == RETURNED
        and case.due_at is not None
        and case.due_at < reading.now,
    )
