"""Byte-range games: a signature that covers something else than the file around its value."""

from __future__ import annotations

from collections.abc import Callable

from tests.hostile.cases import REFUSED, Build, Cases, Desk
from tests.hostile.paper import CONTENT, FORGED, Paper, detached, numbers, shows

CASES = Cases("byte range")

Pieces = list[int]


def signed_over(
    desk: Desk,
    covered: Callable[[Pieces], Pieces] = lambda pieces: pieces,
    written: Callable[[Pieces], bytes] = lambda pieces: b"[%s]" % numbers(pieces),
    **value: bytes,
) -> Paper:
    """A file whose signer was made to sign, or to name, other pieces than those that should be."""
    paper = Paper.page().end()
    made = paper.value(**value)  # type: ignore[arg-type]
    paper.field("chairman", made)
    paper.end()
    paper.seal(made, desk.person, detached, covered, written)
    return paper


def game(**how: object) -> Build:
    return lambda desk: signed_over(desk, **how).contents  # type: ignore[arg-type]


def room(paper: Paper) -> tuple[int, int]:
    """Where the signature's string begins and ends."""
    start = paper.body.index(b"/Contents <", paper.ends[0]) + len(b"/Contents ")
    return start, paper.body.index(b">", start) + 1


_BRACKETS = "ISO 32000-2 §12.8.1: the gap is the whole string, its delimiters included"
_FOUR = "the byte range is exactly four integers"
_TWICE = "a dictionary that names a key twice means two things to two readers"
_ZEROS = "the room behind the signature is signed by nobody, so it holds zeros only"

# What is signed is what is named, and it is not the file around the value.
COVERED: dict[str, tuple[Callable[[Pieces], Pieces], str]] = {
    "first byte left out": (lambda r: [1, r[1] - 1, *r[2:]], "starts behind the header"),
    "last bytes left out": (lambda r: [*r[:3], r[3] - 7], "ends before the revision does"),
    "beyond the end": (lambda r: [*r[:3], r[3] + 500], "reaches for what does not exist"),
    "gap wider before the value": (lambda r: [0, r[1] - 10, *r[2:]], "ten bytes are nobody's"),
    "gap wider behind the value": (lambda r: [*r[:2], r[2] + 12, r[3] - 12], "12 bytes of nobody"),
    "gap without the brackets": (lambda r: [0, r[1] + 1, r[2] - 1, r[3] + 1], _BRACKETS),
    "gap without the first bracket": (lambda r: [0, r[1] + 1, *r[2:]], _BRACKETS),
    "gap without the last bracket": (lambda r: [*r[:2], r[2] - 1, r[3] + 1], _BRACKETS),
    "overlapping": (
        lambda r: [0, r[1], r[1] - 5, r[2] + r[3] - r[1] + 5],
        "the value lies within what is signed",
    ),
    "the wrong way round": (lambda r: [r[2], r[3], 0, r[1]], "not in the order of the file"),
    "gap in the page": (lambda r: [0, 99, 300, r[2] + r[3] - 300], "the gap holds page content"),
    "nothing signed": (lambda r: [0, 0, r[2] + r[3], 0], "both pieces are empty"),
    "all zero": (lambda _: [0, 0, 0, 0], "both pieces are empty"),
    "only the first piece": (lambda r: [0, r[1], r[1], 0], "ends in the middle of the file"),
    "only the last piece": (lambda r: [0, 0, *r[2:]], "the signed page is not covered"),
    "a third piece": (lambda r: [*r, 0, 9], _FOUR),
    "six numbers for two pieces": (lambda r: [0, 50, 50, r[1] - 50, *r[2:]], _FOUR),
    "one piece": (lambda r: [0, r[2] + r[3]], _FOUR),
    "no piece": (lambda _: [], _FOUR),
}
for _name, (_covered, _why) in COVERED.items():
    CASES.add(_name, game(covered=_covered), REFUSED, _why)

# What is signed is the file around the value, but it is not what is named.
WRITTEN: dict[str, Callable[[Pieces], bytes]] = {
    "a negative number": lambda r: b"[0 %d %d -%d]" % (r[1], r[2], r[3]),
    "strings": lambda r: b"[(0) (%d) (%d) (%d)]" % (r[1], r[2], r[3]),
    "three numbers": lambda r: b"[0 %d %d]" % (r[1], r[2]),
    "a number of twenty digits": lambda r: b"[0 %d %s]" % (r[1], b"9" * 20),
    "null for a number": lambda r: b"[0 %d %d null]" % (r[1], r[2]),
    "a dictionary": lambda r: b"<< /a %d >>" % r[1],
    "nested arrays": lambda r: b"[[0 %d] [%d %d]]" % (r[1], r[2], r[3]),
    "a reference to nothing": lambda r: b"[0 99 0 R %d %d]" % (r[2], r[3]),
    "true and false": lambda r: b"[false %d %d %d]" % (r[1], r[2], r[3]),
}
for _name, _written in WRITTEN.items():
    CASES.add(_name, game(written=_written), REFUSED, _FOUR)

for _name, _contents in {
    "a second byte range behind": b"/Contents <%s> /ByteRange [0 10 20 30]",
    "a second value behind": b"/Contents <%s> /Contents <00>",
    "a second kind behind": b"/Contents <%s> /SubFilter /adbe.pkcs7.sha1",
}.items():
    CASES.add(_name, game(contents=_contents), REFUSED, _TWICE)


@CASES.file("the value is not where the gap is: the gap hides another string")
def value_copied_elsewhere(desk: Desk) -> bytes:
    paper = signed_over(desk)
    start, end = room(paper)
    signed = bytes(paper.body[paper.body.rindex(b"/ByteRange", 0, start) : end])
    value = next(number for number, text in paper.objects.items() if b"/ByteRange" in text)
    paper.write(value, b"<< /Type /Sig /SubFilter /ETSI.CAdES.detached %s >>" % signed)
    return paper.end().contents


@CASES.file("the value is not where the gap is: the gap hides another string")
def a_second_signature_dictionary_for_the_same_gap(desk: Desk) -> bytes:
    """The gap is a decoy's, signed by the stranger; the field shows a copy made beforehand."""
    paper = desk.signed()
    start, end = room(paper)
    signed = bytes(paper.body[paper.body.rindex(b"/ByteRange", 0, start) : end])
    copied = paper.add(b"<< /Type /Sig /SubFilter /ETSI.CAdES.detached %s >>" % signed)
    paper.field("copy", copied)
    return paper.end().contents


@CASES.file(_ZEROS)
def data_behind_the_value(desk: Desk) -> bytes:
    paper = desk.signed()
    _, end = room(paper)
    paper.body[end - 9 : end - 1] = b"DEADBEEF"
    return paper.contents


@CASES.file(_ZEROS)
def one_bit_behind_the_value(desk: Desk) -> bytes:
    paper = desk.signed()
    _, end = room(paper)
    paper.body[end - 2 : end - 1] = b"1"
    return paper.contents


@CASES.file(_ZEROS)
def objects_in_the_room(desk: Desk) -> bytes:
    """The string is closed early and a page content put behind it, where a new table finds it."""
    paper = desk.signed()
    start, end = room(paper)
    inside = b">>> endobj %d 0 obj\n%s\nendobj " % (CONTENT, shows(FORGED))
    at = end - 1000
    paper.body[at : at + len(inside)] = inside
    paper.entries[CONTENT] = (1, at + inside.index(b"%d 0 obj" % CONTENT), 0)
    assert start < at
    assert at + len(inside) < end
    return paper.end().contents


@CASES.file("the string in the gap is not the signature: it ends before the gap does")
def comment_in_the_room(desk: Desk) -> bytes:
    paper = desk.signed()
    _, end = room(paper)
    paper.body[end - 100 : end] = (b">" + b" " * 20 + b"%" + b"x" * 70 + b"\n").ljust(100)
    return paper.contents
