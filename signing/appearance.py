"""Text put onto a page, in a Times-like face that covers Vietnamese.

A font is embedded as a subset of exactly the letters used, so a filled field adds about 4 KB.
"""

from __future__ import annotations

import hashlib
import io
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from fontTools import subset
from fontTools.ttLib import TTFont
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.writer import BasePdfFileWriter

from signing.errors import SigningRefused

_SMALLEST_POINTS = 8.0


@dataclass(frozen=True)
class Face:
    """A face and its size in points."""

    file: str
    points: float


# ND 30/2020 Annex I, II.3 and II.4: number upright, place and date italic, both 13 to 14 points.
UPRIGHT = Face("Tinos-Regular.ttf", 13)
ITALIC = Face("Tinos-Italic.ttf", 13)


@dataclass(frozen=True)
class _Subset:
    """A font with only the letters used: what its content stream and its font object need."""

    program: bytes
    name: str
    glyphs: Mapping[str, tuple[int, int]]  # by letter: glyph id, width in 1/1000 em
    box: tuple[int, int, int, int]  # font bounding box in 1/1000 em
    ascent: int
    descent: int
    italic_angle: float


def text_block(
    writer: BasePdfFileWriter,
    lines: Sequence[str],
    face: Face,
    width: float,
    height: float,
    *,
    centred: bool = False,
    smallest_points: float = _SMALLEST_POINTS,
) -> generic.IndirectObject:
    """A form XObject of `width` × `height` points with lines at its left, vertically centred.

    `centred` puts them in the middle instead of at the left.

    The size shrinks to fit, down to `smallest_points`. Raises SigningRefused when the text is too
    long for the box or has a letter that the face lacks.
    """
    lines = [unicodedata.normalize("NFC", line) for line in lines]
    font = _subset("".join(lines), face.file)
    lengths = [sum(font.glyphs[letter][1] for letter in line) / 1000 for line in lines]
    natural = max(lengths)
    leading = (font.ascent - font.descent) / 1000
    points = min(face.points, width / (natural or 1), height / (leading * len(lines)))
    if points < smallest_points:
        raise SigningRefused("text_too_long", f"“{lines[0]}” không vừa ô đã dành sẵn trên trang.")
    top = (height + leading * points * len(lines)) / 2 - font.ascent * points / 1000
    shown = []
    for number, (line, length) in enumerate(zip(lines, lengths, strict=True)):
        start = (width - length * points) / 2 if centred else 0
        glyphs = "".join(f"{font.glyphs[letter][0]:04X}" for letter in line)
        baseline = top - number * leading * points
        shown.append(f"1 0 0 1 {start:.2f} {baseline:.2f} Tm <{glyphs}> Tj")
    content = f"q BT /F1 {points:.2f} Tf 0 g {' '.join(shown)} ET Q"
    stream = generic.StreamObject(
        {
            pdf_name("/Type"): pdf_name("/XObject"),
            pdf_name("/Subtype"): pdf_name("/Form"),
            pdf_name("/BBox"): _numbers(0, 0, width, height),
            pdf_name("/Resources"): generic.DictionaryObject(
                {
                    pdf_name("/Font"): generic.DictionaryObject(
                        {pdf_name("/F1"): _embed(writer, font)}
                    )
                }
            ),
        },
        stream_data=content.encode("ascii"),
    )
    return writer.add_object(stream)


def printable(text: str, face: Face) -> str:
    """`text` with a question mark for every letter that the face lacks."""
    known = _letters(face.file)
    return "".join(
        letter if letter in known else "?" for letter in unicodedata.normalize("NFC", text)
    )


@cache
def _letters(file: str) -> frozenset[str]:
    return frozenset(map(chr, TTFont(io.BytesIO(_font_bytes(file)), lazy=True).getBestCmap()))


@cache
def _font_bytes(file: str) -> bytes:
    return files("signing").joinpath("fonts", file).read_bytes()


def _subset(text: str, file: str) -> _Subset:
    missing = sorted(set(text) - _letters(file))
    if missing:
        raise SigningRefused(
            "letter_missing", f"Phông chữ không có ký tự: {' '.join(map(repr, missing))}."
        )
    font = TTFont(io.BytesIO(_font_bytes(file)), lazy=True)
    options = subset.Options(layout_features=[], hinting=False, notdef_outline=True)
    subsetter = subset.Subsetter(options)
    subsetter.populate(text=text)
    subsetter.subset(font)
    program = io.BytesIO()
    font.save(program)
    scale = 1000 / font["head"].unitsPerEm
    metrics = font["hmtx"].metrics
    glyphs = {
        chr(code): (font.getGlyphID(name), round(metrics[name][0] * scale))
        for code, name in font.getBestCmap().items()
    }
    head, horizontal = font["head"], font["hhea"]
    # ISO 32000-2 §9.9.2: a subset's name starts with six capitals and a plus sign.
    digest = hashlib.sha256(program.getvalue()).digest()
    tag = "".join(chr(ord("A") + octet % 26) for octet in digest[:6])
    return _Subset(
        program=program.getvalue(),
        name=f"/{tag}+{file.removesuffix('.ttf')}",
        glyphs=glyphs,
        box=(
            round(head.xMin * scale),
            round(head.yMin * scale),
            round(head.xMax * scale),
            round(head.yMax * scale),
        ),
        ascent=round(horizontal.ascent * scale),
        descent=round(horizontal.descent * scale),
        italic_angle=font["post"].italicAngle,
    )


def _embed(writer: BasePdfFileWriter, font: _Subset) -> generic.IndirectObject:
    """A composite font of two-byte glyph ids (ISO 32000-2 §9.7), readable back as text."""
    program = generic.StreamObject(
        {pdf_name("/Length1"): generic.NumberObject(len(font.program))}, stream_data=font.program
    )
    program.compress()
    to_unicode = generic.StreamObject(stream_data=_to_unicode(font))
    to_unicode.compress()
    descriptor = generic.DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/FontDescriptor"),
            pdf_name("/FontName"): pdf_name(font.name),
            # Bit 2 serif, bit 3 symbolic (glyphs are named by id), bit 7 italic.
            pdf_name("/Flags"): generic.NumberObject(6 | (64 if font.italic_angle else 0)),
            pdf_name("/FontBBox"): _numbers(*font.box),
            pdf_name("/ItalicAngle"): generic.FloatObject(font.italic_angle),
            pdf_name("/Ascent"): generic.NumberObject(font.ascent),
            pdf_name("/Descent"): generic.NumberObject(font.descent),
            pdf_name("/CapHeight"): generic.NumberObject(662),
            pdf_name("/StemV"): generic.NumberObject(80),
            pdf_name("/FontFile2"): writer.add_object(program),
        }
    )
    widths = generic.ArrayObject()
    for glyph, width in sorted(font.glyphs.values()):
        widths.extend([generic.NumberObject(glyph), _numbers(width)])
    descendant = generic.DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/Font"),
            pdf_name("/Subtype"): pdf_name("/CIDFontType2"),
            pdf_name("/BaseFont"): pdf_name(font.name),
            pdf_name("/CIDSystemInfo"): generic.DictionaryObject(
                {
                    pdf_name("/Registry"): generic.pdf_string("Adobe"),
                    pdf_name("/Ordering"): generic.pdf_string("Identity"),
                    pdf_name("/Supplement"): generic.NumberObject(0),
                }
            ),
            pdf_name("/CIDToGIDMap"): pdf_name("/Identity"),
            pdf_name("/FontDescriptor"): writer.add_object(descriptor),
            pdf_name("/W"): widths,
        }
    )
    composite = generic.DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/Font"),
            pdf_name("/Subtype"): pdf_name("/Type0"),
            pdf_name("/BaseFont"): pdf_name(font.name),
            pdf_name("/Encoding"): pdf_name("/Identity-H"),
            pdf_name("/DescendantFonts"): generic.ArrayObject([writer.add_object(descendant)]),
            pdf_name("/ToUnicode"): writer.add_object(to_unicode),
        }
    )
    return writer.add_object(composite)


def _to_unicode(font: _Subset) -> bytes:
    pairs = sorted((glyph, letter) for letter, (glyph, _) in font.glyphs.items())
    # ISO 32000-2 §9.10.3 by way of the CMap format: at most 100 entries in one block.
    blocks = [pairs[start : start + 100] for start in range(0, len(pairs), 100)]
    mapped = "\n".join(
        f"{len(block)} beginbfchar\n"
        + "\n".join(
            f"<{glyph:04X}> <{letter.encode('utf-16-be').hex().upper()}>" for glyph, letter in block
        )
        + "\nendbfchar"
        for block in blocks
    )
    return (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
        "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
        "1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n"
        f"{mapped}\nendcmap\nCMapName currentdict /CMap defineresource pop\nend\nend"
    ).encode("ascii")


def _numbers(*values: float) -> generic.ArrayObject:
    return generic.ArrayObject(
        generic.NumberObject(value) if isinstance(value, int) else generic.FloatObject(value)
        for value in values
    )
