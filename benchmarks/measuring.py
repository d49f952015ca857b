"""CPU time, in a way that holds on a machine that others use too."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Hashable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from statistics import mean, median
from typing import TypeVar

_Name = TypeVar("_Name", bound=Hashable)

_WARM_UP_MS = 2_000
_MOST_WARM_UPS = 60
_LEAST_ROUNDS = 5
_MOST_ROUNDS = 15
_ROUNDS_MS = 10_000
# Short work is done several times in a row: a worker is warm, and its neighbours here are not.
_TURN_MS = 30
_MOST_PER_TURN = 10


def cpu_ms(work: Callable[[], object]) -> float:
    """CPU milliseconds of this process, its threads and system calls included, for one call."""
    started = time.process_time()
    work()
    return 1000 * (time.process_time() - started)


@dataclass(frozen=True)
class Cost:
    """Of a call in a process forked for it, the fork included; the peak is what that process held.

    It shares with its parent whatever neither wrote to since.
    """

    cpu_ms: float
    peak_bytes: int


def forked(work: Callable[[], object]) -> Cost:
    """Of one call. Raises RuntimeError when it fails."""
    started = time.process_time()
    pid = os.fork()
    if not pid:
        failed = 1
        with suppress(Exception):
            work()
            failed = 0
        os._exit(failed)
    _, status, used = os.wait4(pid, 0)
    if status:
        raise RuntimeError("the call failed in its process")
    spent = time.process_time() - started + used.ru_utime + used.ru_stime
    return Cost(1000 * spent, used.ru_maxrss * 1024)


def medians(subjects: Mapping[_Name, Callable[[], float]]) -> dict[_Name, float]:
    """The median of what each subject returns, in five rounds or more of a turn for each.

    Each is called until warm first: some compile themselves while they run.
    """
    turns = {
        name: max(1, min(_MOST_PER_TURN, int(_TURN_MS / _warm(subject))))
        for name, subject in subjects.items()
    }
    taken: dict[_Name, list[float]] = {name: [] for name in subjects}
    spent = 0.0
    for done in range(_MOST_ROUNDS):
        if done >= _LEAST_ROUNDS and spent > _ROUNDS_MS:
            break
        for name, subject in subjects.items():
            turn = [subject() for _ in range(turns[name])]
            taken[name].append(mean(turn))
            spent += sum(turn)
    return {name: median(values) for name, values in taken.items()}


def _warm(subject: Callable[[], float]) -> float:
    """What it returns once it is warm."""
    spent, last = 0.0, 0.0
    for _ in range(_MOST_WARM_UPS):
        last = subject()
        spent += last
        if spent > _WARM_UP_MS:
            break
    return last
