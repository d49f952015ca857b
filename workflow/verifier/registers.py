"""The registers of an organisation: numbers without gap or double, and dates that never go back."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from workflow.rules.deadlines import local_date
from workflow.verifier.findings import Found, Rule
from workflow.verifier.rows import RegisterEntry


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

    def enter(self, row: RegisterEntry, at: datetime) -> None:
        """Take the next entry, journalled at `at`."""
        on, number, year, code = row.entered_on, row.number, row.year, row.code
        key = (row.issuer_key, row.register, year)
        place = row.place
        which = f"{row.register} {code or number}/{year}"
        if (
            row.organisation_id != self.organisation
            or on.year != year  # the register's year is that of the document's date
            or on != local_date(at)  # a number has the day on which it is given (Art. 15)
            or row.entered_at != at
        ):
            self.found.add(Rule.ENTRY_WRONG, place, self.organisation, which)
        last = self._series.get(row.series_id)
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
            elif row.entered_at < last.at:
                then = f"{row.entered_at} then {last.at}"
                self.found.add(Rule.DATE_BACK, place, self.organisation, f"{which}: {then}")
        self._series[row.series_id] = _Series(key, number, on, row.entered_at)
        if code is not None:
            seen = hash((*key, code))
            if seen in self._codes:
                self.found.add(Rule.NUMBER_DOUBLE, place, self.organisation, which)
            self._codes.add(seen)
