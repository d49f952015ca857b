"""One database, two doors: `write()` may write from its first moment on, `read()` never.

SQLite (file, WAL) and PostgreSQL (psycopg 3) behave alike behind these doors: a writer meets a lock
when it enters and not halfway, a reader sees one unchanging snapshot, and what an engine reports
about locks, lost connections and full disks becomes `StoreUnavailable` or `Conflict`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg
from sqlalchemy import (
    Connection,
    DateTime,
    Dialect,
    Engine,
    MetaData,
    String,
    TypeDecorator,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeEngine

from storage.errors import Conflict, StoreUnavailable

LOCK_TIMEOUT_SECONDS = 5

# Alembic can only drop or alter a constraint that has a name, and the names must not depend on
# the engine that first created them.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Base(DeclarativeBase):
    """Parent of every mapped table of the application."""

    metadata = metadata


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: aware going in, UTC coming out. A naive one is refused (StatementError).

    SQLite has no type for instants: there it is ISO 8601 text of one width in UTC, so that text
    order is the order of time.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[datetime] | TypeEngine[str]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(String(32))
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | str | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} is naive: an instant needs its offset")
        instant = value.astimezone(UTC)
        return instant.isoformat(timespec="microseconds") if dialect.name == "sqlite" else instant

    def process_result_value(
        self,
        value: datetime | str | None,
        dialect: Dialect,  # noqa: ARG002  SQLAlchemy passes it
    ) -> datetime | None:
        if isinstance(value, str):
            return datetime.fromisoformat(value)
        return value if value is None else value.astimezone(UTC)


@dataclass(frozen=True)
class Database:
    """An engine with its two doors. Safe to share between threads, not across a fork."""

    engine: Engine

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A transaction that may write, rolled back on leaving unless the caller has committed.

        On SQLite it holds the write lock from the start. After the commit the session is spent:
        a use case is one transaction. Loaded objects stay readable.

        Raises StoreUnavailable and Conflict, also out of the caller's commit. A connection lost
        *during* a commit leaves its outcome unknown: the retry must be idempotent.
        """
        with self._session("write") as session:
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A transaction that cannot write and sees one snapshot from its first query on.

        Raises StoreUnavailable.
        """
        with self._session("read") as session:
            yield session

    @contextmanager
    def _session(self, access: str) -> Iterator[Session]:
        engine = self.engine.execution_options(access=access)
        # Without autobegin, a query after the commit is an error instead of a second transaction.
        with (
            translating(),
            Session(engine, autobegin=False, expire_on_commit=False) as session,
        ):
            session.begin()
            session.connection()  # BEGIN now: whoever enters the write door waits here or nowhere
            yield session

    def ping(self) -> str:
        """Name and version of the engine, after asking it. Raises StoreUnavailable."""
        with self.read() as session:
            if self.engine.dialect.name == "sqlite":
                session.connection().exec_driver_sql("SELECT count(*) FROM sqlite_schema")
                return f"SQLite {sqlite3.sqlite_version}"
            version = session.connection().exec_driver_sql("SHOW server_version").scalar_one()
            return f"PostgreSQL {version}"

    def close(self) -> None:
        """Close the pooled connections; the doors open new ones if used again."""
        self.engine.dispose()


def connect(url: str) -> Database:
    """The database at `sqlite:///path` or `postgresql+psycopg://…`. Connects when first used.

    Raises ValueError for another scheme, and for SQLite in memory: it has no WAL and every
    connection would see a different database.
    """
    address = make_url(url)
    if address.drivername == "sqlite":
        if address.database in (None, "", ":memory:"):
            raise ValueError("sqlite needs a file, as in sqlite:///var/vanthu.db")
        driver: dict[str, object] = {
            "isolation_level": None,  # the driver must not begin transactions of its own
            "timeout": LOCK_TIMEOUT_SECONDS,
        }
    elif address.drivername == "postgresql+psycopg":
        driver = {
            "connect_timeout": LOCK_TIMEOUT_SECONDS,
            "options": f"-c lock_timeout={LOCK_TIMEOUT_SECONDS}s -c timezone=UTC",
        }
    else:
        raise ValueError(f"database scheme {address.drivername!r}: sqlite or postgresql+psycopg")
    engine = create_engine(
        address,
        connect_args=driver,
        hide_parameters=True,  # a fault's text reaches the log, but not what people wrote
        # The counter's thread pool has 40 threads, each with at most one transaction.
        pool_size=10,
        max_overflow=30,
        pool_timeout=LOCK_TIMEOUT_SECONDS,
        pool_pre_ping=True,  # a server restarted in the night costs no request in the morning
    )
    if address.drivername == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "begin", _begin_postgresql)
    return Database(engine)


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # FULL: an acknowledged transaction survives power loss, not only a killed process.
    # recursive_triggers: INSERT OR REPLACE deletes too, and must meet the triggers that refuse it.
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "recursive_triggers=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get("access") == "read"
    connection.exec_driver_sql(f"PRAGMA query_only={'ON' if reading else 'OFF'}")
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _begin_postgresql(connection: Connection) -> None:
    # A reader gets the one snapshot that SQLite's WAL gives; READ COMMITTED is for writers, who
    # must see what the transaction they waited for has written.
    reading = connection.get_execution_options().get("access") == "read"
    mode = "REPEATABLE READ, READ ONLY" if reading else "READ COMMITTED, READ WRITE"
    connection.exec_driver_sql(f"SET TRANSACTION ISOLATION LEVEL {mode}")


@contextmanager
def translating() -> Iterator[None]:
    """Turn what the engine says about itself into StoreUnavailable or Conflict.

    What it says about the statement (a broken constraint, wrong SQL) passes through unchanged.
    """
    try:
        yield
    except PoolTimeout as error:
        raise StoreUnavailable("database: all connections are in use") from error
    except DBAPIError as error:
        # SQLAlchemy's own wrapper says OperationalError for many things; the driver's codes decide.
        _raise_translated(error.orig, error)
        raise
    except (sqlite3.Error, psycopg.Error) as error:  # from a listener, before SQLAlchemy wraps it
        _raise_translated(error, error)
        raise


# Codes on which waiting or the operator helps: a lock, a full or failing disk, a missing folder.
_SQLITE_UNAVAILABLE = {
    sqlite3.SQLITE_BUSY: "locked by another writer",
    sqlite3.SQLITE_LOCKED: "locked by another writer",
    sqlite3.SQLITE_FULL: "disk full",
    sqlite3.SQLITE_IOERR: "disk failing or full",
    sqlite3.SQLITE_CANTOPEN: "file cannot be opened",
    sqlite3.SQLITE_PROTOCOL: "locked by another writer",
}

# PostgreSQL Appendix A: connection exception, insufficient resources (53100 is disk full),
# operator intervention (shutdown, cancelled statement), system error; and the lock timeout.
_POSTGRESQL_UNAVAILABLE = ("08", "53", "57", "58", "55P03")
_POSTGRESQL_CONFLICT = ("40001", "40P01")  # serialization failure, deadlock


def _raise_translated(cause: BaseException | None, error: Exception) -> None:
    if isinstance(cause, sqlite3.Error):
        code = getattr(cause, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF
        if code in _SQLITE_UNAVAILABLE:
            raise StoreUnavailable(f"database: {_SQLITE_UNAVAILABLE[code]}") from error
    if isinstance(cause, psycopg.Error):
        if cause.sqlstate in _POSTGRESQL_CONFLICT:
            raise Conflict(f"database: {type(cause).__name__}") from error
        # An OperationalError without a state was made by the client: the connection is gone.
        lost = cause.sqlstate is None and isinstance(cause, psycopg.OperationalError)
        if lost or (cause.sqlstate or "").startswith(_POSTGRESQL_UNAVAILABLE):
            raise StoreUnavailable(f"database: {type(cause).__name__}") from error
