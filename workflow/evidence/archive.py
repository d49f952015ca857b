"""A ZIP written in one pass, the same bytes for the same members, however many there are.

What must stand at the end (the manifest and the ZIP's own list) waits on disk and not in memory:
a bundle may have millions of members. The standard library's writer keeps an object for each, and
writes fields that differ between its versions.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

from workflow.rules.canonical import canonical

CHUNK_BYTES = 1 << 18
_LEVEL = 6
# APPNOTE.TXT 6.3: made by 4.5 on Unix, needs 4.5 (zip64), sizes stand behind the data.
_MADE_BY, _NEEDS, _SIZES_BEHIND, _DEFLATED = 3 << 8 | 45, 45, 1 << 3, 8
_TIME, _DATE = 0, 1 << 5 | 1  # 1980-01-01 00:00, the first there is
_REGULAR_0644 = 0o100644 << 16
_LOCAL = struct.Struct("<4sHHHHHLLLHH")
_BEHIND = struct.Struct("<4sLLL")
_CENTRAL = struct.Struct("<4sHHHHHHLLLHHHHHLL")
_FAR = struct.Struct("<HHQ")  # extra field 1: the offset of a member that begins beyond 4 GiB
_END_64 = struct.Struct("<4sQHHLLQQQQ")
_LOCATOR_64 = struct.Struct("<4sLQL")
_END = struct.Struct("<4sHHHHLLH")
_BEYOND_32, _BEYOND_16 = 0xFFFFFFFF, 0xFFFF


@dataclass(frozen=True)
class Member:
    """A file of the bundle, below 4 GiB: its name and its bytes, piece by piece."""

    name: str
    pieces: Iterable[bytes]


def zipped(members: Iterable[Member], folder: Path) -> Generator[bytes, None, str]:
    """The archive's bytes, with `manifest.json` as its last member; returns the manifest's SHA-256.

    `folder` is where the lists that come last wait, in files without a name.
    """
    with TemporaryFile(dir=folder) as central, TemporaryFile(dir=folder) as manifest:
        archive = _Archive(central)
        opening = b'{"members":['
        for member in members:
            digest, size_bytes = yield from archive.add(member)
            listed = {"bytes": size_bytes, "name": member.name, "sha256": digest}
            manifest.write(opening + canonical(listed))
            opening = b","
        manifest.write(b'],"version":1}')
        manifest.seek(0)
        digest, _ = yield from archive.add(Member("manifest.json", chunks(manifest)))
        yield from archive.close()
    return digest


def chunks(file: BinaryIO) -> Iterator[bytes]:
    """A file to its end, a chunk at a time."""
    while chunk := file.read(CHUNK_BYTES):
        yield chunk


class _Archive:
    """How far the archive is written, what of it waits to be given out, and its directory."""

    def __init__(self, central: BinaryIO) -> None:
        self._central = central
        self._written = self._members = 0
        self._waiting = bytearray()

    def add(self, member: Member) -> Generator[bytes, None, tuple[str, int]]:
        """A member's bytes in the archive; returns its SHA-256 and size."""
        name, start = member.name.encode("ascii"), self._written
        header = (_NEEDS, _SIZES_BEHIND, _DEFLATED, _TIME, _DATE)
        yield from self._put(_LOCAL.pack(b"PK\3\4", *header, 0, 0, 0, len(name), 0) + name)
        deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
        digest, checksum, size, packed = sha256(), 0, 0, 0
        for piece in member.pieces:
            digest.update(piece)
            checksum = zlib.crc32(piece, checksum)
            size += len(piece)
            data = deflate.compress(piece)
            packed += len(data)
            yield from self._put(data)
        data = deflate.flush()
        sizes = (checksum, packed + len(data), size)
        yield from self._put(data + _BEHIND.pack(b"PK\7\x08", *sizes))
        far = _FAR.pack(1, 8, start) if start >= _BEYOND_32 else b""
        place = (len(name), len(far), 0, 0, 0, _REGULAR_0644, min(start, _BEYOND_32))
        self._central.write(_CENTRAL.pack(b"PK\1\2", _MADE_BY, *header, *sizes, *place))
        self._central.write(name + far)
        self._members += 1
        return digest.hexdigest(), size

    def close(self) -> Iterator[bytes]:
        """The central directory, the ends behind it, and whatever waited."""
        start = self._written
        self._central.seek(0)
        for chunk in chunks(self._central):
            yield from self._put(chunk)
        end, many = self._written, self._members
        size = end - start
        ends = _END_64.pack(
            b"PK\6\6", _END_64.size - 12, _MADE_BY, _NEEDS, 0, 0, many, many, size, start
        )
        ends += _LOCATOR_64.pack(b"PK\6\7", 0, end, 1)
        few = min(many, _BEYOND_16)
        near = (min(size, _BEYOND_32), min(start, _BEYOND_32))
        yield bytes(self._waiting) + ends + _END.pack(b"PK\5\6", 0, 0, few, few, *near, 0)

    def _put(self, data: bytes) -> Iterator[bytes]:
        self._written += len(data)
        self._waiting += data
        if len(self._waiting) >= CHUNK_BYTES:
            yield bytes(self._waiting)
            self._waiting.clear()
