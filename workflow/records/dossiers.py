"""Recognition dossiers (hồ sơ đề nghị xét, công nhận): what is asked, shown, appraised and voted.

What a dossier's paper says, whether it is signed and whether a vote passed are derived from
documents, reports and ballots; no column here says so.
"""

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


class Dossier(Evidence, Base):
    """One recognition asked for, by the version of its kind that applied to its period."""

    __tablename__ = "dossier"
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    #: Who checks and appraises it, who decides, and before 2025-07-01 the district in between.
    office_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    province_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    district_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    kind_code: Mapped[str] = mapped_column(String(64))
    kind_digest: Mapped[str] = mapped_column(String(64))  # of the text, kept in `definition`
    period: Mapped[str] = mapped_column(String(10))  # 2025, 2025-Q4, 2025-11
    name: Mapped[str] = mapped_column(String(200))  # what is to be recognised
    group_code: Mapped[str | None] = mapped_column(String(16))  # the commune group of its targets
    opened_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    submitted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # first time


class DossierAnswer(Evidence, Base):
    """What the applicant says of one criterion or condition; a figure comes from a snapshot."""

    __tablename__ = "dossier_answer"
    __table_args__ = (UniqueConstraint("dossier_id", "part", "code"),)
    dossier_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("dossier.id"))
    part: Mapped[str] = mapped_column(String(16))  # criterion | condition
    code: Mapped[str] = mapped_column(String(32))
    met: Mapped[bool | None]
    value: Mapped[str | None] = mapped_column(String(40))  # a decimal: percent or points
    note: Mapped[str | None] = mapped_column(Text)
    snapshot_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("indicator_snapshot.id"))


class Exhibit(Evidence, Base):
    """A document of this system, or an uploaded PDF, in one slot of a dossier.

    One document may stand in many slots of many dossiers; its bytes are kept once.
    """

    __tablename__ = "exhibit"
    __table_args__ = (
        UniqueConstraint("dossier_id", "ordinal"),
        CheckConstraint("(document_id IS NULL) = (sha256 IS NOT NULL)", name="content"),
    )
    dossier_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("dossier.id"))
    ordinal: Mapped[int]
    slot: Mapped[str] = mapped_column(String(80))  # component/to_trinh, criterion/17/minh_chung
    document_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("document.id"), index=True)
    #: Whose archive keeps an uploaded file, and its bytes.
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    sha256: Mapped[str | None] = mapped_column(String(64))
    size_bytes: Mapped[int | None]
    title: Mapped[str] = mapped_column(String(500))
    dated_on: Mapped[date | None]
    added_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)
    dropped: Mapped[bool] = mapped_column(default=False)


class IndicatorSnapshot(AppendOnly, Base):
    """An organisation's indicator frozen with its definition and the journal's place."""

    __tablename__ = "indicator_snapshot"
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    period: Mapped[str] = mapped_column(String(10))
    definition_version: Mapped[int]
    journal_sequence: Mapped[int]
    journal_digest: Mapped[str] = mapped_column(String(64))
    content: Mapped[bytes] = mapped_column(LargeBinary)  # canonical JSON of the fractions
    taken_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    taken_at: Mapped[datetime] = mapped_column(UtcDateTime)


class DossierPaper(AppendOnly, Base):
    """An outgoing (or, from the centre, incoming) document that a step of a case rests on.

    The latest of its part counts.
    """

    __tablename__ = "dossier_paper"
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"), index=True)
    dossier_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("dossier.id"), index=True)
    part: Mapped[str] = mapped_column(String(32))  # see workflow.rules.papers
    document_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("document.id"), index=True)
    linked_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Appraisal(Evidence, Base):
    """One department's part of a dossier: the child case that ends with its numbered opinion."""

    __tablename__ = "appraisal"
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"), unique=True)
    dossier_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("dossier.id"), index=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    field: Mapped[str] = mapped_column(String(64))  # the duty, as kinds name it


class CriterionAppraisal(Evidence, Base):
    """One criterion with one department: a child of its appraisal. The newest of a criterion
    counts; who does it is the case's `Task`."""

    __tablename__ = "criterion_appraisal"
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"), unique=True)
    appraisal_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("appraisal.id"), index=True)
    dossier_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("dossier.id"), index=True)
    criterion: Mapped[str] = mapped_column(String(32))


class Finding(AppendOnly, Base):
    """What an appraiser found of a criterion: met, not met, or (None) to be supplemented."""

    __tablename__ = "finding"
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"), index=True)
    met: Mapped[bool | None]
    points: Mapped[int | None]  # of a criterion that is rated
    reason: Mapped[str] = mapped_column(Text)
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Council(Evidence, EffectiveDated, Base):
    """An appraisal council, by the decision that set it up."""

    __tablename__ = "council"
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    basis: Mapped[str] = mapped_column(Text)  # số, ngày quyết định thành lập


class CouncilMember(Evidence, EffectiveDated, Base):
    """Who sits in a council, and as what."""

    __tablename__ = "council_member"
    council_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("council.id"), index=True)
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), index=True)
    part: Mapped[str] = mapped_column(String(16))  # chair | vice_chair | secretary | member


class CouncilSession(Evidence, Base):
    """A council named for a dossier, and its vote; the newest counts. Its members are those of the
    day on which it was opened."""

    __tablename__ = "council_session"
    dossier_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("dossier.id"), index=True)
    council_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("council.id"), index=True)
    named_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    opened_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    opened_on: Mapped[date | None]
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Ballot(AppendOnly, Base):
    """A member's ballot; until the vote is closed another one replaces it, and both are kept."""

    __tablename__ = "ballot"
    session_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("council_session.id"), index=True)
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    choice: Mapped[str] = mapped_column(String(16))  # agree | disagree | blank | rated
    points: Mapped[str | None] = mapped_column(Text)  # JSON: criterion -> points, where rated
    note: Mapped[str | None] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class WithdrawalReview(Evidence, Base):
    """A review whether recognition is to be withdrawn: which criteria are met no more."""

    __tablename__ = "withdrawal_review"
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"), unique=True)
    dossier_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("dossier.id"), index=True)
    failed: Mapped[str] = mapped_column(Text)  # criteria, joined by ","
    reason: Mapped[str] = mapped_column(Text)
    opened_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))


class DossierExport(Identified, Base):
    """A dossier being put together as PDF and XML; working state, not evidence."""

    __tablename__ = "dossier_export"
    dossier_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("dossier.id"), index=True)
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    failure: Mapped[str | None] = mapped_column(Text)


class DossierExportFile(Identified, Base):
    """One file of an export: a volume, or the description in XML."""

    __tablename__ = "dossier_export_file"
    __table_args__ = (UniqueConstraint("export_id", "name"),)
    export_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("dossier_export.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    name: Mapped[str] = mapped_column(String(100))
    media_type: Mapped[str] = mapped_column(String(60))
    sha256: Mapped[str] = mapped_column(String(64))
    size_bytes: Mapped[int]


class DossierRoute(Evidence, EffectiveDated, Base):
    """Which office receives and appraises the dossiers of a kind for a province."""

    __tablename__ = "dossier_route"
    province_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    kind_code: Mapped[str | None] = mapped_column(String(64))  # None: every kind not named
    office_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))


class AppraisalDuty(Evidence, EffectiveDated, Base):
    """Which department of a province appraises the criteria of a field."""

    __tablename__ = "appraisal_duty"
    province_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    field: Mapped[str] = mapped_column(String(64))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))


class Succession(Evidence, Base):
    """An organisation that took over another's work, e.g. when communes were merged in 2025."""

    __tablename__ = "succession"
    __table_args__ = (Index(None, "predecessor_id"),)
    predecessor_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    successor_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    effective_on: Mapped[date]
