"""Tables as XLSX: row after row to the disk, so that memory holds one row.

Dates and numbers are dates and numbers; text is written as text, whatever it begins with: a subject
such as `=HYPERLINK(…)` came from a stranger and is never a formula.
"""

from __future__ import annotations

from datetime import UTC, date
from typing import Any, BinaryIO

from xlsxwriter import Workbook

from workflow.printing.books import BookSheet, Section
from workflow.rules.books import Cell
from workflow.rules.errors import GuardsUnmet
from workflow.rules.fields import written

#: What a cell of a spreadsheet holds; the writer would cut the rest.
MOST_CHARACTERS = 32_767
#: And a sheet, less its head.
MOST_ROWS = 1_048_000
#: Its calendar begins in 1900, with a 29 February that there never was: earlier days are text.
_FIRST_DAY = date(1900, 3, 1)
_A4 = 9
_BOLD = 2  # lines: whose it is and what it is
_MM_PER_WIDTH = 2.05  # of a column, in digits of the font at 12 points
_FONT = {"font_name": "Times New Roman", "font_size": 12}  # Annex I, I.4


def write(sheet: BookSheet, out: BinaryIO) -> None:
    """Write it whole.

    Raises:
        GuardsUnmet: a text or a table is longer than a spreadsheet can hold; nothing is cut.
    """
    book = Workbook(
        out,
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    book.formats[0].set_font_name(_FONT["font_name"])
    book.formats[0].set_font_size(_FONT["font_size"])
    book.set_properties(
        {
            "title": sheet.title,
            "author": sheet.owner,
            "created": sheet.made_at.astimezone(UTC).replace(tzinfo=None),
        }
    )
    styles = _Styles(book)
    try:
        for number, section in enumerate(sheet.sections, start=1):
            name = f"{number}. {section.title}" if section.title else "Sổ"
            _Table(book.add_worksheet(_sheet_name(name)), styles, section).write(sheet)
    finally:
        book.close()


def _sheet_name(text: str) -> str:
    """Without what a sheet's name may not have, and not longer than it may be."""
    return "".join(" " if letter in "[]:*?/\\'" else letter for letter in text)[:31].strip()


class _Styles:
    def __init__(self, book: Workbook) -> None:
        wrapped = {**_FONT, "text_wrap": True, "valign": "top", "border": 1}
        self.plain = book.add_format(_FONT)
        self.bold = book.add_format({**_FONT, "bold": True})
        head = {"bold": True, "align": "center", "valign": "vcenter"}
        self.head = book.add_format({**wrapped, **head})
        self.counted = book.add_format({**wrapped, "italic": True, "align": "center"})
        self.cells = {
            (kind, centred): book.add_format(
                {**wrapped, "num_format": form, **({"align": "center"} if centred else {})}
            )
            for kind, form in ((str, "@"), (int, "0"), (date, "dd/mm/yyyy"))
            for centred in (False, True)
        }


class _Table:
    """One section on a worksheet."""

    def __init__(self, page: Any, styles: _Styles, section: Section) -> None:
        self._page, self._styles, self._section = page, styles, section
        self._kept = [
            {kind: styles.cells[kind, column.centred] for kind in (str, int, date)}
            for column in section.columns
        ]

    def write(self, sheet: BookSheet) -> None:
        row = self._begin(sheet)
        for number, cells in enumerate(self._section.rows):
            if number == MOST_ROWS:
                raise GuardsUnmet(
                    ["Bảng quá dài cho một tệp XLSX. Hãy chọn kỳ ngắn hơn: tháng hoặc quý."]
                )
            for place, cell in enumerate(cells):
                self._cell(row, place, cell)
            row += 1
        for text in sheet.closing:
            row += 1
            self._page.write_string(row, 0, text, self._styles.plain)

    def _begin(self, sheet: BookSheet) -> int:
        """Page, head and titles; on which row the table's rows begin."""
        page, styles, columns = self._page, self._styles, self._section.columns
        if sheet.across:
            page.set_landscape()
        page.set_paper(_A4)
        page.set_margins(left=1.18, right=0.79, top=0.79, bottom=0.79)  # Annex I, I.3, in inches
        page.fit_to_pages(1, 0)
        page.set_footer('&C&"Times New Roman"&12&P/&N')
        for place, column in enumerate(columns):
            page.set_column(place, place, column.mm / _MM_PER_WIDTH)
        lines = [sheet.owner.upper(), sheet.title.upper(), *sheet.lines]
        if self._section.title:
            lines.append(self._section.title)
        for row, text in enumerate(lines):
            page.write_string(row, 0, text, styles.bold if row < _BOLD else styles.plain)
        head = len(lines) + 1
        for place, column in enumerate(columns):
            page.write_string(head, place, column.title, styles.head)
        for place in range(len(columns)):
            # The annex counts the columns of its forms.
            page.write_string(head + 1, place, f"({place + 1})", styles.counted)
        page.repeat_rows(head, head + 1)
        page.freeze_panes(head + 2, 0)
        return head + 2

    def _cell(self, row: int, place: int, cell: Cell) -> None:
        page, formats = self._page, self._kept[place]
        if isinstance(cell, date) and cell < _FIRST_DAY:
            cell = written(cell)
        if cell is None or cell == "":
            page.write_blank(row, place, None, formats[str])
        elif isinstance(cell, str):
            if len(cell) > MOST_CHARACTERS:
                title = self._section.columns[place].title
                raise GuardsUnmet(
                    [
                        f"Dòng {row + 1}, cột “{title}” dài {len(cell)} ký tự; một ô XLSX chỉ chứa"
                        f" được {MOST_CHARACTERS}. Hãy dùng bản PDF hoặc XML."
                    ]
                )
            page.write_string(row, place, cell, formats[str])
        elif isinstance(cell, int):
            page.write_number(row, place, cell, formats[int])
        else:
            page.write_datetime(row, place, cell, formats[date])
