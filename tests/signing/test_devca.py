"""The development CA: one set of keys per folder, whatever happens while it is made."""

from __future__ import annotations

import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from signing.devca import DevelopmentCA
from signing.errors import UnknownKey
from signing.keyring import Keyring
from signing.keys import LiveKey
from signing.trust import DEVELOPMENT_MARKER


def test_first_start_of_an_office_of_twelve_is_quick(tmp_path: Path) -> None:
    start = time.perf_counter()
    ca = DevelopmentCA(tmp_path)
    for number in range(12):
        ca.issue_person(f"person-{number}", f"Nguyễn Văn {number}", "UBND xã Tân Hòa")
    ca.issue_agency("commune", "UBND xã Tân Hòa")
    assert time.perf_counter() - start < 3


def test_issuing_again_and_starting_again_give_the_same_keys(tmp_path: Path) -> None:
    first = DevelopmentCA(tmp_path)
    person = first.issue_person("a", "Nguyễn Văn A", "UBND xã")
    assert first.issue_person("a", "Nguyễn Văn A", "UBND xã") is person

    second = DevelopmentCA(tmp_path)
    assert second.root.certificate == first.root.certificate
    assert second.issue_person("a", "Nguyễn Văn A", "UBND xã").certificate == person.certificate


def test_files_are_for_the_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "pki"
    ca = DevelopmentCA(folder)
    ca.revoke(fingerprint(ca.issue_person("a", "A", "Xã")))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_every_subject_carries_the_marker(tmp_path: Path) -> None:
    ca = DevelopmentCA(tmp_path)
    ca.issue_person("a", "A", "Xã")
    ca.issue_agency("b", "Xã")
    for path in tmp_path.glob("*.pem"):
        certificate = x509.load_pem_x509_certificates(path.read_bytes())[0]
        (unit,) = certificate.subject.get_attributes_for_oid(x509.NameOID.ORGANIZATIONAL_UNIT_NAME)
        assert unit.value == DEVELOPMENT_MARKER


def test_keys_open_by_their_address(tmp_path: Path) -> None:
    ca = DevelopmentCA(tmp_path)
    person, agency = ca.issue_person("a", "A", "Xã"), ca.issue_agency("a", "Xã")
    keyring = Keyring.load(None, ca)
    assert keyring.open("devca:person/a") is person
    assert keyring.open("devca:agency/a") is agency

    for url in ("devca:person/b", "devca:root", "devca:person/../root", "file:a", "", "devca:"):
        with pytest.raises(UnknownKey):
            keyring.open(url)
    with pytest.raises(UnknownKey):
        Keyring.load(None, None).open("devca:person/a")


def test_a_live_key_signs_within_the_size_it_states(tmp_path: Path) -> None:
    key = DevelopmentCA(tmp_path).issue_person("a", "A", "Xã")
    public = x509.load_der_x509_certificate(key.certificate).public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    for digest, algorithm in (("sha256", hashes.SHA256()), ("sha512", hashes.SHA512())):
        for number in range(20):
            data = str(number).encode()
            value = key.sign(data, digest)
            public.verify(value, data, ec.ECDSA(algorithm))
            assert len(value) <= key.signature_bytes
    assert key.algorithm == "ecdsa"


@pytest.mark.parametrize("identity", ["", "../root", "a/b", "a b", "x" * 81])
def test_an_identity_must_be_a_plain_word(tmp_path: Path, identity: str) -> None:
    with pytest.raises(ValueError, match="not an identity"):
        DevelopmentCA(tmp_path).issue_person(identity, "A", "Xã")


def test_only_issued_certificates_can_be_revoked_and_once(tmp_path: Path) -> None:
    ca = DevelopmentCA(tmp_path)
    with pytest.raises(KeyError):
        ca.revoke("00" * 32)
    key = ca.issue_person("a", "A", "Xã")
    ca.revoke(fingerprint(key))
    first = ca.revocations()
    ca.revoke(fingerprint(key))
    assert len(first) == 1
    assert DevelopmentCA(tmp_path).revocations() == first


_ISSUE = """
import sys
from pathlib import Path
from signing.devca import DevelopmentCA
print("ready", flush=True)
sys.stdin.readline()
ca = DevelopmentCA(Path(sys.argv[1]))
for number in range(int(sys.argv[2])):
    key = ca.issue_person(str(number), "A", "B")
    print(key.certificate.hex(), flush=True)
"""


def issuing(folder: Path, count: int) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", _ISSUE, folder, str(count)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def begin(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def test_two_processes_that_start_at_once_share_one_authority(tmp_path: Path) -> None:
    processes = [issuing(tmp_path, 20) for _ in range(2)]
    for process in processes:
        begin(process)
    printed = [process.communicate()[0] for process in processes]
    assert printed[0] == printed[1]
    assert printed[0].count("\n") == 20


@pytest.mark.parametrize("lines", [0, 1, 5])
def test_a_kill_while_keys_are_made_leaves_a_usable_folder(tmp_path: Path, lines: int) -> None:
    process = issuing(tmp_path, 1000)
    begin(process)
    assert process.stdout is not None
    printed = [process.stdout.readline().strip() for _ in range(lines)]
    process.kill()
    process.communicate()
    assert process.returncode == -9

    ca = DevelopmentCA(tmp_path)
    for number, certificate in enumerate(printed):
        assert ca.issue_person(str(number), "A", "B").certificate.hex() == certificate
    for path in tmp_path.glob("person=*.pem"):
        assert ca.key(f"person/{path.stem.removeprefix('person=')}") is not None
    assert ca.issue_person("new", "A", "B").chain == (ca.issuing.certificate,)


def test_an_unfinished_draft_is_replaced(tmp_path: Path) -> None:
    (tmp_path / ".draft").write_bytes(b"half a key")
    assert DevelopmentCA(tmp_path).issue_person("a", "A", "B")


def fingerprint(key: LiveKey) -> str:
    return x509.load_der_x509_certificate(key.certificate).fingerprint(hashes.SHA256()).hex()
