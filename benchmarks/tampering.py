"""Does the archive check find whatever is done beside the office? `make tampering`.

An office with signed documents and checkpoints; then thousands of seeded single edits, deletions,
insertions and swaps, each behind the triggers' back: in columns of evidence, journal entries,
heads, the log above them, tallies and objects. Some are consistent: the row *and* its chain,
rewritten from there to the head with right hashes. Each must be found, and found where it is.

How it is done: each change of rows is made in a transaction that is rolled back afterwards, and the
stages of `workflow.inspecting` that read the touched tables read in that same transaction, wholly
(of the evidence tables, the touched one). Every hundredth change is put to every stage but the
re-judging of verdicts. Objects are changed on disk and put back.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from benchmarks import report, tampers
from benchmarks.offices import DATABASES, founded
from benchmarks.tampers import Change, Unfit
from tests.workflow.desk import desk_of
from tests.workflow.lived_in import live
from workflow.actor import Actor
from workflow.inspecting import STAGES, Finding, Stage, Walk
from workflow.inspecting.chains import evidence_tables
from workflow.inspecting.index import Index
from workflow.migrations import triggers
from workflow.office import Office, Reading

TIMES, SEED = 10_000, 6
_WHOLE_EVERY = 100
#: Orphans and checkpoints on their way are young: the check is made as if two days later.
_LATER = timedelta(days=2)


def main(arguments: Sequence[str] | None = None) -> None:
    """Tamper, print what was found; exit 1 when anything was not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=TIMES)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--only", action="append", choices=DATABASES, help="this database (SQLite)")
    chosen = parser.parse_args(arguments)
    missed = False
    for name in chosen.only or DATABASES[:1]:
        report.say(f"an office on {name} lives for a while")
        with founded(name) as office, tempfile.TemporaryDirectory() as folder:
            live(desk_of(office, Path(folder)))
            with opened(office) as bench:
                outcome = run(bench, chosen.times, chosen.seed, tell=sys.stderr.isatty())
        show(outcome)
        missed = missed or bool(outcome.missed)
    sys.exit(1 if missed else 0)


class Twin(Office):
    """The office, as it is seen from inside one transaction that nobody else sees."""

    session: Session

    @contextmanager
    def reading(self, actor: Actor | None) -> Iterator[Reading]:
        yield Reading(self, self.session, actor, self.clock())


@dataclass
class Bench:
    """An office to be tampered with, and what its untouched journal digests."""

    office: Twin
    connection: Connection
    index: Index
    random: random.Random = field(default_factory=random.Random)

    def look(self, stages: Collection[Stage], index: Index, *, table: str = "") -> list[Finding]:
        """What these stages find now; of evidence, the rows of `table` where it is named."""
        walk = Walk(self.office, index, self.office.clock() + _LATER)
        found: list[Finding] = []
        for stage in (one for one in STAGES if one in stages):
            after: str | None = ""
            if stage is Stage.ROWS and table:
                after = max((one for one in evidence_tables() if one < table), default="")
            while after is not None:
                step = STAGES[stage](walk, after)
                found += step.findings
                after = step.after
                if stage is Stage.ROWS and table and after == table:
                    break
        self.office.session.expunge_all()
        return found


@contextmanager
def opened(office: Office) -> Iterator[Bench]:
    """A bench over an office that stands still; its triggers are there again afterwards."""
    engine = office.database.engine
    tables = triggers.protected_tables()
    with engine.connect() as connection, tempfile.TemporaryDirectory() as folder:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            found = "SELECT name FROM sqlite_schema WHERE type='trigger'"
            for name in connection.exec_driver_sql(found).scalars().all():
                connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
            connection.commit()
        twin = Twin(
            office.settings,
            database=office.database,
            objects=office.objects,
            log_objects=office.log_objects,
            sealing=office.sealing,
            clock=office.clock,
        )
        bench = Bench(twin, connection, Index(Path(folder) / "index.db"))
        try:
            with changing(bench):
                sound = bench.look(STAGES.keys() - {Stage.TRIGGERS}, bench.index)
            assert not sound, f"the office is not sound to begin with: {sound[:5]}"
            yield bench
        finally:
            bench.index.close()
            if engine.dialect.name == "sqlite":
                with connection.begin():
                    triggers.protect(connection, tables)
                connection.invalidate()  # nobody else gets it as it is now


@contextmanager
def changing(bench: Bench) -> Iterator[None]:
    """A transaction that no trigger disturbs, rolled back."""
    connection = bench.connection
    with connection.begin() as transaction:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        bench.office.session = Session(connection, autoflush=False)
        try:
            yield
        finally:
            bench.office.session.expunge_all()
            transaction.rollback()


@dataclass
class Outcome:
    """How many changes of each kind were made, found, and passed by for a reason."""

    made: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    excepted: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)
    wholly: int = 0
    seconds: float = 0


def run(bench: Bench, times: int, seed: int, *, tell: bool = False) -> Outcome:
    """Make so many changes, one at a time, and look for each."""
    bench.random = random.Random(seed)
    outcome, started = Outcome(), time.monotonic()
    turn = 0
    while outcome.made.total() < times:
        make = tampers.KINDS[turn % len(tampers.KINDS)]
        turn += 1
        with changing(bench):
            try:
                change = make(bench)
            except (Unfit, DBAPIError):  # such as two rows that a unique index keeps apart
                continue
            try:
                _count(bench, change, outcome)
            finally:
                change.undo()
        if tell and outcome.made.total() % 50 == 0:
            sys.stderr.write(f"\r{outcome.made.total()}/{times}")
            sys.stderr.flush()
    outcome.seconds = time.monotonic() - started
    return outcome


def _count(bench: Bench, change: Change, outcome: Outcome) -> None:
    outcome.made[change.kind] += 1
    stages: Collection[Stage] = change.stages
    table = change.table
    if outcome.made.total() % _WHOLE_EVERY == 0:
        stages, table = STAGES.keys() - {Stage.TRIGGERS, Stage.VERDICTS}, ""
        outcome.wholly += 1
    alone = {Stage.ROWS} == set(stages)  # what the untouched journal digests is known
    index = bench.index if alone else Index(Path(":memory:"))
    places = [finding.place for finding in bench.look(stages, index, table=table)]
    if not alone:
        index.close()
    if all(any(_at(place, wanted) for place in places) for wanted in change.places):
        outcome.found[change.kind] += 1
    elif change.excepted:
        outcome.excepted[f"{change.kind}: {change.excepted}"] += 1
    else:
        outcome.missed.append(f"{change}: {places[:5]}")


def _at(place: str, wanted: Collection[str]) -> bool:
    return any(place == one or place.startswith(f"{one} ") for one in wanted)


def show(outcome: Outcome) -> None:
    """Print what was done and what was found of it."""
    report.table(
        ["", "made", "found and located", "excepted", "MISSED"],
        (
            [
                kind,
                str(many),
                str(outcome.found[kind]),
                str(sum(n for why, n in outcome.excepted.items() if why.startswith(f"{kind}:"))),
                str(sum(one.startswith(f"{kind} ") for one in outcome.missed)),
            ]
            for kind, many in sorted(outcome.made.items())
        ),
    )
    for why, many in sorted(outcome.excepted.items()):
        report.say(f"excepted, {many} times: {why}")
    for one in outcome.missed[:20]:
        report.say(f"MISSED {one}")
    found, excepted = outcome.found.total(), outcome.excepted.total()
    report.say(
        f"{outcome.made.total()} changes, {found} found where they are, {excepted} excepted,"
        f" {len(outcome.missed)} missed; {outcome.wholly} put to every stage;"
        f" {outcome.seconds:.0f} s"
    )


if __name__ == "__main__":
    main()
