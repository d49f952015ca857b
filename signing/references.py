"""Where the objects of a file are referred to, read from the bytes: every revision, once.

The question behind it: whoever changes or adds an object, who else looks at it? Walking the whole
document to answer it costs more than everything else; finding ` R` in its bytes costs 1 ms per MB.
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from collections.abc import Collection, Iterator
from functools import cached_property
from itertools import chain
from typing import NamedTuple

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.decode_limits import DecodePurpose
from pyhanko.pdf_utils.xref import ObjStreamRef, XRefSectionData, read_object_header

from signing.errors import UnreadablePdf
from signing.reading import CHUNK_BYTES, Reader
from signing.xrefs import offsets

#: Number and generation of an object.
Key = tuple[int, int]

# ISO 32000-2 §7.2.3: white space, and a comment, may stand between the tokens of a reference.
_WHITES = b"\0\t\n\f\r "
_WHITE = rb"[\0\t\n\f\r ]"
_GAP = rb"(?:" + _WHITE + rb"|%[^\r\n]*+[\r\n])++"
_REFERENCE = re.compile(rb"(?<!\d)(\d++)" + _GAP + rb"\d++" + _GAP + rb"\Z")
_PLAIN = re.compile(rb"(?<!\d)(\d{1,10}+) \d{1,5}+ \Z")
_USUAL_BYTES = 20
_LONGEST_REFERENCE = 4096
_MOST_PLACES = 200_000


class Holder(NamedTuple):
    """An object, as it stands at one location, that refers to another; None: a trailer.

    `place` is how far into the file the reference stands, None within an object stream.
    """

    key: Key | None
    location: int | ObjStreamRef
    place: int | None


class References:
    """References to `wanted` object numbers, in the whole file. Raises what its parser raises."""

    def __init__(self, reader: Reader, wanted: Collection[int]) -> None:
        self._reader = reader
        self.wanted = frozenset(wanted)
        self._ends: dict[int, int] = {}

    def to(self, key: Key, revision: int) -> Iterator[Key | None]:
        """Objects that, as of a revision, refer to one; None for a trailer."""
        for holder in self._found.get(key[0], ()):
            if holder.key is None or (
                holder.location == self._location(holder.key, revision) and self._within(holder)
            ):
                yield holder.key

    def _within(self, holder: Holder) -> bool:
        """Whether the reference stands in the object, and not in one that nobody lists, after it.

        Asked of the parser: what an object looks like to whoever searches it can be forged.
        """
        start = holder.location
        if holder.place is None or isinstance(start, ObjStreamRef):
            return True
        if holder.key is not None and holder.key[0] in self._containers:
            return False  # what stands in it was found there
        if start not in self._ends:
            self._ends[start] = self._end(start)
        return holder.place < self._ends[start]

    def _end(self, start: int) -> int:
        stream = self._reader.stream
        stream.seek(start)
        try:
            number, generation = read_object_header(stream, strict=False)
            generic.read_object(stream, generic.Reference(number, generation, self._reader))
        except Exception:
            return sys.maxsize  # cannot be told apart, then it counts
        return int(stream.tell())

    def _location(self, key: Key, revision: int) -> int | ObjStreamRef | None:
        reference = generic.Reference(*key, pdf=self._reader)
        return self._reader.xrefs.get_historical_ref(reference, revision)

    @cached_property
    def _found(self) -> dict[int, list[Holder]]:
        found: dict[int, list[Holder]] = {}
        everywhere = chain(self._in_bytes(), self._in_containers())
        for place, (number, holder) in enumerate(everywhere):
            if place > _MOST_PLACES:
                raise UnreadablePdf("tệp có quá nhiều tham chiếu trùng lặp.")
            found.setdefault(number, []).append(holder)
        return found

    def _in_bytes(self) -> Iterator[tuple[int, Holder]]:
        stream, start, before = self._reader.stream, 0, b""
        stream.seek(0)
        while chunk := stream.read(CHUNK_BYTES):
            data = before + chunk
            offset = start - len(before)
            for number, place in self._scanned(data, len(before)):
                yield number, self._holder(offset + place)
            start += len(chunk)
            before = data[-_LONGEST_REFERENCE:]

    @cached_property
    def _containers(self) -> dict[int, int]:
        """Object streams, with the revision that uses them."""
        xrefs = self._reader.xrefs
        return {
            number: revision
            for revision in range(xrefs.total_revisions)
            for number in containers(xrefs.get_xref_data(revision))
        }

    def _in_containers(self) -> Iterator[tuple[int, Holder]]:
        for number, revision in self._containers.items():
            yield from self._in_container(number, revision)

    def _in_container(self, number: int, revision: int) -> Iterator[tuple[int, Holder]]:
        """Objects in an object stream (§7.5.7) start where its header says."""
        reference = generic.Reference(number, 0, self._reader)
        container = self._reader.get_historical_resolver(revision)(reference)
        if not isinstance(container, generic.StreamObject):
            return
        data = container.read_data(DecodePurpose.OBJECT_STREAM)
        first, count = int(container["/First"]), int(container["/N"])
        header = [int(token) for token in data[:first].split()[: 2 * count]]
        starts = sorted(
            (first + place, index, own)
            for index, (own, place) in enumerate(zip(header[::2], header[1::2], strict=False))
        )
        for wanted, place in self._scanned(data, 0):
            at = bisect_right(starts, (place, len(starts), 0)) - 1
            if at >= 0:
                _, index, own = starts[at]
                yield wanted, Holder((own, 0), ObjStreamRef(number, index), None)

    def _scanned(self, data: bytes, start: int) -> Iterator[tuple[int, int]]:
        """Numbers referred to, with their places, where the reference ends beyond `start`."""
        for place in _ends(data, max(0, start - 1)):
            found = _PLAIN.search(data, max(0, place - _USUAL_BYTES), place)
            if found is None:
                # Something else between the tokens, or no reference at all.
                near = data[max(0, place - _LONGEST_REFERENCE) : place]
                if _may_refer(near):
                    found = _REFERENCE.search(near)
            if found and int(found[1]) in self.wanted:
                yield int(found[1]), place

    def _holder(self, place: int) -> Holder:
        starts, keys = self._objects
        at = bisect_right(starts, place) - 1
        return Holder(keys[at], starts[at], place) if at >= 0 else Holder(None, 0, place)

    @cached_property
    def _objects(self) -> tuple[list[int], list[Key | None]]:
        """Where every object of every revision starts, and every trailer, in order."""
        found: dict[int, Key | None] = {}
        xrefs = self._reader.xrefs
        for revision in range(xrefs.total_revisions):
            section = xrefs.get_xref_data(revision)
            found.update(
                (offset, (number, generation)) for number, generation, offset in offsets(section)
            )
            found[xrefs.get_xref_container_info(revision).start_location] = None
            if section.hybrid:
                found[section.hybrid.meta_info.start_location] = None
        starts = sorted(found)
        return starts, [found[start] for start in starts]


def containers(section: XRefSectionData) -> set[int]:
    """Numbers of the object streams that a revision's cross-references point into."""
    hybrid = section.hybrid
    return section.obj_streams_used | (hybrid.xref_data.obj_streams_used if hybrid else set())


def _ends(data: bytes, start: int) -> Iterator[int]:
    """Places of an R after white space; `find` is twenty times as fast as an expression."""
    place = data.find(b"R", start + 1)
    while place >= 0:
        if data[place - 1] in _WHITES:
            yield place
        place = data.find(b"R", place + 1)


def _may_refer(near: bytes) -> bool:
    """Whether a digit, or a comment that has ended, stands before the last white space.

    In a picture there are a hundred R after white space per MB, and the search takes 0.1 ms.
    """
    before = near.rstrip(_WHITES)
    line = before[max(before.rfind(b"\r"), before.rfind(b"\n")) + 1 :]
    gap = near[len(before) :]
    return line[-1:].isdigit() or (b"%" in line and (b"\r" in gap or b"\n" in gap))
