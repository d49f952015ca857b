"""Signers nobody trusts: whatever their certificates say, the verdict is not the office's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from signing.keys import LiveKey
from signing.report import SignatureReport
from signing.trust import Trust
from signing.validation import validate
from tests.hostile.cases import Desk
from tests.hostile.cms_encodings import usual
from tests.hostile.envelopes import Envelope
from tests.hostile.paper import Paper
from tests.signing import pki
from tests.signing.pki import CA, Pki, Profile, issue, loaded

_NOWHERE = "http://status.invalid"


@pytest.fixture(scope="module")
def desk() -> Desk:
    return Desk()


def trusting(desk: Desk, *others: LiveKey) -> Trust:
    """The office's trust, with fresh status of every certificate of the office at hand."""
    keys = (desk.person, desk.agency, *others)
    ders = {der for key in keys for der in (key.certificate, *key.chain)}
    desk.house.status.evidence(sorted(ders), fetch=True)
    return desk.house.trust


def judged(desk: Desk, key: LiveKey, made: Envelope | None = None) -> SignatureReport:
    paper = Paper.page().end().sign(key, cms=made or Envelope(), room_bytes=8000)
    return validate(paper.contents, trust=trusting(desk))


def test_the_office_s_own_signer_is_trusted(desk: Desk) -> None:
    assert judged(desk, desk.person).verdict == "HOP_LE"


def same_names(desk: Desk) -> LiveKey:
    """Another authority whose certificates bear all the names of the trusted one."""
    return Pki().issue(Profile())


def same_serial(desk: Desk) -> LiveKey:
    """The very serial number and names of the person's certificate, signed by nobody we know."""
    person = loaded(desk.person)
    return forged_like(person, person.issuer, person.serial_number)


def self_signed(desk: Desk) -> LiveKey:
    return issue(Profile(status=()), None, _NOWHERE)


def issued_by_a_signer(desk: Desk) -> LiveKey:
    """Below the certificate of a person, which is no authority."""
    chain = (desk.person.certificate, *desk.person.chain)
    return issue(Profile(status=()), desk.person, _NOWHERE, chain)


def issued_by_a_twin_of_the_authority(desk: Desk) -> LiveKey:
    """The authority's names with another key, and the genuine certificate sent along."""
    twin = issue(replace(CA, name="CA cấp phát thử nghiệm", status=()), None, _NOWHERE)
    return issue(Profile(status=()), twin, _NOWHERE, desk.person.chain)


def forged_like(person: x509.Certificate, issuer: x509.Name, serial: int) -> LiveKey:
    key, by = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    builder = (
        x509.CertificateBuilder()
        .subject_name(person.subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(person.not_valid_before_utc)
        .not_valid_after(person.not_valid_after_utc)
    )
    for extension in person.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    certificate = builder.sign(by, pki.hashes.SHA256())
    return LiveKey(certificate.public_bytes(pki.DER), (), key)


STRANGERS: list[Callable[[Desk], LiveKey]] = [
    same_names,
    same_serial,
    self_signed,
    issued_by_a_signer,
    issued_by_a_twin_of_the_authority,
]


@pytest.mark.parametrize("stranger", STRANGERS, ids=lambda stranger: stranger.__name__)
def test_a_look_alike_is_not_trusted(desk: Desk, stranger: Callable[[Desk], LiveKey]) -> None:
    report = judged(desk, stranger(desk))
    assert report.integrity == "INTACT"
    assert report.verdict in ("KHONG_XAC_DINH", "KHONG_HOP_LE")
    assert not report.signatures[0].trusted


@pytest.mark.parametrize("stranger", STRANGERS, ids=lambda stranger: stranger.__name__)
def test_the_genuine_chain_sent_along_helps_nobody(
    desk: Desk, stranger: Callable[[Desk], LiveKey]
) -> None:
    carried = Envelope(
        certificates=lambda key: (key.certificate, desk.person.certificate, *desk.person.chain)
    )
    report = judged(desk, stranger(desk), carried)
    assert report.verdict in ("KHONG_XAC_DINH", "KHONG_HOP_LE")


def test_a_stranger_beside_a_trusted_signer_makes_the_document_undecided(desk: Desk) -> None:
    paper = desk.signed().sign(desk.stranger, "stranger")
    report = validate(paper.contents, trust=trusting(desk))
    assert report.integrity == "INTACT"
    assert report.verdict != "HOP_LE"


@pytest.mark.parametrize("algorithm", ["sha1", "md5"])
def test_a_weak_digest_is_never_valid(desk: Desk, algorithm: str) -> None:
    if algorithm == "md5":
        key = desk.house.pki.issue(Profile(key=pki.rsa_key()))
        trusting(desk, key)
    else:
        key = desk.person
    report = judged(desk, key, Envelope(algorithm=algorithm))
    assert report.verdict != "HOP_LE"


def test_a_certificate_that_no_attribute_names_is_not_pades(desk: Desk) -> None:
    report = judged(desk, desk.person, Envelope(lambda d, k: usual(d, k)[:2]))
    assert report.verdict != "HOP_LE" or report.signatures[0].level is None
