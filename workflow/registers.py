"""Registers: numbers given one after the other, in the transaction of what they number."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date

from sqlalchemy import select

from workflow.office import Reading, Transaction
from workflow.records import Document, NumberSeries, NumberVoid, Organisation, RegisterEntry
from workflow.rules import numbering

#: Arrivals of a seat have one series, whoever they are for (ND 30/2020 Art. 22.2).
ARRIVALS = "arrivals"


def give_number(
    tx: Transaction,
    document: Document,
    *,
    register: str,
    issuer_key: str,
    kind: str,
    on: date,
    code: Callable[[int], str | None],
) -> RegisterEntry:
    """The next number of a series, entered for the document; the caller journals both.

    The series' row is locked until the transaction ends: numbers have no gap and no double,
    because whoever comes second waits and whoever fails gives the number back with everything else.

    Raises:
        DateBeforeSeries, RegisterYearMismatch: see `numbering.allocate`.
    """
    wanted = (
        select(NumberSeries)
        .where(
            NumberSeries.organisation_id == document.organisation_id,
            NumberSeries.issuer_key == issuer_key,
            NumberSeries.register == register,
            NumberSeries.year == on.year,
            NumberSeries.key == kind,
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    series = tx.session.scalar(wanted)
    if series is None:
        # The first number of a year: one opens the series, those who wait here find it.
        tx.session.execute(
            select(Organisation.id)
            .where(Organisation.id == document.organisation_id)
            .with_for_update(key_share=True)
        )
        series = tx.session.scalar(wanted)
    if series is None:
        series = tx.add(
            NumberSeries(
                organisation_id=document.organisation_id,
                issuer_key=issuer_key,
                register=register,
                year=on.year,
                key=kind,
                last_number=0,
            )
        )
        tx.session.flush()
    number = numbering.allocate(series.last_number, series.last_on, on, year=series.year)
    series.last_number, series.last_on = number, on
    return tx.add(
        RegisterEntry(
            series_id=series.id,
            organisation_id=document.organisation_id,
            issuer_key=issuer_key,
            register=register,
            year=on.year,
            number=number,
            code=code(number),
            document_id=document.id,
            entered_on=on,
            entered_at=tx.now,
            entered_by=tx.actor.person_id,
        )
    )


def void_number(tx: Transaction, entry: RegisterEntry, reason: str) -> NumberVoid:
    """Give a number up: it stays in the register with its reason and is never used again."""
    return tx.add(
        NumberVoid(entry_id=entry.id, reason=reason, person_id=tx.actor.person_id, at=tx.now)
    )


def entry_of(reading: Reading, document_id: uuid.UUID) -> RegisterEntry | None:
    """The document's entry, voided or not."""
    return reading.session.scalar(
        select(RegisterEntry).where(RegisterEntry.document_id == document_id)
    )
