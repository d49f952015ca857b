"""Making PAdES signatures (EN 319 142-1): one revision, appended in place to a copy of the file."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Literal
from zoneinfo import ZoneInfo

from asn1crypto import x509
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import BoxConstraints
from pyhanko.pdf_utils.writer import BasePdfFileWriter
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from pyhanko.sign.general import SigningError as PyHankoSigningError
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, Signer
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes
from pyhanko.sign.signers.pdf_signer import (
    DSSContentSettings,
    PdfSigningSession,
    SigDSSPlacementPreference,
)
from pyhanko.sign.timestamps.common_utils import TimestampRequestError
from pyhanko.stamp import BaseStampStyle
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.errors import (
    ExpiredError,
    InsufficientRevinfoError,
    NotYetValidError,
    RevokedError,
)
from pyhanko_certvalidator.registry import SimpleCertificateStore

from signing import fields, reading
from signing.appearance import UPRIGHT_13 as UPRIGHT
from signing.appearance import printable, text_block
from signing.errors import SigningRefused, TrustUnavailable
from signing.examination import examine
from signing.fields import SignatureField
from signing.keys import SigningKey
from signing.reading import Limits
from signing.trust import Trust

Level = Literal["B-B", "B-T", "B-LT"]

# Room for the CMS in the file, in bytes of its hexadecimal text: fixed, because an estimate needs a
# second signature and fails when a TSA's answer grows; generous, but every validation reads it.
_RESERVED: dict[Level, int] = {"B-B": 16_384, "B-T": 32_768, "B-LT": 32_768}

# Our own scans may be larger than what strangers may send in.
_LARGEST_BYTES = 500_000_000

_DIGEST = "sha256"
_TSA = "Dịch vụ cấp dấu thời gian"
_VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")


@dataclass(frozen=True)
class SignedRevision:
    """What was written: SHA-256 (hex) and size of the whole file, the signature's level."""

    sha256: str
    size_bytes: int
    level: Level


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
) -> SignedRevision:
    """Sign `source` into `target` in one revision; `target` appears whole or not at all.

    `fill` writes reserved text fields in the same revision. `lock` demands a signature that
    forbids any later change; a prepared field must have been reserved for that, a missing field is
    created (invisible). The signer's own certificate is validated first (NĐ 68/2024 Đ29.1).

    Raises UnreadablePdf, SigningRefused (with a code), or TrustUnavailable.
    """
    with fields.rewritten(source, target) as stream:
        _refuse_closed(stream)
        with reading.writing(stream) as writer:
            place = _place(writer, field, lock)
            fields.fill(writer, fill or {})
            try:
                asyncio.run(_sign(writer, stream, key, place, level, trust, lock, reason))
            except TimestampRequestError as fault:
                raise TrustUnavailable(_TSA) from fault
        size_bytes = stream.seek(0, os.SEEK_END)
        return SignedRevision(reading.prefix_sha256(stream, size_bytes), size_bytes, level)


def check_signable(source: Path) -> None:
    """Refuse what `sign` would refuse whatever the key: before anybody approves it.

    Raises UnreadablePdf, or SigningRefused: altered, locked, encrypted, or of doubtful structure.
    """
    with source.open("rb") as stream:
        _refuse_closed(stream)
        with reading.writing(stream):
            pass


def _refuse_closed(stream: BinaryIO) -> None:
    before = examine(stream, Limits(max_bytes=_LARGEST_BYTES))
    if before.integrity not in ("INTACT", "UNSIGNED"):
        raise SigningRefused("not_intact", "Tệp đã bị thay đổi sau khi ký nên không thể ký tiếp.")
    if before.locked:
        raise SigningRefused("locked", "Văn bản đã có chữ ký khóa nội dung, không thể ký thêm.")


class _KeySigner(Signer):
    """pyHanko's signer over a live key; its own loads and checks the key at every signature."""

    def __init__(self, key: SigningKey) -> None:
        store = SimpleCertificateStore()
        store.register_multiple(x509.Certificate.load(der) for der in key.chain)
        certificate = x509.Certificate.load(key.certificate)
        super().__init__(signing_cert=certificate, cert_registry=store, embed_roots=False)
        self._key = key

    async def async_sign_raw(
        self, data: bytes, digest_algorithm: str, dry_run: bool = False
    ) -> bytes:
        """The signature value, or its room: a token's key is not used to measure."""
        if dry_run:
            return bytes(self._key.signature_bytes)
        return self._key.sign(data, digest_algorithm)


@dataclass(frozen=True)
class _Lines(BaseStampStyle):
    """What a visible signature shows: who, for whom, when (TT 15/2025/TT-BKHCN), as plain text."""

    lines: tuple[str, ...] = ()

    def create_stamp(  # type: ignore[override]  # all pyHanko does with it is apply_appearance
        self,
        writer: BasePdfFileWriter,
        box: BoxConstraints,
        text_params: dict[str, str],  # noqa: ARG002
    ) -> _Stamp:
        """pyHanko asks for this when the field is visible."""
        return _Stamp(
            text_block(writer, self.lines, UPRIGHT, box.width, box.height, smallest_points=0)
        )


@dataclass(frozen=True)
class _Stamp:
    drawn: generic.IndirectObject

    def apply_appearance(self, annotation: generic.DictionaryObject) -> None:
        annotation[pdf_name("/AP")] = generic.DictionaryObject({pdf_name("/N"): self.drawn})


def _lines(certificate: x509.Certificate, moment: datetime) -> _Lines:
    names = certificate.subject.native
    return _Lines(
        lines=tuple(
            printable(line, UPRIGHT)
            for line in (
                f"Người ký: {names.get('common_name', '')}",
                f"Cơ quan: {names.get('organization_name', '')}",
                f"Thời gian ký: {moment.isoformat()}",
            )
        )
    )


async def _sign(
    writer: IncrementalPdfFileWriter,
    stream: BinaryIO,
    key: SigningKey,
    place: SignatureField,
    level: Level,
    trust: Trust,
    lock: bool,
    reason: str | None,
) -> None:
    timestamper = None if level == "B-B" else trust.timestamper
    if level != "B-B" and timestamper is None:
        # Never a silent downgrade: the level was decided by whoever asked.
        raise TrustUnavailable(_TSA)
    signer = _KeySigner(key)
    placement = SigDSSPlacementPreference
    metadata = PdfSignatureMetadata(
        field_name=place.name,
        md_algorithm=_DIGEST,
        reason=reason,
        subfilter=SigSeedSubFilter.PADES,
        validation_context=await _context(key, level, trust),
        signer_key_usage=_key_usage(signer.signing_cert),
        embed_validation_info=level == "B-LT",
        docmdp_permissions=MDPPerm.NO_CHANGES if lock else MDPPerm.FILL_FORMS,
        dss_settings=DSSContentSettings(
            include_vri=False,
            placement=placement.TOGETHER_WITH_SIGNATURE
            if level == "B-LT"
            else placement.SEPARATE_REVISION,
        ),
    )
    try:
        moment = datetime.now(_VIETNAM).replace(microsecond=0)
        session = PdfSigner(
            metadata,
            signer,
            timestamper=timestamper,
            stamp_style=_lines(signer.signing_cert, moment),
            new_field_spec=place.spec(),
        ).init_signing_session(writer)
        session.system_time = moment
        await _finish(session, writer, stream, level)
    except PyHankoSigningError as fault:
        raise _refusal(fault) from fault


async def _finish(
    session: PdfSigningSession, writer: IncrementalPdfFileWriter, stream: BinaryIO, level: Level
) -> None:
    """pyHanko's steps one by one: the seam where prepare and complete will part."""
    evidence = await session.perform_presign_validation(writer)
    document = session.prepare_tbs_document(evidence, bytes_reserved=_RESERVED[level])
    prepared, _ = document.digest_tbs_document(in_place=True, chunk_size=reading.CHUNK_BYTES)
    # EN 319 142-1 §6.3: no signing-time attribute; the claimed time is the dictionary's /M.
    finished = await document.perform_signature(
        prepared.document_digest, PdfCMSSignedAttributes(signing_time=None)
    )
    await finished.post_signature_processing(stream, chunk_size=reading.CHUNK_BYTES)


async def _context(key: SigningKey, level: Level, trust: Trust) -> ValidationContext:
    """Everything pyHanko needs to judge our own certificates, gathered before the key is used."""
    certificates = [x509.Certificate.load(der) for der in (key.certificate, *key.chain)]
    if level != "B-B" and trust.timestamper is not None:
        token = await trust.timestamper.async_dummy_response(_DIGEST)
        certificates += [item.chosen for item in token["content"]["certificates"]]
    return trust.validation_context(
        certificates=certificates, evidence=trust.evidence(certificates, fetch=True)
    )


def _place(writer: IncrementalPdfFileWriter, name: str, lock: bool) -> SignatureField:
    """The field to sign in: the reserved one, checked, or a new invisible one."""
    for found in reading.form_fields(writer.prev):
        if found.name != name:
            continue
        if found.type != "/Sig" or found.value is not None:
            raise SigningRefused("field_taken", f"Ô chữ ký “{name}” đã được dùng.")
        restriction = reading.entry(found.dictionary, "/Lock")
        locks = (
            isinstance(restriction, generic.DictionaryObject)
            and restriction.raw_get("/P") == MDPPerm.NO_CHANGES.value
        )
        if lock != locks:
            # A lock added now would change what earlier signers signed.
            raise SigningRefused("lock_mismatch", f"Ô chữ ký “{name}” được dành cho mục đích khác.")
    return SignatureField(name, locks=lock)


def _key_usage(certificate: x509.Certificate) -> set[str]:
    """Seals often carry digitalSignature only; either usage signs documents (rulebook R3.2.8)."""
    usage = certificate.key_usage_value
    granted = usage.native if usage is not None else set()
    return {"digital_signature"} if "non_repudiation" not in granted else {"non_repudiation"}


_CERTIFICATE_FAULTS: tuple[tuple[type[Exception], str, str], ...] = (
    (RevokedError, "certificate_revoked", "Chứng thư số đã bị thu hồi."),
    (ExpiredError, "certificate_expired", "Chứng thư số đã hết hạn."),
    (NotYetValidError, "certificate_not_yet_valid", "Chứng thư số chưa có hiệu lực."),
    (
        InsufficientRevinfoError,
        "certificate_status_unknown",
        "Chưa kiểm tra được trạng thái thu hồi của chứng thư số.",
    ),
)


def _refusal(fault: PyHankoSigningError) -> SigningRefused:
    for kind, code, sentence in _CERTIFICATE_FAULTS:
        if isinstance(fault.__cause__, kind):
            return SigningRefused(code, f"{sentence} Không thể ký.")
    if fault.__cause__ is not None:
        return SigningRefused(
            "certificate_untrusted", "Chứng thư số không thuộc nguồn tin cậy đã cấu hình."
        )
    return SigningRefused("not_signable", f"Không thể ký tệp này: {fault}")
