"""Numbers, symbols and dates of documents, and the series that numbers are taken from.

ND 30/2020 Art. 15 and Annex I part I II.3-4 (documents), part II II.1.c (copies).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from workflow.rules.errors import (
    DateBeforeSeries,
    Invalid,
    InvalidDefinition,
    RegisterYearMismatch,
    SeriesUndefined,
)

_SYMBOL = re.compile(r"[^\W_](?:[^\W_]|[&.])*(?:-[^\W_](?:[^\W_]|[&.])*)*")
_RECEIVED = re.compile(
    r"(?:số ?:? ?)?(?P<number>[0-9]{1,10})(?P<suffix>[^\W\d_]?)"
    r"(?:/(?P<year>(?:19|20)[0-9]{2}))?/(?P<notation>[^\s/]+(?:/[^\s/]+)*)",
    re.IGNORECASE,
)
_AROUND_SEPARATOR = re.compile(r" ?([/-]) ?")
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—−", "-"))


def number_text(number: int) -> str:
    """Return a number as it is written: Arabic digits, below ten with a zero (Annex I II.3.c)."""
    if number < 1:
        raise ValueError("numbers start at 1")
    return f"{number:02d}"


def notation(abbreviation: str | None, symbol: str, unit: str | None = None) -> str:
    """Return the symbol (ký hiệu): `QĐ-UBND`, or for công văn `UBND-VX` (Annex I II.3.b).

    `abbreviation` is the type's (None for types without one), `symbol` the issuer's, `unit` that
    of the drafting unit or field. Raises Invalid when a group is missing or badly written.
    """
    groups = [abbreviation, symbol] if abbreviation is not None else [symbol, unit]
    errors: list[tuple[str, str]] = []
    for pointer, group in zip(_POINTERS[abbreviation is None], groups, strict=True):
        if not group:
            errors.append((pointer, "Công văn cần chữ viết tắt đơn vị soạn thảo hoặc lĩnh vực."))
        elif not _SYMBOL.fullmatch(unicodedata.normalize("NFC", group)):
            errors.append((pointer, f"“{group}” không phải chữ viết tắt hợp lệ (không cách chữ)."))
    if errors:
        raise Invalid(errors)
    return unicodedata.normalize("NFC", "-".join(group for group in groups if group))


_POINTERS = {False: ("/abbreviation", "/symbol"), True: ("/symbol", "/unit")}


def code(number: int, notation: str) -> str:
    """Return the number and symbol together: `05/QĐ-UBND`."""
    return f"{number_text(number)}/{notation}"


def number_line(code: str) -> str:
    """Return the line printed under the issuer's name: `Số: 05/QĐ-UBND`."""
    return f"Số: {code}"


def date_text(on: date) -> str:
    """Return a date as written: days below 10 and months 1 and 2 with a zero (II.4.b)."""
    month = f"{on.month:02d}" if on.month <= 2 else str(on.month)
    return f"ngày {on.day:02d} tháng {month} năm {on.year}"


def place_and_date(place: str, on: date) -> str:
    """Return the whole line: `Định Hưng, ngày 05 tháng 01 năm 2026` (II.4.c)."""
    return f"{place}, {date_text(on)}"


@dataclass(frozen=True)
class ReceivedCode:
    """The number and symbol of an incoming document, read leniently.

    `raw` is what stood there, untouched. `number` is None when it could not be read; `suffix` is
    a letter after the number (`12a/…`); `year` the group of a legal document (`18/2022/QĐ-TTg`).
    """

    raw: str
    number: int | None = None
    suffix: str = ""
    year: int | None = None
    notation: str = ""

    @property
    def text(self) -> str:
        """The code in its usual form, or what stood there when it could not be read."""
        if self.number is None:
            return " ".join(unicodedata.normalize("NFC", self.raw).split())
        year = "" if self.year is None else f"{self.year}/"
        return f"{number_text(self.number)}{self.suffix}/{year}{self.notation}"


def parse_received(raw: str) -> ReceivedCode:
    """Read the code of an incoming document; never refuses: others may write `12/CV-UBND`."""
    text = " ".join(unicodedata.normalize("NFC", raw).translate(_DASHES).split())
    found = _RECEIVED.fullmatch(_AROUND_SEPARATOR.sub(r"\1", text))
    if found is None or int(found["number"]) == 0:
        return ReceivedCode(raw)
    year = found["year"]
    return ReceivedCode(
        raw, int(found["number"]), found["suffix"], int(year) if year else None, found["notation"]
    )


COPIES = "copies"
"""The kind of the one series that numbers all paper copies (Annex I part II II.1.c)."""


@dataclass(frozen=True)
class SeriesRule:
    """A series of an issuer and the types it numbers (Art. 15.1.c: the head of agency decides).

    `kind` names the series within its issuer and year; `doc_types` are codes of types, None the
    general series, which numbers every type no other rule names.
    """

    kind: str
    doc_types: frozenset[str] | None = None


def one_per_type(doc_types: Iterable[str]) -> tuple[SeriesRule, ...]:
    """Return the grouping in which each type has its own series."""
    return tuple(SeriesRule(doc_type, frozenset({doc_type})) for doc_type in doc_types)


def check_series(rules: Iterable[SeriesRule]) -> None:
    """Refuse rules under which a type would have two series. Raises InvalidDefinition."""
    kinds: set[str] = set()
    named: set[str] = set()
    general = 0
    for rule in rules:
        if rule.kind in kinds or rule.kind == COPIES:
            raise InvalidDefinition(f"series.{rule.kind}", "tên hệ thống số đã được dùng")
        twice = named & (rule.doc_types or frozenset())
        if twice:
            raise InvalidDefinition(f"series.{rule.kind}", f"{sorted(twice)} đã có hệ thống số")
        kinds.add(rule.kind)
        named |= rule.doc_types or frozenset()
        general += rule.doc_types is None
    if general > 1:
        raise InvalidDefinition("series", "chỉ có một hệ thống số chung")


@dataclass(frozen=True)
class SeriesKey:
    """One counter: an issuer's series in one year, common to paper and electronic (Art. 15.1).

    Councils and boards that issue under the agency's seal are issuers of their own, so that they
    count apart (Annex I II.3.a).
    """

    issuer_id: str
    year: int
    kind: str


def series_of(issuer_id: str, on: date, doc_type: str, rules: Iterable[SeriesRule]) -> SeriesKey:
    """Return the counter that numbers a document of this type and date. Raises SeriesUndefined.

    The register's year is the year of the document's date.
    """
    general = None
    for rule in rules:
        if rule.doc_types is None:
            general = rule.kind
        elif doc_type in rule.doc_types:
            return SeriesKey(issuer_id, on.year, rule.kind)
    if general is None:
        raise SeriesUndefined(doc_type)
    return SeriesKey(issuer_id, on.year, general)


def copies_series(issuer_id: str, on: date) -> SeriesKey:
    """Return the counter that numbers paper copies of every form made on this date."""
    return SeriesKey(issuer_id, on.year, COPIES)


def allocate(last_number: int, last_on: date | None, on: date, *, year: int) -> int:
    """Return the next number of a series for a document dated `on`.

    `last_number` and `last_on` are the last number given and its date (0 and None in a fresh
    series), `year` is the series' year. Voided and recalled documents keep their numbers, so they
    count as given. Raises RegisterYearMismatch, and DateBeforeSeries since numbers and dates run
    in one order (Art. 15.1).

    A number given on 31/12 and sealed in January stays what it is: number, date and register are
    those of 31/12, because they belong to the date of the document and not to the moment of the
    agency's signature. The first document dated in January starts the new year's series at 01;
    a document dated 31/12 can still be numbered in the old series as long as its series has no
    later date.
    """
    if on.year != year:
        raise RegisterYearMismatch(year, on)
    if last_on is not None and last_on.year != year:
        raise RegisterYearMismatch(year, last_on)
    if last_on is not None and on < last_on:
        raise DateBeforeSeries(last_on, on)
    return last_number + 1
