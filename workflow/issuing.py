"""Numbering, issuing, sending and filing outgoing documents (ND 30/2020 Art. 14-19)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import func, select

from workflow.access import find_document, main_case
from workflow.facts.outgoing import (
    BEARINGS,
    Dossier,
    bearing_of,
    deadline_starts,
    dossier_of,
    facts_of,
)
from workflow.office import Transaction
from workflow.records import (
    Case,
    Despatch,
    Document,
    Recipient,
    Relation,
    WorkFile,
    WorkFileItem,
)
from workflow.registers import give_number
from workflow.registers import void_number as void_entry
from workflow.rules import numbering
from workflow.rules.errors import Invalid, NotFound
from workflow.series import rules_of
from workflow.transitions import fire


def number(tx: Transaction, document_id: uuid.UUID, version: int) -> Case:
    """Number, date and register entry, all in this transaction (Art. 15-16).

    Raises:
        DateBeforeSeries, SeriesUndefined: see `rules.numbering`.
    """

    def allocate(held: Dossier) -> None:
        kind = tx.office.law.doc_types.find(held.document.type_code or "")
        assert kind is not None  # checked when drafted
        notation = numbering.notation(kind.abbreviation, held.issuer.symbol, held.unit.symbol)
        series = numbering.series_of(
            str(held.issuer.id), tx.today, kind.code, rules_of(held.issuer)
        )
        give_number(
            tx,
            held.document,
            register="outgoing",
            issuer_key=series.issuer_id,
            kind=series.kind,
            on=tx.today,
            code=lambda given: numbering.code(given, notation),
        )

    return _move(tx, document_id, version, "number", {"allocate_number": allocate})


def void_number(tx: Transaction, document_id: uuid.UUID, version: int, reason: str) -> Case:
    """Give the number up (hủy số): it stays in the register with its reason."""
    if not reason.strip():
        raise Invalid([("/reason", "Phải ghi lý do.")])

    def void(held: Dossier) -> None:
        assert held.entry is not None
        void_entry(tx, held.entry, reason)

    effects = {"void_number": void, "record_reason": lambda _held: None}
    return _move(tx, document_id, version, "void_number", effects, opinion=reason)


def issue(tx: Transaction, document_id: uuid.UUID, version: int) -> Case:
    """Issue to the recipients; those on this system get it at once (Art. 14.4, 18)."""

    def send(held: Dossier) -> None:
        held.outgoing.issued_at = tx.now
        for recipient in _recipients(tx, held.document.id):
            if recipient.channel == "system" and recipient.purpose != "file":
                tx.add(Despatch(recipient_id=recipient.id, status="sent", at=tx.now))
                tx.enqueue("deliver_document", recipient=recipient.id)

    def bear(held: Dossier) -> None:
        relation = bearing_of(tx, held.document.id)
        if relation is not None:
            _bear_on_original(tx, held.document, relation)

    return _move(
        tx, document_id, version, "issue", {"issue_document": send, "apply_to_original": bear}
    )


def _bear_on_original(tx: Transaction, successor: Document, relation: Relation) -> None:
    """The issued document changes the state of the one it names (Art. 18.3-4)."""
    case = tx.lock_case(main_case(tx, relation.other_id).id)
    trigger = BEARINGS[relation.kind]

    def recall_copies() -> None:
        # Annex VI III.8: frozen here, destroyed at those who received it.
        for recipient in _recipients(tx, relation.other_id):
            if recipient.channel == "system" and recipient.purpose != "file":
                tx.enqueue("recall_delivery", recipient=recipient.id, notice=successor.id)

    step = fire(
        tx,
        case,
        trigger,
        facts_of(tx, dossier_of(tx, relation.other_id)),
        effects={"link_successor": lambda: relation, "freeze_document": recall_copies},
        system=True,
    )
    tx.journal(
        f"outgoing.{trigger}",
        case.organisation_id,
        case.document_id,
        case=case.id,
        source=step.source,
        target=step.target,
        successor=successor.id,
    )


def record_dispatch(
    tx: Transaction,
    document_id: uuid.UUID,
    version: int,
    recipient_id: uuid.UUID,
    sent_at: datetime | None = None,
    note: str | None = None,
) -> Case:
    """That one recipient was sent the document outside this system, and when."""

    def record(held: Dossier) -> None:
        wanted = [r for r in _recipients(tx, held.document.id) if r.id == recipient_id]
        if not wanted:
            raise NotFound("Nơi nhận")
        if sent_at is not None and sent_at > tx.now:
            raise Invalid([("/sent_at", "Thời điểm gửi không thể ở tương lai.")])
        tx.add(Despatch(recipient_id=recipient_id, status="sent", note=note, at=sent_at or tx.now))

    return _move(tx, document_id, version, "record_dispatch", {"record_dispatch": record})


def file(tx: Transaction, document_id: uuid.UUID, version: int, work_file_id: uuid.UUID) -> Case:
    """Put the document into a work file (hồ sơ công việc) (Art. 14.5, 29)."""

    def put(held: Dossier) -> None:
        put_into(tx, work_file_id, held.document)

    return _move(tx, document_id, version, "file", {"file_document": put})


def put_into(tx: Transaction, work_file_id: uuid.UUID, document: Document) -> WorkFileItem:
    """The document's place at the end of an open work file of its own organisation."""
    work_file = tx.session.scalar(
        select(WorkFile).where(WorkFile.id == work_file_id).with_for_update()
    )
    if work_file is None or work_file.organisation_id != document.organisation_id:
        raise NotFound("Hồ sơ công việc")
    if work_file.ended_on is not None:
        raise Invalid([("/work_file_id", "Hồ sơ đã kết thúc, không thêm văn bản được.")])
    last = tx.session.scalar(
        select(func.max(WorkFileItem.ordinal)).where(WorkFileItem.work_file_id == work_file.id)
    )
    return tx.add(
        WorkFileItem(work_file_id=work_file.id, document_id=document.id, ordinal=(last or 0) + 1)
    )


def _recipients(tx: Transaction, document_id: uuid.UUID) -> list[Recipient]:
    return list(
        tx.session.scalars(
            select(Recipient)
            .where(Recipient.document_id == document_id, ~Recipient.dropped)
            .order_by(Recipient.ordinal)
        )
    )


def _move(
    tx: Transaction,
    document_id: uuid.UUID,
    version: int,
    trigger: str,
    effects: Mapping[str, Callable[[Dossier], object]],
    opinion: str | None = None,
) -> Case:
    document = find_document(tx, document_id, "outgoing")
    case = tx.lock_case(main_case(tx, document.id).id, version)
    held = dossier_of(tx, document.id)

    def bound(work: Callable[[Dossier], object]) -> Callable[[], object]:
        return lambda: work(held)

    step = fire(
        tx,
        case,
        trigger,
        facts_of(tx, held),
        effects={name: bound(work) for name, work in effects.items()},
        opinion=opinion,
        starts=deadline_starts(tx, case),
    )
    tx.journal(
        f"outgoing.{trigger}",
        document.organisation_id,
        document.id,
        case=case.id,
        source=step.source,
        target=step.target,
    )
    return case
