"""Overlays by what a widget may be besides a picture: what some viewers draw, reserved, shared."""

from __future__ import annotations

from collections.abc import Callable

from tests.hostile.cases import REFUSED, Cases, Desk
from tests.hostile.forms import NUMBER, drawn, form
from tests.hostile.overlays import WHITE
from tests.hostile.paper import (
    AGREED,
    CONTENT,
    OVER_THE_TEXT,
    PAGE,
    PAGES,
    Paper,
    paints,
    shows,
    stream,
)

CASES = Cases("odd overlay")

_PAINTS = "what was signed cannot be read any more"

# What one viewer draws and another does not.


def nested(paper: Paper, depth: int) -> bytes:
    """A white box within forms within forms: viewers give up at different depths."""
    inner = paper.add(WHITE)
    about = b"/Subtype /Form /BBox [0 0 340 60] /Resources << /XObject << /X %d 0 R >> >>"
    for _ in range(depth):
        inner = paper.add(stream(b"/X Do", about % inner))
    return b"%d 0 R" % inner


def shaded(paper: Paper) -> bytes:
    """A shading by a program: not every viewer runs it."""
    function = stream(b"{ pop pop 1 }", b"/FunctionType 4 /Domain [0 340 0 60] /Range [0 1]")
    shading = b"<< /ShadingType 1 /ColorSpace /DeviceGray /Domain [0 340 0 60] /Function %d 0 R >>"
    about = (
        b"/Type /XObject /Subtype /Form /BBox [0 0 340 60] /Resources << /Shading << /S %s >> >>"
    )
    return b"%d 0 R" % paper.add(stream(b"/S sh", about % (shading % paper.add(function))))


def undescribed(paper: Paper) -> bytes:
    """An image that leaves out what some viewers can do without."""
    about = b"/Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray"
    image = paper.add(stream(b"\xff", about))
    about = b"/Subtype /Form /BBox [0 0 340 60] /Resources << /XObject << /I %d 0 R >> >>" % image
    return b"%d 0 R" % paper.add(stream(b"q 340 0 0 60 0 0 cm /I Do Q", about))


for _name, _picture in {
    "the only state of several": lambda paper: b"<< /X %d 0 R >>" % paper.add(WHITE),
    "the state of no name": lambda paper: b"<< /N %d 0 R >>" % paper.add(WHITE),
    "twenty forms deep": lambda paper: nested(paper, 20),
    "sixty forms deep": lambda paper: nested(paper, 60),
    "shaded by a program": shaded,
    "a number that touches its operator": lambda paper: (
        b"%d 0 R" % paper.add(paints(b"[0 0 340 60]", b"1 g 0 0 340 60re f"))
    ),
    "an image of no stated depth": undescribed,
}.items():

    @CASES.file("some viewers draw it, and it covers the text", name=f"drawn by some, {_name}")
    def drawn_by_some(desk: Desk, picture: Callable[[Paper], bytes] = _picture) -> bytes:
        paper = desk.signed()
        looks = b"/AP << /N %s >>" % picture(paper)
        return paper.sign(desk.stranger, "stranger", rect=OVER_THE_TEXT, widget=looks).contents


# Fields that are signed, or filled, where they were reserved.


def reserved_over_the_text(desk: Desk) -> bytes:
    """Empty it did not show; the text below it did."""
    paper = Paper.page()
    field = paper.field("agency", None, rect=OVER_THE_TEXT)
    paper.end().sign(desk.person)
    value, picture = paper.value(), paper.add(WHITE)
    paper.extend(field, b"/V %d 0 R /AP << /N %d 0 R >>" % (value, picture))
    paper.end().seal(value, desk.stranger)
    return paper.contents


CASES.add("a reserved place over the text", reserved_over_the_text, REFUSED, _PAINTS)

_GROUND = stream(
    b"1 g 0 0 340 60 re f /Tx BMC BT /F1 12 Tf 0 g 2 4 Td (15) Tj ET EMC",
    b"/Type /XObject /Subtype /Form /BBox [0 0 340 60] /Resources << /Font << /F1 5 0 R >> >>",
)


def number_filled(desk: Desk, old: bytes, new: bytes, content: bytes, picture: bytes) -> bytes:
    """The number's field changed by who prepared the file, then filled with a picture."""
    paper = form()
    paper.write(CONTENT, content)
    paper.edit(NUMBER, old, new)
    paper.end().sign(desk.person)
    paper.extend(NUMBER, b"/V (15) /AP << /N %d 0 R >>" % paper.add(picture))
    return paper.sign(desk.stranger, "stranger").contents


_BARS = stream(b"".join(b"%d 690 4 30 re f " % place for place in range(70, 300, 12)))
_RECT = b"[85 600 285 620]"
for _name, _old, _new, _content, _picture in (
    ("over the text", _RECT, OVER_THE_TEXT, shows(AGREED), _GROUND),
    ("over a drawing", _RECT, OVER_THE_TEXT, _BARS, _GROUND),
    ("that names no page", b"/P 3 0 R", b"", shows(AGREED), drawn(b"99")),
    ("that names another page", b"/P 3 0 R", b"/P 2 0 R", shows(AGREED), drawn(b"99")),
):
    CASES.add(
        f"our number {_name}",
        lambda desk, how=(_old, _new, _content, _picture): number_filled(desk, *how),
        REFUSED,
        "what the number's picture covers or shows is not what was signed, or filled",
    )


def prepared_picture(desk: Desk) -> Paper:
    """A reserved field with a picture over the text, hidden when the file is signed."""
    paper = Paper.page()
    paper.write(20, WHITE)
    paper.field(
        "agency", None, number=21, rect=OVER_THE_TEXT, flags=2, widget=b"/AP << /N 20 0 R >>"
    )
    return paper.end().sign(desk.person)


def prepared_state(desk: Desk) -> Paper:
    """A reserved field with a picture over the text, in a state that is not shown."""
    paper = Paper.page()
    paper.write(20, WHITE)
    looks = b"/AS /Off /AP << /N << /On 20 0 R >> >>"
    paper.field("agency", None, number=21, rect=OVER_THE_TEXT, widget=looks)
    return paper.end().sign(desk.person)


CASES.each(
    {"a hidden picture shown": lambda paper: paper.edit(21, b"/F 2", b"/F 4")},
    _PAINTS,
    base=prepared_picture,
)
CASES.each(
    {"another state shown": lambda paper: paper.edit(21, b"/AS /Off", b"/AS /On")},
    _PAINTS,
    base=prepared_state,
)


def signed_and_shown(desk: Desk) -> bytes:
    """The picture was there; signing only lets it show."""
    paper = prepared_picture(desk)
    value = paper.value()
    paper.edit(21, b"/F 2", b"/F 4")
    paper.extend(21, b"/V %d 0 R" % value)
    paper.end().seal(value, desk.stranger)
    return paper.contents


CASES.add("a hidden picture shown by signing", signed_and_shown, REFUSED, _PAINTS)

# Two pages, one list of annotations.


def shared_annotations(desk: Desk) -> bytes:
    """The first page of the two has room; the other has the text."""
    paper = Paper.page(page=b"/Annots 30 0 R")
    blank = paper.objects[PAGE].replace(b"/Contents 4 0 R", b"")
    text = paper.write(40, paper.objects[PAGE])
    paper.write(PAGE, blank)
    paper.write(30, b"[ ]")
    paper.edit(PAGES, b"[3 0 R] /Count 1", b"[3 0 R %d 0 R] /Count 2" % text)
    paper.end().sign(desk.person)
    return paper.sign(desk.stranger, "stranger", rect=OVER_THE_TEXT, appearance=WHITE).contents


CASES.add("on two pages that share their annotations", shared_annotations, REFUSED, _PAINTS)

# A signature field that is more than its widget.

for _name, _more in {
    "a link": b"/Subtype /Link /Dest [3 0 R /Fit]",
    "a note": b"/Subtype /FreeText /DA (/F1 24 Tf 0 g) /Contents (Pay 9 000 VND)",
    "a square": b"/Subtype /Square /IC [1 1 1] /C [1 1 1]",
    "a highlight": b"/Subtype /Highlight /QuadPoints [60 740 400 740 60 680 400 680] /C [0 0 0]",
    "a file": b"/Subtype /FileAttachment /FS << /Type /Filespec /F (a.exe) >>",
    "a film": b"/Subtype /Screen /MK << /BG [1] >>",
}.items():

    @CASES.file("a signature's field is a widget and nothing else", name=f"a field that is {_name}")
    def more_than_a_widget(desk: Desk, more: bytes = _more) -> bytes:
        paper = desk.signed()
        value = paper.value()
        field = paper.next()
        paper.write(
            field,
            b"<< /Type /Annot /FT /Sig /T (stranger) /P 3 0 R /F 4 /Rect %s /V %d 0 R %s >>"
            % (OVER_THE_TEXT, value, more),
        )
        paper.list_field(field)
        paper.list_annotation(field)
        paper.end().seal(value, desk.stranger)
        return paper.contents
