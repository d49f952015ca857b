"""Organisations, people and what these are entrusted with, over HTTP alone."""

from __future__ import annotations

import base64
import uuid
from typing import Any

import pytest

from tests.api.conftest import COMMUNE, Caller, Counter, problem
from tests.api.desk import CLERK, FOLLOWER, LEADER, Desk, made

ADMIN, PROVINCE = "xa.quantri", "tinh.quantri"


@pytest.fixture
def admin(counter: Counter) -> Caller:
    return counter[ADMIN]


@pytest.fixture
def seat(counter: Counter) -> str:
    return f"/organisations/{counter.organisation(COMMUNE)}"


def items(answer: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = made(answer, 200)["items"]
    return found


def test_a_merger_gives_a_new_name_and_keeps_the_old(counter: Counter, seat: str) -> None:
    above = made(counter[ADMIN].get(seat), 200)["parent_id"]
    new = {
        "code": "H56.MAU.99",
        "name": "UBND xã Hợp Nhất",
        "kind": "commune",
        "place": "Hợp Nhất",
        "parent_id": above,
        "on": "2027-01-01",
    }
    answer = counter[PROVINCE].post(f"{seat}/names", json=new)
    assert made(answer)["valid_from"] == "2027-01-01"
    assert made(counter[ADMIN].get(seat), 200)["code"] == COMMUNE
    later = made(counter[ADMIN].get(seat, params={"on": "2027-01-01"}), 200)
    assert later["code"] == "H56.MAU.99"
    taken = {**new, "code": "H56.MAU.01", "on": "2027-02-01"}
    problem(counter[PROVINCE].post(f"{seat}/names", json=taken), 409, "duplicate")


def test_the_province_adds_a_commune(counter: Counter) -> None:
    province = counter.organisation("H56")
    new = {
        "code": "H56.MAU.90",
        "name": "UBND xã Mới",
        "kind": "commune",
        "place": "Mới",
        "parent_id": province,
        "resolve_days": 5,
    }
    problem(counter[ADMIN].post("/organisations", json=new), 403, "forbidden")
    answer = counter[PROVINCE].post("/organisations", json=new)
    commune = made(answer)
    assert answer.headers["location"] == f"/organisations/{commune['id']}"
    shown = counter[ADMIN].get(answer.headers["location"])
    assert shown.json() == commune
    assert shown.headers["etag"] == answer.headers["etag"]
    codes = [item["code"] for item in items(counter[ADMIN].get("/organisations"))]
    assert codes == sorted(codes)
    assert "H56.MAU.90" in codes
    wrong = {**new, "code": "h56 mau"}
    problem(counter[PROVINCE].post("/organisations", json=wrong), 422, "invalid")


def test_somebody_comes_is_moved_and_leaves(counter: Counter, admin: Caller, seat: str) -> None:
    desk = Desk(counter)
    unit = desk.unit("KT")
    person = made(
        admin.post(f"{seat}/people", json={"full_name": "Trần Thị B", "title": "Chuyên viên"})
    )
    (first,) = person["appointments"]
    second = made(
        admin.post(
            f"{seat}/appointments",
            json={"person_id": person["id"], "title": "Phó phòng", "unit_id": unit},
        )
    )
    role = {"person_id": person["id"], "role": "specialist"}
    granted = made(admin.post(f"{seat}/roles", json=role))
    assert granted["role_label"] == "chuyên viên"
    problem(admin.post(f"{seat}/roles", json={**role, "role": "king"}), 422, "invalid")
    end = {"on": "2099-01-01"}
    ended = admin.post(f"/appointments/{first['id']}/end", json=end, etag=f'"{first["version"]}"')
    assert made(ended, 200)["valid_to"] == "2099-01-01"
    stale = admin.post(f"/appointments/{first['id']}/end", json=end, etag=f'"{first["version"]}"')
    # Ending it again is refused for itself before the version is compared.
    problem(stale, 422, "invalid")
    listed = items(admin.get(f"{seat}/people", params={"on": "2099-06-01"}))
    (found,) = [one for one in listed if one["id"] == person["id"]]
    assert [post["id"] for post in found["appointments"]] == [second["id"]]
    problem(counter[CLERK].post(f"{seat}/roles", json=role), 403, "forbidden")


def test_who_signs_in_which_capacity_is_for_the_law_to_say(counter: Counter, admin: Caller) -> None:
    desk = Desk(counter)
    issuer = desk.issuer()
    before = items(admin.get(f"/issuers/{issuer}/mandates"))
    power = {
        "person_id": desk.person(FOLLOWER),
        "capacity": "TUQ",
        "basis": "written_delegation",
        "basis_text": "Giấy ủy quyền 1/GUQ",
        "delegated_by_id": desk.person(LEADER),
    }
    refused = problem(admin.post(f"/issuers/{issuer}/mandates", json=power), 422, "invalid")
    assert refused["errors"][0]["pointer"] == "/capacity"
    assert items(admin.get(f"/issuers/{issuer}/mandates")) == before
    mandate = before[0]
    address, etag = f"/mandates/{mandate['id']}/end", f'"{mandate["version"]}"'
    ended = made(admin.post(address, json={"on": "2099-01-01"}, etag=etag), 200)
    assert ended["valid_to"] == "2099-01-01"


def test_the_key_is_kept_by_the_clerk_or_in_writing(
    counter: Counter, admin: Caller, seat: str
) -> None:
    desk = Desk(counter)
    keeper = {"person_id": desk.person(FOLLOWER)}
    problem(admin.post(f"{seat}/keepers", json=keeper), 422, "invalid")
    papers = {"permission": "Số 5, 01/11/2026", "handover": "BB 01/11/2026"}
    entrusted = made(admin.post(f"{seat}/keepers", json={**keeper, **papers}))
    assert len(items(admin.get(f"{seat}/keepers"))) == 2
    address = f"/keepers/{entrusted['id']}/end"
    problem(admin.post(address, json={"on": "2099-01-01"}, etag='"1"'), 412, "stale-version")
    etag = f'"{entrusted["version"]}"'
    made(admin.post(address, json={"on": "2099-01-01"}, etag=etag), 200)


def test_a_certificate_is_known_by_its_digest(counter: Counter, admin: Caller) -> None:
    desk = Desk(counter)
    certificate = {
        "certificate": base64.b64encode(b"der").decode(),
        "key_url": "devca:person/x",
        "person_id": desk.person(CLERK),
    }
    added = made(admin.post("/certificates", json=certificate))
    assert "key_url" not in added
    problem(admin.post("/certificates", json=certificate), 409, "duplicate")
    ownerless = {**certificate, "person_id": None, "certificate": "AAAA"}
    problem(admin.post("/certificates", json=ownerless), 422, "invalid")
    etag = f'"{added["version"]}"'
    ended = admin.post(f"/certificates/{added['id']}/end", json={"on": "2099-01-01"}, etag=etag)
    assert made(ended, 200)["valid_to"] == "2099-01-01"


def test_a_certificate_says_where_its_key_is_without_saying_how_to_open_it(
    counter: Counter, admin: Caller
) -> None:
    owner = {"person_id": Desk(counter).person(CLERK)}
    for n, address in enumerate(("key:con-dau", "client:", "devca:person/x")):
        der = base64.b64encode(b"der %d" % n).decode()
        made(admin.post("/certificates", json={**owner, "certificate": der, "key_url": address}))
    for address in ("key:", "key:../x", "client:x", "devca:root", "file:/x", "pkcs11:pin=1"):
        asked = {**owner, "certificate": "AAAA", "key_url": address}
        refused = problem(admin.post("/certificates", json=asked), 422, "invalid")
        assert [error["pointer"] for error in refused["errors"]] == ["/key_url"]


def test_units_and_issuers_end_on_a_day(admin: Caller, seat: str) -> None:
    for kind in ("units", "issuers"):
        one = items(admin.get(f"{seat}/{kind}"))[-1]
        address, etag = f"/{kind}/{one['id']}/end", f'"{one["version"]}"'
        ended = admin.post(address, json={"on": "2099-01-01"}, etag=etag)
        assert made(ended, 200)["valid_to"] == "2099-01-01"
        later = items(admin.get(f"{seat}/{kind}", params={"on": "2099-01-01"}))
        assert one["id"] not in [other["id"] for other in later]
        nowhere = f"/{kind}/{uuid.uuid4()}/end"
        problem(admin.post(nowhere, json={"on": "2099-01-01"}, etag=etag), 404, "not-found")


def test_a_document_goes_straight_to_whom_the_regulation_names(
    counter: Counter, admin: Caller, seat: str
) -> None:
    desk = Desk(counter)
    rule = made(
        admin.post(
            f"{seat}/handling-rules", json={"basis": "Quy chế 1", "unit_id": desk.unit("KT")}
        )
    )
    paper = desk.receive(sender_kind="citizen", sender_name="Ông A")
    counter.do_jobs()
    paper.step(CLERK, "register").step(CLERK, "transfer")
    assert [part["unit"] for part in paper.seen()["parts"]] == ["Phòng Kinh tế"]
    assert [one["id"] for one in items(counter[CLERK].get(f"{seat}/handling-rules"))] == [
        rule["id"]
    ]
    etag = f'"{rule["version"]}"'
    ended = admin.post(
        f"/handling-rules/{rule['id']}/end", json={"on": rule["valid_from"]}, etag=etag
    )
    assert made(ended, 200)["valid_to"] == rule["valid_from"]


def test_a_day_is_declared_off(admin: Caller, seat: str) -> None:
    day = {"day_on": "2026-12-24", "working": False, "basis": "Quyết định 9"}
    assert made(admin.post(f"{seat}/calendar-days", json=day))["working"] is False
    again = {**day, "working": True}
    assert made(admin.post(f"{seat}/calendar-days", json=again))["working"] is True
