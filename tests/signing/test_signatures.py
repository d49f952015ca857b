"""Signatures of an outgoing document: two signers, number and date between them, and variations."""

from __future__ import annotations

import dataclasses
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from asn1crypto import cms, tsp
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.timestamps import TimeStamper

from signing import fields, pades
from signing.errors import SigningRefused, TrustUnavailable, UnreadablePdf
from signing.fields import SignatureField
from signing.pades import Level
from signing.trust import Trust
from signing.validation import validate
from tests.signing import pdfs
from tests.signing.conftest import Office, Trip


def test_person_signs_then_number_date_and_seal_in_one_revision(office: Office, trip: Trip) -> None:
    report = validate(trip.sealed, trust=office.ca.trust)

    assert (report.integrity, report.verdict) == ("INTACT", "HOP_LE")
    assert (report.indication, report.sub_indication) == ("TOTAL_PASSED", None)
    assert [item.field for item in report.signatures] == ["person1", "agency"]
    assert [item.level for item in report.signatures] == ["B-LT", "B-LT"]
    assert [item.locks for item in report.signatures] == [False, True]
    assert [item.changes for item in report.signatures] == ["FORM_FILLING", "NONE"]
    assert report.filled == pdfs.FILL == fields.read(trip.sealed)
    assert report.reading == "strict"


def test_each_signature_is_bound_to_the_bytes_it_covers(office: Office, trip: Trip) -> None:
    person, agency = validate(trip.sealed, trust=office.ca.trust).signatures

    signed, sealed = trip.signed.read_bytes(), trip.sealed.read_bytes()
    assert sealed.startswith(signed)
    assert (person.revision_bytes, agency.revision_bytes) == (len(signed), len(sealed))
    assert person.revision_sha256 == hashlib.sha256(signed).hexdigest()
    assert agency.revision_sha256 == hashlib.sha256(sealed).hexdigest()
    assert person.certificate_sha256 == hashlib.sha256(office.person.certificate).hexdigest()
    assert agency.certificate_sha256 == hashlib.sha256(office.agency.certificate).hexdigest()


def test_the_signed_file_starts_with_the_reviewed_bytes(trip: Trip) -> None:
    assert trip.signed.read_bytes().startswith(trip.prepared.read_bytes())


def test_revision_reports_digest_and_size_of_what_was_written(
    office: Office, trip: Trip, tmp_path: Path
) -> None:
    target = tmp_path / "signed.pdf"
    revision = pades.sign(
        trip.prepared,
        target,
        key=office.person,
        field="person1",
        level="B-T",
        trust=office.ca.trust,
    )
    content = target.read_bytes()
    assert revision == pades.SignedRevision(
        hashlib.sha256(content).hexdigest(), len(content), "B-T"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["signed.pdf"]


@pytest.mark.parametrize("level", ["B-B", "B-T", "B-LT"])
def test_levels_are_what_was_asked_for(
    office: Office, trip: Trip, tmp_path: Path, level: Level
) -> None:
    target = tmp_path / "signed.pdf"
    pades.sign(
        trip.prepared,
        target,
        key=office.person,
        field="person1",
        level=level,
        trust=office.ca.trust,
    )
    report = validate(target, trust=office.ca.trust)
    (signature,) = report.signatures
    assert (report.verdict, signature.level) == ("HOP_LE", level)
    assert (signature.proven_at is None) == (level == "B-B")
    assert ("time_unproven" in [item.code for item in report.warnings]) == (level == "B-B")


def test_cms_has_no_signing_time_and_binds_the_certificate(trip: Trip) -> None:
    with trip.sealed.open("rb") as stream:
        for embedded in PdfFileReader(stream).embedded_regular_signatures:
            names = {item["type"].native for item in embedded.signer_info["signed_attrs"]}
            assert "signing_time" not in names  # EN 319 142-1 §6.3
            assert "signing_certificate_v2" in names
            assert isinstance(embedded.signed_data, cms.SignedData)
            assert embedded.md_algorithm == "sha256"


def test_number_may_come_with_the_persons_signature(
    office: Office, trip: Trip, tmp_path: Path
) -> None:
    signed, sealed = tmp_path / "signed.pdf", tmp_path / "sealed.pdf"
    trust = office.ca.trust
    pades.sign(
        trip.prepared,
        signed,
        key=office.person,
        field="person1",
        level="B-T",
        trust=trust,
        fill=pdfs.FILL,
    )
    pades.sign(
        signed, sealed, key=office.agency, field="agency", level="B-LT", trust=trust, lock=True
    )
    report = validate(sealed, trust=trust, expected_fill=pdfs.FILL)
    assert (report.integrity, report.verdict) == ("INTACT", "HOP_LE")


def test_several_people_sign_before_the_seal(office: Office, tmp_path: Path) -> None:
    trust = office.ca.trust
    files = [tmp_path / f"{step}.pdf" for step in range(5)]
    fields.prepare(
        pdfs.plain(files[0]),
        files[1],
        number=pdfs.NUMBER_BOX,
        date=pdfs.DATE_BOX,
        signatures=[
            SignatureField("person1", pdfs.PERSON_BOX),
            SignatureField("person2"),
            SignatureField("agency", locks=True),
        ],
    )
    for step, (key, name) in enumerate([(office.person, "person1"), (office.deputy, "person2")]):
        pades.sign(files[step + 1], files[step + 2], key=key, field=name, level="B-LT", trust=trust)
    pades.sign(
        files[3],
        files[4],
        key=office.agency,
        field="agency",
        level="B-LT",
        trust=trust,
        fill=pdfs.FILL,
        lock=True,
    )
    report = validate(files[4], trust=trust)
    assert (report.integrity, report.verdict) == ("INTACT", "HOP_LE")
    assert [item.field for item in report.signatures] == ["person1", "person2", "agency"]


def test_seal_alone_on_a_scan_without_reserved_fields(office: Office, tmp_path: Path) -> None:
    scan, sealed = pdfs.plain(tmp_path / "scan.pdf"), tmp_path / "sealed.pdf"
    pades.sign(
        scan,
        sealed,
        key=office.agency,
        field="agency",
        level="B-LT",
        trust=office.ca.trust,
        lock=True,
    )
    report = validate(sealed, trust=office.ca.trust)
    assert (report.verdict, report.signatures[0].locks) == ("HOP_LE", True)

    with pytest.raises(SigningRefused) as refused:
        pades.sign(
            sealed,
            tmp_path / "again.pdf",
            key=office.person,
            field="person1",
            level="B-B",
            trust=office.ca.trust,
        )
    assert refused.value.code == "locked"
    assert not (tmp_path / "again.pdf").exists()


def refused_code(source: Path, target: Path, office: Office, **changes: object) -> str:
    asked: dict[str, object] = {
        "key": office.person,
        "field": "person1",
        "level": "B-B",
        "trust": office.ca.trust,
    }
    with pytest.raises(SigningRefused) as refused:
        pades.sign(source, target, **(asked | changes))  # type: ignore[arg-type]
    assert not target.exists()
    return refused.value.code


def test_refusals_leave_no_file_and_say_why(office: Office, trip: Trip, tmp_path: Path) -> None:
    target = tmp_path / "out.pdf"
    altered = tmp_path / "altered.pdf"
    shutil.copy(trip.signed, altered)
    pdfs.revise(altered, pdfs.change_page)
    number = {"vanthu.number": "Số: 1/QĐ-UBND"}

    assert refused_code(altered, target, office, field="agency", lock=True) == "not_intact"
    assert refused_code(trip.signed, target, office) == "field_taken"
    assert refused_code(trip.prepared, target, office, lock=True) == "lock_mismatch"
    assert refused_code(trip.prepared, target, office, field="agency") == "lock_mismatch"
    assert refused_code(trip.prepared, target, office, fill={"other": "1"}) == "field_unknown"
    assert refused_code(trip.prepared, target, office, fill={"vanthu.number": " "}) == "text_empty"
    assert (
        refused_code(trip.prepared, target, office, fill={"vanthu.number": "漢"})
        == "letter_missing"
    )
    assert (
        refused_code(trip.prepared, target, office, fill={"vanthu.number": "X" * 200})
        == "text_too_long"
    )
    bare = pdfs.plain(tmp_path / "bare.pdf")
    assert refused_code(bare, target, office, fill=number) == "field_filled"
    filled = tmp_path / "filled.pdf"
    pades.sign(
        trip.prepared,
        filled,
        key=office.person,
        field="person1",
        level="B-B",
        trust=office.ca.trust,
        fill=number,
    )
    again = {"key": office.agency, "field": "agency", "lock": True, "fill": number}
    assert refused_code(filled, target, office, **again) == "field_filled"


def test_a_missing_timestamper_is_no_reason_to_sign_at_a_lower_level(
    office: Office, trip: Trip, tmp_path: Path
) -> None:
    trust = office.ca.trust
    silent = Trust(trust.anchors, trust.intermediates, trust.revocation)
    with pytest.raises(TrustUnavailable):
        pades.sign(
            trip.prepared,
            tmp_path / "out.pdf",
            key=office.person,
            field="person1",
            level="B-T",
            trust=silent,
        )
    assert list(tmp_path.iterdir()) == []


class Refusing(TimeStamper):
    """A time-stamping authority that is out of order."""

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:  # noqa: ARG002
        return tsp.TimeStampResp({"status": {"status": "rejection"}})


def test_a_timestamper_that_refuses_leaves_no_file(
    office: Office, trip: Trip, tmp_path: Path
) -> None:
    trust = dataclasses.replace(office.ca.trust, timestamper=Refusing())
    with pytest.raises(TrustUnavailable):
        pades.sign(
            trip.prepared,
            tmp_path / "out.pdf",
            key=office.person,
            field="person1",
            level="B-LT",
            trust=trust,
        )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7\n%%EOF", b"hello", b"PK\3\4" * 100])
def test_what_is_no_pdf_is_not_prepared_and_not_signed(
    office: Office, tmp_path: Path, content: bytes
) -> None:
    source, target = tmp_path / "in.pdf", tmp_path / "out.pdf"
    source.write_bytes(content)
    with pytest.raises(UnreadablePdf):
        fields.prepare(source, target, number=pdfs.NUMBER_BOX, date=pdfs.DATE_BOX, signatures=[])
    with pytest.raises(UnreadablePdf):
        pades.sign(
            source,
            target,
            key=office.person,
            field="person1",
            level="B-B",
            trust=office.ca.trust,
        )
    assert not target.exists()


_SIGN_IN_A_PROCESS = """
import resource, sys
from pathlib import Path
from signing import pades
from signing.devca import DevelopmentCA
ca = DevelopmentCA(Path(sys.argv[3]))
def sign(source, target):
    pades.sign(Path(source), Path(target), key=ca.key("agency/commune"), field="agency",
               level="B-LTA", trust=ca.trust, lock=True)
sign(sys.argv[1], sys.argv[2])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
sign(sys.argv[4], sys.argv[2])
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)
"""


def test_a_large_scan_is_signed_in_constant_memory(office: Office, tmp_path: Path) -> None:
    small = pdfs.plain(tmp_path / "small.pdf")
    large = pdfs.plain(tmp_path / "large.pdf", padding_bytes=40_000_000)
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            _SIGN_IN_A_PROCESS,
            small,
            tmp_path / "out.pdf",
            office.ca.folder,
            large,
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    # Whatever else the process has taken for the small one: the file is never held in memory.
    assert int(done.stdout) < 10_000_000
    assert (tmp_path / "out.pdf").stat().st_size > 40_000_000


needs_pdfsig = pytest.mark.skipif(
    shutil.which("pdfsig") is None, reason="poppler's pdfsig is not installed on this machine"
)


@needs_pdfsig
def test_an_independent_validator_finds_both_signatures_valid(trip: Trip) -> None:
    shown = subprocess.run(
        ["pdfsig", "-nocert", trip.sealed], capture_output=True, text=True, check=True
    ).stdout
    assert shown.count("Signature is Valid") == 2
    assert shown.count("Total document signed") == 1


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler's pdftotext is missing")
def test_number_date_and_signer_can_be_read_from_the_page(trip: Trip) -> None:
    shown = subprocess.run(
        ["pdftotext", "-layout", trip.sealed, "-"], capture_output=True, text=True, check=True
    ).stdout
    for text in (*pdfs.FILL.values(), "Người ký: Nguyễn Văn Ước"):
        assert text in shown
