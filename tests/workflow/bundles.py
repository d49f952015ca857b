"""Real evidence bundles for tests, and what a forger can do to one in memory."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

from tests.workflow.desk import COMMUNE, OFFICE, Desk
from tests.workflow.test_delivery import THEIR_CLERK, delivered, recall
from workflow import checkpointing, evidence, registration
from workflow.evidence import Request
from workflow.rules.canonical import canonical
from workflow.verifier.archive import CHUNK_BYTES, Unreadable


def history(desk: Desk) -> None:
    """Documents go out and come in, one is recalled and destroyed; two checkpoints, stamped."""
    sent, came = delivered(desk)
    desk.registered()
    desk.do(THEIR_CLERK, registration.register, came, desk.case(came).version)
    desk.run_jobs()
    checkpointing.append(desk.office)
    recall(desk, sent)
    desk.run_jobs()
    checkpointing.append(desk.office)
    checkpointing.stamp(desk.office)


def exported(desk: Desk, **changes: Any) -> bytes:
    """The bundle of the commune and of the office it sends to."""
    with desk.office.reading(None) as reading:
        period = str(reading.today.year)
    out = io.BytesIO()
    seats = (desk.seat(COMMUNE), desk.seat(OFFICE))
    evidence.export(desk.office, Request(seats, period, **changes), out)
    return out.getvalue()


class Held:
    """A bundle's members in memory: what the verifier reads, and what a forger changes."""

    def __init__(self, members: dict[str, bytes]) -> None:
        self.members = members

    @classmethod
    def of(cls, bundle: bytes) -> Held:
        with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
            return cls({name: archive.read(name) for name in archive.namelist()})

    @property
    def names(self) -> list[str]:
        return list(self.members)

    def chunks(self, name: str) -> Iterator[bytes]:
        content = self.members.get(name)
        if content is None:
            raise Unreadable("not there")
        for start in range(0, len(content), CHUNK_BYTES):
            yield content[start : start + CHUNK_BYTES]

    def copy(self, **changed: bytes) -> Held:
        return Held({**self.members, **changed})

    def json(self, name: str) -> Any:
        return json.loads(self.members[name])

    def lines(self, name: str) -> list[bytes]:
        return self.members[name].split(b"\n")[:-1]

    def put_lines(self, name: str, lines: list[bytes]) -> None:
        self.members[name] = b"".join(line + b"\n" for line in lines)

    def put_json(self, name: str, value: object) -> None:
        self.members[name] = canonical(value)

    def listed_again(self) -> Held:
        """The manifest made anew, as whoever changes a member would."""
        self.members.pop("manifest.json", None)
        self.put_json(
            "manifest.json",
            {
                "version": 1,
                "members": [
                    {
                        "name": name,
                        "sha256": hashlib.sha256(content).hexdigest(),
                        "bytes": len(content),
                    }
                    for name, content in self.members.items()
                ],
            },
        )
        return self

    def zipped(self) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in self.members.items():
                archive.writestr(name, content)
        return out.getvalue()
