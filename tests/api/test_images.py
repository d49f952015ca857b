"""Images of signatures and seals over HTTP: put, seen, replaced, ended, and where they go."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest

from api.demo import marks
from api.demo.papers import DECISION
from tests.api.conftest import Caller, Counter, problem
from tests.api.desk import CLERK, LEADER, SPECIALIST, Desk, made
from workflow.printing import typeset

ADMIN = "xa.quantri"


def image(png: bytes, width_mm: float = 36, height_mm: float = 36) -> dict[str, Any]:
    return {
        "image": base64.b64encode(png).decode(),
        "width_mm": width_mm,
        "height_mm": height_mm,
    }


SEAL, HAND = image(marks.seal()), image(marks.scribble(), 45, 18.4)


@pytest.fixture
def admin(counter: Counter) -> Caller:
    return counter[ADMIN]


@pytest.fixture
def desk(counter: Counter) -> Desk:
    return Desk(counter)


@pytest.fixture
def seal(desk: Desk) -> str:
    return f"/organisations/{desk.seat()}/seal-image"


@pytest.fixture
def hand(desk: Desk) -> str:
    return f"/organisations/{desk.seat()}/people/{desk.person(LEADER)}/signature-image"


def test_a_seal_is_put_seen_and_replaced(counter: Counter, admin: Caller, seal: str) -> None:
    problem(admin.get(seal), 404, "not-found")
    put = admin.put(seal, json=SEAL)
    registered = made(put, 200)
    assert registered["sha256"] == hashlib.sha256(marks.seal()).hexdigest()
    assert (registered["width_mm"], registered["person_id"]) == (36, None)
    assert made(admin.put(seal, json=SEAL), 200) == registered
    seen = counter[CLERK].get(seal)
    assert made(seen, 200) == {**registered, "image": SEAL["image"]}
    assert seen.headers["etag"] == put.headers["etag"]
    other = made(admin.put(seal, json=image(marks.seal(), 36.5, 36.5)), 200)
    assert other["id"] != registered["id"]
    assert made(counter[CLERK].get(seal), 200)["width_mm"] == 36.5


def test_a_signature_is_seen_by_its_owner(counter: Counter, admin: Caller, hand: str) -> None:
    made(admin.put(hand, json=HAND), 200)
    assert made(counter[LEADER].get(hand), 200)["image"] == HAND["image"]
    for username in (CLERK, SPECIALIST):
        problem(counter[username].get(hand), 403, "forbidden")
        problem(counter[username].put(hand, json=HAND), 403, "forbidden")


def test_an_image_is_ended_from_its_version(admin: Caller, seal: str) -> None:
    row = made(admin.put(seal, json=SEAL), 200)
    address, end = f"/signature-images/{row['id']}/end", {"on": row["valid_from"]}
    problem(admin.post(address, json=end, etag='"1"'), 412, "stale-version")
    ended = made(admin.post(address, json=end, etag=f'"{row["version"]}"'), 200)
    assert ended["valid_to"] == row["valid_from"]
    problem(admin.get(seal), 404, "not-found")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (image(b"GIF89a"), "/image"),
        (image(marks.scribble()), "/image"),
        ({**SEAL, "image": "no base64"}, "/image"),
        ({**SEAL, "width_mm": 0}, "/width_mm"),
        ({**SEAL, "height_mm": 1e9}, "/height_mm"),
        ({"width_mm": 36, "height_mm": 36}, "/image"),
    ],
)
def test_what_is_no_seal_is_refused(
    admin: Caller, seal: str, body: dict[str, Any], pointer: str
) -> None:
    refused = problem(admin.put(seal, json=body), 422, "invalid")
    assert refused["errors"][0]["pointer"] == pointer
    problem(admin.get(seal), 404, "not-found")


def test_an_image_that_is_too_large_is_refused(admin: Caller, seal: str) -> None:
    large = image(marks.seal() + bytes(600_000))
    problem(admin.put(seal, json=large), 422, "invalid")
    problem(admin.put(seal, json=image(bytes(900_000))), 413, "too-large")


def test_a_draft_says_where_its_signers_sign(counter: Counter, admin: Caller, desk: Desk) -> None:
    address = f"/organisations/{desk.seat()}/people/{desk.person(LEADER)}/signature-image"
    made(admin.put(address, json=HAND), 200)
    box = {"page": 0, "x": 85, "y": 715, "width": 180, "height": 18}
    layout = {"number": box, "date": {**box, "x": 300}}
    nowhere = desk.draft()
    refused = problem(nowhere.try_step(SPECIALIST, "submit"), 409, "guards-unmet")
    assert "Không tìm thấy chỗ ký" in refused["unmet"][0]
    place = {"page": 0, "x": 340, "y": 120, "width": 150, "height": 60}
    for signatures in ([place], [place, None]):
        desk.draft(layout={**layout, "signatures": signatures}).step(SPECIALIST, "submit")
    desk.draft(typeset(DECISION), layout={**layout, "signatures": [None]}).step(
        SPECIALIST, "submit"
    )
