"""The journal: entries in their one form, salted row digests, and a hash chain anybody can check.

An entry holds identifiers, facts and salted digests of the evidence rows it changed, never
descriptive text: recall (ND 30/2020 Annex VI III.8) and archive law require that content can be
destroyed while the journal stays whole.

An entry's bytes are canonical (`workflow.rules.canonical`); its digest is SHA-256(0x00 || bytes),
the leaf hash of RFC 6962 §2.1, so that a Merkle tree can be built over the same digests.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from types import MappingProxyType
from typing import Any, NamedTuple

from workflow.rules.canonical import (
    LARGEST_INT,
    NotCanonical,
    canonical,
    decoded,
    moment,
    plain,
)

VERSION = 1
"""The only version of the entry's form; another form needs another number."""

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
        if type(self.sequence) is not int or not 1 <= self.sequence <= LARGEST_INT:
            raise NotCanonical("the sequence starts at 1")
        for name in _NAMES:
            _match(_NAME, getattr(self, name), name)
        _match(_DIGEST, self.previous, "previous")
        moment(self.at)
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
        # The names need no escape, so the form is written as it is read: see `_ENTRY`.
        rows = ",".join([f'["{row.table}","{row.id}","{row.digest}"]' for row in self.rows])
        return (
            f'{{"action":"{self.action}","actor":"{self.actor}","at":"{moment(self.at)}",'
            f'"chain":"{self.chain}","facts":{canonical(self.facts).decode()},'
            f'"previous":"{self.previous}","rows":[{rows}],"sequence":{self.sequence},'
            f'"subject":"{self.subject}","version":{self.version}}}'
        ).encode()

    @property
    def digest(self) -> str:
        """Hexadecimal SHA-256(0x00 || bytes)."""
        return entry_digest(self._encoded)


def entry_digest(data: bytes) -> str:
    """Return the digest of an entry's bytes as they are stored, readable or not."""
    return sha256(_LEAF + data).hexdigest()


def parse(data: bytes) -> Entry:
    """Return the entry that encodes to exactly `data`. Raises NotCanonical for any other bytes."""
    try:
        match = _ENTRY.fullmatch(data.decode("utf-8"))
        if match is None:
            raise NotCanonical("not the form of an entry")
        action, actor, at, chain, facts, previous, rows, number, subject = match.groups()
        sequence = int(number)
        if sequence > LARGEST_INT:
            raise NotCanonical("a sequence beyond 2^53 - 1")
        entry = object.__new__(Entry)  # what `Entry` would look at, the match has
        entry.__dict__.update(
            action=action,
            actor=actor,
            at=datetime.fromisoformat(at),
            chain=chain,
            facts=MappingProxyType(_facts(facts)),
            previous=previous,
            rows=tuple(map(RowDigest._make, _ROWS.findall(rows))) if rows else (),
            sequence=sequence,
            subject=subject,
            version=VERSION,
        )
    except ValueError as error:
        raise NotCanonical(f"not an entry: {error}") from error
    return entry


def _facts(text: str) -> dict[str, Any]:
    """Facts out of their canonical text. Nearly all are flat, and one look tells that they are."""
    if _FLAT.fullmatch(text) and unicodedata.is_normalized("NFC", text):
        facts: dict[str, Any] = json.loads(text)
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


def _match(pattern: re.Pattern[str], value: object, name: str) -> None:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise NotCanonical(f"{name} is not an identifier: {value!r}")


def _refuse_prose(value: object) -> None:
    """Facts are identifiers and numbers: whatever has a space in it belongs in a salted row."""
    match value:
        case str():
            _match(_FACT, value, "fact")
        case int() if abs(value) > LARGEST_INT:
            raise NotCanonical(f"the integer {value} is beyond 2^53 - 1")
        case list():
            for item in value:
                _refuse_prose(item)
        case dict():
            for key, item in value.items():
                _match(_NAME, key, "fact's name")
                _refuse_prose(item)
