"""Who sees what of a dossier: everybody who takes part theirs, whoever does not nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.conftest import Counter, problem, serving
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
from workflow.accounts import create_account, hash_random
from workflow.appointments import Post, add_person, grant_role
from workflow.office import Office
from workflow.organisations import Description, create_organisation

AGRICULTURE_HEAD, AGRICULTURE_CLERK = "sonnmt.truongphong", "sonnmt.vanthu"
APPRAISER, OTHER_APPRAISER = "sonnmt.thamdinh", "sokhcn.chuyenvien"


@pytest.fixture
def desk(open_office: Callable[..., Office], tmp_path: Path) -> Iterator[DossierDesk]:
    """The counter of an office that knows a short kind of dossier."""
    with serving(open_office(kinds=kinds_in(tmp_path / "kinds", KIND))) as counter:
        yield DossierDesk(counter, tmp_path)


@pytest.fixture
def dossier(desk: DossierDesk) -> Dossier:
    """A dossier just opened."""
    return desk.open()


def neighbour(counter: Counter) -> str:
    """The specialist of another commune of the province."""
    with counter.office.transaction(None) as tx:
        commune = create_organisation(
            tx,
            Description("H56.MAU.09", "UBND xã Bên", "commune", "Bên"),
            resolve_days=5,
        )
        person = add_person(tx, commune.id, "Chuyên viên xã Bên", Post("Chuyên viên"))
        grant_role(tx, commune.id, person.id, "specialist")
        create_account(tx, person.id, "ben.chuyenvien", hash_random(counter.password))
    return "ben.chuyenvien"


def ids(answer: httpx.Response) -> list[str]:
    return [item["id"] for item in made(answer, 200)["items"]]


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
    stranger = neighbour(dossier.desk.counter)
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


@pytest.fixture(scope="module")
def whole(
    founded_counter: Counter, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Dossier, list[dict[str, Any]]]:
    """A dossier with evidence of two criteria, for tests that only look."""
    desk = DossierDesk(founded_counter, tmp_path_factory.mktemp("evidence"))
    dossier = desk.open("commune_ntm", group_code="2")
    return dossier, dossier.show("criterion/3/minh_chung", "criterion/7/minh_chung")


def test_a_department_sees_its_criteria_and_an_appraiser_those_given(desk: DossierDesk) -> None:
    dossier = desk.open().appraising()
    by_slot = {one["slot"]: one for one in made(dossier.get(SPECIALIST, "/exhibits"), 200)["items"]}
    theirs, others = (by_slot[f"criterion/{code}/minh_chung"]["id"] for code in "12")
    for username in (AGRICULTURE_HEAD, AGRICULTURE_CLERK):
        seen = dossier.seen(username)
        assert not seen["whole"]
        assert [one["code"] for one in seen["answers"]] == ["1"]
        assert [one["organisation"] for one in seen["departments"]] == [
            "Sở Nông nghiệp và Môi trường"
        ]
        assert seen["unmet"] == []
        assert seen["vote"] is None
        assert ids(dossier.get(username, "/exhibits")) == [theirs]
        assert dossier.get(username, f"/exhibits/{theirs}/content").status_code == 200
        for other in (others, by_slot["component/to_trinh"]["id"]):
            problem(dossier.get(username, f"/exhibits/{other}/content"), 404, "not-found")
