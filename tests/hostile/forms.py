"""Form fields: only our number and date may be filled, from empty, once, and nothing else.

The forms here are written by hand; what the product itself fills is tested beside its code.
"""

from __future__ import annotations

from tests.hostile.cases import INTACT, Cases, Change, Desk
from tests.hostile.paper import CATALOG, FORM, OVER_THE_TEXT, PAGE, Paper, paints, stream

CASES = Cases("form")

PARENT, NUMBER, DATE, AMOUNT, CHOICE, BOX = range(20, 26)
_DRAWN = b"/Type /XObject /Subtype /Form /BBox [0 0 200 20] /Resources << /Font << /F1 5 0 R >> >>"


def drawn(text: bytes) -> bytes:
    """What a text field looks like."""
    return stream(b"/Tx BMC BT /F1 12 Tf 0 g 2 4 Td (%s) Tj ET EMC" % text, _DRAWN)


def field(about: bytes, rect: bytes) -> bytes:
    return b"<< /Type /Annot /Subtype /Widget /P 3 0 R /F 4 /Rect %s /DA (/F1 12 Tf 0 g) %s >>" % (
        rect,
        about,
    )


def form(number: bytes = b"", amount: bytes = b"/V (1 000)") -> Paper:
    """Our two fields below their parent, and three of somebody else's."""
    paper = Paper.page()
    paper._size = 30
    ours = b"/FT /Tx /Ff 1 /Parent 20 0 R "
    paper.write(PARENT, b"<< /T (vanthu) /Kids [21 0 R 22 0 R] >>")
    paper.write(NUMBER, field(ours + b"/T (number) " + number, b"[85 600 285 620]"))
    paper.write(DATE, field(ours + b"/T (date)", b"[300 600 500 620]"))
    paper.write(AMOUNT, field(b"/FT /Tx /T (amount) " + amount, b"[85 500 285 520]"))
    paper.write(
        CHOICE,
        field(b"/FT /Ch /T (choice) /V (no) /Opt [(yes) (no)]", b"[85 400 285 420]"),
    )
    states = b"/AP << /N << /On 26 0 R /Off 27 0 R >> >>"
    paper.write(26, paints(b"[0 0 20 20]", b"0 g 0 0 20 20 re f"))
    paper.write(27, paints(b"[0 0 20 20]", b""))
    paper.write(BOX, field(b"/FT /Btn /T (box) /V /Off /AS /Off " + states, b"[85 300 105 320]"))
    paper.write(FORM, b"<< /Fields [20 0 R 23 0 R 24 0 R 25 0 R] /SigFlags 3 >>")
    paper.extend(CATALOG, b"/AcroForm %d 0 R" % FORM)
    paper.extend(PAGE, b"/Annots [21 0 R 22 0 R 23 0 R 24 0 R 25 0 R]")
    return paper


def empty(desk: Desk) -> Paper:
    return form().end().sign(desk.person)


def numbered(desk: Desk) -> Paper:
    """Number 15 stood there when the person signed."""
    return form(b"/V (15) /AP << /N 28 0 R >>", b"").end().sign(desk.person)


def filled(number: int, value: bytes, shown: bytes | None = None, more: bytes = b"") -> Change:
    def change(paper: Paper) -> None:
        picture = paper.add(drawn(value if shown is None else shown))
        paper.extend(number, b"/V (%s) /AP << /N %d 0 R >> %s" % (value, picture, more))

    return change


def in_turn(*changes: Change) -> Change:
    """Each in a revision of its own."""

    def change(paper: Paper) -> None:
        for each in changes[:-1]:
            each(paper)
            paper.end()
        changes[-1](paper)

    return change


def replaced(paper: Paper) -> None:
    picture = paper.add(drawn(b"16"))
    text = paper.objects[NUMBER].partition(b"/V (")[0]
    paper.write(NUMBER, text + b"/V (16) /AP << /N %d 0 R >> >>" % picture)


CASES.each(
    {"number": filled(NUMBER, b"15"), "date": filled(DATE, b"ngay 22")},
    "our fields may be filled once, from empty, by whoever signs then",
    INTACT,
    base=empty,
    stages="signed",
)
CASES.each(
    {"number and date": in_turn(filled(NUMBER, b"15"), filled(DATE, b"ngay 22"))},
    "our fields may be filled once, from empty, by whoever signs then",
    INTACT,
    base=empty,
    stages="signed",
)
CASES.each(
    {"number, nobody signs": filled(NUMBER, b"15")},
    "nobody answers for what is filled and not signed",
    base=empty,
    stages="last stamped",
)

CASES.each(
    {
        "another field filled": filled(CHOICE, b"yes"),
        "text replaced": lambda paper: paper.edit(AMOUNT, b"(1 000)", b"(9 000)"),
        "text removed": lambda paper: paper.edit(AMOUNT, b"/V (1 000)", b""),
        "choice replaced": lambda paper: paper.edit(CHOICE, b"/V (no)", b"/V (yes)"),
        "choices renamed": lambda paper: paper.edit(CHOICE, b"[(yes) (no)]", b"[(no) (yes)]"),
        "box ticked": lambda paper: paper.edit(BOX, b"/V /Off /AS /Off", b"/V /On /AS /On"),
        "box shown as ticked": lambda paper: paper.edit(BOX, b"/AS /Off", b"/AS /On"),
        "picture of a box replaced": lambda paper: paper.write(27, paper.objects[26]),
        "states of a box swapped": lambda paper: paper.edit(
            BOX, b"/On 26 0 R /Off 27 0 R", b"/On 27 0 R /Off 26 0 R"
        ),
        "only the looks": lambda paper: paper.extend(AMOUNT, b"/MK << /BG [0 0 0] >>"),
        "only the font": lambda paper: paper.edit(AMOUNT, b"/F1 12 Tf", b"/F1 1 Tf"),
        "only the picture": lambda paper: paper.extend(
            AMOUNT, b"/AP << /N %d 0 R >>" % paper.add(drawn(b"9 000"))
        ),
        "moved": lambda paper: paper.edit(AMOUNT, b"[85 500", OVER_THE_TEXT[:-9]),
        "hidden": lambda paper: paper.edit(AMOUNT, b"/F 4", b"/F 2"),
        "renamed": lambda paper: paper.edit(AMOUNT, b"(amount)", b"(total)"),
        "of another kind": lambda paper: paper.edit(AMOUNT, b"/FT /Tx", b"/FT /Btn"),
        "with a script": lambda paper: paper.extend(
            AMOUNT, b"/AA << /F << /S /JavaScript /JS (x) >> >>"
        ),
        "with a password's dots": lambda paper: paper.extend(AMOUNT, b"/Ff 8192"),
        "taken out of the form": lambda paper: paper.edit(FORM, b"23 0 R ", b""),
        "taken off the page": lambda paper: paper.edit(PAGE, b"23 0 R ", b""),
        "freed": lambda paper: paper.free(AMOUNT),
        "added": lambda paper: paper.append(
            FORM, b"/Fields", b"%d 0 R" % paper.add(b"<< /FT /Tx /T (new) /V (9 000) >>")
        ),
        "added below ours": lambda paper: paper.append(
            PARENT,
            b"/Kids",
            b"%d 0 R" % paper.add(b"<< /FT /Tx /T (new) /V (9 000) /Parent 20 0 R >>"),
        ),
        "the form's order of computing": lambda paper: paper.extend(FORM, b"/CO [23 0 R]"),
        "the form as XML": lambda paper: paper.extend(
            FORM, b"/XFA %d 0 R" % paper.add(stream(b"<xdp/>"))
        ),
        "drawn by the viewer": lambda paper: paper.extend(FORM, b"/NeedAppearances true"),
    },
    "a field that is not ours is as it was when it was signed",
    base=empty,
)

CASES.each(
    {
        "number filled twice": in_turn(filled(NUMBER, b"15"), replaced),
        "number replaced": replaced,
        "number filled and emptied": in_turn(
            filled(NUMBER, b"15"),
            lambda paper: paper.write(NUMBER, paper.objects[NUMBER].replace(b"/V (15)", b"/V ()")),
        ),
        "number moved when filled": in_turn(
            lambda paper: (
                filled(NUMBER, b"15")(paper)
                or paper.edit(NUMBER, b"[85 600 285 620]", OVER_THE_TEXT)
            )
        ),
        "number renamed when filled": lambda paper: (
            filled(NUMBER, b"15")(paper),
            paper.edit(NUMBER, b"(number)", b"(nummer)"),
        ),
        "date renamed to number": lambda paper: (
            filled(DATE, b"15")(paper),
            paper.edit(DATE, b"(date)", b"(number)"),
        ),
        "parent renamed": lambda paper: (
            filled(NUMBER, b"15")(paper),
            paper.edit(PARENT, b"(vanthu)", b"(other)"),
        ),
        "another's field renamed to ours": lambda paper: (
            paper.edit(AMOUNT, b"(amount)", b"(vanthu.number)"),
            paper.edit(AMOUNT, b"(1 000)", b"(9 000)"),
        ),
        "number with a script": filled(
            NUMBER, b"15", more=b"/AA << /F << /S /JavaScript /JS (x) >> >>"
        ),
        "number that may be typed into": lambda paper: (
            filled(NUMBER, b"15")(paper),
            paper.edit(NUMBER, b"/Ff 1", b"/Ff 0"),
        ),
        "number of another kind": lambda paper: (
            filled(NUMBER, b"15")(paper),
            paper.edit(NUMBER, b"/FT /Tx", b"/FT /Btn"),
        ),
        "only the number's picture": lambda paper: paper.extend(
            NUMBER, b"/AP << /N %d 0 R >>" % paper.add(drawn(b"15"))
        ),
        "number with a picture when pressed": filled(NUMBER, b"15", more=b"/H /P"),
        "number with looks": filled(NUMBER, b"15", more=b"/MK << /BG [0 0 0] >>"),
        "number in rich text": filled(NUMBER, b"15", more=b"/RV (<p>99</p>)"),
        "number with kids": filled(NUMBER, b"15", more=b"/Kids [23 0 R]"),
        "number in a layer": filled(NUMBER, b"15", more=b"/OC 5 0 R"),
    },
    "our fields may be filled once, from empty, and nothing else about them may change",
    base=empty,
    stages="signed",
)
CASES.each(
    {
        "number shown is another": filled(NUMBER, b"15", b"99"),
        "number shown is none": filled(NUMBER, b"15", b""),
        "number shown is none, whatever its picture says of itself": (
            lambda paper: paper.extend(
                NUMBER, b"/V (15) /AP << /N %d 0 R >>" % paper.add(paints(b"[0 0 595 842]"))
            )
        ),
        "number is none, and one is shown": filled(NUMBER, b"", b"15"),
    },
    "what is shown is what the field holds",
    base=empty,
    stages="signed",
)
CASES.each(
    {"number replaced from a number": replaced}, "only from empty", base=numbered, stages="signed"
)
