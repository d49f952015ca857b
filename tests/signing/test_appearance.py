"""Images are what Annex I of ND 30/2020 asks for, or refused; text is never made smaller."""

from __future__ import annotations

import io
import struct
import time
import zlib
from pathlib import Path
from random import Random
from statistics import median
from unicodedata import normalize

import pypdfium2 as pdfium
import pytest
from fontTools.ttLib import TTFont
from fpdf import FPDF
from PIL import Image
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from api.demo import marks
from signing import images
from signing.appearance import Stamp, draw, draw_field, show
from signing.errors import SigningRefused
from signing.typefaces import ITALIC, UPRIGHT, typeface
from tests.signing import pdfs
from workflow.printing import font_file


def blank() -> bytes:
    """An empty page."""
    pdf = FPDF()
    pdf.add_page()
    return bytes(pdf.output())


PLAIN = blank()
TEXT = Stamp(lines=("15/QĐ-UBND", "2026-11-21T09:30:12+07:00"))
#: Every letter of Vietnamese, capitals and figures among them.
ALPHABET = "AĂÂBCDĐEÊGHIKLMNOÔƠPQRSTUƯVXYaăâbcdđeêghiklmnoôơpqrstuưvxy0123456789"
TONES = "\u0300\u0301\u0303\u0309\u0323"
VOWELS = "AĂÂEÊIOÔƠUƯYaăâeêioôơuưy"


def shown(path: Path, stamp: Stamp, width: float, height: float) -> Path:
    """A page that shows the stamp in a widget at (100, 500)."""

    def add(writer: IncrementalPdfFileWriter) -> None:
        page = writer.find_page_for_modification(0)[0]
        widget = generic.DictionaryObject(
            {
                pdf_name("/Type"): pdf_name("/Annot"),
                pdf_name("/Subtype"): pdf_name("/Widget"),
                pdf_name("/FT"): pdf_name("/Sig"),
                pdf_name("/T"): generic.pdf_string("a"),
                pdf_name("/F"): generic.NumberObject(4),
                pdf_name("/P"): page,
                pdf_name("/Rect"): generic.ArrayObject(
                    map(generic.FloatObject, (100, 500, 100 + width, 500 + height))
                ),
            }
        )
        show(writer, stamp, widget)
        reference = writer.add_object(widget)
        writer.register_annotation(page, reference)
        form = generic.DictionaryObject({pdf_name("/Fields"): generic.ArrayObject([reference])})
        writer.root[pdf_name("/AcroForm")] = writer.add_object(form)
        writer.update_root()

    return pdfs.revise(pdfs.plain(path), add)


def read_back(path: Path) -> str:
    """The text that a reader finds once what is shown is part of the page."""
    with pdfium.PdfDocument(path) as document:
        document.init_forms()
        document[0].flatten()
        return str(document[0].get_textpage().get_text_range())


@pytest.mark.parametrize(
    ("png", "kind", "size", "code"),
    [
        (b"", "person", (50, 20), "image_unreadable"),
        (b"%PDF-1.7", "person", (50, 20), "image_unreadable"),
        (marks.scribble()[:5_000], "person", (50, 20), "image_unreadable"),
        (b"\x89PNG\r\n\x1a\n" + bytes(images.MOST_BYTES), "person", (50, 20), "image_too_large"),
        (marks.scribble(ground=255), "person", (50, 20.4), "image_not_transparent"),
        (marks.png(Image.new("RGBA", (300, 300))), "person", (30, 30), "image_not_transparent"),
        (marks.scribble(colour=(20, 20, 20)), "person", (50, 20.4), "image_colour"),
        (marks.scribble(colour=marks.RED), "person", (50, 20.4), "image_colour"),
        (marks.seal(colour=marks.BLUE), "agency", (36, 36), "image_colour"),
        (marks.seal(), "agency", (36, 25), "image_distorted"),
    ],
)
def test_what_is_no_image_of_a_signature_is_refused(
    png: bytes, kind: images.Kind, size: tuple[float, float], code: str
) -> None:
    with pytest.raises(SigningRefused) as refused:
        images.check(png, kind, *size)
    assert refused.value.code == code


def test_a_jpeg_is_no_png() -> None:
    out = io.BytesIO()
    Image.open(io.BytesIO(marks.seal())).convert("RGB").save(out, "JPEG")
    with pytest.raises(SigningRefused) as refused:
        images.check(out.getvalue(), "agency", 36, 36)
    assert refused.value.code == "image_unreadable"


def test_a_bomb_is_refused_before_a_pixel_is_unpacked() -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        whole = kind + data
        return struct.pack(">L", len(data)) + whole + struct.pack(">L", zlib.crc32(whole))

    # 30 000 × 30 000 interlaced pixels of 8 bytes in a file of 7 KB.
    header = struct.pack(">LLBBBBB", 30_000, 30_000, 16, 6, 0, 0, 1)
    pixels = zlib.compress(bytes(7_000_000), 9)
    bomb = b"\x89PNG\r\n\x1a\n" + b"".join(
        (chunk(b"IHDR", header), chunk(b"IDAT", pixels), chunk(b"IEND", b""))
    )
    started = time.process_time()
    with pytest.raises(SigningRefused) as refused:
        images.check(bomb, "agency", 36, 36)
    assert refused.value.code == "image_too_large"
    assert time.process_time() - started < 0.5


def test_an_image_that_would_swell_in_a_document_is_refused() -> None:
    """A palette is small in a PNG; a document holds every pixel's colours."""
    side = 1_600
    noise = Image.frombytes("L", (side, side), Random(1).randbytes(side * side))
    shades = noise.point(lambda value: min(value // 48, 3)).convert("P")
    shades.putpalette([0, 0, 255, 0, 0, 200, 0, 40, 160, *bytes(759)])
    png = marks.png(shades, transparency=3, bits=2)
    assert len(png) <= images.MOST_BYTES
    with pytest.raises(SigningRefused) as refused:
        images.check(png, "person", 36, 36)
    assert refused.value.code == "image_too_large"


@pytest.mark.parametrize("mode", ["RGBA", "P", "LA"])
def test_every_kind_of_png_with_a_clear_ground_is_understood(mode: str) -> None:
    seal = Image.open(io.BytesIO(marks.seal()))
    if mode == "LA":
        # Grey is transparent too, and no agency's colour.
        with pytest.raises(SigningRefused) as refused:
            images.check(marks.png(seal.convert("LA")), "agency", 36, 36)
        assert refused.value.code == "image_colour"
        return
    images.check(marks.png(seal.convert(mode)), "agency", 36, 36)


def test_what_is_transparent_hides_nothing() -> None:
    """An image may carry colours under its clear parts; they do not get into the document."""
    image = Image.open(io.BytesIO(marks.seal())).convert("RGBA")
    inked = image.getchannel("A").point(lambda value: 255 * (value > 0))
    secret = Image.composite(image, Image.new("RGBA", image.size, (1, 2, 3, 0)), inked)
    writer = IncrementalPdfFileWriter(io.BytesIO(PLAIN))
    embedded = images.embed(writer, marks.png(secret)).get_object()
    assert isinstance(embedded, generic.StreamObject)
    assert b"\x01\x02\x03" not in embedded.data
    assert embedded.data[:3] == b"\xff\xff\xff"


def test_clear_margins_are_cut_off_so_that_the_size_is_that_of_the_ink(tmp_path: Path) -> None:
    for margin in (0, 200):
        image = Stamp(image=marks.seal(margin=margin))
        with pdfium.PdfDocument(shown(tmp_path / "a.pdf", image, 100, 100)) as document:
            document.init_forms()
            page = document[0].render(scale=2).to_pil()
        red = page.convert("HSV").getchannel("S").point(lambda value: 255 * (value > 100))
        left, top, right, bottom = red.getbbox() or (0, 0, 0, 0)
        assert (right - left, bottom - top) == pytest.approx((200, 200), abs=2)


def test_text_is_exactly_as_large_as_asked_or_refused() -> None:
    writer = IncrementalPdfFileWriter(io.BytesIO(PLAIN))
    width, height = TEXT.text_size
    drawn = draw(writer, TEXT, width, height).get_object()
    assert isinstance(drawn, generic.StreamObject)
    assert b"/F 10 Tf 0 g" in drawn.data
    for smaller in ((width - 1, height), (width, height - 1)):
        with pytest.raises(SigningRefused) as refused:
            draw(writer, TEXT, *smaller)
        assert refused.value.code == "text_too_long"


def test_a_long_name_goes_on_in_the_next_line() -> None:
    name = "Văn phòng Đoàn đại biểu Quốc hội và Hội đồng nhân dân tỉnh Mẫu"
    stamp = Stamp(lines=("SAO Y", name)).within(150)
    assert len(stamp.lines) > 2
    assert " ".join(stamp.lines[1:]) == name
    assert stamp.text_size[0] <= 150
    word = Stamp(lines=("x" * 100,))
    assert word.within(150) == word  # a word is never broken; no box is made for it


def test_a_letter_that_the_face_lacks_is_refused() -> None:
    writer = IncrementalPdfFileWriter(io.BytesIO(PLAIN))
    with pytest.raises(SigningRefused) as refused:
        draw(writer, Stamp(lines=("文",)), 100, 20)
    assert refused.value.code == "letter_missing"


@pytest.mark.parametrize("face", [UPRIGHT, ITALIC])
def test_the_face_has_every_letter_of_vietnamese(face: str) -> None:
    opened = typeface(face)
    toned = "".join(vowel + tone for vowel in VOWELS for tone in TONES)
    for text in (ALPHABET, toned, "/:+-.,;()“”–"):
        composed = normalize("NFC", text)
        assert opened.width(composed) > 0


def test_the_embedded_face_draws_its_letters_as_the_whole_one_does() -> None:
    """Accented letters are composed of others, which must come along."""
    letters = "Ủyxãợ15/Đ"
    writer = IncrementalPdfFileWriter(io.BytesIO(PLAIN))
    font = typeface(UPRIGHT).embed(writer, set(letters)).get_object()
    descriptor = font["/DescendantFonts"][0]["/FontDescriptor"]
    with (
        TTFont(io.BytesIO(descriptor["/FontFile2"].data)) as cut,
        TTFont(font_file("")) as whole,
    ):
        for letter in letters:
            glyph, _ = typeface(UPRIGHT).letters[letter]
            outlines = [
                face["glyf"][face.getGlyphName(glyph)].getCoordinates(face["glyf"])
                for face in (cut, whole)
            ]
            assert len(outlines[0][0]) > 0
            assert outlines[0] == outlines[1]
        unused, _ = typeface(UPRIGHT).letters["Z"]
        assert not cut["glyf"][cut.getGlyphName(unused)].numberOfContours


def test_text_can_be_read_back_letter_by_letter(tmp_path: Path) -> None:
    lines = ("Ủy ban nhân dân xã Tân Hòa", "ƯỚC ẤẦẨẪẬ ợỡ đĐ", *TEXT.lines)
    stamp = Stamp(lines=lines)
    path = shown(tmp_path / "a.pdf", stamp, *stamp.text_size)
    found = read_back(path)
    for line in lines:
        assert line in found


def test_decomposed_text_is_set_composed() -> None:
    writer = IncrementalPdfFileWriter(io.BytesIO(PLAIN))
    stamp = Stamp(lines=("\u0055\u031b\u0301",))  # U + horn + acute
    assert stamp.text_size == Stamp(lines=("Ứ",)).text_size
    draw(writer, stamp, *stamp.text_size)


def test_a_field_that_is_too_small_is_refused() -> None:
    writer = IncrementalPdfFileWriter(io.BytesIO(PLAIN))
    with pytest.raises(SigningRefused) as refused:
        draw_field(writer, "Số: 15/QĐ-UBND " * 5, UPRIGHT, 13, 100, 18)
    assert refused.value.code == "text_too_long"


def test_an_invisible_widget_stays_invisible() -> None:
    writer = IncrementalPdfFileWriter(io.BytesIO(PLAIN))
    nowhere = generic.ArrayObject(map(generic.NumberObject, (0, 0, 0, 0)))
    widget = generic.DictionaryObject({pdf_name("/Rect"): nowhere})
    show(writer, TEXT, widget)
    assert "/AP" not in widget


def test_a_stamp_costs_milliseconds_and_kilobytes() -> None:
    """The goal is 20 ms of CPU (stretch 8); a full font took 120 to 167, a subset of ours 7."""
    data = PLAIN

    def cost(stamp: Stamp | None) -> tuple[float, int]:
        stream = io.BytesIO(data)
        writer = IncrementalPdfFileWriter(stream)
        writer.update_root()
        started = time.process_time()
        if stamp is not None:
            draw(writer, stamp, 200, 120)
        writer.write_in_place()
        return time.process_time() - started, len(stream.getvalue()) - len(data)

    for stamp, growth_bytes in ((TEXT, 5_000), (Stamp(image=marks.scribble()), 60_000)):
        cost(stamp)  # what is prepared once per process
        with_stamp = median(cost(stamp)[0] for _ in range(9))
        without = median(cost(None)[0] for _ in range(9))
        assert with_stamp - without < 0.008
        assert cost(stamp)[1] - cost(None)[1] < growth_bytes
