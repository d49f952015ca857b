"""What the indicator costs among 2,000,000 documents: `make bench-indicator`.

CPU of this process, which on SQLite is everything; what PostgreSQL's server spends on the same
statements is read from the system and stands beside it. The last lines count the facts one by one,
without tallies: what the figure would cost else, and that it is the same.
"""

from __future__ import annotations

import argparse
import json
import os
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from statistics import quantiles
from typing import Any

from sqlalchemy import func, select

from benchmarks import province, report
from benchmarks.measuring import cpu_ms
from benchmarks.offices import DATABASES, acting, founded, seat_of
from benchmarks.report import Row
from workflow.bookkeeping import is_newest
from workflow.facts.indicator import Tallied, tallied
from workflow.office import Office, Reading
from workflow.records import RegisterFact
from workflow.reporting import measure, ranking, series
from workflow.rules import indicator
from workflow.rules.cells import alike
from workflow.rules.indicator import Count, Definition, Indicator, Period

RESULTS = Path(__file__).parent / "results" / "indicator.json"
DOCUMENTS, COMMUNES, TIMES = 2_000_000, 166, 40
LEADER = "tinh.chutich"
#: p95 of CPU in milliseconds: of a commune's year, of a province's.
COMMUNE_MS, PROVINCE_MS = 20, 300


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print the table, store it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", choices=DATABASES, help="this database (both)")
    parser.add_argument("--documents", type=int, default=DOCUMENTS, help="of the year")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the JSON goes")
    chosen = parser.parse_args(arguments)
    results: Row = {
        "machine": report.machine(),
        "province": {"documents": chosen.documents, "communes": COMMUNES, "times": TIMES},
        "figures": [],
    }
    for name in chosen.only or DATABASES:
        with founded(name) as office:
            report.say(f"{name}: writing {chosen.documents:,} documents of {COMMUNES} communes")
            seats = province.settle(office, COMMUNES)
            province.fill(office, seats, chosen.documents, office.clock())
            results["figures"] += measured(name, office, [seat for seat, _ in seats], TIMES)
    results["goals"] = list(goals(results["figures"]))
    show(results)
    text = json.dumps(results, indent=1, ensure_ascii=False)
    chosen.results.write_text(text + "\n", encoding="utf-8")


def measured(
    database: str, office: Office, seats: Sequence[uuid.UUID], times: int
) -> Iterator[Row]:
    """A commune's year, a province's, its months, and both counted without tallies."""
    year = str(office.clock().year)
    above = seat_of(office, province.PROVINCE)
    subjects: dict[str, Callable[[Reading], object]] = {
        "commune, year": lambda reading: measure(reading, seats[0], year),
        "commune, month": lambda reading: measure(reading, seats[0], f"{year}-06"),
        "province, year": lambda reading: measure(reading, above, year, subtree=True),
        "province, twelve months": lambda reading: series(
            reading, above, f"{year}-01", f"{year}-12", subtree=True
        ),
        "province, ranking": lambda reading: ranking(reading, above, year),
    }
    for what, question in subjects.items():
        ask = _asked(office, (above, seats[0]), question)
        ask()
        pid = _server(office)
        before = _server_ms(pid)
        spent = [cpu_ms(ask) for _ in range(times)]
        served = (_server_ms(pid) - before) / times
        cuts = quantiles(spent, n=20)
        yield {
            "database": database,
            "what": what,
            "cpu_ms_p50": round(cuts[9] + served, 2),
            "cpu_ms_p95": round(cuts[18] + served, 2),
            "of_it_server_ms": round(served, 2),
        }
    yield _one_by_one(database, office, seats, year)


def goals(figures: Sequence[Row]) -> Iterator[Row]:
    """What was to be reached, and what was."""
    for database in DATABASES:
        for what, at_most in (("commune, year", COMMUNE_MS), ("province, year", PROVINCE_MS)):
            found = [
                row["cpu_ms_p95"]
                for row in figures
                if (row["database"], row["what"]) == (database, what)
            ]
            yield {
                "goal": f"{what}, {database}, CPU ms p95",
                "plain": None,
                "measured": max(found, default=None),
                "at_most": at_most,
                "stretch": None,
            }


def show(results: Row) -> None:
    """Print everything."""
    keys = ("cpu_ms_p50", "cpu_ms_p95", "of_it_server_ms", "same")
    report.table(
        ["", *keys],
        (
            [f"{row['database']} {row['what']}", *(str(row.get(key, "-")) for key in keys)]
            for row in results["figures"]
        ),
    )
    report.show_goals(results["goals"])


def _asked(
    office: Office, seats: Sequence[uuid.UUID], ask: Callable[[Reading], object]
) -> Callable[[], object]:
    """What an auditor of these asks."""
    actor = replace(acting(office, LEADER), roles=dict.fromkeys(seats, frozenset({"auditor"})))

    def once() -> object:
        with office.reading(actor) as reading:
            return ask(reading)

    return once


def _counted(
    definition: Definition, period: Period, now: datetime, rows: Iterable[Tallied]
) -> dict[Any, Indicator]:
    counts: dict[Any, Count] = defaultdict(lambda: Count(definition, now, production=True))
    for one in rows:
        counts[one.organisation_id, one.month].add(one.row, one.many)
    return {key: count.indicator(str(key[0]), period) for key, count in counts.items()}


def _one_by_one(database: str, office: Office, seats: Sequence[uuid.UUID], year: str) -> Row:
    """The province's year from the facts themselves, once."""
    period = indicator.parse_period(year)
    definition = indicator.definition_for(office.law.indicator, period)
    pid = _server(office)
    served, started = _server_ms(pid), time.process_time()
    with office.reading(None) as reading:
        fact, now = RegisterFact, reading.now
        like = (fact.organisation_id, fact.register, fact.cell, fact.due_at)
        rows = reading.session.execute(
            select(*like, func.count())
            .where(fact.counted_on.between(period.first_on, period.last_on), is_newest())
            .group_by(*like)
        )
        found = _counted(
            definition,
            period,
            now,
            (
                Tallied(seat, "", now.year * 100 + 1, alike(book, cell, due), many)
                for seat, book, cell, due, many in rows
            ),
        )
        spent = 1000 * (time.process_time() - started) + _server_ms(pid) - served
        tallies = tallied(reading, seats, period)
        same = _counted(definition, period, now, tallies) == found
    return {
        "database": database,
        "what": "province, year, from the facts one by one",
        "cpu_ms_p50": round(spent),
        "same": same,
    }


def _server(office: Office) -> int | None:
    """PostgreSQL's process for the connection that is used again and again."""
    if office.database.engine.dialect.name == "sqlite":
        return None
    with office.database.read() as session:
        return int(session.connection().exec_driver_sql("SELECT pg_backend_pid()").scalar_one())


def _server_ms(pid: int | None) -> float:
    """CPU that the process, and those that helped it and have ended, have spent."""
    if pid is None:
        return 0.0
    own = int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e6
    status = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    server = Path(f"/proc/{status[1]}/stat").read_text().rsplit(")", 1)[1].split()
    helpers = int(server[13]) + int(server[14])
    return own + helpers * 1000 / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
