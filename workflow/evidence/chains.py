"""Chains in slices: the entries as they are stored, and the rows that they digest."""

from __future__ import annotations

import json
import uuid
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from sqlalchemy import select

from workflow.evidence.archive import Member
from workflow.evidence.names import Names, Tombstone
from workflow.office import Office, Reading
from workflow.records import (
    AppendOnly,
    IndicatorExclusion,
    IndicatorSnapshot,
    JournalEntry,
    NumberVoid,
    Reconciliation,
    RegisterEntry,
    RegisterFact,
    Relation,
    Report,
    Revision,
    SigningIntent,
    SigningOutcome,
    SnapshotReport,
    digested,
)
from workflow.rules.canonical import canonical

SLICE = 5000
"""How many entries a member holds."""
SELECTED: Mapping[str, type[AppendOnly]] = {
    kind.__tablename__: kind
    for kind in (
        RegisterEntry,
        NumberVoid,
        RegisterFact,
        Report,
        Revision,
        SigningIntent,
        SigningOutcome,
        Relation,
        Reconciliation,
        IndicatorExclusion,
        IndicatorSnapshot,
        SnapshotReport,
    )
}
"""Tables whose rows an auditor is given: written once, so that their only digest is there."""
# Of reports there may be a hundred kilobytes each.
_ROWS_AT_ONCE = 200


def sliced(
    office: Office, chain: str, head: int, rows_from: int, names: Names
) -> Iterator[tuple[Member, int]]:
    """A chain up to its head: of each slice a member of entries and, from `rows_from` on, of rows.

    With each goes how many entries are done with it. Tombstones are put into `names`.
    """
    for first, stored in _slices(office, chain, head):
        lines = (content + b"\n" for content in stored)
        yield Member(f"chains/{chain}/{first:09}.jsonl", lines), len(stored)
        named: list[tuple[str, uuid.UUID]] = []
        for entry in map(read, stored):
            named += _selected(entry)
            for tombstone in tombstones(chain, entry):
                names.bury(tombstone)
        if first >= rows_from:
            yield Member(f"rows/{chain}/{first:09}.jsonl", _rows(office, named)), 0


def first_since(office: Office, chain: str, head: int, cutoff: datetime) -> int:
    """The first entry of the first slice that does not end before `cutoff`."""

    def end(number: int) -> datetime:
        stored = _stored(office, chain, number * SLICE + 1, min((number + 1) * SLICE, head))
        at = read(stored[-1]).get("at") if stored else None
        # What cannot be read is for the verifier to find: it is put in.
        return datetime.fromisoformat(at) if isinstance(at, str) else cutoff

    return bisect_left(range(-(-head // SLICE)), cutoff, key=end) * SLICE + 1


def entries(
    office: Office, chain: str, head: int, wanted: Callable[[bytes], bool], first: int = 1
) -> Iterator[Mapping[str, Any]]:
    """What those entries say, from the first on up to the head, whose bytes are wanted."""
    for _, stored in _slices(office, chain, head, first):
        yield from map(read, filter(wanted, stored))


def read(content: bytes) -> Mapping[str, Any]:
    """What an entry says, as far as can be read: an altered one is handed on, and found there."""
    try:
        entry = json.loads(content)
    except ValueError:
        return {}
    return entry if isinstance(entry, dict) else {}


def tombstones(chain: str, entry: Mapping[str, Any]) -> Iterator[Tombstone]:
    """What an entry says was destroyed after a recall (ND 30/2020 Annex VI III.8)."""
    match entry:
        case {
            "facts": {"destroyed": [*digests]},
            "sequence": int(sequence),
            "subject": str(document),
        }:
            for sha256 in digests:
                yield Tombstone(uuid.UUID(chain), document, str(sha256), sequence)


def _slices(
    office: Office, chain: str, head: int, begin: int = 1
) -> Iterator[tuple[int, Sequence[bytes]]]:
    for first in range(begin, head + 1, SLICE):
        yield first, _stored(office, chain, first, min(first + SLICE - 1, head))


def _stored(office: Office, chain: str, first: int, last: int) -> Sequence[bytes]:
    with office.reading(None) as reading:
        return reading.session.scalars(
            select(JournalEntry.content)
            .where(JournalEntry.chain == chain, JournalEntry.sequence.between(first, last))
            .order_by(JournalEntry.sequence)
        ).all()


def _selected(entry: Mapping[str, Any]) -> Iterator[tuple[str, uuid.UUID]]:
    rows = entry.get("rows")
    for row in rows if isinstance(rows, list) else ():
        match row:
            case [str(table), str(row_id), str()] if table in SELECTED:
                with suppress(ValueError):
                    yield table, uuid.UUID(row_id)


def _rows(office: Office, named: Sequence[tuple[str, uuid.UUID]]) -> Iterator[bytes]:
    """A line for each row that is there, in the order in which they are named."""
    for start in range(0, len(named), _ROWS_AT_ONCE):
        batch = named[start : start + _ROWS_AT_ONCE]
        lines: dict[tuple[str, uuid.UUID], bytes] = {}
        with office.reading(None) as reading:
            for table in dict.fromkeys(table for table, _ in batch):
                ids = [row_id for name, row_id in batch if name == table]
                for row_id, line in lines_of(reading, SELECTED[table], ids):
                    lines[table, row_id] = line
        yield b"".join(lines[key] for key in batch if key in lines)


def lines_of(
    reading: Reading, kind: type[AppendOnly], ids: Sequence[uuid.UUID]
) -> Iterator[tuple[uuid.UUID, bytes]]:
    """The lines of those rows that are there, in any order."""
    names = digested(kind)
    found = select(kind.salt, *(getattr(kind, name) for name in names)).where(kind.id.in_(ids))
    for salt, *values in reading.session.execute(found):
        columns = dict(zip(names, values, strict=True))
        row = {"table": kind.__tablename__, "id": columns["id"], "salt": salt, "columns": columns}
        yield columns["id"], canonical(row) + b"\n"
