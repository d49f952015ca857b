"""What a verifier asks of a signature, a time-stamp and a certificate, offline.

Nothing here knows a PDF, asks a service or remembers anything: bytes in, an answer or
`WitnessInvalid` out, whatever the bytes. Revocation is not among the questions: what a signer's
certificate was worth on a day is told by evidence of that day, and a log's tree heads carry none;
a stamp says that the head was there by then, and its auditor asks the authority about the key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from typing import ParamSpec, TypeVar

from asn1crypto import cms, parser
from cryptography import x509

from signing.algorithms import strong_key, strongly_digested
from signing.certificates import readable
from signing.chain import SIGNING, TIME_STAMPING, Usage, judge
from signing.cms import verify_value
from signing.errors import SigningRefused
from signing.timestamps import signer_of, token_time
from signing.trust import Evidence, Trust

#: Far above any genuine token, and what came with it.
_MOST_BYTES = 1 << 20
_MOST_CERTIFICATES = 16
#: The attributes by which a token names the certificate it is under (RFC 5816).
_NAMING = {"signing_certificate", "signing_certificate_v2"}

P = ParamSpec("P")
Answer = TypeVar("Answer")


class WitnessInvalid(ValueError):  # noqa: N818  it states what the evidence is
    """A signature, token or certificate that does not hold or cannot be read; says why."""


@dataclass(frozen=True)
class Stamp:
    """What a time-stamp token says: the moment, and by whom (SHA-256 of the DER).

    `trusted`: its certificate is for time-stamping and leads to an anchor at that moment.
    """

    at: datetime
    authority_sha256: str
    trusted: bool


def _hostile(check: Callable[P, Answer]) -> Callable[P, Answer]:
    """Whatever malformed bytes make a parser raise, as WitnessInvalid."""

    @wraps(check)
    def checked(*args: P.args, **kwargs: P.kwargs) -> Answer:
        try:
            return check(*args, **kwargs)
        except WitnessInvalid:
            raise
        except Exception as fault:
            raise WitnessInvalid(f"cannot be read: {type(fault).__name__}") from fault

    return checked


@_hostile
def check_signature(certificate: bytes, data: bytes, signature: bytes) -> None:
    """Check a raw signature over `data` under a certificate (DER): SHA-256 with RSA or ECDSA.

    RSA is PKCS#1 v1.5, ECDSA a DER sequence of two integers, as `openssl dgst -sha256 -verify`
    takes them. Raises WitnessInvalid.
    """
    loaded = _certificate(certificate)
    if not strong_key(loaded):
        raise WitnessInvalid("the key of the certificate is too weak")
    try:
        verify_value(certificate, data, signature)
    except SigningRefused as refused:
        raise WitnessInvalid(f"the signature does not hold: {refused.code}") from refused


@_hostile
def check_stamp(token: bytes, data: bytes, anchors: Sequence[bytes]) -> Stamp:
    """Check a time-stamp token (RFC 3161, DER of a CMS ContentInfo) over `data`.

    `anchors` are DER certificates; the token carries the rest of its chain. Raises WitnessInvalid.
    """
    if len(token) > _MOST_BYTES:
        raise WitnessInvalid("too large for a time-stamp token")
    content = cms.ContentInfo.load(token, strict=True)
    if content["content_type"].native != "signed_data":
        raise WitnessInvalid("not a time-stamp token")
    signed_data = content["content"]
    if len(signed_data["certificates"]) > _MOST_CERTIFICATES:
        raise WitnessInvalid("too many certificates for a time-stamp token")
    (signer,) = signed_data["signer_infos"]
    if not _NAMING & {one["type"].native for one in signer["signed_attrs"]}:
        raise WitnessInvalid("the token does not name its certificate")  # RFC 3161 §2.4.1
    if not strongly_digested(signer):
        raise WitnessInvalid("the token is signed over a weak digest")
    at = token_time(signed_data, lambda algorithm: _imprint(algorithm, data))
    if at is None:
        raise WitnessInvalid("the token is for other data, or was changed after it was signed")
    at = at.astimezone(UTC)
    authority = signer_of(signed_data).dump()
    _certificate(authority)
    others = [item.chosen.dump() for item in signed_data["certificates"]]
    trusted = _leads(authority, others, anchors, at, TIME_STAMPING)
    return Stamp(at, hashlib.sha256(authority).hexdigest(), trusted)


@_hostile
def check_chain(
    certificate: bytes, others: Iterable[bytes], anchors: Sequence[bytes], at: datetime
) -> bool:
    """Whether a certificate that signs leads to one of the anchors and was valid at that moment.

    Everything is DER. Raises WitnessInvalid when the certificate cannot be read.
    """
    _certificate(certificate)
    return _leads(certificate, others, anchors, at, SIGNING)


@_hostile
def expires_at(certificate: bytes) -> datetime:
    """When a certificate (DER) ends. Raises WitnessInvalid."""
    return _certificate(certificate).not_valid_after_utc


@_hostile
def subject(certificate: bytes) -> str:
    """Whose a certificate (DER) is, as it says itself. Raises WitnessInvalid."""
    return _certificate(certificate).subject.rfc4514_string()


@_hostile
def certificates_in(chain: bytes) -> list[bytes]:
    """The certificates in a row of DER, one directly after the other; their order stays.

    Raises WitnessInvalid.
    """
    found: list[bytes] = []
    while chain:
        if len(found) == _MOST_CERTIFICATES:
            raise WitnessInvalid("too many certificates")
        size = parser.peek(chain)
        found.append(chain[:size])
        _certificate(found[-1])
        chain = chain[size:]
    return found


def _leads(
    certificate: bytes,
    others: Iterable[bytes],
    anchors: Sequence[bytes],
    at: datetime,
    usage: Usage,
) -> bool:
    trust = Trust(anchors=tuple(anchors))
    verdict = judge(certificate, others, usage, trust=trust, evidence=Evidence(), moment=at)
    # All that was missing is its status, which nobody asked for.
    return verdict.sub_indication in (None, "TRY_LATER")


def _imprint(algorithm: str, data: bytes) -> bytes:
    if algorithm not in ("sha256", "sha384", "sha512"):
        raise WitnessInvalid("the token is over a weak digest")
    return hashlib.new(algorithm, data).digest()


def _certificate(der: bytes) -> x509.Certificate:
    found = readable([der]) if len(der) <= _MOST_BYTES else []
    if not found:
        raise WitnessInvalid("not a certificate")
    return found[0]
