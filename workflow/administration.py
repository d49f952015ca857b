"""What every act of an administrator has in common: who may, whom they know, what is written.

An administrator administers an organisation and those placed under it. Organisations, their units
and issuers are public; people and what they may do exist only for those who belong there.
"""

from __future__ import annotations

import unicodedata
import uuid
from datetime import date
from typing import TypeVar

from sqlalchemy import String, inspect, select

from workflow.calendars import seats
from workflow.chains import SYSTEM_CHAIN
from workflow.office import Reading, Transaction
from workflow.records import (
    Appointment,
    EffectiveDated,
    Evidence,
    Organisation,
    Person,
    RoleGrant,
)
from workflow.rules.errors import Forbidden, Invalid, NotFound

ADMINISTRATOR = "administrator"
Row = TypeVar("Row", bound=Evidence)


def administers(reading: Reading, organisation_id: uuid.UUID) -> bool:
    """Whether who acts administers the organisation; the system itself always does."""
    if reading.person_id is None:
        return True
    ruled = set(reading.actor.organisations_where(frozenset({ADMINISTRATOR})))
    return not ruled.isdisjoint(seats(reading.session, organisation_id, reading.today))


def belongs(reading: Reading, organisation_id: uuid.UUID) -> bool:
    """Whether the organisation is one of the actor's own: a role there, or administered."""
    return (
        reading.person_id is None
        or organisation_id in reading.actor.roles
        or administers(reading, organisation_id)
    )


def require_administrator(
    reading: Reading, organisation_id: uuid.UUID, private: str | None = None
) -> None:
    """Refuse whoever may not administer the organisation.

    `private` names a thing that others than those of the organisation may not know of.

    Raises:
        NotFound: no such organisation, or the private thing is none of the actor's business.
        Forbidden: known, but not theirs to change.
    """
    reading.get(Organisation, organisation_id, "Cơ quan")
    if private is not None and not belongs(reading, organisation_id):
        raise NotFound(private)
    if not administers(reading, organisation_id):
        raise Forbidden([ADMINISTRATOR])


def known_person(reading: Reading, person_id: uuid.UUID) -> Person:
    """The person, once or now in one of the actor's own organisations; else NotFound."""
    person = reading.get(Person, person_id, "Người này")
    if not any(belongs(reading, home) for home in _homes(reading, person_id)):
        raise NotFound("Người này")
    return person


def require_administrator_of(reading: Reading, person_id: uuid.UUID) -> None:
    """Refuse whoever does not administer *every* organisation that the person serves today.

    Keys and passwords open all of them: the administrator of one must not reach into another.

    Raises:
        NotFound, Forbidden.
    """
    known_person(reading, person_id)
    homes = _homes(reading, person_id, reading.today) or _homes(reading, person_id)
    if not all(administers(reading, home) for home in homes):
        raise Forbidden([ADMINISTRATOR])


def _homes(reading: Reading, person_id: uuid.UUID, on: date | None = None) -> set[uuid.UUID]:
    """The organisations where the person holds a post or role on a day, or ever."""
    homes: set[uuid.UUID] = set()
    for kind in (Appointment, RoleGrant):
        query = select(kind.organisation_id).where(kind.person_id == person_id)
        homes.update(reading.session.scalars(query.where(kind.holds_on(on)) if on else query))
    return homes


def one_at_a_time(tx: Transaction) -> None:
    """Wait for other acts of administration, so that what is checked now still holds at commit.

    The end of the system chain is the lock that they all need in the end.
    """
    tx.lock_chain(SYSTEM_CHAIN)


def record(tx: Transaction, action: str, row: Row, **facts: object) -> Row:
    """Add (or change) a row and journal it in the system chain; text is kept in NFC.

    Raises:
        Invalid: a text that is blank or longer than its column, or an end before the beginning.
    """
    errors: list[tuple[str, str]] = []
    for column in inspect(type(row)).columns:
        value = getattr(row, column.key)
        if not isinstance(value, str):
            continue
        value = unicodedata.normalize("NFC", value).strip()
        setattr(row, column.key, value)
        limit = column.type.length if isinstance(column.type, String) else None
        if limit is not None and len(value) > limit:
            errors.append((f"/{column.key}", f"Dài quá {limit} ký tự."))
        elif not value and column.key not in _MAY_BE_EMPTY:
            errors.append((f"/{column.key}", "Không được để trống."))
    if isinstance(row, EffectiveDated) and row.valid_to and row.valid_to < row.valid_from:
        errors.append(("/valid_to", "Ngày kết thúc sớm hơn ngày bắt đầu."))
    if errors:
        raise Invalid(errors)
    tx.add(row)
    tx.session.flush()
    tx.journal(action, SYSTEM_CHAIN, row.id, rows=None, **facts)
    return row


_MAY_BE_EMPTY = frozenset({"capacity"})  # the head's own documents bear no capacity


def close(tx: Transaction, action: str, row: EffectiveDated, on: date) -> None:
    """End an effective-dated row: it no longer holds on that day.

    Raises:
        Invalid: it begins later, or has ended by then.
    """
    if on < row.valid_from:
        raise Invalid([("/valid_to", "Ngày kết thúc sớm hơn ngày bắt đầu.")])
    if row.valid_to is not None and row.valid_to <= on:
        raise Invalid([("/valid_to", f"Đã kết thúc từ ngày {row.valid_to:%d/%m/%Y}.")])
    row.valid_to = on
    assert isinstance(row, Evidence)
    tx.journal(action, SYSTEM_CHAIN, row.id)
