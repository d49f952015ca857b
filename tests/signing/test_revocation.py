"""The status of our own certificates over the wire: who is asked, what is believed, how long."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from shutil import which

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.x509 import load_der_x509_certificate, ocsp

from signing import revocation
from signing.chain import SIGNING, ChainVerdict, judge
from signing.errors import TrustUnavailable
from signing.keys import LiveKey
from signing.peers import Peers, networks
from signing.revocation import MAX_AGE, MOST_ASKED, SERVICE, HttpRevocation, Inquiry
from signing.status import CRL_MAX_BYTES
from signing.trust import Evidence, Trust
from tests.signing import wire
from tests.signing.pki import OCSP, Pki, Profile, loaded, now
from tests.signing.wire import OCSP_ANSWER, Manner, Services, good_manners, replying

DEADLINE_SECONDS = 2.0
CRL_ANSWER = "application/pkix-crl"


@dataclass
class Clock:
    """The age of answers is told by this; whether they are stale, by the real clock."""

    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def services() -> Iterator[Services]:
    with wire.serving() as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def source(services: Services, clock: Clock) -> HttpRevocation:
    return HttpRevocation(
        [services.host],
        [services.pki.root.certificate],
        timeout_seconds=DEADLINE_SECONDS,
        now=clock,
    )


@pytest.fixture
def signer(services: Services) -> LiveKey:
    return services.pki.issue(Profile())


def whole(key: LiveKey) -> tuple[bytes, ...]:
    return key.certificate, *key.chain


def verdict(key: LiveKey, evidence: Evidence, pki: Pki) -> ChainVerdict:
    """What our own validation makes of the evidence."""
    moment = datetime.now(UTC)
    trust = Trust((pki.root.certificate,))
    return judge(key.certificate, key.chain, SIGNING, trust=trust, evidence=evidence, moment=moment)


def said(caplog: pytest.LogCaptureFixture) -> str:
    return "\n".join(item.getMessage() for item in caplog.records if "signing" in item.name)


def test_ocsp_for_the_signer_and_a_list_for_its_issuer_make_the_chain_trusted(
    services: Services, source: HttpRevocation, signer: LiveKey
) -> None:
    evidence = source.evidence(whole(signer), fetch=True)
    assert (len(evidence.ocsps), len(evidence.crls)) == (1, 1)
    assert verdict(signer, evidence, services.pki).trusted
    assert services.asked == {"/ocsp": 1, "/crl/root": 1}


def test_the_issuing_ca_may_answer_itself(
    services: Services, source: HttpRevocation, signer: LiveKey
) -> None:
    services.manners["/ocsp"] = answering(signer=services.pki.issuing)(services.pki)
    evidence = source.evidence(whole(signer), fetch=True)
    assert verdict(signer, evidence, services.pki).trusted


def test_an_issuing_ca_that_is_an_anchor_too_answers_by_ocsp(
    services: Services, signer: LiveKey
) -> None:
    pki = services.pki
    source = HttpRevocation([services.host], [pki.issuing.certificate, pki.root.certificate])
    assert source.evidence((signer.certificate,), fetch=True).ocsps


@pytest.mark.parametrize("status", ["ocsp", "crl"])
def test_revoked_is_an_answer_and_is_told(
    services: Services, source: HttpRevocation, status: str
) -> None:
    signer = services.pki.issue(Profile(status=(status,)))
    services.pki.revoke(signer)
    evidence = source.evidence(whole(signer), fetch=True)
    assert verdict(signer, evidence, services.pki).sub_indication == "REVOKED_NO_POE"


def test_a_revoked_issuing_ca_is_told(
    services: Services, source: HttpRevocation, signer: LiveKey
) -> None:
    services.pki.revoke(services.pki.issuing)
    evidence = source.evidence(whole(signer), fetch=True)
    assert verdict(signer, evidence, services.pki).sub_indication == "REVOKED_CA_NO_POE"


def test_validation_asks_nothing_and_is_told_what_is_known(
    services: Services, source: HttpRevocation, signer: LiveKey
) -> None:
    assert source.evidence(whole(signer), fetch=False) == Evidence()
    assert not services.asked
    told = source.evidence(whole(signer), fetch=True)
    services.asked.clear()
    assert source.evidence(whole(signer), fetch=False) == told
    assert not services.asked


def test_an_answer_counts_for_ten_minutes(
    services: Services, source: HttpRevocation, signer: LiveKey, clock: Clock
) -> None:
    assert timedelta(minutes=10) == MAX_AGE
    source.evidence(whole(signer), fetch=True)
    clock.at += MAX_AGE - timedelta(seconds=1)
    source.evidence(whole(signer), fetch=True)
    assert services.asked["/ocsp"] == 1
    clock.at += timedelta(seconds=2)
    source.evidence(whole(signer), fetch=True)
    assert services.asked["/ocsp"] == 2


def test_an_answer_does_not_count_beyond_its_own_next_update(
    services: Services, source: HttpRevocation, signer: LiveKey, clock: Clock
) -> None:
    def short(handler: wire.Handler, body: bytes) -> None:
        handler.reply(OCSP_ANSWER, services.pki.ocsp_answer(body, life=timedelta(minutes=1)))

    services.manners["/ocsp"] = short
    source.evidence(whole(signer), fetch=True)
    clock.at += timedelta(minutes=2)
    source.evidence(whole(signer), fetch=True)
    assert services.asked["/ocsp"] == 2


def test_an_old_answer_is_no_substitute_for_a_service_that_is_away(
    services: Services, source: HttpRevocation, signer: LiveKey, clock: Clock
) -> None:
    told = source.evidence(whole(signer), fetch=True)
    services.manners["/ocsp"] = replying("text/html", b"", 503)
    clock.at += MAX_AGE
    with pytest.raises(TrustUnavailable):
        source.evidence(whole(signer), fetch=True)
    # A validator judges for itself how old is too old.
    assert source.evidence(whole(signer), fetch=False).ocsps == told.ocsps


def test_one_list_is_fetched_once_for_many_certificates(
    services: Services, source: HttpRevocation
) -> None:
    signers = [services.pki.issue(Profile(status=("crl",))) for _ in range(3)]
    told = [source.evidence((*whole(one),), fetch=True) for one in signers]
    assert services.asked == {"/crl/issuing": 1, "/crl/root": 1}
    for signer, evidence in zip(signers, told, strict=True):
        assert verdict(signer, evidence, services.pki).trusted
    together = [one.certificate for one in signers]
    assert len(source.evidence(together, fetch=False).crls) == 1


def test_only_so_many_answers_are_kept(
    services: Services, source: HttpRevocation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revocation, "_MOST_KEPT", 3)
    signers = [services.pki.issue(Profile()) for _ in range(4)]
    for signer in signers:
        source.evidence(whole(signer), fetch=True)
    known = [bool(source.evidence((one.certificate,), fetch=False).ocsps) for one in signers]
    # The issuing CA's list is one of the three.
    assert known == [False, False, True, True]


def test_threads_share_it(services: Services, source: HttpRevocation) -> None:
    signers = [services.pki.issue(Profile()) for _ in range(4)]
    with ThreadPoolExecutor(8) as threads:
        told = list(
            threads.map(partial(source.evidence, fetch=True), [whole(one) for one in signers * 4])
        )
    for signer, evidence in zip(signers * 4, told, strict=True):
        assert verdict(signer, evidence, services.pki).trusted


@pytest.mark.parametrize(
    ("listed", "address", "asked"),
    [
        ("{host}", "http://{host}", True),
        ("LOCALHOST:{port}", "http://localhost:{port}", True),
        ("localhost:{port}", "http://LOCALHOST:{port}", True),
        ("127.0.0.1", "http://{host}", False),  # for the default port only
        ("127.0.0.1:1", "http://{host}", False),
        ("localhost:{port}", "http://{host}", False),
        ("ost:{port}", "http://localhost:{port}", False),
        ("{host}", "http://name:word@{host}", False),
        ("{host}", "http://{host}@127.0.0.1", False),
        ("listed.invalid", "http://{host}\\@listed.invalid", False),
        ("listed.invalid", "http://{host}#@listed.invalid", False),
        ("{host}", "ftp://{host}", False),
        ("{host}", "ldap://{host}", False),
        ("{host}", "file:///etc/passwd", False),
        ("{host}", "http://[", False),
        ("{host}", "//{host}", False),
        ("{host}", "", False),
    ],
)
def test_only_listed_hosts_are_asked(
    services: Services, listed: str, address: str, asked: bool
) -> None:
    port = services.host.partition(":")[2]
    pki = Pki(address.format(host=services.host, port=port))
    services.manners.update(good_manners(pki))
    source = HttpRevocation(
        [listed.format(host=services.host, port=port)],
        [pki.root.certificate],
        peers=Peers(networks(["127.0.0.0/8"])),
    )
    signer = pki.issue(Profile())
    evidence = source.evidence((signer.certificate, *signer.chain), fetch=True)
    assert bool(evidence.ocsps) == bool(services.asked) == asked


def test_a_listed_host_on_its_default_port_may_be_asked() -> None:
    """Nobody listens there, or something else does; what matters is that it is tried."""
    pki = Pki("http://127.0.0.1")
    source = HttpRevocation(["127.0.0.1"], [pki.root.certificate], timeout_seconds=0.2)
    with pytest.raises(TrustUnavailable):
        source.evidence((pki.issue(Profile()).certificate, pki.issuing.certificate), fetch=True)


def test_nobody_is_asked_about_certificates_of_a_stranger(
    services: Services, source: HttpRevocation
) -> None:
    stranger = Pki(services.url)  # the same names, other keys
    signer = stranger.issue(Profile())
    everything = (*whole(signer), stranger.root.certificate)
    assert source.evidence(everything, fetch=True) == Evidence()
    assert not services.asked


@pytest.mark.parametrize("valid", [(-9, -1), (1, 9)])
def test_nobody_is_asked_about_certificates_that_are_not_valid_anyway(
    services: Services, source: HttpRevocation, valid: tuple[float, float]
) -> None:
    signer = services.pki.issue(Profile(valid=valid))
    assert not source.evidence(whole(signer), fetch=True).ocsps
    assert "/ocsp" not in services.asked


def test_the_anchor_and_certificates_without_address_need_no_answer(
    services: Services, source: HttpRevocation
) -> None:
    silent = services.pki.issue(Profile(status=()))
    told = source.evidence((silent.certificate, services.pki.root.certificate), fetch=True)
    assert told == Evidence()
    assert not services.asked


def answering(**changes: object) -> Callable[[Pki], Manner]:
    def manner(pki: Pki) -> Manner:
        return lambda handler, body: handler.reply(
            OCSP_ANSWER,
            pki.ocsp_answer(body, **changes),  # type: ignore[arg-type]
        )

    return manner


def answering_as(profile: Profile, *, by_stranger: bool = False) -> Callable[[Pki], Manner]:
    def manner(pki: Pki) -> Manner:
        signer = (Pki(pki.services) if by_stranger else pki).issue(profile)
        return answering(signer=signer)(pki)

    return manner


def unsuccessful(status: ocsp.OCSPResponseStatus) -> Callable[[Pki], Manner]:
    answer = ocsp.OCSPResponseBuilder.build_unsuccessful(status)
    return plainly(replying(OCSP_ANSWER, answer.public_bytes(serialization.Encoding.DER)))


def plainly(manner: Manner) -> Callable[[Pki], Manner]:
    return lambda _: manner


def day(ago: int) -> datetime:
    return now() - timedelta(days=ago)


# Each misbehaviour of the responder, and what the log says of it.
MISBEHAVIOURS: dict[str, tuple[Callable[[Pki], Manner], str]] = {
    "silent": (plainly(wire.silent), "timed out"),
    "slow headers": (plainly(wire.dripping_headers), "timed out"),
    "status 500": (plainly(replying(OCSP_ANSWER, b"", 500)), "status 500"),
    "a web page": (plainly(replying("text/html", b"<html>")), "media type text/html"),
    "garbage": (plainly(replying(OCSP_ANSWER, b"garbage")), "no OCSP"),
    "a huge answer": (plainly(replying(OCSP_ANSWER, bytes(1 << 20))), "larger than 65536"),
    "unauthorized": (unsuccessful(ocsp.OCSPResponseStatus.UNAUTHORIZED), "UNAUTHORIZED"),
    "try later": (unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER), "TRY_LATER"),
    "unknown": (answering(status=ocsp.OCSPCertStatus.UNKNOWN), "certificate is unknown"),
    "stale": (answering(this_update=day(9)), "not recent enough"),
    "from the future": (answering(this_update=day(-1)), "too recent"),
    "another certificate": (answering(serial=1), "another certificate"),
    "signed by the signer's like": (answering_as(Profile()), "neither the issuer nor"),
    "signed by a stranger": (answering_as(OCSP, by_stranger=True), "neither the issuer nor"),
    "an expired responder": (answering_as(replace(OCSP, valid=(-9, -1))), "responder is expired"),
    "a responder of unknown status": (
        answering_as(replace(OCSP, no_check=False)),
        "of unknown status",
    ),
}


@pytest.mark.parametrize("misbehaviour", MISBEHAVIOURS)
def test_a_misbehaving_responder_is_unavailable_in_time_and_the_log_says_why(
    services: Services,
    source: HttpRevocation,
    signer: LiveKey,
    caplog: pytest.LogCaptureFixture,
    misbehaviour: str,
) -> None:
    manner, why = MISBEHAVIOURS[misbehaviour]
    services.manners["/ocsp"] = manner(services.pki)
    started = time.monotonic()
    with pytest.raises(TrustUnavailable) as fault:
        source.evidence(whole(signer), fetch=True)
    assert time.monotonic() - started < DEADLINE_SECONDS + 1
    assert fault.value.what == SERVICE
    assert why in said(caplog)
    assert f"{loaded(signer).serial_number:x}" in said(caplog)
    # Nothing of it is kept.
    assert source.evidence((signer.certificate,), fetch=False) == Evidence()


@pytest.mark.parametrize("misbehaviour", MISBEHAVIOURS)
def test_a_list_serves_where_the_responder_does_not(
    services: Services, source: HttpRevocation, misbehaviour: str
) -> None:
    manner, _ = MISBEHAVIOURS[misbehaviour]
    services.manners["/ocsp"] = manner(services.pki)
    signer = services.pki.issue(Profile(status=("ocsp", "crl")))
    evidence = source.evidence(whole(signer), fetch=True)
    assert (len(evidence.ocsps), len(evidence.crls)) == (0, 2)
    assert verdict(signer, evidence, services.pki).trusted


def crl_of(issuer: str, **changes: object) -> Callable[[Pki], Manner]:
    return lambda pki: replying(CRL_ANSWER, pki.crl(getattr(pki, issuer), **changes))  # type: ignore[arg-type]


BAD_LISTS: dict[str, tuple[Callable[[Pki], Manner], str]] = {
    "silent": (plainly(wire.silent), "timed out"),
    "garbage": (plainly(replying(CRL_ANSWER, b"garbage")), "no CRL"),
    "gone": (plainly(replying(CRL_ANSWER, b"", 404)), "status 404"),
    "of another issuer": (crl_of("root"), "cannot be used"),
    "signed by a stranger": (
        plainly(replying(CRL_ANSWER, Pki().crl(Pki().issuing))),
        "the issuer did not sign it",
    ),
    "stale": (crl_of("issuing", life=timedelta(hours=1)), "not recent enough"),
    "too large": (
        plainly(replying(CRL_ANSWER, bytes(CRL_MAX_BYTES + 1))),
        f"larger than {CRL_MAX_BYTES} bytes",
    ),
}


@pytest.mark.parametrize("fault", BAD_LISTS)
def test_a_list_that_cannot_be_used_is_unavailable_and_the_log_says_why(
    services: Services, source: HttpRevocation, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    manner, why = BAD_LISTS[fault]
    services.manners["/crl/issuing"] = manner(services.pki)
    signer = services.pki.issue(Profile(status=("crl",)))
    with pytest.raises(TrustUnavailable):
        source.evidence(whole(signer), fetch=True)
    assert why in said(caplog)


def test_a_list_of_many_thousand_entries_is_still_taken(
    services: Services, source: HttpRevocation
) -> None:
    large = services.pki.crl(services.pki.issuing, extra=5_000)
    assert 100_000 < len(large) < CRL_MAX_BYTES
    services.manners["/crl/issuing"] = replying(CRL_ANSWER, large)
    signer = services.pki.issue(Profile(status=("crl",)))
    assert large in source.evidence(whole(signer), fetch=True).crls


def test_the_time_is_for_all_questions_together(services: Services) -> None:
    services.manners["/ocsp"] = services.manners["/crl/issuing"] = wire.silent
    signer = services.pki.issue(Profile(status=("ocsp", "crl")))
    source = HttpRevocation([services.host], [services.pki.issuing.certificate], timeout_seconds=1)
    started = time.monotonic()
    with pytest.raises(TrustUnavailable):
        source.evidence((signer.certificate,), fetch=True)
    assert time.monotonic() - started < 1.5
    assert services.asked == {"/ocsp": 1, "/crl/issuing": 1}


def test_it_is_not_sent_elsewhere(
    services: Services, source: HttpRevocation, signer: LiveKey
) -> None:
    with wire.serving() as elsewhere:
        elsewhere.manners.update(good_manners(services.pki))
        for path in ("/ocsp", "/crl/root"):
            away = {"Location": f"{elsewhere.url}{path}"}
            services.manners[path] = replying("", b"", 302, away)
        with pytest.raises(TrustUnavailable):
            source.evidence(whole(signer), fetch=True)
        assert not elsewhere.asked


def test_the_responder_program_of_another_project_is_understood(
    services: Services, source: HttpRevocation, signer: LiveKey, tmp_path: Path
) -> None:
    if which("openssl") is None:
        pytest.skip("needs openssl (Debian package openssl)")
    services.manners["/ocsp"] = openssl_answering(services.pki, signer, tmp_path)
    evidence = source.evidence(whole(signer), fetch=True)
    assert verdict(signer, evidence, services.pki).trusted


def openssl_answering(pki: Pki, known: LiveKey, folder: Path) -> Manner:
    def pem(name: str, content: bytes) -> Path:
        path = folder / name
        path.write_bytes(content)
        return path

    def certificate(name: str, key: LiveKey) -> Path:
        loaded = load_der_x509_certificate(key.certificate)
        return pem(name, loaded.public_bytes(serialization.Encoding.PEM))

    issuer, responder = certificate("ca.pem", pki.issuing), certificate("ocsp.pem", pki.ocsp)
    private = pem(
        "key.pem",
        pki.ocsp.private_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )
    # Its data base: status, end of validity, serial number, subject (openssl-ca(1)).
    row = f"V\t491231235959Z\t\t{loaded(known).serial_number:X}\tunknown\t/CN=x\n"
    index, question, answer = folder / "index", folder / "question", folder / "answer"
    index.write_text(row)

    def manner(handler: wire.Handler, body: bytes) -> None:
        question.write_bytes(body)
        who = ("-index", index, "-CA", issuer, "-rsigner", responder, "-rkey", private)
        what = ("-reqin", question, "-respout", answer, "-ndays", "1")
        subprocess.run(["openssl", "ocsp", *who, *what], check=True, capture_output=True)
        handler.reply(OCSP_ANSWER, answer.read_bytes())

    return manner


def test_nothing_is_told_twice(services: Services, source: HttpRevocation, signer: LiveKey) -> None:
    evidence = source.evidence((*whole(signer), *whole(signer)), fetch=True)
    assert (len(evidence.ocsps), len(evidence.crls)) == (1, 1)


def test_no_more_are_asked_about_at_once_than_a_document_needs(
    services: Services, source: HttpRevocation
) -> None:
    signers = [services.pki.issue(Profile()).certificate for _ in range(MOST_ASKED + 5)]
    told = source.evidence([services.pki.issuing.certificate, *signers], fetch=True)
    assert (len(told.ocsps), len(told.crls)) == (MOST_ASKED - 1, 1)
    assert sum(services.asked.values()) == MOST_ASKED


def test_a_service_that_is_away_does_not_keep_others_from_being_asked(
    services: Services, source: HttpRevocation
) -> None:
    listed, asked = (services.pki.issue(Profile(status=(kind,))) for kind in ("crl", "ocsp"))
    services.manners["/crl/issuing"] = replying(CRL_ANSWER, b"", 503)
    everything = (listed.certificate, *whole(asked))
    with pytest.raises(TrustUnavailable):
        source.evidence(everything, fetch=True)
    assert source.evidence(everything, fetch=False).ocsps


def test_an_inquiry_asks_when_it_is_asked_what_is_known(
    services: Services, source: HttpRevocation, signer: LiveKey
) -> None:
    inquiry = Inquiry(source)
    evidence = inquiry.evidence(whole(signer), fetch=False)
    assert verdict(signer, evidence, services.pki).trusted
    assert inquiry.away is None
    assert services.asked == {"/ocsp": 1, "/crl/root": 1}
    another = services.pki.issue(Profile())
    assert not inquiry.evidence((another.certificate,), fetch=False).ocsps  # nor is it asked
    assert services.asked == {"/ocsp": 1, "/crl/root": 1}


def test_an_inquiry_tells_who_was_away_and_does_not_ask_again(
    services: Services, source: HttpRevocation, signer: LiveKey
) -> None:
    services.manners["/ocsp"] = replying("text/html", b"", 503)
    inquiry = Inquiry(source)
    for _ in range(2):
        evidence = inquiry.evidence(whole(signer), fetch=False)
        assert (len(evidence.ocsps), len(evidence.crls)) == (0, 1)
    assert inquiry.away is not None
    assert inquiry.away.what == SERVICE
    assert services.asked == {"/ocsp": 1, "/crl/root": 1}
