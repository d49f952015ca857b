"""Objects in a bucket of an S3 server, through the `minio` client.

The operator makes the bucket, with versioning and object lock where the law wants write-once
storage: a store that makes its own would hide a mistyped name. Uploads cut off by a crash leave
parts behind that no one can read; let a lifecycle rule of the bucket abort them.
"""

from __future__ import annotations

import base64
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

import urllib3
from minio import Minio
from minio.commonconfig import COMPLIANCE
from minio.error import MinioException, S3Error
from minio.retention import Retention

from storage.errors import ObjectCorrupt, ObjectMissing, ObjectRetained, StoreUnavailable
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

# A part is held in memory while it is sent; below one part the upload is a single request.
PART_BYTES = 16 * 1024 * 1024

# A store that hangs must be reported within five seconds (docs: reliability goals).
CONNECT_SECONDS, ANSWER_SECONDS = 2, 4

# What servers call a bucket, or an object in it, without a lock.
_UNLOCKED = {
    "InvalidRequest",
    "MethodNotAllowed",
    "NoSuchObjectLockConfiguration",
    "NotImplemented",
    "ObjectLockConfigurationNotFoundError",
}

_BUCKET = re.compile("[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


class S3Store:
    """An ObjectStore in one bucket: `s3://KEY:SECRET@host:port/bucket?secure=0&region=…`.

    Key and secret are percent-encoded; `secure` is 1 (TLS) unless said otherwise. Raises
    ValueError when something is missing.
    """

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        options = parse_qs(address.query)
        self._bucket = address.path.strip("/")
        if not (address.hostname and address.username and address.password):
            raise ValueError("an S3 store is s3://KEY:SECRET@host:port/bucket")
        if not _BUCKET.fullmatch(self._bucket):
            raise ValueError(f"{self._bucket!r} cannot be the bucket of an S3 store")
        self._client = Minio(
            address.netloc.rpartition("@")[2],
            access_key=unquote(address.username),
            secret_key=unquote(address.password),
            secure=options.get("secure", ["1"]) != ["0"],
            region=options.get("region", ["us-east-1"])[0],  # named, or every call asks for it
            http_client=urllib3.PoolManager(
                timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=ANSWER_SECONDS),
                retries=False,  # the caller retries, with a clock and a journal; this would hang
                maxsize=10,
            ),
        )

    def put(
        self,
        organisation: UUID,
        source: BinaryIO | Path,
        *,
        max_bytes: int,
        expected_sha256: str | None = None,
        retain_until: datetime | None = None,
    ) -> ObjectRef:
        # The key is the digest, known only at the end of the stream: it waits in a file that has
        # no name, so that nothing is left of it when this process is killed.
        with on_disk():
            spool = tempfile.TemporaryFile()  # noqa: SIM115  its closing must not hide an error
        try:
            ref = ObjectRef(organisation, *receive(source, spool, max_bytes=max_bytes))
            expect(ref, expected_sha256)
            if self.exists(ref):
                verify(self, ref)
            else:
                spool.seek(0)
                self._upload(ref, spool)
        finally:
            with suppress(OSError):
                spool.close()
        if retain_until is not None:
            self._retain(ref, retain_until)
        return ref

    def open(self, ref: ObjectRef) -> BinaryIO:
        with self._asking(ref):
            response = self._client.get_object(self._bucket, ref.key)

        def read(size: int) -> bytes:
            with self._asking(ref):
                return response.read(size)

        def close() -> None:
            response.close()
            response.release_conn()

        return VerifiedReader.buffered(ref, read, close)

    def stat(self, ref: ObjectRef) -> ObjectStat:
        with self._asking(ref):
            found = self._client.stat_object(self._bucket, ref.key)
        if found.size is None or found.last_modified is None:
            raise StoreUnavailable("objects: the S3 server answered without size or date")
        return ObjectStat(found.size, found.last_modified)

    def exists(self, ref: ObjectRef) -> bool:
        try:
            self.stat(ref)
        except ObjectMissing:
            return False
        return True

    def delete(self, ref: ObjectRef) -> None:
        # A locked bucket would take the request, keep the bytes and show them no more.
        until = self._retained_until(ref)
        if until is not None and until > datetime.now(UTC):
            raise ObjectRetained(until)
        with self._asking(ref):
            self._client.remove_object(self._bucket, ref.key)

    def each(self, after: str = "") -> Iterator[Listed]:
        with self._asking(None):
            for found in self._client.list_objects(
                self._bucket, recursive=True, start_after=after or None
            ):
                if found.object_name is None or found.size is None or found.last_modified is None:
                    raise StoreUnavailable("objects: the S3 server lists without size or date")
                yield Listed(found.object_name, ObjectStat(found.size, found.last_modified))

    def ping(self) -> str:
        with self._asking(None):
            found = self._client.bucket_exists(self._bucket)
        if not found:
            raise StoreUnavailable(f"objects: bucket {self._bucket!r} does not exist")
        return f"S3 bucket {self._bucket}"

    def _retain(self, ref: ObjectRef, until: datetime) -> None:
        """Lock the object for everybody (COMPLIANCE); a time that is later already stays."""
        held = self._retained_until(ref)
        if held is not None and held >= until:
            return
        with self._asking(ref):
            try:
                self._client.set_object_retention(
                    self._bucket, ref.key, Retention(COMPLIANCE, until)
                )
            except S3Error as error:
                if error.code not in _UNLOCKED:
                    raise
                raise StoreUnavailable(
                    f"objects: bucket {self._bucket!r} was not made with object lock"
                ) from error

    def _retained_until(self, ref: ObjectRef) -> datetime | None:
        with self._asking(ref):
            try:
                found = self._client.get_object_retention(self._bucket, ref.key)
            except S3Error as error:
                if error.code in _UNLOCKED or error.code == "NoSuchKey":
                    return None
                raise
        return found.retain_until_date if found and found.mode == COMPLIANCE else None

    def _upload(self, ref: ObjectRef, spool: BinaryIO) -> None:
        """Send what is spooled. Two writers of one key send the same bytes, so neither can harm."""
        single = ref.size_bytes <= PART_BYTES
        # Over TLS or not, the server must check what arrived: SeaweedFS ignores the signed payload
        # hash, but compares this header.
        checksum = base64.b64encode(bytes.fromhex(ref.sha256)).decode("ascii")
        with self._asking(ref):
            self._client.put_object(
                self._bucket,
                ref.key,
                spool,
                ref.size_bytes,
                part_size=PART_BYTES,
                num_parallel_uploads=1,
                metadata={"x-amz-checksum-sha256": checksum} if single else None,
            )
        if not single:
            # A multipart upload has no digest of the whole object the server could compare.
            try:
                verify(self, ref)
            except ObjectCorrupt as error:
                self.delete(ref)  # or the name would be taken for ever by bytes that are not its
                raise StoreUnavailable("objects: damaged on the way to the S3 server") from error

    @contextmanager
    def _asking(self, ref: ObjectRef | None) -> Iterator[None]:
        try:
            yield
        except S3Error as error:
            if ref is not None and error.code == "NoSuchKey":
                raise ObjectMissing(f"object {ref.key}") from error
            raise StoreUnavailable(f"objects: the S3 server says {error.code}") from error
        except (MinioException, urllib3.exceptions.HTTPError, OSError) as error:
            raise StoreUnavailable(f"objects: S3 server: {type(error).__name__}") from error
