"""The mathematics of a time-stamp token (RFC 3161 §2.4.2); its trust is `signing.chain`'s."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from itertools import islice

from asn1crypto import cms, tsp, x509
from pyhanko.sign.general import extract_certificate_info, extract_signer_info
from pyhanko.sign.validation.generic_cms import validate_sig_integrity

_PLAIN = "certificate"  # and not an attribute certificate
# A genuine signature carries one.
_MOST_TOKENS = 4


def token_time(signed_data: cms.SignedData, imprint: Callable[[str], bytes]) -> datetime | None:
    """The time a token states when it is intact and over this imprint, else None.

    `imprint` gives the digest expected, by the name of the algorithm. Raises whatever a malformed
    token makes its parser raise.
    """
    content = signed_data["encap_content_info"]["content"]
    info = content.parsed
    if not isinstance(info, tsp.TSTInfo):
        raise TypeError("the token holds no TSTInfo")
    stated = info["message_imprint"]
    if stated["hashed_message"].native != imprint(stated["hash_algorithm"]["algorithm"].native):
        return None
    signer = extract_signer_info(signed_data)
    digest = hashlib.new(signer["digest_algorithm"]["algorithm"].native, bytes(content)).digest()
    intact, valid = validate_sig_integrity(
        signer,
        signer_of(signed_data),
        expected_content_type="tst_info",
        actual_digest=digest,
    )
    moment: datetime = info["gen_time"].native
    return moment if intact and valid else None


def signer_of(signed_data: cms.SignedData) -> x509.Certificate:
    """The certificate that a CMS says it is under. Raises ValueError when it does not carry it."""
    named = extract_signer_info(signed_data)["sid"].chosen
    if isinstance(named, cms.IssuerAndSerialNumber):
        # To the byte, as nearly every signer writes it; what differs is left to pyHanko, which
        # prepares each name for comparison and takes a millisecond for that.
        issuer, serial = named["issuer"].dump(), named["serial_number"].native
        for own in (item.chosen for item in signed_data["certificates"] if item.name == _PLAIN):
            if (own.serial_number, own.issuer.dump()) == (serial, issuer):
                return own.untag()
    return extract_certificate_info(signed_data).signer_cert


def tokens(signer: cms.SignerInfo) -> list[cms.ContentInfo]:
    """The time-stamp tokens on a signature, each once, as many as a genuine one has."""
    values = (
        value
        for attribute in signer["unsigned_attrs"]
        if attribute["type"].native == "signature_time_stamp_token"
        for value in attribute["values"]
    )
    return list({one.dump(): one for one in islice(values, _MOST_TOKENS)}.values())
