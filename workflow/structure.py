"""Inside an organisation: units, issuers, who handles what, and the days it works.

What has begun is ended on a day, never overwritten. All of it is public to those who sign in.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date

from sqlalchemy import or_, select

from workflow.administration import close, known_person, one_at_a_time, record
from workflow.administration import require_administrator as require
from workflow.office import Reading, Transaction
from workflow.records import CalendarDay, HandlingRule, Issuer, Organisation, Unit
from workflow.rules import identifiers, numbering
from workflow.rules.errors import Duplicate, Invalid
from workflow.series import to_text

#: A council or board issues under the agency's seal with its own series (Annex I part I II.3.a).
ISSUER_KINDS = ("UBND", "HDND", "CHU_TICH", "AGENCY", "COUNCIL")


def add_unit(
    tx: Transaction,
    organisation_id: uuid.UUID,
    *,
    name: str,
    symbol: str,
    valid_from: date | None = None,
) -> Unit:
    """A unit that drafts and handles documents.

    Raises:
        NotFound, Forbidden. Invalid: the symbol cannot stand in a document's notation.
    """
    require(tx, organisation_id)
    numbering.notation(None, "UBND", symbol)
    unit = Unit(
        organisation_id=organisation_id,
        name=name,
        symbol=symbol,
        valid_from=valid_from or tx.today,
    )
    return record(tx, "unit.added", unit, organisation=organisation_id)


def add_issuer(
    tx: Transaction,
    organisation_id: uuid.UUID,
    *,
    kind: str,
    name: str,
    symbol: str,
    series: Sequence[numbering.SeriesRule],
    workflow: str,
    valid_from: date | None = None,
) -> Issuer:
    """A body that issues documents from this seat, in series of its own.

    Raises:
        NotFound, Forbidden. Duplicate: another issuer of the seat has the symbol, and number and
        symbol would not be unique (Art. 15.1). InvalidDefinition: a type has two series.
        Invalid: an unknown kind, type of document or workflow, or a symbol badly written.
    """
    require(tx, organisation_id)
    valid_from = valid_from or tx.today
    numbering.notation("QĐ", symbol)
    numbering.check_series(series)
    _check_issuer(tx, kind, series, workflow)
    one_at_a_time(tx)
    twin = tx.session.scalars(
        select(Issuer).where(
            Issuer.organisation_id == organisation_id,
            Issuer.symbol == symbol,
            or_(Issuer.valid_to.is_(None), Issuer.valid_to > valid_from),
        )
    ).first()
    if twin is not None:
        raise Duplicate(f"Ký hiệu {symbol} đang được “{twin.name}” sử dụng.", [str(twin.id)])
    issuer = Issuer(
        organisation_id=organisation_id,
        kind=kind,
        name=name,
        symbol=symbol,
        series_rule=to_text(series),
        workflow=workflow,
        valid_from=valid_from,
    )
    return record(tx, "issuer.added", issuer, organisation=organisation_id)


def _check_issuer(
    tx: Transaction, kind: str, series: Sequence[numbering.SeriesRule], workflow: str
) -> None:
    law = tx.office.law
    errors = [
        (f"/series/{number}/doc_types", f"Không có loại văn bản “{code}”.")
        for number, rule in enumerate(series)
        for code in sorted(rule.doc_types or ())
        if law.doc_types.find(code) is None
    ]
    if not series:
        errors.append(("/series", "Phải quy định hệ thống số."))
    if kind not in ISSUER_KINDS:
        errors.append(("/kind", f"Loại chủ thể ban hành phải là: {', '.join(ISSUER_KINDS)}."))
    if workflow not in law.workflows or law.workflows[workflow].subject != "outgoing":
        errors.append(("/workflow", f"Không có quy trình văn bản đi “{workflow}”."))
    if errors:
        raise Invalid(errors)


def end_unit(tx: Transaction, unit_id: uuid.UUID, on: date) -> None:
    """The unit no longer exists on that day."""
    unit = tx.get(Unit, unit_id, "Đơn vị")
    require(tx, unit.organisation_id)
    close(tx, "unit.ended", unit, on)


def end_issuer(tx: Transaction, issuer_id: uuid.UUID, on: date) -> None:
    """The body no longer issues documents on that day."""
    issuer = tx.get(Issuer, issuer_id, "Chủ thể ban hành")
    require(tx, issuer.organisation_id)
    close(tx, "issuer.ended", issuer, on)


def add_handling_rule(
    tx: Transaction,
    organisation_id: uuid.UUID,
    *,
    basis: str,
    unit_id: uuid.UUID | None = None,
    person_id: uuid.UUID | None = None,
    type_code: str | None = None,
    sender_code: str | None = None,
    valid_from: date | None = None,
) -> HandlingRule:
    """Who handles a kind of incoming document without asking the leader first (Art. 23.1).

    `basis` names the regulation that says so; without a type or sender it is for every one.

    Raises:
        NotFound, Forbidden. Invalid: nobody handles it, or a value is unknown.
    """
    require(tx, organisation_id)
    errors = []
    unit = tx.session.get(Unit, unit_id) if unit_id else None
    if (unit_id is None) == (person_id is None):
        errors.append(("/unit_id", "Chọn một đơn vị hoặc một cá nhân giải quyết."))
    if unit_id is not None and (unit is None or unit.organisation_id != organisation_id):
        errors.append(("/unit_id", "Đơn vị không thuộc cơ quan này."))
    if type_code is not None and tx.office.law.doc_types.find(type_code) is None:
        errors.append(("/type_code", f"Không có loại văn bản “{type_code}”."))
    if errors:
        raise Invalid(errors)
    if person_id is not None:
        known_person(tx, person_id)
    if sender_code is not None:
        identifiers.organisation(sender_code)
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
    """Such documents go to the leader again from that day on."""
    rule = tx.get(HandlingRule, rule_id, "Quy định giải quyết")
    require(tx, rule.organisation_id)
    close(tx, "handling_rule.ended", rule, on)


def set_calendar_day(
    tx: Transaction, organisation_id: uuid.UUID, day_on: date, *, working: bool, basis: str
) -> CalendarDay:
    """Whether a day is worked, for the organisation and all under it, by which decision."""
    require(tx, organisation_id)
    one_at_a_time(tx)
    day = tx.session.scalar(
        select(CalendarDay).where(
            CalendarDay.organisation_id == organisation_id, CalendarDay.day_on == day_on
        )
    )
    if day is None:
        day = CalendarDay(organisation_id=organisation_id, day_on=day_on)
    day.working, day.basis = working, basis
    return record(tx, "calendar.day_set", day, organisation=organisation_id, day_on=day_on)


def units_of(reading: Reading, organisation_id: uuid.UUID, on: date | None = None) -> list[Unit]:
    """The organisation's units on a day (today)."""
    reading.get(Organisation, organisation_id, "Cơ quan")
    return list(
        reading.session.scalars(
            select(Unit)
            .where(Unit.organisation_id == organisation_id, Unit.holds_on(on or reading.today))
            .order_by(Unit.id)
        )
    )


def issuers_of(
    reading: Reading, organisation_id: uuid.UUID, on: date | None = None
) -> list[Issuer]:
    """The bodies that issue documents from this seat on a day (today)."""
    reading.get(Organisation, organisation_id, "Cơ quan")
    return list(
        reading.session.scalars(
            select(Issuer)
            .where(Issuer.organisation_id == organisation_id, Issuer.holds_on(on or reading.today))
            .order_by(Issuer.id)
        )
    )


def handling_rules(reading: Reading, organisation_id: uuid.UUID) -> Sequence[HandlingRule]:
    """The rules that hold today."""
    return reading.session.scalars(
        select(HandlingRule)
        .where(
            HandlingRule.organisation_id == organisation_id, HandlingRule.holds_on(reading.today)
        )
        .order_by(HandlingRule.id)
    ).all()
