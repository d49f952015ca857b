"""Registers, numbers, signatures, reports and the journal: what an auditor reads."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import Base, UtcDateTime
from workflow.records.evidence import AppendOnly, Evidence
from workflow.records.log import LOG_TABLES


class NumberSeries(Evidence, Base):
    """A run of numbers from 01 on 1 January to 31 December (ND 30/2020 Art. 15, 22.2)."""

    __tablename__ = "number_series"
    __table_args__ = (UniqueConstraint("organisation_id", "issuer_key", "register", "year", "key"),)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    #: The issuer's id for outgoing documents and copies; "" for the arrivals of the seat.
    issuer_key: Mapped[str] = mapped_column(String(36))
    register: Mapped[str] = mapped_column(String(16))  # outgoing | incoming | copies
    year: Mapped[int]
    key: Mapped[str] = mapped_column(String(32))
    last_number: Mapped[int]
    last_on: Mapped[date | None]


class RegisterEntry(AppendOnly, Base):
    """A number given to a document, for good: never reused, never changed."""

    __tablename__ = "register_entry"
    __table_args__ = (
        UniqueConstraint("series_id", "number"),
        UniqueConstraint("organisation_id", "issuer_key", "year", "code"),
        Index(None, "organisation_id", "register", "year", "entered_on"),
    )
    series_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("number_series.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    issuer_key: Mapped[str] = mapped_column(String(36))
    register: Mapped[str] = mapped_column(String(16))
    year: Mapped[int]
    number: Mapped[int]
    #: "05/QĐ-UBND" outgoing; None incoming, where the sender's code stands on the document.
    code: Mapped[str | None] = mapped_column(String(60))
    document_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("document.id"), unique=True)
    entered_on: Mapped[date]  # ngày văn bản, or ngày đến
    entered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    entered_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))


class NumberVoid(AppendOnly, Base):
    """A number given up with its reason; it stays in the register (hủy số)."""

    __tablename__ = "number_void"
    entry_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("register_entry.id"), unique=True)
    reason: Mapped[str] = mapped_column(Text)
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Report(AppendOnly, Base):
    """A signature report over bytes, as it was on the day; the latest one counts."""

    __tablename__ = "report"
    __table_args__ = (Index(None, "organisation_id", "sha256"),)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    sha256: Mapped[str] = mapped_column(String(64))
    content: Mapped[bytes] = mapped_column(LargeBinary)  # canonical JSON of SignatureReport
    checked_at: Mapped[datetime] = mapped_column(UtcDateTime)


class JournalEntry(Base):
    """One canonical entry of a chain; the chain is an organisation, "system" or "access:…"."""

    __tablename__ = "journal_entry"
    chain: Mapped[str] = mapped_column(String(48), primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    digest: Mapped[str] = mapped_column(String(64))


class ChainHead(Base):
    """The end of a chain; locked last in every transaction (case, series, head)."""

    __tablename__ = "chain_head"
    chain: Mapped[str] = mapped_column(String(48), primary_key=True)
    sequence: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))


class IdempotencyKey(Base):
    """What a POST answered, so that the same request sent again gets the same answer."""

    __tablename__ = "idempotency_key"
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"), primary_key=True)
    route: Mapped[str] = mapped_column(String(200), primary_key=True)
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    body_sha256: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    etag: Mapped[str | None] = mapped_column(String(64))
    answer: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


#: Tables whose rows are written once; the migration puts triggers on them.
EVER_APPENDED = ("journal_entry", *LOG_TABLES)
