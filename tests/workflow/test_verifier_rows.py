"""Rows out of a stranger's bundle: of the types they must have, or none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.msgpack import Decoder, Encoder

from workflow.verifier.rows import Fact, RegisterEntry, Report, Told, read_row, read_statement

ENTRY: dict[str, Any] = {
    "id": "e1",
    "series_id": "s1",
    "organisation_id": "o1",
    "issuer_key": "i1",
    "register": "outgoing",
    "year": 2026,
    "number": 5,
    "code": None,
    "document_id": "d1",
    "entered_on": "2026-11-21",
    "entered_at": "2026-11-21T02:30:12.000005Z",
}
FACT = {
    "id": "f1",
    "organisation_id": "o1",
    "document_id": "d1",
    "ordinal": 1,
    "sequence": 9,
    "entry_id": "e1",
    "register": "outgoing",
    "year": 2026,
    "issuer_id": "i1",
    "type_code": "CV",
    "counted_on": "2026-11-21",
    "month": 202611,
    "cell": "",
    "due_at": None,
}
SIGNATURE = {
    "field": "agency",
    "kind": "signature",
    "indication": "TOTAL_PASSED",
    "intact": True,
    "trusted": True,
    "certificate_sha256": None,
    "revision_bytes": 9,
    "development": False,
    "evidence": [{"sha256": "b"}, {"sha256": "a", "kind": "crl"}],
}
REPORT = {
    "sha256": "f1",
    "integrity": "INTACT",
    "verdict": "HOP_LE",
    "development": False,
    "checked_at": "2026-11-21T02:30:12+00:00",
    "signatures": [SIGNATURE, SIGNATURE],
}


def read(table: str, columns: dict[str, Any]) -> Told | None:
    return read_row(table, columns["id"], json.dumps(columns).encode(), whole=False)


def report(content: dict[str, Any]) -> dict[str, Any]:
    data = json.dumps(content).encode()
    row = {"id": "r1", "organisation_id": "o1", "sha256": "f1", "content": data.hex()}
    return row | {"checked_at": "2026-11-21T02:30:12.000005Z"}


@pytest.mark.parametrize(
    "change",
    [
        {"number": "5"},
        {"number": 5.5},
        {"number": True},
        {"number": -1},
        {"number": 2**53},  # beyond it other languages lose digits
        {"number": 2**70},
        {"code": 5},
        {"entered_on": "2026-02-30"},
        {"entered_at": "2026-11-21T02:30:12"},
        {"document_id": None},
    ],
)
def test_a_row_of_other_types_is_no_row(change: dict[str, Any]) -> None:
    assert isinstance(read("register_entry", ENTRY), RegisterEntry)
    with pytest.raises(ValueError, match=r"Expected|Invalid"):
        read("register_entry", ENTRY | change)


def test_a_row_has_every_column_and_its_own_id() -> None:
    for name in ENTRY:
        columns = json.dumps({key: value for key, value in ENTRY.items() if key != name})
        with pytest.raises(ValueError, match="required field"):
            read_row("register_entry", "e1", columns.encode(), whole=False)
    with pytest.raises(ValueError, match="another row"):
        read_row("register_entry", "e2", json.dumps(ENTRY).encode(), whole=False)


def test_a_report_says_what_it_rests_on_once() -> None:
    told = read("report", report(REPORT))
    assert isinstance(told, Report)
    assert (told.evidence, told.packed, len(told.found.signatures)) == (("a", "b"), None, 2)


@pytest.mark.parametrize(
    "change",
    [
        {"sha256": "f2"},
        {"development": True},
        {"signatures": None},
        {"verdict": 1},
        {"checked_at": "2026-11-21T02:30:12"},
    ],
)
def test_a_report_that_contradicts_itself_is_none(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"contradicts|Expected"):
        read("report", report(REPORT | change))


names = st.sampled_from(sorted(ENTRY))
deep = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner),
)


@given(names, deep)
def test_whatever_is_read_can_be_passed_on(name: str, value: Any) -> None:
    columns = ENTRY | {name: value}
    try:
        told = read_row("register_entry", "e1", json.dumps(columns).encode(), whole=False)
    except ValueError:
        return
    assert Decoder(Told).decode(Encoder().encode(told)) == told


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff",
        b'{"version":2,"register":"outgoing"}',
        b'{"version":1,"register":"other"}',
        b'{"version":1,"register":"incoming"}',
        b'{"x":' + b"[" * 100_000,
    ],
)
def test_what_states_nothing_is_no_statement(content: bytes) -> None:
    fact = read("register_fact", FACT | {"content": content.hex()})
    assert isinstance(fact, Fact)
    with pytest.raises((ValueError, RecursionError)):
        read_statement(fact)
