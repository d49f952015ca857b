"""Whether a signature that was added later paints over what was signed before it.

A visible signature in a field of its own is allowed; its picture is whatever its signer, or whoever
posed as one, wanted to show. A seal may stand on a signature and touch the words around it (Decree
30/2020, Annex I, part I): it lets them show. So the page is drawn without and with it, and nothing
that was written may have gone or been written on.
"""

from __future__ import annotations

from typing import BinaryIO

import pypdfium2
from PIL import Image, ImageChops, ImageFilter
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import HistoricalResolver

from signing.difference import Unexplained, Widget, key_of, raw
from signing.reading import Reader, entry
from signing.references import Key

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

_Box = tuple[float, float, float, float]


def check_overlay(reader: Reader, revision: int, ends: tuple[int, int], widget: Widget) -> None:
    """Refuse a new widget that hides part of a page as it was, or writes on it.

    `revision` is the one before the widget came; `ends` is how far into the file that one and the
    one with the widget reach. Raises Unexplained, `painted_over` or `hidden_picture`.
    """
    box = _box(widget.dictionary)
    if box is None:
        if _draws(widget.dictionary):
            # What has no size shows nothing, or in some viewers everything.
            raise Unexplained(f"{widget.field} hides a picture", "hidden_picture")
        return
    page = widget.listed_on or key_of(widget.page)
    if page is None or _invisible(widget.dictionary):
        return
    state = reader.get_historical_resolver(revision)
    index = _index(state, page)
    signatures = [found for found in map(_box, _annotations(state, page)) if found is not None]
    before = _drawn(reader.stream, ends[0], index, box, signatures)
    after = _drawn(reader.stream, ends[1], index, box, signatures)
    if _overwritten(before, after):
        raise Unexplained(f"{widget.field} paints over page {page}", "painted_over")


def _annotations(state: HistoricalResolver, page: Key) -> list[generic.DictionaryObject]:
    """The signatures that stand on a page already."""
    node = state(generic.Reference(*page, pdf=state))
    listed = entry(node, "/Annots")
    found = [it.get_object() for it in listed] if isinstance(listed, generic.ArrayObject) else []
    return [item for item in found if "/V" in item and "/FT" in item and item["/FT"] == "/Sig"]


def _box(widget: generic.DictionaryObject) -> _Box | None:
    """Left, bottom, right, top; None where there is nothing in between."""
    if "/Rect" not in widget:
        return None
    one, two, three, four = (float(number) for number in widget["/Rect"])
    left, right, bottom, top = min(one, three), max(one, three), min(two, four), max(two, four)
    return (left, bottom, right, top) if right > left and top > bottom else None


def _draws(widget: generic.DictionaryObject) -> bool:
    """Whether its normal appearance has a size and draws anything."""
    shown = entry(widget, "/AP")
    normal = entry(shown, "/N") if isinstance(shown, generic.DictionaryObject) else None
    if not isinstance(normal, generic.StreamObject) or "/BBox" not in normal:
        return False
    left, bottom, right, top = (float(number) for number in normal["/BBox"])
    return left != right and bottom != top and b"Do" in normal.data


def _invisible(widget: generic.DictionaryObject) -> bool:
    flags = entry(widget, "/F")
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


def _drawn(
    stream: BinaryIO, end_bytes: int, index: int, box: _Box, besides: list[_Box]
) -> Image.Image:
    """A box of a page in colour, the file read up to `end_bytes`; white where `besides` are."""
    stream.seek(0)
    document = pypdfium2.PdfDocument(stream.read(end_bytes))
    try:
        page = document[index]
        page.set_rotation(0)
        left, bottom, right, top = page.get_cropbox()
        crop = (
            max(0.0, box[0] - left),
            max(0.0, box[1] - bottom),
            max(0.0, right - box[2]),
            max(0.0, top - box[3]),
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
    finally:
        document.close()


def _overwritten(before: Image.Image, after: Image.Image) -> bool:
    """Whether ink has gone, or black was put beside it; the thin lines of a form do not count."""
    if before.size != after.size:
        return True
    was, now = before.convert("L"), after.convert("L")
    ink = _upright(was.point(lambda value: 255 if value < _DARK else 0))
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
