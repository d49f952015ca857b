"""Whether a signature that was added later paints over what was signed before it.

A visible signature in a field of its own is allowed; its picture is whatever its signer, or whoever
posed as one, wanted to show. A seal may stand on a signature and touch the words around it (Decree
30/2020, Annex I, part I): it lets them show. So the page is drawn without and with it, and nothing
that was written may have gone or been written on.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, NamedTuple

import pypdfium2
from PIL import Image, ImageChops, ImageFilter
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import HistoricalResolver

from signing.difference import Unexplained, Widget
from signing.reading import Reader, entry
from signing.references import Key
from signing.values import key_of, raw

_HIDDEN = 1 << 1
_NO_VIEW = 1 << 5

_SCALE = 2.0  # pixels per point
_MOST_PIXELS = 4_000_000
_DARK = 150  # of 255: darker is ink
_FADED = 60  # by so much lighter, ink is gone
# A digit of 10 points has ten times as many; edges of letters waver by less.
_FEWEST_PIXELS = 12
# Lines that forms have to sign on are thinner; the stems of letters are longer.
_THINNEST = 4
_BESIDE = 5

_DEEPEST_PAGE = 64

_PAINTS = re.compile(rb"\b(?:Do|BI|sh|T[jJ]|['\"]|[fFBbSs]\*?)(?![\w])")

_Box = tuple[float, float, float, float]


class _Place(NamedTuple):
    """A box on a page, counted from 0."""

    page: int
    box: _Box


def check_overlay(reader: Reader, revision: int, ends: tuple[int, int], widget: Widget) -> None:
    """Refuse a new widget that hides part of a page as it was, or writes on it.

    `revision` is the one before the widget came; `ends` is how far into the file that one and the
    one with the widget reach. Raises Unexplained, `painted_over` or `hidden_picture`.
    """
    box, shown = _box(widget.dictionary), entry(widget.dictionary, "/AP")
    if isinstance(shown, generic.DictionaryObject) and (
        shown.keys() != {"/N"} or ((box is None or _hidden(widget)) and _draws(shown))
    ):
        # What shows only to some, or when it is touched; without a size, in some viewers.
        raise Unexplained(f"{widget.field} hides a picture", "hidden_picture")
    page = widget.listed_on or key_of(widget.page)
    if box is None or page is None or _hidden(widget):
        return
    state = reader.get_historical_resolver(revision)
    place = _Place(_index(state, page), box)
    signatures = [found for found in map(_box, _signatures(state, page)) if found is not None]
    before, after = (_drawn(reader.stream, end, place, signatures) for end in ends)
    if shown is None and _coloured(widget.dictionary):
        after = Image.new("RGB", before.size, "white")  # some viewers paint it
    if _overwritten(before, after):
        raise Unexplained(f"{widget.field} paints over page {page}", "painted_over")


def check_shown(
    reader: Reader, revision: int, end_bytes: int, field: generic.DictionaryObject, text: str
) -> None:
    """Refuse a text field that shows another text than it holds, as of a revision.

    A field on no page shows nothing that could mislead. Raises Unexplained, `field_changed`.
    """
    box, page = _box(field), key_of(raw(field, "/P"))
    if box is None or page is None:
        return
    place = _Place(_index(reader.get_historical_resolver(revision), page), box)
    shown, ink = _read(reader.stream, end_bytes, place)
    if _plain(shown) != _plain(text) or not ink:
        raise Unexplained(f"a field shows {shown!r} and holds {text!r}", "field_changed")


def _signatures(state: HistoricalResolver, page: Key) -> list[generic.DictionaryObject]:
    """The signatures that stand on a page already."""
    node = state(generic.Reference(*page, pdf=state))
    listed = entry(node, "/Annots")
    found = [it.get_object() for it in listed] if isinstance(listed, generic.ArrayObject) else []
    return [item for item in found if str(entry(item, "/FT")) == "/Sig" and entry(item, "/V")]


def _box(widget: generic.DictionaryObject) -> _Box | None:
    """Left, bottom, right, top; None where there is nothing in between."""
    if "/Rect" not in widget:
        return None
    one, two, three, four = (float(number) for number in widget["/Rect"])
    left, right, bottom, top = min(one, three), max(one, three), min(two, four), max(two, four)
    return (left, bottom, right, top) if right > left and top > bottom else None


def _draws(appearances: generic.DictionaryObject) -> bool:
    """Whether the normal appearance has a size and draws anything."""
    normal = entry(appearances, "/N")
    if not isinstance(normal, generic.StreamObject) or "/BBox" not in normal:
        return False
    left, bottom, right, top = (float(number) for number in normal["/BBox"])
    return left != right and bottom != top and _PAINTS.search(normal.data) is not None


def _coloured(widget: generic.DictionaryObject) -> bool:
    looks = entry(widget, "/MK")
    return isinstance(looks, generic.DictionaryObject) and bool({"/BG", "/BC"} & looks.keys())


def _hidden(widget: Widget) -> bool:
    flags = entry(widget.dictionary, "/F")
    return isinstance(flags, int) and bool(flags & (_HIDDEN | _NO_VIEW))


def _index(state: HistoricalResolver, page: Key) -> int:
    """The number of a page from 0, by the tree above it (ISO 32000-2 §7.7.3)."""
    index, key = 0, page
    node = state(generic.Reference(*page, pdf=state))
    for _ in range(_DEEPEST_PAGE):
        if "/Parent" not in node:
            return index
        above = raw(node, "/Parent")
        parent = node["/Parent"]
        kids = list(parent["/Kids"])
        place = [key_of(kid) for kid in kids].index(key)
        if int(parent["/Count"]) == len(kids):
            index += place
        else:
            index += sum(_leaves(kid.get_object()) for kid in kids[:place])
        key, node = key_of(above) or (0, 0), parent
    raise Unexplained("the page tree is too deep", "too_complex")


def _leaves(node: generic.DictionaryObject) -> int:
    return int(node["/Count"]) if "/Kids" in node else 1


@contextmanager
def _opened(stream: BinaryIO, end_bytes: int, index: int) -> Iterator[pypdfium2.PdfPage]:
    """A page, upright, of the file read up to `end_bytes`."""
    stream.seek(0)
    document = pypdfium2.PdfDocument(stream.read(end_bytes))
    try:
        document.init_forms()  # or widgets would not show
        page = document[index]
        page.set_rotation(0)
        yield page
    finally:
        document.close()


def _drawn(stream: BinaryIO, end_bytes: int, place: _Place, besides: list[_Box]) -> Image.Image:
    """A place in colour, white where `besides` are."""
    with _opened(stream, end_bytes, place.page) as page:
        left, bottom, right, top = page.get_cropbox()
        crop = (
            max(0.0, place.box[0] - left),
            max(0.0, place.box[1] - bottom),
            max(0.0, right - place.box[2]),
            max(0.0, top - place.box[3]),
        )
        width, height = right - left - crop[0] - crop[2], top - bottom - crop[1] - crop[3]
        if width <= 0 or height <= 0:
            return Image.new("RGB", (1, 1), "white")
        scale = min(_SCALE, (_MOST_PIXELS / (width * height)) ** 0.5)
        image: Image.Image = page.render(scale=scale, crop=crop, rev_byteorder=True).to_pil()
        image = image.convert("RGB")
        for other in besides:
            west, east = (round((edge - left - crop[0]) * scale) for edge in (other[0], other[2]))
            south, north = ((top - crop[3] - edge) * scale for edge in (other[1], other[3]))
            image.paste("white", (west, round(north), east, round(south)))
        return image


def _read(stream: BinaryIO, end_bytes: int, place: _Place) -> tuple[str, bool]:
    """The text in a place with its fields, and whether there is any ink."""
    ink = _ink(_drawn(stream, end_bytes, place, []).convert("L")).getbbox() is not None
    with _opened(stream, end_bytes, place.page) as page:
        page.flatten()
        text = page.pdf[place.page].get_textpage()
        return text.get_text_bounded(*place.box), ink


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFC", text).split())


def _overwritten(before: Image.Image, after: Image.Image) -> bool:
    """Whether ink has gone, or black was put beside it; the thin lines of a form do not count."""
    if before.size != after.size:
        return True
    was, now = before.convert("L"), after.convert("L")
    ink = _upright(_ink(was))
    if ink.getbbox() is None:
        return False
    faded = ImageChops.subtract(now, was).point(lambda value: 255 if value > _FADED else 0)
    gone = ImageChops.darker(ink, faded)
    red, green, blue = after.split()
    brightest = ImageChops.lighter(red, ImageChops.lighter(green, blue))
    black = brightest.point(lambda value: 255 if value < _DARK else 0)
    light = was.point(lambda value: 255 if value >= _DARK + _FADED else 0)
    beside = ink.filter(ImageFilter.MaxFilter(_BESIDE))
    added = ImageChops.darker(ImageChops.darker(black, light), beside)
    return max(map(_count, (gone, added))) >= _FEWEST_PIXELS


def _ink(gray: Image.Image) -> Image.Image:
    return gray.point(lambda value: 255 if value < _DARK else 0)


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
