"""Organisations, their units and issuers, their calendar: what an administrator keeps true.

An organisation's identity outlives its names: communes merge, codes change, and a document keeps
the facts of its own day. So nothing here overwrites a period that has begun; it ends one and
begins the next.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date

from sqlalchemy import or_, select

from workflow.administration import ADMINISTRATOR, close, one_at_a_time, record
from workflow.administration import require_administrator as require
from workflow.calendars import seats
from workflow.office import Reading, Transaction
from workflow.records import CalendarDay, Issuer, Organisation, OrganisationName, Unit, new_id
from workflow.rules import identifiers, numbering
from workflow.rules.errors import Duplicate, Forbidden, Invalid, NotFound
from workflow.series import to_text

ORGANISATION_KINDS = ("commune", "province", "department", "office")
#: A council or board issues under the agency's seal with its own series (Annex I part I II.3.a).
ISSUER_KINDS = ("UBND", "HDND", "CHU_TICH", "AGENCY", "COUNCIL")


@dataclass(frozen=True)
class Description:
    """What an organisation is called, coded and placed under during a period."""

    code: str
    name: str
    kind: str
    place: str
    parent_id: uuid.UUID | None = None


def create_organisation(
    tx: Transaction,
    description: Description,
    *,
    resolve_days: int,
    copying_authority: str | None = None,
    valid_from: date | None = None,
    organisation_id: uuid.UUID | None = None,
) -> Organisation:
    """A new organisation, in force from a day (today).

    Raises:
        Forbidden: the actor does not administer the parent; without a parent only the system may.
        Duplicate: the code is in use. Invalid: the code or another value is wrong.
    """
    if description.parent_id is not None:
        require(tx, description.parent_id)
    elif tx.person_id is not None:
        raise Forbidden([ADMINISTRATOR])
    if resolve_days < 1:
        raise Invalid([("/resolve_days", "Số ngày giải quyết phải từ 1 trở lên.")])
    valid_from = valid_from or tx.today
    one_at_a_time(tx)
    _check(tx, description, valid_from)
    organisation = Organisation(
        id=organisation_id or new_id(),
        created_at=tx.now,
        resolve_days=resolve_days,
        copying_authority=copying_authority,
    )
    record(tx, "organisation.created", organisation)
    _describe(tx, organisation.id, description, valid_from)
    return organisation


def describe(
    tx: Transaction, organisation_id: uuid.UUID, description: Description, on: date
) -> OrganisationName:
    """Rename, re-code or move an organisation from a day on; the past stays as it was.

    Raises:
        NotFound, Forbidden: also where the actor does not administer the new parent.
        Duplicate: the code is in use. Invalid: a value is wrong, the day lies before the last
            change, or the organisation would stand under itself.
    """
    require(tx, organisation_id)
    one_at_a_time(tx)
    latest = tx.session.scalars(
        select(OrganisationName)
        .where(OrganisationName.organisation_id == organisation_id)
        .order_by(OrganisationName.valid_from.desc(), OrganisationName.id.desc())
    ).first()
    assert latest is not None  # an organisation is created with a name
    if description.parent_id is None:
        if latest.parent_id is not None and tx.person_id is not None:
            raise Forbidden([ADMINISTRATOR])
    elif description.parent_id != latest.parent_id:
        require(tx, description.parent_id)
        if organisation_id in seats(tx.session, description.parent_id, on):
            raise Invalid([("/parent_id", "Cơ quan không thể trực thuộc chính mình.")])
    _check(tx, description, on, organisation_id)
    if latest.valid_to is None:
        close(tx, "organisation.name_ended", latest, on)
    elif on < latest.valid_to:
        raise Invalid([("/on", f"Đã có thay đổi đến ngày {latest.valid_to:%d/%m/%Y}.")])
    return _describe(tx, organisation_id, description, on)


def _describe(
    tx: Transaction, organisation_id: uuid.UUID, description: Description, on: date
) -> OrganisationName:
    row = OrganisationName(organisation_id=organisation_id, valid_from=on, **asdict(description))
    return record(
        tx, "organisation.described", row, organisation=organisation_id, code=description.code
    )


def _check(
    tx: Transaction, description: Description, on: date, own: uuid.UUID | None = None
) -> None:
    identifiers.organisation(description.code)
    if description.kind not in ORGANISATION_KINDS:
        raise Invalid([("/kind", f"Loại cơ quan phải là: {', '.join(ORGANISATION_KINDS)}.")])
    holder = tx.session.scalars(
        select(OrganisationName).where(
            OrganisationName.code == description.code,
            OrganisationName.organisation_id != own,
            or_(OrganisationName.valid_to.is_(None), OrganisationName.valid_to > on),
        )
    ).first()
    if holder is not None:
        raise Duplicate(
            f"Mã định danh {description.code} đang được “{holder.name}” sử dụng.",
            [str(holder.organisation_id)],
        )


def set_rules(
    tx: Transaction,
    organisation_id: uuid.UUID,
    *,
    resolve_days: int,
    copying_authority: str | None,
) -> Organisation:
    """What the working regulation says: days to resolve, and the decision that allows copies."""
    require(tx, organisation_id)
    if resolve_days < 1:
        raise Invalid([("/resolve_days", "Số ngày giải quyết phải từ 1 trở lên.")])
    organisation = tx.get(Organisation, organisation_id)
    organisation.resolve_days = resolve_days
    organisation.copying_authority = copying_authority
    return record(tx, "organisation.rules_set", organisation)


def add_unit(
    tx: Transaction,
    organisation_id: uuid.UUID,
    *,
    name: str,
    symbol: str,
    valid_from: date | None = None,
) -> Unit:
    """A unit that drafts and handles documents.

    Raises:
        NotFound, Forbidden. Invalid: the symbol cannot stand in a document's notation.
    """
    require(tx, organisation_id)
    numbering.notation(None, "UBND", symbol)
    unit = Unit(
        organisation_id=organisation_id,
        name=name,
        symbol=symbol,
        valid_from=valid_from or tx.today,
    )
    return record(tx, "unit.added", unit, organisation=organisation_id)


def add_issuer(
    tx: Transaction,
    organisation_id: uuid.UUID,
    *,
    kind: str,
    name: str,
    symbol: str,
    series: Sequence[numbering.SeriesRule],
    workflow: str,
    valid_from: date | None = None,
) -> Issuer:
    """A body that issues documents from this seat, in series of its own.

    Raises:
        NotFound, Forbidden. Duplicate: another issuer of the seat has the symbol, and number and
        symbol would not be unique (Art. 15.1). InvalidDefinition: a type has two series.
        Invalid: an unknown kind, type of document or workflow, or a symbol badly written.
    """
    require(tx, organisation_id)
    valid_from = valid_from or tx.today
    numbering.notation("QĐ", symbol)
    numbering.check_series(series)
    _check_issuer(tx, kind, series, workflow)
    one_at_a_time(tx)
    twin = tx.session.scalars(
        select(Issuer).where(
            Issuer.organisation_id == organisation_id,
            Issuer.symbol == symbol,
            or_(Issuer.valid_to.is_(None), Issuer.valid_to > valid_from),
        )
    ).first()
    if twin is not None:
        raise Duplicate(f"Ký hiệu {symbol} đang được “{twin.name}” sử dụng.", [str(twin.id)])
    issuer = Issuer(
        organisation_id=organisation_id,
        kind=kind,
        name=name,
        symbol=symbol,
        series_rule=to_text(series),
        workflow=workflow,
        valid_from=valid_from,
    )
    return record(tx, "issuer.added", issuer, organisation=organisation_id)


def _check_issuer(
    tx: Transaction, kind: str, series: Sequence[numbering.SeriesRule], workflow: str
) -> None:
    law = tx.office.law
    errors = [
        (f"/series/{number}/doc_types", f"Không có loại văn bản “{code}”.")
        for number, rule in enumerate(series)
        for code in sorted(rule.doc_types or ())
        if law.doc_types.find(code) is None
    ]
    if not series:
        errors.append(("/series", "Phải quy định hệ thống số."))
    if kind not in ISSUER_KINDS:
        errors.append(("/kind", f"Loại chủ thể ban hành phải là: {', '.join(ISSUER_KINDS)}."))
    if workflow not in law.workflows or law.workflows[workflow].subject != "outgoing":
        errors.append(("/workflow", f"Không có quy trình văn bản đi “{workflow}”."))
    if errors:
        raise Invalid(errors)


def end_unit(tx: Transaction, unit_id: uuid.UUID, on: date) -> None:
    """The unit no longer exists on that day."""
    unit = tx.get(Unit, unit_id, "Đơn vị")
    require(tx, unit.organisation_id)
    close(tx, "unit.ended", unit, on)


def end_issuer(tx: Transaction, issuer_id: uuid.UUID, on: date) -> None:
    """The body no longer issues documents on that day."""
    issuer = tx.get(Issuer, issuer_id, "Chủ thể ban hành")
    require(tx, issuer.organisation_id)
    close(tx, "issuer.ended", issuer, on)


def set_calendar_day(
    tx: Transaction, organisation_id: uuid.UUID, day_on: date, *, working: bool, basis: str
) -> CalendarDay:
    """Whether a day is worked, for the organisation and all under it, by which decision."""
    require(tx, organisation_id)
    one_at_a_time(tx)
    day = tx.session.scalar(
        select(CalendarDay).where(
            CalendarDay.organisation_id == organisation_id, CalendarDay.day_on == day_on
        )
    )
    if day is None:
        day = CalendarDay(organisation_id=organisation_id, day_on=day_on)
    day.working, day.basis = working, basis
    return record(tx, "calendar.day_set", day, organisation=organisation_id, day_on=day_on)


def current_name(
    reading: Reading, organisation_id: uuid.UUID, on: date | None = None
) -> OrganisationName:
    """What an organisation is called on a day (today); NotFound where it is not in force."""
    name = reading.session.scalar(
        select(OrganisationName).where(
            OrganisationName.organisation_id == organisation_id,
            OrganisationName.holds_on(on or reading.today),
        )
    )
    if name is None:
        raise NotFound("Cơ quan")
    return name


def list_organisations(reading: Reading, on: date | None = None) -> list[OrganisationName]:
    """Every organisation in force on a day (today), in the order of their codes."""
    return list(
        reading.session.scalars(
            select(OrganisationName)
            .where(OrganisationName.holds_on(on or reading.today))
            .order_by(OrganisationName.code)
        )
    )


def units_of(reading: Reading, organisation_id: uuid.UUID, on: date | None = None) -> list[Unit]:
    """The organisation's units on a day (today)."""
    reading.get(Organisation, organisation_id, "Cơ quan")
    return list(
        reading.session.scalars(
            select(Unit)
            .where(Unit.organisation_id == organisation_id, Unit.holds_on(on or reading.today))
            .order_by(Unit.id)
        )
    )


def issuers_of(
    reading: Reading, organisation_id: uuid.UUID, on: date | None = None
) -> list[Issuer]:
    """The bodies that issue documents from this seat on a day (today)."""
    reading.get(Organisation, organisation_id, "Cơ quan")
    return list(
        reading.session.scalars(
            select(Issuer)
            .where(Issuer.organisation_id == organisation_id, Issuer.holds_on(on or reading.today))
            .order_by(Issuer.id)
        )
    )
