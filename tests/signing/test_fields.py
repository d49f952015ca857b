"""Reserved fields: where they may stand, what they hold."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from signing import fields
from signing.errors import SigningRefused, UnreadablePdf
from signing.fields import Box, SignatureField
from tests.signing import pdfs
from tests.signing.conftest import Trip


def prepare(source: Path, target: Path, **changes: object) -> None:
    asked: dict[str, object] = {
        "number": pdfs.NUMBER_BOX,
        "date": pdfs.DATE_BOX,
        "signatures": [SignatureField("person1"), SignatureField("agency", locks=True)],
    }
    fields.prepare(source, target, **(asked | changes))  # type: ignore[arg-type]


def test_reserved_fields_are_empty_and_the_source_is_the_prefix(tmp_path: Path) -> None:
    source, target = pdfs.plain(tmp_path / "in.pdf"), tmp_path / "out.pdf"
    prepare(source, target)
    assert target.read_bytes().startswith(source.read_bytes())
    assert fields.read(target) == {}
    assert fields.read(source) == {}


def test_a_form_that_is_there_already_is_kept(tmp_path: Path) -> None:
    source, target = pdfs.plain(tmp_path / "in.pdf"), tmp_path / "out.pdf"
    pdfs.revise(source, lambda writer: pdfs.text_field(writer, "amount", "1 000 000"))
    prepare(source, target)
    assert fields.read(target) == {"amount": "1 000 000"}


@pytest.mark.parametrize(
    ("box", "code"),
    [
        (Box(0, -1, 0, 100, 20), "box_off_page"),
        (Box(0, 0, 830, 100, 20), "box_off_page"),
        (Box(0, 550, 100, 100, 20), "box_off_page"),
        (Box(0, 100, 100, 0, 20), "box_off_page"),
        (Box(0, 100, 100, 100, -5), "box_off_page"),
        (Box(1, 100, 100, 100, 20), "page_missing"),
        (Box(-1, 100, 100, 100, 20), "page_missing"),
    ],
)
def test_no_field_lies_off_the_page(tmp_path: Path, box: Box, code: str) -> None:
    source, target = pdfs.plain(tmp_path / "in.pdf"), tmp_path / "out.pdf"
    for change in (
        {"number": box},
        {"date": box},
        {"signatures": [SignatureField("person1", box)]},
    ):
        with pytest.raises(SigningRefused) as refused:
            prepare(source, target, **change)
        assert refused.value.code == code
        assert [path.name for path in tmp_path.iterdir()] == ["in.pdf"]


def test_fields_are_reserved_once_and_before_the_first_signature(
    trip: Trip, tmp_path: Path
) -> None:
    with pytest.raises(SigningRefused) as refused:
        prepare(trip.prepared, tmp_path / "out.pdf")
    assert refused.value.code == "fields_exist"
    with pytest.raises(SigningRefused) as refused:
        prepare(trip.signed, tmp_path / "out.pdf")
    assert refused.value.code == "already_signed"


def test_names_must_not_begin_each_other(tmp_path: Path) -> None:
    source = pdfs.plain(tmp_path / "in.pdf")
    with pytest.raises(ValueError, match="person1"):
        prepare(
            source,
            tmp_path / "out.pdf",
            signatures=[SignatureField("person1"), SignatureField("person10")],
        )


def test_source_and_target_may_be_the_same_file(tmp_path: Path) -> None:
    source, other = pdfs.plain(tmp_path / "in.pdf"), tmp_path / "other.pdf"
    shutil.copy(source, other)
    prepare(source, source)
    assert source.read_bytes().startswith(other.read_bytes())
    assert source.stat().st_size > other.stat().st_size


def test_reading_what_is_no_pdf(tmp_path: Path) -> None:
    path = tmp_path / "in.pdf"
    path.write_bytes(b"hello")
    with pytest.raises(UnreadablePdf, match="không phải là tệp PDF"):
        fields.read(path)
