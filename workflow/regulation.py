"""The agency's regulation on who handles which incoming documents (ND 30/2020 Art. 23.1)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date

from sqlalchemy import select

from workflow.administration import close, record, require_administrator
from workflow.office import Reading, Transaction
from workflow.records import HandlingRule, Unit
from workflow.rules.errors import Invalid


def add_handling_rule(
    tx: Transaction,
    organisation_id: uuid.UUID,
    *,
    basis: str,
    type_code: str | None = None,
    sender_code: str | None = None,
    unit_id: uuid.UUID | None = None,
    person_id: uuid.UUID | None = None,
    valid_from: date | None = None,
) -> HandlingRule:
    """Documents of this type, from this sender (None: any), go straight to a unit or a person.

    Raises:
        NotFound, Forbidden: not the actor's to administer. Invalid.
    """
    require_administrator(tx, organisation_id)
    errors: list[tuple[str, str]] = []
    if (unit_id is None) == (person_id is None):
        errors.append(("/unit_id", "Chọn một đơn vị hoặc một cá nhân."))
    if unit_id is not None:
        unit = tx.session.get(Unit, unit_id)
        if unit is None or unit.organisation_id != organisation_id:
            errors.append(("/unit_id", "Đơn vị không thuộc cơ quan này."))
    if type_code is not None and tx.office.law.doc_types.find(type_code) is None:
        errors.append(("/type_code", "Không có loại văn bản này (Đ7 NĐ 30/2020)."))
    if errors:
        raise Invalid(errors)
    rule = HandlingRule(
        organisation_id=organisation_id,
        type_code=type_code,
        sender_code=sender_code,
        unit_id=unit_id,
        person_id=person_id,
        basis=basis,
        valid_from=valid_from or tx.today,
    )
    return record(tx, "handling_rule.added", rule, organisation=organisation_id)


def end_handling_rule(tx: Transaction, rule_id: uuid.UUID, on: date) -> None:
    """The rule no longer holds on that day."""
    rule = tx.get(HandlingRule, rule_id, "Quy định")
    require_administrator(tx, rule.organisation_id, "Quy định")
    close(tx, "handling_rule.ended", rule, on)


def handling_rules(reading: Reading, organisation_id: uuid.UUID) -> Sequence[HandlingRule]:
    """The rules that hold today."""
    return reading.session.scalars(
        select(HandlingRule)
        .where(
            HandlingRule.organisation_id == organisation_id, HandlingRule.holds_on(reading.today)
        )
        .order_by(HandlingRule.id)
    ).all()
