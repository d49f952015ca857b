"""The log above the journal: its tree, its signed heads, and that the chains are as they say."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from hashlib import sha256
from itertools import islice, takewhile

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from signing.witness import check_signature, check_stamp
from storage.errors import ObjectCorrupt, ObjectMissing
from storage.objects import Listed, ObjectRef, verify
from workflow import transparency
from workflow.inspecting.findings import Finding, Kind, Step, Walk
from workflow.office import Reading
from workflow.records import (
    Checkpoint,
    CheckpointStamp,
    JournalEntry,
    LeafHead,
    LogKey,
    LogLeaf,
    LogNode,
)
from workflow.rules import merkle
from workflow.rules.checkpoints import Leaf, parse_head, parse_leaf
from workflow.rules.merkle import Node

_LEAVES = 500
#: How long a checkpoint may be kept before its row is there.
_UNDERWAY = timedelta(hours=1)


def look_at_log(walk: Walk, after: str) -> Step:
    """Some hundred leaves with all that hangs on them. `after`: how many were looked at."""
    begin = int(after or 0)
    with walk.office.reading(None) as reading:
        length = transparency.length(reading)
        end = min(begin + _LEAVES, length)
        findings = list(log_between(reading, begin, end))
        if end < length:
            return Step(findings, end - begin, str(end))
        findings += beyond(reading.session, length)
        return Step(findings, end - begin, None)


def log_between(reading: Reading, begin: int, end: int) -> Iterator[Finding]:
    """What is wrong with leaves `begin` to before `end`, if all before them is sound."""
    session = reading.session
    leaves = {
        leaf.index: leaf
        for leaf in session.scalars(select(LogLeaf).where(LogLeaf.index.between(begin, end - 1)))
    }
    heads = _heads(session, begin, end)
    for index in range(begin, end):
        if index not in leaves or not _is_leaf(leaves[index], heads.get(index, ())):
            yield _differs(f"log_leaf {index}")
    yield from _nodes(session, leaves, begin, end)
    yield from _against_chains(session, begin, end)
    for checkpoint in session.scalars(
        select(Checkpoint)
        .where(Checkpoint.size > begin, Checkpoint.size <= end)
        .order_by(Checkpoint.size)
    ):
        yield from checkpoint_of(reading, checkpoint)


def beyond(session: Session, length: int) -> Iterator[Finding]:
    """What belongs to no tree of this many leaves: a signed head of more tells of leaves lost."""
    for table, rows in (
        ("leaf_head", select(LeafHead.leaf).where(or_(LeafHead.leaf >= length, LeafHead.leaf < 0))),
        ("checkpoint", select(Checkpoint.size).where(Checkpoint.size > length)),
        (
            "log_key",
            select(LogKey.certificate_sha256).where(
                ~select(Checkpoint.size)
                .where(Checkpoint.certificate_sha256 == LogKey.certificate_sha256)
                .exists()
            ),
        ),
        (
            "checkpoint_stamp",
            select(CheckpointStamp.size).where(
                ~select(Checkpoint.size).where(Checkpoint.size == CheckpointStamp.size).exists()
            ),
        ),
    ):
        for place in session.scalars(rows.distinct()):
            yield _differs(f"{table} {place}")
    widths = {level: length >> level for level in range(length.bit_length())}
    within = [
        and_(LogNode.level == level, LogNode.index < many, LogNode.index >= 0)
        for level, many in widths.items()
    ]
    for level, index in session.execute(
        select(LogNode.level, LogNode.index).where(~or_(*within) if within else LogNode.level >= 0)
    ):
        yield _differs(f"log_node {level} {index}")


def checkpoint_of(reading: Reading, checkpoint: Checkpoint) -> Iterator[Finding]:
    """A signed head: its text is that of the tree, its signature and time-stamp hold."""
    if not _is_signed(reading, checkpoint) or not _is_retained(reading, checkpoint):
        yield _differs(f"checkpoint {checkpoint.size}")
    stamp = reading.session.get(CheckpointStamp, checkpoint.size)
    if stamp is not None and not _is_stamped(reading, checkpoint, stamp):
        yield _differs(f"checkpoint_stamp {checkpoint.size}")


def _is_leaf(row: LogLeaf, heads: Sequence[LeafHead]) -> bool:
    try:
        leaf: Leaf = parse_leaf(row.content)
    except ValueError:
        return False
    named = {(head.chain, head.sequence, head.digest) for head in leaf.heads}
    return (
        (leaf.index, leaf.at) == (row.index, row.at)
        and merkle.leaf_hash(row.content).hex() == row.hash
        and named == {(head.chain, head.sequence, head.digest) for head in heads}
    )


def _heads(session: Session, begin: int, end: int) -> dict[int, list[LeafHead]]:
    found: dict[int, list[LeafHead]] = {}
    for head in session.scalars(select(LeafHead).where(LeafHead.leaf.between(begin, end - 1))):
        found.setdefault(head.leaf, []).append(head)
    return found


def _nodes(session: Session, leaves: dict[int, LogLeaf], begin: int, end: int) -> Iterator[Finding]:
    """Every node that these leaves complete, against its two children."""
    steps = [step for index in range(begin, end) for step in merkle.completed(index)]
    wanted = {Node(0, index) for index in range(begin, end)}
    wanted.update(node for step in steps for node in step)
    stored = _stored(session, wanted)
    for index in range(begin, end):
        leaf = leaves.get(index)
        if leaf is None or stored.get(Node(0, index)) != merkle.leaf_hash(leaf.content).hex():
            yield _differs(f"log_node 0 {index}")
    for node, left, right in steps:
        children = stored.get(left), stored.get(right)
        try:
            hashed = merkle.node_hash(*(bytes.fromhex(child or "-") for child in children)).hex()
        except ValueError:
            continue  # the child itself is found
        if stored.get(node) != hashed:
            yield _differs(f"log_node {node.level} {node.place}")


def _stored(session: Session, wanted: set[Node]) -> dict[Node, str]:
    """Nodes a level at a time: of each level one range."""
    found: dict[Node, str] = {}
    for level in sorted({node.level for node in wanted}):
        places = [node.place for node in wanted if node.level == level]
        rows = session.execute(
            select(LogNode.index, LogNode.hash).where(
                LogNode.level == level, LogNode.index.between(min(places), max(places))
            )
        )
        found.update({Node(level, index): hashed for index, hashed in rows})
    return found


def _against_chains(session: Session, begin: int, end: int) -> Iterator[Finding]:
    """A chain reaches every head that the log has of it, with the same digest.

    Whoever rewrote a chain from some entry on, with right links and head, is found here: somewhere
    behind the last head that still agrees.
    """
    lost = session.execute(
        select(LeafHead.chain, LeafHead.sequence)
        .join(
            JournalEntry,
            and_(JournalEntry.chain == LeafHead.chain, JournalEntry.sequence == LeafHead.sequence),
            isouter=True,
        )
        .where(
            LeafHead.leaf.between(begin, end - 1),
            or_(JournalEntry.digest.is_(None), JournalEntry.digest != LeafHead.digest),
        )
        .order_by(LeafHead.chain, LeafHead.sequence)
    ).all()
    for chain, sequence in lost:
        before = session.scalar(
            select(func.max(LeafHead.sequence)).where(
                LeafHead.chain == chain, LeafHead.sequence < sequence
            )
        )
        yield _differs(f"{chain} #{(before or 0) + 1}-{sequence}")


def _is_signed(reading: Reading, checkpoint: Checkpoint) -> bool:
    try:
        head = parse_head(checkpoint.content)
        key = reading.session.get(LogKey, checkpoint.certificate_sha256)
        if key is None or sha256(key.certificate).hexdigest() != key.certificate_sha256:
            return False
        check_signature(key.certificate, checkpoint.content, checkpoint.signature)
        own = (head.size, head.at) == (checkpoint.size, checkpoint.at)
        return own and head.root == transparency.root(reading, checkpoint.size)
    except ValueError:  # of any of these forms, and a node that is not there
        return False


def _is_stamped(reading: Reading, checkpoint: Checkpoint, stamp: CheckpointStamp) -> bool:
    try:
        anchors = reading.office.sealing.trust.anchors
        found = check_stamp(stamp.token, checkpoint.content, anchors)
        return found.trusted and found.at == stamp.at
    except ValueError:
        return False


def _is_retained(reading: Reading, checkpoint: Checkpoint) -> bool:
    """Whether it lies outside the database as it is in it: another key's signature does not."""
    key = reading.session.get(LogKey, checkpoint.certificate_sha256)
    if key is None:
        return False
    content = transparency.kept(checkpoint, key)
    ref = ObjectRef(transparency.LOG, sha256(content).hexdigest(), len(content))
    try:
        verify(reading.office.log_objects, ref)
    except (ObjectMissing, ObjectCorrupt):
        return False
    return True


def look_at_retained(walk: Walk, after: str) -> Step:
    """Some of the checkpoints outside the database. `after`: the key of the last."""
    store, prefix = walk.office.log_objects, f"{transparency.LOG}/"
    listed = islice(store.each(after or prefix), _LEAVES)
    kept = list(takewhile(lambda one: one.key.startswith(prefix), listed))
    with walk.office.reading(None) as reading:
        findings = [
            _differs(place)
            for one in kept
            if one.ref is not None
            for place in _unknown(reading, walk, one, one.ref)
        ]
    return Step(findings, len(kept), kept[-1].key if kept else None)


def _unknown(reading: Reading, walk: Walk, one: Listed, ref: ObjectRef) -> Iterator[str]:
    """Where the rows do not have, or have otherwise, what was once signed and kept."""
    try:
        with walk.office.log_objects.open(ref) as stored:
            held = json.loads(stored.read())
        if "token" in held:
            size, token = int(held["size"]), base64.b64decode(held["token"])
            stamp = reading.session.get(CheckpointStamp, size)
            if stamp is None or stamp.token != token:
                yield f"checkpoint_stamp {size}"
            return
        text: bytes = held["text"].encode()
        size = parse_head(text).size
    except (ValueError, KeyError, TypeError, AttributeError, ObjectCorrupt, ObjectMissing):
        yield f"object {one.key}"
        return
    row = transparency.checkpoint(reading, size)
    if row is None:
        # Kept before its row is written: the newest may have none yet, and whoever died in between
        # has the same text signed again a minute later.
        newest = transparency.newest(reading)
        young = one.stat.stored_at > walk.started_at - _UNDERWAY
        if not young or (newest is not None and newest.size > size):
            yield f"checkpoint {size}"
    elif row.content != text:
        yield f"checkpoint {size}"


def _differs(place: str) -> Finding:
    return Finding(Kind.CHECKPOINT_DIFFERS, place)
