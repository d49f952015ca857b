"""PKCS#11: keys that never leave their token or HSM."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from pkcs11 import Mechanism

from signing.cryptoki import Session, Token
from signing.errors import KeyRefused
from signing.keys import KeyElsewhere, chain_of

# The token signs a digest made here: nearly all can, and SoftHSM knows ECDSA no other way. One
# that insists on making the digest itself gets the data.
_OVER_DIGEST = {"rsa": Mechanism.RSA_PKCS, "ecdsa": Mechanism.ECDSA}
_OVER_DATA = {
    ("rsa", "sha256"): Mechanism.SHA256_RSA_PKCS,
    ("rsa", "sha384"): Mechanism.SHA384_RSA_PKCS,
    ("rsa", "sha512"): Mechanism.SHA512_RSA_PKCS,
    ("ecdsa", "sha256"): Mechanism.ECDSA_SHA256,
    ("ecdsa", "sha384"): Mechanism.ECDSA_SHA384,
    ("ecdsa", "sha512"): Mechanism.ECDSA_SHA512,
}
# RFC 8017 §9.2, note 1: what stands before the digest in a DigestInfo.
_DIGEST_INFO = {
    "sha256": bytes.fromhex("3031300d060960864801650304020105000420"),
    "sha384": bytes.fromhex("3041300d060960864801650304020205000430"),
    "sha512": bytes.fromhex("3051300d060960864801650304020305000440"),
}


@dataclass(frozen=True)
class Pkcs11Key(KeyElsewhere):
    """A private key on a token; `label` or `key_id` find it there, neither means the only one."""

    token: Token
    label: str | None = None
    key_id: bytes | None = None

    def sign(self, data: bytes, digest_algorithm: str) -> bytes:
        """See `SigningKey`. Raises KeyRefused, and KeyUnavailable when the token is away."""
        algorithm = self.algorithm
        digest = hashlib.new(digest_algorithm, data).digest()
        if algorithm == "rsa":
            digest = _DIGEST_INFO[digest_algorithm] + digest

        def work(session: Session) -> bytes:
            if _OVER_DIGEST[algorithm] in session.mechanisms:
                return session.sign(self.label, self.key_id, digest, _OVER_DIGEST[algorithm])
            mechanism = _OVER_DATA[algorithm, digest_algorithm]
            return session.sign(self.label, self.key_id, data, mechanism)

        value = self.token.use(work)
        if algorithm == "ecdsa":
            # PKCS#11 gives r and s side by side; CMS wants them in a DER sequence (RFC 5753 §7.2).
            half = len(value) // 2
            r, s = (int.from_bytes(part, "big") for part in (value[:half], value[half:]))
            value = encode_dss_signature(r, s)
        return self.checked(value, data, digest_algorithm)


def open_key(
    token: Token,
    *,
    label: str | None = None,
    key_id: bytes | None = None,
    certificates: Iterable[bytes] = (),
) -> Pkcs11Key:
    """A key on a token; its certificate is the first of `certificates`, or what the token keeps.

    On a token, key and certificate belong together by their id (PKCS#11 v2.40 §4.6.3).

    Raises:
        KeyRefused: the PIN, or no certificate can be told to be the key's (`key_unusable`).
        KeyUnavailable: the token is away.
    """
    given = tuple(certificates)
    if not given:
        wanted, kept = token.use(
            lambda session: (session.key_id(label, key_id), session.certificates)
        )
        mine = [item.certificate for item in kept if item.key_id == wanted]
        if len(mine) != 1:
            raise KeyRefused(
                "key_unusable",
                f"Trên thiết bị phải có đúng một chứng thư số của khóa “{token.name}”."
                " Hãy báo người quản trị hệ thống.",
            )
        given = (mine[0], *(item.certificate for item in kept))
    chain = chain_of(given[0], given[1:])
    return Pkcs11Key(token.name, given[0], chain, token, label, key_id)
