"""The benches run, and their committed runs answer to every goal. No time is judged."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks import dossiers, in_tray, indicator, journal, memory, province, report, validation
from benchmarks.files import make
from benchmarks.judges import Ours
from benchmarks.offices import DATABASES, founded
from benchmarks.ours import LEVELS, Desk, parts, stamps
from benchmarks.pki import Office, office
from benchmarks.report import OURS, PLAIN, Row
from benchmarks.signing import RESULTS
from benchmarks.validation import WITHOUT, Case, measured


@pytest.fixture(scope="module")
def serving() -> Iterator[tuple[Office, Callable[[], int]]]:
    with office() as started:
        yield started


@pytest.fixture(scope="module")
def letter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("files"), frozenset({"20 KB"}))["20 KB"]


@pytest.mark.parametrize(
    ("path", "goals"),
    [
        (RESULTS, report.goals),
        (validation.RESULTS, validation.goals),
        (in_tray.RESULTS, in_tray.goals),
        (indicator.RESULTS, indicator.goals),
        (journal.RESULTS, journal.goals),
    ],
    ids=["signing", "validation", "in_tray", "indicator", "journal"],
)
def test_the_committed_run_has_a_figure_for_every_goal(
    path: Path, goals: Callable[[list[Row]], Iterator[Row]]
) -> None:
    results = json.loads(path.read_text(encoding="utf-8"))
    found = list(goals(results["figures"]))
    assert found == results["goals"]
    assert all(goal["measured"] is not None for goal in found)


def test_the_same_file_is_made_again(letter: Path, tmp_path: Path) -> None:
    (again,) = make(tmp_path, frozenset({"20 KB"})).values()
    assert again.read_bytes() == letter.read_bytes()


def test_everything_measured_of_ours_runs(
    serving: tuple[Office, Callable[[], int]], letter: Path, tmp_path: Path
) -> None:
    here, asked = serving
    desk = Desk(here.person, here.trust(), letter, tmp_path / "signed.pdf")
    subjects = parts(desk) | stamps(desk)
    assert {"floor", "copy", "check", *LEVELS} < subjects.keys()
    assert all(work() > 0 for work in subjects.values())
    for level, requests in zip(LEVELS, (0, 1, 1, 2), strict=True):
        before = asked()
        assert desk.signed(level) > 5_000
        assert asked() - before == requests


def test_a_verdict_is_measured_in_all_its_processes(
    serving: tuple[Office, Callable[[], int]], letter: Path, tmp_path: Path
) -> None:
    here, _ = serving
    here.write_keys(tmp_path)
    with Ours() as ours:
        for case in (Case("20 KB", "B-LT", 2), Case("20 KB", "B-LT", by=PLAIN)):
            rows = {row["by"]: row for row in measured(case, letter, here, ours, tmp_path)}
            assert rows.keys() == {OURS, PLAIN} | ({WITHOUT} if case.times > 1 else set())
            for row in rows.values():
                assert row["cpu_ms"] > 1, row
                assert row["peak_bytes"] > 20_000_000, row


def test_memory_is_measured_in_another_process(
    serving: tuple[Office, Callable[[], int]], letter: Path
) -> None:
    assert 0 <= memory.of_ours(serving[0], "B-B", letter, letter) < 100_000_000


def test_the_bench_of_dossiers_asks_for_evidence_that_holds() -> None:
    with founded("sqlite") as office:
        figures = dossiers.measured(office, evidence=30, rounds=2)

    assert figures["unmet"] == 0


def test_the_committed_run_of_dossiers_is_of_both_databases() -> None:
    runs = json.loads(dossiers.RESULTS.read_text(encoding="utf-8"))

    assert [run["database"] for run in runs] == list(DATABASES)
    assert {run["evidence"] for run in runs} == {dossiers.EVIDENCE}


def test_the_bench_of_in_trays_reads_every_tray() -> None:
    with in_tray.busy("sqlite", 300, 100) as office:
        figures = list(in_tray.measured("sqlite", office, times=2))
    assert {row["tray"] for row in figures} == set(in_tray.TRAYS)
    assert {row["person"] for row in figures} == set(in_tray.PEOPLE)
    assert {row["page"] for row in figures} == {"first", "later"}
    assert all(row["cpu_ms_p95"] >= row["cpu_ms_p50"] > 0 for row in figures)


def test_the_bench_of_the_indicator_counts_the_same_without_tallies() -> None:
    with founded("sqlite") as office:
        seats = province.settle(office, 3)
        province.fill(office, seats, 300, office.clock())
        figures = list(indicator.measured("sqlite", office, [seat for seat, _ in seats], times=2))
    assert [row["same"] for row in figures if "same" in row] == [True]
    assert all(row["cpu_ms_p50"] > 0 for row in figures)
