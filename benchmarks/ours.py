"""What is measured of this project, and the floor under it."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from PIL import Image

from benchmarks.measuring import cpu_ms
from signing import check, cms, fields, pades
from signing.appearance import Stamp
from signing.fields import Box
from signing.keys import LiveKey
from signing.reading import CHUNK_BYTES
from signing.report import Level
from signing.revision import Written
from signing.trust import Trust

LEVELS: tuple[Level, ...] = ("B-B", "B-T", "B-LT", "B-LTA")
_FIELD = "person1"
_BOX = Box(0, 300, 100, 200, 60)
_LINES = ("Người ký: Nguyễn Văn Ước", "Cơ quan: UBND xã Tân Hòa", "Thời gian ký: 22/11/2026")


@dataclass(frozen=True)
class Desk:
    """A key, trust, and a file to sign into another, over and over."""

    key: LiveKey
    trust: Trust
    source: Path
    target: Path

    def floor(self) -> float:
        """Reading the file, hashing it, and the key's bare operation over the digest."""
        return cpu_ms(self._floor)

    def sign(self, level: Level, **how: Any) -> float:
        """A signature as a worker makes it: copied, written, checked, in place for good."""
        return cpu_ms(lambda: self.signed(level, **how))

    def signed(self, level: Level, **how: Any) -> int:
        """The same; by how many bytes the file grew."""
        made = pades.sign(
            self.source,
            self.target,
            key=self.key,
            field=_FIELD,
            level=level,
            trust=self.trust,
            **how,
        )
        return made.size_bytes - self.source.stat().st_size

    def copy(self) -> float:
        """The part of it that is copying the file to a name that appears whole or not at all."""
        return cpu_ms(self._copy)

    def checking(self) -> Callable[[], float]:
        """The part of it that is the check of what was written."""
        prepared = pades.prepare(
            self.source,
            certificate=self.key.certificate,
            chain=self.key.chain,
            field=_FIELD,
            level="B-B",
            trust=self.trust,
        )
        signature = self.key.sign(prepared.attributes, cms.DIGEST)
        written = self.target.with_suffix(".checked")
        pades.complete(self.source, written, prepared, signature, trust=self.trust)
        value = cms.signed_data(
            prepared.attributes, signature, prepared.certificate, prepared.chain, None
        )

        def again() -> None:
            with written.open("rb") as stream:
                check.check(
                    stream,
                    base_bytes=prepared.base_bytes,
                    base_sha256=prepared.base_sha256,
                    certificate=prepared.certificate,
                    written=[Written(prepared.room, value)],
                )

        return lambda: cpu_ms(again)

    def _floor(self) -> None:
        hashed = hashlib.sha256()
        with self.source.open("rb") as stream:
            while chunk := stream.read(CHUNK_BYTES):
                hashed.update(chunk)
        assert isinstance(self.key.private_key, rsa.RSAPrivateKey)
        self.key.private_key.sign(hashed.digest(), padding.PKCS1v15(), hashes.SHA256())

    def _copy(self) -> None:
        with fields.rewritten(self.source, self.target):
            pass


def parts(desk: Desk) -> dict[str, Callable[[], float]]:
    """What `benchmarks.signing` measures of one file."""
    levels: dict[str, Callable[[], float]] = {level: partial(desk.sign, level) for level in LEVELS}
    return {"floor": desk.floor, "copy": desk.copy, "check": desk.checking(), **levels}


def stamps(desk: Desk) -> dict[str, Callable[[], float]]:
    """A B-B signature that shows nothing, lines of Vietnamese, or a picture."""
    image = io.BytesIO()
    Image.radial_gradient("L").convert("RGBA").save(image, "PNG")
    shown = {
        "lines": Stamp(lines=_LINES),
        "picture": Stamp(image=image.getvalue()),
    }
    subjects: dict[str, Callable[[], float]] = {"nothing": partial(desk.sign, "B-B")}
    for name, stamp in shown.items():
        subjects[name] = partial(desk.sign, "B-B", stamp=stamp, box=_BOX)
    return subjects
