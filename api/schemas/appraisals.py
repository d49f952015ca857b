"""Departments' appraisals of a dossier: steps in, parts and criteria out."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from api.schemas.documents import MoveOut, OptionOut, Standing, moves_of, options_of
from api.schemas.values import Moment, Opinion, Payload, Shape, Word
from workflow import appraisal_views
from workflow.appraisals import CriterionPart


class AssignCriterion(Payload):
    """To a person of the department, or to a unit that will name one."""

    trigger: Literal["assign"]
    person_id: uuid.UUID | None = None
    unit_id: uuid.UUID | None = None


class FindCriterion(Payload):
    trigger: Literal["find_met", "find_unmet"]
    reason: Opinion
    points: Annotated[int, Field(ge=0, le=1000)] | None = Field(
        default=None, description="Only where the kind is decided by points."
    )


class ReturnCriterion(Payload):
    trigger: Literal["return"]
    reason: Opinion = Field(description="What the applicant must supplement.")


class GoOn(Payload):
    trigger: Literal["resupply", "take_back"]
    note: Opinion | None = None


CriterionStep = Annotated[
    AssignCriterion | FindCriterion | ReturnCriterion | GoOn, Field(discriminator="trigger")
]


class ReopenCriterion(Payload):
    trigger: Literal["reopen_criterion"]
    criterion: Word
    reason: Opinion


class GiveOpinion(Payload):
    trigger: Literal["give_opinion"]


AppraisalStep = Annotated[ReopenCriterion | GiveOpinion, Field(discriminator="trigger")]


class AppraisalLine(Standing):
    """A department's part of a dossier in a list."""

    dossier_id: uuid.UUID
    dossier: str
    kind_code: str
    organisation_id: uuid.UUID
    organisation: str
    fields: list[str]

    @classmethod
    def of_part(cls, line: appraisal_views.PartLine) -> AppraisalLine:
        return cls(
            **dict(Standing.of(line.case, line.state_label)),
            dossier_id=line.dossier.id,
            dossier=line.dossier.name,
            kind_code=line.dossier.kind_code,
            organisation_id=line.case.organisation_id,
            organisation=line.organisation,
            fields=line.appraisal.field.split(","),
        )


class CriterionEvidenceOut(Shape):
    """Something in one of the criterion's slots; `unmet` says why it does not hold now."""

    id: uuid.UUID
    slot: str
    title: str
    dated_on: date | None
    document_id: uuid.UUID | None
    size_bytes: int | None
    verdict: str | None
    unmet: str | None


class CriterionFindingOut(Shape):
    """What was found; `met` is null where more evidence was asked for."""

    met: bool | None
    points: int | None
    reason: str
    person_id: uuid.UUID
    person: str
    at: Moment


class AnswerOut(Shape):
    """What the applicant says of it."""

    met: bool | None
    value: str | None
    note: str | None
    snapshot_id: uuid.UUID | None


class CriterionOut(Standing):
    """One criterion with one department. What may be done now is in `allowed`."""

    criterion: str
    title: str
    points: int | None = Field(description="The most it can be given, if it is given points.")
    unit_id: uuid.UUID | None
    unit: str | None
    person_id: uuid.UUID | None
    person: str | None
    answer: AnswerOut | None
    evidence: list[CriterionEvidenceOut]
    findings: list[CriterionFindingOut] = Field(description="In order; the last one counts.")
    moves: list[MoveOut]
    allowed: list[OptionOut]

    @classmethod
    def of_criterion(cls, view: appraisal_views.CriterionView) -> CriterionOut:
        person_id = view.task.person_id
        return cls(
            **dict(Standing.of(view.case, view.state_label)),
            criterion=view.criterion.code,
            title=view.criterion.title,
            points=view.criterion.points,
            unit_id=view.task.unit_id,
            unit=view.unit,
            person_id=person_id,
            person=view.names[person_id] if person_id else None,
            answer=AnswerOut.model_validate(view.answer) if view.answer else None,
            evidence=[CriterionEvidenceOut.model_validate(line) for line in view.evidence],
            findings=[
                CriterionFindingOut(
                    met=found.met,
                    points=found.points,
                    reason=found.reason,
                    person_id=found.person_id,
                    person=view.names[found.person_id],
                    at=found.at,
                )
                for found in view.findings
            ],
            moves=moves_of(view.moves, view.names),
            allowed=options_of(view.options),
        )


class CriterionDetail(CriterionOut):
    dossier_id: uuid.UUID
    appraisal_case_id: uuid.UUID

    @classmethod
    def whole(cls, one: CriterionPart, view: appraisal_views.CriterionView) -> CriterionDetail:
        return cls(
            **dict(CriterionOut.of_criterion(view)),
            dossier_id=one.whole.dossier.id,
            appraisal_case_id=one.whole.case.id,
        )


class AppraisalDetail(AppraisalLine):
    """A department's part, with those of its criteria that you may know."""

    criteria: list[CriterionOut]
    opinion_id: uuid.UUID | None = Field(description="The document linked as its opinion.")
    moves: list[MoveOut]
    allowed: list[OptionOut]

    @classmethod
    def whole(cls, view: appraisal_views.PartDetail) -> AppraisalDetail:
        return cls(
            **dict(AppraisalLine.of_part(view.line)),
            criteria=[CriterionOut.of_criterion(one) for one in view.criteria],
            opinion_id=view.opinion.id if view.opinion else None,
            moves=moves_of(view.moves, view.names),
            allowed=options_of(view.options),
        )
