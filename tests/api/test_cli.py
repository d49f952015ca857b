"""The command `vanthu`: what it does, what it says, how it ends."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.cli import main
from tests.api.papers import a_pdf
from workflow import checkpointing
from workflow.office import Office
from workflow.rules.errors import Refusal
from workflow.settings import Settings

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-c", "import sys; from api.cli import main; sys.exit(main())"]


# What others script against: `vanthu validate --json`, docs/validation.md.
CONTRACT = [
    "file",
    "sha256",
    "integrity",
    "verdict",
    "indication",
    "sub_indication",
    "reasons",
    "warnings",
    "seconds",
    "signatures",
]
SIGNATURE = {
    "field",
    "subfilter",
    "level",
    "intact",
    "coverage",
    "changes",
    "trusted",
    "signer",
    "issuer",
    "serial",
    "signed_at",
    "proven_at",
    "indication",
    "sub_indication",
}


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it said."""

    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Done]


@pytest.fixture
def run(founded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command on a copy of the founded office."""
    shutil.copytree(founded, tmp_path / "var")
    monkeypatch.chdir(tmp_path)

    def run_(*arguments: str | Path, said: str = "", **settings: str) -> Done:
        out, err = io.StringIO(), io.StringIO()
        with monkeypatch.context() as here, redirect_stdout(out), redirect_stderr(err):
            here.setattr(sys, "stdin", io.StringIO(said))
            for name, value in {"VANTHU_DATA_DIR": "var", **settings}.items():
                here.setenv(name, value)
            try:
                code = main([str(argument) for argument in arguments])
            except SystemExit as end:  # argparse
                code = int(end.code or 0)
        return Done(code, out.getvalue(), err.getvalue())

    return run_


def refused(done: Done, code: int, *words: str) -> None:
    """It ended with the code and one sentence, without a traceback."""
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("vanthu: ")
    for word in words:
        assert word in line


def test_help_is_there_at_once_and_names_the_exit_codes(run: Run) -> None:
    done = run("--help")
    assert done.returncode == 0
    assert "exit codes:" in done.stdout
    for command in ("serve", "migrate", "worker", "validate", "workflows", "accounts", "demo"):
        assert command in done.stdout
    imported = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "import api.cli"],
        capture_output=True,
        text=True,
        cwd=ROOT,
    ).stderr
    for heavy in ("sqlalchemy", "fastapi", "pyhanko", "celery", "pydantic"):
        assert f" {heavy}\n" not in imported


@pytest.mark.parametrize("wrong", [["fly"], [], ["serve", "--port", "x"], ["validate"]])
def test_what_cannot_be_meant_is_a_usage_error(run: Run, wrong: list[str]) -> None:
    done = run(*wrong)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_settings_that_cannot_be_meant_are_named_but_not_repeated(run: Run) -> None:
    refused(run("migrate", VANTHU_MODE="production"), 2, "VANTHU_DATABASE_URL")
    done = run("migrate", VANTHU_TOKEN_HOURS="s3cret")
    refused(done, 2, "token_hours")
    assert "s3cret" not in done.stderr


def test_a_database_that_is_not_there_is_unavailable(run: Run) -> None:
    nowhere = "postgresql+psycopg://nobody:s3cret@127.0.0.1:1/none"
    done = run("migrate", VANTHU_DATABASE_URL=nowhere)
    refused(done, 3)
    assert "s3cret" not in done.stderr


def test_a_database_of_another_release_is_not_touched(run: Run) -> None:
    refused(run("accounts", "list", VANTHU_DATA_DIR="fresh"), 2, "vanthu migrate")
    assert run("migrate", VANTHU_DATA_DIR="fresh").returncode == 0
    assert run("accounts", "list", VANTHU_DATA_DIR="fresh").stdout == ""


def test_accounts_are_made_changed_and_closed(run: Run) -> None:
    def accounts() -> dict[str, dict[str, str]]:
        lines = run("accounts", "list", "--json").stdout.splitlines()
        return {account["username"]: account for account in map(json.loads, lines)}

    person = accounts()["xa.vanthu"]["person_id"]
    made = run("accounts", "create", "thu.hai", "--person", person, said="mat-khau-rat-dai\n")
    assert made.returncode == 0, made.stderr
    again = run("accounts", "create", "thu.hai", "--person", person, said="mat-khau-rat-dai\n")
    refused(again, 1, "thu.hai")
    short = run("accounts", "password", "thu.hai", said="ngan\n")
    refused(short, 1, "12")
    assert run("accounts", "password", "thu.hai", said="mat-khau-khac-dai\n").returncode == 0
    refused(run("accounts", "password", "ai.do", said="mat-khau-khac-dai\n"), 1, "Tài khoản")
    refused(run("accounts", "create", "x.y", "--person", "nobody", said="x\n"), 2)
    assert run("accounts", "disable", "thu.hai").returncode == 0
    assert accounts()["thu.hai"]["state"] == "disabled"


def test_files_are_judged_without_an_office(run: Run, office: Office, tmp_path: Path) -> None:
    plain, broken, signed = (tmp_path / f"{name}.pdf" for name in ("plain", "broken", "signed"))
    plain.write_bytes(a_pdf())
    broken.write_bytes(b"no pdf")
    key = office.sealing.development.person(uuid.uuid4(), "Nguoi Ky", "Co quan")
    office.sealing.sign(
        plain,
        signed,
        key_url=key.key_url,
        certificate_sha256=key.certificate_sha256,
        field="person1",
        level="B-LT",
        fill={},
        locks=False,
        shows=None,
        moment=datetime.now(UTC),
    )
    pki = office.settings.data_dir / "pki"

    def verdicts(*files: Path, trusting: Path = pki) -> list[dict[str, Any]]:
        done = run("validate", "--json", "--pki", trusting, *files)
        assert (done.returncode, done.stderr) == (0, "")
        return [json.loads(line) for line in done.stdout.splitlines()]

    (good,) = verdicts(signed)
    assert list(good)[:10] == CONTRACT
    assert (good["verdict"], good["integrity"], good["file"]) == ("HOP_LE", "INTACT", str(signed))
    assert good["sha256"] == hashlib.sha256(signed.read_bytes()).hexdigest()
    (signature,) = good["signatures"]
    assert signature.keys() >= SIGNATURE
    assert (signature["field"], signature["level"], signature["trusted"]) == (
        "person1",
        "B-LT",
        True,
    )
    found = verdicts(signed, plain, broken)
    assert [one["verdict"] for one in found] == ["HOP_LE", "KHONG_CO_CHU_KY", "KHONG_DOC_DUOC"]
    (stranger,) = verdicts(signed, trusting=tmp_path / "none")
    assert (stranger["verdict"], stranger["integrity"]) == ("KHONG_XAC_DINH", "INTACT")
    text = run("validate", "--pki", pki, signed).stdout
    assert "hợp lệ" in text
    assert "không có giá trị pháp lý" in text
    refused(run("validate", "--anchors", broken.with_name("nowhere"), plain), 2, "nowhere")


def test_every_file_gets_its_line_whatever_it_is(run: Run, tmp_path: Path) -> None:
    plain = tmp_path / "plain.pdf"
    plain.write_bytes(a_pdf())
    empty, missing = tmp_path / "empty.pdf", tmp_path / "missing.pdf"
    empty.write_bytes(b"")
    huge, pipe, odd = tmp_path / "huge.pdf", tmp_path / "pipe", tmp_path / "n\udce9.pdf"
    with huge.open("wb") as file:
        file.truncate(60_000_000)
    os.mkfifo(pipe)
    odd.write_bytes(a_pdf())
    files = (missing, tmp_path, huge, pipe, plain, empty, odd)
    done = run("validate", "--json", *files)
    assert (done.returncode, done.stderr) == (1, "")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["file"] for line in lines] == list(map(str, files))
    for line, path in zip(lines, files, strict=True):
        assert list(line)[:10] == CONTRACT
        assert line["reasons"]
        assert (line["sha256"] is None) == (path in (missing, tmp_path, pipe))
        if path not in (plain, odd):
            assert (line["integrity"], line["verdict"]) == ("UNREADABLE", "KHONG_DOC_DUOC")
    assert [lines[0]["reasons"][0]["sentence"], lines[4]["integrity"]] == [
        "Không có tệp này.",
        "UNSIGNED",
    ]
    assert run("validate", "--json", empty, huge).returncode == 0
    assert "Không có tệp này." in run("validate", missing).stdout
    (smaller,) = run("validate", "--json", "--max-bytes", "100", plain).stdout.splitlines()
    assert json.loads(smaller)["integrity"] == "UNREADABLE"


def test_a_line_goes_out_whatever_the_locale(tmp_path: Path) -> None:
    odd = tmp_path / "n\udce9.pdf"
    odd.write_bytes(a_pdf())
    done = subprocess.run(
        [*COMMAND, "validate", "--json", odd],
        capture_output=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert json.loads(done.stdout)["file"] == str(odd)
    assert "chữ ký".encode() in done.stdout


def test_files_are_judged_as_of_a_time_that_is_meant(run: Run, tmp_path: Path) -> None:
    plain = tmp_path / "plain.pdf"
    plain.write_bytes(a_pdf())

    def checked_at(time: str) -> str:
        line: dict[str, str] = json.loads(run("validate", "--json", "--at", time, plain).stdout)
        return line["checked_at"]

    assert checked_at("2026-11-22T08:00:00+07:00") == "2026-11-22T01:00:00+00:00"
    assert checked_at("2026-11-22T08:00Z") == "2026-11-22T08:00:00+00:00"
    assert checked_at("2026-11-22") == "2026-11-22T16:59:59+00:00"
    for wrong, word in (
        ("2026-11-22T08:00", "no zone"),
        ("yesterday", "ISO 8601"),
        ("0001-01-01T00:00+14:00", "ISO 8601"),
    ):
        done = run("validate", "--at", wrong, plain)
        assert (done.returncode, done.stdout) == (2, "")
        assert word in done.stderr


def test_validating_opens_no_database(tmp_path: Path) -> None:
    code = (
        "import sys; from api.cli import main; main(['validate', sys.argv[1]]);"
        "sys.exit(sorted(m for m in ('sqlalchemy', 'fastapi', 'psycopg') if m in sys.modules))"
    )
    paper = tmp_path / "plain.pdf"
    paper.write_bytes(a_pdf())
    done = subprocess.run(
        [sys.executable, "-c", code, paper], capture_output=True, text=True, cwd=ROOT
    )
    assert done.stderr.strip() in ("", "[]")


def test_the_definitions_are_checked_and_drawn(run: Run, tmp_path: Path) -> None:
    done = run("workflows", "check")
    assert done.returncode == 0, done.stdout
    assert "outgoing-numbered-first" in done.stdout
    folder = tmp_path / "drawn"
    assert run("workflows", "diagram", "--out", folder, "--check").returncode == 1
    assert run("workflows", "diagram", "--out", folder).returncode == 0
    assert run("workflows", "diagram", "--out", folder, "--check").returncode == 0
    drawn = (folder / "outgoing.md").read_text(encoding="utf-8")
    assert "stateDiagram-v2" in drawn
    (folder / "outgoing.md").write_text(drawn + "\n")
    done = run("workflows", "diagram", "--out", folder, "--check")
    assert done.returncode == 1
    assert "outgoing.md" in done.stdout


def test_kinds_of_dossier_are_checked_with_those_of_a_folder(run: Run, tmp_path: Path) -> None:
    done = run("kinds", "check")
    assert done.returncode == 0, done.stderr
    assert "commune_ntm 2: " in done.stdout
    assert "(từ 01/01/2026 đến 31/12/2030)" in done.stdout
    assert "10 tiêu chí thẩm định; 11 theo văn bản, 14 theo trí nhớ" in done.stdout
    folder = tmp_path / "kinds"
    refused(run("kinds", "check", folder), 1, str(folder))
    folder.mkdir()
    kinds = ROOT / "workflow" / "definitions" / "kinds"
    text = (kinds / "smart_village-1.toml").read_text(encoding="utf-8")
    mine = text.replace("smart_village", "thon_xanh")
    (folder / "thon_xanh-1.toml").write_text(mine, encoding="utf-8")
    assert "\nthon_xanh 1: " in run("kinds", "check", folder).stdout
    wrong = mine.replace("khoa_hoc_cong_nghe", "khoa_hoc")
    (folder / "thon_xanh-1.toml").write_text(wrong, encoding="utf-8")
    refused(run("kinds", "check", folder), 1, "thon_xanh-1.criterion[1].field")
    # An office does not open with it either.
    refused(run("journal", "verify", VANTHU_KINDS=str(folder)), 1, "thon_xanh-1.criterion[1].field")


def test_the_description_of_the_api_is_written_and_checked(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "openapi.json"
    assert run("openapi", "--out", path).returncode == 0
    assert json.loads(path.read_text())["info"]["title"] == "Vanthu"
    assert run("openapi", "--out", path, "--check").returncode == 0
    path.write_text("{}")
    assert run("openapi", "--out", path, "--check").returncode == 1


def test_the_journal_is_verified_and_tampering_located(run: Run, tmp_path: Path) -> None:
    done = run("journal", "verify")
    assert (done.returncode, done.stdout) == (0, "Nhật ký toàn vẹn.\n")
    with closing(sqlite3.connect(tmp_path / "var" / "vanthu.db")) as database, database:
        database.execute("UPDATE person SET full_name = 'x' WHERE full_name = 'Văn thư xã Mẫu'")
        assert database.execute("SELECT changes()").fetchone() == (1,)
    done = run("journal", "verify")
    assert done.returncode == 1
    edited = r"^Dòng dữ liệu bị sửa ngoài nhật ký: person [0-9a-f-]{36}$"
    assert re.search(edited, done.stdout, re.MULTILINE)
    found, told = run("fsck", "--json"), [{"kind": "row_edited"}]
    *lines, total = map(json.loads, found.stdout.splitlines())
    assert found.returncode == 1
    assert [{"kind": line["kind"]} for line in lines] == told
    assert total["found"] == {"row_edited": 1}
    assert total["looked_at"]["rows"] > 100


def test_a_sound_archive_passes(run: Run) -> None:
    done = run("fsck")
    assert (done.returncode, done.stdout) == (0, "Kho lưu trữ toàn vẹn.\n")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`vanthu serve` on an empty folder, and its address."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [*COMMAND, "serve", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=tmp_path,
        env={**env, "VANTHU_DATA_DIR": "served"},
    )
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if line.startswith("API http"):
            break
    yield process, said
    process.kill()
    process.wait()
    process.stdout.close()


def test_serving_founds_an_office_and_does_its_jobs(
    served: tuple[subprocess.Popen[str], str], run: Run, tmp_path: Path
) -> None:
    process, said = served
    address = re.findall(r"API (http://[0-9.:]+)", said)[0]
    username, password = re.findall(r"^ +(xa\.vanthu) +(\S+)", said, re.MULTILINE)[0]
    with httpx.Client(base_url=address, trust_env=False, timeout=30) as http:
        assert http.get("/health/ready").status_code == 200
        docs = http.get("/docs").text
        for asset in re.findall(r'(?:href|src)="([^"]+)"', docs):
            assert asset.startswith("/docs/assets/")  # nothing from outside
            assert http.get(asset).status_code == 200
        token = http.post("/sessions", json={"username": username, "password": password})
        http.headers["Authorization"] = f"Bearer {token.json()['token']}"
        seat = http.get("/me").json()["memberships"][0]["organisation_id"]
        upload = http.post(
            f"/uploads?secrecy=none&organisation={seat}",
            content=b"no pdf",
            headers={"Content-Type": "application/pdf", "Idempotency-Key": "a"},
        )
        arrival = {
            "organisation_id": seat,
            "medium": "electronic",
            "sender_kind": "citizen",
            "sender_name": "Ông A",
            "subject": "x",
            "secrecy": "none",
            "files": [{"upload": upload.json()["id"]}],
        }
        made = http.post("/incoming-documents", json=arrival, headers={"Idempotency-Key": "b"})
        verified = {"state": "verified"}
        _until(lambda: http.get("/incoming-documents", params=verified).json()["items"] != [])
        paper = http.get(f"/incoming-documents/{made.json()['id']}").json()
        assert paper["verdict"] == "KHONG_DOC_DUOC"
    port = address.rpartition(":")[2]
    refused(run("serve", "--port", port), 3, port)
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0


def _until(holds: Callable[[], bool]) -> None:
    """Ask again until something has happened that the server is about to do."""
    give_up = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < give_up


def test_the_log_says_how_it_stands_and_when_it_is_behind(run: Run, tmp_path: Path) -> None:
    settings, now = Settings(data_dir=tmp_path / "var"), datetime.now(UTC)
    # The development key is younger, so that the leaf waits for its signature.
    with (
        closing(Office.open(settings, clock=lambda: now - timedelta(days=2))) as office,
        pytest.raises(Refusal),
    ):
        checkpointing.append(office)
    done = run("log")
    assert done.returncode == 1, done.stderr
    assert "Chưa có điểm kiểm soát nào được ký." in done.stdout
    assert "Quá 24 giờ" in done.stdout
    with closing(Office.open(settings)) as office:
        checkpointing.append(office)
        checkpointing.stamp(office)
    done = run("log")
    assert done.returncode == 0, done.stderr
    assert "vanthu.invalid/development: 1 lá." in done.stdout
    assert "Dấu thời gian mới nhất: 1 lá" in done.stdout
    assert "Quá 24 giờ" not in done.stdout
