"""What stands at the head of a document that is set here, and over the name of its signer."""

from __future__ import annotations

import uuid

from sqlalchemy import select

from workflow.facts.about import organisation_on
from workflow.office import Reading
from workflow.printing.composition import Hand
from workflow.records import Appointment, Person
from workflow.rules.actors import signature_block, stack_of
from workflow.rules.errors import Invalid


def issuing(reading: Reading, organisation_id: uuid.UUID) -> tuple[str | None, tuple[str, ...]]:
    """The agency above, which may be abbreviated (Annex I, II.2.b), and the agency itself."""
    own = organisation_on(reading, organisation_id, reading.today)
    above = own.parent_id and organisation_on(reading, own.parent_id, reading.today)
    superior = above.name.upper().replace("ỦY BAN NHÂN DÂN", "UBND") if above else None
    return superior, (own.name.upper(),)


def hand_of(
    reading: Reading, person_id: uuid.UUID, organisation_id: uuid.UUID, capacity: str, head: str
) -> Hand:
    """The signer's block. Raises Invalid for one that the decree does not know."""
    person = reading.get(Person, person_id, "Người ký")
    stack = stack_of(capacity)
    try:
        if stack is None:
            raise ValueError(capacity)
        lines = signature_block(
            stack, title=title_of(reading, person_id, organisation_id), head=head, body=head
        )
    except ValueError:
        raise Invalid(
            [("/capacity", "Thể thức ký không đúng, hoặc thiếu chức vụ của người đứng đầu.")]
        ) from None
    return Hand(lines, person.full_name)


def title_of(reading: Reading, person_id: uuid.UUID, organisation_id: uuid.UUID) -> str:
    """A person's post in an organisation today; none where they have none."""
    return (
        reading.session.scalars(
            select(Appointment.title)
            .where(
                Appointment.person_id == person_id,
                Appointment.organisation_id == organisation_id,
                Appointment.holds_on(reading.today),
            )
            .order_by(Appointment.id)
        ).first()
        or ""
    )
