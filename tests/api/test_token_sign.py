"""`vanthu token-sign` against a server, with SoftHSM as the token in the clerk's computer."""

from __future__ import annotations

import base64
import logging
import socket
import socketserver
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

from api.cli import main
from tests.api.conftest import Counter
from tests.api.desk import CLERK, LEADER, Desk, Document
from tests.api.holding import hold
from tests.signing import tokens
from workflow.office import Office
from workflow.worker import WorkerThread

CANARY = "73914628"  # the PIN: nothing but the token may ever see it


@pytest.fixture(scope="module")
def drawer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tokens.Drawer]:
    with tokens.drawer(tmp_path_factory.mktemp("tokens")) as drawer:
        yield drawer


@pytest.fixture(scope="module")
def strict(drawer: tokens.Drawer) -> tokens.StrictToken:
    return drawer.strict_module()


@dataclass
class Clerk:
    """Somebody at home, with a token and a command line."""

    desk: Desk
    username: str
    module: Path
    token: str
    folder: Path
    server: str = ""

    def sign(self, *documents: Document, step: str | None = None, pin: str = CANARY) -> int:
        """The exit code of the command."""
        secrets = {"pin": pin, "password": self.desk.counter.password}
        arguments = ["--module", str(self.module), "--token", self.token]
        for name, secret in secrets.items():
            path = self.folder / name
            path.touch(mode=0o600)
            path.write_text(f"{secret}\n")
            arguments += [f"--{name}-file", str(path)]
        arguments += ["--step", step] if step else []
        server = self.server or str(self.desk.counter.http.base_url)
        ids = [document.id for document in documents]
        return main(["token-sign", "--server", server, "--user", self.username, *arguments, *ids])


@contextmanager
def working(office: Office) -> Iterator[WorkerThread]:
    """Jobs are done as they come."""
    worker = WorkerThread(office)
    office.doorbell = worker
    worker.start()
    yield worker
    worker.stop()


@pytest.fixture
def desk(counter: Counter) -> Iterator[Desk]:
    with working(counter.office):
        yield Desk(counter)


@pytest.fixture
def clerk_of(
    desk: Desk, drawer: tokens.Drawer, strict: tokens.StrictToken, tmp_path: Path
) -> Callable[..., Clerk]:
    """Gives somebody a token with a key of their own."""

    def give(username: str, *, agency: bool = False) -> Clerk:
        label = uuid.uuid4().hex[:16]
        drawer.add(label, {"key": hold(desk, username, agency=agency)}, pin=CANARY)
        strict.remember_wrong(0)
        strict.tell()
        return Clerk(desk, username, strict.module, label, tmp_path)

    return give


def ready(desk: Desk) -> Document:
    return desk.draft().checked()


def test_a_leader_signs_and_a_clerk_seals_from_their_own_desks(
    desk: Desk, clerk_of: Callable[..., Clerk], capsys: pytest.CaptureFixture[str]
) -> None:
    leader, clerk = clerk_of(LEADER), clerk_of(CLERK, agency=True)
    documents = [ready(desk), ready(desk)]
    assert leader.sign(*documents, step="sign") == 0
    said = capsys.readouterr().out
    assert "[2/2]" in said
    assert said.count("Xong: Chờ cấp số.") == 2
    first = documents[0]
    assert first.seen()["files"][0]["signatures"][0]["field"] == "person1"
    assert clerk.sign(first.step(CLERK, "number"), step="seal") == 0
    said = capsys.readouterr().out
    code = first.seen()["code"]
    assert f"điền số, ký hiệu: Số: {code}" in said
    assert first.state == "sealed"
    assert first.seen()["files"][0]["verdict"] == "HOP_LE"


def test_what_waits_is_completed_without_a_step(
    desk: Desk, clerk_of: Callable[..., Clerk], capsys: pytest.CaptureFixture[str]
) -> None:
    leader = clerk_of(LEADER)
    waiting, other = ready(desk).reading(LEADER, "sign"), ready(desk)
    assert leader.sign(other, waiting) == 1  # one of them does not wait for anything
    said = capsys.readouterr().out
    assert "không có chữ ký nào" in said
    assert (waiting.state, other.state) == ("signed", "format_checked")


def test_a_wrong_pin_is_tried_once_and_nothing_is_begun(
    desk: Desk,
    clerk_of: Callable[..., Clerk],
    strict: tokens.StrictToken,
    capsys: pytest.CaptureFixture[str],
) -> None:
    leader = clerk_of(LEADER)
    documents = [ready(desk), ready(desk)]
    assert leader.sign(*documents, step="sign", pin="11111111") == 1
    assert strict.count("wrong") == 1
    said = capsys.readouterr().err
    assert "Mã PIN" in said
    for document in documents:
        assert f"chưa ký: {document.id}" in said
        assert document.state == "format_checked"


def test_a_token_pulled_out_stops_all_that_follow(
    desk: Desk,
    clerk_of: Callable[..., Clerk],
    strict: tokens.StrictToken,
    capsys: pytest.CaptureFixture[str],
) -> None:
    leader = clerk_of(LEADER)
    documents = [ready(desk) for _ in range(3)]
    worker = desk.counter.office.doorbell

    class Pulling:
        """Somebody takes the token away as soon as the first signature has been accepted."""

        def ring(self, job_id: uuid.UUID) -> None:
            if strict.count("signatures") > signed:
                strict.tell("out")
            worker.ring(job_id)

    signed = strict.count("signatures")
    desk.counter.office.doorbell = Pulling()
    assert leader.sign(*documents, step="sign") == 1
    told = capsys.readouterr().err
    assert documents[0].state == "signed"
    assert str(documents[0].id) not in told
    for document in documents[1:]:
        assert f"chưa ký: {document.id}" in told
    assert documents[2].state == "format_checked"  # its step was not even taken
    desk.counter.office.doorbell = worker
    strict.tell()
    assert leader.sign(documents[1]) == 0
    assert leader.sign(documents[2], step="sign") == 0


def test_another_token_than_the_one_that_is_waited_for_signs_nothing(
    desk: Desk,
    clerk_of: Callable[..., Clerk],
    strict: tokens.StrictToken,
    capsys: pytest.CaptureFixture[str],
) -> None:
    older, _newer = clerk_of(CLERK, agency=True), clerk_of(LEADER)
    older.username = LEADER
    signed = strict.count("signatures")
    document = ready(desk).reading(LEADER, "sign")
    assert older.sign(document) == 1
    assert "chứng thư số khác" in capsys.readouterr().err
    assert strict.count("signatures") == signed


class Tapped(socketserver.BaseRequestHandler):
    """One connection through a tapped line: everything that passes is remembered."""

    def handle(self) -> None:
        line = cast(Line, self.server)
        with socket.create_connection(line.beyond) as onwards:
            back = threading.Thread(target=self._pass_on, args=(onwards, self.request))
            back.start()
            self._pass_on(self.request, onwards)
            back.join()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while passing := source.recv(65536):
                cast(Line, self.server).heard.append(passing)
                target.sendall(passing)
            target.shutdown(socket.SHUT_WR)


class Line(socketserver.ThreadingTCPServer):
    """The wire between a client and a server, with an ear on it."""

    def __init__(self, beyond: tuple[str, int]) -> None:
        super().__init__(("127.0.0.1", 0), Tapped)
        self.beyond = beyond
        self.heard: list[bytes] = []


def test_the_pin_never_leaves_the_clerks_computer(
    desk: Desk, clerk_of: Callable[..., Clerk], caplog: pytest.LogCaptureFixture
) -> None:
    leader, document = clerk_of(LEADER), ready(desk)
    url = desk.counter.http.base_url
    with Line((url.host, url.port or 0)) as line, caplog.at_level(logging.DEBUG):
        threading.Thread(target=line.serve_forever).start()
        leader.server = f"http://127.0.0.1:{line.server_address[1]}"
        assert leader.sign(document, step="sign") == 0
        line.shutdown()
    heard = b"".join(line.heard)
    assert b"/pending-signatures/" in heard  # the ear was on the right wire
    folder = desk.counter.office.settings.data_dir
    kept = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert any(b"signature.accepted" in content for content in kept.values())
    for place in (heard, caplog.text.encode(), *kept.values()):
        assert CANARY.encode() not in place
        assert base64.b64encode(CANARY.encode()).rstrip(b"=") not in place


@pytest.mark.parametrize(
    "server", ["http://example.vn", "ftp://127.0.0.1", "127.0.0.1:8000", "", "https://"]
)
def test_no_password_is_sent_in_clear_over_a_network(
    server: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(
        ["token-sign", "--server", server, "--user", "x", "--module", "x.so", str(uuid.uuid4())]
    )
    assert code == 2
    assert "--server" in capsys.readouterr().err


def test_a_secret_that_others_can_read_is_not_used(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    open_to_all = tmp_path / "password"
    open_to_all.write_text("x")
    open_to_all.chmod(0o644)
    server = str(desk.counter.http.base_url)
    arguments = ["--user", LEADER, "--module", "x.so", "--password-file", str(open_to_all)]
    assert main(["token-sign", "--server", server, *arguments, str(uuid.uuid4())]) == 1
    assert "người khác cũng đọc được" in capsys.readouterr().err
