"""Shadow attacks (Mainka et al., 2021): what will be shown lies hidden in what is signed."""

from __future__ import annotations

from tests.hostile.cases import NOT_INTACT, Cases, Desk
from tests.hostile.paper import (
    CATALOG,
    CONTENT,
    FONT,
    FORGED,
    FORM,
    INFO,
    PAGE,
    Paper,
    shows,
    stream,
)
from tests.signing.handmade import STANDARD

CASES = Cases("shadow")

COVER = b"BT /F1 24 Tf 72 700 Td (%s) Tj ET\nq 400 0 0 60 60 680 cm /Im Do Q"
WHITE = stream(
    b"\xff",
    b"/Type /XObject /Subtype /Image /Width 1 /Height 1 /BitsPerComponent 8"
    b" /ColorSpace /DeviceGray",
)


def covered(desk: Desk) -> Paper:
    """A picture lies over a line that the signer therefore does not see."""
    paper = Paper.page(
        page=b"/Resources << /Font << /F1 5 0 R >> /XObject << /Im 9 0 R >> >>",
        content=stream(COVER % FORGED),
    )
    paper.write(9, WHITE)
    return paper.end().sign(desk.person)


CASES.each(
    {
        "hide, picture freed": lambda paper: paper.free(9),
        "hide, picture made null": lambda paper: paper.write(9, b"null"),
        "hide, picture made transparent": lambda paper: paper.write(
            9, WHITE.replace(b"/DeviceGray", b"/DeviceGray /SMask 10 0 R")
        ),
        "hide, picture of another kind": lambda paper: paper.write(
            9, stream(b"", b"/Type /XObject /Subtype /Form /BBox [0 0 1 1]")
        ),
        "hide, picture led astray": lambda paper: paper.entries.update({9: (STANDARD, 0, 0)}),
        "hide, resources without it": lambda paper: paper.edit(PAGE, b"/Im 9 0 R", b""),
    },
    "what covered the hidden line is gone",
    base=covered,
)


def filled(desk: Desk) -> Paper:
    """A text field whose appearance says what was agreed, and whose value is another."""
    paper = Paper.page(content=stream(b""))
    text = b"BT /F1 24 Tf 2 2 Td (Pay 1 000 VND) Tj ET"
    resources = b"/Resources << /Font << /F1 5 0 R >> >>"
    paper.write(9, stream(text, b"/Subtype /Form /BBox [0 0 300 40] %s" % resources))
    paper.write(
        10,
        b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (amount) /V (Pay 9 000 VND) /F 4 /P 3 0 R"
        b" /Rect [70 690 370 730] /DA (/F1 24 Tf 0 g) /AP << /N 9 0 R >> >>",
    )
    paper.write(FORM, b"<< /Fields [10 0 R] /SigFlags 3 /DR << /Font << /F1 5 0 R >> >> >>")
    paper.extend(CATALOG, b"/AcroForm %d 0 R" % FORM)
    paper.extend(PAGE, b"/Annots [10 0 R]")
    return paper.end().sign(desk.person)


CASES.each(
    {
        "replace, appearance removed": lambda paper: paper.edit(10, b"/AP << /N 9 0 R >>", b""),
        "replace, appearance freed": lambda paper: paper.free(9),
        "replace, appearance replaced": lambda paper: paper.edit(9, b"1 000", b"9 000"),
        "replace, viewer told to draw": lambda paper: paper.extend(FORM, b"/NeedAppearances true"),
        "replace, value replaced": lambda paper: paper.edit(10, b"Pay 9", b"Pay 5"),
        "replace, field hidden": lambda paper: paper.edit(10, b"/F 4", b"/F 2"),
        "replace, field moved": lambda paper: paper.edit(10, b"[70 690", b"[70 390"),
    },
    "the field shows something else than when it was signed",
    base=filled,
)

_DIGITS = b"/Encoding << /Type /Encoding /Differences [49 /nine] >>"
CASES.each(
    {
        "replace, font with other glyphs": lambda paper: paper.edit(
            FONT, b"/Helvetica", b"/Helvetica " + _DIGITS
        ),
        "replace, font of another family": lambda paper: paper.edit(
            FONT, b"/Helvetica", b"/ZapfDingbats"
        ),
        "replace, font freed": lambda paper: paper.free(FONT),
        "replace, font of other widths": lambda paper: paper.extend(
            FONT, b"/FirstChar 32 /LastChar 33 /Widths [0 0]"
        ),
        "replace, text that programs read": lambda paper: paper.extend(
            FONT, b"/ToUnicode %d 0 R" % paper.add(stream(b"begincmap endcmap"))
        ),
    },
    "the same codes show other letters",
)


def doubled(desk: Desk) -> Paper:
    """A second catalogue, page tree and page were signed too, and nobody was shown them."""
    paper = Paper.page()
    content = paper.add(shows(FORGED))
    page = paper.objects[PAGE].replace(b"/Contents 4 0 R", b"/Contents %d 0 R" % content)
    pages = paper.add(b"<< /Type /Pages /Kids [%d 0 R] /Count 1 >>" % (paper.next() + 1))
    page = paper.add(page.replace(b"2 0 R", b"%d 0 R" % pages, 1))
    paper.write(20, paper.objects[CATALOG].replace(b"2 0 R", b"%d 0 R" % pages))
    # Copies under the numbers in use, which no table lists.
    paper.raw(b"4 0 obj\n%s\nendobj\n" % shows(FORGED))
    return paper.end().sign(desk.person)


@CASES.change("the trailer leads to the catalogue that lay hidden", base=doubled)
def hide_and_replace_by_the_root(paper: Paper) -> None:
    paper.root = 20
    form = paper.objects[CATALOG].partition(b"/AcroForm")[2].split(b"R")[0]
    paper.extend(20, b"/AcroForm" + form + b"R")


@CASES.change("only the trailer leads to the hidden catalogue", NOT_INTACT, base=doubled)
def hide_and_replace_by_the_trailer_alone(paper: Paper) -> None:
    paper.root = 20
    paper.write(INFO, paper.objects[INFO])


@CASES.change("a table lists the copy that lay hidden: no object is appended", base=doubled)
def hide_and_replace_by_the_table_alone(paper: Paper) -> None:
    at = paper.contents.rindex(b"\n4 0 obj\n") + 1
    paper.entries[CONTENT] = (STANDARD, at, 0)


@CASES.change("the page tree is the one that lay hidden", base=doubled)
def hide_and_replace_by_the_pages(paper: Paper) -> None:
    hidden = paper.objects[20].partition(b"/Pages ")[2].split(b" ")[0]
    paper.edit(CATALOG, b"/Pages 2 0 R", b"/Pages %s 0 R" % hidden)


def layered(desk: Desk) -> Paper:
    """A layer that is off holds the other text (§8.11)."""
    both = b"/OC /On BDC BT /F1 24 Tf 72 700 Td (Pay 1 000 VND) Tj ET EMC\n"
    both += b"/OC /Off BDC BT /F1 24 Tf 72 700 Td (Pay 9 000 VND) Tj ET EMC"
    paper = Paper.page(
        catalog=b"/OCProperties << /OCGs [9 0 R 10 0 R] /D 11 0 R >>",
        page=b"/Resources << /Font << /F1 5 0 R >> /Properties << /On 9 0 R /Off 10 0 R >> >>",
        content=stream(both),
    )
    paper.write(9, b"<< /Type /OCG /Name (one) >>")
    paper.write(10, b"<< /Type /OCG /Name (two) >>")
    paper.write(11, b"<< /ON [9 0 R] /OFF [10 0 R] /Order [9 0 R 10 0 R] >>")
    return paper.end().sign(desk.person)


_SWITCHED = b"<< /ON [10 0 R] /OFF [9 0 R] /Order [9 0 R 10 0 R] >>"
CASES.each(
    {
        "layers switched": lambda paper: paper.write(11, _SWITCHED),
        "layers switched by the catalogue": lambda paper: paper.edit(
            CATALOG, b"/D 11 0 R", b"/D %d 0 R" % paper.add(_SWITCHED)
        ),
        "layers switched by their members": lambda paper: paper.write(
            9, b"<< /Type /OCG /Name (two) /Usage << /View << /ViewState /OFF >> >> >>"
        ),
        "layers forgotten": lambda paper: paper.write(
            CATALOG,
            paper.objects[CATALOG].replace(
                b"/OCProperties << /OCGs [9 0 R 10 0 R] /D 11 0 R >>", b""
            ),
        ),
    },
    "the layer that was off is shown",
    base=layered,
)
