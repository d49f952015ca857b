"""The key in the clerk's hand: prepared, signed elsewhere, accepted once, on both databases."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from signing.cms import signed_attributes
from signing.devca import DevelopmentCA
from tests.workflow.client_held import ADMINISTRATOR, Holder, Outage
from tests.workflow.conftest import Clock
from tests.workflow.outgoing_trip import CLERK, DEPUTY, LEADER, Trip
from workflow import auditing, entrusting, pending
from workflow.jobs import run_all
from workflow.office import Actor, Office
from workflow.pending import Waiting
from workflow.records import (
    Case,
    JournalEntry,
    PendingSignature,
    Revision,
    SealCustody,
    SignatureMade,
    SigningMandate,
    SigningOutcome,
    job,
    new_id,
)
from workflow.rules import journal
from workflow.rules.errors import GuardsUnmet, NotFound
from workflow.sealing import SigningRefusal


@pytest.fixture
def trip(office: Office, acting: Callable[[str], Actor]) -> Trip:
    return Trip(office, acting).draft().checked()


@pytest.fixture
def leader(trip: Trip) -> Holder:
    """The chairman with a token, who has taken the step to sign."""
    holder = Holder.of(trip, LEADER)
    trip.ask_to_sign()
    return holder


def rows(office: Office, kind: type[Any], *conditions: Any) -> list[Any]:
    with office.reading(None) as reading:
        return list(reading.session.scalars(select(kind).where(*conditions)))


def tamper(office: Office, **values: Any) -> None:
    """Edit the pending signature as somebody with a database client would."""
    with office.database.write() as session:
        session.execute(update(PendingSignature).values(**values))
        session.commit()


def untouched(trip: Trip) -> bool:
    """Whether nothing was signed and nothing taken: what came was refused without a trace."""
    run_all(trip.office)
    (row,) = rows(trip.office, PendingSignature)
    taken = row.value or row.returned_sha256 or row.completed_at
    signed = rows(trip.office, Revision, Revision.made_as.in_(("signed", "sealed")))
    return not (taken or signed or rows(trip.office, SignatureMade))


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
    assert [(one.field, one.level) for one in report.signatures] == [
        ("person1", "B-LT"),
        ("agency", "B-LT"),
    ]
    with trip.office.reading(None) as reading:
        assert auditing.verify_all(reading) == []


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


def test_a_wrong_value_uses_up_nothing(leader: Holder) -> None:
    (waiting,) = leader.prepare()
    good = leader.value(waiting)
    other = DevelopmentCA(leader.office.settings.data_dir / "pki").issue_person("x", "X", "Y")
    for wrong in (
        b"\0",
        good[:-1],
        good + b"\0",
        leader.key.sign(b"another document", "sha256"),
        other.sign(waiting.prepared.attributes, "sha256"),  # another certificate's
    ):
        with pytest.raises(SigningRefusal, match="không khớp"):
            leader.bring(waiting, value=wrong)
    assert untouched(leader.trip)
    leader.bring(waiting, value=good)
    run_all(leader.office)
    assert leader.trip.state == "signed"


@pytest.mark.parametrize("token", ["", "A" * 43, "A" * 42, "không", "=", "!" * 43])
def test_a_token_that_is_not_this_one_is_refused(leader: Holder, token: str) -> None:
    (waiting,) = leader.prepare()
    with pytest.raises(SigningRefusal, match="đã được thay"):
        leader.bring(waiting, token=token)
    assert untouched(leader.trip)


def test_another_user_cannot_complete_it(leader: Holder) -> None:
    (waiting,) = leader.prepare()
    for other in (CLERK, DEPUTY, "vpdp.vanthu"):
        with pytest.raises(NotFound):
            leader.bring(waiting, by=other)
    assert untouched(leader.trip)


ALTERED: list[tuple[str, Callable[[Waiting, Holder], Any]]] = [
    ("id", lambda _waiting, _leader: new_id()),
    ("person_id", lambda _waiting, leader: leader.trip.acting(CLERK).person_id),
    ("prepared", lambda waiting, _: waiting.pending.prepared.replace(b'"B-LT"', b'"B-BB"')),
    ("filled", lambda _waiting, _leader: b"%PDF"),
    ("mac", lambda waiting, _: bytes(32)),
    ("expires_at", lambda waiting, _: waiting.pending.expires_at + timedelta(days=1)),
]


@pytest.mark.parametrize(("column", "value"), ALTERED, ids=[column for column, _ in ALTERED])
def test_a_row_edited_in_the_database_does_not_pass(
    leader: Holder, column: str, value: Callable[[Waiting, Holder], Any]
) -> None:
    (waiting,) = leader.prepare()
    tamper(leader.office, **{column: value(waiting, leader)})
    with pytest.raises(SigningRefusal, match="đã bị thay đổi"):
        leader.bring(waiting)
    assert untouched(leader.trip)


def test_a_pending_signature_moved_to_another_intent_does_not_pass(leader: Holder) -> None:
    (waiting,) = leader.prepare()
    second = Trip(leader.office, leader.trip.acting).draft().checked().ask_to_sign()
    other = replace(leader, trip=second)
    (there,) = other.prepare()
    with leader.office.database.write() as session:
        mine = PendingSignature.intent_id == waiting.intent.id
        session.execute(
            update(PendingSignature).where(~mine).values(prepared=waiting.pending.prepared)
        )
        session.commit()
    with pytest.raises(SigningRefusal, match="đã bị thay đổi"):
        other.bring(there, value=leader.value(waiting))
    with pytest.raises(SigningRefusal, match="đã được thay"):
        leader.bring(waiting, token=there.token)


def test_what_was_accepted_and_then_edited_is_not_signed(leader: Holder) -> None:
    (waiting,) = leader.prepare()
    leader.bring(waiting)
    tamper(leader.office, prepared=waiting.pending.prepared.replace(b'"B-LT"', b'"B-BB"'))
    run_all(leader.office)
    assert leader.trip.state == "format_checked"
    assert rows(leader.office, Revision, Revision.made_as == "signed") == []


def test_another_office_secret_makes_another_token(leader: Holder) -> None:
    (waiting,) = leader.prepare()
    secret = leader.office.settings.data_dir / "secret"
    assert secret.stat().st_mode & 0o777 == 0o600
    secret.write_bytes(secret.read_bytes()[::-1])
    with pytest.raises(SigningRefusal):
        leader.bring(waiting)
    assert untouched(leader.trip)


def test_late_is_too_late_and_the_case_goes_back(leader: Holder, clock: Clock) -> None:
    (waiting,) = leader.prepare()
    clock.set(waiting.pending.expires_at)
    with pytest.raises(SigningRefusal, match="quá hạn"):
        leader.bring(waiting)
    run_all(leader.office)
    assert leader.trip.state == "format_checked"
    (outcome,) = rows(leader.office, SigningOutcome)
    assert "quá hạn" in outcome.refusal
    with pytest.raises(SigningRefusal, match="đã kết thúc"):
        leader.bring(waiting)
    leader.trip.ask_to_sign()
    (again,) = leader.prepare()
    leader.bring(again)
    run_all(leader.office)
    assert leader.trip.state == "signed"


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


def test_a_certificate_revoked_after_preparing_signs_nothing(leader: Holder) -> None:
    (waiting,) = leader.prepare()
    pki = DevelopmentCA(leader.office.settings.data_dir / "pki")
    pki.revoke(leader.certificate.certificate_sha256)
    leader.bring(waiting)
    run_all(leader.office)
    assert leader.trip.state == "format_checked"
    (outcome,) = rows(leader.office, SigningOutcome)
    assert "thu hồi" in outcome.refusal
    with pytest.raises(SigningRefusal, match="thu hồi"):
        leader.trip.ask_to_sign()
        leader.prepare()


def test_a_certificate_taken_out_of_use_completes_nothing(leader: Holder) -> None:
    (waiting,) = leader.prepare()
    with leader.office.reading(None) as reading:
        today = reading.today
    leader.end_certificate(today)
    with pytest.raises(SigningRefusal, match="không còn được dùng"):
        leader.bring(waiting)
    assert untouched(leader.trip)


def test_a_power_to_sign_that_ended_completes_nothing(leader: Holder) -> None:
    (waiting,) = leader.prepare()
    person_id = leader.trip.acting(LEADER).person_id
    held = rows(leader.office, SigningMandate, SigningMandate.person_id == person_id)
    with leader.office.transaction(leader.trip.acting(ADMINISTRATOR)) as tx:
        for mandate in held:
            entrusting.end_mandate(tx, mandate.id, tx.today)
    with pytest.raises(GuardsUnmet):
        leader.bring(waiting)
    assert untouched(leader.trip)


def test_a_key_taken_back_completes_nothing(trip: Trip) -> None:
    clerk = Holder.of(trip, CLERK, agency=True)
    trip.sign().number().ask_to_seal()
    (waiting,) = clerk.prepare()
    person_id = trip.acting(CLERK).person_id
    with trip.office.transaction(trip.acting(ADMINISTRATOR)) as tx:
        for custody in rows(trip.office, SealCustody, SealCustody.person_id == person_id):
            entrusting.take_key_back(tx, custody.id, tx.today)
    with pytest.raises(GuardsUnmet, match="không được giao"):
        clerk.bring(waiting)
    run_all(trip.office)
    assert trip.state == "sealing"


def test_other_bytes_than_those_prepared_are_not_signed(leader: Holder) -> None:
    (waiting,) = leader.prepare()
    with leader.office.database.write() as session:
        # Behind the back of everything: the office itself changes no file while it is signed.
        newest = select(Revision).where(Revision.sha256 == waiting.intent.base_sha256)
        held = session.scalars(newest).one()
        session.add(
            Revision(
                file_id=held.file_id,
                ordinal=held.ordinal + 1,
                sha256="0" * 64,
                size_bytes=1,
                made_as="prepared",
                made_by=None,
                made_at=held.made_at,
            )
        )
        session.commit()
    with pytest.raises(GuardsUnmet, match="đã khác"):
        leader.bring(waiting)


def test_an_intent_that_ends_while_it_is_prepared_is_left_out(
    leader: Holder, clock: Clock
) -> None:
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
    sealing = leader.office.sealing
    assert sealing.trust.timestamper is not None
    line = Outage(sealing.trust.timestamper)
    sealing.trust = replace(sealing.trust, timestamper=line)
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
    sealing = office.sealing
    assert sealing.trust.timestamper is not None
    line = Outage(sealing.trust.timestamper)
    line.cut = True
    sealing.trust = replace(sealing.trust, timestamper=line)
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


def test_the_case_row_is_as_it_was_after_every_refusal(leader: Holder) -> None:
    (waiting,) = leader.prepare()
    before = rows(leader.office, Case, Case.id == waiting.intent.case_id)[0]
    with pytest.raises(SigningRefusal):
        leader.bring(waiting, value=b"\0")
    after = rows(leader.office, Case, Case.id == waiting.intent.case_id)[0]
    assert (after.state, after.version) == (before.state, before.version)
