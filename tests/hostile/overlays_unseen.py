"""Overlays that a comparison of pictures may fail to see: by colour, by size, by what is below."""

from __future__ import annotations

from collections.abc import Callable

from tests.hostile.cases import INTACT, REFUSED, Cases, Desk
from tests.hostile.paper import (
    BLANK,
    OVER_THE_TEXT,
    PAGE,
    PAGES,
    Paper,
    paints,
    stream,
)

CASES = Cases("unseen overlay")

_PAINTS = "what was signed cannot be read any more"
_WHOLE = b"[0 0 595 842]"


def box(colour: bytes) -> bytes:
    """An appearance of one colour."""
    return paints(b"[0 0 340 60]", colour + b" 0 0 340 60 re f")


def says(operators: bytes, page: bytes = b"") -> Callable[[], Paper]:
    """A page with this content."""
    return lambda: Paper.page(content=stream(operators), page=page)


def line(text: bytes, points: int = 24, looks: bytes = b"") -> bytes:
    return b"%s BT /F1 %d Tf 72 700 Td (%s) Tj ET" % (looks, points, text)


def over(
    make: Callable[[], Paper], appearance: bytes, rect: bytes = OVER_THE_TEXT
) -> Callable[[Desk], bytes]:
    """Signed by a person, then by a stranger whose picture lies there."""

    def build(desk: Desk) -> bytes:
        paper = make().end().sign(desk.person)
        return paper.sign(desk.stranger, "stranger", rect=rect, appearance=appearance).contents

    return build


WHITE = box(b"1 g")
COLOURS = {
    "black": b"0 g",
    "grey": b"0.3 g",
    "light grey": b"0.9 g",
    "blue": b"0 0 1 rg",
    "dark blue": b"0 0 0.4 rg",
    "red": b"1 0 0 rg",
    "dark red": b"0.5 0 0 rg",
    "green": b"0 0.5 0 rg",
    "purple": b"0.4 0 0.6 rg",
    "yellow": b"1 1 0 rg",
    "cyan": b"0 1 1 rg",
}
for _name, _colour in COLOURS.items():
    CASES.add(f"a box of {_name}", over(Paper.page, box(_colour)), REFUSED, _PAINTS)

TEXTS = {
    "grey text": line(b"Pay 1 000 VND", looks=b"0.6 g"),
    "light grey text": line(b"VOID", 48, looks=b"0.8 g"),
    "blue text": line(b"Pay 1 000 VND", looks=b"0 0 1 rg"),
    "red text": line(b"Pay 1 000 VND", looks=b"1 0 0 rg"),
    "orange text": line(b"Pay 1 000 VND", looks=b"1 0.5 0 rg"),
    "green text": line(b"Pay 1 000 VND", looks=b"0 0.8 0 rg"),
    "small text": line(b"Pay 1 000 VND", 6),
    "very small text": line(b"Pay 1 000 VND", 4),
    "outlined text": line(b"Pay 1 000 VND", looks=b"1 Tr 0.3 w"),
    "white text on black": b"0 g 60 680 340 60 re f " + line(b"Pay 1 000 VND", looks=b"1 g"),
    "text on a grey ground": b"0.8 g 60 680 340 60 re f " + line(b"Pay 1 000 VND", looks=b"0 g"),
}
for _name, _text in TEXTS.items():
    CASES.add(f"{_name} below white", over(says(_text), WHITE), REFUSED, _PAINTS)

# Where the page is not as pages usually are.

PAGE_SHAPES: dict[str, bytes] = {
    "turned": b"/Rotate 90",
    "turned over": b"/Rotate 180",
    "cropped": b"/CropBox [50 600 500 800]",
    "in larger units": b"/UserUnit 2",
}
for _name, _page in PAGE_SHAPES.items():
    CASES.add(
        f"page {_name}", over(lambda page=_page: Paper.page(page=page), WHITE), REFUSED, _PAINTS
    )


def sized(media: bytes) -> Callable[[], Paper]:
    def make() -> Paper:
        paper = Paper.page()
        paper.edit(PAGE, b"[0 0 595 842]", media)
        return paper

    return make


for _name, _media in {
    "as large as a wall": b"[0 0 14400 14400]",
    "away from the origin": b"[50 600 500 800]",
    "the wrong way round": b"[595 842 0 0]",
}.items():
    CASES.add(
        f"page {_name}, whole",
        over(sized(_media), paints(b"[0 0 1 1]", b"1 g 0 0 1 1 re f"), b"[0 0 14400 14400]"),
        REFUSED,
        _PAINTS,
    )
    CASES.add(f"page {_name}", over(sized(_media), WHITE), REFUSED, _PAINTS)


def miscounted() -> Paper:
    """The page tree says of itself that it has fewer pages than it has."""
    paper = Paper.page()
    blank = paper.objects[PAGE].replace(b"/Contents 4 0 R", b"")
    one, two = (paper.add(blank.replace(b"/Parent 2", b"/Parent 30")) for _ in range(2))
    paper.write(30, b"<< /Type /Pages /Parent 2 0 R /Kids [%d 0 R %d 0 R] /Count 2 >>" % (one, two))
    paper.edit(PAGES, b"[3 0 R] /Count 1", b"[30 0 R 3 0 R] /Count 2")
    return paper


CASES.add("page tree that miscounts", over(miscounted, WHITE), REFUSED, _PAINTS)

# Small things that mean much.

_TINY = paints(b"[0 0 6 6]", b"1 g 0 0 6 6 re f")
CASES.add(
    "a decimal comma hidden",
    over(says(line(b"Pay 1,50 VND")), _TINY, b"[136 692 142 703.5]"),
    REFUSED,
    "1,50 became 150",
)
CASES.add(
    "a minus hidden",
    over(says(line(b"-150 VND")), _TINY, b"[71 705 79.5 713]"),
    REFUSED,
    "-150 became 150",
)

# Ink in the place of ink, and more of it beside.


def hatched(colour: bytes, step: int) -> bytes:
    """White, with strokes of a colour: wherever there was ink there is ink."""
    strokes = b"".join(b"%d 0 m %d 60 l " % (place, place) for place in range(0, 340, step))
    return paints(b"[0 0 340 60]", b"1 g 0 0 340 60 re f 1 w %s %s S" % (colour, strokes))


def over_again(text: bytes, looks: bytes) -> bytes:
    """Another text in the very place of the first, over white or over nothing."""
    return stream(
        looks + b" BT /F1 24 Tf 12 20 Td (%s) Tj ET" % text,
        b"/Type /XObject /Subtype /Form /BBox [0 0 340 60] /Resources << /Font << /F1 5 0 R >> >>",
    )


_GROUND = b"1 g 0 0 340 60 re f "
for _name, _colour in {
    "blue": b"0 0 1 RG",
    "red": b"1 0 0 RG",
    "light grey": b"0.7 G",
    "black": b"0 G",
}.items():
    CASES.add(f"hatched in {_name}", over(Paper.page, hatched(_colour, 2)), REFUSED, _PAINTS)

for _name, _looks in {
    "black": b"0 g",
    "dark blue": b"0 0 0.6 rg",
    "blue": b"0 0 1 rg",
    "dark red": b"0.6 0 0 rg",
}.items():
    CASES.add(
        f"3 made 8 in {_name}, on white",
        over(says(line(b"Pay 3 000 VND")), over_again(b"Pay 8 000 VND", _GROUND + _looks)),
        REFUSED,
        "3 000 became 8 000",
    )
    CASES.add(
        f"1 made 9 in {_name}, on white",
        over(Paper.page, over_again(b"Pay 9 000 VND", _GROUND + _looks)),
        REFUSED,
        "1 000 became 9 000",
    )
    if _name != "blue":  # which is seen to be another hand, and is a signature's colour
        CASES.add(
            f"3 made 8 in {_name}",
            over(says(line(b"Pay 3 000 VND")), over_again(b"Pay 8 000 VND", _looks)),
            REFUSED,
            "3 000 became 8 000",
        )

# What lies below is a place for a signature: a seal may stand on one, and on nothing else.


def windowed(desk: Desk) -> bytes:
    """A first signature paints nothing, all over the page; a second one paints there."""
    paper = desk.signed()
    paper.sign(desk.stranger, "window", rect=_WHOLE, appearance=paints(_WHOLE, b""))
    return paper.sign(desk.stranger, "stranger", rect=OVER_THE_TEXT, appearance=WHITE).contents


CASES.add("through the window of another signature", windowed, REFUSED, _PAINTS)


def spacious(desk: Desk) -> bytes:
    """The signer was given a place as large as the page."""
    paper = Paper.page().end().sign(desk.person, rect=_WHOLE, appearance=paints(_WHOLE, b""))
    return paper.sign(desk.stranger, "stranger", rect=OVER_THE_TEXT, appearance=WHITE).contents


CASES.add("over a signature as large as the page", spacious, REFUSED, _PAINTS)


def replaced_signature(desk: Desk) -> bytes:
    """The picture of a signature says who signed; another is put over it."""
    name = stream(
        b"0 g BT /F1 18 Tf 2 15 Td (The chairman) Tj ET",
        b"/Type /XObject /Subtype /Form /BBox [0 0 180 50] /Resources << /Font << /F1 5 0 R >> >>",
    )
    other = stream(
        b"1 g 0 0 180 50 re f 0 g BT /F1 18 Tf 2 15 Td (The minister) Tj ET",
        b"/Type /XObject /Subtype /Form /BBox [0 0 180 50] /Resources << /Font << /F1 5 0 R >> >>",
    )
    paper = Paper.page().end().sign(desk.person, rect=BLANK, appearance=name)
    return paper.sign(desk.stranger, "stranger", rect=BLANK, appearance=other).contents


CASES.add("over another signature's name", replaced_signature, REFUSED, _PAINTS)

# States of a widget.


def switched(desk: Desk) -> bytes:
    paper = desk.signed()
    off, on = paper.add(paints(b"[0 0 340 60]", b"")), paper.add(WHITE)
    looks = b"/AP << /N << /Off %d 0 R /On %d 0 R >> >> /AS /Off" % (off, on)
    paper.sign(desk.stranger, "stranger", rect=OVER_THE_TEXT, widget=looks)
    widget = next(n for n, text in paper.objects.items() if b"(stranger)" in text)
    paper.edit(widget, b"/AS /Off", b"/AS /On")
    return paper.sign(desk.stranger, "stranger 2").contents


CASES.add("a picture switched to another state", switched, REFUSED, _PAINTS)


def layered(desk: Desk) -> bytes:
    """The picture lies in a layer that prints and does not show."""
    paper = desk.signed()
    layer = paper.add(
        b"<< /Type /OCG /Name (x) /Usage << /View << /ViewState /OFF >>"
        b" /Print << /PrintState /ON >> >> >>"
    )
    return paper.sign(
        desk.stranger,
        "stranger",
        rect=OVER_THE_TEXT,
        appearance=WHITE,
        widget=b"/OC %d 0 R" % layer,
    ).contents


CASES.add("a picture in a layer", layered, REFUSED, _PAINTS)


def own_picture_hidden(desk: Desk) -> bytes:
    paper = Paper.page().end().sign(desk.person, rect=BLANK, appearance=box(b"0 0 1 rg"))
    widget = next(n for n, text in paper.objects.items() if b"(chairman)" in text)
    paper.edit(widget, b"/F 132", b"/F 134")
    return paper.sign(desk.stranger, "stranger").contents


CASES.add(
    "the picture of the first signature hidden",
    own_picture_hidden,
    REFUSED,
    "who looks at the page no longer sees that it was signed",
)


# Seals stand on signatures and touch the words around them, and let them show.


def seal(operators: bytes) -> bytes:
    return stream(
        operators,
        b"/Type /XObject /Subtype /Form /BBox [0 0 100 100]"
        b" /Resources << /ExtGState << /G << /ca 0.5 /CA 0.5 /BM /Multiply >> >> >>",
    )


RING = seal(b"1 0 0 RG 4 w 10 10 80 80 re S")
CASES.add(
    "genuine, a red seal on a signature",
    lambda desk: (
        Paper.page()
        .end()
        .sign(desk.person, rect=BLANK, appearance=box(b"0 0 1 rg"))
        .sign(desk.agency, "agency", rect=b"[300 100 400 200]", appearance=RING)
        .contents
    ),
    INTACT,
    "Decree 30/2020, Annex I: the seal covers a third of the signature",
)
CASES.add(
    "genuine, a red seal that lets words show",
    over(
        Paper.page,
        seal(b"/G gs 1 0 0 RG 4 w 10 10 80 80 re S"),
        b"[60 650 160 750]",
    ),
    INTACT,
    "Decree 30/2020, Annex I: a seal may touch words, which still show",
)
