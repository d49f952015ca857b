"""What testifies for the chains: the signed checkpoint, its time-stamp, and the proofs under it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from workflow import transparency
from workflow.evidence.archive import Member
from workflow.evidence.plans import Plan
from workflow.office import Reading
from workflow.records import LogLeaf
from workflow.rules.journal import canonical


def testimony(reading: Reading, plan: Plan) -> Iterator[Member]:
    """The members of the folder `log`."""
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
    if plan.request.since is not None:
        yield Member("log/since.json", [_consistency(reading, plan.request.since, size)])


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
