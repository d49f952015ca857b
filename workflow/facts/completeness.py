"""What is stated beside the indicator: journal, exclusions, and what lists from outside hold."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import func, select

from workflow.office import Reading
from workflow.records import (
    ChainHead,
    Checkpoint,
    IndicatorExclusion,
    LeafHead,
    Person,
    Reconciliation,
)
from workflow.rules.completeness import REGISTERS, SECRET, SOURCES, month_text
from workflow.rules.indicator import Period


@dataclass(frozen=True)
class JournalPlace:
    """Where an organisation's chain stands, and how many entries no signed checkpoint covers."""

    sequence: int = 0
    digest: str = ""
    uncovered: int = 0


@dataclass(frozen=True)
class Excluded:
    """A type of document that does not count in an organisation: on what basis, by whom, since."""

    id: uuid.UUID
    organisation_id: uuid.UUID
    register: str
    type_code: str
    basis: str
    decided_by: uuid.UUID
    name: str
    decided_on: date


@dataclass(frozen=True)
class Reconciled:
    """Of one register and one source: what was listed and matched in the months of a period.

    `missing` are the months in which nothing was entered, each as often as organisations entered
    nothing; `entered_at` and `entered_by` are the latest's.
    """

    register: str
    source: str
    listed: int | None
    matched: int | None
    missing: Sequence[str]
    entered_at: datetime | None
    entered_by: str | None

    @property
    def unreconciled(self) -> int | None:
        """How many are listed and not in the register; secret ones are in no register of ours."""
        if self.listed is None or self.matched is None or self.source == SECRET:
            return None
        return self.listed - self.matched

    @property
    def text(self) -> str:
        """As it is printed."""
        if self.listed is None:
            return "chưa đối chiếu"
        if self.source == SECRET:
            said = f"{self.listed} số trong sổ văn bản mật, không tính"
        else:
            said = f"khớp {self.matched}/{self.listed}, chưa khớp {self.unreconciled}"
        return f"{said}; {len(self.missing)} tháng chưa đối chiếu" if self.missing else said


class EnteredLast(NamedTuple):
    """What an organisation entered last for a month, a register and a source."""

    organisation_id: uuid.UUID
    register: str
    source: str
    month: int
    listed: int
    matched: int
    entered_at: datetime
    entered_by: str


def journal_places(
    reading: Reading, organisation_ids: Collection[uuid.UUID]
) -> Mapping[uuid.UUID, JournalPlace]:
    """Of each organisation, in one query."""
    size = select(func.max(Checkpoint.size)).scalar_subquery()
    covered = (
        select(LeafHead.sequence)
        .where(LeafHead.chain == ChainHead.chain, LeafHead.leaf < size)
        .order_by(LeafHead.sequence.desc())
        .limit(1)
        .correlate(ChainHead)
        .scalar_subquery()
    )
    rows = reading.session.execute(
        select(ChainHead.chain, ChainHead.sequence, ChainHead.digest, func.coalesce(covered, 0))
        .where(ChainHead.chain.in_([str(one) for one in organisation_ids]))
        .order_by(ChainHead.chain)
    )
    found = {
        uuid.UUID(chain): JournalPlace(sequence, digest, sequence - under)
        for chain, sequence, digest, under in rows
    }
    return {one: found.get(one, JournalPlace()) for one in organisation_ids}


def exclusions_of(
    reading: Reading, organisation_ids: Collection[uuid.UUID], until: date | None = None
) -> list[Excluded]:
    """What does not count there, decided on before `until` if given, in the order of time."""
    row = IndicatorExclusion
    query = (
        select(row, Person.full_name)
        .join(Person, Person.id == row.decided_by)
        .where(row.organisation_id.in_(organisation_ids))
        .order_by(row.id)
    )
    if until is not None:
        query = query.where(row.decided_on < until)
    return [excluded(one, name) for one, name in reading.session.execute(query)]


def excluded(row: IndicatorExclusion, name: str) -> Excluded:
    """A row as it is stated, with the name of who decided."""
    return Excluded(
        row.id,
        row.organisation_id,
        row.register,
        row.type_code,
        row.basis,
        row.decided_by,
        name,
        row.decided_on,
    )


def reconciled(
    reading: Reading,
    organisation_ids: Collection[uuid.UUID],
    period: Period,
    registers: Collection[str] = tuple(REGISTERS),
) -> list[Reconciled]:
    """Every source of these registers, added up over the months that have begun."""
    months = begun(reading, period)
    rows = entered_last(reading, organisation_ids, months)
    return compared(rows, len(organisation_ids), months, registers)


def begun(reading: Reading, period: Period) -> list[int]:
    """The months of a period that have begun: 202601, 202602 …"""
    return _months(period.first_on, min(period.last_on, reading.today))


def entered_last(
    reading: Reading, organisation_ids: Collection[uuid.UUID], months: Collection[int]
) -> list[EnteredLast]:
    """What counts of all that was entered, in the order of time, in one query."""
    row = Reconciliation
    ranked = (
        select(
            row.id,
            func.row_number()
            .over(
                partition_by=(row.organisation_id, row.month, row.register, row.source),
                order_by=row.id.desc(),
            )
            .label("rank"),
        )
        .where(row.organisation_id.in_(organisation_ids), row.month.in_(months))
        .subquery()
    )
    newest = reading.session.execute(
        select(
            row.organisation_id,
            row.register,
            row.source,
            row.month,
            row.listed,
            row.matched,
            row.entered_at,
            Person.full_name,
        )
        .join(ranked, ranked.c.id == row.id)
        .join(Person, Person.id == row.entered_by)
        .where(ranked.c.rank == 1)
        .order_by(row.id)
    )
    return [EnteredLast(*one) for one in newest]


def compared(
    rows: Collection[EnteredLast],
    organisations: int,
    months: Collection[int],
    registers: Collection[str] = tuple(REGISTERS),
) -> list[Reconciled]:
    """What so many organisations entered for these months, source by source."""
    lines = []
    for register in registers:
        for source in SOURCES:
            entered = [one for one in rows if (one.register, one.source) == (register, source)]
            known = Counter(one.month for one in entered)
            lines.append(
                Reconciled(
                    register,
                    source,
                    sum(one.listed for one in entered) if entered else None,
                    sum(one.matched for one in entered) if entered else None,
                    [
                        month_text(month)
                        for month in months
                        for _ in range(organisations - known[month])
                    ],
                    entered[-1].entered_at if entered else None,
                    entered[-1].entered_by if entered else None,
                )
            )
    return lines


def _months(first: date, last: date) -> list[int]:
    """202601, 202602 … between two days."""
    begin, end = first.year * 12 + first.month - 1, last.year * 12 + last.month - 1
    return [month // 12 * 100 + month % 12 + 1 for month in range(begin, end + 1)]
