"""Time-stamp, OCSP and CRL services on a loopback port, which can be told to misbehave."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

from asn1crypto import tsp

from signing.keys import LiveKey
from signing.responders import TimeStampAuthority
from tests.signing.pki import Pki

#: How a service treats a question; it writes the answer, if any, on the handler.
Manner = Callable[["Handler", bytes], None]

TSP_ANSWER = "application/timestamp-reply"
OCSP_ANSWER = "application/ocsp-response"


class Services:
    """What runs: the PKI behind it, how each service behaves, and what it was asked."""

    def __init__(self, address: str = "127.0.0.1", port: int = 0) -> None:
        self.closing = Event()
        self._server = _Server((address, port), Handler)
        self._server.services = self
        self.port = self._server.server_port
        self.host = f"{address}:{self.port}"
        self.url = f"http://{self.host}"
        self.pki = Pki(self.url)
        self.asked: Counter[str] = Counter()
        self.connections = 0
        self.manners = good_manners(self.pki)
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def tsa_url(self) -> str:
        return f"{self.url}/tsa"

    def secure(self, context: ssl.SSLContext) -> None:
        """Speak TLS."""
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def good_manners(pki: Pki) -> dict[str, Manner]:
    """Each service as it should be, by its path."""
    media_type = "application/pkix-crl"
    return {
        "/tsa": stamping(pki.tsa),
        "/ocsp": lambda handler, body: handler.reply(OCSP_ANSWER, pki.ocsp_answer(body)),
        "/crl/root": lambda handler, _: handler.reply(media_type, pki.crl(pki.root)),
        "/crl/issuing": lambda handler, _: handler.reply(media_type, pki.crl(pki.issuing)),
    }


@contextmanager
def serving(address: str = "127.0.0.1", port: int = 0) -> Iterator[Services]:
    """Services that behave, until told otherwise."""
    services = Services(address, port)
    services.start()
    try:
        yield services
    finally:
        services.close()


class _Server(ThreadingHTTPServer):
    services: Services
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that turned away is what some tests are about."""


class Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.server.services.connections += 1

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"])))

    def _answer(self, body: bytes) -> None:
        self.server.services.asked[self.path] += 1
        self.server.services.manners[self.path](self, body)

    def reply(
        self, media_type: str, body: bytes, status: int = 200, headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


def stamping(
    key: LiveKey,
    *,
    question: Callable[[tsp.TimeStampReq], object] = lambda _: None,
    answer: Callable[[tsp.TimeStampResp], object] = lambda _: None,
) -> Manner:
    """A time-stamp authority with this key, that changes questions before or answers after."""
    authority = TimeStampAuthority(key)

    def stamp(handler: Handler, body: bytes) -> None:
        request = tsp.TimeStampReq.load(body)
        question(request)
        response = asyncio.run(authority.async_request_tsa_response(request))
        answer(response)
        handler.reply(TSP_ANSWER, response.dump())

    return stamp


def replying(
    media_type: str, body: bytes, status: int = 200, headers: dict[str, str] | None = None
) -> Manner:
    """The same answer to everything."""
    return lambda handler, _: handler.reply(media_type, body, status, headers)


def silent(handler: Handler, body: bytes) -> None:
    """Accepts the question and says nothing."""
    handler.server.services.closing.wait()


def dripping_headers(handler: Handler, body: bytes) -> None:
    """Never stops answering, and never answers."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    _drip(handler)


def dripping_body(handler: Handler, body: bytes) -> None:
    """Begins well, goes on byte by byte."""
    handler.wfile.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/timestamp-reply\r\n"
        b"Content-Length: 5000\r\n\r\n"
    )
    _drip(handler)


def _drip(handler: Handler) -> None:
    for _ in range(500):  # ten seconds: longer than any deadline, and not for ever
        if handler.server.services.closing.wait(0.02):
            return
        handler.wfile.write(b"0")


def hanging_up(handler: Handler, body: bytes) -> None:
    """Breaks off in the middle of its answer."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n0")
    handler.close_connection = True


@contextmanager
def nobody() -> Iterator[str]:
    """The address of a port that is taken, and on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"
