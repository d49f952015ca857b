"""Incoming documents up to their arrival number: real files, real signatures, both databases."""

from __future__ import annotations

import threading
import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.signing.pdfs import hybrid
from tests.workflow.conftest import Clock
from tests.workflow.desk import CLERK, LEADER, SPECIALIST, Desk
from workflow import digitising, registration
from workflow.digitising import digitise, judge_digitised, seal_digitised
from workflow.incoming_views import (
    Filter,
    incoming_register,
    list_incoming,
    view_incoming,
)
from workflow.office import Transaction
from workflow.records import (
    Case,
    Document,
    Incoming,
    Organisation,
    Override,
    RegisterEntry,
    Relation,
    Report,
    Revision,
    SealCustody,
    SigningIntent,
    SigningOutcome,
)
from workflow.registration import (
    attach_paper,
    confirm_duplicates,
    inspect_paper,
    override,
    receive,
    register,
    return_to_sender,
    verify_again,
    verify_incoming,
)
from workflow.rules.deadlines import end_of_day
from workflow.rules.errors import (
    Forbidden,
    GuardsUnmet,
    Invalid,
    NotFound,
    SecretRefused,
    StaleVersion,
    TransitionNotAllowed,
)


def verdict(desk: Desk, document_id: uuid.UUID) -> str | None:
    return desk.see(CLERK, view_incoming, document_id).verdict


def test_a_signed_document_is_acknowledged_verified_and_registered(desk: Desk) -> None:
    case = desk.do(CLERK, receive, desk.arrival(desk.signed_pdf()))
    incoming = desk.one(Incoming)
    assert incoming.acknowledged_at == incoming.received_at
    assert desk.rows(RegisterEntry) == []
    with pytest.raises(TransitionNotAllowed):  # authenticity comes first (Art. 21.2.a)
        desk.do(CLERK, register, case.document_id, case.version)

    desk.run_jobs()
    assert desk.case(case.document_id).state == "verified"
    assert verdict(desk, case.document_id) == "HOP_LE"
    entry = desk.do(CLERK, register, case.document_id, desk.case(case.document_id).version)

    assert (entry.number, entry.code, entry.register) == (1, None, "incoming")
    assert desk.case(case.document_id).state == "registered"
    assert desk.actions(case.document_id) == [
        "incoming.received",
        "incoming.verified",
        "incoming.registered",
    ]
    desk.check_journals()


def test_an_altered_document_can_only_be_returned_and_only_with_a_reason(desk: Desk) -> None:
    document_id = desk.arrive(desk.altered_pdf())
    assert verdict(desk, document_id) == "KHONG_HOP_LE"

    with pytest.raises(GuardsUnmet, match="phải trả lại"):
        desk.do(CLERK, register, document_id, 3)
    with pytest.raises(GuardsUnmet, match="không xác định"):
        desk.do(CLERK, override, document_id, 3, "Tin cậy nơi gửi")
    with pytest.raises(Invalid):
        desk.do(CLERK, return_to_sender, document_id, 3, "  ")
    desk.do(CLERK, return_to_sender, document_id, 3, "Văn bản bị thay đổi sau khi ký")
    assert desk.case(document_id).state == "returned"
    assert desk.rows(RegisterEntry) == []


def test_an_altered_attachment_breaks_the_document(desk: Desk) -> None:
    assert verdict(desk, desk.arrive(desk.signed_pdf(), desk.altered_pdf())) == "KHONG_HOP_LE"
    table = desk.folder / "bang.csv"
    table.write_text("1;2;3")
    assert verdict(desk, desk.arrive(desk.signed_pdf(), table)) == "HOP_LE"


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7\n%%EOF", b"khong phai PDF"])
def test_an_unreadable_file_is_received_too(desk: Desk, content: bytes) -> None:
    path = desk.folder / "hong.pdf"
    path.write_bytes(content)
    document_id = desk.arrive(path)
    assert verdict(desk, document_id) == "KHONG_DOC_DUOC"
    with pytest.raises(GuardsUnmet, match="Không đọc được"):
        desk.do(CLERK, register, document_id, 3)


@pytest.mark.parametrize("kind", ["citizen", "enterprise"])
def test_unsigned_mail_of_citizens_and_enterprises_is_registered(desk: Desk, kind: str) -> None:
    document_id = desk.arrive(desk.pdf(), sender_kind=kind)
    assert verdict(desk, document_id) == "KHONG_CO_CHU_KY"
    assert desk.do(CLERK, register, document_id, 3).number == 1


def test_an_unsigned_document_of_an_agency_is_not_registered(desk: Desk) -> None:
    document_id = desk.arrive(desk.pdf())
    with pytest.raises(GuardsUnmet, match="thiếu chữ ký số"):
        desk.do(CLERK, register, document_id, 3)


def test_an_undecided_verdict_needs_an_override_of_this_very_report(
    desk: Desk, clock: Clock
) -> None:
    document_id = desk.arrive(desk.untrusted_pdf())
    assert verdict(desk, document_id) == "KHONG_XAC_DINH"
    with pytest.raises(GuardsUnmet, match="phải ghi lý do"):
        desk.do(CLERK, register, document_id, 3)
    with pytest.raises(Invalid):
        desk.do(CLERK, override, document_id, 3, "")
    desk.do(CLERK, override, document_id, 3, "Đã xác nhận qua điện thoại")
    assert desk.one(Override).reason == "Đã xác nhận qua điện thoại"

    clock.advance(timedelta(minutes=1))
    desk.do(CLERK, verify_again, document_id, 4)
    desk.run_jobs()
    assert len(desk.rows(Report)) == 2
    with pytest.raises(GuardsUnmet, match="phải ghi lý do"):  # the older word is no answer to it
        desk.do(CLERK, register, document_id, 6)
    desk.do(CLERK, override, document_id, 6, "Vẫn như đã xác nhận")
    assert desk.do(CLERK, register, document_id, 7).number == 1


def test_secret_documents_are_refused_at_the_door(desk: Desk) -> None:
    with pytest.raises(SecretRefused):
        desk.do(CLERK, receive, desk.arrival(desk.pdf(), secrecy="mat"))
    assert desk.rows(Document) == []


def test_only_the_clerk_receives_and_others_do_not_know(desk: Desk) -> None:
    arrival = desk.arrival(desk.pdf())
    with pytest.raises(Forbidden):
        desk.do(LEADER, receive, arrival)
    with pytest.raises(NotFound):
        desk.do("vpdp.vanthu", receive, arrival)
    document_id = desk.letter()
    for stranger in ("vpdp.vanthu", SPECIALIST):
        with pytest.raises(NotFound):
            desk.do(stranger, register, document_id, 3)
        with pytest.raises(NotFound):
            desk.see(stranger, view_incoming, document_id)
        assert desk.see(stranger, list_incoming) == []
    with pytest.raises(Forbidden):
        desk.do(LEADER, register, document_id, 3)


def test_every_wrong_field_is_named(desk: Desk) -> None:
    with pytest.raises(Invalid) as refused:
        desk.do(
            CLERK,
            receive,
            desk.arrival(
                medium="fax",
                sender_kind="x",
                urgency="x",
                subject=" ",
                type_code="x",
                code="1" * 61,
            ),
        )
    assert {pointer for pointer, _ in refused.value.errors} == {
        "/medium",
        "/sender_kind",
        "/urgency",
        "/subject",
        "/type_code",
        "/code",
    }
    with pytest.raises(Invalid, match="phải có tệp"):
        desk.do(CLERK, receive, desk.arrival())


def test_duplicates_are_warned_of_until_answered_one_by_one(desk: Desk) -> None:
    same = {"code": "05/SNV-VP", "dated_on": date(2026, 11, 2)}
    first = desk.registered(**same)
    other_year = desk.letter(code="05/SNV-VP", dated_on=date(2025, 11, 2))
    assert desk.see(CLERK, view_incoming, other_year).duplicates == []
    other_sender = desk.letter(**same, sender_code="H56.08", sender_name="Sở Tài chính")
    assert desk.see(CLERK, view_incoming, other_sender).duplicates == []

    again = desk.letter(**{**same, "code": "Số: 5/SNV-VP"})
    assert desk.see(CLERK, view_incoming, again).duplicates == [first]
    with pytest.raises(GuardsUnmet, match="Trùng với 1 văn bản"):
        desk.do(CLERK, register, again, 3)
    with pytest.raises(GuardsUnmet, match="đã khác"):
        desk.do(CLERK, confirm_duplicates, again, 3, [], "Đã xem")
    desk.do(CLERK, confirm_duplicates, again, 3, [first], "Gửi lại lần hai", duplicate_of=first)
    relation = desk.one(Relation)
    assert (relation.document_id, relation.kind, relation.other_id) == (again, "duplicates", first)
    desk.do(CLERK, register, again, 4)

    third = desk.letter(**same)
    desk.do(CLERK, confirm_duplicates, third, 3, [first, again], "Văn bản khác cùng số")
    assert {row.kind for row in desk.rows(Relation, Relation.document_id == third)} == {"resembles"}
    fourth = desk.letter(**same)
    seen = desk.see(CLERK, view_incoming, fourth).duplicates
    desk.do(CLERK, confirm_duplicates, fourth, 3, seen, "Văn bản khác cùng số")
    desk.do(CLERK, register, fourth, 4)
    with pytest.raises(GuardsUnmet, match="Trùng với 3 văn bản"):  # a newer one warns again
        desk.do(CLERK, register, third, 4)


def test_the_same_identifier_is_a_duplicate_whatever_else_it_says(desk: Desk) -> None:
    first = desk.registered(identifier="000.00.01.H01,2018,10", code="1/A")
    again = desk.letter(identifier="000.00.01.H01,2018,10", code="2/B", sender_name="Nơi khác")
    assert desk.see(CLERK, view_incoming, again).duplicates == [first]


def test_paper_is_digitised_with_the_agencys_signature_alone(desk: Desk) -> None:
    document_id = desk.arrive(desk.pdf("BAN QUET"), medium="paper")
    assert desk.case(document_id).state == "received"
    scan = desk.one(Revision)
    assert desk.one(Incoming).acknowledged_at is None
    with pytest.raises(GuardsUnmet, match="khác bản vừa xem"):
        desk.do(CLERK, digitise, document_id, 1, "0" * 64)
    desk.do(CLERK, digitise, document_id, 1, scan.sha256)
    desk.run_jobs()

    assert desk.case(document_id).state == "verified"
    sealed = desk.rows(Revision)[-1]
    assert (sealed.made_as, sealed.ordinal) == ("sealed", 1)
    (report,) = desk.see(CLERK, view_incoming, document_id).reports
    assert report is not None
    assert report.verdict == "HOP_LE"
    assert [(s.field, s.locks) for s in report.signatures] == [("agency", True)]
    assert desk.do(CLERK, register, document_id, 3).number == 1
    desk.check_journals()


def test_paper_may_be_inspected_instead(desk: Desk) -> None:
    document_id = desk.arrive(medium="paper")
    with pytest.raises(GuardsUnmet, match="bản quét"):
        desk.do(CLERK, digitise, document_id, 1, "0" * 64)
    desk.do(CLERK, inspect_paper, document_id, 1, "Đủ trang, đủ dấu")
    assert desk.do(CLERK, register, document_id, 2).number == 1


def test_a_scan_that_is_signed_or_broken_is_no_scan(desk: Desk) -> None:
    for path, why in ((desk.signed_pdf(), "đã có chữ ký số"), (desk.folder / "x", "Không đọc")):
        path.touch()
        document_id = desk.arrive(path, medium="paper")
        (sha256,) = [f.sha256 for _, f in desk.see(CLERK, view_incoming, document_id).held.files]
        with pytest.raises(GuardsUnmet, match=why):
            desk.do(CLERK, digitise, document_id, 1, sha256)


def test_the_agencys_key_needs_custody_and_copying_authority(desk: Desk) -> None:
    document_id = desk.arrive(desk.pdf(), medium="paper")
    sha256 = desk.one(Revision).sha256
    with desk.office.transaction(None) as tx:
        tx.get(Organisation, desk.commune).copying_authority = None
        for custody in tx.session.query(SealCustody).filter_by(organisation_id=desk.commune):
            custody.valid_to = tx.today
        tx.journal("test.dismissed", "system", desk.commune)
    with pytest.raises(GuardsUnmet) as refused:
        desk.do(CLERK, digitise, document_id, 1, sha256)
    assert len(refused.value.unmet) == 2
    assert desk.rows(SigningIntent) == []


def test_a_scanner_s_hybrid_file_is_rewritten_before_the_clerk_seals_it(desk: Desk) -> None:
    scan = hybrid(desk.folder / "scanner.pdf")
    document_id = desk.arrive(scan, medium="paper", sender_name="Trạm Y tế")
    received_scan, rewritten = desk.rows(Revision)
    assert (received_scan.made_as, rewritten.made_as) == ("received", "prepared")
    desk.run_jobs()
    desk.do(CLERK, digitise, document_id, desk.case(document_id).version, rewritten.sha256)
    desk.run_jobs()
    assert desk.case(document_id).state == "verified"
    assert len(desk.rows(Revision)) == 3


def test_a_digitising_that_came_too_late_goes_back(desk: Desk, clock: Clock) -> None:
    document_id = desk.arrive(desk.pdf(), medium="paper")
    desk.do(CLERK, digitise, document_id, 1, desk.one(Revision).sha256)
    clock.advance(timedelta(minutes=desk.office.settings.intent_minutes))
    desk.run_jobs()
    assert desk.case(document_id).state == "received"
    assert "hết hạn" in (desk.one(SigningOutcome).refusal or "")
    assert len(desk.rows(Revision)) == 1
    desk.do(CLERK, digitise, document_id, 3, desk.one(Revision).sha256)
    desk.run_jobs()
    assert desk.case(document_id).state == "verified"


def test_a_job_that_died_leaves_nothing_in_limbo(desk: Desk) -> None:
    document_id = desk.arrive(desk.pdf(), medium="paper")
    desk.do(CLERK, digitise, document_id, 1, desk.one(Revision).sha256)
    intent = str(desk.one(SigningIntent).id)
    for _ in range(2):
        with desk.office.transaction(None) as tx:
            digitising.give_up(tx, intent)
    assert (desk.case(document_id).state, desk.case(document_id).version) == ("received", 3)


def test_jobs_done_twice_change_nothing_the_second_time(desk: Desk) -> None:
    office = desk.office
    electronic = desk.do(CLERK, receive, desk.arrival(desk.signed_pdf())).document_id
    paper = desk.arrive(desk.pdf(), medium="paper")
    desk.do(CLERK, digitise, paper, 1, desk.rows(Revision)[-1].sha256)
    intent = str(desk.one(SigningIntent).id)
    again = desk.do(CLERK, receive, desk.arrival(desk.pdf())).document_id
    # Both deliveries work at the same time; then both record.
    for work, name in (
        (verify_incoming, str(again)),
        (seal_digitised, intent),
        (judge_digitised, intent),
    ):
        for record in (work(office, name), work(office, name)):
            with office.transaction(None) as tx:
                record(tx)
    counts = [len(desk.rows(kind)) for kind in (Report, Revision, SigningOutcome)]
    desk.run_jobs()
    for name in (electronic, again, paper):
        with office.transaction(None) as tx:
            verify_incoming(office, str(name))(tx)
    assert [len(desk.rows(kind)) for kind in (Report, Revision, SigningOutcome)] == counts
    assert [desk.case(name).version for name in (electronic, again, paper)] == [3, 3, 3]
    desk.check_journals()


def test_paper_that_follows_joins_the_number(desk: Desk) -> None:
    document_id = desk.registered()
    scan = desk.keep(desk.pdf("BAN GIAY"))
    desk.do(CLERK, attach_paper, document_id, 4, scan, "Bản giấy gửi sau")
    relation = desk.one(Relation)
    assert (relation.kind, relation.other_id) == ("follows", document_id)
    assert [entry.document_id for entry in desk.rows(RegisterEntry)] == [document_id]
    assert desk.rows(Case, Case.document_id == relation.document_id) == []
    assert len(desk.see(CLERK, list_incoming)) == 1


def test_two_clerks_at_once_and_one_of_them_wins(desk: Desk) -> None:
    document_id = desk.letter()
    actor = desk.actor(CLERK)
    start = threading.Barrier(4)
    outcomes: list[object] = []

    def attempt() -> None:
        start.wait()
        try:
            with desk.office.transaction(actor) as tx:
                outcomes.append(register(tx, document_id, 3).number)
        except StaleVersion as refused:
            outcomes.append(refused.current)

    threads = [threading.Thread(target=attempt) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, outcomes)) == ["1", "4", "4", "4"]
    assert len(desk.rows(RegisterEntry)) == 1


def test_arrival_numbers_have_no_gap_under_threads(desk: Desk) -> None:
    documents = [desk.letter() for _ in range(12)]
    actor = desk.actor(CLERK)
    start = threading.Barrier(6)
    faults: list[BaseException] = []

    def work(mine: list[uuid.UUID]) -> None:
        try:
            start.wait()
            for document_id in mine:
                with desk.office.transaction(actor) as tx:
                    register(tx, document_id, 3)
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=work, args=(documents[n::6],)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert sorted(entry.number for entry in desk.rows(RegisterEntry)) == list(range(1, 13))
    desk.check_journals()


class CrashError(Exception):
    """The process died before the commit."""


def register_and_die(tx: Transaction, document_id: uuid.UUID) -> None:
    register(tx, document_id, 3)
    raise CrashError


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["register", "crash", "return"]), max_size=5))
def test_a_number_whose_transaction_fails_is_given_again(desk: Desk, fates: list[str]) -> None:
    before = len(desk.rows(RegisterEntry))
    for fate in fates:
        document_id = desk.letter()
        if fate == "return":
            desk.do(CLERK, return_to_sender, document_id, 3, "Gửi nhầm nơi nhận")
        elif fate == "register":
            desk.do(CLERK, register, document_id, 3)
        else:
            with pytest.raises(CrashError):
                desk.do(CLERK, register_and_die, document_id)
    numbers = [entry.number for entry in desk.rows(RegisterEntry)]
    assert numbers == list(range(1, before + fates.count("register") + 1))


def test_each_year_starts_its_own_register_on_vietnamese_time(desk: Desk, clock: Clock) -> None:
    clock.set(datetime(2026, 12, 31, 16, 59, 59, tzinfo=UTC))  # 23:59:59 in Hanoi
    first, second = desk.letter(), desk.letter()
    entry = desk.do(CLERK, register, first, 3)
    assert (entry.year, entry.number, entry.entered_on) == (2026, 1, date(2026, 12, 31))
    clock.advance(timedelta(seconds=1))
    entry = desk.do(CLERK, register, second, 3)
    assert (entry.year, entry.number, entry.entered_on) == (2027, 1, date(2027, 1, 1))


def test_registering_and_submitting_are_due_from_the_arrival(desk: Desk, clock: Clock) -> None:
    clock.set(datetime(2026, 11, 20, 2, tzinfo=UTC))  # a Friday
    ordinary, urgent = desk.letter(), desk.letter(urgency="urgent")
    monday = end_of_day(date(2026, 11, 23))
    assert desk.case(ordinary).due_at == monday
    assert desk.case(urgent).due_at == datetime(2026, 11, 20, 2, 30, tzinfo=UTC)
    clock.advance(timedelta(hours=3))
    desk.do(CLERK, register, ordinary, 3)
    assert desk.case(ordinary).due_at == monday
    overdue = desk.see(CLERK, list_incoming, Filter(overdue=True))
    assert [line.document.id for line in overdue] == [urgent]


def test_lists_are_narrowed_and_paged(desk: Desk) -> None:
    first = desk.letter(sender_name="Uỷ ban nhân dân xã Hoà Bình", subject="Đề nghị 100%")
    second = desk.registered(code="7/SNV-VP", sender_code="H56.09", urgency="flash")

    def found(**wanted: object) -> list[uuid.UUID]:
        lines = desk.see(CLERK, list_incoming, Filter(**wanted))  # type: ignore[arg-type]
        return [line.document.id for line in lines]

    assert found() == [second, first]
    assert found(sender="ủy ban nhân dân xã hòa bình") == [first]
    assert found(sender="H56.09") == [second]
    assert found(sender="đề nghị") == []  # the subject is not the sender
    assert found(text="de nghi 100%") == [first]
    assert found(text="de nghi 1_0") == []
    assert found(code="07/SNV-VP") == [second]
    assert found(urgency="flash") == found(state="registered") == [second]
    assert found(organisation_id=uuid.uuid4()) == []
    page = desk.see(CLERK, list_incoming, after=second, limit=1)
    assert [line.document.id for line in page] == [first]


def test_the_register_shows_numbers_in_order(desk: Desk) -> None:
    documents = [desk.registered() for _ in range(3)]
    year = desk.rows(RegisterEntry)[0].year
    lines = desk.see(CLERK, incoming_register, desk.commune, year)
    assert [line.document.id for line in lines] == documents
    rest = desk.see(CLERK, incoming_register, desk.commune, year, after=lines[0].entry.id)
    assert [line.entry.number for line in rest] == [2, 3]
    for stranger in (SPECIALIST, "vpdp.vanthu"):
        with pytest.raises(NotFound):
            desk.see(stranger, incoming_register, desk.commune, year)


def test_buttons_say_why_they_are_grey(desk: Desk) -> None:
    document_id = desk.arrive(desk.pdf())
    detail = desk.see(CLERK, view_incoming, document_id)
    grey = {option.trigger: option.reasons for option in detail.options if not option.allowed}
    assert grey["register"] == (
        "Văn bản của cơ quan, tổ chức nhà nước thiếu chữ ký số: phải trả lại.",
    )
    assert "return" not in grey
    with pytest.raises(GuardsUnmet) as refused:
        desk.do(CLERK, registration.register, document_id, 3)
    assert refused.value.unmet == grey["register"]
