"""Rectangles on a page: in its own coordinates, and as it is read when it is cropped or turned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from signing.fields import Box


class Rect(NamedTuple):
    """A rectangle on a page as it is read: from the lower left corner of what is shown."""

    left: float
    bottom: float
    right: float
    top: float

    @property
    def middle(self) -> float:
        return (self.left + self.right) / 2

    def meets(self, other: Rect) -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.bottom < other.top
            and other.bottom < self.top
        )

    def around(self, other: Rect) -> Rect:
        return Rect(
            min(self.left, other.left),
            min(self.bottom, other.bottom),
            max(self.right, other.right),
            max(self.top, other.top),
        )


@dataclass(frozen=True)
class Shown:
    """What a viewer shows of a page: the part in its own coordinates, and how it is turned."""

    page: int
    part: Rect
    turned: int

    @property
    def size(self) -> tuple[float, float]:
        wide, high = self.part.right - self.part.left, self.part.top - self.part.bottom
        return (high, wide) if self.turned % 180 else (wide, high)

    def upright(self, own: Rect) -> Rect:
        """A rectangle of the page's own coordinates as it is read."""
        left, bottom, right, top = self.part
        match self.turned:
            case 90:
                sides = own.bottom - bottom, right - own.right, own.top - bottom, right - own.left
            case 180:
                sides = right - own.right, top - own.top, right - own.left, top - own.bottom
            case 270:
                sides = top - own.top, own.left - left, top - own.bottom, own.right - left
            case _:
                sides = own.left - left, own.bottom - bottom, own.right - left, own.top - bottom
        return Rect(*sides)

    def box(self, read: Rect) -> Box:
        """A rectangle as it is read in the page's own coordinates."""
        left, bottom, right, top = self.part
        match self.turned:
            case 90:
                sides = (
                    right - read.top,
                    bottom + read.left,
                    right - read.bottom,
                    bottom + read.right,
                )
            case 180:
                sides = right - read.right, top - read.top, right - read.left, top - read.bottom
            case 270:
                sides = left + read.bottom, top - read.right, left + read.top, top - read.left
            case _:
                sides = left + read.left, bottom + read.bottom, left + read.right, bottom + read.top
        own = Rect(*sides)
        return Box(self.page, own.left, own.bottom, own.right - own.left, own.top - own.bottom)
