"""A bundle's members, read from a ZIP that a stranger made: each once, bounded, and never to disk.

Nothing of the ZIP is believed: names are compared with a closed list, sizes and contents with the
manifest, and of a member no more is inflated than the manifest allows.
"""

from __future__ import annotations

import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Protocol, Self

from workflow.verifier.findings import Found, Rule

CHUNK_BYTES = 1 << 20
#: The longest line of a slice, and the largest member that is read whole.
LONGEST_LINE = 16 << 20
MOST_BYTES = 64 << 20
#: How many times its size a bundle may be when it is inflated. Real ones: below 20.
_MOST_INFLATED = 200
#: A ZIP's list of members is read into memory: 100 bytes are enough for each.
_MOST_LIST_BYTES = 512 << 20
_FAULTS = (
    OSError,
    EOFError,
    ValueError,
    RuntimeError,  # encrypted
    NotImplementedError,
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    struct.error,
    OverflowError,
)


class NotABundle(ValueError):  # noqa: N818  it states what the file is
    """The file is no ZIP that can be read; says why."""


class Unreadable(ValueError):  # noqa: N818  it states what the member is
    """A member cannot be read, or holds what it must not; says why."""


class Members(Protocol):
    """Where members are: a ZIP, or memory."""

    @property
    def names(self) -> list[str]:
        """In the order of the file; a name twice if it is there twice."""
        ...

    def chunks(self, name: str) -> Iterator[bytes]:
        """The member's bytes, piece by piece. Raises Unreadable."""
        ...


class ZipMembers:
    """The members of a ZIP. Raises NotABundle; close it when done."""

    def __init__(self, source: Path | BinaryIO) -> None:
        try:
            _check_list(source)
            self._zip = zipfile.ZipFile(source)
        except NotABundle:
            raise
        except _FAULTS as fault:
            raise NotABundle(f"{type(fault).__name__}: {fault}") from fault
        members = self._zip.infolist()
        if any(map(_strange, members)):
            raise NotABundle("a member that is no plain file, or has two names")
        if sum(one.file_size for one in members) > _MOST_INFLATED * max(_size(source), 1 << 20):
            raise NotABundle("members that would fill any disk")
        self.names = [info.filename for info in members]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def chunks(self, name: str) -> Iterator[bytes]:
        """See `Members`."""
        try:
            info = self._zip.getinfo(name)
            if info.flag_bits & 0x1 or info.compress_type not in (
                zipfile.ZIP_STORED,
                zipfile.ZIP_DEFLATED,
            ):
                raise Unreadable("encrypted, or packed in a way that bundles never are")
            with self._zip.open(info) as member:
                while chunk := member.read(CHUNK_BYTES):
                    yield chunk
        except KeyError:
            raise Unreadable("not there") from None
        except Unreadable:
            raise
        except _FAULTS as fault:
            raise Unreadable(f"{type(fault).__name__}: {fault}") from fault


def _strange(member: zipfile.ZipInfo) -> bool:
    """Whether `unzip` would make something else of it: a link, a folder, or another name, behind a
    zero byte or in an extra field. Sizes beyond 4 GiB (field 1) are no reason."""
    mode = member.external_attr >> 16
    extra = member.extra
    return (
        stat.S_IFMT(mode) not in (0, stat.S_IFREG)
        or member.orig_filename != member.filename
        or member.is_dir()
        or (extra != b"" and extra != struct.pack("<HH", 1, len(extra) - 4) + extra[4:])
    )


def _size(source: Path | BinaryIO) -> int:
    return source.stat().st_size if isinstance(source, Path) else source.seek(0, os.SEEK_END)


def _check_list(source: Path | BinaryIO) -> None:
    """Refuse a list of members that would fill the memory, before it is read; and a file with
    something before the first member or behind the list, where programs differ in what they see."""
    if isinstance(source, Path):
        if not source.is_file():
            raise NotABundle("not a file")
        with source.open("rb") as file:
            _check_list(file)
        return
    end = source.seek(0, os.SEEK_END) - 22
    kind, size, offset, comment = struct.unpack("<4s8xIIH", _at(source, end, 22))
    if kind != b"PK\5\6" or comment:
        raise NotABundle("not a ZIP, or cut off")
    if _at(source, end - 20, 4) == b"PK\6\7":  # ZIP64: the same in wider fields
        locator = end - 20
        (end,) = struct.unpack("<8xQ4x", _at(source, locator, 20))
        kind, size, offset = struct.unpack("<4s36xQQ", _at(source, end, 56))
        # Some programs go where the locator says, some (Python's) read what stands before it.
        if kind != b"PK\6\6" or end + 56 != locator:
            raise NotABundle("not a ZIP64")
    if size > _MOST_LIST_BYTES:
        raise NotABundle("a list of members that is too long")
    if offset + size != end or _at(source, 0, 4) != b"PK\3\4":
        raise NotABundle("something stands outside the members")
    source.seek(0)


def _at(source: BinaryIO, place: int, size: int) -> bytes:
    if place < 0:
        raise NotABundle("not a ZIP, or cut off")
    source.seek(place)
    read = source.read(size)
    if len(read) != size:
        raise NotABundle("cut off")
    return read


@dataclass(frozen=True)
class Listed:
    """What the manifest says of a member."""

    sha256: str
    bytes: int


@dataclass
class Archive:
    """The members that the manifest lists. What is not as listed is noted when it was read.

    `read` holds who was read: whoever is left at the end was never looked at.
    """

    members: Members
    listed: Mapping[str, Listed]
    found: Found
    read: set[str] = field(default_factory=set)

    def __contains__(self, name: str) -> bool:
        return name in self.listed

    def chunks(self, name: str, organisation: str = "") -> Iterator[bytes]:
        """A member's bytes, compared with the manifest when the last was taken. No fault escapes:
        reading ends where it must, and why is noted."""
        self.read.add(name)
        listed = self.listed.get(name)
        if listed is None:
            self.found.add(Rule.MEMBER_MISSING, name, organisation)
            return
        digest, size = sha256(), 0
        try:
            for chunk in self.members.chunks(name):
                size += len(chunk)
                if size > listed.bytes:
                    break
                digest.update(chunk)
                yield chunk
        except Unreadable as fault:
            self.found.add(Rule.MEMBER_UNREADABLE, name, organisation, str(fault))
            return
        if size != listed.bytes or digest.hexdigest() != listed.sha256:
            self.found.add(Rule.MEMBER_ALTERED, name, organisation)

    def content(self, name: str, organisation: str = "") -> bytes:
        """A small member, whole; empty when it is not there or too large, which is noted."""
        held, size = [], 0
        for chunk in self.chunks(name, organisation):
            size += len(chunk)
            if size > MOST_BYTES:
                self.found.add(Rule.MEMBER_UNREADABLE, name, organisation, "too large")
                return b""
            held.append(chunk)
        return b"".join(held)

    def lines(self, name: str, organisation: str = "") -> Iterator[bytes]:
        """The lines of a member without their ends; what is no line is noted, and ends it."""
        return lines_of(
            self.chunks(name, organisation),
            lambda why: self.found.add(Rule.MEMBER_UNREADABLE, name, organisation, why),
        )

    def under(self, folder: str) -> list[str]:
        """The listed members of a folder."""
        return [name for name in self.listed if name.startswith(folder)]


def lines_of(chunks: Iterator[bytes], refuse: Callable[[str], None]) -> Iterator[bytes]:
    """Lines out of pieces; `refuse` is told of one that is too long or has no end."""
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines
        if len(rest) > LONGEST_LINE:
            refuse("a line without end")
            return
    if rest:
        refuse("the last line has no end")
