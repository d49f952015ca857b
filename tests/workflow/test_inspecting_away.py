"""What goes away while it is inspected: a database has no wrong rows, a lost object is missed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from storage.local import LocalStore
from storage.objects import Listed, ObjectRef
from tests.workflow.desk import Desk
from workflow.inspecting import Finding, Kind, Stage, inspect, registers
from workflow.inspecting.findings import Walk
from workflow.inspecting.index import Index
from workflow.inspecting.objects import look_at_absent
from workflow.records import RegisterEntry, Revision


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


class OldListing(LocalStore):
    """A store that lists for a while what was deleted, as some S3 servers do."""

    listed: tuple[Listed, ...] = ()

    def each(self, after: str = "") -> Iterator[Listed]:
        return (one for one in self.listed if one.key > after)


def test_an_object_that_is_listed_and_gone_is_missed(desk: Desk) -> None:
    store, ref = _kept(desk)
    store.listed = tuple(LocalStore.each(store))
    (store.root / ref.key).unlink()
    stages = (Stage.NAMES, Stage.OBJECTS, Stage.ABSENT)
    desk.office.objects = store
    (missing,) = inspect(desk.office, stages=stages)
    assert _names(missing, ref)


def test_a_lost_object_is_missed_also_by_a_machine_that_begins_there(
    desk: Desk, tmp_path: Path
) -> None:
    store, ref = _kept(desk)
    (store.root / ref.key).unlink()
    index = Index(tmp_path / "index.db")
    walk, after, found = Walk(desk.office, index, desk.office.clock()), "", list[Finding]()
    while (step := look_at_absent(walk, after)).after is not None:
        found += step.findings
        after = step.after
    index.close()
    assert [_names(one, ref) for one in [*found, *step.findings]] == [True]


def _kept(desk: Desk) -> tuple[OldListing, ObjectRef]:
    """The store, and an object that is needed in it."""
    desk.letter()
    (row,) = desk.rows(Revision)
    store = OldListing(desk.office.settings.data_dir / "objects")
    return store, ObjectRef(desk.commune, row.sha256, row.size_bytes)


def _names(finding: Finding, ref: ObjectRef) -> bool:
    return finding.kind is Kind.OBJECT_MISSING and finding.place.startswith(f"{ref.key} ")
