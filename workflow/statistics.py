"""How work went in a period: per unit, per definition and stage, per criterion.

Counted by the database over `Move` (what was moved on, by whose move it was) and `Case` (what is
still open now). A step counts where it left its stage; what a stage's deadline was is kept with the
step. Times are whole days that passed, and a median is the lower one of two: integers, so that both
databases say the same.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Integer, Row, Select, case, func, or_, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from workflow.access import SEES_ALL, require_role
from workflow.office import VIETNAM, Reading
from workflow.records import Appointment, Case, CriterionAppraisal, Dossier, Move, Unit
from workflow.rules.indicator import Period, parse_period

MAY_COUNT: Final = SEES_ALL | {"unit_head"}
_DAY_SECONDS = 86_400
#: Where an appraiser has a criterion in hand; the steps around it are others' work.
_APPRAISING = "assigned"

Steps = Select[*tuple[Any, ...]]
Keys = Sequence[Any]


@dataclass(frozen=True)
class Tally:
    """Of one group: steps of the period, and what is open now."""

    on_time: int = 0
    late: int = 0
    without_deadline: int = 0
    open: int = 0
    overdue: int = 0
    median_days: int | None = None
    """Whole days that half of the steps took at most; None where there was none."""

    @property
    def moved(self) -> int:
        return self.on_time + self.late + self.without_deadline


@dataclass(frozen=True)
class UnitLine:
    """`unit_id` None: what roles held (văn thư, lãnh đạo), or people of no unit."""

    unit_id: uuid.UUID | None
    name: str | None
    tally: Tally


@dataclass(frozen=True)
class StageLine:
    definition: str
    title: str
    state: str
    label: str
    tally: Tally


@dataclass(frozen=True)
class CriterionLine:
    kind_code: str
    criterion: str
    tally: Tally


@dataclass(frozen=True)
class Statistics:
    """What an organisation had to move in a period; what is open is so now, whatever the period."""

    period: Period
    as_of: datetime
    total: Tally
    units: Sequence[UnitLine]
    stages: Sequence[StageLine]
    criteria: Sequence[CriterionLine]


def work_statistics(reading: Reading, organisation_id: uuid.UUID, period: str) -> Statistics:
    """The statistics of a month, quarter or year (`2026-11`, `2026-Q4`, `2026`).

    A person's work is that of the unit in which the person serves at the end of the period, or
    today if that is earlier.

    Raises:
        NotFound, Forbidden: as `require_role`. Invalid: no period.
    """
    require_role(reading, organisation_id, MAY_COUNT)
    wanted = parse_period(period)
    moved, left = _moved(organisation_id, wanted), _left(organisation_id)
    on = min(wanted.last_on, reading.today)
    by_unit = _tallies(
        reading,
        moved,
        left,
        [_unit_of(Move.holder_unit_id, Move.holder_person_id, Move.holder_id, on)],
        [_unit_of(Case.holder_unit_id, Case.holder_person_id, Case.holder_id, on)],
    )
    by_stage = _tallies(
        reading,
        moved,
        left,
        [Case.definition_name, Move.source],
        [Case.definition_name, Case.state],
    )
    criterion = [Dossier.kind_code, CriterionAppraisal.criterion]
    by_criterion = _tallies(
        reading,
        _of_criteria(moved).where(Move.source == _APPRAISING),
        _of_criteria(left),
        criterion,
        criterion,
    )
    everything = _tallies(reading, moved, left, [], [])
    return Statistics(
        period=wanted,
        as_of=reading.now,
        total=everything.get((), Tally()),
        units=_unit_lines(reading, by_unit),
        stages=_stage_lines(reading, by_stage),
        criteria=[
            CriterionLine(kind_code, code, tally)
            for (kind_code, code), tally in sorted(by_criterion.items())
        ],
    )


def _moved(organisation_id: uuid.UUID, period: Period) -> Steps:
    """The steps of the period by which something left a stage in which it was theirs."""
    midnight = time(0, tzinfo=VIETNAM)
    return (
        select()
        .select_from(Move)
        .join(Case, Case.id == Move.case_id)
        .where(
            Move.holder_id == organisation_id,
            Move.at >= datetime.combine(period.first_on, midnight),
            Move.at < datetime.combine(period.last_on + timedelta(days=1), midnight),
            Move.source != Move.target,
        )
    )


def _left(organisation_id: uuid.UUID) -> Steps:
    """What is theirs to move now."""
    return (
        select()
        .select_from(Case)
        .where(Case.holder_id == organisation_id, Case.closed_at.is_(None))
    )


def _of_criteria(rows: Steps) -> Steps:
    return rows.join(CriterionAppraisal, CriterionAppraisal.case_id == Case.id).join(
        Dossier, Dossier.id == CriterionAppraisal.dossier_id
    )


def _unit_of(unit: Any, person: Any, organisation: Any, on: date) -> ColumnElement[Any]:
    serves = (
        select(Appointment.unit_id)
        .where(
            Appointment.person_id == person,
            Appointment.organisation_id == organisation,
            Appointment.unit_id.is_not(None),
            Appointment.holds_on(on),
        )
        .order_by(Appointment.id)
        .limit(1)
        .scalar_subquery()
    )
    return func.coalesce(unit, serves)


def _tallies(
    reading: Reading, moved: Steps, left: Steps, of_move: Keys, of_case: Keys
) -> Mapping[tuple[Any, ...], Tally]:
    """Count both by the same keys, each in one query."""
    keys = [key.label(f"key{n}") for n, key in enumerate(of_move)]
    days = (_epoch(Move.at) - _epoch(Move.entered_at)) // _DAY_SECONDS
    ranked = moved.add_columns(
        *keys,
        Move.at,
        Move.due_at,
        days.label("days"),
        func.row_number().over(partition_by=keys, order_by=(days, Move.id)).label("rank"),
        func.count().over(partition_by=keys).label("steps"),
    ).subquery()
    column = ranked.c
    middle = or_(2 * column.rank == column.steps, 2 * column.rank == column.steps + 1)
    key_columns = [column[key.name] for key in keys]
    steps = select(
        *key_columns,
        _count(column.at <= column.due_at),
        _count(column.at > column.due_at),
        _count(column.due_at.is_(None)),
        func.max(case((middle, column.days))),
    ).group_by(*key_columns)
    waiting = left.add_columns(
        *(labels := [key.label(f"key{n}") for n, key in enumerate(of_case)]),
        Case.due_at,
    ).subquery()
    names = [waiting.c[label.name] for label in labels]
    standing = select(*names, func.count(), _count(waiting.c.due_at < reading.now)).group_by(*names)
    found: dict[tuple[Any, ...], Tally] = {}
    for row in map(_parts, reading.session.execute(steps)):
        *key, on_time, late, without, median = row
        if on_time is not None:  # of no rows at all there is nothing to add up
            found[tuple(key)] = Tally(on_time, late, without, median_days=median)
    for row in map(_parts, reading.session.execute(standing)):
        *key, open_, overdue = row
        known = found.get(tuple(key), Tally())
        found[tuple(key)] = replace(known, open=open_, overdue=overdue or 0)
    return found


def _parts(row: Row[*tuple[Any, ...]]) -> tuple[Any, ...]:
    return tuple(row)


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))


def _unit_lines(reading: Reading, tallies: Mapping[tuple[Any, ...], Tally]) -> list[UnitLine]:
    wanted = [unit_id for (unit_id,) in tallies if unit_id is not None]
    names = dict(
        reading.session.execute(select(Unit.id, Unit.name).where(Unit.id.in_(wanted))).all()
    )
    lines = [UnitLine(unit_id, names.get(unit_id), tally) for (unit_id,), tally in tallies.items()]
    return sorted(lines, key=lambda line: (line.name is None, line.name or "", str(line.unit_id)))


def _stage_lines(reading: Reading, tallies: Mapping[tuple[Any, ...], Tally]) -> list[StageLine]:
    """In the order of the definitions; a stage that no definition has any more by its own name."""
    workflows = reading.office.law.workflows
    lines = []
    for (name, state), tally in tallies.items():
        states = (
            {one.name: one.label for one in workflows[name].states} if name in workflows else {}
        )
        order = [*states].index(state) if state in states else len(states)
        title = workflows[name].title if name in workflows else name
        lines.append((name, order, StageLine(name, title, state, states.get(state, state), tally)))
    return [line for _, _, line in sorted(lines, key=lambda one: (*one[:2], one[2].state))]


class _epoch(FunctionElement[int]):  # noqa: N801  a function of SQL
    """Whole seconds since 1970 of an instant, fractions cut off."""

    type = Integer()
    inherit_cache = True


@compiles(_epoch, "postgresql")
def _on_postgresql(element: _epoch, compiler: SQLCompiler, **how: Any) -> str:
    return f"CAST(floor(EXTRACT(epoch FROM {compiler.process(element.clauses, **how)})) AS BIGINT)"


@compiles(_epoch, "sqlite")
def _on_sqlite(element: _epoch, compiler: SQLCompiler, **how: Any) -> str:
    # SQLite rounds a fraction to the millisecond, so perhaps up: it is left out.
    seconds = f"substr({compiler.process(element.clauses, **how)}, 1, 19)"
    return f"CAST(strftime('%s', {seconds}) AS INTEGER)"
