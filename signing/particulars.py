"""What a report says of a signature beside its verdict: certificate, algorithm, stated time."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from asn1crypto import x509 as asn1_x509
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from signing.algorithms import described, key_bits
from signing.certificates import readable

_FIELDS = (
    *("signer", "issuer", "serial", "certificate_sha256"),
    *("not_before", "not_after", "algorithm", "key_bits"),
)
_VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")


def particulars(embedded: EmbeddedPdfSignature | None, certificate: bytes | None) -> dict[str, Any]:
    """The fields of a `SignatureFinding` on certificate (DER) and algorithm, where readable."""
    known: dict[str, Any] = {}
    with suppress(Exception):
        known["algorithm"] = None if embedded is None else described(embedded.signer_info)
    with suppress(Exception):
        loaded = asn1_x509.Certificate.load(certificate or b"")
        known |= {
            "certificate_sha256": loaded.sha256.hex(),
            "serial": f"{loaded.serial_number:x}",
            "signer": loaded.subject.human_friendly,
            "issuer": loaded.issuer.human_friendly,
        }
    for strictly in readable([certificate] if certificate else ()):
        known["not_before"] = strictly.not_valid_before_utc
        known["not_after"] = strictly.not_valid_after_utc
        known["key_bits"] = key_bits(strictly)
    return dict.fromkeys(_FIELDS) | known


def claimed(embedded: EmbeddedPdfSignature | None) -> datetime | None:
    """The time the signer states; without a zone it is taken for Vietnamese time."""
    try:
        stated = None if embedded is None else embedded.self_reported_timestamp
    except Exception:
        return None
    if not isinstance(stated, datetime):
        return None
    if stated.utcoffset() is None:
        stated = stated.replace(tzinfo=_VIETNAM)
    return stated.astimezone(UTC)
