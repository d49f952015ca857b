"""The Merkle tree of RFC 6962 (and RFC 9162) §2.1: roots, and proofs that anybody can check.

A tree is kept as its *complete* subtrees: node (level, place) hashes the 2**level leaves from
place * 2**level on, and is never changed once it is there. Everything else, the root of any size
and every proof, is folded from O(log n) of them; the functions that name nodes say which.

Hashes are SHA-256, 32 bytes. A leaf is hashed under 0x00 and an inner node under 0x01, so that
neither can be taken for the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import NamedTuple

HASH_BYTES = 32
EMPTY_ROOT = sha256().digest()
"""The root of the tree without leaves."""


class ProofInvalid(ValueError):  # noqa: N818  it states what the proof is
    """A proof, or a root beside it, that does not hold; the text says why."""


class Node(NamedTuple):
    """A complete subtree: over 2**level leaves, and which of that width, from 0 on."""

    level: int
    place: int


def leaf_hash(content: bytes) -> bytes:
    """Return the hash of a leaf."""
    return sha256(b"\x00" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


def root(leaf_hashes: Iterable[bytes]) -> bytes:
    """Return the root over these leaf hashes, in order."""
    return grown(0, (), leaf_hashes)[1]


def grown(size: int, complete: Sequence[bytes], leaf_hashes: Iterable[bytes]) -> tuple[int, bytes]:
    """Return the size and the root of a tree once these leaves were added to it.

    It had `size` leaves, and `complete` are the hashes of its complete subtrees (`parts`), left to
    right. Raises ProofInvalid: a tree of that size has another number of them.
    """
    subtrees = parts(0, size)
    if len(subtrees) != len(complete):
        raise ProofInvalid(f"a tree of {size} leaves has {len(subtrees)} complete subtrees")
    _hashes(*complete)
    peaks = [(node.level, hashed) for node, hashed in zip(subtrees, complete, strict=True)]
    for hashed in leaf_hashes:
        level = 0
        while peaks and peaks[-1][0] == level:
            hashed = node_hash(peaks.pop()[1], hashed)
            level += 1
        peaks.append((level, hashed))
        size += 1
    return size, fold([hashed for _, hashed in peaks])


def fold(hashes: Sequence[bytes]) -> bytes:
    """Return the hash of the subtree whose complete parts, left to right, have these hashes."""
    if not hashes:
        return EMPTY_ROOT
    *rest, folded = hashes
    for hashed in reversed(rest):
        folded = node_hash(hashed, folded)
    return folded


def completed(index: int) -> Iterator[tuple[Node, Node, Node]]:
    """The inner nodes that leaf `index` completes, lowest first: each with its two children."""
    level = 0
    while index & 1:
        yield Node(level + 1, index >> 1), Node(level, index - 1), Node(level, index)
        level, index = level + 1, index >> 1


def parts(begin: int, end: int) -> tuple[Node, ...]:
    """The complete subtrees, left to right, that make up leaves `begin` to `end` (not included).

    `begin` must be where a subtree of that width begins, as in every proof and every tree.
    """
    found = []
    while begin < end:
        level = (end - begin).bit_length() - 1
        found.append(Node(level, begin >> level))
        begin += 1 << level
    return tuple(found)


def inclusion_nodes(index: int, size: int) -> list[tuple[Node, ...]]:
    """What the inclusion proof of leaf `index` in the tree of `size` leaves is folded from.

    One tuple for each element of the path, from the leaf up. Raises ValueError when the tree has no
    such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    begin, end = 0, size
    path = []
    while end - begin > 1:
        middle = _middle(begin, end)
        if index < middle:
            path.append(parts(middle, end))
            end = middle
        else:
            path.append(parts(begin, middle))
            begin = middle
    return path[::-1]


def consistency_nodes(first: int, second: int) -> list[tuple[Node, ...]]:
    """What the proof that the tree of `first` leaves is the beginning of that of `second` needs.

    One tuple for each element of the path. Raises ValueError unless 0 < first <= second.
    """
    if not 0 < first <= second:
        raise ValueError(f"no proof leads from {first} leaves to {second}")
    begin, end = 0, second
    path = []
    while first != end:
        middle = _middle(begin, end)
        if first <= middle:
            path.append(parts(middle, end))
            end = middle
        else:
            path.append(parts(begin, middle))
            begin = middle
    if begin:  # else the first tree is a subtree of the second, and its root is known
        path.append(parts(begin, end))
    return path[::-1]


def _middle(begin: int, end: int) -> int:
    """Where the right child begins: after the largest power of two below the width."""
    return begin + (1 << ((end - begin - 1).bit_length() - 1))


def verify_inclusion(
    leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes
) -> None:
    """Check that the leaf with hash `leaf` stands at `index` in the tree of `size` with `root`.

    RFC 9162 §2.1.3.2. Raises ProofInvalid.
    """
    if not 0 <= index < size:
        raise ProofInvalid(f"a tree of {size} leaves has no leaf {index}")
    _hashes(leaf, root, *path)
    place, last, hashed = index, size - 1, leaf
    for step in path:
        if last == 0:
            raise ProofInvalid("the path is too long")
        if place & 1 or place == last:
            hashed = node_hash(step, hashed)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            hashed = node_hash(hashed, step)
        place, last = place >> 1, last >> 1
    if last:
        raise ProofInvalid("the path is too short")
    if hashed != root:
        raise ProofInvalid("the path leads to another root")


def verify_consistency(
    first: int, second: int, first_root: bytes, second_root: bytes, path: Sequence[bytes]
) -> None:
    """Check that the tree of `first` leaves is the beginning of that of `second` leaves.

    RFC 9162 §2.1.4.2. The empty tree proves nothing, so `first` is at least 1. Raises ProofInvalid.
    """
    if not 0 < first <= second:
        raise ProofInvalid(f"no proof leads from {first} leaves to {second}")
    _hashes(first_root, second_root, *path)
    if first == second:
        if path:
            raise ProofInvalid("the path is too long")
        if first_root != second_root:
            raise ProofInvalid("two roots for one size")
        return
    steps = list(path)
    if first & (first - 1) == 0:  # a complete subtree: its root is the first step
        steps.insert(0, first_root)
    if not steps:
        raise ProofInvalid("the path is too short")
    place, last = first - 1, second - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    before = after = steps[0]
    for step in steps[1:]:
        if last == 0:
            raise ProofInvalid("the path is too long")
        if place & 1 or place == last:
            before, after = node_hash(step, before), node_hash(step, after)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            after = node_hash(after, step)
        place, last = place >> 1, last >> 1
    if last:
        raise ProofInvalid("the path is too short")
    if before != first_root:
        raise ProofInvalid("the path does not lead to the first root")
    if after != second_root:
        raise ProofInvalid("the path does not lead to the second root")


def _hashes(*values: bytes) -> None:
    if any(len(value) != HASH_BYTES for value in values):
        raise ProofInvalid("a hash has 32 bytes")
