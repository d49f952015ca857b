"""Signing: intents, what the key made of them, how they ended; images, batches, archive stamps."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import Base, UtcDateTime
from workflow.records.evidence import AppendOnly, Evidence, Identified
from workflow.records.people import EffectiveDated


class SigningIntent(AppendOnly, Base):
    """What is about to be signed, by whom, with which key: recorded before the key is used."""

    __tablename__ = "signing_intent"
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"), index=True)
    file_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("file.id"), index=True)
    base_sha256: Mapped[str] = mapped_column(String(64))
    field: Mapped[str] = mapped_column(String(32))
    certificate_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("signing_certificate.id"))
    #: Who acts: the signer, or for the agency's key the one who keeps it (Art. 32.2c).
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    position: Mapped[str] = mapped_column(String(100))  # captured at signing
    capacity: Mapped[str] = mapped_column(String(20))
    mandate_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("signing_mandate.id"))
    fill: Mapped[str | None] = mapped_column(Text)  # JSON: field name -> text
    locks: Mapped[bool]
    level: Mapped[str] = mapped_column(String(8))
    #: The level that will do while a service is away, to be raised later; None: wait.
    meanwhile_level: Mapped[str | None] = mapped_column(String(8))
    #: What the signature shows, as `workflow.stamps` draws it (JSON); None: nothing.
    stamp: Mapped[str | None] = mapped_column(Text)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SignatureMade(AppendOnly, Base):
    """The bytes a key made of an intent, checked where they were made and not yet judged.

    Exactly one for an intent: once it stands, the key is not used for this intent again. Nothing
    moves on it; only the report over these bytes does (`SigningOutcome`).
    """

    __tablename__ = "signature_made"
    intent_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("signing_intent.id"), unique=True)
    sha256: Mapped[str] = mapped_column(String(64))
    size_bytes: Mapped[int]
    level: Mapped[str] = mapped_column(String(8))
    #: Until when the archive time-stamp over it holds, where it has one.
    archive_expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PendingSignature(Identified, Base):
    """A prepared signature that waits for a key its holder keeps; working state, not evidence.

    `prepared` holds what is appended to the file and what the key is to sign, sealed together with
    user, certificate, revision and field by `mac`: whoever edits the row cannot make it pass. A
    second preparation replaces the row, so that its `id` is good for one preparation only.
    """

    __tablename__ = "pending_signature"
    intent_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("signing_intent.id"), unique=True)
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    prepared: Mapped[bytes] = mapped_column(LargeBinary)
    #: What a program that signs the whole file itself is given after the file's own bytes: number
    #: and date, or the field; empty where nothing goes in.
    given: Mapped[bytes] = mapped_column(LargeBinary)
    mac: Mapped[bytes] = mapped_column(LargeBinary(32))
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: What came back, once: the signature value, or the digest of the whole file.
    value: Mapped[bytes | None] = mapped_column(LargeBinary)
    returned_sha256: Mapped[str | None] = mapped_column(String(64))
    returned_bytes: Mapped[int | None]
    completed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SigningOutcome(AppendOnly, Base):
    """How an intent ended: exactly one signed revision with its report, or a refusal."""

    __tablename__ = "signing_outcome"
    intent_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("signing_intent.id"), unique=True)
    revision_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("revision.id"), unique=True)
    report_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("report.id"))
    refusal: Mapped[str | None] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class SignatureImage(Evidence, EffectiveDated, Base):
    """The image of a person's signature, or of an agency's seal (ND 30/2020 Annex I)."""

    __tablename__ = "signature_image"
    person_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"), index=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    sha256: Mapped[str] = mapped_column(String(64))
    size_bytes: Mapped[int]
    width_um: Mapped[int]  # micrometres on paper: evidence holds no fractions
    height_um: Mapped[int]


class SigningBatch(Evidence, Base):
    """A list that a person asked to sign in one act; `stopped` says why it waits for them."""

    __tablename__ = "signing_batch"
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), index=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)  # when made, or last resumed
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    stopped: Mapped[str | None] = mapped_column(Text)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SigningBatchItem(Evidence, Base):
    """One document of a batch, the bytes that were reviewed, and what became of it."""

    __tablename__ = "signing_batch_item"
    __table_args__ = (
        UniqueConstraint("batch_id", "ordinal"),
        UniqueConstraint("batch_id", "document_id"),
    )
    batch_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("signing_batch.id"))
    ordinal: Mapped[int]
    document_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("document.id"))
    content: Mapped[str] = mapped_column(String(64))  # digest of what was reviewed
    intent_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("signing_intent.id"), unique=True
    )
    result: Mapped[str] = mapped_column(String(16))  # waiting | signing | signed | refused
    reason: Mapped[str | None] = mapped_column(Text)


class ArchiveStamp(AppendOnly, Base):
    """An archive time-stamp over a file's revision, and when its certificate ends."""

    __tablename__ = "archive_stamp"
    __table_args__ = (Index(None, "expires_at"),)
    file_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("file.id"), index=True)
    sha256: Mapped[str] = mapped_column(String(64))
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
