"""Where every word of an administrative document stands on A4 (ND 30/2020 Annex I).

Number and date are left empty for the fields that are filled after the signature, unless a paper's
are given. Lengths are points from the upper left corner of the page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from workflow.sealing import DECREE_LAYOUT

Face = Literal["", "B", "I", "BI"]
Measure = Callable[[str, Face, float], float]
"""The width of a text in a face of a size."""
_Word = tuple[str, Face]

_MM = 72 / 25.4
PAGE_WIDTH, PAGE_HEIGHT = 210 * _MM, 297 * _MM
# Annex I, I.3: left 30-35, right 15-20, top and bottom 20-25 mm.
_LEFT, _RIGHT = 30 * _MM, PAGE_WIDTH - 20 * _MM
_TOP, _BOTTOM = 20 * _MM, PAGE_HEIGHT - 20 * _MM
_INDENT = 12.7 * _MM  # II.6.e
_HEAD, _MOTTO, _NUMBER, _ABSTRACT = 12, 13, 13, 12
_HEAD_LEADING = 15.0
_LEADING = 1.28  # of the body's size; single spacing is 1.15 (II.6.e: single to 1.5)
_AFTER_PARAGRAPH = 6.0  # II.6.e: at least 6pt
_HAND = 68.0  # room for a signature's image between the position and the name (II.7.d)

_MIDDLE = (_LEFT + _RIGHT) / 2
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
class Sheet:
    """What a document says, part by part of Annex I.

    `issuer` and `capacity` are lines; a line break in `subject` is kept.
    """

    issuer: Sequence[str]
    subject: str
    body: Sequence[Article]
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


@dataclass(frozen=True)
class Run:
    """Words on one line, in one face."""

    x: float
    baseline: float
    text: str
    face: Face
    points: float


@dataclass(frozen=True)
class Rule:
    """A thin horizontal line."""

    x: float
    y: float
    length: float


@dataclass
class Page:
    """One page's marks, and where the signer's hand goes when it is on this page."""

    marks: list[Run | Rule] = field(default_factory=list)
    hand: tuple[float, float] | None = None  # the middle of the room left for it


class Composer:
    """Puts line under line; `_y` is the top of the next one."""

    def __init__(self, measure: Measure, points: int) -> None:
        self._measure = measure
        self._points = points
        self._leading = points * _LEADING
        self._pages = [Page()]
        self._y = _TOP
        self._bottom = _BOTTOM

    def compose(self, sheet: Sheet) -> list[Page]:
        """The pages of the document, part by part in the order of Annex I."""
        if sheet.contact:
            self._foot(sheet.contact)
        self._letterhead(sheet)
        if sheet.title:
            self._title(sheet.title, sheet.subject)
        if sheet.addressees:
            self._address(sheet.addressees)
        self._decision(sheet)
        self._body(sheet.body)
        self._close(sheet)
        return self._pages

    def _foot(self, contact: str) -> None:
        """The agency's address under a line across the first page (III.4)."""
        lines = self._balanced(contact, "", 11, _RIGHT - _LEFT)
        self._bottom = _BOTTOM - 13.5 * len(lines) - 6
        self._mark(Rule(_LEFT, self._bottom + 3, _RIGHT - _LEFT))
        self._y = self._bottom + 6
        for line in lines:
            self._centred(line, _MIDDLE, "", 11, 13.5)

    def _letterhead(self, sheet: Sheet) -> None:
        """State and motto right, the agency left, under them the line of number and date."""
        self._y = _TOP
        self._centred(COUNTRY, _STATE_CENTRE, "B", _HEAD, _HEAD_LEADING)
        width = self._centred(MOTTO, _STATE_CENTRE, "B", _MOTTO, _HEAD_LEADING)
        self._rule(_STATE_CENTRE, width, 2)
        self._y = _TOP
        if sheet.superior:
            self._centred(sheet.superior, _AGENCY_CENTRE, "", _HEAD, _HEAD_LEADING)
        for line in sheet.issuer:
            width = self._centred(line, _AGENCY_CENTRE, "B", _HEAD, _HEAD_LEADING)
        self._rule(_AGENCY_CENTRE, width * 0.42, 2)  # II.2.b: a third to a half of the words
        box = DECREE_LAYOUT.number
        self._y = PAGE_HEIGHT - box.y - box.height
        if sheet.written:
            for text, centre, face in zip(
                sheet.written, (_AGENCY_CENTRE, _STATE_CENTRE), _WRITTEN_FACES, strict=True
            ):
                self._centred(text, centre, face, _NUMBER, box.height)
                self._y -= box.height
        self._y += box.height
        if not sheet.title:
            self._y += 6  # II.5.b: 6pt under the number
            for text in self._balanced(f"V/v {sheet.subject}", "", _ABSTRACT, box.width):
                self._centred(text, _AGENCY_CENTRE, "", _ABSTRACT, 14)

    def _title(self, name: str, subject: str) -> None:
        """The type's name, the abstract, and a line a third to a half as long (II.5.b)."""
        self._y += 16
        self._centred(name, _MIDDLE, "B", self._points, self._leading)
        for text in self._balanced(subject, "B", self._points, (_RIGHT - _LEFT) * 0.86):
            width = self._centred(text, _MIDDLE, "B", self._points, self._leading)
        self._rule(_MIDDLE, width * 0.4, 3)
        self._y += 8

    def _address(self, addressees: Sequence[str]) -> None:
        """Kính gửi: one on the same line, several each on their own under the colon (II.9.d)."""
        self._y += 16
        if len(addressees) == 1:
            self._centred(f"Kính gửi: {addressees[0]}", _MIDDLE, "", self._points, self._leading)
        else:
            salutation = "Kính gửi: "
            x = _LEFT + (_RIGHT - _LEFT) * 0.18
            under = x + self._measure(salutation, "", self._points)
            self._place(salutation, x, "", self._points, self._leading)
            for line in _list(addressees):
                self._place(line, under, "", self._points, self._leading)
                self._y += self._leading
        self._y += 12

    def _decision(self, sheet: Sheet) -> None:
        """Who decides, on what grounds (II.6.a)."""
        if sheet.authority:
            self._centred(sheet.authority, _MIDDLE, "B", self._points, self._leading)
            self._y += _AFTER_PARAGRAPH
        for ground in _closed(sheet.grounds):
            self._paragraph([(word, "I") for word in ground.split()])
        if sheet.enacting:
            self._y += 4
            self._centred(sheet.enacting, _MIDDLE, "B", self._points, self._leading)
            self._y += _AFTER_PARAGRAPH

    def _body(self, articles: Sequence[Article]) -> None:
        """Articles with bold titles, paragraphs justified; the last ends with `./.`."""
        number = 0
        left = sum(len(article.paragraphs) for article in articles)
        for article in articles:
            if article.title:
                number += 1
                self._keep(2 * self._leading + _AFTER_PARAGRAPH)
                self._paragraph([(w, "B") for w in f"Điều {number}. {article.title}".split()])
            for text in article.paragraphs:
                left -= 1
                words = (text if left else f"{text.rstrip('.')}./.").split()
                self._paragraph([(word, "") for word in words])

    def _close(self, sheet: Sheet) -> None:
        """Nơi nhận left and the signer's block right, never apart (II.7, II.9)."""
        copies: list[str] = []
        for line in _list(sheet.recipients):
            words: list[_Word] = [(word, "") for word in line.split()]
            copies += [
                " ".join(word for word, _ in part) for part in self._wrap(words, 11, _COPIES_WIDTH)
            ]
        signing = self._leading * (len(sheet.capacity) + 1) + _HAND
        self._y += 6
        self._keep(max(signing, 16 + 13.5 * len(copies)))
        top = self._y
        self._place("Nơi nhận:", _LEFT, "BI", 12, self._leading)
        self._y += self._leading
        for copy in copies:
            self._place(copy, _LEFT, "", 11, 13.5)
            self._y += 13.5
        self._y = top
        for line in sheet.capacity:
            self._centred(line, _STATE_CENTRE, "B", self._points, self._leading)
        self._pages[-1].hand = (_STATE_CENTRE, self._y + _HAND / 2)
        self._y += _HAND
        self._centred(sheet.signer, _STATE_CENTRE, "B", self._points, self._leading)

    def _paragraph(self, words: Sequence[_Word]) -> None:
        lines = self._wrap(words, self._points, _RIGHT - _LEFT, _INDENT)
        for number, line in enumerate(lines):
            self._keep(self._leading)
            x = _LEFT + (0 if number else _INDENT)
            widths = [self._measure(word, face, self._points) for word, face in line]
            gap = self._measure(" ", line[0][1], self._points)
            if number < len(lines) - 1 and len(line) > 1:
                gap = (_RIGHT - x - sum(widths)) / (len(line) - 1)
            for (word, face), width in zip(line, widths, strict=True):
                self._place(word + " ", x, face, self._points, self._leading)
                x += width + gap
            self._y += self._leading
        self._y += _AFTER_PARAGRAPH

    def _keep(self, height: float) -> None:
        """Go on to the next page, with its number in the top margin (I.7), if this is too full."""
        if self._y + height <= self._bottom:
            return
        self._pages.append(Page())
        self._bottom = _BOTTOM
        self._y = _TOP / 2
        self._centred(str(len(self._pages)), _MIDDLE, "", 13, 16)
        self._y = _TOP

    def _wrap(
        self, words: Sequence[_Word], points: float, width: float, indent: float = 0
    ) -> list[list[_Word]]:
        lines: list[list[_Word]] = [[]]
        room = width - indent
        for word, face in words:
            needed = self._measure(word, face, points)
            if lines[-1] and needed > room:
                lines.append([])
                room = width
            lines[-1].append((word, face))
            room -= needed + self._measure(" ", face, points)
        return lines

    def _balanced(self, text: str, face: Face, points: float, width: float) -> list[str]:
        """As few lines as fit into `width`, about equally long; line breaks are kept."""
        balanced: list[str] = []
        for part in text.splitlines():
            words = [(word, face) for word in part.split()]
            lines = self._wrap(words, points, width)
            narrower, room = lines, width
            while len(narrower) == len(lines) and room > width / 4:
                lines, room = narrower, room - 6
                narrower = self._wrap(words, points, room)
            balanced += [" ".join(word for word, _ in line) for line in lines]
        return balanced

    def _centred(
        self, text: str, centre: float, face: Face, points: float, leading: float
    ) -> float:
        width = self._measure(text, face, points)
        self._place(text, centre - width / 2, face, points, leading)
        self._y += leading
        return width

    def _place(self, text: str, x: float, face: Face, points: float, leading: float) -> None:
        ascent, height = 0.891 * points, 1.107 * points  # Tinos', as of Times New Roman
        self._mark(Run(x, self._y + (leading - height) / 2 + ascent, text, face, points))

    def _rule(self, centre: float, length: float, gap: float) -> None:
        self._mark(Rule(centre - length / 2, self._y + gap, length))

    def _mark(self, mark: Run | Rule) -> None:
        self._pages[-1].marks.append(mark)


def _closed(lines: Sequence[str]) -> Iterator[str]:
    """Semicolons after all but the last, which has a full stop."""
    for line, following in pairwise([*lines, None]):
        yield f"{line};" if following is not None else f"{line}."


def _list(lines: Sequence[str]) -> list[str]:
    return [f"- {line}" for line in _closed(lines)]
