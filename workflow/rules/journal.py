"""The journal: canonical bytes, salted row digests, and a hash chain anybody can check.

An entry holds identifiers, facts and salted digests of the evidence rows it changed, never
descriptive text: recall (ND 30/2020 Annex VI III.8) and archive law require that content can be
destroyed while the journal stays whole.

The canonical form is the JSON of RFC 8785 without floating point numbers: keys sorted, no spaces,
UTF-8, text in Unicode NFC. An entry's digest is SHA-256(0x00 || bytes), the leaf hash of
RFC 6962 §2.1, so that a Merkle tree can later be built over the same digests.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from types import MappingProxyType
from typing import Any, NamedTuple, NoReturn
from uuid import UUID

VERSION = 1
"""The only version of the entry's form; another form needs another number."""

_LARGEST_INT = 2**53 - 1  # RFC 8785 §3.2.2.3: beyond it other languages lose digits
_SALT_BYTES = 16
_LEAF = b"\x00"  # RFC 6962 §2.1: a leaf can never be taken for an inner node
_GENESIS = b"vanthu journal genesis 1\x00"
# Identifiers are what JSON writes between quotes as it is.
_GRAPHIC = r"[!#-\[\]-~]{1,200}"
_SHA256 = "[0-9a-f]{64}"
_NAME = re.compile(_GRAPHIC)
_FACT = re.compile(r"\S{0,200}")
_DIGEST = re.compile(_SHA256)
_NAMES = ("chain", "actor", "action", "subject")
_ROW = rf'\["({_GRAPHIC})","({_GRAPHIC})","({_SHA256})"\]'
_ROWS = re.compile(_ROW)
_UNNAMED_ROW = _ROW.replace("(", "").replace(")", "")
_ENTRY = re.compile(  # the whole of the form, but for what facts hold
    rf'\{{"action":"({_GRAPHIC})","actor":"({_GRAPHIC})",'
    r'"at":"([0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}\.[0-9]{6}Z)",'
    rf'"chain":"({_GRAPHIC})","facts":(\{{.*\}}),"previous":"({_SHA256})",'
    rf'"rows":\[((?:{_UNNAMED_ROW}(?:,{_UNNAMED_ROW})*)?)\],"sequence":([1-9][0-9]{{0,15}}),'
    rf'"subject":"({_GRAPHIC})","version":{VERSION}\}}'
)
_TEXT = r'"[^\s"\\\x00-\x1f]{0,200}"'
_TEXTS = rf"\[(?:{_TEXT}(?:,{_TEXT})*)?\]"
_FLAT_FACT = rf'"{_GRAPHIC}":(?:{_TEXT}|{_TEXTS}|-?[1-9][0-9]{{0,14}}|0|null|true|false)'
_FLAT = re.compile(rf"\{{(?:{_FLAT_FACT}(?:,{_FLAT_FACT})*)?\}}")
_FIELDS = frozenset(
    "version chain sequence at actor action subject rows facts previous".split()  # noqa: SIM905
)


class NotCanonical(ValueError):  # noqa: N818  it states what the value is
    """A value or bytes without exactly one canonical form. A fault, not a refusal."""


def plain(value: object) -> object:
    """Return `value` in the JSON subset: None, bool, int, str, list, dict.

    UUIDs become text, aware datetimes UTC ISO 8601 with microseconds and `Z`, dates ISO 8601,
    bytes lower-case hexadecimal, tuples lists; text is normalised to NFC.
    Raises NotCanonical for anything else: floats, naive datetimes, integers beyond ±(2^53 - 1),
    lone surrogates, keys that are not text or meet after normalisation.
    """
    return _PLAINLY.get(type(value), _by_likeness)(value)


def canonical(value: object) -> bytes:
    """Return the one canonical encoding of `value`. Raises NotCanonical (see `plain`)."""
    return _ENCODER.encode(plain(value)).encode("utf-8")


def row_digest(salt: bytes, table: str, columns: Mapping[str, object]) -> str:
    """Return the hexadecimal SHA-256 of one evidence row, hidden by its own random salt.

    The salt (at least 16 bytes) lives in the row and is destroyed with it: without it nobody can
    guess the destroyed content from the digest. Raises NotCanonical.
    """
    if len(salt) < _SALT_BYTES:
        raise NotCanonical(f"a salt of {len(salt)} bytes hides nothing")
    return sha256(canonical(["vanthu.row.1", salt, table, columns])).hexdigest()


def genesis(chain: str) -> str:
    """Return what the first entry names as its predecessor: it binds the chain's name."""
    return sha256(_GENESIS + chain.encode("utf-8")).hexdigest()


class RowDigest(NamedTuple):
    """One evidence row that an entry changed: its table, its id, its `row_digest`."""

    table: str
    id: str
    digest: str


@dataclass(frozen=True)
class Entry:
    """One act in one chain. Raises NotCanonical when a field is not what it must be.

    `chain` is the organisation that owns the object, or the system chain; `actor` who did it;
    `subject` what was done to; `facts` identifiers and numbers; `previous` the digest of the
    entry before, or `genesis(chain)`.
    """

    chain: str
    sequence: int
    at: datetime
    actor: str
    action: str
    subject: str
    previous: str
    rows: tuple[RowDigest, ...] = ()
    facts: Mapping[str, object] = field(default_factory=dict, hash=False)
    version: int = VERSION

    def __post_init__(self) -> None:
        if type(self.version) is not int or self.version != VERSION:
            raise NotCanonical(f"unknown version {self.version!r}")
        if type(self.sequence) is not int or not 1 <= self.sequence <= _LARGEST_INT:
            raise NotCanonical("the sequence starts at 1")
        for name in _NAMES:
            _match(_NAME, getattr(self, name), name)
        _match(_DIGEST, self.previous, "previous")
        _moment(self.at)
        rows = tuple(RowDigest(*row) for row in self.rows)
        for row in rows:
            _match(_NAME, row.table, "table")
            _match(_NAME, row.id, "row id")
            _match(_DIGEST, row.digest, "row digest")
        facts = plain(dict(self.facts))
        _refuse_prose(facts)
        assert isinstance(facts, dict)
        object.__setattr__(self, "at", self.at.astimezone(UTC))
        object.__setattr__(self, "rows", rows)
        object.__setattr__(self, "facts", MappingProxyType(facts))

    def to_bytes(self) -> bytes:
        """Return the canonical bytes, which are what is stored, hashed and handed to auditors."""
        return self._encoded

    @cached_property
    def _encoded(self) -> bytes:
        return canonical({name: getattr(self, name) for name in _FIELDS})

    @property
    def digest(self) -> str:
        """Hexadecimal SHA-256(0x00 || bytes)."""
        return entry_digest(self._encoded)


def entry_digest(data: bytes) -> str:
    """Return the digest of an entry's bytes as they are stored, readable or not."""
    return sha256(_LEAF + data).hexdigest()


def decoded(data: bytes) -> Any:
    """Return the value whose canonical encoding is exactly `data`. Raises NotCanonical.

    What is decoded and encodes to the same text again has its one form as JSON. So only what JSON
    leaves open is looked at beside it: auditors read millions of these.
    """
    try:
        text = data.decode("utf-8")
        value = _DECODER.decode(text)
        # Quotes part the strings and compose with nothing: the text is normal when each of them is.
        if _ENCODER.encode(value) == text and unicodedata.is_normalized("NFC", text):
            return value
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise NotCanonical(f"not canonical: {error}") from error
    raise NotCanonical("not the canonical bytes of a value")


def parse(data: bytes) -> Entry:
    """Return the entry that encodes to exactly `data`. Raises NotCanonical for any other bytes."""
    try:
        match = _ENTRY.fullmatch(data.decode("utf-8"))
        if match is None:
            raise NotCanonical("not the form of an entry")
        action, actor, at, chain, facts, previous, rows, sequence, subject = match.groups()
        entry = object.__new__(Entry)  # what `Entry` would look at, the match has
        entry.__dict__.update(
            action=action,
            actor=actor,
            at=datetime.fromisoformat(at),
            chain=chain,
            facts=MappingProxyType(_facts(facts)),
            previous=previous,
            rows=tuple(map(RowDigest._make, _ROWS.findall(rows))) if rows else (),
            sequence=_integer(int(sequence)),
            subject=subject,
            version=VERSION,
        )
    except ValueError as error:
        raise NotCanonical(f"not an entry: {error}") from error
    return entry


def _facts(text: str) -> dict[str, Any]:
    """Facts out of their canonical text. Nearly all are flat, and one look tells that they are."""
    if _FLAT.fullmatch(text) and unicodedata.is_normalized("NFC", text):
        facts: dict[str, Any] = _DECODER.raw_decode(text)[0]
        names = list(facts)
        if len(names) == text.count('":') and names == sorted(names):
            return facts
    facts = decoded(text.encode("utf-8"))
    _refuse_prose(facts)
    return facts


class Kind(StrEnum):
    """What happened to a chain at its first break."""

    EDITED = "edited"
    MISSING = "missing"
    INSERTED = "inserted"
    REORDERED = "reordered"


@dataclass(frozen=True)
class Break:
    """The first place where a chain is not as it was written."""

    kind: Kind
    sequence: int
    why: str


@dataclass(frozen=True)
class Findings:
    """How far a chain holds: `entries` unbroken ones, the digest of the last, the first break."""

    entries: int
    head: str
    broken: Break | None

    @property
    def intact(self) -> bool:
        return self.broken is None


Stored = tuple[int, bytes, str]
"""An entry as a table keeps it: its sequence, its canonical bytes, its digest."""


def verify(
    entries: Iterable[Stored],
    *,
    chain: str | None = None,
    head: tuple[int, str] | None = None,
    after: tuple[int, str] | None = None,
) -> Findings:
    """Read a chain from its first entry, in stored order, and locate its first break.

    `chain` is the name expected (else the first entry's), `head` a sequence and digest kept
    elsewhere, without which the removal of the newest entries cannot be seen. `after` is the last
    entry of a walk that is gone on with, where `entries` do not begin with the first. Reads a
    stream and keeps one entry in memory.

    A number's own bytes are believed before the column beside them. A link that does not hold
    blames the earlier entry, since its successor testifies against it.
    """
    stream = iter(entries)
    count, last = after or (0, "" if chain is None else genesis(chain))
    for column, data, digest in stream:
        due = count + 1
        try:
            entry = parse(data)
        except NotCanonical as error:
            return Findings(count, last, Break(Kind.EDITED, due, str(error)))
        if entry_digest(data) != digest:
            return Findings(count, last, Break(Kind.EDITED, due, "bytes and digest disagree"))
        if chain is None:
            chain, last = entry.chain, genesis(entry.chain)
        broken = _place(entry, column, due, chain, last)
        if broken is not None and broken.kind is Kind.MISSING and _later(stream, due, last):
            broken = Break(Kind.REORDERED, due, f"entry {due} stands after later ones")
        if broken is None and head is not None and head[0] == due and head[1] != digest:
            broken = Break(Kind.EDITED, due, "not the entry that the kept head names")
        if broken is not None:
            return Findings(count, last, broken)
        count, last = due, digest
    if head is not None and head[0] > count:
        return Findings(count, last, Break(Kind.MISSING, count + 1, f"the head was {head[0]}"))
    return Findings(count, last, None)


def _place(entry: Entry, column: int, due: int, chain: str, last: str) -> Break | None:
    if entry.chain != chain:
        return Break(Kind.INSERTED, due, f"an entry of another chain, {entry.chain}")
    if entry.sequence < due:
        return Break(Kind.INSERTED, entry.sequence, f"a second entry {entry.sequence}")
    if entry.sequence > due:
        return Break(Kind.MISSING, due, f"entry {entry.sequence} stands where {due} should")
    if entry.previous != last:
        return Break(Kind.EDITED, max(due - 1, 1), f"entry {due} follows another predecessor")
    if column != entry.sequence:
        return Break(Kind.EDITED, due, f"stored as {column}, written as {entry.sequence}")
    return None


def _later(stream: Iterable[Stored], sequence: int, previous: str) -> bool:
    """Whether the entry that should have come now is further down the stream."""
    for _, data, digest in stream:
        try:
            entry = parse(data)
        except NotCanonical:
            continue
        if (entry.sequence, entry.previous) == (sequence, previous):
            return entry_digest(data) == digest
    return False


def _integer(value: int) -> int:
    if not -_LARGEST_INT <= value <= _LARGEST_INT:
        raise NotCanonical(f"the integer {value} is beyond 2^53 - 1")
    return int(value)


def _sequence(value: list[object] | tuple[object, ...]) -> list[object]:
    return [plain(item) for item in value]


def _mapping(value: Mapping[object, object]) -> dict[str, object]:
    result = {_key(key): plain(item) for key, item in value.items()}
    if len(result) != len(value):
        raise NotCanonical("two keys are the same text after normalisation")
    return result


def _by_likeness(value: object) -> object:
    """Of a type that only resembles one with a form: an enumeration, a named tuple, a proxy."""
    match value:
        case int():
            return _integer(value)
        case str():
            return _text(value)
        case UUID():
            return str(value)
        case datetime():
            return _moment(value)
        case date():
            return value.isoformat()
        case bytes():
            return value.hex()
        case list() | tuple():
            return _sequence(value)
        case Mapping():
            return _mapping(value)
        case _:
            raise NotCanonical(f"{type(value).__name__} has no canonical form")


def _text(value: str) -> str:
    if value.isascii():
        return value
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise NotCanonical("text with a lone surrogate") from error
    return unicodedata.normalize("NFC", value)


def _key(value: object) -> str:
    if not isinstance(value, str):
        raise NotCanonical(f"a key of type {type(value).__name__}")
    return _text(value)


def _moment(value: object) -> str:
    if not isinstance(value, datetime) or value.utcoffset() is None:
        raise NotCanonical("a moment needs its offset")
    return value.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def _match(pattern: re.Pattern[str], value: object, name: str) -> None:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise NotCanonical(f"{name} is not an identifier: {value!r}")


def _refuse_prose(value: object) -> None:
    """Facts are identifiers and numbers: whatever has a space in it belongs in a salted row."""
    match value:
        case str():
            _match(_FACT, value, "fact")
        case int() if abs(value) > _LARGEST_INT:
            raise NotCanonical(f"the integer {value} is beyond 2^53 - 1")
        case list():
            for item in value:
                _refuse_prose(item)
        case dict():
            for key, item in value.items():
                _match(_NAME, key, "fact's name")
                _refuse_prose(item)


def _refuse_number(literal: str) -> NoReturn:
    raise NotCanonical(f"{literal} is not an integer")


_DECODER = json.JSONDecoder(parse_float=_refuse_number, parse_constant=_refuse_number)
#: What is written most, by its exact type: a journal is made of these.
_PLAINLY: Mapping[type, Callable[[Any], object]] = {
    type(None): lambda value: value,
    bool: lambda value: value,
    int: _integer,
    str: _text,
    UUID: str,
    datetime: _moment,
    date: date.isoformat,
    bytes: bytes.hex,
    list: _sequence,
    tuple: _sequence,
    RowDigest: _sequence,
    dict: _mapping,
    MappingProxyType: _mapping,
}
_ENCODER = json.JSONEncoder(
    ensure_ascii=False,
    allow_nan=False,
    sort_keys=True,
    separators=(",", ":"),
    check_circular=False,  # what is written was just made anew, by `plain` or the decoder
)
