"""Sổ đăng ký văn bản đi (ND 30/2020 Annex IV, I): what an issuer numbered, in that order."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, select

from workflow.books.opened import (
    LANGUAGE,
    PRIORITIES,
    Names,
    Opened,
    Record,
    batches,
    day_of,
    local,
    period_line,
    sheet_of,
)
from workflow.books.places import Place, code_and_date, code_values, place_values, places_of
from workflow.facts.contents import signers_of
from workflow.office import Reading
from workflow.printing.books import Section
from workflow.records import (
    Despatch,
    Document,
    Issuer,
    NumberVoid,
    OrganisationName,
    Outgoing,
    Recipient,
    RegisterEntry,
    Relation,
)
from workflow.rules import fields
from workflow.rules.books import OUTGOING_REGISTER, Cell, described
from workflow.rules.errors import Invalid, NotFound
from workflow.rules.indicator import Period

#: How a later document bore on this one (ND 30/2020 Art. 18.3-4).
_BORNE = {
    "recalls": "Đã thu hồi theo",
    "replaces": "Được thay thế bằng",
    "amends": "Được sửa đổi bằng",
    "corrects": "Được đính chính bằng",
}


@dataclass
class Sent:
    """A recipient, and what became of the copy."""

    name: str
    code: str | None
    channel: str
    statuses: dict[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True)
class Line:
    """One numbered document; `row` has the columns of `_entries`."""

    row: Row[*tuple[Any, ...]]
    type_name: str | None
    signers: Sequence[tuple[str | None, str]]
    sent: Sequence[Sent]
    notes: Sequence[str]
    place: Place | None

    def cells(self) -> Sequence[Cell]:
        """As the ten columns of the register."""
        row = self.row
        moments = [one.statuses["sent"] for one in self.sent if "sent" in one.statuses]
        return (
            row.code,
            row.entered_on,
            described(self.type_name, row.subject),
            "; ".join(name for _, name in self.signers),
            "; ".join(one.name for one in self.sent),
            row.archived_by,
            self._copies,
            local(min(moments, default=None)),
            self._receipt(),
            "; ".join(self.notes),
        )

    @property
    def _copies(self) -> int | None:
        """One for each recipient, once it is issued."""
        return len(self.sent) if self.row.issued_at else None

    def _receipt(self) -> str:
        """Whoever got it on this System acknowledged it there; others sign by hand."""
        here = [one for one in self.sent if one.channel == "system" and one.statuses]
        if not here:
            return ""
        got = sum("acknowledged" in one.statuses for one in here)
        return f"Hệ thống báo nhận {got}/{len(here)}"

    def record(self, organ_id: str, issuer: str) -> Record:
        """As the form of Annex VI. What is in no work file yet has no place in one."""
        row = self.row
        return Record(
            what=f"Văn bản {row.code}",
            form=fields.OUTGOING,
            values={
                **place_values(organ_id, row.year, self.place),
                "TypeName": self.type_name,
                **code_values(row.code),
                "IssuedDate": row.entered_on,
                "OrganName": issuer,
                "Subject": row.subject,
                "Language": LANGUAGE,
                "Description": "; ".join(self.notes),
                "SignerInfo": [
                    {"Position": position, "FullName": name} for position, name in self.signers
                ],
                "To": [{"OrganId": one.code, "OrganName": one.name} for one in self.sent],
                "Priority": PRIORITIES[row.urgency],
                "IssuedAmount": self._copies,
            },
            attributes={"id": str(row.document_id)},
        )


def outgoing_register(
    reading: Reading, organisation_id: uuid.UUID, period: Period, issuer_id: uuid.UUID | None
) -> Opened:
    """The register of an issuer: numbers are an issuer's, so each has a book of its own.

    Raises:
        Invalid: no issuer named. NotFound: not one of this seat.
    """
    if issuer_id is None:
        raise Invalid([("/issuer", "Hãy chọn cơ quan ban hành: mỗi cơ quan có một sổ riêng.")])
    issuer = reading.session.get(Issuer, issuer_id)
    if issuer is None or issuer.organisation_id != organisation_id:
        raise NotFound("Cơ quan ban hành")
    entries = _entries(organisation_id, issuer_id, period)
    bound, closing = _extent(reading, entries)
    names = Names(reading, organisation_id)
    return Opened(
        book=OUTGOING_REGISTER,
        organisation_id=organisation_id,
        subject=organisation_id,
        sheet=sheet_of(
            reading,
            organisation_id,
            OUTGOING_REGISTER,
            day_of(reading, period),
            owner=issuer.name,
            lines=[period_line(period)],
            sections=[
                Section(
                    OUTGOING_REGISTER.columns, (line.cells() for line in _lines(reading, entries))
                )
            ],
            closing=[closing],
            bound=bound,
        ),
        about={"issuer": str(issuer_id), "period": period.label},
        file_name=f"{OUTGOING_REGISTER.file_name} {issuer.symbol} {period.label}",
        record="Document",
        records=lambda: (
            line.record(names.on(line.row.entered_on).code, issuer.name)
            for line in _lines(reading, entries)
        ),
    )


def _entries(
    organisation_id: uuid.UUID, issuer_id: uuid.UUID, period: Period
) -> Select[*tuple[Any, ...]]:
    """The register's year is the document's date, whenever it was numbered or sealed."""
    query: Select[*tuple[Any, ...]] = select(
        RegisterEntry.id,
        RegisterEntry.document_id,
        RegisterEntry.code,
        RegisterEntry.year,
        RegisterEntry.entered_on,
        Document.type_code,
        Document.subject,
        Document.urgency,
        Outgoing.archived_by,
        Outgoing.issued_at,
        NumberVoid.reason,
    )
    return (
        query.join(Document, Document.id == RegisterEntry.document_id)
        .join(Outgoing, Outgoing.document_id == Document.id)
        .outerjoin(NumberVoid, NumberVoid.entry_id == RegisterEntry.id)
        .where(
            RegisterEntry.organisation_id == organisation_id,
            RegisterEntry.issuer_key == str(issuer_id),
            RegisterEntry.register == "outgoing",
            RegisterEntry.year == period.first_on.year,
            RegisterEntry.entered_on.between(period.first_on, period.last_on),
        )
        .order_by(RegisterEntry.id)
    )


def _extent(reading: Reading, entries: Select[*tuple[Any, ...]]) -> tuple[list[str], str]:
    """What cover and end of the book say of it."""
    held = entries.order_by(None).subquery()
    many, voided, first_on, last_on = reading.session.execute(
        select(
            func.count(),
            func.count(held.c.reason),
            func.min(held.c.entered_on),
            func.max(held.c.entered_on),
        ).select_from(held)
    ).one()
    if not many:
        return ["Chưa có văn bản nào."], "Sổ không có văn bản nào."
    ends = [
        reading.session.execute(entries.order_by(None).order_by(order).limit(1)).one().code
        for order in (RegisterEntry.id, RegisterEntry.id.desc())
    ]
    return (
        [
            f"Từ ngày {first_on:%d/%m/%Y} đến ngày {last_on:%d/%m/%Y}",
            f"Từ số {ends[0]} đến số {ends[1]}",
            "Quyển số: ………",
        ],
        f"Sổ có {many} số đã cấp, trong đó {voided} số đã hủy.",
    )


def _lines(reading: Reading, entries: Select[*tuple[Any, ...]]) -> Iterator[Line]:
    """Line after line, in a constant number of queries for each batch."""
    types = {kind.code: kind.name for kind in reading.office.law.doc_types.types}
    for rows in batches(reading, entries):
        ids = [row.document_id for row in rows]
        signers, sent = signers_of(reading, ids), _sent(reading, ids)
        borne, places = _borne(reading, ids), places_of(reading, ids)
        for row in rows:
            document_id = row.document_id
            voided = [f"Đã hủy số: {row.reason}"] if row.reason else []
            yield Line(
                row,
                types.get(row.type_code or ""),
                signers[document_id],
                list(sent[document_id].values()),
                [*voided, *borne[document_id]],
                places.get(document_id),
            )


def _sent(
    reading: Reading, ids: Collection[uuid.UUID]
) -> Mapping[uuid.UUID, dict[uuid.UUID, Sent]]:
    """Whom these documents go to, in order, without the copy that is kept; each status's first."""
    rows = reading.session.execute(
        select(
            Recipient.document_id,
            Recipient.id,
            Recipient.name,
            Recipient.channel,
            OrganisationName.code,
            Despatch.status,
            Despatch.at,
        )
        .join(RegisterEntry, RegisterEntry.document_id == Recipient.document_id)
        .outerjoin(
            OrganisationName,
            (OrganisationName.organisation_id == Recipient.organisation_id)
            & (OrganisationName.valid_from <= RegisterEntry.entered_on)
            & (
                OrganisationName.valid_to.is_(None)
                | (OrganisationName.valid_to > RegisterEntry.entered_on)
            ),
        )
        .outerjoin(Despatch, Despatch.recipient_id == Recipient.id)
        .where(Recipient.document_id.in_(ids), ~Recipient.dropped, Recipient.purpose != "file")
        .order_by(Recipient.document_id, Recipient.ordinal, Despatch.at)
    )
    found: defaultdict[uuid.UUID, dict[uuid.UUID, Sent]] = defaultdict(dict)
    for document_id, recipient_id, name, channel, code, status, at in rows:
        one = found[document_id].setdefault(recipient_id, Sent(name, code, channel))
        if status is not None:
            one.statuses.setdefault(status, at)
    return found


def _borne(reading: Reading, ids: Collection[uuid.UUID]) -> Mapping[uuid.UUID, list[str]]:
    """What issued documents did to these, a sentence each."""
    rows = reading.session.execute(
        select(Relation.other_id, Relation.kind, RegisterEntry.code, RegisterEntry.entered_on)
        .join(RegisterEntry, RegisterEntry.document_id == Relation.document_id)
        .join(Outgoing, Outgoing.document_id == Relation.document_id)
        .where(
            Relation.other_id.in_(ids),
            Relation.kind.in_(list(_BORNE)),
            Outgoing.issued_at.is_not(None),
        )
        .order_by(Relation.id)
    )
    found: defaultdict[uuid.UUID, list[str]] = defaultdict(list)
    for other_id, kind, code, on in rows:
        found[other_id].append(f"{_BORNE[kind]} {code_and_date(code, on)}")
    return found
