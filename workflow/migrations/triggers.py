"""Triggers that refuse to change evidence, on both databases, from one list of tables.

They stop mistakes and careless hands; whoever owns the database can drop them, and then the journal
testifies. SQLite drops a table's triggers when a batch migration builds the table anew: a migration
that does so must `protect` it again, and `missing` finds out when it does not.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, text

from workflow.records import AppendOnly, Base
from workflow.records.ledger import EVER_APPENDED

#: Both databases report this refusal as a broken constraint (an IntegrityError).
_FUNCTION = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING
        MESSAGE = 'append-only table ' || TG_TABLE_NAME || ': ' || TG_OP || ' refused',
        ERRCODE = 'restrict_violation';
END $$
"""


def protected_tables() -> list[str]:
    """Every table whose rows are written once."""
    append_only = {
        mapper.class_.__tablename__
        for mapper in Base.registry.mappers
        if issubclass(mapper.class_, AppendOnly)
    }
    return sorted(append_only | set(EVER_APPENDED))


def protect(connection: Connection, tables: Iterable[str]) -> None:
    """Put the triggers on tables that have none."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_FUNCTION)
    for table in tables:
        for definition in _definitions(connection, table).values():
            connection.exec_driver_sql(definition)


def missing(connection: Connection, tables: Iterable[str]) -> list[str]:
    """Triggers that are absent, disabled or not as written here, by name."""
    wanted = {
        name: definition
        for table in tables
        for name, definition in _definitions(connection, table).items()
    }
    if connection.dialect.name == "sqlite":
        query = "SELECT sql FROM sqlite_schema WHERE type = 'trigger'"
        present = set(connection.scalars(text(query)))
        return sorted(name for name, definition in wanted.items() if definition not in present)
    # 'O' fires in every ordinary session; a disabled trigger is as good as none.
    query = """
        SELECT tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
        WHERE tgenabled = 'O' AND pg_class.relnamespace = current_schema()::regnamespace
          AND tgfoid = 'refuse_change'::regproc
    """
    if connection.scalar(text("SELECT to_regproc('refuse_change')")) is None:
        return sorted(wanted)
    return sorted(wanted.keys() - set(connection.scalars(text(query))))


def _definitions(connection: Connection, table: str) -> dict[str, str]:
    """The triggers of one table: name and SQL."""
    quoted = connection.dialect.identifier_preparer.quote(table)
    if connection.dialect.name == "sqlite":
        return {
            f"{table}_no_{event.lower()}": (
                f"CREATE TRIGGER {table}_no_{event.lower()} BEFORE {event} ON {quoted} BEGIN "
                f"SELECT RAISE(ABORT, 'append-only table {table}: {event} refused'); END"
            )
            for event in ("UPDATE", "DELETE")
        }
    return {
        f"{table}_no_change": (
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {quoted} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        ),
        f"{table}_no_truncate": (
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {quoted} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        ),
    }
