"""Who receives, appraises and takes over in a province: said by its administrator alone."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta

import pytest

from tests.workflow.conftest import Clock
from tests.workflow.desk import Desk
from workflow.facts.jurisdiction import jurisdiction_of, province_of
from workflow.jurisdictions import (
    charge,
    duties_of,
    routes_of,
    set_route,
    succeed,
    successions_of,
)
from workflow.organisations import Description, create_organisation
from workflow.parties import successor_of
from workflow.records import AppraisalDuty, DossierRoute, OrganisationName, Succession
from workflow.rules.errors import Duplicate, Forbidden, GuardsUnmet, Invalid, NotFound

ADMIN, COMMUNE_ADMIN, OFFICE_ADMIN = "tinh.quantri", "xa.quantri", "vpdp.quantri"
OFFICE, NN, KH = "H56.MAU.01", "H56.MAU.03", "H56.MAU.04"
FIELD, KIND = "giao_duc", "ocop_product"


@pytest.fixture
def province(desk: Desk) -> uuid.UUID:
    return desk.seat("H56")


@pytest.fixture
def today(desk: Desk) -> date:
    return desk.see(ADMIN, lambda reading: reading.today)


def made(
    desk: Desk, code: str, kind: str = "commune", *, under: uuid.UUID | None = None
) -> uuid.UUID:
    """A further organisation, founded by the system long ago."""
    with desk.office.transaction(None) as tx:
        description = Description(code, f"Cơ quan {code}", kind, "Mẫu", under)
        since = date(2020, 1, 1) if under is None else tx.today - timedelta(days=30)
        return create_organisation(tx, description, resolve_days=5, valid_from=since).id


def charged(desk: Desk, province: uuid.UUID, on: date) -> list[uuid.UUID]:
    rows = desk.see(ADMIN, duties_of, province, on)
    return [row.organisation_id for row in rows if row.field == FIELD]


def test_the_office_named_for_the_kind_comes_before_the_general_one(
    desk: Desk, province: uuid.UUID, today: date
) -> None:
    named = desk.see(ADMIN, jurisdiction_of, desk.commune, KIND)
    assert (named.province_id, named.office_id) == (province, desk.seat(OFFICE))
    assert named.district_id is None
    route = desk.do(ADMIN, set_route, province, KIND, desk.seat(NN))
    assert desk.see(ADMIN, jurisdiction_of, desk.commune, KIND).office_id == desk.seat(NN)
    other = desk.see(ADMIN, jurisdiction_of, desk.commune, "smart_commune")
    assert other.office_id == desk.seat(OFFICE)
    # Another from a later day on: until then the one of today, and the day before is its last.
    later = today + timedelta(days=10)
    desk.do(ADMIN, set_route, province, KIND, desk.seat(KH), valid_from=later)
    assert desk.one(DossierRoute, DossierRoute.id == route.id).valid_to == later
    assert desk.see(ADMIN, jurisdiction_of, desk.commune, KIND).office_id == desk.seat(NN)
    kinds = [row.kind_code for row in desk.see(COMMUNE_ADMIN, routes_of, province, later)]
    assert sorted(kinds, key=str) == [None, KIND]
    desk.check_journals()


def test_a_missing_route_or_province_says_what_to_do(desk: Desk) -> None:
    lonely = made(desk, "H99")
    with pytest.raises(GuardsUnmet, match=r"chưa được đặt dưới UBND tỉnh nào.*cần khai báo"):
        desk.see(ADMIN, jurisdiction_of, lonely, KIND)
    elsewhere = made(desk, "H57", "province")
    with pytest.raises(GuardsUnmet, match=r"chưa quy định cơ quan tiếp nhận.*ocop_product.*khai"):
        desk.see(ADMIN, jurisdiction_of, made(desk, "H57.1", under=elsewhere), KIND)


def test_a_district_takes_part_until_it_is_gone(
    desk: Desk, clock: Clock, province: uuid.UUID
) -> None:
    old_province = made(desk, "H58", "province")
    with desk.office.transaction(None) as tx:
        since = date(2020, 1, 1)
        ids = []
        above = old_province
        for code, kind in (("H58.1", "district"), ("H58.1.1", "commune")):
            described = Description(code, f"Cơ quan {code}", kind, "Mẫu", above)
            above = create_organisation(tx, described, resolve_days=5, valid_from=since).id
            ids.append(above)
        set_route(tx, old_province, None, above, valid_from=since)
    district, commune = ids

    def of() -> uuid.UUID | None:
        with desk.office.reading(None) as reading:
            held = jurisdiction_of(reading, commune, KIND)
            assert held.province_id == old_province
            return held.district_id

    clock.set(datetime(2025, 6, 30, 16, 59, tzinfo=UTC))  # 23:59 in Vietnam
    assert of() == district
    clock.set(datetime(2025, 6, 30, 17, 0, tzinfo=UTC))
    assert of() is None


def test_another_department_is_charged_from_a_day_on(
    desk: Desk, province: uuid.UUID, today: date
) -> None:
    assert charged(desk, province, today) == [desk.seat(KH)]
    with pytest.raises(Duplicate, match="đang được giao"):
        desk.do(ADMIN, charge, province, FIELD, desk.seat(KH))
    later = today + timedelta(days=5)
    desk.do(ADMIN, charge, province, FIELD, desk.seat(NN), valid_from=later)
    assert charged(desk, province, later - timedelta(days=1)) == [desk.seat(KH)]
    assert charged(desk, province, later) == [desk.seat(NN)]
    with pytest.raises(Invalid, match="Đã có quy định khác từ ngày"):
        desk.do(ADMIN, charge, province, FIELD, desk.seat(KH), valid_from=today)
    # Never two on one day, whatever was written.
    for offset in range(10):
        assert len(charged(desk, province, today + timedelta(days=offset))) == 1
    assert len(desk.rows(AppraisalDuty, AppraisalDuty.field == FIELD)) == 2


def test_a_mistake_of_today_is_put_right_today(
    desk: Desk, province: uuid.UUID, today: date
) -> None:
    desk.do(ADMIN, charge, province, FIELD, desk.seat(NN))
    desk.do(ADMIN, charge, province, FIELD, desk.seat(KH))
    assert charged(desk, province, today) == [desk.seat(KH)]


def test_what_a_charge_may_not_say(desk: Desk, province: uuid.UUID) -> None:
    foreign = made(desk, "H59", "department")
    for field, department, wrong in (
        ("khong_co", desk.seat(NN), "Không có tiêu chí nào"),
        (FIELD, foreign, "không thuộc tỉnh này"),
    ):
        with pytest.raises(Invalid, match=wrong):
            desk.do(ADMIN, charge, province, field, department)
    with pytest.raises(Invalid, match="Không có loại hồ sơ"):
        desk.do(ADMIN, set_route, province, "khong_co", desk.seat(OFFICE))
    with pytest.raises(Invalid, match="Chỉ UBND tỉnh"):
        desk.do(ADMIN, charge, desk.commune, FIELD, desk.seat(NN))
    with pytest.raises(NotFound):
        desk.do(ADMIN, charge, province, FIELD, uuid.uuid4())


@pytest.mark.parametrize("username", [COMMUNE_ADMIN, OFFICE_ADMIN, "tinh.chutich"])
def test_only_the_provinces_administrator_says_so(
    desk: Desk, province: uuid.UUID, today: date, username: str
) -> None:
    for act in (
        lambda tx: set_route(tx, province, KIND, desk.seat(NN)),
        lambda tx: charge(tx, province, FIELD, desk.seat(NN)),
        lambda tx: succeed(tx, desk.seat(NN), desk.seat(KH), today),
    ):
        with pytest.raises(Forbidden):
            desk.do(username, act)
    assert desk.rows(Succession) == []


def test_communes_merge_into_one(desk: Desk, province: uuid.UUID, today: date) -> None:
    first, second = (made(desk, f"H56.MAU.9{n}", under=province) for n in range(2))
    desk.do(ADMIN, succeed, first, second, today)
    desk.do(ADMIN, succeed, second, desk.commune, today + timedelta(days=3))

    def doing(organisation_id: uuid.UUID) -> uuid.UUID:
        return desk.see(ADMIN, successor_of, organisation_id)

    assert doing(first) == second
    clock = desk.office.clock
    assert isinstance(clock, Clock)
    clock.advance(timedelta(days=3))
    with desk.office.reading(None) as reading:
        assert successor_of(reading, first) == successor_of(reading, second) == desk.commune
    rows = desk.see(COMMUNE_ADMIN, successions_of, province)
    assert [(row.predecessor_id, row.successor_id) for row in rows] == [
        (first, second),
        (second, desk.commune),
    ]
    desk.check_journals()


def test_a_succession_makes_no_circle(desk: Desk, province: uuid.UUID, today: date) -> None:
    first, second, third = (made(desk, f"H56.MAU.9{n}", under=province) for n in range(3))
    desk.do(ADMIN, succeed, first, second, today)
    desk.do(ADMIN, succeed, second, third, today + timedelta(days=900))
    for predecessor, successor in ((third, first), (second, first), (third, third)):
        with pytest.raises(Invalid, match="không thể kế thừa chính mình"):
            desk.do(ADMIN, succeed, predecessor, successor, today)
    with pytest.raises(Duplicate, match="Đã có cơ quan kế thừa từ ngày"):
        desk.do(ADMIN, succeed, first, desk.commune, today)
    desk.do(ADMIN, succeed, first, desk.commune, today + timedelta(days=1))
    assert len(desk.rows(Succession)) == 3


def test_nobody_takes_over_across_provinces_alone(desk: Desk, today: date) -> None:
    elsewhere = made(desk, "H57", "province")
    theirs = made(desk, "H57.1", under=elsewhere)
    for predecessor, successor in ((theirs, desk.commune), (desk.commune, theirs)):
        with pytest.raises(Forbidden):
            desk.do(ADMIN, succeed, predecessor, successor, today)
    with pytest.raises(NotFound):
        desk.do(ADMIN, succeed, uuid.uuid4(), desk.commune, today)


def test_one_that_was_closed_already_is_still_succeeded(
    desk: Desk, province: uuid.UUID, today: date
) -> None:
    """A merged commune has no place any more on the day on which another takes over."""
    gone = made(desk, "H56.MAU.90", under=province)
    with desk.office.transaction(None) as tx:
        (name,) = tx.session.query(OrganisationName).filter_by(organisation_id=gone)
        name.valid_to = today
        tx.journal("organisation.name_ended", "system", name.id)
    assert desk.see(ADMIN, province_of, gone) is None
    desk.do(ADMIN, succeed, gone, desk.commune, today)
    assert desk.see(ADMIN, successor_of, gone) == desk.commune
