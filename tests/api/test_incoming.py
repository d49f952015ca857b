"""Incoming documents and the tasks on them, over HTTP alone."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import Counter, problem
from tests.api.desk import (
    CLERK,
    FOLLOWER,
    HEAD,
    LEADER,
    OTHER_CLERK,
    SPECIALIST,
    Desk,
    Document,
    made,
)
from tests.api.papers import a_pdf


@pytest.fixture
def desk(counter: Counter) -> Desk:
    return Desk(counter)


def signed_by_the_other_office(desk: Desk) -> Document:
    """A document that the commune issued, as it arrived at the coordination office."""
    desk.draft().issued()
    (line,) = desk.counter[OTHER_CLERK].get("/incoming-documents").json()["items"]
    return Document(desk, "/incoming-documents", line["id"])


def task_of(desk: Desk, paper: Document, part: str = "lead") -> Document:
    parts = paper.seen()["parts"]
    case_id = next(one["case_id"] for one in parts if one["part"] == part)
    return Document(desk, "/tasks", case_id)


def test_a_signed_document_is_verified_and_registered(desk: Desk) -> None:
    paper = signed_by_the_other_office(desk)
    seen = paper.seen(OTHER_CLERK)
    assert (seen["state"], seen["verdict"]) == ("verified", "HOP_LE")
    assert seen["acknowledged_at"]
    paper.step(OTHER_CLERK, "register")
    seen = paper.seen(OTHER_CLERK)
    assert seen["number"] == seen["arrival"]["number"] == 1
    register = desk.counter[OTHER_CLERK].get(
        "/registers/incoming",
        params={"organisation": seen["organisation_id"], "year": seen["arrival"]["year"]},
    )
    (line,) = register.json()["items"]
    assert (line["number"], line["code"]) == (1, "01/QĐ-UBND")


@pytest.mark.parametrize(
    "broken",
    [b"no pdf at all", a_pdf()[:400], b"%PDF-1.7\n%%EOF\n"],
    ids=["no pdf", "cut off", "no pages"],
)
def test_an_unreadable_document_is_received_and_returned(desk: Desk, broken: bytes) -> None:
    paper = desk.receive(broken)
    desk.counter.do_jobs()
    seen = paper.seen()
    assert (seen["state"], seen["verdict"]) == ("verified", "KHONG_DOC_DUOC")
    assert not paper.options(CLERK)["register"]["allowed"]
    paper.step(CLERK, "return", reason="Tệp không đọc được")
    assert paper.state == "returned"


def test_unsigned_mail_of_a_citizen_is_received(desk: Desk) -> None:
    paper = desk.receive(sender_kind="citizen", sender_name="Ông Nguyễn Văn A")
    desk.counter.do_jobs()
    paper.step(CLERK, "register")
    assert paper.seen()["number"] == 1


def test_paper_is_digitised_with_the_agencys_signature_alone(desk: Desk) -> None:
    paper = desk.receive(medium="paper")
    desk.counter.do_jobs()
    scan = paper.seen()["files"][0]["sha256"]
    answer = paper.try_step(CLERK, "digitise", scan_sha256=scan)
    assert answer.status_code == 202
    desk.counter.do_jobs()
    seen = paper.seen()
    assert seen["state"] == "verified"
    assert [found["field"] for found in seen["files"][0]["signatures"]] == ["agency"]
    paper.step(CLERK, "register")


def test_paper_may_be_inspected_instead(desk: Desk) -> None:
    paper = desk.receive(medium="paper", files=[])
    paper.step(CLERK, "inspect", opinion="Đủ chữ ký, dấu").step(CLERK, "register")
    assert paper.seen()["moves"][-2]["opinion"] == "Đủ chữ ký, dấu"


def test_an_undecided_verdict_needs_the_clerks_word(desk: Desk) -> None:
    """An unsigned file of an agency is none; checking again does not make it one."""
    paper = desk.receive()
    desk.counter.do_jobs()
    refused = problem(paper.try_step(CLERK, "register"), 409, "guards-unmet")
    assert refused["unmet"]
    paper.step(CLERK, "verify_again")
    desk.counter.do_jobs()
    assert len(desk.counter[CLERK].get(f"/documents/{paper.id}/history").json()["items"]) == 1


def test_a_duplicate_is_warned_of_and_confirmed(desk: Desk) -> None:
    said: dict[str, Any] = {"sender_kind": "citizen", "sender_name": "Ông A", "code": "12/UBND-VX"}
    first = desk.receive(**said)
    desk.counter.do_jobs()
    first.step(CLERK, "register")
    second = desk.receive(a_pdf("Lan hai"), **said)
    desk.counter.do_jobs()
    seen = second.seen()
    assert seen["duplicates"] == [first.id]
    assert not second.options(CLERK)["register"]["allowed"]
    second.step(CLERK, "confirm_duplicates", seen=[first.id], reason="Văn bản khác")
    second.step(CLERK, "register")
    assert second.seen()["number"] == 2


def test_a_secret_document_is_refused(desk: Desk) -> None:
    upload = desk.upload(CLERK, a_pdf())
    answer = desk.counter[CLERK].post(
        "/incoming-documents",
        json={
            "organisation_id": desk.seat(),
            "medium": "electronic",
            "sender_kind": "agency",
            "sender_name": "Công an tỉnh",
            "subject": "x",
            "secrecy": "mat",
            "files": [{"upload": upload}],
        },
    )
    problem(answer, 403, "secret-refused")


def assigned(desk: Desk) -> Document:
    paper = desk.receive(sender_kind="citizen", sender_name="Ông A")
    desk.counter.do_jobs()
    paper.step(CLERK, "register").step(CLERK, "submit", opinion="Kính trình")
    handlers: list[dict[str, Any]] = [
        {"part": "lead", "unit_id": desk.unit("VP"), "instruction": "Tham mưu trả lời"},
        {"part": "support", "unit_id": desk.unit("KT")},
        {"part": "information", "person_id": desk.person(FOLLOWER)},
    ]
    return paper.step(LEADER, "assign", handlers=handlers, opinion="Giao VP chủ trì")


def test_three_tiers_of_handling(desk: Desk) -> None:
    paper = assigned(desk)
    lead = task_of(desk, paper)
    assert [line["document_id"] for line in listed(desk, HEAD)] == [paper.id]
    lead.step(HEAD, "delegate", person_id=desk.person(SPECIALIST), opinion="Đ/c làm")
    assert [line["case_id"] for line in listed(desk, SPECIALIST)] == [lead.id]
    lead.step(SPECIALIST, "report", proposal="Đã trả lời công dân")
    lead.step(HEAD, "accept")
    support = task_of(desk, paper, "support")
    refused = problem(paper.try_step(LEADER, "complete"), 409, "guards-unmet")
    assert len(refused["unmet"]) >= 2
    support.step("xa.kinhte", "decline", reason="Không thuộc lĩnh vực")
    task_of(desk, paper, "information").step(FOLLOWER, "read")
    paper.step(LEADER, "complete", opinion="Xong")
    assert paper.state == "completed"

    slip = made(desk.counter[LEADER].get(f"{paper.address}/slip"), 200)
    assert slip["directions"][0]["text"] == "Giao VP chủ trì"
    (line,) = [line for line in slip["lines"] if line["part"]["part"] == "lead"]
    assert line["delegations"][0]["person"] == "Trưởng phòng Văn phòng xã Mẫu"
    assert line["proposals"][0]["text"] == "Đã trả lời công dân"


def listed(desk: Desk, username: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = desk.counter[username].get("/tasks").json()["items"]
    return items


def test_side_by_side_nobody_collides_on_a_version(desk: Desk) -> None:
    paper = assigned(desk)
    lead, support = task_of(desk, paper), task_of(desk, paper, "support")
    etag = f'"{support.seen("xa.kinhte")["version"]}"'
    before = paper.seen()["version"]
    lead.step(HEAD, "delegate", person_id=desk.person(SPECIALIST))
    answer = desk.counter["xa.kinhte"].post(
        f"{support.address}/transitions", json={"trigger": "decline", "reason": "x"}, etag=etag
    )
    assert answer.status_code == 200
    assert paper.seen()["version"] == before


def test_more_time_is_given_before_it_has_run_out(desk: Desk) -> None:
    paper = assigned(desk)
    paper.step(LEADER, "extend", due_on="2099-01-05", reason="Cần phối hợp thêm")
    assert paper.seen()["due_at"] == "2099-01-05T23:59:59+07:00"
    answer = paper.try_step(LEADER, "extend", due_on="2099-01-04", reason="x")
    assert problem(answer, 422, "invalid")["errors"][0]["pointer"] == "/due_on"


def test_handlers_of_another_office_are_refused_by_pointer(desk: Desk) -> None:
    paper = desk.receive(sender_kind="citizen", sender_name="Ông A")
    desk.counter.do_jobs()
    paper.step(CLERK, "register").step(CLERK, "submit")
    stranger = {"part": "lead", "person_id": desk.person(OTHER_CLERK)}
    answer = paper.try_step(LEADER, "assign", handlers=[stranger])
    assert problem(answer, 422, "invalid")["errors"][0]["pointer"] == "/handlers/0"
    told = {"part": "lead", "person_id": desk.person(FOLLOWER)}
    answer = paper.try_step(LEADER, "inform", handlers=[told])
    assert problem(answer, 422, "invalid")["errors"][0]["pointer"] == "/handlers/0/part"


def test_lists_are_narrowed(desk: Desk) -> None:
    desk.receive(sender_kind="citizen", sender_name="Ông Nguyễn Văn A", subject="Kiến nghị")
    desk.receive(a_pdf("b"), sender_name="Sở Y tế", subject="Báo cáo dịch", urgency="flash")
    clerk = desk.counter[CLERK]

    def found(**params: str) -> list[str]:
        answer = clerk.get("/incoming-documents", params=params)
        return [item["subject"] for item in made(answer, 200)["items"]]

    assert found() == ["Báo cáo dịch", "Kiến nghị"]
    assert found(urgency="flash") == ["Báo cáo dịch"]
    assert found(sender="nguyen van") == ["Kiến nghị"]
    assert found(text="bao cao") == ["Báo cáo dịch"]
    assert found(state="registered") == []
    problem(clerk.get("/incoming-documents", params={"urgency": "x"}), 422, "invalid")
