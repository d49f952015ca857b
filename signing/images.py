"""Images of signatures and seals: checked when registered, embedded with their transparency.

ND 30/2020 Annex I, part I, II.7.d and II.8.a: PNG on a transparent ground, a person's blue, an
agency's red and of the seal's actual size.
"""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from PIL import Image, ImageChops
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.writer import BasePdfFileWriter

from signing.errors import SigningRefused
from signing.objects import compressed

Kind = Literal["person", "agency"]

MOST_BYTES = 700_000  # in Base64 it still fits into a JSON body of 1 MB
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER = struct.Struct(">16sLL")  # signature, the first chunk's length and name, width, height
_MOST_PIXELS = 4_000_000  # a seal of 42 mm at 1 200 dpi
_MOST_EMBEDDED_BYTES = 1_000_000  # a document grows by this, and may by no more than 2 MB
_CLEAR, _INKED = 16, 64  # of 255: hardly there; there
_COLOURED = 64  # saturation, of 255: neither black, grey nor white
_LEAST_CLEAR = 0.3  # of the area; the ink of a seal leaves more than half of it clear
_LEAST_RIGHT = 0.5  # of the ink; scans of ink have darker and paler spots
_MOST_DISTORTED = 0.1
# Hues on Pillow's circle of 256: red from 330 to 20 degrees, blue from 190 to 275.
HUES = {"agency": (*range(235, 256), *range(15)), "person": range(135, 196)}
_COLOURS = {"agency": "Ảnh dấu phải có màu đỏ", "person": "Ảnh chữ ký phải có màu xanh"}


@dataclass(frozen=True)
class _Pixels:
    """An image cut to its ink: size in pixels, colours and opacity as zlib compressed them."""

    width: int
    height: int
    colours: bytes
    opacity: bytes


def check(png: bytes, kind: Kind, width_mm: float, height_mm: float) -> None:
    """Refuse what must not be shown as a person's signature or an agency's seal.

    The size in millimetres is that of the ink: clear margins are cut off.

    Raises SigningRefused: too large, also once embedded, no PNG, no transparent ground, the wrong
    colour, or a size that would distort it.
    """
    image = _decoded(png)
    box = _ink(image)
    opacity = image.getchannel("A")
    pixels = image.width * image.height
    if box is None or sum(opacity.histogram()[:_CLEAR]) < _LEAST_CLEAR * pixels:
        raise SigningRefused(
            "image_not_transparent", "Ảnh phải có nền trong suốt. Hãy xóa nền rồi gửi lại."
        )
    colours = image.convert("RGB").convert("HSV")
    inked = opacity.point(lambda value: 255 * (value >= _INKED))
    coloured = colours.getchannel("S").point(lambda value: 255 * (value >= _COLOURED))
    hues = colours.getchannel("H").histogram(ImageChops.darker(inked, coloured))
    if sum(hues[hue] for hue in HUES[kind]) < _LEAST_RIGHT * inked.histogram()[255]:
        raise SigningRefused("image_colour", f"{_COLOURS[kind]} (Phụ lục I Nghị định 30/2020).")
    left, top, right, bottom = box
    distortion = (width_mm * (bottom - top)) / (height_mm * (right - left))
    if not 1 - _MOST_DISTORTED <= distortion <= 1 + _MOST_DISTORTED:
        raise SigningRefused(
            "image_distorted", "Chiều rộng và chiều cao (mm) không đúng tỷ lệ của hình trong ảnh."
        )
    embedded = _pixels(png)
    if len(embedded.colours) + len(embedded.opacity) > _MOST_EMBEDDED_BYTES:
        raise SigningRefused(
            "image_too_large", "Ảnh có quá nhiều chi tiết. Hãy giảm số điểm ảnh rồi gửi lại."
        )


def size(png: bytes) -> tuple[int, int]:
    """Width and height of the ink in pixels. Raises SigningRefused."""
    pixels = _pixels(png)
    return pixels.width, pixels.height


def embed(writer: BasePdfFileWriter, png: bytes) -> generic.IndirectObject:
    """The ink of the image as an image XObject with a soft mask. Raises SigningRefused."""
    pixels = _pixels(png)
    entries: dict[str, generic.PdfObject] = {
        "/Type": pdf_name("/XObject"),
        "/Subtype": pdf_name("/Image"),
        "/Width": generic.NumberObject(pixels.width),
        "/Height": generic.NumberObject(pixels.height),
        "/BitsPerComponent": generic.NumberObject(8),
    }
    mask = compressed(pixels.opacity, {**entries, "/ColorSpace": pdf_name("/DeviceGray")})
    return writer.add_object(
        compressed(
            pixels.colours,
            {
                **entries,
                "/ColorSpace": pdf_name("/DeviceRGB"),
                "/SMask": writer.add_object(mask),
            },
        )
    )


@lru_cache(maxsize=16)
def _pixels(png: bytes) -> _Pixels:
    """Decoded and compressed once per process and image."""
    image = _decoded(png)
    image = image.crop(_ink(image))
    opacity = image.getchannel("A")
    # What is fully transparent has no colour: nothing hides there, and it compresses to nothing.
    white = Image.new("RGB", image.size, "white")
    seen = opacity.point(lambda value: 255 * (value > 0))
    colours = Image.composite(image.convert("RGB"), white, seen)
    return _Pixels(
        width=image.width,
        height=image.height,
        colours=zlib.compress(colours.tobytes()),
        opacity=zlib.compress(opacity.tobytes()),
    )


def _decoded(png: bytes) -> Image.Image:
    """All pixels with their opacity; sizes are checked before a pixel is unpacked."""
    if len(png) > MOST_BYTES:
        raise SigningRefused("image_too_large", f"Ảnh vượt quá {MOST_BYTES // 1_000} KB.")
    try:
        if len(png) < _HEADER.size or not png.startswith(_SIGNATURE):
            raise ValueError("no PNG")
        _, width, height = _HEADER.unpack_from(png)
        if width * height > _MOST_PIXELS:
            raise SigningRefused(
                "image_too_large", f"Ảnh vượt quá {_MOST_PIXELS // 1_000_000} triệu điểm ảnh."
            )
        with Image.open(io.BytesIO(png), formats=["PNG"]) as image:
            return image.convert("RGBA")
    except SigningRefused:
        raise
    except Exception as fault:
        # Pillow says it in half a dozen ways: OSError, SyntaxError, ValueError, struct.error …
        raise SigningRefused("image_unreadable", "Ảnh phải là tệp .png đọc được.") from fault


def _ink(image: Image.Image) -> tuple[int, int, int, int] | None:
    """The smallest box around what shows: left, top, right, bottom; None when nothing does."""
    return image.getchannel("A").point(lambda value: 255 * (value >= _CLEAR)).getbbox()
