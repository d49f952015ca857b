"""How many entries a second one process journals on SQLite: `make bench-journal`.

CPU of what journalling adds to a transaction: digesting the rows, locking the chain; making,
hashing and inserting the entries; moving the head. Beside it the whole transaction with the rows
that the entries digest, written by the ORM, and the books looked after; its wall holds the disk's
promise of every commit as well.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import select

from benchmarks import report
from benchmarks.busy_office import SPECIALIST, fill
from benchmarks.offices import acting, founded
from benchmarks.report import Row
from workflow.actor import Actor
from workflow.chains import Chains
from workflow.office import Office, Transaction
from workflow.records import Case, Despatch, Evidence, Move, Override, Recipient, Review, Upload

RESULTS = Path(__file__).parent / "results" / "journal.json"
#: By name: for each entry of the transaction, how many evidence rows it digests.
SHAPES = {"3 entries, 9 rows": (3, 2, 4), "1 entry, 2 rows": (2,), "1 entry, 1 row": (1,)}
ENTRIES, TURN = 6_000, 10
#: 5,000 entries a second.
AT_MOST_US = 200


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print the table, store it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=ENTRIES, help="of each shape")
    parser.add_argument("--profile", action="store_true", help="show where the time goes instead")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the JSON goes")
    chosen = parser.parse_args(arguments)
    with founded("sqlite") as office:
        desk = Desk.at(office)
        if chosen.profile:
            profile(desk, chosen.entries)
            return
        figures = list(measured(desk, chosen.entries))
    results: Row = {"machine": report.machine(), "figures": figures, "goals": list(goals(figures))}
    show(results)
    text = json.dumps(results, indent=1, ensure_ascii=False)
    chosen.results.write_text(text + "\n", encoding="utf-8")


@dataclass(frozen=True)
class Desk:
    """Who writes, and the document in its case that it is written about."""

    office: Office
    actor: Actor
    organisation_id: uuid.UUID
    document_id: uuid.UUID
    case_id: uuid.UUID
    recipient_id: uuid.UUID

    @classmethod
    def at(cls, office: Office) -> Desk:
        fill(office, 1, 0)
        actor = acting(office, SPECIALIST)
        with office.transaction(actor) as tx:
            case = tx.session.scalars(select(Case).limit(1)).one()
            recipient = Recipient(
                document_id=case.document_id,
                ordinal=1,
                purpose="action",
                name="Ủy ban nhân dân huyện",
                channel="system",
            )
            tx.add(recipient)
            tx.journal("recipient.named", case.organisation_id, case.document_id)
        return cls(office, actor, case.organisation_id, case.document_id, case.id, recipient.id)

    def rows(self, shape: Sequence[int]) -> Iterator[list[Evidence]]:
        """So many rows for each entry, one entry's after the other's."""
        made = self._made(self.office.clock())
        for count in shape:
            yield [next(made) for _ in range(count)]

    def _made(self, now: datetime) -> Iterator[Evidence]:
        person = self.actor.person_id
        yield Move(
            case_id=self.case_id,
            trigger="check_content",
            source="submitted",
            target="content_checked",
            person_id=person,
            opinion="Đồng ý với nội dung dự thảo, đề nghị trình lãnh đạo xem xét.",
            entered_at=now,
            at=now,
            holder_id=self.organisation_id,
            holder_person_id=person,
        )
        yield Review(
            document_id=self.document_id,
            kind="content",
            content_sha256="0" * 64,
            person_id=person,
            at=now,
        )
        yield Override(
            document_id=self.document_id,
            sha256="0" * 64,
            person_id=person,
            reason="Chứng thư số của nơi gửi vừa được gia hạn, đã xác nhận qua điện thoại.",
            at=now,
        )
        for _ in range(2):
            yield Upload(
                organisation_id=self.organisation_id,
                person_id=person,
                sha256="0" * 64,
                size_bytes=81_920,
                uploaded_at=now,
            )
        for status in ("queued", "sent", "delivered", "acknowledged"):
            yield Despatch(recipient_id=self.recipient_id, status=status, at=now)

    def transact(self, shape: Sequence[int]) -> float:
        """One transaction; CPU seconds of appending its entries."""
        with self.office.database.write() as session:
            tx = Timed(self.office, session, self.actor, self.office.clock())
            for rows in self.rows(shape):
                session.add_all(rows)
                session.flush()
                tx.journal(
                    "outgoing.check_content", self.organisation_id, self.document_id, version=1
                )
            tx.close()
            session.commit()
        return tx.spent


class TimedChains(Chains):
    """Knows how long writing the entries took."""

    spent = 0.0

    def write(self) -> None:
        started = time.process_time()
        super().write()
        self.spent += time.process_time() - started


class Timed(Transaction):
    """Knows how long it was appending: digests of rows, the entry, its chain, its insertion."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.chains: TimedChains = TimedChains(self.session)

    @property
    def spent(self) -> float:
        return self.chains.spent

    def journal(self, *args: Any, **facts: Any) -> None:
        started = time.process_time()
        super().journal(*args, **facts)
        self.chains.spent += time.process_time() - started


def measured(desk: Desk, entries: int) -> Iterator[Row]:
    """A figure for each shape: medians over turns of TURN transactions."""
    for name, shape in SHAPES.items():
        taken: list[tuple[float, float, float]] = []
        for turn in range(max(1, entries // (TURN * len(shape))) + 1):
            cpu, wall = time.process_time(), time.perf_counter()
            appending = sum(desk.transact(shape) for _ in range(TURN))
            if turn:  # the first warms up
                taken.append((appending, time.process_time() - cpu, time.perf_counter() - wall))
        appending, cpu, wall = (median(column) / TURN for column in zip(*taken, strict=True))
        yield {
            "shape": name,
            "us_per_entry": round(1e6 * appending / len(shape)),
            "entries_per_s": round(len(shape) / appending),
            "share_of_transaction": round(appending / cpu, 2),
            "with_rows_per_s": round(len(shape) / cpu),
            "with_rows_per_s_wall": round(len(shape) / wall),
        }


def goals(figures: Sequence[Row]) -> Iterator[Row]:
    """What was to be reached, and what was."""
    for shape in SHAPES:
        found = [row["us_per_entry"] for row in figures if row["shape"] == shape]
        yield {
            "goal": f"append to the journal, {shape}, CPU us per entry",
            "plain": None,
            "measured": max(found, default=None),
            "at_most": AT_MOST_US,
            "stretch": None,
        }


def show(results: Row) -> None:
    """Print everything."""
    keys = [key for key in results["figures"][0] if key != "shape"]
    report.table(
        ["", *keys],
        ([row["shape"], *(str(row[key]) for key in keys)] for row in results["figures"]),
    )
    report.show_goals(results["goals"])


def profile(desk: Desk, entries: int) -> None:
    """Print which functions a transaction of ordinary size spends its time in."""
    profiler = cProfile.Profile()
    shape = next(iter(SHAPES.values()))
    desk.transact(shape)
    profiler.enable()
    for _ in range(entries // len(shape)):
        desk.transact(shape)
    profiler.disable()
    pstats.Stats(profiler).sort_stats("tottime").print_stats(40)


if __name__ == "__main__":
    main()
