"""The indicator, measured: what is shown to an auditor and what a snapshot freezes.

It is computed from the tallies of the register facts (`workflow.bookkeeping`), which were counted
in the transactions that stated the facts: a year of a province is some thousand rows.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, func, literal, select
from sqlalchemy.orm import InstrumentedAttribute

from workflow.bookkeeping import REGISTERS, due_text, is_newest
from workflow.office import Reading
from workflow.records import (
    ChainHead,
    Issuer,
    NumberSeries,
    RegisterEntry,
    RegisterFact,
    RegisterTally,
)
from workflow.rules import indicator
from workflow.rules.cells import alike
from workflow.rules.errors import Unavailable
from workflow.rules.indicator import Count, Row

log = logging.getLogger("vanthu.indicator")
_PASSED, _TO_COME = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class IndicatorReport:
    """The indicators of a seat, who was asked, and where its journal stood.

    `unattributed` rows count with nobody: they came when nobody issued from there.
    """

    definition: indicator.Definition
    issuers: Sequence[tuple[Issuer, indicator.Indicator]]
    journal_sequence: int
    journal_digest: str
    as_of: datetime
    unattributed: int = 0


@dataclass(frozen=True)
class Tallied:
    """Rows of one issuer's register that are alike, and how many.

    `month` (202611) is the period's first where months are not asked apart.
    """

    organisation_id: uuid.UUID
    issuer_id: str
    month: int
    row: Row
    many: int


def measured(
    reading: Reading,
    organisation_id: uuid.UUID,
    period_text: str,
    *,
    register: str | None = None,
    type_code: str | None = None,
) -> IndicatorReport:
    """The four fractions of every issuer of a seat; arrivals count with its first issuer.

    Of one register or type of document where it is named.

    Raises:
        Invalid: no such period. Unavailable: see `tallied`.
    """
    period = indicator.parse_period(period_text)
    definition = indicator.definition_for(reading.office.law.indicator, period)
    issuers = issuers_of(reading, organisation_id)
    production = not reading.office.settings.development
    counts = {str(one.id): Count(definition, reading.now, production) for one in issuers}
    unattributed = 0
    for one in tallied(reading, [organisation_id], period, register=register, type_code=type_code):
        if one.issuer_id in counts:
            counts[one.issuer_id].add(one.row, one.many)
        else:
            unattributed += one.many
    found = [count.indicator(issuer, period) for issuer, count in counts.items()]
    head = reading.session.get(ChainHead, str(organisation_id))
    return IndicatorReport(
        definition=definition,
        issuers=list(zip(issuers, found, strict=True)),
        journal_sequence=head.sequence if head else 0,
        journal_digest=head.digest if head else "",
        as_of=reading.now,
        unattributed=unattributed,
    )


def tallied(
    reading: Reading,
    organisation_ids: Collection[uuid.UUID],
    period: indicator.Period,
    *,
    register: str | None = None,
    type_code: str | None = None,
    monthly: bool = False,
) -> Iterator[Tallied]:
    """The rows of the registers of these organisations in a period, alike ones together.

    Of one register or type where it is named; each month apart if `monthly`.

    Raises:
        Unavailable: the tallies are not as many as the numbers given: somebody wrote beside the
            office, and no figure is better than a wrong one (`vanthu fsck` tells what is wrong).
    """
    years = range(period.first_on.year, period.last_on.year + 1)
    _refuse_books_that_do_not_add_up(reading, organisation_ids, years)
    first, last = (on.year * 100 + on.month for on in (period.first_on, period.last_on))
    tally = RegisterTally
    apart: list[InstrumentedAttribute[Any]] = [
        tally.organisation_id,
        tally.register,
        tally.issuer_id,
        tally.cell,
        *([tally.month] if monthly else ()),
    ]
    of_them = [
        # One year is added up in the order of the key, without sorting.
        tally.year.in_(years) if len(years) > 1 else tally.year == years[0],
        tally.organisation_id.in_(organisation_ids),
        tally.month.between(first, last),
    ]
    if register is not None:
        of_them.append(tally.register == register)
    if type_code is not None:
        of_them.append(tally.type_code == type_code)
    many = func.sum(tally.count)
    done = select(*apart, literal(None), many).where(*of_them, tally.due == "").group_by(*apart)
    # All that matters of a due time is whether it has passed.
    late = tally.due < due_text(reading.now)
    due = select(*apart, late, many).where(*of_them, tally.due != "").group_by(*apart, late)
    for query in (done, due):
        for seat, book, issuer_id, cell, *month, passed, count in reading.session.execute(query):
            row = alike(book, cell, None if passed is None else _PASSED if passed else _TO_COME)
            yield Tallied(seat, issuer_id, month[0] if month else first, row, count)


def _refuse_books_that_do_not_add_up(
    reading: Reading, organisation_ids: Collection[uuid.UUID], years: range
) -> None:
    """Numbers have no gaps: the last of each series tell how many rows a year's registers have."""
    numbered = reading.session.scalar(
        select(func.coalesce(func.sum(NumberSeries.last_number), 0)).where(
            NumberSeries.organisation_id.in_(organisation_ids),
            NumberSeries.register.in_(REGISTERS),
            NumberSeries.year.in_(years),
        )
    )

    def counted_in(condition: ColumnElement[bool]) -> int:
        return reading.session.scalars(
            select(func.coalesce(func.sum(RegisterTally.count), 0)).where(
                condition,
                RegisterTally.organisation_id.in_(organisation_ids),
                RegisterTally.register_year.in_(years),
            )
        ).one()

    # What is numbered in December is issued in January; hardly anything waits longer than that.
    counted = counted_in(RegisterTally.year.in_((*years, years[-1] + 1)))
    if counted != numbered:
        counted += counted_in(RegisterTally.year > years[-1] + 1)
    if counted != numbered:
        log.error("the tallies count %s entries, the registers gave %s numbers", counted, numbered)
        raise Unavailable("Số liệu tổng hợp của sổ đăng ký")


def rows_of(
    reading: Reading,
    organisation_id: uuid.UUID,
    period: indicator.Period,
    after: uuid.UUID | None,
    *conditions: ColumnElement[bool],
    limit: int | None = None,
) -> Iterator[tuple[RegisterEntry, Row]]:
    """The rows of the registers that fall into a period one by one, in the order of their ids.

    `conditions` are on `RegisterFact`.
    """
    query = (
        select(RegisterEntry, RegisterFact)
        .join(RegisterFact, RegisterFact.entry_id == RegisterEntry.id)
        .where(
            RegisterFact.organisation_id == organisation_id,
            RegisterFact.counted_on.between(period.first_on, period.last_on),
            is_newest(),
            *conditions,
        )
        .order_by(RegisterEntry.id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(RegisterEntry.id > after)
    for entry, fact in reading.session.execute(query):
        yield entry, alike(fact.register, fact.cell, fact.due_at)


def issuers_of(reading: Reading, organisation_id: uuid.UUID) -> list[Issuer]:
    """Who issues from a seat, the first one first."""
    return list(
        reading.session.scalars(
            select(Issuer).where(Issuer.organisation_id == organisation_id).order_by(Issuer.id)
        )
    )
