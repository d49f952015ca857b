"""The tests' own ground: servers that say why they failed, and no way out of this machine."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import redis

from tests import servers

Launcher = Callable[[], AbstractContextManager[str]]


def test_a_server_that_cannot_start_says_why_and_which_setting_names_another(
    tmp_path: Path,
) -> None:
    command: servers.Command = [sys.executable, "-c", "raise SystemExit('port taken')"]

    def never() -> None:
        raise ConnectionRefusedError

    with (
        pytest.raises(servers.ServerNotStarted, match=r"(?s)port taken.*VANTHU_TEST_REDIS_URL"),
        servers._running(servers.VALKEY, command, tmp_path, never, signal.SIGTERM),
    ):
        pytest.fail("it did start")


@pytest.mark.parametrize(
    ("launcher", "setting", "url"),
    [
        (servers.postgres, "VANTHU_TEST_POSTGRES_URL", "postgresql+psycopg://x@{}/postgres"),
        (servers.valkey, "VANTHU_TEST_REDIS_URL", "redis://{}/0"),
        (servers.seaweedfs, "VANTHU_TEST_S3_URL", "s3://key:secret@{}?secure=0"),
    ],
)
def test_a_named_server_that_does_not_answer_is_reported_with_its_setting(
    launcher: Launcher, setting: str, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setenv(setting, url.format(f"127.0.0.1:{unused.getsockname()[1]}"))
        with pytest.raises(servers.ServerNotStarted, match=setting), launcher():
            pytest.fail("nobody listens there")


def test_a_server_is_gone_after_its_block() -> None:
    with servers.valkey() as url, redis.Redis.from_url(url) as client:
        assert client.ping()
        process = client.info("server")["process_id"]
    assert not Path(f"/proc/{process}").exists()


def test_a_server_does_not_outlive_a_killed_test_run(tmp_path: Path) -> None:
    program = (
        "import time\nfrom tests import servers\n"
        "with servers.valkey() as url:\n print(url, flush=True)\n time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},  # nobody is left to clear it away
    ) as run:
        assert run.stdout is not None
        url = run.stdout.readline().strip()
        with redis.Redis.from_url(url) as client:
            # It answers until the kernel's signal reaches it, and then closes the connection.
            run.kill()
            with pytest.raises(redis.ConnectionError):
                client.blpop(["never"], timeout=10)


@pytest.mark.parametrize("host", ["192.0.2.1", "example.org", "2001:db8::1"])
def test_no_test_reaches_beyond_this_machine(host: str) -> None:
    with pytest.raises(RuntimeError, match="only this machine"):
        socket.create_connection((host, 80), timeout=1)
