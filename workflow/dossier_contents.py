"""What of a dossier is whose to see: its evidence, its papers, and their bytes.

Who takes part for the applicant, the office, the province or the council sees all of a dossier; a
department and its appraisers see the criteria that were given to them, and nothing of the others.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date

from sqlalchemy import or_, select

from workflow.access import SEES_ALL, SEES_DOSSIERS, find_dossier
from workflow.facts.exhibits import Line, exhibits_of
from workflow.facts.votes import sits_before
from workflow.files import current_files
from workflow.office import Reading
from workflow.parties import parties_of
from workflow.records import (
    Appraisal,
    Case,
    CriterionAppraisal,
    Document,
    Dossier,
    DossierPaper,
    Exhibit,
    Incoming,
    RegisterEntry,
    Task,
)
from workflow.rules.errors import NotFound

#: Who sees all that their department was given; the others what was given to them or their unit.
_SEES_DEPARTMENT = SEES_ALL | {"unit_head"}


@dataclass(frozen=True)
class Seen:
    """How much of a dossier the actor sees: all of it, or these criteria."""

    criteria: frozenset[str] | None

    @property
    def whole(self) -> bool:
        return self.criteria is None

    def shows(self, slot: str) -> bool:
        """Whether what stands in this slot is theirs to see."""
        part, _, rest = slot.partition("/")
        return self.criteria is None or (
            part == "criterion" and rest.partition("/")[0] in self.criteria
        )


def seen_of(reading: Reading, dossier: Dossier) -> Seen:
    """How much of a dossier that the actor may know of is theirs to see."""
    actor = reading.actor
    parties = {*parties_of(reading, dossier).values(), dossier.organisation_id}
    if any(not actor.roles_in(one).isdisjoint(SEES_DOSSIERS) for one in parties):
        return Seen(None)
    before = select(Dossier.id).where(Dossier.id == dossier.id, sits_before(actor))
    if reading.session.scalar(before) is not None:
        return Seen(None)
    given = reading.session.scalars(
        select(CriterionAppraisal.criterion)
        .join(Appraisal, Appraisal.id == CriterionAppraisal.appraisal_id)
        .outerjoin(Task, Task.case_id == CriterionAppraisal.case_id)
        .where(
            CriterionAppraisal.dossier_id == dossier.id,
            or_(
                Appraisal.organisation_id.in_(actor.organisations_where(_SEES_DEPARTMENT)),
                Task.person_id.in_({actor.person_id, *actor.stands_in_for}),
                Task.unit_id.in_(actor.headed_units),
            ),
        )
    )
    return Seen(frozenset(given))


@dataclass(frozen=True)
class Paper:
    """A document that a step rests on, with its number and date once it has them."""

    paper: DossierPaper
    document: Document
    code: str | None
    dated_on: date | None


def papers_of(reading: Reading, dossier: Dossier, seen: Seen) -> list[Paper]:
    """The linked papers that are the actor's to see, in the order in which they were linked.

    A department sees its own opinion; what the others, the office and the council say is not its.
    """
    query = (
        select(DossierPaper, Document, RegisterEntry, Incoming)
        .join(Document, Document.id == DossierPaper.document_id)
        .outerjoin(RegisterEntry, RegisterEntry.document_id == Document.id)
        .outerjoin(Incoming, Incoming.document_id == Document.id)
        .where(DossierPaper.dossier_id == dossier.id)
        .order_by(DossierPaper.id)
    )
    if not seen.whole:
        query = query.where(
            DossierPaper.case_id.in_(
                select(Appraisal.case_id).where(
                    Appraisal.dossier_id == dossier.id,
                    Appraisal.organisation_id.in_(list(reading.actor.roles)),
                )
            )
        )
    return [
        Paper(
            paper=paper,
            document=document,
            code=incoming.code if incoming else entry.code if entry else None,
            dated_on=incoming.dated_on if incoming else entry.entered_on if entry else None,
        )
        for paper, document, entry, incoming in reading.session.execute(query)
    ]


def list_papers(reading: Reading, dossier_id: uuid.UUID) -> list[Paper]:
    """The papers of a dossier that are the actor's to see. NotFound as `find_dossier`."""
    dossier = find_dossier(reading, dossier_id)
    return papers_of(reading, dossier, seen_of(reading, dossier))


def list_exhibits(
    reading: Reading,
    dossier_id: uuid.UUID,
    *,
    slot: str | None = None,
    after: int = 0,
    limit: int = 50,
) -> list[Line]:
    """The evidence that is the actor's to see, in the order in which it was put there."""
    dossier = find_dossier(reading, dossier_id)
    seen = seen_of(reading, dossier)
    return [
        line
        for line in exhibits_of(reading, dossier).lines
        if line.ordinal > after and seen.shows(line.slot) and slot in (None, line.slot)
    ][:limit]


@dataclass(frozen=True)
class Stored:
    """Bytes that a dossier shows: whose archive keeps them, and of which document or exhibit."""

    organisation_id: uuid.UUID
    subject_id: uuid.UUID
    sha256: str
    size_bytes: int
    title: str


def find_exhibit(reading: Reading, dossier_id: uuid.UUID, exhibit_id: uuid.UUID) -> Stored:
    """The bytes of one piece of evidence: of a document, its main text as it is now.

    Raises:
        NotFound: also where it is not the actor's to see.
    """
    dossier = find_dossier(reading, dossier_id)
    exhibit = reading.session.get(Exhibit, exhibit_id)
    if (
        exhibit is None
        or exhibit.dossier_id != dossier.id
        or exhibit.dropped
        or not seen_of(reading, dossier).shows(exhibit.slot)
    ):
        raise NotFound("Minh chứng")
    if exhibit.document_id is not None:
        return _main_text(reading, reading.get(Document, exhibit.document_id), exhibit.title)
    assert exhibit.sha256 is not None
    assert exhibit.size_bytes is not None
    return Stored(
        exhibit.organisation_id, exhibit.id, exhibit.sha256, exhibit.size_bytes, exhibit.title
    )


def find_paper(reading: Reading, dossier_id: uuid.UUID, paper_id: uuid.UUID) -> Stored:
    """The main text of a paper. NotFound also where it is not the actor's to see."""
    for one in list_papers(reading, dossier_id):
        if one.paper.id == paper_id:
            return _main_text(reading, one.document, one.document.subject or "Văn bản")
    raise NotFound("Văn bản của hồ sơ")


def _main_text(reading: Reading, document: Document, title: str) -> Stored:
    files = current_files(reading, document.id)
    state = reading.session.scalar(
        select(Case.state).where(Case.document_id == document.id, Case.parent_id.is_(None))
    )
    # What a receiver's recall destroyed is nowhere any more.
    if not files or (document.direction == "incoming" and state == "recalled"):
        raise NotFound("Tệp văn bản")
    _, revision = files[0]
    return Stored(
        document.organisation_id, document.id, revision.sha256, revision.size_bytes, title
    )
