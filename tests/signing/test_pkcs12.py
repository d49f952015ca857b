"""Keys in files."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from asn1crypto import core
from asn1crypto import pkcs12 as asn1_pkcs12
from asn1crypto.keys import PrivateKeyInfo
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from cryptography.x509 import load_der_x509_certificate

from signing import pkcs12
from signing.activation import TypedSecret
from signing.errors import KeyRefused
from signing.keys import LiveKey
from tests.signing import openssl
from tests.signing.pki import Pki, Profile, rsa_key

DATA, PASSPHRASE = b"signed attributes", "mật khẩu 12"
PROFILES: dict[str, Callable[[], Profile]] = {
    "rsa2048": lambda: Profile(key=rsa_key(2048)),
    "rsa3072": lambda: Profile(key=rsa_key(3072)),
    "p256": Profile,
}


@pytest.fixture(scope="module")
def pki() -> Pki:
    return Pki()


def p12(path: Path, certificate: LiveKey, *others: LiveKey) -> Path:
    content = serialize_key_and_certificates(
        "khóa".encode(),
        certificate.private_key,
        load_der_x509_certificate(certificate.certificate),
        [load_der_x509_certificate(other.certificate) for other in others],
        BestAvailableEncryption(PASSPHRASE.encode()),
    )
    path.write_bytes(content)
    path.chmod(0o600)
    return path


def refusal(path: Path, passphrase: str = PASSPHRASE) -> KeyRefused:
    with pytest.raises(KeyRefused) as caught:
        pkcs12.open_file(path, TypedSecret(passphrase), "seal")
    return caught.value


@pytest.mark.parametrize("name", PROFILES)
def test_openssl_verifies_what_a_key_in_a_file_signs(name: str, pki: Pki, tmp_path: Path) -> None:
    live = pki.issue(PROFILES[name]())
    stranger = pki.issue(Profile())
    path = p12(tmp_path / "key.p12", live, stranger, pki.root, pki.issuing)
    key = pkcs12.open_file(path, TypedSecret(PASSPHRASE), "seal")
    assert key.certificate == live.certificate
    assert key.chain == (pki.issuing.certificate,)  # in order, without root and strangers
    for digest in ("sha256", "sha384", "sha512"):
        value = key.sign(DATA, digest)
        assert openssl.verifies(tmp_path, key.certificate, DATA, value, digest)


def test_a_file_of_an_older_program_opens(pki: Pki, tmp_path: Path) -> None:
    """Many that are in use were encrypted with 3DES and authenticated with SHA-1."""
    program = shutil.which("openssl") or pytest.skip("no openssl: apt-get install openssl")
    live = pki.issue(Profile(key=rsa_key(2048)))
    pem = tmp_path / "key.pem"
    pem.write_bytes(
        live.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + load_der_x509_certificate(live.certificate).public_bytes(Encoding.PEM)
    )
    path = tmp_path / "old.p12"
    command = [program, "pkcs12", "-export", "-legacy", "-in", str(pem), "-out", str(path)]
    old = ["-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"]
    done = subprocess.run(
        [*command, *old, "-passout", f"pass:{PASSPHRASE}"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    key = pkcs12.open_file(path, TypedSecret(PASSPHRASE), "seal")
    assert openssl.verifies(tmp_path, live.certificate, DATA, key.sign(DATA, "sha256"))


def test_a_wrong_passphrase_and_a_damaged_file_are_refused(pki: Pki, tmp_path: Path) -> None:
    path = p12(tmp_path / "key.p12", pki.issue(Profile()))
    wrong = refusal(path, "x" + PASSPHRASE)
    assert wrong.code == "pin_refused"
    assert PASSPHRASE not in str(wrong) + repr(wrong) + repr(wrong.__cause__)
    path.write_bytes(path.read_bytes()[:-40])
    assert refusal(path).code == "pin_refused"
    path.unlink()
    assert refusal(path).code == "key_unusable"


def test_key_and_certificate_must_belong_together(pki: Pki, tmp_path: Path) -> None:
    path = with_key(tmp_path / "key.p12", pki.issue(Profile()), pki.issue(Profile()).private_key)
    assert refusal(path).code == "key_unusable"
    path = with_key(tmp_path / "key.p12", one := pki.issue(Profile()), one.private_key)
    assert pkcs12.open_file(path, TypedSecret(PASSPHRASE), "seal").certificate == one.certificate


def test_keys_of_other_kinds_are_refused(pki: Pki, tmp_path: Path) -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    path = with_key(tmp_path / "key.p12", pki.issue(Profile()), key)
    assert refusal(path).code == "key_unusable"


def with_key(path: Path, certificate: LiveKey, key: PrivateKeyTypes) -> Path:
    """A file whose key was exchanged; cryptography itself makes none that does not match."""
    content = serialize_key_and_certificates(
        b"seal",
        certificate.private_key,
        load_der_x509_certificate(certificate.certificate),
        None,
        NoEncryption(),
    )
    file = asn1_pkcs12.Pfx.load(content)
    safe = asn1_pkcs12.AuthenticatedSafe.load(file["auth_safe"]["content"].native)
    for part in safe:
        bags = asn1_pkcs12.SafeContents.load(part["content"].native)
        for bag in bags:
            if bag["bag_id"].native == "key_bag":
                bag["bag_value"] = PrivateKeyInfo.load(
                    key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
                )
        part["content"] = core.OctetString(bags.dump(force=True))
    file["auth_safe"]["content"] = core.OctetString(safe.dump(force=True))
    file["mac_data"] = None
    path.write_bytes(file.dump(force=True))
    return path


def test_a_signature_costs_no_check_of_the_key(pki: Pki, tmp_path: Path) -> None:
    """The check costs 37 ms, a signature with RSA-2048 a quarter of one."""
    path = p12(tmp_path / "key.p12", pki.issue(Profile(key=rsa_key(2048))))

    def cost(work: Callable[[], object]) -> float:
        start = time.process_time()
        work()
        return time.process_time() - start

    opening = cost(lambda: pkcs12.open_file(path, TypedSecret(PASSPHRASE), "seal"))
    key = pkcs12.open_file(path, TypedSecret(PASSPHRASE), "seal")
    signing = min(cost(lambda: key.sign(DATA, "sha256")) for _ in range(5))
    assert signing < opening / 10
