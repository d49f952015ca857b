from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from pydantic import SecretStr
from sqlalchemy import Connection, Table, insert, text
from sqlalchemy.exc import IntegrityError

from storage.database import Database, UtcDateTime, connect
from workflow.migrating import head, is_current, migrate, missing_triggers
from workflow.migrations.triggers import protect, protected_tables
from workflow.records import AppendOnly, Base, new_id
from workflow.records.log import LOG_TABLES
from workflow.rules.errors import Unavailable
from workflow.settings import Settings

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, database_url=SecretStr(database_url))


@pytest.fixture
def migrated(settings: Settings) -> Iterator[Database]:
    migrate(settings)
    database = connect(settings.database)
    yield database
    database.close()


def _row(table: Table) -> dict[str, Any]:
    """Some value of the right type in every column."""
    values: dict[str, Any] = {}
    for column in table.columns:
        kind = column.type
        if isinstance(kind, sa.Uuid):
            values[column.key] = new_id()
        elif isinstance(kind, UtcDateTime):
            values[column.key] = NOW
        elif isinstance(kind, sa.Date):
            values[column.key] = NOW.date()
        elif isinstance(kind, sa.Boolean):
            values[column.key] = True
        elif isinstance(kind, sa.Integer):
            values[column.key] = 1
        elif isinstance(kind, sa.LargeBinary):
            values[column.key] = b"0123456789abcdef"
        else:
            values[column.key] = "x"
    return values


def _insert_alone(connection: Connection, table: Table) -> None:
    """One row without those it stands on, which this test is not about."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL session_replication_role = replica"))
    connection.execute(insert(table).values(_row(table)))


def test_every_table_of_evidence_that_is_written_once_is_on_the_list() -> None:
    names = {
        mapper.class_.__tablename__
        for mapper in Base.registry.mappers
        if issubclass(mapper.class_, AppendOnly)
    }
    assert names | {"journal_entry", *LOG_TABLES} == set(protected_tables())
    assert {"register_entry", "revision", "signing_outcome"} <= names


def test_evidence_refuses_change_and_removal(migrated: Database) -> None:
    engine = migrated.engine
    quote = engine.dialect.identifier_preparer.quote
    attempts = ["UPDATE {0} SET {1} = {1}", "DELETE FROM {0}"]
    if engine.dialect.name == "postgresql":
        attempts.append("TRUNCATE {0} CASCADE")
    else:
        sa.event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA foreign_keys=OFF"))
        engine.dispose()
    for table in map(Base.metadata.tables.__getitem__, protected_tables()):
        with engine.begin() as connection:
            _insert_alone(connection, table)
        for attempt in attempts:
            statement = attempt.format(quote(table.name), quote(table.columns[0].key))
            with (
                pytest.raises(IntegrityError, match=f"append-only table {table.name}: "),
                engine.begin() as connection,
            ):
                connection.execute(text(statement))
        with engine.connect() as connection:
            assert len(connection.execute(sa.select(table)).all()) == 1


def test_migrated_tables_are_those_of_the_records(migrated: Database) -> None:
    with migrated.engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, Base.metadata) == []


def test_migrating_again_changes_nothing(settings: Settings, migrated: Database) -> None:
    assert migrate(settings) == head()
    assert is_current(migrated.engine)
    assert missing_triggers(migrated.engine) == []


def test_an_empty_database_is_not_current(database_url: str) -> None:
    database = connect(database_url)
    try:
        assert not is_current(database.engine)
        assert set(protected_tables()) <= {
            name.rpartition("_no_")[0] for name in missing_triggers(database.engine)
        }
    finally:
        database.close()


def test_a_batch_migration_that_loses_triggers_is_noticed(migrated: Database) -> None:
    with migrated.engine.begin() as connection:
        operations = Operations(MigrationContext.configure(connection))
        with operations.batch_alter_table("review", recreate="always") as batch:
            batch.add_column(sa.Column("remark", sa.Text))
    if migrated.engine.dialect.name == "postgresql":
        # There nothing is rebuilt unless asked for, and rebuilding loses them just the same.
        assert missing_triggers(migrated.engine) == ["review_no_change", "review_no_truncate"]
    else:
        assert missing_triggers(migrated.engine) == ["review_no_delete", "review_no_update"]
    assert not is_current(migrated.engine)
    with migrated.engine.begin() as connection:
        protect(connection, ["review"])
    assert is_current(migrated.engine)


def test_a_trigger_that_does_nothing_is_a_missing_one(migrated: Database) -> None:
    sqlite = migrated.engine.dialect.name == "sqlite"
    with migrated.engine.begin() as connection:
        if sqlite:
            connection.execute(text("DROP TRIGGER review_no_update"))
            connection.execute(
                text("CREATE TRIGGER review_no_update BEFORE UPDATE ON review BEGIN SELECT 1; END")
            )
        else:
            connection.execute(text("ALTER TABLE review DISABLE TRIGGER review_no_change"))
    expected = "review_no_update" if sqlite else "review_no_change"
    assert missing_triggers(migrated.engine) == [expected]
    assert not is_current(migrated.engine)


def test_two_processes_that_start_at_once_both_find_the_tables(settings: Settings) -> None:
    program = (
        "import sys; from pathlib import Path; from pydantic import SecretStr;"
        "from workflow.migrating import migrate; from workflow.settings import Settings;"
        "print(migrate(Settings(data_dir=Path(sys.argv[1]),"
        " database_url=SecretStr(sys.argv[2]))))"
    )
    command = [sys.executable, "-c", program, str(settings.data_dir), settings.database]
    root = Path(__file__).parents[2]
    processes = [
        subprocess.Popen(
            command, cwd=root, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(2)
    ]
    answers = [process.communicate(timeout=60) for process in processes]
    assert [
        (out.strip(), process.returncode)
        for (out, _), process in zip(answers, processes, strict=True)
    ] == [(head(), 0)] * 2, answers
    database = connect(settings.database)
    assert is_current(database.engine)
    database.close()


def test_a_database_that_does_not_answer_is_unavailable(tmp_path: Path) -> None:
    nowhere = "postgresql+psycopg://vanthu@127.0.0.1:9/vanthu"
    with pytest.raises(Unavailable):
        migrate(Settings(data_dir=tmp_path, database_url=SecretStr(nowhere)))
