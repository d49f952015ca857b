"""Appending to the log above the journal: a leaf of moved heads, a signed tree head, a stamp.

The leaf comes first, in one transaction with everything that its tree needs: from then on what a
size stands for is settled, and its text with it. Only then is the key used, and what it signed is
stored under retention before a row names it. Wherever a process dies, the next run goes on from
what is there: at worst it signs the same text again, never another for the same size.

No journal entry tells of it: the log testifies for the journal, not the journal for the log.
"""

from __future__ import annotations

import calendar
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from signing.witness import WitnessInvalid, check_signature, check_stamp
from workflow import transparency
from workflow.chains import SYSTEM_CHAIN
from workflow.office import Office, Reading, Transaction
from workflow.records import (
    Base,
    Checkpoint,
    CheckpointStamp,
    LeafHead,
    LogKey,
    LogLeaf,
    LogNode,
)
from workflow.rules import merkle
from workflow.rules.checkpoints import Leaf, TreeHead, parse_head
from workflow.rules.errors import Refusal, Unavailable

log = logging.getLogger("vanthu.checkpointing")

#: How long an entry waits for its leaf at most; `Transaction.journal` rings before, for many.
PERIOD = timedelta(seconds=60)
#: A token speaks for every checkpoint before it, so that an authority is not asked each minute.
STAMP_PERIOD = timedelta(minutes=10)

Record = Callable[[Transaction], None]
_LEAF_HEADS = insert(Base.metadata.tables[LeafHead.__tablename__])


def append(office: Office) -> Checkpoint | None:
    """Append what moved to the log and sign its head; None when there was nothing to sign.

    Raises:
        SigningRefusal: the log's key refuses.
        Unavailable: the key, the database or the store under retention does not answer now.
        ProofInvalid, WitnessInvalid, ValueError: what is stored of the log is not what was signed
            before: nothing is signed over it.
    """
    pending = _sign_newest(office)  # its signer died, or its key was away: no size is left out
    _append_leaf(office)
    return _sign_newest(office) or pending


def stamp(office: Office) -> CheckpointStamp | None:
    """Time-stamp the newest checkpoint; None when it is stamped already, or there is none.

    Raises:
        SigningRefusal: the authority is not to be believed.
        Unavailable: the authority or the database does not answer now.
    """
    with office.reading(None) as reading:
        newest = transparency.newest(reading)
        last = reading.session.scalar(
            select(CheckpointStamp).order_by(CheckpointStamp.size.desc()).limit(1)
        )
    if last is not None:  # whoever recorded it may have died before it was stored
        _retain(office, transparency.kept_stamp(last))
    if newest is None or (last is not None and last.size >= newest.size):
        return None
    token = office.sealing.time_stamp(newest.content, now=office.clock())
    # What is recorded is what a verifier will find.
    at = check_stamp(token, newest.content, office.sealing.trust.anchors).at
    try:
        with office.transaction(None) as tx:
            made = tx.add(CheckpointStamp(size=newest.size, token=token, at=at))
    except IntegrityError:  # another process stamped it meanwhile
        with office.reading(None) as reading:
            return reading.session.get_one(CheckpointStamp, newest.size)
    _retain(office, transparency.kept_stamp(made))
    return made


def append_checkpoint(office: Office) -> Record:
    """Job, every minute and whenever a chain has grown by 256 entries; it plans its next run."""
    _though_refused(append, office)

    def record(tx: Transaction) -> None:
        if _last_of(tx, "append_checkpoint"):
            append_again(tx)

    return record


def append_again(tx: Transaction) -> None:
    """Plan the next checkpoint, also where this one failed at every try."""
    tx.enqueue("append_checkpoint", not_before=tx.now + PERIOD)


def stamp_checkpoint(office: Office) -> Record:
    """Job, every ten minutes: what is signed by then gets a time-stamp. It plans its next run."""
    _though_refused(stamp, office)

    def record(tx: Transaction) -> None:
        if _last_of(tx, "stamp_checkpoint"):
            stamp_again(tx)

    return record


def stamp_again(tx: Transaction) -> None:
    """Plan the next time-stamp, also where this one failed at every try."""
    tx.enqueue("stamp_checkpoint", not_before=tx.now + STAMP_PERIOD)


def keep_appending(tx: Transaction) -> None:
    """See to it that both are planned, once: whoever starts a worker calls this."""
    tx.lock_chain(SYSTEM_CHAIN)
    for name in ("append_checkpoint", "stamp_checkpoint"):
        if not tx.waiting(name):
            tx.enqueue(name)


def _last_of(tx: Transaction, name: str) -> bool:
    """Whether this job of its name is the only one: else another goes on with the series."""
    # One at a time asks, or two that end together would each leave it to the other.
    tx.lock_chain(SYSTEM_CHAIN)
    return tx.waiting(name) == 1


def _though_refused(work: Callable[[Office], object], office: Office) -> None:
    """A refusal must not end the series: the operator mends its cause, and the next run succeeds.

    Nor must a log that is not what was signed (ValueError), of which every run says so in a line.
    The entries it leaves uncovered are counted wherever the log's state is shown.
    """
    try:
        work(office)
    except Unavailable:
        raise
    except (Refusal, ValueError) as refused:
        what = type(refused).__name__
        log.error("the log goes on without %s: %s: %s", work.__name__, what, refused)


def _append_leaf(office: Office) -> None:
    """One leaf with all heads that moved, if any did. Of two at once one wins."""
    with office.reading(None) as reading:
        index = transparency.length(reading)
    try:
        with office.transaction(None) as tx:
            _write_leaf(tx)
    except IntegrityError:
        with office.reading(None) as reading:
            if transparency.length(reading) == index:
                raise  # nobody else did


def _write_leaf(tx: Transaction) -> None:
    # In this order: whoever appends meanwhile makes the place taken, and this transaction void.
    last = tx.session.scalar(select(LogLeaf).order_by(LogLeaf.index.desc()).limit(1))
    heads = transparency.moved(tx)
    if not heads:
        return
    index, at = (0, tx.now) if last is None else (last.index + 1, max(tx.now, last.at))
    content = Leaf(index, at, heads).to_bytes()
    hashed = merkle.leaf_hash(content)
    tx.session.execute(
        insert(LogLeaf).values(index=index, content=content, hash=hashed.hex(), at=at)
    )
    tx.session.execute(
        insert(LogNode),
        [
            {"level": node.level, "index": node.place, "hash": value.hex()}
            for node, value in _completed(tx, index, hashed).items()
        ],
    )
    # Past the mapper, which would make six hundred rows an object each.
    connection = tx.session.connection()
    connection.execute(_LEAF_HEADS, [{**head._asdict(), "leaf": index} for head in heads])


def _completed(tx: Transaction, index: int, hashed: bytes) -> dict[merkle.Node, bytes]:
    """The subtrees that are complete with this leaf, itself among them."""
    steps = list(merkle.completed(index))
    known = transparency.nodes(tx, [left for _, left, _ in steps])
    own = {merkle.Node(0, index): hashed}
    for node, left, right in steps:
        own[node] = merkle.node_hash(known[left], own[right])
    return own


def _unsigned(office: Office, reading: Reading) -> TreeHead | None:
    """The head of the tree as it is, unless it is signed. A size has one text: that of its rows."""
    last = reading.session.scalar(select(LogLeaf).order_by(LogLeaf.index.desc()).limit(1))
    if last is None or transparency.checkpoint(reading, last.index + 1) is not None:
        return None
    size = last.index + 1
    return TreeHead(office.settings.log_name, size, transparency.root(reading, size), last.at)


def _check_continues(office: Office, reading: Reading, before: Checkpoint, head: TreeHead) -> None:
    """What is to be signed begins with what was: whoever rewrote the log gets no signature for it.

    Raises ProofInvalid, WitnessInvalid, ValueError, Unavailable.
    """
    key = reading.session.get(LogKey, before.certificate_sha256)
    if key is None:
        raise WitnessInvalid(f"the certificate of checkpoint {before.size} is gone")
    check_signature(key.certificate, before.content, before.signature)
    signed = parse_head(before.content)
    # Rows can be made to agree with one another, under anybody's key: what is kept outside cannot.
    if not office.retains(transparency.LOG, transparency.kept(before, key)):
        raise WitnessInvalid(f"checkpoint {before.size} is not what was kept under retention")
    merkle.verify_consistency(
        signed.size,
        head.size,
        signed.root,
        head.root,
        transparency.consistency(reading, signed.size, head.size),
    )


def _sign_newest(office: Office) -> Checkpoint | None:
    """Sign the head of the tree as it is; None when it is signed."""
    with office.reading(None) as reading:
        head, before = _unsigned(office, reading), transparency.newest(reading)
        if head is None:
            return None
        if before is not None:
            _check_continues(office, reading, before, head)
    return _sign(office, head)


def _sign(office: Office, head: TreeHead) -> Checkpoint:
    text = head.to_text()
    key_url = office.sealing.log_key(office.settings)
    signed = office.sealing.sign_text(text, key_url=key_url, now=office.clock())
    # Before it is recorded: a signature that does not hold would be found by everybody else.
    check_signature(signed.certificate, text, signed.signature)
    key = transparency.key_of(signed.certificate, signed.chain)
    checkpoint = Checkpoint(
        size=head.size,
        content=text,
        signature=signed.signature,
        certificate_sha256=key.certificate_sha256,
        at=head.at,
    )
    _retain(office, transparency.kept(checkpoint, key))
    try:
        with office.transaction(None) as tx:
            if tx.session.get(LogKey, key.certificate_sha256) is None:
                with suppress(IntegrityError), tx.session.begin_nested():
                    tx.session.add(key)
            return tx.add(checkpoint)
    except IntegrityError:  # another process signed the same text meanwhile
        with office.reading(None) as reading:
            return reading.session.get_one(Checkpoint, head.size)


def _retain(office: Office, content: bytes) -> None:
    """Store a checkpoint, or its time-stamp, where nobody removes it for years."""
    until = _years_after(office.clock(), office.settings.log_retention_years)
    office.retain(transparency.LOG, content, until)


def _years_after(moment: datetime, years: int) -> datetime:
    year = moment.year + years
    day = min(moment.day, calendar.monthrange(year, moment.month)[1])
    return moment.replace(year=year, day=day)
