"""Files that readers take differently, as office suites and scanners write them every day."""

from __future__ import annotations

from pathlib import Path

import pikepdf
import pytest

from signing import repair
from signing.errors import SigningRefused, UnreadablePdf
from signing.fields import SignatureField, prepare
from tests.signing.conftest import Trip
from tests.signing.pdfs import DATE_BOX, NUMBER_BOX, hybrid, plain


def is_sound(path: Path) -> bool:
    with path.open("rb") as file:
        return repair.is_sound(file)


def rewrite(source: Path, target: Path) -> None:
    with source.open("rb") as file, target.open("w+b") as written:
        repair.rewrite(file, written)


def test_a_hybrid_draft_is_rewritten_and_can_then_be_prepared(tmp_path: Path) -> None:
    source, sound = hybrid(tmp_path / "word.pdf"), tmp_path / "sound.pdf"
    assert not is_sound(source)
    signatures = [SignatureField("agency", locks=True)]
    with pytest.raises(SigningRefused):
        prepare(
            source, tmp_path / "no.pdf", number=NUMBER_BOX, date=DATE_BOX, signatures=signatures
        )
    rewrite(source, sound)
    assert is_sound(sound)
    prepare(sound, tmp_path / "ok.pdf", number=NUMBER_BOX, date=DATE_BOX, signatures=signatures)
    with pikepdf.open(source) as before, pikepdf.open(sound) as after:
        assert [page.Contents.read_bytes() for page in before.pages] == [
            page.Contents.read_bytes() for page in after.pages
        ]


def test_a_sound_file_is_left_alone(tmp_path: Path) -> None:
    assert is_sound(plain(tmp_path / "plain.pdf"))


def test_an_encrypted_file_is_not_rewritten(tmp_path: Path) -> None:
    source = tmp_path / "locked.pdf"
    with pikepdf.open(plain(tmp_path / "plain.pdf")) as pdf:
        pdf.save(source, encryption=pikepdf.Encryption(owner="owner", user=""))
    with pytest.raises(SigningRefused, match="mật khẩu"):
        rewrite(source, tmp_path / "no.pdf")
    assert not (tmp_path / "no.pdf").stat().st_size


def test_a_signed_file_is_never_rewritten(tmp_path: Path, trip: Trip) -> None:
    with pytest.raises(SigningRefused, match="đã ký"):
        rewrite(trip.sealed, tmp_path / "no.pdf")


def test_garbage_stays_garbage(tmp_path: Path) -> None:
    source = tmp_path / "no.pdf"
    source.write_bytes(b"%PDF-1.7\nnothing\n%%EOF\n")
    with pytest.raises(UnreadablePdf):
        is_sound(source)
