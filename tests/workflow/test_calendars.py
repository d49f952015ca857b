from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date, timedelta

import pytest

from workflow.actor import Actor
from workflow.calendars import FIRST_KNOWN_YEAR, LAST_KNOWN_YEAR, calendar_of
from workflow.office import Office
from workflow.rules.deadlines import Calendar
from workflow.rules.errors import UnknownYear
from workflow.structure import set_calendar_day

Acting = Callable[[str], Actor]
Seat = Callable[[str], uuid.UUID]
PROVINCE, COORDINATION, COMMUNE = "H56", "H56.MAU.01", "H56.MAU.02"


def _calendar(office: Office, organisation_id: uuid.UUID, on: date) -> Calendar:
    with office.reading(None) as reading:
        return calendar_of(reading.session, organisation_id, on)


def _set(office: Office, actor: Actor, organisation_id: uuid.UUID, on: date, works: bool) -> None:
    with office.transaction(actor) as tx:
        set_calendar_day(tx, organisation_id, on, working=works, basis="Thông báo của UBND tỉnh")


DAYS = {
    date(2026, 1, 1): False,  # Tết Dương lịch
    date(2026, 2, 13): True,  # the last day before Tết
    **{date(2026, 2, 16) + timedelta(days=n): False for n in range(5)},  # Tết Bính Ngọ
    date(2026, 2, 23): True,
    date(2026, 4, 27): False,  # Giỗ Tổ falls on a Sunday: the Monday after
    date(2026, 4, 30): False,
    date(2026, 5, 1): False,
    date(2026, 8, 22): True,  # a Saturday worked for the Monday before National Day
    date(2026, 8, 31): False,
    date(2026, 9, 1): False,
    date(2026, 9, 2): False,
    date(2026, 9, 3): True,
    date(2026, 8, 29): False,  # an ordinary Saturday
}


def test_the_days_of_2026(office: Office, seat: Seat) -> None:
    calendar = _calendar(office, seat(COMMUNE), date(2026, 6, 1))
    assert {on: calendar.is_working_day(on) for on in DAYS} == DAYS


def test_tet_is_stepped_over(office: Office, seat: Seat) -> None:
    calendar = _calendar(office, seat(COMMUNE), date(2026, 2, 13))
    assert calendar.next_working_day(date(2026, 2, 13)) == date(2026, 2, 23)
    assert calendar.add_working_days(date(2026, 8, 21), 1) == date(2026, 8, 22)


def test_what_the_province_orders_holds_in_its_communes(
    office: Office, acting: Acting, seat: Seat
) -> None:
    storm = date(2026, 11, 25)
    _set(office, acting("tinh.quantri"), seat(PROVINCE), storm, False)
    for code in (PROVINCE, COORDINATION, COMMUNE):
        assert not _calendar(office, seat(code), storm).is_working_day(storm)
    # The commune works all the same, by its own decision; its neighbour does not.
    _set(office, acting("xa.quantri"), seat(COMMUNE), storm, True)
    assert _calendar(office, seat(COMMUNE), storm).is_working_day(storm)
    assert not _calendar(office, seat(COORDINATION), storm).is_working_day(storm)


def test_what_a_commune_orders_stays_there(office: Office, acting: Acting, seat: Seat) -> None:
    saturday = date(2026, 11, 28)
    _set(office, acting("xa.quantri"), seat(COMMUNE), saturday, True)
    assert _calendar(office, seat(COMMUNE), saturday).is_working_day(saturday)
    assert not _calendar(office, seat(PROVINCE), saturday).is_working_day(saturday)
    _set(office, acting("xa.quantri"), seat(COMMUNE), saturday, False)
    assert not _calendar(office, seat(COMMUNE), saturday).is_working_day(saturday)


def test_a_compensated_saturday_can_be_called_off(
    office: Office, acting: Acting, seat: Seat
) -> None:
    saturday, monday = date(2026, 8, 22), date(2026, 8, 31)
    _set(office, acting("tinh.quantri"), seat(PROVINCE), saturday, False)
    _set(office, acting("tinh.quantri"), seat(PROVINCE), monday, True)
    calendar = _calendar(office, seat(COMMUNE), saturday)
    assert not calendar.is_working_day(saturday)
    assert calendar.is_working_day(monday)


@pytest.mark.parametrize("year", [FIRST_KNOWN_YEAR - 1, LAST_KNOWN_YEAR + 1])
def test_a_year_nobody_declared_is_refused_and_not_guessed(
    office: Office, seat: Seat, year: int
) -> None:
    calendar = _calendar(office, seat(COMMUNE), date(year, 6, 1))
    with pytest.raises(UnknownYear, match=str(year)):
        calendar.is_working_day(date(year, 6, 1))


def test_a_deadline_that_runs_into_an_unknown_year_is_refused(office: Office, seat: Seat) -> None:
    last = date(LAST_KNOWN_YEAR, 12, 31)
    with pytest.raises(UnknownYear):
        _calendar(office, seat(COMMUNE), last).next_working_day(last)


def test_rows_of_the_province_declare_a_year(office: Office, acting: Acting, seat: Seat) -> None:
    year = LAST_KNOWN_YEAR + 1
    bridge = next(
        day for n in range(7) if (day := date(year, 6, 1) + timedelta(days=n)).weekday() == 0
    )
    _set(office, acting("tinh.quantri"), seat(PROVINCE), bridge, False)
    calendar = _calendar(office, seat(COMMUNE), bridge)
    assert not calendar.is_working_day(bridge)
    assert calendar.is_working_day(bridge + timedelta(days=1))
    assert not calendar.is_working_day(date(year, 1, 1))  # what the law fixes needs no row
