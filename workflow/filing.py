"""Work files (hồ sơ công việc): opened, filled, closed (ND 30/2020 Art. 14.5, 28-30)."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import func, select

from workflow.access import audited, find_document, may_know
from workflow.facts.outgoing import Dossier
from workflow.office import Reading, Transaction
from workflow.outgoing import take_step
from workflow.records import Case, Document, WorkFile, WorkFileItem
from workflow.rules.errors import Duplicate, Forbidden, GuardsUnmet, Invalid, NotFound

#: Whoever is assigned the work opens its file (Art. 29.1).
OPENING_ROLES = ("clerk", "specialist", "unit_head")


def open_work_file(
    tx: Transaction,
    organisation_id: uuid.UUID,
    *,
    notation: str,
    title: str,
    retention: str,
    started_on: date | None = None,
) -> WorkFile:
    """Open a work file of this year.

    Raises:
        NotFound, Forbidden: not one's organisation, or not one's role. Duplicate: the notation is
        used this year. Invalid: an empty title or retention.
    """
    roles = tx.actor.roles_in(organisation_id)
    if not roles:
        raise NotFound("Cơ quan")
    if roles.isdisjoint(OPENING_ROLES):
        raise Forbidden(OPENING_ROLES)
    texts = {"/notation": notation, "/title": title, "/retention": retention}
    empty = [(at, "Không được để trống.") for at, text in texts.items() if not text.strip()]
    if empty:
        raise Invalid(empty)
    year = (started_on or tx.today).year
    known = tx.session.scalar(
        select(WorkFile.id).where(
            WorkFile.organisation_id == organisation_id,
            WorkFile.year == year,
            WorkFile.notation == notation,
        )
    )
    if known is not None:
        raise Duplicate(f"Năm {year} đã có hồ sơ ký hiệu {notation}.", [str(known)])
    work_file = tx.add(
        WorkFile(
            organisation_id=organisation_id,
            year=year,
            notation=notation,
            title=title,
            retention=retention,
            opened_by=tx.actor.person_id,
            started_on=started_on or tx.today,
        )
    )
    tx.journal("work_file.opened", organisation_id, work_file.id)
    return work_file


def close_work_file(tx: Transaction, work_file_id: uuid.UUID) -> WorkFile:
    """End a work file: its work is done, nothing more goes in (Art. 29.2)."""
    work_file = find_work_file(tx, work_file_id, lock=True)
    if work_file.ended_on is not None:
        raise GuardsUnmet(["Hồ sơ đã kết thúc."])
    if work_file.opened_by != tx.actor.person_id and "clerk" not in tx.actor.roles_in(
        work_file.organisation_id
    ):
        raise Forbidden(["clerk"])
    work_file.ended_on = tx.today
    tx.journal("work_file.closed", work_file.organisation_id, work_file.id)
    return work_file


def find_work_file(reading: Reading, work_file_id: uuid.UUID, *, lock: bool = False) -> WorkFile:
    """A work file of one of the actor's organisations, else NotFound.

    `lock` it to change it: for an auditor there is none to be changed.
    """
    theirs = set(reading.actor.roles) - (audited(reading.actor) if lock else set())
    query = select(WorkFile).where(
        WorkFile.id == work_file_id, WorkFile.organisation_id.in_(theirs)
    )
    work_file = reading.session.scalar(query.with_for_update() if lock else query)
    if work_file is None:
        raise NotFound("Hồ sơ công việc")
    return work_file


def list_work_files(
    reading: Reading, organisation_id: uuid.UUID, year: int | None = None
) -> list[WorkFile]:
    """The work files of an organisation, by year and notation."""
    if not reading.actor.roles_in(organisation_id):
        raise NotFound("Cơ quan")
    query = select(WorkFile).where(WorkFile.organisation_id == organisation_id)
    if year is not None:
        query = query.where(WorkFile.year == year)
    return list(reading.session.scalars(query.order_by(WorkFile.year, WorkFile.notation)))


def put_into(tx: Transaction, work_file_id: uuid.UUID, document: Document) -> WorkFileItem:
    """The document's place at the end of an open work file of its own organisation."""
    work_file = find_work_file(tx, work_file_id, lock=True)
    if work_file.organisation_id != document.organisation_id:
        raise NotFound("Hồ sơ công việc")
    if work_file.ended_on is not None:
        raise GuardsUnmet(["Hồ sơ đã kết thúc, không thêm văn bản được."])
    last = tx.session.scalar(
        select(func.max(WorkFileItem.ordinal)).where(WorkFileItem.work_file_id == work_file.id)
    )
    return tx.add(
        WorkFileItem(work_file_id=work_file.id, document_id=document.id, ordinal=(last or 0) + 1)
    )


def file_outgoing(
    tx: Transaction, document_id: uuid.UUID, version: int, work_file_id: uuid.UUID
) -> Case:
    """The last step of an issued document: into a work file (Art. 14.5)."""

    def put(_case: Case, held: Dossier) -> None:
        put_into(tx, work_file_id, held.document)

    return take_step(tx, document_id, version, "file", {"file_document": put})


def add_document(tx: Transaction, work_file_id: uuid.UUID, document_id: uuid.UUID) -> WorkFileItem:
    """Put a document into a further work file; nothing is copied (Annex VI)."""
    document = find_document(tx, document_id)
    known = tx.session.scalar(
        select(WorkFileItem).where(
            WorkFileItem.work_file_id == work_file_id, WorkFileItem.document_id == document_id
        )
    )
    if known is not None:
        raise Duplicate("Văn bản đã có trong hồ sơ này.", [str(known.id)])
    item = put_into(tx, work_file_id, document)
    tx.journal(
        "work_file.document_added", document.organisation_id, work_file_id, document=document.id
    )
    return item


def contents(reading: Reading, work_file_id: uuid.UUID) -> list[tuple[WorkFileItem, Document]]:
    """What is in a work file, in its order; documents the actor may not know of are left out."""
    work_file = find_work_file(reading, work_file_id)
    rows = reading.session.execute(
        select(WorkFileItem, Document)
        .join(Document, Document.id == WorkFileItem.document_id)
        .where(WorkFileItem.work_file_id == work_file.id, may_know(reading.actor))
        .order_by(WorkFileItem.ordinal)
    )
    return [(item, document) for item, document in rows]
