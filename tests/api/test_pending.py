"""Signing with a key that its holder keeps, over HTTP alone."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from signing.devca import DevelopmentCA
from signing.keys import LiveKey
from tests.api.conftest import Counter, problem, serving
from tests.api.desk import CLERK, LEADER, PDF, Desk, Document, made
from tests.api.holding import bring, hold, prepare
from tests.signing.pdfs import signed_elsewhere
from workflow.office import Office


@pytest.fixture
def desk(counter: Counter) -> Desk:
    return Desk(counter)


@pytest.fixture
def asked(desk: Desk) -> Document:
    """A document whose signer keeps the key and has taken the step."""
    hold(desk)
    return desk.draft().checked().reading(LEADER, "sign")


def test_what_is_to_be_signed_can_be_checked_by_whoever_signs_it(desk: Desk) -> None:
    key = hold(desk, CLERK, agency=True)
    document = desk.draft().signed().step(CLERK, "number").reading(CLERK, "seal")
    (item,) = prepare(document, CLERK)
    seen = document.seen()
    assert item["what"] == {
        "document_id": document.id,
        "code": seen["code"],
        "subject": seen["subject"],
        "file_id": seen["files"][0]["id"],
        "file_title": None,
        "field": "agency",
        "texts": {
            "vanthu.number": f"Số: {seen['code']}",
            "vanthu.date": item["what"]["texts"]["vanthu.date"],
        },
    }
    attributes = base64.b64decode(item["attributes"])
    assert item["digest"] == hashlib.sha256(attributes).hexdigest()
    assert item["certificate_sha256"] == hashlib.sha256(key.certificate).hexdigest()
    assert item["algorithm"] == "ecdsa"
    address = f"/pending-signatures/{item['id']}/file"
    prepared = desk.counter[CLERK].get(address, params={"form": "prepared"}).content
    base = prepared[: item["base_bytes"]]
    assert hashlib.sha256(base).hexdigest() == item["base_sha256"] == seen["files"][0]["sha256"]
    zero, until, start, rest = item["byte_range"]
    assert (zero, start + rest) == (0, len(prepared))
    assert prepared[until:start] == b"<" + b"0" * (start - until - 2) + b">"
    digest = hashlib.sha256(prepared[:until] + prepared[start:]).digest()
    assert digest in attributes
    answer = bring(document, item, key, CLERK)
    accepted = made(answer, 202)
    assert (accepted["id"], accepted["document_id"]) == (item["id"], document.id)
    desk.counter.do_jobs()
    assert document.state == "sealed"


def test_the_state_says_that_a_signature_is_awaited(asked: Document) -> None:
    asked.desk.counter.do_jobs()
    assert asked.state == "signing"


def test_preparing_again_under_the_same_key_gets_the_same_answer(asked: Document) -> None:
    leader = asked.desk.counter[LEADER]
    address = f"/documents/{asked.id}/pending-signatures"
    first, again = leader.post(address, key="once"), leader.post(address, key="once")
    assert first.content == again.content
    assert again.headers["idempotent-replayed"] == "true"
    anew = leader.post(address)
    assert anew.json()["items"][0]["token"] != first.json()["items"][0]["token"]


def test_what_stands_above_a_certificate_may_come_with_the_request(asked: Document) -> None:
    leader, address = asked.desk.counter[LEADER], f"/documents/{asked.id}/pending-signatures"
    for wrong in ({"chain": ["***"]}, {"chain": ["AAAA"] * 6}, {"pin": "1234"}):
        problem(leader.post(address, json=wrong), 422, "invalid")
    problem(leader.post(address, json={"chain": ["AAAA"]}), 409, "signing-refused")
    chain = [base64.b64encode(der).decode() for der in key_of(asked).chain]
    assert len(made(leader.post(address, json={"chain": chain}))["items"]) == 1


def test_every_refusal_says_why_and_uses_up_nothing(desk: Desk) -> None:
    key = hold(desk)
    asked = desk.draft().checked().reading(LEADER, "sign")
    (first,) = prepare(asked)
    (item,) = prepare(asked)
    replaced = problem(bring(asked, first, key), 409, "signing-refused")
    assert "đã được thay" in replaced["detail"]
    wrong = problem(bring(asked, item, key, value="AAAA"), 409, "signing-refused")
    assert "không khớp" in wrong["detail"]
    problem(bring(asked, item, key, CLERK), 404, "not-found")
    problem(bring(asked, item, key, token="A" * 42), 422, "invalid")
    problem(bring(asked, item, key, value="***"), 422, "invalid")
    assert made(bring(asked, item, key), 202)
    used = problem(bring(asked, item, key), 409, "signing-refused")
    assert "đã nhận chữ ký" in used["detail"]
    desk.counter.do_jobs()
    assert asked.state == "signed"
    assert prepare(asked) == []


def test_late_is_too_late(open_office: Callable[..., Office]) -> None:
    now = [datetime.now(UTC)]
    office = open_office(clock=lambda: now[0])
    with serving(office) as counter:
        desk = Desk(counter)
        key = hold(desk)
        asked = desk.draft().checked().reading(LEADER, "sign")
        (item,) = prepare(asked)
        now[0] += timedelta(minutes=office.settings.intent_minutes)
        late = problem(bring(asked, item, key), 409, "signing-refused")
        assert "quá hạn" in late["detail"]
        counter.do_jobs()
        assert asked.state == "format_checked"
        problem(bring(asked, item, key), 409, "signing-refused")


@pytest.fixture
def given(asked: Document, tmp_path: Path) -> tuple[dict[str, Any], Path]:
    """What waits, and the file as a desktop program gets it."""
    (item,) = prepare(asked)
    answer = asked.desk.counter[LEADER].get(f"/pending-signatures/{item['id']}/file")
    assert answer.headers["content-type"] == "application/pdf"
    path = tmp_path / "given.pdf"
    path.write_bytes(answer.content)
    return item, path


def test_a_file_signed_by_a_desktop_program(
    asked: Document, given: tuple[dict[str, Any], Path]
) -> None:
    item, path = given
    counter, unsigned = asked.desk.counter, path.read_bytes()
    address = f"/pending-signatures/{item['id']}/file"

    def send(content: bytes, username: str = LEADER, **changes: str) -> Any:
        headers = {**PDF, "Pending-Token": item["token"], **changes}
        return counter[username].put(address, content=content, headers=headers)

    problem(send(unsigned), 409, "signing-refused")
    problem(send(b""), 422, "unreadable-document")
    problem(send(unsigned, **{"Content-Type": "text/plain"}), 415, "media-type-refused")
    problem(send(unsigned, **{"Pending-Token": "A" * 43}), 409, "signing-refused")
    problem(send(unsigned, **{"Pending-Token": "x"}), 400, "invalid-header")
    problem(send(bytes(len(unsigned) + 2_000_001)), 413, "too-large")
    problem(send(unsigned, CLERK), 404, "not-found")
    signed_elsewhere(path, key_of(asked), "person1")
    assert made(send(path.read_bytes()), 202)["id"] == item["id"]
    problem(send(path.read_bytes()), 409, "signing-refused")
    problem(counter[LEADER].get(address), 409, "signing-refused")
    counter.do_jobs()
    assert asked.state == "signed"


def key_of(asked: Document) -> LiveKey:
    authority = DevelopmentCA(asked.desk.counter.office.settings.data_dir / "pki")
    key = authority.key(f"person/token-{asked.desk.person(LEADER)}")
    assert key is not None
    return key


def test_a_body_without_a_length_is_bounded(open_office: Callable[..., Office]) -> None:
    with serving(open_office(upload_max_bytes=100_000)) as counter:
        desk = Desk(counter)
        hold(desk)
        (item,) = prepare(desk.draft().checked().reading(LEADER, "sign"))
        answer = counter[LEADER].put(
            f"/pending-signatures/{item['id']}/file",
            content=(bytes(100_000) for _ in range(64)),
            headers={**PDF, "Pending-Token": item["token"]},
        )
        problem(answer, 413, "too-large")


def test_who_read_the_file_is_logged(asked: Document) -> None:
    (item,) = prepare(asked)
    counter = asked.desk.counter
    counter[LEADER].get(f"/pending-signatures/{item['id']}/file", params={"form": "prepared"})
    entries = counter["xa.kiemtoan"].get(
        f"/organisations/{asked.desk.seat()}/journal", params={"chain": "access", "limit": 200}
    )
    (viewed,) = (
        entry
        for entry in map(json.loads, texts(entries))
        if entry["facts"].get("what") == "prepared"
    )
    assert viewed["facts"]["sha256"] == item["base_sha256"]


def texts(entries: httpx.Response) -> list[str]:
    return [entry["content"] for entry in entries.json()["items"]]
