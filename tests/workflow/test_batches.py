"""A list signed in one act: each document as if alone, and nothing after a fault of the key."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from storage.objects import ObjectRef
from tests.workflow.conftest import Clock
from tests.workflow.intact import tampering
from tests.workflow.outgoing_trip import CLERK, DEPUTY, LEADER, SPECIALIST, Trip
from tests.workflow.services import Services
from tests.workflow.token import Token
from workflow import accounts, batches, drafting, reviewing
from workflow.actor import Actor
from workflow.batches import Reviewed
from workflow.jobs import run_all, run_one
from workflow.office import Office
from workflow.records import SignatureMade, SigningBatch, SigningCertificate, job
from workflow.rules.errors import GuardsUnmet, Invalid, NotFound, Unavailable

AUDITOR = "xa.kiemtoan"
Acting = Callable[[str], Actor]


class Leader:
    """A leader with documents to sign, and the lists made of them."""

    def __init__(self, office: Office, acting: Acting) -> None:
        self.office, self.acting = office, acting

    def ready(self, **others: object) -> Trip:
        """A document that waits for the leader's signature."""
        trip = Trip(self.office, self.acting)
        return trip.draft(trip.new(uuid.uuid4().hex, **others)).checked()  # type: ignore[arg-type]

    def read(self, trips: Sequence[Trip]) -> list[Reviewed]:
        seen = [trip.view(LEADER) for trip in trips]
        return [Reviewed(one.held.document.id, one.content_sha256 or "") for one in seen]

    def ask(self, *trips: Trip) -> uuid.UUID:
        reviewed = self.read(trips)
        with self.office.transaction(self.acting(LEADER)) as tx:
            return batches.ask(tx, reviewed).id

    def resume(self, batch_id: uuid.UUID, username: str = LEADER) -> None:
        with self.office.transaction(self.acting(username)) as tx:
            batches.resume(tx, batch_id)

    def view(self, batch_id: uuid.UUID, username: str = LEADER) -> batches.View:
        with self.office.reading(self.acting(username)) as reading:
            return batches.view(reading, batch_id)

    def results(self, batch_id: uuid.UUID) -> list[str]:
        return [item.result for item in self.view(batch_id).items]

    def stopped(self, batch_id: uuid.UUID) -> str:
        return self.view(batch_id).batch.stopped or ""


@pytest.fixture
def leader(office: Office, acting: Acting) -> Leader:
    return Leader(office, acting)


@pytest.fixture
def token(office: Office) -> Token:
    return Token(office)


def made(office: Office) -> int:
    with office.reading(None) as reading:
        return len(reading.session.scalars(select(SignatureMade.id)).all())


def planned(office: Office) -> list[str]:
    with office.reading(None) as reading:
        return list(reading.session.scalars(select(job.c.name).where(job.c.state == "waiting")))


def sound(office: Office) -> None:
    with office.reading(None) as reading:
        assert tampering(reading) == []


def test_twenty_documents_in_one_act(office: Office, leader: Leader, token: Token) -> None:
    trips = [leader.ready() for _ in range(20)]
    batch = leader.ask(*trips)
    assert leader.results(batch) == ["waiting"] * 20
    for _ in range(15):
        assert run_one(office)
    halfway = Counter(leader.results(batch))
    assert halfway["signed"] >= 5
    assert halfway["waiting"] >= 5
    assert leader.view(batch).batch.finished_at is None
    run_all(office)
    view = leader.view(batch)
    assert [item.result for item in view.items] == ["signed"] * 20
    assert view.batch.finished_at is not None
    assert view.batch.stopped is None
    assert {trip.state for trip in trips} == {"signed"}
    signer = leader.acting(LEADER).person_id
    for trip in trips:
        assert [move.person_id for move in trip.view().moves if move.trigger == "sign"] == [signer]
    assert token.uses == made(office) == 20
    assert planned(office) == []
    sound(office)


def test_a_refused_pin_stops_the_list_and_nothing_is_tried_until_it_is_resumed(
    office: Office, leader: Leader, token: Token, clock: Clock
) -> None:
    trips = [leader.ready() for _ in range(5)]
    before = trips[2].view()
    token.refuses_at = 3
    batch = leader.ask(*trips)
    run_all(office)
    assert token.uses == 3
    assert leader.results(batch) == ["signed", "signed", "waiting", "waiting", "waiting"]
    assert "Mã PIN" in leader.stopped(batch)
    back = trips[2].view()
    assert back.case.state == before.case.state == "format_checked"
    assert back.content_sha256 == before.content_sha256
    assert "Mã PIN" in (back.moves[-1].opinion or "")
    assert [trip.state for trip in trips[3:]] == ["format_checked"] * 2
    with office.transaction(None) as tx:
        batches.sign_batch(office, str(batch))(tx)  # a delivery that comes late
    clock.advance(timedelta(days=1))
    run_all(office)
    assert token.uses == 3
    assert planned(office) == []

    leader.resume(batch)
    run_all(office)
    assert token.uses == 4  # the PIN is still wrong: one try, and it is stopped again
    assert "Mã PIN" in leader.stopped(batch)
    token.refuses_at = None
    leader.resume(batch)
    run_all(office)
    assert leader.results(batch) == ["signed"] * 5
    assert leader.view(batch).batch.finished_at is not None
    assert (token.uses, made(office)) == (4 + 3, 5)
    sound(office)


def test_a_token_that_is_pulled_out_stops_the_list(
    office: Office, leader: Leader, token: Token
) -> None:
    trips = [leader.ready() for _ in range(3)]

    def pull_out() -> None:
        token.pulled_out = token.uses == 2

    token.meanwhile = pull_out
    batch = leader.ask(*trips)
    run_all(office)
    assert leader.results(batch) == ["signed", "signed", "waiting"]
    assert leader.stopped(batch).startswith("Thiết bị của khóa “thử” không dùng được.")
    assert trips[2].state == "format_checked"
    assert planned(office) == []
    token.pulled_out = False
    leader.resume(batch)
    run_all(office)
    assert leader.results(batch) == ["signed"] * 3
    assert token.uses == made(office) == 3
    sound(office)


def test_what_is_wrong_with_one_document_keeps_no_other(
    office: Office, leader: Leader, token: Token
) -> None:
    good, others, changed, early, last = (
        leader.ready(),
        _for_deputy(leader),
        leader.ready(),
        Trip(office, leader.acting),
        leader.ready(),
    )
    early.draft().submit()
    reviewed = leader.read([good, others, changed, early, last])
    _change(changed)
    with office.transaction(leader.acting(LEADER)) as tx:
        batch = batches.ask(tx, reviewed).id
    run_all(office)
    view = leader.view(batch)
    assert [item.result for item in view.items] == [
        "signed",
        "refused",
        "refused",
        "refused",
        "signed",
    ]
    reasons = [item.reason for item in view.items]
    assert reasons[0] is reasons[4] is None
    assert "Chỉ người có thẩm quyền ký" in (reasons[1] or "")
    assert reasons[2] == "Văn bản đã khác bản vừa xem. Hãy xem lại bản hiện tại."
    assert "Ký số" in (reasons[3] or "")
    assert [trip.state for trip in (good, others, changed, early, last)] == [
        "signed",
        "format_checked",
        "format_checked",
        "submitted",
        "signed",
    ]
    assert token.uses == 2
    assert view.batch.finished_at is not None
    sound(office)


def _for_deputy(leader: Leader) -> Trip:
    """A document that the deputy signs and has approved, in the chairman's place."""
    trip = Trip(leader.office, leader.acting)
    deputy = drafting.SignerLine(leader.acting(DEPUTY).person_id, "competent", "TM+KT")
    trip.draft(trip.new("Cua pho", signers=[deputy])).submit()
    trip.review("xa.truongphong", "check_content").review(DEPUTY, "approve")
    return trip.review("xa.thethuc", "check_format")


def _change(trip: Trip) -> None:
    """It goes back to its drafter, and comes again with other words, checked and approved."""
    trip.act(
        LEADER,
        lambda tx, seen: reviewing.give_back(
            tx, trip.document_id, seen.case.version, "return", "Sửa câu cuối"
        ),
    )
    trip.act(
        SPECIALIST,
        lambda tx, seen: drafting.revise(
            tx, trip.document_id, seen.case.version, trip.new("Chu khac")
        ),
    )
    trip.checked()


def test_a_service_that_is_away_is_waited_for_and_stops_nothing(
    office: Office, leader: Leader, token: Token, clock: Clock
) -> None:
    services = Services(office)
    services.tsa_away = True
    decision, invitation = leader.ready(), leader.ready(type_code="giay_moi")
    batch = leader.ask(invitation, decision)
    run_all(office)
    # The invitation may go out lower meanwhile; the decision may not.
    assert leader.results(batch) == ["signed", "signing"]
    assert leader.stopped(batch) == ""
    services.tsa_away = False
    clock.advance(timedelta(minutes=1))
    run_all(office)
    assert leader.results(batch) == ["signed", "signed"]
    levels = [
        {one.level for one in report.signatures if one.kind == "signature"}
        for trip in (invitation, decision)
        if (report := trip.view().reports[0])
    ]
    assert levels == [{"B-B"}, {"B-LT"}]
    sound(office)


def test_an_outage_that_outlasts_the_act_stops_the_list(
    office: Office, leader: Leader, token: Token, clock: Clock
) -> None:
    services = Services(office)
    services.tsa_away = True
    trips = [leader.ready() for _ in range(2)]
    batch = leader.ask(*trips)
    run_all(office)
    services.tsa_away = False
    clock.advance(timedelta(minutes=office.settings.intent_minutes))
    used = token.uses
    run_all(office)
    assert "hết hạn" in leader.stopped(batch)
    assert leader.results(batch) == ["waiting"] * 2
    assert [trip.state for trip in trips] == ["format_checked"] * 2
    assert token.uses == used
    leader.resume(batch)
    asked = leader.view(batch).batch
    assert asked.asked_at == clock.now
    assert asked.expires_at == clock.now + timedelta(minutes=office.settings.intent_minutes)
    run_all(office)
    assert leader.results(batch) == ["signed"] * 2
    sound(office)


def test_the_document_at_hand_is_finished_and_the_next_is_not_begun(
    office: Office, leader: Leader, clock: Clock
) -> None:
    services = Services(office)
    services.tsa_away = True
    minute = timedelta(minutes=office.settings.intent_minutes) / 15
    batch = leader.ask(leader.ready(), leader.ready())
    clock.advance(10 * minute)
    run_all(office)
    services.tsa_away = False
    clock.advance(10 * minute)
    run_all(office)
    assert leader.results(batch) == ["signed", "waiting"]
    assert "hết hạn" in leader.stopped(batch)


def test_a_list_that_waited_too_long_is_not_signed(
    office: Office, leader: Leader, token: Token, clock: Clock
) -> None:
    batch = leader.ask(leader.ready())
    clock.advance(timedelta(minutes=office.settings.intent_minutes))
    run_all(office)
    assert "hết hạn" in leader.stopped(batch)
    assert token.uses == 0


def test_a_long_list_may_take_longer(office: Office, leader: Leader) -> None:
    with office.transaction(None) as tx:
        minutes = [(batches._expiry(tx, n) - tx.now).seconds // 60 for n in (1, 50, 51, 200)]
    assert minutes == [15, 15, 30, 60]


def test_a_closed_account_signs_nothing(office: Office, leader: Leader, token: Token) -> None:
    trip = leader.ready()
    batch = leader.ask(trip)
    with office.transaction(leader.acting("xa.quantri")) as tx:
        accounts.disable_account(tx, LEADER)
    run_all(office)
    with office.reading(None) as reading:
        assert reading.get(SigningBatch, batch).stopped == "Tài khoản của người ký đã bị khóa."
    assert (token.uses, trip.state) == (0, "format_checked")
    sound(office)


def test_a_list_is_its_makers_alone(office: Office, leader: Leader, token: Token) -> None:
    token.refuses_at = 1
    batch = leader.ask(leader.ready())
    run_all(office)
    assert leader.view(batch, AUDITOR).batch.id == batch
    for username in (CLERK, DEPUTY, "vpdp.chanhvp", "tinh.quantri"):
        with pytest.raises(NotFound):
            leader.view(batch, username)
    for username in (DEPUTY, AUDITOR):
        with pytest.raises(NotFound):
            leader.resume(batch, username)
    with pytest.raises(NotFound):
        leader.view(uuid.uuid4())
    token.refuses_at = None
    leader.resume(batch)
    with pytest.raises(GuardsUnmet, match="đang được ký"):
        leader.resume(batch)
    run_all(office)
    with pytest.raises(GuardsUnmet, match="đã ký xong"):
        leader.resume(batch)


def test_a_list_names_documents_one_may_know_of_once_each(
    office: Office, leader: Leader, acting: Acting
) -> None:
    (one,) = leader.read([leader.ready()])
    strange = Reviewed(uuid.uuid4(), "0" * 64)
    for wanted, pointers in (
        ([], ["/items"]),
        ([one] * 201, ["/items"]),
        ([one, one], ["/items/1/document_id"]),
        ([strange, one], ["/items/0/document_id", "/items/1/document_id"]),
        ([one, strange], ["/items/1/document_id"]),
    ):
        with pytest.raises(Invalid) as refused, office.transaction(acting(LEADER)) as tx:
            batches.ask(tx, wanted)
        assert [pointer for pointer, _ in refused.value.errors] == pointers
    with pytest.raises(Invalid), office.transaction(acting("vpdp.chanhvp")) as tx:
        batches.ask(tx, [one])
    assert planned(office) == []


def test_a_key_that_its_holder_keeps_signs_no_lists(
    office: Office, leader: Leader, acting: Acting
) -> None:
    (one,) = leader.read([leader.ready()])
    with office.database.engine.begin() as connection:
        own = SigningCertificate.person_id == acting(LEADER).person_id
        connection.execute(update(SigningCertificate).where(own).values(key_url="client:"))
    with (
        pytest.raises(GuardsUnmet, match="Hãy ký từng văn bản"),
        office.transaction(acting(LEADER)) as tx,
    ):
        batches.ask(tx, [one])


def test_a_document_that_no_try_can_sign_keeps_no_other(
    office: Office, leader: Leader, token: Token, clock: Clock
) -> None:
    trips = [leader.ready() for _ in range(3)]
    lost = trips[1].view().held
    (revision,) = lost.revisions
    organisation = lost.document.organisation_id
    office.objects.delete(ObjectRef(organisation, revision.sha256, revision.size_bytes))
    batch = leader.ask(*trips)
    for failed in range(1, office.settings.job_attempts + 1):
        run_all(office)
        clock.advance(timedelta(seconds=2**failed))
    assert leader.results(batch) == ["signed", "refused", "signed"]
    assert "nhiều lần thử" in (leader.view(batch).items[1].reason or "")
    assert trips[1].state == "format_checked"
    sound(office)


def test_two_workers_at_one_list_sign_every_document_once(
    office: Office, leader: Leader, token: Token
) -> None:
    """The first lost its lease while its key was slow, and ends after the second."""
    trips = [leader.ready() for _ in range(3)]
    batch = leader.ask(*trips)
    for _ in trips:
        records = [batches.sign_batch(office, str(batch)) for _ in range(2)]
        for record in records:
            with office.transaction(None) as tx:
                record(tx)
    assert planned(office).count("sign_batch") == 3, "one for each document"
    run_all(office)
    assert leader.results(batch) == ["signed"] * 3
    assert made(office) == 3
    sound(office)


def test_a_document_that_another_worker_took_is_not_refused_for_it(
    office: Office, leader: Leader
) -> None:
    batch = leader.ask(leader.ready())
    (item,) = leader.view(batch).items
    batches._take(office, leader.acting(LEADER), item.id)
    with pytest.raises(Unavailable):
        batches._take(office, leader.acting(LEADER), item.id)
    run_all(office)
    assert leader.results(batch) == ["signed"]
