"""Genuine later revisions: what signing and archiving programs add after a signature."""

from __future__ import annotations

from tests.hostile.cases import INTACT, Cases, Change, Desk
from tests.hostile.paper import CATALOG, CONTENT, FONT, FORM, INFO, PAGE, PAGES, Paper, stream

CASES = Cases("genuine revision")

_DATA = stream(b"0\x82")


def dss(vri: bool = False, direct: bool = False, arrays: bool = False) -> Change:
    """Validation data (ISO 32000-2 §12.8.4.3), however it is laid out."""

    def change(paper: Paper) -> None:
        certificate, ocsp = paper.add(_DATA), paper.add(_DATA)
        listed = b"[%d 0 R]" % certificate
        if arrays:
            listed = b"%d 0 R" % paper.add(listed)
        text = b"<< /Type /DSS /Certs %s /OCSPs [%d 0 R]" % (listed, ocsp)
        if vri:
            named = b"0123456789ABCDEF0123456789ABCDEF01234567"
            text += b" /VRI << /%s << /Cert [%d 0 R] /OCSP [%d 0 R] /TU (D:20261122) >> >>" % (
                named,
                certificate,
                ocsp,
            )
        text += b" >>"
        if not direct:
            text = b"%d 0 R" % paper.add(text)
        paper.extend(CATALOG, b"/DSS " + text)

    return change


def dss_replaced(paper: Paper) -> None:
    """A new dictionary that drops what the old one held, as some programs write it."""
    dss(vri=True)(paper)
    paper.end()
    old = paper.objects[CATALOG].partition(b"/DSS ")[2].split(b" 0 R")[0]
    data = paper.add(_DATA)
    new = paper.add(b"<< /Type /DSS /CRLs [%d 0 R] >>" % data)
    paper.edit(CATALOG, b"/DSS %s 0 R" % old, b"/DSS %d 0 R" % new)


def dss_extended(paper: Paper) -> None:
    """The same dictionary and the same array, with more in them."""
    dss(arrays=True)(paper)
    paper.end()
    more = paper.add(_DATA)
    listed = more - 2
    assert paper.objects[listed].startswith(b"[")
    paper.write(listed, paper.objects[listed].replace(b"]", b" %d 0 R]" % more))


def catalogue_rewritten(paper: Paper) -> None:
    paper.write(CATALOG, paper.objects[CATALOG])


def catalogue_reordered(paper: Paper) -> None:
    """Equal, however it is spelled."""
    inside = paper.objects[CATALOG].removeprefix(b"<< /Type /Catalog").removesuffix(b">>")
    paper.write(CATALOG, b"<<%s/Type%%comment\n/C#61talog>>" % inside)


def everything_rewritten(paper: Paper) -> None:
    for number, text in list(paper.objects.items()):
        if b"/ByteRange" not in text:
            paper.write(number, text)


def information(paper: Paper) -> None:
    paper.write(INFO, b"<< /Title (Contract) /ModDate (D:20261122080000Z) /Producer (x) >>")


def information_anew(paper: Paper) -> None:
    number = paper.add(b"<< /Title (Contract) /ModDate (D:20261122080000Z) >>")
    paper.trailer = b"/Info %d 0 R /ID [<00> <01>]" % number


def description(paper: Paper) -> None:
    number = paper.add(
        stream(b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>', b"/Type /Metadata /Subtype /XML")
    )
    paper.extend(CATALOG, b"/Metadata %d 0 R" % number)


def description_twice(paper: Paper) -> None:
    description(paper)
    paper.end()
    number = next(n for n, text in paper.objects.items() if b"/Metadata /Subtype" in text)
    paper.write(
        number, stream(b'<x:xmpmeta xmlns:x="adobe:ns:meta/" />', b"/Type /Metadata /Subtype /XML")
    )


def extensions(paper: Paper) -> None:
    paper.extend(
        CATALOG,
        b"/Extensions << /ESIC << /BaseVersion /1.7 /ExtensionLevel 5 >> >> /Version /2.0",
    )


def identifier(paper: Paper) -> None:
    paper.trailer = b"/Info 6 0 R /ID [<00> <02>]"
    paper.write(INFO, paper.objects[INFO])


def signature_flags(paper: Paper) -> None:
    paper.write(FORM, paper.objects[FORM].replace(b"/SigFlags 3", b"/SigFlags 1"))
    paper.end()
    paper.write(FORM, paper.objects[FORM].replace(b"/SigFlags 1", b"/SigFlags 3"))


def page_rewritten(paper: Paper) -> None:
    for number in (PAGES, PAGE, CONTENT, FONT):
        paper.write(number, paper.objects[number])


def empty_revision(paper: Paper) -> None:
    """A revision that only repeats what stood there."""
    paper.write(INFO, paper.objects[INFO])


def unused_object_freed(paper: Paper) -> None:
    paper.free(paper.add(b"(unused)"))
    paper.objects.popitem()


CHANGES: dict[str, Change] = {
    "validation data": dss(),
    "validation data by signature": dss(vri=True),
    "validation data in the catalogue": dss(direct=True),
    "validation data in arrays apart": dss(arrays=True),
    "validation data replaced": dss_replaced,
    "validation data extended": dss_extended,
    "catalogue rewritten": catalogue_rewritten,
    "catalogue reordered": catalogue_reordered,
    "everything rewritten": everything_rewritten,
    "information": information,
    "information anew": information_anew,
    "description": description,
    "description twice": description_twice,
    "extensions": extensions,
    "identifier": identifier,
    "page rewritten": page_rewritten,
    "nothing": empty_revision,
    "an unused number freed": unused_object_freed,
}
CASES.each(CHANGES, "what signing and archiving programs add", INTACT)


@CASES.file("archived twice over: data and stamp, data and stamp (EN 319 142-1 §5.5)", INTACT)
def archived_twice(desk: Desk) -> bytes:
    paper = desk.signed()
    dss(vri=True)(paper)
    paper.end().stamp(desk.tsa)
    dss_replaced_again(paper)
    paper.end().stamp(desk.tsa, "stamp 2")
    return paper.contents


def dss_replaced_again(paper: Paper) -> None:
    old = paper.objects[CATALOG].partition(b"/DSS ")[2].split(b" 0 R")[0]
    new = paper.add(b"<< /Type /DSS /CRLs [%d 0 R] >>" % paper.add(_DATA))
    paper.edit(CATALOG, b"/DSS %s 0 R" % old, b"/DSS %d 0 R" % new)


@CASES.file("signed, archived, signed again, archived again", INTACT)
def archived_between_signatures(desk: Desk) -> bytes:
    paper = desk.signed()
    dss()(paper)
    paper.end().stamp(desk.tsa).sign(desk.agency, "agency")
    dss_replaced_again(paper)
    return paper.end().stamp(desk.tsa, "stamp 2").contents
