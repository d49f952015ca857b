"""Signing keys: one Protocol, wherever the private key lives.

A key knows its certificate and can turn bytes into a signature value. It never shows itself: a
token, an HSM or a remote service fits the same Protocol. PINs and activation data are not in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol
from urllib.parse import unquote

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from signing.errors import UnknownKey

if TYPE_CHECKING:
    from signing.devca import DevelopmentCA

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
        """Sign `data`, which is hashed here with `digest_algorithm` (sha256, sha384, sha512)."""
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


def open_key(url: str, *, development: DevelopmentCA | None = None) -> SigningKey:
    """Open the key an address names; the scheme picks the kind.

    `devca:person/<id>` and `devca:agency/<id>` are keys that `development` has issued before.
    Raises UnknownKey when there is no such key, or no development CA is configured.
    """
    scheme, _, name = url.partition(":")
    if scheme == "devca" and development is not None:
        key = development.key(unquote(name))
        if key is not None:
            return key
    raise UnknownKey(url)
