"""The indicator frozen: what it was stays, and says the same whenever it is asked."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from tests.workflow.conftest import Clock
from tests.workflow.counted_seats import ARRIVED, Many, enter
from tests.workflow.desk import CLERK, LEADER, OFFICE, SPECIALIST, Desk
from tests.workflow.dossier_desk import DossierDesk
from tests.workflow.outgoing_trip import Trip
from workflow.circulation import Handler, assign, complete, submit
from workflow.facts.indicator import IndicatorReport
from workflow.facts.indicator_sheets import Words
from workflow.facts.snapshots import Beside, achieved, frozen, issuers_in, snapshot_answer
from workflow.handling import read
from workflow.records import Case, IndicatorSnapshot, Issuer, JournalEntry
from workflow.reporting import measure
from workflow.rules import indicator, journal
from workflow.rules.canonical import canonical
from workflow.rules.deadlines import VIETNAM
from workflow.rules.errors import Forbidden, Invalid, NotFound
from workflow.rules.indicator import Fraction, Indicator
from workflow.rules.reasons import Reason
from workflow.snapshots import find_snapshot, report_sheet, snapshots_of, take_snapshot

AUDITOR = "xa.kiemtoan"


def test_it_keeps_what_was_measured_and_where_the_journal_stood(desk: Desk, clock: Clock) -> None:
    Trip(desk.office, desk.actor).issued()
    period = f"{clock.now.year}"
    report = desk.see(AUDITOR, measure, desk.commune, period).report
    snapshot = desk.do(CLERK, take_snapshot, desk.commune, period)
    assert (snapshot.journal_sequence, snapshot.journal_digest, snapshot.definition_version) == (
        report.journal_sequence,
        report.journal_digest,
        report.definition.version,
    )
    for held, (issuer, found) in zip(issuers_in(snapshot.content), report.issuers, strict=True):
        assert (held.issuer_id, held.name) == (issuer.id, issuer.name)
        assert held.outgoing_processed == found.outgoing_processed
        assert held.outgoing_signed == found.outgoing_signed
        assert held.incoming_processed == found.incoming_processed
        assert held.incoming_signed == found.incoming_signed
    assert canonical(json.loads(snapshot.content)) == snapshot.content

    # The next entry of that very chain is the snapshot's own.
    with desk.office.reading(None) as reading:
        entry = reading.session.scalars(
            select(JournalEntry).where(
                JournalEntry.chain == str(desk.commune),
                JournalEntry.sequence == snapshot.journal_sequence + 1,
            )
        ).one()
    told = journal.parse(entry.content)
    assert (told.action, told.subject, told.previous) == (
        "indicator.frozen",
        str(snapshot.id),
        snapshot.journal_digest,
    )
    assert [(row.table, row.id) for row in told.rows] == [("indicator_snapshot", str(snapshot.id))]
    desk.check_journals()


def test_a_report_says_what_counts_with_nobody(desk: Desk, clock: Clock) -> None:
    clock.set(datetime(2026, 11, 28, 3, tzinfo=UTC))
    words = Words(signer_id=desk.actor(LEADER).person_id)

    def told() -> dict[str, str]:
        snapshot = desk.do(CLERK, take_snapshot, desk.commune, "2026-11")
        sheet = desk.see(LEADER, report_sheet, desk.commune, snapshot.id, words)
        return dict(sheet.origin)

    said = "Văn bản đến không tính cho chủ thể nào"
    assert said not in told()
    enter(desk.office, desk.commune, [Many(ARRIVED, 3, issuer="nobody")])
    assert told()[said] == "3"


def test_what_was_frozen_in_development_says_so_for_ever(desk: Desk, clock: Clock) -> None:
    """There development signatures counted; the database may go on in production."""
    words = Words(signer_id=desk.actor(LEADER).person_id)
    frozen = []
    for mode in ("development", "production"):
        desk.office.settings = desk.office.settings.model_copy(update={"mode": mode})
        frozen.append(desk.do(CLERK, take_snapshot, desk.commune, f"{clock.now.year}"))
    told = [
        dict(desk.see(LEADER, report_sheet, desk.commune, one.id, words).origin) for one in frozen
    ]
    assert ["Hệ thống phát triển" in one for one in told] == [True, False]


def test_what_comes_later_does_not_change_it(desk: Desk, clock: Clock) -> None:
    Trip(desk.office, desk.actor).issued()
    period = f"{clock.now.year}"
    before = desk.do(CLERK, take_snapshot, desk.commune, period)
    desk.registered()
    after = desk.do(LEADER, take_snapshot, desk.commune, period)
    (first, *_), (second, *_) = issuers_in(before.content), issuers_in(after.content)
    assert (first.incoming_processed.rows, second.incoming_processed.rows) == (0, 1)
    assert after.journal_sequence > before.journal_sequence
    found = desk.see(CLERK, find_snapshot, desk.commune, before.id)
    assert found.content == before.content
    listed = desk.see(SPECIALIST, snapshots_of, desk.commune, after=None, limit=10)
    assert [one.id for one in listed] == [after.id, before.id]
    older = desk.see(SPECIALIST, snapshots_of, desk.commune, after=after.id, limit=10)
    assert [one.id for one in older] == [before.id]


def test_who_may_freeze_and_who_may_look(desk: Desk, clock: Clock) -> None:
    period = f"{clock.now.year}"
    snapshot = desk.do(CLERK, take_snapshot, desk.commune, period)
    with pytest.raises(Forbidden):
        desk.do(SPECIALIST, take_snapshot, desk.commune, period)
    with pytest.raises(NotFound):
        desk.do("vpdp.vanthu", take_snapshot, desk.commune, period)
    with pytest.raises(NotFound):
        desk.see("vpdp.vanthu", find_snapshot, desk.commune, snapshot.id)
    # Not even by way of an organisation of one's own.
    with pytest.raises(NotFound):
        desk.see("vpdp.vanthu", find_snapshot, desk.seat(OFFICE), snapshot.id)
    assert desk.see("vpdp.vanthu", snapshots_of, desk.seat(OFFICE), after=None, limit=10) == []


@pytest.mark.parametrize("period", ["2026-13", "nay", "2019"])
def test_only_periods_that_have_a_definition(desk: Desk, period: str) -> None:
    with pytest.raises(Invalid):
        desk.do(CLERK, take_snapshot, desk.commune, period)
    assert desk.rows(IndicatorSnapshot) == []


DEFINITION = indicator.Definition(3, "x", datetime.now(UTC).date(), "x", frozenset(), True)


def a_snapshot(*issuers: tuple[int, int, int, int, int, int]) -> IndicatorSnapshot:
    """Of issuers given as (n, d) of sent and processed, sent and signed, received and processed."""
    now = datetime.now(UTC)
    period = indicator.parse_period("2026-11")

    def fraction(counting: Reason, other: Reason, n: int, d: int) -> Fraction:
        return Fraction(counting, d, {counting: n, other: d - n})

    report = IndicatorReport(
        DEFINITION,
        [
            (
                Issuer(id=uuid.uuid4(), name=f"UBND {place}"),
                Indicator(
                    "x",
                    period,
                    3,
                    now,
                    fraction(Reason.PROCESSED, Reason.STEP_MISSING, n1, d1),
                    fraction(Reason.SIGNED, Reason.MISSING_AGENCY, n2, d2),
                    fraction(Reason.PROCESSED, Reason.OPEN, n3, d3),
                    fraction(Reason.SIGNED, Reason.MISSING_BOTH, 0, d3),
                    0,
                ),
            )
            for place, (n1, d1, n2, d2, n3, d3) in enumerate(issuers)
        ],
        7,
        "0" * 64,
        now,
    )
    beside = Beside("0" * 64, production=True, uncovered=0, exclusions=[], reconciled=[])
    return IndicatorSnapshot(period="2026-11", content=frozen(report, beside))


FULL = (5, 5, 5, 5, 3, 3)


@pytest.mark.parametrize(
    ("issuers", "met"),
    [
        ([FULL], True),
        ([(4, 5, 5, 5, 3, 3)], False),
        ([(5, 5, 4, 5, 3, 3)], False),
        ([(5, 5, 5, 5, 2, 3)], False),
        ([(19_999, 20_000, 20_000, 20_000, 3, 3)], False),  # 99.99 %, never rounded up
        ([(0, 0, 0, 0, 3, 3)], False),  # nothing of nothing is no success
        ([(5, 5, 5, 5, 0, 0)], False),
        ([FULL, (0, 0, 0, 0, 0, 0)], True),  # a council that did not meet
        ([FULL, (1, 1, 1, 1, 0, 0)], True),
        ([FULL, (1, 1, 0, 1, 0, 0)], False),
    ],
)
def test_all_of_it_by_integers(issuers: list[tuple[int, ...]], met: bool) -> None:
    snapshot = a_snapshot(*issuers)  # type: ignore[arg-type]
    assert achieved(snapshot.content) is met
    assert snapshot_answer(snapshot)[0] is met


def test_the_figures_are_said_in_a_sentence() -> None:
    met, text = snapshot_answer(a_snapshot((19_999, 20_000, 20_000, 20_000, 3, 3)))
    assert not met
    assert text == (
        "Kỳ 2026-11, UBND 0: văn bản đi xử lý trên môi trường mạng 19999/20000 (99,99%);"
        " văn bản đi ký số 20000/20000 (100,00%);"
        " văn bản đến xử lý trên môi trường mạng 3/3 (100,00%)."
    )


def test_a_smart_commune_shows_the_figure_of_the_system(desk: Desk, clock: Clock) -> None:
    period = f"{clock.now.astimezone(VIETNAM):%Y-%m}"
    dossiers = DossierDesk(desk).open("smart_commune", period)

    def unanswered() -> list[str]:
        return [one for one in dossiers.facts().unanswered if one.startswith("Tiêu chí 2 ")]

    def shown(period: str = period) -> None:
        frozen = desk.do(CLERK, take_snapshot, desk.commune, period)
        dossiers.answer("criterion", "2", snapshot_id=frozen.id)

    Trip(desk.office, desk.actor).issued()
    document_id = desk.registered()
    (reason,) = unanswered()
    assert reason.endswith("chưa chốt số liệu của hệ thống.")
    shown()
    (reason,) = unanswered()
    assert reason.endswith("số liệu đã chốt chưa đạt 100%.")
    with pytest.raises(Invalid):
        shown(f"{clock.now:%Y}")  # of another period

    desk.do(CLERK, submit, document_id, desk.case(document_id).version)
    told = [Handler("information", person_id=desk.actor(SPECIALIST).person_id)]
    desk.do(LEADER, assign, document_id, desk.case(document_id).version, told)
    reading = desk.one(Case, Case.document_id == document_id, Case.parent_id.is_not(None))
    desk.do(SPECIALIST, read, reading.id, reading.version)
    desk.do(LEADER, complete, document_id, desk.case(document_id).version)
    (reason,) = unanswered()
    assert reason.endswith("số liệu đã chốt chưa đạt 100%.")  # the frozen one has not moved
    shown()
    assert unanswered() == []
