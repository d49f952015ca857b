"""Why each row of a register counts in the indicator, or why it does not.

Rows are facts derived from events and from stored signature reports, never a mutable status. The
reasons are a closed list in the words of the office, so that the parts add up to the register.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class Hold(StrEnum):
    """What the stored report says of a kind of signature in the document's bytes."""

    VALID = "valid"
    MISSING = "missing"
    FAILED = "failed"
    INDETERMINATE = "indeterminate"


class Step(StrEnum):
    """An event of an outgoing document on the System."""

    DRAFTED = "drafted"
    CONTENT_CHECKED = "content_checked"
    APPROVED = "approved"
    FORMAT_CHECKED = "format_checked"
    NUMBERED = "numbered"
    ISSUED = "issued"


class Reason(StrEnum):
    """Why a row counts, or why it does not; each fraction uses a closed part of this list."""

    SIGNED = "signed"
    PROCESSED = "processed"
    MISSING_PERSON = "missing_person"
    MISSING_AGENCY = "missing_agency"
    MISSING_BOTH = "missing_both"
    FAILED = "failed"
    INDETERMINATE = "indeterminate"
    DEVELOPMENT = "development"
    ON_PAPER = "on_paper"
    STEP_MISSING = "step_missing"
    NOT_TRANSFERRED = "not_transferred"
    NOT_DIGITISED = "not_digitised"
    OPEN = "open"
    OVERDUE = "overdue"
    NOT_ISSUED = "not_issued"
    VOID = "void"
    CLASSIFIED = "classified"
    RECALLED = "recalled"
    DUPLICATE = "duplicate"
    EXEMPT = "exempt"

    @property
    def label(self) -> str:
        """The reason as a clerk reads it."""
        return _LABELS[self]


_LABELS = {
    Reason.SIGNED: "đã ký số đầy đủ",
    Reason.PROCESSED: "đã xử lý trên Hệ thống",
    Reason.MISSING_PERSON: "thiếu chữ ký số (cá nhân)",
    Reason.MISSING_AGENCY: "thiếu chữ ký số (cơ quan)",
    Reason.MISSING_BOTH: "thiếu chữ ký số (cá nhân và cơ quan)",
    Reason.FAILED: "chữ ký số không hợp lệ",
    Reason.INDETERMINATE: "chữ ký số chưa xác định được",
    Reason.DEVELOPMENT: "chứng thư số phát triển, không có giá trị pháp lý",
    Reason.ON_PAPER: "văn bản giấy",
    Reason.STEP_MISSING: "có bước thực hiện ngoài Hệ thống",
    Reason.NOT_TRANSFERRED: "chưa chuyển giao trên Hệ thống",
    Reason.NOT_DIGITISED: "văn bản giấy chưa số hóa, ký số",
    Reason.OPEN: "đang xử lý, trong hạn",
    Reason.OVERDUE: "đang xử lý, quá hạn",
    Reason.NOT_ISSUED: "chưa phát hành",
    Reason.VOID: "số đã hủy",
    Reason.CLASSIFIED: "văn bản mật, không tính",
    Reason.RECALLED: "nơi gửi đã thu hồi trước khi xử lý, không tính",
    Reason.DUPLICATE: "trùng với văn bản đã đăng ký, không tính",
    Reason.EXEMPT: "không tính theo quy định",
}

EXCLUDED = frozenset(
    {
        Reason.NOT_ISSUED,
        Reason.VOID,
        Reason.CLASSIFIED,
        Reason.RECALLED,
        Reason.DUPLICATE,
        Reason.EXEMPT,
    }
)
"""Reasons that keep a row out of a denominator; every other reason stays in it."""

_SIGNED = (
    Reason.SIGNED,
    Reason.MISSING_PERSON,
    Reason.MISSING_AGENCY,
    Reason.MISSING_BOTH,
    Reason.FAILED,
    Reason.INDETERMINATE,
    Reason.DEVELOPMENT,
)
_OUT_OF_SENT = (Reason.NOT_ISSUED, Reason.VOID, Reason.CLASSIFIED, Reason.EXEMPT)
_OUT_OF_RECEIVED = (Reason.CLASSIFIED, Reason.RECALLED, Reason.DUPLICATE, Reason.EXEMPT)
PARTITION: Mapping[str, tuple[Reason, ...]] = {
    "outgoing_processed": (Reason.PROCESSED, Reason.STEP_MISSING, *_OUT_OF_SENT),
    "outgoing_signed": (*_SIGNED, *_OUT_OF_SENT),
    "incoming_processed": (
        Reason.PROCESSED,
        Reason.OPEN,
        Reason.OVERDUE,
        Reason.NOT_TRANSFERRED,
        Reason.NOT_DIGITISED,
        *_OUT_OF_RECEIVED,
    ),
    "incoming_signed": (*_SIGNED, Reason.ON_PAPER, *_OUT_OF_RECEIVED),
}
"""The closed part of the list that each fraction uses."""


@dataclass(frozen=True)
class Exclusion:
    """A configured exclusion with its basis, person and day; it never reaches back in time."""

    basis: str
    decided_by: str
    decided_on: date

    def reaches(self, counted_on: date) -> bool:
        """Whether it covers what is counted on that day: from the day after the decision."""
        return self.decided_on < counted_on


@dataclass(frozen=True)
class OutgoingRow:
    """One row of the register of outgoing documents, as facts.

    `persons` are the personal signatures the type needs, by the persons expected, each before
    the agency's in the bytes (a wrong order is FAILED); `agency` the agency's; `attachments` the
    agency's signature on separate attachment files, the worst of them, VALID when there are none.
    `agency_required` is the type's rule. `development` says that one of the signatures chains to
    a development anchor.
    """

    document_id: str
    issuer_id: str
    registered_on: date
    issued_on: date | None
    voided: bool
    secret: bool
    persons: Hold
    agency: Hold
    attachments: Hold
    agency_required: bool
    development: bool
    steps: frozenset[Step]
    exclusion: Exclusion | None = None

    def __post_init__(self) -> None:
        if self.voided and self.issued_on is not None:
            raise ValueError("an issued document stays in the count: it cannot be void")

    @property
    def counted_on(self) -> date:
        """The day that decides the row's period: of issue, or until then of the document."""
        return self.issued_on or self.registered_on


@dataclass(frozen=True)
class IncomingRow:
    """One row of the register of incoming documents, as facts.

    `digitised` says that a paper document has its copy sealed by the agency; `transferred` that
    it was assigned or transferred on the System; `completed_at` that it was completed there (để
    biết: that everybody has read it). `persons` and `agency` are the sender's signatures.
    """

    document_id: str
    issuer_id: str
    arrived_on: date
    secret: bool
    paper: bool
    digitised: bool
    recalled_before_processing: bool
    duplicate_of: str | None
    transferred: bool
    due_at: datetime | None
    completed_at: datetime | None
    persons: Hold
    agency: Hold
    development: bool
    exclusion: Exclusion | None = None

    @property
    def counted_on(self) -> date:
        """The day that decides the row's period."""
        return self.arrived_on

    @property
    def on_time(self) -> bool:
        """Whether it was completed, and by when it was due."""
        done = self.completed_at
        return done is not None and (self.due_at is None or done <= self.due_at)


def outgoing_signed(row: OutgoingRow, *, production: bool) -> Reason:
    """Return the row's one reason in the fraction of signed outgoing documents.

    A document signed by its person alone, or sealed alone, is not signed (ND 30/2020 Art. 5.1);
    in production a development signature is worth nothing.
    """
    excluded = _outgoing_excluded(row)
    if excluded is not None:
        return excluded
    sealed = Hold.VALID if _needs_no_seal(row) else row.agency
    agency = worst([sealed, row.attachments])
    return _signed(row.persons, agency, development=row.development and production)


def outgoing_processed(row: OutgoingRow, needed: frozenset[Step]) -> Reason:
    """Return the row's one reason in the fraction of outgoing documents processed on the System."""
    excluded = _outgoing_excluded(row)
    if excluded is not None:
        return excluded
    return Reason.PROCESSED if needed <= row.steps else Reason.STEP_MISSING


def incoming_processed(
    row: IncomingRow, as_of: datetime, *, paper_digitised: bool, production: bool
) -> Reason:
    """Return the row's one reason in the fraction of incoming documents processed, at `as_of`.

    In production a digitised copy under a development seal is none.
    """
    excluded = _incoming_excluded(row)
    if excluded is not None:
        return excluded
    if row.completed_at is None or row.completed_at > as_of:
        overdue = row.due_at is not None and row.due_at < as_of
        return Reason.OVERDUE if overdue else Reason.OPEN
    if not row.transferred:
        return Reason.NOT_TRANSFERRED
    digitised = row.digitised and not (row.development and production)
    if row.paper and paper_digitised and not digitised:
        return Reason.NOT_DIGITISED
    return Reason.PROCESSED


def incoming_signed(row: IncomingRow, *, production: bool) -> Reason:
    """Return the row's one reason in the informative fraction: what others signed and sent us."""
    excluded = _incoming_excluded(row)
    if excluded is not None:
        return excluded
    if row.paper:
        return Reason.ON_PAPER
    return _signed(row.persons, row.agency, development=row.development and production)


def worst(holds: Iterable[Hold]) -> Hold:
    """What signatures that are all needed come to; VALID when none is needed."""
    return max(holds, key=_BADNESS.index, default=Hold.VALID)


_BADNESS = (Hold.VALID, Hold.MISSING, Hold.INDETERMINATE, Hold.FAILED)


def _needs_no_seal(row: OutgoingRow) -> bool:
    # ND 30/2020 Mẫu 1.9: the agency's signature "nếu có"; one that is there must still be valid.
    return not row.agency_required and row.agency is Hold.MISSING


def _signed(persons: Hold, agency: Hold, *, development: bool) -> Reason:
    holds = {persons, agency}
    if Hold.FAILED in holds:
        return Reason.FAILED
    if Hold.INDETERMINATE in holds:
        return Reason.INDETERMINATE
    if holds == {Hold.MISSING}:
        return Reason.MISSING_BOTH
    if persons is Hold.MISSING:
        return Reason.MISSING_PERSON
    if agency is Hold.MISSING:
        return Reason.MISSING_AGENCY
    return Reason.DEVELOPMENT if development else Reason.SIGNED


def _outgoing_excluded(row: OutgoingRow) -> Reason | None:
    if row.secret:
        return Reason.CLASSIFIED
    if row.voided:
        return Reason.VOID
    if row.issued_on is None:
        return Reason.NOT_ISSUED
    return _exempt(row.exclusion, row.counted_on)


def _incoming_excluded(row: IncomingRow) -> Reason | None:
    if row.secret:
        return Reason.CLASSIFIED
    if row.recalled_before_processing:
        return Reason.RECALLED
    if row.duplicate_of is not None:
        return Reason.DUPLICATE
    return _exempt(row.exclusion, row.counted_on)


def _exempt(exclusion: Exclusion | None, counted_on: date) -> Reason | None:
    covered = exclusion is not None and exclusion.reaches(counted_on)
    return Reason.EXEMPT if covered else None
