"""What a viewer shows of a file, and of what was signed of it."""

from __future__ import annotations

import re

import pypdfium2 as pdfium
from PIL import Image

_RANGE = re.compile(rb"/ByteRange \[0 +\d+ +(\d+) +(\d+)")


def signed_part(content: bytes) -> bytes:
    """The revision that the first signature covers."""
    found = _RANGE.search(content)
    assert found is not None
    return content[: int(found[1]) + int(found[2])]


def picture(content: bytes) -> Image.Image | None:
    """Page one as Chromium's renderer draws it, fields included; None when it shows nothing."""
    try:
        with pdfium.PdfDocument(content) as document:
            document.init_forms()
            drawn: Image.Image = document[0].render(scale=0.5).to_pil().convert("L")
            return drawn
    except pdfium.PdfiumError:
        return None


def changed(content: bytes) -> bool:
    """Whether a viewer shows something else than what was signed."""
    before, after = picture(signed_part(content)), picture(content)
    return before is None or after is None or before.tobytes() != after.tobytes()
