"""Reads a written book back: the cells of an XLSX, the text of a PDF."""

from __future__ import annotations

import zipfile
from datetime import date, timedelta
from typing import BinaryIO
from xml.etree import ElementTree as ET

import pypdfium2 as pdfium

_NS = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
#: Excel's first day, as it counts from 1900.
_EPOCH = date(1899, 12, 30)


class Sheet:
    """A worksheet: `rows` have text, numbers, and None for an empty cell."""

    def __init__(self, xml: bytes, dates: set[int]) -> None:
        self.root = ET.fromstring(xml)  # noqa: S314  our own
        self.formulas = len(list(self.root.iter(f"{_NS}f")))
        self.rows = [
            [self._value(cell, dates) for cell in row] for row in self.root.iter(f"{_NS}row")
        ]

    @staticmethod
    def _value(cell: ET.Element, dates: set[int]) -> str | int | date | None:
        if cell.get("t") == "inlineStr":
            return "".join(cell.itertext())
        value = cell.find(f"{_NS}v")
        if value is None or value.text is None:
            return None
        number = int(value.text)
        return _EPOCH + timedelta(days=number) if int(cell.get("s", 0)) in dates else number

    def below(self, title: str) -> list[list[str | int | date | None]]:
        """The rows under the one that begins with this title, and under the count of columns."""
        start = next(n for n, row in enumerate(self.rows) if row and row[0] == title)
        width = len(self.rows[start])
        found = []
        for row in self.rows[start + 2 :]:
            if len(row) != width:
                break
            found.append(row)
        return found


def sheets(file: BinaryIO) -> list[Sheet]:
    """The worksheets of a workbook."""
    with zipfile.ZipFile(file) as book:
        styles = ET.fromstring(book.read("xl/styles.xml"))  # noqa: S314  our own
        formats = {
            one.get("numFmtId")
            for one in styles.iter(f"{_NS}numFmt")
            if "yyyy" in one.attrib["formatCode"]
        }
        used = styles.find(f"{_NS}cellXfs")
        assert used is not None
        dates = {n for n, one in enumerate(used) if one.get("numFmtId") in formats}
        names = sorted(name for name in book.namelist() if name.startswith("xl/worksheets/sheet"))
        return [Sheet(book.read(name), dates) for name in names]


def pages(file: BinaryIO) -> list[str]:
    """The text of each page, with spaces and line breaks alike."""
    document = pdfium.PdfDocument(file.read())
    try:
        found = []
        for page in document:
            text = page.get_textpage()
            found.append(" ".join(text.get_text_range().split()))
            text.close()
            page.close()
        return found
    finally:
        document.close()
