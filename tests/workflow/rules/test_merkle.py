"""The tree against the vectors that transparency logs publish, and against RFC 6962 read aloud."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.rules import merkle
from workflow.rules.merkle import Node, ProofInvalid

# The reference inputs and hashes of Certificate Transparency, as every implementation tests them
# (google/certificate-transparency, transparency-dev/merkle testonly/constants.go).
INPUTS = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
NODES = {
    Node(level, place): bytes.fromhex(text)
    for level, row in enumerate(
        (
            (
                "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7",
                "07506a85fd9dd2f120eb694f86011e5bb4662e5c415a62917033d4a9624487e7",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "4271a26be0d8a84f0bd54c8c302e7cb3a3b5d1fa6780a40bcce2873477dab658",
                "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
                "46f6ffadd3d06a09ff3c5860d2755c8b9819db7df44251788c7d8e3180de8eb1",
            ),
            (
                "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            ),
            (
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ),
            ("5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",),
        )
    )
    for place, text in enumerate(row)
}
LEAVES = [NODES[Node(0, place)] for place in range(8)]
ROOTS = [
    bytes.fromhex(text)
    for text in (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    )
]
#: Index, size, and the published path by its nodes.
INCLUSIONS = [
    (0, 1, []),
    (0, 8, [Node(0, 1), Node(1, 1), Node(2, 1)]),
    (5, 8, [Node(0, 4), Node(1, 3), Node(2, 0)]),
    (2, 3, [Node(1, 0)]),
    (1, 5, [Node(0, 0), Node(1, 1), Node(0, 4)]),
]
#: First size, second size, and the published path by its nodes.
CONSISTENCIES = [
    (1, 8, [Node(0, 1), Node(1, 1), Node(2, 1)]),
    (6, 8, [Node(1, 2), Node(1, 3), Node(2, 0)]),
    (2, 5, [Node(1, 1), Node(0, 4)]),
    (6, 7, [Node(1, 2), Node(0, 6), Node(2, 0)]),
]
SOME = bytes.fromhex("abacaba000000000000000000000000000000000000000000060061e00123456")


def proven(stored: dict[Node, bytes], path: Sequence[tuple[Node, ...]]) -> list[bytes]:
    return [merkle.fold([stored[node] for node in element]) for element in path]


def test_the_published_leaves_nodes_and_roots() -> None:
    assert [merkle.leaf_hash(data) for data in INPUTS] == LEAVES
    assert [merkle.root(LEAVES[:size]) for size in range(9)] == ROOTS
    assert ROOTS[0] == merkle.EMPTY_ROOT
    grown: dict[Node, bytes] = {}
    for index, hashed in enumerate(LEAVES):
        grown[Node(0, index)] = hashed
        for node, left, right in merkle.completed(index):
            grown[node] = merkle.node_hash(grown[left], grown[right])
        size = index + 1
        assert merkle.fold([grown[node] for node in merkle.parts(0, size)]) == ROOTS[size]
    assert grown == NODES


@pytest.mark.parametrize(("index", "size", "path"), INCLUSIONS)
def test_the_published_inclusion_proofs(index: int, size: int, path: list[Node]) -> None:
    proof = [NODES[node] for node in path]
    assert proven(NODES, merkle.inclusion_nodes(index, size)) == proof
    merkle.verify_inclusion(LEAVES[index], index, size, proof, ROOTS[size])
    for wrong in spoilt_inclusions(LEAVES[index], index, size, proof, ROOTS[size]):
        with pytest.raises(ProofInvalid):
            merkle.verify_inclusion(*wrong)


@pytest.mark.parametrize(("first", "second", "path"), CONSISTENCIES)
def test_the_published_consistency_proofs(first: int, second: int, path: list[Node]) -> None:
    proof = [NODES[node] for node in path]
    assert proven(NODES, merkle.consistency_nodes(first, second)) == proof
    merkle.verify_consistency(first, second, ROOTS[first], ROOTS[second], proof)
    for wrong in spoilt_consistencies(first, second, ROOTS[first], ROOTS[second], proof):
        with pytest.raises(ProofInvalid):
            merkle.verify_consistency(*wrong)


Inclusion = tuple[bytes, int, int, list[bytes], bytes]
Consistency = tuple[int, int, bytes, bytes, list[bytes]]


def spoilt_inclusions(
    leaf: bytes, index: int, size: int, proof: list[bytes], root: bytes
) -> list[Inclusion]:
    """The published ways to spoil an inclusion proof (transparency-dev/merkle), and some more."""
    return [
        *((leaf, other, size, proof, root) for other in (index - 1, index + 1, index ^ 2, size)),
        *((leaf, index, other, proof, root) for other in (size * 2, size // 2, 0)),
        (b"WrongLeaf", index, size, proof, root),
        (SOME, index, size, proof, root),
        *((leaf, index, size, proof, other) for other in (merkle.EMPTY_ROOT, SOME, b"")),
        *((leaf, index, size, other, root) for other in spoilt(proof, root)),
    ]


def spoilt_consistencies(
    first: int, second: int, first_root: bytes, second_root: bytes, proof: list[bytes]
) -> list[Consistency]:
    """The published ways to spoil a consistency proof, and some more."""
    return [
        *((o, second, first_root, second_root, proof) for o in (first - 1, first + 1, first ^ 2)),
        *((first, o, first_root, second_root, proof) for o in (second * 2, second // 2)),
        (0, second, merkle.EMPTY_ROOT, second_root, []),
        (first, second, b"WrongRoot", second_root, proof),
        (first, second, first_root, b"WrongRoot", proof),
        (first, second, SOME, second_root, proof),
        (first, second, first_root, SOME, proof),
        (first, second, second_root, first_root, proof),
        *((first, second, first_root, second_root, other) for other in spoilt(proof, first_root)),
        *((first, second, first_root, second_root, other) for other in spoilt(proof, second_root)),
    ]


def spoilt(proof: list[bytes], root: bytes) -> list[list[bytes]]:
    """Each element changed, left out or doubled; garbage, a root or a hash at every place."""
    found = [
        [*proof[:at], other, *proof[at:]]
        for at in range(len(proof) + 1)
        for other in (b"", root, SOME)
    ]
    for at, element in enumerate(proof):
        found += [
            [*proof[:at], bytes([element[0] ^ 8]) + element[1:], *proof[at + 1 :]],
            [*proof[:at], element[:-1], *proof[at + 1 :]],
            [*proof[:at], *proof[at + 1 :]],
            [*proof[: at + 1], *proof[at:]],
        ]
    if proof:
        found.append([])
    return found


@pytest.mark.parametrize(
    ("first", "second", "first_root", "second_root", "path"),
    [
        (0, 0, ROOTS[0], ROOTS[0], []),
        (0, 1, ROOTS[0], ROOTS[1], []),
        (1, 1, ROOTS[1], ROOTS[2], []),
        (1, 1, ROOTS[1], ROOTS[1], [ROOTS[0]]),
        (1, 0, ROOTS[1], ROOTS[0], []),
        (2, 1, ROOTS[2], ROOTS[1], []),
        (1, 2, ROOTS[1], ROOTS[2], []),
        (-1, 1, ROOTS[1], ROOTS[1], []),
    ],
)
def test_sizes_that_prove_nothing(
    first: int, second: int, first_root: bytes, second_root: bytes, path: list[bytes]
) -> None:
    with pytest.raises(ProofInvalid):
        merkle.verify_consistency(first, second, first_root, second_root, path)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (1, 0), (2, 1), (-1, 1), (1, 1)])
def test_leaves_that_are_not_there(index: int, size: int) -> None:
    for leaf, root in ((SOME, b""), (b"", ROOTS[0]), (SOME, ROOTS[0]), (ROOTS[0], ROOTS[0])):
        with pytest.raises(ProofInvalid):
            merkle.verify_inclusion(leaf, index, size, [], root)
    with pytest.raises(ValueError, match="no leaf"):
        merkle.inclusion_nodes(index, size)


def test_a_path_of_another_length_is_said_to_be_so() -> None:
    inclusion = [NODES[node] for node in INCLUSIONS[1][2]]
    consistency = [NODES[node] for node in CONSISTENCIES[1][2]]
    for change, said in (
        (lambda path: [*path, SOME], "too long"),
        (lambda path: path[:-1], "short"),
    ):
        with pytest.raises(ProofInvalid, match=said):
            merkle.verify_inclusion(LEAVES[0], 0, 8, change(inclusion), ROOTS[8])
        with pytest.raises(ProofInvalid, match=said):
            merkle.verify_consistency(6, 8, ROOTS[6], ROOTS[8], change(consistency))


def test_the_same_tree_is_consistent_with_itself() -> None:
    merkle.verify_consistency(5, 5, ROOTS[5], ROOTS[5], [])
    assert merkle.consistency_nodes(5, 5) == []
    for first, second in ((0, 5), (6, 5), (-1, 5)):
        with pytest.raises(ValueError, match="no proof leads"):
            merkle.consistency_nodes(first, second)


# RFC 6962 §2.1, 2.1.1 and 2.1.2, as they stand there.


def naive_root(leaves: Sequence[bytes]) -> bytes:
    """MTH(D[n]), of leaf hashes."""
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256(b"").digest()
    k = below(len(leaves))
    return sha256(b"\x01" + naive_root(leaves[:k]) + naive_root(leaves[k:])).digest()


def naive_path(m: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PATH(m, D[n])."""
    if len(leaves) == 1:
        return []
    k = below(len(leaves))
    if m < k:
        return [*naive_path(m, leaves[:k]), naive_root(leaves[k:])]
    return [*naive_path(m - k, leaves[k:]), naive_root(leaves[:k])]


def naive_subproof(m: int, leaves: Sequence[bytes], whole: bool) -> list[bytes]:
    """SUBPROOF(m, D[n], b)."""
    if m == len(leaves):
        return [] if whole else [naive_root(leaves)]
    k = below(len(leaves))
    if m <= k:
        return [*naive_subproof(m, leaves[:k], whole), naive_root(leaves[k:])]
    return [*naive_subproof(m - k, leaves[k:], False), naive_root(leaves[:k])]


def below(n: int) -> int:
    """The largest power of two smaller than n."""
    k = 1
    while k * 2 < n:
        k *= 2
    return k


GROWN = [merkle.leaf_hash(b"%d" % n) for n in range(70)]
STORED: dict[Node, bytes] = {}
for _index, _hashed in enumerate(GROWN):
    STORED[Node(0, _index)] = _hashed
    for _node, _left, _right in merkle.completed(_index):
        STORED[_node] = merkle.node_hash(STORED[_left], STORED[_right])
sizes = st.integers(1, len(GROWN))


def test_every_root_up_to_seventy_leaves() -> None:
    for size in range(len(GROWN) + 1):
        expected = naive_root(GROWN[:size])
        assert merkle.root(GROWN[:size]) == expected
        complete = [STORED[node] for node in merkle.parts(0, size)]
        assert merkle.fold(complete) == expected
        for more in (0, 1, 2, 7):
            after = GROWN[size : size + more]
            tree = (size + len(after), naive_root(GROWN[: size + more]))
            assert merkle.grown(size, complete, after) == tree


@pytest.mark.parametrize("complete", [[], [INPUTS[0]], [b"0" * 32], [b"0" * 32] * 3])
def test_a_tree_grows_from_its_complete_subtrees_alone(complete: list[bytes]) -> None:
    with pytest.raises(ProofInvalid):
        merkle.grown(5, complete, [b"1" * 32])


@given(st.data(), sizes)
def test_inclusion_is_that_of_the_standard(data: st.DataObject, size: int) -> None:
    index = data.draw(st.integers(0, size - 1))
    leaves, root = GROWN[:size], naive_root(GROWN[:size])
    proof = proven(STORED, merkle.inclusion_nodes(index, size))
    assert proof == naive_path(index, leaves)
    merkle.verify_inclusion(leaves[index], index, size, proof, root)
    for wrong in spoilt(proof, root):
        with pytest.raises(ProofInvalid):
            merkle.verify_inclusion(leaves[index], index, size, wrong, root)
    for other in data.draw(st.sets(st.integers(0, size - 1), max_size=8)) - {index}:
        with pytest.raises(ProofInvalid):
            merkle.verify_inclusion(leaves[index], other, size, proof, root)


@given(st.data(), sizes)
def test_consistency_is_that_of_the_standard(data: st.DataObject, second: int) -> None:
    first = data.draw(st.integers(1, second))
    before, after = naive_root(GROWN[:first]), naive_root(GROWN[:second])
    proof = proven(STORED, merkle.consistency_nodes(first, second))
    assert proof == naive_subproof(first, GROWN[:second], True)
    merkle.verify_consistency(first, second, before, after, proof)
    for wrong in spoilt(proof, before):
        with pytest.raises(ProofInvalid):
            merkle.verify_consistency(first, second, before, after, wrong)
    if first != second:
        # A leaf among the first that was changed: no proof of the new tree leads to the old root.
        changed = data.draw(st.integers(0, first - 1))
        forged = [*GROWN[:changed], SOME, *GROWN[changed + 1 : second]]
        for honest in (proof, naive_subproof(first, forged, True)):
            with pytest.raises(ProofInvalid):
                merkle.verify_consistency(first, second, before, naive_root(forged), honest)


def test_a_proof_is_as_long_as_the_tree_is_high() -> None:
    size = 10_000_000  # a leaf a minute for nineteen years
    assert len(merkle.inclusion_nodes(size // 3, size)) <= 24
    path = merkle.consistency_nodes(size // 3, size)
    assert len(path) <= 25
    assert sum(map(len, path)) <= 50
