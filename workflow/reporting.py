"""The indicator "100 % processed and signed online", derived from events and from reports.

Whether a document counts as signed is what the stored reports say of its bytes now; whether it was
processed is which steps its moves record. No column anybody could set is asked (rulebook §5.2).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, and_, false, or_

from workflow.access import require_role
from workflow.facts.completeness import (
    Excluded,
    JournalPlace,
    Reconciled,
    exclusions_of,
    journal_places,
    reconciled,
)
from workflow.facts.indicator import IndicatorReport, measured, rows_of, tallied
from workflow.facts.subtree import (
    Point,
    Ranked,
    Subtree,
    months_between,
    ranking_of,
    series_of,
    subtree_of,
)
from workflow.office import Reading
from workflow.records import RegisterFact
from workflow.rules import indicator
from workflow.rules.cells import cell_of, due_of
from workflow.rules.completeness import REGISTERS
from workflow.rules.errors import Invalid
from workflow.rules.reasons import PARTITION, IncomingRow, Reason

#: Who may ask for an organisation's indicator.
INDICATOR_ROLES = frozenset({"auditor", "leader", "follow_up", "clerk", "appraiser"})
#: Who may ask for it together with those under it: who directs and who inspects.
OVERSEEING_ROLES = frozenset({"auditor", "leader", "follow_up"})
FRACTIONS: Final = tuple(PARTITION)


@dataclass(frozen=True)
class Asked:
    """Of which register and type of document; all of them where it is not said."""

    register: str | None = None
    type_code: str | None = None


@dataclass(frozen=True)
class Measured:
    """The indicator of a seat, what is stated beside it, and of those under it where asked for."""

    report: IndicatorReport
    journal: JournalPlace
    exclusions: Sequence[Excluded]
    reconciled: Sequence[Reconciled]
    subtree: Subtree | None


@dataclass(frozen=True)
class RowReasons:
    """Why one row of a register counts in the fractions of its direction, or why it does not."""

    entry_id: uuid.UUID
    document_id: uuid.UUID
    register: str
    number: int
    code: str | None
    processed: Reason
    signed: Reason


@dataclass(frozen=True)
class Series:
    """Months, as all is known now, and where the organisation's journal stands."""

    as_of: datetime
    journal: JournalPlace
    points: Sequence[Point]


@dataclass(frozen=True)
class Ranking:
    """Communes by one fraction, and when that was so."""

    definition_version: int
    as_of: datetime
    lines: Sequence[Ranked]


def measure(
    reading: Reading,
    organisation_id: uuid.UUID,
    period_text: str,
    asked: Asked = Asked(),
    *,
    subtree: bool = False,
) -> Measured:
    """The four fractions of every issuer of a seat; arrivals count with its first issuer.

    Raises:
        NotFound, Forbidden: see INDICATOR_ROLES, OVERSEEING_ROLES. Invalid: no such period,
            register or type.
    """
    _allow(reading, organisation_id, subtree=subtree)
    _check(reading, asked)
    period = indicator.parse_period(period_text)
    report = measured(
        reading,
        organisation_id,
        period_text,
        register=asked.register,
        type_code=asked.type_code,
    )
    under = None
    organisations = [organisation_id]
    if subtree:
        under = subtree_of(
            reading,
            organisation_id,
            period,
            register=asked.register,
            type_code=asked.type_code,
        )
        # Who issues nothing keeps no register that could be compared.
        organisations = [one.placed.organisation_id for one in under.organisations if one.issuers]
    return Measured(
        report,
        journal_places(reading, [organisation_id])[organisation_id],
        exclusions_of(reading, organisations, period.last_on),
        reconciled(
            reading, organisations, period, [asked.register] if asked.register else [*REGISTERS]
        ),
        under,
    )


def series(
    reading: Reading,
    organisation_id: uuid.UUID,
    first: str,
    last: str,
    asked: Asked = Asked(),
    *,
    subtree: bool = False,
) -> Series:
    """Month by month, from a month to a month. Raises as `measure`."""
    _allow(reading, organisation_id, subtree=subtree)
    _check(reading, asked)
    points = series_of(
        reading,
        organisation_id,
        months_between(first, last),
        register=asked.register,
        type_code=asked.type_code,
        subtree=subtree,
    )
    place = journal_places(reading, [organisation_id])[organisation_id]
    return Series(reading.now, place, points)


def ranking(
    reading: Reading,
    organisation_id: uuid.UUID,
    period_text: str,
    *,
    by: str = "outgoing_signed",
    issuer_kind: str = "UBND",
) -> Ranking:
    """The communes under an organisation, by one fraction of their issuers of one kind.

    Raises:
        NotFound, Forbidden: see OVERSEEING_ROLES. Invalid: no such period or fraction.
    """
    _allow(reading, organisation_id, subtree=True)
    if by not in FRACTIONS:
        raise Invalid([("/by", f"Tỷ lệ phải là: {', '.join(FRACTIONS)}.")])
    period = indicator.parse_period(period_text)
    definition = indicator.definition_for(reading.office.law.indicator, period)
    lines = ranking_of(reading, organisation_id, period, by=by, issuer_kind=issuer_kind)
    return Ranking(definition.version, reading.now, lines)


def explain(
    reading: Reading,
    organisation_id: uuid.UUID,
    period_text: str,
    asked: Asked = Asked(),
    *,
    reason: Reason | None = None,
    after: uuid.UUID | None = None,
    limit: int | None = None,
) -> Iterator[RowReasons]:
    """The reason of every row of the registers, so that anybody can add the fractions up again.

    Those alone that have this reason in one of their fractions, if it is given: they are found by
    their cells, so that rows of other reasons are not read.
    """
    require_role(reading, organisation_id, INDICATOR_ROLES)
    _check(reading, asked)
    period = indicator.parse_period(period_text)
    definition = indicator.definition_for(reading.office.law.indicator, period)
    judge = indicator.Count(
        definition, reading.now, production=not reading.office.settings.development
    )
    conditions = []
    if asked.register is not None:
        conditions.append(RegisterFact.register == asked.register)
    if asked.type_code is not None:
        conditions.append(RegisterFact.type_code == asked.type_code)
    if reason is not None:
        conditions.append(_with_reason(reading, organisation_id, period, judge, reason))
    rows = rows_of(reading, organisation_id, period, after, *conditions, limit=limit)
    for entry, row in rows:
        processed, signed = judge.reasons(row)
        yield RowReasons(
            entry.id,
            entry.document_id,
            entry.register,
            entry.number,
            entry.code,
            processed,
            signed,
        )


def _with_reason(
    reading: Reading,
    organisation_id: uuid.UUID,
    period: indicator.Period,
    judge: indicator.Count,
    reason: Reason,
) -> ColumnElement[bool]:
    """A condition on `RegisterFact`: its row has this reason in one of its fractions."""
    fact = RegisterFact
    found = []
    for one in tallied(reading, [organisation_id], period):
        if reason not in judge.reasons(one.row):
            continue
        due = due_of(one.row)
        late = fact.due_at < reading.now
        in_time = fact.due_at.is_(None) if due is None else late if due < reading.now else ~late
        register = "incoming" if isinstance(one.row, IncomingRow) else "outgoing"
        found.append(and_(fact.register == register, fact.cell == cell_of(one.row), in_time))
    return or_(*found) if found else false()


def _allow(reading: Reading, organisation_id: uuid.UUID, *, subtree: bool) -> None:
    require_role(reading, organisation_id, OVERSEEING_ROLES if subtree else INDICATOR_ROLES)


def _check(reading: Reading, asked: Asked) -> None:
    errors = []
    if asked.register not in (None, *REGISTERS):
        errors.append(("/register", f"Sổ phải là: {', '.join(REGISTERS)}."))
    if asked.type_code is not None and not reading.office.law.doc_types.find(asked.type_code):
        errors.append(("/type", f"Không có loại văn bản “{asked.type_code}”."))
    if errors:
        raise Invalid(errors)
