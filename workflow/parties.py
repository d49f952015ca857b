"""Who takes part in a dossier: the organisations, and those that took over from them."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import date

from sqlalchemy import Select, select

from workflow.office import Reading
from workflow.records import Dossier, OrganisationName, Succession
from workflow.transitions import Parties


def successor_of(reading: Reading, organisation_id: uuid.UUID) -> uuid.UUID:
    """Who does an organisation's work today: itself, or who took over from it (and so on)."""
    seen = {organisation_id}
    while True:
        following = reading.session.scalar(
            select(Succession.successor_id)
            .where(
                Succession.predecessor_id == organisation_id,
                Succession.effective_on <= reading.today,
            )
            .order_by(Succession.effective_on.desc())
            .limit(1)
        )
        if following is None or following in seen:
            return organisation_id
        seen.add(following)
        organisation_id = following


def predecessors(organisations: Sequence[uuid.UUID], on: date) -> Select[tuple[uuid.UUID]]:
    """A query for those whose work these organisations have taken over by this day."""
    first = (
        select(Succession.predecessor_id.label("id"))
        .where(Succession.successor_id.in_(organisations), Succession.effective_on <= on)
        .cte("taken_over", recursive=True)
    )
    # `union` and not `union all`: what was taken over twice is met once.
    every = first.union(
        select(Succession.predecessor_id).where(
            Succession.successor_id == first.c.id, Succession.effective_on <= on
        )
    )
    return select(every.c.id)


def parties_of(reading: Reading, dossier: Dossier) -> Parties:
    """The organisations of a dossier by the names that its definitions use.

    Communes merged since, and an office that was replaced, go on under their successors.
    """
    named = {
        "applicant": dossier.organisation_id,
        "office": dossier.office_id,
        "province": dossier.province_id,
    }
    if dossier.district_id is not None:
        named["district"] = dossier.district_id
    return {party: successor_of(reading, one) for party, one in named.items()}


def names_of_organisations(reading: Reading, ids: Collection[uuid.UUID]) -> Mapping[uuid.UUID, str]:
    """What organisations are called today; those that are no more, what they were called last."""
    rows = reading.session.execute(
        select(OrganisationName.organisation_id, OrganisationName.name)
        .where(
            OrganisationName.organisation_id.in_(ids), OrganisationName.valid_from <= reading.today
        )
        .order_by(OrganisationName.valid_from, OrganisationName.id)
    )
    return {row.organisation_id: row.name for row in rows}
