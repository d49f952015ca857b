"""The bench of signatures runs, and its committed run answers to every goal. No time is judged."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks import memory, report
from benchmarks.files import make
from benchmarks.ours import LEVELS, Desk, parts, stamps
from benchmarks.pki import Office, office
from benchmarks.signing import RESULTS


@pytest.fixture(scope="module")
def serving() -> Iterator[tuple[Office, Callable[[], int]]]:
    with office() as started:
        yield started


@pytest.fixture(scope="module")
def letter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("files"), frozenset({"20 KB"}))["20 KB"]


def test_the_committed_run_has_a_figure_for_every_goal() -> None:
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    goals = list(report.goals(results["figures"]))
    assert goals == results["goals"]
    assert all(goal["measured"] is not None for goal in goals)


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


def test_memory_is_measured_in_another_process(
    serving: tuple[Office, Callable[[], int]], letter: Path
) -> None:
    assert 0 <= memory.of_ours(serving[0], "B-B", letter, letter) < 100_000_000
