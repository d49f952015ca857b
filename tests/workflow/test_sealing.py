"""What the settings name is what the seal asks: time-stamps, and the status of its certificates."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from asn1crypto import x509

from signing.devca import DevelopmentCA
from signing.errors import TrustUnavailable
from signing.reading import Limits
from tests.signing import pdfs, wire
from tests.signing.pki import Pki, Profile
from tests.signing.wire import Services
from workflow.sealing import Sealing
from workflow.settings import Settings


@pytest.fixture
def services() -> Iterator[Services]:
    with wire.serving() as running:
        yield running


def opened(folder: Path, services: Services, **settings: str) -> Sealing:
    """A development office that trusts the PKI behind the services too."""
    anchors = folder / "anchors"
    anchors.mkdir()
    (anchors / "root.der").write_bytes(services.pki.root.certificate)
    return Sealing.open(Settings(data_dir=folder, trust_anchors=anchors, **settings))  # type: ignore[arg-type]


def test_a_file_that_grew_past_what_may_be_uploaded_is_still_judged(tmp_path: Path) -> None:
    with closing(Sealing.open(Settings(data_dir=tmp_path))) as sealing:
        ca = DevelopmentCA(tmp_path / "pki")
        path = pdfs.plain(tmp_path / "scan.pdf", padding_bytes=Limits().max_bytes)
        pdfs.signed_elsewhere(path, ca.issue_agency("commune", "UBND xã Tân Hòa"), "agency")
        report = sealing.judge(path, datetime.now(UTC)).report
        assert (report.integrity, report.verdict) == ("INTACT", "HOP_LE")


def stamp(sealing: Sealing) -> None:
    assert sealing.trust.timestamper is not None
    asyncio.run(sealing.trust.timestamper.async_timestamp(bytes(32), "sha256"))


def test_the_named_authority_stamps_time_in_development_too(
    tmp_path: Path, services: Services
) -> None:
    stamp(opened(tmp_path, services, tsa_url=services.tsa_url))
    assert services.asked == {"/tsa": 1}


def test_without_a_name_development_stamps_itself(tmp_path: Path, services: Services) -> None:
    stamp(opened(tmp_path, services))
    assert not services.asked


@pytest.mark.parametrize("listed", [True, False])
def test_listed_hosts_are_asked_about_our_certificates_and_no_others(
    tmp_path: Path, services: Services, listed: bool
) -> None:
    hosts = services.host if listed else "elsewhere.invalid"
    sealing = opened(tmp_path, services, revocation_hosts=hosts)
    signer = services.pki.issue(Profile())
    ours = [x509.Certificate.load(der) for der in (signer.certificate, *signer.chain)]
    sealing.trust.evidence(ours, fetch=False)
    assert not services.asked
    evidence = sealing.trust.evidence(ours, fetch=True)
    assert bool(services.asked) == bool(evidence.ocsps) == listed


@pytest.mark.parametrize("networks", ["", "127.0.0.0/8"])
def test_a_listed_name_is_private_where_the_settings_say_so(
    tmp_path: Path, services: Services, networks: str
) -> None:
    pki = Pki(f"http://localhost:{services.port}")
    services.manners.update(wire.good_manners(pki))
    anchors = tmp_path / "root.der"
    anchors.write_bytes(pki.root.certificate)
    sealing = Sealing.open(
        Settings(
            data_dir=tmp_path,
            trust_anchors=anchors,
            revocation_hosts=f"localhost:{services.port}",
            revocation_networks=networks,
        )
    )
    ours = [x509.Certificate.load(pki.issue(Profile()).certificate)]
    ours.append(x509.Certificate.load(pki.issuing.certificate))
    if networks:
        assert sealing.trust.evidence(ours, fetch=True).ocsps
    else:
        with pytest.raises(TrustUnavailable):
            sealing.trust.evidence(ours, fetch=True)
    assert bool(services.connections) == bool(networks)


def test_the_services_of_development_answer_beside_those_listed(
    tmp_path: Path, services: Services
) -> None:
    sealing = opened(tmp_path, services, revocation_hosts=services.host)
    own = sealing.development.person(uuid.uuid4(), "Nguyễn Văn Ước", "UBND xã Tân Hòa").certificate
    assert sealing.trust.evidence([x509.Certificate.load(own)], fetch=True).ocsps
    assert not services.asked
