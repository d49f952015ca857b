"""What every test may ask for: a database, an object store, a broker, each of the real kind."""

from __future__ import annotations

import ipaddress
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import settings

from signing.sandbox import Sandbox
from storage.database import Database, connect, metadata
from storage.objects import ObjectStore, open_store
from tests import servers

settings.register_profile("vanthu", deadline=None, max_examples=50, print_blob=True)
settings.load_profile("vanthu")

# pytest's own folders go there too (its switch for that is this variable).
if memory := servers.in_memory():
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", memory)

# Servers named by settings are meant to be reached, wherever they are.
_MEANT = {
    urlsplit(os.environ.get(setting, "")).hostname
    for _, setting in (servers.POSTGRES, servers.VALKEY, servers.SEAWEEDFS)
} - {None}


def _refuse_outside(event: str, arguments: tuple[Any, ...]) -> None:
    """Audit hook: no test reaches beyond this machine (child processes and libpq not covered)."""
    if event in ("socket.connect", "socket.sendto"):
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else "localhost"  # a path: a unix socket
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = arguments[0]
    else:
        return
    if isinstance(host, bytes):
        host = host.decode()
    if host in {None, "", "localhost"} | _MEANT:
        return
    try:
        inside = ipaddress.ip_address(host).is_loopback
    except ValueError:
        inside = False
    if not inside:
        raise RuntimeError(f"a test reached for {host}: only this machine is open to tests")


sys.addaudithook(_refuse_outside)


class SharedSandbox(Sandbox):
    """Outlives every office that closes it: starting its template takes a second."""

    def close(self) -> None:
        """Leave it to the session."""

    def end(self) -> None:
        super().close()


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """The sandbox of this test process."""
    shared = SharedSandbox()
    yield shared
    shared.end()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A PostgreSQL server, started for the first test that asks."""
    with servers.postgres() as url:
        yield url


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """A SeaweedFS server, started for the first test that asks."""
    with servers.seaweedfs() as url:
        yield url


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A Valkey server, started for the first test that asks."""
    with servers.valkey() as url:
        yield url


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """A fresh, empty PostgreSQL database."""
    with servers.postgres_database(postgres_server) as url:
        yield url


@pytest.fixture
def s3_url(s3_server: str) -> Iterator[str]:
    """A fresh, empty bucket."""
    with servers.s3_bucket(s3_server) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh, empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'vanthu.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database of each kind with the tables that are imported."""
    database = connect(database_url)
    metadata.create_all(database.engine)
    yield database
    database.close()


@pytest.fixture(params=["file", "s3"])
def object_store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh, empty object store of each kind."""
    if request.param == "file":
        return f"file:{tmp_path / 'objects'}"
    url: str = request.getfixturevalue("s3_url")
    return url


@pytest.fixture
def object_store(object_store_url: str) -> ObjectStore:
    """An object store of each kind."""
    return open_store(object_store_url)
