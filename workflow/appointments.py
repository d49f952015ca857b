"""People: their posts and roles.

Everything holds from a day to a day; ending it changes nothing that was done before.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from workflow.administration import belongs, close, known_person, one_at_a_time, record
from workflow.administration import require_administrator as require
from workflow.office import Reading, Transaction
from workflow.records import Appointment, Person, RoleGrant, Unit, new_id
from workflow.rules.errors import Duplicate, Invalid, NotFound
from workflow.rules.roles import ROLES

PEOPLE = "Nhân sự của cơ quan"


@dataclass(frozen=True)
class Post:
    """A position in an organisation, in a unit of it or above them."""

    title: str
    unit_id: uuid.UUID | None = None
    heads_unit: bool = False


def add_person(
    tx: Transaction,
    organisation_id: uuid.UUID,
    full_name: str,
    post: Post,
    *,
    valid_from: date | None = None,
    person_id: uuid.UUID | None = None,
) -> Person:
    """Somebody new, with a first post: nobody is known who has no place.

    Raises:
        NotFound, Forbidden, Invalid.
    """
    require(tx, organisation_id, PEOPLE)
    person = record(tx, "person.added", Person(id=person_id or new_id(), full_name=full_name))
    _appoint(tx, person, organisation_id, post, valid_from)
    return person


def appoint(
    tx: Transaction,
    organisation_id: uuid.UUID,
    person_id: uuid.UUID,
    post: Post,
    *,
    valid_from: date | None = None,
) -> Appointment:
    """A further post of a person the actor knows. Raises NotFound, Forbidden, Invalid."""
    require(tx, organisation_id, PEOPLE)
    person = known_person(tx, person_id)
    return _appoint(tx, person, organisation_id, post, valid_from)


def _appoint(
    tx: Transaction,
    person: Person,
    organisation_id: uuid.UUID,
    post: Post,
    valid_from: date | None,
) -> Appointment:
    valid_from = valid_from or tx.today
    if post.unit_id is not None:
        unit = tx.session.get(Unit, post.unit_id)
        if unit is None or unit.organisation_id != organisation_id:
            raise Invalid([("/unit_id", "Đơn vị không thuộc cơ quan này.")])
        if unit.valid_to is not None and unit.valid_to <= valid_from:
            raise Invalid([("/unit_id", "Đơn vị không còn hoạt động vào ngày này.")])
    elif post.heads_unit:
        raise Invalid([("/heads_unit", "Người đứng đầu đơn vị phải thuộc một đơn vị.")])
    appointment = Appointment(
        person_id=person.id,
        organisation_id=organisation_id,
        unit_id=post.unit_id,
        title=post.title,
        heads_unit=post.heads_unit,
        valid_from=valid_from,
    )
    return record(tx, "appointment.made", appointment, organisation=organisation_id)


def end_appointment(tx: Transaction, appointment_id: uuid.UUID, on: date) -> None:
    """The person no longer holds the post on that day, nor signs by it."""
    appointment = tx.get(Appointment, appointment_id, "Việc bổ nhiệm")
    require(tx, appointment.organisation_id, "Việc bổ nhiệm")
    close(tx, "appointment.ended", appointment, on)


def grant_role(
    tx: Transaction,
    organisation_id: uuid.UUID,
    person_id: uuid.UUID,
    role: str,
    *,
    valid_from: date | None = None,
    valid_to: date | None = None,
) -> RoleGrant:
    """A role in an organisation. Raises NotFound, Forbidden, Invalid, Duplicate."""
    require(tx, organisation_id, PEOPLE)
    known_person(tx, person_id)
    if role not in ROLES:
        raise Invalid([("/role", f"Vai trò phải là một trong: {', '.join(ROLES)}.")])
    valid_from = valid_from or tx.today
    one_at_a_time(tx)
    held = tx.session.scalars(
        select(RoleGrant).where(
            RoleGrant.person_id == person_id,
            RoleGrant.organisation_id == organisation_id,
            RoleGrant.role == role,
            RoleGrant.holds_within(valid_from, valid_to),
        )
    ).first()
    if held is not None:
        raise Duplicate("Người này đã có vai trò này.", [str(held.id)])
    grant = RoleGrant(
        person_id=person_id,
        organisation_id=organisation_id,
        role=role,
        valid_from=valid_from,
        valid_to=valid_to,
    )
    return record(tx, "role.granted", grant, organisation=organisation_id, role=role)


def end_role(tx: Transaction, grant_id: uuid.UUID, on: date) -> None:
    """The role is no longer held on that day."""
    grant = tx.get(RoleGrant, grant_id, "Vai trò")
    require(tx, grant.organisation_id, "Vai trò")
    close(tx, "role.ended", grant, on)


@dataclass(frozen=True)
class Member:
    """Somebody of an organisation as of a day, with every post and role held there."""

    person: Person
    appointments: tuple[Appointment, ...]
    grants: tuple[RoleGrant, ...]


def people_of(reading: Reading, organisation_id: uuid.UUID, on: date | None = None) -> list[Member]:
    """Who holds a post or role in one of the actor's own organisations on a day (today).

    Raises:
        NotFound: the organisation is none of the actor's own.
    """
    if not belongs(reading, organisation_id):
        raise NotFound(PEOPLE)
    on = on or reading.today
    appointments = reading.session.scalars(
        select(Appointment)
        .where(Appointment.organisation_id == organisation_id, Appointment.holds_on(on))
        .order_by(Appointment.id)
    ).all()
    grants = reading.session.scalars(
        select(RoleGrant)
        .where(RoleGrant.organisation_id == organisation_id, RoleGrant.holds_on(on))
        .order_by(RoleGrant.id)
    ).all()
    members = {post.person_id for post in appointments} | {grant.person_id for grant in grants}
    people = reading.session.scalars(
        select(Person).where(Person.id.in_(members)).order_by(Person.id)
    ).all()
    return [
        Member(
            person,
            tuple(row for row in appointments if row.person_id == person.id),
            tuple(row for row in grants if row.person_id == person.id),
        )
        for person in people
    ]
