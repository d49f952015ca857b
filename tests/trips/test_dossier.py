"""Recognition dossiers from their opening to their end, over HTTP, with papers really signed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from tests.api.agencies import issue, minutes_signers
from tests.api.conftest import COMMUNE, COORDINATION, founded, open_office, problem, serving
from tests.api.desk import LEADER, SPECIALIST, made
from tests.api.dossier_desk import (
    KIND,
    OFFICE_HEAD,
    OFFICE_SPECIALIST,
    PROVINCE_CLERK,
    Dossier,
    DossierDesk,
    kinds_in,
)
from tests.staff import AGRICULTURE, PROVINCE, TECHNOLOGY
from workflow.office import Office
from workflow.rules.deadlines import add_months

__all__ = ["founded", "open_office"]  # fixtures of the counter's tests

MEMBERS = (
    "tinh.phochutich",
    "vpdp.chanhvp",
    "vpdp.truongphong",
    "sonnmt.giamdoc",
    "sokhcn.giamdoc",
)
_GRADES = ((3, 70, "province"), (2, 50, "nobody"), (1, 0, "nobody"))
#: A product rated by points, with one department to appraise it.
PRODUCT = KIND.replace("xa_thu", "san_pham_thu").replace(
    '"Xã thử nghiệm"', '"Sản phẩm thử nghiệm"'
).replace('recognises = "commune"', 'recognises = "product"').replace(
    'procedure = "dossier"', 'procedure = "rating"'
).replace('rule = "all_met"', 'rule = "points"').replace(
    "khoa_hoc_cong_nghe", "nong_nghiep_moi_truong"
).replace('title = "Môi trường"', 'title = "Sức mạnh cộng đồng"\npoints = 60').replace(
    'title = "Chuyển đổi số"', 'title = "Chất lượng"\npoints = 40'
) + "".join(
    f"""
[[grade]]
stars = {stars}
at_least = "{at_least}"
decided_by = "{decided_by}"
confidence = "ours"
"""
    for stars, at_least, decided_by in ((3, 70, "province"), (2, 50, "nobody"), (1, 0, "nobody"))
)


@pytest.fixture
def kinds(tmp_path: Path) -> Path:
    """Two kinds of dossier that the operator added: two files, no code."""
    return kinds_in(tmp_path / "kinds", xa_thu=KIND, san_pham_thu=PRODUCT)


@pytest.fixture
def desk(open_office: Callable[..., Office], kinds: Path, tmp_path: Path) -> Iterator[DossierDesk]:
    """The counter of an office that knows these kinds."""
    with serving(open_office(kinds=kinds)) as counter:
        yield DossierDesk(counter, tmp_path)


@pytest.fixture(params=["embedded", "servers"])
def any_desk(
    request: pytest.FixtureRequest, open_office: Callable[..., Office], kinds: Path, tmp_path: Path
) -> Iterator[DossierDesk]:
    """The same on SQLite and a folder, and on PostgreSQL and S3."""
    settings: dict[str, Any] = {"kinds": kinds}
    if request.param == "servers":
        settings["database_url"] = SecretStr(request.getfixturevalue("postgres_url"))
        settings["objects_url"] = SecretStr(request.getfixturevalue("s3_url"))
    with serving(open_office(**settings)) as counter:
        yield DossierDesk(counter, tmp_path)


def issued(dossier: Dossier, type_code: str, **others: Any) -> str:
    """A document of the commune, issued."""
    desk = dossier.desk.desk
    paper = desk.draft(type_code=type_code, **others)
    issue(desk, COMMUNE, paper.id)
    return paper.id


def minutes(dossier: Dossier) -> None:
    """The council's minutes, of the office."""
    signers = minutes_signers(dossier.desk.desk, COORDINATION)
    dossier.paper(COORDINATION, "council_minutes", signers=signers)


def voting(dossier: Dossier) -> Dossier:
    """From the report on what departments found to the open vote."""
    dossier.step(OFFICE_SPECIALIST, "conclude_appraisal")
    dossier.paper(COORDINATION, "appraisal_report")
    dossier.step(OFFICE_SPECIALIST, "report")
    caller = dossier.desk.counter[OFFICE_SPECIALIST]
    (council,) = made(caller.get("/councils"), 200)["items"]
    named = {"council_id": council["id"]}
    made(
        caller.post(f"{dossier.address}/council", json=named, etag=dossier.etag(OFFICE_SPECIALIST)),
        200,
    )
    return dossier.step(OFFICE_SPECIALIST, "open_vote")


def cast(dossier: Dossier, username: str, **ballot: Any) -> None:
    made(dossier.desk.counter[username].put(f"{dossier.address}/ballot", json=ballot), 200)


def recognised(dossier: Dossier) -> dict[str, Any]:
    """From the council's yes to the published recognition, as the registry tells it."""
    minutes(dossier)
    dossier.paper(COORDINATION, "proposal")
    dossier.step(OFFICE_SPECIALIST, "propose")
    dossier.paper(PROVINCE, "decision")
    dossier.step(PROVINCE_CLERK, "recognise").step(PROVINCE_CLERK, "publish")
    caller = dossier.desk.counter["xa.quantri"]  # has no part in it: what is published is public
    (line,) = made(caller.get("/recognitions"), 200)["items"]
    recognition: dict[str, Any] = line
    return recognition


def test_a_new_kind_is_data_alone_from_opening_to_publication(any_desk: DossierDesk) -> None:
    desk = any_desk
    dossier = desk.open().assessed()
    held = issued(dossier, "bien_ban", signers=minutes_signers(desk.desk, COMMUNE))
    asked = issued(dossier, "to_trinh")
    dossier.attach(
        {"slot": "component/bien_ban", "document_id": held},
        {"slot": "component/to_trinh", "document_id": asked},
        # One document may serve many places.
        *({"slot": f"criterion/{code}/minh_chung", "document_id": asked} for code in "12"),
    )
    for trigger in ("consult", "convene", "conclude_meeting"):
        dossier.step(SPECIALIST, trigger)
    dossier.step(LEADER, "submit").step(OFFICE_SPECIALIST, "accept").step(OFFICE_HEAD, "assign")
    for department, code in ((AGRICULTURE, "1"), (TECHNOLOGY, "2")):
        dossier.appraise(department, code)
        early = problem(
            dossier.try_step(OFFICE_SPECIALIST, "conclude_appraisal"), 409, "guards-unmet"
        )
        assert early["unmet"]
        dossier.opinion(department)
    voting(dossier)
    for username in MEMBERS[:4]:
        cast(dossier, username, choice="agree")
    cast(dossier, MEMBERS[0], choice="blank")
    cast(dossier, MEMBERS[0], choice="agree")  # the last one counts
    dossier.step(OFFICE_SPECIALIST, "close_vote")
    line = recognised(dossier)
    assert (line["dossier_id"], line["state"], line["stars"]) == (dossier.id, "published", None)
    assert line["decision_code"] == "01/QĐ-UBND"
    assert line["withdrawn_at"] is None
    moves = made(dossier.get(SPECIALIST, "/history", limit=200), 200)["items"]
    assert [one["trigger"] for one in moves if one["about"] is None] == [
        "consult",
        "convene",
        "conclude_meeting",
        "submit",
        "accept",
        "assign",
        "conclude_appraisal",
        "report",
        "name_council",
        "open_vote",
        "close_vote",
        "propose",
        "recognise",
        "publish",
    ]
    assert {one["part"] for one in dossier.seen()["papers"]} == {
        "opinion",
        "appraisal_report",
        "council_minutes",
        "proposal",
        "decision",
    }


def test_one_sent_back_for_two_missing_items_goes_on_when_they_are_there(desk: DossierDesk) -> None:
    dossier = desk.open().ready().step(LEADER, "submit")
    reason = "Bổ sung: biên bản họp ký lại; ảnh minh chứng tiêu chí 2."
    asked = dossier.try_step(OFFICE_SPECIALIST, "request_supplement", reason=reason)
    assert problem(asked, 409, "guards-unmet")["unmet"] == [
        "Chưa có công văn yêu cầu bổ sung hồ sơ."
    ]
    dossier.paper(COORDINATION, "supplement_request")
    dossier.step(OFFICE_SPECIALIST, "request_supplement", reason=reason)
    for slot in ("component/bien_ban", "criterion/2/minh_chung"):
        (one,) = made(dossier.get(SPECIALIST, "/exhibits", slot=slot), 200)["items"]
        address = f"{dossier.address}/exhibits/{one['id']}"
        made(desk.counter[SPECIALIST]("DELETE", address, etag=dossier.etag()), 200)
    refused = problem(dossier.try_step(SPECIALIST, "resubmit"), 409, "guards-unmet")
    assert refused["unmet"] == [
        "Thiếu thành phần “Biên bản họp”.",
        "Tiêu chí 2 “Chuyển đổi số”: thiếu “Minh chứng”.",
    ]
    dossier.show("component/bien_ban", "criterion/2/minh_chung")
    dossier.step(SPECIALIST, "resubmit").step(OFFICE_SPECIALIST, "accept")
    assert dossier.state == "accepted"


def test_one_the_council_does_not_agree_to_is_refused_in_writing(desk: DossierDesk) -> None:
    dossier = desk.open().appraising()
    for department, code in ((AGRICULTURE, "1"), (TECHNOLOGY, "2")):
        dossier.appraise(department, code).opinion(department)
    voting(dossier)
    for username, choice in zip(MEMBERS, ("agree", "agree", "agree", "disagree"), strict=False):
        cast(dossier, username, choice=choice)  # 3/4 of those taking part, 9/10 are needed
    dossier.step(OFFICE_SPECIALIST, "close_vote")
    assert dossier.state == "not_passed"
    minutes(dossier)
    dossier.paper(COORDINATION, "notice", type_code="thong_bao")
    dossier.step(OFFICE_SPECIALIST, "refuse", reason="Hội đồng không thông qua.")
    seen = dossier.seen()
    assert (seen["state"], seen["vote"]["outcome"]) == ("refused", "failed")
    assert made(desk.counter[SPECIALIST].get("/recognitions"), 200)["items"] == []


def test_a_product_is_rated_by_the_average_of_its_points(desk: DossierDesk) -> None:
    dossier = desk.open("san_pham_thu", name="Chè Mẫu")
    for code in ("1", "2"):
        dossier.answer("criterion", code, value="35")
    dossier.answer("condition", "no_dong", met=True)
    dossier.show(
        *(f"criterion/{code}/minh_chung" for code in "12"),
        "component/bien_ban",
        "component/to_trinh",
    )
    dossier.step(SPECIALIST, "convene").step(SPECIALIST, "conclude_meeting")
    dossier.step(LEADER, "submit").step(OFFICE_SPECIALIST, "accept").step(OFFICE_HEAD, "assign")
    dossier.appraise(AGRICULTURE, "1").appraise(AGRICULTURE, "2").opinion(AGRICULTURE)
    voting(dossier)
    for username, points in zip(MEMBERS, (30, 35, 36, 40, 60), strict=True):
        cast(dossier, username, points={"1": points, "2": 35})
    dossier.step(OFFICE_SPECIALIST, "close_vote")
    line = recognised(dossier)
    assert line["stars"] == 3  # (65 + 70 + 71 + 75 + 95) / 5 = 75.2
    decided_on = date.fromisoformat(line["decided_on"])
    assert line["valid_until"] == add_months(decided_on, 24).isoformat()
