"""What a signature or a filled field shows on the page (ND 30/2020 Annex I)."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.writer import BasePdfFileWriter

from signing import images
from signing.errors import SigningRefused
from signing.objects import deflated, dictionary, inherited, numbers
from signing.typefaces import UPRIGHT, typeface

_SMALLEST_POINTS = 8.0
# A page may be shown turned; what stands on it is turned the other way (ISO 32000-2 §12.5.5).
_TURNS = {0: (1, 0, 0, 1), 90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}


@dataclass(frozen=True)
class Stamp:
    """What a signature shows: an image (PNG), or lines of text of exactly this many points.

    A person's signature and an agency's seal are images (Annex I, part I, II.7.d, II.8.a); on
    separate attachments and digitised copies the agency's is text, upright, black, of 10 points
    (II.8.b, III.1.d, part II, I.3). Without either it shows nothing.
    """

    image: bytes | None = None
    lines: tuple[str, ...] = ()
    points: float = 10

    @property
    def text_size(self) -> tuple[float, float]:
        """Width and height of the lines in points, as they are read.

        Raises SigningRefused when the face lacks one of their letters.
        """
        face = typeface(UPRIGHT)
        widths = [face.width(_composed(line)) for line in self.lines]
        leading = face.ascent - face.descent
        return max(widths) * self.points / 1000, len(widths) * leading * self.points / 1000

    def within(self, width: float) -> Stamp:
        """The same with its lines broken at spaces, so that they are no wider where they can be."""
        face, broken = typeface(UPRIGHT), []
        for line in self.lines:
            broken.append("")
            for word in line.split():
                longer = f"{broken[-1]} {word}".strip()
                fits = face.width(_composed(longer)) * self.points / 1000 <= width
                broken[-1:] = [longer] if fits or not broken[-1] else [broken[-1], word]
        return replace(self, lines=tuple(broken))


def room(widget: generic.DictionaryObject) -> tuple[float, float, int]:
    """Width and height of a widget as it is read, and by how many degrees its page is turned."""
    left, bottom, right, top = (float(side.get_object()) for side in widget["/Rect"])
    rotation = inherited(widget["/P"], "/Rotate") if "/P" in widget else None
    turned = rotation % 360 if isinstance(rotation, int) else 0
    width, height = abs(right - left), abs(top - bottom)
    return (height, width, turned) if turned in (90, 270) else (width, height, turned)


def show(writer: BasePdfFileWriter, stamp: Stamp, widget: generic.DictionaryObject) -> None:
    """Draw a stamp into a signature's widget, upright also on a page that is shown turned.

    A widget without extent stays invisible. Raises SigningRefused as `draw` does.
    """
    width, height, turned = room(widget)
    if width and height:
        drawn = draw(writer, stamp, width, height, turned)
        widget[pdf_name("/AP")] = dictionary({"/N": drawn})


def draw(
    writer: BasePdfFileWriter, stamp: Stamp, width: float, height: float, turned: int = 0
) -> generic.IndirectObject:
    """A form XObject that fills a box of `width` × `height` points, as it is read, with the stamp.

    `turned` is by how many degrees the page is shown turned. An image keeps its proportions, in
    the middle of the box; lines end at its right side. Text is never made smaller: Annex I says
    how large it is.

    Raises SigningRefused: the text does not fit or has a letter that the face lacks, or the image
    is none.
    """
    shown, resources = [], {}
    if stamp.image is not None:
        columns, rows = images.size(stamp.image)
        scale = min(width / columns, height / rows)
        wide, high = columns * scale, rows * scale
        shown.append(
            f"{wide:.3f} 0 0 {high:.3f} {(width - wide) / 2:.3f} {(height - high) / 2:.3f} cm /I Do"
        )
        resources["/XObject"] = dictionary({"/I": images.embed(writer, stamp.image)})
    if stamp.lines:
        wide, high = stamp.text_size
        if wide > width + _ROUNDING or high > height + _ROUNDING:
            raise _too_long(stamp.lines)
        lines, fonts = _set(writer, stamp.lines, UPRIGHT, stamp.points, width, height, side=1)
        shown.append(lines)
        resources["/Font"] = fonts
    return _form(writer, shown, resources, width, height, _TURNS.get(turned, _TURNS[0]))


def draw_field(
    writer: BasePdfFileWriter, text: str, face: str, points: float, width: float, height: float
) -> generic.IndirectObject:
    """A form XObject with one line in the middle of a box, made smaller to fit, down to 8 points.

    Raises SigningRefused when the text is too long or has a letter that the face lacks.
    """
    line = _composed(text)
    opened = typeface(face)
    leading = (opened.ascent - opened.descent) / 1000
    points = min(points, width * 1000 / (opened.width(line) or 1), height / leading)
    if points < _SMALLEST_POINTS:
        raise _too_long([line])
    shown, fonts = _set(writer, [line], face, points, width, height, side=0.5)
    return _form(writer, [shown], {"/Font": fonts}, width, height, _TURNS[0])


# What is lost when a box is written with a few decimals.
_ROUNDING = 0.01


def _set(
    writer: BasePdfFileWriter,
    lines: Sequence[str],
    name: str,
    points: float,
    width: float,
    height: float,
    *,
    side: float,
) -> tuple[str, generic.DictionaryObject]:
    """Lines at a side of the box (0 left, 0.5 middle, 1 right), and the font they are shown in."""
    face = typeface(name)
    lines = [_composed(line) for line in lines]
    leading = (face.ascent - face.descent) * points / 1000
    top = (height + leading * len(lines)) / 2 - face.ascent * points / 1000
    shown = []
    for number, line in enumerate(lines):
        start = (width - face.width(line) * points / 1000) * side
        shown.append(
            f"1 0 0 1 {start:.3f} {top - number * leading:.3f} Tm <{face.glyphs(line)}> Tj"
        )
    font = face.embed(writer, set().union(*lines))
    return f"BT /F {points:g} Tf 0 g {' '.join(shown)} ET", dictionary({"/F": font})


def _form(
    writer: BasePdfFileWriter,
    shown: Sequence[str],
    resources: Mapping[str, generic.PdfObject],
    width: float,
    height: float,
    turn: tuple[int, int, int, int],
) -> generic.IndirectObject:
    content = " ".join(f"q {part} Q" for part in shown)
    return writer.add_object(
        deflated(
            content.encode("ascii"),
            {
                "/Type": pdf_name("/XObject"),
                "/Subtype": pdf_name("/Form"),
                "/BBox": numbers(0, 0, width, height),
                "/Matrix": numbers(*turn, 0, 0),
                "/Resources": dictionary(resources),
            },
        )
    )


def _too_long(lines: Sequence[str]) -> SigningRefused:
    return SigningRefused("text_too_long", f"“{lines[0]}” không vừa ô đã dành sẵn trên trang.")


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)
