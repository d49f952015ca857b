"""An auditor reads what a mandate opens, changes nothing, and every look is on record."""

from __future__ import annotations

import base64
import json
import uuid
from collections import Counter as Counts
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.routing import APIRoute
from sqlalchemy import Connection, event, select

from api.app import ROUTERS
from api.auth import ABOUT_NONE, AUDIT_TAGS, OWN, WRITTEN_BY_ROUTE
from api.schemas.tokens import NewToken
from tests.api.conftest import COMMUNE, COORDINATION, Caller, Counter, problem
from tests.api.desk import CLERK, SPECIALIST, Desk, made
from tests.api.test_strangers import ASKED, BODIES, _body, things  # noqa: F401  a fixture
from workflow.access import access_chain
from workflow.records import JournalEntry
from workflow.rules.deadlines import VIETNAM

AUDITOR, ADMIN, PROVINCE_ADMIN, ELSEWHERE = (
    "xa.kiemtoan",
    "xa.quantri",
    "tinh.quantri",
    "sokhcn.vanthu",
)
PROVINCE = "H56"


def routes(*methods: str) -> list[APIRoute]:
    """Every route that knows an actor and takes one of these methods."""
    return [
        route
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute) and route.methods & {*methods} and _knows_an_actor(route)
    ]


def _knows_an_actor(route: APIRoute) -> bool:
    return any(
        "credential_of" in {getattr(one.call, "__name__", "") for one in below.dependencies}
        for below in (route.dependant, *_below(route.dependant))
    )


def _below(dependant: Any) -> Any:
    for one in dependant.dependencies:
        yield one
        yield from _below(one)


def asked(caller: Caller, method: str, route: APIRoute, ids: dict[str, str], **more: Any) -> Any:
    """The route asked for these things, with a body that would be right."""
    if route.path.startswith("/incoming-documents"):
        ids = {**ids, "document_id": ids["incoming_id"]}
    body = BODIES.get(route.path, _body(method, route.path, ids))
    return caller(
        method,
        route.path.format(**{"version": "1", **ids}),
        etag='"1"',
        headers={"Pending-Token": "A" * 43},
        **({} if method == "GET" or body is None else {"json": body}),
        **more,
    )


def named(route: APIRoute, ids: dict[str, str]) -> dict[str, Any]:
    """Query parameters that the route needs or that name an organisation."""
    values = {
        **ASKED,
        "year": "2026",
        "tray": "overdue",
        "organisation": ids["organisation_id"],
        "issuer": ids["issuer_id"],
    }
    return {
        one.alias: values[one.alias] for one in route.dependant.query_params if one.alias in values
    }


def looks(counter: Counter, organisation_id: str) -> list[dict[str, Any]]:
    """The organisation's access chain, as it was written."""
    with counter.office.reading(None) as reading:
        chain = access_chain(uuid.UUID(organisation_id))
        rows = reading.session.scalars(
            select(JournalEntry.content)
            .where(JournalEntry.chain == chain)
            .order_by(JournalEntry.sequence)
        )
        return [json.loads(content) for content in rows]


def mandate(counter: Counter, admin: str, seat: str, username: str, **said: Any) -> dict[str, Any]:
    task = {
        "person_id": Desk(counter).person(username),
        "subtree": False,
        "basis": "Quyết định 12/QĐ-UBND ngày 05/01/2026",
        **said,
    }
    return made(counter[admin].post(f"/organisations/{seat}/audit-mandates", json=task))


def token(caller: Caller, scope: str, **said: Any) -> Caller:
    """A program of this person's."""
    expires_at = datetime.now(UTC) + timedelta(days=30)
    asked_for = {"name": "Kiểm tra", "scope": scope, "expires_at": expires_at.isoformat(), **said}
    new = made(caller.post("/tokens", json=asked_for))
    return Caller(caller.http, {"Authorization": f"Bearer {new['token']}"})


@pytest.fixture(scope="module")
def outsider(founded_counter: Counter, things: dict[str, str]) -> Caller:  # noqa: F811
    """A clerk of another organisation, who audits the commune."""
    seat = founded_counter.organisation(COMMUNE)
    mandate(founded_counter, PROVINCE_ADMIN, seat, ELSEWHERE)
    return founded_counter[ELSEWHERE]


@pytest.mark.parametrize("route", routes("POST", "PUT", "DELETE"), ids=lambda route: route.name)
def test_an_auditor_changes_nothing(
    founded_counter: Counter,
    things: dict[str, str],  # noqa: F811
    outsider: Caller,
    route: APIRoute,
) -> None:
    if route.name in OWN:
        return
    (method,) = route.methods
    problem(asked(founded_counter[AUDITOR], method, route, things), 403, "forbidden")
    if "{" in route.path:  # elsewhere the outsider may do what a clerk does
        answer = asked(outsider, method, route, things)
        assert answer.is_error or answer.json() == {"items": []}, answer.text  # nothing prepared


@pytest.mark.parametrize("route", routes("GET"), ids=lambda route: route.name)
def test_every_look_of_an_auditor_is_written_once(
    founded_counter: Counter,
    things: dict[str, str],  # noqa: F811
    outsider: Caller,
    route: APIRoute,
) -> None:
    seat = things["organisation_id"]
    for caller in (founded_counter[AUDITOR], outsider):
        before = looks(founded_counter, seat)
        answer = asked(caller, "GET", route, things, params=named(route, things))
        written = looks(founded_counter, seat)[len(before) :]
        if route.name in WRITTEN_BY_ROUTE:
            assert len(written) == (answer.status_code == 200), answer.text
        elif route.name in ABOUT_NONE:
            assert written == []
        else:
            (one,) = written
            assert (one["action"], one["facts"]["route"]) == ("organisation.audited", route.name)
    assert answer.status_code < 500


@pytest.mark.parametrize(
    ("address", "more"),
    [
        ("/organisations/{{{organisation_id}}}/journal", {"organisation": str(uuid.uuid4())}),
        ("/organisations/urn:uuid:{organisation_id}/journal", {}),
        ("/outgoing-documents", {"organisation": str(uuid.uuid4())}),
        ("/registers/outgoing?issuer={{{issuer_id}}}", {"subtree": "no"}),
    ],
)
def test_no_way_of_asking_escapes_the_record(
    founded_counter: Counter,
    things: dict[str, str],  # noqa: F811
    address: str,
    more: dict[str, str],
) -> None:
    seat = things["organisation_id"]
    before = len(looks(founded_counter, seat))
    path, _, query = address.format(**things).partition("?")
    params = dict([query.split("=")] if query else [], year="2026", **more)
    made(founded_counter[AUDITOR].get(path, params=params), 200)
    (one,) = looks(founded_counter, seat)[before:]
    assert not one["facts"]["asked"].keys() & more.keys()  # what the route does not know


def test_what_is_seen_by_taking_part_is_written_where_the_auditor_audits(
    counter: Counter,
) -> None:
    """A province's auditor narrows their list to a commune that they do not audit."""
    commune, province = counter.organisation(COMMUNE), counter.organisation(PROVINCE)
    mandate(counter, PROVINCE_ADMIN, province, ELSEWHERE)
    made(counter[ELSEWHERE].get("/dossiers", params={"organisation": commune}), 200)
    (one,) = looks(counter, province)
    assert one["facts"]["asked"] == {"organisation": commune}
    assert looks(counter, commune) == []


@pytest.mark.parametrize("word", ["y", "T", "on"])
def test_a_look_at_a_province_is_written_in_every_commune_it_is_about(
    counter: Counter, word: str
) -> None:
    commune, province = counter.organisation(COMMUNE), counter.organisation(PROVINCE)
    mandate(counter, PROVINCE_ADMIN, province, ELSEWHERE, subtree=True)
    params = {"organisation": province, "subtree": word}
    assert made(counter[ELSEWHERE].get("/conformance", params=params), 200)["organisations"] > 2
    assert len(looks(counter, province)) == len(looks(counter, commune)) == 1


#: Out of a counter's range, of other types than the list's key, and what PostgreSQL does not take.
STRANGE = tuple(
    base64.b64encode(json.dumps(key).encode()).decode()
    for key in (10**30, ["a", "b"], [None, None], "\0")
)


@pytest.mark.parametrize("name", ["cursor", "kind", "slot"])
def test_what_no_list_takes_is_refused_and_no_fault(
    founded_counter: Counter,
    things: dict[str, str],  # noqa: F811
    name: str,
) -> None:
    lists = [route for route in routes("GET") if name in _parameters(route)]
    assert lists
    for route in lists:
        for said in STRANGE if name == "cursor" else ("\0",):
            params = {**named(route, things), name: said}
            answer = asked(founded_counter[AUDITOR], "GET", route, things, params=params)
            assert answer.status_code in ({200, 422} if name == "cursor" else {422}), answer.text


def _parameters(route: APIRoute) -> set[str]:
    dependants = (route.dependant, *_below(route.dependant))
    return {one.alias for dependant in dependants for one in dependant.query_params}


def test_others_look_without_an_entry(founded_counter: Counter, things: dict[str, str]) -> None:  # noqa: F811
    before = len(looks(founded_counter, things["organisation_id"]))
    for address in (f"/organisations/{things['organisation_id']}/people", "/incoming-documents"):
        assert founded_counter[CLERK].get(address).status_code == 200
    assert len(looks(founded_counter, things["organisation_id"])) == before


def test_what_somebody_searches_for_is_not_written(
    founded_counter: Counter,
    things: dict[str, str],  # noqa: F811
) -> None:
    params = {
        "text": "079123456789",
        "sender": "Nguyễn Văn A",
        "code": "12/QĐ",
        "state": "received",
    }
    made(founded_counter[AUDITOR].get("/incoming-documents", params=params), 200)
    (*_, last) = looks(founded_counter, things["organisation_id"])
    assert last["facts"] == {"route": "list_incoming_documents", "asked": {"state": "received"}}


@pytest.mark.parametrize("scope", ["read", "audit"])
def test_a_token_opens_what_its_scope_says(
    founded_counter: Counter,
    things: dict[str, str],  # noqa: F811
    scope: str,
) -> None:
    program = token(founded_counter[CLERK], scope)
    opened = Counts[str]()
    for route in routes("POST", "PUT", "DELETE"):
        (method,) = route.methods
        document = problem(asked(program, method, route, things), 403, "scope-too-narrow")
        assert (document["scope"], document["needed_scope"]) == (scope, "full")
    for route in routes("GET"):
        answer = asked(program, "GET", route, things, params=named(route, things))
        if scope == "audit" and AUDIT_TAGS.isdisjoint(route.tags):
            document = problem(answer, 403, "scope-too-narrow")
            assert "phạm vi “read”" in document["detail"]
        else:
            assert not answer.is_error or "scope" not in answer.json(), answer.text
            opened[route.name] += 1
    assert opened["read_journal"]
    assert ("list_people" in opened) == (scope == "read")


def test_a_mandate_reaches_as_far_as_it_says(counter: Counter) -> None:
    commune, province = counter.organisation(COMMUNE), counter.organisation(PROVINCE)
    office = counter.organisation(COORDINATION)
    auditor = counter[ELSEWHERE]

    def audits() -> set[str]:
        memberships = made(auditor.get("/me"), 200)["memberships"]
        return {one["organisation_id"] for one in memberships if "auditor" in one["roles"]}

    assert audits() == set()
    task = {"person_id": Desk(counter).person(ELSEWHERE), "subtree": False, "basis": "QĐ 1"}
    for who in (ADMIN, CLERK):  # one knows not the person, the other administers nothing
        answer = counter[who].post(f"/organisations/{commune}/audit-mandates", json=task)
        assert answer.status_code in {403, 404}
    problem(auditor.get(f"/organisations/{commune}/journal"), 404, "not-found")
    one = mandate(counter, PROVINCE_ADMIN, commune, ELSEWHERE)
    assert audits() == {commune}
    made(auditor.get(f"/organisations/{commune}/journal"), 200)
    problem(auditor.get(f"/organisations/{office}/journal"), 404, "not-found")
    again = counter[PROVINCE_ADMIN].post(f"/organisations/{commune}/audit-mandates", json=task)
    problem(again, 409, "duplicate")
    whole = mandate(counter, PROVINCE_ADMIN, province, ELSEWHERE, subtree=True)
    assert {commune, province, office} <= audits()
    made(auditor.get(f"/organisations/{office}/journal"), 200)
    listed = made(counter[PROVINCE_ADMIN].get(f"/organisations/{province}/audit-mandates"), 200)
    assert [item["id"] for item in listed["items"]] == [whole["id"]]
    today = counter.office.clock().astimezone(VIETNAM).date().isoformat()
    for given in (one, whole):
        ended = counter[PROVINCE_ADMIN].post(
            f"/audit-mandates/{given['id']}/end", json={"on": today}, etag=f'"{given["version"]}"'
        )
        assert made(ended, 200)["valid_to"] == today
    assert audits() == set()
    problem(auditor.get(f"/organisations/{commune}/journal"), 404, "not-found")
    with counter.office.reading(None) as reading:
        system = reading.session.scalars(
            select(JournalEntry.content).where(JournalEntry.chain == "system")
        )
        actions = Counts(json.loads(content)["action"] for content in system)
    assert (actions["audit_mandate.given"], actions["audit_mandate.ended"]) == (2, 2)


def test_mandates_of_other_days_do_not_stand_in_each_others_way(counter: Counter) -> None:
    seat = counter.organisation(COMMUNE)

    def give(first: str, end: str | None) -> dict[str, Any]:
        return mandate(counter, PROVINCE_ADMIN, seat, ELSEWHERE, valid_from=first, valid_to=end)

    later = give("2027-06-01", None)
    give("2027-01-01", "2027-06-01")
    task = {"person_id": Desk(counter).person(ELSEWHERE), "subtree": False, "basis": "QĐ 2"}
    for first, end in (("2027-05-31", None), ("2026-12-01", "2027-01-02"), ("2028-01-01", None)):
        said = {**task, "valid_from": first, "valid_to": end}
        again = counter[PROVINCE_ADMIN].post(f"/organisations/{seat}/audit-mandates", json=said)
        problem(again, 409, "duplicate")
    never = counter[PROVINCE_ADMIN].post(
        f"/audit-mandates/{later['id']}/end",
        json={"on": "2027-06-01"},
        etag=f'"{later["version"]}"',
    )
    made(never, 200)
    give("2027-06-01", "2027-07-01")


def test_a_look_that_cannot_be_written_is_not_given(counter: Counter) -> None:
    seat = counter.organisation(COMMUNE)
    address = f"/organisations/{seat}/journal"
    made(counter[AUDITOR].get(address), 200)

    @event.listens_for(counter.office.database.engine, "begin")
    def full(connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")  # no page more than there are

    given = 1
    while (answer := counter[AUDITOR].get(address, params={"limit": 1})).status_code == 200:
        given += 1
        assert given < 100
    problem(answer, 503, "unavailable")
    made(counter[CLERK].get(f"/organisations/{seat}/people"), 200)  # reading as such would go on
    assert len(looks(counter, seat)) == given


def test_a_token_is_shown_once_and_ends_at_once(counter: Counter) -> None:
    clerk = counter[CLERK]
    expires_at = (counter.office.clock() + timedelta(days=365)).isoformat()
    new = made(
        clerk.post("/tokens", json={"name": " Báo cáo ", "scope": "full", "expires_at": expires_at})
    )
    assert new["token"] not in repr(NewToken.model_validate(new))
    listed = made(clerk.get("/tokens"), 200)["items"]
    assert listed == [{key: value for key, value in new.items() if key != "token"}]
    assert listed[0]["name"] == "Báo cáo"
    program = Caller(counter.http, {"Authorization": f"Bearer {new['token']}"})
    assert made(program.get("/me"), 200)["memberships"][0]["roles"] == ["clerk"]
    problem(counter[SPECIALIST]("DELETE", f"/tokens/{new['id']}"), 404, "not-found")
    assert made(counter[SPECIALIST].get("/tokens"), 200)["items"] == []
    assert program("DELETE", f"/tokens/{new['id']}").status_code == 204
    problem(program.get("/me"), 401, "not-authenticated")
    problem(clerk("DELETE", f"/tokens/{new['id']}"), 404, "not-found")
    assert made(clerk.get("/tokens"), 200)["items"] == []


def test_a_token_neither_outlives_the_one_that_made_it_nor_a_year(counter: Counter) -> None:
    now = counter.office.clock()
    for days, sentence in ((366, "365 ngày"), (-1, "tương lai")):
        body = {
            "name": "x",
            "scope": "read",
            "expires_at": (now + timedelta(days=days)).isoformat(),
        }
        assert (
            sentence in problem(counter[CLERK].post("/tokens", json=body), 422, "invalid")["detail"]
        )
    program = token(counter[CLERK], "full")
    longer = {"name": "x", "scope": "read", "expires_at": (now + timedelta(days=60)).isoformat()}
    assert "đang dùng" in problem(program.post("/tokens", json=longer), 422, "invalid")["detail"]
    wider = {"name": "x", "scope": "full", "expires_at": (now + timedelta(days=1)).isoformat()}
    for scope in ("read", "audit"):
        narrow = token(program, scope, expires_at=wider["expires_at"])
        problem(narrow.post("/tokens", json=wider), 403, "scope-too-narrow")
