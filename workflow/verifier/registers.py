"""The registers of an organisation: numbers without gap or double, and dates that never go back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

from workflow.verifier.findings import Found, Rule


class Entered(NamedTuple):
    """An entry of a register, as its row says."""

    id: str
    register: str
    year: int
    number: int
    code: str | None
    on: date
    issuer_key: str
    document: str


class _Series(NamedTuple):
    key: tuple[str, str, int]
    number: int
    on: date
    at: datetime


@dataclass
class Registers:
    """Reads the entries of one organisation in the order of its chain.

    Series of a year before `whole_from` may have begun before the rows of the bundle do.
    """

    organisation: str
    whole_from: int
    found: Found
    _series: dict[str, _Series] = field(default_factory=dict)
    _codes: set[int] = field(default_factory=set)

    def enter(self, row_id: str, columns: Mapping[str, Any], at: datetime) -> Entered:
        """Take the next entry, journalled at `at`. Raises ValueError or TypeError for no entry."""
        on = date.fromisoformat(columns["entered_on"])
        number, year, code = columns["number"], columns["year"], columns["code"]
        if type(number) is not int or type(year) is not int:
            raise ValueError("a number is a whole number")
        key = (columns["issuer_key"], columns["register"], year)
        place = f"register_entry {row_id}"
        which = f"{columns['register']} {code or number}/{year}"
        entered_at = datetime.fromisoformat(columns["entered_at"])
        if (
            columns["organisation_id"] != self.organisation
            or on.year != year  # the register's year is that of the document's date
            or entered_at != at
        ):
            self.found.add(Rule.ENTRY_WRONG, place, self.organisation, which)
        last = self._series.get(columns["series_id"])
        if last is None:
            if number != 1 and year >= self.whole_from:
                self.found.add(Rule.NUMBER_GAP, place, self.organisation, f"{which}: begins here")
        else:
            if last.key != key:
                self.found.add(Rule.ENTRY_WRONG, place, self.organisation, f"{which}: two series")
            if number > last.number + 1:
                self.found.add(
                    Rule.NUMBER_GAP, place, self.organisation, f"{which}: after {last.number}"
                )
            elif number <= last.number:
                self.found.add(
                    Rule.NUMBER_DOUBLE, place, self.organisation, f"{which}: after {last.number}"
                )
            if on < last.on:  # ND 30/2020 Art. 15.1: numbers and dates run in one order
                self.found.add(
                    Rule.DATE_BACK, place, self.organisation, f"{which}: {on} after {last.on}"
                )
            elif entered_at < last.at:
                self.found.add(
                    Rule.DATE_BACK,
                    place,
                    self.organisation,
                    f"{which}: {entered_at} then {last.at}",
                )
        self._series[columns["series_id"]] = _Series(key, number, on, entered_at)
        if code is not None:
            seen = hash((columns["issuer_key"], columns["register"], year, code))
            if seen in self._codes:
                self.found.add(Rule.NUMBER_DOUBLE, place, self.organisation, which)
            self._codes.add(seen)
        return Entered(
            row_id,
            columns["register"],
            year,
            number,
            code,
            on,
            columns["issuer_key"],
            columns["document_id"],
        )
