"""Trays, reminders, steps, substitutions and statistics over HTTP."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.api.conftest import Counter, problem, serving
from tests.api.desk import CLERK, FOLLOWER, HEAD, LEADER, SPECIALIST, Desk, Document, made
from workflow.office import Office

OTHER = "xa.kinhte"


def given(desk: Desk, *, due_on: str | None = None) -> Document:
    """A registered letter, given to the head's unit."""
    letter = desk.receive(sender_kind="citizen", sender_name="Ông A")
    desk.counter.do_jobs()
    letter.step(CLERK, "register").step(CLERK, "submit")
    handler = {"part": "lead", "unit_id": desk.unit("VP"), "due_on": due_on}
    return letter.step(LEADER, "assign", handlers=[handler])


def tray(counter: Counter, username: str, name: str, **params: Any) -> list[dict[str, Any]]:
    answer = counter[username].get("/work", params={"tray": name, **params})
    items: list[dict[str, Any]] = made(answer, 200)["items"]
    return items


def test_work_goes_from_tray_to_tray_and_its_address_answers(counter: Counter) -> None:
    desk = Desk(counter)
    letter = given(desk)
    (task,) = tray(counter, HEAD, "unit")
    assert (task["what"], task["state_label"]) == ("task", "Chờ đơn vị phân công")
    assert task["holder"] == "Văn phòng HĐND và UBND, UBND xã Mẫu"
    assert task["number"] == "1"
    assert task["subject"] == "Về việc báo cáo"
    assert made(counter[HEAD].get(task["address"]), 200)["case_id"] == task["case_id"]
    assert [line["what"] for line in tray(counter, FOLLOWER, "mine")] == ["incoming"]
    assert {line["what"] for line in tray(counter, LEADER, "waiting")} == {"incoming", "task"}
    assert tray(counter, LEADER, "mine") == []
    for line in (*tray(counter, FOLLOWER, "mine"), *tray(counter, LEADER, "waiting")):
        assert line["address"] in (letter.address, task["address"])
    draft = desk.draft()
    (mine,) = tray(counter, SPECIALIST, "mine")
    assert (mine["what"], mine["address"]) == ("outgoing", draft.address)
    assert counter[SPECIALIST].get("/work").json()["items"] == [mine]


def test_a_tray_is_read_page_by_page(counter: Counter) -> None:
    desk = Desk(counter)
    for _ in range(3):
        given(desk)
    for username, name in ((HEAD, "unit"), (LEADER, "waiting"), (FOLLOWER, "mine")):
        whole = [line["case_id"] for line in tray(counter, username, name)]
        pages, cursor = [], None
        while True:
            params = {"tray": name, "limit": 1} | ({"cursor": cursor} if cursor else {})
            page = counter[username].get("/work", params=params).json()
            pages += [line["case_id"] for line in page["items"]]
            cursor = page["next"]
            if cursor is None:
                break
        assert pages == whole
        assert len(whole) >= 3


@pytest.mark.parametrize(
    "key",
    ["x", 5, [1], ["2026", 7], [[], "x"], ["x", "y"], {"a": 1}, [0, "0" * 32], [False, "0" * 32]],
)
def test_a_made_up_cursor_is_refused(founded_counter: Counter, key: object) -> None:
    cursor = base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")
    for address in ("/work", "/work?tray=waiting", "/reminders"):
        answer = founded_counter[CLERK].get(address, params={"cursor": cursor})
        problem(answer, 422, "invalid")


def test_a_tray_that_is_none_is_refused(founded_counter: Counter) -> None:
    problem(founded_counter[CLERK].get("/work", params={"tray": "all"}), 422, "invalid")
    problem(founded_counter.stranger.get("/work"), 401, "not-authenticated")


def test_every_step_of_a_case_is_told_to_who_may_know(counter: Counter) -> None:
    desk = Desk(counter)
    given(desk)
    (task,) = tray(counter, HEAD, "unit")
    (letter,) = tray(counter, FOLLOWER, "mine")
    address = f"/cases/{letter['case_id']}/moves"
    steps = made(counter[CLERK].get(address), 200)
    assert [step["trigger"] for step in steps["items"]] == [
        "acknowledge",
        "verify",
        "register",
        "submit",
        "assign",
    ]
    last = steps["items"][-1]
    assert (last["person"], last["late"]) == ("Chủ tịch xã Mẫu", False)
    assert (last["source_label"], last["target_label"]) == ("Chờ ý kiến chỉ đạo", "Đang giải quyết")
    assert steps["items"][0]["person"] is None
    assert made(counter[HEAD].get(f"/cases/{task['case_id']}/moves"), 200)["items"] == []
    for username in (OTHER, SPECIALIST, "vpdp.chanhvp"):
        problem(counter[username].get(address), 404, "not-found")


def test_a_substitute_is_appointed_works_and_goes(counter: Counter) -> None:
    desk = Desk(counter)
    seat = desk.seat()
    address = f"/organisations/{seat}/substitutions"
    body = {
        "absent_id": desk.person(HEAD),
        "substitute_id": desk.person(OTHER),
        "basis": "Giấy nghỉ phép",
    }
    problem(counter[CLERK].post(address, json=body), 403, "forbidden")
    invalid = counter[LEADER].post(address, json={**body, "substitute_id": body["absent_id"]})
    assert problem(invalid, 422, "invalid")["errors"][0]["pointer"] == "/substitute_id"
    answer = counter[LEADER].post(address, json=body)
    row = made(answer)
    problem(counter[LEADER].post(address, json=body), 409, "duplicate")
    assert counter[CLERK].get(address).json()["items"] == [row]
    end = {"on": row["valid_from"]}
    ending = f"/substitutions/{row['id']}/end"
    problem(counter[LEADER].post(ending, json=end), 428, "precondition-missing")
    problem(counter[LEADER].post(ending, json=end, etag='"1"'), 412, "stale-version")
    ended = counter[LEADER].post(ending, json=end, etag=answer.headers["etag"])
    assert made(ended, 200)["valid_to"] == row["valid_from"]
    assert counter[CLERK].get(address).json()["items"] == []


def test_reminders_and_counts_of_what_is_late(open_office: Callable[..., Office]) -> None:
    moment = [datetime.now(UTC)]
    with serving(open_office(clock=lambda: moment[0])) as counter:
        desk = Desk(counter)
        today = (moment[0] + timedelta(hours=7)).date()
        given(desk, due_on=str(today))
        moment[0] += timedelta(days=12)
        counter.forget_tokens()
        with counter.office.transaction(None) as tx:
            tx.enqueue("remind")
        counter.do_jobs()
        (said,) = counter[HEAD].get("/reminders").json()["items"]
        assert (said["kind"], said["work"]["what"], said["work"]["overdue"]) == (
            "overdue",
            "task",
            True,
        )
        escalated = counter[LEADER].get("/reminders").json()["items"]
        assert {one["kind"] for one in escalated} == {"escalation"}
        late = tray(counter, LEADER, "overdue")
        assert {line["what"] for line in late} == {"incoming", "task"}
        problem(counter[SPECIALIST].get(_statistics(desk)), 403, "forbidden")
        params = {"period": str(today.year)}
        counted = made(counter[LEADER].get(_statistics(desk), params=params), 200)
        assert counted["total"]["overdue"] == 2
        assert counted["total"]["moved"] == sum(unit["tally"]["moved"] for unit in counted["units"])
        labels = [stage["label"] for stage in counted["stages"]]
        assert "Chờ ý kiến chỉ đạo" in labels
        wrong = counter[LEADER].get(_statistics(desk), params={"period": "2026-13"})
        problem(wrong, 422, "invalid")


def _statistics(desk: Desk) -> str:
    return f"/organisations/{desk.seat()}/work-statistics?period=2026"
