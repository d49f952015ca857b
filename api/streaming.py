"""Files in and out, never whole in memory."""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import Annotated, BinaryIO, Literal
from urllib.parse import quote

from fastapi import Depends, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.auth import ActorHere, OfficeHere
from api.dependencies import Changing, IdempotencyKeyHeader, asked, digest_of
from api.problems import MediaTypeRefused
from workflow.books import Written
from workflow.office import Office
from workflow.rules.errors import SecretRefused, TooLarge, Unavailable, UnreadableDocument
from workflow.uploads import may_upload

PDF = "application/pdf"
CHUNK_BYTES = 256 * 1024


@dataclass(frozen=True)
class Delivery:
    """A body that has come in whole, on disk, with the request it belongs to."""

    organisation_id: uuid.UUID
    file: BinaryIO
    sha256: str
    changing: Changing


def _door(
    request: Request,
    office: OfficeHere,
    actor: ActorHere,
    organisation: Annotated[uuid.UUID, Query(description="Cơ quan nhận tệp.")],
    secrecy: Annotated[
        str,
        Query(
            description="Độ mật. Only `none` is taken: state secrets never enter this system.",
            examples=["none"],
        ),
    ],
) -> uuid.UUID:
    """Everything that can be refused before the first byte of the body is read."""
    if secrecy != "none":
        raise SecretRefused
    with office.reading(actor) as reading:
        may_upload(reading, organisation)
    refuse_unread(request, office.settings.upload_max_bytes)
    return organisation


def refuse_unread(request: Request, limit: int) -> None:
    """Refuse what is announced as no PDF, or as one above the limit."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != PDF:
        raise MediaTypeRefused(PDF)
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit:
        raise TooLarge(limit)


async def _received(
    request: Request,
    office: OfficeHere,
    actor: ActorHere,
    organisation_id: Annotated[uuid.UUID, Depends(_door)],
    key: IdempotencyKeyHeader,
) -> AsyncIterator[Delivery]:
    """The body, and the request to be repeated under its key."""
    async with spooled(request, office) as (spool, sha256):
        changing = Changing(office, actor, asked(request, actor, key, digest_of(request, sha256)))
        yield Delivery(organisation_id, spool, sha256, changing)


@asynccontextmanager
async def spooled(request: Request, office: Office) -> AsyncIterator[tuple[BinaryIO, str]]:
    """The body in a file without a name: whatever happens to us, nothing stays on the disk."""
    try:
        spool = TemporaryFile(dir=office.settings.data_dir)  # noqa: SIM115  closed below
    except OSError as full:
        raise Unavailable("Ổ đĩa nhận tệp") from full
    with spool:
        digest = hashlib.sha256()
        async for chunk in request.stream():
            digest.update(chunk)
            try:
                await run_in_threadpool(spool.write, chunk)
            except OSError as full:
                raise Unavailable("Ổ đĩa nhận tệp") from full
        if not spool.tell():
            raise UnreadableDocument("tệp rỗng.")
        spool.seek(0)
        yield spool, digest.hexdigest()


#: A PDF as the raw body of a POST. The parameters are checked before its first byte is read.
Delivered = Annotated[Delivery, Depends(_received)]
BODY_SCHEMA = {
    "requestBody": {
        "required": True,
        "content": {PDF: {"schema": {"type": "string", "format": "binary"}}},
    }
}


class StoredFile(Response):
    """Stored bytes as an answer, and what is to follow them.

    What turns out to be altered breaks off before its end.
    """

    def __init__(
        self,
        office: Office,
        organisation_id: uuid.UUID,
        sha256: str,
        size_bytes: int,
        *,
        name: str,
        disposition: Literal["attachment", "inline"] = "attachment",
        tail: bytes = b"",
        media_type: str = PDF,
    ) -> None:
        self._open = ExitStack()
        self._stored = self._open.enter_context(office.stream(organisation_id, sha256, size_bytes))
        self._tail = tail
        digests = {} if tail else {"ETag": f'"{sha256}"', "Repr-Digest": _repr_digest(sha256)}
        super().__init__(
            media_type=media_type,
            headers={
                "Content-Length": str(size_bytes + len(tail)),
                "Content-Disposition": _disposition(disposition, name),
                **digests,
                # A PDF may carry scripts of whoever sent it; a browser must not run them as ours.
                "Content-Security-Policy": "sandbox; default-src 'none'",
            },
        )

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        with self._open:
            chunk = await run_in_threadpool(self._stored.read, CHUNK_BYTES)
            await send(
                {
                    "type": "http.response.start",
                    "status": self.status_code,
                    "headers": self.raw_headers,
                }
            )
            while chunk:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
                chunk = await run_in_threadpool(self._stored.read, CHUNK_BYTES)
            await send({"type": "http.response.body", "body": self._tail})


class WrittenFile(Response):
    """A file that was just written, as an answer; it is gone when it was sent."""

    def __init__(self, written: Written) -> None:
        self._file = written.file
        super().__init__(
            media_type=written.media_type,
            headers={
                "Content-Length": str(written.size_bytes),
                "Content-Disposition": _disposition("attachment", written.name),
                "Repr-Digest": _repr_digest(written.sha256),
                "Cache-Control": "no-store",
            },
        )

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        with self._file:
            await send(
                {
                    "type": "http.response.start",
                    "status": self.status_code,
                    "headers": self.raw_headers,
                }
            )
            while chunk := await run_in_threadpool(self._file.read, CHUNK_BYTES):
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})


def _disposition(how: str, name: str) -> str:
    """RFC 6266, with the name as RFC 8187 has it."""
    return f"{how}; filename*=UTF-8''{quote(name, safe='')}"


def _repr_digest(sha256: str) -> str:
    """RFC 9530 §3."""
    return f"sha-256=:{base64.b64encode(bytes.fromhex(sha256)).decode()}:"
