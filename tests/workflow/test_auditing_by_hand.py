"""docs/auditing.md, done word for word: its commands on a bundle, and on spoiled ones."""

from __future__ import annotations

import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.workflow.desk import Desk
from tests.workflow.outgoing_trip import Trip
from workflow import checkpointing
from workflow.evidence import Request, export

PAGE = Path(__file__).parents[2] / "docs" / "auditing.md"
SAID = (
    "member: as listed",
    "entry 5: named by the next",
    "chain: ",
    'row: {"code":"01/QĐ-UBND"',
    "head: the journal's last entry",
    "leaf: holds this head",
    "leaves: no later one names another",
    "root: the checkpoint's",
    "Verified OK",
    "pdf: named by a revision",
)
pytestmark = pytest.mark.parametrize("office_settings", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
def programs() -> None:
    missing = [name for name in ("bash", "openssl", "unzip", "sha256sum") if not shutil.which(name)]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}")


@pytest.fixture
def bundle(desk: Desk, tmp_path: Path) -> Path:
    """Of a commune that issued and received something, under the third checkpoint."""
    checkpointing.append(desk.office)
    Trip(desk.office, desk.actor).issued()
    checkpointing.append(desk.office)
    desk.registered()
    checkpointing.append(desk.office)
    checkpointing.stamp(desk.office)
    path = tmp_path / "hand" / "evidence.zip"
    path.parent.mkdir()
    with path.open("wb") as out:
        request = Request([desk.commune], f"{desk.office.clock().year}", pdfs=True)
        export(desk.office, request, out)
    return path


def by_hand(bundle: Path) -> str:
    """What the page's commands print, and their complaints."""
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    run = subprocess.run(
        ["bash", "-c", "set -u\n" + "\n".join(blocks)],
        cwd=bundle.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=120,
    )
    return run.stdout.decode()


#: What is changed in which member, and the step that then no longer says that all is well.
SPOILED = (
    ("chains/", b'"action":"outgoing.approve"', b'"action":"outgoing.APPROVE"', "chain: "),
    ("rows/", b'"number":1,', b'"number":2,', "row: "),
    ("log/heads", b'\\"index\\":2', b'\\"index\\":3', "root: the checkpoint's"),
    ("log/leaves", b'"]', b'0"]', "leaves: no later one names another"),
    ("log/checkpoint.txt", b"\n3\n", b"\n4\n", "Verified OK"),
    ("pdfs/", b"%PDF-1", b"%PDF-2", "pdf: named by a revision"),
)


def test_every_step_holds_and_a_change_silences_its_own(bundle: Path, tmp_path: Path) -> None:
    told = by_hand(bundle)
    for line in SAID:
        assert f"\n{line}" in told, told
    assert "Verification: OK" in told
    for number, (member, old, new, silenced) in enumerate(SPOILED):
        spoiled = tmp_path / str(number) / "evidence.zip"
        spoiled.parent.mkdir()
        changed = 0
        with zipfile.ZipFile(bundle) as source, zipfile.ZipFile(spoiled, "w") as target:
            for name in source.namelist():
                data = source.read(name)
                if name.startswith(member) and old in data:
                    data, changed = data.replace(old, new), changed + 1
                target.writestr(name, data)
        assert changed, member
        told = by_hand(spoiled)
        assert f"\n{silenced}" not in told, told
