"""Counts of a report as tables: what falls into which column, by unit and by type."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, Select, func, select

from workflow.books.opened import local
from workflow.office import Reading
from workflow.printing.books import Section
from workflow.rules.books import (
    Book,
    Cell,
    Column,
    share,
)

Tallies = Mapping[str, Counter[str]]
"""How many of each outcome, by what they are counted by."""


def counted(
    book: Book, title: str, tallies: Tallies, outcomes: Sequence[str], of: str = ""
) -> Section:
    """A table of counts with their sum under them."""
    total: Counter[str] = Counter()
    for tally in tallies.values():
        total.update(tally)
    rows = [_row(name, tally, outcomes) for name, tally in sorted(tallies.items())]
    first = book.columns[0]
    named = Column(first.name, of or first.title, first.mm)
    return Section((named, *book.columns[1:]), [*rows, _row("Tổng cộng", total, outcomes)], title)


def _row(name: str, tally: Counter[str], outcomes: Sequence[str]) -> Sequence[Cell]:
    return (
        name,
        tally.total(),
        *(tally[outcome] for outcome in outcomes),
        share(tally["on_time"], tally["late"], tally["overdue"]),
    )


def tallied(
    reading: Reading, query: Select[*tuple[Any, ...]], nobody: str
) -> tuple[Tallies, Tallies]:
    """Counts by unit, and by type, of rows (unit, type, outcome)."""
    types = {kind.code: kind.name for kind in reading.office.law.doc_types.types}
    column = query.subquery().c
    by_unit: defaultdict[str, Counter[str]] = defaultdict(Counter)
    by_type: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for unit, type_code, outcome, many in reading.session.execute(
        select(column.unit, column.type_code, column.outcome, func.count()).group_by(
            column.unit, column.type_code, column.outcome
        )
    ):
        by_unit[unit or nobody][outcome] += many
        by_type[types.get(type_code or "", "Loại khác")][outcome] += many
    return by_unit, by_type


def lateness(reading: Reading, row: Row[*tuple[Any, ...]]) -> tuple[Cell, Cell]:
    """By when it was due, and how many days ago that was."""
    due_on = local(row.due_at)
    assert due_on is not None
    return due_on, (reading.today - due_on).days
