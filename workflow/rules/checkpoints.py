"""What the log above the journal says: its leaves, and the text of a tree head that is signed.

A leaf names the chain heads that had moved since the leaf before. A tree head is a checkpoint body
of C2SP tlog-checkpoint: origin, size, root, and one line of ours that says when. Both have exactly
one form; anything else is refused.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from workflow.rules.canonical import canonical, plain
from workflow.rules.merkle import HASH_BYTES

VERSION = 1
_LARGEST_INT = 2**53 - 1
_CHAIN = re.compile(r"[!-~]{1,48}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
#: C2SP: a name is not empty and has no space and no plus; a URL without its scheme is customary.
ORIGIN = re.compile(r"[!-*,-~]{1,200}")
_HEAD = re.compile(rb"([^\n]+)\n(0|[1-9][0-9]{0,15})\n([A-Za-z0-9+/]{43}=)\nat ([^\n]{27})\n")
_FIELDS = {"version", "index", "at", "heads"}


class Head(NamedTuple):
    """The end of a chain: its name, how many entries it has, the digest of the last."""

    chain: str
    sequence: int
    digest: str


@dataclass(frozen=True)
class Leaf:
    """One leaf, its place counted from 0. Raises ValueError when a field is not what it must be.

    `heads` are sorted by chain, each chain once, and there is at least one.
    """

    index: int
    at: datetime
    heads: tuple[Head, ...]

    def __post_init__(self) -> None:
        _whole(self.index, 0, "index")
        heads = tuple(Head(*head) for head in self.heads)
        for head in heads:
            _match(_CHAIN, head.chain, "chain")
            _whole(head.sequence, 1, "sequence")
            _match(_DIGEST, head.digest, "digest")
        chains = [head.chain for head in heads]
        if not chains or chains != sorted(set(chains)):
            raise ValueError("the chains of a leaf are sorted, each once, and there is one")
        object.__setattr__(self, "heads", heads)
        object.__setattr__(self, "at", _instant(self.at))

    def to_bytes(self) -> bytes:
        """Return the canonical JSON, which is what is hashed."""
        return canonical(
            {
                "version": VERSION,
                "index": self.index,
                "at": self.at,
                "heads": [list(head) for head in self.heads],
            }
        )


def parse_leaf(data: bytes) -> Leaf:
    """Return the leaf that encodes to exactly `data`. Raises ValueError for any other bytes."""
    try:
        fields = json.loads(data.decode("utf-8"))
        if not isinstance(fields, dict) or fields.keys() != _FIELDS:
            raise ValueError("not the fields of a leaf")
        if fields["version"] is not VERSION:
            raise ValueError("unknown version")
        heads = tuple(Head(*head) for head in fields["heads"])
        leaf = Leaf(fields["index"], datetime.fromisoformat(fields["at"]), heads)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise ValueError(f"not a leaf: {error}") from error
    if leaf.to_bytes() != data:
        raise ValueError("not the canonical bytes of this leaf")
    return leaf


@dataclass(frozen=True)
class TreeHead:
    """A tree of `size` leaves with this root, under the log's name. Raises ValueError.

    `at` is the time of the last leaf: a size has exactly one text, however often it is signed.
    """

    origin: str
    size: int
    root: bytes
    at: datetime

    def __post_init__(self) -> None:
        _match(ORIGIN, self.origin, "origin")
        _whole(self.size, 1, "size")
        if not isinstance(self.root, bytes) or len(self.root) != HASH_BYTES:
            raise ValueError("the root is not a hash")
        object.__setattr__(self, "at", _instant(self.at))

    def to_text(self) -> bytes:
        """Return the text that is signed and time-stamped."""
        root = base64.b64encode(self.root).decode("ascii")
        return f"{self.origin}\n{self.size}\n{root}\nat {plain(self.at)}\n".encode("ascii")


def parse_head(data: bytes) -> TreeHead:
    """Return the tree head whose text is exactly `data`. Raises ValueError for any other bytes."""
    found = _HEAD.fullmatch(data)
    if found is None:
        raise ValueError("not the text of a tree head")
    origin, size, root, at = found.groups()
    try:
        head = TreeHead(
            origin.decode("ascii"),
            int(size),
            base64.b64decode(root),
            datetime.fromisoformat(at.decode("ascii")),
        )
    except ValueError as error:
        raise ValueError(f"not the text of a tree head: {error}") from error
    if head.to_text() != data:
        raise ValueError("not the one text of this tree head")
    return head


def _instant(at: datetime) -> datetime:
    if not isinstance(at, datetime) or at.utcoffset() is None:
        raise ValueError("a moment needs its offset")
    return at.astimezone(UTC)


def _whole(value: object, least: int, name: str) -> None:
    if type(value) is not int or not least <= value <= _LARGEST_INT:
        raise ValueError(f"{name} is not a whole number from {least} on: {value!r}")


def _match(pattern: re.Pattern[str], value: object, name: str) -> None:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise ValueError(f"{name} is not an identifier: {value!r}")
