"""Keys at a remote signing service."""

from __future__ import annotations

import base64
import json
import logging
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from signing import csc
from signing.activation import SecretFile
from signing.csc import Credential, CscKey
from signing.errors import KeyRefused, KeyUnavailable
from signing.keyring import Keyring
from tests.signing import openssl, remote

DATA = b"signed attributes"
PIN, OTP = "PIN-246810", "OTP-735519"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with remote.service(tmp_path_factory.mktemp("csc"), scal=2) as url:
        yield url


@pytest.fixture
def porter(service: str) -> Iterator[remote.Porter]:
    with remote.porter(service) as standing:
        yield standing


@pytest.fixture
def credential(porter: remote.Porter) -> Credential:
    return Credential("seal", porter.url, "office/p256", timeout_seconds=5)


def secret(folder: Path, field: str, text: str) -> SecretFile:
    path = folder / field
    path.touch(0o600)
    path.write_text(text)
    return SecretFile(path, "seal", field)


@pytest.fixture
def guarded(credential: Credential, porter: remote.Porter, tmp_path: Path) -> Credential:
    """A service that wants everything, and a credential that has everything."""
    porter.token, porter.pin, porter.otp = "the-vao-cua-8861", PIN, OTP
    return replace(
        credential,
        token=secret(tmp_path, "token_file", porter.token),
        pin=secret(tmp_path, "pin_file", PIN),
        otp=secret(tmp_path, "otp_file", OTP),
    )


def hurried(key: CscKey, seconds: float) -> CscKey:
    return replace(key, credential=replace(key.credential, timeout_seconds=seconds))


def refusal(work: Callable[[], object]) -> KeyRefused:
    with pytest.raises(KeyRefused) as caught:
        work()
    return caught.value


@pytest.mark.parametrize("scal", [1, 2])
def test_openssl_verifies_what_a_service_signs(scal: int, tmp_path: Path) -> None:
    with remote.service(tmp_path / "csc", scal=scal) as url:
        for name in ("rsa2048", "rsa3072", "p256"):
            key = csc.open_key(Credential("seal", url, f"office/{name}"))
            for digest in ("sha256", "sha384", "sha512"):
                value = key.sign(DATA, digest)
                assert openssl.verifies(tmp_path, key.certificate, DATA, value, digest)
                assert len(value) <= key.signature_bytes
            assert key.algorithm == ("ecdsa" if name == "p256" else "rsa")
            assert len(key.chain) == 1  # the issuing authority, without the root


def test_a_signature_is_authorised_for_its_very_digest(
    credential: Credential, porter: remote.Porter
) -> None:
    csc.open_key(credential).sign(DATA, "sha256")
    said = dict(porter.asked)
    assert said["authorize"]["hash"] == said["signHash"]["hash"]
    assert said["authorize"]["numSignatures"] == len(said["authorize"]["hash"]) == 1
    assert "PIN" not in said["authorize"]
    assert "OTP" not in said["authorize"]


def test_a_batch_takes_as_few_activations_as_the_service_allows(
    credential: Credential, porter: remote.Porter, tmp_path: Path
) -> None:
    key = csc.open_key(credential)
    items = [b"%d" % n for n in range(12)]
    values = key.sign_batch(items, "sha256")
    for item, value in zip(items, values, strict=True):
        assert openssl.verifies(tmp_path, key.certificate, item, value)
    assert key.most_at_once == 10
    assert porter.count()["authorize"] == 2
    asked = [len(said["hash"]) for question, said in porter.asked if question == "signHash"]
    assert asked == [10, 2]
    assert key.sign_batch([], "sha256") == []


def test_everything_that_opens_the_key_is_read_when_it_is_used(
    guarded: Credential, porter: remote.Porter, tmp_path: Path
) -> None:
    key = csc.open_key(guarded)
    key.sign(DATA, "sha256")
    porter.otp = "OTP-2"
    secret(tmp_path, "otp_file", "OTP-2")
    key.sign(DATA, "sha256")
    assert porter.turned_away == 0


@pytest.mark.parametrize("field", ["token_file", "pin_file", "otp_file"])
def test_a_refused_activation_is_not_tried_again_until_a_file_changes(
    field: str, guarded: Credential, porter: remote.Porter, tmp_path: Path
) -> None:
    key = csc.open_key(guarded)
    right = (tmp_path / field).read_text()
    secret(tmp_path, field, "wrong")
    for _ in range(5):
        assert refusal(lambda: key.sign(DATA, "sha256")).code == "activation_refused"
    assert refusal(lambda: csc.open_key(guarded)).code == "activation_refused"
    assert porter.turned_away == 1
    secret(tmp_path, field, right)
    key.sign(DATA, "sha256")


@pytest.mark.parametrize("change", [
    lambda said: said["signatures"].__setitem__(0, base64.b64encode(bytes(256)).decode()),
    lambda said: said["signatures"].__setitem__(0, ""),
])  # fmt: skip
def test_a_wrong_value_is_not_given_back(
    change: Callable[[dict[str, Any]], object], credential: Credential, porter: remote.Porter
) -> None:
    key = csc.open_key(credential)
    porter.manners["signHash"] = remote.changing(change)
    assert refusal(lambda: key.sign(DATA, "sha256")).code == "key_mismatch"


def test_values_of_a_batch_in_another_order_are_found_out(
    credential: Credential, porter: remote.Porter
) -> None:
    key = csc.open_key(credential)
    porter.manners["signHash"] = remote.changing(lambda said: said["signatures"].reverse())
    assert refusal(lambda: key.sign_batch([b"1", b"2"], "sha256")).code == "key_mismatch"


def test_too_few_values_are_none(credential: Credential, porter: remote.Porter) -> None:
    key = csc.open_key(credential)
    porter.manners["signHash"] = remote.changing(lambda said: said["signatures"].pop())
    with pytest.raises(KeyUnavailable):
        key.sign_batch([b"1", b"2"], "sha256")


NONSENSE: dict[str, remote.Manner] = {
    "silent": remote.silent,
    "dripping": remote.dripping,
    "failing": remote.replying(500, b"{}"),
    "busy": remote.replying(503, b"{}"),
    "too many": remote.replying(429, b"{}"),
    "redirecting": remote.redirecting,
    "a page": remote.replying(200, b"<html>", "text/html"),
    "no JSON": remote.replying(200, b"{"),
    "a list": remote.replying(200, b"[]"),
    "nothing": remote.replying(200, b"{}"),
    "large": remote.changing(lambda said: said.update(padding="0" * 300_000)),
}


@pytest.mark.parametrize("question", ["info", "authorize", "signHash"])
@pytest.mark.parametrize("manner", NONSENSE)
def test_an_answer_that_is_none_makes_the_key_unavailable(
    manner: str, question: str, credential: Credential, porter: remote.Porter
) -> None:
    key = hurried(csc.open_key(credential), 0.3)
    porter.manners[question] = NONSENSE[manner]
    start = time.monotonic()
    with pytest.raises(KeyUnavailable, match="seal"):
        csc.open_key(key.credential) if question == "info" else key.sign(DATA, "sha256")
    assert time.monotonic() - start < 5
    # Nothing was refused: when the service is itself again, so is the key.
    porter.manners.clear()
    assert replace(key, credential=credential).sign(DATA, "sha256")


def test_questions_share_the_time_of_one_operation(
    credential: Credential, porter: remote.Porter
) -> None:
    key = hurried(csc.open_key(credential), 0.4)

    def late(handler: remote.Handler, body: bytes) -> None:
        porter.closing.wait(0.3)
        remote.forwarding(handler, body)

    porter.manners = {"authorize": late, "signHash": late}
    with pytest.raises(KeyUnavailable):
        key.sign(DATA, "sha256")


def test_a_service_that_is_away_makes_the_key_unavailable(credential: Credential) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/csc/v1"
        with pytest.raises(KeyUnavailable):
            csc.open_key(replace(credential, url=url))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda said: said["key"].update(status="disabled"),
        lambda said: said["cert"].update(status="revoked"),
        lambda said: said["key"].update(algo=["1.2.840.113549.1.1.11"]),
    ],
)
def test_a_key_that_the_service_does_not_let_sign_is_unusable(
    spoil: Callable[[dict[str, Any]], object], credential: Credential, porter: remote.Porter
) -> None:
    porter.manners["info"] = remote.changing(spoil)
    assert refusal(lambda: csc.open_key(credential).sign(DATA, "sha256")).code == "key_unusable"


def test_a_key_that_the_service_does_not_have_is_unusable(credential: Credential) -> None:
    unknown = replace(credential, credential_id="office/nobody")
    assert refusal(lambda: csc.open_key(unknown)).code == "key_unusable"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda said: said["cert"].update(certificates=[]),
        lambda said: said["cert"].update(certificates=["AAAA"]),
        lambda said: said["cert"].update(certificates=["%"]),
        lambda said: said["cert"].update(certificates=7),
        lambda said: said.update(cert="x"),
        lambda said: said["key"].update(algo=None),
        lambda said: said.update(multisign="many"),
    ],
)
def test_a_description_that_cannot_be_understood_makes_the_key_unavailable(
    spoil: Callable[[dict[str, Any]], object], credential: Credential, porter: remote.Porter
) -> None:
    porter.manners["info"] = remote.changing(spoil)
    with pytest.raises(KeyUnavailable):
        csc.open_key(credential)


def test_threads_share_connections(credential: Credential, porter: remote.Porter) -> None:
    key = csc.open_key(credential)
    for _ in range(5):
        key.sign(DATA, "sha256")
    assert porter.connections == 1
    with ThreadPoolExecutor(8) as threads:
        values = threads.map(lambda n: key.sign(b"%d" % n, "sha256"), range(40))
        assert len(list(values)) == 40  # each was verified before it was given back


FORKS = """
import os, sys
from signing import csc

key = csc.open_key(csc.Credential("seal", sys.argv[1], "office/p256"))
key.sign(b"parent", "sha256")
child = os.fork()
for n in range(20):
    key.sign(b"%d %d" % (child, n), "sha256")
if not child:
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
"""


def test_a_child_does_not_speak_on_its_parents_connection(porter: remote.Porter) -> None:
    command = [sys.executable, "-c", FORKS, porter.url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert porter.connections == 2


def test_a_name_opens_it(porter: remote.Porter, guarded: Credential, tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    path.write_text(
        f'[key.seal]\nkind = "csc"\nurl = "{porter.url}/"\ncredential = "office/p256"\n'
        'token_file = "token_file"\npin_file = "pin_file"\notp_file = "otp_file"\n'
    )
    path.chmod(0o600)
    key = Keyring.load(path, None).open("key:seal")
    assert isinstance(key, CscKey)
    assert key.credential.timeout_seconds == 10
    assert key.sign(DATA, "sha256")


def test_no_secret_is_told(
    guarded: Credential,
    porter: remote.Porter,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    key = csc.open_key(guarded)
    key.sign(DATA, "sha256")
    told = [repr(key), repr(guarded)]
    secret(tmp_path, "otp_file", "sai-735")
    fault: BaseException | None = refusal(lambda: key.sign(DATA, "sha256"))
    while fault is not None:
        told += [str(fault), repr(fault)]
        fault = fault.__cause__
    everything = "".join(told) + caplog.text
    assert porter.token is not None
    for text in (porter.token, PIN, OTP, "sai-735"):
        assert json.dumps(text)[1:-1] not in everything
