"""Departments appraise over HTTP: each its part, each criterion on its own; who is charged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from tests.api.conftest import problem, serving
from tests.api.desk import CLERK, SPECIALIST, made
from tests.api.dossier_desk import (
    KIND,
    OFFICE_HEAD,
    Dossier,
    DossierDesk,
    kinds_in,
)
from workflow.office import Office
from workflow.records import JournalEntry
from workflow.rules.journal import parse

AGRICULTURE, TECHNOLOGY = "H56.MAU.03", "H56.MAU.04"
HEAD, APPRAISER, OTHER = "sonnmt.truongphong", "sonnmt.thamdinh", "sonnmt.chuyenvien"
OTHER_HEAD, OTHER_DEPARTMENT = "sokhcn.truongphong", "sokhcn.chuyenvien"


@pytest.fixture
def desk(open_office: Callable[..., Office], tmp_path: Path) -> Iterator[DossierDesk]:
    with serving(open_office(kinds=kinds_in(tmp_path / "kinds", xa_thu=KIND))) as counter:
        yield DossierDesk(counter, tmp_path)


@pytest.fixture
def dossier(desk: DossierDesk) -> Dossier:
    """A dossier that departments have before them."""
    return desk.open().appraising()


def parts(desk: DossierDesk, username: str, **params: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = made(
        desk.counter[username].get("/appraisals", params=params), 200
    )["items"]
    return items


def part(desk: DossierDesk, username: str = HEAD) -> dict[str, Any]:
    """The one part that somebody sees, whole."""
    (line,) = parts(desk, username)
    return made(desk.counter[username].get(f"/appraisals/{line['case_id']}"), 200)


def try_step(
    desk: DossierDesk, username: str, thing: dict[str, Any], **said: Any
) -> httpx.Response:
    kind = "criterion-appraisals" if thing["workflow"] == "criterion" else "appraisals"
    return desk.counter[username].post(
        f"/{kind}/{thing['case_id']}/transitions", json=said, etag=f'"{thing["version"]}"'
    )


def step(desk: DossierDesk, username: str, thing: dict[str, Any], **said: Any) -> dict[str, Any]:
    answer = try_step(desk, username, thing, **said)
    body = made(answer, 200)
    assert answer.headers["etag"] == f'"{body["version"]}"'
    return body


def assigned(desk: DossierDesk) -> dict[str, Any]:
    """The department's criterion, given to its appraiser."""
    (criterion,) = part(desk)["criteria"]
    person = desk.desk.person(APPRAISER)
    return step(desk, HEAD, criterion, trigger="assign", person_id=person)


def test_a_department_finds_its_part(desk: DossierDesk, dossier: Dossier) -> None:
    seen = part(desk)
    assert seen["organisation"] == "Sở Nông nghiệp và Môi trường"
    assert (seen["dossier_id"], seen["fields"]) == (dossier.id, ["nong_nghiep_moi_truong"])
    assert (seen["state"], seen["opinion_id"]) == ("appraising", None)
    (criterion,) = seen["criteria"]
    assert (criterion["criterion"], criterion["title"]) == ("1", "Môi trường")
    assert criterion["answer"]["met"] is True
    assert [(one["slot"], one["verdict"], one["unmet"]) for one in criterion["evidence"]] == [
        ("criterion/1/minh_chung", "HOP_LE", None)
    ]
    options = {one["trigger"]: one for one in criterion["allowed"]}
    assert options["assign"]["allowed"]
    given = {one["trigger"]: one for one in seen["allowed"]}["give_opinion"]
    assert given["reasons"] == ["Tiêu chí 1 chưa có kết luận.", "Chưa có văn bản thẩm định."]
    assert len(parts(desk, OFFICE_HEAD)) == 2
    seat = desk.desk.seat(TECHNOLOGY)
    assert [one["organisation_id"] for one in parts(desk, OFFICE_HEAD, organisation=seat)] == [seat]


def test_a_criterion_is_given_sent_back_and_found(desk: DossierDesk, dossier: Dossier) -> None:
    criterion = assigned(desk)
    assert (criterion["state"], criterion["person"]) == (
        "assigned",
        "Chuyên viên chính Sở Nông nghiệp và Môi trường",
    )
    refused = problem(
        try_step(desk, HEAD, criterion, trigger="return", reason="x"), 409, "guards-unmet"
    )
    assert refused["unmet"] == [
        "Chỉ người được giao thẩm định tiêu chí này được thực hiện bước này."
    ]
    back = step(desk, APPRAISER, criterion, trigger="return", reason="Thêm số liệu năm 2026")
    assert back["findings"][0]["met"] is None

    # The applicant is told, adds to that criterion alone, and loses sight of it until the opinion.
    seen = part(desk, SPECIALIST)
    assert [one["criterion"] for one in seen["criteria"]] == ["1"]
    assert seen["moves"] == []
    dossier.show("criterion/1/minh_chung")
    on = step(desk, SPECIALIST, back, trigger="resupply", note="Đã bổ sung")
    assert (on["state"], len(on["evidence"])) == ("assigned", 2)
    problem(
        desk.counter[SPECIALIST].get(f"/criterion-appraisals/{on['case_id']}"), 404, "not-found"
    )

    found = step(desk, APPRAISER, on, trigger="find_met", reason="Đủ minh chứng")
    assert (found["state"], found["findings"][-1]["met"]) == ("appraised", True)
    assert [move["trigger"] for move in found["moves"]] == [
        "assign",
        "return",
        "resupply",
        "find_met",
    ]
    again = step(
        desk, HEAD, part(desk), trigger="reopen_criterion", criterion="1", reason="Xem lại"
    )
    assert again["criteria"][0]["state"] == "unassigned"
    assert again["criteria"][0]["case_id"] != found["case_id"]


def test_wrong_steps_are_refused_with_the_place(desk: DossierDesk, dossier: Dossier) -> None:
    criterion = assigned(desk)
    outsider = desk.desk.person(OTHER_DEPARTMENT)
    wrong = try_step(desk, HEAD, criterion, trigger="assign", person_id=outsider)
    assert problem(wrong, 422, "invalid")["errors"][0]["pointer"] == "/person_id"
    points = try_step(desk, APPRAISER, criterion, trigger="find_met", reason="Đạt", points=3)
    assert problem(points, 422, "invalid")["errors"][0]["pointer"] == "/points"
    for body in ({"trigger": "find_met"}, {"trigger": "withdraw"}, {"trigger": "return"}):
        problem(try_step(desk, APPRAISER, criterion, **body), 422, "invalid")
    stale = {**criterion, "version": criterion["version"] - 1}
    problem(
        try_step(desk, APPRAISER, stale, trigger="find_unmet", reason="x"), 412, "stale-version"
    )
    step(desk, APPRAISER, criterion, trigger="find_unmet", reason="Không đủ")
    assert dossier.seen(OFFICE_HEAD)["state"] == "appraising"


def test_strangers_to_a_part_find_nothing(desk: DossierDesk, dossier: Dossier) -> None:
    criterion, whole = assigned(desk), part(desk)
    for username in (OTHER, OTHER_HEAD, OTHER_DEPARTMENT, SPECIALIST, CLERK, "xa.quantri"):
        seen = [line["case_id"] for line in parts(desk, username)]
        assert whole["case_id"] not in seen
        for address in (
            f"/appraisals/{whole['case_id']}",
            f"/criterion-appraisals/{criterion['case_id']}",
        ):
            problem(desk.counter[username].get(address), 404, "not-found")
        refused = try_step(desk, username, criterion, trigger="find_met", reason="x")
        problem(refused, 404, "not-found")
        refused = try_step(desk, username, whole, trigger="give_opinion")
        problem(refused, 404, "not-found")


def test_looking_at_a_part_is_logged(desk: DossierDesk, dossier: Dossier) -> None:
    """In the access chain of the applicant, whose dossier it is."""
    criterion = assigned(desk)
    made(desk.counter[APPRAISER].get(f"/criterion-appraisals/{criterion['case_id']}"), 200)
    with desk.counter.office.reading(None) as reading:
        contents = reading.session.scalars(
            select(JournalEntry.content)
            .where(JournalEntry.chain == f"access:{desk.desk.seat()}")
            .order_by(JournalEntry.sequence.desc())
            .limit(2)
        ).all()
    last, before = (parse(content) for content in contents)
    assert (before.facts["what"], before.actor) == ("appraisal", desk.desk.person(HEAD))
    assert (last.facts["what"], last.actor) == ("criterion", desk.desk.person(APPRAISER))
    assert last.subject == dossier.id


def test_the_province_charges_its_departments(desk: DossierDesk) -> None:
    counter = desk.counter
    province, seats = desk.desk.seat("H56"), [desk.desk.seat(c) for c in (AGRICULTURE, TECHNOLOGY)]
    address = f"/organisations/{province}"
    admin = counter["tinh.quantri"]

    def held(what: str, username: str = SPECIALIST) -> list[dict[str, Any]]:
        answer = counter[username].get(f"{address}/{what}", params={"limit": 200})
        items: list[dict[str, Any]] = made(answer, 200)["items"]
        return items

    duty = next(one for one in held("appraisal-duties") if one["field"] == "y_te")
    other = next(seat for seat in seats if seat != duty["organisation_id"])
    said = {"field": "y_te", "organisation_id": other}
    assert made(admin.post(f"{address}/appraisal-duties", json=said))["organisation_id"] == other
    problem(admin.post(f"{address}/appraisal-duties", json=said), 409, "duplicate")
    (duty,) = (one for one in held("appraisal-duties") if one["field"] == "y_te")
    assert duty["organisation_id"] == other
    named = made(
        admin.post(f"{address}/dossier-routes", json={"kind_code": "xa_thu", "office_id": other})
    )
    assert named["id"] in [one["id"] for one in held("dossier-routes")]
    taken = made(
        admin.post(
            f"/organisations/{seats[0]}/successions",
            json={"successor_id": seats[1], "effective_on": "2027-01-01"},
        )
    )
    assert [one["id"] for one in held("successions")] == [taken["id"]]
    wrong = admin.post(
        f"/organisations/{seats[1]}/successions",
        json={"successor_id": seats[0], "effective_on": "2027-02-01"},
    )
    assert problem(wrong, 422, "invalid")["errors"][0]["pointer"] == "/successor_id"
