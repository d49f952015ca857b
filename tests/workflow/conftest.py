"""A founded office of each kind, copied for every test from one that was founded once."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import make_url

from benchmarks import offices
from signing.sandbox import Sandbox
from tests import servers
from tests.workflow import verified
from tests.workflow.chamber import Chamber
from tests.workflow.desk import Desk
from workflow.actor import Actor
from workflow.founding import found
from workflow.migrating import migrate
from workflow.office import Office
from workflow.settings import Settings


class Clock:
    """The office's time. It starts now, because certificates are made in real time."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, step: timedelta) -> None:
        self.now += step

    def set(self, moment: datetime) -> None:
        self.now = moment


@dataclass(frozen=True)
class Founded:
    """A data folder, and for PostgreSQL the database that belongs to it, to copy from."""

    data_dir: Path
    database: str | None = None


@pytest.fixture(scope="session")
def founded_on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Founded:
    """A development office on SQLite."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("founded"))
    _found(settings)
    return Founded(settings.data_dir)


@pytest.fixture(scope="session")
def case(
    founded_on_sqlite: Founded, tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox
) -> Iterator[verified.Case]:
    """Exported once for all tests: they change copies in memory."""
    folder = tmp_path_factory.mktemp("verified")
    shutil.copytree(founded_on_sqlite.data_dir, folder / "office")
    yield from verified.lived_in(folder, Clock(), sandbox)


@pytest.fixture(scope="session")
def founded_on_postgresql(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: str
) -> Iterator[Founded]:
    """A development office on PostgreSQL."""
    data_dir = tmp_path_factory.mktemp("founded")
    with servers.postgres_database(postgres_server) as url:
        _found(Settings(data_dir=data_dir, database_url=SecretStr(url)))
        yield Founded(data_dir, url)


def _found(settings: Settings) -> None:
    migrate(settings)
    office = Office.open(settings)
    found(office)
    office.close()  # PostgreSQL copies only a database that nobody uses


@pytest.fixture
def clock() -> Clock:
    """The office's time, for the test to move."""
    return Clock()


@pytest.fixture(params=["sqlite", "postgresql"])
def office_settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """The settings of a founded office of each kind, a copy of its own for every test."""
    founded: Founded = request.getfixturevalue(f"founded_on_{request.param}")
    data_dir = tmp_path / "office"
    shutil.copytree(founded.data_dir, data_dir)
    with ExitStack() as stack:
        url = ""
        if founded.database is not None:
            server: str = request.getfixturevalue("postgres_server")
            template = make_url(founded.database).database
            assert template is not None
            url = stack.enter_context(servers.postgres_database(server, template))
        yield Settings(data_dir=data_dir, database_url=SecretStr(url))


@pytest.fixture
def office(office_settings: Settings, clock: Clock, sandbox: Sandbox) -> Iterator[Office]:
    """The development office, open."""
    office = Office.open(office_settings, clock=clock)
    office.sealing.sandbox = sandbox
    yield office
    office.close()


@pytest.fixture
def acting(office: Office) -> Callable[[str], Actor]:
    """The person with this username, as an actor with the roles of the office's today."""

    return partial(offices.acting, office)


@pytest.fixture
def seat(office: Office) -> Callable[[str], uuid.UUID]:
    """The id of an organisation of the office, by its code of today."""
    return partial(offices.seat_of, office)


@pytest.fixture
def desk(
    office: Office,
    acting: Callable[[str], Actor],
    seat: Callable[[str], uuid.UUID],
    tmp_path: Path,
) -> Desk:
    """The commune's desk, where documents come in and people act on them."""
    return Desk(office, acting, seat, tmp_path)


@pytest.fixture
def chamber(
    office: Office,
    acting: Callable[[str], Actor],
    seat: Callable[[str], uuid.UUID],
    tmp_path: Path,
) -> Chamber:
    """The same desk, where councils are set up and dossiers come before them."""
    return Chamber(office, acting, seat, tmp_path)
