"""The revisions of a file one after the other, and what each did to the one before it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import cached_property
from itertools import pairwise
from typing import BinaryIO

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.xref import XRefSectionType, read_object_header

from signing.difference import LEVELS, Changes, Comparison, Unexplained, spoken_of_in
from signing.overlay import check_overlay
from signing.permitted import changes_in
from signing.reading import CHUNK_BYTES, Reader
from signing.references import References
from signing.values import key_of, raw
from signing.xrefs import offsets

_MARK = re.compile(rb"startxref[\0\t\n\f\r ]+\d+[\0\t\n\f\r ]+%%EOF")
# With the white space before it: some writers list an object where that begins.
_OBJECT = re.compile(rb"(?:^|[\0\t\n\f\r ]+)(\d{1,10})[\0\t\n\f\r ]+\d{1,5}[\0\t\n\f\r ]+obj\b")
_SUBSECTION = re.compile(rb"[\0\t\n\f\r ]*(\d{1,10}) (\d{1,10})[\t ]*[\r\n]")
# Of a hexadecimal string, no part.
_NUMBER = re.compile(rb"(?<![0-9A-Za-z])[0-9]{1,20}(?![0-9A-Za-z])")
_LONGEST_HEAD = 2048
_WHITESPACE = b"\0\t\n\f\r "
_LONGEST_HEADER = 64
_LONGEST_MARK = 4096


class History:
    """What the revisions of a file after the `first` did; each is compared once, when asked for.

    Comparing raises Unexplained for what no rule allows, and whatever the parser of a hostile file
    raises.
    """

    def __init__(self, reader: Reader, first: int) -> None:
        self._reader = reader
        self.first = first
        self._done: dict[int, Changes | Exception] = {}
        self._total = reader.xrefs.total_revisions
        later = range(first + 1, self._total)
        spoken_of = {number for it in later for number, _ in spoken_of_in(reader, it)}
        # Of the catalogue it is always asked who holds it: one search for all.
        catalogue = key_of(raw(reader.trailer_view, "/Root"))
        self._references = References(reader, {*spoken_of, *(catalogue or ())[:1]})

    def after(self, revision: int) -> Changes:
        """All that the later revisions did together. Raises Unexplained."""
        together = Changes()
        for later in range(revision + 1, self._total):
            changes = self.step(later)
            together.level = max(together.level, changes.level, key=LEVELS.index)
            together.fields |= changes.fields
            together.widgets |= changes.widgets
        return together

    def step(self, revision: int) -> Changes:
        """What one revision did. Raises Unexplained."""
        if revision not in self._done:
            try:
                self._done[revision] = self._compared(revision)
            except Exception as fault:
                self._done[revision] = fault
        found = self._done[revision]
        if isinstance(found, Exception):
            raise found
        return found

    def _compared(self, revision: int) -> Changes:
        self._check_listing(revision)
        comparison = Comparison(self._reader, revision, self._references)
        changes = changes_in(comparison)
        ends = max(self.ends[:revision]), max(self.ends[: revision + 1])
        for key, widget in changes.widgets.items():
            try:
                check_overlay(comparison, ends, key, widget)
            except Unexplained:
                raise
            except Exception as fault:
                # What cannot be drawn says nothing against it, and nothing for it.
                raise Unexplained(f"{widget.field} cannot be drawn", "too_complex") from fault
        return changes

    @cached_property
    def ends(self) -> list[int]:
        """Where each revision ends, by its own end-of-file mark."""
        return [self._end(revision) for revision in range(self._total)]

    def _end(self, revision: int) -> int:
        stream = self._reader.stream
        place = self._reader.xrefs.get_xref_container_info(revision).end_location
        stream.seek(place)
        before = b""
        while chunk := stream.read(CHUNK_BYTES):
            data = before + chunk
            if mark := _MARK.search(data):
                return place - len(before) + mark.end()
            place += len(chunk)
            before = data[-_LONGEST_MARK:]
        return place

    @cached_property
    def two_faced(self) -> bool:
        """Whether some viewers start from the first cross-references, and others from the last.

        A file that was written for the web (ISO 32000-2, Annex F) is read from its front as long
        as it has the length that it states; whoever appends can choose when it has.
        """
        self._reader.stream.seek(0)
        # The number alone: the words around it can be written in a dozen ways.
        stated = {int(token) for token in _NUMBER.findall(self._reader.stream.read(_LONGEST_HEAD))}
        lengths = stated & {self._size, *self.ends[self.first :]}
        xrefs = self._reader.xrefs
        starts = [xrefs.get_xref_container_info(it).start_location for it in range(self._total)]
        # Of that much of the file, are the first cross-references also the last?
        return any(
            [start for start in starts if start < length][-1] != min(starts) for length in lengths
        )

    @cached_property
    def _size(self) -> int:
        return int(self._reader.stream.seek(0, os.SEEK_END))

    def bytes_after(self, covered_bytes: int) -> bool:
        """Whether anything but white space follows both a signature and the last revision."""
        stream = self._reader.stream
        stream.seek(max(covered_bytes, *self.ends))
        return any(
            chunk.strip(_WHITESPACE) for chunk in iter(lambda: stream.read(CHUNK_BYTES), b"")
        )

    # What different readers might take for different things

    def _check_listing(self, revision: int) -> None:
        """An appended object is listed, and once: there are readers who look for them."""
        xrefs = self._reader.xrefs
        if _listed_twice(self._reader, revision):
            raise Unexplained(f"revision {revision} lists an object twice")
        start = max(self.ends[:revision])
        end = xrefs.get_xref_container_info(revision).start_location
        section = xrefs.get_xref_data(revision)
        listed = {number: offset for number, _, offset in offsets(section)}
        for number, places in _objects(self._reader.stream, start, max(start, end)):
            if listed.get(number, -1) >= places.start:
                continue  # of two copies such a reader takes the last
            if number not in section.freed or set(self._references.to((number, 0), revision)):
                raise Unexplained(f"the object {number} at {places[-1]} is not listed")
        for number, generation in spoken_of_in(self._reader, revision):
            read_strictly(self._reader, number, generation, revision)


def reaches_beyond(reader: Reader, revision: int, size_bytes: int) -> bool:
    """Whether a revision up to this one places an object beyond the first `size_bytes`.

    What it means could be decided by whoever appends.
    """
    return any(
        offset >= size_bytes
        for it in range(revision + 1)
        for _, _, offset in offsets(reader.xrefs.get_xref_data(it))
    )


def read_strictly(reader: Reader, number: int, generation: int, revision: int) -> None:
    """Read an object as it is in a revision without forgiving anything.

    A key named twice, or what stands between the value and `endobj`, is read by some and by others
    not. Raises PdfReadError.
    """
    reference = generic.Reference(number, generation, pdf=reader)
    if reader.xrefs.get_historical_ref(reference, revision) is None:
        return
    if reader.strict and not reader.encrypted:
        reader.get_historical_resolver(revision)(reference)  # which keeps it
        return
    was = reader.strict
    reader.strict = True
    try:
        reader.get_object(reference, revision, transparent_decrypt=False)
    finally:
        reader.strict = was


def _objects(stream: BinaryIO, start: int, end: int) -> Iterator[tuple[int, range]]:
    """Numbers of the objects that seem to begin in some bytes.

    Each with its place: from the white space before it to its number.
    """
    stream.seek(start)
    offset, before = start, b""
    while offset < end and (chunk := stream.read(min(CHUNK_BYTES, end - offset))):
        data = before + chunk
        for found in _OBJECT.finditer(data):
            if found.end() > len(before):
                first = offset - len(before)
                yield int(found[1]), range(first + found.start(), first + found.start(1) + 1)
        offset += len(chunk)
        before = data[-_LONGEST_HEADER:]


def _listed_twice(reader: Reader, revision: int) -> bool:
    """Whether a revision's cross-references speak of one object in two places."""
    info = reader.xrefs.get_xref_container_info(revision)
    if info.xref_section_type == XRefSectionType.STREAM:
        # At its own place: there are writers who do not list it.
        reader.stream.seek(info.start_location)
        number, generation = read_object_header(reader.stream, strict=False)
        reference = generic.Reference(number, generation, reader)
        stream = generic.read_object(reader.stream, reference)
        if not isinstance(stream, generic.StreamObject):
            return True
        index = list(stream["/Index"]) if "/Index" in stream else [0, stream["/Size"]]
        spans = [(int(one), int(other)) for one, other in zip(index[::2], index[1::2], strict=True)]
    else:
        reader.stream.seek(info.start_location)
        table = reader.stream.read(info.end_location - info.start_location)
        spans, place = [], table.find(b"xref") + 4 if table.startswith(b"xref") else 0
        while header := _SUBSECTION.match(table, place):
            first, count = map(int, header.groups())
            spans.append((first, count))
            place = header.end() + 20 * count
        if table[place:].strip(_WHITESPACE) not in (b"", b"trailer"):
            return True  # what it lists depends on who reads it
    spans.sort()
    return any(first + count > after for (first, count), (after, _) in pairwise(spans))
