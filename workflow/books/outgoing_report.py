"""Báo cáo tình hình giải quyết văn bản đi.

The law has no form for it (Annex VI part I, V.4). What got its number in the period falls into
exactly one column, by unit and by type; what is late today is listed one by one, whatever its
period.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, select

from workflow.books.opened import Opened, of_period
from workflow.books.tallies import Tallies, counted, lateness, tallied
from workflow.office import Reading
from workflow.printing.books import Section
from workflow.records import (
    Case,
    Document,
    Move,
    NumberVoid,
    Outgoing,
    RegisterEntry,
    Unit,
)
from workflow.rules.books import (
    DRAFTS,
    OUTGOING_OUTCOMES,
    OUTGOING_OVERDUE,
    OUTGOING_REPORT,
    Cell,
    described,
)
from workflow.rules.indicator import Period
from workflow.work_lines import workflows_of


def outgoing_report(reading: Reading, organisation_id: uuid.UUID, period: Period) -> Opened:
    """What got its number in the period, by the unit that drafted it and by type."""
    by_unit, by_type = _outgoing(reading, organisation_id, period)
    return of_period(
        reading,
        organisation_id,
        period,
        OUTGOING_REPORT,
        [
            counted(OUTGOING_REPORT, "I. Theo đơn vị", by_unit, OUTGOING_OUTCOMES),
            counted(
                OUTGOING_REPORT, "II. Theo loại văn bản", by_type, OUTGOING_OUTCOMES, "Loại văn bản"
            ),
            Section(
                DRAFTS,
                _drafts(reading, organisation_id),
                "III. Dự thảo chưa cấp số, tính đến nay (mọi kỳ)",
            ),
            Section(
                OUTGOING_OVERDUE,
                _outgoing_overdue(reading, organisation_id),
                "IV. Văn bản đi đang quá hạn ở một bước (mọi kỳ)",
            ),
        ],
        "Đúng hạn là phát hành trong ngày ký hoặc chậm nhất ngày làm việc tiếp theo (Điều 18 Nghị"
        " định 30/2020/NĐ-CP). Tỷ lệ đúng hạn = phát hành đúng hạn trên tổng số đã đến hạn.",
    )


def _outgoing(
    reading: Reading, organisation_id: uuid.UUID, period: Period
) -> tuple[Tallies, Tallies]:
    outcome = case(
        (NumberVoid.id.is_not(None), "voided"),
        (Case.state == "recalled", "recalled"),
        (Move.at > Move.due_at, "late"),
        (Move.id.is_not(None), "on_time"),
        (Case.due_at < reading.now, "overdue"),
        else_="open",
    )
    query: Select[*tuple[Any, ...]] = select(
        Unit.name.label("unit"), Document.type_code, outcome.label("outcome")
    )
    query = (
        query.select_from(RegisterEntry)
        .join(Document, Document.id == RegisterEntry.document_id)
        .join(Outgoing, Outgoing.document_id == Document.id)
        .join(Unit, Unit.id == Outgoing.unit_id)
        .join(Case, (Case.document_id == Document.id) & Case.parent_id.is_(None))
        .outerjoin(NumberVoid, NumberVoid.entry_id == RegisterEntry.id)
        # It is issued once: no later step is of this name.
        .outerjoin(Move, (Move.case_id == Case.id) & (Move.trigger == "issue"))
        .where(
            RegisterEntry.organisation_id == organisation_id,
            RegisterEntry.register == "outgoing",
            RegisterEntry.entered_on.between(period.first_on, period.last_on),
        )
    )
    return tallied(reading, query, "")


def _open_outgoing(
    organisation_id: uuid.UUID, *columns: ColumnElement[Any] | Any
) -> Select[*tuple[Any, ...]]:
    """What goes out and is not done with."""
    query: Select[*tuple[Any, ...]] = select(*columns).select_from(Case)
    return (
        query.join(Document, Document.id == Case.document_id)
        .join(Outgoing, Outgoing.document_id == Document.id)
        .outerjoin(RegisterEntry, RegisterEntry.document_id == Document.id)
        .where(
            Case.organisation_id == organisation_id,
            Case.closed_at.is_(None),
            Case.parent_id.is_(None),
        )
    )


def _drafts(reading: Reading, organisation_id: uuid.UUID) -> Sequence[Sequence[Cell]]:
    """Drafts without a number by where they stand, in the order of the workflow."""
    found = reading.session.execute(
        _open_outgoing(
            organisation_id,
            Case.definition_name,
            Case.definition_digest,
            Case.state,
            func.count(),
            func.sum(case((Case.due_at < reading.now, 1), else_=0)),
        )
        .where(RegisterEntry.id.is_(None))
        .group_by(Case.definition_name, Case.definition_digest, Case.state)
    ).all()
    workflows = workflows_of(reading, {(name, digest) for name, digest, *_ in found})
    counts: dict[tuple[int, str], list[int]] = {}
    for _, digest, state, many, overdue in found:
        states = workflows[digest].states
        place = next(n for n, one in enumerate(states) if one.name == state)
        count = counts.setdefault((place, states[place].label), [0, 0])
        count[0] += many
        count[1] += overdue or 0
    return [(label, many, overdue) for (_, label), (many, overdue) in sorted(counts.items())]


def _outgoing_overdue(reading: Reading, organisation_id: uuid.UUID) -> Iterator[Sequence[Cell]]:
    types = {kind.code: kind.name for kind in reading.office.law.doc_types.types}
    rows = reading.session.execute(
        _open_outgoing(
            organisation_id,
            RegisterEntry.code,
            Document.type_code,
            Document.subject,
            Unit.name,
            Case.definition_name,
            Case.definition_digest,
            Case.state,
            Case.due_at,
        )
        .join(Unit, Unit.id == Outgoing.unit_id)
        .where(Case.due_at < reading.now)
        .order_by(Case.due_at, Case.id)
    ).all()
    workflows = workflows_of(
        reading, {(row.definition_name, row.definition_digest) for row in rows}
    )
    for row in rows:
        yield (
            row.code or "Chưa có số",
            described(types.get(row.type_code or ""), row.subject),
            row.name,
            workflows[row.definition_digest].state(row.state).label,
            *lateness(reading, row),
        )
