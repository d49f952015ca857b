"""Following work: lines of in-trays, reminders, steps, substitutions and statistics."""

from __future__ import annotations

import uuid
from datetime import date

from pydantic import Field

from api.dependencies import version_of
from api.schemas.organisations import Dated
from api.schemas.values import Moment, Opinion, Payload, Shape
from workflow.records import Substitution
from workflow.statistics import Statistics, Tally
from workflow.tracking import History, MoveLine, Said
from workflow.work_lines import WorkLine

#: Where each kind of work is looked at.
_ADDRESSES = {
    "outgoing": "/outgoing-documents/{document_id}",
    "incoming": "/incoming-documents/{document_id}",
    "task": "/tasks/{case_id}",
    "reading": "/tasks/{case_id}",
    "dossier": "/dossiers/{dossier_id}",
    "appraisal": "/appraisals/{case_id}",
    "criterion": "/criterion-appraisals/{case_id}",
    "withdrawal": "/dossiers/{dossier_id}/withdrawal-reviews/{case_id}",
}


class WorkLineOut(Shape):
    """Something that is open, or was when one was reminded of it."""

    case_id: uuid.UUID
    document_id: uuid.UUID | None
    dossier_id: uuid.UUID | None
    what: str = Field(
        description="outgoing, incoming, task, reading, dossier, appraisal, criterion, withdrawal."
    )
    subject: str | None = Field(description="Of the document, or the dossier's name.")
    number: str | None
    criterion: str | None
    state_label: str
    holder: str = Field(description="Whose move it is, in words.")
    entered_at: Moment
    due_at: Moment | None
    overdue: bool
    closed: bool
    address: str

    @classmethod
    def of(cls, line: WorkLine) -> WorkLineOut:
        ids = {name: getattr(line, name) for name in ("case_id", "document_id", "dossier_id")}
        fields = {name: getattr(line, name) for name in WorkLine.__dataclass_fields__}
        return cls(**fields, address=_ADDRESSES[line.what].format(**ids))


class ReminderOut(Shape):
    id: uuid.UUID
    kind: str = Field(description="warning, overdue, escalation.")
    at: Moment
    due_at: Moment = Field(
        description="The deadline that was spoken of; the work may have another."
    )
    work: WorkLineOut

    @classmethod
    def of(cls, said: Said) -> ReminderOut:
        row = said.reminder
        return cls(
            id=row.id, kind=row.kind, at=row.at, due_at=row.due_at, work=WorkLineOut.of(said.line)
        )


class StepOut(Shape):
    trigger: str
    trigger_label: str
    source_label: str
    target_label: str
    person_id: uuid.UUID | None
    person: str | None = Field(description="Null: the system.")
    opinion: str | None
    entered_at: Moment = Field(description="Since when it stood where this step took it from.")
    due_at: Moment | None
    at: Moment
    late: bool

    @classmethod
    def of(cls, line: MoveLine) -> StepOut:
        row = line.move
        return cls(
            trigger=row.trigger,
            trigger_label=line.trigger_label,
            source_label=line.source_label,
            target_label=line.target_label,
            person_id=row.person_id,
            person=line.person,
            opinion=row.opinion,
            entered_at=row.entered_at,
            due_at=row.due_at,
            at=row.at,
            late=line.late,
        )


class StepsOut(Shape):
    """Every step of a case, in order."""

    case_id: uuid.UUID
    document_id: uuid.UUID | None
    dossier_id: uuid.UUID | None
    opened_at: Moment
    items: list[StepOut]

    @classmethod
    def of(cls, history: History) -> StepsOut:
        case = history.case
        return cls(
            case_id=case.id,
            document_id=case.document_id,
            dossier_id=case.dossier_id,
            opened_at=case.opened_at,
            items=[StepOut.of(line) for line in history.moves],
        )


class SubstitutionIn(Payload):
    absent_id: uuid.UUID
    substitute_id: uuid.UUID
    basis: Opinion = Field(description="Why, and by whose word.")
    valid_from: date | None = None
    valid_to: date | None = Field(default=None, description="The day the absent person is back.")


class SubstitutionOut(Dated):
    organisation_id: uuid.UUID
    absent_id: uuid.UUID
    substitute_id: uuid.UUID
    basis: str

    @classmethod
    def of(cls, row: Substitution) -> SubstitutionOut:
        return cls(
            id=row.id,
            version=version_of(row),
            valid_from=row.valid_from,
            valid_to=row.valid_to,
            organisation_id=row.organisation_id,
            absent_id=row.absent_id,
            substitute_id=row.substitute_id,
            basis=row.basis,
        )


class TallyOut(Shape):
    """Steps of the period by whether they were in time; what is open is so now."""

    moved: int
    on_time: int
    late: int
    without_deadline: int
    open: int
    overdue: int
    median_days: int | None = Field(description="Whole days in the stage; the lower of two.")

    @classmethod
    def of(cls, tally: Tally) -> TallyOut:
        return cls.model_validate(tally)


class UnitTally(Shape):
    unit_id: uuid.UUID | None = Field(description="Null: held by roles, or by people of no unit.")
    name: str | None
    tally: TallyOut


class StageTally(Shape):
    definition: str
    title: str
    state: str
    label: str
    tally: TallyOut


class CriterionTally(Shape):
    kind_code: str
    criterion: str
    tally: TallyOut


class StatisticsOut(Shape):
    """How the work of an organisation went in a period, by whose move it was."""

    period: str
    as_of: Moment
    total: TallyOut
    units: list[UnitTally]
    stages: list[StageTally]
    criteria: list[CriterionTally]

    @classmethod
    def of(cls, found: Statistics) -> StatisticsOut:
        return cls(
            period=found.period.label,
            as_of=found.as_of,
            total=TallyOut.of(found.total),
            units=[UnitTally.model_validate(line) for line in found.units],
            stages=[StageTally.model_validate(line) for line in found.stages],
            criteria=[CriterionTally.model_validate(line) for line in found.criteria],
        )
