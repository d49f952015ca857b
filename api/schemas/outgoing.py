"""Outgoing documents: drafts and steps in, documents and their register out."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, model_validator

from api.schemas.documents import (
    FileOut,
    MoveOut,
    OptionOut,
    RelationOut,
    Secrecy,
    Standing,
    Urgency,
)
from api.schemas.values import Moment, Name, Opinion, Payload, Sha256, Shape, Subject, Word

Points = Annotated[float, Field(ge=0, le=14_400, allow_inf_nan=False)]


class SignerIn(Payload):
    person_id: uuid.UUID
    part: Literal["competent", "secretary", "chair"] = "competent"
    capacity: Annotated[str, Field(max_length=20, examples=["TM+KT"])] = ""


class RecipientIn(Payload):
    name: Name
    purpose: Literal["action", "report", "information", "file"] = "action"
    channel: Literal["system", "exchange", "email", "post", "hand"] = "system"
    organisation_id: uuid.UUID | None = None


class BoxIn(Payload):
    """A place on a page, from its lower left corner, in points (1/72 inch)."""

    page: Annotated[int, Field(ge=0, le=9_999)]
    x: Points
    y: Points
    width: Annotated[float, Field(gt=0, le=14_400)]
    height: Annotated[float, Field(gt=0, le=14_400)]


class LayoutIn(Payload):
    number: BoxIn
    date: BoxIn
    signatures: Annotated[list[BoxIn | None], Field(max_length=10)] = Field(
        default=[],
        description="The signers' images in their order; null: between title and name on the page.",
    )


class BearingIn(Payload):
    kind: Literal["corrects", "amends", "replaces", "recalls"]
    document_id: uuid.UUID


class DraftFileIn(Payload):
    """Bytes that were uploaded, or (in a later draft) a file that stays as it is."""

    upload: uuid.UUID | None = None
    file_id: uuid.UUID | None = None
    title: Name | None = None

    @model_validator(mode="after")
    def _one_source(self) -> DraftFileIn:
        if (self.upload is None) == (self.file_id is None):
            raise ValueError("either upload or file_id")
        return self


class DraftIn(Payload):
    """Everything a drafter decides; the first file is the main text."""

    issuer_id: uuid.UUID
    unit_id: uuid.UUID
    type_code: Word
    subject: Subject
    files: Annotated[list[DraftFileIn], Field(min_length=1, max_length=50)]
    signers: Annotated[list[SignerIn], Field(min_length=1, max_length=10)]
    recipients: Annotated[list[RecipientIn], Field(max_length=500)]
    archived_by: Name
    field_of_work: Name | None = Field(default=None, description="Lĩnh vực; mandates may name it.")
    secrecy: Secrecy
    urgency: Urgency = "normal"
    seal_wanted: bool = True
    layout: LayoutIn | None = Field(default=None, description="Null: where Decree 30 puts them.")
    answers: uuid.UUID | None = Field(default=None, description="The incoming document answered.")
    bears_on: BearingIn | None = None


class Submit(Payload):
    trigger: Literal["submit"]


class Review(Payload):
    trigger: Literal["check_content", "approve", "check_format"]
    content_sha256: Sha256 = Field(description="`content_sha256` of what you read.")
    opinion: Opinion | None = None


class GiveBack(Payload):
    trigger: Literal["return", "withdraw", "cancel"]
    reason: Opinion | None = None


class Sign(Payload):
    trigger: Literal["sign", "seal"]
    content_sha256: Sha256 = Field(description="`content_sha256` of what you read.")


class Plain(Payload):
    trigger: Literal["number", "issue"]


class RecordDispatch(Payload):
    trigger: Literal["record_dispatch"]
    recipient_id: uuid.UUID
    sent_at: AwareDatetime | None = None
    note: Opinion | None = None


class VoidNumber(Payload):
    trigger: Literal["void_number"]
    reason: Opinion


class FileAway(Payload):
    trigger: Literal["file"]
    work_file_id: uuid.UUID


OutgoingStep = Annotated[
    Submit | Review | GiveBack | Sign | Plain | RecordDispatch | VoidNumber | FileAway,
    Field(discriminator="trigger"),
]


class OutgoingLine(Standing):
    """An outgoing document in a list."""

    id: uuid.UUID
    organisation_id: uuid.UUID
    issuer_id: uuid.UUID
    unit_id: uuid.UUID
    type_code: str | None
    subject: str | None
    urgency: str
    code: str | None = Field(description="Số, ký hiệu, e.g. 05/QĐ-UBND; null before the number.")
    created_at: Moment
    issued_at: Moment | None


class SignerOut(Shape):
    ordinal: int
    person_id: uuid.UUID
    person: str
    part: str
    capacity: str


class DespatchOut(Shape):
    status: str
    note: str | None
    at: Moment


class RecipientOut(Shape):
    id: uuid.UUID
    ordinal: int
    purpose: str
    name: str
    organisation_id: uuid.UUID | None
    channel: str
    statuses: list[DespatchOut]


class ReviewOut(Shape):
    """A check or approval of exactly these bytes; `holds` while the document has them."""

    kind: str
    content_sha256: str
    person_id: uuid.UUID
    at: Moment
    holds: bool


class NumberOut(Shape):
    """The number in the register; with a reason once it was given up."""

    code: str | None
    number: int
    year: int
    entered_on: date
    void_reason: str | None


class OutgoingDetail(OutgoingLine):
    """One outgoing document. What may be done now is in `allowed`."""

    created_by: uuid.UUID | None
    seal_required: bool
    archived_by: str
    field_of_work: str | None
    content_sha256: str | None = Field(description="What reviews and signatures are bound to.")
    number: NumberOut | None
    files: list[FileOut]
    signers: list[SignerOut]
    recipients: list[RecipientOut]
    reviews: list[ReviewOut]
    relations: list[RelationOut]
    moves: list[MoveOut]
    allowed: list[OptionOut]


class OutgoingRegisterLine(Shape):
    """A row of the Sổ đăng ký văn bản đi (ND 30/2020 Annex IV)."""

    document_id: uuid.UUID
    number: int
    code: str | None
    entered_on: date
    type_code: str | None
    subject: str | None
    signers: list[str]
    recipients: list[str]
    archived_by: str
    sent_at: Moment | None
    void_reason: str | None
