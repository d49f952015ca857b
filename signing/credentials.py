"""Whether a certificate of ours may be used now, and the evidence that says so.

NĐ 68/2024 Đ29 and Đ31: before signing, its holder checks the certificate and its chain: within
their validity, used for their purpose, and active by CRL or OCSP at that time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from signing.chain import SIGNING, TIME_STAMPING, Usage, is_for_others, judge
from signing.errors import SigningRefused
from signing.policy import WITHOUT_NEXT_UPDATE
from signing.trust import Evidence, Trust

_UNTRUSTED = ("certificate_untrusted", "Chứng thư số không thuộc nguồn tin cậy đã cấu hình.")
_EXPIRED = ("certificate_expired", "Chứng thư số đã hết hạn.")
_WEAK = ("certificate_weak", "Khóa hoặc thuật toán của chứng thư số không đủ an toàn.")
_PURPOSE = ("certificate_purpose", "Chứng thư số không được cấp để ký văn bản.")
_REFUSALS = {
    "REVOKED_NO_POE": ("certificate_revoked", "Chứng thư số đã bị thu hồi."),
    "REVOKED_CA_NO_POE": (
        "certificate_revoked",
        "Chứng thư số của tổ chức chứng thực đã bị thu hồi.",
    ),
    "TRY_LATER": (
        "certificate_status_unknown",
        "Chưa kiểm tra được trạng thái thu hồi của chứng thư số.",
    ),
    "OUT_OF_BOUNDS_NO_POE": _EXPIRED,
    "CRYPTO_CONSTRAINTS_FAILURE_NO_POE": _WEAK,
    "CHAIN_CONSTRAINTS_FAILURE": _PURPOSE,
}


@dataclass(frozen=True)
class Credentials:
    """A certificate that may be used: DER of it and of its chain without the anchor, and evidence.

    `expires_at` is the end of the certificate's validity, `evidence_until` the earliest end of what
    the evidence says of its own.
    """

    certificate: bytes
    chain: tuple[bytes, ...]
    evidence: Evidence
    expires_at: datetime
    evidence_until: datetime


def of_signer(
    certificate: bytes, chain: Iterable[bytes], *, trust: Trust, now: datetime
) -> Credentials:
    """Check a certificate that is to sign documents.

    Raises SigningRefused (`certificate_…`), or TrustUnavailable when its status cannot be asked.
    """
    _check_purpose(certificate)
    return _checked(certificate, chain, SIGNING, trust, now)


def of_authority(
    certificate: bytes, chain: Iterable[bytes], *, trust: Trust, now: datetime
) -> Credentials:
    """Check the certificate of a time-stamp authority; raises as `of_signer` does."""
    return _checked(certificate, chain, TIME_STAMPING, trust, now)


@lru_cache(maxsize=512)
def _loaded(der: bytes) -> x509.Certificate:
    return x509.load_der_x509_certificate(der)


@lru_cache(maxsize=512)
def _check_purpose(der: bytes) -> None:
    """What can be said of a certificate alone (TT 15/2025/TT-BKHCN, rulebook R3.2.4, R3.2.8)."""
    try:
        certificate = _loaded(der)
        key = certificate.public_key()
        extensions = {item.oid: item.value for item in certificate.extensions}
    except ValueError as fault:
        raise SigningRefused("certificate_malformed", "Chứng thư số không đọc được.") from fault
    if (isinstance(key, rsa.RSAPublicKey) and key.key_size < 2048) or (
        isinstance(key, ec.EllipticCurvePublicKey) and key.key_size < 256
    ):
        raise _refused(*_WEAK)
    usage = extensions.get(x509.KeyUsage.oid)
    purposes = extensions.get(x509.ExtendedKeyUsage.oid)
    constraints = extensions.get(x509.BasicConstraints.oid)
    if (
        (isinstance(constraints, x509.BasicConstraints) and constraints.ca)
        or (
            isinstance(usage, x509.KeyUsage)
            and not (usage.digital_signature or usage.content_commitment)
        )
        or (isinstance(purposes, x509.ExtendedKeyUsage) and is_for_others(purposes))
    ):
        raise _refused(*_PURPOSE)


def _checked(
    certificate: bytes,
    chain: Iterable[bytes],
    usage: Usage,
    trust: Trust,
    now: datetime,
) -> Credentials:
    try:
        own = _loaded(certificate)
        others = _issuers(certificate, (*chain, *trust.intermediates))
    except ValueError as fault:
        raise SigningRefused("certificate_malformed", "Chứng thư số không đọc được.") from fault
    if now > own.not_valid_after_utc:
        raise _refused(*_EXPIRED)
    if now < own.not_valid_before_utc:
        raise _refused("certificate_not_yet_valid", "Chứng thư số chưa có hiệu lực.")
    concerned = [asn1_x509.Certificate.load(der) for der in (certificate, *others)]
    evidence = trust.evidence(concerned, fetch=True)
    path = _path(
        _Question(
            certificate, others, usage is SIGNING, trust.anchors, trust.intermediates, evidence
        ),
        now,
    )
    return Credentials(
        certificate, path.chain, evidence, own.not_valid_after_utc, path.evidence_until
    )


def _issuers(certificate: bytes, candidates: Iterable[bytes]) -> tuple[bytes, ...]:
    """Those that may have issued the certificate, and theirs: by name, to be judged by key."""
    remaining = list(dict.fromkeys(candidates))
    found = [certificate]
    for der in found:
        name = _loaded(der).issuer
        found += [other for other in remaining if _loaded(other).subject == name]
        remaining = [other for other in remaining if other not in found]
    return tuple(found[1:])


@dataclass(frozen=True)
class _Question:
    """All that decides whether a path is valid, but the moment."""

    certificate: bytes
    others: tuple[bytes, ...]
    signs_documents: bool
    anchors: tuple[bytes, ...]
    intermediates: tuple[bytes, ...]
    evidence: Evidence


@dataclass(frozen=True)
class _Path:
    """A path found valid: what lies between certificate and anchor, and until when it is believed.

    Judging one takes milliseconds. With certificates, evidence and anchors the same to the last
    byte, only time can change the answer, when something expires: a good answer is believed until
    then, and five minutes at most. New evidence, a revocation above all, is a new question.
    """

    chain: tuple[bytes, ...]
    evidence_until: datetime
    since: datetime
    until: datetime


_BELIEVED = timedelta(minutes=5)
_paths: dict[_Question, _Path] = {}


def _path(question: _Question, now: datetime) -> _Path:
    """Raises SigningRefused when there is no valid one."""
    known = _paths.get(question)
    if known is not None and known.since <= now < known.until:
        return known
    verdict = judge(
        question.certificate,
        question.others,
        SIGNING if question.signs_documents else TIME_STAMPING,
        trust=Trust(question.anchors, question.intermediates),
        evidence=question.evidence,
        moment=now,
    )
    if verdict.sub_indication is not None:
        raise _refused(*_REFUSALS.get(verdict.sub_indication, _UNTRUSTED))
    if question.evidence == Evidence():
        # An anchor needs none to be believed; Đ31 asks it of every certificate that signs.
        raise _refused(*_REFUSALS["TRY_LATER"])
    ends = min(item.not_valid_after_utc for item in verdict.path)
    evidence_until = min(_ends(question.evidence), default=ends)
    until = min(now + _BELIEVED, evidence_until, ends)
    between = [item.public_bytes(Encoding.DER) for item in verdict.path[1:-1]]
    path = _Path(tuple(reversed(between)), evidence_until, now, until)
    # What is believed no more is let go with its evidence: a list may weigh half a megabyte.
    for other, found in list(_paths.items()):
        if found.until <= now:
            _paths.pop(other, None)
    _paths[question] = path
    return path


def _ends(evidence: Evidence) -> Iterator[datetime]:
    """When each piece of evidence lapses, or its signer."""
    for der in evidence.ocsps:
        with suppress(ValueError):  # what cannot be read has convinced nobody
            response = ocsp.load_der_ocsp_response(der)
            for item in response.responses:
                yield item.next_update_utc or item.this_update_utc + WITHOUT_NEXT_UPDATE
            for certificate in response.certificates:
                yield certificate.not_valid_after_utc
    for der in evidence.crls:
        with suppress(ValueError):
            listed = x509.load_der_x509_crl(der)
            yield listed.next_update_utc or listed.last_update_utc + WITHOUT_NEXT_UPDATE


def _refused(code: str, sentence: str) -> SigningRefused:
    return SigningRefused(code, f"{sentence} Không thể ký.")
