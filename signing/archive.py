"""Time-stamps over a whole document, and the validation data they preserve (PAdES B-LTA)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO
from uuid import uuid4

from pyhanko.sign.signers.pdf_byterange import DocumentTimestamp

from signing import reading, tsa
from signing.credentials import Credentials
from signing.fields import SignatureField
from signing.revision import Base, Written, appended, declare_pades, filled
from signing.security_store import store
from signing.slot import occupy
from signing.trust import Trust


@dataclass(frozen=True)
class Archived:
    """The file with a time-stamp over all of it, good until its certificate ends."""

    whole: Base
    written: Written
    expires_at: datetime


def append_time_stamp(
    stream: BinaryIO, base: Base, kept: Sequence[Credentials], *, trust: Trust, now: datetime
) -> Archived:
    """Append a revision with `kept` in the security store and a time-stamp over everything.

    The authority's own credentials must be among those kept, here or in the file before.
    Raises SigningRefused, UnreadablePdf or TrustUnavailable.
    """
    for roomy in (False, True):
        with reading.writing(stream) as writer:
            declare_pades(writer)
            if kept:
                store(writer, kept)
            last = tsa.expected(trust, now)
            placeholder = DocumentTimestamp(bytes_reserved=2 * tsa.room_bytes(last, roomy))
            # No name may begin another, see `fields`: a random one does not.
            occupy(writer, SignatureField(f"archive-{uuid4().hex}"), placeholder)
            revision = appended(writer, base, placeholder)
        stamped = tsa.time_stamp(revision.digest, trust=trust, now=now)
        if len(stamped.token) <= revision.room.value_bytes:
            break
    tail = filled(revision.tail, base.size_bytes, revision.room, stamped.token)
    stream.seek(base.size_bytes)
    stream.write(tail)
    return Archived(
        base.extended(tail), Written(revision.room, stamped.token), stamped.authority.expires_at
    )
