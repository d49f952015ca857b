"""A real office behind a real server on a free loopback port."""

from __future__ import annotations

import json
import shutil
import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from api.app import create_app
from signing.sandbox import Sandbox
from workflow.accounts import sign_in
from workflow.founding import accounts, found
from workflow.jobs import run_all
from workflow.migrating import migrate
from workflow.office import Office
from workflow.settings import Settings

TOKENS = "tokens.json"
COMMUNE, COORDINATION = "H56.MAU.02", "H56.MAU.01"


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a development office nobody has worked in yet."""
    folder = tmp_path_factory.mktemp("founded")
    settings = Settings(data_dir=folder)
    migrate(settings)
    office = Office.open(settings)
    # Signing in is slow on purpose: everybody does it once, and the copies know their tokens.
    tokens = {one.username: sign_in(office, one.username, one.password) for one in found(office)}
    office.close()
    text = json.dumps({username: token for username, (token, _) in tokens.items()})
    (folder / TOKENS).write_text(text)
    return folder


@pytest.fixture
def open_office(founded: Path, tmp_path: Path, sandbox: Sandbox) -> Iterator[Callable[..., Office]]:
    """Opens a fresh copy of the founded office, with further settings or another clock."""
    opened: list[Office] = []

    def open_(clock: Callable[[], datetime] = lambda: datetime.now(UTC), **others: Any) -> Office:
        folder = tmp_path / f"office{len(opened)}"
        shutil.copytree(founded, folder)
        settings = Settings(data_dir=folder, **others)
        if "database_url" in others:
            migrate(settings)
        opened.append(Office.open(settings, clock=clock))
        opened[-1].sealing.sandbox = sandbox
        if "database_url" in others:
            (folder / TOKENS).unlink()
            found(opened[-1])
        return opened[-1]

    yield open_
    for office in opened:
        office.close()


@pytest.fixture
def office(open_office: Callable[..., Office]) -> Office:
    """A fresh development office."""
    return open_office()


@dataclass
class Caller:
    """Somebody at the counter; every POST gets a key of its own unless the test gives one."""

    http: httpx.Client
    headers: dict[str, str] = field(default_factory=dict)

    def __call__(
        self,
        method: str,
        address: str,
        *,
        etag: str | None = None,
        key: str | None = None,
        **content: Any,
    ) -> httpx.Response:
        headers = {**self.headers, **content.pop("headers", {})}
        if method == "POST":
            headers["Idempotency-Key"] = key or str(uuid.uuid4())
        if etag is not None:
            headers["If-Match"] = etag
        return self.http.request(method, address, headers=headers, **content)

    def get(self, address: str, **content: Any) -> httpx.Response:
        return self("GET", address, **content)

    def post(self, address: str, **content: Any) -> httpx.Response:
        return self("POST", address, **content)

    def put(self, address: str, **content: Any) -> httpx.Response:
        return self("PUT", address, **content)


@dataclass
class Counter:
    """A running server and the people in front of it."""

    office: Office
    http: httpx.Client
    _signed_in: dict[str, Caller] = field(default_factory=dict)

    @cached_property
    def password(self) -> str:
        return accounts(self.office)[0].password

    @property
    def data_dir(self) -> Path:
        """The office's own folder."""
        return self.office.settings.data_dir

    @property
    def stranger(self) -> Caller:
        """Somebody without a token."""
        return Caller(self.http)

    def __getitem__(self, username: str) -> Caller:
        """The person, signed in."""
        if username not in self._signed_in:
            known = self.office.settings.data_dir / TOKENS
            token = json.loads(known.read_text()).get(username) if known.exists() else None
            bearer = {"Authorization": f"Bearer {token or self.sign_in(username)}"}
            self._signed_in[username] = Caller(self.http, bearer)
        return self._signed_in[username]

    def sign_in(self, username: str) -> str:
        """A new token for the person."""
        answer = self.http.post("/sessions", json={"username": username, "password": self.password})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["token"])

    def forget_tokens(self) -> None:
        """Everybody must sign in again: the office's time has moved."""
        (self.office.settings.data_dir / TOKENS).unlink(missing_ok=True)
        self._signed_in.clear()

    def organisation(self, code: str) -> str:
        """The id of the organisation with this code."""
        answer = self["xa.quantri"].get("/organisations")
        return str(next(item["id"] for item in answer.json()["items"] if item["code"] == code))

    def do_jobs(self) -> None:
        """Do every job that waits."""
        run_all(self.office)


@contextmanager
def serving(office: Office) -> Iterator[Counter]:
    """A server over the office; its jobs wait until the test does them."""
    with socket.socket() as listener:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        config = uvicorn.Config(
            create_app(office), log_level="warning", lifespan="off", timeout_graceful_shutdown=5
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            with httpx.Client(base_url=address, timeout=30, trust_env=False) as http:
                yield Counter(office, http)
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def founded_counter(
    founded: Path, tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox
) -> Iterator[Counter]:
    """One counter for a module whose tests only look."""
    folder = tmp_path_factory.mktemp("module") / "office"
    shutil.copytree(founded, folder)
    office = Office.open(Settings(data_dir=folder))
    office.sealing.sandbox = sandbox
    with serving(office) as running:
        yield running
    office.close()


@pytest.fixture
def counter(office: Office) -> Iterator[Counter]:
    """The counter of a fresh development office."""
    with serving(office) as running:
        yield running


def problem(answer: httpx.Response, status: int, slug: str) -> dict[str, Any]:
    """The problem document, after checking that it is one of this kind."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert document["type"] == f"/problems/{slug}"
    assert document["status"] == status
    assert document["instance"] == f"urn:uuid:{answer.headers['x-request-id']}"
    assert document["title"]
    assert document["detail"]
    return document
