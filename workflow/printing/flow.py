"""Line under line, page after page: what every document is set with."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from workflow.printing.pages import MM, PORTRAIT, Face, Format, Measure, Page, Rule, Run, Word

INDENT = 12.7 * MM  # Annex I, II.6.e
AFTER_PARAGRAPH = 6.0  # II.6.e: at least 6pt
_LEADING = 1.28  # of the body's size; single spacing is 1.15 (II.6.e: single to 1.5)


class Flow:
    """Pages being filled; `y` is the top of the next line, `bottom` where this page ends.

    Of a long document `full` takes each page that is full, so that `pages` holds the last one only.
    """

    def __init__(
        self,
        measure: Measure,
        points: float,
        page: Format = PORTRAIT,
        full: Callable[[Page], None] | None = None,
    ) -> None:
        self.measure = measure
        self.points = points
        self.leading = points * _LEADING
        self.format = page
        self.pages = [Page()]
        self._number = 1
        self._full = full
        self.y = page.top
        self.bottom = page.bottom

    def keep(self, height: float) -> bool:
        """Go on to the next page, with its number in the top margin (I.7), if this is too full.

        Whether it did.
        """
        if self.y + height <= self.bottom:
            return False
        if self._full is not None:
            self._full(self.pages.pop())
        self.pages.append(Page())
        self._number += 1
        self.bottom = self.format.bottom
        self.y = self.format.top / 2
        self.centred(str(self._number), self.format.middle, "", 13, 16)
        self.y = self.format.top
        return True

    def paragraph(self, words: Sequence[Word], indent: float = INDENT) -> None:
        """Justified, its first line set in."""
        lines = self.wrap(words, self.points, self.format.room, indent)
        for number, line in enumerate(lines):
            self.keep(self.leading)
            x = self.format.left + (0 if number else indent)
            widths = [self.measure(word, face, self.points) for word, face in line]
            gap = self.measure(" ", line[0][1], self.points)
            if number < len(lines) - 1 and len(line) > 1:
                gap = (self.format.right - x - sum(widths)) / (len(line) - 1)
            for (word, face), width in zip(line, widths, strict=True):
                self.place(word + " ", x, face, self.points, self.leading)
                x += width + gap
            self.y += self.leading
        self.y += AFTER_PARAGRAPH

    def height(self, words: Sequence[Word], indent: float = INDENT) -> float:
        """How high a paragraph will be."""
        lines = self.wrap(words, self.points, self.format.room, indent)
        return len(lines) * self.leading + AFTER_PARAGRAPH

    def wrap(
        self, words: Sequence[Word], points: float, width: float, indent: float = 0
    ) -> list[list[Word]]:
        """The words on lines of at most this width, the first shorter by `indent`."""
        lines: list[list[Word]] = [[]]
        room = width - indent
        for word, face in words:
            needed = self.measure(word, face, points)
            if lines[-1] and needed > room:
                lines.append([])
                room = width
            lines[-1].append((word, face))
            room -= needed + self.measure(" ", face, points)
        return lines

    def balanced(self, text: str, face: Face, points: float, width: float) -> list[str]:
        """As few lines as fit into `width`, about equally long; line breaks are kept."""
        balanced: list[str] = []
        for part in text.splitlines():
            words = [(word, face) for word in part.split()]
            lines = self.wrap(words, points, width)
            narrower, room = lines, width
            while len(narrower) == len(lines) and room > width / 4:
                lines, room = narrower, room - 6
                narrower = self.wrap(words, points, room)
            balanced += [" ".join(word for word, _ in line) for line in lines]
        return balanced

    def centred(self, text: str, centre: float, face: Face, points: float, leading: float) -> float:
        """A line around `centre`; how wide it is."""
        width = self.measure(text, face, points)
        self.place(text, centre - width / 2, face, points, leading)
        self.y += leading
        return width

    def place(self, text: str, x: float, face: Face, points: float, leading: float) -> None:
        """Words on the line that begins at `y`, which stays."""
        ascent, height = 0.891 * points, 1.107 * points  # Tinos', as of Times New Roman
        self.mark(Run(x, self.y + (leading - height) / 2 + ascent, text, face, points))

    def rule(self, centre: float, length: float, gap: float) -> None:
        """A line across, `gap` under what is above it."""
        self.mark(Rule(centre - length / 2, self.y + gap, length))

    def mark(self, mark: Run | Rule) -> None:
        self.pages[-1].marks.append(mark)
