"""What a page of an in-tray costs in an office with 100,000 open cases: `make bench-in-tray`.

CPU of this process, which on SQLite is everything; for PostgreSQL the server's own figures for the
same query stand beside it (planning and execution, elapsed). Everybody with a part in the office
asks for every tray: its first page, and one from its middle.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import quantiles
from typing import Any, get_args

from sqlalchemy import event

from benchmarks import report
from benchmarks.busy_office import CHECKER, CLERK, FOLLOWER, HEAD, LEADER, SPECIALIST, fill
from benchmarks.measuring import cpu_ms
from benchmarks.offices import DATABASES, acting, founded
from benchmarks.report import Row
from workflow.actor import Actor
from workflow.office import Office
from workflow.tracking import Place, Tray, in_tray

RESULTS = Path(__file__).parent / "results" / "in_tray.json"
PEOPLE = (CLERK, LEADER, HEAD, SPECIALIST, FOLLOWER, CHECKER)
TRAYS: tuple[Tray, ...] = get_args(Tray)
OPEN, ENDED, PAGE, TIMES = 100_000, 50_000, 50, 40
#: p95 of the page, CPU.
AT_MOST_MS = 50


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print the table, store it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", choices=DATABASES, help="this database (both)")
    parser.add_argument("--open", type=int, default=OPEN, help="open cases")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the JSON goes")
    chosen = parser.parse_args(arguments)
    results: Row = {
        "machine": report.machine(),
        "office": {"open": chosen.open, "ended": ENDED, "page": PAGE, "times": TIMES},
        "figures": [],
    }
    for name in chosen.only or DATABASES:
        report.say(f"filling an office on {name}")
        with busy(name, chosen.open, ENDED) as office:
            report.say(f"measuring {name}")
            results["figures"] += measured(name, office, TIMES)
    results["goals"] = list(goals(results["figures"]))
    show(results)
    text = json.dumps(results, indent=1, ensure_ascii=False)
    chosen.results.write_text(text + "\n", encoding="utf-8")


@contextmanager
def busy(database: str, cases: int, ended: int) -> Iterator[Office]:
    """A founded office on a database of this kind, with so much in it."""
    with founded(database) as office:
        fill(office, cases, ended)
        yield office


def measured(database: str, office: Office, times: int) -> Iterator[Row]:
    """Every tray of everybody that has something in it: its first page, and one further on."""
    for username in PEOPLE:
        actor = acting(office, username)
        for tray in TRAYS:
            for where, after in _places(office, actor, tray):
                page = partial(_page, office, actor, tray, after)
                page()
                page()
                spent = [cpu_ms(page) for _ in range(times)]
                cuts = quantiles(spent, n=20)
                yield {
                    "database": database,
                    "person": username,
                    "tray": tray,
                    "page": where,
                    "cpu_ms_p50": round(cuts[9], 2),
                    "cpu_ms_p95": round(cuts[18], 2),
                    **(_server(office, page) if database == "postgresql" else {}),
                }


def goals(figures: Sequence[Row]) -> Iterator[Row]:
    """What was to be reached, and what was: the worst tray of each database."""
    for database in DATABASES:
        found = [row["cpu_ms_p95"] for row in figures if row["database"] == database]
        yield {
            "goal": f"page of {PAGE} among 100,000 open cases, {database}, CPU ms p95",
            "plain": None,
            "measured": max(found, default=None),
            "at_most": AT_MOST_MS,
            "stretch": None,
        }


def show(results: Row) -> None:
    """Print everything."""
    keys = ("cpu_ms_p50", "cpu_ms_p95", "server_planning_ms", "server_execution_ms")
    report.table(
        ["", *keys],
        (
            [
                f"{row['database']} {row['person']} {row['tray']}, {row['page']} page",
                *(str(row.get(key, "-")) for key in keys),
            ]
            for row in results["figures"]
        ),
    )
    report.show_goals(results["goals"])


def _page(office: Office, actor: Actor, tray: Tray, after: Place | None) -> list[Place]:
    with office.reading(actor) as reading:
        lines = in_tray(reading, tray, after=after, limit=PAGE + 1)
        return [Place(line.due_at, line.case_id) for line in lines]


def _places(office: Office, actor: Actor, tray: Tray) -> Iterator[tuple[str, Place | None]]:
    """Where pages begin: none in an empty tray, the start, and behind some pages if it has them."""
    places = _page(office, actor, tray, None)
    if places:
        yield "first", None
    last = None
    for _ in range(10):
        if len(places) > PAGE:
            last = places[PAGE - 1]
            places = _page(office, actor, tray, last)
    if last is not None:
        yield "later", last


def _server(office: Office, page: Callable[[], Any]) -> Row:
    """What the server says of the page's query."""
    asked: list[tuple[str, Any]] = []

    def listen(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters))

    engine = office.database.engine
    event.listen(engine, "before_cursor_execute", listen)
    page()
    event.remove(engine, "before_cursor_execute", listen)
    statement, parameters = asked[-1]
    with engine.connect() as connection:
        explain = f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}"
        (plan,) = connection.exec_driver_sql(explain, parameters).scalar_one()
    return {
        "server_planning_ms": round(plan["Planning Time"], 2),
        "server_execution_ms": round(plan["Execution Time"], 2),
    }


if __name__ == "__main__":
    main()
