"""Working days in Vietnam: a kept library's holidays, overridden by rows, never guessed.

The library computes Labour Code 2019 Art. 112 and carries the swaps the government announced. The
schedule of a year is announced in the last months of the year before, so this release knows the
years up to `LAST_KNOWN_YEAR`; a later year becomes known when the province enters its days.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import date
from functools import cache

import holidays
from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow.records import CalendarDay, Organisation, OrganisationName
from workflow.rules.deadlines import Calendar

FIRST_KNOWN_YEAR = 2013
LAST_KNOWN_YEAR = 2027


@cache
def _shipped(year: int) -> tuple[frozenset[date], frozenset[date]]:
    """Holidays and compensatory working Saturdays that the library carries for a year."""
    days = holidays.country_holidays("VN", years=year)
    return frozenset(days), frozenset(day for day in days.weekend_workdays if day.year == year)


def seats(session: Session, organisation_id: uuid.UUID, on: date) -> list[uuid.UUID]:
    """The organisation and those it is placed under, nearest first."""
    found: list[uuid.UUID] = []
    at: uuid.UUID | None = organisation_id
    while at is not None and at not in found:
        found.append(at)
        at = session.scalar(
            select(OrganisationName.parent_id).where(
                OrganisationName.organisation_id == at,
                OrganisationName.holds_on(on),
            )
        )
    return found


def those_under(
    session: Session, organisations: Collection[uuid.UUID], on: date
) -> frozenset[uuid.UUID]:
    """These organisations and all that are placed under them on a day, at whatever depth."""
    top = (
        select(Organisation.id)
        .where(Organisation.id.in_(organisations))
        .cte("under", recursive=True)
    )
    # `union` and not `union all`: a circle ends.
    every = top.union(
        select(OrganisationName.organisation_id).where(
            OrganisationName.parent_id == top.c.id, OrganisationName.holds_on(on)
        )
    )
    return frozenset(session.scalars(select(every.c.id)))


def calendar_of(session: Session, organisation_id: uuid.UUID, on: date) -> Calendar:
    """The calendar an organisation lives by: its own days win over those of its province."""
    own: dict[date, bool] = {}
    nearest_first = seats(session, organisation_id, on)
    rows = session.scalars(
        select(CalendarDay).where(CalendarDay.organisation_id.in_(nearest_first))
    ).all()
    for row in sorted(rows, key=lambda row: -nearest_first.index(row.organisation_id)):
        own[row.day_on] = row.working
    # A deadline asked for today falls in this year, the next or (Tết in between) not much later.
    years = {on.year - 1, on.year, on.year + 1}
    known = {year for year in years if FIRST_KNOWN_YEAR <= year <= LAST_KNOWN_YEAR}
    known |= {day.year for day in own}
    off: set[date] = set()
    worked: set[date] = set()
    for year in known:
        shipped_off, shipped_worked = _shipped(year)
        off |= shipped_off
        worked |= shipped_worked
    off = (off | {day for day, working in own.items() if not working}) - {
        day for day, working in own.items() if working
    }
    worked = (worked | {day for day, working in own.items() if working}) - off
    return Calendar(
        known_years=frozenset(known), holidays=frozenset(off), working_days=frozenset(worked)
    )
