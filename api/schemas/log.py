"""The log as anybody reads it. Bytes are base64, hashes and paths hexadecimal."""

from __future__ import annotations

import base64
from typing import Literal

from pydantic import Field, RootModel

from api.schemas.values import Moment, Shape
from workflow.receipts import Proof, Receipt, Shown, State
from workflow.records import LogLeaf

Base64 = str
Hex = str


class StampOut(Shape):
    """A time-stamp token (RFC 3161) over the text of the checkpoint of this size, or a later one.

    With a later one, `GET /log/consistency` leads from the one to the other.
    """

    size: int
    at: Moment
    text: str
    token: Base64 = Field(description="DER of the TimeStampToken, a CMS ContentInfo.")


class CheckpointOut(Shape):
    """A signed tree head: `signature` is over the UTF-8 bytes of `text`."""

    size: int
    at: Moment
    root: Hex
    text: str
    signature: Base64 = Field(
        description="SHA-256 with RSA (PKCS#1 v1.5) or ECDSA, as openssl dgst -verify takes it."
    )
    certificate: Base64 = Field(description="DER of the certificate it was signed under.")
    certificate_sha256: Hex
    chain: Base64 = Field(description="DER of the issuers, one after the other; may be empty.")
    stamp: StampOut | None

    @classmethod
    def of(cls, shown: Shown) -> CheckpointOut:
        row, stamp = shown.checkpoint, None
        if shown.stamp and shown.stamped:
            stamp = StampOut(
                size=shown.stamp.size,
                at=shown.stamp.at,
                text=shown.stamped.content.decode("ascii"),
                token=_base64(shown.stamp.token),
            )
        return cls(
            size=row.size,
            at=row.at,
            root=shown.head.root.hex(),
            text=row.content.decode("ascii"),
            signature=_base64(row.signature),
            certificate=_base64(shown.key.certificate),
            certificate_sha256=row.certificate_sha256,
            chain=_base64(shown.key.chain),
            stamp=stamp,
        )


class LogOut(Shape):
    """How the log stands.

    `unsigned_since` and `unstamped_since` say since when something waits for a signature or a
    time-stamp; `unlogged_since` since when an entry of the journal waits for a leaf, where none was
    appended for longer than the outage budget. `overdue`: one of them waits for longer than that.
    """

    origin: str
    leaves: int
    size: int = Field(description="Of the newest signed checkpoint; 0 before the first.")
    root: Hex | None
    signed_at: Moment | None
    certificate: Base64 | None
    certificate_expires_at: Moment | None
    stamped_size: int
    stamped_at: Moment | None
    stamp_age_seconds: int | None
    unlogged_since: Moment | None
    unsigned_since: Moment | None
    unstamped_since: Moment | None
    outage_budget_seconds: int
    overdue: bool

    @classmethod
    def of(cls, state: State) -> LogOut:
        newest = state.newest
        return cls(
            origin=state.origin,
            leaves=state.leaves,
            size=newest.checkpoint.size if newest else 0,
            root=newest.head.root.hex() if newest else None,
            signed_at=newest.checkpoint.at if newest else None,
            certificate=_base64(newest.key.certificate) if newest else None,
            certificate_expires_at=newest.certificate_expires_at if newest else None,
            stamped_size=state.stamped_size,
            stamped_at=state.stamped_at,
            stamp_age_seconds=_seconds(state),
            unlogged_since=state.unlogged_since,
            unsigned_since=state.unsigned_since,
            unstamped_since=state.unstamped_since,
            outage_budget_seconds=int(state.outage_budget.total_seconds()),
            overdue=state.overdue,
        )


class LeafOut(Shape):
    """A leaf: `hash` is SHA-256(0x00 || the UTF-8 bytes of `content`)."""

    index: int
    hash: Hex
    content: str

    @classmethod
    def of(cls, row: LogLeaf) -> LeafOut:
        return cls(index=row.index, hash=row.hash, content=row.content.decode("utf-8"))


class Leaves(RootModel[list[LeafOut]]):
    """Some leaves, in order."""


class InclusionOut(Shape):
    """The path from a leaf to the root of a signed checkpoint (RFC 9162 §2.1.3)."""

    leaf: int
    leaf_hash: Hex
    size: int
    root: Hex
    path: list[Hex]


class ConsistencyOut(Shape):
    """The proof that one signed checkpoint is the beginning of another (RFC 9162 §2.1.4)."""

    first: int
    second: int
    first_root: Hex
    second_root: Hex
    path: list[Hex]


class ProofOut(Shape):
    """A leaf with the chain's head, and its path to the root of the checkpoint.

    The entries from the one asked for to `head_sequence` (`GET …/journal`) lead to `head_digest`,
    each naming the digest of the one before it.
    """

    leaf: LeafOut
    head_sequence: int
    head_digest: Hex
    path: list[Hex]
    checkpoint: CheckpointOut

    @classmethod
    def of(cls, proof: Proof) -> ProofOut:
        return cls(
            leaf=LeafOut.of(proof.leaf),
            head_sequence=proof.head.sequence,
            head_digest=proof.head.digest,
            path=[step.hex() for step in proof.path],
            checkpoint=CheckpointOut.of(proof.under),
        )


class ReceiptOut(Shape):
    """What the log says of an entry: `covered` by a signed checkpoint, or not yet.

    `uncovered`: how many entries at the end of the chain no signed checkpoint covers yet.
    """

    chain: str
    sequence: int
    digest: Hex
    state: Literal["covered", "uncovered"]
    uncovered: int
    proof: ProofOut | None

    @classmethod
    def of(cls, receipt: Receipt) -> ReceiptOut:
        return cls(
            chain=receipt.entry.chain,
            sequence=receipt.entry.sequence,
            digest=receipt.entry.digest,
            state="covered" if receipt.proof else "uncovered",
            uncovered=receipt.uncovered,
            proof=ProofOut.of(receipt.proof) if receipt.proof else None,
        )


def _base64(data: bytes) -> Base64:
    return base64.b64encode(data).decode("ascii")


def _seconds(state: State) -> int | None:
    if state.stamped_at is None:
        return None
    return int((state.at - state.stamped_at).total_seconds())
