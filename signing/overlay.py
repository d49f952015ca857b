"""Whether a signature that was added later paints over what was signed before it.

A visible signature in a field of its own is allowed; its picture is whatever its signer, or whoever
posed as one, wanted to show. A seal may stand on a signature and touch the words around it (Decree
30/2020, Annex I, part I): it lets them show. So the page is drawn without and with it, and nothing
that was written may have gone or been written on.
"""

from __future__ import annotations

import re

from PIL import Image
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import HistoricalResolver

from signing.difference import Comparison, Unexplained, Widget
from signing.drawing import WHITE, Box, Place, drawn, letters, overwritten, read_text, within
from signing.reading import entry
from signing.references import Key
from signing.values import dictionary_of, key_of, raw, text_of

_HIDDEN = 1 << 1
_NO_VIEW = 1 << 5

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
        place = Place(_index(it.old, page), box)
        bare, before = drawn(stream, ends[0], place)
        _, after = drawn(stream, ends[1], place)
        if shown is None and _coloured(widget.dictionary):
            after = Image.new("RGB", before.size, WHITE)  # some viewers paint it
        boxes = [found for found in map(_box, _signatures(it.old, page)) if found is not None]
        if key in it.replaced and entry(dictionary_of(it.value(it.old, key)), "/AP"):
            before = bare  # what stood there to be signed gives way
        if overwritten(bare, before, after, [within(place, before, box) for box in boxes]):
            raise Unexplained(f"{widget.field} paints over page {page}", "painted_over")
        if widget.text is not None:
            text, ink = read_text(stream, ends[1], place)
            if letters(text) != letters(widget.text) or not ink:
                raise Unexplained(f"{widget.field} shows {text!r}", "field_changed")


def _plain_picture(appearances: generic.DictionaryObject, box: Box | None, widget: Widget) -> bool:
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


def _box(widget: generic.DictionaryObject) -> Box | None:
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
