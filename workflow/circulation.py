"""Submitting, assigning, transferring and completing incoming documents (ND 30/2020 Art. 23-24)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import or_, select

from workflow.access import find_document
from workflow.arrivals import find_case, move, tell_sender
from workflow.calendars import calendar_of
from workflow.facts.incoming import INFORMATION, incoming_facts, rule_for
from workflow.facts.received import received
from workflow.office import Transaction
from workflow.records import (
    Appointment,
    Case,
    Document,
    Incoming,
    Organisation,
    Relation,
    RoleGrant,
    Task,
    Unit,
)
from workflow.rules import deadlines
from workflow.rules.errors import GuardsUnmet, Invalid, NotFound
from workflow.rules.incoming import lead_unmet
from workflow.rules.task import holder_of
from workflow.transitions import open_case, stated

LEAD, SUPPORT = "lead", "support"
PARTS = (LEAD, SUPPORT, INFORMATION)


@dataclass(frozen=True)
class Handler:
    """Whom a document goes to: a unit or a person, in which part, until when.

    Without a day of its own the working regulation's deadline holds.
    """

    part: str
    unit_id: uuid.UUID | None = None
    person_id: uuid.UUID | None = None
    instruction: str | None = None
    due_on: date | None = None


def submit(
    tx: Transaction, document_id: uuid.UUID, version: int, opinion: str | None = None
) -> Case:
    """Trình: it stands on the leader's desk, with the clerk's proposal (Art. 23.1)."""
    document, case = find_case(tx, document_id, version)
    # The desk is the list of what is in this state: there is nothing else to write.
    effects = {"submit_to_leader": lambda: None}
    return move(tx, document, case, "submit", "submitted", effects, opinion=opinion)


def send_back(tx: Transaction, document_id: uuid.UUID, version: int, reason: str) -> Case:
    """The leader gives the document back to the clerk."""
    document, case = find_case(tx, document_id, version)
    effects = {"record_reason": stated(reason)}
    return move(tx, document, case, "send_back", "sent_back", effects, opinion=reason)


def assign(
    tx: Transaction,
    document_id: uuid.UUID,
    version: int,
    handlers: Sequence[Handler],
    opinion: str | None = None,
) -> Case:
    """The leader's direction: who leads, who supports, who is to know, a deadline each (Art. 23.2).

    Again while the document is handled: when a task was declined, or another unit must help. The
    document is due when its lead is.

    Raises:
        GuardsUnmet: not exactly one in the lead. Invalid: a handler is not of this organisation.
    """
    document, case = find_case(tx, document_id, version)
    _check(tx, document, handlers)
    working = [handler for handler in handlers if handler.part != INFORMATION]
    informed = [handler for handler in handlers if handler.part == INFORMATION]
    if working:
        leads = incoming_facts(tx, case).leads + sum(h.part == LEAD for h in working)
        unmet = lead_unmet(leads)
        if unmet:
            raise GuardsUnmet([unmet])
        effects = {"assign_handlers": lambda: _give(tx, document, case, working)}
        move(tx, document, case, "assign", "assigned", effects, opinion=opinion)
    if informed:
        effects = {"inform_readers": lambda: _give(tx, document, case, informed)}
        said = None if working else opinion
        move(tx, document, case, "inform", "informed", effects, opinion=said)
    _report(tx, document, "assigned")
    return case


def transfer(
    tx: Transaction, document_id: uuid.UUID, version: int, opinion: str | None = None
) -> Case:
    """Straight to the handler whom the agency's regulation names (Art. 23.1)."""
    document, case = find_case(tx, document_id, version)

    def hand_over() -> None:
        rule = rule_for(tx, received(tx, document.id))
        assert rule is not None  # the guard found one
        _give(tx, document, case, [Handler(LEAD, rule.unit_id, rule.person_id)])

    effects = {"transfer_to_handlers": hand_over}
    move(tx, document, case, "transfer", "transferred", effects, opinion=opinion)
    _report(tx, document, "assigned")
    return case


def extend(
    tx: Transaction, document_id: uuid.UUID, version: int, due_on: date, reason: str
) -> Case:
    """More time, asked for before the old deadline has passed (Art. 24)."""
    document, case = find_case(tx, document_id, version)

    def prolong() -> None:
        due_at = deadlines.end_of_day(due_on)
        if due_at <= max(case.due_at or tx.now, tx.now):
            raise Invalid([("/due_on", "Hạn mới phải sau hạn hiện tại.")])
        case.due_at = due_at

    effects = {"record_reason": stated(reason), "extend_deadline": prolong}
    return move(tx, document, case, "extend", "extended", effects, opinion=reason)


def complete(
    tx: Transaction,
    document_id: uuid.UUID,
    version: int,
    opinion: str | None = None,
    answer_id: uuid.UUID | None = None,
) -> Case:
    """End the handling; `answer_id` is the issued document that answers this one (Art. 24)."""
    document, case = find_case(tx, document_id, version)
    if answer_id is not None:
        _link_answer(tx, document, answer_id)
    # When and by whom it was completed stands in the move and in the case's closing.
    effects = {"complete_handling": lambda: _report(tx, document, "completed")}
    return move(tx, document, case, "complete", "completed", effects, opinion=opinion)


def _link_answer(tx: Transaction, document: Document, answer_id: uuid.UUID) -> None:
    answer = find_document(tx, answer_id, "outgoing")
    if answer.organisation_id != document.organisation_id:
        raise NotFound("Văn bản trả lời")
    linked = tx.session.scalar(
        select(Relation.id).where(
            Relation.document_id == answer.id,
            Relation.kind == "answers",
            Relation.other_id == document.id,
        )
    )
    if linked is None:
        tx.add(Relation(document_id=answer.id, kind="answers", other_id=document.id))
        tx.session.flush()


def _report(tx: Transaction, document: Document, status: str) -> None:
    tell_sender(tx, _incoming_of(tx, document), status)


def _check(tx: Transaction, document: Document, handlers: Sequence[Handler]) -> None:
    errors: list[tuple[str, str]] = []
    if not handlers:
        errors.append(("/handlers", "Phải chọn đơn vị hoặc cá nhân."))
    named = [(handler.unit_id, handler.person_id) for handler in handlers]
    for position, handler in enumerate(handlers):
        at = f"/handlers/{position}"
        if handler.part not in PARTS:
            errors.append((at, "Chỉ có chủ trì, phối hợp hoặc để biết."))
        if (handler.unit_id is None) == (handler.person_id is None):
            errors.append((at, "Chọn một đơn vị hoặc một cá nhân."))
        elif handler.part == INFORMATION and handler.person_id is None:
            errors.append((at, "Để biết: phải chọn người nhận."))
        elif not _belongs(tx, document.organisation_id, handler):
            errors.append((at, "Không thuộc cơ quan này."))
        if handler.due_on is not None and handler.due_on < tx.today:
            errors.append((f"{at}/due_on", "Thời hạn đã qua."))
        if named.count(named[position]) > 1:
            errors.append((at, "Một nơi nhận chỉ được giao một lần."))
    if errors:
        raise Invalid(errors)


def _belongs(tx: Transaction, organisation_id: uuid.UUID, handler: Handler) -> bool:
    if handler.unit_id is not None:
        unit = tx.session.scalar(
            select(Unit.id).where(
                Unit.id == handler.unit_id,
                Unit.organisation_id == organisation_id,
                Unit.holds_on(tx.today),
            )
        )
        return unit is not None
    appointed = select(Appointment.id).where(
        Appointment.person_id == handler.person_id,
        Appointment.organisation_id == organisation_id,
        Appointment.holds_on(tx.today),
    )
    granted = select(RoleGrant.id).where(
        RoleGrant.person_id == handler.person_id,
        RoleGrant.organisation_id == organisation_id,
        RoleGrant.holds_on(tx.today),
    )
    return bool(tx.session.scalar(select(or_(appointed.exists(), granted.exists()))))


def _give(tx: Transaction, document: Document, parent: Case, handlers: Sequence[Handler]) -> None:
    """A child case for each handler: they work side by side and never meet on one version."""
    for handler in handlers:
        working = handler.part != INFORMATION
        child = open_case(
            tx,
            "task" if working else "reading",
            document,
            parent=parent,
            holder=holder_of(handler.unit_id, handler.person_id),
        )
        tx.session.flush()
        child.due_at = _due_at(tx, document, handler) if working else None
        if handler.part == LEAD:
            parent.due_at = child.due_at
        tx.add(
            Task(
                case_id=child.id,
                part=handler.part,
                unit_id=handler.unit_id,
                person_id=handler.person_id,
                instruction=handler.instruction,
                assigned_by=tx.actor.person_id,
                due_at=child.due_at,
            )
        )


def _due_at(tx: Transaction, document: Document, handler: Handler) -> datetime | None:
    """The leader's day, else the day the document itself names, else the working regulation's."""
    named = handler.due_on or _incoming_of(tx, document).due_on
    if named is not None:
        return deadlines.end_of_day(named)
    return deadlines.due_at(
        "IN_RESOLVE",
        tx.now,
        deadlines.Urgency(document.urgency),
        calendar_of(tx.session, document.organisation_id, tx.today),
        tx.office.law.deadlines,
        tx.get(Organisation, document.organisation_id).resolve_days,
    )


def _incoming_of(tx: Transaction, document: Document) -> Incoming:
    return tx.session.scalars(select(Incoming).where(Incoming.document_id == document.id)).one()
