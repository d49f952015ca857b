"""Signing keys: one Protocol, wherever the private key lives.

A key knows its certificate and can turn bytes into a signature value. It never shows itself: a
token, an HSM or a remote service fits the same Protocol. PINs and activation data are not in it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, Protocol

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from signing import cms
from signing.errors import KeyRefused, SigningRefused

Algorithm = Literal["rsa", "ecdsa"]

# SHA-256 or stronger for every new signature (TT 15/2025/TT-BKHCN).
_DIGESTS: dict[str, type[hashes.HashAlgorithm]] = {
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}


class SigningKey(Protocol):
    """A key that can sign, with the certificate it signs under.

    `certificate` and `chain` are DER, the chain from the issuer upwards without the root;
    `signature_bytes` is the largest signature value it can return.
    """

    @property
    def certificate(self) -> bytes: ...
    @property
    def chain(self) -> tuple[bytes, ...]: ...
    @property
    def algorithm(self) -> Algorithm: ...
    @property
    def signature_bytes(self) -> int: ...
    def sign(self, data: bytes, digest_algorithm: str) -> bytes:
        """Sign `data`, which is hashed here with `digest_algorithm` (sha256, sha384, sha512).

        Raises KeyRefused, after which nothing may ask again by itself, and KeyUnavailable.
        """
        ...


@dataclass(frozen=True)
class LiveKey:
    """A private key held in this process, parsed once: a checked load of RSA costs 37 ms."""

    certificate: bytes
    chain: tuple[bytes, ...]
    private_key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

    @property
    def algorithm(self) -> Algorithm:
        return "rsa" if isinstance(self.private_key, rsa.RSAPrivateKey) else "ecdsa"

    @property
    def signature_bytes(self) -> int:
        octets = (self.private_key.key_size + 7) // 8
        # An ECDSA value is a DER sequence of two integers (RFC 3279 §2.2.3).
        return octets if self.algorithm == "rsa" else 2 * (octets + 3) + 3

    def sign(self, data: bytes, digest_algorithm: str) -> bytes:
        digest = _DIGESTS[digest_algorithm]()
        if isinstance(self.private_key, rsa.RSAPrivateKey):
            return self.private_key.sign(data, padding.PKCS1v15(), digest)
        return self.private_key.sign(data, ec.ECDSA(digest))


@dataclass(frozen=True)
class KeyElsewhere:
    """What is known here of a key on a token or at a service; `name` is that of the configuration.

    Whatever comes back from there is believed only after `checked`.
    """

    name: str
    certificate: bytes = field(repr=False)
    chain: tuple[bytes, ...] = field(repr=False)

    @cached_property
    def algorithm(self) -> Algorithm:
        public_key = x509.load_der_x509_certificate(self.certificate).public_key()
        return "rsa" if isinstance(public_key, rsa.RSAPublicKey) else "ecdsa"

    @property
    def signature_bytes(self) -> int:
        return cms.value_bytes(self.certificate)

    def checked(self, value: bytes, data: bytes, digest_algorithm: str) -> bytes:
        """The signature value, if it is one of the certificate's key over `data`.

        Raises KeyRefused (`key_mismatch`).
        """
        try:
            cms.verify_value(self.certificate, data, value, digest_algorithm)
        except SigningRefused as fault:
            raise KeyRefused(
                "key_mismatch",
                f"Giá trị chữ ký nhận được không khớp chứng thư số của khóa “{self.name}”."
                " Hãy báo người quản trị hệ thống.",
            ) from fault
        return value


def chain_of(certificate: bytes, others: Iterable[bytes]) -> tuple[bytes, ...]:
    """Those of `others` that lead upwards from a certificate, issuer first, without the root."""
    candidates = [x509.load_der_x509_certificate(der) for der in others]
    chain: list[x509.Certificate] = []
    below = x509.load_der_x509_certificate(certificate)
    while above := next((item for item in candidates if _issued(item, below)), None):
        # Each step uses one up: certificates that issue each other would lead round and round.
        candidates.remove(above)
        chain.append(above)
        below = above
    ders = (item.public_bytes(Encoding.DER) for item in chain if item.subject != item.issuer)
    return tuple(ders)


def _issued(issuer: x509.Certificate, subject: x509.Certificate) -> bool:
    try:
        subject.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return issuer != subject
