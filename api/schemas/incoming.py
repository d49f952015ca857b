"""Incoming documents and the tasks on them: what came and steps in, documents and slips out."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from api.schemas.documents import (
    FileIn,
    FileOut,
    MoveOut,
    OptionOut,
    RelationOut,
    Secrecy,
    Standing,
    Urgency,
)
from api.schemas.values import Code, Moment, Name, Opinion, Payload, Sha256, Shape, Subject, Word


class ArrivalIn(Payload):
    """What came, and what the sender says of it; the first file is the main text or its scan."""

    organisation_id: uuid.UUID
    medium: Literal["electronic", "paper"]
    sender_kind: Literal["agency", "enterprise", "citizen"]
    sender_name: Name
    subject: Subject
    secrecy: Secrecy
    sender_code: Annotated[str, Field(min_length=1, max_length=35)] | None = None
    code: Code | None = Field(default=None, description="Số, ký hiệu as it stands.")
    dated_on: date | None = None
    due_on: date | None = Field(default=None, description="The day the document itself names.")
    type_code: Word | None = None
    identifier: Name | None = None
    urgency: Urgency = "normal"
    files: Annotated[list[FileIn], Field(default_factory=list, max_length=50)]


class HandlerIn(Payload):
    """A unit or a person; without a day the working regulation's deadline holds."""

    part: Literal["lead", "support", "information"]
    unit_id: uuid.UUID | None = None
    person_id: uuid.UUID | None = None
    instruction: Opinion | None = None
    due_on: date | None = None


class Bare(Payload):
    trigger: Literal["verify_again", "register"]


class Opine(Payload):
    trigger: Literal["inspect", "submit", "transfer"]
    opinion: Opinion | None = None


class GiveReason(Payload):
    trigger: Literal["override", "return", "send_back"]
    reason: Opinion


class ConfirmDuplicates(Payload):
    trigger: Literal["confirm_duplicates"]
    seen: Annotated[list[uuid.UUID], Field(min_length=1, max_length=1000)]
    reason: Opinion
    duplicate_of: uuid.UUID | None = None


class AttachPaper(Payload):
    trigger: Literal["attach_paper"]
    scan: FileIn | None = None
    note: Opinion | None = None


class Digitise(Payload):
    trigger: Literal["digitise"]
    scan_sha256: Sha256 = Field(description="The digest of the scan you looked at.")


class Assign(Payload):
    trigger: Literal["assign", "inform"]
    handlers: Annotated[list[HandlerIn], Field(min_length=1, max_length=200)]
    opinion: Opinion | None = None


class Extend(Payload):
    trigger: Literal["extend"]
    due_on: date
    reason: Opinion


class Complete(Payload):
    trigger: Literal["complete"]
    opinion: Opinion | None = None
    answer_id: uuid.UUID | None = None


IncomingStep = Annotated[
    Bare
    | Opine
    | GiveReason
    | ConfirmDuplicates
    | AttachPaper
    | Digitise
    | Assign
    | Extend
    | Complete,
    Field(discriminator="trigger"),
]


class IncomingLine(Standing):
    """An incoming document in a list. What a recall destroyed is null."""

    id: uuid.UUID
    organisation_id: uuid.UUID
    medium: str
    sender_kind: str
    sender_code: str | None
    sender_name: str | None
    code: str | None
    dated_on: date | None
    type_code: str | None
    subject: str | None
    urgency: str
    received_at: Moment
    number: int | None = Field(description="Số đến; null before registration.")


class OverrideOut(Shape):
    sha256: str
    person_id: uuid.UUID
    reason: str
    at: Moment


class PartOut(Standing):
    """A task or reading: what was asked of whom."""

    part: str
    unit_id: uuid.UUID | None
    unit: str | None
    person_id: uuid.UUID | None
    person: str | None
    instruction: str | None
    assigned_by: str
    moves: list[MoveOut]


class ArrivalNumberOut(Shape):
    number: int
    year: int
    entered_on: date


class IncomingDetail(IncomingLine):
    """One incoming document. What may be done now is in `allowed`."""

    due_on: date | None
    identifier: str | None
    acknowledged_at: Moment | None
    verdict: str | None = Field(description="The verdict on the document; null before it is known.")
    notice: str | None = Field(
        description="That the verdict may still change, or changed after the clerk acted on it."
    )
    arrival: ArrivalNumberOut | None
    files: list[FileOut]
    duplicates: list[uuid.UUID] = Field(description="Registered documents it may be the same as.")
    overrides: list[OverrideOut]
    parts: list[PartOut]
    relations: list[RelationOut]
    moves: list[MoveOut]
    allowed: list[OptionOut]


class IncomingRegisterLine(Shape):
    """A row of the Sổ đăng ký văn bản đến (ND 30/2020 Annex IV)."""

    document_id: uuid.UUID
    number: int
    entered_on: date
    sender_name: str | None
    code: str | None
    dated_on: date | None
    type_code: str | None
    subject: str | None
    handlers: list[str]
    transferred_at: Moment | None
    recalled_at: Moment | None
    note: str | None


class Delegate(Payload):
    trigger: Literal["delegate"]
    person_id: uuid.UUID
    due_on: date | None = None
    opinion: Opinion | None = None


class TaskBare(Payload):
    trigger: Literal["start", "read"]


class Report(Payload):
    trigger: Literal["report"]
    proposal: Opinion


class Accept(Payload):
    trigger: Literal["accept"]
    opinion: Opinion | None = None


class TaskReason(Payload):
    trigger: Literal["send_back", "decline", "take_back"]
    reason: Opinion


TaskStep = Annotated[
    Delegate | TaskBare | Report | Accept | TaskReason | Extend,
    Field(discriminator="trigger"),
]


class TaskLine(Standing):
    """A task or reading in somebody's list."""

    document_id: uuid.UUID
    number: int | None
    subject: str | None
    sender_name: str | None
    part: str
    instruction: str | None


class TaskDetail(PartOut):
    """One task or reading. What may be done now is in `allowed`."""

    document_id: uuid.UUID
    subject: str | None
    allowed: list[OptionOut]


class SaidOut(Shape):
    """What somebody said on the slip."""

    person: str
    text: str | None
    at: Moment


class SlipLineOut(Shape):
    part: PartOut
    delegations: list[SaidOut]
    proposals: list[SaidOut]


class SlipOut(Shape):
    """Phiếu giải quyết văn bản đến (ND 30/2020 Annex IV), in its three tiers."""

    document_id: uuid.UUID
    number: int | None
    subject: str | None
    sender_name: str | None
    directions: list[SaidOut]
    lines: list[SlipLineOut]
