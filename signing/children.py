"""The service's side of the sandbox: one template process, and a child of it for each file.

Nothing that a child does reaches further than its answer: it is read within bounds of size and
time, and when a call is over, its child is gone.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from signing.channel import ENDED, Broken, Channel, Message
from signing.confinement import Bounds
from signing.errors import SandboxBusy

_LOG = logging.getLogger("vanthu.signing")

_MOST_QUESTIONS = 4
#: Beyond a child's own wall time: for a template to start on a slow machine.
_GRACE_SECONDS = 30
_END_SECONDS = 5
_ROOT = Path(__file__).parents[1]
# What an interpreter may need to start where it is installed, and to find a place for files.
_KEPT = ("LD_LIBRARY_PATH", "PYTHONHOME", "TMPDIR")


class Exhausted(Exception):  # noqa: N818  it states a fact
    """The child gave no answer that can be used."""


class _TemplateGone(Exception):  # noqa: N818  it states a fact
    """The template died under this call, whoever's fault it was."""


@dataclass(frozen=True)
class Use:
    """What a child took; `status` as `os.waitstatus_to_exitcode` gives it."""

    status: int
    cpu_seconds: float
    peak_bytes: int


class Children:
    """Starts the template with the first file, and again when it has died. Thread-safe.

    `most` children work at once; other files wait for `patience_seconds`. `program` is what runs as
    the template, `on_end` hears of every child that has ended.
    """

    def __init__(
        self,
        bounds: Bounds,
        most: int,
        patience_seconds: float,
        program: str,
        on_end: Callable[[Use], None],
    ) -> None:
        self._bounds = bounds
        self._program, self._on_end = program, on_end
        self._places = threading.BoundedSemaphore(most)
        self._patience_seconds = patience_seconds
        self._lock = threading.Lock()
        self._template: _Template | None = None

    def close(self) -> None:
        """End the template and its children; a later call starts another."""
        with self._lock:
            template, self._template = self._template, None
        if template is not None:
            template.end()

    def perform(
        self,
        task: str,
        source: BinaryIO,
        asked: Message,
        target: BinaryIO | None = None,
        reply: Callable[[Message], Message] | None = None,
    ) -> Message:
        """What a child answers that does this task; `reply` answers its questions meanwhile.

        Raises Exhausted, and SandboxBusy.
        """
        if not self._places.acquire(timeout=self._patience_seconds):
            raise SandboxBusy
        try:
            for _ in range(2):
                template = self._started()
                if target is not None:
                    os.ftruncate(target.fileno(), 0)
                try:
                    return self._perform(template, task, source, asked, target, reply)
                except _TemplateGone:
                    _LOG.error("the sandbox's template process is gone")
                    self._drop(template)
            raise Exhausted("the template process died twice")
        finally:
            self._places.release()

    def _perform(
        self,
        template: _Template,
        task: str,
        source: BinaryIO,
        asked: Message,
        target: BinaryIO | None,
        reply: Callable[[Message], Message] | None,
    ) -> Message:
        ends_at = time.monotonic() + self._bounds.wall_seconds + _GRACE_SECONDS
        ours, theirs = socket.socketpair()
        told, tell = socket.socketpair()
        with ours, told:
            with theirs, tell:
                files = [file.fileno() for file in (source, target) if file is not None]
                template.start(task, [theirs.fileno(), tell.fileno(), *files])
            answer = None
            with suppress(Broken):
                answer = _conversation(Channel(ours, ends_at), asked, reply)
            ours.close()  # whoever still talks finds nobody
            used = self._ended(template, told, ends_at)
        if used is not None:
            self._on_end(used)
        if answer is None or used is None:
            raise Exhausted(f"no answer; {used or 'no child'}")
        if answer.values.get("kind") == "failed":
            raise Exhausted(f"{answer.values.get('what')!r:.200}; {used}")
        return answer

    def _ended(self, template: _Template, told: socket.socket, ends_at: float) -> Use | None:
        """How the child ended; None when there was none. Raises _TemplateGone."""
        told.settimeout(max(ends_at - time.monotonic(), 1))
        record = b""
        try:
            while told_more := told.recv(ENDED.size):  # until the template has let go of it all
                record += told_more
        except OSError:
            template.end()  # it is stuck: every child is over time
        if len(record) == ENDED.size:
            status, cpu_seconds, peak_bytes = ENDED.unpack(record)
            return Use(os.waitstatus_to_exitcode(status), cpu_seconds, peak_bytes)
        if template.gone():
            raise _TemplateGone
        return None

    def _started(self) -> _Template:
        with self._lock:
            if self._template is None:
                try:
                    self._template = _Template(self._program, self._bounds)
                except OSError as fault:
                    raise Exhausted(f"no template process: {fault}") from fault
            return self._template

    def _drop(self, template: _Template) -> None:
        with self._lock:
            if self._template is template:
                self._template = None
        template.end()


def _conversation(
    channel: Channel, asked: Message, reply: Callable[[Message], Message] | None
) -> Message:
    channel.send(asked)
    for _ in range(_MOST_QUESTIONS + 1):
        message = channel.receive()
        if message.values.get("kind") != "question":
            return message
        if reply is None:
            break
        channel.send(reply(message))
    raise Broken("too many questions")


class _Template:
    """The process, and the socket that keeps it alive."""

    def __init__(self, program: str, bounds: Bounds) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.settimeout(_END_SECONDS)
        with theirs:
            descriptor = str(theirs.fileno())
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-P", "-m", program, descriptor, json.dumps(asdict(bounds))],
                # The service's own environment holds passwords.
                env={"PYTHONPATH": os.fspath(_ROOT)}
                | {name: os.environ[name] for name in _KEPT if name in os.environ},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )

    def start(self, task: str, descriptors: list[int]) -> None:
        """Have a child forked for these descriptors. Raises _TemplateGone."""
        try:
            socket.send_fds(self._control, [task.encode()], descriptors)
        except OSError as fault:
            raise _TemplateGone from fault

    def gone(self) -> bool:
        """Whether it has ended; what it held is closed a moment before it has."""
        try:
            self._process.wait(1)
        except subprocess.TimeoutExpired:
            return False
        return True

    def end(self) -> None:
        """End it, and its children with it; again changes nothing."""
        self._control.close()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
