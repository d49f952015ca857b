"""Whether algorithms and keys are such as the policy allows, and what they are called."""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from typing import Protocol

from asn1crypto import cms
from asn1crypto.keys import PublicKeyInfo
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa

from signing.policy import SHORTEST_EC_BITS, SHORTEST_RSA_BITS, STRONG_DIGESTS


class _Signed(Protocol):
    """A certificate, a CRL or an OCSP response."""

    @property
    def signature_hash_algorithm(self) -> hashes.HashAlgorithm | None: ...


def strong_signature(signed: _Signed) -> bool:
    """Whether something is signed over a strong digest; an unknown algorithm is no strong one."""
    try:
        digest = signed.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return False
    # EdDSA hashes by itself, with SHA-512 or SHAKE256.
    return digest is None or digest.name.replace("-", "_") in STRONG_DIGESTS


def strong_key(certificate: x509.Certificate) -> bool:
    """Whether a certificate's key is of a kind and length to rely on."""
    try:
        key = certificate.public_key()
    except (UnsupportedAlgorithm, ValueError):
        return False
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size >= SHORTEST_RSA_BITS
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key.key_size >= SHORTEST_EC_BITS
    return isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey)


def long_enough(key: PublicKeyInfo) -> bool:
    """The same of a key as asn1crypto reads it; kinds that have but one length have it."""
    shortest = {"rsa": SHORTEST_RSA_BITS, "rsassa_pss": SHORTEST_RSA_BITS}
    needed = (shortest | {"ec": SHORTEST_EC_BITS}).get(key.algorithm)
    return needed is None or int(key.bit_size) >= needed


def strongly_digested(signer: cms.SignerInfo) -> bool:
    """Whether a CMS signature is over a strong digest, in every place that says so.

    RSASSA-PSS names a digest in its parameters and one more for its mask.
    """
    algorithm = signer["signature_algorithm"]
    stated = {signer["digest_algorithm"]["algorithm"].native}
    with suppress(ValueError):  # such as rsassa_pkcs1v15, which leaves it to the former
        stated.add(algorithm.hash_algo)
    if algorithm["algorithm"].native == "rsassa_pss":
        mask = algorithm["parameters"]["mask_gen_algorithm"]["parameters"]
        stated.add(mask["algorithm"].native)
    return stated <= STRONG_DIGESTS


def is_known(signer: cms.SignerInfo) -> bool:
    """Whether digest and signature of a CMS are of kinds that have a name here."""
    try:
        signer["signature_algorithm"].signature_algo  # noqa: B018  raises for what it does not know
    except ValueError:
        return False
    return signer["digest_algorithm"]["algorithm"].native in hashlib.algorithms_available


def described(signer: cms.SignerInfo) -> str:
    """How a CMS signature was made: "RSA SHA-256", "RSA-PSS SHA-384", "ECDSA SHA-256"."""
    algorithm = signer["signature_algorithm"]
    digest = signer["digest_algorithm"]["algorithm"].native
    with suppress(ValueError):
        digest = algorithm.hash_algo
    kinds = {"rsassa_pkcs1v15": "RSA", "rsassa_pss": "RSA-PSS", "ecdsa": "ECDSA", "dsa": "DSA"}
    kind = algorithm.signature_algo
    name = re.sub(r"^SHA(?=\d+$)", "SHA-", str(digest).upper().replace("_", "-"))
    return f"{kinds.get(kind, kind.capitalize())} {name}"


def key_bits(certificate: x509.Certificate) -> int | None:
    """The length of a certificate's key; None for a kind unknown here."""
    try:
        key = certificate.public_key()
    except (UnsupportedAlgorithm, ValueError):
        return None
    size = getattr(key, "key_size", None)
    return size if isinstance(size, int) else None


def verifies(
    certificate: x509.Certificate,
    signature: bytes,
    data: bytes,
    digest: hashes.HashAlgorithm | None,
    *,
    pss: bool = False,
) -> bool:
    """Whether the key of `certificate` made this signature, by RSA or ECDSA."""
    try:
        key = certificate.public_key()
        if isinstance(key, rsa.RSAPublicKey) and digest is not None:
            scheme = padding.PSS(padding.MGF1(digest), padding.PSS.AUTO) if pss else None
            key.verify(signature, data, scheme or padding.PKCS1v15(), digest)
        elif isinstance(key, ec.EllipticCurvePublicKey) and digest is not None:
            key.verify(signature, data, ec.ECDSA(digest))
        else:
            return False
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True
