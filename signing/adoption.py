"""A file that a desktop plug-in signed and handed back whole: taken only if it is ours plus that.

The plug-ins of the government's CA work so (rulebook R3.3): they fetch a file, sign it with the
token in front of the clerk, and upload the result. Whatever else they did to it, nobody approved.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from pyhanko.sign.fields import (
    FieldMDPAction,
    MDPPerm,
    append_signature_field,
    ensure_sig_flags,
)
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from signing import credentials, fields, permission, reading
from signing.assessment import assess
from signing.errors import SigningRefused
from signing.examination import Examination, examine
from signing.fields import SignatureField
from signing.history import History
from signing.integrity import certificates
from signing.reading import CHUNK_BYTES, Reader
from signing.revision import Base, SignedRevision, revised
from signing.slot import reserved_slot
from signing.trust import Trust

# SHA-256 or stronger for every new signature (TT 15/2025/TT-BKHCN).
_DIGESTS = ("sha256", "sha384", "sha512", "sha3_256", "sha3_384", "sha3_512")


def fill_only(
    source: Path, target: Path, values: Mapping[str, str], slot: SignatureField | None = None
) -> None:
    """Write reserved text fields in a revision of their own, for a plug-in to sign after it.

    `slot` is reserved as well where the file has no such field, so that the plug-in knows what its
    signature must forbid. Where there is nothing to write, `target` is `source`. Until the plug-in
    has signed, nothing vouches for any of this. Raises UnreadablePdf or SigningRefused.
    """
    with fields.rewritten(source, target) as stream:
        size_bytes = stream.seek(0, os.SEEK_END)
        with reading.writing(stream) as writer:
            present = list(reading.form_fields(writer.prev))
            missing = slot is not None and reserved_slot(present, slot.name) is None
            if not values and not missing:
                return
            permission.check_permitted(writer.prev, stream, present, values.keys())
            fields.fill(writer, values)
            if missing:
                assert slot is not None
                append_signature_field(writer, slot.spec())
                ensure_sig_flags(writer)
            tail = revised(writer, size_bytes).getvalue()
        stream.seek(size_bytes)
        stream.write(tail)


def adopt(
    source: Path,
    returned: Path,
    target: Path | None = None,
    *,
    certificate: bytes,
    field: str,
    trust: Trust,
) -> SignedRevision:
    """Check that `returned` is `source` and one revision with one signature in `field`, no more.

    The signature is PAdES, by the key of `certificate`, which may be used now, and over the whole
    file; it forbids later changes exactly where the field was reserved for that. With `target` the
    file is copied there, whole or not at all.

    `source` must have the field reserved, so that its lock is known beforehand.

    Raises SigningRefused saying what is different, UnreadablePdf, or TrustUnavailable.
    """
    with source.open("rb") as before, returned.open("rb") as after:
        _check_prefix(before, after)
        base, _ = reading.opened(before, permission.LIMITS)
        slot = reserved_slot(list(reading.form_fields(base)), field)
        if slot is None:
            raise SigningRefused("field_missing", f"Văn bản chưa được dành ô chữ ký “{field}”.")
        found = examine(after, permission.LIMITS)
        with reading.writing(after):
            pass  # what cannot be appended to could neither be sealed nor archived
        embedded = _added(base, found, field)
        if embedded.signer_cert.dump() != certificate:
            raise _differs("other_certificate", "được ký bằng chứng thư số khác với đã chọn")
        if embedded.md_algorithm not in _DIGESTS:
            raise _differs("digest_weak", "dùng thuật toán băm không đủ an toàn")
        _check_lock(embedded, locks=slot.locks)
        _check_changes(found.reader, field)
        now = datetime.now(UTC)
        carried = [item.dump() for item in certificates(embedded.signed_data)]
        credentials.of_signer(certificate, carried, trust=trust, now=now)
        judged = assess(found, trust, now).findings
        level = next(item.level for item in judged if item.field == field)
        if level is None:
            raise _differs("not_pades", "không theo chuẩn PAdES (ETSI.CAdES.detached)")
        whole = Base.of(after)
    if target is not None:
        with fields.rewritten(returned, target):
            pass
    return SignedRevision(whole.sha256, whole.size_bytes, level)


def _differs(code: str, how: str) -> SigningRefused:
    return SigningRefused(code, f"Tệp ký bằng phần mềm bên ngoài {how} nên không được nhận.")


def _check_prefix(before: BinaryIO, after: BinaryIO) -> None:
    after.seek(0)
    while chunk := before.read(CHUNK_BYTES):
        if after.read(len(chunk)) != chunk:
            raise _differs("base_changed", "không bắt đầu bằng đúng văn bản đã chuẩn bị")


def _added(base: Reader, found: Examination, field: str) -> EmbeddedPdfSignature:
    """The one signature added, over everything."""
    revisions = found.reader.xrefs.total_revisions - base.xrefs.total_revisions
    if revisions != 1:
        how = "có nhiều hơn một lần cập nhật" if revisions else "chưa được ký"
        raise _differs("revisions" if revisions else "unsigned", how)
    if found.integrity != "INTACT":
        raise _differs("not_intact", "đã bị thay đổi hoặc có chữ ký hỏng")
    before = {item.name for item in reading.form_fields(base) if item.type == "/Sig" and item.value}
    added = [item for item in found.signatures if item.field not in before]
    if [(item.field, item.kind) for item in added] != [(field, "signature")]:
        raise _differs("other_field", f"không có đúng một chữ ký mới trong ô “{field}”")
    embedded = added[0].embedded
    assert embedded is not None, "intact by examination"
    if added[0].covered_bytes != found.reader.stream.seek(0, os.SEEK_END):
        raise _differs("coverage", "có dữ liệu nằm ngoài chữ ký")
    return embedded


def _check_lock(embedded: EmbeddedPdfSignature, *, locks: bool) -> None:
    """What the signature forbids must be what its field was reserved for, no less and no more."""
    restricted = embedded.fieldmdp
    fits = restricted is None or (locks and restricted.action == FieldMDPAction.ALL)
    if (embedded.docmdp_level == MDPPerm.NO_CHANGES) != locks or not fits:
        raise _differs("lock_mismatch", "khóa nội dung khác với quy định của ô chữ ký đã dành sẵn")


def _check_changes(reader: Reader, field: str) -> None:
    """Nothing but the signature's field differs from the file that was handed out."""
    last = reader.xrefs.total_revisions - 1
    try:
        changes = History(reader, last - 1).step(last)
    except Exception as fault:
        # What makes the comparison fail cannot be shown to be harmless.
        raise _differs("content_changed", "thay đổi cấu trúc văn bản") from fault
    if changes.fields != {field}:
        raise _differs("content_changed", "thay đổi nội dung ngoài ô chữ ký")
