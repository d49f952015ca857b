"""The indicator of many seats: added up, month by month, ranked; who may ask; what it costs."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import event, update

from tests.staff import PROVINCE
from tests.workflow.conftest import Clock
from tests.workflow.counted_seats import ARRIVED, BAD, GOOD, Many, enter, settle
from tests.workflow.desk import CLERK, LEADER, SPECIALIST, Desk
from tests.workflow.outgoing_trip import Trip
from workflow import transparency
from workflow.facts.completeness import journal_places
from workflow.facts.placement import beneath
from workflow.office import Office
from workflow.organisations import Description, describe
from workflow.reconciling import enter as enter_listing
from workflow.records import Checkpoint, Issuer, LeafHead, OrganisationName
from workflow.reporting import Asked, RowReasons, explain, measure, ranking, series
from workflow.rules.completeness import Listing
from workflow.rules.errors import Forbidden, Invalid, NotFound
from workflow.rules.indicator import parse_period
from workflow.rules.reasons import PARTITION, Reason
from workflow.snapshots import take_snapshot

#: Queries of a seat's figures, of a province's, of its months, of its ranking.
COSTS = [9, 16, 8, 8]
GOVERNOR, GOVERNORS_CLERK, AUDITOR = "tinh.chutich", "tinh.vanthu", "xa.kiemtoan"


@pytest.fixture
def desk(desk: Desk, clock: Clock) -> Desk:
    clock.set(datetime(2026, 11, 28, 3, tzinfo=UTC))
    return desk


@pytest.fixture
def province(desk: Desk) -> uuid.UUID:
    return desk.seat(PROVINCE)


def on(row: object, day: date) -> Many:
    """One row that counts on this day."""
    if hasattr(row, "arrived_on"):
        return Many(replace(row, arrived_on=day))  # type: ignore[type-var]
    return Many(replace(row, issued_on=day, registered_on=day))  # type: ignore[type-var]


@contextmanager
def counted_queries(office: Office) -> Iterator[list[str]]:
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            asked.append(statement)

    event.listen(office.database.engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(office.database.engine, "before_cursor_execute", note)


def test_a_subtree_adds_up_each_kind_of_issuer_and_names_who_is_behind(
    desk: Desk, province: uuid.UUID
) -> None:
    first, issuers = settle(desk.office, province, "H56.X.01", "Xã Một", kinds=("UBND", "HDND"))
    enter(desk.office, first, [Many(GOOD, 3), Many(BAD, 1, issuers["HDND"]), Many(ARRIVED, 2)])
    second, _ = settle(desk.office, province, "H56.X.02", "Xã Hai")
    enter(desk.office, second, [Many(GOOD, 5), Many(BAD, 2)])
    settle(desk.office, province, "H56.X.03", "Xã Ba")
    mute, _ = settle(desk.office, province, "H56.X.04", "Ban Bốn", kinds=(), kind="office")
    enter(desk.office, mute, [Many(ARRIVED, 7)])

    found = desk.see(GOVERNOR, measure, province, "2026-11", subtree=True)
    assert found.subtree is not None
    sums = {one.kind: one for one in found.subtree.sums}
    assert sums["UBND"].organisations == 2
    signed = sums["UBND"].indicator.outgoing_signed
    assert (signed.numerator, signed.denominator) == (8, 10)
    assert sums["UBND"].indicator.incoming_processed.rows == 2
    apart = sums["HDND"].indicator.outgoing_signed  # never pooled with the others
    assert (apart.numerator, apart.denominator, apart.reasons) == (0, 1, {Reason.MISSING_AGENCY: 1})
    assert sums[""].indicator.incoming_processed.rows == 7  # nobody's, and not hidden

    behind = {one.placed.code: one for one in found.subtree.organisations}
    assert {"H56", "H56.MAU.02", "H56.X.01", "H56.X.03", "H56.X.04"} <= behind.keys()
    assert [(behind[f"H56.X.0{n}"].issuers, behind[f"H56.X.0{n}"].rows) for n in (1, 2, 3, 4)] == [
        (2, 6),
        (1, 7),
        (1, 0),
        (0, 7),
    ]
    everything = sum(one.indicator.outgoing_signed.rows for one in found.subtree.sums)
    everything += sum(one.indicator.incoming_signed.rows for one in found.subtree.sums)
    assert everything == sum(one.rows for one in found.subtree.organisations) == 20

    only = desk.see(
        GOVERNOR, measure, province, "2026-11", Asked("outgoing", "bao_cao"), subtree=True
    )
    assert only.subtree is not None
    assert sum(one.rows for one in only.subtree.organisations) == 0


def test_a_merger_hides_nothing_and_a_move_doubles_nothing(desk: Desk, province: uuid.UUID) -> None:
    gone, _ = settle(desk.office, province, "H56.X.01", "Xã đã nhập")
    moved, _ = settle(desk.office, province, "H56.X.02", "Xã chuyển đi")
    other, _ = settle(desk.office, province, "H56.X.09", "Vùng khác", kind="office")
    with desk.office.transaction(None) as tx:
        row = tx.session.query(OrganisationName).filter_by(organisation_id=gone).one()
        row.valid_to = date(2026, 3, 1)
        tx.journal("organisation.name_ended", "system", row.id)
        describe(
            tx, moved, Description("H56.X.02", "Xã mới", "commune", "Mẫu", other), date(2026, 6, 1)
        )

    def under(organisation_id: uuid.UUID, period: str) -> dict[str, str]:
        with desk.office.reading(None) as reading:
            found = beneath(reading, organisation_id, parse_period(period))
            return {one.code: one.name for one in found}

    assert under(province, "2026")["H56.X.01"] == "Xã đã nhập"
    assert "H56.X.01" not in under(province, "2026-04")
    assert under(other, "2026") == {"H56.X.02": "Xã mới", "H56.X.09": "Vùng khác"}
    assert under(other, "2026-05") == {"H56.X.09": "Vùng khác"}
    assert under(province, "2026-05")["H56.X.02"] == "Xã chuyển đi"
    assert under(province, "2020") == {}


def test_what_is_issued_years_after_its_number_takes_no_year_its_figures(
    desk: Desk, province: uuid.UUID
) -> None:
    seat, _ = settle(desk.office, province, "H56.X.01", "Xã Một")
    late = replace(GOOD, issued_on=date(2028, 2, 1))
    enter(desk.office, seat, [Many(GOOD, 2), Many(late, numbered_in=2026)])
    for year, rows in (("2026", 2), ("2027", 0), ("2028", 1)):
        found = desk.see(GOVERNOR, measure, province, year, subtree=True)
        assert found.subtree is not None
        assert sum(one.rows for one in found.subtree.organisations) == rows


def test_where_nobody_issues_the_rows_are_told_and_nothing_is_frozen(
    desk: Desk, province: uuid.UUID
) -> None:
    with desk.office.database.write() as session:
        session.execute(update(Issuer).values(organisation_id=desk.commune))
        session.commit()
    enter(desk.office, province, [Many(ARRIVED, 7)])
    found = desk.see(GOVERNOR, measure, province, "2026-11", subtree=True)
    assert (found.report.issuers, found.report.unattributed) == ([], 7)
    assert found.subtree is not None
    (nobody,) = [one for one in found.subtree.sums if one.kind == ""]
    assert nobody.indicator.incoming_processed.rows == 7
    points = desk.see(GOVERNOR, series, province, "2026-10", "2026-11").points
    assert [(point.found, point.unattributed) for point in points] == [([], 0), ([], 7)]
    with pytest.raises(NotFound):
        desk.do(GOVERNORS_CLERK, take_snapshot, province, "2026-11")


def test_communes_are_ranked_exactly(desk: Desk, province: uuid.UUID) -> None:
    for code, name, good, bad in (
        ("01", "Xã Đông", 20_000, 0),
        ("02", "Xã An", 1, 0),
        ("03", "Xã Yên", 19_999, 1),
        ("04", "Xã Bình", 9_999, 1),  # 99,99 % as well, and yet less
        ("05", "Xã Ân", 0, 0),
        ("06", "Xã Cuối", 0, 3),
    ):
        seat, _ = settle(desk.office, province, f"H56.X.{code}", name)
        enter(desk.office, seat, [Many(GOOD, good), Many(BAD, bad)] if good + bad else [])
    settle(desk.office, province, "H56.X.07", "Sở", kinds=("AGENCY",), kind="department")
    found = desk.see(GOVERNOR, ranking, province, "2026-11")
    assert [(line.rank, line.placed.name) for line in found.lines] == [
        (1, "Xã An"),
        (1, "Xã Đông"),
        (3, "Xã Yên"),
        (4, "Xã Bình"),
        (5, "Xã Cuối"),
        (None, "UBND xã Mẫu"),
        (None, "Xã Ân"),
    ]
    assert {line.indicator.outgoing_signed.text for line in found.lines[2:4]} == {"99,99%"}
    councils = desk.see(GOVERNOR, ranking, province, "2026-11", issuer_kind="HDND")
    assert {line.rank for line in councils.lines} == {None}
    with pytest.raises(Invalid):
        desk.see(GOVERNOR, ranking, province, "2026-11", by="mọi thứ")


def test_each_month_by_itself_adds_up_to_the_year(desk: Desk, province: uuid.UUID) -> None:
    seat, _ = settle(desk.office, province, "H56.X.01", "Xã Một")
    days = [date(2025, 12, 5), *(date(2026, month, 5) for month in (1, 1, 3, 11))]
    enter(desk.office, seat, [*(on(GOOD, day) for day in days), on(BAD, days[3])])
    points = desk.see(GOVERNOR, series, province, "2025-12", "2026-11", subtree=True).points
    assert [point.period.label for point in points][:3] == ["2025-12", "2026-01", "2026-02"]
    rows = {
        point.period.label: [
            found.outgoing_signed.rows for _, found in point.found if found.issuer_id == "UBND"
        ]
        for point in points
    }
    assert rows == {
        **{f"2026-{month:02d}": [0] for month in range(1, 12)},
        "2025-12": [1],
        "2026-01": [2],
        "2026-03": [2],
        "2026-11": [1],
    }
    year = desk.see(GOVERNOR, measure, province, "2026", subtree=True).subtree
    assert year is not None
    for name in PARTITION:
        whole = sum(getattr(one.indicator, name).numerator for one in year.sums)
        assert whole == sum(
            getattr(found, name).numerator for point in points[1:] for _, found in point.found
        )


def test_what_is_not_reconciled_stands_beside_months_and_ranks(
    desk: Desk, province: uuid.UUID
) -> None:
    desk.do(CLERK, enter_listing, desk.commune, Listing("2026-10", "incoming", "paper", 4, 0))
    points = desk.see(GOVERNOR, series, province, "2026-10", "2026-12", subtree=True).points
    told = [
        next(one for one in point.reconciled if (one.register, one.source) == ("incoming", "paper"))
        for point in points
    ]
    assert [one.unreconciled for one in told] == [4, None, None]
    seats = len(told[0].missing) + 1  # every other one entered nothing
    assert [len(one.missing) for one in told] == [seats - 1, seats, 0]  # December is to come
    (line,) = desk.see(GOVERNOR, ranking, province, "2026-Q4").lines
    left = {(one.register, one.source): one.unreconciled for one in line.reconciled}
    assert left.pop(("incoming", "paper")) == 4
    assert set(left.values()) == {None}
    assert sum(len(one.missing) for one in line.reconciled) == 11
    assert line.journal.sequence > 0


@pytest.mark.parametrize(
    ("first", "last"),
    [("2026", "2026-11"), ("2026-11", "2026-10"), ("2020-06", "2026-11"), ("nay", "2026-Q4")],
)
def test_a_series_goes_from_a_month_to_a_month(desk: Desk, first: str, last: str) -> None:
    with pytest.raises(Invalid):
        desk.see(AUDITOR, series, desk.commune, first, last)


def explained(desk: Desk, period: str, *asked: Asked, **said: Any) -> list[RowReasons]:
    with desk.office.reading(desk.actor(AUDITOR)) as reading:
        return list(explain(reading, desk.commune, period, *asked, **said))


def test_of_the_reasons_those_that_are_asked_for(desk: Desk, clock: Clock) -> None:
    clock.set(datetime.now(UTC))
    period = f"{clock.now.year}"
    Trip(desk.office, desk.actor).issued()
    Trip(desk.office, desk.actor).draft().checked().sign().number()
    desk.registered()
    desk.registered(type_code="cong_van", due_on=clock.now.date())
    clock.set(datetime(clock.now.year, 12, 31, 10, tzinfo=UTC))
    every = explained(desk, period)
    assert len(every) == 4
    for reason in Reason:
        asked = explained(desk, period, reason=reason)
        assert asked == [row for row in every if reason in (row.processed, row.signed)], reason
    assert {row.processed for row in every} >= {Reason.PROCESSED, Reason.NOT_ISSUED, Reason.OVERDUE}
    for asked_of, many in (
        (Asked("outgoing"), 2),
        (Asked("incoming"), 2),
        (Asked(None, "quyet_dinh"), 2),
        (Asked("incoming", "quyet_dinh"), 0),
    ):
        assert len(explained(desk, period, asked_of)) == many
    with pytest.raises(Invalid):
        desk.see(AUDITOR, measure, desk.commune, period, Asked("copies", "x"))


def test_who_may_ask_for_those_under_an_organisation(desk: Desk, province: uuid.UUID) -> None:
    views = (
        lambda reading, seat: measure(reading, seat, "2026", subtree=True),
        lambda reading, seat: series(reading, seat, "2026-10", "2026-11", subtree=True),
        lambda reading, seat: ranking(reading, seat, "2026"),
    )
    for view in views:
        desk.see(GOVERNOR, view, province)
        desk.see(AUDITOR, view, desk.commune)
        with pytest.raises(Forbidden):  # keeps the province's own papers
            desk.see(GOVERNORS_CLERK, view, province)
        with pytest.raises(Forbidden):
            desk.see(SPECIALIST, view, desk.commune)
        with pytest.raises(NotFound):  # directs the commune, not the province
            desk.see(LEADER, view, province)
        with pytest.raises(NotFound):  # a figure in the sum opens no commune's books
            desk.see(GOVERNOR, view, desk.commune)
    desk.see(GOVERNORS_CLERK, measure, province, "2026")


def test_what_no_checkpoint_covers_is_told_of_many_as_of_one(desk: Desk) -> None:
    desk.registered()
    chain, province = str(desk.commune), desk.seat(PROVINCE)

    def told() -> int:
        with desk.office.reading(None) as reading:
            places = journal_places(reading, [desk.commune, province])
            for seat, place in places.items():
                assert place.uncovered == transparency.uncovered(reading, str(seat))
            return places[desk.commune].uncovered

    whole = told()
    assert whole > 2
    with desk.office.database.write() as session:
        for leaf, sequence in enumerate((2, whole - 1)):
            session.add(LeafHead(chain=chain, sequence=sequence, digest="0" * 64, leaf=leaf))
        session.add(
            Checkpoint(
                size=1,
                content=b"",
                signature=b"",
                certificate_sha256="0" * 64,
                at=desk.office.clock(),
            )
        )
        session.commit()
    assert told() == whole - 2  # the second leaf is under no signed checkpoint


def test_many_communes_cost_no_more_queries_than_few(desk: Desk, province: uuid.UUID) -> None:
    def costs() -> list[int]:
        found = []
        for view in (
            lambda reading: measure(reading, province, "2026"),
            lambda reading: measure(reading, province, "2026", subtree=True),
            lambda reading: series(reading, province, "2026-01", "2026-11", subtree=True),
            lambda reading: ranking(reading, province, "2026"),
        ):
            actor = desk.actor(GOVERNOR)
            with counted_queries(desk.office) as asked, desk.office.reading(actor) as reading:
                view(reading)
            found.append(len(asked))
        return found

    few = costs()
    for n in range(5):
        seat, _ = settle(desk.office, province, f"H56.X.{n}", f"Xã {n}", kinds=("UBND", "HDND"))
        enter(desk.office, seat, [Many(GOOD, 2), Many(ARRIVED, 3)])
    assert costs() == few
    assert few == COSTS
    desk.see(CLERK, measure, desk.commune, "2026")
