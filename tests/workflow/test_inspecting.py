"""The archive check: silent over a sound office, and whatever is wrong is found where it is."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import make_url, select, text

from benchmarks import tampering
from benchmarks.offices import acting, seat_of
from signing.sandbox import Sandbox
from storage.objects import ObjectRef
from tests import servers
from tests.workflow.conftest import Clock, Founded
from tests.workflow.desk import Desk
from tests.workflow.lived_in import live
from workflow import inspecting, jobs
from workflow.inspecting import Finding, Kind, Stage, inspect, nightly
from workflow.inspecting.objects import ELSEWHERE, NAMING
from workflow.office import Office
from workflow.records import ArchiveCheck, ArchiveFinding, Base, File, Incoming, Report, Revision
from workflow.rules.errors import Forbidden, NotFound
from workflow.settings import Settings

OPERATOR, STRANGER = "tinh.quantri", "xa.quantri"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def desk(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox
) -> Iterator[Desk]:
    """One office for all: each test puts back what it changes."""
    founded: Founded = request.getfixturevalue(f"founded_on_{request.param}")
    folder = tmp_path_factory.mktemp("lived_in")
    shutil.copytree(founded.data_dir, folder / "office")
    with ExitStack() as stack:
        url = ""
        if founded.database is not None:
            server: str = request.getfixturevalue("postgres_server")
            template = make_url(founded.database).database
            assert template is not None
            url = stack.enter_context(servers.postgres_database(server, template))
        settings = Settings(data_dir=folder / "office", database_url=SecretStr(url))
        clock = Clock()
        office = Office.open(settings, clock=clock)
        office.sealing.sandbox = sandbox
        stack.callback(office.close)
        desk = Desk(
            office, lambda who: acting(office, who), lambda code: seat_of(office, code), folder
        )
        live(desk)
        yield desk


def found(desk: Desk, *stages: Stage) -> list[Finding]:
    return list(inspect(desk.office, stages=stages or tuple(inspecting.STAGES)))


def path_of(desk: Desk, ref: ObjectRef) -> Path:
    return desk.office.settings.data_dir / "objects" / ref.key


def issued(desk: Desk) -> ObjectRef:
    """The bytes of what was signed and sealed first."""
    made = desk.rows(Revision, Revision.made_as == "sealed")[0]
    return ObjectRef(desk.commune, made.sha256, made.size_bytes)


def test_a_sound_office_has_no_findings(desk: Desk) -> None:
    looked_at: dict[Stage, int] = {}
    assert list(inspect(desk.office, looked_at.__setitem__)) == []
    assert list(looked_at) == list(inspecting.STAGES)
    assert looked_at[Stage.VERDICTS] == len(desk.rows(Report))
    assert looked_at[Stage.LOG] == 5
    assert looked_at[Stage.RETAINED] == 6  # and a time-stamp
    assert min(looked_at[stage] for stage in (Stage.CHAINS, Stage.ROWS)) > 250


def test_what_a_recall_destroyed_is_gone_and_no_finding(desk: Desk) -> None:
    came = desk.rows(Incoming, Incoming.sent_from_id.is_not(None))[0]
    files = select(File.id).where(File.document_id == came.document_id)
    theirs = desk.rows(Revision, Revision.file_id.in_(files))
    organisation = desk.seat("H56.MAU.01")
    refs = [ObjectRef(organisation, one.sha256, one.size_bytes) for one in theirs]
    assert refs
    assert not any(map(desk.office.objects.exists, refs))


def test_tampering_is_found_where_it_is(desk: Desk) -> None:
    with tampering.opened(desk.office) as bench:
        outcome = tampering.run(bench, 40, seed=3)
    assert outcome.missed == []
    assert outcome.made.total() == 40
    assert outcome.found.total() + outcome.excepted.total() == 40
    assert found(desk, Stage.TRIGGERS) == []  # they are there again


def test_a_missing_trigger_is_named(desk: Desk) -> None:
    on_sqlite = desk.office.database.engine.dialect.name == "sqlite"
    name = "report_no_update" if on_sqlite else "report_no_change"
    with desk.office.database.engine.begin() as connection:
        if on_sqlite:
            schema = text("SELECT sql FROM sqlite_schema WHERE name = :name")
            made = connection.scalar(schema, {"name": name})
            connection.execute(text(f"DROP TRIGGER {name}"))
        else:
            connection.execute(text(f"ALTER TABLE report DISABLE TRIGGER {name}"))
    assert found(desk, Stage.TRIGGERS) == [Finding(Kind.TRIGGER_MISSING, name)]
    with desk.office.database.engine.begin() as connection:
        again = str(made) if on_sqlite else f"ALTER TABLE report ENABLE TRIGGER {name}"
        connection.execute(text(again))


def test_a_lost_and_an_altered_object_are_named(desk: Desk) -> None:
    path = path_of(desk, issued(desk))
    content = path.read_bytes()
    objects = (Stage.NAMES, Stage.OBJECTS, Stage.ABSENT)
    path.unlink()
    (missing,) = found(desk, *objects)
    assert missing.kind is Kind.OBJECT_MISSING
    assert missing.place.startswith(f"{issued(desk).key} ")
    path.write_bytes(content[:-1] + b"x")
    assert found(desk, *objects) == [Finding(Kind.OBJECT_ALTERED, issued(desk).key)]
    path.unlink()
    path.write_bytes(content)
    assert found(desk, *objects) == []


def test_an_orphan_is_named_once_it_is_old(desk: Desk) -> None:
    ref = desk.office.keep(desk.commune, desk.pdf("KHONG AI NHAC"))
    clock = desk.office.clock
    assert isinstance(clock, Clock)
    assert found(desk, Stage.NAMES, Stage.OBJECTS) == []  # its row may be on the way
    clock.advance(timedelta(days=2))
    assert found(desk, Stage.NAMES, Stage.OBJECTS) == [Finding(Kind.ORPHAN, ref.key)]
    with desk.office.transaction(None) as tx:
        tx.enqueue("discard_pieces", not_before=tx.now + timedelta(days=9), pieces=[ref.sha256])
    assert found(desk, Stage.NAMES, Stage.OBJECTS) == []  # somebody works on it
    with desk.office.database.engine.begin() as connection:
        connection.execute(text("DELETE FROM job WHERE name = 'discard_pieces'"))
    desk.office.destroy(ref.organisation, ref.sha256, ref.size_bytes)
    clock.advance(-timedelta(days=2))


def test_a_verdict_that_the_bytes_do_not_bear_out_is_named(desk: Desk) -> None:
    report = next(one for one in desk.rows(Report) if b'"verdict":"HOP_LE"' in one.content)
    false = report.content.replace(b'"verdict":"HOP_LE"', b'"verdict":"KHONG_HOP_LE"')
    with tampering.opened(desk.office) as bench, tampering.changing(bench):
        session = bench.office.session
        changed = session.get_one(Report, report.id)
        changed.content = false
        session.flush()
        places = bench.look([Stage.VERDICTS], bench.index)
    assert places == [Finding(Kind.VERDICT_DIFFERS, f"report {report.id}")]


def test_every_column_that_names_bytes_is_accounted_for() -> None:
    columns = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.tables.values()
        for column in table.columns
        if column.name.endswith("sha256")
    }
    walked = {f"{naming.table}.sha256" for naming in NAMING}
    assert columns == (walked - {"report.sha256"}) | ELSEWHERE.keys()


def night(desk: Desk) -> ArchiveCheck:
    """Begin a check, as the job of the night does."""
    with desk.office.transaction(None) as tx:
        tx.enqueue("inspect_archive")
    jobs.run_one(desk.office)
    return desk.rows(ArchiveCheck)[-1]


def test_the_nightly_check_walks_in_slices(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nightly, "SLICE_SECONDS", 0.0)  # a step to a slice
    check = night(desk)
    place = path_of(desk, issued(desk))
    content = place.read_bytes()
    place.unlink()
    slices = jobs.run_all(desk.office)
    done = desk.rows(ArchiveCheck)[-1]
    assert done.id == check.id
    assert done.finished_at is not None
    assert slices >= len(inspecting.STAGES)
    (finding,) = desk.rows(ArchiveFinding, ArchiveFinding.check_id == check.id)
    assert (finding.kind, done.found) == ("object_missing", 1)
    place.write_bytes(content)
    assert not list((desk.office.settings.data_dir / "inspecting").glob("*.db"))
    shown = desk.see(OPERATOR, nightly.checks)
    assert shown[0].id == check.id
    assert [one.place for one in desk.see(OPERATOR, nightly.found_by, check.id)] == [finding.place]
    with pytest.raises(Forbidden):
        desk.see(STRANGER, nightly.checks)
    with pytest.raises(NotFound):
        desk.see(STRANGER, nightly.found_by, check.id)
