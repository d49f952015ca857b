"""Messages between the service and a child of the sandbox: JSON, and blobs beside it.

Neither side believes the other: whatever is not such a message, whole and within its bounds, is
`Broken`, and the child is then as good as dead.
"""

from __future__ import annotations

import json
import socket
import struct
import time
from dataclasses import dataclass, field
from typing import Any

#: More than any report with the evidence of twenty signatures, lists of half a megabyte included.
MOST_BYTES = 32 << 20
_MOST_JSON_BYTES = 4 << 20
_MOST_BLOBS = 4_096
_LENGTHS = struct.Struct(">II")
#: How many certificates a child may name to the service, and how large each may be.
MOST_CERTIFICATES, MOST_CERTIFICATE_BYTES = 64, 64 << 10
#: What the template tells of a child that ended: wait status, CPU seconds, peak resident bytes.
ENDED = struct.Struct("=idq")


class Broken(Exception):  # noqa: N818  it states a fact
    """The other side is gone, out of time, or sends what is no message."""


@dataclass(frozen=True)
class Message:
    """Values that JSON can hold, and bytes that it cannot."""

    values: dict[str, Any] = field(default_factory=dict)
    blobs: tuple[bytes, ...] = ()


class Channel:
    """One end of a connected stream socket; `ends_at` (monotonic seconds) bounds all of its use."""

    def __init__(self, end: socket.socket, ends_at: float | None = None) -> None:
        self._end, self._ends_at = end, ends_at

    def send(self, message: Message) -> None:
        """Raises Broken."""
        sizes = [len(blob) for blob in message.blobs]
        content = json.dumps([message.values, sizes], ensure_ascii=False).encode()
        parts = (_LENGTHS.pack(len(content), sum(sizes)), content, *message.blobs)
        try:
            self._hurry()
            self._end.sendall(b"".join(parts))
        except OSError as fault:
            raise Broken(str(fault)) from fault

    def receive(self) -> Message:
        """Raises Broken."""
        content_bytes, blob_bytes = _LENGTHS.unpack(self._exactly(_LENGTHS.size))
        if content_bytes > _MOST_JSON_BYTES or blob_bytes > MOST_BYTES:
            raise Broken("too long")
        content, joined = self._exactly(content_bytes), self._exactly(blob_bytes)
        try:
            values, sizes = json.loads(content)
            if (
                not isinstance(values, dict)
                or len(sizes) > _MOST_BLOBS
                or min(sizes, default=0) < 0
            ):
                raise ValueError("no message")
            blobs, start = [], 0
            for size in sizes:
                blobs.append(joined[start : start + size])
                start += size
        except (ValueError, TypeError, RecursionError) as fault:
            raise Broken("no message") from fault
        if start != blob_bytes:
            raise Broken("no message")
        return Message(values, tuple(blobs))

    def _exactly(self, size: int) -> bytes:
        received = bytearray(size)
        view, filled = memoryview(received), 0
        while filled < size:
            try:
                self._hurry()
                count = self._end.recv_into(view[filled:])
            except OSError as fault:
                raise Broken(str(fault)) from fault
            if not count:
                raise Broken("closed")
            filled += count
        return bytes(received)

    def _hurry(self) -> None:
        if self._ends_at is not None:
            # A timeout of zero would mean not to wait at all, and to fail in another way.
            self._end.settimeout(max(self._ends_at - time.monotonic(), 0.001))
