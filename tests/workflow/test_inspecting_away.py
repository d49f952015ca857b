"""A database that goes away while it is inspected has no wrong rows."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.workflow.desk import Desk
from workflow.inspecting import registers
from workflow.records import RegisterEntry


@pytest.mark.parametrize("office_settings", ["postgresql"], indirect=True)
def test_a_database_that_goes_away_is_no_finding(desk: Desk) -> None:
    desk.registered()
    entries = desk.rows(RegisterEntry)
    ended = text("SELECT pg_terminate_backend(:pid)")
    with desk.office.database.engine.connect() as other, desk.office.database.read() as session:
        pid = session.scalar(text("SELECT pg_backend_pid()"))
        other.execute(ended, {"pid": pid})
        with pytest.raises(DBAPIError) as away:
            list(registers.facts_of(session, entries))
    assert away.value.connection_invalidated
