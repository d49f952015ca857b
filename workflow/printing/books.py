"""Registers, reports and lists as they are printed (ND 30/2020 Annexes IV and V)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from workflow.printing import tables
from workflow.printing.composition import COUNTRY, MOTTO
from workflow.printing.flow import Flow
from workflow.printing.pages import LANDSCAPE, PORTRAIT, Face, Measure, Page, Word
from workflow.printing.tables import Row, Table
from workflow.rules.books import Cell, Column

_POINTS = 10.5  # of type in tables
_HAND = 64.0  # room for a signature


@dataclass(frozen=True)
class Section:
    """One table: what heads it, and its rows, which are read once."""

    columns: Sequence[Column]
    rows: Iterable[Sequence[Cell]] = field(repr=False)
    title: str = ""


@dataclass(frozen=True)
class BookSheet:
    """A book: whose it is, what it is, lines under its title, its tables, lines that close it.

    `bound` are the lines of cover and first page, where it has them; `keeper` who signs at its end.
    """

    owner: str
    place: str
    title: str
    lines: Sequence[str]
    sections: Sequence[Section]
    closing: Sequence[str]
    keeper: Sequence[str]
    made_at: datetime
    superior: str | None = None
    across: bool = True
    bound: Sequence[str] = ()


def lay(sheet: BookSheet, measure: Measure, put: Callable[[Page], None]) -> None:
    """Set the book, and give each page to `put` as soon as it is full."""
    flow = Flow(measure, 13, LANDSCAPE if sheet.across else PORTRAIT, put)
    if sheet.bound:
        _cover(flow, sheet)
        flow.keep(flow.format.height)
        # The first page repeats the cover; whoever is competent signs it before the book is used.
        _cover(flow, sheet)
        _hands(flow, sheet, ("NGƯỜI CÓ THẨM QUYỀN", "(Ký, ghi rõ họ tên và đóng dấu)"))
        flow.keep(flow.format.height)
    else:
        _head(flow, sheet)
    for section in sheet.sections:
        table = _table(section)
        if section.title:
            title: list[Word] = [(word, "B") for word in section.title.split()]
            flow.keep(flow.height(title, 0) + tables.beginning(flow, table))
            flow.paragraph(title, 0)
        tables.draw(flow, table)
    for line in sheet.closing:
        flow.paragraph([(word, "") for word in line.split()], 0)
    _hands(flow, sheet, sheet.keeper)
    for page in flow.pages:
        put(page)


def _table(section: Section) -> Table:
    columns = [
        # The annex counts the columns of its forms.
        tables.Column(f"{column.title}\n({number})", column.mm, column.centred)
        for number, column in enumerate(section.columns, start=1)
    ]
    return Table(columns, (Row([_text(cell) for cell in row]) for row in section.rows), _POINTS)


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, (str, int)):
        return str(cell)
    return f"{cell:%d/%m/%Y}"


def _agency(flow: Flow, sheet: BookSheet, centre: float, width: float) -> None:
    said: tuple[tuple[str | None, Face], ...] = ((sheet.superior, ""), (sheet.owner, "B"))
    for text, face in said:
        for line in flow.balanced((text or "").upper(), face, 13, width):
            flow.centred(line, centre, face, 13, 17)
    flow.rule(centre, width / 3, 2)


def _cover(flow: Flow, sheet: BookSheet) -> None:
    page = flow.format
    _agency(flow, sheet, page.middle, page.room * 0.6)
    flow.y += 90
    for line in flow.balanced(sheet.title.upper(), "B", 24, page.room * 0.8):
        flow.centred(line, page.middle, "B", 24, 34)
    flow.y += 16
    for text in (*sheet.lines, *sheet.bound):
        for line in flow.balanced(text, "", 14, page.room * 0.8):
            flow.centred(line, page.middle, "", 14, 22)


def _head(flow: Flow, sheet: BookSheet) -> None:
    page, top = flow.format, flow.y
    own, state = page.left + page.room * 0.2, page.left + page.room * 0.7
    _agency(flow, sheet, own, page.room * 0.38)
    below, flow.y = flow.y, top
    flow.centred(COUNTRY, state, "B", 12, 17)
    flow.rule(state, flow.centred(MOTTO, state, "B", 13, 17), 2)
    flow.y = max(below, flow.y) + 24
    for line in flow.balanced(sheet.title.upper(), "B", 14, page.room * 0.9):
        flow.centred(line, page.middle, "B", 14, 20)
    for text in sheet.lines:
        for line in flow.balanced(text, "", 13, page.room * 0.9):
            flow.centred(line, page.middle, "", 13, 18)
    flow.y += 12


def _hands(flow: Flow, sheet: BookSheet, who: Sequence[str]) -> None:
    """Where somebody signs, with place and date left open."""
    flow.keep(_HAND + 17 * (len(who) + 1) + 12)
    centre = flow.format.left + flow.format.room * 0.75
    flow.y += 12
    flow.centred(f"{sheet.place}, ngày …… tháng …… năm ………", centre, "I", 13, 17)
    for number, line in enumerate(who):
        flow.centred(line, centre, "I" if number else "B", 13, 17)
    flow.y += _HAND
