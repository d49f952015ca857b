"""Listed names that lead elsewhere: private addresses are refused, nothing is looked up twice."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from signing.errors import TrustUnavailable
from signing.peers import Peers, is_public, networks
from signing.revocation import HttpRevocation
from signing.wire import WireFault, ask
from tests.signing import wire
from tests.signing.pki import Pki, Profile, name, now
from tests.signing.wire import Services, good_manners, replying

NAME = "status.test"
LOOPBACK = networks(["127.0.0.1/32"])


class Names:
    """A resolver that gives one answer after the other, and the last one for ever."""

    def __init__(self, *answers: list[str]) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, host: str, _port: int) -> list[str]:
        self.asked.append(host)
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


@pytest.fixture
def services() -> Iterator[Services]:
    with wire.serving() as running:
        yield running


def asking(url: str, peers: Peers) -> bytes:
    return ask("GET", url, answer_max_bytes=100, timeout_seconds=1, peers=peers)


REFUSED = """0.0.0.0 10.1.2.3 100.64.0.1 127.0.0.1 127.8.8.8 169.254.169.254 172.16.0.1 192.0.2.1
192.168.1.1 198.18.0.1 224.0.0.1 240.0.0.1 255.255.255.255
:: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:8.8.8.8 64:ff9b::7f00:1 100::1 2001:db8::1
2001:0:7f00:1::1 2002:7f00:1::1 fc00::1 fd12::1 fe80::1 fe80::1%eth0 fec0::1 ff02::1"""


@pytest.mark.parametrize("address", REFUSED.split())
def test_what_is_not_one_machine_of_the_open_internet_is_refused(address: str) -> None:
    assert not is_public(ip_address(address))
    with pytest.raises(PermissionError, match="private"):
        Peers(resolve=Names([address])).of(NAME, 80)


@pytest.mark.parametrize("address", ["8.8.8.8", "123.30.1.1", "2001:4860:4860::8888", "2400::1"])
def test_public_addresses_are_allowed(address: str) -> None:
    assert Peers(resolve=Names([address])).of(NAME, 80) == [address]


def test_of_several_addresses_the_allowed_ones_remain() -> None:
    resolve = Names(["10.0.0.1", "8.8.8.8", "::ffff:10.20.0.1", "10.20.0.1", "8.8.8.8"])
    assert Peers(networks(["10.20.0.0/16"]), resolve).of(NAME, 80) == ["8.8.8.8", "10.20.0.1"]


@pytest.mark.parametrize("host", ["127.0.0.1", "10.0.0.1", "[::1]"])
def test_a_host_that_was_listed_by_its_address_is_not_looked_up(host: str) -> None:
    resolve = Names(["8.8.8.8"])
    assert Peers(resolve=resolve).of(host, 80) == [host.strip("[]")]
    assert not resolve.asked


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f.1", "0177.0.0.1", "localhost"])
def test_other_spellings_of_loopback_are_names(host: str) -> None:
    with pytest.raises(PermissionError, match="private"):
        Peers(resolve=Names(["127.0.0.1"])).of(host, 80)


def test_the_system_is_asked_unless_told_otherwise() -> None:
    assert Peers(LOOPBACK).of("localhost", 80) == ["127.0.0.1"]


def test_a_name_that_leads_to_a_private_address_is_not_connected_to(services: Services) -> None:
    with pytest.raises(WireFault, match="private"):
        asking(f"http://{NAME}:{services.port}/crl/root", Peers(resolve=Names(["127.0.0.1"])))
    assert services.connections == 0


def test_an_operator_may_allow_private_networks(services: Services) -> None:
    services.manners["/crl/root"] = replying("", b"here")
    peers = Peers(LOOPBACK, Names(["127.0.0.1"]))
    assert asking(f"http://{NAME}:{services.port}/crl/root", peers) == b"here"


def test_a_name_that_changes_after_the_check_is_not_followed(services: Services) -> None:
    """DNS rebinding: what was checked is what is connected to; a second look-up is checked too."""
    with wire.serving("127.0.0.2", services.port) as inside:
        for service, text in ((services, b"outside"), (inside, b"inside")):
            service.manners["/"] = replying("", text, headers={"Connection": "close"})
        resolve = Names(["127.0.0.1"], ["127.0.0.2"])
        peers = Peers(LOOPBACK, resolve)
        url = f"http://{NAME}:{services.port}/"
        assert asking(url, peers) == b"outside"
        assert resolve.asked == [NAME]
        with pytest.raises(WireFault, match="private"):
            asking(url, peers)
        assert inside.connections == 0


def test_an_allowed_address_beside_a_refused_one_is_the_one_connected_to(
    services: Services,
) -> None:
    with wire.serving("127.0.0.2", services.port) as inside:
        services.manners["/"] = replying("", b"outside")
        peers = Peers(LOOPBACK, Names(["127.0.0.2", "127.0.0.1"]))
        assert asking(f"http://{NAME}:{services.port}/", peers) == b"outside"
        assert inside.connections == 0


def test_the_next_address_is_tried_and_not_more_than_three(services: Services) -> None:
    services.manners["/"] = replying("", b"here")
    silent = [f"127.0.0.{n}" for n in range(3, 7)]  # nobody listens there
    url = f"http://{NAME}:{services.port}/"
    private = networks(["127.0.0.0/29"])
    assert asking(url, Peers(private, Names([*silent[:2], "127.0.0.1"]))) == b"here"
    with pytest.raises(WireFault, match="refused"):
        asking(url, Peers(private, Names([*silent[:3], "127.0.0.1"])))


def test_a_listed_name_needs_a_network_to_be_private(services: Services) -> None:
    """The whole source: what a certificate names, as the operator's settings have it."""
    pki = Pki(f"http://{NAME}:{services.port}")
    services.manners.update(good_manners(pki))
    signer = pki.issue(Profile())
    whole = (signer.certificate, *signer.chain)
    hosts, anchors = [f"{NAME}:{services.port}"], [pki.root.certificate]

    resolve = Names(["127.0.0.1"])
    closed = HttpRevocation(hosts, anchors, peers=Peers(resolve=resolve))
    with pytest.raises(TrustUnavailable):
        closed.evidence(whole, fetch=True)
    assert services.connections == 0
    opened = HttpRevocation(hosts, anchors, peers=Peers(LOOPBACK, resolve))
    assert opened.evidence(whole, fetch=True).ocsps
    assert services.asked == {"/ocsp": 1, "/crl/root": 1}


def test_an_unlisted_name_is_not_even_looked_up(services: Services) -> None:
    pki = Pki(f"http://{NAME}:{services.port}")
    signer = pki.issue(Profile())
    resolve = Names(["127.0.0.1"])
    source = HttpRevocation([services.host], [pki.root.certificate], peers=Peers(LOOPBACK, resolve))
    assert not source.evidence((signer.certificate, *signer.chain), fetch=True).ocsps
    assert (resolve.asked, services.connections) == ([], 0)


@pytest.fixture
def secured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Services]]:
    """Starts a service that speaks TLS as `status.test`, under an authority this process trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = name("Máy chủ thử nghiệm")
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now() - timedelta(days=1))
        .not_valid_after(now() + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    kept = tmp_path / "server.pem"
    kept.write_bytes(
        certificate.public_bytes(pem)
        + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(kept))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(kept)
    with ExitStack() as stack:

        def start() -> Services:
            services = Services()
            services.secure(context)
            services.start()
            stack.callback(services.close)
            services.manners["/"] = replying("", b"here")
            return services

        yield start


def test_tls_is_checked_against_the_name_and_not_the_address(
    secured: Callable[[], Services],
) -> None:
    services = secured()
    peers = Peers(LOOPBACK, Names(["127.0.0.1"]))
    assert asking(f"https://{NAME}:{services.port}/", peers) == b"here"
    with pytest.raises(WireFault, match="Hostname mismatch"):
        asking(f"https://another.test:{services.port}/", peers)
    assert services.asked == {"/": 1}
