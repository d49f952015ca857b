"""What testifies for the chains: the signed checkpoint, its time-stamp, and the proofs under it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import select

from workflow import transparency
from workflow.evidence.archive import Member
from workflow.evidence.plans import Plan
from workflow.office import Office, Reading
from workflow.records import LogLeaf
from workflow.rules.canonical import canonical

_LEAVES_AT_ONCE = 500


def testimony(office: Office, plan: Plan) -> Iterator[Member]:
    """The members of the folder `log`."""
    with office.reading(None) as reading:
        signed = list(_signed(reading, plan))
    yield from signed
    yield Member("log/leaves.jsonl", _leaves(office, plan))
    if plan.request.since is not None:
        with office.reading(None) as reading:
            proof = _consistency(reading, plan.request.since, plan.checkpoint.size)
        yield Member("log/since.json", [proof])


def _signed(reading: Reading, plan: Plan) -> Iterator[Member]:
    checkpoint, size = plan.checkpoint, plan.checkpoint.size
    key = transparency.log_key(reading, checkpoint.certificate_sha256)
    yield Member("log/checkpoint.txt", [checkpoint.content])
    yield Member("log/checkpoint.sig", [checkpoint.signature])
    yield Member("log/certificate.der", [key.certificate])
    yield Member("log/issuers.der", [key.chain])
    stamp = transparency.stamp_of(reading, size)
    if stamp is not None:
        yield Member("log/stamp.der", [stamp.token])
        stamped = transparency.checkpoint(reading, stamp.size)
        yield Member("log/stamped.txt", [stamped.content] if stamped else [])
        if stamp.size > size:
            yield Member("log/stamped.json", [_consistency(reading, size, stamp.size)])
    yield Member("log/heads.jsonl", [_head(reading, plan, chain) for chain in plan.chains])


def _leaves(office: Office, plan: Plan) -> Iterator[bytes]:
    """The log's leaves from the oldest head on: that no later one tells of another.

    From them and from the subtrees before them the root is computed again. Of a chain that has no
    head, every leaf must be silent.
    """
    heads = [plan.heads.get(chain) for chain in plan.chains]
    first = min(head.leaf if head else 0 for head in heads)
    with office.reading(None) as reading:
        before = transparency.complete(reading, first)
    yield canonical({"first": first, "before": before}) + b"\n"
    for start in range(first, plan.checkpoint.size, _LEAVES_AT_ONCE):
        end = min(start + _LEAVES_AT_ONCE, plan.checkpoint.size)
        with office.reading(None) as reading:
            stored = reading.session.scalars(
                select(LogLeaf.content)
                .where(LogLeaf.index >= start, LogLeaf.index < end)
                .order_by(LogLeaf.index)
            ).all()
        yield b"".join(content + b"\n" for content in stored)


def _consistency(reading: Reading, first: int, second: int) -> bytes:
    path = transparency.consistency(reading, first, second)
    return canonical({"first": first, "second": second, "path": path})


def _head(reading: Reading, plan: Plan, chain: str) -> bytes:
    """A line: the chain's head and the proof that its leaf is in the tree."""
    head = plan.heads.get(chain)
    if head is None:
        return b""
    leaf = reading.session.get_one(LogLeaf, head.leaf)
    path: Sequence[bytes] = transparency.inclusion(reading, head.leaf, plan.checkpoint.size)
    line = {
        "chain": chain,
        "sequence": head.sequence,
        "digest": head.digest,
        "leaf": head.leaf,
        "content": leaf.content.decode(),
        "path": path,
    }
    return canonical(line) + b"\n"
