"""Trust in time: revocation before and after, evidence that lapses or is missing, look-alikes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import pem, x509

from signing import pades
from signing.devca import DevelopmentCA
from signing.errors import SigningRefused, TrustUnavailable
from signing.keys import LiveKey
from signing.pades import Level
from signing.report import SignatureReport
from signing.trust import Evidence, Trust, load_anchors
from signing.validation import validate
from tests.signing import pdfs

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
