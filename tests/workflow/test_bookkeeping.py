"""The books: what the evidence says of each register entry, stated and counted as it changes."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from tests.workflow.conftest import Clock
from tests.workflow.desk import CLERK, HEAD, LEADER, OFFICE, Desk
from tests.workflow.outgoing_trip import Trip
from tests.workflow.rules.law import law_text
from tests.workflow.rules.rows import RECEIVED, incoming_rows, outgoing_rows
from workflow import bookkeeping, issuing, stating
from workflow.circulation import Handler, assign, complete, submit
from workflow.facts.indicator import measured, tallied
from workflow.files import add_revision, current_files, latest_reports, store_report
from workflow.handling import read
from workflow.office import Reading, Transaction
from workflow.records import (
    Case,
    Document,
    Evidence,
    File,
    Incoming,
    IndicatorExclusion,
    JournalEntry,
    NumberSeries,
    NumberVoid,
    Outgoing,
    RegisterEntry,
    RegisterFact,
    RegisterTally,
    Relation,
    Revision,
    Signer,
    Task,
)
from workflow.rules import indicator, journal, statements
from workflow.rules.cells import cell_of, due_of
from workflow.rules.errors import Unavailable
from workflow.rules.indicator import Count, Row
from workflow.rules.reasons import OutgoingRow, Reason

(DEFINITION,) = indicator.parse(law_text("indicator"))


def newest(reading: Reading) -> list[RegisterFact]:
    return list(reading.session.scalars(select(RegisterFact).where(bookkeeping.is_newest())))


def check_the_books(desk: Desk) -> None:
    """Facts are what the evidence says, tallies are the facts, and the indicator is the rows'."""
    with desk.office.reading(None) as reading:
        entries = reading.session.scalars(
            select(RegisterEntry).where(RegisterEntry.register != "copies")
        ).all()
        stated = {e.document_id: one for e, one in stating.state(reading.session, entries)}
        facts = newest(reading)
        assert {fact.document_id: fact.content for fact in facts} == {
            document: one.statement.to_bytes() for document, one in stated.items()
        }
        counted = Counter(tuple(bookkeeping.key_of(fact).items()) for fact in facts)
        tallies = reading.session.scalars(select(RegisterTally))
        assert counted == {
            tuple(
                (name, getattr(tally, name)) for name in bookkeeping.key_of(facts[0])
            ): tally.count
            for tally in tallies
        }
        period = f"{entries[0].year}"
        rows = [(one.statement.row(one.reports), 1) for one in stated.values()]
        report = measured(reading, desk.commune, period)
        assert [found for _, found in report.issuers] == list(
            indicator.compute(
                report.definition,
                indicator.parse_period(period),
                [str(issuer.id) for issuer, _ in report.issuers],
                rows,
                as_of=reading.now,
                production=False,
            )
        )


def assigned(desk: Desk) -> uuid.UUID:
    """A letter that the head of a unit has to answer."""
    document_id = desk.registered()
    desk.do(CLERK, submit, document_id, desk.case(document_id).version)
    head = Handler("information", person_id=desk.actor(HEAD).person_id)
    desk.do(LEADER, assign, document_id, desk.case(document_id).version, [head])
    return document_id


def test_every_step_of_a_trip_is_stated_when_it_happens(desk: Desk) -> None:
    trip = Trip(desk.office, desk.actor).draft().checked().sign()
    assert desk.rows(RegisterFact) == []  # no register knows it yet
    trip.number()
    check_the_books(desk)
    trip.seal().issue()
    check_the_books(desk)
    facts = desk.rows(RegisterFact)
    assert [fact.ordinal for fact in facts] == list(range(1, len(facts) + 1))
    said = [statements.parse(fact.content) for fact in facts]
    assert all(isinstance(one, statements.OutgoingStatement) for one in said)
    assert [one.to_bytes() for one in said] == [fact.content for fact in facts]
    # Each stands in the journal where it says.
    with desk.office.reading(None) as reading:
        for fact in facts:
            entry = reading.session.get_one(JournalEntry, (str(desk.commune), fact.sequence))
            told = journal.parse(entry.content)
            assert (told.action, told.subject) == ("register.restated", str(trip.document_id))
            assert [(row.table, row.id) for row in told.rows] == [("register_fact", str(fact.id))]
    desk.check_journals()


def test_an_incoming_document_is_stated_until_it_is_completed(desk: Desk, clock: Clock) -> None:
    document_id = assigned(desk)
    check_the_books(desk)
    clock.advance(timedelta(days=200))
    check_the_books(desk)  # overdue by now, and nothing was written
    before = len(desk.rows(RegisterFact))
    task = desk.one(Task)
    desk.do(HEAD, read, task.case_id, 1)
    desk.do(LEADER, complete, document_id, desk.case(document_id).version)
    check_the_books(desk)
    said = [statements.parse(fact.content) for fact in desk.rows(RegisterFact)]
    last = said[-1]
    assert isinstance(last, statements.IncomingStatement)
    assert (last.document, last.transferred) == (str(document_id), True)
    assert last.completed_at == clock.now
    assert len(said) == before + 1


def test_each_kind_of_evidence_is_noticed_by_itself(desk: Desk) -> None:
    """Whatever else a use case writes with it, or does not."""
    letter, other = desk.registered(), desk.registered()
    trip = Trip(desk.office, desk.actor).draft().checked().sign().number()
    (main,) = desk.rows(File, File.document_id == trip.document_id)
    entry = desk.one(RegisterEntry, RegisterEntry.document_id == trip.document_id)
    (revision, *_) = desk.rows(Revision, Revision.file_id == main.id)

    def judged(tx: Transaction) -> Evidence:
        (now,) = latest_reports(tx, desk.commune, [current_files(tx, letter)[0][1].sha256]).values()
        return store_report(tx, desk.commune, replace(now, verdict="KHONG_XAC_DINH"))

    def one(kind: type[Any], document_id: uuid.UUID, **values: Any) -> Callable[..., Evidence]:
        def change(tx: Transaction) -> Evidence:
            row: Any = tx.session.scalars(select(kind).where(kind.document_id == document_id)).one()
            for name, value in values.items():
                setattr(row, name, value)
            return cast(Evidence, row)

        return change

    changes: list[Callable[[Transaction], Evidence]] = [
        judged,
        lambda tx: add_revision(
            tx, tx.get(File, main.id), sha256=revision.sha256, size_bytes=1, made_as="archived"
        ),
        lambda tx: tx.add(
            NumberVoid(entry_id=entry.id, reason="Sai", person_id=entry.entered_by, at=tx.now)
        ),
        lambda tx: tx.add(Relation(document_id=letter, kind="duplicates", other_id=other)),
        one(Incoming, other, sender_kind="enterprise"),
        one(Case, other, due_at=None),
        one(Outgoing, trip.document_id, seal_required=False),
        one(Signer, trip.document_id, capacity="KT"),
        one(File, trip.document_id, dropped=True),
    ]
    for change in changes:
        before = len(desk.rows(RegisterFact))
        with desk.office.transaction(desk.actor(CLERK)) as tx:
            row = change(tx)
            tx.session.flush()
            tx.journal("test.changed", desk.commune, row.id)
        assert len(desk.rows(RegisterFact)) == before + 1
        check_the_books(desk)


def test_what_changes_no_evidence_states_nothing(desk: Desk) -> None:
    document_id = desk.registered()
    before = len(desk.rows(RegisterFact))
    with desk.office.transaction(desk.actor(CLERK)) as tx:
        document = tx.get(Document, document_id)
        document.urgency = "urgent"
        tx.session.flush()
        tx.journal("document.changed", desk.commune, document_id)
    assert len(desk.rows(RegisterFact)) == before


@pytest.mark.parametrize("office_settings", ["postgresql"], indirect=True)
def test_what_another_wrote_while_a_lock_was_waited_for_is_stated(desk: Desk) -> None:
    """On SQLite nobody writes beside a transaction."""
    letter, other = desk.registered(), desk.registered()
    with desk.office.transaction(desk.actor(CLERK)) as tx:
        held = tx.session.scalars(select(Incoming).where(Incoming.document_id == letter)).one()
        with desk.office.transaction(desk.actor(CLERK)) as first:
            first.session.get_one(Incoming, held.id).sender_kind = "enterprise"
            first.session.flush()
            first.journal("test.changed", desk.commune, held.id)
        row = tx.add(Relation(document_id=letter, kind="duplicates", other_id=other))
        tx.session.flush()
        tx.journal("test.changed", desk.commune, row.id)
    check_the_books(desk)


def test_the_same_bytes_elsewhere_are_judged_there(desk: Desk) -> None:
    letter = desk.registered()
    with desk.office.database.write() as session:  # as if this waited for the next act
        session.execute(update(Incoming).values(sender_kind="enterprise"))
        session.commit()
    facts, elsewhere = len(desk.rows(RegisterFact)), desk.seat("H56.MAU.03")
    for seat, more in ((elsewhere, 0), (desk.commune, 1)):
        with desk.office.transaction(desk.actor(CLERK)) as tx:
            (found,) = latest_reports(
                tx, desk.commune, [current_files(tx, letter)[0][1].sha256]
            ).values()
            row = store_report(tx, seat, found)
            tx.session.flush()
            tx.journal("test.judged", seat, row.id)
        assert len(desk.rows(RegisterFact)) == facts + more


def test_tallies_that_were_written_beside_the_office_give_no_figure(desk: Desk) -> None:
    desk.registered()
    with desk.office.database.write() as session:
        session.execute(update(RegisterTally).values(count=RegisterTally.count + 1))
        session.commit()
    with desk.office.reading(None) as reading, pytest.raises(Unavailable):
        measured(reading, desk.commune, f"{reading.now.year}")


@pytest.fixture
def entries(desk: Desk) -> list[RegisterEntry]:
    """Some entries to state anything of, as the property below does and undoes."""
    for _ in range(4):
        desk.registered()
    return desk.rows(RegisterEntry)


history = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 1), st.sampled_from(["", "cong_van"])).flatmap(
        lambda head: st.tuples(st.just(head), outgoing_rows | incoming_rows)
    ),
    max_size=16,
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(history, st.sampled_from(["2026", "2026-Q4", "2026-11"]), st.data())
def test_tallies_by_sql_are_the_pure_compute(
    desk: Desk,
    clock: Clock,
    entries: list[RegisterEntry],
    history: Sequence[tuple[tuple[int, int, str], Row]],
    period_text: str,
    data: st.DataObject,
) -> None:
    clock.set(datetime(2026, 12, 6, tzinfo=UTC))
    period = indicator.parse_period(period_text)
    seats = [desk.commune, desk.seat(OFFICE)]
    elsewhere = desk.seat("H56.MAU.03")
    stated: dict[int, tuple[uuid.UUID, str, Row]] = {}
    with suppress(_Undone), desk.office.transaction(None) as tx:

        def restate(which: int, seat: uuid.UUID, type_code: str, row: Row) -> None:
            last = select(func.max(RegisterFact.ordinal)).where(
                RegisterFact.document_id == entries[which].document_id
            )
            fact = _fact(entries[which], seat, type_code, row)
            fact.ordinal = tx.session.scalars(last).one() + 1
            tx.add(fact)
            tx.session.flush()
            bookkeeping.count(tx.session, fact)

        for which in range(len(entries)):  # out of the way of those below
            restate(which, elsewhere, "", RECEIVED)
        for (which, seat, type_code), row in history:
            restate(which, seats[seat], type_code, row)
            stated[which] = (seats[seat], type_code, row)
        _number(tx, Counter(seat for seat, _, _ in stated.values()))
        asked = data.draw(st.sets(st.sampled_from(seats), min_size=1))
        register = data.draw(st.sampled_from([None, "incoming", "outgoing"]))
        kind = data.draw(st.sampled_from([None, "", "cong_van"]))
        count = Count(DEFINITION, tx.now, True)
        for one in tallied(tx, asked, period, register=register, type_code=kind):
            count.add(one.row, one.many)
        (expected,) = indicator.compute(
            DEFINITION,
            period,
            [""],
            [
                (replace(row, issuer_id=""), 1)
                for seat_id, type_code, row in stated.values()
                if seat_id in asked
                and register in (None, "outgoing" if isinstance(row, OutgoingRow) else "incoming")
                and kind in (None, type_code)
            ],
            as_of=tx.now,
            production=True,
        )
        assert count.indicator("", period) == expected
        raise _Undone


def _number(tx: Transaction, many: Counter[uuid.UUID]) -> None:
    """As if these were the numbers that the seats gave."""
    tx.session.execute(update(NumberSeries).values(last_number=0))
    for seat, last in many.items():
        series = NumberSeries(
            organisation_id=seat,
            issuer_key="x",
            register="incoming",
            year=2026,
            key="",
            last_number=last,
        )
        tx.add(series)
    tx.session.flush()


class _Undone(Exception):  # noqa: N818
    pass


def _fact(entry: RegisterEntry, seat: uuid.UUID, type_code: str, row: Row) -> RegisterFact:
    return RegisterFact(
        organisation_id=seat,
        document_id=entry.document_id,
        sequence=1,
        entry_id=entry.id,
        register="outgoing" if isinstance(row, OutgoingRow) else "incoming",
        year=2026,
        issuer_id=row.issuer_id,
        type_code=type_code,
        counted_on=row.counted_on,
        month=row.counted_on.year * 100 + row.counted_on.month,
        cell=cell_of(row),
        due_at=due_of(row),
        content=b"",
    )


def test_a_void_number_and_an_exclusion_are_stated(desk: Desk, clock: Clock) -> None:
    leader = desk.actor(LEADER).person_id
    with desk.office.transaction(desk.actor(LEADER)) as tx:
        excluded = IndicatorExclusion(
            organisation_id=desk.commune,
            register="incoming",
            type_code="",
            basis="Quyết định 01/QĐ-UBND",
            decided_by=leader,
            decided_on=tx.today,
        )
        tx.add(excluded)
        tx.session.flush()
        tx.journal("indicator.excluded", desk.commune, excluded.id)
    desk.registered()
    clock.advance(timedelta(days=1))
    desk.registered()
    trip = Trip(desk.office, desk.actor).draft().checked().sign().number()
    version = trip.view().case.version
    desk.do(CLERK, issuing.void_number, trip.document_id, version, "Sai thẩm quyền")
    check_the_books(desk)
    with desk.office.reading(None) as reading:
        (_, found), *_ = measured(reading, desk.commune, f"{clock.now.year}").issuers
    assert found.incoming_processed.reasons == {Reason.OPEN: 1, Reason.EXEMPT: 1}
    assert found.outgoing_signed.reasons == {Reason.VOID: 1}
