"""The office signs with keys that it knows by name, and says what a key said."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from cryptography.x509 import load_der_x509_certificate

from signing.devca import DevelopmentCA
from signing.keys import LiveKey
from tests.signing import pdfs, tokens
from workflow.refusals import KeyRefusal, SigningRefusal
from workflow.rules.errors import Unavailable
from workflow.sealing import Sealing
from workflow.settings import Settings

KEYS = """
[key.file]
kind = "pkcs12"
file = "seal.p12"
passphrase_file = "passphrase"

[key.token]
kind = "pkcs11"
module = "{module}"
token = "sealing"
label = "seal"
pin_file = "pin"
"""


@dataclass(frozen=True)
class Desk:
    """An office whose seal is in a file and on a token."""

    sealing: Sealing
    seal: LiveKey
    token: tokens.StrictToken
    folder: Path

    def sign(self, key_url: str, certificate_sha256: str | None = None) -> Path:
        target = self.folder / "signed.pdf"
        self.sealing.sign(
            pdfs.plain(self.folder / "plain.pdf"),
            target,
            key_url=key_url,
            certificate_sha256=certificate_sha256 or self.fingerprint(self.seal),
            field="agency",
            level="B-LT",
            fill={},
            locks=False,
            shows=None,
            moment=datetime.now(UTC),
        )
        return target

    def write_pin(self, pin: str) -> None:
        (self.folder / "pin").write_text(pin)

    @staticmethod
    def fingerprint(key: LiveKey) -> str:
        return hashlib.sha256(key.certificate).hexdigest()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    authority = DevelopmentCA(tmp_path / "data" / "pki")
    seal = authority.issue_agency("commune", "UBND xã Mẫu")
    content = serialize_key_and_certificates(
        b"seal",
        seal.private_key,
        load_der_x509_certificate(seal.certificate),
        [load_der_x509_certificate(der) for der in seal.chain],
        BestAvailableEncryption(b"hoa sen"),
    )
    with tokens.drawer(tmp_path / "drawer") as drawer:
        drawer.add("sealing", {"seal": seal}, others=seal.chain)
        strict = drawer.strict_module()
        files = {
            "seal.p12": content,
            "passphrase": b"hoa sen",
            "pin": tokens.PIN.encode(),
            "keys.toml": KEYS.format(module=strict.module).encode(),
        }
        for name, written in files.items():
            (tmp_path / name).touch(0o600)
            (tmp_path / name).write_bytes(written)
        settings = Settings(data_dir=tmp_path / "data", signing_keys=tmp_path / "keys.toml")
        with closing(Sealing.open(settings)) as sealing:
            yield Desk(sealing, seal, strict, tmp_path)


@pytest.mark.parametrize("key_url", ["key:file", "key:token", "devca:agency/commune"])
def test_a_key_signs_wherever_it_is(key_url: str, desk: Desk) -> None:
    report = desk.sealing.judge(desk.sign(key_url), datetime.now(UTC)).report
    assert report.verdict == "HOP_LE"
    assert report.signatures[-1].certificate_sha256 == desk.fingerprint(desk.seal)


def test_a_refused_pin_is_a_refusal_of_the_key(desk: Desk) -> None:
    desk.write_pin("1357")
    for _ in range(5):
        with pytest.raises(KeyRefusal, match="PIN") as refused:
            desk.sign("key:token")
        assert refused.value.code == "pin_refused"
        assert isinstance(refused.value, SigningRefusal)
        assert "1357" not in str(refused.value)
    assert desk.token.count("wrong") == 1
    assert not (desk.folder / "signed.pdf").exists()


def test_a_token_that_is_away_is_waited_for(desk: Desk) -> None:
    desk.sign("key:token").unlink()
    desk.token.tell("out")
    with pytest.raises(Unavailable, match="token") as away:
        desk.sign("key:token")
    assert away.value.retry_after_seconds == 30
    assert not (desk.folder / "signed.pdf").exists()
    desk.token.tell()
    assert desk.sign("key:token").exists()


@pytest.mark.parametrize("key_url", ["key:other", "client:", "devca:agency/other"])
def test_a_key_that_is_not_here_is_a_refusal_of_the_key(key_url: str, desk: Desk) -> None:
    with pytest.raises(KeyRefusal) as refused:
        desk.sign(key_url)
    assert refused.value.code == "key_unknown"


def test_the_key_of_another_certificate_is_not_used(desk: Desk) -> None:
    with pytest.raises(KeyRefusal) as refused:
        desk.sign("key:token", certificate_sha256="0" * 64)
    assert refused.value.code == "key_mismatch"
    assert desk.token.count("signatures") == 0


def test_an_office_does_not_open_with_keys_that_are_not_as_they_should_be(desk: Desk) -> None:
    settings = Settings(data_dir=desk.folder / "data", signing_keys=desk.folder / "keys.toml")
    (desk.folder / "pin").chmod(0o644)
    with pytest.raises(ValueError, match=r"key\.token\.pin_file"):
        Sealing.open(settings)
