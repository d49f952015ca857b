"""CMS by hand: every part of a signature's envelope may be another (RFC 5652)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from asn1crypto import algos, cms, core, tsp, x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from signing.keys import LiveKey

_HASHES = {
    "md5": hashes.MD5,
    "sha1": hashes.SHA1,
    "sha256": hashes.SHA256,
    "sha512": hashes.SHA512,
}

Attributes = Callable[[bytes, LiveKey], Sequence[bytes]]


def der(tag: int, *parts: bytes) -> bytes:
    """One element of definite length."""
    content = b"".join(parts)
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    head = bytes((len(content),)) if len(content) < 0x80 else bytes((0x80 | len(length),)) + length
    return bytes((tag,)) + head + content


def ber(tag: int, *parts: bytes) -> bytes:
    """One constructed element of indefinite length."""
    return bytes((tag, 0x80)) + b"".join(parts) + b"\0\0"


def attribute(kind: str, *values: core.Asn1Value) -> bytes:
    oid = cms.CMSAttributeType(kind).dump()
    return der(0x30, oid, der(0x31, *(value.dump() for value in values)))


def bound(certificate: bytes) -> bytes:
    """The attribute that names the signer's certificate by its hash (RFC 5035)."""
    identified = {"cert_hash": hashlib.sha256(certificate).digest()}
    return attribute("signing_certificate_v2", tsp.SigningCertificateV2({"certs": [identified]}))


def usual(digest: bytes, key: LiveKey) -> list[bytes]:
    return [
        attribute("content_type", cms.ContentType("data")),
        attribute("message_digest", core.OctetString(digest)),
        bound(key.certificate),
    ]


@dataclass(frozen=True)
class Envelope:
    """A CMS with one thing or other about it, made for the bytes covered and a key."""

    attributes: Attributes | None = usual
    ordered: bool = True
    signed_ordered: bool = True
    algorithm: str = "sha256"
    stated: str | None = None
    certificates: Callable[[LiveKey], Sequence[bytes]] = lambda key: (key.certificate, *key.chain)
    named: Callable[[LiveKey], bytes] = lambda key: key.certificate
    signers: int = 1
    content: bytes | None = None
    unsigned: Callable[[bytes], Sequence[bytes]] = lambda _value: ()
    value: Callable[[bytes], bytes] = lambda value: value
    indefinite: bool = False
    tail: bytes = b""

    def __call__(self, covered: bytes, key: LiveKey) -> bytes:
        wrap = ber if self.indefinite else der
        info = self._signer(covered, key) * self.signers
        digests = der(0x31, self._digest())
        inner = cms.ContentType("data").dump()
        if self.content is not None:
            inner += wrap(0xA0, core.OctetString(self.content).dump())
        carried = b"".join(self.certificates(key))
        signed = [b"\x02\x01\x01", digests, wrap(0x30, inner)]
        signed += [wrap(0xA0, carried)] if carried else []
        signed += [wrap(0x31, info)]
        outer = cms.ContentType("signed_data").dump()
        return wrap(0x30, outer, wrap(0xA0, wrap(0x30, *signed))) + self.tail

    def _digest(self) -> bytes:
        encoded: bytes = algos.DigestAlgorithm({"algorithm": self.stated or self.algorithm}).dump()
        return encoded

    def _signer(self, covered: bytes, key: LiveKey) -> bytes:
        named = x509.Certificate.load(self.named(key))
        serial = named["tbs_certificate"]["serial_number"].dump()
        parts = [b"\x02\x01\x01", der(0x30, named.issuer.dump(), serial), self._digest()]
        if self.attributes is not None:
            digest = hashlib.new(self.algorithm, covered).digest()
            listed = list(self.attributes(digest, key))
            parts.append(der(0xA0, *(sorted(listed) if self.ordered else listed)))
            covered = der(0x31, *(sorted(listed) if self.signed_ordered else listed))
        value = self.value(self._sign(key, covered))
        name = f"{self.algorithm}_{'rsa' if key.algorithm == 'rsa' else 'ecdsa'}"
        parts += [algos.SignedDigestAlgorithm({"algorithm": name}).dump(), der(0x04, value)]
        unsigned = self.unsigned(value)
        parts += [der(0xA1, *unsigned)] if unsigned else []
        return der(0x30, *parts)

    def _sign(self, key: LiveKey, data: bytes) -> bytes:
        algorithm = _HASHES[self.algorithm]()
        if isinstance(key.private_key, rsa.RSAPrivateKey):
            return key.private_key.sign(data, padding.PKCS1v15(), algorithm)
        return key.private_key.sign(data, ec.ECDSA(algorithm))
