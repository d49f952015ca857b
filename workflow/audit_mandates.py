"""Who audits an organisation: by a mandate, from a day to a day, named in a document.

Whoever holds one reads as auditor there and, where it says so, in every organisation placed under
it that day. A mandate gives nothing else, and nobody needs a post where they audit.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date

from sqlalchemy import select

from workflow.administration import belongs, close, known_person, one_at_a_time, record
from workflow.administration import require_administrator as require
from workflow.office import Reading, Transaction
from workflow.records import AuditMandate
from workflow.rules.errors import Duplicate, NotFound

MANDATES = "Việc giám sát của cơ quan"


def give_audit_mandate(
    tx: Transaction,
    organisation_id: uuid.UUID,
    person_id: uuid.UUID,
    *,
    subtree: bool,
    basis: str,
    valid_from: date | None = None,
    valid_to: date | None = None,
) -> AuditMandate:
    """The task of auditing an organisation; `basis` is số, ngày of the document that gives it.

    Raises:
        NotFound, Forbidden: the actor administers not the organisation, or knows not the person.
        Duplicate: the person audits there already. Invalid.
    """
    require(tx, organisation_id, MANDATES)
    known_person(tx, person_id)
    valid_from = valid_from or tx.today
    one_at_a_time(tx)
    held = tx.session.scalars(
        select(AuditMandate).where(
            AuditMandate.person_id == person_id,
            AuditMandate.organisation_id == organisation_id,
            AuditMandate.subtree == subtree,
            AuditMandate.holds_within(valid_from, valid_to),
        )
    ).first()
    if held is not None:
        raise Duplicate(
            "Người này đã được giao giám sát cơ quan này trong thời gian đó."
            " Hãy kết thúc lần giao trước hoặc chọn ngày khác.",
            [str(held.id)],
        )
    mandate = AuditMandate(
        person_id=person_id,
        organisation_id=organisation_id,
        subtree=subtree,
        basis=basis,
        valid_from=valid_from,
        valid_to=valid_to,
    )
    return record(tx, "audit_mandate.given", mandate, organisation=organisation_id, subtree=subtree)


def end_audit_mandate(tx: Transaction, mandate_id: uuid.UUID, on: date) -> None:
    """The person audits there no more on that day."""
    mandate = tx.get(AuditMandate, mandate_id, MANDATES)
    require(tx, mandate.organisation_id, MANDATES)
    close(tx, "audit_mandate.ended", mandate, on)


def audit_mandates_of(
    reading: Reading, organisation_id: uuid.UUID, on: date | None = None
) -> Sequence[AuditMandate]:
    """Who audits an organisation of the actor's own on a day (today), by mandates given here.

    Raises:
        NotFound: the organisation is none of the actor's own.
    """
    if not belongs(reading, organisation_id):
        raise NotFound(MANDATES)
    return reading.session.scalars(
        select(AuditMandate)
        .where(
            AuditMandate.organisation_id == organisation_id,
            AuditMandate.holds_on(on or reading.today),
        )
        .order_by(AuditMandate.id)
    ).all()
