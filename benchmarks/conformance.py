"""What counting violations costs among a commune's year of 10,000 documents, and what a look costs.

`make bench-conformance`. CPU of this process; on SQLite that is everything. The rows are written at
once, beside the use cases that would make them, and one document in fifty is late somewhere.
"""

from __future__ import annotations

import argparse
import json
import random
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from statistics import quantiles
from typing import Any

from sqlalchemy import event, insert, select

from benchmarks import report
from benchmarks.measuring import cpu_ms
from benchmarks.offices import DATABASES, acting, founded, seat_of
from benchmarks.report import Row
from workflow.actor import Actor
from workflow.conformance import count_all, list_one, seats_of
from workflow.office import Office
from workflow.records import (
    Base,
    Case,
    Document,
    Incoming,
    Issuer,
    Move,
    NumberSeries,
    Outgoing,
    RegisterEntry,
    RegisterFact,
    RegisterTally,
    Unit,
    new_id,
)
from workflow.rules.conformance import VIOLATIONS
from workflow.viewing import record_look

RESULTS = Path(__file__).parent / "results" / "conformance.json"
COMMUNE, AUDITOR = "H56.MAU.02", "xa.kiemtoan"
DOCUMENTS, TIMES, PAGE, LATE_OF = 10_000, 30, 50, 50
STEPS = {
    "outgoing": ("submit", "check_content", "approve", "check_format", "sign", "number", "issue"),
    "incoming": ("acknowledge", "verify", "register", "submit", "assign", "complete"),
}
SIGNED, UNSIGNED = "100100vvv111111", "100100mvv111111"
#: CPU of the counts, of a page of any list, and of writing down one look.
AT_MOST_MS = 100


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print the table, store it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", choices=DATABASES, help="this database (both)")
    parser.add_argument("--documents", type=int, default=DOCUMENTS)
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the JSON goes")
    chosen = parser.parse_args(arguments)
    results: Row = {"machine": report.machine(), "documents": chosen.documents, "figures": []}
    for database in chosen.only or DATABASES:
        with founded(database) as office:
            fill(office, chosen.documents)
            results["figures"] += measured(database, office)
    keys = ("cpu_ms_p50", "cpu_ms_p95", "queries", "found")
    report.table(
        ["", *keys],
        (
            [f"{row['database']} {row['asked']}", *(str(row[key]) for key in keys)]
            for row in results["figures"]
        ),
    )
    results["goals"] = [
        {
            "goal": "any of them, CPU ms p95",
            "plain": None,
            "measured": max(row["cpu_ms_p95"] for row in results["figures"]),
            "at_most": AT_MOST_MS,
            "stretch": None,
        }
    ]
    report.show_goals(results["goals"])
    chosen.results.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def measured(database: str, office: Office) -> Iterator[Row]:
    """The counts, the first page of every list, and one look written down."""
    actor = acting(office, AUDITOR)
    seat = _seat(office)[0]
    works: dict[str, Callable[[], int]] = {"counts": partial(_count, office, actor, seat)}
    for violation in VIOLATIONS:
        works[violation.code] = partial(_list, office, actor, seat, violation.code)
    works["one look written"] = partial(_look, office, actor, seat)
    for asked, work in works.items():
        found, queries = _queries(office, work)
        work()
        cuts = quantiles([cpu_ms(work) for _ in range(TIMES)], n=20)
        yield {
            "database": database,
            "asked": asked,
            "cpu_ms_p50": round(cuts[9], 2),
            "cpu_ms_p95": round(cuts[18], 2),
            "queries": queries,
            "found": found,
        }


def _count(office: Office, actor: Actor, seat: uuid.UUID) -> int:
    with office.reading(actor) as reading:
        seats = seats_of(reading, seat, subtree=False)
        return sum(one.count for one in count_all(reading, seats))


def _list(office: Office, actor: Actor, seat: uuid.UUID, code: str) -> int:
    with office.reading(actor) as reading:
        seats = seats_of(reading, seat, subtree=False)
        return len(list_one(reading, code, seats, limit=PAGE))


def _look(office: Office, actor: Actor, seat: uuid.UUID) -> int:
    record_look(office, actor, "read_journal", {"organisation_id": str(seat)}, below=False)
    return 1


def _queries(office: Office, work: Callable[[], int]) -> tuple[int, int]:
    seen: list[str] = []

    def note(*told: Any) -> None:
        if told[2].lstrip().upper().startswith(("SELECT", "WITH", "INSERT", "UPDATE")):
            seen.append(told[2])

    event.listen(office.database.engine, "before_cursor_execute", note)
    found = work()
    event.remove(office.database.engine, "before_cursor_execute", note)
    return found, len(seen)


def _seat(office: Office) -> tuple[uuid.UUID, uuid.UUID, uuid.UUID, uuid.UUID]:
    """The commune, its first issuer, a unit of it and somebody who works there."""
    seat = seat_of(office, COMMUNE)
    with office.reading(acting(office, "xa.vanthu")) as reading:
        issuer = select(Issuer.id).where(Issuer.organisation_id == seat).order_by(Issuer.id)
        unit = select(Unit.id).where(Unit.organisation_id == seat)
        first = reading.session.scalars
        return seat, first(issuer).first(), first(unit).first(), reading.actor.person_id  # type: ignore[return-value]


def fill(office: Office, documents: int) -> None:
    """A year of documents, half of them outgoing, each with the moves and facts it would have."""
    chance, now = random.Random(6), office.clock()
    seat, issuer, unit, person = _seat(office)
    rows: dict[type[Base], list[dict[str, Any]]] = {}

    def add(table: type[Base], **values: Any) -> None:
        rows.setdefault(table, []).append(values)

    series = {}
    for register in STEPS:
        series[register] = new_id()
        key = str(issuer) if register == "outgoing" else ""
        add(
            NumberSeries,
            id=series[register],
            organisation_id=seat,
            issuer_key=key,
            register=register,
            year=2020,
            key="x",
            last_number=documents,
        )
    cells: dict[str, int] = {}
    for n in range(1, documents + 1):
        register = "outgoing" if n % 2 else "incoming"
        late, began = (
            n % LATE_OF == 0 or n % LATE_OF == 1,
            now - timedelta(minutes=chance.randrange(500_000)),
        )
        document, case = new_id(), new_id()
        add(
            Document,
            id=document,
            organisation_id=seat,
            direction=register,
            subject=f"V/v số {n}",
            created_by=person,
            created_at=began,
        )
        if register == "outgoing":
            add(
                Outgoing,
                id=new_id(),
                document_id=document,
                issuer_id=issuer,
                unit_id=unit,
                seal_required=True,
                layout="{}",
                archived_by="x",
                issued_at=began,
            )
            cell = UNSIGNED if late else SIGNED
            cells[cell] = cells.get(cell, 0) + 1
        else:
            add(
                Incoming,
                id=new_id(),
                document_id=document,
                medium="electronic",
                sender_kind="agency",
                received_at=began,
                acknowledged_at=began + timedelta(days=2 * late),
            )
        add(
            Case,
            id=case,
            organisation_id=seat,
            document_id=document,
            definition_name=register,
            definition_digest="x",
            state="filed" if register == "outgoing" else "completed",
            version=9,
            opened_at=began,
            entered_at=began,
            closed_at=now,
        )
        for step, trigger in enumerate(STEPS[register]):
            at = began + timedelta(hours=step)
            add(
                Move,
                id=new_id(),
                case_id=case,
                trigger=trigger,
                source="x",
                target="y",
                person_id=person,
                entered_at=began,
                due_at=at - timedelta(days=1) if late and step else at + timedelta(days=1),
                at=at,
                holder_id=seat,
            )
        entry = new_id()
        add(
            RegisterEntry,
            id=entry,
            series_id=series[register],
            organisation_id=seat,
            issuer_key=str(issuer) if register == "outgoing" else "",
            register=register,
            year=2020,
            number=n,
            code=f"{n}/x" if register == "outgoing" else None,
            document_id=document,
            entered_on=began.date(),
            entered_at=began,
            entered_by=person,
        )
        for ordinal in range(1, 4):
            fact = cell if register == "outgoing" else "000001 0vvt".replace(" ", "")
            add(
                RegisterFact,
                id=new_id(),
                organisation_id=seat,
                document_id=document,
                ordinal=ordinal,
                sequence=n,
                entry_id=entry,
                register=register,
                issuer_id=str(issuer),
                type_code="",
                counted_on=began.date(),
                year=2020,
                month=202001,
                cell=fact,
                content=b"x" * 900,
            )
    for cell, many in cells.items():
        add(
            RegisterTally,
            organisation_id=seat,
            year=2020,
            month=202001,
            register_year=2020,
            register="outgoing",
            issuer_id=str(issuer),
            type_code="",
            cell=cell,
            due="",
            count=many,
        )
    with office.database.write() as session:
        for table, values in rows.items():
            salted = "salt" in table.__table__.columns
            session.execute(
                insert(table.__table__),
                [{**one, "salt": b"x" * 16} if salted else one for one in values],
            )
        session.commit()
    with office.database.engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE")
        connection.commit()


if __name__ == "__main__":
    main()
