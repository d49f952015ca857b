"""What is printed of a dossier and what leaves as files: orders in, progress out."""

from __future__ import annotations

import uuid
from typing import Annotated, Literal

from pydantic import Field

from api.schemas.values import Moment, Name, Opinion, Payload, Shape, Title, Word

Paragraphs = Annotated[list[Opinion], Field(max_length=50)]
Lines = Annotated[list[Name], Field(max_length=50)]


class ReportPrint(Payload):
    """The appraisal report: who signs it, what it concludes."""

    part: Literal["appraisal_report"]
    signer_id: uuid.UUID
    capacity: Word | Literal[""] = Field(default="", examples=["KT"])
    head: Title | Literal[""] = Field(
        default="", description="Whose place is taken, where the capacity names somebody."
    )
    grounds: Lines = Field(default=[], description="Căn cứ; without any, those of the kind.")
    conclusion: Annotated[Paragraphs, Field(min_length=1)]
    recipients: Lines = Field(default=[])


class MinutesPrint(Payload):
    """The minutes of the council's meeting: where, when and with whom it was."""

    part: Literal["council_minutes"]
    place: Name
    began_at: Moment | None = Field(default=None, description="When the vote was opened.")
    ended_at: Moment | None = Field(default=None, description="When the vote was closed.")
    chair_id: uuid.UUID | None = Field(default=None, description="The council's chair.")
    secretary_id: uuid.UUID | None = Field(default=None, description="The council's secretary.")
    conclusion: Paragraphs = Field(default=[], description="Without any, what the ballots say.")
    recipients: Lines = Field(default=[])


PrintIn = Annotated[ReportPrint | MinutesPrint, Field(discriminator="part")]


class PrintOut(Shape):
    """An upload of the office's, ready to be drafted as an outgoing document."""

    id: uuid.UUID
    organisation_id: uuid.UUID
    sha256: str
    size_bytes: int
    uploaded_at: Moment


class ExportFileOut(Shape):
    name: str
    media_type: str
    sha256: str
    size_bytes: int


class ExportOut(Shape):
    """How far an export is: `done` of `total` documents; its files as they are finished."""

    id: uuid.UUID
    dossier_id: uuid.UUID
    asked_at: Moment
    done: int
    total: int
    finished_at: Moment | None
    failure: str | None


class ExportDetail(ExportOut):
    files: list[ExportFileOut]
