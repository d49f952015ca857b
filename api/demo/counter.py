"""People at the counter: everything they do in the demo goes over HTTP."""

from __future__ import annotations

import http.client
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx

Json = dict[str, Any]

#: While a job signs or verifies, nobody can act; the document is read again until it has passed.
PASSING = frozenset({"signing", "sealing", "digitising"})
_BOUND = frozenset({"check_content", "approve", "check_format", "sign", "seal"})
_POLL_SECONDS = 0.1
_PATIENCE_SECONDS = 30.0


class Refused(Exception):  # noqa: N818  it states a fact
    """The server said no, with a problem document (RFC 9457)."""

    def __init__(self, problem: Json) -> None:
        self.problem = problem
        super().__init__(f"{self.kind}: {problem['detail']}")

    @property
    def kind(self) -> str:
        """The status and the short name of its type, e.g. `409 guards-unmet`."""
        return f"{self.problem['status']} {self.problem['type'].rpartition('/')[2]}"


class TooSlow(Exception):  # noqa: N818  it states a fact
    """What was awaited did not come."""


@dataclass(frozen=True)
class Person:
    """Somebody who is signed in."""

    id: str
    _http: httpx.Client
    _token: str

    def get(self, address: str, **parameters: str) -> Json:
        """What the address shows. Raises Refused."""
        return _read(self._ask("GET", address, params=parameters))

    def post(self, address: str, body: Json, version: int | None = None) -> Json:
        """Send a change that starts from `version`. Raises Refused."""
        return _read(self._ask("POST", address, json=body, headers=_if_match(version)))

    def put(self, address: str, body: Json, version: int | None = None) -> Json:
        """Put this there, instead of what is there. Raises Refused."""
        return _read(self._ask("PUT", address, json=body, headers=_if_match(version)))

    def upload(self, organisation_id: str, pdf: bytes) -> str:
        """The id of the upload. Raises Refused."""
        upload = self._send_pdf("/uploads", organisation_id, pdf)
        return str(upload["id"])

    def validate(self, organisation_id: str, pdf: bytes) -> Json:
        """The validator's report on a PDF that belongs to no document. Raises Refused."""
        return self._send_pdf("/signature-validations", organisation_id, pdf)

    def download(self, document: Json) -> bytes:
        """The bytes of a document's main file."""
        return self.fetch(f"/documents/{document['id']}/files/{document['files'][0]['id']}/content")

    def fetch(self, address: str) -> bytes:
        """The bytes that the address gives out. Raises Refused."""
        answer = self._ask("GET", address)
        if answer.is_error:
            raise Refused(answer.json())
        return answer.content

    def step(self, address: str, trigger: str, **body: object) -> Json:
        """Look at a case, take a step from what was seen, and wait while a job signs.

        Raises Refused, TooSlow.
        """
        return self.go_on(address, self.get(address), trigger, **body)

    def go_on(self, address: str, seen: Json, trigger: str, **body: object) -> Json:
        """As `step`, from what was seen before."""
        if trigger in _BOUND:
            body["content_sha256"] = seen["content_sha256"]
        moved = self.post(f"{address}/transitions", {"trigger": trigger, **body}, seen["version"])
        if moved["state"] not in PASSING:
            return moved
        return self.until(address, lambda now: now["state"] not in PASSING)

    def until(self, address: str, come: Callable[[Json], bool], **parameters: str) -> Json:
        """What the address shows as soon as it is what was awaited. Raises TooSlow, Refused."""
        deadline, rest = time.monotonic() + _PATIENCE_SECONDS, _POLL_SECONDS
        while not come(shown := self.get(address, **parameters)):
            if time.monotonic() > deadline:
                raise TooSlow(f"{address}: chờ quá {_PATIENCE_SECONDS:.0f} giây.")
            time.sleep(rest)
            rest *= 1.5  # who asks without pause holds up the work that is asked for
        return shown

    def announce(self, organisation_id: str, size_bytes: int, secrecy: str) -> str:
        """Announce a file without sending one byte of it; the answer of the server at the door.

        Plain sockets: a client that is polite sends the body before it listens.
        """
        url = self._http.base_url
        connection = http.client.HTTPConnection(url.host, url.port or 80, timeout=10)
        try:
            query = urlencode({"organisation": organisation_id, "secrecy": secrecy})
            connection.putrequest("POST", f"/uploads?{query}")
            for name, value in {
                **self._headers("POST"),
                "Content-Type": "application/pdf",
                "Content-Length": str(size_bytes),
            }.items():
                connection.putheader(name, value)
            connection.endheaders()
            answer = connection.getresponse()
            read = httpx.Response(answer.status, content=answer.read())
        finally:
            connection.close()
        try:
            _read(read)
        except Refused as refused:
            return refused.kind
        return f"{answer.status}"

    def _send_pdf(self, address: str, organisation_id: str, pdf: bytes) -> Json:
        parameters = {"organisation": organisation_id, "secrecy": "none"}
        headers = {"Content-Type": "application/pdf"}
        return _read(self._ask("POST", address, params=parameters, content=pdf, headers=headers))

    def _ask(self, method: str, address: str, **content: Any) -> httpx.Response:
        headers = {**self._headers(method), **content.pop("headers", {})}
        return self._http.request(method, address, headers=headers, **content)

    def _headers(self, method: str) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {self._token}"}
        if method == "POST":
            headers["Idempotency-Key"] = str(uuid.uuid4())
        return headers


@dataclass
class Counter:
    """A running server and the people in front of it."""

    address: str
    http: httpx.Client
    password: str
    _people: dict[str, Person] = field(default_factory=dict)

    def __getitem__(self, username: str) -> Person:
        """The person, signed in."""
        if username not in self._people:
            sign_in = {"username": username, "password": self.password}
            token = _read(self.http.post("/sessions", json=sign_in))["token"]
            me = _read(self.http.get("/me", headers={"Authorization": f"Bearer {token}"}))
            self._people[username] = Person(me["person_id"], self.http, token)
        return self._people[username]


@contextmanager
def counter_at(address: str, password: str) -> Iterator[Counter]:
    """The counter of a server that listens already; no proxy comes between."""
    with httpx.Client(base_url=address, timeout=_PATIENCE_SECONDS, trust_env=False) as client:
        yield Counter(address, client, password)


def _if_match(version: int | None) -> dict[str, str]:
    return {} if version is None else {"If-Match": f'"{version}"'}


def _read(response: httpx.Response) -> Json:
    content: Json = response.json()
    if response.is_error:
        raise Refused(content)
    return content
