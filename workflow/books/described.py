"""A book as XML: the records in the forms of Annex VI part II, an element each.

Books without such a form hold their tables, each cell under the name of its column.
"""

from __future__ import annotations

from datetime import date
from typing import BinaryIO

from workflow.books.opened import Opened, Record
from workflow.printing.elements import Elements
from workflow.rules.books import Cell
from workflow.rules.errors import GuardsUnmet
from workflow.rules.fields import Fitted, fit

#: So many sentences are enough to know what to mend first.
_MOST_SENTENCES = 50
#: QĐ 20/2020 gave agencies codes of up to 35 characters; the annex of the same year still has 13.
_ABOUT_CODES = (
    "Mã định danh theo QĐ 20/2020/QĐ-TTg được dài đến 35 ký tự nên không ghi được vào trường này:"
    " hãy dùng bản XLSX hoặc PDF, hoặc hỏi nơi nhận tệp XML cần mã nào rồi sửa mã của cơ quan."
)


def describe(opened: Opened, out: BinaryIO) -> None:
    """Write it whole.

    Raises:
        GuardsUnmet: values that their fields do not take, each with its record, field and limit.
    """
    _Description(opened, out).write()


class _Description:
    def __init__(self, opened: Opened, out: BinaryIO) -> None:
        self._opened = opened
        self._xml = Elements(out)
        self._unmet: list[str] = []

    def write(self) -> None:
        opened, xml = self._opened, self._xml
        sheet = opened.sheet
        xml.start(
            "Book",
            name=opened.book.name,
            title=opened.book.title,
            basis=opened.book.clause,
            organisation=sheet.owner,
            madeAt=sheet.made_at.isoformat(timespec="seconds"),
            **opened.about,
        )
        if opened.records is None:
            self._tables()
        else:
            if opened.holder is not None:
                self._start("File", opened.holder)
            for record in opened.records():
                self._start(opened.record, record)
                xml.end()
            if opened.holder is not None:
                xml.end()
        xml.end()
        if self._unmet:
            raise GuardsUnmet(self._unmet)

    def _start(self, name: str, record: Record) -> None:
        """The record's element, left open for what lies in it."""
        fitted = fit(record.form, record.values)
        self._refuse(record, fitted)
        # What the System should fill and cannot yet is told, not made up.
        unfilled = {"unfilled": " ".join(fitted.unfilled)} if fitted.unfilled else {}
        self._xml.start(name, **record.attributes, **unfilled)
        for inner, content in fitted.elements:
            self._xml.put(inner, content)

    def _refuse(self, record: Record, fitted: Fitted) -> None:
        for one in fitted.unfit:
            advice = f" {_ABOUT_CODES}" if one.field.name == "OrganId" else ""
            self._unmet.append(f"{record.what}: trường {one.sentence}{advice}")
        if len(self._unmet) >= _MOST_SENTENCES:
            raise GuardsUnmet([*self._unmet[:_MOST_SENTENCES], "Có thể còn lỗi khác nữa."])

    def _tables(self) -> None:
        for section in self._opened.sheet.sections:
            self._xml.start("Table", **({"title": section.title} if section.title else {}))
            for row in section.rows:
                self._xml.start("Row")
                for column, cell in zip(section.columns, row, strict=True):
                    self._xml.put(column.name, _text(cell))
                self._xml.end()
            self._xml.end()


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    return f"{cell:%d/%m/%Y}" if isinstance(cell, date) else str(cell)
