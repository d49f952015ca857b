"""The books behind the indicator: what the evidence says of each entry of a register, kept current.

`Transaction` calls `restated` before it commits: whatever a use case wrote, an entry whose evidence
now says something else gets a new fact, digested in the journal, in the same transaction. So the
books cannot be behind the evidence, and no use case has to think of them.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, select, tuple_, update
from sqlalchemy.orm import Session, aliased

from workflow.records import (
    Case,
    Document,
    Evidence,
    File,
    Incoming,
    Move,
    NumberVoid,
    Outgoing,
    RegisterEntry,
    RegisterFact,
    RegisterTally,
    Relation,
    Report,
    Revision,
    Signer,
)
from workflow.rules.cells import cell_of, due_of
from workflow.stating import Stated, state

#: Whose entries count.
REGISTERS = ("outgoing", "incoming")  # copies are no documents of their own (ND 30/2020 Art. 25)


def restated(session: Session, written: Iterable[Evidence]) -> Iterator[RegisterFact]:
    """The facts to add, because what was written changed what the evidence says.

    `sequence` is left for whoever journals; then see `count`.
    """
    documents = _documents(session, written)
    if not documents:
        return
    entries = session.scalars(
        select(RegisterEntry)
        .where(RegisterEntry.document_id.in_(documents), RegisterEntry.register.in_(REGISTERS))
        .order_by(RegisterEntry.id)
    ).all()
    if not entries:
        return
    newest = _newest(session, [entry.document_id for entry in entries])
    for entry, stated in state(session, entries):
        last = newest.get(entry.document_id)
        content = stated.statement.to_bytes()
        if last is None or last.content != content:
            yield _fact(entry, stated, content, 1 if last is None else last.ordinal + 1)


def count(session: Session, fact: RegisterFact) -> None:
    """Count a fact that was just added, instead of the one before it."""
    if fact.ordinal > 1:
        before = session.scalars(
            select(RegisterFact).where(
                RegisterFact.document_id == fact.document_id,
                RegisterFact.ordinal == fact.ordinal - 1,
            )
        ).one()
        where = [getattr(RegisterTally, name) == value for name, value in key_of(before).items()]
        session.execute(update(RegisterTally).where(*where).values(count=RegisterTally.count - 1))
        session.execute(delete(RegisterTally).where(*where, RegisterTally.count == 0))
    key = key_of(fact)
    where = [getattr(RegisterTally, name) == value for name, value in key.items()]
    more = update(RegisterTally).where(*where).values(count=RegisterTally.count + 1)
    if not session.execute(more).rowcount:  # type: ignore[attr-defined]
        # The organisation's chain is locked: nobody else begins this one now.
        session.add(RegisterTally(**key, count=1))
        session.flush()


def key_of(fact: RegisterFact) -> dict[str, Any]:
    """The tally that a fact is counted in."""
    return {
        "year": fact.counted_on.year,
        "organisation_id": fact.organisation_id,
        "due": due_text(fact.due_at),
        "register": fact.register,
        "issuer_id": fact.issuer_id,
        "cell": fact.cell,
        "month": fact.month,
        "type_code": fact.type_code,
        "register_year": fact.year,
    }


def due_text(due_at: datetime | None) -> str:
    """How a tally writes a due time: UTC, so that texts compare as times do."""
    return "" if due_at is None else due_at.astimezone(UTC).isoformat(timespec="microseconds")


def is_newest() -> ColumnElement[bool]:
    """A condition on `RegisterFact`: the one of its document that counts."""
    later = aliased(RegisterFact)
    return ~(
        select(later.id)
        .where(
            later.document_id == RegisterFact.document_id, later.ordinal == RegisterFact.ordinal + 1
        )
        .exists()
    )


def _fact(entry: RegisterEntry, stated: Stated, content: bytes, ordinal: int) -> RegisterFact:
    row = stated.statement.row(stated.reports)
    return RegisterFact(
        organisation_id=entry.organisation_id,
        document_id=entry.document_id,
        ordinal=ordinal,
        entry_id=entry.id,
        register=entry.register,
        year=entry.year,
        issuer_id=stated.statement.issuer,
        type_code=stated.statement.type_code,
        counted_on=row.counted_on,
        month=row.counted_on.year * 100 + row.counted_on.month,
        cell=cell_of(row),
        due_at=due_of(row),
        content=content,
    )


def _newest(session: Session, documents: Sequence[uuid.UUID]) -> dict[uuid.UUID, RegisterFact]:
    rows = session.scalars(
        select(RegisterFact)
        .where(RegisterFact.document_id.in_(documents))
        .order_by(RegisterFact.ordinal)
    )
    return {row.document_id: row for row in rows}


def _documents(session: Session, written: Iterable[Evidence]) -> set[uuid.UUID]:
    """Whose evidence was written: what a statement is made of, and nothing else."""
    documents: set[uuid.UUID] = set()
    judged: set[tuple[uuid.UUID, str]] = set()
    for row in written:
        match row:
            case RegisterEntry() | Outgoing() | Incoming() | Signer() | Relation() | File():
                documents.add(row.document_id)
            case Document():
                documents.add(row.id)
            case NumberVoid():
                documents.add(session.get_one(RegisterEntry, row.entry_id).document_id)
            case Case(parent_id=None, document_id=uuid.UUID() as document_id):
                documents.add(document_id)
            case Move():
                case = session.get_one(Case, row.case_id)
                if case.parent_id is None and case.document_id is not None:
                    documents.add(case.document_id)
            case Revision():
                documents.add(session.get_one(File, row.file_id).document_id)
            case Report():
                judged.add((row.organisation_id, row.sha256))
    if judged:
        documents |= set(
            session.scalars(
                select(File.document_id)
                .join(Document, Document.id == File.document_id)
                .join(Revision, Revision.file_id == File.id)
                # Of these alone is the chain locked; what others hold is theirs to judge.
                .where(tuple_(Document.organisation_id, Revision.sha256).in_(judged))
            )
        )
    return documents
