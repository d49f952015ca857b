"""Time-stamps over a whole document, and the validation data they preserve (PAdES B-LTA)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from pyhanko.sign.signers.pdf_byterange import DocumentTimestamp

from signing import fields, permission, reading, tsa
from signing.assessment import assess
from signing.carried import certificates_in
from signing.check import check
from signing.errors import SigningRefused, TrustUnavailable
from signing.examination import examine
from signing.fields import SignatureField
from signing.revision import Base, SignedRevision, Written, appended, declare_pades, filled
from signing.security_store import store
from signing.slot import occupy
from signing.trust import Evidence, Trust


def archive(source: Path, target: Path, *, trust: Trust) -> SignedRevision:
    """Write `source` to `target` with the evidence on all its signatures and a time-stamp over it.

    It raises signatures of B-B, B-T and B-LT to B-LTA and renews those of B-LTA: the certificates
    of earlier time-stamps are vouched for while they last. What a lock forbids is not touched.

    Raises UnreadablePdf, TrustUnavailable, or SigningRefused: without a signature, altered, or when
    some signature does not reach B-LTA even so (`archive_insufficient`), above all because its
    certificate expired or was revoked before a time was proven for it.
    """
    with fields.rewritten(source, target) as stream:
        found = examine(stream, permission.LIMITS)
        if found.integrity != "INTACT":
            code, what = (
                ("unsigned", "Tệp chưa có chữ ký số")
                if found.integrity == "UNSIGNED"
                else ("not_intact", "Tệp đã bị thay đổi sau khi ký")
            )
            raise SigningRefused(code, f"{what} nên không thể gắn dấu thời gian lưu trữ.")
        base, now, known = Base.of(stream), datetime.now(UTC), certificates_in(found)
        archived = append_time_stamp(
            stream,
            base,
            [item.dump() for item in known],
            trust.evidence(known, fetch=True),
            trust=trust,
            now=now,
        )
        check(
            stream,
            base_bytes=base.size_bytes,
            base_sha256=base.sha256,
            certificate=None,
            written=[archived.written],
        )
        _check_level(stream, trust)
        whole = archived.whole
        return SignedRevision(whole.sha256, whole.size_bytes, "B-LTA", archived.expires_at)


def _check_level(stream: BinaryIO, trust: Trust) -> None:
    judged = assess(examine(stream, permission.LIMITS), trust, datetime.now(UTC)).findings
    for item in judged:
        if item.kind == "signature" and not (item.trusted and item.level == "B-LTA"):
            raise SigningRefused(
                "archive_insufficient",
                f"Chữ ký “{item.field}” chưa đủ bằng chứng để lưu trữ lâu dài:"
                f" {' '.join(reason.sentence for reason in item.reasons)}".rstrip(),
            )


@dataclass(frozen=True)
class Archived:
    """The file with a time-stamp over all of it, good until its certificate ends."""

    whole: Base
    written: Written
    expires_at: datetime


def append_time_stamp(
    stream: BinaryIO,
    base: Base,
    certificates: Iterable[bytes] = (),
    evidence: Evidence = Evidence(),  # noqa: B008  frozen
    *,
    trust: Trust,
    now: datetime,
) -> Archived:
    """Append a revision with validation data and a time-stamp over everything before it.

    The data on the time-stamp's own authority are added to those given, unless the file has them.
    Raises SigningRefused, UnreadablePdf or TrustUnavailable.
    """
    for _attempt in (1, 2):
        last = tsa.expected(trust, now)
        authority = last.authority
        with reading.writing(stream) as writer:
            declare_pades(writer)
            store(
                writer,
                [*certificates, authority.certificate, *authority.chain],
                evidence + authority.evidence,
            )
            placeholder = DocumentTimestamp(bytes_reserved=2 * tsa.room_bytes(last))
            # No name may begin another, see `fields`: random ones do not.
            occupy(writer, SignatureField(f"archive-{uuid4().hex}"), placeholder)
            revision = appended(writer, base, placeholder)
        stamped = tsa.time_stamp(revision.digest, trust=trust, now=now)
        if (
            len(stamped.token) <= revision.room.value_bytes
            and stamped.authority.certificate == authority.certificate
        ):
            break
    else:
        raise TrustUnavailable(tsa.NAME)
    tail = filled(revision.tail, base.size_bytes, revision.room, stamped.token)
    stream.seek(base.size_bytes)
    stream.write(tail)
    return Archived(
        base.extended(tail), Written(revision.room, stamped.token), authority.expires_at
    )
