"""The faces that text on a page is set in: opened once per process, embedded letter by letter.

Tinos has the widths of Times New Roman, which ND 30/2020 (Annex I, part I, I.4) asks for.
"""

from __future__ import annotations

import hashlib
import io
import struct
from collections.abc import Mapping, Set
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise

from fontTools.ttLib import TTFont
from fontTools.ttLib.sfnt import SFNTWriter
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.writer import BasePdfFileWriter

from signing.errors import SigningRefused
from signing.objects import deflated, numbers

UPRIGHT = "Tinos-Regular"
ITALIC = "Tinos-Italic"

_LOCATIONS_ARE_LONG = 50  # offset of indexToLocFormat in `head`


@dataclass(frozen=True)
class Typeface:
    """An opened face; lengths in thousandths of its size."""

    name: str
    letters: Mapping[str, tuple[int, int]]  # glyph id and width
    ascent: int
    descent: int  # below the baseline, so negative
    box: tuple[int, int, int, int]
    italic_angle: float
    _outlines: tuple[bytes, ...]  # by glyph id
    _parts: Mapping[int, frozenset[int]]  # a letter's glyph and those that it is composed of
    _tables: Mapping[str, bytes]  # those that are the same for every subset

    def width(self, text: str) -> float:
        """The width of a text.

        Raises SigningRefused when the face lacks one of its letters.
        """
        missing = sorted(set(text) - self.letters.keys())
        if missing:
            raise SigningRefused(
                "letter_missing", f"Phông chữ không có ký tự: {' '.join(map(repr, missing))}."
            )
        return sum(self.letters[letter][1] for letter in text)

    def glyphs(self, text: str) -> str:
        """A text as the hexadecimal string that a page shows."""
        return "".join(f"{self.letters[letter][0]:04X}" for letter in text)

    def embed(self, writer: BasePdfFileWriter, letters: Set[str]) -> generic.IndirectObject:
        """A composite font of two-byte glyph ids (ISO 32000-2 §9.7) with these letters only.

        It can be read back as text. A line of text adds about 3 KB.
        """
        used = sorted(self.letters[letter] for letter in letters)
        program = self._program({glyph for glyph, _ in used})
        # ISO 32000-2 §9.9.2: a subset's name starts with six capitals and a plus sign.
        digest = hashlib.sha256(program).digest()
        tag = "".join(chr(ord("A") + octet % 26) for octet in digest[:6])
        base_font = pdf_name(f"/{tag}+{self.name}")
        descriptor = generic.DictionaryObject(
            {
                pdf_name("/Type"): pdf_name("/FontDescriptor"),
                pdf_name("/FontName"): base_font,
                # Bit 2 serif, bit 3 symbolic (glyphs are named by id), bit 7 italic.
                pdf_name("/Flags"): generic.NumberObject(6 | (64 if self.italic_angle else 0)),
                pdf_name("/FontBBox"): numbers(*self.box),
                pdf_name("/ItalicAngle"): generic.FloatObject(self.italic_angle),
                pdf_name("/Ascent"): generic.NumberObject(self.ascent),
                pdf_name("/Descent"): generic.NumberObject(self.descent),
                pdf_name("/CapHeight"): generic.NumberObject(662),
                pdf_name("/StemV"): generic.NumberObject(80),
                pdf_name("/FontFile2"): writer.add_object(
                    deflated(program, {"/Length1": generic.NumberObject(len(program))})
                ),
            }
        )
        widths = generic.ArrayObject()
        for glyph, width in used:
            widths.extend([generic.NumberObject(glyph), numbers(width)])
        descendant = generic.DictionaryObject(
            {
                pdf_name("/Type"): pdf_name("/Font"),
                pdf_name("/Subtype"): pdf_name("/CIDFontType2"),
                pdf_name("/BaseFont"): base_font,
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
                pdf_name("/BaseFont"): base_font,
                pdf_name("/Encoding"): pdf_name("/Identity-H"),
                pdf_name("/DescendantFonts"): generic.ArrayObject([writer.add_object(descendant)]),
                pdf_name("/ToUnicode"): writer.add_object(deflated(self._to_unicode(letters))),
            }
        )
        return writer.add_object(composite)

    def _program(self, used: Set[int]) -> bytes:
        """The face with these glyphs under their own ids, and all others empty."""
        drawn = {0}.union(*(self._parts[glyph] for glyph in used))
        outlines = [
            outline if glyph in drawn else b"" for glyph, outline in enumerate(self._outlines)
        ]
        ends = [0]
        for outline in outlines:
            ends.append(ends[-1] + len(outline))
        program = io.BytesIO()
        written = SFNTWriter(program, len(self._tables) + 2)
        for tag, table in self._tables.items():
            written[tag] = table
        written["glyf"] = b"".join(outlines)
        written["loca"] = struct.pack(f">{len(ends)}L", *ends)
        written.close()
        return program.getvalue()

    def _to_unicode(self, letters: Set[str]) -> bytes:
        pairs = sorted((self.letters[letter][0], letter) for letter in letters)
        # ISO 32000-2 §9.10.3 by way of the CMap format: at most 100 entries in one block.
        blocks = [pairs[start : start + 100] for start in range(0, len(pairs), 100)]
        mapped = "\n".join(
            f"{len(block)} beginbfchar\n"
            + "\n".join(
                f"<{glyph:04X}> <{letter.encode('utf-16-be').hex().upper()}>"
                for glyph, letter in block
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


@cache
def typeface(name: str) -> Typeface:
    """A face by its file's name, taken apart once: subsetting it by a library costs 7 ms a time."""
    source = io.BytesIO(files("signing").joinpath("fonts", f"{name}.ttf").read_bytes())
    with TTFont(source, lazy=True) as font:
        head, horizontal, glyf = font["head"], font["hhea"], font["glyf"]
        scale = 1000 / head.unitsPerEm
        tables = {tag: font.reader[tag] for tag in ("head", "hhea", "hmtx", "maxp")}
        before, after = _LOCATIONS_ARE_LONG, _LOCATIONS_ARE_LONG + 2
        tables["head"] = tables["head"][:before] + b"\0\1" + tables["head"][after:]
        ends = list(font["loca"].locations)
        data = font.reader["glyf"]

        def parts(glyph: str) -> frozenset[int]:
            composed_of = glyf[glyph].getComponentNames(glyf)
            return frozenset({font.getGlyphID(glyph)}).union(*map(parts, composed_of))

        letters = font.getBestCmap()
        return Typeface(
            name=name,
            letters={
                chr(code): (font.getGlyphID(glyph), round(font["hmtx"][glyph][0] * scale))
                for code, glyph in letters.items()
            },
            ascent=round(horizontal.ascent * scale),
            descent=round(horizontal.descent * scale),
            box=(
                round(head.xMin * scale),
                round(head.yMin * scale),
                round(head.xMax * scale),
                round(head.yMax * scale),
            ),
            italic_angle=font["post"].italicAngle,
            _outlines=tuple(data[start:end] for start, end in pairwise(ends)),
            _parts={font.getGlyphID(glyph): parts(glyph) for glyph in letters.values()},
            _tables=tables,
        )
