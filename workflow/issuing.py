"""Numbering, issuing and sending outgoing documents (ND 30/2020 Art. 14-18)."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import select

from workflow.access import main_case
from workflow.facts.outgoing import BEARINGS, Dossier, bearing_of, recipients_count
from workflow.office import Transaction
from workflow.outgoing import take_step, take_system_step
from workflow.records import (
    Case,
    Despatch,
    Document,
    Recipient,
    Relation,
)
from workflow.registers import give_number
from workflow.registers import void_number as void_entry
from workflow.rules import numbering
from workflow.rules.errors import Invalid, NotFound
from workflow.series import rules_of
from workflow.transitions import stated


def number(tx: Transaction, document_id: uuid.UUID, version: int) -> Case:
    """Number, date and register entry, all in this transaction (Art. 15-16).

    Raises:
        DateBeforeSeries, SeriesUndefined: see `rules.numbering`.
    """

    def allocate(_case: Case, held: Dossier) -> None:
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

    return take_step(tx, document_id, version, "number", {"allocate_number": allocate})


def void_number(tx: Transaction, document_id: uuid.UUID, version: int, reason: str) -> Case:
    """Give the number up (hủy số): it stays in the register with its reason."""

    def void(_case: Case, held: Dossier) -> None:
        assert held.entry is not None
        void_entry(tx, held.entry, reason)

    effects = {"void_number": void, "record_reason": lambda _case, _held: stated(reason)()}
    return take_step(tx, document_id, version, "void_number", effects, opinion=reason)


def issue(tx: Transaction, document_id: uuid.UUID, version: int) -> Case:
    """Issue to the recipients; those on this system get it at once (Art. 14.4, 18)."""

    def send(case: Case, held: Dossier) -> None:
        held.outgoing.issued_at = tx.now
        for recipient in _recipients(tx, held.document.id):
            if recipient.channel == "system" and recipient.purpose != "file":
                tx.add(Despatch(recipient_id=recipient.id, status="sent", at=tx.now))
                tx.enqueue("deliver_document", recipient=recipient.id)
        _rest_when_sent(tx, case)

    def bear(_case: Case, held: Dossier) -> None:
        relation = bearing_of(tx, held.document.id)
        if relation is not None:
            _bear_on_original(tx, held.document, relation)

    return take_step(
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

    take_system_step(
        tx,
        case,
        trigger,
        {
            "link_successor": lambda _case, _held: relation,
            "freeze_document": lambda _case, _held: recall_copies(),
        },
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

    def record(case: Case, held: Dossier) -> None:
        wanted = [r for r in _recipients(tx, held.document.id) if r.id == recipient_id]
        if not wanted:
            raise NotFound("Nơi nhận")
        if sent_at is not None and sent_at > tx.now:
            raise Invalid([("/sent_at", "Thời điểm gửi không thể ở tương lai.")])
        tx.add(Despatch(recipient_id=recipient_id, status="sent", note=note, at=sent_at or tx.now))
        _rest_when_sent(tx, case)

    return take_step(tx, document_id, version, "record_dispatch", {"record_dispatch": record})


def _rest_when_sent(tx: Transaction, case: Case) -> None:
    """The deadline for sending ends with the last recipient."""
    tx.session.flush()
    if recipients_count(tx, case.document_id)[1] == 0:
        case.due_at = None


def _recipients(tx: Transaction, document_id: uuid.UUID) -> list[Recipient]:
    return list(
        tx.session.scalars(
            select(Recipient)
            .where(Recipient.document_id == document_id, ~Recipient.dropped)
            .order_by(Recipient.ordinal)
        )
    )
