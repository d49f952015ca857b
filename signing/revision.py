"""One revision appended to a file, with room for a signature's value or a time-stamp.

The file itself is read once, to be hashed; only what is appended is held in memory.
"""

from __future__ import annotations

import hashlib
import io
import os
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, BinaryIO

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.signers.constants import ESIC_EXTENSION_1
from pyhanko.sign.signers.pdf_byterange import PdfSignedData

from signing.errors import SigningRefused
from signing.reading import CHUNK_BYTES
from signing.report import Level

if TYPE_CHECKING:
    from hashlib import _Hash


@dataclass(frozen=True)
class SignedRevision:
    """What was written: SHA-256 (hex) and size of the whole file, the signature's level.

    `archive_expires_at` is the end of the certificate behind the time-stamp over the document, by
    when it must have been renewed; None without one.
    """

    sha256: str
    size_bytes: int
    level: Level
    archive_expires_at: datetime | None = None


@dataclass(frozen=True)
class Base:
    """What a revision is appended to: its size in bytes, and its SHA-256 so far."""

    size_bytes: int
    _hashed: _Hash

    @classmethod
    def of(cls, stream: BinaryIO) -> Base:
        """The whole of a file, read in pieces of 1 MiB."""
        hashed, size_bytes = hashlib.sha256(), 0
        stream.seek(0)
        while chunk := stream.read(CHUNK_BYTES):
            hashed.update(chunk)
            size_bytes += len(chunk)
        return cls(size_bytes, hashed)

    @property
    def sha256(self) -> str:
        """SHA-256 in hex."""
        return self._hashed.hexdigest()

    def extended(self, tail: bytes) -> Base:
        """This and what is appended to it."""
        return Base(self.size_bytes + len(tail), self._after(tail))

    def digest_around(self, tail: bytes, room: Room) -> bytes:
        """SHA-256 of this and a tail without what stands in the room: what a signature covers."""
        start, end = room.start - self.size_bytes, room.end - self.size_bytes
        stop = room.covered_bytes - self.size_bytes
        return self._after(tail[:start], tail[end:stop]).digest()

    def _after(self, *parts: bytes) -> _Hash:
        hashed = self._hashed.copy()
        for part in parts:
            hashed.update(part)
        return hashed


@dataclass(frozen=True)
class Room:
    """Where a signature's value stands in a file: offsets in bytes, its `<` and `>` included.

    The signature covers the file's first `covered_bytes` but for this.
    """

    start: int
    end: int
    covered_bytes: int

    @property
    def value_bytes(self) -> int:
        """The largest value that fits; it is written in hexadecimal."""
        return (self.end - self.start - 2) // 2


@dataclass(frozen=True)
class Written:
    """A value, as it should now stand in its room."""

    room: Room
    value: bytes


@dataclass(frozen=True)
class Appended:
    """A revision that waits for its value: the bytes after the base, the room, what it covers."""

    tail: bytes
    room: Room
    digest: bytes


def revised(writer: IncrementalPdfFileWriter, base_bytes: int) -> io.BytesIO:
    """The writer's new and changed objects, as they follow `base_bytes` of the file.

    The document's metadata stay as they are: whoever signs has seen nothing else.
    """
    tail = _Tail(base_bytes)
    if _last_byte(writer.prev.stream) not in b"\r\n":
        tail.write(b"\n")
    writer._write_updated_section(tail)
    return tail


def appended(writer: IncrementalPdfFileWriter, base: Base, placeholder: PdfSignedData) -> Appended:
    """The revision after the base, with `placeholder` among its objects."""
    tail = revised(writer, base.size_bytes)
    start, end = placeholder.contents.offsets
    room = Room(start, end, tail.tell())
    placeholder.byte_range.fill_offsets(tail, start, end, room.covered_bytes)
    content = tail.getvalue()
    return Appended(content, room, base.digest_around(content, room))


def filled(tail: bytes, base_bytes: int, room: Room, value: bytes) -> bytes:
    """The tail with the value in its room. Raises SigningRefused when it does not fit."""
    if len(value) > room.value_bytes:
        raise SigningRefused(
            "value_too_large", "Chữ ký hoặc dấu thời gian lớn hơn chỗ đã dành sẵn. Hãy ký lại."
        )
    start = room.start + 1 - base_bytes
    written = value.hex().upper().encode("ascii")
    return tail[:start] + written + tail[start + len(written) :]


def declare_pades(writer: IncrementalPdfFileWriter) -> None:
    """EN 319 142-1 §4.1: PDF 1.7 with the ESIC extension, unless the file is PDF 2.0 already."""
    writer.ensure_output_version((1, 7))
    if writer.output_version < (2, 0):
        writer.register_extension(ESIC_EXTENSION_1)


class _Tail(io.BytesIO):
    """Bytes to be appended at an offset, told and sought as in the whole file."""

    def __init__(self, offset: int) -> None:
        super().__init__()
        self._offset = offset

    def tell(self) -> int:
        return self._offset + super().tell()

    def seek(self, position: int, whence: int = os.SEEK_SET, /) -> int:
        assert whence == os.SEEK_SET, "as pyHanko seeks"
        return self._offset + super().seek(position - self._offset)


def _last_byte(stream: BinaryIO) -> bytes:
    stream.seek(-1, os.SEEK_END)
    return stream.read(1)
