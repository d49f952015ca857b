"""What appearances are made of, as PDF objects."""

from __future__ import annotations

import zlib
from collections.abc import Mapping

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name

_DEEPEST_TREE = 64


def dictionary(entries: Mapping[str, generic.PdfObject]) -> generic.DictionaryObject:
    """A dictionary with its keys as PDF names."""
    return generic.DictionaryObject({pdf_name(key): value for key, value in entries.items()})


def deflated(
    data: bytes, entries: Mapping[str, generic.PdfObject] | None = None
) -> generic.StreamObject:
    """A stream that is compressed here, with these entries in its dictionary."""
    return compressed(zlib.compress(data), entries or {})


def compressed(deflated: bytes, entries: Mapping[str, generic.PdfObject]) -> generic.StreamObject:
    """A stream of what zlib has compressed already."""
    return generic.StreamObject(
        dictionary({"/Filter": pdf_name("/FlateDecode"), **entries}), encoded_data=deflated
    )


def numbers(*values: float) -> generic.ArrayObject:
    """An array of numbers, such as a box."""
    return generic.ArrayObject(
        generic.NumberObject(value) if isinstance(value, int) else generic.FloatObject(value)
        for value in values
    )


def inherited(page: generic.PdfObject | None, key: str) -> generic.PdfObject | None:
    """What a page says under a key, or the tree of pages over it (ISO 32000-2 §7.7.3.4)."""
    for _ in range(_DEEPEST_TREE):
        if not isinstance(page, generic.DictionaryObject):
            break
        if key in page:
            found: generic.PdfObject = page[key]
            return found
        page = page["/Parent"] if "/Parent" in page else None  # noqa: SIM401  `get` follows nothing
    return None
