"""The pages of a stranger's PDF as objects that can stand in another file.

Run in the sandbox. What a page shows is taken over; what it could do is not: no scripts, actions,
links, attachments or forms. Fields and stamps become part of the page as they look.
"""

from __future__ import annotations

from array import array
from collections import deque
from decimal import Decimal
from typing import BinaryIO

import pikepdf

from signing.errors import SigningRefused, UnreadablePdf
from signing.extracts import Extract
from signing.flattening import flatten

#: Of one file; more is no document that somebody reads.
MOST_PAGES, MOST_OBJECTS = 20_000, 500_000
#: What a page looks like, and nothing else (ISO 32000-1, table 30); the first four are inherited.
_INHERITED = ("/Resources", "/MediaBox", "/CropBox", "/Rotate")
_OWN = ("/Contents", "/UserUnit", "/Group")
#: What leads out of the page or the file, and adds nothing to its looks.
_LEFT_OUT = frozenset(
    {"/Metadata", "/PieceInfo", "/OPI", "/StructParent", "/StructParents", "/Ref"}
)
#: A stream whose content would be read from elsewhere (7.3.8.2).
_OUTSIDE = frozenset({"/F", "/FFilter", "/FDecodeParms", "/Length"})
_DEEPEST = 100  # of a tree of pages
_A4 = (0, 0, Decimal("595.28"), Decimal("841.89"))


def extract(source: BinaryIO, target: BinaryIO, first: int, parent: int) -> Extract:
    """Write the pages of `source` to `target` as objects numbered from `first`.

    Their /Parent is the object `parent`, which the volume has.

    Raises:
        UnreadablePdf: no PDF with pages. SigningRefused: encrypted, or hidden layers, which
            would show.
    """
    try:
        with pikepdf.open(source) as pdf:
            _refuse(pdf)
            for page in pdf.pages:
                flatten(page)
            offsets, pages = _Writer(target, first, parent).write(pdf)
            return Extract(offsets, pages, mended=bool(pdf.get_warnings()))
    except pikepdf.PasswordError as fault:
        raise _locked() from fault
    except pikepdf.PdfError as fault:
        raise UnreadablePdf("cấu trúc tệp bị hỏng.") from fault
    except RuntimeError as fault:
        # To decrypt, qpdf looks for random numbers in /dev, where a child finds nothing.
        if "random" in str(fault):
            raise _locked() from fault
        raise UnreadablePdf("cấu trúc tệp bị hỏng.") from fault


def _locked() -> SigningRefused:
    return SigningRefused("encrypted", "Tệp PDF được đặt mật khẩu.")


def _refuse(pdf: pikepdf.Pdf) -> None:
    if pdf.is_encrypted:
        raise _locked()
    if not 0 < len(pdf.pages) <= MOST_PAGES:
        raise UnreadablePdf("tệp không có trang nào, hoặc có quá nhiều trang.")
    layers = pdf.Root.get("/OCProperties")
    shown = layers.get("/D") if isinstance(layers, pikepdf.Dictionary) else None
    if isinstance(shown, pikepdf.Dictionary) and (
        len(shown.get("/OFF", ())) or shown.get("/BaseState", "/ON") != "/ON"
    ):
        raise SigningRefused("layers", "Tệp có lớp nội dung ẩn, ghép vào sẽ hiện ra.")


class _Writer:
    """Numbers objects as they are met, and writes them in that order."""

    def __init__(self, target: BinaryIO, first: int, parent: int) -> None:
        self._target, self._parent = target, parent
        self._first = self._next = first
        self._numbers: dict[tuple[int, int], int] = {}
        self._waiting: deque[tuple[int, pikepdf.Object]] = deque()
        self._offsets = array("Q")

    def write(self, pdf: pikepdf.Pdf) -> tuple[array[int], array[int]]:
        pages = array("Q")
        for page in pdf.pages:
            number = self._number()
            pages.append(number)
            self._begin(number)
            self._target.write(self._page(page.obj))
            self._target.write(b"\nendobj\n")
            while self._waiting:
                self._object(*self._waiting.popleft())
        return self._offsets, pages

    def _number(self) -> int:
        number, self._next = self._next, self._next + 1
        if number - self._first >= MOST_OBJECTS:
            raise UnreadablePdf("tệp có quá nhiều đối tượng.")
        return number

    def _begin(self, number: int) -> None:
        # Written in the order of their numbers: the queue is first in, first out.
        assert number == self._first + len(self._offsets)
        self._offsets.append(self._target.tell())
        self._target.write(b"%d 0 obj\n" % number)

    def _page(self, page: pikepdf.Object) -> bytes:
        parts = [b"/Type /Page", b"/Parent %d 0 R" % self._parent]
        kept = {name: _inherited(page, name) for name in _INHERITED}
        kept |= {name: page.get(name) for name in _OWN}
        if kept["/MediaBox"] is None:
            kept["/MediaBox"] = pikepdf.Array(_A4)
        for name, value in kept.items():
            if value is not None:
                parts.append(name.encode() + b" " + self._value(value))
        return b"<< " + b" ".join(parts) + b" >>"

    def _object(self, number: int, value: pikepdf.Object) -> None:
        self._begin(number)
        if isinstance(value, pikepdf.Stream):
            content = value.read_raw_bytes()
            written = self._entries(value.stream_dict, _LEFT_OUT | _OUTSIDE)
            self._target.write(b"<< %s /Length %d >>\nstream\n" % (written, len(content)))
            self._target.write(content)
            self._target.write(b"\nendstream")
        else:
            self._target.write(self._direct(value))
        self._target.write(b"\nendobj\n")

    def _value(self, value: pikepdf.Object | bool | int | Decimal | None) -> bytes:
        """A value where another one names it: a reference, if it is an object of its own."""
        if not isinstance(value, pikepdf.Object):
            return _scalar(value)
        if not value.is_indirect:
            return self._direct(value)
        if isinstance(value, pikepdf.Dictionary) and value.get("/Type") in ("/Page", "/Pages"):
            return b"null"  # a page stands in its tree only
        number = self._numbers.get(value.objgen)
        if number is None:
            number = self._numbers[value.objgen] = self._number()
            self._waiting.append((number, value))
        return b"%d 0 R" % number

    def _direct(self, value: pikepdf.Object) -> bytes:
        if isinstance(value, pikepdf.Dictionary):
            return b"<< " + self._entries(value, _LEFT_OUT) + b" >>"
        if isinstance(value, pikepdf.Array):
            return b"[ " + b" ".join(map(self._value, value.as_list())) + b" ]"
        return value.unparse()

    def _entries(self, value: pikepdf.Object, left_out: frozenset[str]) -> bytes:
        return b" ".join(
            pikepdf.Name(name).unparse() + b" " + self._value(entry)
            for name, entry in value.items()
            if name not in left_out
        )


def _scalar(value: bool | int | Decimal | None) -> bytes:
    """What pikepdf gives as Python's own: null, true and false, numbers."""
    if value is None:
        return b"null"
    if isinstance(value, bool):
        return b"true" if value else b"false"
    return (str(value) if isinstance(value, int) else f"{value:f}").encode()


def _inherited(page: pikepdf.Object, name: str) -> pikepdf.Object | None:
    for _ in range(_DEEPEST):
        value = page.get(name)
        if value is not None:
            return value
        above = page.get("/Parent")
        if not isinstance(above, pikepdf.Dictionary):
            return None
        page = above
    return None
