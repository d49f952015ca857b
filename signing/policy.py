"""What signatures are judged by, as data: a report names it by version and digest.

TT 15/2025/TT-BKHCN (digests, key lengths), NĐ 68/2024 Đ29 and Đ31 (revocation), rulebook R3.2.8.
"""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta

#: A change of meaning is a new version.
VERSION = "vanthu-2"

#: What a signature may be over: SHA-256 or stronger.
STRONG_DIGESTS = frozenset(
    {"sha256", "sha384", "sha512", "sha3_256", "sha3_384", "sha3_512", "shake256"}
)
SHORTEST_RSA_BITS = 2048
SHORTEST_EC_BITS = 256

#: A certificate that is good for nothing but these is not one to sign documents with
#: (server authentication, code signing, time-stamping, OCSP).
OTHER_PURPOSES = frozenset(
    {"1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.3", "1.3.6.1.5.5.7.3.8", "1.3.6.1.5.5.7.3.9"}
)

#: How long an answer about revocation counts that does not say when there will be news.
WITHOUT_NEXT_UPDATE = timedelta(minutes=30)
#: Two authorities' clocks may differ by this much before one of them is taken to be wrong.
CLOCKS_DIFFER = timedelta(minutes=1)


def text() -> bytes:
    """The policy in canonical JSON."""
    stated = {
        "version": VERSION,
        "digests": sorted(STRONG_DIGESTS),
        "shortest_keys_bits": {"rsa": SHORTEST_RSA_BITS, "ec": SHORTEST_EC_BITS},
        "other_keys": ["ed25519", "ed448"],
        "chain": "by key to a configured anchor (RFC 5280)",
        "usage": ["digitalSignature", "contentCommitment"],
        "purposes_refused_alone": sorted(OTHER_PURPOSES),
        "revocation": "required of every certificate below the anchor, at the proven time",
        "answer_without_next_update_seconds": int(WITHOUT_NEXT_UPDATE.total_seconds()),
        "proven_time": ["signature time-stamp", "document time-stamp"],
        "clocks_differ_seconds": int(CLOCKS_DIFFER.total_seconds()),
        "changes_after_signing": [
            "later signatures",
            "validation data",
            "document time-stamps",
            "vanthu.number and vanthu.date, from empty, once, before a signature",
        ],
        "verdict": "as bad as the worst signature, and as the integrity of the document",
    }
    return json.dumps(stated, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


SHA256 = hashlib.sha256(text()).hexdigest()
