"""Working days in Vietnam, and by when the law wants each step done.

The limits are effective-dated data (`deadlines.toml`), because they change without us. Every
`*_at` is an aware UTC instant, every date a local one. Vietnam has kept UTC+7 without summer time
since 1975, so a fixed offset serves and nothing depends on the machine's time zone files.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from enum import StrEnum

from workflow.rules import lawfile
from workflow.rules.errors import InvalidDefinition, UnknownYear

VIETNAM = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")

_NOON = time(12)
_END_OF_DAY = time.max
_DAY = timedelta(days=1)
_SATURDAY = 5


def local_date(at: datetime) -> date:
    """Return the date in Vietnam at this instant. Raises ValueError for a naive time."""
    if at.utcoffset() is None:
        raise ValueError("a moment needs its offset")
    return at.astimezone(VIETNAM).date()


def end_of_day(on: date) -> datetime:
    """Return the last instant of a local date, in UTC: all that is done on that day is in time."""
    return _instant(on, _END_OF_DAY)


class Urgency(StrEnum):
    """How urgent a document is (ND 30/2020 Art. 4.2.c, Annex I III.2.b)."""

    NORMAL = "normal"
    URGENT = "urgent"
    VERY_URGENT = "very_urgent"
    FLASH = "flash"

    @property
    def label(self) -> str:
        """What is stamped on the document; empty for an ordinary one."""
        return _URGENCY_LABELS[self]


_URGENCY_LABELS = {
    Urgency.NORMAL: "",
    Urgency.URGENT: "Khẩn",
    Urgency.VERY_URGENT: "Thượng khẩn",
    Urgency.FLASH: "Hỏa tốc",
}


@dataclass(frozen=True)
class Calendar:
    """Which days are worked. Raises UnknownYear for a year nobody has declared.

    `holidays` are days off that would be worked, `working_days` days worked that would be off
    (Saturdays that make up for a bridge day).
    """

    known_years: frozenset[int]
    holidays: frozenset[date]
    working_days: frozenset[date] = frozenset()

    def is_working_day(self, on: date) -> bool:
        if on.year not in self.known_years:
            raise UnknownYear(on.year)
        if on in self.working_days:
            return True
        return on.weekday() < _SATURDAY and on not in self.holidays

    def next_working_day(self, on: date) -> date:
        """Return the first working day after `on`."""
        on += _DAY
        while not self.is_working_day(on):
            on += _DAY
        return on

    def last_working_day(self, on: date) -> date:
        """Return the last working day before `on`."""
        on -= _DAY
        while not self.is_working_day(on):
            on -= _DAY
        return on

    def add_working_days(self, on: date, days: int) -> date:
        """Return the working day that is `days` working days after `on`; 0 is `on` itself."""
        if days < 0:
            raise ValueError("deadlines run forward")
        for _ in range(days):
            on = self.next_working_day(on)
        return on


def working_days_between(calendar: Calendar, first: date, last: date) -> int:
    """Return how many working days have passed on `last` since `first`, which does not count."""
    passed = 0
    while first < last:
        first += _DAY
        passed += calendar.is_working_day(first)
    return passed


def working_day_after(at: datetime, calendar: Calendar) -> datetime:
    """The moment one working day later, counted from the end of the last one in a rest.

    Raises:
        UnknownYear
    """
    worked = _worked(at, calendar).astimezone(VIETNAM)
    return _instant(calendar.next_working_day(worked.date()), worked.time())


def working_day_before(at: datetime, calendar: Calendar) -> datetime:
    """The moment one working day earlier, counted likewise. Raises UnknownYear."""
    worked = _worked(at, calendar).astimezone(VIETNAM)
    return _instant(calendar.last_working_day(worked.date()), worked.time())


def _worked(at: datetime, calendar: Calendar) -> datetime:
    """The moment itself on a working day, in a rest the end of the working day before it."""
    on = local_date(at)
    return at if calendar.is_working_day(on) else end_of_day(calendar.last_working_day(on))


class Kind(StrEnum):
    """How a limit is counted from its start."""

    MINUTES = "minutes"
    END_OF_SAME_DAY = "end_of_same_day"
    END_OF_NEXT_WORKING_DAY = "end_of_next_working_day"
    NOON_OF_NEXT_WORKING_DAY = "noon_of_next_working_day"
    WORKING_DAYS = "working_days"
    CALENDAR_DAYS = "calendar_days"
    CALENDAR_MONTHS = "calendar_months"


_COUNTED = frozenset({Kind.MINUTES, Kind.CALENDAR_DAYS, Kind.CALENDAR_MONTHS})


@dataclass(frozen=True)
class DeadlineRule:
    """One limit while it is in force, both dates included; `urgent` rules serve urgent documents.

    `amount` is in the unit of `kind`; absent for working days means that the agency's own
    regulation says how many.
    """

    code: str
    name: str
    urgent: bool
    kind: Kind
    amount: int | None
    valid_from: date
    valid_to: date | None
    legal_basis: str

    def in_force(self, on: date) -> bool:
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)


def parse(text: str) -> tuple[DeadlineRule, ...]:
    """Read `deadlines.toml`. Raises InvalidDefinition with the place of the mistake."""
    root = lawfile.read("deadlines", text)
    rules: list[DeadlineRule] = []
    for table in root.tables("deadline"):
        rule = DeadlineRule(
            code=table.text("code"),
            name=table.text("name"),
            urgent=table.flag("urgent"),
            kind=Kind(table.one_of("kind", Kind)),
            amount=table.optional_number("amount"),
            valid_from=table.day("valid_from"),
            valid_to=table.optional_day("valid_to"),
            legal_basis=table.text("legal_basis"),
        )
        table.close()
        _check(table.place, rule, rules)
        rules.append(rule)
    root.close()
    return tuple(rules)


def due_at(
    code: str,
    start_at: datetime,
    urgency: Urgency,
    calendar: Calendar,
    rules: Sequence[DeadlineRule],
    days: int | None = None,
) -> datetime | None:
    """Return the instant by which `code` must be done, or None where the law sets no limit.

    An urgent document takes the urgent rule of its code, if there is one. `days` is what the
    agency's working regulation (or the leader) says for a rule counted in working days that
    names no amount. Raises UnknownYear, InvalidDefinition for a code the rules do not have.
    """
    started_on = local_date(start_at)
    if all(rule.code != code for rule in rules):
        raise InvalidDefinition(f"deadlines.{code}", "không có thời hạn này")
    in_force = [rule for rule in rules if rule.code == code and rule.in_force(started_on)]
    if urgency is not Urgency.NORMAL:
        in_force.sort(key=lambda rule: not rule.urgent)
    else:
        in_force = [rule for rule in in_force if not rule.urgent]
    return _due(in_force[0], start_at, calendar, days) if in_force else None


def _due(
    rule: DeadlineRule, start_at: datetime, calendar: Calendar, days: int | None
) -> datetime | None:
    on, amount = local_date(start_at), rule.amount or 0
    match rule.kind:
        case Kind.MINUTES:
            return start_at.astimezone(UTC) + timedelta(minutes=amount)
        case Kind.END_OF_SAME_DAY:
            return end_of_day(on)
        case Kind.END_OF_NEXT_WORKING_DAY:
            return end_of_day(calendar.next_working_day(on))
        case Kind.NOON_OF_NEXT_WORKING_DAY:
            return _instant(calendar.next_working_day(on), _NOON)
        case Kind.CALENDAR_DAYS:
            return end_of_day(on + timedelta(days=amount))
        case Kind.CALENDAR_MONTHS:
            return end_of_day(add_months(on, amount))
        case Kind.WORKING_DAYS:
            limit = rule.amount if rule.amount is not None else days
            return None if limit is None else end_of_day(calendar.add_working_days(on, limit))


def _instant(on: date, clock: time) -> datetime:
    return datetime.combine(on, clock, VIETNAM).astimezone(UTC)


def add_months(on: date, months: int) -> date:
    """Return the same day so many months later, or that month's last day."""
    years, month = divmod(on.month - 1 + months, 12)
    year = on.year + years
    return date(year, month + 1, min(on.day, monthrange(year, month + 1)[1]))


def _check(place: str, rule: DeadlineRule, others: Sequence[DeadlineRule]) -> None:
    if rule.kind in _COUNTED and rule.amount is None:
        raise InvalidDefinition(f"{place}.amount", "thiếu")
    if rule.kind not in _COUNTED | {Kind.WORKING_DAYS} and rule.amount is not None:
        raise InvalidDefinition(f"{place}.amount", f"“{rule.kind}” không dùng số lượng")
    if rule.valid_to is not None and rule.valid_to < rule.valid_from:
        raise InvalidDefinition(f"{place}.valid_to", "sớm hơn valid_from")
    for other in others:
        if (other.code, other.urgent) == (rule.code, rule.urgent) and _overlap(other, rule):
            raise InvalidDefinition(place, f"“{rule.code}” có hai quy định cùng một thời gian")


def _overlap(one: DeadlineRule, other: DeadlineRule) -> bool:
    first, second = sorted((one, other), key=lambda rule: rule.valid_from)
    return first.valid_to is None or second.valid_from <= first.valid_to
