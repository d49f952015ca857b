"""Following work (theo dõi, đôn đốc): who stands in for whom, and what was said in time."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import Base, UtcDateTime
from workflow.records.evidence import AppendOnly, Evidence
from workflow.records.people import EffectiveDated


class Substitution(Evidence, EffectiveDated, Base):
    """Somebody does the work of a person who is away. It gives no power to sign."""

    __tablename__ = "substitution"
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    absent_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), index=True)
    substitute_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), index=True)
    basis: Mapped[str] = mapped_column(Text)


class Reminder(AppendOnly, Base):
    """That a case was about to be late, is late, or was passed on to the leader for being late."""

    __tablename__ = "reminder"
    __table_args__ = (
        UniqueConstraint("case_id", "kind", "due_at"),
        Index(None, "organisation_id", "id"),
    )
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))  # the holder
    kind: Mapped[str] = mapped_column(String(16))  # warning | overdue | escalation
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    role: Mapped[str | None] = mapped_column(String(32))  # to whom, as the case's holder
    unit_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("unit.id"))
    person_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
