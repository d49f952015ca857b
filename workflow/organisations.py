"""Organisations, their units and issuers, their calendar: what an administrator keeps true.

An organisation's identity outlives its names: communes merge, codes change, and a document keeps
the facts of its own day. So nothing here overwrites a period that has begun; it ends one and
begins the next.
"""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass
from datetime import date

from sqlalchemy import or_, select

from workflow.administration import ADMINISTRATOR, close, one_at_a_time, record
from workflow.administration import require_administrator as require
from workflow.calendars import seats
from workflow.office import Reading, Transaction
from workflow.records import Organisation, OrganisationName, new_id
from workflow.rules import identifiers
from workflow.rules.errors import Duplicate, Forbidden, Invalid, NotFound

#: A district is one of before 2025-07-01, kept for dossiers that went through it.
ORGANISATION_KINDS = ("commune", "district", "province", "department", "office")


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
