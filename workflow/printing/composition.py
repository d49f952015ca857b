"""Where every word of an administrative document stands on A4 (ND 30/2020 Annex I).

Number and date are left empty for the fields that are filled after the signature, unless a paper's
are given. Lengths are points from the upper left corner of the page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from workflow.layouts import DECREE_LAYOUT
from workflow.printing import tables
from workflow.printing.flow import AFTER_PARAGRAPH, Flow
from workflow.printing.pages import PORTRAIT, Face, Measure, Page, Rule, Word
from workflow.printing.tables import Table

PAGE_WIDTH, PAGE_HEIGHT = PORTRAIT.width, PORTRAIT.height
_HEAD, _MOTTO, _NUMBER, _ABSTRACT = 12, 13, 13, 12
_HEAD_LEADING = 15.0
_HAND = 68.0  # room for a signature's image between the position and the name (II.7.d)

_MIDDLE = PORTRAIT.middle
_AGENCY_CENTRE = DECREE_LAYOUT.number.x + DECREE_LAYOUT.number.width / 2
_STATE_CENTRE = DECREE_LAYOUT.date.x + DECREE_LAYOUT.date.width / 2

_COPIES_WIDTH = DECREE_LAYOUT.number.width
_WRITTEN_FACES: tuple[Face, Face] = ("", "I")  # II.3.c, II.4.c

COUNTRY = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
MOTTO = "Độc lập - Tự do - Hạnh phúc"


@dataclass(frozen=True)
class Article:
    """A titled part of the body (Điều), or without a title plain paragraphs."""

    paragraphs: Sequence[str]
    title: str | None = None


@dataclass(frozen=True)
class Heading:
    """A bold line over what follows, with the numeral it is to have (`I. Kết quả`)."""

    text: str


@dataclass(frozen=True)
class Hand:
    """Whoever signs: the lines above the signature, and the name under it."""

    capacity: Sequence[str]
    name: str


@dataclass(frozen=True)
class Sheet:
    """What a document says, part by part of Annex I.

    `issuer` and `capacity` are lines; a line break in `subject` is kept.
    """

    issuer: Sequence[str]
    subject: str
    body: Sequence[Article | Heading | Table]
    capacity: Sequence[str]
    signer: str
    recipients: Sequence[str]
    points: int = 14  # of the body, 13 or 14 (II.6.e)
    superior: str | None = None
    #: The type's name (tên loại); None for a công văn, which has `addressees` instead.
    title: str | None = None
    addressees: Sequence[str] = ()
    #: Whoever decides, the grounds (căn cứ), and the word that opens the decision (forms 1.1-1.3).
    authority: str | None = None
    enacting: str | None = None
    grounds: Sequence[str] = ()
    #: At the foot of the first page, under a line (ô 13).
    contact: str | None = None
    #: A paper's number line, and its place and date.
    written: tuple[str, str] | None = None
    #: Who took the minutes and signs left of who presided (form 1.9).
    secretary: Hand | None = None


class Composer:
    """Sets a document part by part."""

    def __init__(self, measure: Measure, points: int) -> None:
        self._flow = Flow(measure, points)

    def compose(self, sheet: Sheet) -> list[Page]:
        """The pages of the document, in the order of Annex I."""
        if sheet.contact:
            self._foot(sheet.contact)
        self._letterhead(sheet)
        if sheet.title:
            self._title(sheet.title, sheet.subject)
        if sheet.addressees:
            self._address(sheet.addressees)
        self._decision(sheet)
        copies = self._copies(sheet.recipients)
        signing, closing = _close_heights(sheet, self._flow.leading, len(copies))
        self._body(sheet.body, closing)
        self._close(sheet, copies, signing, closing)
        return self._flow.pages

    def _foot(self, contact: str) -> None:
        """The agency's address under a line across the first page (III.4)."""
        flow = self._flow
        lines = flow.balanced(contact, "", 11, PORTRAIT.room)
        flow.bottom = PORTRAIT.bottom - 13.5 * len(lines) - 6
        flow.mark(Rule(PORTRAIT.left, flow.bottom + 3, PORTRAIT.room))
        flow.y = flow.bottom + 6
        for line in lines:
            flow.centred(line, _MIDDLE, "", 11, 13.5)

    def _letterhead(self, sheet: Sheet) -> None:
        """State and motto right, the agency left, under them the line of number and date."""
        flow = self._flow
        flow.y = PORTRAIT.top
        flow.centred(COUNTRY, _STATE_CENTRE, "B", _HEAD, _HEAD_LEADING)
        width = flow.centred(MOTTO, _STATE_CENTRE, "B", _MOTTO, _HEAD_LEADING)
        flow.rule(_STATE_CENTRE, width, 2)
        flow.y = PORTRAIT.top
        if sheet.superior:
            flow.centred(sheet.superior, _AGENCY_CENTRE, "", _HEAD, _HEAD_LEADING)
        box = DECREE_LAYOUT.number
        for name in sheet.issuer:
            for line in flow.balanced(name, "B", _HEAD, box.width):
                width = flow.centred(line, _AGENCY_CENTRE, "B", _HEAD, _HEAD_LEADING)
        flow.rule(_AGENCY_CENTRE, width * 0.42, 2)  # II.2.b: a third to a half of the words
        flow.y = PAGE_HEIGHT - box.y - box.height
        if sheet.written:
            for text, centre, face in zip(
                sheet.written, (_AGENCY_CENTRE, _STATE_CENTRE), _WRITTEN_FACES, strict=True
            ):
                flow.centred(text, centre, face, _NUMBER, box.height)
                flow.y -= box.height
        flow.y += box.height
        if not sheet.title:
            flow.y += 6  # II.5.b: 6pt under the number
            for text in flow.balanced(f"V/v {sheet.subject}", "", _ABSTRACT, box.width):
                flow.centred(text, _AGENCY_CENTRE, "", _ABSTRACT, 14)

    def _title(self, name: str, subject: str) -> None:
        """The type's name, the abstract, and a line a third to a half as long (II.5.b)."""
        flow = self._flow
        flow.y += 16
        self._line(name, _MIDDLE, "B")
        for text in flow.balanced(subject, "B", flow.points, PORTRAIT.room * 0.86):
            width = self._line(text, _MIDDLE, "B")
        flow.rule(_MIDDLE, width * 0.4, 3)
        flow.y += 8

    def _address(self, addressees: Sequence[str]) -> None:
        """Kính gửi: one on the same line, several each on their own under the colon (II.9.d)."""
        flow = self._flow
        flow.y += 16
        if len(addressees) == 1:
            self._line(f"Kính gửi: {addressees[0]}", _MIDDLE, "")
        else:
            salutation = "Kính gửi: "
            x = PORTRAIT.left + PORTRAIT.room * 0.18
            under = x + flow.measure(salutation, "", flow.points)
            flow.place(salutation, x, "", flow.points, flow.leading)
            for line in _list(addressees):
                flow.place(line, under, "", flow.points, flow.leading)
                flow.y += flow.leading
        flow.y += 12

    def _decision(self, sheet: Sheet) -> None:
        """Who decides, on what grounds (II.6.a)."""
        if sheet.authority:
            self._line(sheet.authority, _MIDDLE, "B")
            self._flow.y += AFTER_PARAGRAPH
        for ground in _closed(sheet.grounds):
            self._flow.paragraph([(word, "I") for word in ground.split()])
        if sheet.enacting:
            self._flow.y += 4
            self._line(sheet.enacting, _MIDDLE, "B")
            self._flow.y += AFTER_PARAGRAPH

    def _body(self, parts: Sequence[Article | Heading | Table], closing: float) -> None:
        """Articles with bold titles, paragraphs justified; the last ends with `./.`, and stands on
        the page of the signature, whose part is `closing` high: nobody signs an empty page."""
        number = 0
        left = sum(len(part.paragraphs) for part in parts if isinstance(part, Article))
        for at, part in enumerate(parts):
            if isinstance(part, Table):
                tables.draw(self._flow, part)
            elif isinstance(part, Heading):
                match parts[at + 1 :]:
                    case [Article(paragraphs=[text])]:
                        self._heading(part.text, self._flow.height(_ending(text)) + closing)
                    case [Table() as table, *_]:
                        self._heading(part.text, tables.beginning(self._flow, table))
                    case _:
                        self._heading(part.text)
            else:
                if part.title:
                    number += 1
                    self._heading(f"Điều {number}. {part.title}")
                for text in part.paragraphs:
                    left -= 1
                    if left:
                        self._flow.paragraph([(word, "") for word in text.split()])
                        continue
                    words = _ending(text)
                    height = self._flow.height(words) + closing
                    if height <= PORTRAIT.bottom - PORTRAIT.top:
                        self._flow.keep(height)
                    self._flow.paragraph(words)

    def _heading(self, text: str, following: float = 0) -> None:
        """On the page of what follows, which is so high, or of the line after it."""
        words: list[Word] = [(word, "B") for word in text.split()]
        height = self._flow.height(words) + following
        if not following or height > PORTRAIT.bottom - PORTRAIT.top:
            height = self._flow.height(words) + self._flow.leading
        self._flow.keep(height)
        self._flow.paragraph(words)

    def _copies(self, recipients: Sequence[str]) -> list[str]:
        """The lines of nơi nhận."""
        copies: list[str] = []
        for line in _list(recipients):
            words: list[Word] = [(word, "") for word in line.split()]
            wrapped = self._flow.wrap(words, 11, _COPIES_WIDTH)
            copies += [" ".join(word for word, _ in part) for part in wrapped]
        return copies

    def _close(self, sheet: Sheet, copies: Sequence[str], signing: float, closing: float) -> None:
        """Nơi nhận left and the signer's block right, never apart (II.7, II.9); the secretary of a
        meeting signs left, over nơi nhận (form 1.9)."""
        flow = self._flow
        flow.keep(closing)
        flow.y += 6
        top = flow.y
        if sheet.secretary:
            self._sign(sheet.secretary, _AGENCY_CENTRE)
            flow.y = top + signing + 6
        flow.place("Nơi nhận:", PORTRAIT.left, "BI", 12, flow.leading)
        flow.y += flow.leading
        for copy in copies:
            flow.place(copy, PORTRAIT.left, "", 11, 13.5)
            flow.y += 13.5
        flow.y = top
        flow.pages[-1].hand = self._sign(Hand(sheet.capacity, sheet.signer), _STATE_CENTRE)

    def _sign(self, hand: Hand, centre: float) -> tuple[float, float]:
        """A signer's block around `centre`; where the hand goes."""
        for line in hand.capacity:
            self._line(line, centre, "B")
        middle = (centre, self._flow.y + _HAND / 2)
        self._flow.y += _HAND
        self._line(hand.name, centre, "B")
        return middle

    def _line(self, text: str, centre: float, face: Face) -> float:
        """A centred line in the body's size; how wide it is."""
        return self._flow.centred(text, centre, face, self._flow.points, self._flow.leading)


def _close_heights(sheet: Sheet, leading: float, copies: int) -> tuple[float, float]:
    """How high a signer's block is, and all that stands with it."""
    hands = [sheet.capacity, *([sheet.secretary.capacity] if sheet.secretary else [])]
    signing = max(leading * (len(lines) + 1) for lines in hands) + _HAND
    listing = 16 + 13.5 * copies
    return signing, 6 + (signing + 6 + listing if sheet.secretary else max(signing, listing))


def _ending(text: str) -> list[Word]:
    """The last paragraph, with the sign that it is the last (II.6)."""
    return [(word, "") for word in f"{text.rstrip('.')}./.".split()]


def _closed(lines: Sequence[str]) -> Iterator[str]:
    """Semicolons after all but the last, which has a full stop."""
    for line, following in pairwise([*lines, None]):
        yield f"{line};" if following is not None else f"{line}."


def _list(lines: Sequence[str]) -> list[str]:
    return [f"- {line}" for line in _closed(lines)]
