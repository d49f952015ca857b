"""Standing in for somebody who is away (thay thế trong thời gian vắng mặt).

A substitute does the absent person's tasks, readings and criteria. Nothing else passes on: no role,
no headed unit, no draft, and above all no power to sign, approve, check, seal or vote, which rest
on mandates, posts and membership alone (ND 30/2020 Art. 13). What a substitute does is written down
under the substitute's own name.
"""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import ColumnElement, or_, select

from workflow.administration import (
    ADMINISTRATOR,
    administers,
    belongs,
    close,
    one_at_a_time,
    record,
)
from workflow.office import Reading, Transaction
from workflow.records import Appointment, Organisation, RoleGrant, Substitution
from workflow.rules.errors import Duplicate, Forbidden, Invalid, NotFound

LEADER = "leader"


def appoint_substitute(
    tx: Transaction,
    organisation_id: uuid.UUID,
    absent_id: uuid.UUID,
    substitute_id: uuid.UUID,
    *,
    basis: str,
    valid_from: date | None = None,
    valid_to: date | None = None,
) -> Substitution:
    """Somebody of the organisation does the work of another one of it who is away.

    By the administrator or a leader of every organisation in which both serve, or by the absent
    person; `valid_to` is the day on which the absent person is back.

    Raises:
        NotFound, Forbidden. Invalid: somebody who is away, or who stands in for others already
        and now goes away. Duplicate: somebody else stands in on these days.
    """
    tx.get(Organisation, organisation_id, "Cơ quan")
    if not belongs(tx, organisation_id):
        raise NotFound("Cơ quan")
    valid_from = valid_from or tx.today
    served = _serves(tx, absent_id, valid_from), _serves(tx, substitute_id, valid_from)
    # Where both serve, the substitute gets to see the absent person's work.
    for shared in (served[0] & served[1]) | {organisation_id}:
        _require(tx, shared, absent_id)
    errors = [
        (f"/{name}", "Người này không thuộc cơ quan.")
        for name, homes in zip(("absent_id", "substitute_id"), served, strict=True)
        if organisation_id not in homes
    ]
    if absent_id == substitute_id:
        errors.append(("/substitute_id", "Không ai làm thay chính mình."))
    if errors:
        raise Invalid(errors)
    one_at_a_time(tx)
    overlapping = _overlapping(valid_from, valid_to)
    held = _first(tx, Substitution.absent_id == absent_id, overlapping)
    if held is not None:
        raise Duplicate("Đã có người làm thay trong thời gian này.", [str(held.id)])
    # No chains: work that was passed on is not passed on again.
    if _first(tx, Substitution.absent_id == substitute_id, overlapping):
        errors.append(("/substitute_id", "Người này cũng vắng mặt trong thời gian này."))
    if _first(tx, Substitution.substitute_id == absent_id, overlapping):
        errors.append(
            (
                "/absent_id",
                "Người này đang làm thay người khác; hãy kết thúc việc làm thay đó trước.",
            )
        )
    if errors:
        raise Invalid(errors)
    substitution = Substitution(
        organisation_id=organisation_id,
        absent_id=absent_id,
        substitute_id=substitute_id,
        basis=basis,
        valid_from=valid_from,
        valid_to=valid_to,
    )
    return record(tx, "substitution.made", substitution, organisation=organisation_id)


def end_substitution(tx: Transaction, substitution_id: uuid.UUID, on: date) -> Substitution:
    """The absent person is back on that day. Raises NotFound, Forbidden, Invalid."""
    substitution = tx.get(Substitution, substitution_id, "Việc làm thay")
    if not belongs(tx, substitution.organisation_id):
        raise NotFound("Việc làm thay")
    _require(tx, substitution.organisation_id, substitution.absent_id)
    close(tx, "substitution.ended", substitution, on)
    return substitution


def substitutions_of(
    reading: Reading, organisation_id: uuid.UUID, on: date | None = None
) -> list[Substitution]:
    """Who stands in for whom on a day (today) or later, in one of the actor's own organisations.

    Raises:
        NotFound
    """
    if not belongs(reading, organisation_id):
        raise NotFound("Cơ quan")
    on = on or reading.today
    rows = reading.session.scalars(
        select(Substitution)
        .where(
            Substitution.organisation_id == organisation_id,
            or_(Substitution.valid_to.is_(None), Substitution.valid_to > on),
        )
        .order_by(Substitution.id)
    )
    return list(rows)


def _require(reading: Reading, organisation_id: uuid.UUID, absent_id: uuid.UUID) -> None:
    if reading.person_id is None or reading.person_id == absent_id:
        return
    leads = LEADER in reading.actor.roles_in(organisation_id)
    if not leads and not administers(reading, organisation_id):
        raise Forbidden([ADMINISTRATOR, LEADER])


def _serves(reading: Reading, person_id: uuid.UUID, on: date) -> set[uuid.UUID]:
    """The organisations in which the person has a post or a role on a day."""
    homes: set[uuid.UUID] = set()
    for kind in (Appointment, RoleGrant):
        homes.update(
            reading.session.scalars(
                select(kind.organisation_id).where(kind.person_id == person_id, kind.holds_on(on))
            )
        )
    return homes


def _overlapping(valid_from: date, valid_to: date | None) -> ColumnElement[bool]:
    later = or_(Substitution.valid_to.is_(None), Substitution.valid_to > valid_from)
    return later if valid_to is None else later & (Substitution.valid_from < valid_to)


def _first(reading: Reading, *conditions: ColumnElement[bool]) -> Substitution | None:
    return reading.session.scalars(select(Substitution).where(*conditions).limit(1)).first()
