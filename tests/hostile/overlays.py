"""Overlays: annotations, widgets and page attributes that change what the signed page shows."""

from __future__ import annotations

from tests.hostile.cases import INTACT, Cases, Change, Desk
from tests.hostile.paper import (
    BLANK,
    CATALOG,
    OVER_THE_TEXT,
    PAGE,
    PAGES,
    Paper,
    paints,
    stream,
)

CASES = Cases("overlay")

WHITE = paints(b"[0 0 340 60]", b"1 g 0 0 340 60 re f")
_PAINTS = "it paints over what was signed"

# A second signature by a stranger; its widget lies over the text.

SIGNATURES: dict[str, dict[str, object]] = {
    "a white box": {"rect": OVER_THE_TEXT, "appearance": WHITE},
    "corners the other way round": {"rect": b"[400 740 60 680]", "appearance": WHITE},
    "half over the text": {"rect": b"[20 690 140 800]", "appearance": WHITE},
    "the whole page": {"rect": b"[0 0 595 842]", "appearance": WHITE},
    "another text beside": {
        "rect": b"[72 695 200 725]",
        "appearance": stream(
            b"1 g 0 0 130 30 re f 0 g BT /F1 24 Tf 0 5 Td (Pay 9) Tj ET",
            b"/Type /XObject /Subtype /Form /BBox [0 0 130 30]"
            b" /Resources << /Font << /F1 5 0 R >> >>",
        ),
    },
    "a box turned into place": {
        "rect": OVER_THE_TEXT,
        "appearance": stream(
            b"1 g 0 0 60 340 re f",
            b"/Type /XObject /Subtype /Form /BBox [0 0 60 340] /Matrix [0 1 -1 0 0 0]",
        ),
    },
    "a picture": {
        "rect": OVER_THE_TEXT,
        "appearance": stream(
            b"q 340 0 0 60 0 0 cm BI /W 1 /H 1 /BPC 8 /CS /G ID \xff EI Q",
            b"/Type /XObject /Subtype /Form /BBox [0 0 340 60]",
        ),
    },
    "shown only in print": {
        "rect": OVER_THE_TEXT,
        "appearance": WHITE,
        "widget": b"/NM (x)",
        "flags": 4,
    },
    "shown only on the screen": {"rect": OVER_THE_TEXT, "appearance": WHITE, "flags": 0},
    "of a colour of its own": {"rect": OVER_THE_TEXT, "widget": b"/MK << /BG [1] >>"},
    "shown when pointed at": {
        "rect": OVER_THE_TEXT,
        "widget": b"/AP << /N 50 0 R /R 51 0 R /D 51 0 R >>",
    },
}
for _name, _widget in SIGNATURES.items():

    @CASES.file(_PAINTS, name=f"signature, {_name}")
    def painted_over(desk: Desk, widget: dict[str, object] = _widget) -> bytes:
        paper = desk.signed()
        paper.write(50, paints(b"[0 0 340 60]", b""))
        paper.write(51, WHITE)
        return paper.sign(desk.stranger, "stranger", **widget).contents

    @CASES.file(_PAINTS, name=f"signature of one whom all trust, {_name}")
    def painted_over_by_the_agency(desk: Desk, widget: dict[str, object] = _widget) -> bytes:
        paper = desk.signed()
        paper.write(50, paints(b"[0 0 340 60]", b""))
        paper.write(51, WHITE)
        return paper.sign(desk.agency, "agency", **widget).contents


@CASES.file(_PAINTS)
def time_stamp_that_shows(desk: Desk) -> bytes:
    paper = desk.signed()
    field = paper.next() + 1
    paper.stamp(desk.tsa)
    assert b"/Widget" in paper.objects[field] or field
    widget = next(n for n, text in paper.objects.items() if b"(stamp)" in text)
    picture = paper.add(WHITE)
    paper.edit(widget, b"[0 0 0 0]", OVER_THE_TEXT + b" /AP << /N %d 0 R >>" % picture)
    return paper.end().contents


@CASES.file(_PAINTS)
def empty_signature_field_that_shows(desk: Desk) -> bytes:
    paper = desk.signed()
    paper.field("cover", None, rect=OVER_THE_TEXT, appearance=WHITE)
    return paper.sign(desk.stranger, "stranger").contents


@CASES.file("a signature that shows is shown anew, over the text", name="own widget moved")
def own_widget_moved(desk: Desk) -> bytes:
    paper = Paper.page().end().sign(desk.person, rect=BLANK, appearance=WHITE)
    widget = next(n for n, text in paper.objects.items() if b"/Widget" in text)
    paper.edit(widget, BLANK, OVER_THE_TEXT)
    return paper.sign(desk.stranger, "stranger").contents


@CASES.file("the picture of a signature is replaced by another's")
def own_appearance_replaced(desk: Desk) -> bytes:
    paper = Paper.page().end().sign(desk.person, rect=BLANK, appearance=WHITE)
    picture = next(n for n, text in paper.objects.items() if b"/Form" in text)
    paper.write(picture, paints(b"[0 0 340 60]", b"1 0 0 rg 0 0 340 60 re f"))
    return paper.sign(desk.stranger, "stranger").contents


@CASES.file("an empty reserved place grows over the text when it is signed")
def reserved_place_that_grows(desk: Desk) -> bytes:
    paper = Paper.page()
    field = paper.field("agency", None, rect=BLANK)
    paper.end().sign(desk.person)
    value, picture = paper.value(), paper.add(WHITE)
    paper.edit(field, BLANK, OVER_THE_TEXT)
    paper.extend(field, b"/V %d 0 R /AP << /N %d 0 R >>" % (value, picture))
    paper.end().seal(value, desk.stranger)
    return paper.contents


@CASES.file("a page of its own, with the same widget on the signed one")
def widget_listed_by_another_page(desk: Desk) -> bytes:
    """/P names the second page, which has room; the first page lists the widget too."""
    paper = Paper.page()
    second = paper.add(paper.objects[PAGE].replace(b"/Contents 4 0 R", b""))
    paper.edit(PAGES, b"[3 0 R] /Count 1", b"[3 0 R %d 0 R] /Count 2" % second)
    paper.end().sign(desk.person)
    field = paper.next() + 1
    value = paper.value()
    field = paper.field("stranger", value, rect=OVER_THE_TEXT, appearance=WHITE, page=second)
    paper.list_annotation(field, PAGE)
    paper.end().seal(value, desk.stranger)
    return paper.contents


@CASES.file("beside the text a picture may stand", INTACT)
def signature_beside_the_text(desk: Desk) -> bytes:
    return desk.signed().sign(desk.agency, "agency", rect=BLANK, appearance=WHITE).contents


# Annotations that are no signatures.


def annotation(subtype: bytes, more: bytes = b"") -> Change:
    def change(paper: Paper) -> None:
        picture = paper.add(WHITE)
        number = paper.add(
            b"<< /Type /Annot /Subtype /%s /Rect %s /F 4 /AP << /N %d 0 R >> %s >>"
            % (subtype, OVER_THE_TEXT, picture, more)
        )
        paper.list_annotation(number)

    return change


_KINDS = b"""Text Link FreeText Line Square Circle Polygon PolyLine Highlight Underline Squiggly
    StrikeOut Stamp Caret Ink Popup FileAttachment Sound Movie Screen PrinterMark TrapNet Watermark
    Redact 3D RichMedia Projection Unknown""".split()
CASES.each(
    {f"{kind.decode()} annotation": annotation(kind) for kind in _KINDS},
    _PAINTS,
    stages="last signed",
)
CASES.each(
    {
        "annotation in the page itself": lambda paper: (
            paper.extend(
                PAGE, b"/Annots [<< /Type /Annot /Subtype /Stamp /Rect %s >>]" % OVER_THE_TEXT
            )
            if b"/Annots" not in paper.objects[PAGE]
            else paper.edit(
                PAGE,
                b"/Annots [",
                b"/Annots [<< /Type /Annot /Subtype /Square /IC [1 1 1] /Rect %s >>"
                % OVER_THE_TEXT,
            )
        ),
        "push button": annotation(b"Widget", b"/FT /Btn /Ff 65536 /T (b)"),
        "widget without a field": annotation(b"Widget"),
        "widget of a signature that is not in the form": annotation(b"Widget", b"/FT /Sig /T (s)"),
        "link out of the page": annotation(b"Link", b"/A << /S /URI /URI (http://x.invalid) >>"),
    },
    _PAINTS,
)


def annotated(desk: Desk) -> Paper:
    """A stamp says VOID."""
    paper = Paper.page(page=b"/Annots [8 0 R]")
    paper.write(
        8, b"<< /Type /Annot /Subtype /Stamp /Rect [60 600 400 660] /F 4 /AP << /N 9 0 R >> >>"
    )
    paper.write(
        9,
        stream(
            b"BT /F1 24 Tf 2 2 Td (VOID) Tj ET",
            b"/Subtype /Form /BBox [0 0 340 60] /Resources << /Font << /F1 5 0 R >> >>",
        ),
    )
    return paper.end().sign(desk.person)


CASES.each(
    {
        "annotation freed": lambda paper: paper.free(8),
        "annotation taken off the page": lambda paper: paper.edit(PAGE, b"8 0 R ", b""),
        "annotation hidden": lambda paper: paper.edit(8, b"/F 4", b"/F 2"),
        "annotation moved": lambda paper: paper.edit(8, b"[60 600", b"[60 900"),
        "annotation's picture replaced": lambda paper: paper.edit(9, b"VOID", b"PAID"),
        "annotation's picture freed": lambda paper: paper.free(9),
        "annotation's picture made null": lambda paper: paper.write(9, b"null"),
        "annotation of another kind": lambda paper: paper.edit(8, b"/Stamp", b"/Popup"),
        "annotation in a layer": lambda paper: paper.extend(
            8, b"/OC %d 0 R" % paper.add(b"<< /Type /OCG /Name (x) >>")
        ),
        "annotation made null": lambda paper: paper.write(8, b"null"),
    },
    "the stamp that was signed is not there any more",
    base=annotated,
)

# The page, its parents and the catalogue.

CASES.each(
    {
        f"page given {text.split()[0].decode()[1:]}": lambda paper, text=text: paper.extend(
            PAGE, text
        )
        for text in (
            b"/Rotate 180",
            b"/CropBox [0 0 595 600]",
            b"/TrimBox [0 0 595 600]",
            b"/UserUnit 2",
            b"/Group << /S /Transparency /CS /DeviceCMYK >>",
            b"/AA << /O << /S /JavaScript /JS (x) >> >>",
            b"/Trans << /S /Wipe >>",
            b"/Dur 1",
            b"/VP []",
            b"/Metadata 6 0 R",
            b"/PieceInfo << /X << /Private 1 >> >>",
        )
    },
    "a page shows, or does, something else",
)
CASES.each(
    {
        "page made smaller": lambda paper: paper.edit(PAGE, b"0 0 595 842", b"0 0 595 600"),
        "page's resources replaced": lambda paper: paper.edit(
            PAGE,
            b"/F1 5 0 R",
            b"/F1 %d 0 R" % paper.add(b"<< /Type /Font /Subtype /Type1 /BaseFont /Symbol >>"),
        ),
        "page's resources extended": lambda paper: paper.edit(
            PAGE, b"/Resources <<", b"/Resources << /XObject << /X 9 0 R >>"
        ),
        "page without content": lambda paper: paper.edit(PAGE, b"/Contents 4 0 R", b""),
        "pages turned": lambda paper: paper.extend(PAGES, b"/Rotate 90"),
        "pages counted otherwise": lambda paper: paper.edit(PAGES, b"/Count 1", b"/Count 2"),
        "pages listed twice": lambda paper: paper.edit(PAGES, b"[3 0 R]", b"[3 0 R 3 0 R]"),
        "page of another parent": lambda paper: paper.edit(
            PAGE, b"/Parent 2 0 R", b"/Parent %d 0 R" % paper.add(b"<< /Type /Pages /Rotate 90 >>")
        ),
    },
    "a page shows something else",
)
CASES.each(
    {
        f"catalogue given {text.split()[0].decode()[1:]}": lambda paper, text=text: paper.extend(
            CATALOG, text
        )
        for text in (
            b"/Outlines << /Type /Outlines /Count 0 >>",
            b"/Names << /EmbeddedFiles << /Names [(a) << /Type /Filespec /F (a) >>] >> >>",
            b"/OpenAction << /S /JavaScript /JS (x) >>",
            b"/AA << /WC << /S /JavaScript /JS (x) >> >>",
            b"/PageLabels << /Nums [0 << /S /r >>] >>",
            b"/OCProperties << /OCGs [] /D << >> >>",
            b"/ViewerPreferences << /HideToolbar true >>",
            b"/PageMode /FullScreen",
            b"/PageLayout /TwoPageLeft",
            b"/Collection << /Type /Collection >>",
            b"/AF [<< /Type /Filespec /F (a) >>]",
            b"/Dests << /a [3 0 R /Fit] >>",
            b"/URI << /Base (http://x.invalid) >>",
            b"/NeedsRendering true",
            b"/Requirements [<< /S /EnableJavaScripts >>]",
            b"/StructTreeRoot << /Type /StructTreeRoot >>",
            b"/Threads []",
            b"/OutputIntents [<< /S /GTS_PDFA1 >>]",
        )
    },
    "the document does, or holds, what nobody signed",
    stages="last signed",
)
