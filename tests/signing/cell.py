"""A template whose judge can be told, by the file, to do what a judge never would.

It stands for a child that was taken over by what it read. Everything else is the real thing.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import resource
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from signing import tasks, template
from signing.channel import Message
from signing.report import SignatureReport
from signing.tasks import Job

Trick = Callable[[Job], Message]

_judge = tasks.TASKS["judge"]


def _spin(_: Job) -> Message:
    while True:
        pass


def _wait(job: Job) -> Message:
    return job.channel.receive()  # which the service will not send


def _hoard(_: Job) -> Message:
    held = []
    while True:
        held.append(b"\1" * (1 << 20))


def _hoard_regardless(_: Job) -> Message:
    held = []
    while True:
        with suppress(MemoryError):
            held.append(b"\1" * (1 << 20))


def _recurse(job: Job) -> Message:
    return _recurse(job)


def _segfault(_: Job) -> Message:
    ctypes.string_at(0)
    raise AssertionError("alive")


def _leave(_: Job) -> Message:
    os._exit(0)


def _raise(_: Job) -> Message:
    raise ValueError("what stood in the file")


def _say(data: bytes) -> Trick:
    """Write bytes to the service, and be gone."""

    def trick(job: Job) -> Message:
        job.channel._end.sendall(data)
        os._exit(0)

    return trick


def _flood(job: Job) -> Message:
    while True:
        job.channel._end.sendall(bytes(1 << 16))


def _ask(job: Job) -> Message:
    while True:
        job.channel.send(Message({"kind": "question"}, (b"no certificate",) * 1_000))
        job.channel.receive()


def _about(**changes: object) -> Trick:
    """Report on this file, with something in it changed."""

    def trick(job: Job) -> Message:
        report = SignatureReport.from_json(_judge(job).blobs[0])
        return _told(replace(report, **changes).to_json())  # type: ignore[arg-type]

    return trick


def _told(*blobs: bytes) -> Message:
    return Message({"kind": "result", "value": None}, blobs)


#: By name, which is the whole file. Each ends without a verdict.
TRICKS: dict[str, Trick] = {
    "spin": _spin,
    "wait": _wait,
    "hoard": _hoard,
    "hoard regardless": _hoard_regardless,
    "recurse": _recurse,
    "segfault": _segfault,
    "leave": _leave,
    "raise": _raise,
    "flood": _flood,
    "ask for ever": _ask,
    "nonsense": _say(b"nonsense" * 99),
    "half a message": _say(b"\0\0\0\x20\0\0\0\0["),
    "a giant": _say(b"\xff" * 8),
    "deep": _say(b"\0\1\0\0\0\0\0\0" + b"[" * 65_536),
    "no message": _say(b"\0\0\0\2\0\0\0\0{}"),
    "no blobs": lambda _: Message({"kind": "result"}),
    "no report": lambda _: _told(b"{}"),
    "another file": _about(sha256="0" * 64),
    "other anchors": _about(anchors_sha256="0" * 64),
    "another verdict": _about(verdict="<script>"),
    "evidence nobody named": lambda job: _told(_judge(job).blobs[0], b"nobody's"),
    "refuse": lambda _: Message({"kind": "refused", "code": "x", "sentence": "x"}),
}


def _attempts(port: int, path: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """What would reach out of the cell."""
    yield "make a socket", socket.socket
    yield "make a local socket", socket.socketpair
    yield "connect", lambda: socket.create_connection(("127.0.0.1", port), 1)
    yield "open a file", lambda: path.open("rb")
    yield "make a file", lambda: path.with_suffix(".new").open("wb")
    yield "list a folder", lambda: os.listdir(path.parent)
    yield "remove a file", path.unlink
    yield "move a file", lambda: path.rename(path.with_suffix(".moved"))
    yield "change a mode", lambda: path.chmod(0o777)
    yield "make a folder", path.with_suffix(".folder").mkdir
    yield "copy a descriptor", lambda: os.dup(0)
    yield "make a pipe", os.pipe
    yield "make memory a file", lambda: os.memfd_create("x")
    yield "fork", os.fork
    yield "run a program", lambda: subprocess.run(["/bin/true"])
    yield "start a thread", lambda: threading.Thread(target=int).start()
    yield "signal the template", lambda: os.kill(os.getppid(), 0)
    yield "raise a limit", lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (99, 99))
    yield "import a module", lambda: importlib.import_module("wave")


def _escape(job: Job) -> Message:
    """Try everything; the refused reasons of the answer name what was possible."""
    _, port, path = job.source.read().decode().split(" ", 2)
    done = []
    for name, attempt in _attempts(int(port), Path(path)):
        with suppress(OSError, RuntimeError, ImportError, ValueError):
            attempt()
            done.append(name)
    return Message({"kind": "refused", "code": "escaped", "sentence": ", ".join(done)})


def _nonsense(_: Job) -> Message:
    return Message({"kind": "result", "value": {"page": "nowhere"}})


def _tempted(job: Job) -> Message:
    told = job.source.read(64)
    job.source.seek(0)
    trick = TRICKS.get(told.decode("latin-1"), _judge)
    return trick(job)


tasks.TASKS = {
    **tasks.TASKS,
    "judge": _tempted,
    "turned": _escape,
    "top_right": _nonsense,
    "person_box": lambda _: Message({"kind": "result"}),
}

if __name__ == "__main__":
    template.main()
