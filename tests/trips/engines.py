"""Real processes of Vanthu over embedded or real engines: a server, and a worker where needed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import httpx

from workflow.settings import Settings

_ADDRESS = re.compile(r"API (http://127\.0\.0\.1:\d+),")
_VANTHU = "import sys; from api.cli import main; sys.exit(main())"
START_SECONDS = 60.0
POLL_SECONDS = 0.05


@dataclass
class Engines:
    """The settings of an office as environment variables, and the processes that run on them."""

    data_dir: Path
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if "VANTHU" not in name}
        return {**kept, **self.settings, "VANTHU_DATA_DIR": str(self.data_dir)}

    @property
    def opened(self) -> Settings:
        """The same, for an office that is opened here beside those processes."""
        names = {
            name.removeprefix("VANTHU_").lower(): value for name, value in self.settings.items()
        }
        return Settings(data_dir=self.data_dir, **names)  # type: ignore[arg-type]

    @property
    def broker(self) -> bool:
        return "VANTHU_BROKER_URL" in self.settings

    @contextmanager
    def command(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """A `vanthu` command in a process group of its own, killed in the end."""
        log = self.data_dir.with_suffix(f".{arguments[0]}.log")
        with log.open("a") as output:
            process = subprocess.Popen(
                [sys.executable, "-c", _VANTHU, *arguments],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
        try:
            yield process
        finally:
            kill(process)

    @contextmanager
    def server(self) -> Iterator[Running]:
        """A server that answers, with what it needs beside it."""
        log = self.data_dir.with_suffix(".serve.log")
        before = len(log.read_text()) if log.exists() else 0
        with self.command("serve", "--port", "0") as process:

            def address() -> str | None:
                assert process.poll() is None, log.read_text()[before:]
                found = _ADDRESS.search(log.read_text()[before:])
                return found[1] if found else None

            base = until(address)
            with httpx.Client(base_url=base, timeout=30, trust_env=False) as http:
                until(lambda: _ready(http) or None)
                yield Running(process, http, self.data_dir)

    @contextmanager
    def worker(self) -> Iterator[None]:
        """A Celery worker where there is a broker; embedded, the server does the jobs itself."""
        if not self.broker:
            yield
            return
        with self.command("worker", "--concurrency", "1"):
            yield


@dataclass
class Running:
    """A server process and a client of it."""

    process: subprocess.Popen[str]
    http: httpx.Client
    data_dir: Path

    def kill(self) -> None:
        """kill -9, with no chance to say goodbye."""
        kill(self.process)


def kill(process: subprocess.Popen[str]) -> None:
    """End a process and all its children at once."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _ready(http: httpx.Client) -> bool:
    try:
        return http.get("/health/ready").status_code == 200
    except httpx.TransportError:
        return False


def until(look: Any, seconds: float = START_SECONDS) -> Any:
    """What `look` gives as soon as it is not None; looked at often, for a bounded time."""
    pause = Event()
    for _ in range(int(seconds / POLL_SECONDS)):
        found = look()
        if found is not None:
            return found
        pause.wait(POLL_SECONDS)
    raise AssertionError(f"nothing within {seconds} s: {look}")


def fresh_key() -> str:
    """An Idempotency-Key."""
    return str(uuid.uuid4())
