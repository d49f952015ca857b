"""What `vanthu verify` costs: entries a second without files, and files a second with them.

    python -m benchmarks.verifying [DOCUMENTS] [--bundle FILE]

A bundle of the office of `benchmarks.generated` (20,000 documents by default), verified by the
processes that the command starts; then signed files judged again by exactly what their reports
name. Two processors work: a second has two seconds of CPU. Where others use the machine too, CPU
is the figure, and wall tells how busy it was.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.evidence import QUICK, alone, exported, filled
from benchmarks.files import make
from benchmarks.offices import founded
from signing.rejudging import rejudge
from signing.report import Judgement
from signing.sandbox import Sandbox
from tests.workflow.desk import Desk
from workflow.office import Office

ENTRIES_PER_SECOND, FILES_PER_SECOND = 50_000, 50
_PROCESSORS = 2
_FILES = 200  # judged of each size
_VANTHU = (sys.executable, "-c", "import sys; from api.cli import main; sys.exit(main())")
_SAMPLES = ("20 KB", "275 KB")


@dataclass(frozen=True)
class Verified:
    """What a verification cost, its processes included; the peak is the largest of them."""

    entries: int
    rows: int
    cpu_seconds: float
    seconds: float
    peak_bytes: int

    def per_second(self, many: int) -> float:
        """On two processors that nobody else uses."""
        return many * _PROCESSORS / self.cpu_seconds


def verified(bundle: Path) -> Verified:
    """A bundle in which all holds, by the command itself."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    run = subprocess.run([*_VANTHU, "verify", "--json", bundle], stdout=subprocess.PIPE)
    took = time.perf_counter() - began
    verdict = json.loads(run.stdout)
    if run.returncode:
        raise RuntimeError(f"does not hold: {verdict['findings'][:3]}")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Verified(
        verdict["counts"]["entries"],
        verdict["counts"]["rows"],
        used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime,
        took,
        used.ru_maxrss * 1024,
    )


def judged(size: str) -> tuple[int, float, float]:
    """The bytes of a file with a person's and an agency's signature (PAdES B-LT), and the CPU and
    wall seconds of judging it again `_FILES` times, when the sandbox has been started."""
    with ExitStack() as stack:
        office = stack.enter_context(founded("sqlite"))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        source = make(folder, frozenset({size}))[size]
        signed = _Signing(office, source, folder).signed_pdf()
        with Sandbox() as sandbox:
            judgement = sandbox.judge(signed, trust=office.sealing.trust)
        assert judgement.report.verdict == "HOP_LE", judgement.report.reasons
        anchors = office.sealing.trust.anchors
        start, _ = _judging(signed, judgement, anchors, 0)
        spent, took = _judging(signed, judgement, anchors, _FILES)
        return signed.stat().st_size, spent - start, took


def _judging(
    path: Path, judgement: Judgement, anchors: Sequence[bytes], times: int
) -> tuple[float, float]:
    """The CPU of a sandbox that judges a file once and then so often, and the wall seconds of
    these times."""
    before = _cpu()
    with Sandbox() as sandbox, ThreadPoolExecutor(_PROCESSORS) as threads:

        def again() -> Sequence[str]:
            return rejudge(sandbox, path, judgement.report, judgement.evidence.__getitem__, anchors)

        again()  # the template process is warm
        began = time.perf_counter()
        for answer in [threads.submit(again) for _ in range(times)]:
            assert answer.result() == ()
        took = time.perf_counter() - began
    return _cpu() - before, took  # its children's time is told when they have ended


class _Signing(Desk):
    """Signs a copy of a file as the desk of the tests signs its own."""

    def __init__(self, office: Office, source: Path, folder: Path) -> None:
        self.office, self._source, self.folder = office, source, folder

    def pdf(self, text: str = "") -> Path:  # noqa: ARG002
        return self._source


def _cpu() -> float:
    mine = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return mine.ru_utime + mine.ru_stime + children.ru_utime + children.ru_stime


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("documents", type=int, nargs="?", default=QUICK)
    asked.add_argument("--bundle", type=Path, help="one that is there already")
    chosen = asked.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        bundle = chosen.bundle
        if bundle is None:
            folder = Path(temporary)
            seat = alone(filled, folder, chosen.documents)
            bundle = folder / "bundle.zip"
            alone(exported, folder, seat, chosen.documents, bundle)
        found: Verified = alone(verified, bundle)  # the peak is that of its children alone
    rate = found.per_second(found.entries)
    sys.stdout.write(
        f"{found.entries} entries, {found.rows} rows: CPU {found.cpu_seconds:.1f} s,"
        f" wall {found.seconds:.1f} s at load {os.getloadavg()[0]:.1f},"
        f" peak {found.peak_bytes / 1e6:.0f} MB\n"
        f"on two processors {rate:.0f} entries/s (goal {ENTRIES_PER_SECOND}),"
        f" {found.per_second(found.rows):.0f} rows/s\n"
    )
    slowest = float("inf")
    for sample in _SAMPLES:
        size, cpu_seconds, seconds = judged(sample)
        files = _FILES * _PROCESSORS / cpu_seconds
        slowest = min(slowest, files)
        sys.stdout.write(
            f"signed file of {size / 1e3:.0f} KB: {files:.0f} files/s on two processors (goal"
            f" {FILES_PER_SECOND}), wall {_FILES / seconds:.0f} files/s\n"
        )
    return int(rate < ENTRIES_PER_SECOND or slowest < FILES_PER_SECOND)


if __name__ == "__main__":
    sys.exit(main())
