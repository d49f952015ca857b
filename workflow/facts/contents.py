"""What a dossier holds, document by document in the order of time, for whoever puts it together."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from workflow.facts.appraisals import GIVEN, OPINION
from workflow.facts.exhibits import exhibits_of
from workflow.facts.papers import IN_FORCE
from workflow.office import Reading
from workflow.records import (
    Case,
    Document,
    Dossier,
    DossierPaper,
    File,
    Incoming,
    Issuer,
    Outgoing,
    Person,
    RegisterEntry,
    Revision,
    Signer,
    SigningIntent,
)
from workflow.rules.numbering import parse_received
from workflow.rules.papers import PARTS


@dataclass(frozen=True)
class Stored:
    """Bytes in an organisation's archive, and what the file is called."""

    organisation_id: str
    sha256: str
    size_bytes: int
    title: str


@dataclass(frozen=True)
class Entry:
    """One document (or uploaded PDF) of a dossier, wherever in it it stands."""

    subject: str
    issued_on: date | None
    slots: Sequence[str]
    verdict: str | None
    unmet: str | None
    files: Sequence[Stored]
    type_name: str | None = None
    number: str | None = None
    notation: str | None = None
    organ_name: str | None = None
    signers: Sequence[tuple[str | None, str]] = ()

    @property
    def code(self) -> str:
        return "/".join(part for part in (self.number, self.notation) if part)

    @property
    def title(self) -> str:
        """Type and abstract (tên loại và trích yếu)."""
        return f"{self.type_name}: {self.subject}" if self.type_name else self.subject


@dataclass
class _Place:
    """Where one document or upload stands, from its first exhibit on."""

    ordinal: int
    title: str
    dated_on: date | None
    verdict: str | None
    unmet: str | None
    slots: list[str] = field(default_factory=list)


def contents_of(reading: Reading, dossier: Dossier) -> list[Entry]:
    """Every document once, by its date and then as it was put in; without a date last.

    In a constant number of queries.
    """
    uploads: dict[Stored, _Place] = {}
    documents: dict[uuid.UUID, _Place] = {}
    for line in exhibits_of(reading, dossier).lines:
        new = _Place(line.ordinal, line.title, line.dated_on, line.verdict, line.unmet)
        if line.document_id is not None:
            documents.setdefault(line.document_id, new).slots.append(line.slot)
        else:
            assert line.sha256 is not None
            assert line.size_bytes is not None
            stored = Stored(str(line.organisation_id), line.sha256, line.size_bytes, line.title)
            uploads.setdefault(stored, new).slots.append(line.slot)
    after = max((place.ordinal for place in (*uploads.values(), *documents.values())), default=0)
    for part, document_id in _papers(reading, dossier):
        after += 1
        place = _Place(after, PARTS[part].title, None, None, None)
        documents.setdefault(document_id, place).slots.append(f"paper/{part}")
    entries = [
        (place, Entry(place.title, place.dated_on, place.slots, place.verdict, place.unmet, [file]))
        for file, place in uploads.items()
    ]
    described = _documents(reading, documents)
    entries += [(place, described[document_id]) for document_id, place in documents.items()]
    entries.sort(key=lambda one: (one[1].issued_on or date.max, one[0].ordinal))
    return [entry for _, entry in entries]


def _papers(reading: Reading, dossier: Dossier) -> Iterable[tuple[str, uuid.UUID]]:
    """What everybody who sees all of a dossier sees: what was issued, and of a department's part
    what it is linked to once its opinion was given."""
    issued, linked = aliased(Case), aliased(Case)
    rows = reading.session.execute(
        select(DossierPaper.part, DossierPaper.document_id)
        .join(issued, (issued.document_id == DossierPaper.document_id) & issued.parent_id.is_(None))
        .join(linked, linked.id == DossierPaper.case_id)
        .join(Document, Document.id == DossierPaper.document_id)
        .where(
            DossierPaper.dossier_id == dossier.id,
            issued.state.in_(IN_FORCE) | (Document.direction == "incoming"),
            (DossierPaper.part != OPINION) | (linked.state == GIVEN),
        )
        .order_by(DossierPaper.id)
    )
    return [(row.part, row.document_id) for row in rows]


def _documents(reading: Reading, places: Mapping[uuid.UUID, _Place]) -> dict[uuid.UUID, Entry]:
    ids = list(places)
    rows = reading.session.execute(
        select(Document, Incoming, RegisterEntry, Issuer.name, Outgoing.issued_at, Case.state)
        .join(Case, (Case.document_id == Document.id) & Case.parent_id.is_(None))
        .outerjoin(Incoming, Incoming.document_id == Document.id)
        .outerjoin(Outgoing, Outgoing.document_id == Document.id)
        .outerjoin(Issuer, Issuer.id == Outgoing.issuer_id)
        .outerjoin(
            RegisterEntry,
            (RegisterEntry.document_id == Document.id) & (RegisterEntry.register == "outgoing"),
        )
        .where(Document.id.in_(ids))
    ).all()
    files, signers = _files(reading, ids), signers_of(reading, ids)
    types = {kind.code: kind.name for kind in reading.office.law.doc_types.types}
    entries = {}
    for document, incoming, entry, issuer, issued_at, state in rows:
        place = places[document.id]
        read = parse_received(incoming.code) if incoming is not None and incoming.code else None
        number, _, notation = (
            entry.code if entry is not None and entry.code else read.text if read else ""
        ).partition("/")
        # A draft is its own organisation's; what a receiver's recall destroyed is nowhere.
        nobodys = state == "recalled" if incoming is not None else issued_at is None
        entries[document.id] = Entry(
            subject=document.subject or place.title,
            issued_on=entry.entered_on if entry else incoming.dated_on if incoming else None,
            slots=place.slots,
            verdict=place.verdict,
            unmet=place.unmet,
            files=[] if nobodys else files[document.id],
            type_name=types.get(document.type_code or ""),
            number=number or None,
            notation=notation or None,
            organ_name=incoming.sender_name if incoming else issuer,
            signers=signers[document.id],
        )
    return entries


def _files(reading: Reading, ids: Collection[uuid.UUID]) -> defaultdict[uuid.UUID, list[Stored]]:
    """The newest bytes of every file of these documents, the main texts first."""
    newest = (
        select(Revision.file_id, func.max(Revision.ordinal).label("ordinal"))
        .join(File, File.id == Revision.file_id)
        .where(File.document_id.in_(ids), ~File.dropped)
        .group_by(Revision.file_id)
        .subquery()
    )
    rows = reading.session.execute(
        select(File, Revision, Document.organisation_id)
        .join(Revision, Revision.file_id == File.id)
        .join(
            newest,
            (newest.c.file_id == Revision.file_id) & (newest.c.ordinal == Revision.ordinal),
        )
        .join(Document, Document.id == File.document_id)
        .order_by(File.document_id, File.ordinal)
    )
    found: defaultdict[uuid.UUID, list[Stored]] = defaultdict(list)
    for file, revision, organisation_id in rows:
        found[file.document_id].append(
            Stored(str(organisation_id), revision.sha256, revision.size_bytes, file.title or "")
        )
    return found


def signers_of(
    reading: Reading, ids: Collection[uuid.UUID]
) -> defaultdict[uuid.UUID, list[tuple[str | None, str]]]:
    """Who signed, in their order, with the position that was theirs then."""
    position = (
        select(SigningIntent.position)
        .join(File, File.id == SigningIntent.file_id)
        .where(File.document_id == Signer.document_id, SigningIntent.person_id == Signer.person_id)
        .order_by(SigningIntent.id.desc())
        .limit(1)
        .correlate(Signer)
        .scalar_subquery()
    )
    rows = reading.session.execute(
        select(Signer.document_id, position, Person.full_name)
        .join(Person, Person.id == Signer.person_id)
        .where(Signer.document_id.in_(ids), ~Signer.dropped)
        .order_by(Signer.document_id, Signer.ordinal)
    )
    found: defaultdict[uuid.UUID, list[tuple[str | None, str]]] = defaultdict(list)
    for document_id, held, name in rows:
        found[document_id].append((held, name))
    return found
