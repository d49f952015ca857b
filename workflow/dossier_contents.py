"""What of a dossier is whose to see: its evidence, its papers, and their bytes.

Who takes part for the applicant, the office, the province or the council sees all of a dossier; a
department and its appraisers see the criteria that were given to them, and nothing of the others.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import false, or_, select, true

from workflow.access import SEES_DOSSIERS, find_dossier
from workflow.appraisals import may_know_criterion, may_know_part
from workflow.facts.dossier import criterion_slot
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
    Outgoing,
    RegisterEntry,
    Task,
)
from workflow.rules.errors import NotFound


@dataclass(frozen=True)
class Seen:
    """How much of a dossier the actor sees: all its evidence, or that of these criteria."""

    whole: bool
    criteria: frozenset[str]
    cases: frozenset[uuid.UUID]
    """The departments' and criteria's cases that are theirs to know: the applicant is told what was
    sent back, and the rest when a department has given its opinion."""

    def shows(self, slot: str) -> bool:
        """Whether what stands in this slot is theirs to see."""
        part, _, rest = slot.partition("/")
        return self.whole or (part == "criterion" and rest.partition("/")[0] in self.criteria)


def seen_of(reading: Reading, dossier: Dossier) -> Seen:
    """How much of a dossier that the actor may know of is theirs to see."""
    actor = reading.actor
    before = select(Dossier.id).where(Dossier.id == dossier.id, sits_before(actor))
    in_council = reading.session.scalar(before) is not None
    parties = {*parties_of(reading, dossier).values(), dossier.organisation_id}
    parts = reading.session.scalars(
        select(Appraisal.case_id)
        .join(Dossier, Dossier.id == Appraisal.dossier_id)
        .where(Dossier.id == dossier.id, true() if in_council else may_know_part(reading))
    ).all()
    criteria = reading.session.execute(
        select(CriterionAppraisal.criterion, Case.id)
        .join(Case, Case.id == CriterionAppraisal.case_id)
        .join(Task, Task.case_id == Case.id)
        .join(Appraisal, Appraisal.id == CriterionAppraisal.appraisal_id)
        .join(Dossier, Dossier.id == Appraisal.dossier_id)
        .where(Dossier.id == dossier.id, true() if in_council else may_know_criterion(reading))
    ).all()
    return Seen(
        whole=in_council
        or any(not actor.roles_in(one).isdisjoint(SEES_DOSSIERS) for one in parties),
        criteria=frozenset(criterion for criterion, _ in criteria),
        cases=frozenset((*parts, *(case_id for _, case_id in criteria))),
    )


def find_whole(reading: Reading, dossier_id: uuid.UUID) -> Dossier:
    """The dossier; NotFound also for whoever sees only some of its criteria."""
    dossier = find_dossier(reading, dossier_id)
    if not seen_of(reading, dossier).whole:
        raise NotFound("Hồ sơ")
    return dossier


@dataclass(frozen=True)
class Paper:
    """A document that a step rests on, with its number and date once it has them."""

    paper: DossierPaper
    document: Document
    code: str | None
    dated_on: date | None


def papers_of(reading: Reading, dossier: Dossier, seen: Seen) -> list[Paper]:
    """The linked papers that are the actor's to see, in the order in which they were linked.

    Of a department's opinion those know who know of its part; of what is not issued, its issuer.
    """
    rows = reading.session.execute(
        select(DossierPaper, Document, RegisterEntry, Incoming, Outgoing, Appraisal.id)
        .join(Document, Document.id == DossierPaper.document_id)
        .outerjoin(RegisterEntry, RegisterEntry.document_id == Document.id)
        .outerjoin(Incoming, Incoming.document_id == Document.id)
        .outerjoin(Outgoing, Outgoing.document_id == Document.id)
        .outerjoin(Appraisal, Appraisal.case_id == DossierPaper.case_id)
        .where(DossierPaper.dossier_id == dossier.id)
        .order_by(DossierPaper.id)
    )
    return [
        Paper(
            paper=paper,
            document=document,
            code=incoming.code if incoming else entry.code if entry else None,
            dated_on=incoming.dated_on if incoming else entry.entered_on if entry else None,
        )
        for paper, document, entry, incoming, outgoing, appraisal_id in rows
        if (seen.whole if appraisal_id is None else paper.case_id in seen.cases)
        and _is_out(reading, document, outgoing)
    ]


def _is_out(reading: Reading, document: Document, outgoing: Outgoing | None) -> bool:
    """A draft is its own organisation's until it is issued, whatever it is meant for."""
    own = bool(reading.actor.roles_in(document.organisation_id))
    return own or outgoing is None or outgoing.issued_at is not None


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
) -> Sequence[Line]:
    """The evidence that is the actor's to see, in the order in which it was put there."""
    dossier = find_dossier(reading, dossier_id)
    seen = seen_of(reading, dossier)
    theirs = or_(
        false(),
        *(
            Exhibit.slot.startswith(criterion_slot(code, ""), autoescape=True)
            for code in seen.criteria
        ),
    )
    page = (
        select(Exhibit.id)
        .where(
            Exhibit.dossier_id == dossier.id,
            ~Exhibit.dropped,
            Exhibit.ordinal > after,
            true() if slot is None else Exhibit.slot == slot,
            true() if seen.whole else theirs,
        )
        .order_by(Exhibit.ordinal)
        .limit(limit)
    )
    return exhibits_of(reading, dossier, Exhibit.id.in_(page)).lines


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
    outgoing = reading.session.scalar(select(Outgoing).where(Outgoing.document_id == document.id))
    state = reading.session.scalar(
        select(Case.state).where(Case.document_id == document.id, Case.parent_id.is_(None))
    )
    files = current_files(reading, document.id)
    # What a receiver's recall destroyed is nowhere any more.
    destroyed = document.direction == "incoming" and state == "recalled"
    if not files or destroyed or not _is_out(reading, document, outgoing):
        raise NotFound("Tệp văn bản")
    _, revision = files[0]
    return Stored(
        document.organisation_id, document.id, revision.sha256, revision.size_bytes, title
    )
