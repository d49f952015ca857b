"""Organisations, the people in them, what they may do and the keys they hold.

Everything that changes with time is effective-dated: communes merge (2025), people move, keys
expire, and a document keeps the facts of its own day. These rows are journalled in the system
chain.
"""

from __future__ import annotations

import hashlib
import uuid
from datetime import date, datetime

from sqlalchemy import ColumnElement, ForeignKey, Index, LargeBinary, String, Text, and_, or_
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import Base, UtcDateTime
from workflow.records.evidence import Evidence, Identified


class EffectiveDated:
    """Holds from `valid_from` until the day before `valid_to`; open when None."""

    valid_from: Mapped[date]
    valid_to: Mapped[date | None] = mapped_column(default=None)

    @classmethod
    def holds_on(cls, on: date) -> ColumnElement[bool]:
        """A condition: the row holds on this local date."""
        return and_(cls.valid_from <= on, or_(cls.valid_to.is_(None), cls.valid_to > on))

    @classmethod
    def holds_within(cls, first: date, end: date | None) -> ColumnElement[bool]:
        """A condition: the row holds on some day from `first` until the day before `end`."""
        later = or_(
            cls.valid_to.is_(None), and_(cls.valid_to > first, cls.valid_to > cls.valid_from)
        )
        return later if end is None else and_(later, cls.valid_from < end)


class Organisation(Evidence, Base):
    """An agency: its identity outlives every name and code it bears."""

    __tablename__ = "organisation"
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: Working days to resolve an incoming document where its own text names no day. The decree
    #: gives no number (ND 30/2020 Art. 24.2): the working regulation does.
    resolve_days: Mapped[int]
    #: The decision that lets it make copies, e.g. digitise paper (ND 30/2020 Art. 27).
    copying_authority: Mapped[str | None] = mapped_column(Text)


class OrganisationName(Evidence, EffectiveDated, Base):
    """What an organisation was called, coded and placed under during a period."""

    __tablename__ = "organisation_name"
    __table_args__ = (Index(None, "code"), Index(None, "parent_id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    code: Mapped[str] = mapped_column(String(35))  # QD 20/2020: at most 35 characters
    name: Mapped[str] = mapped_column(String(200))
    #: commune | district | province | department | office
    kind: Mapped[str] = mapped_column(String(32))
    place: Mapped[str] = mapped_column(String(100))  # địa danh on its documents
    parent_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisation.id"))


class Unit(Evidence, EffectiveDated, Base):
    """A unit inside an organisation that drafts and handles documents."""

    __tablename__ = "unit"
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    symbol: Mapped[str] = mapped_column(String(20))  # the group in a công văn's notation


class Issuer(Evidence, EffectiveDated, Base):
    """A body that issues documents from this seat: UBND, HĐND, Chủ tịch, a council of its own."""

    __tablename__ = "issuer"
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    kind: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(200))
    symbol: Mapped[str] = mapped_column(String(20))
    #: How its administrative documents are grouped into series (ND 30/2020 Art. 15, Annex I II.3).
    series_rule: Mapped[str] = mapped_column(Text)
    #: The workflow definition its documents follow: which one is the policy for the number.
    workflow: Mapped[str] = mapped_column(String(64))


class Person(Evidence, Base):
    """Somebody who acts here."""

    __tablename__ = "person"
    full_name: Mapped[str] = mapped_column(String(100))


class Appointment(Evidence, EffectiveDated, Base):
    """A person's position; captured again at each signing."""

    __tablename__ = "appointment"
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), index=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    unit_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("unit.id"))
    title: Mapped[str] = mapped_column(String(100))
    heads_unit: Mapped[bool] = mapped_column(default=False)


class RoleGrant(Evidence, EffectiveDated, Base):
    """A role somebody holds in an organisation."""

    __tablename__ = "role_grant"
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), index=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    role: Mapped[str] = mapped_column(String(32))


class SigningMandate(Evidence, EffectiveDated, Base):
    """The basis on which a person signs for an issuer in a capacity (ND 30/2020 Art. 13)."""

    __tablename__ = "signing_mandate"
    issuer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("issuer.id"), index=True)
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), index=True)
    capacity: Mapped[str] = mapped_column(String(20))  # "" | "TM" | "KT" | "TM+KT" | "TL" …
    basis: Mapped[str] = mapped_column(String(32))
    basis_text: Mapped[str] = mapped_column(Text)
    doc_types: Mapped[str | None] = mapped_column(Text)  # codes joined by ","; None: every type
    field: Mapped[str | None] = mapped_column(String(200))
    delegated_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))


class SigningCertificate(Evidence, EffectiveDated, Base):
    """Whose a certificate is, by its digest and never by its name, and where its key answers."""

    __tablename__ = "signing_certificate"
    person_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"), index=True)
    organisation_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("organisation.id"), index=True
    )
    certificate_sha256: Mapped[str] = mapped_column(String(64), index=True)
    certificate: Mapped[bytes] = mapped_column(LargeBinary)
    key_url: Mapped[str] = mapped_column(Text)


class SealCustody(Evidence, EffectiveDated, Base):
    """Who keeps the agency's key; other than the clerk only in writing (ND 30/2020 Art. 32.2b)."""

    __tablename__ = "seal_custody"
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    permission: Mapped[str | None] = mapped_column(Text)  # số, ngày văn bản cho phép
    handover: Mapped[str | None] = mapped_column(Text)  # số, ngày biên bản bàn giao


class Account(Evidence, Base):
    """A local sign-in of a person."""

    __tablename__ = "account"
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    username: Mapped[str] = mapped_column(String(64), unique=True)
    password_hash: Mapped[str] = mapped_column(Text)  # argon2id
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class AccessToken(Identified, Base):
    """An opaque token, stored as its SHA-256: whoever reads the table cannot use it."""

    __tablename__ = "access_token"
    token_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"), index=True)
    #: What a program's token is for; None: somebody signed in.
    name: Mapped[str | None] = mapped_column(String(100))
    scope: Mapped[str] = mapped_column(String(16), default="full")  # full | read | audit
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @staticmethod
    def digest_of(token: str) -> str:
        """What is kept of a token."""
        return hashlib.sha256(token.encode()).hexdigest()

    @classmethod
    def holds_at(cls, moment: datetime) -> ColumnElement[bool]:
        """A condition: the token opens the door at this moment."""
        return and_(cls.revoked_at.is_(None), cls.expires_at > moment)


class HandlingRule(Evidence, EffectiveDated, Base):
    """Who handles a kind of incoming document by the agency's regulation (ND 30/2020 Art. 23.1)."""

    __tablename__ = "handling_rule"
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    type_code: Mapped[str | None] = mapped_column(String(32))  # None: every type
    sender_code: Mapped[str | None] = mapped_column(String(35))  # None: every sender
    unit_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("unit.id"))
    person_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    basis: Mapped[str] = mapped_column(Text)


class CalendarDay(Evidence, Base):
    """A day whose standing an organisation and those under it override (nghỉ bù, làm bù)."""

    __tablename__ = "calendar_day"
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    day_on: Mapped[date]
    working: Mapped[bool]
    basis: Mapped[str] = mapped_column(Text)
