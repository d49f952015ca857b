"""Councils, votes and withdrawal reviews, over HTTP."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from benchmarks.offices import acting, seat_of
from tests.api.conftest import Counter, problem
from tests.api.desk import made
from tests.workflow.chamber import CHAIR, MEMBERS, PARTS, REGISTRAR, RUNS, Chamber

BASIS = "Quyết định số 05/QĐ-UBND"
SEES = "tinh.chutich"


@pytest.fixture
def chamber(counter: Counter, tmp_path: Path) -> Chamber:
    """Dossiers without the way that led them here."""
    here = counter.office
    return Chamber(here, partial(acting, here), partial(seat_of, here), tmp_path)


def members(chamber: Chamber, usernames: tuple[str, ...] = MEMBERS) -> list[dict[str, str]]:
    return [
        {"person_id": str(chamber.person(username)), "part": part}
        for username, part in zip(usernames, PARTS, strict=True)
    ]


def council(counter: Counter, chamber: Chamber) -> dict[str, Any]:
    said = {
        "organisation_id": str(chamber.province),
        "name": "Hội đồng thẩm định",
        "basis": BASIS,
        "members": members(chamber),
    }
    return made(counter[REGISTRAR].post("/councils", json=said))


def voting(counter: Counter, chamber: Chamber, code: str = "commune_ntm") -> str:
    """The address of a dossier whose vote is open."""
    address = f"/dossiers/{chamber.dossier(chamber.kind(code))}"
    named = counter[RUNS].post(
        f"{address}/council",
        json={"council_id": council(counter, chamber)["id"]},
        etag='"1"',
    )
    assert made(named, 200)["council"]["name"] == "Hội đồng thẩm định"
    move(counter, address, "open_vote", named.headers["ETag"])
    return address


def move(counter: Counter, address: str, trigger: str, etag: str) -> dict[str, Any]:
    step = {"trigger": trigger}
    return made(counter[RUNS].post(f"{address}/transitions", json=step, etag=etag), 200)


def test_a_council_is_set_up_shown_and_changed(counter: Counter, chamber: Chamber) -> None:
    first = council(counter, chamber)
    assert [one["part_label"] for one in first["members"][:3]] == [
        "Chủ tịch Hội đồng",
        "Phó Chủ tịch Hội đồng",
        "Thư ký Hội đồng",
    ]
    address = f"/councils/{first['id']}"
    shown = counter[RUNS].get(address)
    assert shown.json() == first
    assert first["id"] in [one["id"] for one in counter[RUNS].get("/councils").json()["items"]]
    body = {"basis": BASIS, "members": members(chamber, (*MEMBERS[:5], "vpdp.quantri"))}
    changed = counter[REGISTRAR].put(f"{address}/members", json=body, etag=shown.headers["ETag"])
    assert made(changed, 200)["members"][5]["person"] == "Quản trị hệ thống Văn phòng Điều phối"
    stale = counter[REGISTRAR].put(f"{address}/members", json=body, etag=shown.headers["ETag"])
    problem(stale, 412, "stale-version")
    again = counter[REGISTRAR].put(f"{address}/members", json=body)
    problem(again, 428, "precondition-missing")
    two = {**body, "members": body["members"][:2]}
    refused = counter[REGISTRAR].put(f"{address}/members", json=two, etag=changed.headers["ETag"])
    found = problem(refused, 422, "invalid")
    assert "/members" in [error["pointer"] for error in found["errors"]]
    problem(
        counter["tinh.chuyenvien"].put(
            f"{address}/members", json=body, etag=changed.headers["ETag"]
        ),
        403,
        "forbidden",
    )


def test_a_vote_is_cast_closed_and_told(counter: Counter, chamber: Chamber) -> None:
    address = voting(counter, chamber)
    choice = {"choice": "agree", "note": "Đủ điều kiện"}
    for username in MEMBERS:
        own = made(counter[username].put(f"{address}/ballot", json=choice), 200)
        assert (own["choice"], own["points"]) == ("agree", None)
    open_ = counter[CHAIR].get(f"{address}/vote")
    seen = open_.json()
    assert (seen["cast"], seen["own"]["choice"], seen["vote"], seen["outcome"]) == (
        6,
        "agree",
        None,
        None,
    )
    assert {one["ballot"] for one in seen["members"]} == {None}
    (close,) = [
        one
        for one in counter[RUNS].get(address).json()["allowed"]
        if one["trigger"] == "close_vote"
    ]
    assert (close["allowed"], close["target"]) == (True, "voting")  # not where it leads
    assert move(counter, address, "close_vote", open_.headers["ETag"])["state"] == "voted"
    late = counter[CHAIR].put(f"{address}/ballot", json={"choice": "disagree"})
    assert problem(late, 409, "guards-unmet")["unmet"] == [
        "Việc bỏ phiếu đã kết thúc, không nhận thêm phiếu."
    ]
    seen = counter[SEES].get(f"{address}/vote").json()
    assert seen["vote"] == {
        "passed": True,
        "agree": 6,
        "disagree": 0,
        "blank": 0,
        "taking_part": 6,
        "share": "1/1",
        "share_percent": "100,00",
    }
    assert [one["ballot"]["note"] for one in seen["members"]] == ["Đủ điều kiện"] * 6
    seen = counter["xa.chutich"].get(f"{address}/vote").json()
    assert seen["vote"]["passed"]
    assert {one["ballot"] for one in seen["members"]} == {None}
    problem(counter["vpdp.quantri"].get(f"{address}/vote"), 404, "not-found")
    problem(counter["vpdp.quantri"].put(f"{address}/ballot", json=choice), 404, "not-found")


def test_points_are_given_per_criterion(counter: Counter, chamber: Chamber) -> None:
    address = voting(counter, chamber, "ocop_product")
    for wrong in ({"A": 41, "B": 25, "C": 35}, {"A": 1}, {"A": "4", "B": 1, "C": 1}):
        refused = counter[CHAIR].put(f"{address}/ballot", json={"points": wrong})
        for error in problem(refused, 422, "invalid")["errors"]:
            assert error["pointer"].startswith("/points/")
    for username in MEMBERS:
        body = {"points": {"A": 36, "B": 22, "C": 31}}
        made(counter[username].put(f"{address}/ballot", json=body), 200)
    seen = counter[CHAIR].get(f"{address}/vote")
    assert seen.json()["own"]["points"] == {"A": 36, "B": 22, "C": 31}
    assert move(counter, address, "close_vote", seen.headers["ETag"])["state"] == "voted"
    rating = counter[SEES].get(f"{address}/vote").json()["rating"]
    assert rating == {
        "stars": 4,
        "decided_by": "province",
        "average": "89/1",
        "average_points": "89,00",
        "totals": [89] * 6,
        "counted": [89] * 4,
        "by_criterion": {"A": "36,00", "B": "22,00", "C": "31,00"},
    }


def test_a_withdrawal_is_reviewed(counter: Counter, chamber: Chamber) -> None:
    dossier_id = chamber.dossier(chamber.kind(), "published")
    address = f"/dossiers/{dossier_id}/withdrawal-reviews"
    said = {"failed": ["1", "2"], "reason": "Rà soát năm 2026"}
    opened = counter[RUNS].post(address, json=said)
    review = made(opened)
    one = opened.headers["Location"]
    assert one == f"{address}/{review['case_id']}"
    assert (review["failed"], review["total"], review["state"]) == (["1", "2"], 19, "reviewing")
    assert review["rule_unmet"]
    again = problem(counter[RUNS].post(address, json=said), 409, "duplicate")
    assert again["existing"] == [review["case_id"]]
    shown = counter["xa.chutich"].get(one)
    assert shown.json()["version"] == 1
    grey = {option["trigger"]: option["allowed"] for option in shown.json()["options"]}
    assert grey == {"set_failed": False, "request": False, "keep": False}
    failed = {"trigger": "set_failed", "failed": ["10", "1", "2", "3", "4", "5"]}
    moved = counter[RUNS].post(f"{one}/transitions", json=failed, etag='"1"')
    assert made(moved, 200)["rule_unmet"] is None  # 6 of 19, and income among them
    asked = counter[RUNS].post(f"{one}/transitions", json={"trigger": "request"}, etag='"2"')
    assert len(problem(asked, 409, "guards-unmet")["unmet"]) == 1
    kept = {"trigger": "keep", "reason": "Đã khắc phục"}
    done = counter["vpdp.chanhvp"].post(f"{one}/transitions", json=kept, etag='"2"')
    assert made(done, 200)["state"] == "kept"
    assert [line["trigger"] for line in done.json()["moves"]] == ["set_failed", "keep"]
    (listed,) = counter[RUNS].get(address).json()["items"]
    assert listed["state_label"] == "Không thu hồi"
    problem(counter["vpdp.quantri"].get(one), 404, "not-found")
