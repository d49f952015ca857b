"""Recognition dossiers: what applicants and offices send, and what those who take part see."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from api.schemas.documents import MoveOut, OptionOut, Standing
from api.schemas.outgoing import LayoutIn, RecipientIn, SignerIn
from api.schemas.values import Moment, Name, Opinion, Payload, Shape, Subject, Word

Criterion = Annotated[str, StringConstraints(min_length=1, max_length=32)]
Slot = Annotated[str, StringConstraints(min_length=1, max_length=80)]
#: The papers that steps rest on; see `workflow.rules.papers`.
PaperPart = Literal[
    "district_report",
    "supplement_request",
    "opinion",
    "appraisal_report",
    "council_minutes",
    "proposal",
    "decision",
    "notice",
    "forwarding",
    "central_decision",
    "withdrawal_request",
    "withdrawal_decision",
]


class DossierIn(Payload):
    """Whose recognition is asked for, of what and for which period."""

    organisation_id: uuid.UUID
    kind_code: Annotated[str, Field(max_length=64, examples=["xa_ntm_2026_2030"])]
    period: Annotated[str, Field(max_length=10, examples=["2026", "2026-Q4", "2026-11"])]
    name: Name = Field(description="What is to be recognised: the commune, village or product.")
    group_code: Annotated[str, Field(max_length=16)] | None = Field(
        default=None, description="The commune group whose targets it is measured by."
    )


class AnswerIn(Payload):
    """What the applicant says; where the kind wants a figure, `snapshot_id` names a frozen one."""

    met: bool | None = None
    value: Annotated[str, Field(pattern=r"^[0-9]{1,9}(\.[0-9]{1,6})?$")] | None = Field(
        default=None, description="Percent or points, as a decimal.", examples=["98.5"]
    )
    note: Opinion | None = None
    snapshot_id: uuid.UUID | None = None


class ExhibitIn(Payload):
    """A document of this system, or a PDF that was uploaded before, for one slot."""

    slot: Slot = Field(examples=["component/to_trinh", "criterion/17/minh_chung"])
    document_id: uuid.UUID | None = None
    upload: uuid.UUID | None = None
    title: Name | None = Field(default=None, description="Null: the document's own subject.")
    dated_on: date | None = None

    @model_validator(mode="after")
    def _one_source(self) -> ExhibitIn:
        if (self.document_id is None) == (self.upload is None):
            raise ValueError("either document_id or upload")
        return self


class ExhibitsIn(Payload):
    items: Annotated[list[ExhibitIn], Field(min_length=1, max_length=500)]


class PaperIn(Payload):
    """An outgoing document (from the centre: an incoming one) that a step rests on."""

    part: PaperPart
    document_id: uuid.UUID
    case_id: uuid.UUID | None = Field(
        default=None,
        description="The department's or the withdrawal's case; null: the dossier's own.",
    )


class PaperDraftIn(Payload):
    """A paper to be drafted; type and subject are what the paper asks for unless said otherwise."""

    part: PaperPart
    case_id: uuid.UUID | None = None
    issuer_id: uuid.UUID
    unit_id: uuid.UUID
    upload: uuid.UUID
    signers: Annotated[list[SignerIn], Field(min_length=1, max_length=10)]
    recipients: Annotated[list[RecipientIn], Field(max_length=500)]
    type_code: Word | None = None
    subject: Subject | None = None
    archived_by: Name = "Văn thư"
    seal_wanted: bool = True
    layout: LayoutIn | None = Field(default=None, description="Null: where Decree 30 puts them.")


class DossierMove(Payload):
    trigger: Literal[
        "consult",
        "convene",
        "conclude_meeting",
        "revise",
        "submit",
        "verify",
        "accept",
        "resubmit",
        "assign",
        "conclude_appraisal",
        "report",
        "open_vote",
        "close_vote",
        "propose",
        "recognise",
        "forward",
        "publish",
    ]


class ReasonedDossierMove(Payload):
    trigger: Literal["take_over", "request_supplement", "refuse", "send_back", "abandon"]
    reason: Opinion


DossierStep = Annotated[DossierMove | ReasonedDossierMove, Field(discriminator="trigger")]


class DossierLine(Standing):
    """A dossier in a list. `version` is that of its own case, and the ETag."""

    id: uuid.UUID
    organisation_id: uuid.UUID
    organisation: str
    kind_code: str
    kind_version: int
    kind_title: str
    period: str
    name: str
    group_code: str | None
    opened_at: Moment
    submitted_at: Moment | None


class DossierAnswerOut(Shape):
    """A criterion or condition with what is asked, and what the applicant says of it."""

    part: Literal["criterion", "condition"]
    code: str
    title: str
    target: str | None = Field(description="What is asked, in words, of this group.")
    figure: str | None = Field(description="Where the answer is a frozen figure, never typed.")
    met: bool | None
    value: str | None
    note: str | None
    snapshot_id: uuid.UUID | None


class SlotOut(Shape):
    """A place for evidence, and how many pieces stand in it."""

    slot: str
    title: str
    required: bool
    exhibits: int


class ExhibitOut(Shape):
    """A piece of evidence. `verdict` is `pending` until its bytes were judged."""

    id: uuid.UUID
    ordinal: int
    slot: str
    title: str
    dated_on: date | None
    document_id: uuid.UUID | None
    type_code: str | None
    sha256: str | None
    size_bytes: int | None
    verdict: str
    unmet: str | None = Field(description="Why it does not hold now; null where it does.")


class ExhibitsOut(Shape):
    """What was put into the dossier, and the version it made."""

    version: int
    items: list[ExhibitOut]


class PaperOut(Shape):
    """A document that a step rests on: the newest of its part and case counts."""

    id: uuid.UUID
    case_id: uuid.UUID
    part: str
    title: str
    document_id: uuid.UUID
    code: str | None
    dated_on: date | None
    subject: str | None
    linked_at: Moment


class DepartmentSummary(Shape):
    """A department's part of the appraisal."""

    case_id: uuid.UUID
    organisation_id: uuid.UUID
    organisation: str
    fields: list[str]
    state: str
    due_at: Moment | None
    closed_at: Moment | None
    opinion_id: uuid.UUID | None


class CriterionSummary(Shape):
    """What a department found of one criterion."""

    case_id: uuid.UUID
    appraisal_case_id: uuid.UUID
    criterion: str
    organisation_id: uuid.UUID
    organisation: str
    state: str
    due_at: Moment | None
    met: bool | None
    points: int | None
    reason: str | None
    appraiser: str | None
    at: Moment | None


class VoteSummary(Shape):
    """The council and its vote; what the ballots say is told once the vote is closed."""

    council_id: uuid.UUID
    council: str
    opened_at: Moment | None
    closed_at: Moment | None
    members: int
    ballots: int
    quorum_unmet: str | None
    outcome: str | None


class DossierDetail(DossierLine):
    """One dossier. Evidence itself is listed apart; what may be done now is in `allowed`.

    An appraiser sees the part that was given to them: `whole` is false then.
    """

    office_id: uuid.UUID
    province_id: uuid.UUID
    district_id: uuid.UUID | None
    procedure: str
    whole: bool
    answers: list[DossierAnswerOut]
    slots: list[SlotOut]
    unmet: list[str] = Field(description="Everything that keeps it from being submitted or stands.")
    papers: list[PaperOut]
    departments: list[DepartmentSummary]
    criteria: list[CriterionSummary]
    vote: VoteSummary | None
    allowed: list[OptionOut]


class HistoryLine(MoveOut):
    """A step of the dossier, or of a case in it: of a department, a criterion, a withdrawal."""

    id: uuid.UUID
    case_id: uuid.UUID
    workflow: str
    about: str | None = Field(description="The department, or the criterion, it is a step of.")
    source_label: str
    target_label: str
    trigger_label: str
    entered_at: Moment = Field(description="Since when it stood in `source`.")
    due_at: Moment | None = Field(description="By when it should have left `source`.")


class RecognitionOut(Shape):
    """A recognition given: by which decision, for how long, and whether it still stands."""

    dossier_id: uuid.UUID
    organisation_id: uuid.UUID
    organisation: str
    kind_code: str
    kind_title: str
    name: str
    period: str
    state: str
    state_label: str
    decision_id: uuid.UUID | None
    decision_code: str | None
    decided_on: date | None
    stars: int | None
    valid_until: date | None
    withdrawn_at: Moment | None
