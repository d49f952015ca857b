"""The indicator of many seats: added up by kind of issuer, month by month, and ranked.

UBND, HĐND and others are never pooled with one another: what is added up over organisations is
each kind of issuer apart. All of it is counted from the same tallies as a single seat.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction as Exact
from itertools import groupby

from sqlalchemy import select

from workflow.facts.completeness import (
    EnteredLast,
    JournalPlace,
    Reconciled,
    begun,
    compared,
    entered_last,
    journal_places,
)
from workflow.facts.indicator import Tallied, issuers_of, tallied
from workflow.facts.placement import Placed, beneath
from workflow.office import Reading
from workflow.records import Issuer
from workflow.rules import indicator
from workflow.rules.completeness import REGISTERS
from workflow.rules.errors import Invalid, NotFound
from workflow.rules.identifiers import fold
from workflow.rules.indicator import Count, Fraction, Indicator, Period

MOST_MONTHS = 60
NOBODY = ""
"""The kind of issuer of what came to a seat from which nobody issues."""


@dataclass(frozen=True)
class KindSum:
    """What the issuers of one kind reached, added up; `organisations` have rows in it."""

    kind: str
    organisations: int
    indicator: Indicator


@dataclass(frozen=True)
class Behind:
    """An organisation of a subtree: how many rows of its registers fall into the period."""

    placed: Placed
    issuers: int
    rows: int
    journal: JournalPlace


@dataclass(frozen=True)
class Subtree:
    """The sums, and every organisation behind them, also those that add nothing."""

    sums: Sequence[KindSum]
    organisations: Sequence[Behind]


@dataclass(frozen=True)
class Point:
    """One month: of a seat by issuer, of a subtree by kind of issuer.

    `unattributed` rows of a seat count with nobody: see `IndicatorReport`.
    """

    period: Period
    definition_version: int
    found: Sequence[tuple[Issuer | KindSum, Indicator]]
    unattributed: int
    reconciled: Sequence[Reconciled]


@dataclass(frozen=True)
class Ranked:
    """A commune's place by one fraction; none where there is nothing to divide by (N/A).

    `reconciled` is what it entered of lists from outside, of every register and source.
    """

    rank: int | None
    placed: Placed
    issuers: int
    indicator: Indicator
    journal: JournalPlace
    reconciled: Sequence[Reconciled]


def subtree_of(
    reading: Reading,
    organisation_id: uuid.UUID,
    period: Period,
    *,
    register: str | None = None,
    type_code: str | None = None,
) -> Subtree:
    """An organisation and all under it, in a constant number of queries. Raises NotFound."""
    placed = _beneath(reading, organisation_id, period)
    ids = [one.organisation_id for one in placed]
    issuers = _issuers(reading, ids)
    rows = list(tallied(reading, ids, period, register=register, type_code=type_code))
    count = _Kinds(reading, issuers)
    many = dict.fromkeys(ids, 0)
    for one in rows:
        count.add(one, period)
        many[one.organisation_id] += one.many
    seats = [issuer.organisation_id for issuer in issuers.values()]
    places = journal_places(reading, ids)
    return Subtree(
        count.sums(period),
        [
            Behind(
                one,
                seats.count(one.organisation_id),
                many[one.organisation_id],
                places[one.organisation_id],
            )
            for one in placed
        ],
    )


def series_of(
    reading: Reading,
    organisation_id: uuid.UUID,
    months: Sequence[Period],
    *,
    register: str | None = None,
    type_code: str | None = None,
    subtree: bool = False,
) -> list[Point]:
    """Each month by its own definition. Raises NotFound, Invalid."""
    span = Period(f"{months[0].label}..{months[-1].label}", months[0].first_on, months[-1].last_on)
    for month in months:
        indicator.definition_for(reading.office.law.indicator, month)
    if subtree:
        ids = [one.organisation_id for one in _beneath(reading, organisation_id, span)]
        issuers = _issuers(reading, ids)
    else:
        ids = [organisation_id]
        issuers = {str(issuer.id): issuer for issuer in issuers_of(reading, organisation_id)}
    by_month: dict[int, list[Tallied]] = {}
    for year in _years(months):
        for one in tallied(
            reading, ids, year, register=register, type_code=type_code, monthly=True
        ):
            by_month.setdefault(one.month, []).append(one)
    seats = {issuer.organisation_id for issuer in issuers.values()}
    begun_months = begun(reading, span)
    entered = entered_last(reading, seats, begun_months)
    books = [register] if register else [*REGISTERS]
    points = []
    for month in months:
        month_number = month.first_on.year * 100 + month.first_on.month
        rows = by_month.get(month_number, [])
        definition = indicator.definition_for(reading.office.law.indicator, month)
        found: list[tuple[Issuer | KindSum, Indicator]]
        unattributed = 0
        if subtree:
            kinds = _Kinds(reading, issuers)
            for one in rows:
                kinds.add(one, month)
            found = [(one, one.indicator) for one in kinds.sums(month)]
        else:
            counts = {issuer: _count(reading, month) for issuer in issuers}
            for one in rows:
                if one.issuer_id in counts:
                    counts[one.issuer_id].add(one.row, one.many)
                else:
                    unattributed += one.many
            found = [(issuers[one], count.indicator(one, month)) for one, count in counts.items()]
        here = [one for one in entered if one.month == month_number]
        begun_now = [month_number] if month_number in begun_months else []
        lists = compared(here, len(seats), begun_now, books)
        points.append(Point(month, definition.version, found, unattributed, lists))
    return points


def _years(months: Sequence[Period]) -> list[Period]:
    """The months year by year: tallies are kept so."""
    return [
        Period(f"{year}", held[0].first_on, held[-1].last_on)
        for year, in_it in groupby(months, key=lambda month: month.first_on.year)
        for held in [list(in_it)]
    ]


def ranking_of(
    reading: Reading, organisation_id: uuid.UUID, period: Period, *, by: str, issuer_kind: str
) -> list[Ranked]:
    """The communes under an organisation by one fraction of their issuers of one kind, exactly.

    Equal fractions share a rank and stand by name; without anything to divide by (N/A) a commune
    has none and stands last. Raises NotFound.
    """
    communes = [one for one in _beneath(reading, organisation_id, period) if one.kind == "commune"]
    ids = [one.organisation_id for one in communes]
    issuers = {
        key: issuer for key, issuer in _issuers(reading, ids).items() if issuer.kind == issuer_kind
    }
    counts = {one: _count(reading, period) for one in ids}
    for row in tallied(reading, ids, period):
        if row.issuer_id in issuers:
            counts[row.organisation_id].add(row.row, row.many)
    seats = [issuer.organisation_id for issuer in issuers.values()]
    found = [(one, counts[one.organisation_id].indicator(issuer_kind, period)) for one in communes]
    found.sort(key=lambda pair: (*_order(getattr(pair[1], by)), fold(pair[0].name), pair[0].code))
    shares = [_share(getattr(reached, by)) for _, reached in found]
    places = journal_places(reading, ids)
    months = begun(reading, period)
    entered: dict[uuid.UUID, list[EnteredLast]] = {one: [] for one in ids}
    for said in entered_last(reading, ids, months):
        entered[said.organisation_id].append(said)
    return [
        Ranked(
            None if share is None else shares.index(share) + 1,
            placed,
            seats.count(placed.organisation_id),
            reached,
            places[placed.organisation_id],
            compared(entered[placed.organisation_id], 1, months),
        )
        for (placed, reached), share in zip(found, shares, strict=True)
    ]


def months_between(first: str, last: str) -> list[Period]:
    """The months of a series. Raises Invalid: no months, in the wrong order, or too many."""
    months = []
    for name, text in (("from", first), ("to", last)):
        try:
            period = indicator.parse_period(text)
        except Invalid:
            period = None
        if period is None or period.first_on.month != period.last_on.month:
            raise Invalid([(f"/{name}", "Phải là một tháng, ví dụ 2026-11.")])
        months.append(period)
    begin, end = (one.first_on.year * 12 + one.first_on.month - 1 for one in months)
    if not 0 <= end - begin < MOST_MONTHS:
        raise Invalid([("/to", f"Chuỗi phải có từ 1 đến {MOST_MONTHS} tháng.")])
    return [
        indicator.parse_period(f"{month // 12:04d}-{month % 12 + 1:02d}")
        for month in range(begin, end + 1)
    ]


class _Kinds:
    """What is being added up over organisations, each kind of issuer apart."""

    def __init__(self, reading: Reading, issuers: Mapping[str, Issuer]) -> None:
        self._reading, self._issuers = reading, issuers
        self._counts: dict[str, Count] = {}
        self._seats: dict[str, set[uuid.UUID]] = {}
        for issuer in issuers.values():
            self._seats.setdefault(issuer.kind, set())

    def add(self, one: Tallied, period: Period) -> None:
        issuer = self._issuers.get(one.issuer_id)
        kind = NOBODY if issuer is None else issuer.kind
        if kind not in self._counts:
            self._counts[kind] = _count(self._reading, period)
        self._counts[kind].add(one.row, one.many)
        self._seats.setdefault(kind, set()).add(one.organisation_id)

    def sums(self, period: Period) -> list[KindSum]:
        return [
            KindSum(
                kind,
                len(seats),
                self._counts.get(kind, _count(self._reading, period)).indicator(kind, period),
            )
            for kind, seats in sorted(self._seats.items())
        ]


def _count(reading: Reading, period: Period) -> Count:
    definition = indicator.definition_for(reading.office.law.indicator, period)
    return Count(definition, reading.now, production=not reading.office.settings.development)


def _beneath(reading: Reading, organisation_id: uuid.UUID, period: Period) -> list[Placed]:
    placed = beneath(reading, organisation_id, period)
    if not placed:
        raise NotFound("Cơ quan")
    return placed


def _issuers(reading: Reading, ids: Collection[uuid.UUID]) -> dict[str, Issuer]:
    rows = reading.session.scalars(
        select(Issuer).where(Issuer.organisation_id.in_(ids)).order_by(Issuer.id)
    )
    return {str(issuer.id): issuer for issuer in rows}


def _share(fraction: Fraction) -> Exact | None:
    """The fraction as it is compared: by integers, never by its text."""
    return Exact(fraction.numerator, fraction.denominator) if fraction.denominator else None


def _order(fraction: Fraction) -> tuple[bool, Exact]:
    share = _share(fraction)
    return share is None, -(share or Exact(0))
