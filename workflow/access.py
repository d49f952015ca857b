"""What a person may know of: bounded by organisation and participation; the rest does not exist."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from workflow.actor import Actor
from workflow.facts.votes import sits_before
from workflow.office import Reading
from workflow.parties import predecessors
from workflow.records import (
    Appraisal,
    Case,
    CriterionAppraisal,
    Document,
    Dossier,
    Outgoing,
    Signer,
    Task,
)
from workflow.rules.errors import Forbidden, NotFound
from workflow.rules.roles import AUDITOR

#: Roles that see every document of their organisation: they register, lead, follow up or audit.
SEES_ALL = frozenset({"clerk", "leader", "follow_up", AUDITOR})
#: Checks the form of every draft (ND 30/2020 Art. 12.2), so sees what goes out.
SEES_OUTGOING = frozenset({"format_checker"})
#: Reads the chains of their organisation.
JOURNAL_ROLES = frozenset({"auditor", "leader", "administrator"})


def audited(actor: Actor) -> frozenset[uuid.UUID]:
    """The organisations that the actor has access to as auditor and as nothing else."""
    return frozenset(one for one, roles in actor.roles.items() if roles == {AUDITOR})


def only_audits(actor: Actor) -> bool:
    """Whether the actor is an auditor wherever they are anything."""
    return bool(actor.roles) and len(audited(actor)) == len(actor.roles)


def may_know(actor: Actor) -> ColumnElement[bool]:
    """A condition on `Document`: those the actor may know of.

    Only `Document` is the enclosing query's, which may join the other tables for its own ends.
    """
    organisations = list(actor.roles)
    if not organisations:
        return false()
    takes_part = or_(
        Document.created_by == actor.person_id,
        _some(
            select(Signer.id).where(
                Signer.document_id == Document.id,
                Signer.person_id == actor.person_id,
                ~Signer.dropped,
            )
        ),
        _some(
            select(Task.id)
            .join(Case, Case.id == Task.case_id)
            .where(
                Case.document_id == Document.id,
                or_(Task.person_id.in_(actor.own_work), Task.unit_id.in_(actor.headed_units)),
            )
        ),
        _some(
            select(Outgoing.id).where(
                Outgoing.document_id == Document.id, Outgoing.unit_id.in_(actor.headed_units)
            )
        ),
    )
    return or_(
        Document.organisation_id.in_(actor.organisations_where(SEES_ALL)),
        and_(
            Document.direction == "outgoing",
            Document.organisation_id.in_(actor.organisations_where(SEES_OUTGOING)),
        ),
        and_(Document.organisation_id.in_(organisations), takes_part),
    )


def _some(rows: Select[uuid.UUID]) -> ColumnElement[bool]:
    """Whether there is such a row, looked up for each document that is asked about.

    A page asks about few. PostgreSQL turns an EXISTS into a table of all there are, because it
    cannot know how early a page is full; a scalar it leaves alone.
    """
    return rows.correlate(Document).limit(1).scalar_subquery().is_not(None)


def find_document(
    reading: Reading, document_id: uuid.UUID, direction: str | None = None
) -> Document:
    """The document, or NotFound also where it exists but the actor may not know of it."""
    query = select(Document).where(Document.id == document_id, may_know(reading.actor))
    if direction:
        query = query.where(Document.direction == direction)
    document = reading.session.scalar(query)
    if document is None:
        raise NotFound("Văn bản")
    return document


def find_documents(
    reading: Reading, document_ids: Collection[uuid.UUID]
) -> Mapping[uuid.UUID, Document]:
    """The same of many, in one query: NotFound unless the actor may know of each."""
    found = {
        document.id: document
        for document in reading.session.scalars(
            select(Document).where(Document.id.in_(document_ids), may_know(reading.actor))
        )
    }
    if len(found) < len(set(document_ids)):
        raise NotFound("Văn bản")
    return found


def main_case(reading: Reading, document_id: uuid.UUID) -> Case:
    """The case that moves the document itself (not a task on it)."""
    case = reading.session.scalar(
        select(Case).where(Case.document_id == document_id, Case.parent_id.is_(None))
    )
    if case is None:
        raise NotFound("Văn bản")
    return case


def require_role(reading: Reading, organisation_id: uuid.UUID, roles: frozenset[str]) -> None:
    """Refuse whoever holds none of the roles in the organisation.

    Raises:
        NotFound: the actor has nothing to do with the organisation. Forbidden: other roles only.
    """
    held = reading.actor.roles_in(organisation_id)
    if not held:
        raise NotFound("Cơ quan")
    if held.isdisjoint(roles):
        raise Forbidden(sorted(roles))


def access_chain(organisation_id: uuid.UUID) -> str:
    """The name of an organisation's access chain."""
    return f"access:{organisation_id}"


class Chain(StrEnum):
    """The chains of an organisation: what was done, and who looked at what."""

    ACTS = "acts"
    ACCESS = "access"

    def named(self, organisation_id: uuid.UUID) -> str:
        """The chain's name in the journal."""
        return access_chain(organisation_id) if self is Chain.ACCESS else str(organisation_id)


#: Roles whose holders see every dossier that their organisation takes part in.
SEES_DOSSIERS = SEES_ALL | {"specialist", "unit_head"}


def may_know_dossier(actor: Actor, on: date) -> ColumnElement[bool]:
    """A condition on `Dossier`: those the actor takes part in on this day.

    As the applicant's, once it is submitted the district's, the office's or the province's (or of
    whoever took over from them), for a department that appraises it, by being given one of its
    criteria (they or their unit), or in the council before which it is.
    """
    theirs = actor.organisations_where(SEES_DOSSIERS)
    given = (
        select(CriterionAppraisal.id)
        .join(Task, Task.case_id == CriterionAppraisal.case_id)
        .where(
            CriterionAppraisal.dossier_id == Dossier.id,
            or_(
                Task.person_id.in_({actor.person_id, *actor.stands_in_for}),
                Task.unit_id.in_(actor.units),
            ),
        )
        .correlate(Dossier)
        .exists()
    )
    if not theirs:
        return or_(given, sits_before(actor))
    taken_over = predecessors(theirs, on)
    appraises = (
        select(Appraisal.id)
        .where(Appraisal.dossier_id == Dossier.id, Appraisal.organisation_id.in_(theirs))
        .correlate(Dossier)
        .exists()
    )

    def with_them(column: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
        return column.in_(theirs) | column.in_(taken_over)

    receiving = (Dossier.office_id, Dossier.province_id, Dossier.district_id)
    return or_(
        with_them(Dossier.organisation_id),
        and_(Dossier.submitted_at.is_not(None), or_(*map(with_them, receiving))),
        appraises,
        given,
        sits_before(actor),
    )


def find_dossier(reading: Reading, dossier_id: uuid.UUID) -> Dossier:
    """The dossier, or NotFound also where it exists but the actor may not know of it."""
    dossier = reading.session.scalar(
        select(Dossier).where(
            Dossier.id == dossier_id, may_know_dossier(reading.actor, reading.today)
        )
    )
    if dossier is None:
        raise NotFound("Hồ sơ")
    return dossier
