"""The demo on a terminal: progress while it runs, tables at the end, as wide as the window."""

from __future__ import annotations

import os
import shutil
import textwrap
import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import TextIO

from api.commands.checking import VERDICTS
from api.demo.story import Measured, SignedFile, Step, Story
from workflow.rules.reasons import Reason

_GREEN, _RED, _BOLD, _DIM = "32", "31", "1", "2"
_NARROWEST, _WIDEST = 60, 120
_FRACTIONS = {
    "outgoing_processed": "Văn bản đi xử lý trên Hệ thống",
    "outgoing_signed": "Văn bản đi ký số đầy đủ",
    "incoming_processed": "Văn bản đến xử lý trên Hệ thống",
    "incoming_signed": "Văn bản đến ký số đầy đủ",
}


class Screen:
    """Writes to `out`; colours only for a person's eyes (a terminal, and no NO_COLOR)."""

    def __init__(self, out: TextIO, columns: int | None = None) -> None:
        self._out = out
        columns = columns or shutil.get_terminal_size((100, 40)).columns
        self._width = max(_NARROWEST, min(columns, _WIDEST))
        self._colours = out.isatty() and "NO_COLOR" not in os.environ

    def chapter(self, title: str) -> None:
        """What happens next."""
        self.line()
        self.line(title, _BOLD)

    def step(self, step: Step) -> None:
        """What happened."""
        self.line(f"  {self._tick(step)} {step.name} → {step.got}")
        if not step.ok:
            self.line(f"      mong đợi: {step.expected}", _RED)
        for note in step.notes:
            for part in textwrap.wrap(note, self._width - 6):
                self.line(f"      {part}", _DIM)

    def outcome(self, story: Story) -> None:
        """Everything again as tables."""
        self._heading("Từng bước")
        rows: list[tuple[str, ...]] = []
        marks: list[str | None] = []  # None: the row is a heading
        for chapter in story.chapters:
            rows.append((chapter.title, "", ""))
            marks.append(None)
            for step in chapter.steps:
                rows.append((step.name, step.expected, step.got))
                marks.append(self._tick(step))
        self._table(("Bước", "Mong đợi", "Nhận được"), rows, marks)
        if story.files:
            self._heading("Tệp PDF")
            self._table(
                ("Tệp", "Vanthu", "pdfsig"),
                [(one.file, VERDICTS[one.verdict], _pdfsig(one)) for one in story.files],
            )
        for measured in story.measured:
            self._heading(f"Chỉ số {measured.indicator['period']}: {measured.organisation}")
            counted, counted_marks = _fractions(measured)
            head = ("Chỉ số", "Giá trị", "Lý do của từng dòng sổ")
            self._table(head, counted, counted_marks)

    def line(self, text: str = "", colour: str | None = None) -> None:
        """One line, seen at once even through a pipe."""
        self._out.write(self._painted(text, colour) + "\n")
        self._out.flush()

    def _heading(self, text: str) -> None:
        self.line()
        self.line(text, _BOLD)

    def _table(
        self,
        head: Sequence[str],
        rows: Sequence[Sequence[str]],
        marks: Sequence[str | None] | None = None,
    ) -> None:
        """Columns as wide as they need, narrowed where the window is; rows without a mark are
        headings of those after them."""
        marked = marks or [" "] * len(rows)
        measured = [head, *(row for row, mark in zip(rows, marked, strict=True) if mark)]
        widths = _widths(measured, self._width - 2 - 2 * (len(head) - 1))
        rule = "─" * (sum(widths) + 2 * len(widths))
        self._row(" ", head, widths, _BOLD)
        self.line(rule, _DIM)
        for mark, row in zip(marked, rows, strict=True):
            if mark is None:
                for part in textwrap.wrap(row[0], len(rule)):
                    self.line(part, _BOLD)
            else:
                self._row(mark, row, widths)
        self.line(rule, _DIM)

    def _row(
        self, mark: str, cells: Sequence[str], widths: Sequence[int], colour: str | None = None
    ) -> None:
        wrapped = [
            textwrap.wrap(_one_wide(cell), width) or [""]
            for cell, width in zip(cells, widths, strict=True)
        ]
        for number in range(max(map(len, wrapped))):
            parts = [
                (lines[number] if number < len(lines) else "").ljust(width)
                for lines, width in zip(wrapped, widths, strict=True)
            ]
            text = "  ".join(parts).rstrip()
            self.line(f"{' ' if number else mark} {self._painted(text, colour)}")

    def _tick(self, step: Step) -> str:
        return self._painted("✓", _GREEN) if step.ok else self._painted("✗", _RED)

    def _painted(self, text: str, colour: str | None) -> str:
        return f"\033[{colour}m{text}\033[0m" if colour and self._colours and text else text


def _widths(rows: Sequence[Sequence[str]], room: int) -> list[int]:
    """What each column needs; while that is too much, the widest gives way."""
    widths = [max(len(_one_wide(cell)) for cell in column) for column in zip(*rows, strict=True)]
    while sum(widths) > room:
        widths[widths.index(max(widths))] -= 1
    return widths


def _one_wide(text: str) -> str:
    """Every letter one column: an accent apart from its letter would be counted as one more."""
    return unicodedata.normalize("NFC", text)


def _pdfsig(one: SignedFile) -> str:
    if one.pdfsig is None:
        return "không có trên máy này"
    return "; ".join(f"{count} × {said}" for said, count in Counter(one.pdfsig).items())


def _fractions(measured: Measured) -> tuple[list[tuple[str, str, str]], list[str | None]]:
    """A row for each fraction of those issuers that have rows in a register."""
    rows: list[tuple[str, str, str]] = []
    marks: list[str | None] = []
    for issuer in measured.indicator["issuers"]:
        counted = [name for name in _FRACTIONS if issuer[name]["rows"]]
        if counted:
            rows.append((issuer["issuer"], "", ""))
            marks.append(None)
        for name in counted:
            fraction = issuer[name]
            reasons = "; ".join(
                f"{count} {Reason(reason).label}" for reason, count in fraction["reasons"].items()
            )
            value = f"{fraction['numerator']}/{fraction['denominator']} = {fraction['text']}"
            rows.append((_FRACTIONS[name], value, reasons))
            marks.append(" ")
    return rows, marks
