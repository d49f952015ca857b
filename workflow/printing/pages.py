"""Pages and the marks on them. Lengths are points from the upper left corner of the page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

Face = Literal["", "B", "I", "BI"]
Measure = Callable[[str, Face, float], float]
"""The width of a text in a face of a size."""
Word = tuple[str, Face]

MM = 72 / 25.4


@dataclass(frozen=True)
class Format:
    """A page's size, and where its text begins and ends."""

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float

    @property
    def room(self) -> float:
        """How wide the text is."""
        return self.right - self.left

    @property
    def middle(self) -> float:
        return (self.left + self.right) / 2


def _a4(width: float, height: float) -> Format:
    # Annex I, I.3: left 30-35, right 15-20, top and bottom 20-25 mm.
    return Format(width, height, 30 * MM, width - 20 * MM, 20 * MM, height - 20 * MM)


PORTRAIT = _a4(210 * MM, 297 * MM)
#: For what is mostly tables (Annex I, I.2).
LANDSCAPE = _a4(297 * MM, 210 * MM)


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
    """A thin line, across for `length` or down for `height`."""

    x: float
    y: float
    length: float
    height: float = 0.0


@dataclass
class Page:
    """One page's marks, and where the signer's hand goes when it is on this page."""

    marks: list[Run | Rule] = field(default_factory=list)
    hand: tuple[float, float] | None = None  # the middle of the room left for it
