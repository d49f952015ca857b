"""Incremental saving: what is appended after a signature, with cross-references of every kind."""

from __future__ import annotations

from tests.hostile.cases import NOT_INTACT, Cases, Desk
from tests.hostile.paper import (
    AGREED,
    CONTENT,
    FONT,
    FORGED,
    INFO,
    PAGE,
    Paper,
    shows,
    stream,
)
from tests.signing.handmade import STANDARD

CASES = Cases("incremental")

_OTHER = "the page says something else than what was signed"
_BEHIND = "bytes that no signature covers and no revision explains"
_HISTORY = "the revision that was signed is not what the last one builds on"


@CASES.change(_OTHER)
def content_replaced(paper: Paper) -> None:
    paper.write(CONTENT, shows(FORGED))


@CASES.change(_OTHER)
def page_led_to_other_content(paper: Paper) -> None:
    paper.edit(PAGE, b"/Contents 4 0 R", b"/Contents %d 0 R" % paper.add(shows(FORGED)))


@CASES.change(_OTHER)
def content_extended(paper: Paper) -> None:
    more = paper.add(stream(b"1 g 60 680 400 60 re f"))
    paper.edit(PAGE, b"/Contents 4 0 R", b"/Contents [4 0 R %d 0 R]" % more)


@CASES.change(_OTHER)
def content_in_an_object_stream(paper: Paper) -> None:
    more = paper.add(shows(FORGED))
    text = paper.objects[PAGE].replace(b"/Contents 4 0 R", b"/Contents %d 0 R" % more)
    paper.pack({PAGE: text})
    paper.end("stream")


@CASES.change(_OTHER)
def page_tree_replaced(paper: Paper) -> None:
    content = paper.add(shows(FORGED))
    page = paper.add(paper.objects[PAGE].replace(b"/Contents 4 0 R", b"/Contents %d 0 R" % content))
    paper.edit(2, b"[3 0 R]", b"[%d 0 R]" % page)


@CASES.change(_OTHER)
def page_inserted(paper: Paper) -> None:
    content = paper.add(shows(FORGED))
    page = paper.add(paper.objects[PAGE].replace(b"/Contents 4 0 R", b"/Contents %d 0 R" % content))
    paper.edit(2, b"[3 0 R] /Count 1", b"[%d 0 R 3 0 R] /Count 2" % page)


@CASES.change(_OTHER)
def page_removed(paper: Paper) -> None:
    paper.edit(2, b"[3 0 R] /Count 1", b"[3 0 R] /Count 0")


@CASES.change(_OTHER)
def content_under_a_higher_generation(paper: Paper) -> None:
    paper.write(CONTENT, shows(FORGED), generation=1)
    paper.edit(PAGE, b"/Contents 4 0 R", b"/Contents 4 1 R")


@CASES.change(_OTHER)
def content_behind_a_hybrid_table(paper: Paper) -> None:
    """The classic table says nothing of it; /XRefStm of the trailer does (§7.5.8.4)."""
    entries = {CONTENT: paper.put(CONTENT, 0, shows(FORGED))}
    at, number = len(paper.body), paper.next()
    rows = b"\1" + entries[CONTENT][1].to_bytes(4, "big") + b"\0\0"
    about = b"/Type /XRef /Size %d /W [1 4 2] /Index [4 1]" % (number + 1)
    paper.put(number, 0, stream(rows, about))
    paper.trailer += b" /XRefStm %d" % at
    paper.write(INFO, paper.objects[INFO])
    paper.end()
    paper.trailer = paper.trailer.partition(b" /XRefStm")[0]


def twice(desk: Desk, first: bytes, second: bytes) -> bytes:
    """One table that lists the content twice."""
    paper = desk.signed()
    rows = b"".join(
        b"4 1\n%010d 00000 n \n" % paper.put(CONTENT, 0, shows(text))[1] for text in (first, second)
    )
    at = paper.raw(b"xref\n" + rows)
    paper.raw(b"trailer\n<< /Root 1 0 R /Size 20 /Prev %d >>\n" % paper.last_table)
    paper.raw(b"startxref\n%d\n%%%%EOF\n" % at)
    return paper.contents


@CASES.file(_OTHER)
def content_listed_twice_agreed_first(desk: Desk) -> bytes:
    return twice(desk, AGREED, FORGED)


@CASES.file(_OTHER)
def content_listed_twice_forged_first(desk: Desk) -> bytes:
    return twice(desk, FORGED, AGREED)


@CASES.file(_OTHER)
def content_listed_twice_in_a_stream(desk: Desk) -> bytes:
    paper = desk.signed()
    places = [paper.put(CONTENT, 0, shows(text))[1] for text in (FORGED, AGREED)]
    at = len(paper.body)
    rows = b"".join(b"\1" + place.to_bytes(4, "big") + b"\0\0" for place in (*places, at))
    about = b"/Type /XRef /Root 1 0 R /Info 6 0 R /Size 21 /W [1 4 2] /Index [4 1 4 1 20 1]"
    paper.put(20, 0, stream(rows, about + b" /Prev %d" % paper.last_table))
    paper.raw(b"startxref\n%d\n%%%%EOF\n" % at)
    return paper.contents


@CASES.file(_OTHER)
def content_listed_twice_in_a_sloppy_table(desk: Desk) -> bytes:
    """Rows of 19 bytes: read leniently, and by every viewer."""
    paper = desk.signed()
    rows = b"".join(
        b"4 1\n%010d 00000 n\n" % paper.put(CONTENT, 0, shows(text))[1] for text in (FORGED, AGREED)
    )
    at = paper.raw(b"xref\n" + rows)
    paper.raw(b"trailer\n<< /Root 1 0 R /Size 20 /Prev %d >>\n" % paper.last_table)
    paper.raw(b"startxref\n%d\n%%%%EOF\n" % at)
    return paper.contents


def container_prepared(desk: Desk) -> Paper:
    """An object stream lies in the signed bytes, and no table speaks of what is in it."""
    paper = Paper.page()
    pack = paper.copy()
    number = pack.pack({FONT: b"<< /Type /Font /Subtype /Type1 /BaseFont /ZapfDingbats >>"})
    paper.write(number, pack.objects[number])
    paper.write(9, b"%d" % number)
    return paper.end("stream").sign(desk.person, how="stream")


@CASES.change("a table leads into a container that lay hidden", base=container_prepared)
def table_led_into_a_container(paper: Paper) -> None:
    paper.entries[FONT] = (2, int(paper.objects[9]), 0)
    paper.end("stream")


# Without what a revision needs: viewers repair such a file and show the last object they find.


@CASES.file(_BEHIND)
def objects_without_a_table(desk: Desk) -> bytes:
    paper = desk.signed()
    paper.put(CONTENT, 0, shows(FORGED))
    return paper.contents


@CASES.file(_BEHIND)
def objects_without_a_table_but_with_an_end(desk: Desk) -> bytes:
    paper = desk.signed()
    paper.put(CONTENT, 0, shows(FORGED))
    paper.raw(b"%%EOF\n")
    return paper.contents


@CASES.file(_BEHIND)
def objects_and_a_trailer(desk: Desk) -> bytes:
    paper = desk.signed()
    paper.put(CONTENT, 0, shows(FORGED))
    paper.raw(b"trailer\n<< /Root 1 0 R /Size 20 >>\n%%EOF\n")
    return paper.contents


@CASES.file(_BEHIND)
def objects_and_the_signed_table(desk: Desk) -> bytes:
    paper = desk.signed()
    paper.put(CONTENT, 0, shows(FORGED))
    paper.raw(b"startxref\n%d\n%%%%EOF\n" % paper.last_table)
    return paper.contents


@CASES.file(_BEHIND)
def objects_and_an_empty_table(desk: Desk) -> bytes:
    paper = desk.signed()
    paper.put(CONTENT, 0, shows(FORGED))
    at = paper.raw(b"xref\n0 0\ntrailer\n<< /Root 1 0 R /Size 20 /Prev %d >>\n" % paper.last_table)
    paper.raw(b"startxref\n%d\n%%%%EOF\n" % at)
    return paper.contents


@CASES.file(_BEHIND)
def objects_and_a_broken_start(desk: Desk) -> bytes:
    """Nobody finds the table, so viewers rebuild it, from the last objects."""
    paper = desk.signed()
    paper.put(CONTENT, 0, shows(FORGED))
    paper.raw(b"startxref\n9999999\n%%EOF\n")
    return paper.contents


# With a history of its own.


def without_history(desk: Desk, prev: int) -> bytes:
    paper = desk.signed()
    for number, text in list(paper.objects.items()):
        if b"/ByteRange" not in text:
            paper.write(number, shows(FORGED) if number == CONTENT else text)
        else:
            at = paper.contents.rindex(b"\n%d 0 obj" % number) + 1
            paper.entries[number] = (STANDARD, at, 0)
    paper.prev = prev
    return paper.end().contents


@CASES.file(_HISTORY)
def history_left_out(desk: Desk) -> bytes:
    return without_history(desk, -1)


@CASES.file(_HISTORY)
def signed_revision_skipped(desk: Desk) -> bytes:
    paper = desk.signed()
    table = paper.contents[: paper.ends[0]].rsplit(b"startxref", 1)[1].split()[0]
    return without_history(desk, int(table))


@CASES.file(_HISTORY)
def history_in_a_loop(desk: Desk) -> bytes:
    paper = desk.signed()
    paper.write(CONTENT, shows(FORGED))
    paper.prev = len(paper.body)
    return paper.end().contents


@CASES.file(_HISTORY)
def history_forwards(desk: Desk) -> bytes:
    """The table before points to the table behind it."""
    paper = desk.signed()
    paper.write(CONTENT, shows(FORGED))
    paper.prev = len(paper.body) + 1000
    paper.end()
    paper.raw(b" " * (len(paper.body) % 1000))
    return paper.contents


@CASES.file("an unsigned state of the file is brought back", NOT_INTACT)
def rolled_back(desk: Desk) -> bytes:
    paper = desk.signed()
    table = paper.contents[: paper.ends[0]].rsplit(b"startxref", 1)[1].split()[0]
    return paper.contents + b"startxref\n%s\n%%%%EOF\n" % table


@CASES.file("the second signature is taken away by leading to the revision before it", NOT_INTACT)
def rolled_back_by_one(desk: Desk) -> bytes:
    paper = desk.signed()
    table = paper.last_table
    paper.sign(desk.agency, "agency")
    return paper.contents + b"startxref\n%d\n%%%%EOF\n" % table


# Old bytes brought back: nothing is appended but cross-references.


def amended(desk: Desk) -> Paper:
    """The page said something else before it was signed."""
    paper = Paper.page(content=shows(FORGED)).end()
    paper.write(CONTENT, shows(AGREED))
    return paper.end().sign(desk.person)


def resurrect(paper: Paper) -> None:
    at = paper.contents.index(b"\n%d 0 obj" % CONTENT) + 1
    paper.entries[CONTENT] = (STANDARD, at, 0)


CASES.change(_OTHER, base=amended)(resurrect)


def hidden_in_a_stream(desk: Desk) -> Paper:
    """Within the signed bytes, in a stream nobody looks at, lies another content."""
    paper = Paper.page()
    paper.add(stream(b"\n4 0 obj\n%s\nendobj\n" % shows(FORGED)))
    return paper.end().sign(desk.person)


@CASES.change(_OTHER, base=hidden_in_a_stream)
def table_led_into_a_stream(paper: Paper) -> None:
    at = paper.contents.rindex(b"\n4 0 obj") + 1
    paper.entries[CONTENT] = (STANDARD, at, 0)


@CASES.change(_OTHER)
def table_led_to_another_object(paper: Paper) -> None:
    """The entry of the content leads to an object that bears another number."""
    paper.entries[CONTENT] = paper.put(99, 0, shows(FORGED))


@CASES.file("a table within the signed bytes, prepared for the day after")
def prepared_table(desk: Desk) -> bytes:
    """All that is appended is a `startxref`, to a table that was signed as a stream's data."""

    def prepared(signed_table: int) -> Paper:
        paper = Paper.page()
        at = paper.put(CONTENT, 0, shows(FORGED))[1]
        rows = b"xref\n4 1\n%010d 00000 n \n" % at
        tail = b"trailer\n<< /Root 1 0 R /Size 30 /Prev %010d >>\n" % signed_table
        paper.add(stream(rows + tail))
        return paper.end().sign(desk.person)

    paper = prepared(prepared(0).last_table)
    place = paper.contents.index(b"xref\n4 1\n")
    return paper.contents + b"startxref\n%d\n%%%%EOF\n" % place
