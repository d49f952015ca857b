"""Alembic's entry: works on the connection it is given, or on the database of the settings.

There is no downgrade: evidence is never dropped. A step back is a restored backup.
"""

from __future__ import annotations

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection

from storage.database import UtcDateTime, connect
from workflow import records
from workflow.settings import Settings


def _render(kind: str, item: object, _: AutogenContext) -> str | Literal[False]:
    return "UtcDateTime()" if kind == "type" and isinstance(item, UtcDateTime) else False


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=records.Base.metadata,
        render_item=_render,
        render_as_batch=True,  # SQLite alters a table by building it anew
    )
    with context.begin_transaction():
        context.run_migrations()


given: Connection | None = context.config.attributes.get("connection")
if given is not None:
    _run(given)
else:  # `alembic revision --autogenerate` by a developer
    with connect(Settings().database).engine.begin() as own:
        _run(own)
