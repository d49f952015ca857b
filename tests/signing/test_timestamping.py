"""Time-stamps over the wire: what is believed, what is asked how often, and every refusal."""

from __future__ import annotations

import asyncio
import hashlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from shutil import which

import pytest
from asn1crypto import cms, core, tsp, x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509 import load_der_x509_certificate
from cryptography.x509.oid import ExtendedKeyUsageOID

from signing import timestamping
from signing.errors import TrustUnavailable
from signing.keys import LiveKey
from signing.timestamping import SERVICE, HttpTimeStamper
from signing.timestamps import token_time
from tests.signing import wire
from tests.signing.pki import TSA, Pki, now, rsa_key
from tests.signing.wire import TSP_ANSWER, Manner, Services, replying, stamping

DIGEST = hashlib.sha256(b"a signature value").digest()
# Long for an answer on the loopback interface, short for a test.
DEADLINE_SECONDS = 1.0


@pytest.fixture
def services() -> Iterator[Services]:
    with wire.serving() as running:
        yield running


@pytest.fixture
def stamper(services: Services) -> HttpTimeStamper:
    return HttpTimeStamper(services.tsa_url, timeout_seconds=DEADLINE_SECONDS)


def stamp(stamper: HttpTimeStamper, digest: bytes = DIGEST) -> cms.ContentInfo:
    return asyncio.run(stamper.async_timestamp(digest, "sha256"))


def signed_data(response: tsp.TimeStampResp) -> cms.SignedData:
    return response["time_stamp_token"]["content"]


def test_a_token_proves_the_time_of_exactly_what_was_asked(stamper: HttpTimeStamper) -> None:
    started = now()
    proven = token_time(stamp(stamper)["content"], lambda _: DIGEST)
    assert proven is not None
    assert started <= proven <= now()


@pytest.mark.parametrize("key", [None, rsa_key()], ids=["p256", "rsa2048"])
def test_the_authority_may_have_either_kind_of_key(
    services: Services, stamper: HttpTimeStamper, key: object
) -> None:
    authority = services.pki.issue(replace(TSA, key=key))
    services.manners["/tsa"] = stamping(authority)
    assert stamp(stamper)
    assert stamper.certificates == (authority.certificate, *authority.chain)


def test_a_token_granted_with_modifications_is_granted(
    services: Services, stamper: HttpTimeStamper
) -> None:
    def modify(response: tsp.TimeStampResp) -> None:
        response["status"]["status"] = "granted_with_mods"

    services.manners["/tsa"] = stamping(services.pki.tsa, answer=modify)
    assert token_time(stamp(stamper)["content"], lambda _: DIGEST)


def test_each_question_has_a_nonce_of_its_own(services: Services, stamper: HttpTimeStamper) -> None:
    nonces: list[int] = []
    note = stamping(services.pki.tsa, question=lambda asked: nonces.append(asked["nonce"].native))
    services.manners["/tsa"] = note
    for _ in range(5):
        stamp(stamper)
    assert len(set(nonces)) == 5
    assert max(nonces).bit_length() > 48


def test_one_call_each_on_one_connection(services: Services, stamper: HttpTimeStamper) -> None:
    for _ in range(5):
        stamp(stamper)
    assert (services.asked["/tsa"], services.connections) == (5, 1)


def test_what_the_last_token_told_is_not_asked_again(
    services: Services, stamper: HttpTimeStamper
) -> None:
    assert stamper.certificates == (services.pki.tsa.certificate, services.pki.issuing.certificate)
    assert services.asked["/tsa"] == 1
    room = asyncio.run(stamper.async_dummy_response("sha256"))
    token = stamp(stamper)
    assert len(room.dump()) == pytest.approx(len(token.dump()), abs=8)
    assert asyncio.run(stamper.async_dummy_response("sha256")).dump() == token.dump()
    assert services.asked["/tsa"] == 2


def test_a_new_certificate_of_the_authority_replaces_the_old_one(
    services: Services, stamper: HttpTimeStamper
) -> None:
    stamp(stamper)
    renewed = services.pki.issue(TSA)
    services.manners["/tsa"] = stamping(renewed)
    stamp(stamper)
    assert stamper.certificates[0] == renewed.certificate


def test_who_signs_the_next_token_is_asked_again_after_a_while(
    services: Services, stamper: HttpTimeStamper, monkeypatch: pytest.MonkeyPatch
) -> None:
    stamp(stamper)
    renewed = services.pki.issue(TSA)
    services.manners["/tsa"] = stamping(renewed)
    assert stamper.certificates[0] == services.pki.tsa.certificate
    monkeypatch.setattr(timestamping, "_TELLING_SECONDS", 0.0)
    assert stamper.certificates[0] == renewed.certificate


def test_threads_share_it(services: Services, stamper: HttpTimeStamper) -> None:
    digests = [hashlib.sha256(bytes([number])).digest() for number in range(32)]
    with ThreadPoolExecutor(8) as threads:
        tokens = list(threads.map(partial(stamp, stamper), digests))
    for digest, token in zip(digests, tokens, strict=True):
        assert token_time(token["content"], lambda _, digest=digest: digest)
    assert services.asked["/tsa"] == 32
    assert services.connections <= 8


_FORKED = """
import asyncio, os, sys
from signing.timestamping import HttpTimeStamper
stamper = HttpTimeStamper(sys.argv[1])
ask = lambda: asyncio.run(stamper.async_timestamp(bytes(32), "sha256"))
ask()
child = os.fork()
ask()
ask()
if child:
    assert os.waitpid(child, 0)[1] == 0
"""


def test_a_forked_process_opens_its_own_connection(services: Services) -> None:
    subprocess.run([sys.executable, "-c", _FORKED, services.tsa_url], check=True, timeout=60)
    assert (services.asked["/tsa"], services.connections) == (5, 2)


def test_a_closed_connection_is_opened_again(services: Services, stamper: HttpTimeStamper) -> None:
    stamp(stamper)
    services.manners["/tsa"] = wire.hanging_up
    with pytest.raises(TrustUnavailable):
        stamp(stamper)
    services.manners["/tsa"] = stamping(services.pki.tsa)
    assert stamp(stamper)


def another_nonce(asked: tsp.TimeStampReq) -> None:
    asked["nonce"] = asked["nonce"].native + 1


def another_imprint(asked: tsp.TimeStampReq) -> None:
    asked["message_imprint"]["hashed_message"] = bytes(32)


def no_nonce(asked: tsp.TimeStampReq) -> None:
    del asked["nonce"]


def another_time(response: tsp.TimeStampResp) -> None:
    holder = signed_data(response)["encap_content_info"]
    info = holder["content"].parsed.copy()
    info["gen_time"] = now().replace(year=2001)
    holder["content"] = core.ParsableOctetString(info.dump())


def another_signature(response: tsp.TimeStampResp) -> None:
    signer = signed_data(response)["signer_infos"][0]
    value = bytearray(signer["signature"].native)
    value[-1] ^= 1
    signer["signature"] = bytes(value)


def another_certificate(response: tsp.TimeStampResp) -> None:
    """Of the same issuer, serial number and key, and not the one the token names by digest."""
    holder = signed_data(response)
    forged = [x509.Certificate.load(item.chosen.dump()) for item in holder["certificates"]]
    for certificate in forged:
        certificate["signature_value"] = core.OctetBitString(bytes(70))
    holder["certificates"] = forged


def no_certificate(response: tsp.TimeStampResp) -> None:
    signed_data(response)["certificates"] = cms.CertificateSet([])


def weak_digest(response: tsp.TimeStampResp) -> None:
    signed_data(response)["signer_infos"][0]["digest_algorithm"] = {"algorithm": "sha1"}


def rejection(response: tsp.TimeStampResp) -> None:
    response["status"] = {"status": "rejection", "fail_info": {"time_not_available"}}


def other_authority(**changes: object) -> Callable[[Pki], Manner]:
    def manner(pki: Pki) -> Manner:
        return stamping(pki.issue(replace(TSA, **changes)))  # type: ignore[arg-type]

    return manner


def asking(question: Callable[[tsp.TimeStampReq], None]) -> Callable[[Pki], Manner]:
    return lambda pki: stamping(pki.tsa, question=question)


def answering(answer: Callable[[tsp.TimeStampResp], None]) -> Callable[[Pki], Manner]:
    return lambda pki: stamping(pki.tsa, answer=answer)


def plainly(manner: Manner) -> Callable[[Pki], Manner]:
    return lambda _: manner


# Each misbehaviour, and what the log says of it.
MISBEHAVIOURS: dict[str, tuple[Callable[[Pki], Manner], str]] = {
    "silent": (plainly(wire.silent), "timed out"),
    "slow headers": (plainly(wire.dripping_headers), "timed out"),
    "slow body": (plainly(wire.dripping_body), "timed out"),
    "hanging up": (plainly(wire.hanging_up), "answered with media type"),
    "status 500": (plainly(replying(TSP_ANSWER, b"", 500)), "status 500"),
    "status 401": (plainly(replying(TSP_ANSWER, b"", 401)), "status 401"),
    "a web page": (plainly(replying("text/html", b"<html>")), "media type text/html"),
    "garbage": (plainly(replying(TSP_ANSWER, b"\x30\x82garbage")), "ValueError"),
    "nothing": (plainly(replying(TSP_ANSWER, b"")), "ValueError"),
    "a huge answer": (plainly(replying(TSP_ANSWER, bytes(2 << 20))), "larger than 1048576"),
    "a refusal": (answering(rejection), "rejection ['time_not_available']"),
    "another nonce": (asking(another_nonce), "another nonce"),
    "no nonce": (asking(no_nonce), "another nonce"),
    "another imprint": (asking(another_imprint), "other data"),
    "another time": (answering(another_time), "changed after it was signed"),
    "another signature": (answering(another_signature), "signature is wrong"),
    "another certificate": (answering(another_certificate), "another certificate"),
    "no certificate": (answering(no_certificate), "CMSExtractionError"),
    "a weak digest": (answering(weak_digest), "weak digest"),
    "an expired certificate": (other_authority(valid=(-9, -1)), "not valid at the time"),
    "a future certificate": (other_authority(valid=(1, 9)), "not valid at the time"),
    "a purpose not critical": (
        other_authority(purposes_critical=False),
        "not for time-stamping alone",
    ),
    "no purpose": (other_authority(purposes=()), "not for time-stamping alone"),
    "a short key": (other_authority(key=rsa_key(1024)), "key is too short"),
    "a second purpose": (
        other_authority(
            purposes=(ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.CODE_SIGNING)
        ),
        "not for time-stamping alone",
    ),
}


@pytest.mark.parametrize("misbehaviour", MISBEHAVIOURS)
def test_a_misbehaving_service_is_unavailable_in_time_and_the_log_says_why(
    services: Services,
    stamper: HttpTimeStamper,
    caplog: pytest.LogCaptureFixture,
    misbehaviour: str,
) -> None:
    manner, why = MISBEHAVIOURS[misbehaviour]
    services.manners["/tsa"] = manner(services.pki)
    started = time.monotonic()
    with pytest.raises(TrustUnavailable) as fault:
        stamp(stamper)
    assert time.monotonic() - started < DEADLINE_SECONDS + 1
    assert fault.value.what == SERVICE
    (record,) = [item for item in caplog.records if item.name == "vanthu.signing"]
    assert services.host in record.getMessage()
    assert why in record.getMessage()
    assert DIGEST.hex() not in record.getMessage()
    # Nothing of it is kept: the next token is asked for, and believed when it is right.
    services.manners["/tsa"] = stamping(services.pki.tsa)
    assert token_time(stamp(stamper)["content"], lambda _: DIGEST)


def test_nobody_at_the_address_is_unavailable(caplog: pytest.LogCaptureFixture) -> None:
    with wire.nobody() as url, pytest.raises(TrustUnavailable):
        stamp(HttpTimeStamper(url))
    assert "refused" in caplog.text


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_it_is_not_sent_elsewhere(
    services: Services, stamper: HttpTimeStamper, status: int
) -> None:
    with wire.serving() as elsewhere:
        services.manners["/tsa"] = replying("", b"", status, {"Location": elsewhere.tsa_url})
        with pytest.raises(TrustUnavailable):
            stamp(stamper)
        assert not elsewhere.asked


_OPENSSL_CONF = """
[ tsa ]
default_tsa = it
[ it ]
serial = {folder}/serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
accuracy = secs:1
"""


def test_a_token_of_another_authority_program_is_believed(
    services: Services, stamper: HttpTimeStamper, tmp_path: Path
) -> None:
    if which("openssl") is None:
        pytest.skip("needs openssl (Debian package openssl)")
    services.manners["/tsa"] = openssl_stamping(services.pki.tsa, tmp_path)
    assert token_time(stamp(stamper)["content"], lambda _: DIGEST)


def openssl_stamping(key: LiveKey, folder: Path) -> Manner:
    certificates = folder / "chain.pem"
    paths = [folder / name for name in ("tsa.pem", "key.pem", "conf", "question", "answer")]
    signer, private, settings, question, answer = paths
    signer.write_bytes(pem(key.certificate))
    certificates.write_bytes(b"".join(map(pem, key.chain)))
    private.write_bytes(
        key.private_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    settings.write_text(_OPENSSL_CONF.format(folder=folder))
    (folder / "serial").write_text("01")

    def manner(handler: wire.Handler, body: bytes) -> None:
        question.write_bytes(body)
        who = ("-signer", signer, "-inkey", private, "-chain", certificates)
        what = ("-queryfile", question, "-out", answer)
        command = ["openssl", "ts", "-reply", "-config", settings, *who, *what]
        subprocess.run(command, check=True, capture_output=True)
        handler.reply(TSP_ANSWER, answer.read_bytes())

    return manner


def pem(der: bytes) -> bytes:
    return load_der_x509_certificate(der).public_bytes(serialization.Encoding.PEM)
