"""Who stands under an organisation in a period, whatever has become of them since."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import func, or_, select

from workflow.office import Reading
from workflow.records import OrganisationName
from workflow.rules.indicator import Period


@dataclass(frozen=True)
class Placed:
    """An organisation as it was called and coded last in a period."""

    organisation_id: uuid.UUID
    code: str
    name: str
    kind: str


def beneath(reading: Reading, organisation_id: uuid.UUID, period: Period) -> list[Placed]:
    """The organisation and all under it, in the order of their codes; empty if it was not there.

    Each stands where it stood last in the period: what was merged during it stays where it was,
    so that a merger hides no documents, and what was moved is counted in one place only.
    """
    name = OrganisationName
    columns = (name.organisation_id, name.code, name.name, name.kind, name.parent_id)
    ranked = (
        select(
            *columns,
            func.row_number()
            .over(
                partition_by=name.organisation_id,
                order_by=(name.valid_from.desc(), name.id.desc()),
            )
            .label("rank"),
        )
        .where(
            name.valid_from <= min(period.last_on, reading.today),
            or_(name.valid_to.is_(None), name.valid_to > period.first_on),
        )
        .cte("ranked")
    )
    last = select(ranked).where(ranked.c.rank == 1).cte("placed")
    top = (
        select(last.c.organisation_id, last.c.code, last.c.name, last.c.kind)
        .where(last.c.organisation_id == organisation_id)
        .cte("beneath", recursive=True)
    )
    # `union` and not `union all`: a circle of parents would never end.
    every = top.union(
        select(last.c.organisation_id, last.c.code, last.c.name, last.c.kind).where(
            last.c.parent_id == top.c.organisation_id
        )
    )
    return [Placed(*row) for row in reading.session.execute(select(every).order_by(every.c.code))]
