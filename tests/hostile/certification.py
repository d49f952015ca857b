"""Attacks on certification (Rohlmann et al., 2021), and on what a signature forbids."""

from __future__ import annotations

from collections.abc import Callable

from tests.hostile.cases import INTACT, Cases, Change, Desk
from tests.hostile.genuine_later import dss
from tests.hostile.overlays import WHITE, annotation
from tests.hostile.paper import BLANK, CATALOG, FORM, OVER_THE_TEXT, PAGE, Paper, paints

CASES = Cases("certification")

_ABOUT = b"/Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached"


def docmdp(level: int) -> bytes:
    return (
        b"/Reference [<< /Type /SigRef /TransformMethod /DocMDP"
        b" /TransformParams << /Type /TransformParams /P %d /V /1.2 >> >>]" % level
    )


def fieldmdp(action: bytes) -> bytes:
    return (
        b"/Reference [<< /Type /SigRef /TransformMethod /FieldMDP /Data 1 0 R"
        b" /TransformParams << /Type /TransformParams /V /1.2 %s >> >>]" % action
    )


def certified(level: int) -> Callable[[Desk], Paper]:
    """Certified by a person: what may change later is said in the signature (§12.8.2.2)."""

    def base(desk: Desk) -> Paper:
        paper = Paper.page()
        value = paper.value(about=_ABOUT + b" " + docmdp(level))
        paper.field("chairman", value)
        paper.extend(CATALOG, b"/Perms << /DocMDP %d 0 R >>" % value)
        paper.end().seal(value, desk.person)
        return paper

    return base


def value_of(paper: Paper) -> int:
    return next(number for number, text in paper.objects.items() if b"/ByteRange" in text)


for _level in (1, 2, 3):
    CASES.each(
        {
            f"P={_level}, {kind.decode()} annotation": annotation(kind)
            for kind in (b"FreeText", b"Stamp", b"Redact", b"Highlight", b"Text")
        },
        "evil annotation: allowed by P=3, and still it paints over what was certified",
        base=certified(_level),
        stages="last signed",
    )

    @CASES.file("sneaky signature: it paints over what was certified", name=f"P={_level}, sneaky")
    def sneaky(desk: Desk, level: int = _level) -> bytes:
        paper = certified(level)(desk)
        return paper.sign(desk.stranger, "stranger", rect=OVER_THE_TEXT, appearance=WHITE).contents

    CASES.each(
        {
            f"P={_level}, permissions removed": lambda paper: paper.edit(
                CATALOG, b"/Perms << /DocMDP %d 0 R >>" % value_of(paper), b""
            ),
            f"P={_level}, permissions led elsewhere": lambda paper: paper.edit(
                CATALOG, b"/DocMDP %d 0 R" % value_of(paper), b"/DocMDP 6 0 R"
            ),
            f"P={_level}, permissions emptied": lambda paper: paper.edit(
                CATALOG, b"/DocMDP %d 0 R" % value_of(paper), b""
            ),
        },
        "the certification is not taken away by who comes later",
        base=certified(_level),
        stages="last signed",
    )
    CASES.each(
        {f"P={_level}, validation data": dss(vri=True)},
        "ISO 32000-2 table 257: validation data and time-stamps may come even after P=1",
        INTACT,
        base=certified(_level),
        stages="last stamped",
    )

CASES.each(
    {
        "permissions added": lambda paper: paper.extend(
            CATALOG, b"/Perms << /DocMDP %d 0 R >>" % value_of(paper)
        )
    },
    "an ordinary signature does not become a certification afterwards",
    stages="last signed",
)
CASES.each(
    {
        "usage rights added": lambda paper: paper.extend(
            CATALOG, b"/Perms << /UR3 %d 0 R >>" % value_of(paper)
        )
    },
    "nobody signed these permissions",
    stages="last signed",
)


@CASES.file("P=1 forbids another signature")
def signed_after_no_changes(desk: Desk) -> bytes:
    return certified(1)(desk).sign(desk.agency, "agency").contents


for _level in (2, 3):

    @CASES.file("P=2 and 3 allow signing", INTACT, name=f"P={_level}, signed in a new field")
    def signed_after_certification(desk: Desk, level: int = _level) -> bytes:
        return certified(level)(desk).sign(desk.agency, "agency").contents

    @CASES.file("P=2 and 3 allow signing", INTACT, name=f"P={_level}, signed in a reserved field")
    def signed_in_a_reserved_field(desk: Desk, level: int = _level) -> bytes:
        paper = Paper.page()
        field = paper.field("agency", None, rect=BLANK)
        value = paper.value(about=_ABOUT + b" " + docmdp(level))
        paper.field("chairman", value)
        paper.extend(CATALOG, b"/Perms << /DocMDP %d 0 R >>" % value)
        paper.end().seal(value, desk.person)
        value, picture = paper.value(), paper.add(paints())
        paper.extend(field, b"/V %d 0 R /AP << /N %d 0 R >>" % (value, picture))
        paper.end().seal(value, desk.agency)
        return paper.contents


@CASES.file("the second certification is more generous than the first")
def certified_twice(desk: Desk) -> bytes:
    paper = certified(1)(desk)
    value = paper.value(about=_ABOUT + b" " + docmdp(3))
    paper.field("stranger", value)
    paper.end().seal(value, desk.stranger)
    return paper.contents


# Fields locked by a signature (§12.8.2.4).


def locked(action: bytes) -> Callable[[Desk], Paper]:
    def base(desk: Desk) -> Paper:
        paper = Paper.page()
        paper.write(20, b"<< /FT /Tx /T (vanthu) /Kids [21 0 R] >>")
        paper.write(
            21,
            b"<< /Type /Annot /Subtype /Widget /FT /Tx /Ff 1 /Parent 20 0 R /T (number)"
            b" /P 3 0 R /F 4 /Rect [85 600 285 620] /DA (/F1 12 Tf 0 g) >>",
        )
        paper.write(FORM, b"<< /Fields [20 0 R] /SigFlags 3 >>")
        paper.extend(CATALOG, b"/AcroForm %d 0 R" % FORM)
        paper.extend(PAGE, b"/Annots [21 0 R]")
        value = paper.value(about=_ABOUT + b" " + fieldmdp(action))
        paper.field("chairman", value, widget=b"/Lock << /Type /SigFieldLock %s >>" % action)
        paper.end().seal(value, desk.person)
        return paper

    return base


def number_filled(paper: Paper) -> None:
    paper.extend(21, b"/V (15) /AP << /N %d 0 R >>" % paper.add(_number()))


def _number() -> bytes:
    data = b"/Tx BMC BT /F1 12 Tf 0 g 2 4 Td (15) Tj ET EMC"
    about = b"/Type /XObject /Subtype /Form /BBox [0 0 200 20]"
    about += b" /Resources << /Font << /F1 5 0 R >> >>"
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (about, len(data), data)


LOCKS: dict[str, bytes] = {
    "all fields": b"/Action /All",
    "the number": b"/Action /Include /Fields [(vanthu.number)]",
    "what lies below our parent": b"/Action /Include /Fields [(vanthu)]",
    "all but another": b"/Action /Exclude /Fields [(date)]",
}
for _name, _action in LOCKS.items():
    CASES.each(
        {f"{_name} locked, number filled": number_filled},
        "the signature locked this field",
        base=locked(_action),
        stages="signed",
    )
CASES.each(
    {"another field locked, number filled": number_filled},
    "the signature locked another field than this",
    INTACT,
    base=locked(b"/Action /Include /Fields [(date)]"),
    stages="signed",
)

_unlocks: dict[str, Change] = {
    "lock removed": lambda paper: paper.edit(
        _widget(paper), b"/Lock << /Type /SigFieldLock /Action /All >>", b""
    ),
    "lock replaced": lambda paper: paper.edit(
        _widget(paper), b"/Action /All", b"/Action /Include /Fields []"
    ),
}


def _widget(paper: Paper) -> int:
    return next(number for number, text in paper.objects.items() if b"/SigFieldLock" in text)


CASES.each(_unlocks, "a lock is not opened by who comes later", base=locked(b"/Action /All"))
