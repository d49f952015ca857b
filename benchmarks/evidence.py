"""`make bench-evidence`: what a bundle of many documents costs, and what its writer holds.

    python -m benchmarks.evidence [DOCUMENTS] [--pdfs] [--keep FOLDER]

Generating and exporting are processes of their own: the peak is that of a process that has only
exported. SQLite; the store makes time-stamps up as they are read. CPU is user and system.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, BinaryIO, cast

from benchmarks.generated import generate
from benchmarks.pieces import Pieces
from workflow.evidence import Request, export
from workflow.founding import found
from workflow.migrating import migrate
from workflow.office import Office
from workflow.settings import Settings

GOAL_BYTES = 300 * 10**6
QUICK = 20_000
PERIOD = time.strftime("%Y")
_BUNDLE = "bundle.zip"


@dataclass(frozen=True)
class Exported:
    """What an export cost."""

    documents: int
    entries: int
    bundle_bytes: int
    cpu_seconds: float
    seconds: float
    peak_bytes: int


class _Counted:
    """Writes on, and counts."""

    def __init__(self, out: BinaryIO) -> None:
        self._out, self.size = out, 0

    def write(self, data: bytes) -> int:
        self.size += len(data)
        return self._out.write(data)


def filled(folder: Path, documents: int) -> uuid.UUID:
    """An office in a folder, with so many documents in one commune; the commune's id."""
    settings = Settings(data_dir=folder)
    migrate(settings)
    office = Office.open(settings)
    try:
        found(office)
        return generate(office, documents, folder)
    finally:
        office.close()


def exported(folder: Path, seat: uuid.UUID, documents: int, out: Path) -> Exported:
    """The bundle of such an office, written to a file."""
    office = Office.open(Settings(data_dir=folder))
    office.objects = Pieces(office.objects, folder / "pieces.db")
    entries = 0

    def progress(_done: int, total: int) -> None:
        nonlocal entries
        entries = total

    started, began = time.process_time(), time.perf_counter()
    with out.open("wb") as file:
        counted = _Counted(file)
        export(office, Request([seat], PERIOD), cast(BinaryIO, counted), progress)
    spent, took = time.process_time() - started, time.perf_counter() - began
    office.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return Exported(documents, entries, counted.size, spent, took, peak)


def alone(work: Callable[..., Any], *given: Any) -> Any:
    """What `work` returns in a process started for it."""
    spawning = multiprocessing.get_context("spawn")
    ours, theirs = spawning.Pipe()
    process = spawning.Process(target=_answering, args=(theirs, work, *given))
    process.start()
    theirs.close()
    with suppress(EOFError):
        answer = ours.recv()
        process.join()
        return answer
    raise RuntimeError("the process failed")


def _answering(answer: Connection, work: Callable[..., Any], *given: Any) -> None:
    answer.send(work(*given))


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("documents", type=int, nargs="?", default=QUICK)
    asked.add_argument("--keep", type=Path, metavar="FOLDER", help="leave office and bundle there")
    chosen = asked.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        began = time.perf_counter()
        seat = alone(filled, folder, chosen.documents)
        sys.stdout.write(f"generated in {time.perf_counter() - began:.0f} s\n")
        sys.stdout.flush()
        found = alone(exported, folder, seat, chosen.documents, folder / _BUNDLE)
    sys.stdout.write(
        f"{found.documents} documents: bundle {found.bundle_bytes / 1e6:.0f} MB,"
        f" {found.entries} entries and pieces, {found.seconds:.0f} s,"
        f" CPU {found.cpu_seconds:.0f} s ({found.documents / found.cpu_seconds:.0f} documents/s,"
        f" {found.bundle_bytes / 1e6 / found.cpu_seconds:.1f} MB/s),"
        f" peak {found.peak_bytes / 1e6:.0f} MB (goal {GOAL_BYTES / 1e6:.0f} MB)\n"
    )
    return int(found.peak_bytes > GOAL_BYTES)


if __name__ == "__main__":
    sys.exit(main())
