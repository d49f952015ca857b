"""The two doors keep their promises on both engines, and the engines' complaints are understood."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, Table, Text, event, func, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, InvalidRequestError, StatementError
from sqlalchemy.orm import Session

from storage.database import Database, UtcDateTime, connect
from storage.errors import Conflict, StoreUnavailable

note = Table(
    "note",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("body", Text),
    Column("at", UtcDateTime),
)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = connect(database_url)
    note.metadata.create_all(database.engine)
    yield database
    database.close()


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Database]:
    database = connect(f"sqlite:///{tmp_path / 'notes.db'}")
    note.metadata.create_all(database.engine)
    yield database
    database.close()


@pytest.fixture
def postgresql(postgres_url: str) -> Iterator[Database]:
    database = connect(postgres_url)
    note.metadata.create_all(database.engine)
    yield database
    database.close()


def write(session: Session, **values: object) -> None:
    session.execute(insert(note).values(**values))


def count(database: Database) -> int:
    with database.read() as session:
        return session.scalars(select(func.count()).select_from(note)).one()


def test_only_what_the_caller_commits_is_kept(database: Database) -> None:
    with database.write() as session:
        write(session, body="forgotten")
    assert count(database) == 0
    with database.write() as session:
        write(session, body="kept")
        session.commit()
    assert count(database) == 1


def test_an_exception_undoes_everything(database: Database) -> None:
    def fail() -> None:
        with database.write() as session:
            write(session, body="undone")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert count(database) == 0


def test_a_transaction_is_spent_after_its_commit(database: Database) -> None:
    with database.write() as session:
        write(session, body="one")
        session.commit()
        with pytest.raises(InvalidRequestError):
            write(session, body="two")
    assert count(database) == 1


def test_the_read_door_cannot_write(database: Database) -> None:
    with pytest.raises(DBAPIError), database.read() as session:
        write(session, body="smuggled")
    # The same pooled connection writes again through the other door.
    with database.write() as session:
        write(session, body="declared")
        session.commit()
    assert count(database) == 1


def test_a_reader_sees_one_snapshot_and_blocks_no_writer(database: Database) -> None:
    with database.read() as reading:
        before = reading.scalars(select(func.count()).select_from(note)).one()
        with database.write() as writing:
            write(writing, body="meanwhile")
            writing.commit()
        assert reading.scalars(select(func.count()).select_from(note)).one() == before
    assert count(database) == before + 1


def test_a_broken_constraint_is_the_callers_own_affair(database: Database) -> None:
    with database.write() as session:
        write(session, id=1)
        session.commit()
    with pytest.raises(IntegrityError), database.write() as session:
        write(session, id=1)


def test_ping_names_the_engine(database: Database) -> None:
    name = {"sqlite": "SQLite 3.", "postgresql": "PostgreSQL "}[database.engine.dialect.name]
    assert database.ping().startswith(name)


def test_sqlite_writers_take_turns_and_lose_no_update(sqlite: Database) -> None:
    with sqlite.write() as session:
        write(session, id=1, body="0")
        session.commit()

    def increment(_: int) -> None:
        with sqlite.write() as session:
            seen = session.scalars(select(note.c.body)).one()
            session.execute(note.update().values(body=str(int(seen) + 1)))
            session.commit()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(increment, range(80)))
    with sqlite.read() as session:
        assert session.scalars(select(note.c.body)).one() == "80"


def test_sqlite_is_durable_and_checks_references(sqlite: Database) -> None:
    with sqlite.write() as session:
        connection = session.connection()
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert settings == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 5000,
    }


def test_sqlite_locked_too_long_is_unavailable(sqlite: Database) -> None:
    impatient = connect(str(sqlite.engine.url))
    event.listen(
        impatient.engine,
        "connect",
        lambda raw, _: raw.execute("PRAGMA busy_timeout=1"),
        named=False,
    )
    with sqlite.write():  # the lock is taken on entering, before any statement
        with pytest.raises(StoreUnavailable, match="locked"), impatient.write():
            pytest.fail("two writers at once")
        assert count(impatient) == 0  # readers are not kept waiting
    impatient.close()


def test_a_full_disk_under_sqlite_is_unavailable_and_leaves_nothing_half_written(
    sqlite: Database,
) -> None:
    full = connect(str(sqlite.engine.url))
    event.listen(full.engine, "connect", lambda raw, _: raw.execute("PRAGMA max_page_count=20"))
    pages = [{"body": "x" * 4000}] * 100
    with pytest.raises(StoreUnavailable, match="full"), full.write() as session:
        session.execute(insert(note), pages)
    assert count(full) == 0
    with full.write() as session:  # what fits is still taken
        assert session.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
        write(session, body="small")
        session.commit()
    assert count(sqlite) == 1
    full.close()


def test_a_missing_folder_is_unavailable(tmp_path: Path) -> None:
    database = connect(f"sqlite:///{tmp_path / 'absent' / 'notes.db'}")
    with pytest.raises(StoreUnavailable, match="cannot be opened"):
        database.ping()


def test_postgresql_locked_too_long_is_unavailable(postgresql: Database) -> None:
    with postgresql.write() as session:
        assert session.execute(text("SHOW lock_timeout")).scalar_one() == "5s"
        write(session, id=1)
        session.commit()

    def lock_impatiently() -> None:
        with postgresql.write() as session:
            session.execute(text("SET LOCAL lock_timeout = '1ms'"))
            session.execute(select(note).with_for_update())

    with postgresql.write() as holder:
        holder.execute(select(note).with_for_update())
        with pytest.raises(StoreUnavailable, match="LockNotAvailable"):
            lock_impatiently()


def test_a_deadlock_is_a_conflict_for_exactly_one(postgresql: Database) -> None:
    with postgresql.write() as session:
        write(session, id=1)
        write(session, id=2)
        session.commit()
    both_hold_one = threading.Barrier(2, timeout=10)

    def lock(first: int, second: int) -> str:
        try:
            with postgresql.write() as session:
                session.execute(note.update().where(note.c.id == first).values(body="held"))
                both_hold_one.wait()
                session.execute(note.update().where(note.c.id == second).values(body="held"))
                session.commit()
        except Conflict:
            return "conflict"
        return "done"

    with ThreadPoolExecutor(2) as threads:
        ends = [threads.submit(lock, 1, 2), threads.submit(lock, 2, 1)]
    assert sorted(end.result() for end in ends) == ["conflict", "done"]


@pytest.mark.parametrize("moment", ["statement", "commit"])
def test_a_lost_connection_is_unavailable_and_the_next_one_works(
    postgresql: Database, moment: str
) -> None:
    def lose_it() -> None:
        with postgresql.write() as session:
            write(session, body="lost")
            process = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
            with postgresql.write() as other:
                other.execute(text("SELECT pg_terminate_backend(:p, 5000)"), {"p": process})
            if moment == "statement":
                write(session, body="too late")
            session.commit()

    with pytest.raises(StoreUnavailable):
        lose_it()
    assert count(postgresql) == 0


def test_no_server_is_unavailable() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound, never listening: nobody else can take it
        port = unused.getsockname()[1]
        database = connect(f"postgresql+psycopg://vanthu@127.0.0.1:{port}/vanthu")
        with pytest.raises(StoreUnavailable):
            database.ping()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://localhost/vanthu"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="sqlite"):
        connect(url)


instants = st.datetimes(
    min_value=datetime(1, 1, 3),  # noqa: DTZ001  the strategy adds the offset
    max_value=datetime(9999, 12, 29),  # noqa: DTZ001
    timezones=st.builds(timezone, st.timedeltas(timedelta(hours=-14), timedelta(hours=14))),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(st.lists(instants, min_size=1, max_size=10))
def test_instants_come_back_in_utc_and_sort_as_time(
    database: Database, given_instants: list[datetime]
) -> None:
    with database.write() as session:
        for instant in given_instants:
            write(session, at=instant)
        back = session.scalars(select(note.c.at).order_by(note.c.at)).all()
        later = session.scalars(select(note.c.at).where(note.c.at > given_instants[0])).all()
    assert back == sorted(given_instants)
    assert all(instant is not None and instant.tzinfo is UTC for instant in back)
    assert sorted(filter(None, later)) == sorted(i for i in given_instants if i > given_instants[0])


def test_a_naive_instant_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="naive"), database.write() as session:
        write(session, at=datetime(2026, 1, 1))  # noqa: DTZ001
