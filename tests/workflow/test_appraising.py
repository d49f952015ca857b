"""Departments appraise side by side; single criteria go back; the join asks for all of it."""

from __future__ import annotations

import random
import threading
import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import event

from storage.objects import ObjectRef
from tests.workflow.appraisal_desk import (
    APPLICANT,
    KH,
    KH_APPRAISER,
    KH_HEAD,
    NN,
    NN_APPRAISER,
    NN_HEAD,
    NN_OTHER,
    OFFICE_HEAD,
    AppraisalDesk,
    criterion,
)
from tests.workflow.conftest import Clock
from workflow import appraising
from workflow.actor import Actor
from workflow.appraisals import find_criterion, find_part
from workflow.exhibiting import Attachment, attach, link_paper
from workflow.facts.appraisals import returned_criteria
from workflow.jurisdictions import succeed
from workflow.office import Office
from workflow.records import (
    Appraisal,
    Case,
    CriterionAppraisal,
    Dossier,
    Finding,
    Unit,
)
from workflow.rules.deadlines import VIETNAM
from workflow.rules.dossier import appraisals_given
from workflow.rules.errors import (
    Forbidden,
    GuardsUnmet,
    Invalid,
    NotFound,
    Refusal,
    StaleVersion,
    TransitionNotAllowed,
)
from workflow.rules.kinds import Rule
from workflow.substituting import appoint_substitute
from workflow.uploads import record_upload


@pytest.fixture
def desk(
    office: Office,
    acting: Callable[[str], Actor],
    seat: Callable[[str], uuid.UUID],
    tmp_path: Path,
) -> AppraisalDesk:
    return AppraisalDesk(office, acting, seat, tmp_path)


def join(desk: AppraisalDesk, dossier_id: uuid.UUID) -> str | None:
    """What the dossier's own guard says of its appraisals."""
    state = desk.state(dossier_id)
    facts: Any = SimpleNamespace(appraisals=state.appraisals, appraisals_open=state.open)
    return appraisals_given(facts)


def supply(desk: AppraisalDesk, dossier_id: uuid.UUID, code: str) -> None:
    """The applicant puts a signed file into the criterion's slot, and it is judged."""
    content = desk.keep(desk.signed_pdf())
    ref = ObjectRef(desk.commune, content.sha256, content.size_bytes)
    upload = desk.do(APPLICANT, record_upload, desk.commune, ref)
    item = Attachment(f"criterion/{code}/minh_chung", upload_id=upload.id, title="Minh chứng")
    desk.do(APPLICANT, attach, dossier_id, desk.main(dossier_id).version, [item])
    desk.run_jobs()


def test_departments_have_their_parts_and_their_criteria(desk: AppraisalDesk) -> None:
    dossier_id = desk.dossier()
    state = desk.state(dossier_id)
    assert (state.appraisals, state.open) == (2, 2)
    fields = {line.organisation_id: set(line.fields) for line in state.departments}
    assert fields == {
        desk.seat(NN): {"nong_nghiep_moi_truong", "xay_dung"},
        desk.seat(KH): {"khoa_hoc_cong_nghe"},
    }
    assert [(line.criterion, line.organisation_id) for line in state.criteria] == [
        ("1", desk.seat(NN)),
        ("2", desk.seat(NN)),
        ("3", desk.seat(KH)),
        ("4", desk.seat(KH)),
    ]
    days = desk.kind.days["DOSSIER_APPRAISE"]
    for line in state.criteria:
        case = desk.one(Case, Case.id == line.case_id)
        assert (case.state, case.holder_id, case.holder_role) == (
            "unassigned",
            line.organisation_id,
            "unit_head",
        )
        assert case.due_at is not None
        assert case.due_at - case.opened_at > timedelta(days=days)
        assert desk.part(dossier_id, NN).due_at == case.due_at
    assert join(desk, dossier_id) == "Còn 2 cơ quan chưa có ý kiến thẩm định."
    desk.check_journals()


def test_a_field_that_nobody_is_charged_with_stops_the_dossier(desk: AppraisalDesk) -> None:
    desk.use((criterion("1", "nong_nghiep_moi_truong"), criterion("7", "thu_nghiem")))
    with pytest.raises(GuardsUnmet, match=r"thu_nghiem.*tiêu chí 7.*Quản trị hệ thống của tỉnh"):
        desk.dossier()
    assert desk.rows(Dossier) == []


def test_the_trip_of_a_criterion(desk: AppraisalDesk) -> None:
    dossier_id = desk.dossier()
    third = desk.criterion(dossier_id, "3")
    with pytest.raises(TransitionNotAllowed):
        desk.step(KH_HEAD, appraising.find, third, True, "Đạt")
    desk.assign(dossier_id, "3", KH_APPRAISER)
    held = desk.one(Case, Case.id == third.id)
    assert (held.state, held.holder_person_id) == ("assigned", desk.person(KH_APPRAISER))

    with pytest.raises(GuardsUnmet, match="Thiếu “Minh chứng”"):
        desk.step(KH_APPRAISER, appraising.find, third, True, "Đạt")
    with pytest.raises(Invalid, match="Phải ghi lý do"):
        desk.step(KH_APPRAISER, appraising.give_back, third, "  ")
    desk.step(KH_APPRAISER, appraising.give_back, third, "Bổ sung ảnh chụp phòng họp")
    held = desk.one(Case, Case.id == third.id)
    assert (held.state, held.holder_id, held.holder_role) == (
        "returned",
        desk.commune,
        "specialist",
    )
    line = desk.state(dossier_id).criteria[2]
    assert (line.state, line.met, line.reason) == ("returned", None, "Bổ sung ảnh chụp phòng họp")
    assert line.appraiser == "Chuyên viên Sở Khoa học và Công nghệ"

    with pytest.raises(GuardsUnmet, match="Thiếu “Minh chứng”"):
        desk.step(APPLICANT, appraising.resupply, third)
    supply(desk, dossier_id, "3")
    with pytest.raises(Forbidden):
        desk.step(KH_APPRAISER, appraising.resupply, third)
    desk.step(APPLICANT, appraising.resupply, third, "Đã bổ sung")
    held = desk.one(Case, Case.id == third.id)
    assert (held.state, held.holder_person_id) == ("assigned", desk.person(KH_APPRAISER))
    desk.step(KH_APPRAISER, appraising.find, third, True, "Đủ minh chứng")
    line = desk.state(dossier_id).criteria[2]
    assert (line.state, line.met, line.reason) == ("appraised", True, "Đủ minh chứng")
    # Nothing of this touched the other three.
    others = [one for one in desk.state(dossier_id).criteria if one.criterion != "3"]
    assert {desk.one(Case, Case.id == one.case_id).version for one in others} == {1}
    assert [finding.met for finding in desk.rows(Finding)] == [None, True]
    assert [action for action in desk.actions(dossier_id) if action.startswith("criterion.")] == [
        "criterion.assign",
        "criterion.return",
        "criterion.resupply",
        "criterion.find_met",
    ]
    desk.check_journals()


def test_only_what_was_sent_back_may_be_changed(desk: AppraisalDesk) -> None:
    desk.use(
        (criterion("3", "khoa_hoc_cong_nghe", slot=True), criterion("4", "xay_dung", slot=True))
    )
    dossier_id = desk.dossier()
    with pytest.raises(GuardsUnmet, match="Không có tiêu chí nào được yêu cầu"):
        supply(desk, dossier_id, "3")
    case = desk.assign(dossier_id, "3", KH_APPRAISER)
    desk.step(KH_APPRAISER, appraising.give_back, case, "Thiếu minh chứng")
    with desk.office.reading(None) as reading:
        assert returned_criteria(reading, reading.get(Dossier, dossier_id)) == {"3"}
    with pytest.raises(GuardsUnmet, match="Chỉ được bổ sung minh chứng của tiêu chí"):
        supply(desk, dossier_id, "4")
    supply(desk, dossier_id, "3")
    desk.step(APPLICANT, appraising.resupply, case)
    with pytest.raises(GuardsUnmet, match="Không có tiêu chí nào được yêu cầu"):
        supply(desk, dossier_id, "3")


def test_who_may_appraise(desk: AppraisalDesk) -> None:
    dossier_id = desk.dossier()
    first = desk.criterion(dossier_id, "1")
    for wrong in (KH_APPRAISER, APPLICANT, "sonnmt.giamdoc"):
        with pytest.raises(Invalid, match="không phải người thẩm định"):
            desk.step(NN_HEAD, appraising.assign, first, desk.person(wrong))
    with pytest.raises(Invalid, match="một người hoặc một đơn vị"):
        desk.step(NN_HEAD, appraising.assign, first, None)
    with pytest.raises(Forbidden):
        desk.step(OFFICE_HEAD, appraising.assign, first, desk.person(NN_APPRAISER))
    with pytest.raises(NotFound):
        desk.step(KH_HEAD, appraising.assign, first, desk.person(NN_APPRAISER))
    with pytest.raises(NotFound):  # of the department, but not given to this person
        desk.step(NN_APPRAISER, appraising.assign, first, desk.person(NN_APPRAISER))
    desk.assign(dossier_id, "1", NN_APPRAISER)
    with pytest.raises(NotFound):
        desk.step(NN_OTHER, appraising.find, first, True, "Đạt")
    with pytest.raises(NotFound):
        desk.step(KH_APPRAISER, appraising.find, first, True, "Đạt")
    with pytest.raises(GuardsUnmet, match="Chỉ người được giao"):
        desk.step(NN_HEAD, appraising.find, first, True, "Đạt")
    with pytest.raises(Forbidden):
        desk.step(OFFICE_HEAD, appraising.find, first, True, "Đạt")
    desk.assign(dossier_id, "1", NN_OTHER)  # to somebody else, while nothing was found
    with pytest.raises(NotFound):
        desk.step(NN_APPRAISER, appraising.find, first, True, "Đạt")
    desk.step(NN_OTHER, appraising.find, first, False, "Chưa đạt theo quy hoạch")
    assert desk.state(dossier_id).criteria_failed == (
        "Tiêu chí 1 “Tiêu chí thử 1”: Sở Nông nghiệp và Môi trường kết luận không đạt.",
    )
    with pytest.raises(TransitionNotAllowed):
        desk.step(NN_OTHER, appraising.find, first, True, "Đạt")


def test_a_unit_may_be_given_it_first(desk: AppraisalDesk) -> None:
    dossier_id = desk.dossier()
    first = desk.criterion(dossier_id, "1")
    unit = desk.one(Unit, Unit.organisation_id == desk.seat(NN), Unit.symbol == "PTNT")
    foreign = desk.one(Unit, Unit.organisation_id == desk.seat(KH), Unit.symbol == "CDS")

    def give(unit_id: uuid.UUID) -> Case:
        version = desk.one(Case, Case.id == first.id).version
        return desk.do(NN_HEAD, appraising.assign, first.id, version, unit_id=unit_id)

    with pytest.raises(Invalid, match="không thuộc cơ quan được giao"):
        give(foreign.id)
    given = give(unit.id)
    assert (given.state, given.holder_unit_id, given.holder_person_id) == (
        "assigned",
        unit.id,
        None,
    )
    # Those of the unit see it now, and still nobody may find anything of it.
    with pytest.raises(GuardsUnmet, match="Chỉ người được giao"):
        desk.step(NN_APPRAISER, appraising.find, first, True, "Đạt")
    assigned = desk.assign(dossier_id, "1", NN_APPRAISER)
    assert assigned.holder_person_id == desk.person(NN_APPRAISER)
    desk.step(NN_APPRAISER, appraising.find, first, True, "Đạt")


def test_whoever_stands_in_for_the_appraiser_finds_in_their_own_name(desk: AppraisalDesk) -> None:
    dossier_id = desk.dossier()
    case = desk.assign(dossier_id, "1", NN_APPRAISER)
    absent, substitute = desk.person(NN_APPRAISER), desk.person(NN_OTHER)
    desk.do(
        "sonnmt.giamdoc",
        appoint_substitute,
        desk.seat(NN),
        absent,
        substitute,
        basis="Nghỉ phép",
    )
    back = desk.step(NN_OTHER, appraising.give_back, case, "Bổ sung")
    on = desk.step(APPLICANT, appraising.resupply, back)
    assert on.holder_person_id == absent  # it waits for the appraiser still, whoever acted
    desk.step(NN_OTHER, appraising.find, case, True, "Đạt")
    assert {finding.person_id for finding in desk.rows(Finding)} == {substitute}


def test_points_are_given_where_the_kind_gives_them(desk: AppraisalDesk) -> None:
    dossier_id = desk.dossier()
    case = desk.assign(dossier_id, "1", NN_APPRAISER)
    with pytest.raises(Invalid, match="không chấm điểm"):
        desk.step(NN_APPRAISER, appraising.find, case, True, "Đạt", 3)
    desk.use((criterion("1", "nong_nghiep_moi_truong", points=10),), rule=Rule.POINTS)
    rated_id = desk.dossier()
    case = desk.assign(rated_id, "1", NN_APPRAISER)
    for wrong in (-1, 11):
        with pytest.raises(Invalid, match="Điểm phải từ 0 đến 10"):
            desk.step(NN_APPRAISER, appraising.find, case, True, "Đạt", wrong)
    desk.step(NN_APPRAISER, appraising.find, case, True, "Đạt", 10)
    assert desk.state(rated_id).criteria[0].points == 10


def test_the_departments_clock_stands_while_the_applicant_supplements(
    desk: AppraisalDesk, clock: Clock
) -> None:
    clock.set(clock.now.replace(year=2026, month=3, day=2, hour=3, minute=0))  # a Monday
    dossier_id = desk.dossier()
    case = desk.assign(dossier_id, "4", KH_APPRAISER)
    due = case.due_at
    assert due is not None
    clock.advance(timedelta(days=2))
    back = desk.step(KH_APPRAISER, appraising.give_back, case, "Nêu rõ số thôn")
    assert back.due_at is not None
    assert back.due_at.astimezone(VIETNAM).date() > clock.now.date()
    with pytest.raises(GuardsUnmet, match="còn thời hạn bổ sung"):
        desk.step(KH_HEAD, appraising.take_back, case)
    clock.advance(timedelta(days=7))  # five working days
    on = desk.step(APPLICANT, appraising.resupply, case)
    assert on.due_at == due + timedelta(days=7)
    # Whoever waits for it has no less time; whoever does not keeps theirs.
    assert desk.part(dossier_id, KH).due_at == on.due_at
    assert desk.part(dossier_id, NN).due_at == due
    assert desk.criterion(dossier_id, "3").due_at == due


def test_what_does_not_come_is_not_waited_for(desk: AppraisalDesk, clock: Clock) -> None:
    clock.set(clock.now.replace(year=2026, month=3, day=2, hour=3))
    dossier_id = desk.dossier()
    case = desk.assign(dossier_id, "3", KH_APPRAISER)
    desk.step(KH_APPRAISER, appraising.give_back, case, "Thiếu minh chứng")
    clock.advance(timedelta(days=7 * desk.kind.days["DOSSIER_SUPPLEMENT"]))
    with pytest.raises(Forbidden):
        desk.step(APPLICANT, appraising.take_back, case)
    taken = desk.step(KH_HEAD, appraising.take_back, case)
    assert (taken.state, taken.holder_person_id) == ("assigned", desk.person(KH_APPRAISER))
    desk.step(KH_APPRAISER, appraising.find, case, False, "Không có minh chứng")
    assert len(desk.state(dossier_id).criteria_failed) == 1


def test_an_opinion_is_an_issued_document_over_all_criteria(desk: AppraisalDesk) -> None:
    dossier_id = desk.dossier()
    part = desk.part(dossier_id, KH)
    for code in ("3", "4"):
        desk.assign(dossier_id, code, KH_APPRAISER)
    fourth = desk.criterion(dossier_id, "4")
    desk.step(KH_APPRAISER, appraising.find, fourth, True, "Đạt")
    with pytest.raises(GuardsUnmet) as refused:
        desk.step(KH_HEAD, appraising.give_opinion, part)
    assert refused.value.unmet == (
        "Tiêu chí 3 chưa có kết luận.",
        "Chưa có văn bản thẩm định.",
    )
    opinion = desk.opinion("sokhcn")
    with pytest.raises(Invalid, match="không phải văn bản của cơ quan"):
        desk.do(
            "sokhcn.vanthu",
            link_paper,
            dossier_id,
            "opinion",
            opinion,
            desk.part(dossier_id, NN).id,
        )
    desk.step(KH_APPRAISER, appraising.find, desk.criterion(dossier_id, "3"), False, "Thiếu")
    given = desk.give(dossier_id, KH, opinion)
    assert given.state == "given"
    state = desk.state(dossier_id)
    assert (state.open, join(desk, dossier_id)) == (1, "Còn 1 cơ quan chưa có ý kiến thẩm định.")
    assert next(line for line in state.departments if line.state == "given").opinion_id == opinion
    with pytest.raises(TransitionNotAllowed):
        desk.step(KH_HEAD, appraising.reopen, part, "3", "Xem lại")
    desk.check_journals()


def test_one_criterion_is_appraised_again_and_no_other(desk: AppraisalDesk) -> None:
    dossier_id = desk.dossier()
    part = desk.part(dossier_id, NN)
    for code in ("1", "2"):
        case = desk.assign(dossier_id, code, NN_APPRAISER)
        desk.step(NN_APPRAISER, appraising.find, case, True, "Đạt")
    first, second = desk.criterion(dossier_id, "1"), desk.criterion(dossier_id, "2")
    with pytest.raises(Invalid, match="không thẩm định tiêu chí này"):
        desk.step(NN_HEAD, appraising.reopen, part, "3", "Xem lại")
    with pytest.raises(Invalid, match="Phải ghi lý do"):
        desk.step(NN_HEAD, appraising.reopen, part, "1", "")
    desk.step(NN_HEAD, appraising.reopen, part, "1", "Số liệu chưa khớp")
    with pytest.raises(GuardsUnmet, match="chưa có kết luận để thẩm định lại"):
        desk.step(NN_HEAD, appraising.reopen, part, "1", "Số liệu chưa khớp")
    again = desk.criterion(dossier_id, "1")
    assert again.id != first.id
    assert (again.state, again.due_at) == ("unassigned", part.due_at)
    assert desk.criterion(dossier_id, "2").id == second.id
    desk.assign(dossier_id, "1", NN_OTHER)
    desk.step(NN_OTHER, appraising.find, again, False, "Chưa đạt")
    assert [line.met for line in desk.state(dossier_id).criteria[:2]] == [False, True]
    assert len(desk.rows(Finding)) == 3  # the earlier one is kept


def test_a_second_round_is_appraised_anew(desk: AppraisalDesk, clock: Clock) -> None:
    dossier_id = desk.dossier()
    before = desk.assign(dossier_id, "1", NN_APPRAISER)
    desk.step(NN_APPRAISER, appraising.find, before, False, "Chưa đạt")
    left = desk.criterion(dossier_id, "2")
    clock.advance(timedelta(days=1))
    desk.again(dossier_id)
    state = desk.state(dossier_id)
    assert (state.appraisals, state.open, state.criteria_failed) == (2, 2, ())
    assert {line.state for line in state.criteria} == {"unassigned"}
    assert desk.one(Case, Case.id == left.id).state == "withdrawn"
    assert len(desk.rows(Appraisal)) == 4
    assert len(desk.rows(CriterionAppraisal)) == 8


def test_what_is_open_ends_with_the_dossier(desk: AppraisalDesk) -> None:
    dossier_id = desk.dossier()
    done = desk.assign(dossier_id, "1", NN_APPRAISER)
    desk.step(NN_APPRAISER, appraising.find, done, True, "Đạt")
    going = desk.assign(dossier_id, "2", NN_APPRAISER)
    desk.abandon(dossier_id)
    assert {line.state for line in desk.state(dossier_id).departments} == {"withdrawn"}
    assert [line.state for line in desk.state(dossier_id).criteria] == [
        "appraised",
        *["withdrawn"] * 3,
    ]
    assert join(desk, dossier_id) is not None  # an ended part is no opinion
    with pytest.raises(TransitionNotAllowed):
        desk.step(NN_APPRAISER, appraising.find, going, True, "Đạt")
    cases = desk.rows(Case, Case.dossier_id == dossier_id, Case.parent_id.is_not(None))
    assert all(case.closed_at and case.holder_id is None for case in cases)
    desk.check_journals()


def test_who_sees_what(desk: AppraisalDesk) -> None:
    dossier_id = desk.dossier()
    part, first = desk.part(dossier_id, NN), desk.criterion(dossier_id, "1")

    def sees(username: str, case: Case) -> bool:
        find = find_part if case.definition_name == "appraisal" else find_criterion
        try:
            desk.see(username, find, case.id)
        except NotFound:
            return False
        return True

    whole = {NN_HEAD, "sonnmt.giamdoc", "sonnmt.vanthu", OFFICE_HEAD, "vpdp.chuyenvien"}
    blind = {NN_APPRAISER, KH_HEAD, KH_APPRAISER, APPLICANT, "xa.chutich", "xa.quantri"}
    for case in (part, first):
        assert {one for one in whole | blind if sees(one, case)} == whole
    desk.assign(dossier_id, "1", NN_APPRAISER)
    assert sees(NN_APPRAISER, part)
    assert sees(NN_APPRAISER, first)
    assert not sees(NN_APPRAISER, desk.criterion(dossier_id, "2"))
    desk.step(NN_APPRAISER, appraising.give_back, first, "Bổ sung")
    assert sees(APPLICANT, part)
    assert sees(APPLICANT, first)
    assert not sees(APPLICANT, desk.criterion(dossier_id, "2"))
    assert not sees("xa.quantri", first)
    desk.step(APPLICANT, appraising.resupply, first)
    assert not sees(APPLICANT, first)
    desk.step(NN_APPRAISER, appraising.find, first, True, "Đạt")
    second = desk.assign(dossier_id, "2", NN_OTHER)
    desk.step(NN_OTHER, appraising.find, second, True, "Đạt")
    assert not sees(APPLICANT, first)
    desk.give(dossier_id, NN, desk.opinion("sonnmt"))
    assert sees(APPLICANT, first)
    assert sees(APPLICANT, second)


def test_whoever_took_over_from_a_department_goes_on(desk: AppraisalDesk, clock: Clock) -> None:
    """Departments were merged while they appraised (2025): nothing hangs, nothing is lost."""
    dossier_id = desk.dossier()
    first, part = desk.criterion(dossier_id, "1"), desk.part(dossier_id, NN)
    tomorrow = desk.see(NN_HEAD, lambda reading: reading.today) + timedelta(days=1)
    desk.do("tinh.quantri", succeed, desk.seat(NN), desk.seat(KH), tomorrow)
    desk.run_jobs()
    assert desk.one(Case, Case.id == first.id).holder_id == desk.seat(NN)
    clock.advance(timedelta(days=1))
    desk.run_jobs()
    for case in (first, part):
        moved = desk.one(Case, Case.id == case.id)
        assert (moved.organisation_id, moved.holder_id, moved.version) == (
            desk.seat(KH),
            desk.seat(KH),
            1,
        )
    with pytest.raises(NotFound):
        desk.step(NN_HEAD, appraising.assign, first, desk.person(NN_APPRAISER))
    desk.step(KH_HEAD, appraising.assign, first, desk.person(KH_APPRAISER))
    desk.step(KH_APPRAISER, appraising.find, first, True, "Đạt")
    desk.step(KH_HEAD, appraising.reopen, part, "1", "Xem lại")
    assert desk.criterion(dossier_id, "1").organisation_id == desk.seat(KH)
    assert {line.organisation_id for line in desk.state(dossier_id).departments} == {desk.seat(KH)}
    assert desk.actions(dossier_id).count("dossier.handed_over") == 3
    desk.check_journals()


def test_a_merged_communes_dossier_waits_for_its_successor(desk: AppraisalDesk) -> None:
    dossier_id = desk.dossier()
    case = desk.assign(dossier_id, "1", NN_APPRAISER)
    desk.step(NN_APPRAISER, appraising.give_back, case, "Bổ sung")
    today = desk.see(NN_HEAD, lambda reading: reading.today)
    office = desk.seat("H56.MAU.01")  # stands for the commune that the other was merged into
    desk.do("tinh.quantri", succeed, desk.commune, office, today)
    desk.run_jobs()
    held = desk.one(Case, Case.id == case.id)
    assert (held.organisation_id, held.holder_id) == (desk.seat(NN), office)
    assert desk.main(dossier_id).organisation_id == office
    with pytest.raises(Forbidden):
        desk.step(APPLICANT, appraising.resupply, case)
    on = desk.step("vpdp.chuyenvien", appraising.resupply, case)
    assert on.state == "assigned"
    desk.check_journals()


def test_two_people_at_once(desk: AppraisalDesk) -> None:
    """On one criterion the second is told; on two they never meet."""
    dossier_id = desk.dossier()
    first = desk.assign(dossier_id, "1", NN_APPRAISER)
    second = desk.assign(dossier_id, "2", NN_OTHER)

    def at_once(*acts: Callable[[], object]) -> list[str]:
        barrier, said = threading.Barrier(len(acts)), []

        def run(act: Callable[[], object]) -> None:
            barrier.wait()
            try:
                act()
                said.append("done")
            except Refusal as refusal:
                said.append(type(refusal).__name__)

        threads = [threading.Thread(target=run, args=(act,)) for act in acts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sorted(said)

    def found(username: str, case: Case, met: bool) -> Callable[[], object]:
        return lambda: desk.do(username, appraising.find, case.id, case.version, met, "Đã xem")

    assert at_once(
        found(NN_APPRAISER, first, True),
        found(NN_APPRAISER, first, False),
        found(NN_OTHER, second, True),
    ) == ["StaleVersion", "done", "done"]
    assert len(desk.rows(Finding, Finding.case_id == first.id)) == 1
    with pytest.raises(StaleVersion):
        desk.do(NN_APPRAISER, appraising.find, first.id, first.version, True, "Đã xem")
    desk.check_journals()


def test_the_state_is_read_in_a_constant_number_of_queries(desk: AppraisalDesk) -> None:
    def queries() -> int:
        dossier_id = desk.dossier()
        count = 0

        def note(*_: object) -> None:
            nonlocal count
            count += 1

        event.listen(desk.office.database.engine, "before_cursor_execute", note)
        try:
            desk.state(dossier_id)
        finally:
            event.remove(desk.office.database.engine, "before_cursor_execute", note)
        return count

    few = queries()
    desk.use([criterion(str(n), "khoa_hoc_cong_nghe") for n in range(40)])
    assert queries() == few


@pytest.mark.parametrize("seed", range(3))
def test_the_join_holds_exactly_when_everything_is_given(desk: AppraisalDesk, seed: int) -> None:
    """Whatever the order of steps over a random set of departments and criteria."""
    chance = random.Random(seed)
    fields = chance.sample(["nong_nghiep_moi_truong", "xay_dung", "khoa_hoc_cong_nghe"], k=2)
    desk.use(criterion(str(n), chance.choice(fields)) for n in range(1, 4))
    dossier_id = desk.dossier()
    codes = {desk.seat(NN): NN, desk.seat(KH): KH}
    prefixes = {NN: "sonnmt", KH: "sokhcn"}
    opinions = {
        codes[part.organisation_id]: desk.opinion(prefixes[codes[part.organisation_id]])
        for part in desk.state(dossier_id).departments
    }
    forth = ("assign", "find", "resupply", "opine")
    for number in range(400):
        state = desk.state(dossier_id)
        found = all(line.state == "appraised" and line.met is not None for line in state.criteria)
        given = all(line.state == "given" for line in state.departments)
        assert (join(desk, dossier_id) is None) == (found and given)
        if given:
            break
        line = chance.choice(state.criteria)
        code = codes[line.organisation_id]
        head, appraiser = f"{prefixes[code]}.truongphong", f"{prefixes[code]}.chuyenvien"
        case = desk.one(Case, Case.id == line.case_id)
        # Back and forth at first; then only forth, so that it comes to an end.
        with suppress(Refusal):
            match chance.choice((*forth, "return", "reopen") if number < 20 else forth):
                case "assign":
                    desk.step(head, appraising.assign, case, desk.person(appraiser))
                case "find":
                    desk.step(appraiser, appraising.find, case, chance.random() < 0.5, "Đã xem")
                case "return":
                    desk.step(appraiser, appraising.give_back, case, "Bổ sung")
                case "resupply":
                    desk.step(APPLICANT, appraising.resupply, case)
                case "reopen":
                    part = desk.part(dossier_id, code)
                    desk.step(head, appraising.reopen, part, line.criterion, "Xem lại")
                case "opine":
                    desk.give(dossier_id, code, opinions[code])
    else:
        pytest.fail("it never came to an end")
    assert number > len(state.criteria)
    desk.check_journals()
