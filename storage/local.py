"""Objects in a folder of this machine: the embedded office's store.

A file appears under its name only when it is complete and on disk (`link` creates, never replaces).
A folder is not write-once storage: what is retained is refused to this program only; whoever is
root here can delete. Only S3 object lock refuses everybody.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit
from uuid import UUID

from storage.errors import ObjectMissing, ObjectRetained
from storage.objects import (
    Listed,
    ObjectRef,
    ObjectStat,
    VerifiedReader,
    expect,
    on_disk,
    receive,
    verify,
)

ABANDONED_AFTER_SECONDS = 24 * 3600


class LocalStore:
    """An ObjectStore in `root`, which is created when missing."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._incoming = root / "incoming"
        self._retained = root / "retained"
        with on_disk():
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._incoming.mkdir(mode=0o700, exist_ok=True)
            self._sweep()

    @classmethod
    def at(cls, url: str) -> LocalStore:
        """The store at `file:relative/folder` or `file:///absolute/folder`."""
        address = urlsplit(url)
        if address.netloc or not address.path:
            raise ValueError("a local object store is file:folder or file:///folder")
        return cls(Path(unquote(address.path)))

    def put(
        self,
        organisation: UUID,
        source: BinaryIO | Path,
        *,
        max_bytes: int,
        expected_sha256: str | None = None,
        retain_until: datetime | None = None,
    ) -> ObjectRef:
        with self._arrival() as arrival:
            ref = ObjectRef(organisation, *receive(source, arrival, max_bytes=max_bytes))
            expect(ref, expected_sha256)
            if retain_until is not None:
                self._retain(ref, retain_until)
            with on_disk():
                os.fchmod(arrival.fileno(), 0o400)
                os.fsync(arrival.fileno())
                created = self._link(Path(arrival.name), ref)
        if not created:
            # An acknowledgement promises readable bytes, so what lies there is not taken on trust.
            verify(self, ref)
        return ref

    def open(self, ref: ObjectRef) -> BinaryIO:
        with self._asking(ref):
            file = self._path(ref).open("rb", buffering=0)

        def read(size: int) -> bytes:
            with on_disk():
                return file.read(size) or b""

        return VerifiedReader.buffered(ref, read, file.close)

    def stat(self, ref: ObjectRef) -> ObjectStat:
        with self._asking(ref):
            found = self._path(ref).stat()
        return _stat(found)

    def exists(self, ref: ObjectRef) -> bool:
        try:
            self.stat(ref)
        except ObjectMissing:
            return False
        return True

    def delete(self, ref: ObjectRef) -> None:
        until = self._retained_until(ref)
        if until is not None and until > datetime.now(UTC):
            raise ObjectRetained(until)
        path = self._path(ref)
        with suppress(ObjectMissing), self._asking(ref):
            path.unlink()
            _fsync_folder(path.parent)

    def each(self, after: str = "") -> Iterator[Listed]:
        with on_disk():
            self._incoming.stat()  # a disk that is not mounted must not look like an empty store
        yield from self._below("", os.fsencode(after))

    def _below(self, prefix: str, after: bytes) -> Iterator[Listed]:
        """What lies in a folder and under it; in memory are the names of one folder a level."""
        for key in self._names(prefix):
            place = os.fsencode(key)
            if place <= after and not (key.endswith("/") and after.startswith(place)):
                continue
            if key.endswith("/"):
                yield from self._below(key, after)
                continue
            with on_disk(), suppress(FileNotFoundError):  # it was removed meanwhile
                found = (self.root / key).lstat()
                yield Listed(key, _stat(found))

    def _names(self, prefix: str) -> list[str]:
        """Keys in a folder in the order of their bytes; a folder's own ends with a slash."""
        with on_disk(), suppress(FileNotFoundError), os.scandir(self.root / prefix) as entries:
            keys = [
                f"{prefix}{entry.name}{'/' if entry.is_dir(follow_symlinks=False) else ''}"
                for entry in entries
                if entry.path not in (str(self._incoming), str(self._retained))
            ]
            return sorted(keys, key=os.fsencode)
        return []

    def ping(self) -> str:
        with self._arrival() as arrival, on_disk():
            arrival.write(b"\0")
            arrival.flush()
        return f"folder {self.root}"

    def _path(self, ref: ObjectRef) -> Path:
        return self.root / ref.key

    def _retain(self, ref: ObjectRef, until: datetime) -> None:
        """Note, beside the objects, until when one is kept; a later time stays."""
        held = self._retained_until(ref)
        if held is not None and held >= until:
            return
        note = self._retained / ref.key
        with self._arrival() as arrival, on_disk():
            arrival.write(until.astimezone(UTC).isoformat().encode())
            arrival.flush()
            os.fsync(arrival.fileno())
            note.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.replace(arrival.name, note)
            for folder in (note.parent, note.parent.parent, self._retained, self.root):
                _fsync_folder(folder)

    def _retained_until(self, ref: ObjectRef) -> datetime | None:
        with on_disk(), suppress(FileNotFoundError):
            return datetime.fromisoformat((self._retained / ref.key).read_text())
        return None

    @contextmanager
    def _asking(self, ref: ObjectRef) -> Iterator[None]:
        with on_disk():
            try:
                yield
            except FileNotFoundError as error:
                if not self._incoming.is_dir():
                    raise  # a disk that is not mounted must not look like lost objects
                raise ObjectMissing(f"object {ref.key}") from error

    @contextmanager
    def _arrival(self) -> Iterator[BinaryIO]:
        """A new file on the same file system, whose own name is gone when the block ends."""
        path = self._incoming / secrets.token_hex(16)
        with on_disk():
            arrival = path.open("xb")
        try:
            yield arrival
        finally:
            # Closing writes what is still buffered; a full disk has refused it once already.
            with suppress(OSError):
                arrival.close()
            with suppress(OSError):
                path.unlink()

    def _link(self, arrived: Path, ref: ObjectRef) -> bool:
        """Give the file its name, durably; False when the name was taken."""
        path = self._path(ref)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            os.link(arrived, path)
            created = True
        except FileExistsError:
            created = False
        # Each folder, also when another thread made it or the file: it may not have synced yet.
        for folder in (path.parent, path.parent.parent, self.root):
            _fsync_folder(folder)
        return created

    def _sweep(self) -> None:
        """Remove what writers that were killed left behind; a living one is younger than a day."""
        for leftover in self._incoming.iterdir():
            with suppress(FileNotFoundError):  # its writer, or another sweep, was quicker
                if time.time() - leftover.stat().st_mtime > ABANDONED_AFTER_SECONDS:
                    leftover.unlink()


def _stat(found: os.stat_result) -> ObjectStat:
    return ObjectStat(found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))


def _fsync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
