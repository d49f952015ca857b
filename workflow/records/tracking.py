"""Following work (theo dõi, đôn đốc): who stands in for whom, and what was said in time."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import (
    Connection,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    event,
    inspect,
    update,
)
from sqlalchemy.orm import Mapped, Mapper, mapped_column

from storage.database import Base, UtcDateTime
from workflow.records.documents import Case
from workflow.records.evidence import AppendOnly, Evidence
from workflow.records.people import EffectiveDated


class Substitution(Evidence, EffectiveDated, Base):
    """Somebody does the work of a person who is away. It gives no power to sign."""

    __tablename__ = "substitution"
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    absent_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), index=True)
    substitute_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), index=True)
    basis: Mapped[str] = mapped_column(Text)


class Involvement(Base):
    """That a person opened an open case or moved it; the rows of a case go when it ends.

    Working state, made of `Move` and of who opened what: it finds what waits for others without
    reading all that was ever done. It has the case's deadline beside it, to be read in its order.
    """

    __tablename__ = "involvement"
    __table_args__ = (Index(None, "person_id", "due_at", "case_id"),)
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"), primary_key=True, index=True)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


@event.listens_for(Case, "after_update")
def _keep_in_step(_mapper: Mapper[Case], connection: Connection, case: Case) -> None:
    """Whoever sets a case's deadline, wherever: its involvements have it too."""
    if inspect(case).attrs.due_at.history.has_changes():
        connection.execute(
            update(Involvement).where(Involvement.case_id == case.id).values(due_at=case.due_at)
        )


class Reminder(AppendOnly, Base):
    """That a case was about to be late, is late, or was passed on to the leader for being late."""

    __tablename__ = "reminder"
    __table_args__ = (
        UniqueConstraint("case_id", "kind", "due_at"),
        Index(None, "organisation_id", "role", "id"),
        Index(None, "unit_id", "id"),
        Index(None, "person_id", "id"),
    )
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))  # the holder
    kind: Mapped[str] = mapped_column(String(16))  # warning | overdue | escalation
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    role: Mapped[str | None] = mapped_column(String(32))  # to whom, as the case's holder
    unit_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("unit.id"))
    person_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
