"""A signature that waits for its value: all that `complete` needs besides the file itself."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from signing import cms
from signing.errors import SigningRefused
from signing.report import Level
from signing.revision import Base, Room

_VERSION = 1


@dataclass(frozen=True)
class Prepared:
    """What a key is to sign, and the revision its signature goes into.

    `attributes` is the DER the key signs, hashed with SHA-256; they hold `document_digest`, the
    SHA-256 of everything but `room`, and bind `certificate`. `tail` is what is appended to the file
    of `base_bytes` and `base_sha256` (hex), with the room empty. With B-LT and B-LTA, `tail` holds
    validation data too: of the time-stamp authority with `authority` (its certificate), and good
    until `evidence_until`.
    """

    base_sha256: str
    base_bytes: int
    tail: bytes
    room: Room
    document_digest: bytes
    attributes: bytes
    certificate: bytes
    chain: tuple[bytes, ...]
    level: Level
    field: str
    authority: bytes | None
    evidence_until: datetime | None

    def verify_value(self, signature: bytes) -> None:
        """Raises SigningRefused (`wrong_signature`) when it is not the key's over `attributes`."""
        cms.verify_value(self.certificate, self.attributes, signature)

    def holds_after(self, base: Base) -> bool:
        """Whether the key signs this base with the tail, hashed again, for this certificate."""
        digest = base.digest_around(self.tail, self.room)
        return digest == self.document_digest and self.attributes == cms.signed_attributes(
            digest, self.certificate
        )

    def to_bytes(self) -> bytes:
        """Canonical JSON with a checksum; who may use it, once and until when, is not in it."""
        values: dict[str, Any] = {
            "version": _VERSION,
            "base_sha256": self.base_sha256,
            "base_bytes": self.base_bytes,
            "tail": _text(self.tail),
            "room": [self.room.start, self.room.end, self.room.covered_bytes],
            "document_digest": _text(self.document_digest),
            "attributes": _text(self.attributes),
            "certificate": _text(self.certificate),
            "chain": [_text(der) for der in self.chain],
            "level": self.level,
            "field": self.field,
            "authority": self.authority and _text(self.authority),
            "evidence_until": self.evidence_until and self.evidence_until.isoformat(),
        }
        return _canonical(values | {"sha256": hashlib.sha256(_canonical(values)).hexdigest()})

    @classmethod
    def from_bytes(cls, stored: bytes) -> Prepared:
        """Read `to_bytes`. Raises SigningRefused (`prepared_altered`) for anything else."""
        try:
            values = json.loads(stored)
            prepared = cls(
                base_sha256=values["base_sha256"],
                base_bytes=values["base_bytes"],
                tail=b64decode(values["tail"]),
                room=Room(*values["room"]),
                document_digest=b64decode(values["document_digest"]),
                attributes=b64decode(values["attributes"]),
                certificate=b64decode(values["certificate"]),
                chain=tuple(b64decode(der) for der in values["chain"]),
                level=values["level"],
                field=values["field"],
                authority=values["authority"] and b64decode(values["authority"]),
                evidence_until=values["evidence_until"]
                and datetime.fromisoformat(values["evidence_until"]),
            )
            whole = prepared.to_bytes() == stored
        except (ValueError, TypeError, KeyError, AttributeError) as fault:
            raise _altered() from fault
        if not whole:
            raise _altered()
        return prepared


def _text(content: bytes) -> str:
    return b64encode(content).decode("ascii")


def _canonical(values: dict[str, Any]) -> bytes:
    return json.dumps(values, sort_keys=True, separators=(",", ":")).encode("ascii")


def _altered() -> SigningRefused:
    return SigningRefused(
        "prepared_altered", "Dữ liệu chuẩn bị ký đã bị thay đổi. Hãy chuẩn bị ký lại."
    )
