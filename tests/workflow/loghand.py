"""Acting in an office, appending to its log, and checking the log as an auditor of rows would."""

from __future__ import annotations

import json
from hashlib import sha256

import pytest
from sqlalchemy import select

from signing.witness import check_signature
from storage.errors import ObjectRetained
from storage.objects import ObjectRef
from workflow import checkpointing, transparency
from workflow.office import Office
from workflow.records import Checkpoint, JournalEntry, LeafHead, LogLeaf
from workflow.rules import merkle
from workflow.rules.checkpoints import parse_head, parse_leaf


def act(office: Office, chain: str = "system", entries: int = 1) -> None:
    with office.transaction(None) as tx:
        for _ in range(entries):
            tx.journal("test.moved", chain, "something")


def appended(office: Office, chain: str = "system") -> Checkpoint:
    """A checkpoint after one more entry."""
    act(office, chain)
    found = checkpointing.append(office)
    assert found is not None
    return found


def check_log(office: Office) -> int:
    """Everything that an auditor of the rows checks; how many checkpoints there are."""
    with office.reading(None) as reading:
        leaves = reading.session.scalars(select(LogLeaf).order_by(LogLeaf.index)).all()
        checkpoints = reading.session.scalars(select(Checkpoint).order_by(Checkpoint.size)).all()
        hashes, reached = [], {}
        for index, row in enumerate(leaves):
            leaf = parse_leaf(row.content)
            assert (leaf.index, row.index, row.hash) == (
                index,
                index,
                merkle.leaf_hash(row.content).hex(),
            )
            for head in leaf.heads:
                entry = reading.session.get_one(JournalEntry, (head.chain, head.sequence))
                assert entry.digest == head.digest
                assert head.sequence > reached.get(head.chain, 0)
                reached[head.chain] = head.sequence
                found = reading.session.get_one(LeafHead, (head.chain, head.sequence))
                assert (found.leaf, found.digest) == (index, head.digest)
            hashes.append(bytes.fromhex(row.hash))
        for checkpoint in checkpoints:
            key = transparency.log_key(reading, checkpoint.certificate_sha256)
            check_signature(key.certificate, checkpoint.content, checkpoint.signature)
            signed = parse_head(checkpoint.content)
            assert signed.size == checkpoint.size
            assert signed.root == merkle.root(hashes[: signed.size])
            assert signed.root == transparency.root(reading, signed.size)
            assert signed.at == leaves[signed.size - 1].at == checkpoint.at
            kept = transparency.kept(checkpoint, key)
            ref = ObjectRef(transparency.LOG, sha256(kept).hexdigest(), len(kept))
            with office.log_objects.open(ref) as stored:
                assert stored.read() == kept
            with pytest.raises(ObjectRetained):
                office.log_objects.delete(ref)
            last = checkpoints[-1].size
            merkle.verify_consistency(
                signed.size,
                last,
                signed.root,
                merkle.root(hashes[:last]),
                transparency.consistency(reading, signed.size, last),
            )
    # One text for each size, whatever was stored by whoever died.
    assert all(len(said) == 1 for said in stored_texts(office).values())
    return len(checkpoints)


def stored_texts(office: Office) -> dict[int, set[str]]:
    """The texts that lie under retention, by their sizes."""
    texts: dict[int, set[str]] = {}
    for listed in office.log_objects.each():
        if listed.ref is not None and listed.ref.organisation == transparency.LOG:
            with office.log_objects.open(listed.ref) as stored:
                said = json.loads(stored.read()).get("text")
            if said is not None:  # else a time-stamp
                texts.setdefault(parse_head(said.encode()).size, set()).add(said)
    return texts
