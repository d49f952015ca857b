"""Numbers without gaps, dates in order; facts as the evidence states them, tallies that add up."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from workflow.bookkeeping import REGISTERS, is_newest, key_of
from workflow.inspecting.findings import Finding, Kind, Step, Walk, raise_if_away
from workflow.records import NumberSeries, RegisterEntry, RegisterFact, RegisterTally
from workflow.rules.cells import cell_of, due_of
from workflow.rules.statements import parse
from workflow.stating import Stated, state

_ENTRIES = 250


def look_at_numbers(walk: Walk, after: str) -> Step:
    """One series. `after`: the id of the one before."""
    with walk.office.reading(None) as reading:
        query = select(NumberSeries).order_by(NumberSeries.id).limit(1)
        if after:
            query = query.where(NumberSeries.id > uuid.UUID(after))
        series = reading.session.scalars(query).first()
        if series is None:
            return Step((), 0, None)
        findings = list(numbers_of(reading.session, series))
        return Step(findings, series.last_number, str(series.id))


def numbers_of(session: Session, series: NumberSeries) -> Iterator[Finding]:
    """ND 30/2020 Art. 15.1, 22.2: from 01 on, each once, the later number never the earlier day."""
    due, last_on = 1, None
    for number, entered_on, entry_id in session.execute(
        select(RegisterEntry.number, RegisterEntry.entered_on, RegisterEntry.id)
        .where(RegisterEntry.series_id == series.id)
        .order_by(RegisterEntry.number, RegisterEntry.id)
        .execution_options(yield_per=1_000)
    ):
        if number < due:
            yield Finding(Kind.NUMBER_DOUBLE, f"register_entry {entry_id}")
            continue
        yield from _gap(series, due, number)
        if last_on is not None and entered_on < last_on:
            yield Finding(Kind.DATE_ORDER, f"register_entry {entry_id}")
        due, last_on = number + 1, entered_on
    yield from _gap(series, due, series.last_number + 1)
    if series.last_number + 1 < due:
        yield Finding(Kind.NUMBER_DOUBLE, f"number_series {series.id}")  # it would be given again
    if series.last_on != last_on:
        yield Finding(Kind.DATE_ORDER, f"number_series {series.id}")


def _gap(series: NumberSeries, due: int, number: int) -> Iterator[Finding]:
    if due < number:
        which = f"{due}" if due + 1 == number else f"{due}-{number - 1}"
        yield Finding(Kind.NUMBER_GAP, f"number_series {series.id} #{which}")


def look_at_facts(walk: Walk, after: str) -> Step:
    """Some hundred entries of registers. `after`: the last one's id."""
    with walk.office.reading(None) as reading:
        entries = entries_after(reading.session, uuid.UUID(after) if after else None)
        findings = list(facts_of(reading.session, entries))
    last = str(entries[-1].id) if len(entries) == _ENTRIES else None
    return Step(findings, len(entries), last)


def entries_after(session: Session, after: uuid.UUID | None) -> Sequence[RegisterEntry]:
    """Some entries of the registers whose documents count."""
    query = (
        select(RegisterEntry)
        .where(RegisterEntry.register.in_(REGISTERS))
        .order_by(RegisterEntry.id)
        .limit(_ENTRIES)
    )
    return session.scalars(query if after is None else query.where(RegisterEntry.id > after)).all()


def facts_of(session: Session, entries: Sequence[RegisterEntry]) -> Iterator[Finding]:
    """The newest fact of each entry, where it is not what the evidence says now."""
    documents = [entry.document_id for entry in entries]
    query = select(RegisterFact).where(RegisterFact.document_id.in_(documents))
    newest: dict[uuid.UUID, RegisterFact] = {}
    try:
        for fact in session.scalars(query.order_by(RegisterFact.ordinal)):
            newest[fact.document_id] = fact
        stated = dict(state(session, entries))
    except Exception as fault:
        raise_if_away(fault)
        # What they are stated from is gone or cannot be read: the others are as they are.
        if len(entries) == 1:
            yield Finding(Kind.FACT_DIFFERS, f"register_entry {entries[0].id}")
            return
        for entry in entries:
            yield from facts_of(session, [entry])
        return
    for entry in entries:
        held = newest.get(entry.document_id)
        if held is None:
            yield Finding(Kind.FACT_DIFFERS, f"register_entry {entry.id}")
        elif not _says(held, entry, stated[entry]):
            yield Finding(Kind.FACT_DIFFERS, f"register_fact {held.id}")


def _says(fact: RegisterFact, entry: RegisterEntry, stated: Stated) -> bool:
    statement = stated.statement
    row = statement.row(stated.reports)
    if statement.exclusion is not None and not statement.exclusion.reaches(row.counted_on):
        # Decided on after the fact was stated, it says nothing of it.
        held = parse(fact.content)
        statement = replace(statement, exclusion=held.exclusion)
    expected: dict[str, Any] = {
        "organisation_id": entry.organisation_id,
        "entry_id": entry.id,
        "register": entry.register,
        "year": entry.year,
        "issuer_id": statement.issuer,
        "type_code": statement.type_code,
        "counted_on": row.counted_on,
        "month": row.counted_on.year * 100 + row.counted_on.month,
        "cell": cell_of(row),
        "due_at": due_of(row),
        "content": statement.to_bytes(),
    }
    return all(getattr(fact, name) == value for name, value in expected.items())


def look_at_tallies(walk: Walk, after: str) -> Step:
    """One organisation. `after`: the one before."""
    with walk.office.reading(None) as reading:
        organisation_id = _next_organisation(reading.session, after)
        if organisation_id is None:
            return Step((), 0, None)
        findings = list(tallies_of(reading.session, organisation_id))
        return Step(findings, 1, str(organisation_id))


def _next_organisation(session: Session, after: str) -> uuid.UUID | None:
    found = []
    for column in (RegisterTally.organisation_id, RegisterFact.organisation_id):
        query = select(column).order_by(column).limit(1)
        found.append(session.scalar(query.where(column > uuid.UUID(after)) if after else query))
    return min(filter(None, found), default=None)


def tallies_of(session: Session, organisation_id: uuid.UUID) -> Iterator[Finding]:
    """The tallies of an organisation that are not what its newest facts add up to."""
    counted: Counter[tuple[Any, ...]] = Counter()
    for *alike, many in session.execute(
        select(*(getattr(RegisterFact, name) for name in _TALLIED), func.count())
        .where(RegisterFact.organisation_id == organisation_id, is_newest())
        .group_by(*(getattr(RegisterFact, name) for name in _TALLIED))
    ):
        fact = RegisterFact(**dict(zip(_TALLIED, alike, strict=True)))
        counted[tuple(key_of(fact)[column.key] for column in _KEY)] += many
    kept = {
        tuple(which): many
        for *which, many in session.execute(
            select(*_KEY, RegisterTally.count).where(
                RegisterTally.organisation_id == organisation_id
            )
        )
    }
    for which in sorted(counted.keys() | kept.keys(), key=str):
        if counted.get(which) != kept.get(which):
            where = " ".join(str(part) or "-" for part in which if part != organisation_id)
            yield Finding(Kind.TALLY_DIFFERS, f"register_tally {organisation_id} {where}")


_KEY = tuple(RegisterTally.metadata.tables["register_tally"].primary_key.columns)
#: Of a fact, what its tally is told from (`bookkeeping.key_of`).
_TALLIED = (
    "organisation_id",
    "register",
    "year",
    "issuer_id",
    "type_code",
    "counted_on",
    "month",
    "cell",
    "due_at",
)
