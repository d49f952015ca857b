"""The key in the clerk's hand: prepared, signed elsewhere, accepted once, on both databases."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from signing.cms import signed_attributes
from tests.signing.pki import Profile, rsa_key
from tests.signing.trusted import House
from tests.workflow.client_held import Holder, Outage, rows, untouched
from tests.workflow.conftest import Clock
from tests.workflow.desk import Desk
from tests.workflow.intact import tampering
from tests.workflow.outgoing_trip import CLERK, LEADER, Trip
from workflow import pending
from workflow.actor import Actor
from workflow.digitising import digitise
from workflow.incoming_views import view_incoming
from workflow.jobs import run_all
from workflow.office import Office
from workflow.records import (
    JournalEntry,
    PendingSignature,
    Revision,
    SigningOutcome,
    job,
)
from workflow.refusals import SigningRefusal
from workflow.rules import journal
from workflow.rules.errors import NotFound


@pytest.fixture
def trip(office: Office, acting: Callable[[str], Actor]) -> Trip:
    return Trip(office, acting).draft().checked()


@pytest.fixture
def leader(trip: Trip) -> Holder:
    """The chairman with a token, who has taken the step to sign."""
    holder = Holder.of(trip, LEADER)
    trip.ask_to_sign()
    return holder


def test_a_document_signed_and_sealed_by_tokens(trip: Trip) -> None:
    leader, clerk = Holder.of(trip, LEADER), Holder.of(trip, CLERK, agency=True)
    trip.ask_to_sign()
    run_all(trip.office)
    assert trip.state == "signing"  # no job signs what only its holder can
    (waiting,) = leader.prepare()
    assert (waiting.document.id, waiting.file.ordinal) == (trip.document_id, 0)
    assert waiting.prepared.attributes == signed_attributes(
        waiting.prepared.document_digest, leader.key.certificate
    )
    leader.bring(waiting)
    run_all(trip.office)
    assert trip.state == "signed"
    trip.number().ask_to_seal()
    (waiting,) = clerk.prepare()
    assert waiting.code == trip.view().held.entry.code  # type: ignore[union-attr]
    assert waiting.texts["vanthu.number"] == f"Số: {waiting.code}"
    clerk.bring(waiting)
    run_all(trip.office)
    trip.issue()
    report = trip.view().reports[0]
    assert report is not None
    assert report.verdict == "HOP_LE"
    signed = [one for one in report.signatures if one.kind == "signature"]
    # A decision is kept for long: the archive time-stamp of the seal stands over both.
    assert [(one.field, one.level) for one in signed] == [
        ("person1", "B-LTA"),
        ("agency", "B-LTA"),
    ]
    with trip.office.reading(None) as reading:
        assert tampering(reading) == []


def test_an_rsa_token_brings_the_certificates_above_its_own(trip: Trip) -> None:
    house = House.new()
    trip.office.sealing.trust = house.trust  # which knows the root alone
    key = house.pki.issue(Profile(key=rsa_key()))
    leader = Holder.of(trip, LEADER, key=key)
    trip.ask_to_sign()
    with pytest.raises(SigningRefusal, match="nguồn tin cậy"):
        leader.prepare()
    with pytest.raises(SigningRefusal, match="không đọc được"):
        leader.prepare([b"no certificate"])
    (waiting,) = leader.prepare(key.chain)
    assert waiting.algorithm == "rsa"
    leader.bring(waiting)
    run_all(trip.office)
    assert trip.state == "signed"
    report = trip.view().reports[0]
    assert report is not None
    assert report.verdict == "HOP_LE"


def test_digitised_paper_sealed_by_a_token_or_taken_back(
    office: Office,
    acting: Callable[[str], Actor],
    seat: Callable[[str], uuid.UUID],
    clock: Clock,
    tmp_path: Path,
) -> None:
    desk = Desk(office, acting, seat, tmp_path)
    document_id = desk.arrive(desk.pdf("BAN QUET"), medium="paper")
    clerk = Holder.of(Trip(office, acting, document_id), CLERK, agency=True)
    scan = desk.one(Revision).sha256
    desk.do(CLERK, digitise, document_id, desk.case(document_id).version, scan)
    (late,) = clerk.prepare()
    clock.set(late.intent.expires_at)
    desk.run_jobs()
    assert desk.case(document_id).state == "received"
    desk.do(CLERK, digitise, document_id, desk.case(document_id).version, scan)
    (waiting,) = clerk.prepare()
    clerk.bring(waiting)
    desk.run_jobs()
    assert desk.case(document_id).state == "verified"
    (report,) = desk.see(CLERK, view_incoming, document_id).reports
    assert report is not None
    assert report.verdict == "HOP_LE"


def test_what_was_accepted_is_in_the_journal(leader: Holder) -> None:
    (waiting,) = leader.prepare()
    leader.bring(waiting)
    entries = [journal.parse(row.content) for row in rows(leader.office, JournalEntry)]
    (entry,) = (one for one in entries if one.action == "signature.accepted")
    assert entry.subject == str(waiting.intent.id)
    assert entry.actor == str(leader.trip.acting(LEADER).person_id)


def test_nothing_waits_before_the_step_nor_after_the_signature(trip: Trip) -> None:
    leader = Holder.of(trip, LEADER)
    assert leader.prepare() == []
    trip.ask_to_sign()
    (waiting,) = leader.prepare()
    leader.bring(waiting)
    assert leader.prepare() == []  # accepted: preparing anew would throw it away
    run_all(trip.office)
    assert leader.prepare() == []


def test_only_the_one_who_took_the_step_finds_something_waiting(leader: Holder) -> None:
    clerk = Holder(leader.trip, CLERK, leader.key, leader.certificate)
    assert clerk.prepare() == []
    with pytest.raises(NotFound):
        replace(clerk, username="vpdp.vanthu").prepare()


def test_a_second_preparation_replaces_the_first(leader: Holder) -> None:
    (first,), (second,) = leader.prepare(), leader.prepare()
    assert first.intent.id == second.intent.id
    with pytest.raises(SigningRefusal, match="đã được thay"):
        leader.bring(first)
    assert untouched(leader.trip)
    leader.bring(second)
    run_all(leader.office)
    assert leader.trip.state == "signed"


def test_a_completion_is_accepted_once(leader: Holder) -> None:
    (waiting,) = leader.prepare()
    leader.bring(waiting)
    for _ in ("before the job", "after it"):
        with pytest.raises(SigningRefusal, match="đã nhận chữ ký"):
            leader.bring(waiting)
        run_all(leader.office)
    assert leader.trip.state == "signed"
    assert len(rows(leader.office, SigningOutcome)) == 1


def test_of_two_who_complete_at_once_one_does(leader: Holder) -> None:
    (waiting,) = leader.prepare()
    gate = threading.Barrier(4)

    def bring(_: int) -> str:
        value = leader.value(waiting)
        gate.wait()
        try:
            leader.bring(waiting, value=value)
        except SigningRefusal:
            return "refused"
        return "accepted"

    with ThreadPoolExecutor(4) as crowd:
        told = sorted(crowd.map(bring, range(4)))
    assert told == ["accepted", "refused", "refused", "refused"]
    with leader.office.reading(None) as reading:
        jobs = select(func.count()).select_from(job).where(job.c.name == "sign_outgoing")
        assert reading.session.scalar(jobs) == 1


def test_a_holder_who_walks_away_leaves_nothing_in_limbo(trip: Trip, clock: Clock) -> None:
    Holder.of(trip, LEADER)
    trip.ask_to_sign()
    minutes = timedelta(minutes=trip.office.settings.intent_minutes)
    clock.advance(minutes - timedelta(seconds=1))
    run_all(trip.office)
    assert trip.state == "signing"
    clock.advance(timedelta(seconds=1))
    run_all(trip.office)
    assert trip.state == "format_checked"
    with trip.office.reading(None) as reading:
        waiting = reading.session.scalars(select(job.c.name).where(job.c.state == "waiting")).all()
    assert waiting == []


def test_an_intent_that_ends_while_it_is_prepared_is_left_out(leader: Holder, clock: Clock) -> None:
    ready = leader.ready()
    clock.advance(timedelta(minutes=leader.office.settings.intent_minutes))
    run_all(leader.office)
    with leader.office.transaction(leader.trip.acting(LEADER)) as tx:
        assert pending.keep(tx, leader.trip.document_id, ready) == []
    assert rows(leader.office, PendingSignature) == []


def test_a_time_stamp_authority_that_is_away_costs_time_but_no_second_touch(
    leader: Holder, clock: Clock
) -> None:
    (waiting,) = leader.prepare()
    line = Outage.before(leader.office)
    line.cut = True
    leader.bring(waiting)
    for _ in range(3):
        run_all(leader.office)
        # Far beyond the expiry: what was accepted in time stays accepted.
        clock.advance(timedelta(minutes=leader.office.settings.intent_minutes))
    run_all(leader.office)
    assert line.asked > 3
    assert leader.trip.state == "signing"
    line.cut = False
    clock.advance(timedelta(minutes=1))
    run_all(leader.office)
    assert leader.trip.state == "signed"
    report = leader.trip.view().reports[0]
    assert report is not None
    assert [one.level for one in report.signatures] == ["B-LT"]


def test_the_files_of_a_seal_are_completed_one_by_one(
    office: Office, acting: Callable[[str], Actor], clock: Clock
) -> None:
    trip = Trip(office, acting)
    trip.draft(trip.new("Quyet dinh", "Phu luc")).checked().sign().number()
    clerk = Holder.of(trip, CLERK, agency=True)
    trip.ask_to_seal()
    main, attachment = sorted(clerk.prepare(), key=lambda one: one.file.ordinal)
    assert main.texts
    assert not attachment.texts
    clerk.bring(attachment)
    line = Outage.before(office)
    line.cut = True
    run_all(office)
    clock.set(main.intent.expires_at)
    run_all(office)
    # The main text came too late, but the attachment was accepted: it is finished first.
    assert trip.state == "sealing"
    line.cut = False
    for _ in range(3):
        clock.advance(timedelta(minutes=1))
        run_all(office)
    assert trip.state == "numbered"
    sealed = rows(office, Revision, Revision.made_as == "sealed")
    assert [revision.file_id for revision in sealed] == [attachment.file.id]
    trip.ask_to_seal()
    (again,) = clerk.prepare()
    assert again.file.id == main.file.id
    clerk.bring(again)
    run_all(office)
    assert trip.state == "sealed"
    assert [report.verdict for report in trip.view().reports if report] == ["HOP_LE", "HOP_LE"]
