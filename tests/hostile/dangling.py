"""Dangling references: the signed file names an object that does not exist until the day after.

Nothing that was signed changes, and yet the page does. What the number comes to hold may even be
something that every validator expects to be added, such as validation data.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.hostile.cases import Cases, Change, Desk
from tests.hostile.paper import CATALOG, FONT, FORM, INFO, Paper, paints, shows, stream

CASES = Cases("dangling")

NUMBER = 40
PAINT = b"1 g 60 680 400 60 re f"
_WHY = "an object that was missing when it was signed is there now, and shows"

Base = Callable[[Desk], Paper]


def signed(catalog: bytes = b"", page: bytes = b"", content: bytes | None = None) -> Base:
    return lambda desk: (
        Paper.page(catalog=catalog, page=page, content=content).end().sign(desk.person)
    )


def with_object(text: bytes, **where: bytes) -> Base:
    """Another object, which refers to the missing one, and to which the page or catalogue leads."""

    def base(desk: Desk) -> Paper:
        paper = Paper.page(**where)  # type: ignore[arg-type]
        paper.write(9, text)
        return paper.end().sign(desk.person)

    return base


def define(text: bytes) -> Change:
    return lambda paper: paper.write(NUMBER, text)


_RESOURCES = b"/Resources << /Font << /F1 5 0 R /F2 40 0 R >> /XObject << /X 40 0 R >> >>"
_DRAWN = stream(b"BT /F1 24 Tf 72 700 Td (Pay 1 000 VND) Tj ET /X Do")
_STAMP = b"<< /Type /Annot /Subtype /Stamp /Rect [60 680 400 740] /F 4 /AP << /N 41 0 R >> >>"
_PAGE = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R >>"


def stamp(paper: Paper) -> None:
    paper.write(41, paints(b"[0 0 340 60]"))
    paper.write(NUMBER, _STAMP)


TRAPS: dict[str, tuple[Base, Change]] = {
    "page content": (signed(page=b"/Contents [4 0 R 40 0 R]"), define(stream(PAINT))),
    "all page contents": (signed(page=b"/Contents 40 0 R"), define(b"[4 0 R]")),
    "page content, odd spaces": (
        signed(page=b"/Contents [4 0 R 40\r\n\t0\0 \fR]"),
        define(stream(PAINT)),
    ),
    "page content, comments": (
        signed(page=b"/Contents [4 0 R 40%one\n0%two\rR]"),
        define(stream(PAINT)),
    ),
    "page content, leading zeros": (
        signed(page=b"/Contents [4 0 R 0040 00000 R]"),
        define(stream(PAINT)),
    ),
    "page content, a plus sign": (
        signed(page=b"/Contents [4 0 R +40 0 R]"),
        define(stream(PAINT)),
    ),
    "page content, a comment of 5,000 letters": (
        signed(page=b"/Contents [4 0 R 40 %%%s\n0 R]" % (b"x" * 5000)),
        define(stream(PAINT)),
    ),
    "page content, 5,000 leading zeros": (
        signed(page=b"/Contents [4 0 R %s40 0 R]" % (b"0" * 5000)),
        define(stream(PAINT)),
    ),
    "page content, 5,000 spaces": (
        signed(page=b"/Contents [4 0 R 40%s0 R]" % (b" " * 5000)),
        define(stream(PAINT)),
    ),
    "page content, no space within": (
        signed(page=b"/Contents [4 0 R 40 0R]"),
        define(stream(PAINT)),
    ),
    "page content, no spaces around": (
        signed(page=b"/Contents[4 0 R/a 40 0 R]"),
        define(stream(PAINT)),
    ),
    "page content, a number within the file's size": (
        signed(page=b"/Contents [4 0 R 8 0 R]"),
        lambda paper: paper.write(8, stream(PAINT)),
    ),
    "page content, another generation": (
        signed(page=b"/Contents [4 0 R 40 7 R]"),
        lambda paper: paper.write(NUMBER, stream(PAINT), generation=7),
    ),
    "font": (
        signed(page=b"/Resources << /Font << /F1 40 0 R >> >>"),
        define(b"<< /Type /Font /Subtype /Type1 /BaseFont /ZapfDingbats >>"),
    ),
    "picture": (signed(page=_RESOURCES, content=_DRAWN), define(paints(b"[0 0 595 842]", PAINT))),
    "resources": (
        signed(page=b"/Resources 40 0 R"),
        define(b"<< /Font << /F1 5 0 R >> >>"),
    ),
    "one kind of resources": (
        signed(page=b"/Resources << /Font 40 0 R >>"),
        define(b"<< /F1 5 0 R >>"),
    ),
    "graphics state": (
        signed(
            page=b"/Resources << /Font << /F1 5 0 R >> /ExtGState << /G 40 0 R >> >>",
            content=stream(b"/G gs BT /F1 24 Tf 72 700 Td (Pay 1 000 VND) Tj ET"),
        ),
        define(b"<< /Type /ExtGState /ca 0 >>"),
    ),
    "annotation": (signed(page=b"/Annots [40 0 R]"), stamp),
    "page turned": (signed(page=b"/Rotate 40 0 R"), define(b"180")),
    "page cropped": (signed(page=b"/CropBox 40 0 R"), define(b"[0 0 595 600]")),
    "page parent's resources": (
        with_object(b"<< /Font << /F1 40 0 R >> >>", page=b"/Resources 9 0 R"),
        define(b"<< /Type /Font /Subtype /Type1 /BaseFont /ZapfDingbats >>"),
    ),
    "encoding of a font": (
        with_object(
            b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding 40 0 R >>",
            page=b"/Resources << /Font << /F1 9 0 R >> >>",
        ),
        define(b"<< /Type /Encoding /Differences [49 /nine] >>"),
    ),
    "mask of a picture": (
        with_object(
            stream(
                b"\0",
                b"/Type /XObject /Subtype /Image /Width 1 /Height 1 /BitsPerComponent 8"
                b" /ColorSpace /DeviceGray /SMask 40 0 R",
            ),
            page=b"/Resources << /Font << /F1 5 0 R >> /XObject << /X 9 0 R >> >>",
            content=stream(b"BT /F1 24 Tf 72 700 Td (Pay 1 000 VND) Tj ET /X Do"),
        ),
        define(
            stream(
                b"\0",
                b"/Type /XObject /Subtype /Image /Width 1 /Height 1 /BitsPerComponent 8"
                b" /ColorSpace /DeviceGray",
            )
        ),
    ),
    "appearance of an annotation": (
        with_object(_STAMP.replace(b"41 0 R", b"40 0 R"), page=b"/Annots [9 0 R]"),
        define(paints()),
    ),
    "length of the content": (
        signed(
            content=b"<< /Length 40 0 R >>\nstream\nBT /F1 24 Tf 72 700 Td (Pay 1 000 VND) Tj ET"
            b"\nendstream"
        ),
        define(b"10"),
    ),
    "layers": (signed(catalog=b"/OCProperties 40 0 R"), define(b"<< /OCGs [] /D << >> >>")),
    "action on opening": (
        signed(catalog=b"/OpenAction 40 0 R"),
        define(b"<< /S /URI /URI (http://example.invalid/) >>"),
    ),
    "names": (
        signed(catalog=b"/Names 40 0 R"),
        define(b"<< /JavaScript << /Names [(a) << /S /JavaScript /JS (app.alert) >>] >> >>"),
    ),
    "outlines": (
        signed(catalog=b"/Outlines 40 0 R"),
        define(b"<< /Type /Outlines /First 41 0 R /Last 41 0 R /Count 1 >>"),
    ),
    "page of the tree": (
        lambda desk: _with_kids(b"[3 0 R 40 0 R] /Count 2").end().sign(desk.person),
        define(_PAGE),
    ),
}


def _with_kids(kids: bytes) -> Paper:
    paper = Paper.page()
    paper.edit(2, b"[3 0 R] /Count 1", kids)
    return paper


for _name, (_base, _change) in TRAPS.items():
    CASES.each({_name: _change}, _WHY, base=_base)

# The number comes to hold what a validator expects to be added.

_SHOWN = signed(page=b"/Contents [4 0 R 40 0 R]")
_TWO = "what was added for another purpose is page content too"


def security_store(paper: Paper) -> None:
    define(stream(PAINT))(paper)
    paper.extend(CATALOG, b"/DSS %d 0 R" % paper.add(b"<< /Type /DSS /Certs [40 0 R] >>"))


def security_store_by_hint(paper: Paper) -> None:
    define(stream(PAINT))(paper)
    vri = b"/VRI << /%s << /OCSP [40 0 R] >> >>" % (b"0" * 40)
    paper.extend(CATALOG, b"/DSS << /Type /DSS %s >>" % vri)


def metadata(paper: Paper) -> None:
    define(stream(PAINT, b"/Type /Metadata /Subtype /XML"))(paper)
    paper.extend(CATALOG, b"/Metadata 40 0 R")


def object_stream(paper: Paper) -> None:
    """An object stream whose data, read as content, paints."""
    header = b"%d 0 " % INFO
    text = paper.objects[INFO] + b" " + PAINT
    about = b"/Type /ObjStm /N 1 /First %d" % len(header)
    paper.write(NUMBER, stream(header + text, about))
    paper.entries[INFO] = (2, NUMBER, 0)
    paper.end("stream")


def cross_references(paper: Paper) -> None:
    """The cross-reference stream itself is what the page was waiting for."""
    paper.write(INFO, paper.objects[INFO])
    paper._size = NUMBER
    paper.end("stream")


def appearance(paper: Paper) -> None:
    """The picture of the stranger's own signature."""
    define(paints())(paper)
    paper.objects.pop(NUMBER)
    paper.field("place", None, rect=b"[340 120 520 170]", widget=b"/AP << /N 40 0 R >>")


CASES.each(
    {
        "validation data": security_store,
        "validation data of one signature": security_store_by_hint,
        "description of the file": metadata,
        "an object stream": object_stream,
        "the cross-references": cross_references,
        "a signature's appearance": appearance,
    },
    _TWO,
    base=_SHOWN,
)


def font_as_information(paper: Paper) -> None:
    """The trailer's /Info, which may change, is the font of the page."""
    paper.edit(9, b"/Helvetica", b"/ZapfDingbats")


def _informed(desk: Desk) -> Paper:
    paper = Paper.page(page=b"/Resources << /Font << /F1 9 0 R >> >>")
    paper.write(9, paper.objects[FONT])
    paper.trailer = b"/Info 9 0 R /ID [<00> <00>]"
    return paper.end().sign(desk.person)


CASES.change(_TWO, base=_informed)(font_as_information)


def content_as_metadata(paper: Paper) -> None:
    """The catalogue's /Metadata, which may change, is the content of the page."""
    paper.edit(9, b"1 000", b"9 000")


CASES.change(
    _TWO,
    base=with_object(
        shows(b"Pay 1 000 VND").replace(b"<<", b"<< /Type /Metadata /Subtype /XML", 1),
        page=b"/Contents 9 0 R",
        catalog=b"/Metadata 9 0 R",
    ),
)(content_as_metadata)


def content_as_validation_data(paper: Paper) -> None:
    paper.edit(9, b"1 000", b"9 000")


CASES.change(
    _TWO,
    base=with_object(
        shows(b"Pay 1 000 VND"),
        page=b"/Contents 9 0 R",
        catalog=b"/DSS << /Type /DSS /Certs [9 0 R] >>",
    ),
)(content_as_validation_data)


def resources_as_form_defaults(paper: Paper) -> None:
    """The form's default resources, to which fonts may be added, are those of the page."""
    paper.edit(9, b"/F1 5 0 R", b"/F1 %d 0 R" % paper.add(paper.objects[FONT][:-2] + b"/a 1 >>"))


def _sharing(desk: Desk) -> Paper:
    paper = Paper.page(page=b"/Resources 9 0 R")
    paper.write(9, b"<< /Font << /F1 5 0 R >> >>")
    paper.write(FORM, b"<< /Fields [] /SigFlags 3 /DR 9 0 R >>")
    paper.extend(CATALOG, b"/AcroForm %d 0 R" % FORM)
    return paper.end().sign(desk.person)


CASES.change(_TWO, base=_sharing)(resources_as_form_defaults)
