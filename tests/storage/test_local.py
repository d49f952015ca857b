"""What only a folder can do wrong: fill up, be killed half-way, keep leftovers."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from storage.errors import ObjectTooLarge
from storage.local import ABANDONED_AFTER_SECONDS, LocalStore

COMMUNE = uuid4()

# A process of its own that may write files of at most 1 MB, as on a disk with that much left.
FILL_UP = """
import io, resource, sys
from pathlib import Path
from uuid import UUID
from storage.errors import StoreUnavailable
from storage.local import LocalStore

resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
store = LocalStore(Path(sys.argv[1]))
commune = UUID(sys.argv[2])
try:
    store.put(commune, io.BytesIO(bytes(3_000_000)), max_bytes=10_000_000)
except StoreUnavailable as error:
    print(error.what)
store.put(commune, io.BytesIO(b"small"), max_bytes=10)
"""

# A process that is killed while it receives: its source says so and then never ends.
BE_KILLED = """
import sys
from pathlib import Path
from uuid import UUID
from storage.local import LocalStore

class Endless:
    def read(self, size):
        print("receiving", flush=True)
        return bytes(size)

LocalStore(Path(sys.argv[1])).put(UUID(sys.argv[2]), Endless(), max_bytes=10**12)
"""


def stored(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file() and path.parent.name != "incoming"]


def arriving(root: Path) -> list[Path]:
    return list((root / "incoming").iterdir())


def put(root: Path, data: bytes, organisation: UUID = COMMUNE) -> Path:
    ref = LocalStore(root).put(organisation, io.BytesIO(data), max_bytes=100)
    return root / ref.key


def test_a_full_disk_is_unavailable_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", FILL_UP, str(tmp_path), str(COMMUNE)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (run.returncode, run.stdout) == (0, "objects: File too large\n"), run.stderr
    assert [path.read_bytes() for path in stored(tmp_path)] == [b"small"]
    assert arriving(tmp_path) == []


def test_a_kill_leaves_nothing_under_a_name(tmp_path: Path) -> None:
    command = [sys.executable, "-c", BE_KILLED, str(tmp_path), str(COMMUNE)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for _ in range(3):
            assert process.stdout.readline() == b"receiving\n"
        process.send_signal(signal.SIGKILL)
    assert stored(tmp_path) == []
    assert len(arriving(tmp_path)) == 1


def test_leftovers_go_after_a_day_and_living_arrivals_stay(tmp_path: Path) -> None:
    put(tmp_path, b"object")
    old, young = (tmp_path / "incoming" / name for name in ("old", "young"))
    for path in (old, young):
        path.write_bytes(b"half")
    past = young.stat().st_mtime - ABANDONED_AFTER_SECONDS - 1
    os.utime(old, (past, past))
    LocalStore(tmp_path)
    assert arriving(tmp_path) == [young]
    assert len(stored(tmp_path)) == 1


def test_a_refused_object_leaves_no_arrival(tmp_path: Path) -> None:
    with pytest.raises(ObjectTooLarge):
        put(tmp_path, bytes(101))
    assert arriving(tmp_path) == stored(tmp_path) == []


def test_objects_are_for_their_owner_to_read_and_nobody_to_write(tmp_path: Path) -> None:
    path = put(tmp_path / "objects", b"object")
    assert path.stat().st_mode & 0o777 == 0o400
    assert (tmp_path / "objects").stat().st_mode & 0o077 == 0


def test_a_relative_and_an_escaped_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert LocalStore.at("file:var/v%C4%83n%20th%C6%B0").root == Path("var/văn thư")
    assert (tmp_path / "var" / "văn thư").is_dir()
