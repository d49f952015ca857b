"""Lists from outside and types that do not count: entered, kept, printed, never reaching back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.workflow.conftest import Clock
from tests.workflow.desk import CLERK, LEADER, OFFICE, SPECIALIST, Desk
from workflow import bookkeeping
from workflow.facts.completeness import Reconciled
from workflow.reconciling import enter, entered, exclude, exclusions
from workflow.records import IndicatorExclusion, Reconciliation, RegisterEntry, RegisterFact
from workflow.reporting import Measured, measure
from workflow.rules.completeness import Listing
from workflow.rules.deadlines import VIETNAM
from workflow.rules.errors import Duplicate, Forbidden, Invalid, NotFound
from workflow.rules.reasons import Reason

AUDITOR = "xa.kiemtoan"


@pytest.fixture
def month(clock: Clock) -> str:
    return f"{clock.now.astimezone(VIETNAM):%Y-%m}"


def told(desk: Desk, period: str) -> dict[tuple[str, str], Reconciled]:
    found: Measured = desk.see(AUDITOR, measure, desk.commune, period)
    return {(one.register, one.source): one for one in found.reconciled}


def test_the_newest_counts_and_the_older_ones_stay(desk: Desk, month: str) -> None:
    desk.registered()
    desk.registered()
    assert {one.text for one in told(desk, month).values()} == {"chưa đối chiếu"}
    wrong = Listing(month, "incoming", "exchange", 9, 1, note="Nhập nhầm")
    desk.do(CLERK, enter, desk.commune, wrong)
    desk.do(LEADER, enter, desk.commune, Listing(month, "incoming", "exchange", 5, 2))
    desk.do(CLERK, enter, desk.commune, Listing(month, "incoming", "paper", 1, 1))
    found = told(desk, month)
    exchange = found["incoming", "exchange"]
    assert (exchange.listed, exchange.matched, exchange.unreconciled) == (5, 2, 3)
    assert exchange.entered_by == "Chủ tịch xã Mẫu"
    assert exchange.text == "khớp 2/5, chưa khớp 3"
    assert found["incoming", "paper"].text == "khớp 1/1, chưa khớp 0"
    assert found["outgoing", "paper"].text == "chưa đối chiếu"
    rows = desk.see(AUDITOR, entered, desk.commune)
    assert [(row.listed, name) for row, name in rows] == [
        (1, "Văn thư xã Mẫu"),
        (5, "Chủ tịch xã Mẫu"),
        (9, "Văn thư xã Mẫu"),
    ]
    assert len(desk.see(AUDITOR, entered, desk.commune, month="2020-01")) == 0
    desk.check_journals()


def test_months_without_an_entry_are_said(desk: Desk, clock: Clock, month: str) -> None:
    desk.do(CLERK, enter, desk.commune, Listing(month, "outgoing", "paper", 4, 0))
    line = told(desk, month[:4])["outgoing", "paper"]
    this = clock.now.astimezone(VIETNAM).month
    assert list(line.missing) == [f"{month[:4]}-{n:02d}" for n in range(1, this)]
    assert line.text.startswith("khớp 0/4, chưa khớp 4")
    assert (f"{this - 1} tháng chưa đối chiếu" in line.text) is (this > 1)


def test_of_secret_documents_the_range_and_nothing_else(desk: Desk, month: str) -> None:
    def said(**more: object) -> Listing:
        return Listing(month, "outgoing", "secret", **more)  # type: ignore[arg-type]

    for more in ({"note": "Về việc"}, {"listed": 3}, {"matched": 0}):
        with pytest.raises(Invalid):
            desk.do(CLERK, enter, desk.commune, said(first_number=3, last_number=5, **more))
    assert desk.rows(Reconciliation) == []
    desk.do(CLERK, enter, desk.commune, said(first_number=3, last_number=7))
    row = desk.one(Reconciliation)
    assert (row.listed, row.matched, row.note) == (5, 0, None)
    line = told(desk, month)["outgoing", "secret"]
    assert (line.listed, line.unreconciled) == (5, None)
    assert line.text == "5 số trong sổ văn bản mật, không tính"
    desk.do(CLERK, enter, desk.commune, said())  # no secret document after all
    assert told(desk, month)["outgoing", "secret"].listed == 0


def test_what_cannot_be_is_refused(desk: Desk, clock: Clock, month: str) -> None:
    desk.registered()
    with pytest.raises(Invalid, match="chỉ có 1 văn bản, không thể khớp 2"):
        desk.do(CLERK, enter, desk.commune, Listing(month, "incoming", "exchange", 9, 2))
    later = (clock.now + timedelta(days=32)).strftime("%Y-%m")
    with pytest.raises(Invalid, match="chưa đến"):
        desk.do(CLERK, enter, desk.commune, Listing(later, "incoming", "exchange", 1, 0))
    with pytest.raises(Forbidden):
        desk.do(SPECIALIST, enter, desk.commune, Listing(month, "incoming", "paper", 1, 0))
    with pytest.raises(NotFound):
        desk.do(CLERK, enter, desk.seat(OFFICE), Listing(month, "incoming", "paper", 1, 0))
    with pytest.raises(Forbidden):
        desk.see(SPECIALIST, entered, desk.commune)
    with pytest.raises(Invalid):
        desk.see(CLERK, entered, desk.commune, month="nay")
    assert desk.rows(Reconciliation) == []


def restated(desk: Desk) -> bool:
    """Whether the evidence still says of every entry what its newest fact says."""
    facts = {fact.document_id: fact.content for fact in desk.rows(RegisterFact)}
    with desk.office.reading(None) as reading:
        entries = reading.session.query(RegisterEntry).all()
        return all(
            stated.statement.to_bytes() == facts[entry.document_id]
            for entry, stated in bookkeeping.state(reading.session, entries)
        )


def test_an_exclusion_counts_from_the_next_day_and_is_printed(
    desk: Desk, clock: Clock, month: str
) -> None:
    desk.registered(type_code="giay_moi")
    one = desk.do(
        LEADER, exclude, desk.commune, register="incoming", type_code="giay_moi", basis="QĐ 9"
    )
    desk.registered(type_code="giay_moi")
    assert restated(desk)  # nothing that is there is touched
    clock.advance(timedelta(days=1))
    desk.registered(type_code="giay_moi")
    desk.registered(type_code="cong_van")
    found: Measured = desk.see(AUDITOR, measure, desk.commune, f"{clock.now.year}")
    (_, first), *_ = found.report.issuers
    assert first.incoming_processed.reasons == {Reason.OPEN: 3, Reason.EXEMPT: 1}
    assert (first.incoming_processed.excluded, first.incoming_processed.rows) == (1, 4)
    assert [(e.type_code, e.basis, e.name) for e in found.exclusions] == [
        ("giay_moi", "QĐ 9", "Chủ tịch xã Mẫu")
    ]
    assert restated(desk)
    assert [e.id for e in desk.see(AUDITOR, exclusions, desk.commune)] == [one.id]
    desk.check_journals()


def test_who_may_leave_a_type_out(desk: Desk) -> None:
    asked = {"register": "outgoing", "type_code": "giay_moi", "basis": "QĐ 9"}
    with pytest.raises(Forbidden):
        desk.do(CLERK, exclude, desk.commune, **asked)
    with pytest.raises(NotFound):
        desk.do(LEADER, exclude, desk.seat(OFFICE), **asked)
    for wrong in ({"register": "copies"}, {"type_code": "x"}, {"basis": " "}):
        with pytest.raises(Invalid):
            desk.do(LEADER, exclude, desk.commune, **asked | wrong)
    desk.do(LEADER, exclude, desk.commune, **asked)
    with pytest.raises(Duplicate):
        desk.do(LEADER, exclude, desk.commune, **asked)
    with pytest.raises(Forbidden):
        desk.see(SPECIALIST, exclusions, desk.commune)
    assert len(desk.rows(IndicatorExclusion)) == 1
