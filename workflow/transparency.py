"""The log above the journal as it stands in rows: checkpoints, proofs, what covers an entry.

Proofs are folded from stored hashes of complete subtrees, two queries at most whatever the size.
Nothing here trusts a row because it is there: whoever checks a proof checks it against a root that
a key outside the database has signed.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, tuple_

from workflow.office import Reading
from workflow.records import (
    ChainHead,
    Checkpoint,
    CheckpointStamp,
    JournalEntry,
    LeafHead,
    LogKey,
    LogLeaf,
    LogNode,
)
from workflow.rules import journal, merkle
from workflow.rules.canonical import canonical
from workflow.rules.checkpoints import Head
from workflow.rules.merkle import Node


def length(reading: Reading) -> int:
    """How many leaves the log has, those under no checkpoint yet included."""
    last = reading.session.scalar(select(func.max(LogLeaf.index)))
    return 0 if last is None else last + 1


def newest(reading: Reading) -> Checkpoint | None:
    """The largest signed checkpoint."""
    return reading.session.scalar(select(Checkpoint).order_by(Checkpoint.size.desc()).limit(1))


def checkpoint(reading: Reading, size: int) -> Checkpoint | None:
    """The signed checkpoint over exactly the first `size` leaves."""
    return reading.session.get(Checkpoint, size)


def log_key(reading: Reading, certificate_sha256: str) -> LogKey:
    """The certificate, with its chain, that a checkpoint names."""
    return reading.session.get_one(LogKey, certificate_sha256)


def key_of(certificate: bytes, chain: Iterable[bytes]) -> LogKey:
    """The row of a certificate (DER) and its chain."""
    digest = hashlib.sha256(certificate).hexdigest()
    return LogKey(certificate_sha256=digest, certificate=certificate, chain=b"".join(chain))


#: Whose the checkpoints are among the objects: of no organisation.
LOG = UUID(int=0)


def kept(checkpoint: Checkpoint, key: LogKey) -> bytes:
    """What is stored of a checkpoint under retention: all that it takes to check it, as JSON.

    Canonical, so that rows tell which object must be there.
    """
    return canonical(
        {
            "version": 1,
            "text": checkpoint.content.decode("ascii"),
            "signature": _base64(checkpoint.signature),
            "certificate": _base64(key.certificate),
            "chain": _base64(key.chain),
        }
    )


def kept_stamp(stamp: CheckpointStamp) -> bytes:
    """What is stored of a time-stamp beside the checkpoint: whoever removes the row is seen."""
    return canonical({"version": 1, "size": stamp.size, "token": _base64(stamp.token)})


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def stamp_of(reading: Reading, size: int) -> CheckpointStamp | None:
    """The first time-stamp over the checkpoint of this size or of a larger one."""
    return reading.session.scalar(
        select(CheckpointStamp)
        .where(CheckpointStamp.size >= size)
        .order_by(CheckpointStamp.size)
        .limit(1)
    )


def root(reading: Reading, size: int) -> bytes:
    """The root over the first `size` leaves, from the stored nodes."""
    return _folded(reading, [merkle.parts(0, size)])[0]


def inclusion(reading: Reading, leaf_index: int, size: int) -> list[bytes]:
    """The path from a leaf to the root over the first `size` leaves.

    Raises ValueError when that tree has no such leaf, or the log not so many leaves.
    """
    return _folded(reading, merkle.inclusion_nodes(leaf_index, size))


def consistency(reading: Reading, first: int, second: int) -> list[bytes]:
    """The proof that the tree of `first` leaves is the beginning of that of `second`.

    Raises ValueError unless 0 < first <= second, or when the log has not so many leaves.
    """
    return _folded(reading, merkle.consistency_nodes(first, second))


def complete(reading: Reading, size: int) -> list[bytes]:
    """The hashes of the complete subtrees over the first `size` leaves, left to right."""
    return _folded(reading, [(node,) for node in merkle.parts(0, size)])


def nodes(reading: Reading, wanted: Iterable[Node]) -> dict[Node, bytes]:
    """The stored hashes of complete subtrees. Raises ValueError when one is not there."""
    places = set(wanted)
    found = {
        Node(level, place): bytes.fromhex(hashed)
        for level, place, hashed in reading.session.execute(
            select(LogNode.level, LogNode.index, LogNode.hash).where(
                tuple_(LogNode.level, LogNode.index).in_(sorted(places))
            )
        )
    }
    if missing := places - found.keys():
        raise ValueError(f"the log has no node {min(missing)}")
    return found


def _folded(reading: Reading, path: Sequence[tuple[Node, ...]]) -> list[bytes]:
    stored = nodes(reading, (node for element in path for node in element))
    return [merkle.fold([stored[node] for node in element]) for element in path]


def head_of(reading: Reading, chain: str, size: int) -> LeafHead | None:
    """The newest head of a chain among the first `size` leaves."""
    return reading.session.scalar(
        select(LeafHead)
        .where(LeafHead.chain == chain, LeafHead.leaf < size)
        .order_by(LeafHead.sequence.desc())
        .limit(1)
    )


def covering(reading: Reading, chain: str, sequence: int) -> LeafHead | None:
    """The first head in the log that an entry of a chain lies under; None while there is none."""
    return reading.session.scalar(
        select(LeafHead)
        .where(LeafHead.chain == chain, LeafHead.sequence >= sequence)
        .order_by(LeafHead.sequence)
        .limit(1)
    )


#: How much of a chain (of `ChainHead`) the leaves have.
_LOGGED = func.coalesce(
    select(func.max(LeafHead.sequence))
    .where(LeafHead.chain == ChainHead.chain)
    .correlate(ChainHead)
    .scalar_subquery(),
    0,
)


def moved(reading: Reading) -> tuple[Head, ...]:
    """The heads beyond what the log has of their chains, sorted as a leaf has them."""
    found = reading.session.execute(
        select(ChainHead.chain, ChainHead.sequence, ChainHead.digest).where(
            ChainHead.sequence > _LOGGED
        )
    )
    return tuple(sorted(Head(*row) for row in found))


def unlogged_since(reading: Reading) -> datetime | None:
    """When the oldest entry was written that no leaf has; None when there is none."""
    first = reading.session.scalars(
        select(JournalEntry.content)
        .join(ChainHead, ChainHead.chain == JournalEntry.chain)
        .where(ChainHead.sequence > _LOGGED, JournalEntry.sequence == _LOGGED + 1)
    )
    return min((journal.parse(content).at for content in first), default=None)


def uncovered(reading: Reading, chain: str) -> int:
    """How many entries at the end of a chain are under no signed checkpoint yet."""
    written = reading.session.scalar(select(ChainHead.sequence).where(ChainHead.chain == chain))
    signed = newest(reading)
    covered = head_of(reading, chain, signed.size) if signed else None
    return (written or 0) - (covered.sequence if covered else 0)
