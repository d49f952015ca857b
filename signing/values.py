"""Values of PDF objects: as they are written, where they lead, and as what."""

from __future__ import annotations

from collections.abc import Iterable

from pyhanko.pdf_utils import generic

from signing.reading import entry
from signing.references import Key

_RAW, _DECRYPTED = generic.EncryptedObjAccess.RAW, generic.EncryptedObjAccess.TRANSPARENT


def key_of(value: generic.PdfObject | None) -> Key | None:
    """The object that a value refers to; None for a direct value."""
    if isinstance(value, generic.IndirectObject):
        return value.idnum, value.generation
    return None


def present(value: generic.PdfObject | None) -> generic.PdfObject | None:
    """A null says as much as no entry (§7.3.9)."""
    return None if isinstance(value, generic.NullObject) else value


def raw(dictionary: generic.DictionaryObject, key: str) -> generic.PdfObject | None:
    """The value of a key as written, None when it is absent.

    A signature's value is never encrypted (ISO 32000-2 §7.6.2).
    """
    if key not in dictionary:
        return None
    plain = key == "/Contents" and "/ByteRange" in dictionary
    value: generic.PdfObject = dictionary.raw_get(key, decrypt=_RAW if plain else _DECRYPTED)
    return value


def parts(value: generic.PdfObject | None) -> Iterable[generic.PdfObject]:
    """The values in a dictionary or an array, as written."""
    if isinstance(value, generic.DictionaryObject):
        return [value.raw_get(key, decrypt=_RAW) for key in value]
    if isinstance(value, generic.ArrayObject):
        return [value.raw_get(place, decrypt=_RAW) for place in range(len(value))]
    return ()


def dictionary_of(value: generic.PdfObject | None) -> generic.DictionaryObject:
    """The dictionary that a value is or leads to; an empty one for anything else."""
    found = value.get_object() if value is not None else None
    return found if isinstance(found, generic.DictionaryObject) else generic.DictionaryObject()


def array_of(value: generic.PdfObject | None) -> generic.ArrayObject:
    """The array that a value is or leads to; an empty one for anything else."""
    found = value.get_object() if value is not None else None
    return found if isinstance(found, generic.ArrayObject) else generic.ArrayObject()


def text_of(dictionary: generic.DictionaryObject, key: str) -> str:
    """A name or text; empty when there is none."""
    return str(entry(dictionary, key) or "")
