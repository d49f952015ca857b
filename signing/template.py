"""The template process of the sandbox: warm, single-threaded, forked once for each file.

Started by `signing.sandbox` as a program of its own, so that it shares no thread, no connection and
no secret with the service. It never looks at a file: it takes the descriptors that belong to one,
forks, and tells how the child ended. It ends when the service closes the other end of its socket,
and its children end with it.

    python -m signing.template DESCRIPTOR BOUNDS(JSON)
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import io
import json
import os
import select
import signal
import socket
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn

import pikepdf

from signing import confinement, extraction, pades, placement, repair, tasks, validation
from signing.channel import ENDED, Channel
from signing.confinement import Bounds
from signing.devca import DevelopmentCA
from signing.tasks import Job

# The channel, the end to tell how a child ended, the file; for some tasks the file to write.
_MOST_DESCRIPTORS = 4
_MOST_NAME_BYTES = 64

# A child can import nothing. Codecs are modules, too, and strings in a PDF name a few.
_LATE_IMPORTS = """
    cryptography.hazmat.backends.openssl.backend lxml.etree stringprep
    pyhanko.pdf_utils.filters pyhanko.pdf_utils.metadata.xmp_xml
    encodings.ascii encodings.cp1252 encodings.idna encodings.latin_1 encodings.punycode
    encodings.raw_unicode_escape encodings.unicode_escape encodings.utf_16 encodings.utf_16_be
    encodings.utf_16_le encodings.utf_32 encodings.utf_32_be encodings.utf_32_le encodings.utf_8
    encodings.utf_8_sig
"""


class _Child:
    """A child at work: when its time is over, and where to say how it ended."""

    def __init__(self, process: int, told: int, ends_at: float) -> None:
        self.process, self.told, self.ends_at = process, told, ends_at

    def ended(self) -> None:
        """Reap it, and tell."""
        _, status, used = os.wait4(self.process, 0)
        record = ENDED.pack(status, used.ru_utime + used.ru_stime, used.ru_maxrss << 10)
        with contextlib.suppress(OSError):  # the service may have stopped listening
            os.write(self.told, record)
        os.close(self.told)


def main() -> None:
    """Serve until the service is gone."""
    descriptor, bounds = sys.argv[1:]
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # meant for the service, which then closes the socket
    with socket.socket(fileno=int(descriptor)) as control:
        _warm()
        _serve(control, Bounds(**json.loads(bounds)))


def _warm() -> None:
    """Import whatever a child may need, and judge what every part of the judge looks at.

    What runs for the first time costs several times as much, and each child would pay for it; the
    interpreter takes a few times to make its code fast.
    """
    for module in _LATE_IMPORTS.split():
        importlib.import_module(module)
    with TemporaryDirectory(prefix="vanthu-") as folder:
        plain, once, signed = (Path(folder) / f"{name}.pdf" for name in ("plain", "once", "signed"))
        with pikepdf.new() as pdf:
            pdf.add_blank_page()
            pdf.save(plain)
        with plain.open("rb") as source:
            repair.rewrite(source, io.BytesIO())
            placement.turned(source, 0)
            extraction.extract(source, io.BytesIO(), 1, 0)
        authority = DevelopmentCA(Path(folder))
        person = authority.issue_person("specimen", "Specimen", "Specimen")
        agency = authority.issue_agency("agency", "Specimen")
        trust = authority.trust
        pades.sign(plain, once, key=person, field="person", level="B-LT", trust=trust)
        pades.sign(once, signed, key=agency, field="agency", level="B-LTA", trust=trust)
        for _ in range(4):
            validation.judge(signed, trust=trust, at=datetime.now(UTC)).report.to_json()
    gc.collect()
    gc.freeze()  # no collection in a child touches, and so copies, what it shares
    confinement.in_large_pages()


def _serve(control: socket.socket, bounds: Bounds) -> None:
    room = confinement.room_bytes(bounds)
    events = select.poll()
    events.register(control, select.POLLIN)
    children: dict[int, _Child] = {}
    try:
        while True:
            now = time.monotonic()
            for child in children.values():
                if child.ends_at <= now:
                    os.kill(child.process, signal.SIGKILL)
            next_end = min((c.ends_at for c in children.values() if c.ends_at > now), default=None)
            for descriptor, _ in events.poll(next_end and (next_end - now) * 1000 + 1):
                if descriptor in children:
                    events.unregister(descriptor)
                    os.close(descriptor)
                    children.pop(descriptor).ended()
                    continue
                name, given, _, _ = socket.recv_fds(control, _MOST_NAME_BYTES, _MOST_DESCRIPTORS)
                if not name:
                    return
                forked = _fork(name.decode(), given, bounds, room)
                if forked is not None:
                    waiting = os.pidfd_open(forked.process)
                    children[waiting] = forked
                    events.register(waiting, select.POLLIN)
    finally:
        for child in children.values():
            os.kill(child.process, signal.SIGKILL)
            child.ended()


def _fork(name: str, given: list[int], bounds: Bounds, room: int) -> _Child | None:
    """A child for the file; None when there can be none: then every descriptor is closed."""
    template = os.getpid()
    channel, told, *files = given
    try:
        process = os.fork()
    except OSError:
        os.close(told)
        return None
    else:
        if not process:
            _be_child(template, name, channel, files, bounds, room)
        return _Child(process, told, time.monotonic() + bounds.wall_seconds)
    finally:
        for descriptor in (channel, *files):
            os.close(descriptor)


def _be_child(
    template: int, name: str, channel: int, files: list[int], bounds: Bounds, room: int
) -> NoReturn:
    try:
        confinement.die_with(template)
        end = socket.socket(fileno=channel)
        source = os.fdopen(files[0], "rb")
        source.seek(0)  # its place is shared with whoever opened it, and with a child that failed
        target = os.fdopen(files[1], "w+b") if files[1:] else None
        os.dup2(0, 2)  # nobody reads what a stranger's file makes libraries print
        confinement.confine([channel, *files], bounds, room)
        talk = Channel(end)
        tasks.perform(name, Job(source, target, talk.receive(), talk))
        os._exit(0)
    finally:
        # No exception, no exit handler and no buffer of the template's survives here.
        os._exit(1)


if __name__ == "__main__":
    main()
