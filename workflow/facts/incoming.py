"""What is known of an incoming document: rows, and its authenticity by reports over the bytes."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from sqlalchemy import ColumnElement, or_, select

from signing.report import SignatureReport
from workflow.facts.received import Received, received
from workflow.facts.scans import copying_unmet, custody_unmet, digitised_unmet, scan_unreadable
from workflow.office import Reading
from workflow.records import (
    Case,
    Document,
    HandlingRule,
    Incoming,
    Outgoing,
    Override,
    RegisterEntry,
    Relation,
    Task,
)
from workflow.rules.identifiers import fold
from workflow.rules.incoming import DUPLICATES, RESEMBLES, IncomingFacts, Sender, Verdict

INFORMATION = "information"  # the part of a task that is only to be read (để biết)


def incoming_facts(
    reading: Reading, case: Case, *, pending: Mapping[uuid.UUID, SignatureReport] | None = None
) -> IncomingFacts:
    """The facts of a case as they stand, or as they will with `pending` reports (by file) kept."""
    return facts_of(reading, case, received(reading, case.document_id), pending=pending)


def facts_of(
    reading: Reading,
    case: Case,
    held: Received,
    *,
    pending: Mapping[uuid.UUID, SignatureReport] | None = None,
) -> IncomingFacts:
    """The same for a document that was read already."""
    reports = {**held.reports, **(pending or {})}
    found = duplicates_of(reading, held)
    parts = reading.session.execute(
        select(Task.part, Case.state, Case.closed_at)
        .join(Case, Case.id == Task.case_id)
        .where(Case.parent_id == case.id, Case.state != "withdrawn")
    ).all()
    given = [row for row in parts if row.part != INFORMATION]
    return IncomingFacts(
        paper=held.paper,
        sender=_SENDERS[held.incoming.sender_kind],
        acknowledged=held.incoming.acknowledged_at is not None,
        verdict=verdict_of(held, reports),
        overridden_by=_overridden_by(reading, held),
        actor_custody_unmet=custody_unmet(reading, held),
        actor_copying_unmet=copying_unmet(reading, held),
        scan_unreadable=scan_unreadable(held, reports),
        digitised_unmet=digitised_unmet(reading, held, reports, pending or {}),
        duplicates=len(found),
        duplicates_confirmed=bool(found) and found <= _answered(reading, held),
        handler_determined=rule_for(reading, held) is not None,
        tasks=len(given),
        leads=sum(row.part == "lead" and row.state != "declined" for row in given),
        tasks_open=sum(row.closed_at is None for row in given),
        readings_open=sum(row.closed_at is None for row in parts if row.part == INFORMATION),
        # A document that names the day by which it wants an answer (hạn trả lời) is owed one.
        answer_required=held.incoming.due_on is not None,
        answer_issued=_answer_issued(reading, held.document.id),
        expired=case.due_at is not None and case.due_at < reading.now,
    )


_SENDERS: Mapping[str, Sender] = {
    "agency": "agency",
    "enterprise": "enterprise",
    "citizen": "citizen",
}


def verdict_of(held: Received, reports: Mapping[uuid.UUID, SignatureReport]) -> Verdict | None:
    """The verdict on the document: that of its main text, unless an attachment was altered.

    An attachment in another format, or without a signature, says nothing against it.
    """
    if held.paper or held.main is None:
        return None
    report = reports.get(held.main[0].id)
    if report is None:
        return None
    attached = (reports.get(file.id) for file, _ in held.files[1:])
    if any(other is not None and other.verdict == "KHONG_HOP_LE" for other in attached):
        return "KHONG_HOP_LE"
    return report.verdict


def _overridden_by(reading: Reading, held: Received) -> uuid.UUID | None:
    """Who accepted the verdict that stands: an override of an older report is none."""
    if held.main is None:
        return None
    file, revision = held.main
    override = reading.session.scalars(
        select(Override)
        .where(Override.document_id == held.document.id, Override.sha256 == revision.sha256)
        .order_by(Override.id.desc())
        .limit(1)
    ).first()
    judged_at = held.reported_at.get(file.id)
    if override is None or judged_at is None or override.at < judged_at:
        return None
    return override.person_id


def duplicates_of(reading: Reading, held: Received) -> set[uuid.UUID]:
    """Registered documents of the same identifier, or the same code, agency and year.

    Annex VI III.1h names identifier, and number, symbol and agency; numbers start anew each year,
    so the year belongs to it. A date that is not known could be of any year.
    """
    own = held.incoming
    alike: list[ColumnElement[bool]] = []
    if own.identifier:
        alike.append(Incoming.identifier == own.identifier)
    if own.code_key:
        alike.append(Incoming.code_key == own.code_key)
    if not alike:
        return set()
    others = reading.session.scalars(
        select(Incoming)
        .join(Document, Document.id == Incoming.document_id)
        .join(RegisterEntry, RegisterEntry.document_id == Incoming.document_id)
        .where(
            Document.organisation_id == held.document.organisation_id,
            Document.id != held.document.id,
            or_(*alike),
        )
    )
    return {
        other.document_id
        for other in others
        if (own.identifier and other.identifier == own.identifier)
        or (_same_sender(own, other) and _same_year(own, other))
    }


def _same_sender(one: Incoming, other: Incoming) -> bool:
    if one.sender_code and other.sender_code:
        return one.sender_code == other.sender_code
    return fold(one.sender_name or "") == fold(other.sender_name or "")


def _same_year(one: Incoming, other: Incoming) -> bool:
    if one.dated_on is None or other.dated_on is None:
        return True
    return one.dated_on.year == other.dated_on.year


def _answered(reading: Reading, held: Received) -> set[uuid.UUID]:
    """The documents about which the clerk has answered the warning."""
    return set(
        reading.session.scalars(
            select(Relation.other_id).where(
                Relation.document_id == held.document.id,
                Relation.kind.in_((DUPLICATES, RESEMBLES)),
            )
        )
    )


def _answer_issued(reading: Reading, document_id: uuid.UUID) -> bool:
    """Whether an outgoing document that answers this one has been issued."""
    issued = reading.session.scalar(
        select(Outgoing.id)
        .join(Relation, Relation.document_id == Outgoing.document_id)
        .where(
            Relation.kind == "answers",
            Relation.other_id == document_id,
            Outgoing.issued_at.is_not(None),
        )
        .limit(1)
    )
    return issued is not None


def rule_for(reading: Reading, held: Received) -> HandlingRule | None:
    """The rule of the agency's regulation for such a document: the most particular one."""
    rules = reading.session.scalars(
        select(HandlingRule)
        .where(
            HandlingRule.organisation_id == held.document.organisation_id,
            HandlingRule.holds_on(reading.today),
            or_(
                HandlingRule.type_code.is_(None),
                HandlingRule.type_code == held.document.type_code,
            ),
            or_(
                HandlingRule.sender_code.is_(None),
                HandlingRule.sender_code == held.incoming.sender_code,
            ),
        )
        .order_by(HandlingRule.id)
    ).all()
    # The later of two equally particular rules wins.
    return max(
        rules,
        key=lambda rule: (rule.sender_code is not None, rule.type_code is not None, rule.id),
        default=None,
    )
