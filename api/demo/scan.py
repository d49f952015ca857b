"""A sheet as a scanner gives it: colour, 200 dpi, true to size (ND 30 Annex I part II, I.2)."""

from __future__ import annotations

import io
import math

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

from workflow.printing import compose, font_file, pictured
from workflow.printing.composition import PAGE_HEIGHT, PAGE_WIDTH, Sheet
from workflow.printing.pages import Face, Rule

DPI = 200
_SCALE = DPI / 72
_SIZE = (round(PAGE_WIDTH * _SCALE), round(PAGE_HEIGHT * _SCALE))
_PAPER, _INK, _PEN, _STAMP = "#fbf9f2", "#26262b", "#1f3f9e", "#c8202c"
#: No real seal is imitated: ours says what it is.
_STAMP_TEXT = "CON DẤU TRÌNH DIỄN  •  KHÔNG CÓ GIÁ TRỊ  •  "


def scanned(sheet: Sheet) -> bytes:
    """The first page of a signed and stamped paper, as a PDF that holds only its picture."""
    page = compose(sheet)[0]
    paper = Image.new("RGB", _SIZE, _PAPER)
    draw = ImageDraw.Draw(paper)
    for mark in page.marks:
        if isinstance(mark, Rule):
            y = mark.y * _SCALE
            draw.line((mark.x * _SCALE, y, (mark.x + mark.length) * _SCALE, y), _INK, width=2)
        else:
            draw.text(
                (mark.x * _SCALE, mark.baseline * _SCALE),
                mark.text,
                fill=_INK,
                font=_font(mark.face, mark.points * _SCALE),
                anchor="ls",
            )
    if page.hand:
        x, y = page.hand[0] * _SCALE, page.hand[1] * _SCALE
        draw.line(_signature(x, y), _PEN, width=5, joint="curve")
        # Art. 33.1: the stamp covers about a third of the signature, on its left.
        paper = ImageChops.multiply(paper, _stamp(x - 180, y))
    grain = Image.effect_noise(_SIZE, 14).convert("RGB")
    lying = paper.rotate(0.35, Image.Resampling.BICUBIC, fillcolor=_PAPER)
    seen = Image.blend(lying.filter(ImageFilter.GaussianBlur(0.6)), grain, 0.05)
    picture = io.BytesIO()
    seen.save(picture, "JPEG", dpi=(DPI, DPI), quality=80)
    return pictured(picture.getvalue(), sheet.subject)


def _font(face: Face, pixels: float) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(font_file(face), pixels, layout_engine=ImageFont.Layout.BASIC)


def _signature(x: float, y: float) -> list[tuple[float, float]]:
    """A pen's loops around a point, the curve of a decaying swing."""
    return [
        (
            x - 165 + 3.3 * step + 34 * math.sin(step / 5.5),
            y - 52 * math.cos(step / 4.1) * math.exp(-step / 90) + 14 * math.sin(step / 23),
        )
        for step in range(104)
    ]


def _stamp(x: float, y: float) -> Image.Image:
    """A round stamp's ink on white, a little turned."""
    layer = Image.new("RGB", _SIZE, "white")
    draw = ImageDraw.Draw(layer)
    for radius, width in ((138, 6), (96, 3)):
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), outline=_STAMP, width=width)
    font = _font("B", 22)
    for number, letter in enumerate(_STAMP_TEXT):
        angle = 2 * math.pi * number / len(_STAMP_TEXT) - 2.5
        tile = Image.new("L", (60, 60))
        ImageDraw.Draw(tile).text((30, 30), letter, fill=255, font=font, anchor="mm")
        turned = tile.rotate(-math.degrees(angle) - 90, Image.Resampling.BICUBIC)
        place = (round(x + 117 * math.cos(angle)) - 30, round(y + 117 * math.sin(angle)) - 30)
        layer.paste(_STAMP, place, turned)
    draw.text((x, y), "MẪU", fill=_STAMP, font=_font("B", 62), anchor="mm")
    return layer
