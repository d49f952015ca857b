"""The rows of evidence that a bundle holds: of each what the books read, by its type, and no more.

A row whose columns are not of these types is no row: whoever decodes it says so.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct
from msgspec.json import Decoder

from workflow.rules.statements import IncomingStatement, OutgoingStatement, Statement

Whole = Annotated[int, Meta(ge=0, lt=2**53)]
Moment = Annotated[datetime, Meta(tz=True)]


class Row(Struct, frozen=True, tag_field="table"):
    """A row that was written once and digests to what its entry says."""

    id: str

    @property
    def place(self) -> str:
        """Where it is, for a finding."""
        return f"{self.__struct_config__.tag} {self.id}"


class RegisterEntry(Row, frozen=True, tag="register_entry"):
    """A number given."""

    series_id: str
    organisation_id: str
    issuer_key: str
    register: str
    year: Whole
    number: Whole
    code: str | None
    document_id: str
    entered_on: date
    entered_at: Moment


class NumberVoid(Row, frozen=True, tag="number_void"):
    """A number that stands for nothing any more."""

    entry_id: str


class Fact(Row, frozen=True, tag="register_fact"):
    """What the office stated of an entry, and what it counted it as. `content` is hexadecimal."""

    organisation_id: str
    document_id: str
    ordinal: Whole
    sequence: Whole
    entry_id: str
    register: str
    year: Whole
    issuer_id: str
    type_code: str
    counted_on: date
    month: Whole
    cell: str
    due_at: Moment | None
    content: str


class Signature(Struct, frozen=True):
    """What the law asks of a signature in a report (`rules.signed.FoundSignature`)."""

    field: str
    kind: str
    indication: str
    intact: bool | None
    trusted: bool
    certificate_sha256: str | None
    revision_bytes: Whole | None

    @property
    def reasons(self) -> tuple[()]:
        """Sentences are for clerks; they decide nothing."""
        return ()


class Reported(Struct, frozen=True):
    """What the law asks of a report (`rules.signed.FoundReport`)."""

    sha256: str
    integrity: str
    verdict: str
    development: bool
    checked_at: Moment
    signatures: tuple[Signature, ...]


class Report(Row, frozen=True, tag="report"):
    """What the seal found in a file. `evidence` are the digests of the pieces it rests on;
    `packed` is all of it, deflated, where that is wanted."""

    organisation_id: str
    sha256: str
    checked_at: Moment
    found: Reported
    evidence: tuple[str, ...]
    packed: bytes | None


class Revision(Row, frozen=True, tag="revision"):
    """The bytes of a file from then on."""

    file_id: str
    ordinal: Whole
    sha256: str


class SigningIntent(Row, frozen=True, tag="signing_intent"):
    """Under which mandate somebody was let sign."""

    case_id: str
    file_id: str
    field: str
    person_id: str
    capacity: str


class SigningOutcome(Row, frozen=True, tag="signing_outcome"):
    """What became of an intent."""

    intent_id: str
    refusal: str | None


class Relation(Row, frozen=True, tag="relation"):
    """What a document is to another."""

    document_id: str
    kind: str
    other_id: str


class Exclusion(Row, frozen=True, tag="indicator_exclusion"):
    """A type of document that does not count, from the day after the decision."""

    organisation_id: str
    register: str
    type_code: str
    decided_by: str
    decided_on: date


class _Piece(Struct, frozen=True):
    sha256: str


class _Judged(Struct, frozen=True):
    development: bool
    evidence: tuple[_Piece, ...]


class _Rested(Struct, frozen=True):
    """A report, as far as it says what it rests on."""

    signatures: tuple[_Judged, ...]


class _StoredReport(Struct, frozen=True):
    id: str
    organisation_id: str
    sha256: str
    checked_at: Moment
    content: str


class _Form(Struct, frozen=True):
    """The form that a statement is in: `rules.statements.VERSION`."""

    version: Literal[1]
    register: Literal["outgoing", "incoming"]


Told = (
    RegisterEntry
    | NumberVoid
    | Fact
    | Report
    | Revision
    | SigningIntent
    | SigningOutcome
    | Relation
    | Exclusion
)
_STORED: Mapping[str, Decoder[Any]] = {
    "register_entry": Decoder(RegisterEntry),
    "number_void": Decoder(NumberVoid),
    "register_fact": Decoder(Fact),
    "revision": Decoder(Revision),
    "signing_intent": Decoder(SigningIntent),
    "signing_outcome": Decoder(SigningOutcome),
    "relation": Decoder(Relation),
    "indicator_exclusion": Decoder(Exclusion),
    "report": Decoder(_StoredReport),
}
_REPORTED, _RESTED, _FORM = Decoder(Reported), Decoder(_Rested), Decoder(_Form)
_STATEMENTS: Mapping[str, Decoder[Any]] = {
    "outgoing": Decoder(OutgoingStatement),
    "incoming": Decoder(IncomingStatement),
}


def read_row(table: str, row_id: str, columns: bytes, *, whole: bool) -> Told | None:
    """What is told of a row, if anything; `whole`: a report's content too.

    Raises ValueError for columns that are none of this table, RecursionError for endless ones.
    """
    decoder = _STORED.get(table)
    if decoder is None:
        return None
    row = decoder.decode(columns)
    if row.id != row_id:
        raise ValueError("the id of another row")
    match row:
        case _StoredReport():
            return _report(row, whole=whole)
        case SigningOutcome(refusal=None):
            return None
        case Relation() if row.kind != "duplicates":
            return None
    told: Told = row
    return told


def _report(row: _StoredReport, *, whole: bool) -> Report:
    content = bytes.fromhex(row.content)
    found, rested = _REPORTED.decode(content), _RESTED.decode(content)
    development = any(one.development for one in rested.signatures)
    if found.sha256 != row.sha256 or found.development is not development:
        raise ValueError("the report contradicts itself")
    evidence = {piece.sha256 for one in rested.signatures for piece in one.evidence}
    return Report(
        row.id,
        row.organisation_id,
        row.sha256,
        row.checked_at,
        found,
        tuple(sorted(evidence)),
        zlib.compress(content, 1) if whole else None,
    )


def read_statement(fact: Fact) -> Statement:
    """What a fact states. Raises ValueError for what is no statement."""
    content = bytes.fromhex(fact.content)
    statement: Statement = _STATEMENTS[_FORM.decode(content).register].decode(content)
    return statement
