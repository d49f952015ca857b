"""Fields and signatures that stand there twice, or in crowds, or for nothing."""

from __future__ import annotations

from tests.hostile.cases import NOT_INTACT, REFUSED, UNSIGNED, Cases, Desk
from tests.hostile.paper import CATALOG, CONTENT, FORGED, FORM, PAGE, Paper, shows, stream

CASES = Cases("fields")


def value_of(paper: Paper) -> int:
    return next(number for number, text in paper.objects.items() if b"/ByteRange" in text)


def widget_of(paper: Paper) -> int:
    return next(number for number, text in paper.objects.items() if b"/Widget" in text)


@CASES.change("one signature is shown in a second field", stages="last signed")
def one_value_in_two_fields(paper: Paper) -> None:
    paper.field("copy", value_of(paper))


@CASES.change("two fields of one name", stages="last signed")
def two_fields_of_one_name(paper: Paper) -> None:
    paper.field("chairman", None)


@CASES.change("a signature's bytes are copied into a second dictionary", stages="last signed")
def value_copied(paper: Paper) -> None:
    body = paper.contents
    start = body.rindex(b"/ByteRange")
    copied = body[start : body.index(b">", start) + 1]
    about = b"<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached %s >>"
    paper.field("copy", paper.add(about % copied))


@CASES.change("the signature's dictionary is written anew", stages="last signed")
def reason_replaced(paper: Paper) -> None:
    body = paper.contents
    start = body.rindex(b"<< /Type /Sig ")
    copied = body[start : body.index(b"/M (D", start)]
    paper.write(value_of(paper), copied + b"/Reason (approved) /M (D:20261122080000Z) >>")


@CASES.change("the signature is taken out of its field", NOT_INTACT, stages="last signed")
def value_removed(paper: Paper) -> None:
    paper.edit(widget_of(paper), b"/V %d 0 R" % value_of(paper), b"")


@CASES.change("the signature's field leads to nothing", NOT_INTACT, stages="last signed")
def value_freed(paper: Paper) -> None:
    paper.free(value_of(paper))


@CASES.change("the field is named otherwise than when it was signed", stages="last signed")
def field_renamed(paper: Paper) -> None:
    paper.edit(widget_of(paper), b"(chairman)", b"(minister)")


@CASES.change("the field is no signature field any more", NOT_INTACT, stages="last signed")
def field_of_another_kind(paper: Paper) -> None:
    paper.edit(widget_of(paper), b"/FT /Sig", b"/FT /Tx")


@CASES.change("the signature is led to by another field, below another", stages="last")
def field_moved_below_another(paper: Paper) -> None:
    parent = paper.add(b"<< /T (seals) /Kids [%d 0 R] >>" % widget_of(paper))
    paper.extend(widget_of(paper), b"/Parent %d 0 R" % parent)
    paper.edit(FORM, b"%d 0 R" % widget_of(paper), b"%d 0 R" % parent)


@CASES.file("more signatures than anybody needs")
def two_hundred_fields(desk: Desk) -> bytes:
    paper = desk.signed()
    for ordinal in range(200):
        paper.field(f"copy {ordinal}", value_of(paper))
    return paper.end().contents


@CASES.file("more signatures than anybody needs")
def two_hundred_broken_signatures(desk: Desk) -> bytes:
    paper = desk.signed()
    for ordinal in range(200):
        paper.field(f"copy {ordinal}", paper.add(b"<< /Type /Sig /Contents <00> >>"))
    return paper.end().contents


# Universal forgery: what a broken viewer takes for a signature.

RANGE = b"/ByteRange [0 10 20 30]"
FORGERIES: dict[str, bytes] = {
    "no byte range": b"/Contents <3080>",
    "byte range null": b"/ByteRange null /Contents <3080>",
    "byte range empty": b"/ByteRange [] /Contents <3080>",
    "byte range of nulls": b"/ByteRange [null null null null] /Contents <3080>",
    "byte range negative": b"/ByteRange [0 -1 -1 -1] /Contents <3080>",
    "no value": RANGE,
    "value null": RANGE + b" /Contents null",
    "value empty": RANGE + b" /Contents <>",
    "value zero": RANGE + b" /Contents <00>",
    "value of zeros": RANGE + b" /Contents <%s>" % (b"00" * 2000),
    "value an empty string": RANGE + b" /Contents ()",
    "value a number": RANGE + b" /Contents 0",
    "value a reference to nothing": RANGE + b" /Contents 99 0 R",
    "value a name": RANGE + b" /Contents /a",
    "value an open sequence": RANGE + b" /Contents <3080>",
    "value null inside": RANGE + b" /Contents <0500>",
    "nothing": b"",
}
_FORGED = "there is nothing that could be verified, so it is no signature"


def forged(about: bytes, over: Paper | None = None) -> bytes:
    paper = over or Paper.page(content=shows(FORGED)).end()
    kind = b"/Type /Sig /Filter /Adobe.PPKLite /SubFilter /adbe.pkcs7.detached"
    paper.field("minister", paper.add(b"<< %s %s >>" % (kind, about)))
    return paper.end().contents


for _name, _about in FORGERIES.items():
    CASES.add(f"forged, {_name}", lambda _, about=_about: forged(about), REFUSED, _FORGED)
    CASES.add(
        f"forged behind a genuine one, {_name}",
        lambda desk, about=_about: forged(about, desk.signed()),
        REFUSED,
        _FORGED,
    )

for _name, _value in {
    "null": b"null",
    "a reference to nothing": b"99 0 R",
}.items():

    @CASES.file("an empty field is no signature", UNSIGNED, name=f"value {_name}")
    def empty_value(desk: Desk, value: bytes = _value) -> bytes:
        paper = Paper.page().end()
        field = paper.field("minister", None)
        paper.extend(field, b"/V " + value)
        return paper.end().contents


for _name, _value in {
    "a string": b"(signed)",
    "a number": b"1",
    "a name": b"/Yes",
    "an array": b"[1 0 R]",
    "an empty dictionary": b"<< >>",
    "the catalogue": b"1 0 R",
    "the field itself": b"11 0 R",
}.items():

    @CASES.file("whatever it is, it is no signature", NOT_INTACT, name=f"value {_name}")
    def odd_value(desk: Desk, value: bytes = _value) -> bytes:
        paper = Paper.page().end()
        field = paper.field("minister", None)
        paper.extend(field, b"/V " + value)
        return paper.end().contents


# Circles and depths.


@CASES.file("fields in a circle")
def fields_in_a_circle(desk: Desk) -> bytes:
    paper = desk.signed()
    paper.write(30, b"<< /T (a) /Kids [31 0 R 31 0 R] >>")
    paper.write(31, b"<< /T (b) /Kids [30 0 R 30 0 R] /Parent 30 0 R >>")
    paper.list_field(30)
    return paper.end().contents


@CASES.file("fields a thousand levels deep")
def fields_very_deep(desk: Desk) -> bytes:
    paper = desk.signed()
    for number in range(100, 1100):
        paper.write(number, b"<< /T (a) /Kids [%d 0 R] >>" % (number + 1))
    paper.list_field(100)
    return paper.end().contents


@CASES.file("pages in a circle", NOT_INTACT)
def pages_in_a_circle(desk: Desk) -> bytes:
    paper = desk.signed()
    paper.write(2, b"<< /Type /Pages /Kids [2 0 R 3 0 R] /Count 2 >>")
    return paper.end().contents


@CASES.file("an object that is itself", NOT_INTACT)
def object_that_is_itself(desk: Desk) -> bytes:
    paper = desk.signed()
    paper.write(CONTENT, b"4 0 R")
    return paper.end().contents


@CASES.file("a stream whose length is itself", NOT_INTACT)
def stream_as_long_as_itself(desk: Desk) -> bytes:
    paper = desk.signed()
    paper.write(CONTENT, stream(b"x").replace(b"/Length 1", b"/Length 4 0 R"))
    return paper.end().contents


@CASES.file("arrays in arrays, a hundred thousand deep")
def arrays_in_arrays(desk: Desk) -> bytes:
    paper = desk.signed()
    paper.extend(CATALOG, b"/Deep " + b"[" * 100_000 + b"]" * 100_000)
    return paper.end().contents


@CASES.file("the widget of a signature on every page of another tree")
def annotations_in_a_circle(desk: Desk) -> bytes:
    paper = desk.signed()
    paper.write(30, b"[30 0 R]")
    text = paper.objects[PAGE]
    head, _, tail = text.partition(b"/Annots [")
    paper.write(PAGE, head + b"/Annots 30 0 R" + tail.partition(b"]")[2])
    return paper.end().contents
