"""Trust in time: revocation before and after, evidence that lapses or is missing, look-alikes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import pem, tsp, x509
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from signing import pades, reading
from signing.archive import append_time_stamp
from signing.devca import DevelopmentCA
from signing.errors import SigningRefused, TrustUnavailable
from signing.keys import LiveKey
from signing.pades import Level
from signing.report import SignatureReport
from signing.responders import TimeStampAuthority
from signing.revision import Base
from signing.security_store import stored
from signing.trust import Evidence, Trust, load_anchors
from signing.validation import validate
from tests.signing import pdfs
from tests.signing.pki import Profile
from tests.signing.trusted import House, Stamper

Signed = Callable[[Level], Path]


@pytest.fixture
def ca(tmp_path: Path) -> DevelopmentCA:
    return DevelopmentCA(tmp_path / "pki")


@pytest.fixture
def key(ca: DevelopmentCA) -> LiveKey:
    return ca.issue_person("chairman", "Nguyễn Văn Ước", "UBND xã Tân Hòa")


@pytest.fixture
def signed(ca: DevelopmentCA, key: LiveKey, tmp_path: Path) -> Signed:
    def make(level: Level) -> Path:
        target = tmp_path / f"{level}.pdf"
        pades.sign(
            pdfs.plain(tmp_path / "plain.pdf"),
            target,
            key=key,
            field="person1",
            level=level,
            trust=ca.trust,
        )
        return target

    return make


def revoke(ca: DevelopmentCA, key: LiveKey, at: datetime | None = None) -> None:
    ca.revoke(hashlib.sha256(key.certificate).hexdigest(), at)


def codes(report: SignatureReport) -> list[str]:
    return [reason.code for reason in report.reasons]


def without_sources(trust: Trust) -> Trust:
    return Trust(trust.anchors, trust.intermediates)


def test_a_revoked_key_does_not_sign(ca: DevelopmentCA, key: LiveKey, signed: Signed) -> None:
    revoke(ca, key)
    for level in ("B-B", "B-T", "B-LT"):
        with pytest.raises(SigningRefused) as refused:
            signed(level)
        assert refused.value.code == "certificate_revoked"


def test_a_key_of_a_stranger_does_not_sign(ca: DevelopmentCA, tmp_path: Path) -> None:
    stranger = DevelopmentCA(tmp_path / "stranger").issue_person("x", "Người lạ", "Xã khác")
    with pytest.raises(SigningRefused) as refused:
        pades.sign(
            pdfs.plain(tmp_path / "plain.pdf"),
            tmp_path / "out.pdf",
            key=stranger,
            field="person1",
            level="B-B",
            trust=ca.trust,
        )
    assert refused.value.code == "certificate_untrusted"


def test_a_key_of_unknown_status_does_not_sign(
    ca: DevelopmentCA, key: LiveKey, tmp_path: Path
) -> None:
    with pytest.raises(SigningRefused) as refused:
        pades.sign(
            pdfs.plain(tmp_path / "plain.pdf"),
            tmp_path / "out.pdf",
            key=key,
            field="person1",
            level="B-B",
            trust=without_sources(ca.trust),
        )
    assert refused.value.code == "certificate_status_unknown"


@pytest.mark.parametrize("level", ["B-T", "B-LT"])
def test_revoked_after_the_proven_time_stays_valid(
    ca: DevelopmentCA, key: LiveKey, signed: Signed, level: Level
) -> None:
    file, now = signed(level), datetime.now(UTC)
    revoke(ca, key, now + timedelta(minutes=1))
    report = validate(file, trust=ca.trust, at=now + timedelta(hours=1))
    assert report.verdict == "HOP_LE"
    assert report.signatures[0].trusted


def test_revoked_and_without_proven_time_is_undecided(
    ca: DevelopmentCA, key: LiveKey, signed: Signed
) -> None:
    file, now = signed("B-B"), datetime.now(UTC)
    revoke(ca, key, now + timedelta(minutes=1))
    report = validate(file, trust=ca.trust, at=now + timedelta(hours=1))
    assert (report.integrity, report.verdict) == ("INTACT", "KHONG_XAC_DINH")
    assert (report.indication, report.sub_indication) == ("INDETERMINATE", "REVOKED_NO_POE")


@pytest.mark.parametrize("level", ["B-B", "B-T", "B-LT"])
def test_revoked_before_the_time_the_signer_states_is_invalid(
    ca: DevelopmentCA, key: LiveKey, signed: Signed, level: Level
) -> None:
    # Also over the good answer of that day that a B-LT file carries: fresher evidence wins.
    file = signed(level)
    revoke(ca, key, datetime.now(UTC) - timedelta(minutes=30))
    report = validate(file, trust=ca.trust)
    assert (report.integrity, report.verdict) == ("INTACT", "KHONG_HOP_LE")
    assert (report.indication, report.sub_indication) == ("TOTAL_FAILED", "REVOKED")
    assert codes(report) == ["REVOKED"]


def test_a_revoked_issuing_ca_takes_everything_below_with_it(
    ca: DevelopmentCA, signed: Signed
) -> None:
    file = signed("B-LT")
    revoke(ca, ca.issuing, datetime.now(UTC) - timedelta(minutes=30))
    report = validate(file, trust=ca.trust)
    assert report.verdict == "KHONG_XAC_DINH"
    assert report.sub_indication == "REVOKED_CA_NO_POE"


def test_without_evidence_nothing_is_valid(ca: DevelopmentCA, signed: Signed) -> None:
    for level in ("B-B", "B-T"):
        report = validate(signed(level), trust=without_sources(ca.trust))
        assert (report.integrity, report.verdict) == ("INTACT", "KHONG_XAC_DINH")
        assert report.sub_indication == "TRY_LATER"


class Silent:
    """A revocation source that is down."""

    def evidence(self, certificates: object, *, fetch: bool) -> Evidence:  # noqa: ARG002
        raise TrustUnavailable("Dịch vụ OCSP")


def test_a_source_that_is_down_is_missing_evidence(ca: DevelopmentCA, signed: Signed) -> None:
    file = signed("B-T")
    trust = Trust(ca.trust.anchors, revocation=(Silent(),))
    assert validate(file, trust=trust).verdict == "KHONG_XAC_DINH"


def test_evidence_in_the_file_outlives_its_sources(ca: DevelopmentCA, signed: Signed) -> None:
    file, now = signed("B-LT"), datetime.now(UTC)
    alone = Trust(ca.trust.anchors)
    for days in (0, 30, 1000):
        report = validate(file, trust=alone, at=now + timedelta(days=days))
        assert (report.verdict, report.signatures[0].level) == ("HOP_LE", "B-LT")


def test_after_the_certificates_nothing_proves_the_time_any_more(
    ca: DevelopmentCA, signed: Signed
) -> None:
    file = signed("B-LT")
    report = validate(file, trust=ca.trust, at=datetime.now(UTC) + timedelta(days=6 * 365))
    assert (report.integrity, report.verdict) == ("INTACT", "KHONG_XAC_DINH")
    assert "time_untrusted" in [item.code for item in report.warnings]


def test_before_the_certificates_nothing_is_valid(ca: DevelopmentCA, signed: Signed) -> None:
    report = validate(signed("B-B"), trust=ca.trust, at=datetime.now(UTC) - timedelta(days=1))
    assert (report.integrity, report.verdict) == ("INTACT", "KHONG_XAC_DINH")


def test_a_chain_ends_at_an_anchor_by_key_and_not_by_name(
    ca: DevelopmentCA, signed: Signed, tmp_path: Path
) -> None:
    look_alike = DevelopmentCA(tmp_path / "look-alike")
    names = [x509.Certificate.load(item.root.certificate).subject for item in (ca, look_alike)]
    assert names[0] == names[1]

    report = validate(signed("B-LT"), trust=look_alike.trust)
    assert (report.integrity, report.verdict) == ("INTACT", "KHONG_XAC_DINH")
    assert not report.signatures[0].trusted


def test_integrity_needs_no_anchor(signed: Signed) -> None:
    report = validate(signed("B-LT"), trust=Trust(anchors=()))
    assert (report.integrity, report.verdict) == ("INTACT", "KHONG_XAC_DINH")
    assert codes(report) == ["NO_CERTIFICATE_CHAIN_FOUND"]


@pytest.mark.parametrize("anchored", [True, False])
def test_a_development_signature_says_so_trusted_or_not(
    ca: DevelopmentCA, signed: Signed, anchored: bool
) -> None:
    trust = ca.trust if anchored else Trust(anchors=())
    report = validate(signed("B-LT"), trust=trust)
    assert report.development
    assert "development" in [item.code for item in report.warnings]


def test_ca_and_tsa_certificates_do_not_sign_documents(ca: DevelopmentCA, tmp_path: Path) -> None:
    file = pdfs.plain(tmp_path / "plain.pdf")
    pdfs.signed_elsewhere(file, ca.issuing, "person1")
    report = validate(file, trust=ca.trust)
    assert (report.integrity, report.verdict) == ("INTACT", "KHONG_XAC_DINH")
    assert report.sub_indication == "CHAIN_CONSTRAINTS_FAILURE"


def test_anchors_are_read_from_a_folder_in_pem_or_der(ca: DevelopmentCA, tmp_path: Path) -> None:
    folder = tmp_path / "anchors"
    folder.mkdir()
    (folder / "note.txt").write_text("không phải chứng thư số")
    (folder / "root.der").write_bytes(ca.root.certificate)
    (folder / "issuing.pem").write_bytes(pem.armor("CERTIFICATE", ca.issuing.certificate))
    assert set(load_anchors(folder).anchors) == {ca.root.certificate, ca.issuing.certificate}
    assert load_anchors(folder / "root.der").anchors == (ca.root.certificate,)

    (folder / "broken.crt").write_bytes(b"junk")
    with pytest.raises(ValueError, match=r"broken\.crt"):
        load_anchors(folder)


def test_joined_trust_trusts_what_either_trusts(ca: DevelopmentCA, signed: Signed) -> None:
    nobody = Trust(anchors=())
    joined = nobody.joined(ca.trust)
    assert validate(signed("B-LT"), trust=joined).verdict == "HOP_LE"
    assert joined.anchors_sha256 == ca.trust.anchors_sha256 != nobody.anchors_sha256


def test_trust_then_and_trust_now_are_told_apart(
    ca: DevelopmentCA, key: LiveKey, signed: Signed
) -> None:
    file, now = signed("B-LT"), datetime.now(UTC)

    def trusts(at: datetime, trust: Trust = ca.trust) -> tuple[bool, bool]:
        (item,) = validate(file, trust=trust, at=at).signatures
        return item.trusted, item.trusted_now

    assert trusts(now) == (True, True)
    alone = Trust(ca.trust.anchors)  # the answers in the file count for a week
    assert trusts(now + timedelta(days=3), alone) == (True, True)
    assert trusts(now + timedelta(days=30), alone) == (True, False)
    revoke(ca, key, now + timedelta(minutes=1))
    assert trusts(now + timedelta(hours=1)) == (True, False)


@pytest.mark.parametrize("level", ["B-B", "B-LT"])
def test_an_expired_certificate_needs_a_proof_that_it_signed_before(
    level: Level, tmp_path: Path
) -> None:
    house = House.new()
    ends = 20 / 86400  # days
    person = house.pki.issue(Profile(valid=(-1, ends)))
    target = tmp_path / "signed.pdf"
    source = pdfs.plain(tmp_path / "plain.pdf")
    pades.sign(source, target, key=person, field="person1", level=level, trust=house.trust)
    later = datetime.now(UTC) + timedelta(minutes=1)
    report = validate(target, trust=house.trust, at=later)
    (item,) = report.signatures
    assert not item.trusted_now
    expected = ("HOP_LE", None) if level == "B-LT" else ("KHONG_XAC_DINH", "OUT_OF_BOUNDS_NO_POE")
    assert (report.verdict, report.sub_indication) == expected


def test_later_signatures_by_somebody_unverified_are_the_documents_affair(
    ca: DevelopmentCA, signed: Signed, tmp_path: Path
) -> None:
    file = signed("B-LT")
    assert validate(file, trust=ca.trust).verdict == "HOP_LE"
    stranger = DevelopmentCA(tmp_path / "stranger").issue_person("x", "Người lạ", "Xã khác")
    pdfs.signed_elsewhere(file, stranger, "stranger")  # invisible, and nothing else is changed
    report = validate(file, trust=ca.trust)
    assert [item.indication for item in report.signatures] == ["TOTAL_PASSED", "INDETERMINATE"]
    assert report.verdict != "HOP_LE"
    assert "later_unverified" in codes(report)
    # The first to sign being unverified says nothing about who came later.
    only = validate(file, trust=Trust(anchors=()))
    assert "later_unverified" not in codes(only)


@pytest.mark.parametrize(
    ("known", "unknown"),
    [("2A8648CE3D040302", "2A8648CE3D04037F"), ("608648016503040201", "608648016503040263")],
    ids=["signature", "digest"],
)
def test_an_algorithm_nobody_knows_leaves_it_undecided(
    ca: DevelopmentCA, signed: Signed, known: str, unknown: str
) -> None:
    content = signed("B-B").read_bytes()
    last = content.rindex(known.encode())  # after the certificates, where the signer's own stand
    changed = content[:last] + unknown.encode() + content[last + len(known) :]
    report = validate(changed, trust=ca.trust)
    assert (report.integrity, report.verdict) == ("UNDECIDED", "KHONG_XAC_DINH")
    assert codes(report) == ["algorithm_unsupported"]


class Clocked(Stamper):
    """An authority whose clock is wrong."""

    def __init__(self, key: LiveKey, ahead: timedelta) -> None:
        super().__init__(key)
        self.ahead = ahead

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        authority = TimeStampAuthority(self.key, lambda: datetime.now(UTC) + self.ahead)
        return await authority.async_request_tsa_response(req)


@pytest.mark.parametrize(
    ("ahead", "verdict"), [(timedelta(0), "HOP_LE"), (timedelta(hours=2), "KHONG_XAC_DINH")]
)
def test_a_time_stamp_older_than_what_it_covers_proves_nothing(
    tmp_path: Path, ahead: timedelta, verdict: str
) -> None:
    house = House.new()
    wrong = replace(house.trust, timestamper=Clocked(house.pki.tsa, ahead))
    target = tmp_path / "signed.pdf"
    pades.sign(
        pdfs.plain(tmp_path / "plain.pdf"),
        target,
        key=house.pki.issue(Profile()),
        field="person1",
        level="B-LT",
        trust=wrong,
    )
    with target.open("r+b") as stream:
        append_time_stamp(stream, Base.of(stream), trust=house.trust, now=datetime.now(UTC))
    report = validate(target, trust=house.trust)
    assert (report.integrity, report.verdict) == ("INTACT", verdict)
    if ahead:
        assert report.sub_indication == "TIMESTAMP_ORDER_FAILURE"
        assert report.signatures[0].proven_at is None


def test_a_crowd_in_the_security_store_costs_nobody_the_verdict(
    ca: DevelopmentCA, signed: Signed
) -> None:
    """What a stranger adds to the store is left unread, or read and not needed."""
    file = signed("B-LT")

    def crowd(writer: IncrementalPdfFileWriter) -> None:
        store = writer.root["/DSS"]
        for key in ("/Certs", "/OCSPs", "/CRLs"):
            listed = store[key]
            listed.extend(
                writer.add_object(generic.StreamObject(stream_data=os.urandom(50)))
                for _ in range(1_500)
            )
            writer.update_container(listed)

    pdfs.revise(file, crowd)
    with file.open("rb") as stream:
        read = stored(reading.opened(stream)[0].root)
    assert 0 < len(read.evidence.ocsps) <= 512 >= len(read.evidence.crls) > 0
    report = validate(file, trust=Trust(ca.trust.anchors))
    assert report.signatures[0].trusted
