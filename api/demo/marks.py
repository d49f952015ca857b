"""Images of a signature and a seal that belong to nobody, drawn here."""

from __future__ import annotations

import io
import math
from functools import cache
from typing import Any

from PIL import Image, ImageDraw

BLUE, RED = (24, 60, 170), (205, 20, 30)


def png(image: Image.Image, **options: Any) -> bytes:
    """The image as a PNG file."""
    out = io.BytesIO()
    image.save(out, "PNG", **options)
    return out.getvalue()


@cache
def scribble(colour: tuple[int, int, int] = BLUE, ground: int = 0, margin: int = 30) -> bytes:
    """A pen's loops, 600 × 260 pixels of ink, on a ground of this opacity."""
    wide, high = 600 + 2 * margin, 260 + 2 * margin
    image = Image.new("RGBA", (wide * 2, high * 2), (255, 255, 255, ground))
    pen = ImageDraw.Draw(image)
    points = [
        (
            2 * (margin + 45 + 520 * step / 400 + 38 * math.sin(step / 9)),
            2 * (margin + 128 + 120 * math.cos(step / 9 + 1) * math.cos(step / 110)),
        )
        for step in range(401)
    ]
    pen.line(points, fill=(*colour, 255), width=14, joint="curve")
    pen.line(
        [(2 * margin, 2 * (margin + 250)), (2 * (margin + 600), 2 * (margin + 215))],
        fill=(*colour, 255),
        width=10,
    )
    return png(image.resize((wide, high), Image.Resampling.LANCZOS))


@cache
def seal(colour: tuple[int, int, int] = RED, pixels: int = 720, margin: int = 24) -> bytes:
    """Two rings and a star: no agency's, no words."""
    side = pixels + 2 * margin
    image = Image.new("RGBA", (side * 2, side * 2), (255, 255, 255, 0))
    pen = ImageDraw.Draw(image)
    middle = float(side)

    def ring(radius: float, width: int) -> None:
        box = (middle - radius, middle - radius, middle + radius, middle + radius)
        pen.ellipse(box, outline=(*colour, 255), width=width)

    ring(pixels, 28)
    ring(pixels * 0.62, 14)
    star = [
        (
            middle + radius * math.sin(math.pi * corner / 5),
            middle - radius * math.cos(math.pi * corner / 5),
        )
        for corner in range(10)
        for radius in (pixels * (0.2 if corner % 2 else 0.5),)
    ]
    pen.polygon(star, fill=(*colour, 255))
    for tick in range(48):
        angle = math.tau * tick / 48
        pen.line(
            [
                (middle + pixels * part * math.sin(angle), middle - pixels * part * math.cos(angle))
                for part in (0.72, 0.88)
            ],
            fill=(*colour, 255),
            width=16,
        )
    return png(image.resize((side, side), Image.Resampling.LANCZOS))
