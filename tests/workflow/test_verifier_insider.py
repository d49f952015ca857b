"""An insider with the log's key changes a bundle and makes it whole again: the law finds it."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from benchmarks import tampering_bundles
from tests.workflow.insider import Forged, change, stated
from tests.workflow.verified import Case, rules, second_check
from workflow.rules.canonical import canonical
from workflow.verifier.checking import examine
from workflow.verifier.findings import Rule


def test_an_insider_who_changes_nothing_is_believed(case: Case) -> None:
    assert case.altered(lambda _: None).findings == []


def reported(key: str, to: Any) -> Any:
    def content(text: str) -> str:
        return tampering_bundles.canonical(json.loads(bytes.fromhex(text)) | {key: to}).hex()

    return change("report", "content", content)


def renamed(action: str) -> Any:
    def made(forged: Forged) -> str:
        _, entry = next(forged.acts(action))
        entry["action"] = "outgoing.nothing"
        return ""

    return made


def without(nth: int, *, outgoing: bool) -> Any:
    """A fact that was never stated: the first of a document, or the last of the register."""

    def made(forged: Forged) -> str:
        register = "outgoing" if outgoing else "incoming"
        facts = list(forged.each("register_fact", lambda one: one["register"] == register))
        for chain, entry in forged.acts("register.restated"):
            if entry["rows"][0][1] == facts[nth]["id"]:
                forged.drop(chain, entry)
        for chain in forged.entries:  # those after it moved
            for number, entry in enumerate(forged.entries[chain], 1):
                for row in forged.each("register_fact"):
                    if row["id"] in [one[1] for one in entry["rows"]]:
                        row["columns"]["sequence"] = number
        return ""

    return made


def revised(forged: Forged) -> str:
    """The bytes that the last fact rests on were never a revision of the document."""
    fact = list(forged.each("register_fact", lambda one: one["register"] == "outgoing"))[-1]
    sha256 = json.loads(bytes.fromhex(fact["columns"]["content"]))["files"][0]["sha256"]
    for row in forged.each("revision", lambda one: one["sha256"] == sha256):
        row["columns"]["sha256"] = "0" * 64
    return ""


def restated_of_nothing(forged: Forged) -> str:
    """A document's facts are in no entry: it would count nowhere."""
    first = next(entry for _, entry in forged.acts("register.restated"))
    for chain, entry in list(forged.acts("register.restated")):
        if entry["subject"] == first["subject"]:
            ids = {row[1] for row in entry["rows"]}
            entry["rows"] = []
            forged.rows[chain] = [row for row in forged.rows[chain] if row["id"] not in ids]
    return f"{first['chain']}#{first['sequence']}"


def years_back(forged: Forged) -> str:
    """The document would have been issued in another period."""
    _, entry = next(forged.acts("outgoing.issue"))
    entry["at"] = "2019-12-31T00:00:00.000000Z"
    return f"{entry['chain']}#{entry['sequence']}"


def judged_long_ago(forged: Forged) -> str:
    """A certificate that was revoked since was good then."""
    row = next(forged.each("report"))
    content = json.loads(bytes.fromhex(row["columns"]["content"]))
    content["checked_at"] = "2020-01-01T00:00:00+00:00"
    row["columns"]["content"] = canonical(content).hex()
    return f"report {row['id']}"


def entered_last_year(forged: Forged) -> str:
    """The arrival leaves the period, though its number is given today."""
    row = next(forged.each("register_entry", lambda one: one["register"] == "incoming"))
    year = row["columns"]["year"] - 1
    row["columns"] |= {"entered_on": f"{year}-12-31", "year": year}
    return f"register_entry {row['id']}"


def entered_at_the_system(forged: Forged) -> str:
    """Where nobody reads registers."""
    chain, entry = next(forged.acts("outgoing.number"))
    (named,) = [row for row in entry["rows"] if row[0] == "register_entry"]
    (row,) = [row for row in forged.rows[chain] if row["id"] == named[1]]
    entry["rows"].remove(named)
    forged.rows[chain].remove(row)
    forged.entries["system"][-1]["rows"].append(named)
    forged.rows["system"].append(row)
    return f"register_entry {row['id']}"


INSIDE: dict[str, tuple[Any, Rule]] = {
    "gap": (
        change("register_entry", "number", lambda n: n + 1, 0, register="outgoing"),
        Rule.NUMBER_GAP,
    ),
    "double": (
        change("register_entry", "number", lambda n: n - 1, 1, register="outgoing"),
        Rule.NUMBER_DOUBLE,
    ),
    "date back": (
        change(
            "register_entry",
            "entered_on",
            lambda on: str(datetime.fromisoformat(on).date() - timedelta(1)),
            1,
            register="outgoing",
        ),
        Rule.DATE_BACK,
    ),
    "entered later": (
        change("register_entry", "entered_at", lambda _: "2026-01-01T00:00:00.000000Z"),
        Rule.ENTRY_WRONG,
    ),
    "no number": (change("register_entry", "number", str), Rule.ENTRY_WRONG),
    "no moment": (
        change("register_entry", "entered_at", lambda at: at.removesuffix("Z")),
        Rule.ENTRY_WRONG,
    ),
    "cell": (change("register_fact", "cell", lambda cell: cell[::-1]), Rule.FACT_CELL),
    "month": (change("register_fact", "month", lambda month: month - 1), Rule.FACT_CELL),
    "issuer": (change("register_fact", "issuer_id", lambda _: "other"), Rule.FACT_WRONG),
    "year": (change("register_fact", "year", lambda year: year - 1), Rule.FACT_WRONG),
    "number stated": (stated("number", lambda n: n + 1, 0, "outgoing"), Rule.FACT_WRONG),
    "content": (change("register_fact", "content", lambda _: "7b7d"), Rule.FACT_WRONG),
    "steps": (stated("steps", lambda _: [], -1, "outgoing"), Rule.STATEMENT_STEPS),
    "a step unproven": (renamed("outgoing.approve"), Rule.STATEMENT_STEPS),
    "issued": (stated("issued_on", lambda _: None, -1, "outgoing"), Rule.STATEMENT_STEPS),
    "voided": (stated("voided", lambda _: True, 0, "outgoing"), Rule.STATEMENT_STEPS),
    "transferred": (
        stated("transferred", lambda one: not one, 0, "incoming"),
        Rule.STATEMENT_STEPS,
    ),
    "duplicate": (stated("duplicate_of", lambda _: "x", 0, "incoming"), Rule.STATEMENT_STEPS),
    "file": (
        stated("files", lambda files: [{**files[0], "sha256": "0" * 64}], -1, "outgoing"),
        Rule.STATEMENT_FILES,
    ),
    "report": (
        stated("files", lambda files: [{**files[0], "report": None}], -1, "outgoing"),
        Rule.STATEMENT_REPORT,
    ),
    "owner": (
        stated("owners", lambda owners: dict.fromkeys(owners, "x"), -1, "outgoing"),
        Rule.STATEMENT_OWNER,
    ),
    "allowed": (stated("allowed", lambda _: [], -1, "outgoing"), Rule.STATEMENT_CAPACITY),
    "capacity": (
        change("signing_intent", "capacity", lambda _: "other"),
        Rule.STATEMENT_CAPACITY,
    ),
    "exclusion": (
        stated(
            "exclusion",
            lambda _: {"basis": "x", "decided_by": "x", "decided_on": "2020-01-01"},
            -1,
            "outgoing",
        ),
        Rule.STATEMENT_EXCLUSION,
    ),
    "report of other bytes": (reported("sha256", "0" * 64), Rule.REPORT_WRONG),
    "report hides development": (reported("development", False), Rule.REPORT_WRONG),
    "report of others": (
        change("report", "organisation_id", lambda _: "other"),
        Rule.REPORT_WRONG,
    ),
    "first fact gone": (without(0, outgoing=True), Rule.FACT_MISSING),
    "last fact gone": (without(-1, outgoing=True), Rule.FACT_STALE),
    "revision edited": (revised, Rule.STATEMENT_FILES),
    "verdict edited": (reported("integrity", "ALTERED"), Rule.FACT_CELL),
    "restated of nothing": (restated_of_nothing, Rule.FACT_MISSING),
    "issued years back": (years_back, Rule.CLOCK_BACK),
    "judged long ago": (judged_long_ago, Rule.REPORT_WRONG),
    "kept at another time": (
        change("report", "checked_at", lambda _: "2026-01-01T00:00:00.000000Z"),
        Rule.REPORT_WRONG,
    ),
    "entered last year": (entered_last_year, Rule.ENTRY_WRONG),
    "entered at the system": (entered_at_the_system, Rule.ENTRY_WRONG),
    "a file left out": (
        stated("files", lambda files: files[:-1], -1, "outgoing"),
        Rule.STATEMENT_FILES,
    ),
    "a file left out of an arrival": (
        stated("files", lambda _: [], -1, "incoming"),
        Rule.STATEMENT_FILES,
    ),
}


@pytest.mark.parametrize("name", INSIDE)
def test_what_an_insider_changes_is_told_by_the_law(case: Case, name: str) -> None:
    changing, rule = INSIDE[name]
    places: list[str] = []
    verdict = case.altered(lambda forged: places.append(changing(forged)))
    assert rule in rules(verdict), verdict.findings
    named = {one.place for one in verdict.findings if one.rule is rule}
    # A report, a revision or an intent is told of at the fact that rests on it.
    resting = rule in (Rule.STATEMENT_FILES, Rule.STATEMENT_CAPACITY) or name == "verdict edited"
    assert resting or places[0] in named or not places[0]


def test_who_edits_the_claim_is_told_which_fraction(case: Case) -> None:
    held = case.good.copy()
    claim = held.json("indicator.json")
    issuer = claim["organisations"][0]["issuers"][0]
    issuer["fractions"]["outgoing_signed"]["reasons"] = {"signed": 9}
    held.put_json("indicator.json", claim)
    verdict = examine(held.listed_again())
    (finding,) = verdict.findings
    assert finding.rule is Rule.INDICATOR_DIFFERS
    assert issuer["issuer_id"] in finding.place
    assert "outgoing_signed" in finding.detail


def test_development_signatures_count_for_nothing_in_production(case: Case) -> None:
    held = case.good.copy()
    held.put_json("scope.json", held.json("scope.json") | {"production": True})
    verdict = examine(held.listed_again())
    assert rules(verdict) == {Rule.INDICATOR_DIFFERS}
    assert all(one["outgoing_signed"]["numerator"] == 0 for one in verdict.indicators)


def test_documents_that_count_for_nobody_are_told(case: Case) -> None:
    """An issuer that the organisation has not would take them out of every fraction."""
    nobody = "00000000-0000-0000-0000-000000000000"

    def hidden(forged: Forged) -> None:
        for row in forged.each("register_entry", lambda one: one["register"] == "outgoing"):
            row["columns"]["issuer_key"] = nobody
        for row in forged.each("register_fact", lambda one: one["register"] == "outgoing"):
            row["columns"]["issuer_id"] = nobody
            statement = json.loads(bytes.fromhex(row["columns"]["content"])) | {"issuer": nobody}
            row["columns"]["content"] = canonical(statement).hex()

    verdict = case.altered(hidden)
    assert (Rule.INDICATOR_DIFFERS, f"indicator.json {nobody}") in {
        (one.rule, one.place) for one in verdict.findings
    }


def test_a_definition_of_their_own_is_not_the_published_one(case: Case) -> None:
    held = case.good.copy()
    (name,) = [one for one in held.names if one.startswith("definitions/")]
    text = held.members[name].replace(b'  "approved",\n', b"")
    new = f"definitions/{hashlib.sha256(text).hexdigest()}.toml"
    held.members = {
        (new if one == name else one): (text if one == name else content)
        for one, content in held.members.items()
    }
    assert rules(examine(held.listed_again())) == {Rule.DEFINITION_UNKNOWN}


def test_a_piece_of_evidence_is_missed(case: Case) -> None:
    held = case.good.copy()
    name = next(one for one in held.names if one.startswith("objects/"))
    del held.members[name]
    verdict = examine(held.listed_again())
    assert [(one.rule, one.place) for one in verdict.findings] == [(Rule.EVIDENCE_MISSING, name)]


def test_rows_are_left_out_of_nothing_that_counts(case: Case) -> None:
    held = case.good.copy()
    scope = held.json("scope.json")
    hidden = scope["organisations"][0]
    hidden["rows_from"] = 5001
    held.put_json("scope.json", scope)
    name = f"rows/{hidden['id']}/000000001.jsonl"
    del held.members[name]
    verdict = examine(held.listed_again())
    assert (Rule.MEMBER_MISSING, name) in {(one.rule, one.place) for one in verdict.findings}
    wrong = second_check()(held.members.__getitem__, held.names)
    assert name in {place for place, _ in wrong}
