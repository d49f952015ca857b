"""Bounded fuzzing of the judge: signed files spoilt at random, again and again, by one seed.

    python -m tests.hostile.fuzzing --seconds 60 --seed 1 --keep /tmp/findings

A spoilt file must be answered, soon, and never with INTACT, unless what was spoilt is nobody's and
means nothing. What breaks that is a finding: its file is kept, and named by what made it.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from signing.trust import Trust
from signing.validation import validate
from tests.hostile.cases import Desk
from tests.hostile.mutations import MUTATIONS, Spoilt
from tests.hostile.seeds import Seed, seeds

#: CPU seconds for one file of a few kilobytes.
PATIENCE_SECONDS = 3.0


@dataclass(frozen=True)
class Finding:
    """What should not be: a file, how it was made, and what was said of it."""

    mutation: str
    ordinal: int
    fault: str
    content: bytes


@dataclass
class Tally:
    """What a run has seen."""

    answers: Counter[tuple[str, str]] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    slowest_seconds: float = 0.0


def spoil(
    sown: Sequence[Seed], mutation: Callable[[random.Random, Seed], Spoilt], seed: object
) -> Spoilt:
    """One file: the same for the same seed."""
    chance = random.Random(repr(seed))
    return mutation(chance, chance.choice(sown))


def run(
    sown: Sequence[Seed], ordinals: Iterator[int], mutations: Sequence[str] = tuple(MUTATIONS)
) -> Tally:
    """Judge one file of each mutation for each ordinal."""
    tally = Tally()
    for ordinal in ordinals:
        for name in mutations:
            judge(tally, name, ordinal, spoil(sown, MUTATIONS[name], (name, ordinal)))
    return tally


def judge(tally: Tally, name: str, ordinal: int, spoilt: Spoilt) -> None:
    started = time.process_time()
    try:
        said = validate(spoilt.content, trust=Trust(anchors=())).integrity
        fault = "said to be INTACT" if said == "INTACT" and not spoilt.harmless() else ""
    except Exception as raised:
        said, fault = "raised", f"{type(raised).__name__}: {raised}"
    took = time.process_time() - started
    tally.slowest_seconds = max(tally.slowest_seconds, took)
    if took > PATIENCE_SECONDS:
        fault = f"took {took:.1f} s"
    tally.answers[name, said] += 1
    if fault:
        tally.findings.append(Finding(name, ordinal, fault, spoilt.content))


def until(moment: float, first: int) -> Iterator[int]:
    """Ordinals from `first` on, until the clock of this process's CPU says so."""
    while time.process_time() < moment:
        yield first
        first += 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="CPU time (default 60)")
    parser.add_argument("--seed", type=int, default=1, help="where to begin (default 1)")
    parser.add_argument("--keep", type=Path, help="folder for the files of findings")
    parser.add_argument("mutations", nargs="*", default=list(MUTATIONS), help="of these only")
    asked = parser.parse_args()
    tally = run(
        seeds(Desk()),
        until(time.process_time() + asked.seconds, asked.seed * 1_000_000),
        asked.mutations,
    )
    for (name, said), number in sorted(tally.answers.items()):
        print(f"{name:12} {said:12} {number:6}")  # noqa: T201
    print(f"slowest: {tally.slowest_seconds:.2f} s; findings: {len(tally.findings)}")  # noqa: T201
    for finding in tally.findings:
        print(f"{finding.mutation} {finding.ordinal}: {finding.fault}")  # noqa: T201
        if asked.keep:
            asked.keep.mkdir(parents=True, exist_ok=True)
            target = asked.keep / f"{finding.mutation}-{finding.ordinal}.pdf"
            target.write_bytes(finding.content)
    return bool(tally.findings)


if __name__ == "__main__":
    sys.exit(main())
