"""Files come in streamed and bounded, and secret ones do not come in at all."""

from __future__ import annotations

import hashlib
import logging
import resource
import socket
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import httpx
import pytest

from tests.api.conftest import COMMUNE, COORDINATION, Caller, Counter, problem, serving
from tests.api.papers import a_pdf
from workflow.office import Office

PDF = {"Content-Type": "application/pdf"}
SMALL = 2_000_000


@pytest.fixture
def tight(open_office: Callable[..., Office]) -> Iterator[Counter]:
    """A counter that takes files up to two million bytes."""
    with serving(open_office(upload_max_bytes=SMALL)) as counter:
        yield counter


def address(counter: Counter, secrecy: str | None = "none", code: str = COMMUNE) -> str:
    query = {"organisation": counter.organisation(code)}
    if secrecy is not None:
        query["secrecy"] = secrecy
    return f"/uploads?{urlencode(query)}"


def objects_in(office: Office) -> list[Path]:
    return [path for path in (office.settings.data_dir / "objects").rglob("*") if path.is_file()]


class Wire:
    """A client that speaks HTTP by hand, and may send less than it announced."""

    def __init__(self, counter: Counter, caller: Caller, target: str, *headers: str) -> None:
        url = urlsplit(str(counter.http.base_url))
        self.socket = socket.create_connection((url.hostname or "", url.port or 0), timeout=10)
        lines = [
            f"POST {target} HTTP/1.1",
            f"Host: {url.netloc}",
            "Content-Type: application/pdf",
            "Idempotency-Key: by-hand",
            *(f"{name}: {value}" for name, value in caller.headers.items()),
            *headers,
        ]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def answer(self) -> bytes:
        """Everything the server says until it hangs up or has said it all."""
        said = b""
        while b"\r\n\r\n" not in said:
            said += self.socket.recv(65536)
        head, _, body = said.partition(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        while len(body) < length:
            body += self.socket.recv(65536)
        return head + b"\r\n\r\n" + body


def test_a_file_is_kept_under_its_digest(counter: Counter) -> None:
    paper = a_pdf()
    answer = counter["xa.vanthu"].post(address(counter), content=paper, headers=PDF)
    assert answer.status_code == 201, answer.text
    upload = answer.json()
    assert upload["sha256"] == hashlib.sha256(paper).hexdigest()
    assert upload["size_bytes"] == len(paper)
    assert upload["uploaded_at"].endswith("+07:00")
    assert [path.name for path in objects_in(counter.office)] == [upload["sha256"]]


@pytest.mark.parametrize("secrecy", ["mat", "toi-mat", "", "NONE"])
def test_a_secret_file_is_refused_before_a_byte_of_it_is_sent(
    counter: Counter, secrecy: str
) -> None:
    clerk = counter["xa.vanthu"]
    with Wire(counter, clerk, address(counter, secrecy), "Content-Length: 1000000") as wire:
        answer = wire.answer()  # nothing of the body was sent
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert b"/problems/secret-refused" in answer
    assert b"connection: close" in answer.lower()
    assert objects_in(counter.office) == []


def test_a_client_that_asks_first_is_not_told_to_go_on(counter: Counter) -> None:
    clerk = counter["xa.vanthu"]
    headers = ("Content-Length: 1000000", "Expect: 100-continue")
    with Wire(counter, clerk, address(counter, "mat"), *headers) as wire:
        answer = wire.answer()
    assert b"100 Continue" not in answer
    assert answer.startswith(b"HTTP/1.1 403 ")


def test_a_client_that_sends_it_all_the_same_is_heard_out(counter: Counter) -> None:
    """Hanging up on somebody who still sends would destroy the answer on its way to them."""
    size = 20_000_000
    clerk, target = counter["xa.vanthu"], address(counter, "mat")
    with Wire(counter, clerk, target, f"Content-Length: {size}") as wire:
        wire.socket.sendall(b"x" * size)
        assert b"/problems/secret-refused" in wire.answer()
        assert wire.socket.recv(1) == b""
    assert objects_in(counter.office) == []


def test_saying_nothing_of_secrecy_is_no_answer(counter: Counter) -> None:
    clerk = counter["xa.vanthu"]
    with Wire(counter, clerk, address(counter, None), "Content-Length: 1000000") as wire:
        answer = wire.answer()
    assert b"/problems/invalid" in answer
    assert b'"parameter":"secrecy"' in answer


def test_too_much_is_refused_by_its_announcement(tight: Counter) -> None:
    clerk = tight["xa.vanthu"]
    with Wire(tight, clerk, address(tight), f"Content-Length: {SMALL + 1}") as wire:
        answer = wire.answer()
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"limit_bytes":2000000' in answer


def test_too_much_without_an_announcement_is_refused_when_it_comes(tight: Counter) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(5 * SMALL // 10_000):
            yield b"x" * 10_000

    problem(
        tight["xa.vanthu"].post(address(tight), content=endless(), headers=PDF), 413, "too-large"
    )
    assert objects_in(tight.office) == []


def test_a_large_file_never_stands_in_memory(counter: Counter) -> None:
    clerk, target = counter["xa.vanthu"], address(counter)

    def pages() -> Iterator[bytes]:
        for number in range(300):
            yield number.to_bytes(4, "big") * 25_000

    tracemalloc.start()
    try:
        answer = clerk.post(target, content=pages(), headers=PDF)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert answer.json()["size_bytes"] == 30_000_000
    assert peak < 6_000_000


def test_an_empty_file_is_no_document(counter: Counter) -> None:
    answer = counter["xa.vanthu"].post(address(counter), content=b"", headers=PDF)
    problem(answer, 422, "unreadable-document")


def test_a_form_is_no_file(counter: Counter) -> None:
    answer = counter["xa.vanthu"].post(address(counter), files={"file": b"%PDF"})
    problem(answer, 415, "media-type-refused")


def test_nobody_sends_files_to_an_organisation_of_others(counter: Counter) -> None:
    stranger = address(counter, code=COORDINATION)
    clerk = counter["xa.vanthu"]
    problem(clerk.post(stranger, content=a_pdf(), headers=PDF), 404, "not-found")
    nowhere = "/uploads?organisation=00000000-0000-0000-0000-000000000000&secrecy=none"
    problem(clerk.post(nowhere, content=a_pdf(), headers=PDF), 404, "not-found")
    problem(
        counter.stranger.post(address(counter), content=a_pdf(), headers=PDF),
        401,
        "not-authenticated",
    )


def test_a_client_that_hangs_up_leaves_nothing(
    counter: Counter, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "vanthu.api"):
        clerk, target = counter["xa.vanthu"], address(counter)
        with Wire(counter, clerk, target, "Content-Length: 1000000") as wire:
            wire.socket.sendall(b"%PDF-1.7 the beginning")
        until = time.monotonic() + 10
        while "hung up" not in caplog.text and time.monotonic() < until:
            counter.http.get("/health/live")
    assert "hung up" in caplog.text
    assert "Traceback" not in caplog.text
    assert objects_in(counter.office) == []


def test_a_full_disk_is_told_and_half_a_file_is_not_kept(counter: Counter) -> None:
    """Files may grow no further, as on a full disk; the next try after that goes well."""
    clerk, target = counter["xa.vanthu"], address(counter)
    body = a_pdf() + b"\n" * 20_000_000
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000_000, hard))
    try:
        answer = clerk.post(target, content=body, headers=PDF)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    problem(answer, 503, "unavailable")
    assert objects_in(counter.office) == []
    assert clerk.post(target, content=body, headers=PDF).status_code == 201


def test_a_large_json_body_is_refused(counter: Counter) -> None:
    answer = counter["xa.vanthu"].post("/incoming-documents", json={"subject": "x" * 2_000_000})
    assert problem(answer, 413, "too-large")["limit_bytes"] == 1_000_000

    def chunks() -> Iterator[bytes]:
        for _ in range(200):
            yield b'"' + b"x" * 10_000

    answer = counter["xa.vanthu"].post(
        "/incoming-documents", content=chunks(), headers={"Content-Type": "application/json"}
    )
    problem(answer, 413, "too-large")


def test_the_connection_lives_on_after_an_ordinary_answer(counter: Counter) -> None:
    with httpx.Client(base_url=counter.http.base_url, trust_env=False) as client:
        for _ in range(3):
            answer = client.get("/health/live")
            assert "connection" not in answer.headers
