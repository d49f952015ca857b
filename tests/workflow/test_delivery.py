"""From one organisation's issue to another's register, and back again by recall."""

from __future__ import annotations

import json
import uuid

import pytest
from sqlalchemy import select

from storage import outbox
from storage.objects import ObjectRef
from tests.workflow.desk import CLERK, HEAD, LEADER, OFFICE, SPECIALIST, Desk
from workflow import circulation, drafting, issuing, registration, reviewing, signatures
from workflow.circulation import Handler
from workflow.delivery import deliver_document, destroy_objects, recall_delivery, report_status
from workflow.drafting import Draft, RecipientLine, SignerLine
from workflow.files import Content
from workflow.idempotency import Answer, Asked, claim, find, keep
from workflow.incoming_views import Filter, incoming_register, list_incoming, view_incoming
from workflow.outgoing_views import recipients_of, view_outgoing
from workflow.records import (
    Case,
    Despatch,
    Document,
    File,
    Incoming,
    Issuer,
    JournalEntry,
    Move,
    Recipient,
    Relation,
    Revision,
    Task,
    Unit,
    job,
)
from workflow.rules import journal
from workflow.rules.errors import GuardsUnmet

THEIR_CLERK, THEIR_LEADER, THEIR_HEAD = "vpdp.vanthu", "vpdp.chanhvp", "vpdp.truongphong"


def issue(desk: Desk, **changes: object) -> uuid.UUID:
    """A document of the commune to the provincial office, issued; jobs are not done yet."""
    file = desk.keep(desk.pdf("VAN BAN"))
    signer = SignerLine(desk.actor(LEADER).person_id, "competent", "TM")
    named = {
        "issuer_id": desk.one(
            Issuer, Issuer.symbol == "UBND", Issuer.organisation_id == desk.commune
        ).id,
        "unit_id": desk.one(Unit, Unit.symbol == "VP", Unit.organisation_id == desk.commune).id,
        "type_code": "bao_cao",
        "subject": "Báo cáo kết quả xây dựng nông thôn mới",
        "files": [Content(file.sha256, file.size_bytes)],
        "signers": [signer],
        "recipients": [RecipientLine("Văn phòng Điều phối", "report", "system", desk.seat(OFFICE))],
        "archived_by": "VT",
        **changes,
    }
    case = desk.do(SPECIALIST, drafting.draft, Draft(**named))  # type: ignore[arg-type]
    document_id = case.document_id
    prepared = reviewing.prepare(desk.office, desk.actor(SPECIALIST), document_id)
    desk.do(SPECIALIST, reviewing.submit, document_id, desk.case(document_id).version, prepared)
    for who, act, *trigger in (
        (HEAD, reviewing.review, "check_content"),
        (LEADER, reviewing.review, "approve"),
        ("xa.thethuc", reviewing.review, "check_format"),
        (LEADER, signatures.sign),
        (CLERK, issuing.number),
        (CLERK, signatures.seal),
        (CLERK, issuing.issue),
    ):
        detail = desk.see(CLERK, view_outgoing, document_id)
        content = [] if act in (issuing.number, issuing.issue) else [detail.content_sha256]
        desk.do(who, act, document_id, detail.case.version, *trigger, *content)
        if act is not issuing.issue:
            desk.run_jobs()
    return document_id


def delivered(desk: Desk) -> tuple[uuid.UUID, uuid.UUID]:
    """An issued document, and what it became at the receiver."""
    sent = issue(desk)
    desk.run_jobs()
    return sent, desk.one(Incoming).document_id


def recall(desk: Desk, sent: uuid.UUID) -> uuid.UUID:
    """Issue the notice of its recall (Art. 18.4)."""
    return issue(desk, type_code="thong_bao", subject="Thu hồi báo cáo", bears_on=("recalls", sent))


def statuses(desk: Desk, sent: uuid.UUID) -> list[str]:
    (line,) = desk.see(CLERK, recipients_of, sent)
    return [despatch.status for despatch in line.despatches]


def stored(desk: Desk, organisation_id: uuid.UUID, sha256: str) -> bool:
    return desk.office.objects.exists(ObjectRef(organisation_id, sha256, 0))


def test_an_issued_document_arrives_as_it_was_sealed(desk: Desk) -> None:
    sent, came = delivered(desk)
    issued = desk.see(CLERK, view_outgoing, sent)
    detail = desk.see(THEIR_CLERK, view_incoming, came)
    assert detail.verdict == "HOP_LE"
    assert detail.case.state == "verified"
    (ours,), (theirs,) = issued.held.revisions, [revision for _, revision in detail.held.files]
    assert ours.sha256 == theirs.sha256
    incoming, entry = detail.held.incoming, issued.held.entry
    assert entry is not None
    assert (incoming.sender_name, incoming.sender_code) == ("Ủy ban nhân dân xã Mẫu", "H56.MAU.02")
    assert (incoming.code, incoming.dated_on) == (entry.code, entry.entered_on)
    assert incoming.identifier == f"H56.MAU.02,{entry.entered_on:%Y/%m/%d},{entry.code}"
    assert incoming.acknowledged_at is not None
    assert statuses(desk, sent) == ["sent", "delivered", "acknowledged"]
    assert desk.see(CLERK, list_incoming) == []  # it is theirs
    desk.check_journals()


def test_the_sender_sees_how_its_document_fares(desk: Desk) -> None:
    sent, came = delivered(desk)
    desk.do(THEIR_CLERK, registration.register, came, desk.case(came).version)
    desk.do(THEIR_CLERK, circulation.submit, came, desk.case(came).version)
    reader = Handler("information", person_id=desk.actor(THEIR_HEAD).person_id)
    desk.do(THEIR_LEADER, circulation.assign, came, desk.case(came).version, [reader])
    desk.run_jobs()
    assert statuses(desk, sent)[3:] == ["registered", "assigned"]
    with pytest.raises(GuardsUnmet):
        desk.do(THEIR_LEADER, circulation.complete, came, desk.case(came).version)
    desk.run_jobs()
    assert statuses(desk, sent)[5:] == []


def test_the_sender_reads_why_it_was_returned(desk: Desk) -> None:
    sent, came = delivered(desk)
    desk.do(
        THEIR_CLERK, registration.return_to_sender, came, desk.case(came).version, "Gửi nhầm nơi"
    )
    desk.run_jobs()
    assert statuses(desk, sent)[-1] == "returned"
    assert desk.rows(Despatch)[-1].note == "Gửi nhầm nơi"
    recall(desk, sent)  # it was returned, but the bytes are still here
    desk.run_jobs()
    assert desk.case(came).state == "recalled"
    assert desk.rows(Despatch)[-1].status == "recalled"


def test_delivery_done_twice_delivers_once(desk: Desk) -> None:
    sent = issue(desk)
    recipient = str(desk.one(Recipient, Recipient.document_id == sent).id)
    at = desk.rows(Case)[-1].opened_at.isoformat()
    records = [
        deliver_document(desk.office, recipient),
        deliver_document(desk.office, recipient),
        report_status(desk.office, recipient, "delivered", at),
        report_status(desk.office, recipient, "delivered", at),
    ]
    for record in records:
        with desk.office.transaction(None) as tx:
            record(tx)
    desk.run_jobs()
    assert len(desk.rows(Incoming)) == 1
    assert statuses(desk, sent) == ["sent", "delivered", "acknowledged"]


def test_a_recall_destroys_what_was_received_and_keeps_the_record(desk: Desk) -> None:
    sent, came = delivered(desk)
    desk.do(THEIR_CLERK, registration.register, came, desk.case(came).version)
    scan = desk.office.keep(desk.seat(OFFICE), desk.pdf("BAN GIAY"))
    desk.do(
        THEIR_CLERK,
        registration.attach_paper,
        came,
        desk.case(came).version,
        Content(scan.sha256, scan.size_bytes, "Bản giấy"),
        "Bản giấy của báo cáo",
    )
    desk.do(THEIR_CLERK, circulation.submit, came, desk.case(came).version, "Ý kiến văn thư")
    task = Handler("lead", unit_id=desk.one(Unit, Unit.symbol == "NV").id, instruction="Tham mưu")
    reader = Handler("information", person_id=desk.actor(THEIR_CLERK).person_id)
    desk.do(THEIR_LEADER, circulation.assign, came, desk.case(came).version, [task, reader], "Giao")
    before = {
        row.id: row.salt for row in [desk.one(Document, Document.id == came), *moves(desk, came)]
    }
    digests = [row.sha256 for row in revisions(desk, came)]
    asked = Asked(desk.actor(THEIR_CLERK).account_id, "POST /incoming-documents", "k", "0" * 64)
    with desk.office.transaction(desk.actor(THEIR_CLERK)) as tx:
        assert claim(tx, asked) is None
        keep(tx, asked, Answer(201, f'{{"id": "{came}", "subject": "Trích yếu"}}'.encode()))
    notice = recall(desk, sent)
    desk.run_jobs()

    assert [case.state for case in desk.rows(Case, Case.document_id == came)] == [
        "recalled",
        "withdrawn",
        "withdrawn",
    ]
    document = desk.one(Document, Document.id == came)
    incoming = desk.one(Incoming, Incoming.document_id == came)
    assert (document.subject, document.type_code) == (None, None)
    said = ("sender_name", "sender_code", "code", "dated_on", "identifier", "search_text")
    assert {getattr(incoming, name) for name in (*said, "code_key")} == {None}
    assert [task.instruction for task in desk.rows(Task)] == [None, None]
    words = {step.trigger: step.opinion for step in moves(desk, came)}
    told = desk.see(CLERK, view_outgoing, notice).held.entry
    assert told is not None
    assert words.pop("recall") == (
        f"Nơi gửi thu hồi bằng văn bản {told.code} ngày {told.entered_on:%d/%m/%Y}."
    )
    assert set(words.values()) == {None}
    now = {row.id: row.salt for row in [document, *moves(desk, came)]}
    assert all(now[row_id] != salt for row_id, salt in before.items())

    answered = desk.see(THEIR_CLERK, find, asked)
    assert answered is not None
    assert json.loads(answered.content) == {"id": str(came)}

    # Destroyed at the receiver, scan included; frozen, not destroyed, at the issuer.
    assert [stored(desk, desk.seat(OFFICE), sha256) for sha256 in digests] == [False]
    assert not stored(desk, desk.seat(OFFICE), scan.sha256)
    assert stored(desk, desk.commune, digests[0])
    # The tombstone: number, digest, the notice.
    (line,) = desk.see(THEIR_CLERK, incoming_register, desk.seat(OFFICE), document.created_at.year)[
        :1
    ]
    assert (line.entry.number, line.document.subject) == (1, None)
    assert line.recall is not None
    assert [row.sha256 for row in revisions(desk, came)] == digests
    relation = desk.one(Relation, Relation.kind == "recalls", Relation.other_id == came)
    assert relation.document_id == notice
    assert desk.see(THEIR_CLERK, view_incoming, came).state_label == "Đã bị thu hồi"
    assert desk.see(THEIR_CLERK, list_incoming, Filter(text="nông thôn mới")) == []
    assert statuses(desk, sent)[-1] == "recalled"
    facts = recall_facts(desk, came)
    assert (facts["number"], facts["notice"]) == (1, str(notice))
    assert facts["destroyed"] == sorted([*digests, scan.sha256])
    desk.check_journals()


def test_the_journal_digests_the_destroyed_rows_as_they_are_now(desk: Desk) -> None:
    sent, came = delivered(desk)
    recall(desk, sent)
    desk.run_jobs()
    last: dict[str, str] = {}
    for entry in entries(desk, desk.seat(OFFICE)):
        last.update({row.id: row.digest for row in entry.rows})
    for row in (
        desk.one(Document, Document.id == came),
        desk.one(Incoming, Incoming.document_id == came),
        *moves(desk, came),
    ):
        assert last[str(row.id)] == row.row_digest()


def test_bytes_that_another_document_has_stay(desk: Desk) -> None:
    sent, came = delivered(desk)
    (revision,) = revisions(desk, came)
    with desk.office.local_copy(desk.commune, revision.sha256, revision.size_bytes) as path:
        ref = desk.office.keep(desk.seat(OFFICE), path)
    arrival = registration.Arrival(
        organisation_id=desk.seat(OFFICE),
        medium="electronic",
        sender_kind="agency",
        sender_name="Sở khác",
        subject="Chuyển tiếp",
        files=[Content(ref.sha256, ref.size_bytes)],
    )
    desk.do(THEIR_CLERK, registration.receive, arrival)
    recall(desk, sent)
    desk.run_jobs()
    assert desk.case(came).state == "recalled"
    assert stored(desk, desk.seat(OFFICE), revision.sha256)


def test_what_is_recalled_before_delivery_is_never_delivered(desk: Desk) -> None:
    sent = issue(desk)
    recipient = str(desk.one(Recipient, Recipient.document_id == sent).id)
    with desk.office.transaction(None) as tx:
        waiting = select(job.c.id).where(job.c.name == "deliver_document", job.c.state == "waiting")
        claimed = outbox.claim(tx.session, tx.now, 60, tx.session.scalars(waiting).one())
    assert claimed is not None
    slow = deliver_document(desk.office, recipient)  # it has read the document, and takes its time
    recall(desk, sent)
    desk.run_jobs()
    with desk.office.transaction(None) as tx:
        slow(tx)
        outbox.settle(tx.session, claimed, "done", None, tx.now)
    desk.run_jobs()
    assert desk.rows(Incoming, Incoming.sent_from_id == uuid.UUID(recipient)) == []
    assert statuses(desk, sent) == ["sent", "recalled"]


def test_a_recall_done_twice_changes_nothing_the_second_time(desk: Desk) -> None:
    sent, came = delivered(desk)
    recipient = str(desk.one(Recipient, Recipient.document_id == sent).id)
    notice = recall(desk, sent)
    desk.run_jobs()
    version, steps = desk.case(came).version, len(entries(desk, desk.seat(OFFICE)))
    for record in (
        recall_delivery(desk.office, recipient, str(notice)),
        destroy_objects(desk.office, str(came)),
        deliver_document(desk.office, recipient),
    ):
        with desk.office.transaction(None) as tx:
            record(tx)
    desk.run_jobs()
    assert (desk.case(came).version, len(entries(desk, desk.seat(OFFICE)))) == (version, steps)


def moves(desk: Desk, document_id: uuid.UUID) -> list[Move]:
    cases = [case.id for case in desk.rows(Case, Case.document_id == document_id)]
    return desk.rows(Move, Move.case_id.in_(cases))


def revisions(desk: Desk, document_id: uuid.UUID) -> list[Revision]:
    files = [file.id for file in desk.rows(File, File.document_id == document_id)]
    return desk.rows(Revision, Revision.file_id.in_(files))


def entries(desk: Desk, organisation_id: uuid.UUID) -> list[journal.Entry]:
    with desk.office.reading(None) as reading:
        rows = reading.session.scalars(
            select(JournalEntry.content)
            .where(JournalEntry.chain == str(organisation_id))
            .order_by(JournalEntry.sequence)
        )
        return [journal.parse(content) for content in rows]


def recall_facts(desk: Desk, document_id: uuid.UUID) -> dict[str, object]:
    (entry,) = [
        entry
        for entry in entries(desk, desk.seat(OFFICE))
        if (entry.action, entry.subject) == ("incoming.recalled", str(document_id))
    ]
    return dict(entry.facts)
