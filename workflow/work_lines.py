"""A line of work as people read it: what a case is about, where it stands, whose move it is."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Row, Select, or_, select

from workflow.access import may_know, may_know_dossier
from workflow.lawbook import parsed
from workflow.office import Reading
from workflow.records import (
    Case,
    CriterionAppraisal,
    Definition,
    Document,
    Dossier,
    OrganisationName,
    Person,
    RegisterEntry,
    Unit,
)
from workflow.rules.machine import Workflow
from workflow.rules.roles import role_label

#: What is said of the holder of a state that only the system leaves.
SYSTEM = "hệ thống"


@dataclass(frozen=True)
class WorkLine:
    """One open or ended case.

    `what` is the subject of its definition: outgoing, incoming, task, reading, dossier, appraisal,
    criterion or withdrawal. `subject` is the document's, or the dossier's name; None once a recall
    has destroyed it.
    """

    case_id: uuid.UUID
    document_id: uuid.UUID | None
    dossier_id: uuid.UUID | None
    what: str
    subject: str | None
    number: str | None
    criterion: str | None
    state_label: str
    holder: str
    entered_at: datetime
    due_at: datetime | None
    overdue: bool
    closed: bool


def lines_of(
    reading: Reading, page: FromClause, *order: Any, also: Collection[Any] = ()
) -> list[tuple[WorkLine, Row[*tuple[Any, ...]]]]:
    """The cases of a small `page` (a subquery with a `case_id`) as lines, in one query.

    Each comes with its row, on which `also` are further columns of the page.
    """
    rows = reading.session.execute(_described(reading, page, also).order_by(*order)).all()
    workflows = workflows_of(
        reading, {(row.definition_name, row.definition_digest) for row in rows}
    )
    return [(_line(reading, row, workflows[row.definition_digest]), row) for row in rows]


def _described(
    reading: Reading, page: FromClause, also: Collection[Any]
) -> Select[*tuple[Any, ...]]:
    query: Select[*tuple[Any, ...]] = select(
        Case.id,
        Case.document_id,
        Case.dossier_id,
        Case.definition_name,
        Case.definition_digest,
        Case.state,
        Case.entered_at,
        Case.due_at,
        Case.closed_at,
        Case.holder_role,
        Document.subject,
        RegisterEntry.code,
        RegisterEntry.number,
        Dossier.name,
        CriterionAppraisal.criterion,
        Person.full_name,
        Unit.name.label("unit_name"),
        OrganisationName.name.label("organisation_name"),
        *also,
    )
    return (
        query.select_from(page)
        .join(Case, Case.id == page.c.case_id)
        .outerjoin(Document, Document.id == Case.document_id)
        .outerjoin(RegisterEntry, RegisterEntry.document_id == Case.document_id)
        .outerjoin(Dossier, Dossier.id == Case.dossier_id)
        .outerjoin(CriterionAppraisal, CriterionAppraisal.case_id == Case.id)
        .outerjoin(Person, Person.id == Case.holder_person_id)
        .outerjoin(Unit, Unit.id == Case.holder_unit_id)
        .outerjoin(
            OrganisationName,
            (OrganisationName.organisation_id == Case.holder_id)
            & OrganisationName.holds_on(reading.today),
        )
    )


def _line(reading: Reading, row: Row[*tuple[Any, ...]], workflow: Workflow) -> WorkLine:
    number = row.code or (None if row.number is None else str(row.number))
    who = row.full_name or row.unit_name or (row.holder_role and role_label(row.holder_role))
    closed = row.closed_at is not None
    return WorkLine(
        case_id=row.id,
        document_id=row.document_id,
        dossier_id=row.dossier_id,
        what=workflow.subject,
        subject=row.name if row.document_id is None else row.subject,
        number=number,
        criterion=row.criterion,
        state_label=workflow.state(row.state).label,
        holder=", ".join(part for part in (who, row.organisation_name) if part) or SYSTEM,
        entered_at=row.entered_at,
        due_at=row.due_at,
        overdue=not closed and row.due_at is not None and row.due_at < reading.now,
        closed=closed,
    )


def workflows_of(reading: Reading, wanted: Collection[tuple[str, str]]) -> Mapping[str, Workflow]:
    """The definitions with these names and digests by digest; one query where some ship no more."""
    shipped = reading.office.law.workflows
    found = {
        digest: shipped[name]
        for name, digest in wanted
        if name in shipped and shipped[name].digest == digest
    }
    older = {digest for _, digest in wanted} - found.keys()
    if older:
        texts = select(Definition.digest, Definition.text).where(Definition.digest.in_(older))
        found |= {digest: parsed(text) for digest, text in reading.session.execute(texts)}
    return found


def known(reading: Reading) -> ColumnElement[bool]:
    """A condition on `Document` and `Dossier`, both outer joined: the actor may know of it."""
    return or_(
        Document.id.is_not(None) & may_know(reading.actor),
        Dossier.id.is_not(None) & may_know_dossier(reading.actor, reading.today),
    )
