"""The log: what moved is in it, once; one text for each size; nothing rewritten is signed over."""

from __future__ import annotations

import logging
import os
import signal
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import Connection, event, insert, select, text, update

from signing.witness import WitnessInvalid
from tests.workflow.conftest import Clock
from tests.workflow.crashing_log import STEPS, append_and_die
from tests.workflow.loghand import act, appended, check_log, stored_texts
from workflow import checkpointing, jobs, receipts, transparency
from workflow.office import Office
from workflow.records import ChainHead, Checkpoint, LeafHead, LogKey, LogLeaf, LogNode
from workflow.rules import merkle
from workflow.rules.checkpoints import parse_head, parse_leaf
from workflow.rules.merkle import ProofInvalid
from workflow.settings import Settings

SQLITE = pytest.mark.parametrize("office_settings", ["sqlite"], indirect=True)


def test_a_leaf_has_the_heads_that_moved(office: Office) -> None:
    first = checkpointing.append(office)
    assert first is not None
    assert checkpointing.append(office) is None
    with office.reading(None) as reading:
        heads = reading.session.execute(
            select(ChainHead.chain, ChainHead.sequence, ChainHead.digest).order_by(ChainHead.chain)
        ).all()
        row = reading.session.get_one(LogLeaf, 0)
        assert parse_leaf(row.content).heads == tuple(sorted(map(tuple, heads)))
    act(office, "access:b", 3)
    act(office, "a")
    second = checkpointing.append(office)
    assert second is not None
    assert second.size == 2
    with office.reading(None) as reading:
        leaf = parse_leaf(reading.session.get_one(LogLeaf, 1).content)
        assert [(head.chain, head.sequence) for head in leaf.heads] == [("a", 1), ("access:b", 3)]
    assert check_log(office) == 2


def test_every_proof_leads_to_a_signed_root(office: Office) -> None:
    for _ in range(11):
        appended(office)
    with office.reading(None) as reading:
        hashes = [
            bytes.fromhex(h)
            for h in reading.session.scalars(select(LogLeaf.hash).order_by(LogLeaf.index))
        ]
        for size in range(1, 12):
            root = parse_head(reading.session.get_one(Checkpoint, size).content).root
            for index in range(size):
                path = transparency.inclusion(reading, index, size)
                merkle.verify_inclusion(hashes[index], index, size, path, root)
                before = transparency.complete(reading, index)
                assert merkle.grown(index, before, hashes[index:size]) == (size, root)
        with pytest.raises(ValueError, match="no node"):
            transparency.consistency(reading, 5, 12)
    assert check_log(office) == 11


def test_an_append_and_a_proof_cost_the_same_however_much_moved(office: Office) -> None:
    asked: list[str] = []
    event.listen(
        office.database.engine, "before_cursor_execute", lambda *said: asked.append(said[2])
    )
    costs = set()
    for chains in (1, 1, 40, 1, 200):
        with office.transaction(None) as tx:
            for n in range(chains):
                tx.journal("test.moved", str(uuid.UUID(int=n + 1)), "x")
        asked.clear()
        checkpointing.append(office)
        costs.add(len(asked))
    assert max(costs) < 40
    assert max(costs) - min(costs) <= 3  # the first has no predecessor to continue
    with office.reading(None) as reading:
        asked.clear()
        transparency.inclusion(reading, 2, 5)
        assert len(asked) == 1


def test_the_log_keeps_the_time_when_a_clock_goes_back(office: Office, clock: Clock) -> None:
    first = appended(office)
    clock.advance(-timedelta(minutes=5))
    assert appended(office).at == first.at
    assert check_log(office) == 2


# Two at once, and one that dies.


def test_two_offices_append_at_once(office: Office, clock: Clock) -> None:
    other = Office.open(office.settings, clock=clock)
    other.sealing.sandbox = office.sealing.sandbox
    rounds, barrier = 8, Barrier(2, timeout=30)

    def append(one: Office, name: str) -> None:
        for n in range(rounds):
            barrier.wait()
            act(one, f"{name}{n % 2}")
            checkpointing.append(one)

    try:
        with ThreadPoolExecutor(2) as threads:
            for done in [threads.submit(append, office, "a"), threads.submit(append, other, "b")]:
                done.result()
    finally:
        other.close()
    checkpointing.append(office)  # what one may have left to the other
    with office.reading(None) as reading:
        covered = dict(
            reading.session.execute(
                select(LeafHead.chain, LeafHead.sequence).order_by(LeafHead.sequence)
            ).all()
        )
        assert transparency.uncovered(reading, "a0") == 0
    assert {chain: covered[chain] for chain in ("a0", "a1", "b0", "b1")} == dict.fromkeys(
        ("a0", "a1", "b0", "b1"), rounds // 2
    )
    assert check_log(office) > 1


@SQLITE
@pytest.mark.parametrize("step", STEPS)
def test_a_kill_at_any_step_leaves_nothing_wrong(
    office: Office, office_settings: Settings, clock: Clock, step: str
) -> None:
    appended(office)
    act(office)
    office.database.close()  # the child opens its own
    child = os.fork()
    if child == 0:
        append_and_die(office_settings, clock.now, step)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)
    assert os.WTERMSIG(status) == signal.SIGKILL
    check_log(office)
    clock.advance(timedelta(minutes=1))
    with office.reading(None) as reading:
        assert transparency.length(reading) == (1 if step == "before_leaf_commits" else 2)
    act(office)
    assert checkpointing.append(office) is not None
    with office.reading(None) as reading:
        size = transparency.length(reading)
        assert size == (2 if step == "before_leaf_commits" else 3)
        assert transparency.uncovered(reading, "system") == 0
    # What was begun is ended first: no size is left out, and none is stored that no row has.
    assert check_log(office) == size
    assert stored_texts(office).keys() == set(range(1, size + 1))


# A log that was rewritten.


@contextmanager
def rewriting(office: Office) -> Iterator[Connection]:
    """As whoever administers the database does."""
    with office.database.engine.begin() as connection:
        for (trigger,) in connection.execute(
            text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        ).all():
            connection.execute(text(f"DROP TRIGGER {trigger}"))
        yield connection


@SQLITE
@pytest.mark.parametrize(
    ("rewrite", "fault"),
    [
        (
            "UPDATE log_node SET hash = replace(hash, substr(hash, 1, 2), 'ff') WHERE level = 1",
            None,
        ),
        (
            'UPDATE log_node SET hash = (SELECT hash FROM log_node WHERE level = 0 AND "index" = 0)'
            ' WHERE level = 0 AND "index" = 2',
            None,
        ),
        (
            "UPDATE checkpoint SET content = replace(content, 'develop', 'o') WHERE size = 3",
            WitnessInvalid,
        ),
        ("UPDATE checkpoint SET signature = x'00' WHERE size = 3", WitnessInvalid),
        ('DELETE FROM log_node WHERE level = 0 AND "index" = 2', ValueError),
    ],
)
def test_nothing_is_signed_over_a_rewritten_log(
    office: Office, rewrite: str, fault: type[Exception] | None
) -> None:
    for _ in range(3):
        appended(office)
    with rewriting(office) as connection:
        assert connection.execute(text(rewrite)).rowcount > 0
    act(office)
    with pytest.raises(fault or ProofInvalid):
        checkpointing.append(office)
    with office.reading(None) as reading:
        newest = transparency.newest(reading)
        assert newest is not None
        assert newest.size == 3


@SQLITE
def test_nothing_is_signed_over_a_log_that_agrees_with_itself_under_another_key(
    office: Office,
) -> None:
    for _ in range(3):
        appended(office)
    forger = office.sealing.development.person(uuid.UUID(int=7), "Ai đó", "Nơi nào")
    with office.reading(None) as reading:
        told = parse_head(transparency.newest(reading).content)  # type: ignore[union-attr]
        leaves = reading.session.scalars(select(LogLeaf).order_by(LogLeaf.index)).all()
    forged = [b"another leaf", *(leaf.content for leaf in leaves[1:])]
    hashes = [merkle.leaf_hash(content) for content in forged]
    nodes = {(0, place): hashed for place, hashed in enumerate(hashes)}
    nodes[1, 0] = merkle.node_hash(hashes[0], hashes[1])
    head = replace(told, root=merkle.root(hashes))
    signed = office.sealing.sign_text(head.to_text(), key_url=forger.key_url, now=office.clock())
    key = transparency.key_of(signed.certificate, signed.chain)
    with rewriting(office) as connection:
        for (level, place), hashed in nodes.items():
            where = (LogNode.level == level, LogNode.index == place)
            connection.execute(update(LogNode).where(*where).values(hash=hashed.hex()))
        connection.execute(
            insert(LogKey).values(
                certificate_sha256=key.certificate_sha256,
                certificate=key.certificate,
                chain=key.chain,
            )
        )
        connection.execute(
            update(Checkpoint)
            .where(Checkpoint.size == 3)
            .values(
                content=head.to_text(),
                signature=signed.signature,
                certificate_sha256=key.certificate_sha256,
            )
        )
    act(office)
    with pytest.raises(WitnessInvalid, match="under retention"):
        checkpointing.append(office)


@SQLITE
def test_a_rewritten_log_is_told_each_minute_and_leaves_no_dead_job(
    office: Office, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    with office.transaction(None) as tx:
        checkpointing.keep_appending(tx)
    jobs.run_all(office)
    with rewriting(office) as connection:
        connection.execute(text("DELETE FROM log_node"))
    for _ in range(3):
        act(office)
        clock.advance(checkpointing.PERIOD)
        with caplog.at_level(logging.ERROR):
            jobs.run_all(office)
    said = [one for one in caplog.records if one.levelno >= logging.ERROR]
    assert [one.getMessage().partition(": ")[0] for one in said] == [
        "the log goes on without append"
    ] * 3
    assert not any(one.exc_info for one in said)
    with office.reading(None) as reading:
        assert [one.state for one in jobs.unsettled(reading)] == ["waiting", "waiting"]
        # No leaf waits for a signature, and yet the log is behind.
        clock.advance(receipts.OUTAGE_BUDGET)
    with office.reading(None) as reading:
        state = receipts.state(reading)
        assert (state.unsigned_since, state.overdue) == (None, True)
        assert state.unlogged_since is not None
        assert state.unlogged_since > state.at - receipts.OUTAGE_BUDGET - timedelta(minutes=4)
