"""By how much a process grows when it signs a large file after a small one."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

from benchmarks.ours import Desk
from benchmarks.peers import Running
from benchmarks.pki import Office
from signing.report import Level


def of_ours(here: Office, level: Level, small: Path, large: Path) -> int:
    """Bytes, in a process started for this."""
    spawning = multiprocessing.get_context("spawn")
    ours, theirs = spawning.Pipe()
    process = spawning.Process(target=_sign, args=(theirs, here, level, small, large))
    process.start()
    grown: int = ours.recv()
    process.join()
    return grown


def of_peer(peer: Running, small: Path, large: Path) -> int:
    """Bytes, for B-B."""
    target = large.with_suffix(".peer")
    peer.sign(small, target)
    return _peak_growth_bytes(peer.pid, lambda: peer.sign(large, target))


def _sign(answer: Connection, here: Office, level: Level, small: Path, large: Path) -> None:
    trust = here.trust()
    first, second = (
        Desk(here.person, trust, path, path.with_suffix(".own")) for path in (small, large)
    )
    first.signed(level)
    answer.send(_peak_growth_bytes(os.getpid(), lambda: second.signed(level)))


def _peak_growth_bytes(pid: int, work: Callable[[], object]) -> int:
    # proc(5): writing 5 sets the peak back to what is held now. `ru_maxrss` cannot be set back, and
    # begins with what the parent process held.
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    before = _status_bytes(pid, "VmRSS")
    work()
    return _status_bytes(pid, "VmHWM") - before


def _status_bytes(pid: int, key: str) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split(f"{key}:")[1].split()[0]) * 1024
