"""Files of documents over HTTP: whole, named by their digest, kept, and who looked at them."""

from __future__ import annotations

import hashlib

import pytest
from sqlalchemy import select

from tests.api.conftest import Counter, problem
from tests.api.desk import CLERK, LEADER, Desk, made
from tests.api.papers import a_pdf
from workflow.records import JournalEntry
from workflow.rules import journal


@pytest.fixture
def desk(counter: Counter) -> Desk:
    return Desk(counter)


def test_the_bytes_come_back_whole_and_are_named_by_their_digest(desk: Desk) -> None:
    paper = desk.draft()
    (file,) = paper.seen()["files"]
    answer = desk.counter[CLERK].get(f"/documents/{paper.id}/files/{file['id']}/content")
    assert answer.status_code == 200
    assert answer.content == a_pdf()
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["etag"] == f'"{hashlib.sha256(answer.content).hexdigest()}"'
    assert answer.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["content-security-policy"]


def test_every_revision_stays_readable(desk: Desk) -> None:
    counter, paper = desk.counter, desk.draft()
    draft = paper.seen()["files"][0]
    paper.signed()
    history = counter[CLERK].get(f"/documents/{paper.id}/history").json()["items"]
    assert [one["made_as"] for one in history] == ["draft", "prepared", "signed"]
    assert history[0]["sha256"] == draft["sha256"]
    assert len(history[2]["checked_at"]) == 1
    content = f"/documents/{paper.id}/files/{draft['id']}/content"
    first = counter[CLERK].get(content, params={"sha256": draft["sha256"]})
    assert first.content == a_pdf()
    newest = counter[CLERK].get(content)
    assert hashlib.sha256(newest.content).hexdigest() == history[2]["sha256"]
    report = made(counter[CLERK].get(f"/documents/{paper.id}/files/{draft['id']}/report"), 200)
    assert report["verdict"] == "HOP_LE"
    assert report["sha256"] == history[2]["sha256"]
    unjudged = f"/documents/{paper.id}/files/{draft['id']}/report?sha256={draft['sha256']}"
    problem(counter[CLERK].get(unjudged), 404, "not-found")


def test_altered_bytes_never_arrive_whole(desk: Desk) -> None:
    paper = desk.draft()
    (file,) = paper.seen()["files"]
    store = desk.counter.office.settings.data_dir / "objects"
    (stored,) = [path for path in store.rglob(file["sha256"]) if path.is_file()]
    content = bytearray(stored.read_bytes())
    content[100] ^= 1
    stored.chmod(0o600)
    stored.write_bytes(content)
    answer = desk.counter[CLERK].get(f"/documents/{paper.id}/files/{file['id']}/content")
    problem(answer, 500, "internal-error")


def test_looking_is_logged_beside_the_journal_of_work(desk: Desk) -> None:
    paper = desk.draft()
    before = desk.counter["xa.kiemtoan"].get(f"/organisations/{desk.seat()}/journal").json()
    paper.seen(LEADER)
    after = desk.counter["xa.kiemtoan"].get(f"/organisations/{desk.seat()}/journal").json()
    assert before == after
    with desk.counter.office.reading(None) as reading:
        looks = reading.session.scalars(
            select(JournalEntry)
            .where(JournalEntry.chain == f"access:{desk.seat()}")
            .order_by(JournalEntry.sequence)
        ).all()
    # The auditor's own looks, before and after, are there as well.
    first, entry, last = (journal.parse(look.content) for look in looks)
    assert [first.action, last.action] == ["organisation.audited"] * 2
    assert entry.subject == paper.id
    assert entry.actor == desk.person(LEADER)


def test_what_a_verdict_rests_on_is_kept_apart_and_can_be_fetched(desk: Desk) -> None:
    counter, paper = desk.counter, desk.draft()
    draft = paper.seen()["files"][0]
    paper.signed()
    of_file = f"/documents/{paper.id}/files/{draft['id']}"
    (signature,) = made(counter[CLERK].get(f"{of_file}/report"), 200)["signatures"]
    kinds = {"certificate", "ocsp", "crl", "timestamp"}
    assert {piece["kind"] for piece in signature["evidence"]} == kinds
    for piece in signature["evidence"]:
        answer = counter[CLERK].get(f"{of_file}/evidence/{piece['sha256']}")
        assert answer.status_code == 200
        assert hashlib.sha256(answer.content).hexdigest() == piece["sha256"]
        assert len(answer.content) == piece["size_bytes"]
        assert answer.headers["content-type"].startswith("application/")
        assert answer.headers["content-type"] != "application/pdf"
    with desk.counter.office.reading(None) as reading:
        last = reading.session.scalars(
            select(JournalEntry)
            .where(JournalEntry.chain == f"access:{desk.seat()}")
            .order_by(JournalEntry.sequence.desc())
        ).first()
    assert last is not None
    assert journal.parse(last.content).facts["what"] == "evidence"


def test_nothing_but_evidence_is_fetched_as_evidence(desk: Desk) -> None:
    counter, paper = desk.counter, desk.draft()
    draft = paper.seen()["files"][0]
    paper.signed()
    of_file = f"/documents/{paper.id}/files/{draft['id']}"
    report = made(counter[CLERK].get(f"{of_file}/report"), 200)
    piece = report["signatures"][0]["evidence"][0]["sha256"]
    problem(counter[CLERK].get(f"{of_file}/evidence/{draft['sha256']}"), 404, "not-found")
    problem(counter[CLERK].get(f"{of_file}/evidence/{'0' * 64}"), 404, "not-found")
    # Nobody had judged the draft.
    earlier = {"sha256": draft["sha256"]}
    problem(counter[CLERK].get(f"{of_file}/evidence/{piece}", params=earlier), 404, "not-found")
