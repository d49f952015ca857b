"""One HTTP exchange with a time-stamp or revocation service: bounded in time and in size.

No redirects (a listed host must not send us to another), no retries (the job that asked postpones
itself), no proxies from the environment. Connections are kept open for the next question.
"""

from __future__ import annotations

import http.client
import io
import os
import socket
import ssl
import time
from collections.abc import Mapping
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util.connection import create_connection

from signing.peers import Peers

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# Open connections kept per service; threads beyond that open one for their question alone.
_KEPT_CONNECTIONS = 10
# A connection takes a third of the time, so there is none for more.
_MOST_ADDRESSES = 3


class WireFault(Exception):  # noqa: N818  it states a fact
    """No answer that can be read further; the text, for the log, says which check failed.

    `status` is that of an answer other than 200.
    """

    def __init__(self, text: str, status: int | None = None) -> None:
        self.status = status
        super().__init__(text)


def ask(
    method: str,
    url: str,
    *,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    answer_type: str | None = None,
    answer_max_bytes: int,
    timeout_seconds: float,
    peers: Peers | None = None,
) -> bytes:
    """The body of the answer with status 200, of media type `answer_type` when that is given.

    `peers` bounds the addresses that the host may turn out to have; None is for an address of the
    operator's own.

    It takes `timeout_seconds` at most, even when the service drips its answer byte by byte. Not
    covered: the system's resolver, and more than three addresses of one host that all keep silent.

    Raises WireFault.
    """
    try:
        answer = _pools(peers).urlopen(
            method,
            url,
            body=body,
            headers=headers,
            redirect=False,
            retries=False,
            timeout=urllib3.Timeout(connect=timeout_seconds / 3, total=timeout_seconds),
            preload_content=False,
            decode_content=False,
        )
        try:
            stated = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            if answer.status != 200:
                raise WireFault(f"it answered with status {answer.status}", answer.status)
            if answer_type not in (None, stated):
                raise WireFault(f"it answered with media type {stated or 'unknown'}")
            content: bytes = answer.read(answer_max_bytes + 1)
            if len(content) > answer_max_bytes:
                raise WireFault(f"its answer is larger than {answer_max_bytes} bytes")
        except BaseException:
            answer.close()  # what is left unread would be taken for the next answer
            raise
    except (urllib3.exceptions.HTTPError, OSError) as fault:
        raise WireFault(f"{type(fault).__name__}: {fault}") from fault
    return content


class _Timely(io.RawIOBase):
    """Reads a socket until one moment for all reads; a plain timeout begins anew with each byte."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket) -> None:
        self._raw = raw
        self._sock = sock
        self._ends_at = time.monotonic() + (sock.gettimeout() or 0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Answer(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        # By now urllib3 has set the socket's timeout to what is left of the total.
        self.fp = io.BufferedReader(_Timely(self.fp.detach(), sock))


class _Reaching(HTTPConnection):
    """Connects to an address that its peers allow, and to none that a second look-up would give.

    The name stays what a certificate of TLS is compared with.
    """

    response_class = _Answer

    def __init__(self, *args: Any, peers: Peers | None, **others: Any) -> None:
        super().__init__(*args, **others)
        self._peers = peers

    def _new_conn(self) -> socket.socket:
        if self._peers is None:
            return super()._new_conn()
        fault = OSError(f"{self.host} has no address")
        for address in self._peers.of(self.host, self.port)[:_MOST_ADDRESSES]:
            try:
                return create_connection(
                    (address, self.port), self.timeout, socket_options=self.socket_options
                )
            except OSError as refused:
                fault = refused
        raise fault


class _ReachingSecurely(_Reaching, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Reaching


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _ReachingSecurely


@cache
def _pools(peers: Peers | None) -> urllib3.PoolManager:
    """One per process and peers: a TLS context costs 17 ms, a new connection a round trip."""
    context = ssl.create_default_context()
    pools = urllib3.PoolManager(maxsize=_KEPT_CONNECTIONS, ssl_context=context)

    def reaching(kind: type[HTTPConnectionPool]) -> Any:
        # A PoolManager hands on those arguments only that it knows.
        return partial(kind, peers=peers)

    pools.pool_classes_by_scheme = {"http": reaching(_Pool), "https": reaching(_SecurePool)}
    return pools


# A child must not speak on its parent's connections: answers would go to whoever reads first.
os.register_at_fork(after_in_child=_pools.cache_clear)
