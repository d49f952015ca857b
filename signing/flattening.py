"""Fields, stamps and notes as they look, made part of the page (ISO 32000-1, 12.5.5)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import isfinite

import pikepdf

_HIDDEN, _NO_VIEW = 1 << 1, 1 << 5  # bits of /F that keep an annotation off the screen


def flatten(page: pikepdf.Page) -> None:
    """Draw the annotations that show into the page; what they do is left behind."""
    drawn = []
    for appearance, matrix in _appearances(page.obj.get("/Annots")):
        name = page.add_resource(appearance, pikepdf.Name.XObject)
        numbers = " ".join(f"{number:.5f}" for number in matrix)
        drawn.append(b"q %s cm %s Do Q\n" % (numbers.encode(), name.unparse()))
    if drawn:
        # Whatever state the page's own content leaves behind ends before them.
        page.contents_add(b"q\n", prepend=True)
        page.contents_add(b"\nQ\n" + b"".join(drawn))


def _appearances(
    annotations: pikepdf.Object | None,
) -> Iterator[tuple[pikepdf.Stream, tuple[float, ...]]]:
    """What shows of each, and the matrix that puts it into its place; nonsense shows nothing."""
    if not isinstance(annotations, pikepdf.Array):
        return
    for annotation in annotations.as_list():
        if not isinstance(annotation, pikepdf.Dictionary):
            continue
        try:
            flags = int(annotation.get("/F", 0))
            appearance = _appearance(annotation)
            if flags & (_HIDDEN | _NO_VIEW) or appearance is None:
                continue
            placing = _placing(appearance, annotation)
            # Readers ask it of what a page draws, and not of what an annotation shows.
            appearance["/Subtype"] = pikepdf.Name.Form
            yield appearance, placing
        except (TypeError, ValueError, ArithmeticError):
            continue


def _appearance(annotation: pikepdf.Object) -> pikepdf.Stream | None:
    """The normal appearance, in the state that the annotation is in."""
    looks = annotation.get("/AP")
    normal = looks.get("/N") if isinstance(looks, pikepdf.Dictionary) else None
    if annotation.get("/Subtype") == "/Popup":
        return None
    if isinstance(normal, pikepdf.Dictionary) and not isinstance(normal, pikepdf.Stream):
        state = annotation.get("/AS")
        normal = normal.get(state) if isinstance(state, pikepdf.Name) else None
    return normal if isinstance(normal, pikepdf.Stream) else None


def _placing(appearance: pikepdf.Stream, annotation: pikepdf.Object) -> tuple[float, ...]:
    """What takes the appearance's box, turned by its own matrix, to the annotation's rectangle."""
    left, bottom, right, top = _numbers(appearance.get("/BBox"), 4)
    a, b, c, d, e, f = _numbers(appearance.get("/Matrix", [1, 0, 0, 1, 0, 0]), 6)
    corners = [
        (a * x + c * y + e, b * x + d * y + f) for x, y in product((left, right), (bottom, top))
    ]
    (from_left, from_right), (from_bottom, from_top) = (
        (min(side), max(side)) for side in zip(*corners, strict=True)
    )
    one_x, one_y, other_x, other_y = _numbers(annotation.get("/Rect"), 4)
    across = abs(other_x - one_x) / (from_right - from_left)
    up = abs(other_y - one_y) / (from_top - from_bottom)
    return (
        across,
        0,
        0,
        up,
        min(one_x, other_x) - from_left * across,
        min(one_y, other_y) - from_bottom * up,
    )


def _numbers(values: object, count: int) -> list[float]:
    """Raises ValueError or TypeError for anything but so many numbers."""
    numbers = [float(value) for value in values]  # type: ignore[attr-defined]
    if len(numbers) != count or not all(map(isfinite, numbers)):
        raise ValueError(numbers)
    return numbers
