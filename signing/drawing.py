"""A place on a page as it is drawn: what can be read there, and whether that is still so.

Drawn by PDFium; compared by contrast, so that neither the paper's colour nor the ink's matters.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import BinaryIO, NamedTuple

import pypdfium2
from PIL import Image, ImageChops, ImageFilter

from signing.difference import Unexplained
from signing.placement import PDFIUM

WHITE = (255, 255, 255)  # its name would be looked up in a module that is not loaded yet

_SCALE = 2.0  # pixels per point
_LEAST_SCALE = 1.5  # letters of 8 points are no longer told apart below
_MOST_PIXELS = 4_000_000
# What is written differs from what is around it, in some colour, whatever the paper's colour.
_CONTRAST = 20
_AROUND = 9  # pixels
_RECOLOURED = 60
_BRIGHT, _CLEAR = 160, 60  # of a colour, and more of it than of the others
# A digit of 10 points has ten times as many; edges of letters waver by less.
_FEWEST_PIXELS = 12
# Lines that forms have to sign on are thinner; the stems of letters are longer.
_THINNEST = 4
_BESIDE = 5
# A seal stands on a third of the signature, and lets it show (Annex I, part I, IV).
_MOST_OF_SIGNATURE = 0.5

Box = tuple[float, float, float, float]


class Place(NamedTuple):
    """A box on a page, counted from 0."""

    page: int
    box: Box


@contextmanager
def _opened(stream: BinaryIO, end_bytes: int, index: int) -> Iterator[pypdfium2.PdfPage]:
    """A page, upright, of the file read up to `end_bytes`."""
    stream.seek(0)
    with PDFIUM, closing(pypdfium2.PdfDocument(stream.read(end_bytes))) as document:
        document.init_forms()  # or widgets would not show
        page = document[index]
        page.set_rotation(0)
        yield page


def drawn(stream: BinaryIO, end_bytes: int, place: Place) -> tuple[Image.Image, Image.Image]:
    """A place in colour: the page alone, and with its annotations."""
    with _opened(stream, end_bytes, place.page) as page:
        left, bottom, right, top = page.get_bbox()
        crop = (
            max(0.0, place.box[0] - left),
            max(0.0, place.box[1] - bottom),
            max(0.0, right - place.box[2]),
            max(0.0, top - place.box[3]),
        )
        width, height = right - left - crop[0] - crop[2], top - bottom - crop[1] - crop[3]
        if width <= 0 or height <= 0:
            blank = Image.new("RGB", (1, 1), WHITE)
            return blank, blank
        scale = min(_SCALE, (_MOST_PIXELS / (width * height)) ** 0.5)
        if scale < _LEAST_SCALE:
            raise Unexplained("the page is too large to look at", "too_complex")
        images = [
            page.render(
                scale=scale,
                crop=crop,
                rev_byteorder=True,
                may_draw_forms=annotations,
                draw_annots=annotations,
            )
            .to_pil()
            .convert("RGB")
            for annotations in (False, True)
        ]
        return images[0], images[1]


def within(place: Place, image: Image.Image, box: Box) -> tuple[int, int, int, int]:
    """A box in the pixels of the image of a place: left, top, right, bottom."""
    left, bottom, right, top = place.box
    across = image.width / (right - left)
    down = image.height / (top - bottom)
    return (
        round((box[0] - left) * across),
        round((top - box[3]) * down),
        round((box[2] - left) * across),
        round((top - box[1]) * down),
    )


def read_text(stream: BinaryIO, end_bytes: int, place: Place) -> tuple[str, bool]:
    """The text in a place with its fields, and whether there is any ink."""
    ink = _ink(drawn(stream, end_bytes, place)[1]).getbbox() is not None
    with _opened(stream, end_bytes, place.page) as page:
        page.flatten()
        text = page.pdf[place.page].get_textpage()
        return text.get_text_bounded(*place.box), ink


def letters(text: str) -> str:
    return "".join(unicodedata.normalize("NFC", text).split())


def overwritten(
    bare: Image.Image,
    before: Image.Image,
    after: Image.Image,
    signatures: list[tuple[int, int, int, int]],
) -> bool:
    """Whether ink has gone, or black was put beside it; the thin lines of a form do not count.

    Half of what is inked by a signature alone may go.
    """
    if before.size != after.size:
        return True
    ink, left = _ink(before), _ink(after)
    stems = _upright(ink)
    changed = _lightest(ImageChops.subtract(after, before)).point(_above(_RECOLOURED))
    unseen = ImageChops.invert(_spread(left, 3))
    gone = ImageChops.darker(
        stems, ImageChops.lighter(unseen, ImageChops.darker(changed, _like_print(after)))
    )
    standing = Image.new("L", ink.size)
    for box in signatures:
        standing.paste(255, box)
    own = ImageChops.subtract(ImageChops.darker(stems, standing), _spread(_ink(bare), 3))
    new = ImageChops.subtract(ImageChops.darker(_like_print(after), left), _spread(ink, 3))
    added = ImageChops.darker(new, _spread(stems, _BESIDE))
    of_signatures = ImageChops.darker(gone, own)
    if _count(of_signatures) > _MOST_OF_SIGNATURE * _count(own) or (
        min(map(_count, (of_signatures, added))) >= _FEWEST_PIXELS
    ):
        return True  # covered, or another put in its place
    others = ImageChops.subtract(added, _spread(own, _BESIDE))
    return max(_count(ImageChops.subtract(gone, own)), _count(others)) >= _FEWEST_PIXELS


def _ink(image: Image.Image) -> Image.Image:
    """Where a pixel is darker, in some colour, than the lightest around it."""
    contrast = ImageChops.subtract(_spread(image, _AROUND), image)
    return _lightest(contrast).point(_above(_CONTRAST))


def _above(least: int) -> list[int]:
    """For `point`: 255 from so much on, else 0."""
    return [255 if value >= least else 0 for value in range(256)]


def _like_print(image: Image.Image) -> Image.Image:
    """Where a pixel is not of the red of a seal or the blue of a pen, which are told apart."""
    red, green, blue = image.split()
    marks = [
        ImageChops.darker(
            own.point(_above(_BRIGHT)),
            ImageChops.subtract(own, ImageChops.lighter(*others)).point(_above(_CLEAR)),
        )
        for own, others in ((red, (green, blue)), (blue, (red, green)))
    ]
    return ImageChops.invert(ImageChops.lighter(*marks))


def _lightest(image: Image.Image) -> Image.Image:
    red, green, blue = image.split()
    return ImageChops.lighter(red, ImageChops.lighter(green, blue))


def _spread(image: Image.Image, pixels: int) -> Image.Image:
    """The lightest within a square around each pixel; an odd number of pixels wide."""
    for _ in range(pixels // 2):
        image = image.filter(ImageFilter.MaxFilter(3))
    return image


def _upright(ink: Image.Image) -> Image.Image:
    """Ink that goes on from top to bottom for some pixels."""
    kept = ink
    for step in range(1, _THINNEST):
        moved = Image.new("L", ink.size)
        moved.paste(ink, (0, step))
        kept = ImageChops.darker(kept, moved)
    # What is kept is the lowest pixel of each such stretch: give it its length back.
    whole = kept
    for step in range(1, _THINNEST):
        moved = Image.new("L", ink.size)
        moved.paste(kept, (0, -step))
        whole = ImageChops.lighter(whole, moved)
    return whole


def _count(mask: Image.Image) -> int:
    return mask.histogram()[255]
