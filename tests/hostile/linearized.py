"""Linearization (ISO 32000-2, Annex F): of two tables of cross-references, size says which counts.

A file that says at its beginning how long it is, and is so long, is read from its first table;
any other from its last one. So bytes that nobody signed, appended until the length is right, let a
table count that lay within what was signed, and that nobody has looked at. poppler reads so.
"""

from __future__ import annotations

import re

from tests.hostile.cases import INTACT, Cases, Desk
from tests.hostile.genuine_later import dss
from tests.hostile.paper import AGREED, CONTENT, FORGED, Paper, shows

CASES = Cases("linearized")

_OBJECTS = 20
_OBJECT = re.compile(rb"\n(\d+) 0 obj")


#: How the first object may say so.
USUAL = b"/Linearized 1 /L %010d"


def prepared(size_bytes: int, places: dict[int, int], said: bytes = USUAL) -> Paper:
    """A page whose first table, of these places, counts in a file of this size."""
    paper = Paper()
    rows = b"".join(
        b"%010d 00000 n \n" % places[number]
        if number in places
        else b"%010d 65535 f \n" % (number and 1)
        for number in range(_OBJECTS)
    )
    paper.raw(
        b"8 0 obj\n<< %s /H [ 0 0 ] /O 3 /E 0 /N 1 /T 0 >>\nendobj\n"
        b"xref\n0 %d\n%strailer\n<< /Size %d /Root 1 0 R /Info 6 0 R /ID [<00> <00>] >>\n"
        b"startxref\n0\n%%%%EOF\n" % (said % size_bytes, _OBJECTS, rows, _OBJECTS)
    )
    page = Paper.page()
    for number, text in page.objects.items():
        paper.write(number, shows(FORGED) if number == CONTENT else text)
    paper.write(CONTENT, shows(AGREED))
    paper.write(8, b"null")
    paper.trailer = page.trailer
    return paper.end()


def switched(desk: Desk, *, appended: bool, said: bytes = USUAL) -> bytes:
    """The first table counts in the file as it is signed, or as it is with validation data."""

    def made(size_bytes: int, places: dict[int, int]) -> bytes:
        paper = prepared(size_bytes, places, said).sign(desk.person)
        if appended:
            dss()(paper)
            paper.end()
        return paper.contents

    first = made(0, {})
    places = {int(found[1]): found.start() + 1 for found in _OBJECT.finditer(first)}
    places[CONTENT] = first.index(b"\n%d 0 obj" % CONTENT) + 1
    return made(len(first), {number: at for number, at in places.items() if number < _OBJECTS})


@CASES.file("with validation data the file is as long as it says: another page is shown")
def as_long_as_it_says_when_more_is_appended(desk: Desk) -> bytes:
    return switched(desk, appended=True)


for _name, _said in {
    "the length first": b"/L %010d /Linearized 1",
    "names written in figures": b"/#4cinearized 1 /#4c %010d",
    "a comment between": b"/Linearized 1 /L %%\n %010d",
    "far between": b"/Linearized 1 /X (%s) /L %%010d" % (b"x" * 500),
    "a length before the length": b"/Linearized 1 /X << /L 5 >> /L %010d",
}.items():

    @CASES.file("with validation data the file is as long as it says", name=f"said with {_name}")
    def said_otherwise(desk: Desk, said: bytes = _said) -> bytes:
        return switched(desk, appended=True, said=said)


@CASES.file("nobody can tell which page was signed: it depends on the viewer")
def as_long_as_it_says_when_signed(desk: Desk) -> bytes:
    return switched(desk, appended=False)


@CASES.file("another length than it says: read from its last table by everybody", INTACT)
def genuine_longer_than_it_says(desk: Desk) -> bytes:
    paper = prepared(1000, {}).sign(desk.person)
    dss()(paper)
    return paper.end().contents
