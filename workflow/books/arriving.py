"""Sổ đăng ký văn bản đến and Sổ theo dõi giải quyết văn bản đến (ND 30/2020 Annex IV, VI and VIII).

Of what a recall destroyed the number and the day of arrival stay, with the notice of the recall.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select

from workflow.books.arrived import Arrived, arrived, entries_of
from workflow.books.opened import (
    LANGUAGE,
    PRIORITIES,
    Names,
    Opened,
    Record,
    local,
    moment_text,
    of_period,
)
from workflow.books.places import code_values, place_values
from workflow.office import Reading
from workflow.printing.books import Section
from workflow.rules import fields
from workflow.rules.books import (
    DESTROYED,
    HANDLING_REGISTER,
    INCOMING_REGISTER,
    Book,
    Cell,
    described,
)
from workflow.rules.indicator import Period
from workflow.rules.numbering import parse_received

#: By which steps it went on to whoever handles it, and by which they took it up.
_TRANSFERS = ("assign", "transfer", "inform")
_TAKEN_UP = ("start", "delegate", "report", "read")


def incoming_register(reading: Reading, organisation_id: uuid.UUID, period: Period) -> Opened:
    """The arrivals of a seat in the order of their numbers."""
    return _opened(reading, organisation_id, period, INCOMING_REGISTER, _registered, recorded=True)


def handling_register(reading: Reading, organisation_id: uuid.UUID, period: Period) -> Opened:
    """The same arrivals, and how far each is."""

    def followed(line: Arrived) -> Sequence[Cell]:
        return _followed(line, reading.now)

    return _opened(reading, organisation_id, period, HANDLING_REGISTER, followed, recorded=False)


def _opened(
    reading: Reading,
    organisation_id: uuid.UUID,
    period: Period,
    book: Book,
    cells: Callable[[Arrived], Sequence[Cell]],
    *,
    recorded: bool,
) -> Opened:
    entries = entries_of(organisation_id, period)
    bound, closing = _extent(reading, entries)
    names = Names(reading, organisation_id)
    rows = (cells(line) for line in arrived(reading, entries))

    def records() -> Iterator[Record]:
        for line in arrived(reading, entries):
            yield _record(line, names.on(line.row.entered_on).code)

    return of_period(
        reading,
        organisation_id,
        period,
        book,
        [Section(book.columns, rows)],
        closing,
        bound=bound,
        records=records if recorded else None,
    )


def _extent(reading: Reading, entries: Select[*tuple[Any, ...]]) -> tuple[list[str], str]:
    """What cover and end of the book say of it."""
    column = entries.order_by(None).subquery().c
    many, first, last, first_on, last_on = reading.session.execute(
        select(
            func.count(),
            func.min(column.number),
            func.max(column.number),
            func.min(column.entered_on),
            func.max(column.entered_on),
        )
    ).one()
    if not many:
        return ["Chưa có văn bản nào."], "Sổ không có văn bản nào."
    return (
        [
            f"Từ ngày {first_on:%d/%m/%Y} đến ngày {last_on:%d/%m/%Y}",
            f"Từ số {first:02d} đến số {last:02d}",
            "Quyển số: ………",
        ],
        f"Sổ có {many} văn bản đến.",
    )


def _registered(line: Arrived) -> Sequence[Cell]:
    """As the ten columns of the register."""
    row = line.row
    said: Sequence[Cell] = (
        row.sender_name,
        row.code,
        row.dated_on,
        described(line.type_name, row.subject),
    )
    taken_up = _first(line, _TAKEN_UP, own=False)
    return (
        row.entered_on,
        row.number,
        *([DESTROYED] * len(said) if line.destroyed else said),
        "; ".join(line.handlers),
        local(_first(line, _TRANSFERS)),
        f"Hệ thống, {local(taken_up):%d/%m/%Y}" if taken_up else "",
        "; ".join(_notes(line)),
    )


def _followed(line: Arrived, now: datetime) -> Sequence[Cell]:
    """As the seven columns of the book in which its handling is followed."""
    row = line.row
    said = [
        described(line.type_name, None),
        f"số {row.code}" if row.code else "",
        f"ngày {row.dated_on:%d/%m/%Y}" if row.dated_on else "",
        row.sender_name or "",
    ]
    return (
        row.number,
        DESTROYED if line.destroyed else ", ".join(part for part in said if part),
        "; ".join(line.handlers),
        local(row.due_at),
        _progress(line, now),
        "; ".join(line.answers),
        "; ".join(_notes(line)),
    )


def _first(line: Arrived, triggers: Collection[str], *, own: bool = True) -> datetime | None:
    return next((s.at for s in line.steps if s.own is own and s.trigger in triggers), None)


def _notes(line: Arrived) -> Iterator[str]:
    yield from (s.opinion for s in line.steps if s.own and s.trigger == "recall" and s.opinion)
    yield from line.duplicates


def _progress(line: Arrived, now: datetime) -> str:
    row = line.row
    if row.state == "completed" and row.closed_at:
        late = row.due_at is not None and row.closed_at > row.due_at
        return f"{line.state} ngày {local(row.closed_at):%d/%m/%Y}{', quá hạn' if late else ''}"
    overdue = row.closed_at is None and row.due_at is not None and row.due_at < now
    return f"{line.state}, đã quá hạn" if overdue else line.state


def _record(line: Arrived, organ_id: str) -> Record:
    """As the form of Annex VI; who signed it is not known but from its signatures."""
    row = line.row
    return Record(
        what=f"Văn bản số đến {row.number} ngày {row.entered_on:%d/%m/%Y}",
        form=fields.INCOMING,
        values={
            **place_values(organ_id, row.year, line.place),
            "TypeName": line.type_name,
            **code_values(parse_received(row.code).text if row.code else None),
            "IssuedDate": row.dated_on,
            "OrganName": row.sender_name,
            "Subject": row.subject,
            "Language": None if line.destroyed else LANGUAGE,
            "Description": "; ".join(
                [*([DESTROYED.capitalize()] if line.destroyed else []), *_notes(line)]
            ),
            "ArrivalDate": row.entered_on,
            "ArrivalNumber": row.number,
            "Priority": PRIORITIES[row.urgency],
            "ToPlaces": "; ".join(line.handlers),
            "TraceHeaderList": "\n".join(_trace(line)),
            "DueDate": local(row.due_at),
        },
        attributes={"id": str(row.document_id)},
    )


def _trace(line: Arrived) -> Iterator[str]:
    """Directions, opinions and state (trường 17)."""
    for text in line.instructions:
        yield f"Chỉ đạo: {text}"
    for step in line.steps:
        who = f", {step.person}" if step.person else ""
        said = f": {step.opinion}" if step.opinion else ""
        yield f"{moment_text(step.at)}{who}, {step.label}{said}"
    yield f"Trạng thái: {line.state}"
