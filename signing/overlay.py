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

from signing.difference import Comparison, Unexplained, Widget
from signing.reading import entry
from signing.references import Key
from signing.values import dictionary_of, key_of, raw, text_of

_HIDDEN = 1 << 1
_NO_VIEW = 1 << 5

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

_WHITE = (255, 255, 255)  # its name would be looked up in a module that is not loaded yet

_DEEPEST_PAGE = 64
_DEEPEST_PICTURE = 8

_PAINTS = re.compile(rb"\b(?:Do|BI|sh|T[jJ]|['\"]|[fFBbSs]\*?)(?![\w])")

# ISO 32000-2, Annex A, and what stands before and between them (§7.3, §8.9.7).
_OPERATORS = frozenset(
    b"b b* B B* BDC BI BMC BT BX c cm CS cs d d0 d1 Do DP EI EMC ET EX f F f* G g gs h i ID j J K k"
    b" l m M MP n q Q re RG rg ri s S SC sc SCN scn sh T* Tc Td TD Tf Tj TJ TL Tm Tr Ts Tw Tz v w W"
    b" W* y ' \" true false null".split()
)
_INLINE_IMAGE = re.compile(rb"\bBI\b.*?\bID\s.*?\sEI(?=\s|$)", re.DOTALL)
_OPERANDS = re.compile(
    rb"\((?:[^()\\]|\\.|\((?:[^()\\]|\\.)*\))*\)"  # a string, with a string in brackets
    rb"|<[0-9A-Fa-f\s]*>|<<|>>|[\[\]\0]"
    rb"|/[^\s()<>\[\]{}/%]*"
    rb"|%[^\r\n]*"
    rb"|(?<![^\s\[\]()<>/])[+-]?(?:\d+\.?\d*|\.\d+)(?![^\s\[\]()<>/%\0])",
    re.DOTALL,
)

_Box = tuple[float, float, float, float]


class _Place(NamedTuple):
    """A box on a page, counted from 0."""

    page: int
    box: _Box


def check_overlay(it: Comparison, ends: tuple[int, int], key: Key, widget: Widget) -> None:
    """Refuse a widget that hides part of a page as it was, writes on it, or shows another text.

    `ends` is how far into the file the revision before it and its own reach. Raises Unexplained:
    `painted_over`, `hidden_picture`, or `field_changed` for a text that is not the field's.
    """
    box, shown = _box(widget.dictionary), entry(widget.dictionary, "/AP")
    if isinstance(shown, generic.DictionaryObject) and not _plain_picture(shown, box, widget):
        # What shows only to some, or when it is touched; without a size, in some viewers.
        raise Unexplained(f"{widget.field} hides a picture", "hidden_picture")
    if box is None or _hidden(widget):
        return
    stream = it.reader.stream
    for page in it.pages_of(key):
        place = _Place(_index(it.old, page), box)
        bare, before = _drawn(stream, ends[0], place)
        _, after = _drawn(stream, ends[1], place)
        if shown is None and _coloured(widget.dictionary):
            after = Image.new("RGB", before.size, _WHITE)  # some viewers paint it
        boxes = [found for found in map(_box, _signatures(it.old, page)) if found is not None]
        if key in it.replaced and entry(dictionary_of(it.value(it.old, key)), "/AP"):
            before = bare  # what stood there to be signed gives way
        if _overwritten(bare, before, after, [_within(place, before, box) for box in boxes]):
            raise Unexplained(f"{widget.field} paints over page {page}", "painted_over")
        if widget.text is not None:
            text, ink = _read(stream, ends[1], place)
            if _letters(text) != _letters(widget.text) or not ink:
                raise Unexplained(f"{widget.field} shows {text!r}", "field_changed")


def _plain_picture(appearances: generic.DictionaryObject, box: _Box | None, widget: Widget) -> bool:
    """Whether every viewer shows the same, always: one stream, and where it takes room."""
    normal = entry(appearances, "/N")
    if appearances.keys() - {"/N"}:
        return False
    if normal is None:
        return True
    if not isinstance(normal, generic.StreamObject) or not _drawn_alike(normal, _DEEPEST_PICTURE):
        return False
    return not ((box is None or _hidden(widget)) and _draws(normal))


def _drawn_alike(picture: generic.PdfObject | None, depth: int) -> bool:
    """Whether viewers can be expected to draw a form alike: known operators, images that say how.

    And not nested too deep: they give up at different depths.
    """
    if not isinstance(picture, generic.StreamObject) or depth < 0:
        return False
    if text_of(picture, "/Subtype") == "/Image":
        keys = {"/BitsPerComponent", "/ColorSpace"}
        own_format = "/JPXDecode" in str(entry(picture, "/Filter"))
        return own_format or bool(entry(picture, "/ImageMask")) or keys <= picture.keys()
    if not _is_plain(picture.data):
        return False
    inner = dictionary_of(raw(dictionary_of(raw(picture, "/Resources")), "/XObject"))
    return all(_drawn_alike(inner[name], depth - 1) for name in inner)


def _is_plain(content: bytes) -> bool:
    """Whether a content stream holds nothing but numbers, names, strings and known operators."""
    rest = _OPERANDS.sub(b" ", _INLINE_IMAGE.sub(b" ", content))
    return all(token in _OPERATORS for token in rest.split())


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


def _draws(picture: generic.StreamObject) -> bool:
    """Whether a picture has a size and draws anything."""
    if "/BBox" not in picture:
        return False
    left, bottom, right, top = (float(number) for number in picture["/BBox"])
    return left != right and bottom != top and _PAINTS.search(picture.data) is not None


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
    for depth in range(_DEEPEST_PAGE):
        if "/Parent" not in node:
            return index
        above = raw(node, "/Parent")
        parent = node["/Parent"]
        kids = [(key_of(kid), kid.get_object()) for kid in parent["/Kids"]]
        counts = [_leaves(kid, depth + 1) for _, kid in kids]
        if sum(counts) != int(parent["/Count"]):
            raise Unexplained("the page tree miscounts", "too_complex")
        place = [kid for kid, _ in kids].index(key)
        index += sum(counts[:place])
        key, node = key_of(above) or (0, 0), parent
    raise Unexplained("the page tree is too deep", "too_complex")


def _leaves(node: generic.DictionaryObject, depth: int) -> int:
    """The pages below a node, counted: what it says of itself may be for other readers."""
    if "/Kids" not in node:
        return 1
    if depth > _DEEPEST_PAGE:
        raise Unexplained("the page tree is too deep", "too_complex")
    found = sum(_leaves(kid.get_object(), depth + 1) for kid in node["/Kids"])
    if found != int(node["/Count"]):
        raise Unexplained("the page tree miscounts", "too_complex")
    return found


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


def _drawn(stream: BinaryIO, end_bytes: int, place: _Place) -> tuple[Image.Image, Image.Image]:
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
            blank = Image.new("RGB", (1, 1), _WHITE)
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


def _within(place: _Place, image: Image.Image, box: _Box) -> tuple[int, int, int, int]:
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


def _read(stream: BinaryIO, end_bytes: int, place: _Place) -> tuple[str, bool]:
    """The text in a place with its fields, and whether there is any ink."""
    ink = _ink(_drawn(stream, end_bytes, place)[1]).getbbox() is not None
    with _opened(stream, end_bytes, place.page) as page:
        page.flatten()
        text = page.pdf[place.page].get_textpage()
        return text.get_text_bounded(*place.box), ink


def _letters(text: str) -> str:
    return "".join(unicodedata.normalize("NFC", text).split())


def _overwritten(
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
