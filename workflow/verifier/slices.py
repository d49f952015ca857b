"""One slice of a chain with its rows, read by whichever process is free.

Every entry is parsed in its one canonical form and linked to the one before, every row digested as
its entry says. What the books need of it is told in short; the rest is dropped here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from msgspec import Struct

from workflow.rules import journal
from workflow.rules.canonical import NotCanonical
from workflow.verifier.archive import Archive, Listed, Members
from workflow.verifier.findings import Finding, Found, Rule
from workflow.verifier.rows import Told, read_row
from workflow.verifier.scope import SYSTEM

SELECTED = frozenset(
    """register_entry number_void register_fact report revision signing_intent signing_outcome
    relation reconciliation indicator_exclusion indicator_snapshot
    snapshot_report""".split()  # noqa: SIM905
)
"""The tables whose rows are in a bundle: written once, and what the indicator is stated from."""

CLOCKS_APART = timedelta(hours=1)
"""So much earlier than the one before it an entry may be: it is written where another clock is."""

_LONGEST_ENTRY = 1 << 20
_BEGIN = b'{"columns":'
_END = re.compile(
    rb',"id":"(?P<id>[!#-\[\]-~]{1,200})","salt":"(?P<salt>(?:[0-9a-f]{2}){16,64})"'
    rb',"table":"(?P<table>[a-z_]{1,64})"\}\Z'
)
_LONGEST_END = 500


@dataclass(frozen=True)
class Slice:
    """What to read: `count` entries of a chain from `first` on; no rows where they are not in.

    `whole`: the reports are wanted as they are, to judge files again.
    """

    chain: str
    first: int
    count: int
    entries: str
    rows: str | None
    whole: bool = False

    @property
    def organisation(self) -> str:
        """Whose it is; "" for the system's."""
        return "" if self.chain == SYSTEM else self.chain


class Event(Struct, frozen=True):
    """An entry that the books look at, with the rows it digests as far as they are there.

    `named` are (table, id) of what it digests where the rows are not in the bundle.
    """

    sequence: int
    at: datetime
    action: str
    subject: str
    facts: dict[str, Any]
    rows: list[Told]
    named: list[tuple[str, str]]


class Read(Struct):
    """A slice as it was read: where it links, and what the books need of it."""

    previous: str = ""
    last: str = ""
    count: int = 0
    rows: int = 0
    earliest: datetime | None = None
    latest: datetime | None = None
    broken: bool = False
    events: list[Event] = []
    findings: list[Finding] = []


def read(members: Members, listed: Mapping[str, Listed], asked: Slice) -> Read:
    """Read one slice. Whatever is wrong with it is in the answer."""
    found = Found()
    archive = Archive(members, listed, found)
    answer = Read()
    entries = list(_entries(archive, asked, answer))
    if asked.rows is None:
        answer.events = [
            _event(entry, [], [(row.table, row.id) for row in entry.rows if row.table in SELECTED])
            for entry in entries
            if _matters(entry.action) or any(row.table in SELECTED for row in entry.rows)
        ]
    else:
        _with_rows(archive, asked, asked.rows, entries, answer)
    answer.findings = list(found.kept)
    return answer


def _entries(archive: Archive, asked: Slice, answer: Read) -> Iterator[journal.Entry]:
    """The entries that are entries; whether each stands where it should is in `answer`."""
    last = None
    for data in archive.lines(asked.entries, asked.organisation):
        answer.count += 1
        if answer.count > asked.count or len(data) > _LONGEST_ENTRY:
            answer.broken = True
            continue  # the rest is still compared with the manifest
        try:
            entry = journal.parse(data)
        except NotCanonical:
            answer.broken, last = True, None
            continue
        if last is None:
            answer.previous = answer.previous or entry.previous
        answer.broken |= (
            entry.sequence != asked.first + answer.count - 1
            or entry.chain != asked.chain
            or (last is not None and entry.previous != last)
        )
        last = journal.entry_digest(data)
        yield entry
        if answer.latest is None or answer.earliest is None:
            answer.earliest = answer.latest = entry.at
        elif entry.at > answer.latest:
            answer.latest = entry.at
        elif entry.at < answer.earliest:
            answer.earliest = entry.at
        if entry.at < answer.latest - CLOCKS_APART:
            place = f"{entry.chain}#{entry.sequence}"
            detail = f"{entry.at} after {answer.latest}"
            archive.found.add(Rule.CLOCK_BACK, place, asked.organisation, detail)
    answer.last = last or ""
    answer.broken |= answer.count != asked.count


_UNREADABLE = {"report": Rule.REPORT_WRONG, "register_fact": Rule.FACT_WRONG}
_EVENTS = ("outgoing.", "incoming.")
_FACTS = frozenset(
    "case target files ordinal destroyed certificate owner organisation".split()  # noqa: SIM905
)
_SINGLE = frozenset({"certificate.added", "issuer.added", "register.restated"})


def _matters(action: str) -> bool:
    return action.startswith(_EVENTS) or action in _SINGLE


def _event(entry: journal.Entry, rows: list[Told], named: list[tuple[str, str]]) -> Event:
    facts = {name: value for name, value in entry.facts.items() if name in _FACTS}
    return Event(entry.sequence, entry.at, entry.action, entry.subject, facts, rows, named)


def _with_rows(
    archive: Archive, asked: Slice, name: str, entries: list[journal.Entry], answer: Read
) -> None:
    """Every selected row that the entries digest, exactly once and in their order."""
    wanted = [
        (entry.sequence, row) for entry in entries for row in entry.rows if row.table in SELECTED
    ]
    told: dict[int, list[Told]] = {}
    there: list[tuple[str, str]] = []
    elsewhere: dict[tuple[str, str], tuple[int, journal.RowDigest]] | None = None
    owner = asked.organisation
    for line in archive.lines(name, owner):
        answer.rows += 1
        if len(there) > len(wanted):
            continue  # compared with the manifest, and told of below
        end = _END.search(line, max(len(line) - _LONGEST_END, 0))
        if end is None or not line.startswith(_BEGIN):
            archive.found.add(Rule.ROW_EDITED, name, owner, f"line {answer.rows} is no row")
            there.append(("", str(answer.rows)))
            continue
        row_id, salt, table = end.groups()
        named = (table.decode(), row_id.decode())
        expected = wanted[len(there)] if len(there) < len(wanted) else None
        there.append(named)
        if expected is None or expected[1][:2] != named:  # told of below, if it is nowhere
            if elsewhere is None:
                elsewhere = {one[1][:2]: one for one in wanted}
            expected = elsewhere.get(named)
            if expected is None:
                continue
        sequence, row = expected
        columns = line[len(_BEGIN) : end.start()]
        # As `journal.row_digest`, over the very bytes: they are canonical if the digest is right.
        salted = b'["vanthu.row.1","%b","%b",%b]' % (salt, table, columns)
        if sha256(salted).hexdigest() != row.digest:
            place = f"{asked.chain}#{sequence}"
            archive.found.add(Rule.ROW_EDITED, " ".join(named), owner, place)
            continue
        try:
            seen = read_row(*named, columns, whole=asked.whole)
        except (ValueError, RecursionError) as fault:
            rule = _UNREADABLE.get(named[0], Rule.ENTRY_WRONG)
            archive.found.add(rule, " ".join(named), owner, f"{type(fault).__name__}: {fault}")
            continue
        if seen is not None:
            told.setdefault(sequence, []).append(seen)
    _compare([row[:2] for _, row in wanted], there, archive.found, name, owner)
    answer.events = [
        _event(entry, told.get(entry.sequence, []), [])
        for entry in entries
        if _matters(entry.action) or entry.sequence in told
    ]


def _compare(
    wanted: list[tuple[str, str]],
    there: list[tuple[str, str]],
    found: Found,
    name: str,
    owner: str,
) -> None:
    if wanted == there:
        return
    missing, more = Counter(wanted) - Counter(there), Counter(there) - Counter(wanted)
    for table, row_id in missing:
        found.add(Rule.ROW_MISSING, f"{table} {row_id}", owner, name)
    for table, row_id in more:
        found.add(Rule.ROW_INSERTED, f"{table} {row_id}".strip(), owner, name)
    if not missing and not more:
        place = next(b for a, b in zip(wanted, there, strict=True) if a != b)
        found.add(Rule.ROW_REORDERED, f"{place[0]} {place[1]}", owner, name)
