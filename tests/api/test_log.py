"""The log over HTTP: without signing in, and proven by what stands in the answers alone."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from api.schemas.log import Base64
from signing.witness import certificates_in, check_chain, check_signature, check_stamp
from tests.api.conftest import COMMUNE, Counter, problem
from tests.api.desk import SPECIALIST, Desk, made
from workflow import checkpointing
from workflow.rules import journal, merkle
from workflow.rules.checkpoints import parse_head, parse_leaf

AUDITOR = "xa.kiemtoan"


@pytest.fixture
def counter(founded_counter: Counter) -> Counter:
    """One office for all: what a test appends does not disturb another."""
    return founded_counter


def raw(text: Base64) -> bytes:
    return base64.b64decode(text, validate=True)


def path(steps: list[str]) -> list[bytes]:
    return [bytes.fromhex(step) for step in steps]


def look(counter: Counter, address: str, **params: Any) -> Any:
    """What anybody gets."""
    return made(counter.stranger.get(address, params=params), 200)


def test_a_log_without_checkpoints_says_so(counter: Counter) -> None:
    found = look(counter, "/log")
    assert (found["size"], found["root"], found["stamped_at"]) == (0, None, None)
    assert not found["overdue"]
    for address in ("/log/checkpoint", "/log/checkpoints/1"):
        problem(counter.stranger.get(address), 404, "not-found")
    problem(counter.stranger.get("/log/inclusion", params={"leaf": 0}), 404, "not-found")
    assert look(counter, "/log/leaves") == []


def grow(counter: Counter, times: int = 1) -> int:
    """Append so many leaves; the size then."""
    for _ in range(times):
        with counter.office.transaction(None) as tx:
            tx.journal("test.moved", "system", "something")
        newest = checkpointing.append(counter.office)
    assert newest is not None
    return newest.size


def test_whoever_keeps_a_checkpoint_checks_the_next(counter: Counter) -> None:
    anchor = counter.office.sealing.trust.anchors[0]
    first = grow(counter)
    checkpointing.stamp(counter.office)
    kept = look(counter, "/log/checkpoint")
    second = grow(counter, 4)
    shown = look(counter, f"/log/checkpoints/{second}")
    for found in (kept, shown):
        text, certificate = found["text"].encode(), raw(found["certificate"])
        check_signature(certificate, text, raw(found["signature"]))
        head = parse_head(text)
        assert (head.size, head.root.hex()) == (found["size"], found["root"])
        assert check_chain(certificate, certificates_in(raw(found["chain"])), [anchor], head.at)
    assert kept["stamp"]["size"] == first
    stamp = check_stamp(raw(kept["stamp"]["token"]), kept["stamp"]["text"].encode(), [anchor])
    assert stamp.trusted
    assert shown["stamp"] is None
    proof = look(counter, "/log/consistency", first=first, second=second)
    assert proof == look(counter, "/log/consistency", first=first)
    roots = [parse_head(one["text"].encode()).root for one in (kept, shown)]
    merkle.verify_consistency(first, second, roots[0], roots[1], path(proof["path"]))
    # One token over the later one speaks for the earlier too.
    checkpointing.stamp(counter.office)
    assert look(counter, f"/log/checkpoints/{first + 1}")["stamp"]["size"] == second
    state = look(counter, "/log")
    assert (state["size"], state["stamped_size"], state["unstamped_since"]) == (
        second,
        second,
        None,
    )
    assert state["origin"] == parse_head(kept["text"].encode()).origin
    assert 0 <= state["stamp_age_seconds"] < 300
    assert state["outage_budget_seconds"] == 24 * 3600


def test_the_signed_bytes_come_alone_on_request(counter: Counter) -> None:
    size = grow(counter)
    for address in ("/log/checkpoint", f"/log/checkpoints/{size}"):
        answer = counter.stranger.get(address, headers={"Accept": "text/plain"})
        assert answer.headers["content-type"].startswith("text/plain")
        assert answer.content == look(counter, address)["text"].encode()


def test_leaves_are_read_on_and_proven(counter: Counter) -> None:
    size = grow(counter, 3)
    leaves: list[dict[str, Any]] = []
    while page := look(
        counter, "/log/leaves", after=leaves[-1]["index"] if leaves else -1, limit=2
    ):
        leaves += page
    assert [leaf["index"] for leaf in leaves] == list(range(size))
    hashes = [merkle.leaf_hash(leaf["content"].encode()) for leaf in leaves]
    assert [hashed.hex() for hashed in hashes] == [leaf["hash"] for leaf in leaves]
    assert merkle.root(hashes).hex() == look(counter, "/log")["root"]
    for index in (0, size // 2, size - 1):
        proof = look(counter, "/log/inclusion", leaf=index, size=size)
        assert bytes.fromhex(proof["leaf_hash"]) == hashes[index]
        root = bytes.fromhex(proof["root"])
        merkle.verify_inclusion(hashes[index], index, size, path(proof["path"]), root)


@pytest.mark.parametrize(
    ("address", "params", "status"),
    [
        ("/log/inclusion", {"leaf": 10_000}, 404),
        ("/log/inclusion", {"leaf": 0, "size": 10_000}, 404),
        ("/log/inclusion", {"leaf": -1}, 422),
        ("/log/inclusion", {}, 422),
        ("/log/consistency", {"first": 0}, 422),
        ("/log/consistency", {"first": 10_000}, 404),
        ("/log/consistency", {"first": 2, "second": 1}, 404),
        ("/log/consistency", {"first": 1, "second": 2**53}, 422),
        ("/log/leaves", {"limit": 51}, 422),
        ("/log/leaves", {"after": 2**70}, 422),
        ("/log/checkpoints/0", {}, 404),
        ("/log/checkpoints/10000", {}, 404),
    ],
)
def test_what_was_never_signed_is_not_proven(
    counter: Counter, address: str, params: dict[str, int], status: int
) -> None:
    grow(counter, 2)
    slug = {404: "not-found", 422: "invalid"}[status]
    problem(counter.stranger.get(address, params=params), status, slug)


def test_a_receipt_holds_by_itself(counter: Counter) -> None:
    desk = Desk(counter)
    desk.draft().step(SPECIALIST, "submit")
    seat = counter.organisation(COMMUNE)
    address, auditor = f"/organisations/{seat}/journal/receipt", counter[AUDITOR]
    entries = made(auditor.get(f"/organisations/{seat}/journal", params={"limit": 200}), 200)[
        "items"
    ]
    last = entries[-1]["sequence"]
    found = made(auditor.get(address, params={"sequence": last}), 200)
    assert (found["state"], found["proof"]) == ("uncovered", None)
    assert found["uncovered"] > 0
    grow(counter)
    checkpointing.stamp(counter.office)
    for entry in (entries[0], entries[-1]):
        found = made(auditor.get(address, params={"sequence": entry["sequence"]}), 200)
        assert (found["state"], found["uncovered"]) == ("covered", 0)
        proof = found["proof"]
        digest = found["digest"]
        assert digest == journal.entry_digest(entry["content"].encode())
        for following in entries[entry["sequence"] : proof["head_sequence"]]:
            content = following["content"].encode()
            assert journal.parse(content).previous == digest
            digest = journal.entry_digest(content)
        assert digest == proof["head_digest"]
        leaf = parse_leaf(proof["leaf"]["content"].encode())
        assert (seat, proof["head_sequence"], digest) in leaf.heads
        head = parse_head(proof["checkpoint"]["text"].encode())
        hashed = merkle.leaf_hash(proof["leaf"]["content"].encode())
        merkle.verify_inclusion(hashed, leaf.index, head.size, path(proof["path"]), head.root)
        assert proof["checkpoint"]["stamp"]["size"] == head.size
    answer = counter.stranger.get(address, params={"sequence": 1})
    problem(answer, 401, "not-authenticated")
    problem(counter["xa.vanthu"].get(address, params={"sequence": 1}), 403, "forbidden")
    problem(auditor.get(address, params={"sequence": 10**6}), 404, "not-found")
    problem(auditor.get(address, params={"sequence": 0}), 422, "invalid")
