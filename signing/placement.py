"""Where on a page a signature shows: found from the page's own words (ND 30/2020 Annex I).

Boxes are in the page's own coordinates, whichever way up and however far the page is shown.
Everything here reads with PDFium; what it cannot read, it has no place on.
"""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property, reduce
from pathlib import Path
from typing import BinaryIO

import pypdfium2 as pdfium
from pypdfium2 import raw

from signing.errors import SigningRefused
from signing.fields import Box
from signing.geometry import Rect, Shown

POINTS_PER_MM = 72 / 25.4

#: PDFium serves one thread of a process at a time, whatever the documents.
PDFIUM = threading.Lock()

_MOST_PAGES = 500  # of a document in which the signer's name is looked for
_LEAST_ROOM = 20.0  # points between title and name; Annex I leaves some 60
_MOST_ROOM = 250.0
_MOST_ASIDE = 36.0  # how far the middle of the name may be from that of the title
_GAP = 2.0  # points left free above the name and under the title
# Annex I, part I, IV, boxes 8 and 14: above the page's own text, at its right margin.
_FROM_RIGHT, _FROM_TOP = 15 * POINTS_PER_MM, 8 * POINTS_PER_MM
_LOWEST = 0.5  # of the page's height: lower is no longer the top of a page
_STEP = 4.0
_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")  # grave, acute, tilde, hook, dot below


def person_box(
    source: Path | BinaryIO, titles: Sequence[str], name: str, width: float, height: float
) -> Box | None:
    """Where a signer's image of at most this size (points) goes: between title and name.

    The last place counts where the name stands under one of the titles, with room for a hand.
    Capitals, spacing and tone marks make no difference (ỦY, UỶ). The image keeps its proportions
    and is made smaller where the room is. None where there is no such place, or it cannot be read.
    """
    wanted, over = _folded(name), [_folded(title) for title in titles]
    if not wanted:
        return None
    with _opened(source) as document:
        pages = min(len(document), _MOST_PAGES) if document else 0
        for number in reversed(range(pages)):
            with _read(document, number) as page:
                if page is None or wanted not in page.folded:
                    continue
                room = page.room(wanted, over)
                if room is None:
                    continue
                scale = min(1, (room.top - room.bottom) / height, page.shown.size[0] / width)
                wide, high = width * scale / 2, height * scale / 2
                middle = (room.bottom + room.top) / 2
                left = min(max(room.middle - wide, 0), page.shown.size[0] - 2 * wide)
                return page.shown.box(Rect(left, middle - high, left + 2 * wide, middle + high))
    return None


def fitted(box: Box, width: float, height: float, turned: int = 0) -> Box:
    """The middle of a box for an image of at most this size, in proportion.

    The page is shown turned by so many degrees.
    """
    place = Shown(box.page, Rect(*box.corners), turned)
    scale = min(1, place.size[0] / width, place.size[1] / height)
    left, bottom = (place.size[0] - width * scale) / 2, (place.size[1] - height * scale) / 2
    return place.box(Rect(left, bottom, left + width * scale, bottom + height * scale))


def seal_box(person: Box, width_mm: float, height_mm: float, turned: int = 0) -> Box:
    """Where a seal of this size goes: at its actual size, over the left third of the image.

    Annex I, part I, II.8.a. `person` is the box of the person's image on a page that is shown
    turned by so many degrees.
    """
    image = Shown(person.page, Rect(*person.corners), turned)
    wide, high = image.size
    right, middle = wide / 3, high / 2
    half = height_mm * POINTS_PER_MM / 2
    return image.box(Rect(right - width_mm * POINTS_PER_MM, middle - half, right, middle + half))


def top_right(source: Path | BinaryIO, width: float, height: float) -> Box:
    """A free place for so many points of text at the top right of page one.

    It moves down past fields, and past words where there is room. Annex I, part I, II.8.b.

    Raises SigningRefused: the page cannot be read, or has no room there.
    """
    with _opened(source) as document, _read(document, 0) as page:
        if page is None:
            raise SigningRefused("page_unreadable", "Không đọc được trang đầu của tệp.")
        wide, high = page.shown.size
        right = min(wide, max(wide - _FROM_RIGHT, width))
        widgets = [page.shown.upright(box) for box in page.widgets]
        for obstacles in ([*widgets, *page.words], widgets):
            top = min(high, max(high - _FROM_TOP, height))
            while top - height >= 0 and top >= high * _LOWEST:
                place = Rect(right - width, top - height, right, top)
                if place.left >= 0 and not any(map(place.meets, obstacles)):
                    return page.shown.box(place)
                top -= _STEP
    raise SigningRefused(
        "no_room", "Góc trên bên phải trang đầu không còn chỗ trống để thể hiện chữ ký."
    )


def check_free(source: Path | BinaryIO, box: Box, taken: Iterable[Box] = ()) -> None:
    """Refuse a box off what is shown of its page, or over a field or a box that is taken.

    Raises SigningRefused: page_missing, page_unreadable, box_off_page, box_taken.
    """
    where = f"trang {box.page + 1}"
    with _opened(source) as document:
        if not document or not 0 <= box.page < len(document):
            raise SigningRefused("page_missing", f"Tệp không có {where}.")
        with _read(document, box.page) as page:
            if page is None:
                raise SigningRefused("page_unreadable", f"Không đọc được {where} của tệp.")
            left, bottom, right, top = page.shown.part
            own = Rect(*box.corners)
            if not (
                left <= own.left < own.right <= right and bottom <= own.bottom < own.top <= top
            ):
                raise SigningRefused("box_off_page", f"Ô chữ ký nằm ngoài {where}.")
            others = [Rect(*other.corners) for other in taken if other.page == box.page]
            if any(map(own.meets, [*page.widgets, *others])):
                raise SigningRefused("box_taken", f"Ô chữ ký ở {where} đè lên ô khác.")


def turned(source: Path | BinaryIO, page: int) -> int:
    """By how many degrees a page is shown turned; 0 where it cannot be read."""
    with _opened(source) as document, _read(document, page) as read:
        return read.shown.turned if read else 0


class _Page:
    """A page with its letters, as PDFium reads them."""

    def __init__(self, loaded: pdfium.PdfPage, number: int) -> None:
        self.shown = Shown(number, Rect(*loaded.get_bbox()), loaded.get_rotation())
        self._loaded = loaded
        self._text = loaded.get_textpage()
        letters = [
            (index, part)
            for index in range(raw.FPDFText_CountChars(self._text.raw))
            for part in _folded(chr(raw.FPDFText_GetUnicode(self._text.raw, index)))
        ]
        self._places = [index for index, _ in letters]
        self.folded = "".join(part for _, part in letters)

    @cached_property
    def words(self) -> list[Rect]:
        """Where the letters stand on the page as it is read."""
        return [self._place(index) for index in dict.fromkeys(self._places)]

    @cached_property
    def widgets(self) -> list[Rect]:
        """The fields that show, in the page's own coordinates."""
        found = []
        for index in range(raw.FPDFPage_GetAnnotCount(self._loaded.raw)):
            annotation = raw.FPDFPage_GetAnnot(self._loaded.raw, index)
            sides = raw.FS_RECTF()
            if (
                raw.FPDFAnnot_GetSubtype(annotation) == raw.FPDF_ANNOT_WIDGET
                and raw.FPDFAnnot_GetRect(annotation, sides)
                and sides.left < sides.right
                and sides.bottom < sides.top
            ):
                found.append(Rect(sides.left, sides.bottom, sides.right, sides.top))
            raw.FPDFPage_CloseAnnot(annotation)
        return found

    def room(self, name: str, titles: Iterable[str]) -> Rect | None:
        """The room over the last line with the name that stands under a title."""
        over = [line for title in titles for line in self._lines(title)]
        for line in reversed(list(self._lines(name))):
            for title in sorted(over, key=lambda title: title.bottom):
                between = Rect(
                    min(line.left, title.left), line.top, max(line.right, title.right), title.bottom
                )
                if title.bottom < line.top or abs(title.middle - line.middle) > _MOST_ASIDE:
                    continue
                # Further lines of the title may follow the one that was found.
                lowest = min([title.bottom, *(w.bottom for w in self.words if w.meets(between))])
                bottom, top = line.top + _GAP, lowest - _GAP
                if _LEAST_ROOM <= top - bottom <= _MOST_ROOM:
                    return Rect(line.middle, bottom, line.middle, top)
                break
        return None

    def _lines(self, wanted: str) -> Iterator[Rect]:
        """Where a text stands on one line, in the order of the page."""
        start = self.folded.find(wanted) if wanted else -1
        while start >= 0:
            letters = [self._place(i) for i in self._places[start : start + len(wanted)]]
            middle = (letters[0].bottom + letters[0].top) / 2
            if all(letter.bottom < middle < letter.top for letter in letters):
                yield reduce(Rect.around, letters)
            start = self.folded.find(wanted, start + 1)

    def _place(self, index: int) -> Rect:
        return self.shown.upright(Rect(*self._text.get_charbox(index, loose=True)))


@contextmanager
def _opened(source: Path | BinaryIO) -> Iterator[pdfium.PdfDocument | None]:
    """The document, for this thread alone; None when PDFium cannot read it."""
    with PDFIUM:
        try:
            document = pdfium.PdfDocument(source)
        except (pdfium.PdfiumError, OSError):
            yield None
            return
        with document:
            yield document


@contextmanager
def _read(document: pdfium.PdfDocument | None, number: int) -> Iterator[_Page | None]:
    """A page; None when there is none that PDFium can read."""
    try:
        loaded = document[number] if document else None
    except (pdfium.PdfiumError, IndexError):
        loaded = None
    if loaded is None:
        yield None
        return
    try:
        page = _Page(loaded, number)
    except pdfium.PdfiumError:
        yield None
    else:
        yield page
    finally:
        loaded.close()


def _folded(text: str) -> str:
    """Letters to compare: one case, no spaces, no tone marks (their places differ: hóa, hoá)."""
    parts = unicodedata.normalize("NFD", text.casefold())
    return "".join(
        part for part in parts if part.isprintable() and not part.isspace() and part not in _TONES
    )
