"""What the indicator is made of and stated with, and what auditors are given and find."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import Base, UtcDateTime
from workflow.records.evidence import AppendOnly, Evidence, Identified
from workflow.records.people import EffectiveDated


class RegisterFact(AppendOnly, Base):
    """What the evidence says of one entry of a register, from one act on until the next says other.

    The newest of a document counts. `content` is the statement as canonical JSON
    (`workflow.rules.statements`), `cell` what the reasons of the indicator are told from.
    """

    __tablename__ = "register_fact"
    __table_args__ = (
        UniqueConstraint("document_id", "ordinal"),
        Index(None, "organisation_id", "month", "register", "document_id", "ordinal"),
        Index(None, "organisation_id", "sequence"),
    )
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    document_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("document.id"))
    ordinal: Mapped[int]  # from 1
    #: The place, in the organisation's chain, of the entry that digests this row.
    sequence: Mapped[int]
    entry_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("register_entry.id"))
    register: Mapped[str] = mapped_column(String(16))
    year: Mapped[int]  # the register's
    issuer_id: Mapped[str] = mapped_column(String(36))
    type_code: Mapped[str] = mapped_column(String(32))  # "" where the document has none
    counted_on: Mapped[date]
    month: Mapped[int]  # of counted_on: 202611
    cell: Mapped[str] = mapped_column(String(32))
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # while it is open
    content: Mapped[bytes] = mapped_column(LargeBinary)


class RegisterTally(Base):
    """How many documents' newest facts are alike: counted in the transaction that adds a fact.

    Not evidence: whoever doubts it counts the facts (`vanthu fsck` does, and so does a verifier).
    """

    __tablename__ = "register_tally"
    __table_args__ = ({"sqlite_with_rowid": False},)
    # In the order in which a year is added up without sorting: what is done, then what is open.
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    organisation_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("organisation.id"), primary_key=True
    )
    due: Mapped[str] = mapped_column(String(32), primary_key=True)  # UTC ISO 8601, or ""
    register: Mapped[str] = mapped_column(String(16), primary_key=True)
    issuer_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    cell: Mapped[str] = mapped_column(String(32), primary_key=True)
    month: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # 202611
    type_code: Mapped[str] = mapped_column(String(32), primary_key=True)
    #: A document of December may be issued in January.
    register_year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    count: Mapped[int]


class IndicatorExclusion(AppendOnly, Base):
    """A type that does not count for an organisation, from the day after it was decided on."""

    __tablename__ = "indicator_exclusion"
    __table_args__ = (UniqueConstraint("organisation_id", "register", "type_code"),)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    register: Mapped[str] = mapped_column(String(16))
    type_code: Mapped[str] = mapped_column(String(32))
    basis: Mapped[str] = mapped_column(Text)
    decided_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    decided_on: Mapped[date]


class Reconciliation(AppendOnly, Base):
    """What a list from outside holds for a month, and how much of it the System knows: counts only.

    The newest of an organisation, month, register and source counts; the older ones stay.
    """

    __tablename__ = "reconciliation"
    __table_args__ = (
        Index(None, "organisation_id", "month", "register", "source"),
        CheckConstraint("0 <= matched AND matched <= listed", name="counts"),
    )
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    month: Mapped[int]  # 202611
    register: Mapped[str] = mapped_column(String(16))  # outgoing | incoming
    source: Mapped[str] = mapped_column(String(16))  # exchange | paper | secret
    listed: Mapped[int]
    matched: Mapped[int]  # how many of them are in the System's register
    #: The range of a secret register's numbers: never what they are.
    first_number: Mapped[int | None]
    last_number: Mapped[int | None]
    note: Mapped[str | None] = mapped_column(Text)
    entered_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    entered_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SnapshotPrint(AppendOnly, Base):
    """A report that was set from a frozen indicator: whose bytes speak for it."""

    __tablename__ = "snapshot_print"
    __table_args__ = (UniqueConstraint("snapshot_id", "sha256"),)
    snapshot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("indicator_snapshot.id"))
    sha256: Mapped[str] = mapped_column(String(64))
    printed_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    printed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SnapshotReport(AppendOnly, Base):
    """The document by which a frozen indicator is reported: numbered and signed like any other.

    The newest of a snapshot counts: one that was cancelled or voided may be followed by another.
    """

    __tablename__ = "snapshot_report"
    snapshot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("indicator_snapshot.id"), index=True)
    document_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("document.id"), unique=True)


class AuditMandate(Evidence, EffectiveDated, Base):
    """Somebody reads as auditor in an organisation, and in those under it where it says so."""

    __tablename__ = "audit_mandate"
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), index=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    subtree: Mapped[bool]
    basis: Mapped[str] = mapped_column(Text)  # số, ngày văn bản giao nhiệm vụ


class ArchiveCheck(Identified, Base):
    """A walk over everything kept, in slices: how far it came. Working state, not evidence."""

    __tablename__ = "archive_check"
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    stage: Mapped[str] = mapped_column(String(32))
    after: Mapped[str] = mapped_column(String(200))  # the last place of the stage that was done
    looked_at: Mapped[int]
    found: Mapped[int]


class ArchiveFinding(Identified, Base):
    """One thing that is not as it should be, and where."""

    __tablename__ = "archive_finding"
    check_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("archive_check.id"), index=True)
    kind: Mapped[str] = mapped_column(String(32))
    place: Mapped[str] = mapped_column(String(300))
