"""An outgoing document from draft to work file, over HTTP alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from tests.api.conftest import COORDINATION, Counter, problem, serving
from tests.api.desk import (
    CHECKER,
    CLERK,
    HEAD,
    LEADER,
    OTHER_CLERK,
    SPECIALIST,
    Desk,
    made,
)
from tests.api.papers import a_pdf
from tests.signing.test_validation import unreadable
from workflow.office import Office


@pytest.fixture
def desk(counter: Counter) -> Desk:
    return Desk(counter)


@pytest.fixture(params=["embedded", "servers"])
def any_desk(request: pytest.FixtureRequest, open_office: Callable[..., Office]) -> Iterator[Desk]:
    """A desk on SQLite and a folder, and one on PostgreSQL and S3."""
    settings = {}
    if request.param == "servers":
        settings["database_url"] = SecretStr(request.getfixturevalue("postgres_url"))
        settings["objects_url"] = SecretStr(request.getfixturevalue("s3_url"))
    with serving(open_office(**settings)) as counter:
        yield Desk(counter)


def test_the_whole_way(any_desk: Desk) -> None:
    desk, counter = any_desk, any_desk.counter
    paper = desk.draft(a_pdf("Quyet dinh"), a_pdf("Phu luc"))
    assert paper.state == "drafting"
    paper.checked()
    asked = paper.try_step(LEADER, "sign", content_sha256=paper.seen(LEADER)["content_sha256"])
    assert asked.status_code == 202
    assert asked.json()["state"] == "signing"
    counter.do_jobs()
    assert paper.state == "signed"
    paper.step(CLERK, "number").reading(CLERK, "seal")
    counter.do_jobs()
    paper.step(CLERK, "issue")
    counter.do_jobs()

    seen = paper.seen()
    assert seen["state"] == "issued"
    assert seen["state_label"] == "Đã phát hành"
    assert seen["code"] == "01/QĐ-UBND"
    assert seen["number"]["number"] == 1
    main, annex = seen["files"]
    assert main["verdict"] == annex["verdict"] == "HOP_LE"
    for file, signed in ((main, ["person1", "agency"]), (annex, ["agency"])):
        *by_key, archived = file["signatures"]
        assert [found["field"] for found in by_key] == signed
        assert {found["level"] for found in by_key} == {"B-LTA"}
        assert archived["kind"] == "timestamp"
    assert all(found["development"] for found in main["signatures"])
    assert [review["kind"] for review in seen["reviews"]] == ["content", "approval", "format"]
    assert all(review["holds"] for review in seen["reviews"])
    (recipient,) = seen["recipients"]
    assert "delivered" in [status["status"] for status in recipient["statuses"]]
    assert [move["person"] for move in seen["moves"]][:2] == [
        "Chuyên viên xã Mẫu",
        "Trưởng phòng Văn phòng xã Mẫu",
    ]
    assert datetime.fromisoformat(seen["issued_at"]).utcoffset() is not None
    assert seen["issued_at"].endswith("+07:00")

    work_file = made(
        counter[CLERK].post(
            "/work-files",
            json={
                "organisation_id": desk.seat(),
                "notation": "01.VP",
                "title": "Hồ sơ thử",
                "retention": "5 năm",
            },
        )
    )
    paper.step(CLERK, "file", work_file_id=work_file["id"])
    assert paper.state == "filed"
    inside = made(counter[CLERK].get(f"/work-files/{work_file['id']}"), 200)
    assert [item["document_id"] for item in inside["items"]] == [paper.id]

    register = counter[CLERK].get(
        "/registers/outgoing",
        params={"issuer": desk.issuer(), "year": seen["number"]["year"]},
    )
    (line,) = register.json()["items"]
    assert (line["number"], line["code"]) == (1, "01/QĐ-UBND")
    assert line["signers"] == ["Chủ tịch xã Mẫu"]


def test_what_one_may_do_is_said_with_the_reasons_of_what_one_may_not(desk: Desk) -> None:
    paper = desk.draft().step(SPECIALIST, "submit")
    mine = paper.options(HEAD)
    assert mine["check_content"]["allowed"]
    assert mine["check_content"]["label"] == "Xác nhận nội dung"
    theirs = paper.options(SPECIALIST)
    assert not theirs["check_content"]["allowed"]
    assert theirs["check_content"]["reasons"] == ["Cần vai trò người đứng đầu đơn vị."]
    assert theirs["withdraw"]["allowed"]


def test_sealing_too_early_names_the_steps_there_are(desk: Desk) -> None:
    paper = desk.draft().checked()
    content = paper.seen()["content_sha256"]
    refused = problem(
        paper.try_step(CLERK, "seal", content_sha256=content), 409, "transition-not-allowed"
    )
    assert (refused["state"], refused["trigger"]) == ("format_checked", "seal")
    assert "sign" in refused["allowed"]


def test_the_wrong_role_is_told_which_would_do(desk: Desk) -> None:
    paper = desk.draft().step(SPECIALIST, "submit")
    content = paper.seen()["content_sha256"]
    refused = problem(
        paper.try_step(CLERK, "check_content", content_sha256=content), 403, "forbidden"
    )
    assert refused["needed_roles"] == ["unit_head"]


def test_every_unmet_condition_is_named(desk: Desk) -> None:
    paper = desk.draft(recipients=[]).seen(SPECIALIST)
    answer = desk.counter[HEAD].post(
        f"/outgoing-documents/{paper['id']}/transitions",
        json={"trigger": "submit"},
        etag=f'"{paper["version"]}"',
    )
    unmet = problem(answer, 409, "guards-unmet")["unmet"]
    assert len(unmet) == 2  # not the drafter, and no recipient
    assert all(sentence.endswith(".") for sentence in unmet)


def test_other_bytes_have_no_approval(desk: Desk) -> None:
    paper = desk.draft().step(SPECIALIST, "submit").reading(HEAD, "check_content")
    seen = paper.seen(LEADER)
    old = seen["content_sha256"]
    paper.step(LEADER, "return", reason="Sửa điều 2")
    fresh = desk.draft_of(a_pdf("Du thao khac"))
    version = paper.seen(SPECIALIST)["version"]
    address = f"{paper.address}/draft"
    revised = made(desk.counter[SPECIALIST].put(address, json=fresh, etag=f'"{version}"'), 200)
    assert not any(review["holds"] for review in revised["reviews"])
    problem(
        desk.counter[SPECIALIST].put(address, json=fresh, etag=f'"{version}"'), 412, "stale-version"
    )
    paper.step(SPECIALIST, "submit")
    problem(paper.try_step(HEAD, "check_content", content_sha256=old), 409, "guards-unmet")


def test_a_file_may_stay_in_a_later_draft(desk: Desk) -> None:
    paper = desk.draft(a_pdf("Quyet dinh"), a_pdf("Phu luc"))
    seen = paper.seen(SPECIALIST)
    again = desk.draft_of(files=[{"file_id": seen["files"][0]["id"]}], subject="Về việc khác")
    revised = made(
        desk.counter[SPECIALIST].put(
            f"{paper.address}/draft", json=again, etag=f'"{seen["version"]}"'
        ),
        200,
    )
    assert revised["subject"] == "Về việc khác"
    assert [file["sha256"] for file in revised["files"]] == [seen["files"][0]["sha256"]]
    strange = desk.draft_of(files=[{"file_id": desk.seat()}])
    refused = problem(
        desk.counter[SPECIALIST].put(
            f"{paper.address}/draft", json=strange, etag=f'"{revised["version"]}"'
        ),
        422,
        "invalid",
    )
    assert refused["errors"][0]["pointer"] == "/files/0/file_id"


def test_a_secret_draft_is_refused(desk: Desk) -> None:
    draft = desk.draft_of(secrecy="mat")
    problem(desk.counter[SPECIALIST].post("/outgoing-documents", json=draft), 403, "secret-refused")


def test_files_of_others_cannot_be_used_by_their_upload(desk: Desk) -> None:
    draft = desk.draft_of(files=[{"upload": desk.upload(CLERK, a_pdf())}])
    problem(desk.counter[SPECIALIST].post("/outgoing-documents", json=draft), 404, "not-found")


def test_of_many_at_once_one_takes_the_step(any_desk: Desk) -> None:
    paper = any_desk.draft().step(SPECIALIST, "submit")
    seen, head = paper.seen(HEAD), any_desk.counter[HEAD]
    gate = threading.Barrier(6)

    def check(_: int) -> httpx.Response:
        gate.wait()
        return head.post(
            f"{paper.address}/transitions",
            json={"trigger": "check_content", "content_sha256": seen["content_sha256"]},
            etag=f'"{seen["version"]}"',
        )

    with ThreadPoolExecutor(6) as crowd:
        answers = sorted(crowd.map(check, range(6)), key=lambda answer: answer.status_code)
    assert answers[0].status_code == 200
    for late in answers[1:]:
        problem(late, 412, "stale-version")
    assert len(paper.seen()["reviews"]) == 1


def test_a_transition_sent_twice_happens_once(desk: Desk) -> None:
    paper = desk.draft().signed()
    seen = paper.seen()
    said, etag = {"trigger": "number"}, f'"{seen["version"]}"'
    address = f"{paper.address}/transitions"
    first = desk.counter[CLERK].post(address, json=said, etag=etag, key="number-it")
    again = desk.counter[CLERK].post(address, json=said, etag=etag, key="number-it")
    assert first.content == again.content
    assert again.headers["idempotent-replayed"] == "true"
    assert first.json()["number"]["number"] == 1


def test_an_unknown_trigger_names_those_there_are(desk: Desk) -> None:
    paper = desk.draft()
    refused = problem(paper.try_step(CLERK, "explode"), 422, "invalid")
    assert "number" in refused["errors"][0]["detail"]


def test_a_list_is_walked_page_by_page(desk: Desk) -> None:
    ids = [desk.draft(a_pdf(str(number))).id for number in range(5)]
    found: list[str] = []
    cursor = None
    while True:
        params = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = desk.counter[CLERK].get("/outgoing-documents", params=params).json()
        assert len(page["items"]) <= 2
        found += [item["id"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert found == ids[::-1]
    drafting = desk.counter[CLERK].get("/outgoing-documents", params={"state": "issued"})
    assert drafting.json() == {"items": [], "next": None}
    refused = desk.counter[CLERK].get("/outgoing-documents", params={"limit": 201})
    assert problem(refused, 422, "invalid")["errors"][0]["parameter"] == "limit"


def test_a_delivered_document_arrives_at_the_other_office(desk: Desk) -> None:
    desk.draft().issued()
    listed = desk.counter[OTHER_CLERK].get("/incoming-documents").json()["items"]
    assert [item["code"] for item in listed] == ["01/QĐ-UBND"]
    assert listed[0]["organisation_id"] == desk.seat(COORDINATION)


def test_a_checker_finds_what_waits_for_a_check(desk: Desk) -> None:
    paper = desk.draft().step(SPECIALIST, "submit").reading(HEAD, "check_content")
    paper.reading(LEADER, "approve")
    waiting = desk.counter[CHECKER].get("/outgoing-documents", params={"state": "approved"})
    assert [item["id"] for item in waiting.json()["items"]] == [paper.id]


def test_what_cannot_be_read_is_no_draft(desk: Desk, tmp_path: Path) -> None:
    drafter = desk.counter[SPECIALIST]
    refused = 0
    for name, (content, words) in unreadable(tmp_path).items():
        if name in ("empty", "too large"):
            continue  # refused at the door already: see test_uploads
        answer = drafter.post("/outgoing-documents", json=desk.draft_of(content))
        assert words in problem(answer, 422, "unreadable-document")["detail"], name
        refused += 1
    assert refused == 6
    assert drafter.get("/outgoing-documents").json()["items"] == []
