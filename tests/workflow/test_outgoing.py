"""The outgoing trip through the use cases, on both databases."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from sqlalchemy import Uuid, bindparam, select, text

from signing.pades import SignedRevision
from tests.signing.pdfs import hybrid, plain
from tests.signing.test_validation import encrypted
from tests.workflow.conftest import Clock
from tests.workflow.outgoing_trip import (
    CHECKER,
    CLERK,
    DEPUTY,
    HEAD,
    LEADER,
    SPECIALIST,
    Trip,
)
from workflow import drafting, filing, issuing, reviewing, signatures
from workflow.actor import Actor
from workflow.entrusting import Power, give_mandate
from workflow.files import Content, store_report
from workflow.inspecting import JOURNAL, Finding, inspect
from workflow.jobs import run_all
from workflow.lawbook import parsed
from workflow.office import Office
from workflow.records import (
    Definition,
    Person,
    RegisterEntry,
    SignatureMade,
    SigningIntent,
    SigningOutcome,
)
from workflow.rules.errors import (
    Forbidden,
    GuardsUnmet,
    Invalid,
    NotFound,
    SecretRefused,
    StaleVersion,
    TransitionNotAllowed,
    UnreadableDocument,
)
from workflow.sealing import Sealing


@pytest.fixture
def trip(office: Office, acting: Callable[[str], Actor]) -> Trip:
    return Trip(office, acting)


def tampering(office: Office) -> list[Finding]:
    return list(inspect(office, stages=JOURNAL))


def test_a_decision_from_draft_to_its_work_file(trip: Trip, office: Office) -> None:
    trip.draft(trip.new("Quyet dinh", "Phu luc")).checked().sign()
    assert trip.state == "signed"
    trip.number()
    trip.seal()
    seen = trip.view()
    assert seen.case.state == "sealed"
    assert seen.held.entry is not None
    main, attachment = seen.reports
    assert main is not None
    assert attachment is not None
    assert main.verdict == "HOP_LE"
    for report, signed in ((main, ["person1", "agency"]), (attachment, ["agency"])):
        *by_key, archived = report.signatures
        assert [found.field for found in by_key] == signed
        assert {found.level for found in by_key} == {"B-LTA"}
        assert archived.kind == "timestamp"
    assert main.filled["vanthu.number"] == f"Số: {seen.held.entry.code}"
    assert all(found.development for found in main.signatures)
    trip.issue()
    recipient = trip.view().recipients[0].recipient
    trip.act(
        CLERK,
        lambda tx, seen: issuing.record_dispatch(
            tx, trip.document_id, seen.case.version, recipient.id
        ),
    )
    assert trip.view().case.due_at is None
    with office.transaction(trip.acting(CLERK)) as tx:
        organisation = trip.issuer("UBND").organisation_id
        work_file = filing.open_work_file(
            tx, organisation, notation="01.VP", title="Hồ sơ thử", retention="Vĩnh viễn"
        )
    trip.act(
        CLERK,
        lambda tx, seen: filing.file_outgoing(
            tx, trip.document_id, seen.case.version, work_file.id
        ),
    )
    assert trip.state == "filed"
    assert tampering(office) == []


def test_what_an_office_suite_wrote_is_made_sound_before_anybody_checks_it(
    trip: Trip, office: Office, tmp_path: Path
) -> None:
    organisation = trip.issuer("UBND").organisation_id
    ref = office.keep(organisation, hybrid(tmp_path / "word.pdf"))
    word = Content(ref.sha256, ref.size_bytes)
    trip.draft(replace(trip.new(), files=[word, word])).checked()
    made = [revision.made_as for revision in trip.view().held.revisions]
    assert made == ["prepared", "prepared"]
    trip.sign().number().seal().issue()
    assert [report.verdict for report in trip.view().reports if report] == ["HOP_LE", "HOP_LE"]
    assert tampering(office) == []


@pytest.mark.parametrize("kind", ["encrypted", "locked"])
def test_an_attachment_that_can_not_be_sealed_is_refused_before_it_is_approved(
    trip: Trip, office: Office, tmp_path: Path, kind: str
) -> None:
    other = Trip(office, trip.acting).issued().view().held
    organisation, sealed = other.document.organisation_id, other.revisions[0]
    attachment = Content(sealed.sha256, sealed.size_bytes, "Văn bản đã khóa")
    if kind == "encrypted":
        path = tmp_path / "encrypted.pdf"
        path.write_bytes(encrypted(plain(tmp_path / "plain.pdf"), ""))
        ref = office.keep(organisation, path)
        attachment = Content(ref.sha256, ref.size_bytes, "Phụ lục có mật khẩu")
    new = trip.new()
    trip.draft(replace(new, files=[*new.files, attachment]))
    with pytest.raises(UnreadableDocument, match=r"khóa nội dung|mật khẩu"):
        trip.submit()
    assert trip.state == "drafting"


def test_the_seal_is_refused_while_the_person_has_not_signed(trip: Trip) -> None:
    trip.draft().checked()
    with pytest.raises(TransitionNotAllowed):
        trip.ask_to_seal()
    trip.ask_to_sign()  # the intent alone is no signature
    with pytest.raises(TransitionNotAllowed):
        trip.ask_to_seal()


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        (
            "UPDATE signing_certificate SET person_id = :other WHERE person_id = :signer",
            "không phải của người phải ký",
        ),
        ("UPDATE signer SET person_id = :other", "không phải của người phải ký"),
        ("UPDATE signer SET capacity = 'KT'", "không đúng thẩm quyền"),
    ],
    ids=["another's certificate", "another signer", "another capacity"],
)
def test_the_seal_is_refused_unless_the_signature_is_the_person_s_and_in_capacity(
    trip: Trip, statement: str, why: str
) -> None:
    trip.draft().checked().sign().number()
    signer, other = trip.acting(LEADER).person_id, trip.acting(DEPUTY).person_id
    query = text(statement)
    values = {"signer": signer, "other": other}
    used = {name: value for name, value in values.items() if f":{name}" in statement}
    types = [bindparam(name, type_=Uuid()) for name in used]
    with trip.office.database.engine.begin() as connection:
        connection.execute(query.bindparams(*types), used)
    with pytest.raises(GuardsUnmet, match=why):
        trip.ask_to_seal()


def judged_again(trip: Trip, **changes: Any) -> None:
    """A later report over the same bytes, which is the one that counts."""
    seen = trip.view()
    report = seen.reports[0]
    assert report is not None
    organisation = seen.held.document.organisation_id
    with trip.office.transaction(None) as tx:
        store_report(tx, organisation, replace(report, **changes))
        tx.journal("outgoing.judged_again", organisation, trip.document_id)


def test_the_seal_is_refused_once_the_person_s_signature_is_found_invalid(trip: Trip) -> None:
    trip.draft().checked().sign().number()
    report = trip.view().reports[0]
    assert report is not None
    (finding,) = report.signatures
    revoked = replace(finding, indication="INDETERMINATE", sub_indication="REVOKED_NO_POE")
    judged_again(trip, signatures=(revoked,))
    with pytest.raises(GuardsUnmet, match="chưa hợp lệ"):
        trip.ask_to_seal()


def test_issue_is_refused_while_bytes_and_register_differ(trip: Trip) -> None:
    trip.draft().checked().sign().number().seal()
    report = trip.view().reports[0]
    assert report is not None
    judged_again(trip, filled={**report.filled, "vanthu.number": "Số: 99/QĐ-UBND"})
    with pytest.raises(GuardsUnmet, match="khác sổ đăng ký"):
        trip.issue()
    assert trip.state == "sealed"


def test_only_the_named_signer_signs_and_never_seals(trip: Trip) -> None:
    trip.draft().checked()
    with pytest.raises(GuardsUnmet, match="Chưa đến lượt ký"):
        trip.ask_to_sign(DEPUTY)
    trip.sign().number()
    with pytest.raises(Forbidden):
        trip.ask_to_seal(LEADER)


def test_a_signer_without_a_mandate_cannot_approve(trip: Trip) -> None:
    deputy = drafting.SignerLine(trip.acting(DEPUTY).person_id, "competent", "TM")
    trip.draft(trip.new(signers=[deputy])).submit().review(HEAD, "check_content")
    with pytest.raises(GuardsUnmet, match="không được giao ký"):
        trip.review(DEPUTY, "approve")


def test_a_mandate_limited_to_a_field_signs_in_that_field_only(trip: Trip, office: Office) -> None:
    deputy, chairman = trip.acting(DEPUTY).person_id, trip.acting(LEADER).person_id
    with office.transaction(trip.acting("xa.quantri")) as tx:
        give_mandate(
            tx,
            trip.issuer("UBND").id,
            deputy,
            Power("KT", "assigned_field", "Quy chế làm việc", field="đất đai"),
            delegated_by_id=chairman,
        )
    signers = [drafting.SignerLine(deputy, "competent", "KT")]
    trip.draft(trip.new(signers=signers, field_of_work="văn hóa")).submit()
    trip.review(HEAD, "check_content")
    with pytest.raises(GuardsUnmet, match="ngoài phạm vi"):
        trip.review(DEPUTY, "approve")
    other = Trip(office, trip.acting)
    other.draft(other.new("Dat dai", signers=signers, field_of_work="đất đai")).submit()
    other.review(HEAD, "check_content").review(DEPUTY, "approve")
    assert other.state == "approved"


def test_other_bytes_have_no_reviews(trip: Trip) -> None:
    trip.draft().submit().review(HEAD, "check_content").review(LEADER, "approve")
    before = trip.view().content_sha256
    trip.act(
        LEADER,
        lambda tx, seen: reviewing.give_back(
            tx, trip.document_id, seen.case.version, "return", "Sửa căn cứ"
        ),
    )
    trip.act(
        SPECIALIST,
        lambda tx, seen: drafting.revise(
            tx, trip.document_id, seen.case.version, trip.new("Du thao da sua")
        ),
    )
    trip.submit()
    with pytest.raises(GuardsUnmet, match="khác bản vừa xem"):
        trip.act(
            HEAD,
            lambda tx, seen: reviewing.review(
                tx, trip.document_id, seen.case.version, "check_content", before or ""
            ),
        )
    with pytest.raises(TransitionNotAllowed):
        trip.review(LEADER, "approve")


def test_signing_something_else_than_what_was_reviewed_is_refused(trip: Trip) -> None:
    trip.draft().checked()
    with pytest.raises(GuardsUnmet, match="khác bản vừa xem"):
        trip.act(
            LEADER,
            lambda tx, seen: signatures.sign(tx, trip.document_id, seen.case.version, "0" * 64),
        )


def test_returning_needs_a_reason_and_keeps_it(trip: Trip) -> None:
    trip.draft().submit()
    with pytest.raises(Invalid):
        trip.act(
            HEAD,
            lambda tx, seen: reviewing.give_back(
                tx, trip.document_id, seen.case.version, "return", "  "
            ),
        )
    trip.act(
        HEAD,
        lambda tx, seen: reviewing.give_back(
            tx, trip.document_id, seen.case.version, "return", "Thiếu nơi nhận"
        ),
    )
    assert trip.view().moves[-1].opinion == "Thiếu nơi nhận"


def test_another_organisation_knows_nothing(trip: Trip) -> None:
    trip.draft()
    with pytest.raises(NotFound):
        trip.view("vpdp.vanthu")
    with (
        pytest.raises(NotFound),
        trip.office.transaction(trip.acting("vpdp.chanhvp")) as tx,
    ):
        reviewing.give_back(tx, trip.document_id, 1, "cancel", "x")


def test_secrets_and_what_is_no_pdf_are_refused(trip: Trip, office: Office) -> None:
    with pytest.raises(SecretRefused):
        trip.draft(trip.new(secrecy="mat"))
    organisation = trip.issuer("UBND").organisation_id
    ref = office.keep(organisation, io.BytesIO(b"%PDF-1.7 truncated"))
    with pytest.raises(UnreadableDocument):
        drafting.readable(office, organisation, Content(ref.sha256, ref.size_bytes))


def test_of_two_who_act_at_once_one_wins(trip: Trip) -> None:
    trip.draft().submit()
    seen = trip.view(HEAD)
    outcomes: list[str] = []
    ready = threading.Barrier(2)

    def check() -> None:
        ready.wait()
        try:
            with trip.office.transaction(trip.acting(HEAD)) as tx:
                content = seen.content_sha256 or ""
                reviewing.review(tx, trip.document_id, seen.case.version, "check_content", content)
            outcomes.append("done")
        except StaleVersion:
            outcomes.append("stale")

    threads = [threading.Thread(target=check) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["done", "stale"]


def test_numbered_on_31_december_and_sealed_in_january(trip: Trip, clock: Clock) -> None:
    clock.set(datetime(2026, 12, 31, 16, 59, 50, tzinfo=UTC))  # ten seconds to midnight in Vietnam
    trip.draft().checked().sign().number()
    clock.advance(timedelta(seconds=20))
    trip.seal().issue()
    seen = trip.view()
    assert seen.held.entry is not None
    assert (seen.held.entry.year, seen.held.entry.entered_on) == (2026, date(2026, 12, 31))
    assert seen.reports[0] is not None
    assert seen.reports[0].filled["vanthu.date"].endswith("ngày 31 tháng 12 năm 2026")
    other = Trip(trip.office, trip.acting).draft().checked().sign().number()
    entry = other.view().held.entry
    assert entry is not None
    assert (entry.year, entry.number) == (2027, 1)


def test_a_voided_number_stays_and_is_not_given_again(trip: Trip) -> None:
    trip.draft().checked().sign().number()
    trip.act(
        CLERK,
        lambda tx, seen: issuing.void_number(
            tx, trip.document_id, seen.case.version, "Nhầm loại văn bản"
        ),
    )
    assert trip.state == "voided"
    other = Trip(trip.office, trip.acting).draft().checked().sign().number()
    with trip.office.reading(None) as reading:
        numbers = reading.session.scalars(
            select(RegisterEntry.number).where(RegisterEntry.register == "outgoing")
        ).all()
    assert sorted(numbers) == [1, 2]
    assert other.state == "numbered"
    void = trip.view().void
    assert void is not None
    assert void.reason == "Nhầm loại văn bản"


def test_an_intent_that_expired_signs_nothing(trip: Trip, clock: Clock) -> None:
    trip.draft().checked().ask_to_sign()
    clock.advance(timedelta(minutes=trip.office.settings.intent_minutes))
    run_all(trip.office)
    seen = trip.view()
    assert seen.case.state == "format_checked"
    assert "hết hạn" in (seen.moves[-1].opinion or "")
    trip.sign()
    assert trip.state == "signed"


class CrookedSealing(Sealing):
    """The real keys in hands that do something else than was asked."""

    crook = ""
    others_key = ""
    others_certificate = ""

    def sign(self, source: Path, target: Path, **how: Any) -> SignedRevision:
        match self.crook:
            case "another file":
                # The same pages, rewritten: what was approved is no longer what is signed.
                with pikepdf.open(source) as pdf:
                    pdf.save(source.with_suffix(".other"), linearize=True)
                return super().sign(source.with_suffix(".other"), target, **how)
            case "another's key":
                theirs = {
                    "key_url": self.others_key,
                    "certificate_sha256": self.others_certificate,
                }
                return super().sign(source, target, **{**how, **theirs})
            case "a key exchanged":
                return super().sign(source, target, **{**how, "key_url": self.others_key})
        content = source.read_bytes()
        target.write_bytes(content)
        return SignedRevision(sha256(content).hexdigest(), len(content), how["level"])


@pytest.mark.parametrize("crook", ["another file", "another's key", "a key exchanged", "nothing"])
def test_what_the_key_made_is_recorded_only_if_it_is_what_was_asked(
    trip: Trip, office: Office, crook: str
) -> None:
    trip.draft().checked()
    crooked = CrookedSealing.open(office.settings)
    assert isinstance(crooked, CrookedSealing)
    crooked.crook = crook
    deputy = trip.acting(DEPUTY)
    issued = crooked.development.person(deputy.person_id, deputy.full_name, "")
    crooked.others_key, crooked.others_certificate = issued.key_url, issued.certificate_sha256
    office.sealing = crooked
    trip.sign()
    seen = trip.view()
    assert seen.case.state == "format_checked"
    assert seen.moves[-1].trigger == "abandon_signing"
    assert [revision.made_as for revision in seen.held.revisions] == ["prepared"]
    expected = {"another file": "nối tiếp", "a key exchanged": "không khớp chứng thư số"}
    assert expected.get(crook, "không qua được kiểm tra") in (seen.moves[-1].opinion or "")
    assert tampering(office) == []


def test_signing_jobs_run_twice_record_one_signature(trip: Trip) -> None:
    trip.draft().checked().ask_to_sign()
    with trip.office.reading(None) as reading:
        intent = str(reading.session.scalars(select(SigningIntent.id)).one())
    for work in (signatures.sign_outgoing, signatures.judge_signature):
        first, second = work(trip.office, intent), work(trip.office, intent)
        assert trip.state == "signing", "what was made moves nothing before it is judged"
        for record in (first, second):
            with trip.office.transaction(None) as tx:
                record(tx)
    run_all(trip.office)
    with trip.office.reading(None) as reading:
        made = reading.session.scalars(select(SignatureMade)).all()
        outcomes = reading.session.scalars(select(SigningOutcome)).all()
    assert len(made) == len(outcomes) == 1
    assert trip.state == "signed"
    assert tampering(trip.office) == []


def test_a_replacement_changes_the_original_when_it_is_issued(trip: Trip) -> None:
    trip.issued()
    other = Trip(trip.office, trip.acting)
    other.draft(other.new("Ban moi", bears_on=("replaces", trip.document_id))).checked()
    other.sign().number().seal()
    assert trip.state == "issued"
    other.issue()
    assert trip.state == "replaced"
    third = Trip(trip.office, trip.acting)
    third.draft(third.new("Ban ba", bears_on=("replaces", trip.document_id)))
    with pytest.raises(GuardsUnmet, match="không còn hiệu lực"):
        third.submit()


def test_minutes_without_a_seal_are_numbered_first_and_locked_by_the_last_signer(
    trip: Trip,
) -> None:
    chair = drafting.SignerLine(trip.acting(LEADER).person_id, "chair", "TM")
    secretary = drafting.SignerLine(trip.acting(SPECIALIST).person_id, "secretary")
    trip.draft(
        trip.new("Bien ban", type_code="bien_ban", signers=[secretary, chair], seal_wanted=False)
    )
    assert trip.view().case.definition_name == "outgoing-numbered-first"
    trip.checked().number().sign(SPECIALIST)
    assert trip.state == "numbered"
    trip.sign(LEADER)
    assert trip.state == "signed"
    report = trip.view().reports[0]
    assert report is not None
    signed = [found for found in report.signatures if found.kind == "signature"]
    assert [found.locks for found in signed] == [False, True]
    # The archive time-stamp came after the last signer, not before.
    assert [found.level for found in signed] == ["B-LTA", "B-LTA"]
    assert len(report.signatures) == 3
    trip.issue()
    assert trip.state == "issued"


def test_a_running_case_stays_on_the_definition_it_started_with(trip: Trip, office: Office) -> None:
    trip.draft().submit()
    text = office.law.texts["outgoing"]
    newer = text.replace("version = 1", "version = 2", 1).replace(
        'to = "content_checked"\nroles = ["unit_head"]',
        'to = "content_checked"\nroles = ["leader"]',
    )
    workflows = {**office.law.workflows, "outgoing": parsed(newer)}
    office.law = replace(
        office.law, texts={**office.law.texts, "outgoing": newer}, workflows=workflows
    )
    later = Trip(office, trip.acting).draft().submit()
    with pytest.raises(Forbidden):
        later.review(HEAD, "check_content")
    trip.review(HEAD, "check_content")
    assert trip.state == "content_checked"
    with office.reading(None) as reading:
        versions = reading.session.scalars(
            select(Definition.version).where(Definition.name == "outgoing")
        ).all()
    assert sorted(versions) == [1, 2]
    assert tampering(office) == []


def test_evidence_without_an_entry_is_not_committed(office: Office) -> None:
    row = Person(full_name="Không ghi nhật ký")
    with (
        pytest.raises(RuntimeError, match="not journalled: Person"),
        office.transaction(None) as tx,
    ):
        tx.add(row)
    with office.reading(None) as reading:
        assert reading.session.get(Person, row.id) is None
    with pytest.raises(RuntimeError, match="never deleted"), office.transaction(None) as tx:
        tx.session.delete(tx.session.scalars(select(Person)).first())


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE document SET subject = 'khác'", "row_edited"),
        ("UPDATE signer SET capacity = 'KT'", "row_edited"),
        ("DELETE FROM recipient", "row_missing"),
    ],
)
def test_an_edit_behind_the_journals_back_is_found(trip: Trip, statement: str, what: str) -> None:
    trip.draft()
    assert tampering(trip.office) == []
    with trip.office.database.engine.begin() as connection:
        connection.execute(text(statement))
    assert {found.kind for found in tampering(trip.office)} == {what}


def test_reviewers_are_those_the_decree_names(trip: Trip) -> None:
    trip.draft().submit()
    with pytest.raises(Forbidden):
        trip.review(CHECKER, "check_content")
    with pytest.raises(TransitionNotAllowed):
        trip.review(LEADER, "approve")
