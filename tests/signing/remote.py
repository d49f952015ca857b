"""A remote signing service: certomancer's CSC server as a process, and a porter in front of it.

The server lets everybody in; the porter wants a token, a PIN and an OTP, remembers what was asked
and misbehaves when told to.

    with remote.service(folder, scal=2) as url, remote.porter(url) as porter:
        csc.open_key(Credential("seal", porter.url, "office/rsa2048", ...))
"""

from __future__ import annotations

import json
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import urllib3
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests import servers
from tests.signing.pki import PrivateKey, rsa_key

CERTOMANCER = ("Certomancer's CSC server", "requirements/dev.in")
_CONFIGURATION = """
keysets:
  office: {{path-prefix: keys, keys: {{{keys}}}}}
pki-architectures:
  office:
    keyset: office
    entity-defaults: {{country-name: VN, organization-name: Dịch vụ ký số thử nghiệm}}
    entities: {{{entities}}}
    certs:
      root:
        subject: root
        issuer: root
        validity: &always
          {{valid-from: "2020-01-01T00:00:00+0000", valid-to: "2100-01-01T00:00:00+0000"}}
        profiles: [{{id: simple-ca, params: {{max-path-len: 1}}}}]
      issuing:
        issuer: root
        validity: *always
        profiles: [{{id: simple-ca, params: {{max-path-len: 0}}}}]
"""
_SIGNER = "      {name}: {{issuer: issuing, validity: *always, profiles: [digsig-commitment]}}\n"

#: How a question is treated; it writes the answer, if any, on the handler.
Manner = Callable[["Handler", bytes], None]


@contextmanager
def service(folder: Path, *, scal: int) -> Iterator[str]:
    """The base address of a service that holds `office/rsa2048`, `office/rsa3072`, `office/p256`.

    With `scal` 2 it signs nothing but digests that were authorised.
    """
    signers: dict[str, PrivateKey] = {
        "rsa2048": rsa_key(2048),
        "rsa3072": rsa_key(3072),
        "p256": ec.generate_private_key(ec.SECP256R1()),
    }
    keys = {"root": rsa_key(2048, 1), "issuing": rsa_key(2048, 2), **signers}
    (folder / "keys").mkdir(parents=True)
    for name, key in keys.items():
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / "keys" / f"{name}.pem").write_bytes(pem)
    configuration = folder / "certomancer.yml"
    text = _CONFIGURATION.format(
        keys=", ".join(f"{name}: {{path: {name}.pem}}" for name in keys),
        entities=", ".join(f"{name}: {{common-name: {name}}}" for name in keys),
    )
    configuration.write_text(text + "".join(_SIGNER.format(name=name) for name in signers))
    (port,) = servers._free_ports(0)
    url = f"http://localhost:{port}/csc/v1"
    command: servers.Command = [
        sys.executable,
        "-m",
        "csc_dummy",
        configuration,
        str(port),
        str(scal),
    ]

    def probe() -> None:
        urllib3.request("POST", f"{url}/info", json={}, retries=False, timeout=1)

    with servers._running(CERTOMANCER, command, folder, probe, signal.SIGTERM):
        yield url


class Porter:
    """Stands in front of a service. What it wants is None until a test sets it."""

    def __init__(self, upstream: str) -> None:
        self.upstream = upstream
        self.token: str | None = None
        self.pin: str | None = None
        self.otp: str | None = None
        #: Questions, by the last part of their address, that are answered in another way.
        self.manners: dict[str, Manner] = {}
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.turned_away = 0
        self.connections = 0
        self.closing = Event()
        self.pools = urllib3.PoolManager()
        self.server = _Server(("127.0.0.1", 0), Handler)
        self.server.porter = self
        self.url = f"http://127.0.0.1:{self.server.server_port}/csc/v1"

    def count(self) -> Counter[str]:
        return Counter(question for question, _ in self.asked)


@contextmanager
def porter(upstream: str) -> Iterator[Porter]:
    """A porter who lets everybody in, until told otherwise."""
    made = Porter(upstream)
    thread = Thread(target=made.server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield made
    finally:
        made.closing.set()
        made.server.shutdown()
        made.server.server_close()
        made.pools.clear()
        thread.join()


class _Server(ThreadingHTTPServer):
    porter: Porter
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that turned away is what some tests are about."""


class Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.server.porter.connections += 1

    def do_POST(self) -> None:
        porter, question = self.server.porter, self.path.rpartition("/")[2]
        body = self.rfile.read(int(self.headers["Content-Length"]))
        said = json.loads(body)
        porter.asked.append((question, said))
        wanted = None if porter.token is None else f"Bearer {porter.token}"
        if wanted not in (None, self.headers["Authorization"]):
            self.turn_away(401, "invalid_token")
        elif question == "authorize" and porter.pin not in (None, said.get("PIN")):
            self.turn_away(400, "invalid_pin")
        elif question == "authorize" and porter.otp not in (None, said.get("OTP")):
            self.turn_away(400, "invalid_otp")
        else:
            porter.manners.get(question, forwarding)(self, body)

    def turn_away(self, status: int, error: str) -> None:
        self.server.porter.turned_away += 1
        self.reply(status, json.dumps({"error": error}).encode())

    def ask_upstream(self, body: bytes) -> tuple[int, bytes]:
        porter = self.server.porter
        url = porter.upstream + self.path.removeprefix("/csc/v1")
        headers = {"Content-Type": "application/json"}
        answer = porter.pools.request("POST", url, body=body, headers=headers, retries=False)
        return answer.status, answer.data

    def reply(
        self, status: int, body: bytes, media_type: str = "application/json", **headers: str
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


def forwarding(handler: Handler, body: bytes) -> None:
    """What the service itself says."""
    handler.reply(*handler.ask_upstream(body))


def changing(change: Callable[[dict[str, Any]], object]) -> Manner:
    """What the service says, with something changed in it."""

    def answer(handler: Handler, body: bytes) -> None:
        status, content = handler.ask_upstream(body)
        said = json.loads(content)
        change(said)
        handler.reply(status, json.dumps(said).encode())

    return answer


def replying(
    status: int, body: bytes, media_type: str = "application/json", **headers: str
) -> Manner:
    """The same answer to everything."""
    return lambda handler, _: handler.reply(status, body, media_type, **headers)


def redirecting(handler: Handler, _: bytes) -> None:
    """Says that the answer is to be had elsewhere, where it is."""
    upstream = handler.server.porter.upstream + handler.path.removeprefix("/csc/v1")
    handler.reply(307, b"", Location=upstream)


def silent(handler: Handler, _: bytes) -> None:
    """Accepts the question and says nothing."""
    handler.server.porter.closing.wait()


def dripping(handler: Handler, _: bytes) -> None:
    """Never stops answering, and never answers."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not handler.server.porter.closing.wait(0.02):
        handler.wfile.write(b"0")
