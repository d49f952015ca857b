"""Later revisions that change what others stand on: containers, lengths, the trailer, the form."""

from __future__ import annotations

from tests.hostile.cases import NOT_INTACT, Cases, Desk
from tests.hostile.paper import (
    CATALOG,
    CONTENT,
    FONT,
    FORGED,
    FORM,
    PAGE,
    Paper,
    shows,
    stream,
)

CASES = Cases("stands on")

# Objects that others stand on.


def packed(desk: Desk) -> Paper:
    """The page lies in an object stream."""
    paper = Paper.page()
    page = paper.objects[PAGE]
    font = paper.objects[FONT]
    paper.pack({PAGE: page, FONT: font})
    return paper.end("stream").sign(desk.person, how="stream")


@CASES.change("the stream that holds the page is another, its entries are not", base=packed)
def object_stream_replaced(paper: Paper) -> None:
    number = next(n for n, text in paper.objects.items() if b"/ObjStm" in text)
    forged = paper.add(b"<< /Type /Font /Subtype /Type1 /BaseFont /ZapfDingbats >>")
    assert forged
    paper.write(number, paper.objects[number].replace(b"/Helvetica", b"/Symbol   "))


def measured(desk: Desk) -> Paper:
    """How long the content is, is said by another object (§7.3.8.2)."""
    paper = Paper.page()
    data = b"BT /F1 24 Tf 72 700 Td (Pay 1 000 VND) Tj ET\n1 g 60 680 400 60 re f"
    length = paper.add(b"%d" % len(data))
    paper.write(CONTENT, b"<< /Length %d 0 R >>\nstream\n%s\nendstream" % (length, data))
    paper.write(8, b"%d" % length)
    return paper.end().sign(desk.person)


@CASES.change("a shorter stream no longer paints what it painted", base=measured)
def length_changed(paper: Paper) -> None:
    paper.write(int(paper.objects[8]), b"46")


def filtered(desk: Desk) -> Paper:
    """How the content is packed, is said by another object."""
    paper = Paper.page()
    kind = paper.add(b"[/ASCIIHexDecode]")
    data = b"BT /F1 24 Tf 72 700 Td (Pay 1 000 VND) Tj ET".hex().encode() + b">"
    paper.write(CONTENT, stream(data, b"/Filter %d 0 R" % kind))
    paper.write(8, b"%d" % kind)
    return paper.end().sign(desk.person)


@CASES.change("the same bytes, unpacked otherwise, are another content", base=filtered)
def filter_changed(paper: Paper) -> None:
    paper.write(int(paper.objects[8]), b"[/ASCII85Decode]")


# The trailer.


@CASES.change("what was read as it stood is now deciphered", stages="last")
def encryption_added(paper: Paper) -> None:
    keys = b"/O <%s> /U <%s>" % (b"00" * 32, b"00" * 32)
    crypt = paper.add(b"<< /Filter /Standard /V 1 /R 2 %s /P -4 >>" % keys)
    paper.trailer += b" /Encrypt %d 0 R" % crypt


@CASES.change("another catalogue is another document")
def another_root(paper: Paper) -> None:
    content = paper.add(shows(FORGED))
    page = paper.add(paper.objects[PAGE].replace(b"/Contents 4 0 R", b"/Contents %d 0 R" % content))
    pages = paper.add(b"<< /Type /Pages /Kids [%d 0 R] /Count 1 >>" % page)
    paper.root = paper.add(paper.objects[CATALOG].replace(b"2 0 R", b"%d 0 R" % pages))


@CASES.change("the form that held the signature is gone", NOT_INTACT, stages="last signed")
def form_emptied(paper: Paper) -> None:
    paper.write(FORM, b"<< /Fields [] /SigFlags 3 >>")


@CASES.change("the form that held the signature is gone", NOT_INTACT, stages="last")
def form_removed(paper: Paper) -> None:
    paper.edit(CATALOG, b"/AcroForm %d 0 R" % FORM, b"")


@CASES.file("a number that means nothing: nobody can tell what is shown", NOT_INTACT)
def size_too_small(desk: Desk) -> bytes:
    paper = desk.signed()
    paper.write(CONTENT, shows(FORGED))
    content = paper.end().contents
    return content[: paper.ends[-2]] + content[paper.ends[-2] :].replace(b"/Size 13", b"/Size 4")
