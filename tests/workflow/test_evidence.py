"""The auditor's bundle: whole, the same bytes again, and nothing in it but what the chains say."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import uuid
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import insert, select

from signing.sandbox import Sandbox
from tests import servers
from tests.workflow.conftest import Founded
from tests.workflow.desk import COMMUNE, OFFICE, desk_of
from tests.workflow.test_delivery import THEIR_CLERK, delivered, recall
from workflow import evidence, registration
from workflow.chains import SYSTEM_CHAIN
from workflow.checkpointing import append, stamp
from workflow.evidence import Request, chains
from workflow.evidence.chains import SELECTED
from workflow.evidence.names import Names
from workflow.evidence.plans import planned
from workflow.facts.indicator import measured
from workflow.migrating import migrate
from workflow.office import Office
from workflow.records import Base, JournalEntry
from workflow.rules import journal, merkle
from workflow.rules.canonical import plain
from workflow.rules.checkpoints import parse_head, parse_leaf
from workflow.rules.errors import GuardsUnmet, Invalid, NotFound
from workflow.rules.statements import parse
from workflow.settings import Settings


@dataclass(frozen=True)
class Told:
    """An office in which something happened, and what was exported of it in the meantime."""

    office: Office
    period: str
    seats: tuple[uuid.UUID, uuid.UUID]
    came: uuid.UUID
    early: bytes
    early_with_pdfs: bytes

    def bundle(self, **changes: Any) -> bytes:
        return bundle(self.office, self.seats, self.period, **changes)

    @property
    def checkpoint(self) -> int:
        """That of the early bundle."""
        return int(json.loads(opened(self.early)["scope.json"])["checkpoint"])


def bundle(office: Office, seats: tuple[uuid.UUID, ...], period: str, **changes: Any) -> bytes:
    out = io.BytesIO()
    manifest = evidence.export(office, Request(seats, period, **changes), out)
    with zipfile.ZipFile(out) as archive:
        assert archive.testzip() is None
        assert hashlib.sha256(archive.read("manifest.json")).hexdigest() == manifest
    return out.getvalue()


@pytest.fixture(scope="module")
def walked(
    founded_on_sqlite: Founded, tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox
) -> Iterator[Told]:
    """One office for all tests, which only read."""
    folder = tmp_path_factory.mktemp("told")
    shutil.copytree(founded_on_sqlite.data_dir, folder / "office")
    office = Office.open(Settings(data_dir=folder / "office"))
    office.sealing.sandbox = sandbox
    desk = desk_of(office, folder)
    with office.reading(None) as reading:
        period = str(reading.today.year)
    sent, came = delivered(desk)
    desk.registered()
    desk.do(THEIR_CLERK, registration.register, came, desk.case(came).version)
    desk.run_jobs()
    seats = (desk.seat(COMMUNE), desk.seat(OFFICE))
    append(office)
    stamp(office)
    early = bundle(office, seats, period)
    with_pdfs = bundle(office, seats, period, pdfs=True)
    recall(desk, sent)
    desk.run_jobs()
    append(office)
    stamp(office)
    yield Told(office, period, seats, came, early, with_pdfs)
    office.close()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def told(request: pytest.FixtureRequest, walked: Told) -> Iterator[Told]:
    """The same rows and objects on each database."""
    if request.param == "sqlite":
        yield walked
        return
    here = walked.office.settings
    with servers.postgres_database(request.getfixturevalue("postgres_server")) as url:
        settings = Settings(data_dir=here.data_dir, database_url=SecretStr(url))
        migrate(settings)
        office = Office.open(settings)
        office.sealing.sandbox = walked.office.sealing.sandbox
        with walked.office.database.read() as source, office.database.write() as target:
            for table in Base.metadata.sorted_tables:
                rows = source.execute(select(table).order_by(*table.primary_key)).mappings().all()
                if rows:
                    target.execute(insert(table), [dict(row) for row in rows])
            target.commit()
        yield replace(walked, office=office)
        office.close()


def opened(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def lines(content: bytes) -> list[Any]:
    return [json.loads(line) for line in content.splitlines()]


def of_chain(held: dict[str, bytes], folder: str, chain: object) -> list[bytes]:
    return [
        line
        for name in sorted(held)
        if name.startswith(f"{folder}/{chain}/")
        for line in held[name].splitlines()
    ]


def test_it_holds_every_entry_and_every_selected_row_that_they_digest(told: Told) -> None:
    held = opened(told.bundle())
    scope = json.loads(held["scope.json"])
    heads = {SYSTEM_CHAIN: scope["system"]} | {
        one["id"]: one["chain"] for one in scope["organisations"]
    }
    tables = set()
    for chain, head in heads.items():
        with told.office.reading(None) as reading:
            stored = reading.session.scalars(
                select(JournalEntry.content)
                .where(JournalEntry.chain == chain, JournalEntry.sequence <= head)
                .order_by(JournalEntry.sequence)
            ).all()
        assert of_chain(held, "chains", chain) == list(stored)
        assert len(stored) == head > 0
        named = [
            row
            for content in stored
            for row in journal.parse(content).rows
            if row.table in SELECTED
        ]
        rows = [json.loads(line) for line in of_chain(held, "rows", chain)]
        assert [(row["table"], row["id"]) for row in rows] == [row[:2] for row in named]
        for row, digested in zip(rows, named, strict=True):
            salt = bytes.fromhex(row["salt"])
            assert journal.row_digest(salt, row["table"], row["columns"]) == digested.digest
        tables |= {row["table"] for row in rows}
    assert {"register_entry", "register_fact", "report", "revision", "relation"} <= tables


def test_the_manifest_lists_every_other_member_in_order(told: Told) -> None:
    content = told.bundle(pdfs=True)
    held = opened(content)
    listed = json.loads(held["manifest.json"])["members"]
    assert [one["name"] for one in listed] == list(held)[:-1]
    for one in listed:
        data = held[one["name"]]
        assert (one["sha256"], one["bytes"]) == (hashlib.sha256(data).hexdigest(), len(data))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for info in archive.infolist():
            assert (info.date_time, info.external_attr >> 16) == ((1980, 1, 1, 0, 0, 0), 0o100644)


def test_the_same_request_gives_the_same_bytes_whatever_was_done_since(told: Told) -> None:
    assert told.bundle(checkpoint=told.checkpoint) == told.early
    later = told.bundle()
    assert told.bundle() == later
    assert later != told.early


def test_the_proofs_lead_from_the_heads_to_the_signed_checkpoint(told: Told) -> None:
    held = opened(told.bundle(since=told.checkpoint))
    tree = parse_head(held["log/checkpoint.txt"])
    scope = json.loads(held["scope.json"])
    assert (tree.size, tree.origin) == (scope["checkpoint"], scope["log"])
    assert scope["as_of"] == plain(tree.at)
    for line in lines(held["log/heads.jsonl"]):
        leaf = parse_leaf(line["content"].encode())
        assert (line["chain"], line["sequence"], line["digest"]) in leaf.heads
        merkle.verify_inclusion(
            merkle.leaf_hash(line["content"].encode()),
            line["leaf"],
            tree.size,
            [bytes.fromhex(one) for one in line["path"]],
            tree.root,
        )
        last = of_chain(held, "chains", line["chain"])[-1]
        assert journal.entry_digest(last) == line["digest"]
    since = json.loads(held["log/since.json"])
    before = parse_head(opened(told.early)["log/checkpoint.txt"])
    path = [bytes.fromhex(one) for one in since["path"]]
    merkle.verify_consistency(since["first"], since["second"], before.root, tree.root, path)
    assert "log/since.json" not in opened(told.early)


def test_the_last_leaves_come_to_the_root_and_name_no_later_head(told: Told) -> None:
    """Bounded by the oldest head; of an organisation that did nothing yet, every leaf is silent."""
    alone = opened(bundle(told.office, told.seats[1:], told.period))
    for held, first in ((alone, 0), (opened(told.bundle(checkpoint=told.checkpoint)), 0)):
        tree = parse_head(held["log/checkpoint.txt"])
        opening, *leaves = held["log/leaves.jsonl"].splitlines()
        begin = json.loads(opening)
        assert begin["first"] == first
        before = [bytes.fromhex(one) for one in begin["before"]]
        hashes = [merkle.leaf_hash(leaf) for leaf in leaves]
        assert merkle.grown(first, before, hashes) == (tree.size, tree.root)
        newest = {head.chain: head for leaf in leaves for head in parse_leaf(leaf).heads}
        for line in lines(held["log/heads.jsonl"]):
            told_last = newest[line["chain"]]
            assert told_last[1:] == (line["sequence"], line["digest"])


def test_what_is_claimed_is_what_the_office_shows(told: Told) -> None:
    claims = json.loads(opened(told.bundle())["indicator.json"])
    for seat, claim in zip(told.seats, claims["organisations"], strict=True):
        with told.office.reading(None) as reading:
            report = measured(reading, seat, told.period)
        assert claim["id"] == str(seat)
        assert len(claim["issuers"]) == len(report.issuers)
        for one, (issuer, found) in zip(claim["issuers"], report.issuers, strict=True):
            assert one["issuer_id"] == str(issuer.id)
            assert one["completed_on_time"] == found.completed_on_time
            for name, fraction in one["fractions"].items():
                shown = getattr(found, name)
                assert (fraction["rows"], fraction["counting"]) == (shown.rows, shown.counting)
                assert fraction["reasons"] == dict(shown.reasons)
    early = json.loads(opened(told.early)["indicator.json"])
    assert early["organisations"] != claims["organisations"]


def test_the_evidence_of_the_reports_and_the_files_are_in(told: Told) -> None:
    held = opened(told.early_with_pdfs)
    assert json.loads(held["scope.json"])["pdfs"] is True
    reports = {}
    newest = {}
    for seat in told.seats:
        for line in of_chain(held, "rows", seat):
            row = json.loads(line)
            content = bytes.fromhex(row["columns"].get("content", ""))
            if row["table"] == "report":
                reports[row["id"]] = json.loads(content)
            elif row["table"] == "register_fact":
                newest[row["columns"]["document_id"]] = parse(content)
    files = {file.sha256 for statement in newest.values() for file in statement.files}
    named = {
        piece["sha256"]
        for statement in newest.values()
        for report in statement.reports()
        for signature in reports[report]["signatures"]
        for piece in signature["evidence"]
    }
    assert len(files) > 1
    assert named
    folders = {
        "objects": {f"objects/{one}" for one in named},
        "pdfs": {f"pdfs/{one}.pdf" for one in files},
    }
    for folder, names in folders.items():
        assert {name for name in held if name.startswith(f"{folder}/")} == names
    for name, content in held.items():
        if name.startswith(("objects/", "pdfs/", "trust/", "definitions/")):
            digest = Path(name).name.split(".")[0]
            assert hashlib.sha256(content).hexdigest() == digest
    anchors = {name for name in held if name.startswith("trust/")}
    assert len(anchors) == len(told.office.sealing.trust.anchors)
    assert held["destroyed.jsonl"] == held["missing.jsonl"] == b""
    assert not any(name.startswith("pdfs/") for name in opened(told.early))


def test_what_was_destroyed_after_a_recall_has_a_tombstone(told: Told) -> None:
    held = opened(bundle(told.office, (told.seats[1],), told.period, pdfs=True))
    (line,) = lines(held["destroyed.jsonl"])
    assert (line["chain"], line["document"]) == (str(told.seats[1]), str(told.came))
    entry = journal.parse(of_chain(held, "chains", told.seats[1])[line["sequence"] - 1])
    assert (entry.action, entry.subject) == ("incoming.recalled", line["document"])
    facts: dict[str, Any] = dict(entry.facts)
    assert line["sha256"] in facts["destroyed"]
    file = f"pdfs/{line['sha256']}.pdf"
    assert file not in held
    assert held["missing.jsonl"] == b""
    both = opened(told.bundle(pdfs=True))  # the sender still holds what it sent
    assert file in both
    assert both["destroyed.jsonl"] == b""


def test_what_was_destroyed_since_the_checkpoint_names_the_later_entry(told: Told) -> None:
    alone = bundle(
        told.office, (told.seats[1],), told.period, checkpoint=told.checkpoint, pdfs=True
    )
    held = opened(alone)
    (line,) = lines(held["destroyed.jsonl"])
    (head,) = [one["chain"] for one in json.loads(held["scope.json"])["organisations"]]
    assert line["sequence"] > head
    assert f"pdfs/{line['sha256']}.pdf" not in held
    assert held["missing.jsonl"] == b""


def test_what_cannot_be_bounded_is_refused(told: Told) -> None:
    def refused(**changes: Any) -> str:
        asked = {"organisation_ids": told.seats, "period": told.period, **changes}
        with told.office.reading(None) as reading, pytest.raises(Exception) as no:  # noqa: PT011
            planned(reading, Request(**asked))
        assert isinstance(no.value, NotFound | Invalid | GuardsUnmet)
        return str(no.value)

    assert "99" in refused(checkpoint=99)
    assert refused(checkpoint=2**70)
    assert refused(since=99)
    assert refused(since=0)
    assert refused(period="2026-13")
    assert refused(organisation_ids=[uuid.uuid4()])


def test_chains_come_in_slices_and_old_ones_without_rows(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = opened(told.bundle())
    monkeypatch.setattr(chains, "SLICE", 10)
    sliced = opened(told.bundle())
    chain = str(told.seats[0])
    for folder in ("chains", "rows"):
        assert of_chain(sliced, folder, chain) == of_chain(whole, folder, chain)
    names = [name for name in sliced if name.startswith((f"chains/{chain}/", f"rows/{chain}/"))]
    assert names[:3] == [
        f"chains/{chain}/000000001.jsonl",
        f"rows/{chain}/000000001.jsonl",
        f"chains/{chain}/000000011.jsonl",
    ]
    stored = of_chain(whole, "chains", chain)
    head = len(stored)
    at = [journal.parse(content).at for content in stored]
    cut = at[24]  # in the third slice
    assert at[19] < cut
    assert chains.first_since(told.office, chain, head, cut) == 21
    assert chains.first_since(told.office, chain, head, at[0]) == 1
    assert chains.first_since(told.office, chain, head, at[-1] + timedelta(seconds=1)) > head
    with Names.open() as names_:
        late = [member.name for member, _ in chains.sliced(told.office, chain, head, 21, names_)]
    assert late[:3] == [f"chains/{chain}/{first:09}.jsonl" for first in (1, 11, 21)]
    assert late[3] == f"rows/{chain}/000000021.jsonl"


def test_what_the_archive_cannot_give_is_listed_and_stops_nothing(told: Told) -> None:
    seat = told.seats[0]
    held = opened(bundle(told.office, (seat,), told.period, pdfs=True))
    objects = told.office.settings.data_dir / "objects" / str(seat)
    piece = next(name for name in held if name.startswith("objects/"))
    file = next(name for name in held if name.startswith("pdfs/"))
    gone, altered = (objects / Path(name).stem[:2] / Path(name).stem for name in (piece, file))
    content = gone.read_bytes(), altered.read_bytes()
    altered.chmod(0o600)
    gone.unlink()
    altered.write_bytes(content[1][:-1] + b"?")
    try:
        found = opened(bundle(told.office, (seat,), told.period, pdfs=True))
    finally:
        gone.write_bytes(content[0])
        altered.write_bytes(content[1])
    assert lines(found["missing.jsonl"]) == [
        {"kind": "object", "sha256": gone.name, "why": "missing"},
        {"kind": "pdf", "sha256": altered.name, "why": "altered"},
    ]
    assert held.keys() - found.keys() == {piece, file}
