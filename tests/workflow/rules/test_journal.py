"""The journal: one encoding per value, and no byte of a chain changes unseen."""

import json
import re
import unicodedata
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from hashlib import sha256
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.rules import journal
from workflow.rules.canonical import NotCanonical, canonical, plain
from workflow.rules.journal import Entry, Kind, RowDigest

CHAIN = "0193a000-0000-7000-8000-000000000001"
AT = datetime(2026, 11, 21, 2, 30, 12, 5, tzinfo=UTC)

# Golden vectors: these bytes and digests are what auditors hold. They never change for version 1;
# another form is another version.
GOLDEN_BYTES = (
    b'{"action":"number","actor":"0193a000-0000-7000-8000-00000000000a",'
    b'"at":"2026-11-21T02:30:12.000005Z","chain":"0193a000-0000-7000-8000-000000000001",'
    b'"facts":{"code":"05/Q\xc4\x90-UBND","number":5},'
    b'"previous":"0239b2e17bbd1e19e264a5fc7248561f6d600f4f50cc500286b591df8c91502d",'
    b'"rows":[["document","0193a000-0000-7000-8000-0000000000d1",'
    b'"9e2eb1bc6d2da4b4b4d44ecc1e2c98a94b7b7be8a8b5c41b1a6a5f0d6d0c9a11"]],'
    b'"sequence":1,"subject":"outgoing:0193a000-0000-7000-8000-0000000000d1","version":1}'
)
GOLDEN_GENESIS = "0239b2e17bbd1e19e264a5fc7248561f6d600f4f50cc500286b591df8c91502d"
GOLDEN_DIGEST = "1692db936c12901dc7297d1ac23800d40a6fe760dd7f874e257f8ae0fcffd037"
GOLDEN_ROW = "86e4f3fa23e03fefb78d29ba5aa1a30727bf2e705e7fb8eefa58260f77637dbc"


def golden_entry() -> Entry:
    return Entry(
        chain=CHAIN,
        sequence=1,
        at=AT,
        actor="0193a000-0000-7000-8000-00000000000a",
        action="number",
        subject="outgoing:0193a000-0000-7000-8000-0000000000d1",
        previous=journal.genesis(CHAIN),
        rows=(
            RowDigest(
                "document",
                "0193a000-0000-7000-8000-0000000000d1",
                "9e2eb1bc6d2da4b4b4d44ecc1e2c98a94b7b7be8a8b5c41b1a6a5f0d6d0c9a11",
            ),
        ),
        facts={"number": 5, "code": "05/QĐ-UBND"},
    )


def test_golden_entry() -> None:
    assert journal.genesis(CHAIN) == GOLDEN_GENESIS
    assert golden_entry().to_bytes() == GOLDEN_BYTES
    assert golden_entry().digest == GOLDEN_DIGEST
    assert journal.parse(GOLDEN_BYTES) == golden_entry()


def test_golden_row() -> None:
    columns = {
        "id": UUID("0193a000-0000-7000-8000-0000000000d1"),
        "subject": "Về việc công nhận xã đạt chuẩn nông thôn mới",
        "issued_on": date(2026, 11, 21),
        "signed_at": AT,
        "sha256": b"\x00\xff",
        "number": None,
    }
    assert journal.row_digest(b"0123456789abcdef", "document", columns) == GOLDEN_ROW


def test_an_entry_is_a_leaf_of_rfc_6962() -> None:
    assert golden_entry().digest == sha256(b"\x00" + GOLDEN_BYTES).hexdigest()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"b": 1, "a": [True, None, "x"]}, b'{"a":[true,null,"x"],"b":1}'),
        ({}, b"{}"),
        ("Đ/é\u2028", '"Đ/é\u2028"'.encode()),
        ('"\\\b\f\n\r\t\x01\x7f', b'"\\"\\\\\\b\\f\\n\\r\\t\\u0001\x7f"'),
        (-(2**53) + 1, b"-9007199254740991"),
        (
            datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=7))),
            b'"2025-12-31T17:00:00.000000Z"',
        ),
        (date(2026, 1, 5), b'"2026-01-05"'),
        (b"\x00\xab", b'"00ab"'),
        (UUID(int=1), b'"00000000-0000-0000-0000-000000000001"'),
        ((1, 2), b"[1,2]"),
        (Kind.EDITED, b'"edited"'),
    ],
)
def test_canonical_form(value: object, expected: bytes) -> None:
    assert canonical(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        float("nan"),
        2**53,
        "\ud800",
        {1: "x"},
        {"e\u0301": 1, "\u00e9": 2},
        datetime(2026, 1, 1),  # noqa: DTZ001  a naive time is the point
        {1, 2},
        object(),
        [{"deep": 0.5}],
    ],
)
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(NotCanonical):
        canonical(value)


def test_text_is_the_same_text_however_it_is_composed() -> None:
    composed = "Ủy ban nhân dân xã Định Hưng"
    decomposed = unicodedata.normalize("NFD", composed)
    assert decomposed != composed
    assert canonical(decomposed) == canonical(composed)


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(json_values)
def test_canonical_is_json_and_stable(value: object) -> None:
    try:
        data = canonical(value)
    except NotCanonical as error:
        assert "same text" in str(error)  # noqa: PT017  two keys met in NFC
        return
    assert json.loads(data) == plain(value)
    assert canonical(json.loads(data)) == data


@given(json_values, json_values)
def test_different_values_have_different_bytes(one: object, other: object) -> None:
    try:
        same = canonical(one) == canonical(other)
        plain_same = json.dumps(plain(one), sort_keys=True) == json.dumps(
            plain(other), sort_keys=True
        )
    except NotCanonical:
        return
    assert same == plain_same


def test_a_row_digest_depends_on_everything_in_it() -> None:
    salt = b"s" * 16
    digests = {
        journal.row_digest(salt, "document", {"a": 1}),
        journal.row_digest(b"t" * 16, "document", {"a": 1}),
        journal.row_digest(salt, "review", {"a": 1}),
        journal.row_digest(salt, "document", {"a": 2}),
        journal.row_digest(salt, "document", {"b": 1}),
    }
    assert len(digests) == 5


def test_a_short_salt_hides_nothing() -> None:
    with pytest.raises(NotCanonical):
        journal.row_digest(b"short", "document", {})


@pytest.mark.parametrize(
    "change",
    [
        {"sequence": 0},
        {"sequence": 2**53},
        {"sequence": True},
        {"version": 2},
        {"at": datetime(2026, 1, 1)},  # noqa: DTZ001
        {"actor": ""},
        {"action": "with space"},
        {"previous": "00"},
        {"rows": (RowDigest("document", "1", "not a digest"),)},
        {"facts": {"subject": "Về việc công nhận"}},
        {"facts": {"deep": [{"note": "two words"}]}},
        {"facts": {"rate": 0.5}},
    ],
)
def test_an_entry_holds_identifiers_only(change: dict[str, Any]) -> None:
    fields: dict[str, Any] = {
        "chain": CHAIN,
        "sequence": 1,
        "at": AT,
        "actor": "system",
        "action": "issue",
        "subject": "outgoing:1",
        "previous": journal.genesis(CHAIN),
    }
    assert Entry(**{**fields, "sequence": 2**53 - 1}).sequence == 2**53 - 1
    with pytest.raises(NotCanonical):
        Entry(**{**fields, **change})


def test_an_entry_cannot_be_changed_through_its_facts() -> None:
    facts: dict[str, object] = {"number": 5}
    entry = Entry(CHAIN, 1, AT, "system", "number", "x", journal.genesis(CHAIN), facts=facts)
    before = entry.to_bytes()
    facts["number"] = 6
    assert entry.to_bytes() == before
    with pytest.raises(TypeError):
        entry.facts["number"] = 7  # type: ignore[index]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b"null",
        b"[" * 100_000,
        GOLDEN_BYTES + b" ",
        GOLDEN_BYTES.replace(b'"sequence":1', b'"sequence":1.0'),
        GOLDEN_BYTES.replace(b'"sequence":1', b'"sequence":NaN'),
        GOLDEN_BYTES.replace(b'"sequence":1', b'"sequence":1,"sequence":1'),
        GOLDEN_BYTES.replace(b'"sequence":1', b'"sequence":' + b"1" * 5000),
        GOLDEN_BYTES.replace(b'"number":5', b'"number": 5'),
        GOLDEN_BYTES.replace(b'"version":1', b'"version":2'),
        GOLDEN_BYTES.replace(b"\xc4\x90", b"\\u0110"),
        GOLDEN_BYTES.replace(b".000005Z", b".000005+00:00"),
        GOLDEN_BYTES.replace(b"2026-11-21T02:30:12.000005Z", b"0001-01-01T00:00:00+23:00"),
        GOLDEN_BYTES.replace(b'"facts":{', b'"facts":{"aaa":"e\xcc\x81",'),
        GOLDEN_BYTES.replace(b'"rows":[[', b'"rows":["abc",['),
        GOLDEN_BYTES.replace(b',"version":1', b""),
    ],
)
def test_only_the_canonical_bytes_are_read(data: bytes) -> None:
    with pytest.raises(NotCanonical):
        journal.parse(data)


def the_long_way(data: bytes) -> Entry | None:
    """What `parse` promises, by writing again what was read: slow, and short enough to believe."""
    try:
        fields = json.loads(data.decode("utf-8"))
        entry = Entry(**{**fields, "at": datetime.fromisoformat(fields["at"])})
        return entry if entry.to_bytes() == data else None
    except (TypeError, ValueError, KeyError, OverflowError, RecursionError):
        return None


def read_quickly(data: bytes) -> Entry | None:
    try:
        return journal.parse(data)
    except NotCanonical:
        return None


LONG_DIGEST = b"9e2eb1bc6d2da4b4b4d44ecc1e2c98a94b7b7be8a8b5c41b1a6a5f0d6d0c9a11"
PLANTED = (
    b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b" ", b"0", b"9007199254740992", b"1e3", b"-1",
    b"true", b"null", b'"\\u0041"', b'"\xcc\x81"', b'"\xed\xa0\x80"', b"\xff", b'""', b"{}", b"[]",
    b'{"a":1,"b":2}', b'{"a":1,"' + LONG_DIGEST + b'":1,"b":2}', b'["a","b","c"]', b'"a b"',
    b'"24:00:00.000000Z"', b'"2026-11-21T24:00:00.000000Z"', b'"2026-02-30T00:00:00.000000Z"',
)  # fmt: skip
TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[-0-9a-z.]+|[\[\]{},:]')


@given(st.randoms(use_true_random=False), st.sampled_from(PLANTED))
def test_reading_quickly_refuses_what_the_long_way_refuses(chance: Any, planted: bytes) -> None:
    tokens = TOKEN.findall(GOLDEN_BYTES)
    assert b"".join(tokens) == GOLDEN_BYTES
    place = chance.randrange(len(tokens))
    tokens[place : place + chance.randrange(3)] = [planted] * chance.randrange(1, 3)
    for data in (
        b"".join(tokens),
        GOLDEN_BYTES.replace(tokens[place - 1], planted, 1),
        GOLDEN_BYTES.replace(b'"facts":{', b'"facts":{"a":' + planted + b",", 1),
    ):
        assert read_quickly(data) == the_long_way(data), data


@pytest.mark.parametrize(
    "rows",
    [b'""', b"{}", b"null", b'{"a":1}', b'[{"' + LONG_DIGEST + b'":1,"a":2,"b":3}]', b'["abc"]'],
)
def test_rows_are_a_list_of_lists(rows: bytes) -> None:
    start, end = GOLDEN_BYTES.index(b"[["), GOLDEN_BYTES.index(b"]]") + 2
    with pytest.raises(NotCanonical):
        journal.parse(GOLDEN_BYTES[:start] + rows + GOLDEN_BYTES[end:])


# Chains.


def chain_of(length: int, chain: str = CHAIN) -> list[journal.Stored]:
    stored: list[journal.Stored] = []
    previous = journal.genesis(chain)
    for sequence in range(1, length + 1):
        entry = Entry(
            chain,
            sequence,
            AT + timedelta(seconds=sequence),
            "system",
            "issue",
            f"outgoing:{sequence}",
            previous,
            facts={"number": sequence},
        )
        stored.append((sequence, entry.to_bytes(), entry.digest))
        previous = entry.digest
    return stored


def broken(entries: list[journal.Stored], **kept: Any) -> tuple[Kind, int]:
    findings = journal.verify(entries, **kept)
    assert findings.broken is not None
    assert not findings.intact
    return findings.broken.kind, findings.broken.sequence


def rewritten(stored: journal.Stored, **facts: object) -> journal.Stored:
    """What somebody with write access would do: change the entry and recompute its digest."""
    old = journal.parse(stored[1])
    entry = Entry(
        old.chain,
        old.sequence,
        old.at,
        old.actor,
        old.action,
        old.subject,
        old.previous,
        facts=facts,
    )
    return stored[0], entry.to_bytes(), entry.digest


def test_a_whole_chain_is_intact() -> None:
    chain = chain_of(6)
    findings = journal.verify(chain, chain=CHAIN, head=(6, chain[-1][2]))
    assert findings == journal.Findings(6, chain[-1][2], None)
    assert journal.verify(chain, head=(4, chain[3][2])).intact


def test_an_empty_chain_is_intact_only_when_nothing_is_expected() -> None:
    assert journal.verify([]).intact
    assert broken([], head=(1, "00")) == (Kind.MISSING, 1)


def test_an_edited_entry_is_located() -> None:
    chain = chain_of(6)
    sequence, data, digest = chain[2]
    chain[2] = (sequence, data.replace(b'"number":3', b'"number":4'), digest)
    assert broken(chain) == (Kind.EDITED, 3)


def test_an_entry_edited_with_its_digest_is_located_by_its_successor() -> None:
    chain = chain_of(6)
    chain[2] = rewritten(chain[2], number=4)
    assert broken(chain) == (Kind.EDITED, 3)


def test_the_newest_entry_edited_with_its_digest_needs_a_kept_head() -> None:
    chain = chain_of(6)
    head = (6, chain[-1][2])
    chain[5] = rewritten(chain[5], number=4)
    assert journal.verify(chain).intact
    assert broken(chain, head=head) == (Kind.EDITED, 6)


def test_a_missing_entry_is_located() -> None:
    for gone in range(5):
        chain = chain_of(6)
        del chain[gone]
        assert broken(chain) == (Kind.MISSING, gone + 1)


def test_a_removed_tail_needs_a_kept_head() -> None:
    chain = chain_of(6)
    assert journal.verify(chain[:4]).intact
    assert broken(chain[:4], head=(6, chain[-1][2])) == (Kind.MISSING, 5)


def test_a_removed_entry_is_found_even_when_the_column_is_renumbered() -> None:
    chain = chain_of(6)
    del chain[2]
    renumbered = [(at, data, digest) for at, (_, data, digest) in enumerate(chain, start=1)]
    assert broken(renumbered) == (Kind.MISSING, 3)


def test_an_inserted_entry_is_located() -> None:
    chain = chain_of(6)
    forged = Entry(CHAIN, 4, AT, "system", "issue", "outgoing:forged", chain[2][2])
    inserted = [*chain[:3], (4, forged.to_bytes(), forged.digest), *chain[3:]]
    renumbered = [(at, data, digest) for at, (_, data, digest) in enumerate(inserted, start=1)]
    assert broken(renumbered) == (Kind.INSERTED, 4)


def test_a_repeated_entry_is_located() -> None:
    chain = chain_of(6)
    assert broken([*chain[:4], chain[1], *chain[4:]]) == (Kind.INSERTED, 2)


def test_an_entry_of_another_chain_is_located() -> None:
    chain, other = chain_of(6), chain_of(6, "system")
    assert broken([*chain[:2], other[2], *chain[3:]]) == (Kind.INSERTED, 3)
    assert broken(other, chain=CHAIN) == (Kind.INSERTED, 1)


def test_reordered_entries_are_located() -> None:
    chain = chain_of(6)
    chain[1], chain[3] = chain[3], chain[1]
    assert broken(chain) == (Kind.REORDERED, 2)


def test_a_renumbered_column_is_located() -> None:
    chain = chain_of(3)
    chain[1] = (7, *chain[1][1:])
    assert broken(chain) == (Kind.EDITED, 2)


def test_a_chain_begins_at_its_own_genesis() -> None:
    entry = Entry(CHAIN, 1, AT, "system", "issue", "x", journal.genesis("another"))
    assert broken([(1, entry.to_bytes(), entry.digest)]) == (Kind.EDITED, 1)


def test_verification_reads_a_stream_and_holds_one_entry() -> None:
    alive = 0

    class Traced(bytes):
        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    most = 0

    def stream() -> Iterator[journal.Stored]:
        nonlocal alive, most
        for sequence, data, digest in chain_of(50):
            alive += 1
            yield sequence, Traced(data), digest
            most = max(most, alive)

    assert journal.verify(stream()).entries == 50
    assert most <= 3


@given(st.integers(1, 8), st.data())
def test_altering_any_byte_is_detected(length: int, data: st.DataObject) -> None:
    chain = chain_of(length)
    head = (length, chain[-1][2])
    place = data.draw(st.integers(0, length - 1))
    sequence, content, digest = chain[place]
    altered = bytearray(content)
    position = data.draw(st.integers(0, len(altered) - 1))
    altered[position] ^= data.draw(st.integers(1, 255))
    with_old_digest = (sequence, bytes(altered), digest)
    with_new_digest = (sequence, bytes(altered), journal.entry_digest(bytes(altered)))
    for forged in (with_old_digest, with_new_digest):
        findings = journal.verify([*chain[:place], forged, *chain[place + 1 :]], head=head)
        assert findings.broken is not None
        assert findings.entries <= place + 1


@given(st.integers(2, 8), st.data())
def test_any_other_order_is_detected(length: int, data: st.DataObject) -> None:
    chain = chain_of(length)
    shuffled = data.draw(st.permutations(chain).filter(lambda order: order != chain))
    findings = journal.verify(shuffled)
    assert findings.broken is not None
    assert findings.broken.kind is Kind.REORDERED


@given(st.integers(2, 8), st.data())
def test_any_removal_is_detected(length: int, data: st.DataObject) -> None:
    chain = chain_of(length)
    kept = data.draw(st.lists(st.sampled_from(range(length)), unique=True, max_size=length - 1))
    remaining = [chain[place] for place in sorted(kept)]
    findings = journal.verify(remaining, head=(length, chain[-1][2]))
    assert findings.broken is not None
    assert findings.broken.kind is Kind.MISSING
    assert findings.broken.sequence == next(n for n in range(1, length + 1) if n - 1 not in kept)


def test_links_are_digests() -> None:
    entries = [journal.parse(data) for _, data, _ in chain_of(4)]
    assert all(after.previous == before.digest for before, after in pairwise(entries))
