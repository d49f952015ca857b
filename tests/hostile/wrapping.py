"""Signature wrapping: the signed bytes are moved in the file, forged ones put between them."""

from __future__ import annotations

from collections.abc import Callable

from tests.hostile.byte_ranges import room
from tests.hostile.cases import NOT_INTACT, Cases, Desk
from tests.hostile.paper import CATALOG, CONTENT, FORGED, FORM, PAGE, Paper, shows

CASES = Cases("wrapping")

_MOVED = "the signed bytes are all there and in order, but the file around the value is another"


def wrapped(
    paper: Paper,
    rest: Callable[[bytes], bytes],
    forged: Callable[[bytes], dict[int, bytes]],
    *,
    own_end: bool,
) -> bytes:
    """The signed tail moved to the end, with a forged revision between the value and the tail.

    `rest` closes the signature dictionary, given the byte range that the file has now, and `forged`
    are the objects between. Without
    `own_end` the file ends with the signed `startxref`; the forged table is where that leads.
    """
    whole, (_, end) = paper.contents, room(paper)
    head, tail = whole[:end], whole[end:]

    def built(tail_at: int) -> bytes:
        now = b"[0 %d %010d %010d]" % (room(paper)[0], tail_at, len(tail))
        inserted = rest(now)
        inserted = inserted.ljust(paper.last_table - end)
        assert end + len(inserted) == paper.last_table
        objects, rows = b"", b""
        table_bytes = 400
        for number, text in forged(now).items():
            at = paper.last_table + table_bytes + len(objects)
            objects += b"%d 0 obj\n%s\nendobj\n" % (number, text)
            rows += b"%d 1\n%010d 00000 n \n" % (number, at)
        table = b"xref\n%strailer\n<< /Root 1 0 R /Size 20 /Prev %d >>\n" % (rows, previous)
        table += b"startxref\n%d\n%%%%EOF\n" % paper.last_table
        assert len(table) < table_bytes
        return head + inserted + table.ljust(table_bytes) + objects

    # What the signed table knew, the forged one must know too, at the old places: these are gone.
    previous = int(whole[: paper.ends[0]].rsplit(b"startxref", 1)[1].split()[0])
    made = built(len(built(0))) + tail
    return made + (b"startxref\n%d\n%%%%EOF\n" % paper.last_table if own_end else b"")


def forged_objects(paper: Paper) -> dict[int, bytes]:
    """Every object of the signed revision but the value, and a page that says something else."""
    moved = {
        number: text
        for number, text in paper.objects.items()
        if number in (CATALOG, PAGE, FORM) or b"/Widget" in text
    }
    return moved | {CONTENT: shows(FORGED)}


def value_of(paper: Paper) -> int:
    return next(number for number, text in paper.objects.items() if b"/ByteRange" in text)


for _own_end in (False, True):
    _suffix = ", own end" if _own_end else ""

    @CASES.file(_MOVED, NOT_INTACT, name=f"second byte range in the dictionary{_suffix}")
    def second_byte_range(desk: Desk, own_end: bool = _own_end) -> bytes:
        paper = desk.signed()
        return wrapped(
            paper,
            lambda range_: b" /ByteRange %s >>\nendobj\n" % range_,
            lambda _: forged_objects(paper),
            own_end=own_end,
        )

    @CASES.file(_MOVED, NOT_INTACT, name=f"second dictionary with the moved range{_suffix}")
    def second_dictionary(desk: Desk, own_end: bool = _own_end) -> bytes:
        paper = desk.signed()
        start, end = room(paper)
        gap, value = paper.contents[start:end], value_of(paper)
        about = b"/Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached"

        def forged(now: bytes) -> dict[int, bytes]:
            copied = b"<< %s /ByteRange %s /Contents %s >>" % (about, now, gap)
            return {**forged_objects(paper), value: copied}

        return wrapped(paper, lambda _: b" >>\nendobj\n", forged, own_end=own_end)


@CASES.file("whatever stands before the header moves what is signed")
def junk_before_the_header(desk: Desk) -> bytes:
    return b"\n\n" + desk.signed().contents


@CASES.file("whatever stands before the header moves what is signed")
def another_header_before(desk: Desk) -> bytes:
    return b"%PDF-1.4\n" + desk.signed().contents


@CASES.file("two whole files, one behind the other: the last one's bytes are not those signed")
def signed_file_behind_another(desk: Desk) -> bytes:
    return Paper.page(content=shows(FORGED)).end().contents + desk.signed().contents


@CASES.file("two whole files, one behind the other: nobody signed the last one", NOT_INTACT)
def another_file_behind(desk: Desk) -> bytes:
    return desk.signed().contents + Paper.page(content=shows(FORGED)).end().contents
