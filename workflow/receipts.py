"""What the log shows to everybody, and an organisation's receipt that it holds an entry.

Nobody has to sign in for the log: a leaf names chains by identifier and digest, never what they
tell. Every proof ends in a signed checkpoint, because a root nobody signed proves nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from signing.witness import expires_at
from workflow import transparency
from workflow.access import JOURNAL_ROLES, Chain, require_role
from workflow.office import Reading
from workflow.records import (
    Checkpoint,
    CheckpointStamp,
    JournalEntry,
    LeafHead,
    LogKey,
    LogLeaf,
)
from workflow.rules.checkpoints import TreeHead, parse_head
from workflow.rules.errors import NotFound

#: For so long the log goes on without its key or without the time-stamp authority before it says
#: that something is wrong.
OUTAGE_BUDGET = timedelta(hours=24)


@dataclass(frozen=True)
class Shown:
    """A signed checkpoint, what it was signed under, and the time-stamp that speaks for it, if any.

    The token is over the text of `stamped`: this checkpoint, or a later one.
    """

    checkpoint: Checkpoint
    key: LogKey
    stamp: CheckpointStamp | None
    stamped: Checkpoint | None

    @property
    def head(self) -> TreeHead:
        """What was signed."""
        return parse_head(self.checkpoint.content)

    @property
    def certificate_expires_at(self) -> datetime:
        """When the certificate ends that it was signed under."""
        return expires_at(self.key.certificate)


@dataclass(frozen=True)
class State:
    """How the log stands. `newest` is None before the first checkpoint.

    `unsigned_since`: when the oldest leaf under no checkpoint was appended; `unstamped_since`: of
    when the oldest checkpoint is that no token speaks for. `unlogged_since`: when the oldest entry
    was written that is in no leaf, told once the last leaf is older than the outage budget (before,
    none can wait for so long). `overdue`: one of them is longer ago than that.
    """

    at: datetime
    origin: str
    leaves: int
    newest: Shown | None
    stamped_size: int
    stamped_at: datetime | None
    unlogged_since: datetime | None
    unsigned_since: datetime | None
    unstamped_since: datetime | None
    overdue: bool
    outage_budget: timedelta = OUTAGE_BUDGET


@dataclass(frozen=True)
class Proof:
    """An entry's place in the log: its leaf, the chain's head in it, and the path to the root.

    The entries from this one to `head.sequence` lead to `head.digest`, each naming its predecessor.
    """

    leaf: LogLeaf
    head: LeafHead
    path: list[bytes]
    under: Shown


@dataclass(frozen=True)
class Receipt:
    """An entry and its proof; None while no signed checkpoint covers it.

    `uncovered` counts the entries at the end of the chain that none covers yet.
    """

    entry: JournalEntry
    proof: Proof | None
    uncovered: int


def state(reading: Reading) -> State:
    """How the log stands at this moment."""
    newest = transparency.newest(reading)
    stamp = reading.session.scalar(
        select(CheckpointStamp).order_by(CheckpointStamp.size.desc()).limit(1)
    )
    signed, stamped = newest.size if newest else 0, stamp.size if stamp else 0
    unsigned_since = reading.session.scalar(select(LogLeaf.at).where(LogLeaf.index == signed))
    unstamped_since = reading.session.scalar(
        select(Checkpoint.at).where(Checkpoint.size > stamped).order_by(Checkpoint.size).limit(1)
    )
    last = reading.session.scalar(select(LogLeaf.at).order_by(LogLeaf.index.desc()).limit(1))
    idle = last is None or reading.now - last > OUTAGE_BUDGET
    unlogged_since = transparency.unlogged_since(reading) if idle else None
    return State(
        at=reading.now,
        origin=reading.office.settings.log_name,
        leaves=transparency.length(reading),
        newest=_shown(reading, newest) if newest else None,
        stamped_size=stamped,
        stamped_at=stamp.at if stamp else None,
        unlogged_since=unlogged_since,
        unsigned_since=unsigned_since,
        unstamped_since=unstamped_since,
        overdue=any(
            since is not None and reading.now - since > OUTAGE_BUDGET
            for since in (unlogged_since, unsigned_since, unstamped_since)
        ),
    )


def newest(reading: Reading) -> Shown:
    """The newest signed checkpoint.

    Raises:
        NotFound: nothing is signed yet.
    """
    found = transparency.newest(reading)
    if found is None:
        raise NotFound("Điểm kiểm soát")
    return _shown(reading, found)


def signed(reading: Reading, size: int) -> Shown:
    """The signed checkpoint over exactly `size` leaves.

    Raises:
        NotFound: that size was never signed.
    """
    found = transparency.checkpoint(reading, size)
    if found is None:
        raise NotFound("Điểm kiểm soát")
    return _shown(reading, found)


def _shown(reading: Reading, checkpoint: Checkpoint) -> Shown:
    stamp = transparency.stamp_of(reading, checkpoint.size)
    return Shown(
        checkpoint,
        transparency.log_key(reading, checkpoint.certificate_sha256),
        stamp,
        transparency.checkpoint(reading, stamp.size) if stamp else None,
    )


def leaves(reading: Reading, after: int, limit: int) -> Sequence[LogLeaf]:
    """Leaves in order, from the one behind index `after` (-1: from the first)."""
    return reading.session.scalars(
        select(LogLeaf).where(LogLeaf.index > after).order_by(LogLeaf.index).limit(limit)
    ).all()


def inclusion(reading: Reading, leaf: int, size: int | None) -> tuple[LogLeaf, list[bytes], Shown]:
    """A leaf with its path to the root of the signed checkpoint of this size, or the newest.

    Raises:
        NotFound: that size was never signed, or has no such leaf.
    """
    under = newest(reading) if size is None else signed(reading, size)
    found = reading.session.get(LogLeaf, leaf)
    if found is None or leaf >= under.checkpoint.size:
        raise NotFound("Lá của sổ kiểm soát")
    return found, transparency.inclusion(reading, leaf, under.checkpoint.size), under


def consistency(
    reading: Reading, first: int, second: int | None
) -> tuple[Shown, Shown, list[bytes]]:
    """The proof that one signed checkpoint is the beginning of another, or of the newest.

    Raises:
        NotFound: one of the sizes was never signed, or the first is the larger one.
    """
    before = signed(reading, first)
    after = newest(reading) if second is None else signed(reading, second)
    if before.checkpoint.size > after.checkpoint.size:
        raise NotFound("Điểm kiểm soát")
    path = transparency.consistency(reading, before.checkpoint.size, after.checkpoint.size)
    return before, after, path


def receipt(
    reading: Reading, organisation_id: uuid.UUID, sequence: int, chain: Chain = Chain.ACTS
) -> Receipt:
    """The proof that one entry of an organisation's chain is in the log.

    Raises:
        NotFound: no such entry. Forbidden: see JOURNAL_ROLES.
    """
    require_role(reading, organisation_id, JOURNAL_ROLES)
    name = chain.named(organisation_id)
    entry = reading.session.get(JournalEntry, (name, sequence))
    if entry is None:
        raise NotFound("Mục nhật ký")
    return Receipt(entry, _proof(reading, name, sequence), transparency.uncovered(reading, name))


def _proof(reading: Reading, chain: str, sequence: int) -> Proof | None:
    head = transparency.covering(reading, chain, sequence)
    under = transparency.newest(reading)
    if head is None or under is None or head.leaf >= under.size:
        return None
    return Proof(
        reading.session.get_one(LogLeaf, head.leaf),
        head,
        transparency.inclusion(reading, head.leaf, under.size),
        _shown(reading, under),
    )
