"""The key in the clerk's hand against real processes: by the command, and through kill -9.

kill -9 ends a process, not the machine: what a power failure does to a disk is not shown here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from tests.api.conftest import Caller
from tests.api.desk import CLERK, LEADER, Desk, Document, made
from tests.api.holding import bring, hold, prepare
from tests.signing import tokens
from tests.trips.engines import Engines, Running, until
from tests.trips.test_kill import sign_in

CANARY = "58203917"  # the PIN: nothing but the token may ever see it


@dataclass
class Outside:
    """A real server as `tests.api.desk` knows a counter."""

    running: Running
    _signed_in: dict[str, Caller] = field(default_factory=dict)

    @property
    def data_dir(self) -> Path:
        return self.running.data_dir

    def __getitem__(self, username: str) -> Caller:
        if username not in self._signed_in:
            headers = sign_in(self.running, username)
            self._signed_in[username] = Caller(self.running.http, headers)
        return self._signed_in[username]

    def organisation(self, code: str) -> str:
        items = self["xa.quantri"].get("/organisations").json()["items"]
        return str(next(item["id"] for item in items if item["code"] == code))


def again(document: Document, running: Running) -> Document:
    """The same document at a server that was started anew."""
    return Document(Desk(Outside(running)), document.kind, document.id)  # type: ignore[arg-type]


def desk_of(running: Running) -> Desk:
    return Desk(Outside(running))  # type: ignore[arg-type]


def becomes(document: Document, state: str) -> None:
    until(lambda: document.state == state or None)


def test_a_kill_between_prepare_and_complete_costs_nothing(engines: Engines) -> None:
    # Whoever was killed at a job leaves it leased for so long.
    engines.settings = {**engines.settings, "VANTHU_JOB_LEASE_SECONDS": "10"}
    with engines.worker():
        with engines.server() as running:
            desk = desk_of(running)
            key = hold(desk)
            document = desk.draft().checked().reading(LEADER, "sign")
            (item,) = prepare(document)
            running.kill()
        with engines.server() as running:
            document = again(document, running)
            assert document.state == "signing"
            assert made(bring(document, item, key), 202)
            running.kill()  # accepted, and perhaps not yet completed
        with engines.server() as running:
            document = again(document, running)
            becomes(document, "signed")
            (file,) = document.seen()["files"]
            assert [one["field"] for one in file["signatures"]] == ["person1"]
            refused = bring(document, item, key)
            assert refused.status_code == 409


def test_a_document_signed_and_sealed_by_the_command(engines: Engines, tmp_path: Path) -> None:
    with tokens.drawer(tmp_path) as drawer, engines.worker(), engines.server() as running:
        desk = desk_of(running)
        drawer.add("token", {"ky": hold(desk), "dau": hold(desk, CLERK, agency=True)}, pin=CANARY)
        document = desk.draft().checked()
        said = token_sign(engines, running, drawer, document, LEADER, "--label=ky", "--step=sign")
        assert "Xong: Chờ cấp số." in said
        document.step(CLERK, "number")
        said = token_sign(engines, running, drawer, document, CLERK, "--id=02", "--step=seal")
        assert "Xong: Chờ phát hành." in said
        document.step(CLERK, "issue")
        (file,) = document.seen()["files"]
        assert file["verdict"] == "HOP_LE"
    for path in engines.data_dir.parent.rglob("*"):
        if path.is_file() and tmp_path / "tokens" not in path.parents and path.name != "pin":
            assert CANARY.encode() not in path.read_bytes(), path


def token_sign(
    engines: Engines,
    running: Running,
    drawer: tokens.Drawer,
    document: Document,
    username: str,
    *choices: str,
) -> str:
    """What the command says, after it has ended well."""
    password = json.loads((running.data_dir / "accounts.json").read_text())["password"]
    files = []
    for name, secret in (("pin", CANARY), ("password", password)):
        path = engines.data_dir.parent / name
        path.touch(mode=0o600)
        path.write_text(secret)
        files.append(f"--{name}-file={path}")
    log = engines.data_dir.with_suffix(".token-sign.log")
    before = len(log.read_text()) if log.exists() else 0
    arguments = (
        f"--server={running.http.base_url}",
        f"--user={username}",
        f"--module={drawer.module}",
        "--token=token",
        *choices,
        *files,
        document.id,
    )
    with engines.command("token-sign", *arguments) as process:
        code = process.wait(timeout=120)
    said = log.read_text()[before:]
    assert code == 0, said
    return said
