"""Objects: bytes named by their SHA-256 inside one organisation, written once, checked when read.

Keyed `organisation/sha256`, so that deletion, retention and asking whether something exists stay
inside an organisation. Bytes first, row second: an object without a row is harmless, a row never
points at nothing.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol
from urllib.parse import urlsplit
from uuid import UUID

from storage.errors import ObjectCorrupt, ObjectTooLarge, StoreUnavailable

CHUNK_BYTES = 256 * 1024


@dataclass(frozen=True)
class ObjectRef:
    """Name and size of an object. Raises ValueError for what cannot be the name of one."""

    organisation: UUID
    sha256: str
    size_bytes: int

    def __post_init__(self) -> None:
        # The digest becomes a path: nothing but a digest may get there.
        if not re.fullmatch("[0-9a-f]{64}", self.sha256):
            raise ValueError("sha256 must be 64 lower-case hexadecimal digits")
        if self.size_bytes < 0:
            raise ValueError("size_bytes must not be negative")

    @property
    def key(self) -> str:
        """Where every store keeps it, relative to its root."""
        return f"{self.organisation}/{self.sha256[:2]}/{self.sha256}"


@dataclass(frozen=True)
class ObjectStat:
    """What the store says of an object without reading it."""

    size_bytes: int
    stored_at: datetime


@dataclass(frozen=True)
class Listed:
    """One thing that lies in a store: `key` relative to its root, like `ObjectRef.key`."""

    key: str
    stat: ObjectStat

    @property
    def ref(self) -> ObjectRef | None:
        """The object it is by its key; None: something that the office never put there."""
        organisation, _, rest = self.key.partition("/")
        try:
            ref = ObjectRef(UUID(organisation), rest.rpartition("/")[2], self.stat.size_bytes)
        except ValueError:
            return None
        return ref if ref.key == self.key else None


class ObjectStore(Protocol):
    """A place for objects. Every method raises StoreUnavailable when the place cannot answer."""

    def put(
        self,
        organisation: UUID,
        source: BinaryIO | Path,
        *,
        max_bytes: int,
        expected_sha256: str | None = None,
        retain_until: datetime | None = None,
    ) -> ObjectRef:
        """Store a stream or file and return its name once the bytes are durable.

        Constant memory. Never overwrites: storing the same bytes again changes nothing.
        `retain_until`: nobody removes them before then, on S3 not even whoever administers the
        store; it is never shortened. A store that cannot promise that raises StoreUnavailable.

        Raises ObjectTooLarge beyond `max_bytes`, and ObjectCorrupt when the source is not what
        `expected_sha256` announced or when damaged bytes are already stored under this name.
        """
        ...

    def open(self, ref: ObjectRef) -> BinaryIO:
        """Read from the start, as a context manager. Raises ObjectMissing.

        Reading raises ObjectCorrupt *before* it hands over the last bytes of an object that is
        not what its name says: whoever got `size_bytes` bytes got the right ones.
        """
        ...

    def stat(self, ref: ObjectRef) -> ObjectStat:
        """Size and age. Raises ObjectMissing."""
        ...

    def exists(self, ref: ObjectRef) -> bool:
        """Whether the object is there."""
        ...

    def delete(self, ref: ObjectRef) -> None:
        """Remove the object; one that is gone already is no error.

        Raises ObjectRetained while its time has not come.
        """
        ...

    def each(self, after: str = "") -> Iterator[Listed]:
        """All that lies here complete, by the bytes of the keys, from the one behind `after`.

        Constant memory. What is put or removed meanwhile may be in it or not.
        """
        ...

    def ping(self) -> str:
        """Name of the place, after asking it."""
        ...


def open_store(url: str) -> ObjectStore:
    """The store at `file:folder` or `s3://KEY:SECRET@host:port/bucket?secure=0`.

    Raises ValueError for another scheme or an incomplete address.
    """
    scheme = urlsplit(url).scheme
    # Imported when chosen: an office on a folder should not load an S3 client.
    if scheme == "file":
        from storage.local import LocalStore

        return LocalStore.at(url)
    if scheme == "s3":
        from storage.s3 import S3Store

        return S3Store(url)
    raise ValueError(f"object store scheme {scheme!r}: file or s3")


def receive(source: BinaryIO | Path, target: BinaryIO, *, max_bytes: int) -> tuple[str, int]:
    """Copy a source into a file of ours; its SHA-256 and size.

    Raises ObjectTooLarge, and StoreUnavailable when the target cannot take it. What the source
    itself raises (a client that hangs up) passes through.
    """
    if isinstance(source, Path):
        with source.open("rb") as file:
            return receive(file, target, max_bytes=max_bytes)
    digest = hashlib.sha256()
    size = 0
    while chunk := source.read(CHUNK_BYTES):
        size += len(chunk)
        if size > max_bytes:
            raise ObjectTooLarge(max_bytes)
        digest.update(chunk)
        with on_disk():
            target.write(chunk)
    with on_disk():
        target.flush()
    return digest.hexdigest(), size


@contextmanager
def on_disk() -> Iterator[None]:
    """Turn the operating system's no (full, read-only, failing) into StoreUnavailable."""
    try:
        yield
    except OSError as error:
        raise StoreUnavailable(f"objects: {error.strerror or error}") from error


class VerifiedReader(io.RawIOBase):
    """Reads an object once, front to back, and withholds its end unless digest and size agree.

    `read(n)` gives up to n bytes of what is stored and b"" at its end; `close` frees it.
    """

    def __init__(
        self, ref: ObjectRef, read: Callable[[int], bytes], close: Callable[[], None]
    ) -> None:
        self._ref, self._read, self._close = ref, read, close
        self._digest = hashlib.sha256()
        self._seen_bytes = 0
        self._verified = False

    @classmethod
    def buffered(
        cls, ref: ObjectRef, read: Callable[[int], bytes], close: Callable[[], None]
    ) -> BinaryIO:
        """The reader as an ordinary binary file."""
        return io.BufferedReader(cls(ref, read, close), CHUNK_BYTES)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        if self._verified:
            return 0
        chunk = self._read(len(buffer))
        self._digest.update(chunk)
        self._seen_bytes += len(chunk)
        if not chunk or self._seen_bytes >= self._ref.size_bytes:
            self._verify(at_end=not chunk)
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def _verify(self, *, at_end: bool) -> None:
        # One byte more than the size is as wrong as one byte changed.
        complete = self._seen_bytes == self._ref.size_bytes and (at_end or not self._read(1))
        if not complete or self._digest.hexdigest() != self._ref.sha256:
            raise ObjectCorrupt(f"object {self._ref.key}")
        self._verified = True

    def close(self) -> None:
        if not self.closed:
            self._close()
        super().close()


def verify(store: ObjectStore, ref: ObjectRef) -> None:
    """Read a stored object through. Raises ObjectCorrupt, ObjectMissing, StoreUnavailable."""
    with store.open(ref) as stored:
        while stored.read(CHUNK_BYTES):
            pass


def expect(ref: ObjectRef, expected_sha256: str | None) -> None:
    """Raise ObjectCorrupt when a source turned out to be something else than was announced."""
    if expected_sha256 is not None and expected_sha256 != ref.sha256:
        raise ObjectCorrupt(f"announced as {expected_sha256}, received {ref.sha256}")
