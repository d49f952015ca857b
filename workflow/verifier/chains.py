"""Every chain of a bundle, slice by slice on every processor, and put together again in order."""

from __future__ import annotations

import gc
import os
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

from msgspec.msgpack import Decoder, Encoder

from workflow.rules import journal
from workflow.verifier.archive import (
    Archive,
    Listed,
    Members,
    Unreadable,
    ZipMembers,
    lines_of,
)
from workflow.verifier.findings import Found, Rule
from workflow.verifier.scope import SYSTEM, Ends, Scope, slices
from workflow.verifier.slices import CLOCKS_APART, Read, Slice, read

_FEW = 4
"""So many slices are read here: starting a process takes as long as reading one."""
_AHEAD = 3  # slices per process that are read before they are asked for
_KINDS = {
    journal.Kind.EDITED: Rule.CHAIN_EDITED,
    journal.Kind.MISSING: Rule.CHAIN_MISSING,
    journal.Kind.INSERTED: Rule.CHAIN_INSERTED,
    journal.Kind.REORDERED: Rule.CHAIN_REORDERED,
}


def slices_of(scope: Scope, *, whole: bool = False) -> list[Slice]:
    """What there is to read, in order; `whole` as in `Slice`."""
    return [
        Slice(chain, first, count, entries, rows, whole)
        for chain, length, rows_from in scope.chains()
        for first, count, entries, rows in slices(chain, length, rows_from)
    ]


def read_all(
    archive: Archive, asked: Sequence[Slice], path: Path | None
) -> Iterator[tuple[Slice, Read]]:
    """Every slice in order. With a path and many slices, all processors read."""
    wanted = [one for one in asked if one.entries in archive]
    for one in wanted:
        archive.read.update(name for name in (one.entries, one.rows) if name is not None)
    processes = os.cpu_count() or 1
    if path is None or len(wanted) <= _FEW or processes == 1:
        for one in wanted:
            yield one, read(archive.members, _listed(archive, one), one)
        return
    with _pool(processes, path) as pool:
        coming = ((one, pool.submit(_read, _listed(archive, one), one)) for one in wanted)
        waiting = deque(islice(coming, _AHEAD * processes))
        while waiting:
            one, answer = waiting.popleft()
            done = answer.result()
            waiting.extend(islice(coming, 1))
            yield one, _DECODER.decode(done)


def check_links(
    archive: Archive, scope: Scope, ends: Ends, found: Found, answers: Iterator[tuple[Slice, Read]]
) -> Iterator[tuple[Slice, Read]]:
    """Give the slices on, and see that they link from the first entry to the checkpoint's head.

    Where they do not, the chain is walked once more, one entry after the other, for the place.
    """
    last: dict[str, str] = {}
    latest: dict[str, datetime] = {}
    doubtful: set[str] = set()
    for asked, answer in answers:
        found.extend(answer.findings)
        before = last.get(asked.chain, journal.genesis(asked.chain))
        if answer.broken or answer.previous != before:
            doubtful.add(asked.chain)
        last[asked.chain] = answer.last
        _check_clock(asked, answer, latest.get(asked.chain), found)
        if answer.latest is not None:
            latest[asked.chain] = answer.latest
        yield asked, answer
    for chain, length, rows_from in scope.chains():
        owner = "" if chain == SYSTEM else chain
        sequence, digest = ends.get(chain, (length, ""))
        if chain in doubtful:
            members = [name for _, _, name, _ in slices(chain, length, rows_from)]
            _locate(archive.members, chain, members, ends.get(chain), found)
        elif length and digest and (sequence, digest) != (length, last.get(chain, "")):
            found.add(Rule.CHAIN_HEAD, f"{chain}#{length}", owner, f"the checkpoint has {digest}")


def _check_clock(asked: Slice, answer: Read, before: datetime | None, found: Found) -> None:
    """Time does not go back, or a document could be issued in another year than it was."""
    if before is not None and answer.earliest is not None and answer.latest is not None:
        if answer.earliest < before - CLOCKS_APART:
            found.add(
                Rule.CLOCK_BACK, f"{asked.chain}#{asked.first}", asked.organisation, str(before)
            )
        answer.latest = max(before, answer.latest)


def _locate(
    members: Members, chain: str, names: Sequence[str], head: tuple[int, str] | None, found: Found
) -> None:
    """The first break of a chain, as the archive check of the office tells it."""
    owner = "" if chain == SYSTEM else chain
    aside = Found()
    known = set(members.names)
    there = [name for name in names if name in known]
    archive = Archive(members, {}, aside)

    def stored() -> Iterator[journal.Stored]:
        place = 0
        for name in there:
            for data in _lines(archive, name):
                place += 1
                yield place, data, journal.entry_digest(data)

    broken = journal.verify(stored(), chain=chain, head=head).broken
    if broken is None:
        found.add(Rule.CHAIN_HEAD, chain, owner, "the slices are not cut where they should be")
    else:
        found.add(_KINDS[broken.kind], f"{chain}#{broken.sequence}", owner, broken.why)


def _lines(archive: Archive, name: str) -> Iterator[bytes]:
    try:
        yield from lines_of(archive.members.chunks(name), lambda _why: None)
    except Unreadable:
        return  # told of when it was read


def _listed(archive: Archive, asked: Slice) -> Mapping[str, Listed]:
    names = (asked.entries, asked.rows)
    return {name: archive.listed[name] for name in names if name is not None and name in archive}


# In the other processes.

_members: ZipMembers | None = None
# What they say is packed by the types it has: a fifth of what pickling it costs.
_ENCODER, _DECODER = Encoder(), Decoder(Read)


def _pool(processes: int, path: Path) -> ProcessPoolExecutor:
    # Never a copy of this process: it may have threads.
    context = get_context("spawn")
    return ProcessPoolExecutor(processes, context, initializer=_open, initargs=(path,))


def _open(path: Path) -> None:
    global _members
    gc.disable()  # see `without_collecting`; the process ends with the pool
    _members = ZipMembers(path)


@contextmanager
def without_collecting() -> Iterator[None]:
    """Millions of values come and go here without a circle; looking for one costs a quarter."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _read(listed: Mapping[str, Listed], asked: Slice) -> bytes:
    assert _members is not None
    return _ENCODER.encode(read(_members, listed, asked))
