"""Genuine files in the shapes that producers give them: refusing these is as wrong as the rest."""

from __future__ import annotations

from collections.abc import Callable

from tests.hostile.cases import INTACT, REFUSED, Cases, Desk
from tests.hostile.paper import (
    CATALOG,
    CONTENT,
    FONT,
    FORM,
    INFO,
    PAGE,
    Paper,
    paints,
    shows,
    stream,
)

CASES = Cases("genuine")

#: Before the first signature, anything may be anywhere.
SHAPES: dict[str, Callable[[], Paper]] = {
    "plain": Paper.page,
    "annotations empty": lambda: Paper.page(page=b"/Annots []"),
    "annotations apart": lambda: _with(Paper.page(page=b"/Annots 9 0 R"), {9: b"[]"}),
    "annotations of its own": lambda: _with(
        Paper.page(page=b"/Annots [9 0 R]"),
        {9: b"<< /Type /Annot /Subtype /Link /Rect [60 680 400 740] /Border [0 0 0] >>"},
    ),
    "form in the catalogue": lambda: Paper.page(catalog=b"/AcroForm << /Fields [] /SigFlags 3 >>"),
    "form apart": lambda: _with(
        Paper.page(catalog=b"/AcroForm 7 0 R"), {FORM: b"<< /Fields [] >>"}
    ),
    "form apart, fields apart": lambda: _with(
        Paper.page(catalog=b"/AcroForm 7 0 R"), {FORM: b"<< /Fields 9 0 R >>", 9: b"[]"}
    ),
    "form with defaults": lambda: _with(
        Paper.page(catalog=b"/AcroForm 7 0 R"),
        {FORM: b"<< /Fields [] /DA (/F1 0 Tf 0 g) /DR << /Font << /F1 5 0 R >> >> >>"},
    ),
    "resources apart": lambda: _with(
        Paper.page(page=b"/Resources 9 0 R"), {9: b"<< /Font << /F1 5 0 R >> >>"}
    ),
    "contents in pieces": lambda: _with(
        Paper.page(page=b"/Contents [4 0 R 9 0 R]"), {9: stream(b" ")}
    ),
    "metadata and names": lambda: _with(
        Paper.page(catalog=b"/Metadata 9 0 R /Names << >> /PageLabels << /Nums [0 << /S /D >>] >>"),
        {9: stream(b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>', b"/Type /Metadata /Subtype /XML")},
    ),
    "a reference to nothing": lambda: Paper.page(page=b"/Thumb 300 0 R"),
    "a catalogue with much in it": lambda: Paper.page(
        catalog=b"/Lang (vi-VN) /ViewerPreferences << /DisplayDocTitle true >> /PageMode /UseNone"
        b" /MarkInfo << /Marked true >> /Version /1.7 /Extensions << /ADBE << /BaseVersion /1.7"
        b" /ExtensionLevel 8 >> >>"
    ),
    "freed numbers": lambda: _freed(),
    "changed before it was signed": lambda: _amended(),
}


def _with(paper: Paper, objects: dict[int, bytes]) -> Paper:
    for number, text in objects.items():
        paper.write(number, text)
    return paper


def _freed() -> Paper:
    paper = _with(Paper.page(), {9: b"(old)"}).end()
    paper.free(9)
    return paper


def _amended() -> Paper:
    paper = Paper.page(content=shows(b"Draft")).end()
    return _with(paper, {CONTENT: shows(b"Final")})


def shaped(make: Callable[[], Paper], how: str, newline: bytes = b"\n") -> Callable[[Desk], bytes]:
    """Signed by a person, by the agency, and stamped.

    PDFBox leaves its cross-reference streams `unlisted`.
    """

    def build(desk: Desk) -> bytes:
        paper = make().end(how)
        paper.newline = newline
        paper.sign(desk.person, how=how).sign(desk.agency, "agency", how=how)
        return paper.stamp(desk.tsa).contents

    return build


for _name, _make in SHAPES.items():
    for _how in ("table", "stream", "unlisted"):
        CASES.add(f"{_name}, {_how}", shaped(_make, _how), INTACT, "as written by many programs")

for _name, _newline in {"CR": b"\r", "CR LF": b"\r\n"}.items():
    CASES.add(f"lines end with {_name}", shaped(Paper.page, "table", _newline), INTACT, "§7.2.3")


@CASES.file("object streams throughout (§7.5.7)", INTACT)
def in_object_streams(desk: Desk) -> bytes:
    paper = Paper.page()
    paper.pack({n: paper.objects[n] for n in (CATALOG, PAGE, FONT, INFO)})
    paper.end("stream").sign(desk.person, how="stream")
    widget = paper.objects[CATALOG]
    paper.pack({CATALOG: widget})
    return paper.sign(desk.agency, "agency", how="stream").contents


@CASES.file("a table behind streams: not allowed by §7.5.8.4 to the letter, and common", INTACT)
def tables_behind_streams(desk: Desk) -> bytes:
    return Paper.page().end("stream").sign(desk.person).sign(desk.agency, "agency").contents


@CASES.file("white space at the end of the file", INTACT)
def white_space_behind(desk: Desk) -> bytes:
    return desk.signed().contents + b"\r\n\r\n"


@CASES.file("a header with a comment of binary bytes", INTACT)
def binary_comment(desk: Desk) -> bytes:
    paper = Paper(b"%PDF-1.6\r%\xe2\xe3\xcf\xd3\r\n")
    for number, text in Paper.page().objects.items():
        paper.write(number, text)
    return paper.end().sign(desk.person).contents


# How a signature is put in.

WIDGETS: dict[str, dict[str, object]] = {
    "visible": {"rect": b"[340 120 520 170]", "appearance": paints()},
    "visible, with a font": {
        "rect": b"[340 120 520 170]",
        "appearance": stream(
            b"BT /F1 8 Tf 2 2 Td (Signed) Tj ET",
            b"/Type /XObject /Subtype /Form /BBox [0 0 180 50]"
            b" /Resources << /Font << /F1 5 0 R >> >>",
        ),
    },
    "without a place": {"rect": b"[0 0 0 0]", "widget": b"/Border [0 0 0]"},
    "with looks": {
        "widget": b"/MK << /BC [0] /BG [1] >> /DA (/Helv 0 Tf 0 g) /Border [0 0 1] /H /N"
        b" /BS << /W 1 /S /S >> /NM (n1) /M (D:20261122080000Z)"
    },
    "with a tooltip and flags": {"widget": b"/TU (Ky tai day) /TM (m) /Ff 1"},
    "with a seed value and a lock": {
        "widget": b"/SV << /Type /SV /Ff 0 >> /Lock << /Type /SigFieldLock /Action /All >>"
    },
}
for _name, _widget in WIDGETS.items():
    CASES.add(
        f"second signature {_name}",
        lambda desk, widget=_widget: desk.signed().sign(desk.agency, "agency", **widget).contents,
        INTACT,
        "a later signature in a blank place",
    )


@CASES.file("an empty field, reserved before the first signature, is signed", INTACT)
def reserved_fields(desk: Desk) -> bytes:
    paper = Paper.page()
    blank = paper.field("one", None)
    shown = paper.field("two", None, rect=b"[340 120 520 170]")
    paper.end()
    for field, key, looks in ((blank, desk.person, None), (shown, desk.agency, paints())):
        value = paper.value()
        picture = b"" if looks is None else b"/AP << /N %d 0 R >>" % paper.add(looks)
        paper.extend(field, b"/V %d 0 R %s" % (value, picture))
        paper.end().seal(value, key)
    return paper.contents


@CASES.file("a field whose widget is a kid of its own", INTACT)
def widget_in_kids(desk: Desk) -> bytes:
    paper = desk.signed()
    value = paper.value()
    field = paper.next()
    paper.write(field, b"<< /FT /Sig /T (agency) /V %d 0 R /Kids [%d 0 R] >>" % (value, field + 1))
    paper.write(
        field + 1,
        b"<< /Type /Annot /Subtype /Widget /Parent %d 0 R /P 3 0 R /F 132 /Rect [0 0 0 0] >>"
        % field,
    )
    paper.list_field(field)
    paper.list_annotation(field + 1)
    paper.end().seal(value, desk.agency)
    return paper.contents


@CASES.file("a field below another, its kind inherited", INTACT)
def field_below_another(desk: Desk) -> bytes:
    paper = Paper.page()
    parent = paper.add(b"<< /T (seals) /FT /Sig /Kids [] >>")
    paper.list_field(parent)
    paper.end().sign(desk.person)
    value = paper.value()
    field = paper.add(
        b"<< /Type /Annot /Subtype /Widget /Parent %d 0 R /T (agency) /V %d 0 R /F 132"
        b" /Rect [0 0 0 0] /P 3 0 R >>" % (parent, value)
    )
    paper.append(parent, b"/Kids", b"%d 0 R" % field)
    paper.list_annotation(field)
    paper.end().seal(value, desk.agency)
    return paper.contents


@CASES.file("a field that is on no page: a widget needs no page to be a field", INTACT)
def field_on_no_page(desk: Desk) -> bytes:
    paper = desk.signed()
    value = paper.value()
    paper.list_field(paper.add(b"<< /FT /Sig /T (agency) /V %d 0 R >>" % value))
    paper.end().seal(value, desk.agency)
    return paper.contents


@CASES.file("the form's defaults are added with the second signature", INTACT)
def form_defaults_added(desk: Desk) -> bytes:
    paper = desk.signed()
    helvetica = paper.add(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    paper.extend(FORM, b"/DA (/Helv 0 Tf 0 g) /DR << /Font << /Helv %d 0 R >> >>" % helvetica)
    return paper.sign(desk.agency, "agency").contents


@CASES.file("the form moves out of the catalogue with the second signature", INTACT)
def form_moved(desk: Desk) -> bytes:
    paper = Paper.page(catalog=b"/AcroForm << /Fields [] /SigFlags 3 >>").end().sign(desk.person)
    inside = paper.objects[CATALOG].partition(b"/AcroForm ")[2].partition(b">>")[0] + b">>"
    paper.write(FORM, inside)
    paper.edit(CATALOG, inside, b"%d 0 R" % FORM)
    return paper.sign(desk.agency, "agency").contents


@CASES.file("a signature on the second page", INTACT)
def on_another_page(desk: Desk) -> bytes:
    paper = Paper.page()
    second = paper.add(paper.objects[PAGE])
    paper.edit(2, b"[3 0 R] /Count 1", b"[3 0 R %d 0 R] /Count 2" % second)
    paper.end().sign(desk.person)
    looks = {"rect": b"[340 120 520 170]", "appearance": paints()}
    return paper.sign(desk.agency, "agency", page=second, **looks).contents


@CASES.file(
    "table 255 wants it in an object of its own: an answer, whatever it is", INTACT | REFUSED
)
def signature_within_its_field(desk: Desk) -> bytes:
    paper = Paper.page().end()
    number = paper.next()
    value = b"/V << /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached %s >>"
    room = b"/ByteRange [0 0000000000 0000000000 0000000000] /Contents <%s>" % (b"00" * 3000)
    paper.field("chairman", None, number=number, widget=value % room)
    paper.end().seal(number, desk.person)
    return paper.contents


@CASES.file("twenty people sign", INTACT)
def twenty_signatures(desk: Desk) -> bytes:
    paper = desk.signed()
    for ordinal in range(19):
        paper.sign(desk.agency, f"signer {ordinal}")
    return paper.contents


@CASES.file("five people sign", INTACT)
def five_signatures(desk: Desk) -> bytes:
    paper = desk.signed()
    for ordinal in range(4):
        paper.sign(desk.agency, f"signer {ordinal}")
    return paper.contents


ABOUT: dict[str, bytes] = {
    "of the older kind": b"/Type /Sig /Filter /Adobe.PPKLite /SubFilter /adbe.pkcs7.detached",
    "without its type": b"/Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached",
    "by another handler": b"/Type /Sig /Filter /Vendor.Secure /SubFilter /ETSI.CAdES.detached",
    "that tells much": b"/Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached"
    b" /Name (A) /Reason (B) /Location (C) /ContactInfo (D) /Prop_Build << /App << /Name /X >> >>",
}
for _name, _about in ABOUT.items():
    CASES.add(
        f"a signature {_name}",
        lambda desk, about=_about: Paper.page().end().sign(desk.person, about=about).contents,
        INTACT,
        "ISO 32000-2 table 255",
    )
