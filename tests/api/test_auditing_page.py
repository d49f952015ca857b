"""The examples of docs/auditing/api.md, as they stand there, against a real server."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.api.conftest import Counter
from tests.api.desk import CLERK, Desk
from tests.api.test_auditors import mandate
from workflow import checkpointing

PAGE = (Path(__file__).parents[2] / "docs" / "auditing" / "api.md").read_text(encoding="utf-8")
PROVINCE_ADMIN, OUTSIDER = "tinh.quantri", "sokhcn.vanthu"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


@pytest.fixture
def places(counter: Counter, tmp_path: Path) -> dict[str, str]:
    """An office with something to see in it, as the examples name it."""
    desk = Desk(counter)
    desk.receive(sender_kind="citizen", sender_name="Ông A")
    counter.do_jobs()
    arrived = desk.receive(sender_kind="citizen", sender_name="Bà B")
    counter.do_jobs()
    arrived.step(CLERK, "register")
    checkpointing.append(counter.office)
    now = datetime.now(UTC)
    return {
        "PATH": os.environ["PATH"],
        "API": str(counter.http.base_url).rstrip("/"),
        "ORG": desk.seat(),
        "PERSON": desk.person(OUTSIDER),
        "ADMIN": counter[PROVINCE_ADMIN].headers["Authorization"].removeprefix("Bearer "),
        "AUDITOR": OUTSIDER,
        "PASSWORD": counter.password,
        "UNTIL": f"{now + timedelta(days=30):%FT%TZ}",
        "BUNDLE": str(tmp_path / "bundle.zip"),
        "YEAR": f"{now + timedelta(hours=7):%Y}",
    }


def test_the_commands_can_be_typed(counter: Counter, places: dict[str, str]) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed (package: curl)")
    script = "set -euo pipefail\n" + "\necho\n".join(blocks("sh"))
    run = subprocess.run(
        ["bash", "-c", script], env=places, capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert '"scope-too-narrow"' not in run.stdout
    assert '"state":"covered"' in run.stdout
    assert '"requirements"' in run.stdout
    assert zipfile.is_zipfile(places["BUNDLE"])


def test_the_program_runs(counter: Counter, places: dict[str, str]) -> None:
    mandate(counter, PROVINCE_ADMIN, places["ORG"], OUTSIDER)
    expires_at = places["UNTIL"]
    asked = {"name": "x", "scope": "audit", "expires_at": expires_at}
    token = counter[OUTSIDER].post("/tokens", json=asked).json()["token"]
    (program,) = blocks("python")
    run = subprocess.run(
        [sys.executable, "-"],
        input=program,
        env={**places, "TOKEN": token, "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "the indicator's head is covered by a signed checkpoint" in run.stdout
    assert "keep this: 1 " in run.stdout
    assert "incoming 0/1" in run.stdout
