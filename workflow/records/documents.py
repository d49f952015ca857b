"""Documents, their files, the cases that move them and what people said of them."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import Base, UtcDateTime
from workflow.records.evidence import AppendOnly, Evidence

#: Condition of the index on `Move`: steps that were taken too late.
LATE = "at > due_at"


class Document(Evidence, Base):
    """What incoming and outgoing documents have in common; its id is the document identifier."""

    __tablename__ = "document"
    __table_args__ = (Index(None, "organisation_id", "direction", "id"),)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    direction: Mapped[str] = mapped_column(String(8))  # incoming | outgoing
    type_code: Mapped[str | None] = mapped_column(String(32))  # None: an unnamed or unknown type
    subject: Mapped[str | None] = mapped_column(String(500))  # None once destroyed after a recall
    urgency: Mapped[str] = mapped_column(String(16), default="normal")
    created_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Incoming(Evidence, Base):
    """What the sender said of an incoming document, and how it came."""

    __tablename__ = "incoming"
    document_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("document.id"), unique=True)
    medium: Mapped[str] = mapped_column(String(16))  # electronic | paper
    sender_kind: Mapped[str] = mapped_column(String(16))  # agency | enterprise | citizen
    sender_code: Mapped[str | None] = mapped_column(String(35))
    sender_name: Mapped[str | None] = mapped_column(String(200))
    code: Mapped[str | None] = mapped_column(String(60), index=True)  # số, ký hiệu as it stands
    dated_on: Mapped[date | None]
    due_on: Mapped[date | None]  # hạn trả lời named in the document
    identifier: Mapped[str | None] = mapped_column(String(200), index=True)  # as the sender gave it
    #: The code in its usual form: equal for what may be the same document (Annex VI III.1h).
    code_key: Mapped[str | None] = mapped_column(String(60), index=True)
    #: Sender, code and subject folded, a line each: what search compares.
    search_text: Mapped[str | None] = mapped_column(Text)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    acknowledged_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    duplicates_confirmed_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    sent_from_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("recipient.id"), unique=True)


class Outgoing(Evidence, Base):
    """What a drafter decided about an outgoing document."""

    __tablename__ = "outgoing"
    document_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("document.id"), unique=True)
    issuer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("issuer.id"), index=True)
    unit_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("unit.id"))
    seal_required: Mapped[bool]
    #: Where number and date stand on the page, as `signing.fields` takes them (JSON).
    layout: Mapped[str] = mapped_column(Text)
    archived_by: Mapped[str] = mapped_column(String(200))  # đơn vị, người nhận bản lưu
    field_of_work: Mapped[str | None] = mapped_column(String(200))  # lĩnh vực (Art. 13.1)
    issued_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Signer(Evidence, Base):
    """Somebody who must sign an outgoing document, in which order and capacity."""

    __tablename__ = "signer"
    __table_args__ = (UniqueConstraint("document_id", "ordinal"),)
    document_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("document.id"))
    ordinal: Mapped[int]
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), index=True)
    part: Mapped[str] = mapped_column(String(16))  # competent | secretary | chair
    capacity: Mapped[str] = mapped_column(String(20))
    dropped: Mapped[bool] = mapped_column(default=False)  # left out of a later draft


class Recipient(Evidence, Base):
    """Nơi nhận: to whom, why and how."""

    __tablename__ = "recipient"
    __table_args__ = (UniqueConstraint("document_id", "ordinal"),)
    document_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("document.id"))
    ordinal: Mapped[int]
    purpose: Mapped[str] = mapped_column(String(16))  # action | report | information | file
    name: Mapped[str] = mapped_column(String(200))
    organisation_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisation.id"))
    channel: Mapped[str] = mapped_column(String(16))  # system | exchange | email | post | hand
    dropped: Mapped[bool] = mapped_column(default=False)  # left out of a later draft


class Despatch(AppendOnly, Base):
    """A status of one recipient's copy: sent, delivered, acknowledged, recalled …"""

    __tablename__ = "despatch"
    recipient_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("recipient.id"), index=True)
    status: Mapped[str] = mapped_column(String(16))
    note: Mapped[str | None] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class File(Evidence, Base):
    """A file of a document: the main text, a separate attachment."""

    __tablename__ = "file"
    __table_args__ = (UniqueConstraint("document_id", "ordinal"),)
    document_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("document.id"))
    ordinal: Mapped[int]  # 0 is the main text
    title: Mapped[str | None] = mapped_column(String(200))
    dropped: Mapped[bool] = mapped_column(default=False)  # an attachment left out of a later draft


class Revision(AppendOnly, Base):
    """Bytes of a file at one moment; the newest is the file, the older are kept."""

    __tablename__ = "revision"
    __table_args__ = (UniqueConstraint("file_id", "ordinal"), Index(None, "sha256"))
    file_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("file.id"))
    ordinal: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    size_bytes: Mapped[int]
    #: received | draft | prepared | signed | sealed | archived
    made_as: Mapped[str] = mapped_column(String(16))
    made_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Upload(Evidence, Base):
    """Bytes somebody sent that no document uses yet."""

    __tablename__ = "upload"
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    sha256: Mapped[str] = mapped_column(String(64))
    size_bytes: Mapped[int]
    uploaded_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Definition(AppendOnly, Base):
    """A workflow definition as it was when a case started: running cases stay on theirs."""

    __tablename__ = "definition"
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(64))
    version: Mapped[int]
    text: Mapped[str] = mapped_column(Text)


#: Conditions of the indexes on `Case`: not ended; others than its organisation have the move.
OPEN = "closed_at IS NULL"
ELSEWHERE = "holder_id <> organisation_id"


def _open(*columns: str, where: str = OPEN) -> Index:
    """An index over open cases: those that ended, ever more, cost nothing."""
    return Index(None, *columns, sqlite_where=text(where), postgresql_where=text(where))


class Case(Evidence, Base):
    """Where a document or a dossier (or a part of the work on it) stands; moved by
    `transitions.fire` alone.

    It is about exactly one of the two, and whoever reads one of the ids knows which: their types
    leave the other possibility out. The holder is whose move it is, in which organisation.
    """

    __tablename__ = "case"
    __table_args__ = (
        Index(None, "organisation_id", "definition_name", "state"),
        # In-trays and reminders read what is open, the most urgent first (`workflow.tracking`).
        _open("holder_id", "holder_role", "due_at", "id"),
        _open("holder_unit_id", "due_at", "id"),
        _open("holder_person_id", "due_at", "id"),
        _open("holder_id", "due_at", "id"),
        _open("organisation_id", "due_at", "id", where=f"{OPEN} AND {ELSEWHERE}"),
        CheckConstraint("(document_id IS NULL) = (dossier_id IS NOT NULL)", name="subject"),
    )
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    document_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("document.id"), nullable=True, index=True
    )
    dossier_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("dossier.id"), nullable=True, index=True
    )
    parent_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("case.id"), index=True)
    definition_name: Mapped[str] = mapped_column(String(64))
    definition_digest: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(32))
    version: Mapped[int]
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    entered_at: Mapped[datetime] = mapped_column(UtcDateTime)  # the present state
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    holder_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisation.id"))
    holder_role: Mapped[str | None] = mapped_column(String(32))
    holder_unit_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("unit.id"))
    holder_person_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))


class Task(Evidence, Base):
    """What a child case asks of whom (phiếu giải quyết): lead, support, or for information."""

    __tablename__ = "task"
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"), unique=True)
    part: Mapped[str] = mapped_column(String(16))  # lead | support | information
    unit_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("unit.id"), index=True)
    person_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"), index=True)
    instruction: Mapped[str | None] = mapped_column(Text)
    assigned_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Review(AppendOnly, Base):
    """A check or approval of exactly these bytes; other bytes have none (ND 30/2020 Art. 11.2)."""

    __tablename__ = "review"
    document_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("document.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))  # content | approval | format
    content_sha256: Mapped[str] = mapped_column(String(64))
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Move(Evidence, Base):
    """A step of a case: who, from where to where, and what they said (Annex VI III.5a).

    Not append-only: the text of a recalled document's steps is destroyed with it.
    """

    __tablename__ = "move"
    __table_args__ = (
        Index(None, "holder_id", "at"),
        Index(
            "ix_move_late",
            "holder_id",
            "trigger",
            "case_id",
            sqlite_where=text(LATE),
            postgresql_where=text(LATE),
        ),
    )
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"), index=True)
    trigger: Mapped[str] = mapped_column(String(32))
    source: Mapped[str] = mapped_column(String(32))
    target: Mapped[str] = mapped_column(String(32))
    person_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"), index=True)
    opinion: Mapped[str | None] = mapped_column(Text)
    #: Since when the case stood in `source`, and by when it should have left.
    entered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: Whose move it was in `source`, as the case said then.
    holder_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisation.id"))
    holder_role: Mapped[str | None] = mapped_column(String(32))
    holder_unit_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("unit.id"))
    holder_person_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))


class Override(AppendOnly, Base):
    """The clerk's reasoned acceptance of a document whose verdict is undecided."""

    __tablename__ = "override"
    document_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("document.id"), index=True)
    sha256: Mapped[str] = mapped_column(String(64))
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Relation(AppendOnly, Base):
    """How one document bears on another: answers, replaces, amends, corrects, recalls, follows."""

    __tablename__ = "relation"
    __table_args__ = (UniqueConstraint("document_id", "kind", "other_id"),)
    document_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("document.id"))
    kind: Mapped[str] = mapped_column(String(16))
    other_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("document.id"), index=True)


class WorkFile(Evidence, Base):
    """A hồ sơ công việc (ND 30/2020 Art. 28-30)."""

    __tablename__ = "work_file"
    __table_args__ = (UniqueConstraint("organisation_id", "year", "notation"),)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    year: Mapped[int]  # FileCatalog
    notation: Mapped[str] = mapped_column(String(20))  # FileNotation, e.g. 01.VP
    title: Mapped[str] = mapped_column(String(500))
    retention: Mapped[str] = mapped_column(String(30))
    opened_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    started_on: Mapped[date]
    ended_on: Mapped[date | None]


class WorkFileItem(AppendOnly, Base):
    """A document's place in a work file; one document may stand in many."""

    __tablename__ = "work_file_item"
    __table_args__ = (
        UniqueConstraint("work_file_id", "document_id"),
        UniqueConstraint("work_file_id", "ordinal"),
    )
    work_file_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("work_file.id"))
    document_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("document.id"), index=True)
    ordinal: Mapped[int]
