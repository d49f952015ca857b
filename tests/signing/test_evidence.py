"""What a signature was judged by is named in the report, and its bytes are given beside it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from asn1crypto import cms
from cryptography import x509
from cryptography.x509 import ocsp
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from signing import chain, pades
from signing.keys import LiveKey
from signing.pades import Level
from signing.report import Judgement, SignatureFinding
from signing.trust import Evidence, Trust
from signing.validation import judge
from tests.signing import pdfs
from tests.signing.pki import Pki, Profile, rsa_key
from tests.signing.trusted import House


@pytest.fixture
def house() -> House:
    return House.new()


def signed(house: House, path: Path, level: Level, key: LiveKey | None = None) -> Path:
    source = pdfs.plain(path / "plain.pdf")
    target = path / f"{level}.pdf"
    signer = key or house.pki.issue(Profile())
    pades.sign(source, target, key=signer, field="person1", level=level, trust=house.trust)
    return target


def pieces(judged: Judgement, kind: str, signature: int = 0) -> list[bytes]:
    """The bytes of one kind, in the order in which they are named."""
    named = judged.report.signatures[signature].evidence
    return [judged.evidence[piece.sha256] for piece in named if piece.kind == kind]


def test_chain_answers_and_token_are_named_and_given(house: House, tmp_path: Path) -> None:
    person = house.pki.issue(Profile())
    judged = judge(signed(house, tmp_path, "B-LT", person), trust=Trust(house.trust.anchors))
    assert judged.report.verdict == "HOP_LE"
    for digest, der in judged.evidence.items():
        assert hashlib.sha256(der).hexdigest() == digest
    pki = house.pki
    assert pieces(judged, "certificate") == [
        person.certificate,  # the signer's own goes first
        pki.issuing.certificate,
        pki.root.certificate,
        pki.tsa.certificate,
    ]
    about = {ocsp.load_der_ocsp_response(der).serial_number for der in pieces(judged, "ocsp")}
    serials = [
        x509.load_der_x509_certificate(key.certificate).serial_number for key in (person, pki.tsa)
    ]
    assert about == set(serials)
    (listed,) = pieces(judged, "crl")
    assert (
        x509.load_der_x509_crl(listed).issuer
        == x509.load_der_x509_certificate(pki.root.certificate).subject
    )
    (token,) = pieces(judged, "timestamp")
    assert cms.ContentInfo.load(token)["content_type"].native == "signed_data"


def test_a_document_time_stamp_is_evidence_for_what_it_covers(house: House, tmp_path: Path) -> None:
    judged = judge(signed(house, tmp_path, "B-LTA"), trust=house.trust)
    own, stamp = (pieces(judged, "timestamp", which) for which in (0, 1))
    assert len(own) == len(stamp) == 1
    assert own != stamp  # the signature's own token proves the earlier time
    assert judged.report.signatures[1].kind == "timestamp"


def test_what_a_stranger_sent_along_is_not_kept(house: House, tmp_path: Path) -> None:
    file, stranger = signed(house, tmp_path, "B-LT"), Pki()
    before = judge(file, trust=Trust(house.trust.anchors)).evidence

    def add(writer: IncrementalPdfFileWriter) -> None:
        store = writer.root["/DSS"]
        for key, der in (
            ("/Certs", stranger.issuing.certificate),
            ("/CRLs", stranger.crl(stranger.root)),
        ):
            store[key].append(writer.add_object(generic.StreamObject(stream_data=der)))
            writer.update_container(store[key])

    pdfs.revise(file, add)
    assert judge(file, trust=Trust(house.trust.anchors)).evidence == before


def test_who_cannot_be_trusted_is_on_record_too(house: House, tmp_path: Path) -> None:
    person = house.pki.issue(Profile())
    judged = judge(signed(house, tmp_path, "B-B", person), trust=Trust(anchors=()))
    assert judged.report.verdict == "KHONG_XAC_DINH"
    assert pieces(judged, "certificate") == [person.certificate]


def test_an_unsigned_file_has_no_evidence(tmp_path: Path) -> None:
    judged = judge(pdfs.plain(tmp_path / "plain.pdf"), trust=Trust(anchors=()))
    assert judged.evidence == {}


@pytest.mark.parametrize(
    ("profile", "algorithm", "bits"),
    [(Profile(), "ECDSA SHA-256", 256), (Profile(key=rsa_key()), "RSA SHA-256", 2048)],
)
def test_a_report_names_validity_algorithm_and_length(
    house: House, tmp_path: Path, profile: Profile, algorithm: str, bits: int
) -> None:
    person = house.pki.issue(profile)
    finding = judge(signed(house, tmp_path, "B-B", person), trust=house.trust).report.signatures[0]
    own = x509.load_der_x509_certificate(person.certificate)
    assert (finding.not_before, finding.not_after) == (
        own.not_valid_before_utc,
        own.not_valid_after_utc,
    )
    assert (finding.algorithm, finding.key_bits) == (algorithm, bits)
    assert finding.serial == f"{own.serial_number:x}"


def test_the_evidence_alone_leads_to_the_same_verdict(house: House, tmp_path: Path) -> None:
    """Whoever has the report and its pieces can judge again, without file or office."""
    judged = judge(signed(house, tmp_path, "B-LT"), trust=Trust(house.trust.anchors))
    finding: SignatureFinding = judged.report.signatures[0]
    signer, *others = pieces(judged, "certificate")
    told = Evidence(tuple(pieces(judged, "ocsp")), tuple(pieces(judged, "crl")))
    again = chain.judge(
        signer,
        others,
        chain.SIGNING,
        trust=Trust((house.pki.root.certificate,)),
        evidence=told,
        moment=finding.proven_at or datetime.now(UTC),
    )
    assert again.trusted is finding.trusted is True
    without = replace(told, ocsps=())
    unknown = chain.judge(
        signer,
        others,
        chain.SIGNING,
        trust=Trust((house.pki.root.certificate,)),
        evidence=without,
        moment=finding.proven_at or datetime.now(UTC),
    )
    assert unknown.sub_indication == "TRY_LATER"


def test_the_policy_is_published_and_named_by_its_digest(tmp_path: Path) -> None:
    published = Path(__file__).parents[2] / "docs" / "policy.json"
    stated = published.read_bytes().rstrip(b"\n")
    report = judge(pdfs.plain(tmp_path / "plain.pdf"), trust=Trust(anchors=())).report
    assert report.policy_sha256 == hashlib.sha256(stated).hexdigest()
    assert report.policy == json.loads(stated)["version"]
