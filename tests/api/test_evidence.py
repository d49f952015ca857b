"""The auditor's bundle over HTTP and from the command line."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import secrets
import uuid
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from fpdf import FPDF
from starlette.types import Message

from api.cli import main
from api.routes.evidence import export_evidence
from tests.api.conftest import COMMUNE, Counter, problem
from tests.api.desk import CLERK, LEADER, SPECIALIST, Desk, made
from tests.api.test_audit import AUDITOR
from workflow.accounts import authenticate
from workflow.checkpointing import append

PERIOD = f"{datetime.now(ZoneInfo('Asia/Ho_Chi_Minh')):%Y}"

#: Some chunks' worth of what does not compress by more than half.
LARGE_BYTES = 1_000_000


@pytest.fixture(scope="module")
def desk(founded_counter: Counter) -> Desk:
    """A commune that received and registered something."""
    desk = Desk(founded_counter)
    page = FPDF()
    page.add_page()
    page.set_keywords(secrets.token_hex(LARGE_BYTES))
    incoming = desk.receive(bytes(page.output()), sender_kind="citizen", sender_name="Ông A")
    founded_counter.do_jobs()
    incoming.step(CLERK, "register")
    return desk


def asked(desk: Desk, username: str = AUDITOR, **params: Any) -> Any:
    address = f"/organisations/{desk.seat()}/evidence"
    return desk.counter[username].get(address, params={"period": PERIOD, **params})


def looks(desk: Desk) -> list[dict[str, Any]]:
    """What the access chain says of exports."""
    page = desk.counter[LEADER].get(
        f"/organisations/{desk.seat()}/journal", params={"chain": "access"}
    )
    entries = [json.loads(item["content"]) for item in made(page, 200)["items"]]
    return [entry for entry in entries if entry["action"] == "evidence.exported"]


def test_without_a_checkpoint_there_is_nothing_to_give(desk: Desk) -> None:
    answer = problem(asked(desk), 409, "guards-unmet")
    assert "Chưa có điểm kiểm soát" in answer["detail"]
    assert looks(desk) == []


def test_the_auditor_takes_a_bundle_home_and_the_chain_knows(desk: Desk) -> None:
    size = append(desk.counter.office).size  # type: ignore[union-attr]
    first, second = asked(desk, pdfs=True, since=1), asked(desk, LEADER, pdfs=True, since=1)
    assert first.status_code == 200
    assert first.headers["content-type"] == "application/zip"
    assert first.headers["content-disposition"].endswith(f'goi-chung-cu-{PERIOD}-{size}.zip"')
    assert first.content == second.content
    with zipfile.ZipFile(io.BytesIO(first.content)) as archive:
        scope = json.loads(archive.read("scope.json"))
        assert [one["id"] for one in scope["organisations"]] == [desk.seat()]
        assert any(name.startswith("pdfs/") for name in archive.namelist())
    exported = looks(desk)
    assert [entry["actor"] for entry in exported] == [desk.person(AUDITOR), desk.person(LEADER)]
    assert exported[0]["facts"] == {
        "checkpoint": size,
        "pdfs": True,
        "period": PERIOD,
        "since": 1,
    }


def test_what_is_not_there_or_not_theirs_is_refused(desk: Desk) -> None:
    append(desk.counter.office)
    problem(asked(desk, SPECIALIST), 403, "forbidden")
    problem(asked(desk, "vpdp.chanhvp"), 404, "not-found")
    problem(asked(desk, checkpoint=99), 404, "not-found")
    problem(asked(desk, since=99), 422, "invalid")
    problem(asked(desk, period="2026-13"), 422, "invalid")
    assert asked(desk, subtree=True).status_code == 200  # nobody is under a commune


def test_the_work_stops_when_the_client_hangs_up(desk: Desk) -> None:
    office, seat = desk.counter.office, uuid.UUID(desk.seat())
    append(office)
    token = desk.counter[AUDITOR].headers["Authorization"].removeprefix("Bearer ")
    with office.reading(None) as reading:
        actor = authenticate(reading, token).actor
    whole = len(asked(desk, pdfs=True).content)
    answer = export_evidence(seat, office, actor, PERIOD, pdfs=True)
    taken, begun = [], asyncio.Event()

    async def receive() -> Message:
        await begun.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        taken.append(len(message.get("body", b"")))
        if taken[-1]:
            begun.set()

    asyncio.run(answer({"type": "http", "asgi": {"spec_version": "2.3"}}, receive, send))
    assert 0 < sum(taken) < whole - LARGE_BYTES // 2


def test_the_command_writes_the_same_bundle(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    append(desk.counter.office)
    over_http = asked(desk).content
    monkeypatch.setenv("VANTHU_DATA_DIR", str(desk.counter.office.settings.data_dir))
    out = tmp_path / "goi.zip"
    command = ["evidence", "export", COMMUNE, "--period", PERIOD, "--out", str(out)]
    assert main(command) == 0
    assert out.read_bytes() == over_http
    with zipfile.ZipFile(out) as archive:
        manifest = hashlib.sha256(archive.read("manifest.json")).hexdigest()
    said = capsys.readouterr().out
    assert f"{out}: {len(over_http)} byte" in said
    assert manifest in said
    assert main([*command, "--checkpoint", "99"]) == 1
    assert main([*command[:2], "H56.KHONG", *command[3:]]) == 1
    assert main([*command, "--checkpoint", str(2**70)]) == 1
    assert main([*command[:-1], str(tmp_path)]) == 2
    assert main([*command, "--checkpoint", str(2**70)]) == 1
    assert main([*command[:-1], str(tmp_path)]) == 2
    assert out.read_bytes() == over_http
    assert list(tmp_path.iterdir()) == [out]  # nothing half written was left
