"""Keys on tokens: SoftHSM for the cryptography, a strict library in front of it for the manners."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from signing import pkcs11
from signing.activation import SecretFile
from signing.cryptoki import Token
from signing.errors import KeyRefused, KeyUnavailable
from signing.keys import LiveKey
from signing.token import open_token
from tests.signing import openssl, tokens
from tests.signing.pki import Pki, Profile, rsa_key

DATA = b"signed attributes"
WRONG = "864297"


@pytest.fixture(scope="module")
def pki() -> Pki:
    return Pki()


@pytest.fixture(scope="module")
def keys(pki: Pki) -> dict[str, LiveKey]:
    made = {
        "rsa2048": Profile(key=rsa_key(2048)),
        "rsa3072": Profile(key=rsa_key(3072)),
        "p256": Profile(key=ec.generate_private_key(ec.SECP256R1())),
        "p384": Profile(key=ec.generate_private_key(ec.SECP384R1())),
        "careful": Profile(),
    }
    return {name: pki.issue(profile) for name, profile in made.items()}


@pytest.fixture(scope="module")
def drawer(
    pki: Pki, keys: dict[str, LiveKey], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tokens.Drawer]:
    with tokens.drawer(tmp_path_factory.mktemp("drawer")) as made:
        authorities = (pki.root.certificate, pki.issuing.certificate, b"no certificate")
        made.add("office", keys, others=authorities, each_time=("careful",))
        yield made


@pytest.fixture(scope="module")
def built(drawer: tokens.Drawer) -> tokens.StrictToken:
    return drawer.strict_module()


@pytest.fixture
def strict(built: tokens.StrictToken) -> tokens.StrictToken:
    """The strict library as if it had just been plugged in, right PIN last."""
    for path in built.state.iterdir():
        path.unlink()
    built.tell("out")
    with pytest.raises(KeyUnavailable):
        open_token(built.module, tokens.PIN, "office", label="p256").sign(DATA, "sha256")
    built.tell()
    return built


@pytest.fixture
def pin_file(tmp_path: Path) -> Path:
    return write(tmp_path / "pin", tokens.PIN)


def write(path: Path, text: str) -> Path:
    path.touch(0o600)
    path.write_text(text + "\n")
    return path


def token_of(module: Path, pin_file: Path, label: str = "office") -> Token:
    return Token(module, label, SecretFile(pin_file, "seal", "pin_file"), "seal")


def refusal(work: Callable[[], object]) -> KeyRefused:
    with pytest.raises(KeyRefused) as caught:
        work()
    return caught.value


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
@pytest.mark.parametrize("name", ["rsa2048", "rsa3072", "p256", "p384"])
def test_openssl_verifies_what_a_token_signs(
    name: str, digest: str, drawer: tokens.Drawer, pki: Pki, keys: dict[str, LiveKey],
    pin_file: Path, tmp_path: Path,
) -> None:  # fmt: skip
    key = pkcs11.open_key(token_of(drawer.module, pin_file), label=name)
    value = key.sign(DATA, digest)
    assert openssl.verifies(tmp_path, keys[name].certificate, DATA, value, digest)
    assert not openssl.verifies(tmp_path, keys[name].certificate, DATA + b".", value, digest)
    assert key.certificate == keys[name].certificate
    assert key.chain == (pki.issuing.certificate,)
    assert key.algorithm == keys[name].algorithm
    assert len(value) <= key.signature_bytes == keys[name].signature_bytes


def test_a_key_is_found_by_its_id_and_its_certificate_may_be_elsewhere(
    drawer: tokens.Drawer, pki: Pki, keys: dict[str, LiveKey], pin_file: Path
) -> None:
    token = token_of(drawer.module, pin_file)
    by_id = pkcs11.open_key(token, key_id=b"\x03")
    assert by_id.certificate == keys["p256"].certificate
    given = (keys["p256"].certificate, pki.issuing.certificate, pki.root.certificate)
    elsewhere = pkcs11.open_key(token, key_id=b"\x03", certificates=given)
    assert elsewhere.chain == (pki.issuing.certificate,)
    assert elsewhere.sign(DATA, "sha256")
    for label, key_id in (("nothing", None), (None, b"\x99"), (None, None)):
        unfound = refusal(lambda: pkcs11.open_key(token, label=label, key_id=key_id))  # noqa: B023
        assert unfound.code == "key_unusable"


def test_a_value_of_another_key_is_not_given_back(
    drawer: tokens.Drawer, keys: dict[str, LiveKey], pin_file: Path
) -> None:
    others = (keys["p384"].certificate,)
    key = pkcs11.open_key(token_of(drawer.module, pin_file), label="p256", certificates=others)
    assert refusal(lambda: key.sign(DATA, "sha256")).code == "key_mismatch"


@pytest.mark.parametrize("name", ["rsa2048", "p256"])
def test_a_token_that_signs_wrongly_is_found_out(
    name: str, strict: tokens.StrictToken, pin_file: Path
) -> None:
    key = pkcs11.open_key(token_of(strict.module, pin_file), label=name)
    strict.tell("crooked")
    assert refusal(lambda: key.sign(DATA, "sha256")).code == "key_mismatch"
    strict.tell()
    key.sign(DATA, "sha256")


def test_a_token_that_makes_digests_itself_is_given_the_data(
    keys: dict[str, LiveKey], pin_file: Path, tmp_path: Path
) -> None:
    with tokens.drawer(tmp_path / "drawer") as drawer:
        drawer.add("digesting", {"rsa2048": keys["rsa2048"]})
        drawer.configure(slots_mechanisms="CKM_SHA256_RSA_PKCS,CKM_RSA_PKCS_KEY_PAIR_GEN")
        key = pkcs11.open_key(token_of(drawer.module, pin_file, "digesting"), label="rsa2048")
        key.sign(DATA, "sha256")
        # What it does not offer at all is no reason to wait.
        assert refusal(lambda: key.sign(DATA, "sha512")).code == "key_unusable"


def test_a_key_that_wants_its_pin_each_time_gets_it(
    strict: tokens.StrictToken, pin_file: Path
) -> None:
    key = pkcs11.open_key(token_of(strict.module, pin_file), label="careful")
    key.sign(DATA, "sha256")
    key.sign(DATA, "sha256")
    assert strict.count("logins") == 1 + 2
    write(pin_file, WRONG)
    for _ in range(10):
        assert refusal(lambda: key.sign(DATA, "sha256")).code == "pin_refused"
    assert strict.count("wrong") == 1


def test_one_session_serves_threads_and_keys(strict: tokens.StrictToken, pin_file: Path) -> None:
    token = token_of(strict.module, pin_file)
    with ThreadPoolExecutor(8) as threads:
        opened = threads.map(lambda name: pkcs11.open_key(token, label=name), ["rsa2048", "p256"])
        both = list(opened)
        values = threads.map(lambda n: both[n % 2].sign(b"%d" % n, "sha256"), range(200))
        assert len(list(values)) == 200  # each was verified before it was given back
    assert strict.count("logins") == 1
    assert strict.count("signatures") == 200


FORKS = """
import os, sys, threading
from pathlib import Path
from signing import pkcs11
from signing.activation import SecretFile
from signing.cryptoki import Token

module, pin_file = map(Path, sys.argv[1:])
token = Token(module, "office", SecretFile(pin_file, "seal", "pin_file"), "seal")
key = pkcs11.open_key(token, label="rsa2048")
key.sign(b"parent", "sha256")
done = threading.Event()
def keep_signing():
    while not done.is_set():
        key.sign(b"parent", "sha256")
threads = [threading.Thread(target=keep_signing) for _ in range(4)]
for thread in threads:
    thread.start()
for _ in range(5):
    child = os.fork()
    if not child:
        key.sign(b"child", "sha256")
        grandchild = os.fork()
        if not grandchild:
            key.sign(b"grandchild", "sha256")
            os._exit(0)
        os._exit(os.waitstatus_to_exitcode(os.waitpid(grandchild, 0)[1]))
    assert os.waitpid(child, 0)[1] == 0
done.set()
for thread in threads:
    thread.join()
key.sign(b"parent", "sha256")
"""


@pytest.mark.parametrize("notices", ["true", "false"])
def test_a_child_logs_in_for_itself_and_leaves_the_parents_session_alone(
    notices: str, drawer: tokens.Drawer, strict: tokens.StrictToken, pin_file: Path
) -> None:
    drawer.configure(library_reset_on_fork=notices)
    try:
        command = [sys.executable, "-W", "ignore", "-c", FORKS, str(strict.module), str(pin_file)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
    finally:
        drawer.configure()
    assert strict.count("logins") == 1 + 5 + 5


def test_a_refused_pin_is_tried_once_until_its_file_changes(
    strict: tokens.StrictToken, pin_file: Path
) -> None:
    write(pin_file, WRONG)
    token = token_of(strict.module, pin_file)
    for _ in range(10):
        assert refusal(lambda: pkcs11.open_key(token, label="p256")).code == "pin_refused"
    again = token_of(strict.module, pin_file)
    assert refusal(lambda: pkcs11.open_key(again, label="rsa2048")).code == "pin_refused"
    assert (strict.count("logins"), strict.count("wrong")) == (1, 1)

    write(pin_file, tokens.PIN)
    pkcs11.open_key(token, label="p256").sign(DATA, "sha256")
    assert strict.count("wrong") == 0


def test_the_last_try_is_left_to_a_person(strict: tokens.StrictToken, pin_file: Path) -> None:
    write(pin_file, WRONG)
    token = token_of(strict.module, pin_file)
    for tries in (1, 2, 2, 2):
        # Another process, or this one after the operator wrote the wrong PIN once more.
        os.utime(pin_file, ns=(time.time_ns(), pin_file.stat().st_mtime_ns + 1))
        assert refusal(lambda: pkcs11.open_key(token, label="p256")).code == "pin_refused"
        assert strict.count("wrong") == tries
    write(pin_file, tokens.PIN)
    assert "một lần" in str(refusal(lambda: pkcs11.open_key(token, label="p256")))
    assert strict.count("logins") == 2

    open_token(strict.module, tokens.PIN, "office", label="p256").sign(DATA, "sha256")
    pkcs11.open_key(token, label="p256").sign(DATA, "sha256")


@pytest.mark.parametrize("coy", [False, True])
def test_a_locked_token_is_called_locked(
    coy: bool, strict: tokens.StrictToken, pin_file: Path
) -> None:
    strict.remember_wrong(3)
    if coy:
        strict.tell("coy")
    token = token_of(strict.module, pin_file)
    for _ in range(5):
        assert refusal(lambda: pkcs11.open_key(token, label="p256")).code == "pin_locked"
    assert strict.count("logins") == (1 if coy else 0)


def test_a_token_pulled_out_is_missed_and_welcome_back(
    strict: tokens.StrictToken, pin_file: Path
) -> None:
    key = pkcs11.open_key(token_of(strict.module, pin_file), label="rsa2048")
    key.sign(DATA, "sha256")
    strict.tell("out")
    for _ in range(3):
        with pytest.raises(KeyUnavailable, match="seal"):
            key.sign(DATA, "sha256")
    strict.tell()
    key.sign(DATA, "sha256")
    assert strict.count("signatures") == 2


def test_a_token_that_was_away_between_two_signatures_is_not_missed(
    drawer: tokens.Drawer, pin_file: Path, tmp_path: Path
) -> None:
    key = pkcs11.open_key(token_of(drawer.module, pin_file), label="p256")
    key.sign(DATA, "sha256")
    away = tmp_path / "away"
    drawer.tokens.rename(away)
    with pytest.raises(KeyUnavailable):
        key.sign(DATA, "sha256")
    away.rename(drawer.tokens)
    key.sign(DATA, "sha256")


def test_a_module_that_is_none_makes_the_key_unavailable(tmp_path: Path, pin_file: Path) -> None:
    module = tmp_path / "module.so"
    module.write_bytes(b"no library")
    with pytest.raises(KeyUnavailable):
        pkcs11.open_key(token_of(module, pin_file), label="p256")


def test_of_two_tokens_with_one_label_neither_is_used(
    keys: dict[str, LiveKey], pin_file: Path, tmp_path: Path
) -> None:
    with tokens.drawer(tmp_path / "drawer") as drawer:
        drawer.add("twin", {"p256": keys["p256"]})
        drawer.add("twin", {"p256": keys["p256"]})
        token = token_of(drawer.module, pin_file, "twin")
        assert refusal(lambda: pkcs11.open_key(token, label="p256")).code == "key_unusable"
        only = replace(token, label=None)
        assert refusal(lambda: pkcs11.open_key(only, label="p256")).code == "key_unusable"


def test_the_pin_is_never_told(
    strict: tokens.StrictToken, pin_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    token = token_of(strict.module, pin_file)
    key = pkcs11.open_key(token, label="careful")
    key.sign(DATA, "sha256")
    told = [repr(key), repr(token), repr(token.pin), repr(token.pin.read())]
    write(pin_file, WRONG)
    fault: BaseException | None = refusal(lambda: key.sign(DATA, "sha256"))
    while fault is not None:
        told += [str(fault), repr(fault), repr(getattr(fault, "__notes__", ()))]
        fault = fault.__cause__
    everything = "".join(told) + caplog.text
    assert tokens.PIN not in everything
    assert WRONG not in everything


def test_a_pin_that_others_can_read_is_not_used(strict: tokens.StrictToken, pin_file: Path) -> None:
    token = token_of(strict.module, pin_file)
    for spoil in (lambda: pin_file.chmod(0o640), lambda: pin_file.unlink()):
        spoil()
        refused = refusal(lambda: pkcs11.open_key(token, label="p256"))
        assert refused.code == "key_unusable"
        assert "pin_file" in str(refused)
        assert str(pin_file) not in str(refused)
    assert strict.count("logins") == 0
