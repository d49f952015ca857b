"""The lists of work files and of what lies in one (ND 30/2020 Annex V, III and IV).

How many pages a document has is kept nowhere: the columns for pages are left to be filled by hand.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, Select, func, select

from workflow.access import may_know
from workflow.books.opened import (
    BATCH,
    LANGUAGE,
    PRIORITIES,
    Names,
    Opened,
    Record,
    day_of,
    period_line,
    sheet_of,
)
from workflow.books.places import Place, code_values, place_values
from workflow.facts.contents import signers_of
from workflow.office import Reading
from workflow.printing.books import Section
from workflow.records import (
    Case,
    Document,
    Incoming,
    Issuer,
    Outgoing,
    Person,
    RegisterEntry,
    WorkFile,
    WorkFileItem,
)
from workflow.rules import fields
from workflow.rules.books import (
    DESTROYED,
    FILE_CONTENTS,
    FILE_LIST,
    Cell,
    described,
    in_words,
)
from workflow.rules.errors import NotFound
from workflow.rules.indicator import Period, parse_period
from workflow.rules.numbering import parse_received

#: Who may use a file is for its archive to say; until then it is its agency's.
_RIGHTS = "Hạn chế"


def file_list(reading: Reading, organisation_id: uuid.UUID, period: Period) -> Opened:
    """The work files of a year, by their notation."""
    year = period.first_on.year
    files = _files().where(WorkFile.organisation_id == organisation_id, WorkFile.year == year)
    rows = reading.session.execute(files.order_by(WorkFile.notation)).all()
    code = Names(reading, organisation_id).on(day_of(reading, period)).code
    many = len(rows)
    return Opened(
        book=FILE_LIST,
        organisation_id=organisation_id,
        subject=organisation_id,
        sheet=sheet_of(
            reading,
            organisation_id,
            FILE_LIST,
            day_of(reading, period),
            lines=[period_line(parse_period(str(year)))],
            sections=[
                Section(FILE_LIST.columns, (_listed(n, row) for n, row in enumerate(rows, start=1)))
            ],
            closing=[
                f"Mục lục này gồm: {many:02d} hồ sơ (đơn vị bảo quản).",
                f"Viết bằng chữ: {in_words(many)} hồ sơ (đơn vị bảo quản).",
            ],
        ),
        about={"period": str(year)},
        file_name=f"{FILE_LIST.file_name} {year}",
        record="File",
        records=lambda: (_file(row, code) for row in rows),
    )


def file_contents(reading: Reading, work_file_id: uuid.UUID) -> Opened:
    """What lies in one work file, in its order; what the actor may not know of is counted only.

    Raises:
        NotFound: also where it is no organisation's of the actor.
    """
    row = reading.session.execute(
        _files().where(
            WorkFile.id == work_file_id, WorkFile.organisation_id.in_(list(reading.actor.roles))
        )
    ).one_or_none()
    if row is None:
        raise NotFound("Hồ sơ công việc")
    year = parse_period(str(row.year))
    on = day_of(reading, year)
    own = Names(reading, row.organisation_id).on(on)
    known = reading.session.scalar(
        select(func.count())
        .select_from(WorkFileItem)
        .join(Document, Document.id == WorkFileItem.document_id)
        .where(WorkFileItem.work_file_id == work_file_id, may_know(reading.actor))
    )
    hidden = row.documents - (known or 0)
    return Opened(
        book=FILE_CONTENTS,
        organisation_id=row.organisation_id,
        subject=work_file_id,
        sheet=sheet_of(
            reading,
            row.organisation_id,
            FILE_CONTENTS,
            on,
            lines=[f"Số, ký hiệu hồ sơ: {row.notation}", period_line(year), row.title],
            sections=[Section(FILE_CONTENTS.columns, (_cells(i) for i in _items(reading, row.id)))],
            closing=[f"{hidden} văn bản không thuộc phạm vi được xem, không có trong bản này."]
            if hidden
            else [],
        ),
        about={"file": str(work_file_id)},
        file_name=f"{FILE_CONTENTS.file_name} {row.notation} {row.year}",
        record="Document",
        records=lambda: (_document(item, row, own.code) for item in _items(reading, row.id)),
        holder=_file(row, own.code),
    )


def _files() -> Select[*tuple[Any, ...]]:
    """Work files, each with how many documents lie in it and of which days."""
    dated = func.coalesce(Incoming.dated_on, RegisterEntry.entered_on)
    held = (
        select(
            WorkFileItem.work_file_id,
            func.count().label("documents"),
            func.min(dated).label("first_on"),
            func.max(dated).label("last_on"),
        )
        .outerjoin(Incoming, Incoming.document_id == WorkFileItem.document_id)
        .outerjoin(RegisterEntry, RegisterEntry.document_id == WorkFileItem.document_id)
        .group_by(WorkFileItem.work_file_id)
        .subquery()
    )
    query: Select[*tuple[Any, ...]] = select(
        WorkFile.id,
        WorkFile.organisation_id,
        WorkFile.year,
        WorkFile.notation,
        WorkFile.title,
        WorkFile.retention,
        WorkFile.started_on,
        WorkFile.ended_on,
        Person.full_name,
        func.coalesce(held.c.documents, 0).label("documents"),
        held.c.first_on,
        held.c.last_on,
    )
    return query.join(Person, Person.id == WorkFile.opened_by).outerjoin(
        held, held.c.work_file_id == WorkFile.id
    )


def _dates(row: Row[*tuple[Any, ...]]) -> tuple[date, date | None]:
    """Of the first and the last document; of the file itself while nothing lies in it."""
    if row.first_on is None:
        return row.started_on, row.ended_on
    return row.first_on, row.last_on


def _listed(ordinal: int, row: Row[*tuple[Any, ...]]) -> Sequence[Cell]:
    first, last = _dates(row)
    return (
        ordinal,
        row.notation,
        row.title,
        f"{first:%d/%m/%Y} - {last:%d/%m/%Y}" if last else f"{first:%d/%m/%Y} -",
        row.retention,
        None,
        f"{row.documents} văn bản" + ("" if row.ended_on else "; chưa kết thúc"),
    )


def _file(row: Row[*tuple[Any, ...]], organ_id: str) -> Record:
    first, last = _dates(row)
    return Record(
        what=f"Hồ sơ {row.notation} năm {row.year}",
        form=fields.FILE,
        values={
            "FileCode": {
                "OrganId": organ_id,
                "FileCatalog": row.year,
                "FileNotation": row.notation,
            },
            "Title": row.title,
            "Maintenance": row.retention,
            "Rights": _RIGHTS,
            "Creator": row.full_name,
            "Language": LANGUAGE,
            "StartDate": first,
            "EndDate": last,
            "DocTotal": row.documents,
        },
        attributes={"id": str(row.id)},
    )


def _items(reading: Reading, work_file_id: uuid.UUID) -> Iterator[Mapping[str, Any]]:
    """What lies in the file, in its order, in a constant number of queries for each batch."""
    types = {kind.code: kind.name for kind in reading.office.law.doc_types.types}
    query: Select[*tuple[Any, ...]] = select(
        WorkFileItem.ordinal,
        Document.id,
        Document.direction,
        Document.type_code,
        Document.subject,
        Document.urgency,
        Incoming.sender_name,
        Incoming.code.label("received_code"),
        Incoming.dated_on,
        Issuer.name.label("issuer"),
        RegisterEntry.code,
        RegisterEntry.number,
        RegisterEntry.entered_on,
        Case.state,
    )
    query = (
        query.select_from(WorkFileItem)
        .join(Document, Document.id == WorkFileItem.document_id)
        .join(Case, (Case.document_id == Document.id) & Case.parent_id.is_(None))
        .outerjoin(Incoming, Incoming.document_id == Document.id)
        .outerjoin(Outgoing, Outgoing.document_id == Document.id)
        .outerjoin(Issuer, Issuer.id == Outgoing.issuer_id)
        .outerjoin(RegisterEntry, RegisterEntry.document_id == Document.id)
        .where(WorkFileItem.work_file_id == work_file_id, may_know(reading.actor))
        .order_by(WorkFileItem.ordinal)
        .limit(BATCH)
    )
    after = 0
    while True:
        rows = reading.session.execute(query.where(WorkFileItem.ordinal > after)).all()
        signers = signers_of(reading, [row.id for row in rows])
        for row in rows:
            came = row.direction == "incoming"
            received = parse_received(row.received_code).text if row.received_code else None
            yield {
                **row._mapping,
                "came": came,
                "code": received if came else row.code,
                "dated_on": row.dated_on if came else row.entered_on,
                "author": row.sender_name if came else row.issuer,
                "type_name": types.get(row.type_code or ""),
                "destroyed": came and row.state == "recalled",
                "signers": signers[row.id],
            }
        if len(rows) < BATCH:
            return
        after = rows[-1].ordinal


def _cells(item: Mapping[str, Any]) -> Sequence[Cell]:
    said: Sequence[Cell] = (
        item["code"],
        item["dated_on"],
        described(item["type_name"], item["subject"]),
        item["author"],
    )
    note = f"Số đến {item['number']:02d}" if item["came"] and item["number"] else ""
    return (
        item["ordinal"],
        *([DESTROYED] * len(said) if item["destroyed"] else said),
        None,
        note,
    )


def _document(item: Mapping[str, Any], file: Row[*tuple[Any, ...]], organ_id: str) -> Record:
    came = item["came"]
    arrival = {"ArrivalDate": item["entered_on"], "ArrivalNumber": item["number"]} if came else {}
    return Record(
        what=f"Văn bản thứ {item['ordinal']} của hồ sơ {file.notation}",
        form=fields.INCOMING if came else fields.OUTGOING,
        values={
            **place_values(organ_id, file.year, Place(file.year, file.notation, item["ordinal"])),
            "TypeName": item["type_name"],
            **code_values(item["code"]),
            "IssuedDate": item["dated_on"],
            "OrganName": item["author"],
            "Subject": item["subject"],
            "Language": None if item["destroyed"] else LANGUAGE,
            "Description": DESTROYED.capitalize() if item["destroyed"] else None,
            "SignerInfo": [
                {"Position": position, "FullName": name} for position, name in item["signers"]
            ],
            "Priority": PRIORITIES[item["urgency"]],
            **arrival,
        },
        attributes={"id": str(item["id"]), "direction": item["direction"]},
    )
