"""Who sees what of a dossier: everybody who takes part theirs, whoever does not nothing."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import event, select

from tests.api.agencies import draft_body
from tests.api.conftest import COORDINATION, Counter, problem, serving
from tests.api.desk import CLERK, LEADER, SPECIALIST, made
from tests.api.dossier_desk import (
    KIND,
    OFFICE_HEAD,
    OFFICE_SPECIALIST,
    PROVINCE_LEADER,
    Dossier,
    DossierDesk,
    kinds_in,
)
from tests.api.papers import a_pdf
from tests.staff import AGRICULTURE, STAFF
from workflow.access import access_chain
from workflow.accounts import create_account, hash_random
from workflow.appointments import Post, add_person, grant_role
from workflow.office import Office
from workflow.organisations import Description, create_organisation
from workflow.records import JournalEntry
from workflow.rules import journal

AGRICULTURE_HEAD, AGRICULTURE_CLERK = "sonnmt.truongphong", "sonnmt.vanthu"
APPRAISER, OTHER_APPRAISER = "sonnmt.thamdinh", "sokhcn.chuyenvien"


@pytest.fixture
def desk(open_office: Callable[..., Office], tmp_path: Path) -> Iterator[DossierDesk]:
    """The counter of an office that knows a short kind of dossier."""
    with serving(open_office(kinds=kinds_in(tmp_path / "kinds", xa_thu=KIND))) as counter:
        yield DossierDesk(counter, tmp_path)


@pytest.fixture
def dossier(desk: DossierDesk) -> Dossier:
    """A dossier just opened."""
    return desk.open()


def newcomer(counter: Counter, ordinal: int) -> str:
    """The specialist of another commune of the province, of which nobody else knows."""
    name, username = f"xã số {ordinal}", f"xa{ordinal}.chuyenvien"
    with counter.office.transaction(None) as tx:
        described = Description(f"H56.MAU.{ordinal}", f"UBND {name}", "commune", name)
        commune = create_organisation(tx, described, resolve_days=5)
        person = add_person(tx, commune.id, f"Chuyên viên {name}", Post("Chuyên viên"))
        grant_role(tx, commune.id, person.id, "specialist")
        create_account(tx, person.id, username, hash_random(counter.password))
    return username


def items(answer: httpx.Response) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = made(answer, 200)["items"]
    return found


def ids(answer: httpx.Response) -> list[str]:
    return [item["id"] for item in items(answer)]


def test_a_dossier_is_opened_on_the_kind_of_its_period(desk: DossierDesk) -> None:
    seen = desk.open(period="2026-Q4").seen()
    assert (seen["kind_code"], seen["kind_version"], seen["period"]) == ("xa_thu", 1, "2026-Q4")
    assert (seen["state"], seen["procedure"], seen["whole"]) == ("self_assessing", "dossier", True)
    assert [one["code"] for one in seen["answers"]] == ["1", "2", "no_dong"]
    assert [(one["slot"], one["exhibits"]) for one in seen["slots"]] == [
        ("component/bien_ban", 0),
        ("component/to_trinh", 0),
        ("criterion/1/minh_chung", 0),
        ("criterion/2/minh_chung", 0),
    ]


def test_a_list_is_narrowed_by_what_is_asked(desk: DossierDesk) -> None:
    first, second = desk.open().assessed(), desk.open("commune_ntm", group_code="2")
    first.step(SPECIALIST, "consult")
    listed = desk.counter[SPECIALIST].get

    def found(**asked: str) -> list[str]:
        return ids(listed("/dossiers", params=asked))

    assert found() == [second.id, first.id]
    assert found(state="consulting") == [first.id]
    assert found(kind="commune_ntm") == [second.id]
    assert found(organisation=desk.desk.seat()) == [second.id, first.id]
    assert found(organisation=desk.desk.seat(AGRICULTURE)) == []
    assert found(overdue="true") == []
    page = made(listed("/dossiers", params={"limit": 1}), 200)
    assert ids(listed("/dossiers", params={"cursor": page["next"]})) == [first.id]


def test_a_refused_submit_names_everything_that_is_missing(dossier: Dossier) -> None:
    dossier.assessed().step(SPECIALIST, "consult").step(SPECIALIST, "convene")
    refused = problem(dossier.try_step(SPECIALIST, "conclude_meeting"), 409, "guards-unmet")
    assert refused["unmet"] == ["Thiếu thành phần “Biên bản họp”."]
    dossier.show("component/bien_ban")
    dossier.attach({"slot": "criterion/1/minh_chung", "upload": upload(dossier.desk, a_pdf())})
    dossier.desk.counter.do_jobs()
    dossier.step(SPECIALIST, "conclude_meeting")
    refused = problem(dossier.try_step(LEADER, "submit"), 409, "guards-unmet")
    assert refused["unmet"] == [
        "Thiếu thành phần “Tờ trình đề nghị”.",
        "Tiêu chí 2 “Chuyển đổi số”: thiếu “Minh chứng”.",
        "“Tệp tải lên”: không có chữ ký số.",
    ]
    assert dossier.seen()["unmet"] == refused["unmet"]
    assert dossier.state == "ready"


def upload(desk: DossierDesk, paper: bytes) -> str:
    return desk.desk.upload(SPECIALIST, paper)


def test_evidence_is_pending_until_it_is_judged_and_listed_by_pages(dossier: Dossier) -> None:
    name = upload(dossier.desk, dossier.desk.evidence)
    added = dossier.attach(
        *({"slot": "criterion/1/minh_chung", "upload": name, "title": f"{n}"} for n in range(5))
    )
    assert {one["verdict"] for one in added} == {"pending"}
    dossier.desk.counter.do_jobs()
    page = made(dossier.get(SPECIALIST, "/exhibits", limit=3), 200)
    rest = made(dossier.get(SPECIALIST, "/exhibits", limit=3, cursor=page["next"]), 200)
    assert [one["title"] for one in page["items"] + rest["items"]] == list("01234")
    assert {one["verdict"] for one in page["items"]} == {"HOP_LE"}
    assert rest["next"] is None
    assert ids(dossier.get(SPECIALIST, "/exhibits", slot="criterion/2/minh_chung")) == []


def test_what_is_sent_for_a_slot_is_all_taken_or_none(dossier: Dossier) -> None:
    item = {"slot": "criterion/1/minh_chung", "upload": upload(dossier.desk, a_pdf())}
    post = dossier.desk.counter[SPECIALIST].post
    address, etag = f"{dossier.address}/exhibits", dossier.etag()
    wrong = post(address, json={"items": [item, {**item, "slot": "criterion/9/x"}]}, etag=etag)
    assert problem(wrong, 422, "invalid")["errors"][0]["pointer"] == "/items/1/slot"
    many = post(address, json={"items": [item] * 501}, etag=etag)
    problem(many, 422, "invalid")
    assert ids(dossier.get(SPECIALIST, "/exhibits")) == []
    assert len(dossier.attach(*[item] * 500)) == 500


def test_evidence_is_taken_out_and_no_more_to_be_read(dossier: Dossier) -> None:
    (added,) = dossier.show("criterion/1/minh_chung")
    content = f"/exhibits/{added['id']}/content"
    assert dossier.get(SPECIALIST, content).content == dossier.desk.evidence
    made(
        dossier.desk.counter[SPECIALIST](
            "DELETE", f"{dossier.address}/exhibits/{added['id']}", etag=dossier.etag()
        ),
        200,
    )
    problem(dossier.get(SPECIALIST, content), 404, "not-found")


def test_two_who_change_it_at_once_do_not_overwrite_each_other(dossier: Dossier) -> None:
    etag = dossier.etag()
    dossier.answer("criterion", "1", met=True)
    address = f"{dossier.address}/answers/criterion/2"
    late = dossier.desk.counter[LEADER].put(address, json={"met": True}, etag=etag)
    problem(late, 412, "stale-version")


def test_a_commune_finds_nothing_of_anothers(dossier: Dossier) -> None:
    (added,) = dossier.show("criterion/1/minh_chung")
    stranger = newcomer(dossier.desk.counter, 11)
    for rest in ("", "/exhibits", f"/exhibits/{added['id']}/content", "/history"):
        problem(dossier.get(stranger, rest), 404, "not-found")
    assert ids(dossier.desk.counter[stranger].get("/dossiers")) == []


@pytest.mark.parametrize(
    "username",
    [CLERK, LEADER, "xa.kiemtoan", OFFICE_SPECIALIST, OFFICE_HEAD, "tinh.vanthu", PROVINCE_LEADER],
)
def test_who_takes_part_for_an_agency_sees_all_of_it(
    whole: tuple[Dossier, list[dict[str, Any]]], username: str
) -> None:
    dossier, exhibits = whole
    assert dossier.seen(username)["whole"]
    assert ids(dossier.get(username, "/exhibits")) == [one["id"] for one in exhibits]
    for one in exhibits:
        assert dossier.get(username, f"/exhibits/{one['id']}/content").status_code == 200


@pytest.mark.parametrize("username", ["xa.quantri", "tinh.quantri", "sokhcn.giamdoc"])
def test_a_role_of_another_kind_opens_nothing(
    whole: tuple[Dossier, list[dict[str, Any]]], username: str
) -> None:
    problem(whole[0].get(username), 404, "not-found")


def test_until_it_is_submitted_it_is_the_applicants_alone(desk: DossierDesk) -> None:
    dossier = desk.open()
    for username in (OFFICE_SPECIALIST, PROVINCE_LEADER):
        problem(dossier.get(username), 404, "not-found")
        assert items(desk.counter[username].get("/dossiers")) == []
    assert dossier.known().seen(OFFICE_SPECIALIST)["whole"]


@pytest.fixture(scope="module")
def whole(
    founded_counter: Counter, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Dossier, list[dict[str, Any]]]:
    """A dossier with evidence of two criteria, for tests that only look."""
    desk = DossierDesk(founded_counter, tmp_path_factory.mktemp("evidence"))
    dossier = desk.open("commune_ntm", group_code="2").known()
    return dossier, dossier.show("criterion/3/minh_chung", "criterion/7/minh_chung")


def test_a_department_sees_its_criteria_and_an_appraiser_what_is_given(desk: DossierDesk) -> None:
    dossier = desk.open().appraising()
    by_slot = {one["slot"]: one["id"] for one in items(dossier.get(SPECIALIST, "/exhibits"))}
    theirs = by_slot.pop("criterion/1/minh_chung")

    def sees_theirs_alone(username: str) -> None:
        seen = dossier.seen(username)
        assert not seen["whole"]
        assert [one["code"] for one in seen["answers"]] == ["1"]
        assert [one["slot"] for one in seen["slots"]] == ["criterion/1/minh_chung"]
        assert [one["criterion"] for one in seen["criteria"]] == ["1"]
        assert (seen["unmet"], seen["vote"], seen["papers"]) == ([], None, [])
        assert ids(dossier.get(username, "/exhibits")) == [theirs]
        assert dossier.get(username, f"/exhibits/{theirs}/content").status_code == 200
        for other in by_slot.values():
            problem(dossier.get(username, f"/exhibits/{other}/content"), 404, "not-found")

    for username in (AGRICULTURE_HEAD, AGRICULTURE_CLERK):
        sees_theirs_alone(username)
    assert ids(dossier.get(APPRAISER, "/exhibits")) == []
    given = desk.desk.person(APPRAISER)
    dossier.criterion(AGRICULTURE_HEAD, "1", "assign", person_id=given)
    sees_theirs_alone(APPRAISER)
    problem(dossier.get(OTHER_APPRAISER, f"/exhibits/{theirs}/content"), 404, "not-found")
    about = {one["about"] for one in items(dossier.get(APPRAISER, "/history"))}
    assert about == {None, "1"}
    about = {one["about"] for one in items(dossier.get(OTHER_APPRAISER, "/history"))}
    assert about == {None}


def test_what_is_given_to_a_unit_its_appraisers_see(desk: DossierDesk) -> None:
    counter, seat = desk.counter, desk.desk.seat(AGRICULTURE)
    unit = desk.desk.unit(STAFF[AGRICULTURE].unit, AGRICULTURE)
    with counter.office.transaction(None) as tx:
        post = Post("Người thẩm định", uuid.UUID(unit))
        person = add_person(tx, uuid.UUID(seat), "Người thẩm định", post)
        grant_role(tx, uuid.UUID(seat), person.id, "appraiser")
        create_account(tx, person.id, "sonnmt.moi", hash_random(counter.password))
    dossier = desk.open().appraising()
    problem(dossier.get("sonnmt.moi"), 404, "not-found")
    dossier.criterion(AGRICULTURE_HEAD, "1", "assign", unit_id=unit)
    assert [one["code"] for one in dossier.seen("sonnmt.moi")["answers"]] == ["1"]


def test_the_applicant_is_told_of_findings_when_the_opinion_is_given(desk: DossierDesk) -> None:
    dossier = desk.open().appraising().appraise(AGRICULTURE, "1")
    assert [one["criterion"] for one in dossier.seen(OFFICE_HEAD)["criteria"]] == ["1", "2"]
    assert dossier.seen(SPECIALIST)["criteria"] == []
    told = {one["about"] for one in items(dossier.get(SPECIALIST, "/history"))}
    assert told == {None}
    dossier.opinion(AGRICULTURE)
    seen = dossier.seen(SPECIALIST)
    assert [(one["criterion"], one["met"]) for one in seen["criteria"]] == [("1", True)]
    (opinion,) = seen["papers"]
    assert (opinion["part"], opinion["code"]) == ("opinion", "01/SNNMT-PTNT")
    assert dossier.get(SPECIALIST, f"/papers/{opinion['id']}/content").status_code == 200


def test_a_council_sees_what_is_before_it_and_nothing_else(desk: DossierDesk) -> None:
    counter = desk.counter
    dossier = desk.open().accepted()
    member, other = newcomer(counter, 11), newcomer(counter, 12)
    councils = [council(desk, username) for username in (member, other)]
    problem(dossier.get(member), 404, "not-found")
    made(
        counter[OFFICE_SPECIALIST].post(
            f"{dossier.address}/council",
            json={"council_id": councils[0]},
            etag=dossier.etag(OFFICE_SPECIALIST),
        ),
        200,
    )
    seen = dossier.seen(member)
    assert (seen["whole"], seen["vote"]["council_id"]) == (True, councils[0])
    assert len(ids(dossier.get(member, "/exhibits"))) == 4
    for one in ids(dossier.get(member, "/exhibits")):
        assert dossier.get(member, f"/exhibits/{one}/content").status_code == 200
    second = desk.open(name="xã khác")
    for stranger, found in ((member, second), (other, dossier)):
        problem(found.get(stranger), 404, "not-found")
        problem(found.get(stranger, "/exhibits"), 404, "not-found")
    assert ids(counter[member].get("/dossiers")) == [dossier.id]


def council(desk: DossierDesk, username: str) -> str:
    """A council of the province with this person as its secretary."""
    people = (("tinh.chutich", "chair"), (username, "secretary"), ("tinh.chuyenvien", "member"))
    body = {
        "organisation_id": desk.desk.seat("H56"),
        "name": "Hội đồng thẩm định",
        "basis": "QĐ 01/QĐ-UBND",
        "members": [{"person_id": desk.desk.person(one), "part": part} for one, part in people],
    }
    return str(made(desk.counter[PROVINCE_LEADER].post("/councils", json=body))["id"])


def test_reading_evidence_is_logged_with_whoever_owns_it(desk: DossierDesk) -> None:
    dossier = desk.open().known()
    (added,) = dossier.show("criterion/1/minh_chung")
    dossier.get(OFFICE_SPECIALIST, f"/exhibits/{added['id']}/content")
    with desk.counter.office.reading(None) as reading:
        chain = access_chain(uuid.UUID(desk.desk.seat()))
        content = reading.session.scalars(
            select(JournalEntry.content)
            .where(JournalEntry.chain == chain)
            .order_by(JournalEntry.sequence.desc())
            .limit(1)
        ).one()
    entry = journal.parse(content)
    assert (entry.action, entry.subject) == ("document.viewed", added["id"])
    assert entry.actor == desk.desk.person(OFFICE_SPECIALIST)
    assert entry.facts["sha256"] == added["sha256"]


def test_a_draft_is_its_issuers_until_it_is_issued(dossier: Dossier) -> None:
    desk = dossier.desk
    paper = dossier.known().draft(COORDINATION, "supplement_request")
    content = f"/papers/{paper['id']}/content"
    assert dossier.get(OFFICE_SPECIALIST, content).status_code == 200
    for username in (SPECIALIST, PROVINCE_LEADER):
        assert dossier.seen(username)["papers"] == []
        problem(dossier.get(username, content), 404, "not-found")
    drafted = desk.desk.draft()
    (shown,) = dossier.attach({"slot": "component/to_trinh", "document_id": drafted.id})
    assert shown["unmet"] == "văn bản chưa phát hành"
    problem(dossier.get(OFFICE_HEAD, f"/exhibits/{shown['id']}/content"), 404, "not-found")
    assert dossier.get(SPECIALIST, f"/exhibits/{shown['id']}/content").status_code == 200


def test_a_paper_of_two_types_must_say_which(dossier: Dossier) -> None:
    body = {"part": "notice", **draft_body(dossier.desk.desk, COORDINATION, "x")}
    answer = dossier.desk.counter[OFFICE_SPECIALIST].post(
        f"{dossier.known().address}/drafts", json=body
    )
    (error,) = problem(answer, 422, "invalid")["errors"]
    assert error["pointer"] == "/type_code"


def test_a_paper_of_another_body_is_refused_and_nothing_is_drafted(dossier: Dossier) -> None:
    desk = dossier.desk
    body = {"part": "decision", **draft_body(desk.desk, COORDINATION, "x")}
    answer = desk.counter[OFFICE_SPECIALIST].post(f"{dossier.known().address}/drafts", json=body)
    problem(answer, 422, "invalid")
    assert items(desk.counter[OFFICE_SPECIALIST].get("/outgoing-documents")) == []


def test_every_move_is_in_the_history_with_its_words(dossier: Dossier) -> None:
    dossier.assessed().step(SPECIALIST, "consult").step(SPECIALIST, "revise")
    first = made(dossier.get(SPECIALIST, "/history", limit=1), 200)
    rest = made(dossier.get(SPECIALIST, "/history", cursor=first["next"]), 200)
    moves = first["items"] + rest["items"]
    assert [one["trigger_label"] for one in moves] == ["Lấy ý kiến", "Sửa hồ sơ"]
    assert [one["target_label"] for one in moves] == ["Đang lấy ý kiến", "Đang tự đánh giá"]
    assert {one["person"] for one in moves} == {"Chuyên viên xã Mẫu"}


def test_one_with_much_evidence_asks_no_more_of_the_database(dossier: Dossier) -> None:
    def asked() -> int:
        statements: list[str] = []
        engine = dossier.desk.counter.office.database.engine

        def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
            statements.append(statement)

        event.listen(engine, "before_cursor_execute", note)
        dossier.seen()
        event.remove(engine, "before_cursor_execute", note)
        return len(statements)

    item = {"slot": "criterion/1/minh_chung", "upload": upload(dossier.desk, a_pdf())}
    dossier.attach(item)
    few = asked()
    dossier.attach(*[item] * 400)
    assert asked() == few


def test_kinds_are_read_by_whoever_signs_in(desk: DossierDesk) -> None:
    caller = desk.counter[SPECIALIST]
    first = made(caller.get("/dossier-kinds", params={"limit": 2}), 200)
    rest = made(caller.get("/dossier-kinds", params={"cursor": first["next"]}), 200)
    places = [(one["code"], one["version"]) for one in first["items"] + rest["items"]]
    assert places == sorted(places)
    assert {("xa_thu", 1), ("commune_ntm", 1), ("commune_ntm", 2)} <= set(places)
    kind = made(caller.get("/dossier-kinds/xa_thu/1"), 200)
    assert kind["vote"]["share"] == "9/10"
    assert kind["criteria"][0]["slots"][0]["slot"] == "criterion/1/minh_chung"
    problem(caller.get("/dossier-kinds/xa_thu/2"), 404, "not-found")
