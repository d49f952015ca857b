"""What a client-held key may not complete: each refused with its reason, and nothing used up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text, update

from signing.devca import DevelopmentCA
from tests.workflow.client_held import ADMINISTRATOR, Holder, rows, untouched
from tests.workflow.conftest import Clock
from tests.workflow.outgoing_trip import CLERK, DEPUTY, LEADER, Trip
from workflow import entrusting, pending
from workflow.actor import Actor
from workflow.jobs import run_all
from workflow.office import Office
from workflow.pending import Waiting
from workflow.records import (
    Case,
    PendingSignature,
    Revision,
    SealCustody,
    SigningCertificate,
    SigningIntent,
    SigningMandate,
    SigningOutcome,
    new_id,
)
from workflow.refusals import SigningRefusal
from workflow.rules.errors import GuardsUnmet, NotFound


@pytest.fixture
def trip(office: Office, acting: Callable[[str], Actor]) -> Trip:
    return Trip(office, acting).draft().checked()


@pytest.fixture
def leader(trip: Trip) -> Holder:
    """The chairman with a token, who has taken the step to sign."""
    holder = Holder.of(trip, LEADER)
    trip.ask_to_sign()
    return holder


def tamper(office: Office, **values: Any) -> None:
    """Edit the pending signature as somebody with a database client would."""
    with office.database.write() as session:
        session.execute(update(PendingSignature).values(**values))
        session.commit()


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


def lowered(waiting: Waiting) -> bytes:
    """The same preparation but for its level: signed as it is, nobody could tell when."""
    return replace(waiting.prepared, level="B-B", authority=None, evidence_until=None).to_bytes()


ALTERED: list[tuple[str, Callable[[Waiting, Holder], Any]]] = [
    ("id", lambda _waiting, _leader: new_id()),
    ("person_id", lambda _waiting, leader: leader.trip.acting(CLERK).person_id),
    ("prepared", lambda waiting, _: lowered(waiting)),
    ("given", lambda _waiting, _leader: b"%PDF"),
    ("mac", lambda _waiting, _leader: bytes(32)),
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


@pytest.mark.parametrize("column", ["field", "base_sha256", "certificate_id"])
def test_an_intent_edited_in_the_database_does_not_pass(leader: Holder, column: str) -> None:
    """Whoever owns the database can drop the triggers that keep intents as they are."""
    (waiting,) = leader.prepare()
    others = rows(leader.office, SigningCertificate, SigningCertificate.id != leader.certificate.id)
    value = {"field": "person2", "base_sha256": "0" * 64, "certificate_id": others[0].id}[column]
    with leader.office.database.write() as session:
        if session.connection().dialect.name == "sqlite":
            session.execute(text("DROP TRIGGER signing_intent_no_update"))
        else:
            session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(update(SigningIntent).values({column: value}))
        session.commit()
    with pytest.raises(SigningRefusal, match="đã bị thay đổi"):
        leader.bring(waiting)


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
    tamper(leader.office, prepared=lowered(waiting))
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


def test_evidence_that_lapses_before_the_intent_ends_the_preparation(
    leader: Holder, clock: Clock
) -> None:
    (ready,) = leader.ready()
    until = clock.now + timedelta(minutes=1)
    short = replace(ready, prepared=replace(ready.prepared, evidence_until=until))
    with leader.office.transaction(leader.trip.acting(LEADER)) as tx:
        (waiting,) = pending.keep(tx, leader.trip.document_id, [short])
    clock.set(until)
    with pytest.raises(SigningRefusal, match="hãy chuẩn bị"):
        leader.bring(waiting)
    (again,) = leader.prepare()
    leader.bring(again)
    run_all(leader.office)
    assert leader.trip.state == "signed"


def test_a_certificate_revoked_after_preparing_signs_nothing(leader: Holder) -> None:
    (waiting,) = leader.prepare()
    pki = DevelopmentCA(leader.office.settings.data_dir / "pki")
    pki.revoke(leader.certificate.certificate_sha256)
    leader.bring(waiting)
    run_all(leader.office)
    assert leader.trip.state == "format_checked"
    (outcome,) = rows(leader.office, SigningOutcome)
    assert "thu hồi" in outcome.refusal
    leader.trip.ask_to_sign()
    with pytest.raises(SigningRefusal, match="thu hồi"):
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


def test_the_case_row_is_as_it_was_after_every_refusal(leader: Holder) -> None:
    (waiting,) = leader.prepare()
    before = rows(leader.office, Case, Case.id == waiting.intent.case_id)[0]
    with pytest.raises(SigningRefusal):
        leader.bring(waiting, value=b"\0")
    after = rows(leader.office, Case, Case.id == waiting.intent.case_id)[0]
    assert (after.state, after.version) == (before.state, before.version)
