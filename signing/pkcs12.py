"""PKCS#12: key, certificate and chain in one file under a passphrase (RFC 7292)."""

from __future__ import annotations

from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12

from signing.activation import SecretSource
from signing.errors import KeyRefused
from signing.keys import LiveKey, chain_of


def open_file(path: Path, passphrase: SecretSource, name: str) -> LiveKey:
    """The key in a file; keep it, for opening costs a check of the key (RSA-2048: 37 ms).

    Raises KeyRefused: the passphrase is wrong (`pin_refused`), the file holds no key that can sign
    or not the key of its certificate (`key_unusable`).
    """
    try:
        content = path.read_bytes()
        found = load_pkcs12(content, passphrase.read().text.encode())
    except ValueError as fault:
        # One error for both: without the passphrase nothing in the file can be told from damage.
        raise KeyRefused(
            "pin_refused",
            f"Mật khẩu của khóa “{name}” không đúng hoặc tệp khóa bị hỏng."
            " Hãy báo người quản trị hệ thống.",
        ) from fault
    except (OSError, UnsupportedAlgorithm) as fault:
        raise _unusable(name, "không mở được tệp khóa") from fault
    # A certificate of another key is not given as the key's own, but among the others.
    if found.cert is None or not isinstance(
        found.key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    ):
        raise _unusable(name, "tệp phải có khóa RSA hoặc ECDSA kèm chứng thư số của khóa đó")
    certificate = found.cert.certificate.public_bytes(Encoding.DER)
    others = [item.certificate.public_bytes(Encoding.DER) for item in found.additional_certs]
    return LiveKey(certificate, chain_of(certificate, others), found.key)


def _unusable(name: str, why: str) -> KeyRefused:
    return KeyRefused("key_unusable", f"Không dùng được khóa “{name}”: {why}.")
