"""The canonical form: one value, one encoding, so that a digest is of what is said.

It is the JSON of RFC 8785 without floating point numbers: keys sorted, no spaces, UTF-8, text in
Unicode NFC.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any, NoReturn
from uuid import UUID

LARGEST_INT = 2**53 - 1  # RFC 8785 §3.2.2.3: beyond it other languages lose digits


class NotCanonical(ValueError):  # noqa: N818  it states what the value is
    """A value or bytes without exactly one canonical form. A fault, not a refusal."""


def plain(value: object) -> object:
    """Return `value` in the JSON subset: None, bool, int, str, list, dict.

    UUIDs become text, aware datetimes UTC ISO 8601 with microseconds and `Z`, dates ISO 8601,
    bytes lower-case hexadecimal, tuples lists; text is normalised to NFC.
    Raises NotCanonical for anything else: floats, naive datetimes, integers beyond ±(2^53 - 1),
    lone surrogates, keys that are not text or meet after normalisation.
    """
    return _PLAINLY.get(type(value), _by_likeness)(value)


def canonical(value: object) -> bytes:
    """Return the one canonical encoding of `value`. Raises NotCanonical (see `plain`)."""
    return _ENCODER.encode(plain(value)).encode("utf-8")


def decoded(data: bytes) -> Any:
    """Return the value whose canonical encoding is exactly `data`. Raises NotCanonical.

    What is decoded and encodes to the same text again has its one form as JSON. So only what JSON
    leaves open is looked at beside it: auditors read millions of these.
    """
    try:
        text = data.decode("utf-8")
        value = _DECODER.decode(text)
        # Quotes part the strings and compose with nothing: the text is normal when each of them is.
        if _ENCODER.encode(value) == text and unicodedata.is_normalized("NFC", text):
            return value
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise NotCanonical(f"not canonical: {error}") from error
    raise NotCanonical("not the canonical bytes of a value")


def _integer(value: int) -> int:
    if not -LARGEST_INT <= value <= LARGEST_INT:
        raise NotCanonical(f"the integer {value} is beyond 2^53 - 1")
    return int(value)


def _sequence(value: list[object] | tuple[object, ...]) -> list[object]:
    return [plain(item) for item in value]


def _mapping(value: Mapping[object, object]) -> dict[str, object]:
    result = {_key(key): plain(item) for key, item in value.items()}
    if len(result) != len(value):
        raise NotCanonical("two keys are the same text after normalisation")
    return result


def _by_likeness(value: object) -> object:
    """Of a type that only resembles one with a form: an enumeration, a named tuple, a proxy."""
    match value:
        case int():
            return _integer(value)
        case str():
            return _text(value)
        case UUID():
            return str(value)
        case datetime():
            return moment(value)
        case date():
            return value.isoformat()
        case bytes():
            return value.hex()
        case list() | tuple():
            return _sequence(value)
        case Mapping():
            return _mapping(value)
        case _:
            raise NotCanonical(f"{type(value).__name__} has no canonical form")


def _text(value: str) -> str:
    if value.isascii():
        return value
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise NotCanonical("text with a lone surrogate") from error
    return unicodedata.normalize("NFC", value)


def _key(value: object) -> str:
    if not isinstance(value, str):
        raise NotCanonical(f"a key of type {type(value).__name__}")
    return _text(value)


def moment(value: object) -> str:
    """A moment in UTC with microseconds. Raises NotCanonical for one without its offset."""
    if not isinstance(value, datetime) or value.utcoffset() is None:
        raise NotCanonical("a moment needs its offset")
    return value.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def _refuse_number(literal: str) -> NoReturn:
    raise NotCanonical(f"{literal} is not an integer")


_DECODER = json.JSONDecoder(parse_float=_refuse_number, parse_constant=_refuse_number)
#: What is written most, by its exact type.
_PLAINLY: Mapping[type, Callable[[Any], object]] = {
    type(None): lambda value: value,
    bool: lambda value: value,
    int: _integer,
    str: _text,
    UUID: str,
    datetime: moment,
    date: date.isoformat,
    bytes: bytes.hex,
    list: _sequence,
    tuple: _sequence,
    dict: _mapping,
    MappingProxyType: _mapping,
}
_ENCODER = json.JSONEncoder(
    ensure_ascii=False,
    allow_nan=False,
    sort_keys=True,
    separators=(",", ":"),
    check_circular=False,  # what is written was just made anew, by `plain` or the decoder
)
