"""The indicator, measured: what is shown to an auditor and what a snapshot freezes.

It is computed from the tallies of the register facts (`workflow.bookkeeping`), which were counted
in the transactions that stated the facts: a year of a province is some thousand rows.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, case, func, select

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
from workflow.rules.cells import row_of
from workflow.rules.errors import NotFound, Unavailable
from workflow.rules.indicator import Row

log = logging.getLogger("vanthu.indicator")
_INSTANT = timedelta(microseconds=1)


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
    """Rows of one register, organisation and month (or period) that are alike, and how many."""

    organisation_id: uuid.UUID
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
        NotFound: nobody issues from there. Invalid: no such period.
    """
    period = indicator.parse_period(period_text)
    definition = indicator.definition_for(reading.office.law.indicator, period)
    issuers = issuers_of(reading, organisation_id)
    rows = list(tallied(reading, [organisation_id], period, register=register, type_code=type_code))
    known = {str(issuer.id) for issuer in issuers}
    found = indicator.compute(
        definition,
        period,
        [str(issuer.id) for issuer in issuers],
        ((one.row, one.many) for one in rows),
        as_of=reading.now,
        production=not reading.office.settings.development,
    )
    head = reading.session.get(ChainHead, str(organisation_id))
    return IndicatorReport(
        definition=definition,
        issuers=list(zip(issuers, found, strict=True)),
        journal_sequence=head.sequence if head else 0,
        journal_digest=head.digest if head else "",
        as_of=reading.now,
        unattributed=sum(one.many for one in rows if one.row.issuer_id not in known),
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

    Of one register or type where it is named; each month apart if `monthly`, else as of the
    period's first.

    Raises:
        Unavailable: the tallies are not as many as the numbers given: somebody wrote beside the
            office, and no figure is better than a wrong one (`vanthu fsck` tells what is wrong).
    """
    _refuse_books_that_do_not_add_up(reading, organisation_ids)
    tally = RegisterTally
    now = due_text(reading.now)
    # All that matters of a due time is whether it has passed.
    progress = case((tally.due == "", None), (tally.due < now, True), else_=False)
    first = period.first_on.year * 100 + period.first_on.month
    last = period.last_on.year * 100 + period.last_on.month
    apart = [tally.organisation_id, tally.register, tally.issuer_id, tally.cell, progress]
    query = (
        select(*apart, func.sum(tally.count), *([tally.month] if monthly else []))
        .where(tally.organisation_id.in_(organisation_ids), tally.month.between(first, last))
        .group_by(*apart, *([tally.month] if monthly else []))
    )
    if register is not None:
        query = query.where(tally.register == register)
    if type_code is not None:
        query = query.where(tally.type_code == type_code)
    overdue, running = reading.now - _INSTANT, reading.now
    for organisation_id, book, issuer_id, cell, late, many, *months in reading.session.execute(
        query
    ):
        month = months[0] if months else first
        due_at = None if late is None else overdue if late else running
        on = date(month // 100, month % 100, 1)
        yield Tallied(organisation_id, month, row_of(book, cell, issuer_id, on, due_at), many)


def _refuse_books_that_do_not_add_up(
    reading: Reading, organisation_ids: Collection[uuid.UUID]
) -> None:
    """Numbers have no gaps, so the last of each series tell how many rows the registers have."""
    counted = reading.session.scalar(
        select(func.coalesce(func.sum(RegisterTally.count), 0)).where(
            RegisterTally.organisation_id.in_(organisation_ids)
        )
    )
    numbered = reading.session.scalar(
        select(func.coalesce(func.sum(NumberSeries.last_number), 0)).where(
            NumberSeries.organisation_id.in_(organisation_ids),
            NumberSeries.register.in_(REGISTERS),
        )
    )
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
        yield (
            entry,
            row_of(fact.register, fact.cell, fact.issuer_id, fact.counted_on, fact.due_at),
        )


def issuers_of(reading: Reading, organisation_id: uuid.UUID) -> list[Issuer]:
    """Who issues from a seat, the first one first. Raises NotFound."""
    issuers = list(
        reading.session.scalars(
            select(Issuer).where(Issuer.organisation_id == organisation_id).order_by(Issuer.id)
        )
    )
    if not issuers:
        raise NotFound("Cơ quan ban hành")
    return issuers
