"""Making PAdES signatures (EN 319 142-1): one revision, appended in place to a copy of the file.

One path for all keys: `prepare` writes the revision with room for a value and says what the key is
to sign, `complete` puts the value in. `sign` is both, around a key that answers at once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO
from zoneinfo import ZoneInfo

from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.signers.pdf_byterange import SignatureObject

from signing import cms, credentials, fields, permission, reading, tsa
from signing.adoption import adopt, fill_only
from signing.appearance import Stamp
from signing.archive import append_time_stamp, archive
from signing.check import check
from signing.errors import SigningRefused, TrustUnavailable
from signing.fields import Box
from signing.keys import SigningKey
from signing.pending import Prepared
from signing.report import Level
from signing.revision import (
    Base,
    SignedRevision,
    Written,
    appended,
    declare_pades,
    filled,
)
from signing.security_store import store
from signing.slot import free_slot, occupy, signer_lines
from signing.trust import Trust

__all__ = [
    "Level",
    "Prepared",
    "SignedRevision",
    "adopt",
    "archive",
    "check_signable",
    "complete",
    "fill_only",
    "prepare",
    "sign",
]

_VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")

# What a second attempt may cure, now that the time-stamp authority's last answer is known.
_TRANSIENT = ("value_too_large", "authority_changed")


def sign(
    source: Path,
    target: Path,
    *,
    key: SigningKey,
    field: str,
    level: Level,
    trust: Trust,
    fill: Mapping[str, str] | None = None,
    lock: bool = False,
    reason: str | None = None,
    stamp: Stamp | None = None,
    box: Box | None = None,
    moment: datetime | None = None,
) -> SignedRevision:
    """Sign `source` into `target` in one revision; `target` appears whole or not at all.

    `fill` writes reserved text fields in the same revision. `lock` demands a signature that
    forbids any later change; a prepared field must have been reserved for that, a missing field is
    created (in `box`, or invisible). A field that shows, shows `stamp`, or who signed and when.
    `moment` is the time the signer claims (None: now). B-LTA adds a revision with a time-stamp over
    the document. The signer's own certificate is validated first (NĐ 68/2024 Đ29.1).

    Raises UnreadablePdf, SigningRefused (with a code), TrustUnavailable, or what the key raises.
    """
    with fields.rewritten(source, target) as stream:
        base = Base.of(stream)
        for _attempt in (1, 2):
            prepared = _prepare(
                stream,
                base,
                certificate=key.certificate,
                chain=key.chain,
                field=field,
                level=level,
                trust=trust,
                fill=fill or {},
                lock=lock,
                reason=reason,
                stamp=stamp,
                box=box,
                moment=moment,
            )
            signature = key.sign(prepared.attributes, cms.DIGEST)
            prepared.verify_value(signature)
            try:
                return _complete(stream, base, prepared, signature, trust)
            except SigningRefused as refused:
                if refused.code not in _TRANSIENT:
                    raise
        raise TrustUnavailable(tsa.NAME)


def prepare(
    source: Path,
    *,
    certificate: bytes,
    chain: Iterable[bytes],
    field: str,
    level: Level,
    trust: Trust,
    fill: Mapping[str, str] | None = None,
    lock: bool = False,
    reason: str | None = None,
    stamp: Stamp | None = None,
    box: Box | None = None,
    moment: datetime | None = None,
) -> Prepared:
    """What the key of `certificate` is to sign, for a value that comes later; arguments of `sign`.

    Nothing is written. Raises as `sign` does, but for the key.
    """
    with source.open("rb") as stream:
        return _prepare(
            stream,
            Base.of(stream),
            certificate=certificate,
            chain=chain,
            field=field,
            level=level,
            trust=trust,
            fill=fill or {},
            lock=lock,
            reason=reason,
            stamp=stamp,
            box=box,
            moment=moment,
        )


def complete(
    source: Path, target: Path, prepared: Prepared, signature: bytes, *, trust: Trust
) -> SignedRevision:
    """Write `source` with its prepared revision and the signature value to `target`.

    Raises SigningRefused, before any file is touched when the value is not the key's
    (`wrong_signature`), the certificate may no longer be used, or the evidence prepared has lapsed;
    when `source` is not the file it was prepared for (`base_changed`), the prepared revision not
    the one that was signed (`prepared_altered`), or the time-stamp authority has another
    certificate now (`authority_changed`); or TrustUnavailable.
    """
    prepared.verify_value(signature)
    now = datetime.now(UTC)
    credentials.of_signer(prepared.certificate, prepared.chain, trust=trust, now=now)
    if prepared.evidence_until is not None and now >= prepared.evidence_until:
        raise SigningRefused(
            "evidence_lapsed", "Dữ liệu xác thực chuẩn bị trước đã quá hạn. Hãy chuẩn bị ký lại."
        )
    with fields.rewritten(source, target) as stream:
        base = Base.of(stream)
        if (base.size_bytes, base.sha256) != (prepared.base_bytes, prepared.base_sha256):
            raise SigningRefused(
                "base_changed", "Văn bản không còn là bản đã chuẩn bị ký. Hãy chuẩn bị ký lại."
            )
        if not prepared.holds_after(base):
            raise SigningRefused(
                "prepared_altered", "Dữ liệu chuẩn bị ký đã bị thay đổi. Hãy chuẩn bị ký lại."
            )
        return _complete(stream, base, prepared, signature, trust)


def check_signable(source: BinaryIO) -> None:
    """Refuse what `sign` would refuse whatever the key: before anybody approves it.

    Raises UnreadablePdf, or SigningRefused: altered, locked, encrypted, or of doubtful structure.
    """
    permission.check_intact(source)
    with reading.writing(source):
        pass


def _prepare(
    stream: BinaryIO,
    base: Base,
    *,
    certificate: bytes,
    chain: Iterable[bytes],
    field: str,
    level: Level,
    trust: Trust,
    fill: Mapping[str, str],
    lock: bool,
    reason: str | None,
    stamp: Stamp | None,
    box: Box | None,
    moment: datetime | None,
) -> Prepared:
    now = datetime.now(UTC)
    own = credentials.of_signer(certificate, chain, trust=trust, now=now)
    stamped = None if level == "B-B" else tsa.expected(trust, now)
    authority = stamped.authority if stamped and level in ("B-LT", "B-LTA") else None
    with reading.writing(stream) as writer:
        present = list(reading.form_fields(writer.prev))
        permission.check_permitted(writer.prev, stream, present, {field, *fill})
        slot = free_slot(present, field, locks=lock, box=box)
        declare_pades(writer)
        fields.fill(writer, fill)
        if authority is not None:
            store(
                writer,
                [certificate, *own.chain, authority.certificate, *authority.chain],
                own.evidence + authority.evidence,
            )
        claimed = (moment or now).astimezone(_VIETNAM).replace(microsecond=0)
        placeholder = SignatureObject(
            timestamp=claimed,
            subfilter=SigSeedSubFilter.PADES,
            reason=reason,
            bytes_reserved=2 * _room_bytes(own, stamped),
        )
        occupy(writer, slot, placeholder, stamp, partial(signer_lines, certificate, claimed))
        revision = appended(writer, base, placeholder)
    return Prepared(
        base_sha256=base.sha256,
        base_bytes=base.size_bytes,
        tail=revision.tail,
        room=revision.room,
        document_digest=revision.digest,
        attributes=cms.signed_attributes(revision.digest, certificate),
        certificate=certificate,
        chain=own.chain,
        level=level,
        field=field,
        authority=None if authority is None else authority.certificate,
        evidence_until=None
        if authority is None
        else min(own.evidence_until, authority.evidence_until),
    )


def _room_bytes(own: credentials.Credentials, stamped: tsa.Stamped | None) -> int:
    """Room for the CMS, exact but for the token: every later validation reads all of it."""
    attributes = cms.signed_attributes(bytes(32), own.certificate)
    value = bytes(cms.value_bytes(own.certificate))
    token = None if stamped is None else bytes(tsa.room_bytes(stamped))
    return len(cms.signed_data(attributes, value, own.certificate, own.chain, token))


def _complete(
    stream: BinaryIO, base: Base, prepared: Prepared, signature: bytes, trust: Trust
) -> SignedRevision:
    token = None
    now = datetime.now(UTC)
    if prepared.level != "B-B":
        stamped = tsa.time_stamp(hashlib.sha256(signature).digest(), trust=trust, now=now)
        if prepared.authority not in (None, stamped.authority.certificate):
            raise SigningRefused(
                "authority_changed", f"{tsa.NAME} đã đổi chứng thư số. Hãy chuẩn bị ký lại."
            )
        token = stamped.token
    value = cms.signed_data(
        prepared.attributes, signature, prepared.certificate, prepared.chain, token
    )
    tail = filled(prepared.tail, base.size_bytes, prepared.room, value)
    stream.seek(base.size_bytes)
    stream.write(tail)
    whole, expires_at = base.extended(tail), None
    written = [Written(prepared.room, value)]
    if prepared.level == "B-LTA":
        archived = append_time_stamp(stream, whole, trust=trust, now=now)
        whole, expires_at = archived.whole, archived.expires_at
        written.append(archived.written)
    check(
        stream,
        base_bytes=base.size_bytes,
        base_sha256=base.sha256,
        certificate=prepared.certificate,
        written=written,
    )
    return SignedRevision(whole.sha256, whole.size_bytes, prepared.level, expires_at)
