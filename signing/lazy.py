"""Opening a PDF to append to it, without listing its objects.

A signature touches a dozen objects, of 59,000 in a manual. Cross-references are looked up when they
are asked for; everything else is pyHanko's: it walks the revisions, checks them against each other,
and reads the objects. What is not certain to mean the same to the plain reader is not served.
"""

from __future__ import annotations

import io
import os
import re
from contextlib import suppress
from typing import BinaryIO, NamedTuple

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils import reader as plain
from pyhanko.pdf_utils.decode_limits import DecodeContext, DecodeLimits, DecodePurpose
from pyhanko.pdf_utils.misc import PdfReadError
from pyhanko.pdf_utils.reader import PdfFileReader as Reader
from pyhanko.pdf_utils.xref import (
    OBJSTREAM_FORBIDDEN,
    XRefBuilder,
    XRefCache,
    XRefSection,
    XRefSectionMetaInfo,
    XRefSectionType,
)

from signing.columns import NotLazy, columns
from signing.xrefs import ENTRY_BYTES, Section, StreamRows, TableRows

__all__ = ["NotLazy", "open_lazy"]

_SUBSECTION = re.compile(rb"[\0\t\n\f\r ]*(\d{1,10}) (\d{1,10})[\t ]*(?:\r\n|\r|\n)")
_TRAILER = re.compile(rb"[\0\t\n\f\r ]*trailer[\0\t\n\f\r ]*")
_LONGEST_HEADER = 64
_NUMBERS = re.compile(rb"[\t\n\f\r \d]*")


def open_lazy(stream: BinaryIO, decode_limits: DecodeLimits | None = None) -> Reader:
    """A strict reader that looks cross-references up; its answers are the plain reader's.

    Raises NotLazy for anything out of the ordinary: broken, encrypted, hybrid, or merely odd.
    """
    try:
        reader = _LazyReader(stream, decode_limits or DecodeLimits())
    except NotLazy:
        raise
    except Exception as fault:
        # What is wrong with the file, if anything, the plain reader says.
        raise NotLazy(repr(fault)) from fault
    if "/Encrypt" in reader.trailer:
        raise NotLazy("encrypted")
    return reader


class _Builder(XRefBuilder):
    """pyHanko's walk from the last revision to the first, keeping the entries as bytes."""

    def _read_xref_table(self, declared_startxref: int) -> int | None:
        stream = self.stream
        start_location = stream.tell()
        position = start_location
        spans: list[tuple[int, int]] = []
        tables: list[bytes] = []
        while True:
            stream.seek(position)
            head = stream.read(_LONGEST_HEADER)
            header = _SUBSECTION.match(head)
            if header is None:
                break
            first, count = map(int, header.groups())
            spans.append((first, count))
            tables.append(self._bytes(position + header.end(), count * ENTRY_BYTES))
            position = stream.tell()
        end = _TRAILER.match(head)
        if end is None or not spans:
            raise NotLazy("table")
        end_location = stream.seek(position + end.end())
        trailer = generic.DictionaryObject.read_from_stream(
            stream, generic.TrailerReference(self.handler)
        )
        size = int(trailer.raw_get("/Size"))
        if "/XRefStm" in trailer or sum(spans[-1]) > size:
            raise NotLazy("trailer")
        meta_info = XRefSectionMetaInfo(
            xref_section_type=XRefSectionType.STANDARD,
            size=size,
            declared_startxref=declared_startxref,
            start_location=start_location,
            end_location=end_location,
            stream_ref=None,
        )
        return self._add(meta_info, Section(spans, TableRows(tables)), trailer)

    def _bytes(self, start: int, size_bytes: int) -> bytes:
        if start + size_bytes > (self.handler.decode_context.input_size or 0):
            raise NotLazy("cut off")
        self.stream.seek(start)
        return bytes(self.stream.read(size_bytes))

    def _read_xref_stream(self, declared_startxref: int) -> int | None:
        start_location = self.stream.tell()
        reference, contents = self._read_xref_stream_object()  # type: ignore[no-untyped-call]
        end_location = self.stream.tell()
        size, widths = contents.raw_get("/Size"), list(contents.raw_get("/W"))
        index = list(contents.get("/Index", [0, size]))
        if not all(isinstance(number, int) and number >= 0 for number in (*index, *widths)):
            raise NotLazy("numbers")
        type_bytes, second_bytes, third_bytes = widths
        if type_bytes != 1 or not 1 <= second_bytes <= 8 or third_bytes > 7:
            raise NotLazy("widths")  # allowed, and unheard of
        spans = list(zip(index[::2], index[1::2], strict=True))
        rows = StreamRows(
            columns(
                contents,
                sum(count for _, count in spans),
                sum(widths),
                self.handler.decode_context,
            ),
            second_bytes,
        )
        meta_info = XRefSectionMetaInfo(
            xref_section_type=XRefSectionType.STREAM,
            size=int(size),
            declared_startxref=declared_startxref,
            start_location=start_location,
            end_location=end_location,
            stream_ref=reference,
        )
        return self._add(meta_info, Section(spans, rows), contents)

    def _add(
        self, meta_info: XRefSectionMetaInfo, section: Section, trailer: generic.DictionaryObject
    ) -> int | None:
        """Keep a revision; where the one before it has its cross-references, None at the first."""
        self.sections.append(XRefSection(meta_info, section))
        self.trailer.add_trailer_revision(trailer)
        previous: int | None = trailer.get(
            "/Prev"
        )  # the walk seeks there, which takes a number only
        return previous


class _Container(NamedTuple):
    """A decoded object stream: number and place of each object in its bytes."""

    contents: bytes
    numbers: list[int]
    places: list[int]


class _LazyReader(Reader):
    """pyHanko's reader over looked-up cross-references; an object stream is decoded once."""

    def __init__(self, stream: BinaryIO, decode_limits: DecodeLimits) -> None:
        # What Reader.__init__ does, which has no place for other cross-references.
        size_bytes = stream.seek(0, os.SEEK_END)
        self.stream = stream
        self.strict = True
        self.resolved_objects = {}
        self._security_handler = None
        self._decode_context = DecodeContext(decode_limits, input_size=size_bytes)
        self._input_version = None
        self._historical_resolver_cache = {}
        self._embedded_signatures = None
        self._containers: dict[int, _Container | None] = {}
        self._header_version = plain._read_header_version(stream)
        stream.seek(-1, os.SEEK_END)
        builder = _Builder(self, stream, True, plain.process_data_at_eof(stream))
        self.xrefs = XRefCache(self, builder.read_xrefs())  # type: ignore[no-untyped-call]
        self.last_startxref = builder.last_startxref
        self.trailer = builder.trailer
        self.has_xref_stream = builder.has_xref_stream

    def _get_object_from_stream(self, idnum: int, stmnum: int, idx: int) -> generic.PdfObject:
        if stmnum not in self._containers:
            self._containers[stmnum] = self._container(stmnum)
        container = self._containers[stmnum]
        if container and idnum in container.numbers and container.numbers.index(idnum) == idx:
            source = io.BytesIO(container.contents)
            source.seek(container.places[idx])
            with suppress(PdfReadError):
                found = generic.read_object(source, generic.Reference(idnum, 0, self))
                if not isinstance(found, OBJSTREAM_FORBIDDEN):
                    return found
        # The plain way raises what there is to raise.
        return super()._get_object_from_stream(idnum, stmnum, idx)  # type: ignore[no-any-return,no-untyped-call]

    def _container(self, number: int) -> _Container | None:
        """An object stream; None when it is not as it should be."""
        stream = generic.Reference(number, 0, self).get_object()
        if not isinstance(stream, generic.StreamObject) or stream["/Type"] != "/ObjStm":
            return None
        count, first = stream["/N"], stream["/First"]
        contents = stream.read_data(DecodePurpose.OBJECT_STREAM)
        header = contents[:first]
        if not _NUMBERS.fullmatch(header):
            return None
        values = [int(value) for value in header.split()][: 2 * count]
        if len(values) < 2 * count:
            return None
        return _Container(contents, values[::2], [first + place for place in values[1::2]])
