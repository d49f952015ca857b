"""A dossier until it is accepted: what it lacks is named, and what it shows must hold."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import event, update

from signing.report import SignatureReport
from tests.staff import COMMUNE, COORDINATION, STAFF
from tests.workflow.conftest import Clock
from tests.workflow.desk import CLERK, HEAD, LEADER, SPECIALIST, Desk
from tests.workflow.dossier_desk import (
    KIND,
    OFFICE_HEAD,
    OFFICE_SPECIALIST,
    PROVINCE_ADMINISTRATOR,
    DossierDesk,
)
from tests.workflow.outgoing_trip import Trip
from workflow import applying, appraising, exhibiting
from workflow.actor import Actor
from workflow.applying import Answer, NewDossier
from workflow.appointments import grant_role
from workflow.exhibiting import Attachment
from workflow.files import store_report
from workflow.jurisdictions import charge, succeed
from workflow.office import Office
from workflow.organisations import Description, create_organisation
from workflow.records import Case, CriterionAppraisal, Definition, Dossier, Exhibit, Move, Report
from workflow.rules.errors import (
    Forbidden,
    GuardsUnmet,
    Invalid,
    NotFound,
    StaleVersion,
    TransitionNotAllowed,
)
from workflow.snapshots import take_snapshot
from workflow.uploads import record_upload

NOON = datetime(2026, 12, 7, 5, tzinfo=UTC)  # a Monday in Vietnam, and no holiday near


@pytest.fixture
def dossiers(desk: Desk) -> DossierDesk:
    return DossierDesk(desk)


def unmet(refused: pytest.ExceptionInfo[GuardsUnmet]) -> list[str]:
    return list(refused.value.unmet)


def test_a_submission_is_refused_with_everything_that_is_missing(dossiers: DossierDesk) -> None:
    dossiers.open().assessed()
    dossiers.attach("component/y_kien", "component/bien_ban")
    for trigger in ("consult", "convene"):
        dossiers.step(SPECIALIST, trigger)
    # What was said and shown is taken back: four things are missing at once.
    exhibit = dossiers.desk.rows(Exhibit, Exhibit.slot == "criterion/2/minh_chung")[0]
    dossiers.desk.do(
        SPECIALIST, exhibiting.drop, dossiers.dossier_id, dossiers.case.version, exhibit.id
    )
    dossiers.answer("condition", "hai_long", value="89.9")
    dossiers.answer("criterion", "1", met=False)
    dossiers.step(SPECIALIST, "conclude_meeting")

    with pytest.raises(GuardsUnmet) as refused:
        dossiers.step(LEADER, "submit")

    assert unmet(refused) == [
        "Thiếu thành phần “Tờ trình”.",
        "Tiêu chí 1 “Giao thông”: tự đánh giá chưa đạt.",
        "Điều kiện “Tỷ lệ hài lòng của người dân”: 89.9% thấp hơn mức 90%.",
        "Tiêu chí 2 “Môi trường”: thiếu “Minh chứng”.",
    ]
    assert dossiers.case.state == "ready"


def test_a_complete_dossier_is_submitted_and_accepted(dossiers: DossierDesk) -> None:
    dossiers.open().submitted()

    assert dossiers.case.state == "submitted"
    assert dossiers.dossier.submitted_at is not None
    case = dossiers.step(OFFICE_SPECIALIST, "accept")

    assert (case.state, case.holder_role) == ("accepted", "unit_head")
    assert case.holder_id == dossiers.desk.seat("H56.MAU.01")
    actions = dossiers.desk.actions(dossiers.dossier_id)
    assert actions[0] == "dossier.opened"
    assert actions[-2:] == ["dossier.submit", "dossier.accept"]
    dossiers.desk.check_journals()


def test_nobody_consults_before_everything_is_answered(dossiers: DossierDesk) -> None:
    dossiers.open()

    with pytest.raises(GuardsUnmet) as refused:
        dossiers.step(SPECIALIST, "consult")

    assert unmet(refused) == [
        "Tiêu chí 1 “Giao thông”: chưa tự đánh giá.",
        "Tiêu chí 2 “Môi trường”: chưa tự đánh giá.",
        "Điều kiện “Tỷ lệ hài lòng của người dân”: chưa nhập tỷ lệ.",
        "Điều kiện “Không có nợ đọng xây dựng cơ bản”: chưa xác nhận.",
    ]


@pytest.mark.parametrize(
    ("pdf", "sentence"),
    [
        ("pdf", "không có chữ ký số"),
        ("altered_pdf", "chữ ký số không hợp lệ"),
        ("untrusted_pdf", "chưa xác định được hiệu lực chữ ký số"),
    ],
)
def test_evidence_whose_signature_does_not_hold_is_named(
    dossiers: DossierDesk, pdf: str, sentence: str
) -> None:
    dossiers.open()
    path = getattr(dossiers.desk, pdf)()

    dossiers.attach(
        "criterion/1/minh_chung", upload_id=dossiers.upload(path), title="Ảnh con đường"
    )

    assert f"“Ảnh con đường”: {sentence}." in dossiers.facts().incomplete


def test_evidence_that_was_not_judged_yet_does_not_count(dossiers: DossierDesk) -> None:
    dossiers.open()
    upload_id = dossiers.upload()
    dossiers.desk.do(
        SPECIALIST,
        exhibiting.attach,
        dossiers.dossier_id,
        dossiers.case.version,
        [Attachment("criterion/1/minh_chung", upload_id=upload_id, title="Tệp")],
    )

    assert "“Tệp”: đang kiểm tra chữ ký số." in dossiers.facts().unsound
    dossiers.desk.run_jobs()
    assert dossiers.facts().unsound == ()


def test_one_file_serves_many_slots_and_is_kept_and_judged_once(dossiers: DossierDesk) -> None:
    dossiers.open()
    upload_id = dossiers.upload()

    for _ in range(2):
        dossiers.attach("criterion/1/minh_chung", "criterion/2/minh_chung", upload_id=upload_id)

    exhibits = dossiers.desk.rows(Exhibit)
    assert len({exhibit.sha256 for exhibit in exhibits}) == 1
    assert [exhibit.ordinal for exhibit in exhibits] == [1, 2, 3, 4]
    assert len(dossiers.desk.rows(Report, Report.sha256 == exhibits[0].sha256)) == 1


def test_evidence_that_stops_to_hold_flags_the_dossier_and_stops_it(
    dossiers: DossierDesk, office: Office
) -> None:
    dossiers.open().submitted()
    assert dossiers.facts().unsound == ()
    exhibit = dossiers.desk.rows(Exhibit)[0]
    assert exhibit.sha256 is not None
    # Asked again, the status says that the certificate had been revoked before the signing.
    with office.transaction(None) as tx:
        (held,) = dossiers.desk.rows(Report, Report.sha256 == exhibit.sha256)
        report = replace(SignatureReport.from_json(held.content), verdict="KHONG_HOP_LE")
        store_report(tx, exhibit.organisation_id, report)
        tx.journal("report.stored", exhibit.organisation_id, exhibit.id)

    with pytest.raises(GuardsUnmet, match="chữ ký số không hợp lệ"):
        dossiers.step(OFFICE_SPECIALIST, "accept")
    assert len(dossiers.facts().unsound) == 5  # every slot in which it stands


def test_a_document_counts_when_it_is_issued_and_no_more_when_it_is_recalled(
    dossiers: DossierDesk, desk: Desk, office: Office, acting: Callable[[str], Actor]
) -> None:
    dossiers.open()
    report = Trip(office, acting, staff=STAFF[COMMUNE])
    report.draft(report.new(type_code="bao_cao"))
    dossiers.attach("component/y_kien", document_id=report.document_id, title="Báo cáo")
    assert "“Báo cáo”: văn bản chưa phát hành." in dossiers.facts().unsound

    report.checked().sign().number().seal().issue()
    assert dossiers.facts().unsound == ()

    recall = Trip(office, acting, staff=STAFF[COMMUNE])
    recall.draft(recall.new(type_code="thong_bao", bears_on=("recalls", report.document_id)))
    recall.checked().sign().number().seal().issue()
    assert dossiers.facts().unsound == ("“Báo cáo”: văn bản đã bị thu hồi.",)


def test_a_document_of_the_wrong_type_is_no_component(
    dossiers: DossierDesk, office: Office, acting: Callable[[str], Actor]
) -> None:
    dossiers.open().assessed()
    decision = Trip(office, acting).issued()
    dossiers.attach("component/y_kien", document_id=decision.document_id)

    sentence = "Thành phần “Báo cáo tổng hợp ý kiến” không đúng loại văn bản."
    assert sentence in dossiers.facts().consultation_unmet


def test_only_slots_of_the_kind_are_filled_and_all_that_is_wrong_is_said(
    dossiers: DossierDesk,
) -> None:
    dossiers.open()
    with pytest.raises(Invalid) as refused:
        dossiers.desk.do(
            SPECIALIST,
            exhibiting.attach,
            dossiers.dossier_id,
            dossiers.case.version,
            [Attachment("criterion/9/x", upload_id=uuid.uuid4()), Attachment("component/y_kien")],
        )

    assert [place for place, _ in refused.value.errors] == ["/items/0/slot", "/items/1"]
    assert dossiers.desk.rows(Exhibit) == []


def test_anothers_upload_is_nobodys_evidence(dossiers: DossierDesk) -> None:
    dossiers.open()
    upload_id = dossiers.upload(username=CLERK)

    with pytest.raises(NotFound):
        dossiers.attach("component/y_kien", upload_id=upload_id)


def test_what_was_submitted_is_not_changed_any_more(dossiers: DossierDesk) -> None:
    dossiers.open().submitted()

    with pytest.raises(TransitionNotAllowed):
        dossiers.answer("criterion", "1", met=False)
    with pytest.raises(TransitionNotAllowed):
        dossiers.attach("component/y_kien")


def test_strangers_and_the_office_do_not_write_a_communes_dossier(dossiers: DossierDesk) -> None:
    dossiers.open()

    # Until it is submitted it is the commune's alone.
    with pytest.raises(NotFound):
        dossiers.answer("criterion", "1", OFFICE_SPECIALIST, met=True)
    with pytest.raises(NotFound):
        dossiers.answer("criterion", "1", "sokhcn.chuyenvien", met=True)


def test_two_who_change_at_once(dossiers: DossierDesk) -> None:
    dossiers.open()
    seen = dossiers.case.version
    dossiers.answer("criterion", "1", met=True)

    with pytest.raises(StaleVersion):
        dossiers.desk.do(
            HEAD, applying.answer, dossiers.dossier_id, seen, Answer("criterion", "1", met=False)
        )


@pytest.mark.parametrize("value", ["101", "-1", "1/2", "chín mươi", "", "nan", "1e9"])
def test_a_rate_is_a_number_up_to_a_hundred(dossiers: DossierDesk, value: str) -> None:
    dossiers.open()

    with pytest.raises(Invalid):
        dossiers.answer("condition", "hai_long", value=value)


FIGURE = KIND.replace('code = "thu"', 'code = "thu_so"').replace(
    'title = "Giao thông"\nfield = "xay_dung"',
    'title = "Ký số"\nfield = "xay_dung"\nfigure = "indicator"',
)


def test_a_figure_of_the_system_is_never_typed(desk: Desk) -> None:
    dossiers = DossierDesk(desk, FIGURE).open("thu_so")

    for said in ({"met": True}, {"value": "100"}, {"snapshot_id": uuid.uuid4()}):
        with pytest.raises(Invalid):
            dossiers.answer("criterion", "1", **said)
    assert "Tiêu chí 1 “Ký số”: chưa chốt số liệu của hệ thống." in dossiers.facts().unanswered

    frozen = desk.do(CLERK, take_snapshot, desk.commune, "2026")
    older = desk.do(CLERK, take_snapshot, desk.commune, "2025")
    elsewhere = desk.do("vpdp.vanthu", take_snapshot, desk.seat("H56.MAU.01"), "2026")
    for said in (
        {"snapshot_id": frozen.id, "value": "100"},
        {"snapshot_id": frozen.id, "met": True},
        {"snapshot_id": older.id},
        {"snapshot_id": elsewhere.id},
    ):
        with pytest.raises(Invalid):
            dossiers.answer("criterion", "1", **said)
    dossiers.answer("criterion", "1", snapshot_id=frozen.id)
    # Nothing was sent and nothing received: 0/0 is no 100 %.
    sentence = "Tiêu chí 1 “Ký số”: số liệu đã chốt chưa đạt 100%."
    assert sentence in dossiers.facts().unanswered


def test_the_clock_of_the_check_stands_while_the_commune_supplements(
    dossiers: DossierDesk, clock: Clock
) -> None:
    clock.set(NOON)
    dossiers.open().submitted()  # Monday
    due = dossiers.case.due_at
    assert due is not None
    assert due.date() == (NOON + timedelta(days=7)).date()  # five working days
    clock.set(NOON + timedelta(days=2))
    with pytest.raises(GuardsUnmet, match="Chưa có công văn yêu cầu bổ sung hồ sơ"):
        dossiers.step(OFFICE_SPECIALIST, "request_supplement", "Thiếu hai thành phần.")
    dossiers.paper("supplement_request", STAFF[COORDINATION], "cong_van")
    dossiers.step(OFFICE_SPECIALIST, "request_supplement", "Thiếu hai thành phần.")
    clock.set(NOON + timedelta(days=21))
    dossiers.step(LEADER, "resubmit")

    again = dossiers.case.due_at
    assert again is not None
    # Two of the five days were gone when the clock was stopped: three are left.
    assert again.date() == (NOON + timedelta(days=24)).date()


def test_a_kind_is_chosen_by_the_period_asked_for(dossiers: DossierDesk, desk: Desk) -> None:
    def version(period: str, **more: str) -> int:
        new = NewDossier(desk.commune, "commune_ntm", period, "xã Mẫu", **more)
        case = desk.do(SPECIALIST, applying.open_dossier, new)
        dossiers.dossier_id = case.dossier_id
        kept = desk.one(Definition, Definition.digest == dossiers.dossier.kind_digest)
        return kept.version

    assert version("2025") == 1
    assert version("2026", group_code="1") == 2


def test_a_group_is_chosen_where_the_kind_has_groups_and_only_there(
    dossiers: DossierDesk, desk: Desk
) -> None:
    for kind, group in (("commune_ntm", None), ("commune_ntm", "9"), ("thu", "1")):
        new = NewDossier(desk.commune, kind, "2026", "xã Mẫu", group)
        with pytest.raises(Invalid) as refused:
            desk.do(SPECIALIST, applying.open_dossier, new)
        assert refused.value.errors[0][0] == "/group_code"


def test_a_dossier_is_taken_back_by_its_leader_with_a_reason(dossiers: DossierDesk) -> None:
    dossiers.open().submitted()
    with pytest.raises(Forbidden):
        dossiers.step(SPECIALIST, "abandon", "Chưa đủ.")
    with pytest.raises(Invalid):
        dossiers.step(LEADER, "abandon")

    case = dossiers.step(LEADER, "abandon", "Chưa đủ điều kiện.")

    assert (case.state, case.holder_id, case.closed_at is not None) == ("abandoned", None, True)
    last = dossiers.desk.rows(Move, Move.case_id == case.id)[-1]
    assert (last.opinion, last.source, last.due_at is not None) == (
        "Chưa đủ điều kiện.",
        "submitted",
        True,
    )


def test_departments_are_charged_before_the_dossier_is_given_to_them(desk: Desk) -> None:
    nobodys = KIND.replace('code = "thu"', 'code = "thu_y"').replace("xay_dung", "tai_chinh")
    dossiers = DossierDesk(desk, nobodys).open("thu_y").submitted()
    dossiers.step(OFFICE_SPECIALIST, "accept")

    with pytest.raises(GuardsUnmet, match="Lĩnh vực tài chính, đầu tư"):
        dossiers.step(OFFICE_HEAD, "assign")
    department = desk.seat("H56.MAU.03")
    desk.do(PROVINCE_ADMINISTRATOR, charge, desk.seat("H56"), "tai_chinh", department)
    assert dossiers.step(OFFICE_HEAD, "assign").state == "appraising"


def test_a_merged_commune_goes_on_under_its_successor(dossiers: DossierDesk, desk: Desk) -> None:
    dossiers.open().assessed()
    province = desk.seat("H56")
    newcomer = "sokhcn.chuyenvien"  # had nothing to do with the dossier until then
    place = Description("H56.MAU.09", "UBND xã Mới", "commune", "Mới", province)
    with desk.office.transaction(None) as tx:
        merged = create_organisation(tx, place, resolve_days=5)
        grant_role(tx, merged.id, desk.actor(newcomer).person_id, "specialist")
    desk.do("tinh.quantri", succeed, desk.commune, merged.id, date(2026, 11, 1))

    # Who has no post in the commune that goes on has no part in its dossier any more.
    with pytest.raises(Forbidden):
        dossiers.attach("component/y_kien", upload_id=uuid.uuid4())
    ref = desk.office.keep(merged.id, desk.signed_pdf())
    upload = desk.do(newcomer, record_upload, merged.id, ref)
    dossiers.attach("component/y_kien", username=newcomer, upload_id=upload.id)
    assert dossiers.step(newcomer, "consult").state == "consulting"
    with pytest.raises(GuardsUnmet, match="cơ quan kế thừa"):
        desk.do(SPECIALIST, applying.open_dossier, NewDossier(desk.commune, "thu", "2026", "x"))
    # The history stays in one chain: that of the commune which began it.
    assert desk.actions(dossiers.dossier_id)[-1] == "dossier.consult"
    desk.check_journals()


def test_what_lay_with_the_district_goes_on_without_it(
    dossiers: DossierDesk, desk: Desk, office: Office, clock: Clock
) -> None:
    dossiers.open().submitted()
    # As it was on the last day of districts, which this office has not seen.
    with office.database.write() as session:
        session.execute(
            update(Dossier).values(
                district_id=desk.seat("H56"), submitted_at=datetime(2025, 6, 20, tzinfo=UTC)
            )
        )
        session.execute(
            update(Case).where(Case.id == dossiers.case.id).values(state="district_verifying")
        )
        session.commit()

    with pytest.raises(GuardsUnmet, match="Từ ngày 01/7/2025 không còn bước thẩm tra"):
        dossiers.step("tinh.vanthu", "verify")
    case = dossiers.step(OFFICE_SPECIALIST, "take_over", "Cấp huyện kết thúc hoạt động.")

    assert case.state == "submitted"
    assert dossiers.step(OFFICE_SPECIALIST, "accept").state == "accepted"


def test_what_stopped_to_hold_after_the_acceptance_is_sent_back_for_a_supplement(
    dossiers: DossierDesk,
) -> None:
    """And the công văn of one round does not serve the next."""
    dossiers.open().submitted()
    dossiers.step(OFFICE_SPECIALIST, "accept")
    dossiers.paper("supplement_request", STAFF[COORDINATION], "cong_van")

    assert dossiers.step(OFFICE_SPECIALIST, "request_supplement", "Đã thu hồi.").state == (
        "supplementing"
    )
    dossiers.attach("criterion/1/minh_chung")
    dossiers.step(LEADER, "resubmit")
    with pytest.raises(GuardsUnmet, match="Chưa có công văn yêu cầu bổ sung"):
        dossiers.step(OFFICE_SPECIALIST, "request_supplement", "Còn thiếu.")


ABOVE = KIND.replace('code = "thu"', 'code = "thu_cao"').replace(
    "periods_from", 'requires = ["thu"]\nperiods_from', 1
)


def test_a_recognition_that_builds_on_another_asks_for_it(desk: Desk) -> None:
    dossiers = DossierDesk(desk, KIND, ABOVE).open("thu_cao").ready()

    with pytest.raises(GuardsUnmet) as refused:
        dossiers.step(LEADER, "submit")
    assert unmet(refused) == ["Chưa có quyết định công nhận “Xã thử”."]

    # Given before this system was: its decision is shown instead.
    dossiers.step(SPECIALIST, "revise")
    dossiers.attach("requirement/thu")
    for trigger in ("consult", "convene", "conclude_meeting"):
        dossiers.step(SPECIALIST, trigger)
    assert dossiers.step(LEADER, "submit").state == "submitted"


def test_a_paper_is_a_document_of_the_body_that_must_issue_it(
    dossiers: DossierDesk, desk: Desk, office: Office, acting: Callable[[str], Actor]
) -> None:
    dossiers.open().submitted()
    own = Trip(office, acting).draft()

    for username, part, sentence in (
        (CLERK, "no_such_part", "Chỉ có"),
        (CLERK, "supplement_request", "không phải văn bản của cơ quan phải ban hành"),
    ):
        with pytest.raises(Invalid, match=sentence):
            desk.do(username, exhibiting.link_paper, dossiers.dossier_id, part, own.document_id)
    with pytest.raises(NotFound):  # the office knows the dossier, and not the commune's draft
        desk.do(
            OFFICE_SPECIALIST,
            exhibiting.link_paper,
            dossiers.dossier_id,
            "supplement_request",
            own.document_id,
        )
    letter = Trip(office, acting, staff=STAFF[COORDINATION])
    letter.draft(letter.new(type_code="bao_cao"))
    with pytest.raises(Invalid, match="không đúng loại văn bản"):
        desk.do(
            OFFICE_SPECIALIST,
            exhibiting.link_paper,
            dossiers.dossier_id,
            "supplement_request",
            letter.document_id,
        )


def test_a_paper_counts_when_it_is_issued(
    dossiers: DossierDesk, desk: Desk, office: Office, acting: Callable[[str], Actor]
) -> None:
    dossiers.open().submitted()
    letter = Trip(office, acting, staff=STAFF[COORDINATION])
    letter.draft(letter.new(type_code="cong_van"))
    desk.do(
        OFFICE_SPECIALIST,
        exhibiting.link_paper,
        dossiers.dossier_id,
        "supplement_request",
        letter.document_id,
    )

    with pytest.raises(GuardsUnmet, match="Công văn yêu cầu bổ sung hồ sơ chưa phát hành"):
        dossiers.step(OFFICE_SPECIALIST, "request_supplement", "Thiếu.")
    letter.checked().sign().number().seal().issue()
    assert dossiers.step(OFFICE_SPECIALIST, "request_supplement", "Thiếu.").state == "supplementing"


def test_while_it_is_appraised_only_what_was_sent_back_may_change(
    dossiers: DossierDesk, desk: Desk
) -> None:
    dossiers.open().submitted()
    dossiers.step(OFFICE_SPECIALIST, "accept")
    dossiers.step(OFFICE_HEAD, "assign")
    with pytest.raises(GuardsUnmet, match="Không có tiêu chí nào được yêu cầu bổ sung"):
        dossiers.attach("criterion/2/minh_chung")

    (part,) = desk.rows(CriterionAppraisal, CriterionAppraisal.criterion == "2")
    appraiser = desk.actor("sonnmt.chuyenvien").person_id
    desk.do("sonnmt.truongphong", appraising.assign, part.case_id, 1, appraiser)
    desk.do("sonnmt.chuyenvien", appraising.give_back, part.case_id, 2, "Thiếu ảnh.")

    for slot in ("criterion/1/minh_chung", "component/to_trinh"):
        with pytest.raises(GuardsUnmet, match="Chỉ được bổ sung minh chứng của tiêu chí"):
            dossiers.attach(slot)
    with pytest.raises(Forbidden):
        desk.do(
            OFFICE_SPECIALIST,
            exhibiting.attach,
            dossiers.dossier_id,
            dossiers.case.version,
            [Attachment("criterion/2/minh_chung", upload_id=uuid.uuid4())],
        )
    assert len(dossiers.attach("criterion/2/minh_chung")) == 1


def test_a_second_round_is_appraised_afresh(
    dossiers: DossierDesk, desk: Desk, clock: Clock
) -> None:
    dossiers.open().submitted()
    dossiers.step(OFFICE_SPECIALIST, "accept")
    dossiers.step(OFFICE_HEAD, "assign")
    clock.advance(timedelta(hours=1))
    dossiers.paper("supplement_request", STAFF[COORDINATION], "cong_van")
    dossiers.step(OFFICE_SPECIALIST, "request_supplement", "Minh chứng đã bị thu hồi.")

    first = desk.rows(Case, Case.parent_id.is_not(None))
    assert {case.state for case in first} == {"withdrawn"}
    dossiers.step(LEADER, "resubmit")
    dossiers.step(OFFICE_SPECIALIST, "accept")
    dossiers.step(OFFICE_HEAD, "assign")

    facts = dossiers.facts()
    assert (facts.appraisals, facts.appraisals_open) == (1, 1)
    again = desk.rows(Case, Case.parent_id.is_not(None), Case.closed_at.is_(None))
    assert sorted(case.definition_name for case in again) == ["appraisal", "criterion", "criterion"]
    with pytest.raises(GuardsUnmet, match="Còn 1 cơ quan chưa có ý kiến thẩm định"):
        dossiers.step(OFFICE_SPECIALIST, "conclude_appraisal")


def test_many_pieces_ask_no_more_of_the_database_than_few(
    dossiers: DossierDesk, desk: Desk, office: Office
) -> None:
    dossiers.open()
    upload_id = dossiers.upload()
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("SELECT"):
            asked.append(statement)

    def asking(pieces: int) -> int:
        asked.clear()
        desk.do(
            SPECIALIST,
            exhibiting.attach,
            dossiers.dossier_id,
            dossiers.case.version,
            [Attachment("criterion/1/minh_chung", upload_id=upload_id)] * pieces,
        )
        return len(asked)

    event.listen(office.database.engine, "before_cursor_execute", note)
    try:
        assert asking(2) == asking(80)
    finally:
        event.remove(office.database.engine, "before_cursor_execute", note)


def test_a_document_with_the_longest_subject_is_attached_under_it(
    dossiers: DossierDesk, desk: Desk, office: Office, acting: Callable[[str], Actor]
) -> None:
    dossiers.open()
    paper = Trip(office, acting)
    paper.draft(replace(paper.new(), subject="Về " * 166 + "XY"))
    dossiers.attach("component/to_trinh", document_id=paper.document_id)

    assert len(desk.rows(Exhibit)[-1].title) == 500
