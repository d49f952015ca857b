"""Lists at the counter: asked for once, followed document by document, resumed by their maker."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.api.conftest import Counter, problem
from tests.api.desk import CLERK, LEADER, Desk, Document, made
from tests.api.holding import hold
from tests.api.papers import a_pdf
from tests.workflow.token import Token


@pytest.fixture
def desk(counter: Counter) -> Desk:
    return Desk(counter)


@pytest.fixture
def papers(desk: Desk) -> list[Document]:
    """Documents that wait for the leader's signature."""
    return [desk.draft(a_pdf(word)).checked() for word in ("mot", "hai", "ba")]


def listed(*papers: Document) -> dict[str, Any]:
    """What a leader sends who has read them."""
    return {
        "items": [
            {"document_id": one.id, "content_sha256": one.seen(LEADER)["content_sha256"]}
            for one in papers
        ]
    }


def test_a_leader_signs_a_list_and_follows_it(desk: Desk, papers: list[Document]) -> None:
    leader, body = desk.counter[LEADER], listed(*papers)
    # One of them was read before its drafter changed it.
    body["items"][1]["content_sha256"] = "0" * 64
    answer = leader.post("/signing-batches", json=body, key="ca-chieu")
    batch = made(answer, 202)
    assert answer.headers["location"] == f"/signing-batches/{batch['id']}"
    assert batch["progress"] == {"waiting": 3, "signing": 0, "signed": 0, "refused": 0}
    again = leader.post("/signing-batches", json=body, key="ca-chieu")
    assert (again.json(), again.headers["idempotent-replayed"]) == (batch, "true")
    assert papers[0].state == "format_checked", "the request only asks"
    desk.counter.do_jobs()
    seen = leader.get(answer.headers["location"]).json()
    assert seen["progress"] == {"waiting": 0, "signing": 0, "signed": 2, "refused": 1}
    assert [item["result"] for item in seen["items"]] == ["signed", "refused", "signed"]
    assert [item["document_id"] for item in seen["items"]] == [one.id for one in papers]
    assert [item["reason"] for item in seen["items"]] == [
        None,
        "Văn bản đã khác bản vừa xem. Hãy xem lại bản hiện tại.",
        None,
    ]
    assert seen["finished_at"] is not None
    assert seen["stopped"] is None
    assert [one.state for one in papers] == ["signed", "format_checked", "signed"]


def test_a_stopped_list_says_why_and_goes_on_when_its_maker_says_so(
    desk: Desk, papers: list[Document]
) -> None:
    token = Token(desk.counter.office)
    token.refuses_at = 2
    leader = desk.counter[LEADER]
    answer = leader.post("/signing-batches", json=listed(*papers))
    address = answer.headers["location"]
    desk.counter.do_jobs()
    shown = leader.get(address)
    assert "Mã PIN" in shown.json()["stopped"]
    assert shown.json()["progress"] == {"waiting": 2, "signing": 0, "signed": 1, "refused": 0}
    resume = f"{address}/resume"
    problem(leader.post(resume), 428, "precondition-missing")
    problem(leader.post(resume, etag=answer.headers["etag"]), 412, "stale-version")
    problem(desk.counter[CLERK].post(resume, etag=shown.headers["etag"]), 404, "not-found")
    problem(desk.counter[CLERK].get(address), 404, "not-found")
    assert desk.counter["xa.kiemtoan"].get(address).json() == shown.json()
    token.refuses_at = None
    resumed = leader.post(resume, etag=shown.headers["etag"])
    assert made(resumed, 202)["stopped"] is None
    unmet = problem(leader.post(resume, etag=resumed.headers["etag"]), 409, "guards-unmet")
    assert unmet["unmet"] == ["Danh sách đang được ký."]
    desk.counter.do_jobs()
    assert leader.get(address).json()["progress"]["signed"] == 3
    assert token.uses == 4


def test_a_list_that_is_none_is_refused(desk: Desk, papers: list[Document]) -> None:
    leader = desk.counter[LEADER]

    def pointers(items: list[dict[str, Any]]) -> list[str]:
        answer = leader.post("/signing-batches", json={"items": items})
        return [one["pointer"] for one in problem(answer, 422, "invalid")["errors"]]

    (one,) = listed(papers[0])["items"]
    other = {**one, "document_id": str(uuid.uuid4())}
    assert pointers([]) == ["/items"]
    assert pointers([one] * 201) == ["/items"]
    assert pointers([one, one]) == ["/items/1/document_id"]
    assert pointers([other, one, {**one, "content_sha256": "x"}]) == ["/items/2/content_sha256"]
    assert "/items/0/document_id" in pointers([other, one])


def test_a_list_for_a_key_in_the_leaders_own_token_is_refused(
    desk: Desk, papers: list[Document]
) -> None:
    hold(desk)
    answer = desk.counter[LEADER].post("/signing-batches", json=listed(*papers))
    (sentence,) = problem(answer, 409, "guards-unmet")["unmet"]
    assert "chương trình ký" in sentence
