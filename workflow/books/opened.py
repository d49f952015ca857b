"""A book that was asked for: what all of them have in common."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Row, Select, select

from workflow.office import VIETNAM, Reading
from workflow.printing.books import BookSheet, Section
from workflow.records import OrganisationName, RegisterEntry
from workflow.rules.books import Book
from workflow.rules.fields import Form, Values
from workflow.rules.indicator import Period

#: How many entries are read at once, in a constant number of queries.
BATCH = 200
#: The keeper of a book, and the compiler of a list or report, sign at its end.
KEEPER = ("NGƯỜI GIỮ SỔ", "(Ký, ghi rõ họ tên)")
COMPILER = ("Người lập", "(Ký và ghi rõ họ và tên, chức vụ)")
LANGUAGE = "Tiếng Việt"
#: Mức độ khẩn as the exchange counts it (QCVN 102:2016/BTTTT).
PRIORITIES = {"normal": 0, "urgent": 1, "very_urgent": 2, "flash": 3}


@dataclass(frozen=True)
class Record:
    """One record in a form of Annex VI; `what` is how a refusal calls it."""

    what: str
    form: Form
    values: Values
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Opened:
    """A book with its rows still to be read: as tables, or as the records of its XML.

    `subject` is what the access chain says was looked at. Books without records have none of
    Annex VI's forms: their XML holds the tables.
    """

    book: Book
    organisation_id: uuid.UUID
    subject: uuid.UUID
    sheet: BookSheet
    about: Mapping[str, str]
    file_name: str
    record: str = ""
    records: Callable[[], Iterator[Record]] | None = None
    #: Of a file, the record that the others lie in.
    holder: Record | None = None


class Names:
    """What an organisation was called, coded and placed at, on any day."""

    def __init__(self, reading: Reading, organisation_id: uuid.UUID) -> None:
        self._rows = reading.session.scalars(
            select(OrganisationName)
            .where(OrganisationName.organisation_id == organisation_id)
            .order_by(OrganisationName.valid_from)
        ).all()

    def on(self, on: date) -> OrganisationName:
        """The name of that day; the first one for a day before there was any."""
        earlier = [row for row in self._rows if row.valid_from <= on]
        return earlier[-1] if earlier else self._rows[0]


def sheet_of(
    reading: Reading,
    organisation_id: uuid.UUID,
    book: Book,
    on: date,
    *,
    owner: str | None = None,
    lines: Sequence[str],
    sections: Sequence[Section],
    closing: Sequence[str],
    bound: Sequence[str] = (),
) -> BookSheet:
    """The book as it is printed, under the names of that day."""
    own = Names(reading, organisation_id).on(on)
    above = Names(reading, own.parent_id).on(on) if own.parent_id else None
    return BookSheet(
        owner=owner or own.name,
        superior=above.name if above else None,
        place=own.place,
        title=book.title,
        lines=lines,
        sections=sections,
        closing=[*closing, f"Số liệu lúc {moment_text(reading.now)}."],
        keeper=KEEPER if book.register else COMPILER,
        made_at=reading.now.astimezone(VIETNAM),
        across=book.across,
        bound=bound,
    )


def of_period(
    reading: Reading,
    organisation_id: uuid.UUID,
    period: Period,
    book: Book,
    sections: Sequence[Section],
    closing: str,
    *,
    bound: Sequence[str] = (),
    records: Callable[[], Iterator[Record]] | None = None,
) -> Opened:
    """A book of the whole seat in a period."""
    return Opened(
        book=book,
        organisation_id=organisation_id,
        subject=organisation_id,
        sheet=sheet_of(
            reading,
            organisation_id,
            book,
            day_of(reading, period),
            lines=[period_line(period)],
            sections=sections,
            closing=[closing],
            bound=bound,
        ),
        about={"period": period.label},
        file_name=f"{book.file_name} {period.label}",
        record="Document",
        records=records,
    )


def batches(
    reading: Reading, entries: Select[*tuple[Any, ...]]
) -> Iterator[Sequence[Row[*tuple[Any, ...]]]]:
    """Entries of a register, which are in the order of their ids, some at a time."""
    after: uuid.UUID | None = None
    while True:
        query = entries if after is None else entries.where(RegisterEntry.id > after)
        rows = reading.session.execute(query.limit(BATCH)).all()
        if rows:
            yield rows
        if len(rows) < BATCH:
            return
        after = rows[-1].id


def day_of(reading: Reading, period: Period) -> date:
    """The day whose names a book bears: the period's last, or today if that is earlier."""
    return min(period.last_on, reading.today)


def period_line(period: Period) -> str:
    """The period as a line under a title."""
    year, _, part = period.label.partition("-")
    if not part:
        return f"Năm {year}"
    return f"Quý {part[1:]} năm {year}" if part[0] == "Q" else f"Tháng {part} năm {year}"


def local(at: datetime | None) -> date | None:
    """The date in Vietnam of an instant."""
    return at.astimezone(VIETNAM).date() if at else None


def moment_text(at: datetime) -> str:
    """An instant as it is written in a line."""
    return f"{at.astimezone(VIETNAM):%H:%M ngày %d/%m/%Y} (giờ Việt Nam)"


def bounds(period: Period) -> tuple[datetime, datetime]:
    """The instants between which the period lies, the second one excluded."""
    midnight = time(0, tzinfo=VIETNAM)
    return (
        datetime.combine(period.first_on, midnight),
        datetime.combine(period.last_on + timedelta(days=1), midnight),
    )
