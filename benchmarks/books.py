"""What it costs to write a register of 10,000 entries, in each form.

CPU time and what the peak of the memory grows by; each form in a process of its own, after a small
book was written. `make bench-books`.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from time import process_time
from typing import Any

from sqlalchemy import insert, select

from benchmarks import report
from benchmarks.offices import DATABASES, acting, founded, seat_of
from benchmarks.report import Row
from workflow.books import Asked, Form, write_book
from workflow.office import VIETNAM, Office
from workflow.records import (
    Case,
    Despatch,
    Document,
    Incoming,
    Issuer,
    Move,
    NumberSeries,
    Outgoing,
    Person,
    Recipient,
    RegisterEntry,
    Signer,
    Task,
    Unit,
    new_id,
)
from workflow.settings import Settings

RESULTS = Path(__file__).parent / "results" / "books.json"
ENTRIES = 10_000
CLERK, COMMUNE = "xa.vanthu", "H56.MAU.02"
YEAR = 2026
_BATCH = 2_000
SUBJECT = (
    "Về việc phê duyệt kế hoạch xây dựng nông thôn mới của thôn số {number}"
    " trên địa bàn xã giai đoạn 2026 - 2030"
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure each form of both registers on both databases, print, store."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", choices=DATABASES, help="this database (both)")
    parser.add_argument("--entries", type=int, default=ENTRIES, help="of each register")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the JSON goes")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)  # in a process of its own
    chosen = parser.parse_args(arguments)
    if chosen.one:
        report.say(json.dumps(measure(chosen.one[0], Form(chosen.one[1]))))
        return
    results: Row = {"machine": report.machine(), "entries": chosen.entries, "figures": []}
    for database in chosen.only or DATABASES:
        with founded(database) as office:
            first = date(YEAR, 3, 1)
            many = chosen.entries
            fill(office, [first + timedelta(days=240 * n // many) for n in range(many)])
            for book in ("outgoing-register", "incoming-register"):
                for form in Form:
                    figures = _measured_apart(office, book, form)
                    report.say(
                        f"{database}, {book}, {form}: {figures['cpu_s']:.1f} s of CPU,"
                        f" {figures['mb_more']} MB more than before, {figures['bytes']:,} bytes"
                    )
                    asked = {"database": database, "book": book, "form": form}
                    results["figures"].append(asked | figures)
    chosen.results.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def _measured_apart(office: Office, book: str, form: Form) -> Row:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.books", "--one", book, form],
        env=os.environ
        | {
            "VANTHU_DATA_DIR": str(office.settings.data_dir),
            "VANTHU_DATABASE_URL": office.settings.database_url.get_secret_value(),
        },
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    figures: Row = json.loads(done.stdout)
    return figures


def measure(book: str, form: Form) -> Row:
    """CPU seconds and megabytes of one book of the office that the settings name."""
    with closing(Office.open(Settings())) as office:
        gc.collect()
        gc.freeze()  # as `vanthu serve` does
        commune, actor = seat_of(office, COMMUNE), acting(office, CLERK)
        with office.reading(None) as reading:
            issuers = select(Issuer.id).where(Issuer.organisation_id == commune)
            issuer_id = reading.session.scalars(issuers.order_by(Issuer.id).limit(1)).one()
        asked = Asked(commune, book, str(YEAR), issuer_id)
        write_book(office, actor, replace(asked, period=f"{YEAR}-01"), form).file.close()
        Path("/proc/self/clear_refs").write_text("5")  # the peak so far is none of the book's
        before, start = _peak_mb(), process_time()
        with (written := write_book(office, actor, asked, form)).file:
            return {
                "cpu_s": round(process_time() - start, 2),
                "mb_more": _peak_mb() - before,
                "bytes": written.size_bytes,
            }


def _peak_mb() -> int:
    status = Path("/proc/self/status").read_text()
    return (
        next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
        // 1024
    )


def fill(office: Office, days: Sequence[date], subject: str = SUBJECT) -> uuid.UUID:
    """Write an entry for each of these days into both registers of the commune; the issuer of the
    outgoing ones. Each was issued, or completed, days later. Nothing of it is journalled: it is
    there to be read."""
    organisation_id = seat_of(office, COMMUNE)
    with office.reading(None) as reading:
        session = reading.session
        issuer = session.scalars(
            select(Issuer)
            .where(Issuer.organisation_id == organisation_id)
            .order_by(Issuer.id)
            .limit(1)
        ).one()
        unit_id = session.scalars(
            select(Unit.id).where(Unit.organisation_id == organisation_id).limit(1)
        ).one()
        person_id = session.scalars(select(Person.id).limit(1)).one()
    rows: dict[type[Any], list[dict[str, Any]]] = {}

    def add(table: type[Any], **values: Any) -> uuid.UUID:
        row_id = new_id()
        rows.setdefault(table, []).append({"id": row_id, "salt": b"0" * 16, **values})
        return row_id

    def flush() -> None:
        with office.database.write() as session:
            for table, values in rows.items():
                session.execute(insert(table.__table__), values)
            session.commit()
        rows.clear()

    series = {
        (register, year): add(
            NumberSeries,
            organisation_id=organisation_id,
            issuer_key=str(issuer.id) if register == "outgoing" else "",
            register=register,
            year=year,
            key="bench",
            last_number=len(days),
        )
        for register in ("outgoing", "incoming")
        for year in sorted({day.year for day in days})
    }
    given: Counter[int] = Counter()
    for count, day in enumerate(days, start=1):
        given[day.year] += 1
        number, at = given[day.year], datetime.combine(day, time(8), VIETNAM)
        for register in ("outgoing", "incoming"):
            out = register == "outgoing"
            definition = office.law.workflows[register]
            document_id = add(
                Document,
                organisation_id=organisation_id,
                direction=register,
                type_code="quyet_dinh" if out else "cong_van",
                subject=subject.format(number=number),
                urgency="normal",
                created_by=person_id,
                created_at=at,
            )
            case_id = add(
                Case,
                organisation_id=organisation_id,
                document_id=document_id,
                parent_id=None,
                definition_name=register,
                definition_digest=definition.digest,
                state="filed" if out else "completed",
                version=9,
                opened_at=at,
                entered_at=at,
                due_at=at + timedelta(days=5),
                closed_at=at + timedelta(days=number % 8),
            )
            add(
                RegisterEntry,
                series_id=series[register, day.year],
                organisation_id=organisation_id,
                issuer_key=str(issuer.id) if out else "",
                register=register,
                year=day.year,
                number=number,
                code=f"{number:02d}/QĐ-UBND" if out else None,
                document_id=document_id,
                entered_on=day,
                entered_at=at,
                entered_by=person_id,
            )
            triggers = ("number", "seal", "record_seal", "issue", "file")
            if out:
                add(
                    Outgoing,
                    document_id=document_id,
                    issuer_id=issuer.id,
                    unit_id=unit_id,
                    seal_required=True,
                    layout="{}",
                    archived_by="Văn thư",
                    issued_at=at + timedelta(days=3),
                )
                add(
                    Signer,
                    document_id=document_id,
                    ordinal=1,
                    person_id=person_id,
                    part="competent",
                    capacity="TM",
                    dropped=False,
                )
                for ordinal, name in enumerate(("Như Điều 3", "Sở Nội vụ", "Các thôn"), start=1):
                    recipient_id = add(
                        Recipient,
                        document_id=document_id,
                        ordinal=ordinal,
                        purpose="action",
                        name=name,
                        channel="email",
                        dropped=False,
                    )
                    add(Despatch, recipient_id=recipient_id, status="sent", at=at)
            else:
                add(
                    Incoming,
                    document_id=document_id,
                    medium="electronic",
                    sender_kind="agency",
                    sender_code="H56.07",
                    sender_name="Sở Nội vụ tỉnh Mẫu",
                    code=f"{number}/SNV-VP",
                    dated_on=day,
                    received_at=at,
                )
                child_id = add(
                    Case,
                    organisation_id=organisation_id,
                    document_id=document_id,
                    parent_id=case_id,
                    definition_name="task",
                    definition_digest=office.law.workflows["task"].digest,
                    state="done",
                    version=3,
                    opened_at=at,
                    entered_at=at,
                    due_at=None,
                    closed_at=at,
                )
                add(
                    Task,
                    case_id=child_id,
                    part="lead",
                    unit_id=unit_id,
                    instruction="Tham mưu văn bản trả lời.",
                    assigned_by=person_id,
                )
                triggers = ("verify", "register", "submit", "assign", "complete")
            for trigger in triggers:
                add(
                    Move,
                    case_id=case_id,
                    trigger=trigger,
                    source="x",
                    target="y",
                    person_id=person_id,
                    opinion="Giao đơn vị chủ trì giải quyết đúng thời hạn.",
                    entered_at=at,
                    at=at,
                )
        if count % _BATCH == 0:
            flush()
    flush()
    return issuer.id


if __name__ == "__main__":
    main()
