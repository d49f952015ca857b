"""The cross-references of one revision, left as the bytes they are (ISO 32000-2 §7.5.4, §7.5.8).

pyHanko makes an entry of its own for every object: 2.5 µs and 256 bytes each. Here an entry is read
when it is asked for. `Section` answers in the words of pyHanko's XRefSectionData, so that pyHanko's
own checks of revisions against each other run over it, as strictly as ever.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from itertools import accumulate, chain, pairwise, repeat
from typing import NamedTuple, Protocol, TypeVar, cast

from pyhanko.pdf_utils.xref import ObjStreamRef, XRefSectionData

from signing.columns import Column, NotLazy

__all__ = ["ENTRY_BYTES", "Section", "StreamRows", "TableRows", "offsets"]

# Of a classic table (§7.5.4), with any of three ends of line.
ENTRY_BYTES = 20
_SHAPES = [b"0000000000 00000 n" + end for end in (b" \n", b" \r", b"\r\n")]
_TO_SHAPE = bytes.maketrans(b"0123456789f", b"0000000000n")
_NOT_ZERO = re.compile(rb"[^0]")
_FREE_MARK = re.compile(rb"f")
_IN_USE = ord("n")

# What the first field of an entry says (table 18).
_FREE, _STANDARD, _IN_STREAM = 0, 1, 2
_HIGHEST_GENERATION = 0xFFFF


_Value = TypeVar("_Value")


class _Entry(NamedTuple):
    """The three fields of a cross-reference (table 18)."""

    kind: int
    second: int
    third: int


class _Rows(Protocol):
    """Entries in the order of the file."""

    def __getitem__(self, row: int, /) -> _Entry: ...

    def odd(self) -> Iterator[int]:
        """Rows that are free or of a generation above 0: few, and all that the checks look at."""
        ...

    def each(self) -> Iterator[tuple[int, int, int]]:
        """The three fields of every row, faster than row by row."""
        ...


class TableRows:
    """The entries of a classic table. Raises NotLazy unless each is of the prescribed form."""

    def __init__(self, subsections: Sequence[bytes]) -> None:
        for raw in subsections:
            shape, count = raw.translate(_TO_SHAPE), len(raw) // ENTRY_BYTES
            if not any(shape == form * count for form in _SHAPES):
                raise NotLazy("table")
        self._raw = b"".join(subsections)

    def __getitem__(self, row: int) -> _Entry:
        entry = self._raw[row * ENTRY_BYTES : (row + 1) * ENTRY_BYTES]
        kind = _STANDARD if entry[17:18] == b"n" else _FREE
        return _Entry(kind, int(entry[:10]), int(entry[11:16]))

    def odd(self) -> Iterator[int]:
        """Rows that are free or of a generation above 0."""
        columns = [(_FREE_MARK, 17), *((_NOT_ZERO, place) for place in range(11, 16))]
        found = (
            match.start()
            for pattern, place in columns
            for match in pattern.finditer(self._raw[place::ENTRY_BYTES])
        )
        return iter(sorted(set(found)))

    def each(self) -> Iterator[tuple[int, int, int]]:
        """The three fields of every row."""
        raw = self._raw
        for start in range(0, len(raw), ENTRY_BYTES):
            kind = _STANDARD if raw[start + 17] == _IN_USE else _FREE
            yield kind, int(raw[start : start + 10]), int(raw[start + 11 : start + 16])


class StreamRows:
    """The entries of a cross-reference stream, by column: the type, then the other two fields."""

    def __init__(self, columns: Sequence[Column], second_bytes: int) -> None:
        self._types = columns[0]
        self._seconds = columns[1 : 1 + second_bytes]
        self._thirds = columns[1 + second_bytes :]

    def __getitem__(self, row: int) -> _Entry:
        return _Entry(
            self._types[row],
            # pyHanko takes a number of eight bytes as signed.
            int.from_bytes(
                [column[row] for column in self._seconds], signed=len(self._seconds) == 8
            ),
            int.from_bytes([column[row] for column in self._thirds]),
        )

    def odd(self) -> Iterator[int]:
        """Rows that are free or of a generation above 0."""
        for kind, start, end in self._types.runs():
            if kind == _FREE:
                yield from range(start, end)
            elif kind == _STANDARD and not all(third.zero(start, end) for third in self._thirds):
                rows = range(start, end)
                yield from (row for row in rows if any(third[row] for third in self._thirds))

    def each(self) -> Iterator[tuple[int, int, int]]:
        """The three fields of every row."""
        signed = len(self._seconds) == 8
        seconds = zip(*(column.values() for column in self._seconds), strict=True)
        types = self._types.values()
        thirds = zip(*(column.values() for column in self._thirds), strict=True)
        padded = thirds if self._thirds else repeat(())
        for kind, second, third in zip(types, seconds, padded, strict=False):
            yield kind, int.from_bytes(second, signed=signed), int.from_bytes(third)


class Section(XRefSectionData):
    """One revision's cross-references: pyHanko's dictionaries, looked up instead of filled.

    `spans` are first object number and length of each subsection. Raises NotLazy when they are out
    of order or overlap, or a generation is impossible.
    """

    def __init__(self, spans: Sequence[tuple[int, int]], rows: _Rows) -> None:
        if any(first + count > after for (first, count), (after, _) in pairwise(spans)):
            raise NotLazy("subsections")
        self._firsts = [first for first, _ in spans]
        self._starts = list(accumulate((count for _, count in spans), initial=0))
        self._rows = rows
        # All that pyHanko does with these dictionaries and this set is ask them.
        self.standard_xrefs = cast(
            "dict[int, tuple[int, int]]",
            _View(self, _STANDARD, lambda entry: (entry.third, entry.second)),
        )
        self.xrefs_in_objstm = cast(
            "dict[int, ObjStreamRef]",
            _View(self, _IN_STREAM, lambda entry: ObjStreamRef(entry.second, entry.third)),
        )
        self.explicit_refs_in_revision = cast("set[tuple[int, int]]", _Explicit(self))
        self.hybrid = None
        self.freed = {}
        self._raised: list[tuple[int, int]] = []
        for row in rows.odd():
            kind, _, generation = rows[row]
            if generation > _HIGHEST_GENERATION:
                raise NotLazy("generation")
            number = self._number(row)
            if number and kind == _FREE:
                self.freed[number] = generation
            elif number:
                self._raised.append((number, generation))

    def higher_generation_refs(self) -> Iterator[tuple[int, int]]:
        """Number and generation of the objects whose generation is above 0."""
        return iter(self._raised)

    @property
    def obj_streams_used(self) -> set[int]:  # type: ignore[override]  # listed when asked for
        """Numbers of the object streams that entries point into."""
        return {second for kind, second, _ in self._rows.each() if kind == _IN_STREAM}

    def offsets(self) -> Iterator[tuple[int, int, int]]:
        """Number, generation and offset of the objects that stand in the file themselves."""
        for number, (kind, second, third) in zip(self.numbers(), self._rows.each(), strict=True):
            if kind == _STANDARD and number:
                yield number, third, second

    def entry(self, number: int) -> _Entry:
        """The entry of an object. Raises KeyError when there is none; number 0 is nobody's."""
        part = bisect_right(self._firsts, number) - 1
        if number <= 0 or part < 0:
            raise KeyError(number)
        row = self._starts[part] + number - self._firsts[part]
        if row >= self._starts[part + 1]:
            raise KeyError(number)
        return self._rows[row]

    def numbers(self) -> Iterator[int]:
        """The object numbers of all entries."""
        lengths = (after - start for start, after in pairwise(self._starts))
        spans = zip(self._firsts, lengths, strict=True)
        return chain.from_iterable(range(first, first + length) for first, length in spans)

    def _number(self, row: int) -> int:
        part = bisect_right(self._starts, row) - 1
        return self._firsts[part] + row - self._starts[part]


def offsets(section: XRefSectionData) -> Iterator[tuple[int, int, int]]:
    """Number, generation and offset of the objects that a revision places in the file itself."""
    if isinstance(section, Section):
        yield from section.offsets()
    else:
        for number, (generation, offset) in section.standard_xrefs.items():
            yield number, generation, offset
    if section.hybrid:
        yield from offsets(section.hybrid.xref_data)


class _View(Mapping[int, _Value]):
    """Object number -> what the entry says, for entries of one kind."""

    def __init__(self, section: Section, kind: int, value: Callable[[_Entry], _Value]) -> None:
        self._section = section
        self._kind = kind
        self._value = value

    def __getitem__(self, number: int) -> _Value:
        entry = self._section.entry(number)
        if entry.kind != self._kind:
            raise KeyError(number)
        return self._value(entry)

    def __iter__(self) -> Iterator[int]:
        return (number for number in self._section.numbers() if number in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class _Explicit(Set[tuple[int, int]]):
    """Number and generation of everything that a section speaks of, in use or freed."""

    def __init__(self, section: Section) -> None:
        self._section = section

    def __contains__(self, reference: object) -> bool:
        number, generation = cast("tuple[int, int]", reference)
        try:
            return self._generation(number) == generation
        except KeyError:
            return False

    def __iter__(self) -> Iterator[tuple[int, int]]:
        for number in self._section.numbers():
            with suppress(KeyError):
                yield number, self._generation(number)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _generation(self, number: int) -> int:
        kind, _, third = self._section.entry(number)
        # A free entry names the generation with which the number may be used next.
        return {_FREE: third - 1, _STANDARD: third, _IN_STREAM: 0}[kind]
