"""The tables of the bench, and the goals beside them."""

from __future__ import annotations

import importlib.metadata
import platform
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from cryptography.hazmat.backends.openssl import backend

Row = dict[str, Any]

OURS, PLAIN = "vanthu", "pyHanko"
SMALL, LARGE, MANY = "275 KB", "150 MB", "59,000 objects"


def say(line: str) -> None:
    """Print at once: a run takes minutes."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def machine() -> Row:
    """What a figure depends on."""
    libraries = ("pyhanko", "pyhanko-certvalidator", "cryptography", "asn1crypto")
    models = [
        line.split(":", 1)[1].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return {
        "processor": f"{len(models)} x {models[0]}" if models else platform.machine(),
        "python": platform.python_version(),
        "openssl": backend.openssl_version_text(),
        **{name: importlib.metadata.version(name) for name in libraries},
    }


def figure(figures: Iterable[Row], file: str, by: str, what: str, key: str) -> float | None:
    """One number; None when it was not measured."""
    for row in figures:
        if (row["file"], row["by"], row["what"]) == (file, by, what) and key in row:
            return float(row[key])
    return None


def goals(figures: Sequence[Row]) -> Iterator[Row]:
    """What was to be reached, and what was; None where a figure is missing."""

    def ms(what: str, by: str = OURS, file: str = SMALL) -> float | None:
        return figure(figures, file, by, what, "cpu_ms")

    def in_place(file: str, by: str = OURS) -> float | None:
        """B-B as the goals mean it: written in place, before it is checked."""
        whole, floor = ms("B-B", by, file), ms("floor", OURS, file)
        copy, check = (ms("copy", OURS, file), ms("check", OURS, file)) if by == OURS else (0, 0)
        if whole is None or floor is None or copy is None or check is None:
            return None
        return (whole - copy - check) / floor

    def added(what: str, to: str, by: str = OURS) -> float | None:
        more, less = ms(what, by), ms(to, by)
        return None if more is None or less is None else more - less

    def peak(what: str, by: str = OURS) -> float | None:
        grown = figure(figures, LARGE, by, what, "peak_growth_bytes")
        return None if grown is None else grown / 1e6

    requests = figure(figures, SMALL, OURS, "B-LT", "requests")
    rows: list[tuple[str, float | None, float | None, float, float | None]] = [
        ("B-B in place, 275 KB, x floor", in_place(SMALL, PLAIN), in_place(SMALL), 8, 4),
        ("B-B in place, 30 MB, x floor", in_place("30 MB", PLAIN), in_place("30 MB"), 1.2, None),
        ("B-B in place, 150 MB, x floor", in_place(LARGE, PLAIN), in_place(LARGE), 1.2, None),
        ("B-B in place, 59,000 objects, x floor", in_place(MANY, PLAIN), in_place(MANY), 8, 2),
        ("B-B copied and checked, 275 KB, ms", ms("B-B", PLAIN), ms("B-B"), 6, None),
        ("B-LT copied and checked, 275 KB, ms", ms("B-LT", PLAIN), ms("B-LT"), 12, None),
        ("B-LT, 275 KB, requests", None, requests, 1, None),
        ("stamp in Vietnamese, added ms", added("stamp", "B-B", PLAIN),
         added("stamp: lines", "stamp: nothing"), 20, 8),
        ("B-LTA, 150 MB, memory added, MB", peak("B-B", PLAIN), peak("B-LTA"), 10, None),
    ]  # fmt: skip
    for name, plain, measured, goal, stretch in rows:
        yield {
            "goal": name,
            "plain": None if plain is None else round(plain, 2),
            "measured": None if measured is None else round(measured, 2),
            "at_most": goal,
            "stretch": stretch,
        }


def show(results: Row) -> None:
    """Print everything."""
    figures: list[Row] = results["figures"]
    say("\n" + ", ".join(f"{name} {value}" for name, value in results["machine"].items()))
    for name, version in results["peers"].items():
        say(f"{name}: {version}")
    files = list(dict.fromkeys(row["file"] for row in figures))
    say("\nCPU ms (x floor); copy and check are part of each of ours below them")
    subjects = dict.fromkeys((row["by"], row["what"]) for row in figures if "cpu_ms" in row)
    table(
        ["", *files],
        (
            [f"{by} {what}", *(_spent(figures, file, by, what) for file in files)]
            for by, what in subjects
        ),
    )
    say("\nGrowth in bytes, HTTP requests, form of PAdES B-B; memory: peak added at 150 MB")
    table(
        ["", "growth", "requests", "PAdES", "memory MB"],
        (
            [f"{by} {what}", *_facts(figures, by, what)]
            for by, what in dict.fromkeys((row["by"], row["what"]) for row in figures)
            if what not in ("floor", "copy", "check") and not what.startswith("stamp:")
        ),
    )
    for row in figures:
        if "failed" in row:
            say(f"{row['by']} fails on {row['file']}: {row['failed']}")
    say("")
    show_goals(results["goals"])


def show_goals(goals: Iterable[Row]) -> None:
    """Print what was to be reached beside what was."""
    table(
        ["goal", "plain pyHanko", "measured", "at most", "stretch", ""],
        (
            [
                goal["goal"],
                *(_shown(goal[key]) for key in ("plain", "measured", "at_most", "stretch")),
                _verdict(goal),
            ]
            for goal in goals
        ),
    )


def _verdict(goal: Row) -> str:
    if goal["measured"] is None:
        return "not measured"
    if goal["measured"] > goal["at_most"]:
        return "MISSED"
    return "met, stretch too" if goal["measured"] <= (goal["stretch"] or 0) else "met"


def _spent(figures: Sequence[Row], file: str, by: str, what: str) -> str:
    spent = figure(figures, file, by, what, "cpu_ms")
    floors = figure(figures, file, by, what, "floors")
    return "-" if spent is None else f"{spent:.2f} ({floors:.1f})"


def _facts(figures: Sequence[Row], by: str, what: str) -> Iterator[str]:
    found: Row = {}
    for row in figures:
        if (row["by"], row["what"]) == (by, what) and row["file"] in (SMALL, LARGE):
            found = row | found if row["file"] == LARGE else found | row
    grown = found.get("peak_growth_bytes")
    yield _shown(found.get("growth_bytes"))
    yield _shown(found.get("requests"))
    yield {True: "yes", False: "no", None: "-"}[found.get("pades")]
    yield "-" if grown is None else f"{grown / 1e6:.1f}"


def _shown(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows in columns."""
    lines = [head, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = [line[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)]
        say("  ".join(cells).rstrip())
