"""The file that names keys, and how they are opened."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from cryptography.x509 import load_der_x509_certificate

from signing.devca import DevelopmentCA
from signing.errors import KeyRefused, UnknownKey
from signing.keyring import Keyring
from signing.keys import LiveKey, SigningKey
from tests.signing import tokens
from tests.signing.pki import Pki, Profile

PASSPHRASE = "hoa-sen-trang"

PKCS12 = """
[key.seal]
kind = "pkcs12"
file = "seal.p12"
passphrase_file = "seal.passphrase"
"""
PKCS11 = """
[key.seal]
kind = "pkcs11"
module = "module.so"
token = "office"
label = "seal"
pin_file = "seal.pin"
"""
CSC = """
[key.seal]
kind = "csc"
url = "https://sign.example/csc/v1"
credential = "office/seal"
pin_file = "seal.pin"
"""


@pytest.fixture
def live() -> LiveKey:
    return Pki().issue(Profile())


@pytest.fixture
def folder(tmp_path: Path, live: LiveKey) -> Path:
    """What the examples name; all of it private."""
    content = serialize_key_and_certificates(
        b"seal",
        live.private_key,
        load_der_x509_certificate(live.certificate),
        None,
        BestAvailableEncryption(PASSPHRASE.encode()),
    )
    files = {
        "seal.p12": content,
        "seal.passphrase": PASSPHRASE.encode() + b"\n",
        "seal.pin": b"246810\n",
        "module.so": b"",
        "not-certificates.pem": b"",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.touch(0o600)
        path.write_bytes(text)
    return tmp_path


def written(folder: Path, text: str) -> Path:
    path = folder / "keys.toml"
    path.write_text(text)
    path.chmod(0o644)
    return path


def fault(folder: Path, text: str) -> str:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  the text is what is tested
        Keyring.load(written(folder, text), None)
    return str(caught.value)


def test_a_key_is_opened_by_its_name_and_stays_open(folder: Path, live: LiveKey) -> None:
    keyring = Keyring.load(written(folder, PKCS12), None)
    key: SigningKey = keyring.open("key:seal")
    assert key.certificate == live.certificate
    for name in ("seal.p12", "seal.passphrase", "keys.toml"):
        (folder / name).unlink()
    assert keyring.open("key:seal") is key


def test_an_address_without_a_key_is_unknown(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:  # fmt: skip  # noqa: E501
    ca = DevelopmentCA(tmp_path_factory.mktemp("pki"))
    ca.issue_person("a", "A", "Xã")
    keyring = Keyring.load(written(folder, PKCS12), None)
    for url in ("key:other", "key:", "seal", "client:", "devca:person/a", "file:seal.p12"):
        with pytest.raises(UnknownKey):
            keyring.open(url)
    assert Keyring.load(None, ca).open("devca:person/a") is ca.key("person/a")
    with pytest.raises(UnknownKey):
        Keyring.load(None, ca).open("key:seal")


@pytest.mark.parametrize("development", [False, True])
def test_addresses_that_may_be_registered(development: bool, tmp_path: Path) -> None:
    keyring = Keyring.load(None, DevelopmentCA(tmp_path) if development else None)
    for url in ("key:seal", "key:con-dau_1", "client:"):
        assert keyring.accepts(url)
    for url in ("devca:person/019a", "devca:agency/019a"):
        assert keyring.accepts(url) is development
    never = (
        "", "key:", "key:../seal", "key:a b", "key:" + "a" * 64, "key:-x", "client:1", "seal",
        "devca:", "devca:root", "devca:person/", "devca:tsa/x", "file:/etc/passwd",
        "pkcs11:token=office;pin-value=1234", "KEY:seal",
    )  # fmt: skip
    for url in never:
        assert not keyring.accepts(url), url


def test_loading_opens_nothing(folder: Path) -> None:
    """An office starts while a token is in the drawer or a service is down."""
    for text in (PKCS12, PKCS11, CSC):
        Keyring.load(written(folder, text), None)


@pytest.mark.parametrize(
    ("text", "place", "why"),
    [
        (PKCS12.replace("pkcs12", "pem"), "key.seal.kind", "pkcs12, pkcs11, csc"),
        (PKCS12.replace('kind = "pkcs12"', ""), "key.seal.kind", "is missing"),
        (PKCS12 + "pin = '1234'", "key.seal.pin", "unknown"),
        (PKCS12 + "pin_file = 'seal.pin'", "key.seal.pin_file", "unknown"),
        (PKCS12.replace('file = "seal.p12"', ""), "key.seal.file", "is missing"),
        (PKCS12.replace("seal.p12", "none.p12"), "key.seal.file", "there is no file"),
        (PKCS12.replace('"seal.p12"', "7"), "key.seal.file", "must be a text"),
        (PKCS12.replace("key.seal", "key.'a b'"), "key.a b", "a name has"),
        ("key = 7", "", "only tables"),
        ("[keys.seal]", "", "only tables"),
        ("[key]\nseal = 'x'", "key.seal", "must be a table"),
        ("[key.seal", "", "table declaration"),
        (PKCS11.replace('label = "seal"', ""), "key.seal.label", "label or id"),
        (PKCS11.replace("module.so", "none.so"), "key.seal.module", "there is no file"),
        (PKCS11 + "id = '0g'", "key.seal.id", "hexadecimal"),
        (PKCS11 + "certificate = 'not-certificates.pem'", "key.seal.certificate", "PEM"),
        (CSC.replace("https", "http"), "key.seal.url", "must begin with https"),
        (CSC.replace("//sign", "//me:mypassword@sign"), "key.seal.url", "nothing more"),
        (CSC.replace("/csc/v1", "/csc/v1?key=mypassword"), "key.seal.url", "nothing more"),
        (CSC + "timeout_seconds = 0", "key.seal.timeout_seconds", "above 0"),
        (CSC + "timeout_seconds = true", "key.seal.timeout_seconds", "must be a number"),
        (CSC + "timeout_seconds = 61", "key.seal.timeout_seconds", "at most 60"),
    ],
)
def test_what_is_wrong_is_said_with_key_and_field(
    text: str, place: str, why: str, folder: Path
) -> None:
    said = fault(folder, text)
    assert str(folder / "keys.toml") in said
    assert place in said
    assert why in said
    for secret in ("1234", "mypassword", PASSPHRASE, "246810"):
        assert secret not in said


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o610])
@pytest.mark.parametrize(
    ("text", "name", "field"),
    [
        (PKCS12, "seal.p12", "file"),
        (PKCS12, "seal.passphrase", "passphrase_file"),
        (PKCS11, "seal.pin", "pin_file"),
        (CSC, "seal.pin", "pin_file"),
    ],
)
def test_a_secret_that_others_can_touch_is_refused(
    text: str, name: str, field: str, mode: int, folder: Path
) -> None:
    (folder / name).chmod(mode)
    said = fault(folder, text)
    assert f"key.seal.{field}" in said
    assert "chmod 600" in said


def test_a_file_of_names_that_others_can_write_is_refused(folder: Path) -> None:
    """Whoever writes it chooses a library that this process loads."""
    path = written(folder, PKCS11)
    for mode in (0o664, 0o646):
        path.chmod(mode)
        with pytest.raises(ValueError, match="others may write"):
            Keyring.load(path, None)
    path.unlink()
    with pytest.raises(ValueError, match=r"keys\.toml"):
        Keyring.load(path, None)


def test_a_passphrase_changed_to_something_unsafe_is_not_used(folder: Path) -> None:
    keyring = Keyring.load(written(folder, PKCS12), None)
    path = folder / "seal.passphrase"
    for spoil in (lambda: path.chmod(0o644), lambda: path.write_bytes(b""), path.unlink):
        path.chmod(0o600)
        spoil()
        with pytest.raises(KeyRefused, match="passphrase_file") as caught:
            keyring.open("key:seal")
        assert caught.value.code == "key_unusable"
        assert str(folder) not in str(caught.value)


def test_no_secret_is_told(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    keyring = Keyring.load(written(folder, PKCS12), None)
    key = keyring.open("key:seal")
    (folder / "seal.passphrase").write_text("khong-dung")
    with pytest.raises(KeyRefused) as caught:
        Keyring.load(folder / "keys.toml", None).open("key:seal")
    told = repr(keyring) + repr(vars(keyring)) + repr(key) + repr(caught.value) + caplog.text
    assert PASSPHRASE not in told
    assert "khong-dung" not in told


@pytest.fixture
def drawer(tmp_path: Path) -> Iterator[tokens.Drawer]:
    with tokens.drawer(tmp_path / "drawer") as made:
        yield made


def test_keys_of_one_token_are_opened_by_name(drawer: tokens.Drawer, folder: Path) -> None:
    pki = Pki()
    live = {"seal": pki.issue(Profile()), "chairman": pki.issue(Profile())}
    drawer.add("shelf", live, others=(pki.issuing.certificate,))
    text = PKCS11.replace("module.so", str(drawer.module)).replace("office", "shelf")
    second = text.replace("key.seal", "key.chairman").replace('label = "seal"', 'id = "02"')
    keyring = Keyring.load(written(folder, text + second), None)
    for name, expected in live.items():
        key = keyring.open(f"key:{name}")
        assert key.certificate == expected.certificate
        assert key.sign(b"data", "sha256")
