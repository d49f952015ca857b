"""Pages as pictures, by two renderers that have nothing in common, and pictures compared."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pypdfium2 as pdfium
import pytest
from PIL import Image, ImageChops
from pypdfium2 import raw

from signing import images

DPI = 100


def rendered(path: Path, dpi: int = DPI) -> Image.Image:
    """Page one as Chromium's renderer draws it, fields included.

    On a bitmap with alpha it does not smooth the letters of fields with coloured fringes.
    """
    with pdfium.PdfDocument(path) as document:
        document.init_forms()
        bitmap = document[0].render(scale=dpi / 72, force_bitmap_format=raw.FPDFBitmap_BGRA)
        return bitmap.to_pil().convert("RGB")


def rendered_by_poppler(path: Path, folder: Path, dpi: int = DPI) -> Image.Image:
    """Page one as poppler draws it."""
    if shutil.which("pdftoppm") is None:
        pytest.skip("pdftoppm is missing: install poppler-utils")
    target = folder / "page"
    command = ["pdftoppm", "-r", str(dpi), "-png", "-singlefile", path, target]
    subprocess.run(command, check=True)
    with Image.open(folder / "page.png") as image:
        return image.convert("RGB")


def changed(one: Image.Image, other: Image.Image) -> Image.Image:
    """White where two pictures differ by more than rounding."""
    difference = ImageChops.difference(one, other).split()
    most = ImageChops.lighter(ImageChops.lighter(difference[0], difference[1]), difference[2])
    return most.point(lambda value: 255 * (value > 8))


def chroma(image: Image.Image) -> Image.Image:
    """How far each pixel is from grey."""
    red, green, blue = image.split()
    most = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    return ImageChops.subtract(most, ImageChops.darker(ImageChops.darker(red, green), blue))


def tinted(image: Image.Image, kind: images.Kind) -> Image.Image:
    """White where ink of a person's (blue) or agency's (red) colour covers half a pixel."""
    hue, _, _ = image.convert("HSV").split()
    coloured = chroma(image).point(lambda value: 255 * (value > 80))
    return ImageChops.darker(coloured, hue.point(lambda value: 255 * (value in images.HUES[kind])))


def alike(one: Image.Image, other: Image.Image) -> bool:
    """Whether two pictures agree region by region, whatever the edges of their letters."""
    size = (one.width // 10, one.height // 10)
    small = [image.convert("RGB").resize(size, Image.Resampling.BOX) for image in (one, other)]
    return max(most for _, most in ImageChops.difference(*small).getextrema()) < 48
