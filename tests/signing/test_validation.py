"""The report: verdicts for what cannot be read or is not signed, expectations, canonical form."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyhanko.pdf_utils.writer import PdfFileWriter, copy_into_new_writer

from signing import pades, reading, words
from signing.errors import SigningRefused
from signing.reading import Limits
from signing.report import Finding, SignatureReport
from signing.trust import Trust
from signing.validation import validate
from tests.signing import pdfs
from tests.signing.conftest import Office, Trip

NOBODY = Trust(anchors=())


def encrypted(source: Path, password: str) -> bytes:
    with source.open("rb") as stream:
        reader, _ = reading.opened(stream)
        writer = copy_into_new_writer(reader)
        writer.encrypt("owner", password)
        out = io.BytesIO()
        writer.write(out)
    return out.getvalue()


def without_pages() -> bytes:
    out = io.BytesIO()
    PdfFileWriter().write(out)
    return out.getvalue()


def unreadable(tmp_path: Path) -> dict[str, tuple[bytes, str]]:
    plain = pdfs.plain(tmp_path / "plain.pdf")
    content = plain.read_bytes()
    return {
        "empty": (b"", "rỗng"),
        "no PDF": (b"PK\3\4 hello", "không phải"),
        "truncated": (content[: len(content) // 2], "cắt cụt"),
        "cut and capped": (content[: len(content) // 2] + b"\n%%EOF\n", "cắt cụt"),
        "encrypted": (encrypted(plain, "secret"), "mật khẩu"),
        "no pages": (without_pages(), "không có trang"),
        "header only": (b"%PDF-1.7\n%%EOF\n", "cắt cụt"),
        "too large": (content.ljust(60_000_000, b"\n"), "giới hạn"),
    }


def test_what_cannot_be_read_gets_a_report_with_the_reason(tmp_path: Path) -> None:
    for name, (content, words_) in unreadable(tmp_path).items():
        report = validate(content, trust=NOBODY)
        assert (report.integrity, report.verdict) == ("UNREADABLE", "KHONG_DOC_DUOC"), name
        (reason,) = report.reasons
        assert reason.code == "unreadable"
        assert words_ in reason.sentence, name
        assert report.signatures == ()


def test_an_empty_password_is_no_secret_but_such_a_file_is_not_signed(
    office: Office, tmp_path: Path
) -> None:
    source = tmp_path / "in.pdf"
    source.write_bytes(encrypted(pdfs.plain(tmp_path / "plain.pdf"), ""))
    assert validate(source, trust=NOBODY).verdict == "KHONG_CO_CHU_KY"
    with pytest.raises(SigningRefused) as refused:
        pades.sign(
            source,
            tmp_path / "out.pdf",
            key=office.person,
            field="person1",
            level="B-B",
            trust=office.ca.trust,
        )
    assert refused.value.code == "encrypted"


def test_what_reads_only_leniently_is_judged_and_says_so_but_is_not_signed(
    office: Office, tmp_path: Path
) -> None:
    source = pdfs.plain(tmp_path / "plain.pdf")
    source.write_bytes(source.read_bytes().replace(b"trailer\n<<", b"trailer\n<< /Size 1 "))
    report = validate(source, trust=NOBODY)
    assert (report.reading, report.verdict) == ("lenient", "KHONG_CO_CHU_KY")
    assert [warning.code for warning in report.warnings] == ["lenient"]
    with pytest.raises(SigningRefused) as refused:
        pades.sign(
            source,
            tmp_path / "out.pdf",
            key=office.person,
            field="person1",
            level="B-B",
            trust=office.ca.trust,
        )
    assert refused.value.code == "not_strict"


def test_unsigned_is_its_own_verdict(office: Office, trip: Trip) -> None:
    report = validate(trip.prepared, trust=office.ca.trust)
    assert (report.integrity, report.verdict) == ("UNSIGNED", "KHONG_CO_CHU_KY")
    assert (report.indication, report.sub_indication) == (None, None)
    assert [reason.code for reason in report.reasons] == ["unsigned"]


def test_text_in_the_bytes_must_equal_the_register(office: Office, trip: Trip) -> None:
    trust = office.ca.trust
    assert validate(trip.sealed, trust=trust, expected_fill=pdfs.FILL).verdict == "HOP_LE"
    for expected in (
        {"vanthu.number": "Số: 16/QĐ-UBND"},
        pdfs.FILL | {"vanthu.date": "Tân Hòa, ngày 23 tháng 11 năm 2026"},
    ):
        report = validate(trip.sealed, trust=trust, expected_fill=expected)
        assert (report.integrity, report.verdict) == ("INTACT", "KHONG_HOP_LE")
        assert [reason.code for reason in report.reasons] == ["fill_mismatch"]
    unfilled = validate(trip.signed, trust=trust, expected_fill=pdfs.FILL)
    assert unfilled.verdict == "KHONG_HOP_LE"


def test_limits_are_the_callers(office: Office, trip: Trip) -> None:
    trust = office.ca.trust
    few = validate(trip.sealed, trust=trust, limits=Limits(max_signatures=1))
    assert (few.integrity, few.verdict) == ("UNDECIDED", "KHONG_XAC_DINH")
    assert [reason.code for reason in few.reasons] == ["too_many_signatures"]
    small = validate(trip.sealed, trust=trust, limits=Limits(max_bytes=1000))
    assert small.verdict == "KHONG_DOC_DUOC"
    short = validate(trip.sealed, trust=trust, limits=Limits(max_revisions=2))
    assert short.verdict == "KHONG_DOC_DUOC"
    lonely = validate(trip.sealed, trust=trust, limits=Limits(max_certificates=0))
    assert lonely.integrity == "UNDECIDED"


def test_a_path_and_its_bytes_are_judged_alike(office: Office, trip: Trip) -> None:
    at = datetime.now(UTC)
    trust = office.ca.trust
    assert validate(trip.sealed, trust=trust, at=at) == validate(
        trip.sealed.read_bytes(), trust=trust, at=at
    )


def test_a_report_is_canonical_json_and_comes_back_whole(office: Office, trip: Trip) -> None:
    report = validate(trip.sealed, trust=office.ca.trust)
    data = report.to_json()
    assert SignatureReport.from_json(data) == report
    assert SignatureReport.from_json(data).to_json() == data
    values = json.loads(data)
    assert (
        data
        == json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    )
    assert values["signatures"][0]["signer"].endswith("Country: VN")
    assert "Nguyễn Văn Ước" in data.decode()
    assert values["checked_at"].endswith("+00:00")
    assert values["development"] is True


@given(st.sampled_from(sorted(words._SENTENCES)))
def test_every_finding_has_a_vietnamese_sentence(code: str) -> None:
    assert words.finding(code) == Finding(code, words._SENTENCES[code])
    assert words.finding(code).sentence.endswith((".", ")."))


def test_a_missing_file_is_the_callers_fault(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        validate(tmp_path / "nothing.pdf", trust=NOBODY)
