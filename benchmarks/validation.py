"""What a verdict costs, beside what it may cost and what pyHanko's costs: `make bench-validation`.

CPU time only, each verdict in a process forked for it, the fork included; ratios within one run.
Ours is the sandbox of the service.
"""

from __future__ import annotations

import argparse
import gc
import json
import multiprocessing
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks import report
from benchmarks.files import SAMPLES, make
from benchmarks.judges import Ours, Plain, sign
from benchmarks.measuring import Cost, forked, medians
from benchmarks.pki import Office, office
from benchmarks.report import LARGE, MANY, OURS, PLAIN, SMALL, Row
from signing.report import Level
from signing.trust import Trust

RESULTS = Path(__file__).parent / "results" / "validation.json"
LETTER, PAGES, SCAN = "20 KB", "1,600 pages", "30 MB"
WITHOUT = "pyHanko without differences"


@dataclass(frozen=True)
class Case:
    """A file to be judged: which, signed at which level, how often, and by whom."""

    file: str
    level: Level
    times: int = 1
    by: str = OURS

    @property
    def what(self) -> str:
        """How the tables call it, behind the file."""
        times = f" x {self.times}" if self.times > 1 else ""
        return f"{self.level}{times}" + ("" if self.by == OURS else f" by {self.by}")


CASES = (
    Case(SMALL, "B-B"),
    Case(SMALL, "B-LT"),
    Case(SMALL, "B-LTA"),
    Case(SMALL, "B-LT", by=PLAIN),
    Case(PAGES, "B-LT"),
    Case(PAGES, "B-LT", by=PLAIN),
    Case(LETTER, "B-LT", 5),
    Case(LETTER, "B-LT", 10),
    Case(LETTER, "B-LT", 20),
    Case(MANY, "B-LT"),
    Case(SCAN, "B-LT"),
    Case(LARGE, "B-LT"),
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print the tables, store them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", choices=SAMPLES, help="these files (all)")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the JSON goes")
    chosen = parser.parse_args(arguments)
    names = frozenset(chosen.only or {case.file for case in CASES})
    with tempfile.TemporaryDirectory() as name, office() as (here, _asked), Ours() as ours:
        folder = Path(name)
        here.write_keys(folder)
        # In a process of its own: what it leaves behind would be part of every fork of this one.
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as maker:
            samples = maker.submit(make, folder, names).result()
        figures = [
            row
            for case in CASES
            if case.file in names
            for row in measured(case, samples[case.file], here, ours, folder)
        ]
    results: Row = {"machine": report.machine(), "figures": figures, "goals": list(goals(figures))}
    show(results)
    text = json.dumps(results, indent=1, ensure_ascii=False)
    chosen.results.write_text(text + "\n", encoding="utf-8")


def measured(case: Case, source: Path, here: Office, ours: Ours, folder: Path) -> Iterator[Row]:
    """CPU and peak of each judge over one case."""
    report.say(f"measuring {case.file}, {case.what}")
    plain, path = Plain(folder), folder / "judged.pdf"
    if case.by == OURS:
        sign(source, path, here.person, here.trust(), case.level, case.times)
    else:
        plain.sign(source, path)
    judges: dict[str, Callable[[], Cost]] = {
        OURS: partial(ours.judged, path, Trust(anchors=(here.root,))),
        PLAIN: partial(forked, partial(plain.judge, path)),
    }
    if case.times > 1:
        judges[WITHOUT] = partial(forked, partial(plain.judge, path, differences=False))
    # As a template does: a collection in the child would write to every page it shares.
    gc.collect()
    gc.freeze()
    rows: dict[str, Row] = {}
    for by, judge in judges.items():
        try:
            if by != OURS:
                plain.judge(path)
            rows[by] = {"peak_bytes": judge().peak_bytes}
        except Exception as fault:
            rows[by] = {"failed": f"{type(fault).__name__}: {fault}"[:200]}
    works = {by: judges[by] for by, row in rows.items() if "failed" not in row}
    for by, spent in medians({by: partial(_cpu_ms, judge) for by, judge in works.items()}).items():
        rows[by]["cpu_ms"] = round(spent, 2)
    for by, row in rows.items():
        yield {"file": case.file, "what": case.what, "by": by, **row}


def _cpu_ms(judge: Callable[[], Cost]) -> float:
    return judge().cpu_ms


def goals(figures: Sequence[Row]) -> Iterator[Row]:
    """What was to be reached, what was, and what plain pyHanko needs; None: not measured."""

    def ms(file: str, what: str, by: str = OURS) -> float | None:
        return report.figure(figures, file, by, what, "cpu_ms")

    def peak(file: str, what: str, by: str = OURS) -> float | None:
        held = report.figure(figures, file, by, what, "peak_bytes")
        return None if held is None else held / 1e6

    def times(file: str, what: str, by: str = OURS) -> float | None:
        whole, without = ms(file, what, by), ms(file, what, WITHOUT)
        return None if whole is None or without is None else whole / without

    twenty = "B-LT x 20"
    rows = [
        ("275 KB B-LT, ms", ms, SMALL, "B-LT", 20, None),
        ("1,600 pages B-LT, ms", ms, PAGES, "B-LT", 60, 40),
        ("20 signatures with differences, x without", times, LETTER, twenty, 3, None),
        ("59,000 objects B-LT, ms", ms, MANY, "B-LT", 1000, None),
        ("59,000 objects B-LT, peak MB", peak, MANY, "B-LT", 150, None),
        ("150 MB B-LT, ms", ms, LARGE, "B-LT", 30_000, None),
        ("150 MB B-LT, peak MB", peak, LARGE, "B-LT", 512, None),
    ]
    for name, of, file, what, at_most, stretch in rows:
        plain, ours = of(file, what, PLAIN), of(file, what)
        yield {
            "goal": name,
            "plain": None if plain is None else round(plain, 2),
            "measured": None if ours is None else round(ours, 2),
            "at_most": at_most,
            "stretch": stretch,
        }


def show(results: Mapping[str, Row]) -> None:
    """Print everything."""
    figures: Sequence[Row] = results["figures"]  # type: ignore[assignment]
    report.say("\n" + ", ".join(f"{name} {value}" for name, value in results["machine"].items()))
    report.say("\nCPU ms of a process that judges one file, its fork included; its peak in MB")
    cases = dict.fromkeys((row["file"], row["what"]) for row in figures)
    judges = dict.fromkeys(row["by"] for row in figures)
    report.table(
        ["", *judges],
        (
            [f"{file}, {what}", *(_shown(figures, file, what, by) for by in judges)]
            for file, what in cases
        ),
    )
    for row in figures:
        if "failed" in row:
            report.say(f"{row['by']} fails on {row['file']}, {row['what']}: {row['failed']}")
    report.say("")
    report.show_goals(results["goals"])  # type: ignore[arg-type]


def _shown(figures: Sequence[Row], file: str, what: str, by: str) -> str:
    spent = report.figure(figures, file, by, what, "cpu_ms")
    peak = report.figure(figures, file, by, what, "peak_bytes")
    return "-" if spent is None or peak is None else f"{spent:.1f} ({peak / 1e6:.0f})"


if __name__ == "__main__":
    main()
