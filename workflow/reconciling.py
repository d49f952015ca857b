"""What an organisation states beside its indicator: what lists from outside hold, what is left out.

Both are entered by people, so both keep who entered them and when, and neither is ever changed.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import func, select

from workflow.access import require_role
from workflow.facts.completeness import Excluded, excluded, exclusions_of
from workflow.office import Reading, Transaction
from workflow.records import IndicatorExclusion, Person, Reconciliation, RegisterTally
from workflow.rules.completeness import (
    REGISTERS,
    SECRET,
    Listing,
    counted,
    held_unmet,
    month_number,
)
from workflow.rules.errors import Duplicate, Invalid

#: Who compares registers with lists; who decides that a type does not count; who may look.
RECONCILES = frozenset({"clerk", "leader"})
EXCLUDES = frozenset({"leader"})
LOOKS = frozenset({"auditor", "leader", "follow_up", "clerk", "appraiser"})


def enter(tx: Transaction, organisation_id: uuid.UUID, said: Listing) -> Reconciliation:
    """Enter what a list holds for a month; it counts from now on, what was entered before stays.

    Raises:
        NotFound, Forbidden: see RECONCILES. Invalid: with every field that is wrong.
    """
    require_role(tx, organisation_id, RECONCILES)
    found = counted(said, this_month=tx.today.year * 100 + tx.today.month)
    if said.source != SECRET:
        held = tx.session.scalar(
            select(func.sum(RegisterTally.count)).where(
                RegisterTally.year == found.month // 100,
                RegisterTally.organisation_id == organisation_id,
                RegisterTally.month == found.month,
                RegisterTally.register == said.register,
            )
        )
        unmet = held_unmet(found.matched, held or 0)
        if unmet is not None:
            raise Invalid([("/matched", unmet)])
    row = tx.add(
        Reconciliation(
            organisation_id=organisation_id,
            month=found.month,
            register=said.register,
            source=said.source,
            listed=found.listed,
            matched=found.matched,
            first_number=said.first_number,
            last_number=said.last_number,
            note=said.note,
            entered_by=tx.actor.person_id,
            entered_at=tx.now,
        )
    )
    tx.session.flush()
    tx.journal(
        "reconciliation.entered",
        organisation_id,
        row.id,
        month=found.month,
        register=said.register,
        source=said.source,
        listed=found.listed,
        matched=found.matched,
    )
    return row


def entered(
    reading: Reading,
    organisation_id: uuid.UUID,
    *,
    month: str | None = None,
    after: uuid.UUID | None = None,
    limit: int = 50,
) -> Sequence[tuple[Reconciliation, str]]:
    """All that was ever entered, newest first, with who did.

    Raises:
        NotFound, Forbidden: see LOOKS. Invalid: no such month.
    """
    require_role(reading, organisation_id, LOOKS)
    query = (
        select(Reconciliation, Person.full_name)
        .join(Person, Person.id == Reconciliation.entered_by)
        .where(Reconciliation.organisation_id == organisation_id)
        .order_by(Reconciliation.id.desc())
        .limit(limit)
    )
    if month is not None:
        try:
            query = query.where(Reconciliation.month == month_number(month))
        except ValueError:
            raise Invalid([("/month", "Tháng phải có dạng 2026-11.")]) from None
    if after is not None:
        query = query.where(Reconciliation.id < after)
    return [(row, name) for row, name in reading.session.execute(query)]


def exclude(
    tx: Transaction, organisation_id: uuid.UUID, *, register: str, type_code: str, basis: str
) -> Excluded:
    """Leave a type of document out of the indicator from tomorrow on: never what is there already.

    Raises:
        NotFound, Forbidden: see EXCLUDES. Duplicate: it is left out. Invalid: no such register or
            type, or no basis.
    """
    require_role(tx, organisation_id, EXCLUDES)
    errors = []
    if register not in REGISTERS:
        errors.append(("/register", f"Sổ phải là: {', '.join(REGISTERS)}."))
    if tx.office.law.doc_types.find(type_code) is None:
        errors.append(("/type_code", f"Không có loại văn bản “{type_code}”."))
    if not basis.strip():
        errors.append(("/basis", "Phải nêu căn cứ (số, ngày văn bản quy định)."))
    if errors:
        raise Invalid(errors)
    # Whoever decides the same now is waited for.
    tx.lock_chain(str(organisation_id))
    known = tx.session.scalar(
        select(IndicatorExclusion.id).where(
            IndicatorExclusion.organisation_id == organisation_id,
            IndicatorExclusion.register == register,
            IndicatorExclusion.type_code == type_code,
        )
    )
    if known is not None:
        raise Duplicate("Loại văn bản này đã được loại khỏi chỉ số.", [str(known)])
    row = tx.add(
        IndicatorExclusion(
            organisation_id=organisation_id,
            register=register,
            type_code=type_code,
            basis=basis,
            decided_by=tx.actor.person_id,
            decided_on=tx.today,
        )
    )
    tx.session.flush()
    tx.journal(
        "indicator.exclusion_decided",
        organisation_id,
        row.id,
        register=register,
        type_code=type_code,
        decided_on=row.decided_on,
    )
    return excluded(row, tx.actor.full_name)


def exclusions(reading: Reading, organisation_id: uuid.UUID) -> list[Excluded]:
    """What does not count there, in the order of time. Raises NotFound, Forbidden: see LOOKS."""
    require_role(reading, organisation_id, LOOKS)
    return exclusions_of(reading, [organisation_id])
