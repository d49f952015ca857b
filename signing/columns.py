"""The columns of a cross-reference stream: one byte of every entry (ISO 32000-2 §7.5.8)."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Protocol

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.decode_limits import DecodeContext, DecodePurpose

_UP = 2  # tag of a row stored as differences to the row above (RFC 2083 §6.4)
_RUN = re.compile(rb"(.)\1*", re.DOTALL)
_CHANGE = re.compile(rb"[^\0]")
_BLOCK = 256  # rows; of so many bytes Adler-32 still holds the exact sum


class NotLazy(Exception):  # noqa: N818  says what to do, not what went wrong
    """The file is out of the ordinary: read it plainly."""


class Column(Protocol):
    """One byte of every entry."""

    def __getitem__(self, row: int, /) -> int: ...

    def runs(self) -> Iterator[tuple[int, int, int]]:
        """Value, start and end of each stretch of equal values."""
        ...

    def zero(self, start: int, end: int) -> bool:
        """Whether a stretch, not empty, holds nothing but zeros."""
        ...

    def values(self) -> bytes:
        """All of it."""
        ...


class _Values:
    """A column as it is."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def __getitem__(self, row: int) -> int:
        return self._raw[row]

    def runs(self) -> Iterator[tuple[int, int, int]]:
        for run in _RUN.finditer(self._raw):
            yield run[0][0], run.start(), run.end()

    def zero(self, start: int, end: int) -> bool:
        return self._raw.count(0, start, end) == end - start

    def values(self) -> bytes:
        return self._raw


class _Differences:
    """A column of differences to the row above; a value is the sum of all down to its row.

    Undoing the predictor for every row would cost more than the rest of opening a large file.
    """

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        blocks = (raw[start : start + _BLOCK] for start in range(0, len(raw), _BLOCK))
        self._before = list(accumulate(map(_sum, blocks), initial=0))

    def __getitem__(self, row: int) -> int:
        block = row // _BLOCK
        return (self._before[block] + _sum(self._raw[block * _BLOCK : row + 1])) & 0xFF

    def runs(self) -> Iterator[tuple[int, int, int]]:
        value = start = 0
        for change in _CHANGE.finditer(self._raw):
            end = change.start()
            if end > start:
                yield value, start, end
            value, start = (value + self._raw[end]) & 0xFF, end
        yield value, start, len(self._raw)

    def zero(self, start: int, end: int) -> bool:
        return self[start] == 0 and self._raw.count(0, start + 1, end) == end - start - 1

    def values(self) -> bytes:
        return bytes(value & 0xFF for value in accumulate(self._raw))


def _sum(block: bytes) -> int:
    """The sum of up to 256 bytes, at the speed of a checksum (RFC 1950 §2.2: its A is sum + 1)."""
    return (zlib.adler32(block) & 0xFFFF) - 1


def columns(
    stream: generic.StreamObject, rows: int, width: int, context: DecodeContext
) -> Sequence[Column]:
    """A cross-reference stream by column. Raises NotLazy unless it has exactly so many rows."""
    expected_bytes = rows * (width + 1)  # with the tag of a predictor before every row
    parameters = stream.get("/DecodeParms")
    if (
        stream.get("/Filter") == "/FlateDecode"
        and isinstance(parameters, generic.DictionaryObject)
        and parameters.get("/Predictor") in range(10, 16)
        and parameters.get("/Columns") == width
    ):
        encoded = stream.encoded_data
        most = context.stream_output_cap(len(encoded), DecodePurpose.XREF_STREAM, expected_bytes)
        most = context.stage_output_cap(most)
        if most is not None and expected_bytes > most:
            raise NotLazy("size")
        inflater = zlib.decompressobj()
        data = inflater.decompress(encoded, expected_bytes + 1)
        context.record_output(len(data))
        tags = data[:: width + 1]
        if inflater.eof and len(data) == expected_bytes and tags.count(_UP) == rows:
            return [_Differences(data[place :: width + 1]) for place in range(1, width + 1)]
    data = stream.read_data(DecodePurpose.XREF_STREAM, expected_size=expected_bytes)
    if len(data) != rows * width:
        raise NotLazy("size")
    return [_Values(data[place::width]) for place in range(width)]
