"""Changes: repeated they happen once, and they start from the version that was seen."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import func, select

from tests.api.conftest import COMMUNE, Counter, problem, serving
from workflow.office import Office
from workflow.records import IdempotencyKey

ADMIN = "xa.quantri"


def units(counter: Counter) -> str:
    return f"/organisations/{counter.organisation(COMMUNE)}/units"


def how_many(counter: Counter, symbol: str) -> int:
    items = counter[ADMIN].get(units(counter)).json()["items"]
    return sum(item["symbol"] == symbol for item in items)


def add(counter: Counter, symbol: str = "XD", key: str | None = None) -> httpx.Response:
    body = {"name": "Phòng Xây dựng", "symbol": symbol}
    return counter[ADMIN].post(units(counter), json=body, key=key)


def test_the_same_request_sent_again_gets_the_same_answer(counter: Counter) -> None:
    first, second = add(counter, key="once"), add(counter, key="once")
    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    assert first.headers["etag"] == second.headers["etag"]
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"
    assert how_many(counter, "XD") == 1


def test_the_same_key_with_another_body_is_refused(counter: Counter) -> None:
    add(counter, "XD", key="once")
    problem(add(counter, "YT", key="once"), 422, "key-reused")
    assert how_many(counter, "YT") == 0


def test_a_key_belongs_to_its_account_and_address(counter: Counter) -> None:
    target = units(counter)
    add(counter, "XD", key="once")
    other = counter["xa.vanthu"].post(target, json={"name": "x", "symbol": "YY"}, key="once")
    problem(other, 403, "forbidden")
    day = {"day_on": "2026-12-24", "working": False, "basis": "QĐ 1"}
    address = target.replace("units", "calendar-days")
    assert counter[ADMIN].post(address, json=day, key="once").status_code == 201


def test_a_refusal_is_not_kept(counter: Counter) -> None:
    admin, seat = counter[ADMIN], counter.organisation(COMMUNE)
    people = admin.get(f"/organisations/{seat}/people").json()["items"]
    clerk = next(person for person in people if person["full_name"] == "Văn thư xã Mẫu")
    (role,) = clerk["roles"]
    again = {"person_id": clerk["id"], "role": "clerk", "valid_from": "2026-12-01"}
    target = f"/organisations/{seat}/roles"
    refused = problem(admin.post(target, json=again, key="again"), 409, "duplicate")
    assert refused["existing"] == [role["id"]]
    ended = admin.post(
        f"/roles/{role['id']}/end", json={"on": "2026-11-30"}, etag=f'"{role["version"]}"'
    )
    assert ended.status_code == 200, ended.text
    assert admin.post(target, json=again, key="again").status_code == 201


def test_a_key_is_forgotten_after_a_day(open_office: Callable[..., Office]) -> None:
    now = [datetime.now(UTC)]
    office = open_office(clock=lambda: now[0])
    with serving(office) as counter:
        counter.forget_tokens()  # those kept from the founding are older than this test
        add(counter, key="daily")
        now[0] += timedelta(hours=9, minutes=59)  # a token lives ten hours
        assert add(counter, key="daily").headers["idempotent-replayed"] == "true"
        now[0] += timedelta(hours=14, minutes=2)
        counter.forget_tokens()
        assert "idempotent-replayed" not in add(counter, key="daily").headers
        assert how_many(counter, "XD") == 2
    with office.reading(None) as reading:
        assert reading.session.scalar(select(func.count()).select_from(IdempotencyKey)) == 1


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest, open_office: Callable[..., Office]) -> Iterator[Counter]:
    """A counter over each database."""
    settings = {}
    if request.param == "postgresql":
        settings["database_url"] = SecretStr(request.getfixturevalue("postgres_url"))
    with serving(open_office(**settings)) as counter:
        yield counter


def test_the_same_request_sent_many_times_at_once_does_its_work_once(either: Counter) -> None:
    either[ADMIN].get("/me")
    target, gate = units(either), threading.Barrier(8)

    def send(_: int) -> httpx.Response:
        gate.wait()
        body = {"name": "Phòng Xây dựng", "symbol": "XD"}
        return either[ADMIN].post(target, json=body, key="race")

    with ThreadPoolExecutor(8) as crowd:
        answers = list(crowd.map(send, range(8)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotent-replayed" in answer.headers for answer in answers) == 7
    assert how_many(either, "XD") == 1


@pytest.mark.parametrize("key", ["", "two words", "x" * 201, "khóa"])
def test_a_post_needs_a_key_that_is_one(counter: Counter, key: str) -> None:
    bearer = counter[ADMIN].headers["Authorization"].encode()
    headers = {b"Authorization": bearer, b"Idempotency-Key": key.encode()}
    body = {"name": "Phòng", "symbol": "XD"}
    answer = counter.http.post(units(counter), json=body, headers=headers)
    assert problem(answer, 400, "invalid-header")["header"] == "Idempotency-Key"
    assert how_many(counter, "XD") == 0


def test_a_post_without_a_key_is_refused(counter: Counter) -> None:
    target = units(counter)
    body = {"name": "Phòng", "symbol": "XD"}
    answer = counter.http.post(target, json=body, headers=counter[ADMIN].headers)
    assert problem(answer, 400, "invalid-header")["header"] == "Idempotency-Key"


def test_a_change_starts_from_the_version_that_was_seen(counter: Counter) -> None:
    admin, seat = counter[ADMIN], f"/organisations/{counter.organisation(COMMUNE)}"
    seen = admin.get(seat)
    rules = {"resolve_days": 7, "copying_authority": "QĐ 12/QĐ-UBND"}
    problem(admin.put(f"{seat}/rules", json=rules), 428, "precondition-missing")
    for tag in ("*", f"W/{seen.headers['etag']}", f'{seen.headers["etag"]}, "1"', "3", '""'):
        answer = admin.put(f"{seat}/rules", json=rules, etag=tag)
        assert problem(answer, 400, "invalid-header")["header"] == "If-Match"
    changed = admin.put(f"{seat}/rules", json=rules, etag=seen.headers["etag"])
    assert changed.status_code == 200, changed.text
    assert changed.json()["resolve_days"] == 7
    assert changed.headers["etag"] == admin.get(seat).headers["etag"] != seen.headers["etag"]
    stale = problem(
        admin.put(f"{seat}/rules", json=rules, etag=seen.headers["etag"]), 412, "stale-version"
    )
    assert f'"{stale["current"]}"' == changed.headers["etag"]


def test_who_may_not_know_of_a_thing_does_not_learn_its_version(counter: Counter) -> None:
    seat = counter.organisation(COMMUNE)
    people = counter[ADMIN].get(f"/organisations/{seat}/people").json()["items"]
    role = people[0]["roles"][0]
    address = f"/roles/{role['id']}/end"
    for etag in ('"1"', f'"{role["version"]}"'):
        answer = counter["vpdp.quantri"].post(address, json={"on": "2026-11-30"}, etag=etag)
        problem(answer, 404, "not-found")
    nowhere = f"/roles/{uuid.uuid4()}/end"
    problem(counter[ADMIN].post(nowhere, json={"on": "2026-11-30"}, etag='"1"'), 404, "not-found")
