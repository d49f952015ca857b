"""The mathematics of a time-stamp token (RFC 3161 §2.4.2); its trust is `signing.chain`'s."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from itertools import islice

from asn1crypto import cms, tsp
from pyhanko.sign.general import extract_certificate_info, extract_signer_info
from pyhanko.sign.validation.generic_cms import validate_sig_integrity

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
        extract_certificate_info(signed_data).signer_cert,
        expected_content_type="tst_info",
        actual_digest=digest,
    )
    moment: datetime = info["gen_time"].native
    return moment if intact and valid else None


def tokens(signer: cms.SignerInfo) -> list[cms.ContentInfo]:
    """The time-stamp tokens on a signature, each once, as many as a genuine one has."""
    values = (
        value
        for attribute in signer["unsigned_attrs"]
        if attribute["type"].native == "signature_time_stamp_token"
        for value in attribute["values"]
    )
    return list({one.dump(): one for one in islice(values, _MOST_TOKENS)}.values())
