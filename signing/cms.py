"""The CMS of a PAdES signature, assembled from DER parts (RFC 5652, EN 319 122-1, EN 319 142-1).

The same bytes through an ASN.1 library take 9 ms for each signature, because it builds certificate
and names anew; here what depends on the certificate alone is encoded once.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache

from asn1crypto import core, x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import PublicKeyAlgorithmOID, load_der_x509_certificate

from signing.errors import SigningRefused

DIGEST = "sha256"

_SEQUENCE, _SET, _OCTETS, _CONTEXT_0, _CONTEXT_1, _CONTEXT_4 = 0x30, 0x31, 0x04, 0xA0, 0xA1, 0xA4
_VERSION_1 = b"\x02\x01\x01"
_NULL = b"\x05\x00"

_HASHES = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}


def _oid(dotted: str) -> bytes:
    encoded: bytes = core.ObjectIdentifier(dotted).dump()
    return encoded


_DATA = _oid("1.2.840.113549.1.7.1")
_SIGNED_DATA = _oid("1.2.840.113549.1.7.2")
_CONTENT_TYPE = _oid("1.2.840.113549.1.9.3")
_MESSAGE_DIGEST = _oid("1.2.840.113549.1.9.4")
_SIGNING_CERTIFICATE_V2 = _oid("1.2.840.113549.1.9.16.2.47")
_SIGNATURE_TIME_STAMP = _oid("1.2.840.113549.1.9.16.2.14")
_DIGESTS = {
    "sha256": _oid("2.16.840.1.101.3.4.2.1"),
    "sha384": _oid("2.16.840.1.101.3.4.2.2"),
    "sha512": _oid("2.16.840.1.101.3.4.2.3"),
}
# RFC 4055 §5 wants NULL parameters for RSA, RFC 5758 §3.2 none for ECDSA.
_SIGNATURES = {
    ("rsa", "sha256"): _oid("1.2.840.113549.1.1.11") + _NULL,
    ("rsa", "sha384"): _oid("1.2.840.113549.1.1.12") + _NULL,
    ("rsa", "sha512"): _oid("1.2.840.113549.1.1.13") + _NULL,
    ("ecdsa", "sha256"): _oid("1.2.840.10045.4.3.2"),
    ("ecdsa", "sha384"): _oid("1.2.840.10045.4.3.3"),
    ("ecdsa", "sha512"): _oid("1.2.840.10045.4.3.4"),
}


def _der(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def _set_of(tag: int, *items: bytes) -> bytes:
    # X.690 §11.6: the members of a SET OF stand in ascending order of their encodings.
    return _der(tag, *sorted(items))


def _attribute(kind: bytes, value: bytes) -> bytes:
    return _der(_SEQUENCE, kind, _der(_SET, value))


def _algorithm(digest_algorithm: str) -> bytes:
    # RFC 5754 §2: no parameters with the SHA-2 digests.
    return _der(_SEQUENCE, _DIGESTS[digest_algorithm])


@dataclass(frozen=True)
class _Parts:
    """What a certificate contributes to every signature made under it."""

    issuer_and_serial: bytes
    signing_certificate: bytes
    public_key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey

    @property
    def algorithm(self) -> str:
        return "rsa" if isinstance(self.public_key, rsa.RSAPublicKey) else "ecdsa"


@lru_cache(maxsize=512)
def _parts(certificate: bytes) -> _Parts:
    try:
        loaded = load_der_x509_certificate(certificate)
        public_key = loaded.public_key()
    except ValueError as fault:
        raise SigningRefused("certificate_malformed", "Chứng thư số không đọc được.") from fault
    # A key bound to RSASSA-PSS must not sign with PKCS #1 v1.5 (RFC 4055 §1.2).
    if loaded.public_key_algorithm_oid == PublicKeyAlgorithmOID.RSASSA_PSS or not isinstance(
        public_key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey
    ):
        raise SigningRefused(
            "key_unsupported", "Loại khóa của chứng thư số không được hỗ trợ (chỉ RSA hoặc ECDSA)."
        )
    signed = x509.Certificate.load(certificate)["tbs_certificate"]
    issuer, serial = signed["issuer"].dump(), signed["serial_number"].dump()
    # RFC 5035 §4: SHA-256 is the default of the hash algorithm, and DER leaves a default out.
    named = _der(_SEQUENCE, _der(_SEQUENCE, _der(_CONTEXT_4, issuer)), serial)
    identified = _der(_SEQUENCE, _der(_OCTETS, hashlib.sha256(certificate).digest()), named)
    return _Parts(
        issuer_and_serial=_der(_SEQUENCE, issuer, serial),
        signing_certificate=_attribute(
            _SIGNING_CERTIFICATE_V2, _der(_SEQUENCE, _der(_SEQUENCE, identified))
        ),
        public_key=public_key,
    )


def signed_attributes(
    document_digest: bytes, certificate: bytes, digest_algorithm: str = DIGEST
) -> bytes:
    """The DER of the signed attributes: these bytes are what the key signs.

    Content type, message digest, signing-certificate-v2, and no signing time, which
    EN 319 142-1 §6.3 forbids. Raises SigningRefused for a certificate whose key cannot sign here.
    """
    assert len(document_digest) == _HASHES[digest_algorithm].digest_size
    return _set_of(
        _SET,
        _attribute(_CONTENT_TYPE, _DATA),
        _attribute(_MESSAGE_DIGEST, _der(_OCTETS, document_digest)),
        _parts(certificate).signing_certificate,
    )


def signed_data(
    attributes: bytes,
    signature: bytes,
    certificate: bytes,
    chain: tuple[bytes, ...],
    timestamp_token: bytes | None = None,
    digest_algorithm: str = DIGEST,
) -> bytes:
    """The DER of a ContentInfo with one detached signature.

    It carries certificate and chain, and the time-stamp token over the signature value, if any.
    """
    parts = _parts(certificate)
    unsigned = b""
    if timestamp_token is not None:
        unsigned = _der(_CONTEXT_1, _attribute(_SIGNATURE_TIME_STAMP, timestamp_token))
    signer = _der(
        _SEQUENCE,
        _VERSION_1,
        parts.issuer_and_serial,
        _algorithm(digest_algorithm),
        # RFC 5652 §5.4: signed as a SET, carried under an implicit tag of the same content.
        bytes((_CONTEXT_0,)) + attributes[1:],
        _der(_SEQUENCE, _SIGNATURES[parts.algorithm, digest_algorithm]),
        _der(_OCTETS, signature),
        unsigned,
    )
    content = _der(
        _SEQUENCE,
        _VERSION_1,
        _der(_SET, _algorithm(digest_algorithm)),
        _der(_SEQUENCE, _DATA),
        _set_of(_CONTEXT_0, *dict.fromkeys((certificate, *chain))),
        _der(_SET, signer),
    )
    return _der(_SEQUENCE, _SIGNED_DATA, _der(_CONTEXT_0, content))


def key_algorithm(certificate: bytes) -> str:
    """`rsa` or `ecdsa`: what the certificate's key signs with."""
    return _parts(certificate).algorithm


def value_bytes(certificate: bytes) -> int:
    """The largest signature value of the certificate's key, in bytes."""
    key = _parts(certificate).public_key
    octets = (key.key_size + 7) // 8
    # An ECDSA value is a DER sequence of two integers (RFC 3279 §2.2.3).
    return octets if isinstance(key, rsa.RSAPublicKey) else 2 * (octets + 3) + 3


def verify_value(
    certificate: bytes, attributes: bytes, signature: bytes, digest_algorithm: str = DIGEST
) -> None:
    """Check that `signature` is the certificate's key's over `attributes`.

    Raises SigningRefused (`wrong_signature`) when it is not.
    """
    key, algorithm = _parts(certificate).public_key, _HASHES[digest_algorithm]
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, attributes, padding.PKCS1v15(), algorithm)
        else:
            key.verify(signature, attributes, ec.ECDSA(algorithm))
    except InvalidSignature as fault:
        raise SigningRefused(
            "wrong_signature", "Giá trị chữ ký không khớp với văn bản hoặc chứng thư số đã chọn."
        ) from fault
