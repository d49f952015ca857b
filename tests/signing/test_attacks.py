"""What an attacker without a key may try on a signed file, and what the judge says of it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec, append_signature_field

from signing import pades
from signing.report import SignatureReport
from signing.validation import validate
from tests.signing import pdfs
from tests.signing.conftest import Office, Trip

Change = Callable[[IncrementalPdfFileWriter], object]


def revised(source: Path, target: Path, *changes: Change) -> Path:
    """A copy of `source` with one appended revision per change."""
    shutil.copy(source, target)
    for change in changes:
        pdfs.revise(target, change)
    return target


def fill_number(text: str) -> Change:
    return lambda writer: pdfs.set_text(writer, text, "vanthu", "number")


def second_field(writer: IncrementalPdfFileWriter) -> None:
    """Show the first signature in a second field too."""
    append_signature_field(writer, SigFieldSpec("copy"))
    copy, original = pdfs.field(writer, "copy"), pdfs.field(writer, "person1")
    copy[pdf_name("/V")] = original.raw_get("/V")


def visible_empty_field(writer: IncrementalPdfFileWriter) -> None:
    append_signature_field(writer, SigFieldSpec("cover", box=(85, 600, 285, 620)))
    cover = pdfs.field(writer, "cover")
    cover[pdf_name("/AP")] = generic.DictionaryObject({pdf_name("/N"): pdfs.picture(writer)})


def rename_signer(writer: IncrementalPdfFileWriter) -> None:
    value = pdfs.field(writer, "person1")["/V"]
    value[pdf_name("/Reason")] = generic.pdf_string("Phê duyệt")
    writer.update_container(value)


def stray_field_in_our_form(writer: IncrementalPdfFileWriter) -> None:
    parent = pdfs.field(writer, "vanthu")
    stray = generic.DictionaryObject(
        {
            pdf_name("/T"): generic.pdf_string("amount"),
            pdf_name("/FT"): pdf_name("/Tx"),
            pdf_name("/V"): generic.TextStringObject("1 000 000"),
        }
    )
    parent["/Kids"].append(writer.add_object(stray))
    writer.update_container(parent["/Kids"])


AFTER_A_SIGNATURE: dict[str, Change] = {
    "content of a page replaced": pdfs.change_page,
    "page appended": pdfs.append_page,
    "annotation painted over the page": pdfs.paint_over,
    "text field added": lambda writer: pdfs.text_field(writer, "amount", "1 000 000"),
    "text field added beside ours": stray_field_in_our_form,
    "visible empty signature field added": visible_empty_field,
    "signature dictionary rewritten": rename_signer,
    "number filled, and nobody signs it": fill_number("Số: 99/QĐ-UBND"),
}


@pytest.mark.parametrize("change", AFTER_A_SIGNATURE.values(), ids=AFTER_A_SIGNATURE.keys())
@pytest.mark.parametrize("stage", ["signed", "sealed"])
def test_a_change_after_a_signature_is_found(
    office: Office, trip: Trip, tmp_path: Path, stage: str, change: Change
) -> None:
    target = revised(getattr(trip, stage), tmp_path / "attacked.pdf", change)
    report = validate(target, trust=office.ca.trust)
    assert (report.integrity, report.verdict) == ("ALTERED", "KHONG_HOP_LE")
    assert report.indication == "TOTAL_FAILED"


def test_a_number_changed_after_the_seal_is_found_although_each_signature_verifies(
    office: Office, trip: Trip, tmp_path: Path
) -> None:
    target = revised(trip.sealed, tmp_path / "attacked.pdf", fill_number("Số: 16/QĐ-UBND"))
    report = validate(target, trust=office.ca.trust)
    assert (report.integrity, report.verdict) == ("ALTERED", "KHONG_HOP_LE")


def test_a_number_filled_twice_before_the_seal_is_found(
    office: Office, trip: Trip, tmp_path: Path
) -> None:
    target = revised(trip.signed, tmp_path / "attacked.pdf", fill_number("15"), fill_number("16"))
    pdfs.signed_elsewhere(target, office.agency, "agency")
    report = validate(target, trust=office.ca.trust)
    assert (report.integrity, report.verdict) == ("ALTERED", "KHONG_HOP_LE")


def test_a_number_filled_once_by_another_product_and_sealed_is_fine(
    office: Office, trip: Trip, tmp_path: Path
) -> None:
    target = revised(trip.signed, tmp_path / "filled.pdf", fill_number("15"))
    pdfs.signed_elsewhere(target, office.agency, "agency")
    assert validate(target, trust=office.ca.trust).verdict == "HOP_LE"


def test_the_shadow_attack_on_an_ordinary_field_is_found(office: Office, tmp_path: Path) -> None:
    source = pdfs.plain(tmp_path / "contract.pdf")
    pdfs.revise(source, lambda writer: pdfs.text_field(writer, "amount", "1 000 000"))
    signed = tmp_path / "signed.pdf"
    trust = office.ca.trust
    pades.sign(source, signed, key=office.person, field="person1", level="B-LT", trust=trust)
    assert validate(signed, trust=trust).verdict == "HOP_LE"

    pdfs.revise(signed, lambda writer: pdfs.set_text(writer, "9 000 000", "amount"))
    report = validate(signed, trust=trust)
    assert (report.integrity, report.verdict) == ("ALTERED", "KHONG_HOP_LE")


def test_an_empty_field_that_is_not_ours_is_not_filled_between_signatures(
    office: Office, tmp_path: Path
) -> None:
    source, target = pdfs.plain(tmp_path / "contract.pdf"), tmp_path / "signed.pdf"
    pdfs.revise(source, lambda writer: pdfs.text_field(writer, "amount", ""))
    trust = office.ca.trust
    pades.sign(source, target, key=office.person, field="person1", level="B-LT", trust=trust)
    pdfs.revise(target, lambda writer: pdfs.set_text(writer, "9 000 000", "amount"))
    pdfs.signed_elsewhere(target, office.agency, "agency")
    report = validate(target, trust=trust)
    assert (report.integrity, report.verdict) == ("ALTERED", "KHONG_HOP_LE")


def test_a_signature_shown_in_two_fields_counts_once(
    office: Office, trip: Trip, tmp_path: Path
) -> None:
    target = revised(trip.signed, tmp_path / "attacked.pdf", second_field)
    report = validate(target, trust=office.ca.trust)
    assert len(report.signatures) == 1
    assert report.verdict != "HOP_LE"


def test_a_signature_of_an_unknown_kind_is_reported_not_skipped(office: Office, trip: Trip) -> None:
    content = trip.signed.read_bytes().replace(b"/ETSI.CAdES.detached", b"/adbe.pkcs7.sha1    ")
    report = validate(content, trust=office.ca.trust)
    assert (report.integrity, report.verdict) == ("UNDECIDED", "KHONG_XAC_DINH")
    assert report.signatures[0].subfilter == "adbe.pkcs7.sha1"
    assert [reason.code for reason in report.reasons] == ["subfilter_unsupported"]


@pytest.mark.parametrize("tail", [b"%%EOF", b"<script>", b"\0" * 100 + b"x" + b"\n%%EOF\n"])
def test_bytes_after_the_last_signature_are_found(office: Office, trip: Trip, tail: bytes) -> None:
    report = validate(trip.sealed.read_bytes() + tail, trust=office.ca.trust)
    assert (report.integrity, report.verdict) in (
        ("ALTERED", "KHONG_HOP_LE"),
        ("UNREADABLE", "KHONG_DOC_DUOC"),
    )


def test_a_byte_changed_under_the_seal_is_called_that_and_nothing_else(
    office: Office, trip: Trip
) -> None:
    content = bytearray(trip.sealed.read_bytes())
    sealed_only = trip.signed.stat().st_size  # what comes behind is the seal's own revision
    content[content.index(b"stream", sealed_only) + 20] ^= 1
    report = validate(bytes(content), trust=office.ca.trust)
    assert report.integrity == "ALTERED"
    codes = {reason.code for reason in report.reasons}
    assert "digest_mismatch" in codes
    assert "changed_after_last" not in codes


def test_white_space_after_the_last_signature_is_harmless(office: Office, trip: Trip) -> None:
    report = validate(trip.sealed.read_bytes() + b"\r\n", trust=office.ca.trust)
    assert report.verdict == "HOP_LE"


def test_data_hidden_beside_a_signature_is_found(office: Office, trip: Trip) -> None:
    content = bytearray(trip.sealed.read_bytes())
    _, end = room(content)
    content[end - 4 : end] = b"BEEF"
    report = validate(bytes(content), trust=office.ca.trust)
    assert (report.integrity, report.verdict) == ("ALTERED", "KHONG_HOP_LE")


def room(content: bytes | bytearray) -> tuple[int, int]:
    """Where the last signature's hexadecimal text lies: what no signature covers."""
    *_, found = re.finditer(rb"/Contents\s*<([0-9A-F]+)>", content)
    return found.start(1), found.end(1)


@given(data=st.data())
def test_no_changed_byte_goes_unseen(office: Office, trip: Trip, data: st.DataObject) -> None:
    content = bytearray(trip.sealed.read_bytes())
    start, end = room(content)
    position = data.draw(st.integers(0, len(content) - 1).filter(lambda at: not start <= at < end))
    content[position] ^= data.draw(st.integers(1, 255))
    report = validate(bytes(content), trust=office.ca.trust)
    assert report.verdict != "HOP_LE"
    assert report.integrity != "INTACT"


@given(data=st.data())
def test_a_truncated_file_never_passes_for_the_sealed_one(
    office: Office, trip: Trip, data: st.DataObject
) -> None:
    content = trip.sealed.read_bytes()
    signed_bytes = trip.signed.stat().st_size
    length = data.draw(st.integers(0, len(content) - 1))
    report = validate(content[:length], trust=office.ca.trust)
    if length in (signed_bytes, signed_bytes - 1):
        assert [item.field for item in report.signatures] == ["person1"]
    else:
        assert report.verdict != "HOP_LE"


@given(st.lists(st.tuples(st.integers(0, 100_000), st.binary(min_size=1, max_size=30)), max_size=5))
def test_whatever_comes_in_a_report_goes_out(
    office: Office, trip: Trip, splices: list[tuple[int, bytes]]
) -> None:
    content = bytearray(trip.sealed.read_bytes())
    for position, piece in splices:
        position %= len(content)
        content[position : position + len(piece)] = piece
    report = validate(bytes(content), trust=office.ca.trust)
    assert SignatureReport.from_json(report.to_json()) == report
    assert report.reasons
