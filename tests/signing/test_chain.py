"""Chains by key, answers by key: what a stranger may put into a file, and what it gets him."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from asn1crypto import cms
from asn1crypto import x509 as asn1_x509
from asn1crypto.keys import PublicKeyInfo
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from signing.algorithms import described, strongly_digested
from signing.chain import SIGNING, TIME_STAMPING, Chains, ChainVerdict, judge
from signing.keys import LiveKey
from signing.trust import Evidence, Trust
from tests.signing.pki import (
    CA,
    DER,
    OCSP,
    Pki,
    Profile,
    issue,
    key_usage,
    loaded,
    now,
    rsa_key,
    signed_with_sha1,
)

NOWHERE = "http://status.invalid"
HOUR = timedelta(hours=1)


@pytest.fixture
def pki() -> Pki:
    return Pki()


def asked(key: LiveKey, issuer: LiveKey) -> bytes:
    builder = ocsp.OCSPRequestBuilder()
    request = builder.add_certificate(loaded(key), loaded(issuer), hashes.SHA256()).build()
    return request.public_bytes(DER)


def told(pki: Pki, key: LiveKey, **how: object) -> Evidence:
    """An OCSP answer about the signer, and the root's list for its issuer."""
    answer = pki.ocsp_answer(asked(key, pki.issuing), **how)  # type: ignore[arg-type]
    return Evidence((answer,), (pki.crl(pki.root),))


def verdict(
    pki: Pki,
    key: LiveKey,
    evidence: Evidence,
    at: datetime | None = None,
    others: Sequence[bytes] = (),
) -> ChainVerdict:
    return judge(
        key.certificate,
        (*key.chain, *others),
        SIGNING,
        trust=Trust((pki.root.certificate,)),
        evidence=evidence,
        moment=at or now(),
    )


def listed(issuer: LiveKey, *extensions: tuple[x509.ExtensionType, bool]) -> bytes:
    """An empty list with these extensions."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(loaded(issuer).subject)
        .last_update(now() - HOUR)
        .next_update(now() + HOUR)
    )
    for value, critical in extensions:
        builder = builder.add_extension(value, critical)
    return builder.sign(issuer.private_key, hashes.SHA256()).public_bytes(DER)


def point(**says: object) -> x509.IssuingDistributionPoint:
    whole: dict[str, object] = {
        "full_name": None,
        "relative_name": None,
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_some_reasons": None,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    }
    return x509.IssuingDistributionPoint(**(whole | says))  # type: ignore[arg-type]


def with_key(key: LiveKey, other: ec.EllipticCurvePrivateKey) -> LiveKey:
    """The same certificate, name, number and signature bytes, with another key in it."""
    certificate = asn1_x509.Certificate.load(key.certificate)
    public = other.public_key().public_bytes(DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    certificate["tbs_certificate"]["subject_public_key_info"] = PublicKeyInfo.load(public)
    return LiveKey(certificate.dump(force=True), (), other)


def test_a_copy_of_the_authority_with_another_key_answers_for_nobody(pki: Pki) -> None:
    signer = pki.issue(Profile())
    forged = with_key(pki.issuing, ec.generate_private_key(ec.SECP256R1()))
    assert verdict(pki, signer, told(pki, signer)).trusted
    assert verdict(pki, signer, told(pki, signer, signer=forged)).sub_indication == "TRY_LATER"
    forged_root = with_key(pki.root, ec.generate_private_key(ec.SECP256R1()))
    lists = Evidence(told(pki, signer).ocsps, (pki.crl(forged_root),))
    assert verdict(pki, signer, lists).sub_indication == "TRY_LATER"


def test_a_responder_answers_for_its_own_authority_only(pki: Pki) -> None:
    signer, stranger = pki.issue(Profile()), Pki()
    other = pki.issue(replace(CA, name="CA khác", status=("crl",)), by=pki.root)
    for responder in (
        pki.issue(replace(OCSP, purposes=())),  # not said to be one
        pki.issue(replace(OCSP, purposes=(ExtendedKeyUsageOID.CLIENT_AUTH,))),
        pki.issue(OCSP, by=other),  # of another authority of the same root
        stranger.ocsp,
        signer,
    ):
        evidence = told(pki, signer, signer=responder)
        assert verdict(pki, signer, evidence).sub_indication == "TRY_LATER"


def test_an_answer_about_the_same_number_of_another_authority_is_no_answer(pki: Pki) -> None:
    signer = pki.issue(Profile())
    other = pki.issue(replace(CA, name="CA khác", status=("crl",)), by=pki.root)
    about = ocsp.load_der_ocsp_request(asked(other, pki.root))
    serial = loaded(signer).serial_number
    elsewhere = pki.ocsp_answer(about.public_bytes(DER), serial=serial)
    evidence = Evidence((elsewhere,), (pki.crl(pki.root),))
    assert verdict(pki, signer, evidence).sub_indication == "TRY_LATER"


def test_a_responder_is_believed_only_within_its_validity(pki: Pki) -> None:
    signer = pki.issue(Profile())
    short = pki.issue(replace(OCSP, valid=(-1, 0.02)))  # for half an hour more
    evidence = told(pki, signer, signer=short, life=timedelta(days=9))
    assert verdict(pki, signer, evidence).trusted
    assert verdict(pki, signer, evidence, now() + HOUR).sub_indication == "TRY_LATER"


def test_a_responder_that_may_be_revoked_is_asked_about_too(pki: Pki) -> None:
    signer, responder = pki.issue(Profile()), pki.issue(replace(OCSP, no_check=False))
    alone = told(pki, signer, signer=responder)
    assert verdict(pki, signer, alone).sub_indication == "TRY_LATER"
    vouched = alone + Evidence(crls=(pki.crl(pki.issuing),))
    # The list speaks of the signer too, so only the answer may be used for it.
    chains = Chains(Trust((pki.root.certificate,)), signer.chain)
    chains.learn(vouched)
    assert chains.judge(signer.certificate, SIGNING, now(), alone).trusted
    pki.revoke(responder)
    chains.learn(alone + Evidence(crls=(pki.crl(pki.issuing),)))
    verdict_ = chains.judge(signer.certificate, SIGNING, now(), alone)
    assert verdict_.sub_indication == "TRY_LATER"


def test_the_freshest_answer_counts_and_revoked_is_for_good(pki: Pki) -> None:
    signer = pki.issue(Profile())
    before = told(pki, signer, this_update=now() - 2 * HOUR)
    pki.revoke(signer, now() - HOUR)
    after = told(pki, signer, this_update=now() - HOUR, life=timedelta(minutes=5))
    for evidence in (before + after, after + before):
        found = verdict(pki, signer, evidence)
        assert (found.sub_indication, found.revoked_at) == ("REVOKED_NO_POE", now() - HOUR)
        earlier = verdict(pki, signer, evidence, now() - HOUR - timedelta(minutes=1))
        assert earlier.trusted  # it was revoked later


def test_an_answer_lapses_and_one_from_after_expiry_says_nothing_good(pki: Pki) -> None:
    signer = pki.issue(Profile(valid=(-9, -0.25)))
    then = now() - timedelta(days=0.5)
    fresh = told(pki, signer, this_update=then - HOUR, life=2 * HOUR)
    assert verdict(pki, signer, fresh, then).trusted
    assert verdict(pki, signer, fresh, then + 2 * HOUR).sub_indication == "TRY_LATER"
    # After the end an authority may forget what it revoked before.
    late = told(pki, signer, this_update=now() - HOUR)
    assert verdict(pki, signer, late, then).sub_indication == "TRY_LATER"
    pki.revoke(signer, then - HOUR)
    late = told(pki, signer, this_update=now() - HOUR)
    assert verdict(pki, signer, late, then).sub_indication == "REVOKED_NO_POE"


@pytest.mark.parametrize(
    ("extension", "speaks"),
    [
        ((x509.CRLNumber(1), False), True),
        ((point(only_contains_user_certs=True), True), True),
        ((point(only_contains_ca_certs=True), True), False),
        ((point(only_contains_attribute_certs=True), True), False),
        ((point(indirect_crl=True), True), False),
        ((point(only_some_reasons=frozenset({x509.ReasonFlags.key_compromise})), True), False),
        (
            (point(full_name=[x509.UniformResourceIdentifier(f"{NOWHERE}/crl/issuing")]), True),
            True,
        ),
        ((point(full_name=[x509.UniformResourceIdentifier(f"{NOWHERE}/other")]), True), False),
        ((x509.DeltaCRLIndicator(1), True), False),
    ],
)
def test_a_list_counts_only_where_it_speaks_of_such_certificates_in_full(
    pki: Pki, extension: tuple[x509.ExtensionType, bool], speaks: bool
) -> None:
    signer = pki.issue(Profile(status=("crl",)))
    evidence = Evidence(crls=(listed(pki.issuing, extension), pki.crl(pki.root)))
    assert verdict(pki, signer, evidence).trusted is speaks


def test_weak_answers_and_weak_certificates_are_not_believed(pki: Pki) -> None:
    signer = pki.issue(Profile())
    weak = issue(Profile(), pki.issuing, NOWHERE, signer.chain)
    weak = signed_with_sha1(weak, pki.issuing)
    found = verdict(pki, weak, told(pki, weak))
    assert found.sub_indication == "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"
    assert len(found.path) == 3  # known by key all the same


@pytest.mark.parametrize("salt", [20, 32])
def test_rsa_pss_is_verified_by_its_parameters(salt: int) -> None:
    authority = rsa_key(2048, 7)
    root = issue(replace(CA, name="CA RSA", key=authority, status=()), None, NOWHERE)
    key = ec.generate_private_key(ec.SECP256R1())
    start = now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(loaded(root).subject)
        .issuer_name(loaded(root).subject)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(start - HOUR)
        .not_valid_after(start + HOUR)
        .add_extension(key_usage(("digital_signature",)), True)
        .sign(
            authority,
            hashes.SHA256(),
            rsa_padding=padding.PSS(padding.MGF1(hashes.SHA256()), salt),
        )
        .public_bytes(DER)
    )
    chains = Chains(Trust((root.certificate,)), [])
    found = chains.judge(certificate, SIGNING, start)
    assert (len(found.path), found.sub_indication) == (2, "TRY_LATER")
    broken = certificate[:-1] + bytes([certificate[-1] ^ 1])
    assert chains.judge(broken, SIGNING, start).path == ()


def constrained(pki: Pki, value: x509.ExtensionType, *, critical: bool = True) -> LiveKey:
    """A signer below an authority with one more extension."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = loaded(pki.root)
    builder = (
        x509.CertificateBuilder()
        .subject_name(loaded(pki.issuing).subject)
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now() - HOUR)
        .not_valid_after(now() + HOUR)
        .add_extension(x509.BasicConstraints(True, None), True)
        .add_extension(key_usage(("key_cert_sign", "crl_sign")), True)
        .add_extension(value, critical)
    )
    made = builder.sign(pki.root.private_key, hashes.SHA256()).public_bytes(DER)
    pki.issuing = LiveKey(made, (), key)
    return issue(Profile(status=("crl",)), pki.issuing, NOWHERE, (made,))


def directory(name: x509.Name) -> x509.DirectoryName:
    return x509.DirectoryName(name)


@pytest.mark.parametrize("permitted", [True, False])
def test_constraints_on_names_hold(pki: Pki, permitted: bool) -> None:
    other = x509.Name([x509.NameAttribute(x509.NameOID.COUNTRY_NAME, "LA")])
    ours = x509.Name([x509.NameAttribute(x509.NameOID.COUNTRY_NAME, "VN")])
    names = x509.NameConstraints([directory(ours if permitted else other)], None)
    signer = constrained(pki, names)
    evidence = Evidence(crls=(pki.crl(pki.issuing), pki.crl(pki.root)))
    found = verdict(pki, signer, evidence)
    assert found.sub_indication == (None if permitted else "CERTIFICATE_CHAIN_GENERAL_FAILURE")


@pytest.mark.parametrize("critical", [True, False])
def test_what_is_critical_and_not_understood_breaks_a_chain(pki: Pki, critical: bool) -> None:
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.25.1"), b"\5\0")
    signer = constrained(pki, unknown, critical=critical)
    evidence = Evidence(crls=(pki.crl(pki.issuing), pki.crl(pki.root)))
    assert verdict(pki, signer, evidence).trusted is not critical


def test_usage_is_what_the_certificate_was_issued_for(pki: Pki) -> None:
    evidence = told(pki, pki.tsa)
    assert verdict(pki, pki.tsa, evidence).sub_indication == "CHAIN_CONSTRAINTS_FAILURE"
    trust = Trust((pki.root.certificate,))
    stamping = judge(
        pki.tsa.certificate,
        pki.tsa.chain,
        TIME_STAMPING,
        trust=trust,
        evidence=evidence,
        moment=now(),
    )
    assert stamping.trusted
    signer = pki.issue(Profile())
    refused = judge(
        signer.certificate,
        signer.chain,
        TIME_STAMPING,
        trust=trust,
        evidence=told(pki, signer),
        moment=now(),
    )
    assert refused.sub_indication == "CHAIN_CONSTRAINTS_FAILURE"


def crossed(number: int, base: LiveKey) -> tuple[LiveKey, list[bytes]]:
    """Authorities that have all certified each other and themselves, and a signer below one."""
    roots = [
        issue(replace(CA, name=f"CA {one}", status=()), None, NOWHERE) for one in range(number)
    ]
    certificates = [
        issue(
            replace(CA, name=f"CA {one}", key=roots[one].private_key, status=()), by, NOWHERE
        ).certificate
        for one in range(number)
        for by in (*roots, base)
    ]
    return issue(Profile(status=()), roots[0], NOWHERE), certificates


def test_authorities_that_certify_each_other_are_no_work(pki: Pki) -> None:
    signer, certificates = crossed(8, pki.root)
    started = time.process_time()
    found = verdict(pki, signer, Evidence(crls=(pki.crl(pki.root),)), others=certificates)
    assert time.process_time() - started < 1
    assert found.sub_indication == "TRY_LATER"
    assert len(found.path) == 3  # the shortest way of thousands


def test_a_crowd_of_strangers_certificates_and_answers_is_no_work(pki: Pki) -> None:
    signer, strangers = pki.issue(Profile()), Pki()
    issuer = loaded(pki.issuing)
    look_alikes = [
        issue(replace(CA, name="CA cấp phát thử nghiệm", status=()), None, NOWHERE).certificate
        for _ in range(300)
    ]
    assert loaded(LiveKey(look_alikes[0], (), signer.private_key)).subject == issuer.subject
    about = asked(signer, pki.issuing)
    answers = [strangers.ocsp_answer(about, signer=strangers.ocsp) for _ in range(300)]
    lists = [strangers.crl(strangers.issuing) for _ in range(50)]
    evidence = told(pki, signer)
    crowd = Evidence((*evidence.ocsps, *answers), (*evidence.crls, *lists))
    started = time.process_time()
    assert verdict(pki, signer, crowd, others=look_alikes).trusted
    assert time.process_time() - started < 1


def test_a_list_of_many_thousand_entries_is_looked_up(pki: Pki) -> None:
    signer, revoked = (pki.issue(Profile(status=("crl",))) for _ in range(2))
    pki.revoke(revoked)
    large = pki.crl(pki.issuing, extra=20_000)
    evidence = Evidence(crls=(large, pki.crl(pki.root)))
    started = time.process_time()
    assert verdict(pki, signer, evidence).trusted
    assert verdict(pki, revoked, evidence).sub_indication == "REVOKED_NO_POE"
    assert time.process_time() - started < 0.1


def test_of_several_ways_up_one_that_holds_is_enough(pki: Pki) -> None:
    """The issuing authority also has a certificate that has expired, under the same key."""
    private = pki.issuing.private_key
    old = issue(
        replace(CA, name="CA cấp phát thử nghiệm", key=private, valid=(-9, -1), status=()),
        pki.root,
        NOWHERE,
    )
    signer = pki.issue(Profile())
    evidence = told(pki, signer)
    for others in ((old.certificate, *signer.chain), (*signer.chain, old.certificate)):
        alone = replace(signer, chain=())
        assert verdict(pki, alone, evidence, others=others).trusted


def test_only_what_leads_to_an_anchor_is_asked_about(pki: Pki) -> None:
    signer, stranger = pki.issue(Profile()), Pki().issue(Profile())
    chains = Chains(
        Trust((pki.root.certificate,)),
        [signer.certificate, *signer.chain, stranger.certificate, *stranger.chain],
    )
    leaves = [signer.certificate, stranger.certificate]
    assert set(chains.above(leaves)) == {signer.certificate, pki.issuing.certificate}


@pytest.mark.parametrize(
    ("digest", "mask", "strong"),
    [("sha256", "sha256", True), ("sha256", "sha1", False), ("sha1", "sha256", False)],
)
def test_a_digest_is_strong_in_every_place_that_names_one(
    digest: str, mask: str, strong: bool
) -> None:
    parameters = {
        "hash_algorithm": {"algorithm": digest},
        "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": mask}},
        "salt_length": 32,
    }
    signer = cms.SignerInfo(
        {
            "version": "v1",
            "sid": cms.SignerIdentifier({"subject_key_identifier": b"1"}),
            "digest_algorithm": {"algorithm": "sha256"},
            "signature_algorithm": {"algorithm": "rsassa_pss", "parameters": parameters},
            "signature": b"",
        }
    )
    assert strongly_digested(signer) is strong
    assert described(signer) == f"RSA-PSS {'SHA-256' if digest == 'sha256' else 'SHA-1'}"


def test_short_keys_are_weak(pki: Pki) -> None:
    for key, weak in ((rsa_key(1024), True), (rsa_key(), False)):
        assert isinstance(key, rsa.RSAPrivateKey)
        signer = pki.issue(Profile(key=key))
        found = verdict(pki, signer, told(pki, signer))
        assert (found.sub_indication == "CRYPTO_CONSTRAINTS_FAILURE_NO_POE") is weak
