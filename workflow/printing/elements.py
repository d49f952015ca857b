"""XML written element after element, so that memory holds one record (UTF-8, XML 1.0)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import BinaryIO
from xml.sax.saxutils import escape, quoteattr

from workflow.rules.fields import Element

_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0 §2.2


def allowed(text: str) -> str:
    """The text with a sign in place of each character that XML cannot hold."""
    return _FORBIDDEN.sub("\ufffd", text)


class Elements:
    """Writes to `out`; what was started is ended in turn."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._open: list[str] = []
        out.write(b'<?xml version="1.0" encoding="UTF-8"?>\n')

    def start(self, name: str, /, **attributes: str) -> None:
        """Start an element that others are put into."""
        said = "".join(f" {key}={quoteattr(allowed(value))}" for key, value in attributes.items())
        self._line(f"<{name}{said}>")
        self._open.append(name)

    def end(self) -> None:
        """End what was started last."""
        name = self._open.pop()
        self._line(f"</{name}>")

    def put(self, name: str, content: str | Sequence[Element]) -> None:
        """An element with its text, or with elements in it."""
        if isinstance(content, str):
            # A reader would make a line feed of a carriage return (XML 1.0 §2.11).
            text = escape(allowed(content), {"\r": "&#13;"})
            self._line(f"<{name}>{text}</{name}>")
            return
        self.start(name)
        for inner, held in content:
            self.put(inner, held)
        self.end()

    def _line(self, text: str) -> None:
        self._out.write(b" " * (2 * len(self._open)) + text.encode() + b"\n")
