"""Tables: wrapped cells between lines, the header again on every page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from workflow.printing.flow import Flow
from workflow.printing.pages import MM, Face, Rule

_PADDING = 3.0  # points, on each side of a cell's text
_LEADING = 1.2


@dataclass(frozen=True)
class Column:
    """A column: what heads it, how wide it is in millimetres, whether its text is centred."""

    title: str
    mm: float
    centred: bool = False


@dataclass(frozen=True)
class Row:
    """Texts for the columns; a single one goes across all of them. Line breaks are kept."""

    cells: Sequence[str]
    face: Face = ""


@dataclass(frozen=True)
class Table:
    """Columns and rows, in a size of type that may be smaller than the body's; `rows` are read
    once."""

    columns: Sequence[Column]
    rows: Iterable[Row]
    points: float = 12
    headed: bool = True


def draw(flow: Flow, table: Table) -> None:
    """Put a table under what is there.

    A row stays on one page if a page can hold it; one that no page can hold goes on on the next.
    Raises ValueError: the columns are wider than the page's text, or a row has too few cells.
    """
    _Drawing(flow, table).draw()


def beginning(flow: Flow, table: Table) -> float:
    """How high the first piece of a table is: what a heading over it has to stay with."""
    return _Drawing(flow, table).beginning


class _Drawing:
    def __init__(self, flow: Flow, table: Table) -> None:
        self._flow, self._table = flow, table
        self._leading = table.points * _LEADING
        widths = [column.mm * MM for column in table.columns]
        if sum(widths) > flow.format.room + 0.01:
            raise ValueError(f"columns of {sum(widths) / MM:g} mm do not fit the page")
        self._edges = list(accumulate(widths, initial=flow.format.left))
        titles = Row([column.title for column in table.columns], "B")
        self._header = self._cells(titles) if table.headed else []
        self._header_height = self._height(max(map(len, self._header))) if table.headed else 0

    @property
    def beginning(self) -> float:
        """A header never stands alone at the foot of a page."""
        return self._header_height + self._height(2)

    def draw(self) -> None:
        self._flow.keep(self.beginning)
        self._begin()
        for row in self._table.rows:
            self._row(row)
        self._flow.y += self._leading / 2

    def _begin(self) -> None:
        self._across()
        if self._header:
            self._piece(self._header, "B", [True] * len(self._header))

    def _row(self, row: Row) -> None:
        lines = self._cells(row)
        centred = [column.centred for column in self._table.columns][: len(lines)]
        if len(lines) == 1:
            centred = [False]
        count = max(map(len, lines))
        whole = self._flow.format.bottom - self._flow.format.top - self._header_height
        if self._height(count) <= whole:
            self._room(self._height(count))
            self._piece(lines, row.face, centred)
            return
        start = 0
        while start < count:
            self._room(self._height(1))
            room = self._flow.bottom - self._flow.y - 2 * _PADDING
            fitting = max(int((room + 0.01) / self._leading), 1)
            self._piece([cell[start : start + fitting] for cell in lines], row.face, centred)
            start += fitting

    def _room(self, height: float) -> None:
        """A new page with the header on it, if this one is too full."""
        if self._flow.keep(height):
            self._begin()

    def _piece(self, lines: list[list[str]], face: Face, centred: Sequence[bool]) -> None:
        """Lines of text with the frame left, right and under them."""
        flow, points = self._flow, self._table.points
        edges = self._edges if len(lines) > 1 else [self._edges[0], self._edges[-1]]
        top, height = flow.y, self._height(max(map(len, lines)))
        for cell, (left, right), middle in zip(lines, pairwise(edges), centred, strict=True):
            flow.y = top + _PADDING
            for line in cell:
                if middle:
                    flow.centred(line, (left + right) / 2, face, points, self._leading)
                else:
                    flow.place(line, left + _PADDING, face, points, self._leading)
                    flow.y += self._leading
        for edge in edges:
            flow.mark(Rule(edge, top, 0, height))
        flow.y = top + height
        self._across()

    def _across(self) -> None:
        left, right = self._edges[0], self._edges[-1]
        self._flow.mark(Rule(left, self._flow.y, right - left))

    def _height(self, lines: int) -> float:
        return lines * self._leading + 2 * _PADDING

    def _cells(self, row: Row) -> list[list[str]]:
        """Each cell's lines; at least one, so that an empty cell has its height."""
        if len(row.cells) not in (1, len(self._table.columns)):
            raise ValueError(f"{len(row.cells)} cells in {len(self._table.columns)} columns")
        edges = self._edges if len(row.cells) > 1 else [self._edges[0], self._edges[-1]]
        return [
            self._lines(text, row.face, right - left - 2 * _PADDING)
            for text, (left, right) in zip(row.cells, pairwise(edges), strict=True)
        ]

    def _lines(self, text: str, face: Face, width: float) -> list[str]:
        lines: list[str] = []
        for part in text.splitlines() or [""]:
            words = [
                (piece, face) for word in part.split() for piece in self._cut(word, face, width)
            ]
            wrapped = self._flow.wrap(words, self._table.points, width)
            lines += [" ".join(word for word, _ in line) for line in wrapped]
        return lines

    def _cut(self, word: str, face: Face, width: float) -> list[str]:
        """A word that is wider than its cell, such as a digest, goes on in the next line."""
        if self._wide(word, face) <= width:
            return [word]
        pieces = [""]
        for letter in word:
            while pieces[-1] and self._wide(pieces[-1] + letter, face) > width:
                # After a sign between two parts (12/BC-UBND), if there is one.
                at = max(pieces[-1].rfind(sign) for sign in "-/.") + 1 or len(pieces[-1])
                pieces[-1:] = [pieces[-1][:at], pieces[-1][at:]]
            pieces[-1] += letter
        return pieces

    def _wide(self, text: str, face: Face) -> float:
        return self._flow.measure(text, face, self._table.points)
