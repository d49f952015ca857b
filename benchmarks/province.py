"""A province's year in the books: facts written at once, beside the acts that would state them.

Nothing of it is journalled: it is there to be counted. Seeded: the same every time.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, String, func, insert, select, type_coerce

from tests.workflow.rules.rows import RECEIVED, SENT
from workflow.office import Office
from workflow.records import (
    Issuer,
    NumberSeries,
    Organisation,
    OrganisationName,
    RegisterFact,
    RegisterTally,
    new_id,
)
from workflow.rules.cells import cell_of, due_of
from workflow.rules.indicator import Row
from workflow.rules.reasons import Hold, OutgoingRow, Step

PROVINCE, COMMUNE = "H56", "H56.MAU.02"
_SEED = 6
_TYPES = ("cong_van", "quyet_dinh", "bao_cao", "to_trinh", "thong_bao", "ke_hoach", "giay_moi")
_COLUMNS = tuple(RegisterFact.__table__.columns.keys())
_NAMES = ", ".join(_COLUMNS)


def settle(office: Office, communes: int) -> list[tuple[uuid.UUID, str]]:
    """Communes beside the founded one, under the same province; each with its first issuer."""
    with office.database.write() as session:
        model = session.scalars(
            select(OrganisationName).where(OrganisationName.code == COMMUNE)
        ).one()
        seat = session.get_one(Organisation, model.organisation_id)
        issuer = session.scalars(
            select(Issuer).where(Issuer.organisation_id == seat.id).order_by(Issuer.id)
        ).first()
        assert issuer is not None
        settled = [(seat.id, str(issuer.id))]
        for n in range(1, communes):
            ids = new_id(), new_id()
            session.add(_copy(seat, id=ids[0]))
            session.flush()
            name = {"code": f"H56.{n:03d}.99", "name": f"UBND xã {n}"}
            session.add(_copy(model, id=new_id(), organisation_id=ids[0], **name))
            session.add(_copy(issuer, id=ids[1], organisation_id=ids[0]))
            settled.append((ids[0], str(ids[1])))
        session.commit()
    return settled


def fill(
    office: Office, seats: Sequence[tuple[uuid.UUID, str]], documents: int, now: datetime
) -> None:
    """As many documents of this year, spread over seats and days; tallies counted from them."""
    rows = _facts(seats, documents, now)
    pooled = office.database.engine.raw_connection()
    driver: Any = pooled.driver_connection
    # Facts of documents that are nowhere else: no reference is looked up.
    if office.database.engine.dialect.name == "sqlite":
        driver.execute("PRAGMA foreign_keys = OFF")
        driver.execute("BEGIN")
        marks = ", ".join("?" * len(_COLUMNS))
        written = f"INSERT INTO register_fact ({_NAMES}) VALUES ({marks})"  # noqa: S608  columns
        driver.executemany(written, map(_plain, rows))
    else:
        driver.execute("SET session_replication_role = replica")
        with (
            driver.cursor() as cursor,
            cursor.copy(f"COPY register_fact ({_NAMES}) FROM STDIN") as copy,
        ):
            for row in rows:
                copy.write_row(row)
    driver.commit()
    pooled.invalidate()
    fact = RegisterFact
    with office.database.write() as session:
        like = [fact.year, fact.year, fact.month, fact.organisation_id]
        like += [fact.register, fact.issuer_id, fact.type_code, fact.cell]
        like.append(_due_as_text(session.connection()))
        names = ["year", "register_year", "month", "organisation_id"]
        names += ["register", "issuer_id", "type_code", "cell", "due"]
        counted = select(*like, func.count()).group_by(*like)
        session.execute(insert(RegisterTally).from_select([*names, "count"], counted))
        for seat, register, last in session.execute(
            select(fact.organisation_id, fact.register, func.count()).group_by(
                fact.organisation_id, fact.register
            )
        ).all():
            session.add(_series(seat, register, now, last))
        session.flush()
        session.connection().exec_driver_sql("ANALYZE")
        session.commit()


def _due_as_text(connection: Connection) -> Any:
    """A fact's due time as the tally writes it."""
    if connection.dialect.name == "sqlite":  # which keeps it so
        return func.coalesce(type_coerce(RegisterFact.due_at, String), "")
    shape = 'YYYY-MM-DD"T"HH24:MI:SS".000000+00:00"'
    return func.coalesce(func.to_char(func.timezone("UTC", RegisterFact.due_at), shape), "")


def _copy(row: Any, **changes: Any) -> Any:
    kind = type(row)
    values = {column.key: getattr(row, column.key) for column in kind.__table__.columns}
    return kind(**values | changes)


def _series(seat: uuid.UUID, register: str, now: datetime, last: int) -> NumberSeries:
    """The numbers that those documents were given."""
    return NumberSeries(
        organisation_id=seat,
        issuer_key="",
        register=register,
        year=now.year,
        key="",
        last_number=last,
        last_on=now.date(),
    )


def _plain(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """As SQLite keeps it."""
    return tuple(map(_value, row))


def _value(value: Any) -> Any:
    match value:
        case uuid.UUID():
            return value.hex
        case datetime():
            return value.isoformat(timespec="microseconds")
        case date():
            return value.isoformat()
    return value


def _facts(
    seats: Sequence[tuple[uuid.UUID, str]], documents: int, now: datetime
) -> Iterator[tuple[Any, ...]]:
    chance = random.Random(_SEED)
    first = date(now.year, 1, 1)
    days = (now.date() - first).days + 1
    for _ in range(documents):
        organisation_id, issuer = chance.choice(seats)
        day = first + timedelta(days=chance.randrange(days))
        row = (
            _outgoing(chance, issuer, day)
            if chance.random() < 0.4
            else _incoming(chance, issuer, day, now)
        )
        document_id = new_id()
        values = {
            "organisation_id": organisation_id,
            "document_id": document_id,
            "ordinal": 1,
            "sequence": 1,
            "entry_id": document_id,
            "register": "outgoing" if isinstance(row, OutgoingRow) else "incoming",
            "year": row.counted_on.year,
            "issuer_id": issuer,
            "type_code": chance.choice(_TYPES),
            "counted_on": row.counted_on,
            "month": row.counted_on.year * 100 + row.counted_on.month,
            "cell": cell_of(row),
            "due_at": due_of(row),
            "content": b"{}",
            "salt": b"\0" * 16,
            "id": document_id,
        }
        yield tuple(values[name] for name in _COLUMNS)


def _outgoing(chance: random.Random, issuer: str, day: date) -> Row:
    row = replace(SENT, issuer_id=issuer, registered_on=day, issued_on=day)
    kind = chance.random()
    if kind < 0.94:
        return row
    if kind < 0.97:
        return replace(row, agency=chance.choice(list(Hold)))
    if kind < 0.98:
        return replace(row, steps=row.steps - {Step.FORMAT_CHECKED})
    return replace(row, issued_on=None, voided=kind < 0.985)


def _incoming(chance: random.Random, issuer: str, day: date, now: datetime) -> Row:
    due = datetime(day.year, day.month, day.day, 10, tzinfo=UTC) + timedelta(
        days=chance.randrange(1, 20)
    )
    paper = chance.random() < 0.1
    row = replace(
        RECEIVED,
        issuer_id=issuer,
        arrived_on=day,
        due_at=due,
        completed_at=None,
        paper=paper,
        digitised=paper and chance.random() < 0.8,
        persons=chance.choice((Hold.VALID, Hold.VALID, Hold.MISSING)),
    )
    # What is open is recent, and a little that was left lying.
    if due > now or chance.random() < 0.01:
        return row
    late = timedelta(days=2 if chance.random() < 0.06 else -1)
    return replace(row, completed_at=due + late)
