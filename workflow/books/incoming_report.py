"""Báo cáo tình hình giải quyết văn bản đến.

The law has no form for it (Annex VI part I, V.2). What came in in the period falls into exactly one
column, by unit and by type; what is late today is listed one by one, whatever its period.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, select

from workflow.books.opened import Opened, day_of, of_period
from workflow.books.tallies import Tallies, counted, lateness, tallied
from workflow.office import Reading
from workflow.printing.books import Section
from workflow.records import (
    Appointment,
    Case,
    Document,
    Incoming,
    Person,
    RegisterEntry,
    Task,
    Unit,
)
from workflow.rules.books import (
    INCOMING_OUTCOMES,
    INCOMING_OVERDUE,
    INCOMING_REPORT,
    Cell,
    described,
)
from workflow.rules.indicator import Period


def incoming_report(reading: Reading, organisation_id: uuid.UUID, period: Period) -> Opened:
    """What arrived in the period, by the unit that has the lead and by type."""
    by_unit, by_type = _incoming(reading, organisation_id, period)
    return of_period(
        reading,
        organisation_id,
        period,
        INCOMING_REPORT,
        [
            counted(INCOMING_REPORT, "I. Theo đơn vị", by_unit, INCOMING_OUTCOMES),
            counted(
                INCOMING_REPORT, "II. Theo loại văn bản", by_type, INCOMING_OUTCOMES, "Loại văn bản"
            ),
            Section(
                INCOMING_OVERDUE,
                _incoming_overdue(reading, organisation_id),
                "III. Văn bản đang giải quyết đã quá hạn (mọi kỳ)",
            ),
        ],
        "Văn bản không đặt thời hạn tính là đúng hạn khi đã giải quyết. Tỷ lệ đúng hạn = giải quyết"
        " đúng hạn trên tổng số đã đến hạn (đúng hạn, quá hạn và đang giải quyết quá hạn).",
    )


def _incoming(
    reading: Reading, organisation_id: uuid.UUID, period: Period
) -> tuple[Tallies, Tallies]:
    outcome = case(
        (Case.state == "recalled", "recalled"),
        ((Case.state == "completed") & (Case.closed_at > Case.due_at), "late"),
        (Case.state == "completed", "on_time"),
        (Case.due_at < reading.now, "overdue"),
        else_="open",
    )
    query = _arrivals(
        organisation_id,
        _lead_unit(day_of(reading, period)).label("unit"),
        Document.type_code,
        outcome.label("outcome"),
    )
    return tallied(
        reading,
        query.where(RegisterEntry.entered_on.between(period.first_on, period.last_on)),
        "Chưa giao chủ trì",
    )


#: Whoever has the lead in an arrival: at most one, which the rules of assigning see to.
_LEAD = (
    select(Case.document_id, Task.unit_id, Task.person_id)
    .join(Task, Task.case_id == Case.id)
    .where(Task.part == "lead", Case.state.not_in(("declined", "withdrawn")))
    .subquery("lead")
)


def _lead_unit(on: date) -> ColumnElement[Any]:
    """The unit in the lead, or that of the person in the lead, or the person."""
    serves = (
        select(Unit.name)
        .join(Appointment, Appointment.unit_id == Unit.id)
        .where(Appointment.person_id == _LEAD.c.person_id, Appointment.holds_on(on))
        .where(Unit.organisation_id == RegisterEntry.organisation_id)
        .order_by(Appointment.id)
        .limit(1)
        .scalar_subquery()
    )
    return func.coalesce(Unit.name, serves, Person.full_name)


def _arrivals(
    organisation_id: uuid.UUID, *columns: ColumnElement[Any] | Any
) -> Select[*tuple[Any, ...]]:
    """Registered arrivals, with whoever has the lead."""
    query: Select[*tuple[Any, ...]] = select(*columns).select_from(RegisterEntry)
    return (
        query.join(Document, Document.id == RegisterEntry.document_id)
        .join(Incoming, Incoming.document_id == Document.id)
        .join(Case, (Case.document_id == Document.id) & Case.parent_id.is_(None))
        .outerjoin(_LEAD, _LEAD.c.document_id == Document.id)
        .outerjoin(Unit, Unit.id == _LEAD.c.unit_id)
        .outerjoin(Person, Person.id == _LEAD.c.person_id)
        .where(
            RegisterEntry.organisation_id == organisation_id, RegisterEntry.register == "incoming"
        )
    )


def _incoming_overdue(reading: Reading, organisation_id: uuid.UUID) -> Iterator[Sequence[Cell]]:
    types = {kind.code: kind.name for kind in reading.office.law.doc_types.types}
    rows = reading.session.execute(
        _arrivals(
            organisation_id,
            RegisterEntry.number,
            RegisterEntry.entered_on,
            Incoming.code,
            Document.type_code,
            Document.subject,
            Person.full_name,
            Unit.name,
            Case.due_at,
        )
        .where(Case.closed_at.is_(None), Case.due_at < reading.now)
        .order_by(Case.due_at, RegisterEntry.id)
    )
    for row in rows:
        yield (
            row.number,
            row.entered_on,
            row.code,
            described(types.get(row.type_code or ""), row.subject),
            row.name or row.full_name or "Chưa giao",
            *lateness(reading, row),
        )
