"""The verifier: it accepts what the office exports, and names what somebody changed."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from api.cli import main
from benchmarks import tampering_bundles
from signing.devca import DevelopmentCA
from tests.workflow.bundles import Held
from tests.workflow.desk import OFFICE
from tests.workflow.insider import Forged, stated
from tests.workflow.verified import Case, codes, rules, run_check, second_check
from workflow import evidence
from workflow.evidence import Request
from workflow.facts.indicator import measured
from workflow.rules import merkle
from workflow.rules.canonical import canonical
from workflow.rules.errors import Invalid
from workflow.verifier import chains
from workflow.verifier.archive import Archive
from workflow.verifier.checking import examine, verify
from workflow.verifier.findings import Found, Rule, Verdict
from workflow.verifier.scope import Scope
from workflow.verifier.shelf import Shelf
from workflow.verifier.slices import Read, Slice

ROOT = Path(__file__).parents[2]


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
    named = json.loads(bytes.fromhex(fact["columns"]["content"]))["files"][0]["report"]
    (report,) = [row for row in forged.each("report") if row["id"] == named]
    content = bytes.fromhex(report["columns"]["content"]).replace(
        b'"coverage":"', b'"coverage":"X', 1
    )
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
        report = json.loads(bytes.fromhex(row["columns"]["content"])) | {"reasons": 5}
        row["columns"]["content"] = canonical(report).hex()
    verdict = examine(forged.whole(case.desk.office))
    assert rules(verdict) == {Rule.VERDICT_DIFFERS}
    assert {one.detail for one in verdict.findings} == {"report"}


def test_a_file_that_cannot_be_read_is_missed(case: Case, tmp_path: Path) -> None:
    (tmp_path / "bad.pdf").symlink_to("/proc/self/mem")  # a plain file whose first byte is an error
    verdict = verify(case.bundle, pdfs=tmp_path)
    assert rules(verdict) == {Rule.PDF_MISSING}


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
        statement = json.loads(bytes.fromhex(fact["columns"]["content"]))
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
    second = run_check(bundle).stdout
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
