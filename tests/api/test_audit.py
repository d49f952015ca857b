"""What an auditor asks over HTTP: the indicator, its reasons, the journal."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from tests.api.conftest import Counter, problem
from tests.api.desk import CLERK, SPECIALIST, Desk, made
from tests.api.papers import a_pdf
from workflow.lawbook import definition_texts

AUDITOR = "xa.kiemtoan"
PERIOD = f"{datetime.now(ZoneInfo('Asia/Ho_Chi_Minh')):%Y}"


@pytest.fixture
def desk(counter: Counter) -> Desk:
    return Desk(counter)


def test_the_fractions_are_the_reasons_added_up(desk: Desk) -> None:
    desk.draft().issued()
    desk.draft(a_pdf("hai")).signed().step(CLERK, "number")
    seat = f"/organisations/{desk.seat()}"
    auditor = desk.counter[AUDITOR]
    found = made(auditor.get(f"{seat}/indicator", params={"period": PERIOD}), 200)
    ubnd = next(one for one in found["issuers"] if one["issuer_id"] == desk.issuer())
    signed = ubnd["outgoing_signed"]
    assert signed["rows"] == 2
    assert sum(signed["reasons"].values()) == 2
    assert not ubnd["achieved"]
    rows = []
    cursor = None
    while True:
        params = {"period": PERIOD, "limit": "1", **({"cursor": cursor} if cursor else {})}
        page = made(auditor.get(f"{seat}/indicator/reasons", params=params), 200)
        rows += page["items"]
        cursor = page["next"]
        if cursor is None:
            break
    assert [row["number"] for row in rows] == [1, 2]
    for reason, count in signed["reasons"].items():
        assert sum(row["signed"] == reason for row in rows) == count
    answer = auditor.get(f"{seat}/indicator", params={"period": "2026-13"})
    problem(answer, 422, "invalid")


def test_the_journal_can_be_hashed_again_by_whoever_reads_it(desk: Desk) -> None:
    desk.draft().step(SPECIALIST, "submit")
    seat, auditor = f"/organisations/{desk.seat()}", desk.counter[AUDITOR]
    entries, cursor = [], None
    while True:
        params = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = made(auditor.get(f"{seat}/journal", params=params), 200)
        entries += page["items"]
        cursor = page["next"]
        if cursor is None:
            break
    assert [entry["sequence"] for entry in entries] == list(range(1, len(entries) + 1))
    previous = None
    for entry in entries:
        data = b"\x00" + entry["content"].encode()
        assert hashlib.sha256(data).hexdigest() == entry["digest"]
        if previous is not None:
            assert json.loads(entry["content"])["previous"] == previous
        previous = entry["digest"]
    verified = made(auditor.get(f"{seat}/journal/verification"), 200)
    assert verified == {
        "intact": True,
        "entries": len(entries),
        "head": previous,
        "broken": None,
    }


def test_who_looked_at_what_stands_in_a_chain_of_its_own(desk: Desk) -> None:
    draft = desk.draft()
    draft.seen(CLERK)
    seat = f"/organisations/{desk.seat()}"
    auditor = desk.counter[AUDITOR]
    page = made(auditor.get(f"{seat}/journal", params={"chain": "access"}), 200)
    looked = [json.loads(item["content"]) for item in page["items"]]
    assert [(one["action"], one["actor"], one["subject"]) for one in looked] == [
        ("document.viewed", desk.person(CLERK), draft.id),
        ("organisation.audited", desk.person(AUDITOR), desk.seat()),  # this very look
    ]
    verified = made(auditor.get(f"{seat}/journal/verification", params={"chain": "access"}), 200)
    assert (verified["intact"], verified["entries"]) == (True, 3)
    acts = made(auditor.get(f"{seat}/journal"), 200)["items"]
    assert "document.viewed" not in {json.loads(item["content"])["action"] for item in acts}


def test_the_journal_is_for_those_who_audit(desk: Desk) -> None:
    seat = f"/organisations/{desk.seat()}"
    problem(desk.counter[SPECIALIST].get(f"{seat}/journal"), 403, "forbidden")
    problem(desk.counter[SPECIALIST].get(f"{seat}/journal/verification"), 403, "forbidden")
    answer = desk.counter[SPECIALIST].get(f"{seat}/indicator", params={"period": PERIOD})
    problem(answer, 403, "forbidden")


def test_the_types_and_the_workflows_are_told(desk: Desk) -> None:
    clerk = desk.counter[CLERK]
    types = clerk.get("/document-types", params={"limit": 200}).json()["items"]
    assert len(types) == 29
    decision = next(kind for kind in types if kind["code"] == "quyet_dinh")
    assert (decision["abbreviation"], decision["signers"]) == ("QĐ", ["competent"])
    names = [one["name"] for one in clerk.get("/workflows").json()["items"]]
    assert names == sorted(definition_texts())
    outgoing = made(clerk.get("/workflows/outgoing"), 200)
    assert "stateDiagram-v2" in outgoing["diagram"]
    assert {"name": "issued", "label": "Đã phát hành", "initial": False, "end": False} in outgoing[
        "states"
    ]
    problem(clerk.get("/workflows/nothing"), 404, "not-found")


def test_a_frozen_indicator_is_told_again_as_it_was(desk: Desk) -> None:
    desk.draft().issued()
    seat, clerk = f"/organisations/{desk.seat()}", desk.counter[CLERK]
    answer = clerk.post(f"{seat}/indicator-snapshots", json={"period": PERIOD})
    taken = made(answer)
    assert answer.headers["Location"] == f"{seat}/indicator-snapshots/{taken['id']}"
    measured = made(clerk.get(f"{seat}/indicator", params={"period": PERIOD}), 200)
    assert taken["definition_version"] == measured["definition_version"]
    assert taken["journal_sequence"] == measured["journal_sequence"] - 1  # its own entry
    fractions = ("outgoing_processed", "outgoing_signed", "incoming_processed", "incoming_signed")
    for frozen, now in zip(taken["issuers"], measured["issuers"], strict=True):
        assert [frozen[name] for name in fractions] == [now[name] for name in fractions]
    assert not taken["achieved"]  # nothing came in
    assert "văn bản đi ký số 1/1 (100,00%)" in taken["text"]
    desk.draft().issued()
    assert made(clerk.get(answer.headers["Location"]), 200) == taken
    page = made(desk.counter[SPECIALIST].get(f"{seat}/indicator-snapshots"), 200)
    assert page == {"items": [taken], "next": None}
    asked = {"period": PERIOD}
    problem(
        desk.counter[SPECIALIST].post(f"{seat}/indicator-snapshots", json=asked), 403, "forbidden"
    )
    wrong = clerk.post(f"{seat}/indicator-snapshots", json={"period": "2026-13"})
    problem(wrong, 422, "invalid")
