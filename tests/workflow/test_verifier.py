"""The verifier: it accepts what the office exports, and names what somebody changed."""

from __future__ import annotations

import ast
import hashlib
import io
import json
import runpy
import shutil
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from api.cli import main
from benchmarks import tampering_bundles
from signing.devca import DevelopmentCA
from signing.sandbox import Sandbox
from tests.workflow.bundles import Held, exported, history
from tests.workflow.conftest import Clock, Founded
from tests.workflow.desk import OFFICE, Desk, desk_of
from tests.workflow.insider import Forged
from workflow import evidence
from workflow.evidence import Request
from workflow.evidence.chains import SELECTED as EXPORTED
from workflow.facts.indicator import measured
from workflow.office import Office
from workflow.rules import merkle
from workflow.rules.canonical import canonical
from workflow.rules.errors import Invalid
from workflow.settings import Settings
from workflow.verifier import chains
from workflow.verifier.archive import Archive
from workflow.verifier.checking import examine, verify
from workflow.verifier.findings import Found, Rule, Verdict
from workflow.verifier.scope import Scope
from workflow.verifier.shelf import Shelf
from workflow.verifier.slices import SELECTED, Read, Slice

ROOT = Path(__file__).parents[2]
CHECK = ROOT / "docs" / "auditing" / "check.py"


@dataclass(frozen=True)
class Case:
    """An office in which something happened, what it exported, and what its auditor kept."""

    desk: Desk
    good: Held
    bundle: Path
    with_pdfs: Path
    kept: Path
    folder: Path

    def altered(self, change: Callable[[Forged], None]) -> Verdict:
        """What becomes of what an insider made."""
        forged = Forged(self.good)
        change(forged)
        return examine(forged.whole(self.desk.office))


@pytest.fixture(scope="module")
def case(
    founded_on_sqlite: Founded, tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox
) -> Iterator[Case]:
    """Exported once for all tests: they change copies in memory."""
    folder = tmp_path_factory.mktemp("verified")
    shutil.copytree(founded_on_sqlite.data_dir, folder / "office")
    office = Office.open(Settings(data_dir=folder / "office"), clock=Clock())
    office.sealing.sandbox = sandbox
    desk = desk_of(office, folder)
    history(desk)
    for name, wanted in (
        ("bundle", {"since": 1}),
        ("pdfs", {"pdfs": True}),
        ("old", {"checkpoint": 1}),
    ):
        (folder / f"{name}.zip").write_bytes(exported(desk, **wanted))
    kept = folder / "kept.txt"
    kept.write_bytes(Held.of((folder / "old.zip").read_bytes()).members["log/checkpoint.txt"])
    good = Held.of((folder / "bundle.zip").read_bytes())
    yield Case(desk, good, folder / "bundle.zip", folder / "pdfs.zip", kept, folder)
    office.close()


def rules(verdict: Verdict) -> set[Rule]:
    return set(verdict.found)


def codes(verdict: Verdict) -> set[str]:
    return {note.code for note in verdict.notes}


def test_what_the_office_exports_holds(case: Case) -> None:
    verdict = verify(case.bundle, checkpoint=case.kept)
    assert verdict.findings == []
    assert codes(verdict) == {
        *("trust_of_the_bundle", "log_key", "stamped", "no_pdfs", "development")
    }
    (key,) = [note.sentence for note in verdict.notes if note.code == "log_key"]
    assert hashlib.sha256(case.good.members["log/certificate.der"]).hexdigest() in key
    entries = sum(len(case.good.lines(name)) for name in case.good.names if "chains/" in name)
    assert verdict.counts["entries"] == entries
    assert verdict.counts["documents"] >= 4
    content = case.good.members["manifest.json"]
    assert verdict.manifest_sha256 == hashlib.sha256(content).hexdigest()


def test_the_fractions_are_those_that_the_office_shows(case: Case) -> None:
    verdict = verify(case.bundle)
    period = verdict.scope["period"]
    shown = {}
    for one in verdict.scope["organisations"]:
        seat = case.desk.seat(one["code"])
        with case.desk.office.reading(None) as reading:
            for issuer, found in measured(reading, seat, period).issuers:
                shown[str(issuer.id)] = found
    assert {one["issuer"] for one in verdict.indicators} == shown.keys()
    for one in verdict.indicators:
        signed = shown[one["issuer"]].outgoing_signed
        told = one["outgoing_signed"]
        assert (told["numerator"], told["denominator"]) == (signed.numerator, signed.denominator)
    assert sum(one["outgoing_signed"]["numerator"] for one in verdict.indicators) >= 2


def test_every_processor_reads_and_comes_to_the_same(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chains, "_FEW", 0)
    told: list[tuple[str, int, int]] = []
    verdict = verify(case.bundle, checkpoint=case.kept, progress=lambda *one: told.append(one))
    assert verdict == verify(case.bundle, checkpoint=case.kept)
    assert told[-1] == ("entries", verdict.counts["entries"], verdict.counts["entries"])


# Files.


def test_the_files_come_to_their_stored_verdicts(case: Case, tmp_path: Path) -> None:
    inside = verify(case.with_pdfs)
    assert inside.holds
    assert inside.counts["files"] >= 3
    with zipfile.ZipFile(case.with_pdfs) as archive:
        for number, name in enumerate(one for one in archive.namelist() if one[:5] == "pdfs/"):
            (tmp_path / f"{number}.pdf").write_bytes(archive.read(name))
    beside = verify(case.bundle, pdfs=tmp_path)
    assert beside.holds
    assert beside.counts["files"] == inside.counts["files"]
    assert "no_pdfs" not in codes(beside)
    gone, changed = sorted(tmp_path.iterdir())[:2]
    digest = hashlib.sha256(changed.read_bytes()).hexdigest()
    gone.unlink()
    changed.rename(tmp_path / f"{digest}.pdf")
    with (tmp_path / f"{digest}.pdf").open("ab") as file:
        file.write(b"\n")
    verdict = verify(case.bundle, pdfs=tmp_path)
    assert verdict.found == {Rule.PDF_MISSING: 1, Rule.VERDICT_DIFFERS: 1}
    (differs,) = [one for one in verdict.findings if one.rule is Rule.VERDICT_DIFFERS]
    assert differs.place == f"pdfs/{digest}.pdf"


def test_a_report_that_its_file_does_not_bear_out_is_found(case: Case) -> None:
    """An insider may store any report; the bytes say otherwise."""
    forged = Forged(Held.of(case.with_pdfs.read_bytes()))
    fact = list(forged.each("register_fact", lambda one: one["register"] == "outgoing"))[-1]
    named = json.loads(_bytes(fact["columns"]["content"]))["files"][0]["report"]
    (report,) = [row for row in forged.each("report") if row["id"] == named]
    content = _bytes(report["columns"]["content"]).replace(b'"coverage":"', b'"coverage":"X', 1)
    report["columns"]["content"] = content.hex()
    verdict = examine(forged.whole(case.desk.office))
    assert rules(verdict) == {Rule.VERDICT_DIFFERS}
    assert report["columns"]["sha256"] in verdict.findings[0].place


def test_a_file_is_named_by_a_digest_or_not_at_all(case: Case, tmp_path: Path) -> None:
    """What a statement calls a file's digest is never a way to somewhere else."""
    victim = tmp_path / "victim.pdf"
    victim.write_bytes(b"theirs")
    forged = Forged(Held.of(case.with_pdfs.read_bytes()))
    elsewhere = "../" * 20 + str(victim)[1:-4]
    files = [{"sha256": elsewhere, "report": None}]
    stated("files", lambda _: files, -1, "outgoing")(forged)
    held = forged.whole(case.desk.office)
    held.members[f"pdfs/{elsewhere}.pdf"] = b"ours"
    verdict = examine(held.listed_again())
    assert f"pdfs/{elsewhere}.pdf" in {
        one.place for one in verdict.findings if one.rule is Rule.PDF_MISSING
    }
    assert victim.read_bytes() == b"theirs"


def test_a_report_that_is_none_is_told_at_its_file(case: Case) -> None:
    forged = Forged(Held.of(case.with_pdfs.read_bytes()))
    for row in forged.each("report"):
        report = json.loads(_bytes(row["columns"]["content"])) | {"reasons": 5}
        row["columns"]["content"] = canonical(report).hex()
    verdict = examine(forged.whole(case.desk.office))
    assert rules(verdict) == {Rule.VERDICT_DIFFERS}
    assert {one.detail for one in verdict.findings} == {"report"}


def test_a_file_that_cannot_be_read_is_missed(case: Case, tmp_path: Path) -> None:
    (tmp_path / "bad.pdf").symlink_to("/proc/self/mem")  # a plain file whose first byte is an error
    verdict = verify(case.bundle, pdfs=tmp_path)
    assert rules(verdict) == {Rule.PDF_MISSING}


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text)


def test_what_was_destroyed_is_proven_by_its_entry(case: Case) -> None:
    out = io.BytesIO()
    seat = case.desk.seat(OFFICE)
    period = verify(case.bundle).scope["period"]
    evidence.export(case.desk.office, Request((seat,), period, pdfs=True), out)
    held = Held.of(out.getvalue())
    verdict = examine(held)
    assert verdict.holds
    assert "destroyed" in codes(verdict)
    (line,) = map(json.loads, held.lines("destroyed.jsonl"))
    line["sequence"] -= 1
    held.put_json("destroyed.jsonl", line)
    held.members["destroyed.jsonl"] += b"\n"
    wrong = examine(held.listed_again())
    assert rules(wrong) >= {Rule.DESTRUCTION_UNPROVEN, Rule.PDF_MISSING}
    assert f"{seat}#{line['sequence']}" in {one.place for one in wrong.findings}


def test_nothing_is_destroyed_later_but_files_of_arrivals(case: Case) -> None:
    """Whoever leaves out a file that would not hold cannot call it destroyed since."""
    good = Held.of(case.with_pdfs.read_bytes())
    forged = Forged(good)
    chain = case.desk.seat(OFFICE)

    def left_out(register: str, document: str | None = None) -> Verdict:
        fact = list(forged.each("register_fact", lambda one: one["register"] == register))[-1]
        statement = json.loads(_bytes(fact["columns"]["content"]))
        digest = statement["files"][0]["sha256"]
        held = good.copy()
        del held.members[f"pdfs/{digest}.pdf"]
        line = {
            "chain": str(chain),
            "document": document or statement["document"],
            "sequence": 10**6,
            "sha256": digest,
        }
        held.put_lines("destroyed.jsonl", [*held.lines("destroyed.jsonl"), canonical(line)])
        return examine(held.listed_again())

    assert left_out("incoming").holds
    for lie in (left_out("outgoing"), left_out("incoming", "elsewhere")):
        assert rules(lie) == {Rule.DESTRUCTION_UNPROVEN, Rule.PDF_MISSING}
        assert f"{chain}#{10**6}" in {one.place for one in lie.findings}


TOMBSTONE = {"chain": "x", "document": "x", "sequence": 1, "sha256": "0"}


@pytest.mark.parametrize(
    "line",
    [
        b"[]",
        b"5",
        canonical(TOMBSTONE | {"chain": []}),
        canonical(TOMBSTONE | {"document": {}}),
        canonical(TOMBSTONE | {"sequence": "1"}),
        canonical(TOMBSTONE | {"more": 1}),
    ],
)
def test_a_line_that_tells_of_no_destruction_ends_the_reading(case: Case, line: bytes) -> None:
    held = case.good.copy()
    held.put_lines("destroyed.jsonl", [line, *[b""] * 100_000])
    verdict = examine(held.listed_again())
    assert [(one.rule, one.place) for one in verdict.findings] == [
        (Rule.MEMBER_UNREADABLE, "destroyed.jsonl")
    ]
    assert verdict.found[Rule.MEMBER_UNREADABLE] == 1


def test_a_chain_that_is_not_there_destroys_nothing(case: Case) -> None:
    held = case.good.copy()
    held.put_lines("destroyed.jsonl", [canonical(TOMBSTONE)])
    verdict = examine(held.listed_again())
    assert [(one.rule, one.place) for one in verdict.findings] == [(Rule.DESTRUCTION_UNPROVEN, "x")]


# Whom to believe.


def test_an_auditors_own_anchors_take_the_place_of_the_bundles(case: Case, tmp_path: Path) -> None:
    ours = tmp_path / "ours"
    ours.mkdir()
    for name, content in case.good.members.items():
        if name.startswith("trust/"):
            (ours / Path(name).name).write_bytes(content)
    verdict = verify(case.bundle, anchors=ours)
    assert verdict.holds
    assert "trust_of_the_bundle" not in codes(verdict)
    others = tmp_path / "others"
    others.mkdir()
    (others / "root.der").write_bytes(DevelopmentCA(tmp_path / "pki").trust.anchors[0])
    verdict = verify(case.bundle, anchors=others)
    assert rules(verdict) == {Rule.CHECKPOINT_UNTRUSTED, Rule.STAMP_UNTRUSTED}
    (tmp_path / "none").mkdir()
    with pytest.raises(Invalid):
        verify(case.bundle, anchors=tmp_path / "none")


def test_a_kept_checkpoint_shows_a_log_that_was_rewritten(case: Case, tmp_path: Path) -> None:
    now, kept = case.good.members["log/checkpoint.txt"], tmp_path / "kept.txt"
    kept.write_bytes(now)
    assert verify(case.bundle, checkpoint=kept).holds

    def root(text: bytes, new: bytes) -> bytes:
        origin, size, _, at = text.split(b"\n", 3)
        return b"\n".join((origin, size, new, at))

    other = b"A" * 43 + b"="
    for text in (root(now, other), root(case.kept.read_bytes(), other)):
        kept.write_bytes(text)
        assert rules(verify(case.bundle, checkpoint=kept)) == {Rule.LOG_REWRITTEN}
    kept.write_bytes(case.kept.read_bytes())  # the files' bundle has no proof from there
    assert rules(verify(case.with_pdfs, checkpoint=kept)) == {Rule.LOG_REWRITTEN}
    kept.write_bytes(b"nonsense")
    assert rules(verify(case.bundle, checkpoint=kept)) == {Rule.CHECKPOINT_WRONG}
    assert rules(verify(case.bundle, checkpoint=tmp_path / "x")) == {Rule.CHECKPOINT_WRONG}


def test_a_chain_that_ends_at_an_older_leaf_is_cut(case: Case) -> None:
    """Nothing is forged: an older leaf is in the tree, too. Whatever came later would be gone."""
    forger = tampering_bundles.Forger(case.good, seed=1)
    cut = next(made for _ in range(99) if (made := forger.cut()) is not None)
    chain = cut.what
    verdict = examine(cut.held)
    assert rules(verdict) >= {Rule.CHAIN_HEAD}
    assert rules(verdict) <= {Rule.CHAIN_HEAD, Rule.INDICATOR_DIFFERS, Rule.MEMBER_EXTRA}
    head = len(case.good.lines(f"chains/{chain}/000000001.jsonl"))
    assert f"{chain}#{head}" in {one.place for one in verdict.findings}
    wrong = second_check()(cut.held.members.__getitem__, cut.held.names)
    assert f"{chain}#{head}" in {place for place, _ in wrong}


def test_a_chain_without_a_head_needs_every_leaf(case: Case) -> None:
    held = case.good.copy()
    held.put_json("scope.json", held.json("scope.json") | {"system": 0})
    heads = [line for line in held.lines("log/heads.jsonl") if b'"chain":"system"' not in line]
    held.put_lines("log/heads.jsonl", heads)
    for folder in ("chains", "rows"):
        del held.members[f"{folder}/system/000000001.jsonl"]
    assert Rule.CHAIN_HEAD in rules(examine(held.listed_again()))
    _, first, last = held.lines("log/leaves.jsonl")
    later = {"first": 1, "before": [merkle.leaf_hash(first)]}
    held.put_lines("log/leaves.jsonl", [canonical(later), last])
    missing = (Rule.MEMBER_MISSING, "log/leaves.jsonl system")
    assert missing in {(one.rule, one.place) for one in examine(held.listed_again()).findings}
    wrong = second_check()(held.members.__getitem__, held.names)
    assert "log/leaves.jsonl" in {place for place, _ in wrong}


# An insider with the log's key.


def test_an_insider_who_changes_nothing_is_believed(case: Case) -> None:
    assert case.altered(lambda _: None).findings == []


def change(table: str, column: str, to: Callable[[Any], Any], nth: int = 0, **where: Any) -> Any:
    """Another value in the n-th row of a table."""

    def made(forged: Forged) -> str:
        row = list(
            forged.each(table, lambda one: all(one[key] == value for key, value in where.items()))
        )[nth]
        row["columns"][column] = to(row["columns"][column])
        return f"{table} {row['id']}"

    return made


def stated(key: str, to: Callable[[Any], Any], nth: int, register: str) -> Any:
    """Another word in the statement of the n-th fact."""

    def content(text: str) -> str:
        statement = json.loads(_bytes(text))
        statement[key] = to(statement[key])
        return tampering_bundles.canonical(statement).hex()

    return change("register_fact", "content", content, nth, register=register)


def reported(key: str, to: Any) -> Any:
    def content(text: str) -> str:
        return tampering_bundles.canonical(json.loads(_bytes(text)) | {key: to}).hex()

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
    sha256 = json.loads(_bytes(fact["columns"]["content"]))["files"][0]["sha256"]
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
    content = json.loads(_bytes(row["columns"]["content"]))
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
            statement = json.loads(_bytes(row["columns"]["content"])) | {"issuer": nobody}
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


# Forgers without a key.


def test_single_changes_are_found_and_located(case: Case) -> None:
    """A sample; `make tampering` makes 10,000."""
    done = tampering_bundles.run(case.good, case.kept, 60, seed=6)
    assert [(one.kind, one.what) for one in done.missed] == []
    assert done.made.total() == 60
    assert len(done.made) > 8


def second_check() -> Any:
    return runpy.run_path(str(CHECK))["check"]


def test_both_checks_refuse_at_the_same_place(case: Case) -> None:
    check, kept = second_check(), case.kept.read_bytes()
    assert list(check(case.good.members.__getitem__, case.good.names, kept)) == []
    both = 0
    forger = tampering_bundles.Forger(case.good, seed=7)
    for _ in range(60):
        forgery = forger.forge()
        verdict = examine(forgery.held, checkpoint=case.kept)
        held = forgery.held
        try:
            wrong = list(check(held.members.__getitem__, held.names, kept))
        except (ValueError, KeyError, TypeError, IndexError, AttributeError):
            continue  # what cannot be read has no place
        if wrong:
            both += 1
            places = {one.place for one in verdict.findings}
            named = {beside for place, _ in wrong for beside in (place, _after(place))}
            assert named & places, (forgery, wrong, places)
        else:  # the rest is what rows and signatures mean
            assert forgery.kind.startswith("member") or re_stated(forgery.what), forgery.what
    assert both > 20


def _after(place: str) -> str:
    """The entry after one: a link that cannot be read is its own fault or its predecessor's."""
    chain, _, number = place.partition("#")
    return f"{chain}#{int(number) + 1}" if number else place


def re_stated(what: str) -> bool:
    """Whether a change is in what the second check does not look at."""
    return what.startswith(
        ("indicator.json", "scope.json", "log/", "trust/", "definitions/", "objects/")
    )


def test_the_second_check_is_short_and_needs_nothing(case: Case, tmp_path: Path) -> None:
    source = CHECK.read_text(encoding="utf-8")
    assert len(source.splitlines()) < 150
    tree = ast.parse(source, feature_version=(3, 9))
    imported = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    assert imported <= sys.stdlib_module_names
    assert not any(isinstance(node, ast.ImportFrom) for node in ast.walk(tree))
    said = _check(case.bundle, case.kept)
    assert said.returncode == 0, said.stderr
    assert said.stdout.endswith("ĐẠT\n")
    held = case.good.copy()
    name = next(one for one in held.names if one.startswith("chains/system"))
    lines = held.lines(name)
    held.put_lines(name, lines[:6] + lines[7:])
    forged = tmp_path / "forged.zip"
    forged.write_bytes(held.listed_again().zipped())
    said = _check(forged)
    assert said.returncode == 1
    assert "system#7" in said.stderr
    (finding,) = [one for one in verify(forged).findings if one.rule is Rule.CHAIN_MISSING]
    assert finding.place == "system#7"


def _check(*arguments: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", str(CHECK), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8")


def test_all_three_know_the_same_tables() -> None:
    assert EXPORTED.keys() == SELECTED
    assert set(runpy.run_path(str(CHECK))["TABLES"].split()) == SELECTED


# Hostile files.


def hostile(good: Held) -> dict[str, bytes]:
    bundle = good.zipped()

    def zipped(**members: bytes) -> bytes:
        return Held({**good.members, **members}).zipped()

    def packed(*members: tuple[str, bytes]) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members:
                archive.writestr(name, content)
        return out.getvalue()

    end = bundle.rindex(b"PK\5\6")
    scope = good.json("scope.json")
    endless = Held({**good.members})
    endless.put_json("scope.json", scope | {"system": 2**52})
    no_list = bytearray(bundle)
    struct.pack_into("<LL", no_list, end + 12, 0xFFFFFF0, 0)
    nobody = good.copy(**{"scope.json": canonical(scope | {"organisations": []})})
    timeless = good.copy(
        **{"scope.json": canonical(scope | {"as_of": "0001-01-01T00:00:00.000000+14:00"})}
    )
    head = json.loads(good.lines("log/heads.jsonl")[0])
    unnamed = good.copy(**{"log/heads.jsonl": canonical(head | {"chain": []}) + b"\n"})
    blank = good.copy(**{"log/heads.jsonl": b"\n" * 30_000_000})
    (definition,) = [name for name in good.names if name.startswith("definitions/")]
    bomb = Held({**good.members, "manifest.json": b" " * 50_000_000})
    lines = good.copy(**{"log/heads.jsonl": b"[" * 20_000_000})
    return {
        "empty": b"",
        "text": b"not a bundle\n" * 50,
        "cut off": bundle[: len(bundle) // 2],
        "end cut off": bundle[:-1],
        "something before": b"#!/bin/sh\n" + bundle,
        "something behind": bundle + b"x",
        "a list too long": bytes(no_list),
        "bomb": bomb.zipped(),
        "a line without end": lines.listed_again().zipped(),
        "two lists": _with_two_lists(bundle),
        "a link": _with(good, "log/issuers.der", external_attr=0o120777 << 16),
        "another name": _with(good, "scope.json", extra=b"up\t\0\1" + b"\0" * 4 + b"evil"),
        "of nobody": nobody.listed_again().zipped(),
        "before all time": timeless.listed_again().zipped(),
        "a head of no chain": unnamed.listed_again().zipped(),
        "blank lines": blank.listed_again().zipped(),
        "deep definition": good.copy(**{definition: b"a=" + b"[" * 9_000})
        .listed_again()
        .zipped(),
        "endless chain": endless.listed_again().zipped(),
        "deep": zipped(**{"manifest.json": b"[" * 5_000}),
        "manifest of nothing": zipped(**{"manifest.json": b'{"members":[],"version":1}'}),
        "manifest of later": zipped(**{"manifest.json": b'{"members":[],"version":2}'}),
        "only a manifest": packed(("manifest.json", b'{"members":[],"version":1}')),
        "path": packed(("../../evil", b"x"), *good.members.items()),
        "absolute": packed(("/tmp/evil", b"x"), *good.members.items()),  # noqa: S108
        "scope of later": good.copy(
            **{"scope.json": tampering_bundles.canonical(scope | {"version": 2})}
        )
        .listed_again()
        .zipped(),
        "an unknown table": good.copy(
            **{"rows/system/000000001.jsonl": b'{"columns":{},"id":"x","salt":"%b","table":"t"}\n'
               % (b"00" * 16)}
        )
        .listed_again()
        .zipped(),
    }  # fmt: skip


def _with(good: Held, name: str, **changes: Any) -> bytes:
    """The bundle, with a member that the list of the ZIP describes in another way."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for one, content in good.members.items():
            info = zipfile.ZipInfo(one)
            for key, value in changes.items() if one == name else ():
                setattr(info, key, value)
            archive.writestr(info, content)
    return out.getvalue()


def _with_two_lists(bundle: bytes) -> bytes:
    """One list where the ZIP64 locator says, another where Python's reader looks."""
    end = bundle.rindex(b"PK\5\6")
    many, offset = struct.unpack("<10xH4xI2x", bundle[end:])
    listed = bundle[offset:end]

    def end_64(many: int, listed: bytes, offset: int) -> bytes:
        fields = (44, 45, 45, 0, 0, many, many, len(listed), offset)
        return b"PK\6\6" + struct.pack("<QHHLLQQQQ", *fields)

    shorter = listed[: listed.rindex(b"PK\1\2")]
    told = bundle[:offset] + shorter
    both = told + end_64(many - 1, shorter, offset)
    both += listed + end_64(many, listed, len(both))
    both += b"PK\6\7" + struct.pack("<LQL", 0, len(told), 1)
    return both + b"PK\5\6" + struct.pack("<HHHHLLH", 0, 0, *[2**16 - 1] * 2, *[2**32 - 1] * 2, 0)


#: What Python's reader of ZIPs takes as it is, or the second check has no say in.
BEYOND_THE_SECOND = frozenset(
    {
        "something before",
        "something behind",
        "a link",
        "another name",
        "two lists",
        "of nobody",
        "deep definition",
    }
    | {"scope of later", "blank lines", "a head of no chain", "a line without end"}
)


def test_the_second_check_refuses_strangers_files_in_a_line(case: Case, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.zip"
    for name, content in hostile(case.good).items():
        bundle.write_bytes(content)
        said = _check(bundle)
        assert "Traceback" not in said.stderr, name
        assert said.returncode == 1 or name in BEYOND_THE_SECOND, name
    for kept in (b"", b"nonsense", b"a\nb\nc\n"):
        (tmp_path / "kept.txt").write_bytes(kept)
        said = _check(case.bundle, tmp_path / "kept.txt")
        assert (said.returncode, said.stderr[:4]) == (1, "SAI:")
    assert _check(tmp_path / "absent.zip").stderr.startswith("SAI:")


def test_a_strangers_zip_is_refused_and_nothing_is_written(case: Case, tmp_path: Path) -> None:
    for name, content in hostile(case.good).items():
        folder = tmp_path / name
        folder.mkdir()
        bundle = folder / "bundle.zip"
        bundle.write_bytes(content)
        verdict = verify(bundle)
        assert not verdict.holds, name
        assert all(one.rule.sentence for one in verdict.findings)
        assert list(folder.iterdir()) == [bundle]
    assert not Path("/tmp/evil").exists()  # noqa: S108
    assert rules(verify(tmp_path)) == {Rule.NOT_A_BUNDLE}
    assert rules(verify(tmp_path / "absent.zip")) == {Rule.NOT_A_BUNDLE}


def test_a_name_that_is_there_twice_is_refused(case: Case, tmp_path: Path) -> None:
    bundle = tmp_path / "twice.zip"
    shutil.copyfile(case.bundle, bundle)
    with zipfile.ZipFile(bundle, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("scope.json", b"{}")
    assert rules(verify(bundle)) == {Rule.NOT_A_BUNDLE}


def test_many_findings_are_counted_and_few_kept(case: Case) -> None:
    held = case.good.copy()
    for number in range(1000):
        held.members[f"x{number}"] = b""
    verdict = examine(held)
    assert verdict.found[Rule.MEMBER_EXTRA] == 1000
    assert len(verdict.findings) < 300


# The command.


def said(*arguments: str) -> tuple[int, str]:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(["verify", *arguments])
    return code, out.getvalue() + err.getvalue()


def test_the_command_ends_with_0_only_when_all_holds(case: Case, tmp_path: Path) -> None:
    code, told = said(str(case.bundle), "--checkpoint", str(case.kept))
    assert code == 0
    assert "ĐẠT" in told
    assert "KHÔNG ĐẠT" not in told
    code, told = said(str(case.bundle), "--json")
    answer = json.loads(told)
    assert (code, answer["holds"], answer["findings"]) == (0, True, [])
    forged = tmp_path / "forged.zip"
    forged.write_bytes(case.good.copy(**{"log/checkpoint.sig": b"no"}).listed_again().zipped())
    code, told = said(str(forged))
    assert code == 1
    assert "checkpoint_unsigned: log/checkpoint.sig" in told
    code, told = said(str(forged), "--json")
    (finding,) = json.loads(told)["findings"]
    assert (code, finding["rule"]) == (1, "checkpoint_unsigned")
    assert finding["sentence"] == Rule.CHECKPOINT_UNSIGNED.sentence
    for option in ("--anchors", "--pdfs"):
        code, _ = said(str(case.bundle), option, str(tmp_path / "absent"))
        assert code == 2


def test_nothing_of_a_bundle_steers_the_terminal(case: Case, tmp_path: Path) -> None:
    held = case.good.copy()
    scope = held.json("scope.json")
    scope["organisations"][0]["name"] = "\x1b[2J\u202eĐẠT"
    held.put_json("scope.json", scope)
    bundle = tmp_path / "bundle.zip"
    bundle.write_bytes(held.listed_again().zipped())
    _, told = said(str(bundle))
    second = _check(bundle).stdout
    for text in (told, second):
        assert "\\x1b[2J\\u202eĐẠT" in text
        assert "\x1b" not in text


def test_who_stops_listening_does_not_turn_the_verdict(case: Case, tmp_path: Path) -> None:
    forged = tmp_path / "forged.zip"
    forged.write_bytes(case.good.copy(**{"log/checkpoint.sig": b"no"}).listed_again().zipped())
    script = "import sys; from api.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", script, "verify", str(forged)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        complaints = running.stderr.read()
    assert (running.returncode, complaints) == (1, b"")


def test_every_rule_is_explained() -> None:
    page = (ROOT / "docs" / "auditing" / "findings.md").read_text(encoding="utf-8")
    table = page.partition("## Notes")[0].splitlines()
    rows = [line.split(" | ")[:2] for line in table if line.startswith("| `")]
    assert rows == [[f"| `{rule}`", rule.sentence] for rule in Rule]


# What is kept on disk.


def test_a_shelf_gives_back_what_it_put_on_disk() -> None:
    shelf: Shelf[list[int]] = Shelf(most=10)
    for number in range(100):
        shelf.put(str(number), [number])
    assert shelf.get("3") == [3]
    shelf.put("3", [3, 3])
    for number in range(100, 140):
        shelf.put(str(number), [number])
    assert shelf.get("3") == [3, 3]
    assert shelf.get("none") is None
    found = dict(shelf.items())
    assert len(found) == 140
    assert found["3"] == [3, 3]
    assert found["57"] == [57]
    shelf.close()


class _Chains:
    """A scope of which only its chains are asked."""

    def chains(self) -> Iterator[tuple[str, int, int]]:
        return iter(())


def test_time_goes_back_in_no_slice_after_another() -> None:
    asked = [Slice("c", first, 5, f"chains/c/{first}", None) for first in (1, 6, 11)]
    noon = datetime(2026, 11, 22, 5, tzinfo=UTC)
    moments = [noon, noon - timedelta(minutes=30), noon - timedelta(days=400)]
    answers = [Read(earliest=at, latest=at, previous="x", last="x") for at in moments]
    found = Found()
    told = chains.check_links(
        cast(Archive, None),
        cast(Scope, _Chains()),
        {},
        found,
        zip(asked, answers, strict=True),
    )
    assert [answer.latest for _, answer in told] == [noon] * 3  # a later slice is no older
    assert [(one.rule, one.place) for one in found.kept] == [(Rule.CLOCK_BACK, "c#11")]
