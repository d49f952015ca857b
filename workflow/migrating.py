"""Bringing a database to the tables of this release, safely when two processes start at once."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, event, text

from storage.database import connect, translating
from storage.errors import Conflict, StoreUnavailable
from workflow.migrations import triggers
from workflow.rules.errors import Unavailable
from workflow.settings import Settings

_FOLDER = Path(__file__).parent / "migrations"
#: An arbitrary number that no other program of this database uses.
_ADVISORY_LOCK = 0x76616E746875


def migrate(settings: Settings) -> str:
    """Bring the database to this release's revision and return that revision.

    All migrations run in one transaction under a lock; a second process waits, then finds nothing
    left to do.

    Raises:
        Unavailable: the database does not answer or another process holds the lock for too long.
    """
    settings.make_data_dir()
    database = connect(settings.database)
    if database.engine.dialect.name == "sqlite":
        # A batch migration drops and rebuilds tables, which enforced foreign keys would not
        # survive (sqlite.org/lang_altertable.html §7); they are checked below instead.
        event.listen(database.engine, "connect", _rest_foreign_keys)
    try:
        with translating(), database.engine.begin() as connection:  # BEGIN IMMEDIATE on SQLite
            if connection.dialect.name == "postgresql":
                connection.execute(
                    text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK}
                )
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            _refuse_broken_migration(connection)
    except (StoreUnavailable, Conflict) as fault:
        raise Unavailable("Cơ sở dữ liệu") from fault
    finally:
        database.close()
    return head()


def head() -> str:
    """The revision this release needs."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    if revision is None:
        raise RuntimeError("this release ships no migrations")
    return revision


def is_current(engine: Engine) -> bool:
    """Whether the database is at this release's revision with every trigger in place."""
    with engine.execution_options(access="read").connect() as connection:
        at = MigrationContext.configure(connection).get_current_revision()
        return at == head() and not triggers.missing(connection, triggers.protected_tables())


def missing_triggers(engine: Engine) -> list[str]:
    """Triggers that should refuse to change evidence but do not, by name."""
    with engine.execution_options(access="read").connect() as connection:
        return triggers.missing(connection, triggers.protected_tables())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    return config


def _rest_foreign_keys(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA foreign_keys=OFF")


def _refuse_broken_migration(connection: Connection) -> None:
    """Roll back, by raising, what must never be committed: a fault of the migration itself."""
    lost = triggers.missing(connection, triggers.protected_tables())
    if lost:
        raise RuntimeError(f"a migration left evidence unprotected: {', '.join(lost)}")
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        if broken:
            raise RuntimeError(f"a migration broke foreign keys: {broken[:5]}")
