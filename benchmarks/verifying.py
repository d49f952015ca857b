"""What `vanthu verify` costs: entries a second without files, and files a second with them.

    python -m benchmarks.verifying [DOCUMENTS] [--bundle FILE]

A bundle of the office of `benchmarks.generated` (20,000 documents by default), verified by the
processes that the command starts; then signed files judged again by exactly what their reports
name. Two processors work: a second has two seconds of CPU. Where others use the machine too, CPU
is the figure, and wall tells how busy it was.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
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
from workflow.verifier.checking import verify

ENTRIES_PER_SECOND, FILES_PER_SECOND = 50_000, 50
_PROCESSORS = 2
_FILES = 200  # judged of each size
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
    """A bundle in which all holds."""
    began = time.perf_counter()
    verdict = verify(bundle)
    took = time.perf_counter() - began
    if not verdict.holds:
        raise RuntimeError(f"does not hold: {verdict.findings[:3]}")
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return Verified(
        verdict.counts["entries"],
        verdict.counts["rows"],
        sum(one.ru_utime + one.ru_stime for one in used),
        took,
        max(one.ru_maxrss for one in used) * 1024,
    )


def judged(size: str) -> tuple[int, float, float]:
    """The bytes of a file with a person's and an agency's signature (PAdES B-LT), and the CPU and
    wall seconds of judging it again."""
    with ExitStack() as stack:
        office = stack.enter_context(founded("sqlite"))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        source = make(folder, frozenset({size}))[size]
        signed = _Signing(office, source, folder).signed_pdf()
        sandbox = stack.enter_context(Sandbox())
        trust = office.sealing.trust
        judgement = sandbox.judge(signed, trust=trust)
        assert judgement.report.verdict == "HOP_LE", judgement.report.reasons
        again = _again(sandbox, signed, judgement, trust.anchors)
        again()  # the template process is warm
        before, began = _cpu(), time.perf_counter()
        with ThreadPoolExecutor(_PROCESSORS) as threads:
            for answer in [threads.submit(again) for _ in range(_FILES)]:
                assert answer.result() == ()
        took = time.perf_counter() - began
        sandbox.close()  # its children's time is told when they have ended
        return signed.stat().st_size, _cpu() - before, took


def _again(
    sandbox: Sandbox, path: Path, judgement: Judgement, anchors: Sequence[bytes]
) -> Callable[[], Sequence[str]]:
    pieces = judgement.evidence
    return lambda: rejudge(sandbox, path, judgement.report, pieces.__getitem__, anchors)


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
        found: Verified = alone(verified, bundle)
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
