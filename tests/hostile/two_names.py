"""Objects that are looked at under a second name, or placed where nothing is yet."""

from __future__ import annotations

from tests.hostile.cases import Cases, Desk
from tests.hostile.overlays import WHITE, paints
from tests.hostile.paper import BLANK, FORGED, Paper, shows
from tests.signing.handmade import STANDARD

CASES = Cases("two names")

_ELSEWHERE = "what is rewritten is looked at under another name, too"


@CASES.file(_ELSEWHERE)
def extensions_under_two_names(desk: Desk) -> bytes:
    paper = Paper.page(catalog=b"/Extensions 50 0 R /Other 50 0 R")
    paper.write(50, b"<< /X << /BaseVersion /1.7 /ExtensionLevel 1 >> >>")
    paper.end().sign(desk.person)
    paper.write(50, b"<< /X << /BaseVersion /1.7 /ExtensionLevel 2 >> >>")
    return paper.sign(desk.stranger, "stranger").contents


@CASES.file(_ELSEWHERE)
def appearances_that_the_catalogue_names(desk: Desk) -> bytes:
    paper = Paper.page(catalog=b"/Other 51 0 R")
    paper.write(52, paints(BLANK, b""))
    paper.write(51, b"<< /N 52 0 R >>")
    field = paper.field("agency", None, rect=BLANK, widget=b"/AP 51 0 R")
    paper.end().sign(desk.person)
    value = paper.value()
    paper.write(52, WHITE)
    paper.extend(field, b"/V %d 0 R" % value)
    paper.end().seal(value, desk.stranger)
    return paper.contents


@CASES.file("the signed table places an object where others may write it")
def object_beyond_the_signed_bytes(desk: Desk) -> bytes:
    place = 20_000
    paper = Paper.page()
    paper.edit(3, b"/Contents 4 0 R", b"/Contents [4 0 R 60 0 R]")
    paper.entries[60] = (STANDARD, place, 0)
    paper.end().sign(desk.person)
    paper.raw(b"\n" * (place - len(paper.body)))
    paper.write(60, shows(FORGED))
    return paper.end().contents


@CASES.file("an empty field's pictures are looked at under another name, too")
def appearances_that_the_trailer_names(desk: Desk) -> bytes:
    paper = Paper.page()
    paper.write(52, paints(BLANK, b""))
    paper.write(51, b"<< /N 52 0 R >>")
    field = paper.field("agency", None, rect=BLANK, widget=b"/AP 51 0 R")
    paper.end().sign(desk.person)
    value, picture = paper.value(), paper.add(paints(BLANK, b""))
    paper.edit(field, b"/AP 51 0 R", b"/V %d 0 R /AP << /N %d 0 R >>" % (value, picture))
    paper.trailer = b"/Info 6 0 R /ID [<00> <02>] /Other 51 0 R"
    paper.end().seal(value, desk.stranger)
    return paper.contents
