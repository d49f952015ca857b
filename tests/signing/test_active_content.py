"""What a file may do when it is opened is said, whichever way it is written; nothing else is."""

from __future__ import annotations

import io
import os
import time
import zlib
from pathlib import Path

import pikepdf
import pytest

from signing import reading
from signing.active_content import active
from signing.trust import Trust
from signing.validation import validate
from tests.signing import pdfs

KINDS = {
    "<< /Names [(a) << /S /JavaScript /JS (app.alert\\(1\\)) >>] >>": {"active_script"},
    "<< /S/JavaScript/JS 7 0 R >>": {"active_script"},
    "<< /S /J#61vaScript >>": {"active_script"},
    "<< /#4a#53 (x) >>": {"active_script"},
    "<< /JS % a comment\n<78> >>": {"active_script"},
    "<< /AA << /O << /S /Named >> >> >>": {"active_action"},
    "<< /S /Launch /F (cmd.exe) >>": {"active_action"},
    "<< /S /SubmitForm >>": {"active_action"},
    "<< /S /ImportData >>": {"active_action"},
    "<< /S /GoToR >>": {"active_action"},
    "<< /Type /Annot /Subtype /FileAttachment >>": {"active_attachment"},
    "<< /Names << /EmbeddedFiles 7 0 R >> >>": {"active_attachment"},
    "<< /Subtype /RichMedia >>": {"active_media"},
    "<< /Subtype /Movie >>": {"active_media"},
    "<< /Subtype /3D >>": {"active_media"},
    "<< /S /Sound >>": {"active_media"},
    "<< /XFA [(a) 7 0 R] >>": {"active_form"},
    # What looks like it, and does nothing.
    "<< /S /URI /URI (https://vanban.chinhphu.vn) >>": set(),
    "<< /JSON (x) /AAA 1 /Launcher 2 /JS2 (y) >>": set(),
    "<< /Font << /AA 7 0 R /F1 8 0 R >> >>": {"active_action"},  # by its name alone one cannot tell
}


def of(content: bytes) -> frozenset[str]:
    reader, _ = reading.opened(io.BytesIO(content))
    return active(reader)


def with_object(tmp_path: Path, body: bytes) -> bytes:
    """A PDF with one more object, which only the trailer refers to."""
    plain = pdfs.plain(tmp_path / "plain.pdf").read_bytes()
    table = int(plain.rsplit(b"startxref", 1)[1].split()[0])
    size = int(plain.rsplit(b"/Size", 1)[1].split()[0])
    root = plain.rsplit(b"/Root", 1)[1].split(b"R", 1)[0]
    start, added = len(plain), b"%d 0 obj\n%b\nendobj\n" % (size, body)
    trailer = b"<< /Size %d /Root%bR /Kept %d 0 R /Prev %d >>" % (size + 1, root, size, table)
    where = start, trailer, start + len(added)
    references = b"xref\n%d 1\n%010d 00000 n \ntrailer\n%b\nstartxref\n%d\n%%%%EOF\n"
    return plain + added + references % (size, *where)


@pytest.mark.parametrize("body", KINDS)
def test_every_kind_is_found_in_plain_bytes(tmp_path: Path, body: str) -> None:
    assert of(with_object(tmp_path, body.encode())) == KINDS[body]


@pytest.mark.parametrize("body", KINDS)
def test_every_kind_is_found_in_an_object_stream(tmp_path: Path, body: str) -> None:
    source = tmp_path / "source.pdf"
    source.write_bytes(with_object(tmp_path, body.encode()))
    with pikepdf.open(source) as pdf:
        packed = io.BytesIO()
        pdf.save(packed, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    assert of(packed.getvalue()) == KINDS[body]


def test_opening_at_a_place_is_no_action_and_anything_else_is(tmp_path: Path) -> None:
    found = {}
    for action in ("<< /S /GoTo /D [0 /Fit] >>", "<< /S /Named /N /Print >>", "[0 /Fit]"):
        with pikepdf.open(pdfs.plain(tmp_path / "plain.pdf")) as pdf:
            pdf.Root.OpenAction = pikepdf.Object.parse(action.encode())
            written = io.BytesIO()
            pdf.save(written)
        found[action] = of(written.getvalue())
    assert list(found.values()) == [frozenset(), {"active_action"}, frozenset()]


def test_a_name_across_two_pieces_of_the_file_is_one(tmp_path: Path) -> None:
    plain = pdfs.plain(tmp_path / "plain.pdf").read_bytes()
    room = reading.CHUNK_BYTES - len(plain) - 20
    body = b"% " + b"." * room + b"\n<< /S /JavaScript >>"
    content = with_object(tmp_path, body)
    assert content.index(b"/JavaScript") < reading.CHUNK_BYTES < content.index(b"Script >>")
    assert of(content) == {"active_script"}


def test_it_is_said_and_decides_nothing(tmp_path: Path) -> None:
    content = with_object(tmp_path, b"<< /S /Launch /F (cmd.exe) >>")
    report = validate(content, trust=Trust(anchors=()))
    assert report.verdict == "KHONG_CO_CHU_KY"
    assert [item.code for item in report.warnings] == ["active_action"]


def test_random_bytes_of_a_scan_flag_nothing_and_cost_little(tmp_path: Path) -> None:
    noise = os.urandom(20_000_000)
    body = b"<< /Length %d >>\nstream\n%b\nendstream" % (len(noise), noise)
    content = with_object(tmp_path, body)
    reader, _ = reading.opened(io.BytesIO(content))
    started = time.process_time()
    assert active(reader) == frozenset()
    spent = time.process_time() - started
    started = time.process_time()
    zlib.crc32(content)
    assert spent < 60 * (time.process_time() - started + 1e-4)


@pytest.mark.parametrize("filler", [b"/", b"/#4a", b"/JS ", b"/JS%", b"/AA 1 ", b"#2", b"/aaaa#"])
def test_no_bytes_make_it_slow(tmp_path: Path, filler: bytes) -> None:
    filling = filler * (4_000_000 // len(filler))
    body = b"<< /Length %d >>\nstream\n%b\nendstream" % (len(filling), filling)
    reader, _ = reading.opened(io.BytesIO(with_object(tmp_path, body)))
    started = time.process_time()
    active(reader)
    assert time.process_time() - started < 3
