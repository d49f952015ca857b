"""The books behind the indicator: what the evidence says of each entry of a register, kept current.

`Transaction` calls `restated` before it commits: whatever a use case wrote, an entry whose evidence
now says something else gets a new fact, digested in the journal, in the same transaction. So the
books cannot be behind the evidence, and no use case has to think of them.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session, aliased

from signing.report import SignatureReport
from workflow.records import (
    Case,
    Document,
    Evidence,
    File,
    Incoming,
    IndicatorExclusion,
    Issuer,
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
from workflow.rules.deadlines import VIETNAM
from workflow.rules.incoming import DUPLICATES
from workflow.rules.reasons import Exclusion, Step
from workflow.rules.signed import FoundReport
from workflow.rules.statements import (
    Entered,
    HeldFile,
    IncomingStatement,
    NamedSigner,
    OutgoingStatement,
    Statement,
)
from workflow.signatories import Signatories

#: The steps of the definition, by the trigger whose move proves each.
STEPS: Mapping[str, Step] = {
    "submit": Step.DRAFTED,
    "check_content": Step.CONTENT_CHECKED,
    "approve": Step.APPROVED,
    "check_format": Step.FORMAT_CHECKED,
    "number": Step.NUMBERED,
    "issue": Step.ISSUED,
}
#: Whose entries count.
REGISTERS = ("outgoing", "incoming")  # copies are no documents of their own (ND 30/2020 Art. 25)


@dataclass(frozen=True)
class Stated:
    """A statement, and the reports it rests on, by their ids."""

    statement: Statement
    reports: Mapping[str, FoundReport]


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
        "organisation_id": fact.organisation_id,
        "month": fact.month,
        "register": fact.register,
        "issuer_id": fact.issuer_id,
        "type_code": fact.type_code,
        "cell": fact.cell,
        "due": due_text(fact.due_at),
    }


def due_text(due_at: datetime | None) -> str:
    """How a tally writes a due time: UTC, so that texts compare as times do."""
    return "" if due_at is None else due_at.astimezone(UTC).isoformat(timespec="microseconds")


def state(
    session: Session, entries: Sequence[RegisterEntry]
) -> Iterator[tuple[RegisterEntry, Stated]]:
    """What the evidence says now of these entries, in a constant number of queries."""
    held = _Held.read(session, entries)
    for entry in entries:
        stated = held.outgoing(entry) if entry.register == "outgoing" else held.incoming(entry)
        yield entry, stated


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
    judged: set[str] = set()
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
                judged.add(row.sha256)
    if judged:
        documents |= set(
            session.scalars(
                select(File.document_id)
                .join(Revision, Revision.file_id == File.id)
                .where(Revision.sha256.in_(judged))
            )
        )
    return documents


@dataclass(frozen=True)
class _Held:
    """What entries are stated from."""

    documents: Mapping[uuid.UUID, Document]
    outgoings: Mapping[uuid.UUID, Outgoing]
    incomings: Mapping[uuid.UUID, Incoming]
    signers: Mapping[uuid.UUID, Sequence[Signer]]
    files: Mapping[uuid.UUID, Sequence[tuple[File, Revision]]]
    reports: Mapping[tuple[uuid.UUID, str], tuple[str, SignatureReport]]
    known: Signatories
    cases: Mapping[uuid.UUID, Case]
    moves: Mapping[uuid.UUID, Sequence[Move]]
    voided: frozenset[uuid.UUID]
    duplicates: Mapping[uuid.UUID, uuid.UUID]
    issuers: Mapping[uuid.UUID, str]
    exclusions: Mapping[tuple[uuid.UUID, str, str], Exclusion]

    @classmethod
    def read(cls, session: Session, entries: Sequence[RegisterEntry]) -> _Held:
        ids = [entry.document_id for entry in entries]
        seats = {entry.organisation_id for entry in entries}
        files = _files(session, ids)
        reports = _reports(session, seats, files)
        cases = {
            case.document_id: case
            for case in session.scalars(
                select(Case).where(Case.document_id.in_(ids), Case.parent_id.is_(None))
            )
        }
        moves: dict[uuid.UUID, list[Move]] = {case.id: [] for case in cases.values()}
        for move in session.scalars(select(Move).where(Move.case_id.in_(moves)).order_by(Move.id)):
            moves[move.case_id].append(move)
        return cls(
            documents=_by_id(session, Document, Document.id, ids),
            outgoings=_by_id(session, Outgoing, Outgoing.document_id, ids),
            incomings=_by_id(session, Incoming, Incoming.document_id, ids),
            signers=_signers(session, ids),
            files=files,
            reports=reports,
            known=Signatories.read(
                session,
                [report for _, report in reports.values()],
                [held[0][0].id for held in files.values()],
            ),
            cases=cases,
            moves=moves,
            voided=frozenset(
                session.scalars(
                    select(NumberVoid.entry_id).where(
                        NumberVoid.entry_id.in_([entry.id for entry in entries])
                    )
                )
            ),
            duplicates={
                relation.document_id: relation.other_id
                for relation in session.scalars(
                    select(Relation)
                    .where(Relation.document_id.in_(ids), Relation.kind == DUPLICATES)
                    .order_by(Relation.id)
                )
            },
            issuers=_first_issuers(session, seats),
            exclusions=_exclusions(session, seats),
        )

    def outgoing(self, entry: RegisterEntry) -> Stated:
        document_id = entry.document_id
        outgoing = self.outgoings[document_id]
        issued_on = outgoing.issued_at.astimezone(VIETNAM).date() if outgoing.issued_at else None
        common, reports = self._entered(entry, entry.issuer_key, issued_on or entry.entered_on)
        held, moves = self.files.get(document_id, ()), self._moves(entry)
        statement = OutgoingStatement(
            **common,
            issued_on=issued_on,
            voided=entry.id in self.voided,
            seal_required=outgoing.seal_required,
            steps=tuple(sorted({STEPS[one.trigger] for one in moves if one.trigger in STEPS})),
            signers=tuple(
                NamedSigner(signer.ordinal, str(signer.person_id), signer.capacity)
                for signer in self.signers.get(document_id, ())
            ),
            allowed=tuple(
                sorted(
                    (field, str(person_id), capacity)
                    for field, person_id, capacity in self.known.allowed_in(
                        held[0][0].id if held else None
                    )
                )
            ),
        )
        return Stated(statement, reports)

    def incoming(self, entry: RegisterEntry) -> Stated:
        document_id = entry.document_id
        incoming = self.incomings[document_id]
        issuer = self.issuers[entry.organisation_id]
        common, reports = self._entered(entry, issuer, entry.entered_on)
        reached = {move.target: move.at for move in self._moves(entry)}
        duplicate_of = self.duplicates.get(document_id)
        statement = IncomingStatement(
            **common,
            medium=incoming.medium,
            sender_kind=incoming.sender_kind,
            transferred="assigned" in reached,
            recalled_before_processing="recalled" in reached and "completed" not in reached,
            duplicate_of=None if duplicate_of is None else str(duplicate_of),
            due_at=self.cases[document_id].due_at,
            completed_at=reached.get("completed"),
        )
        return Stated(statement, reports)

    def _moves(self, entry: RegisterEntry) -> Sequence[Move]:
        return self.moves[self.cases[entry.document_id].id]

    def _entered(
        self, entry: RegisterEntry, issuer: str, counted_on: date
    ) -> tuple[dict[str, Any], dict[str, FoundReport]]:
        held: list[HeldFile] = []
        found: dict[str, FoundReport] = {}
        for _, revision in self.files.get(entry.document_id, ()):
            report_id, report = self.reports.get(
                (entry.organisation_id, revision.sha256), (None, None)
            )
            held.append(HeldFile(revision.sha256, report_id))
            if report_id is not None and report is not None:
                found[report_id] = report
        type_code = self.documents[entry.document_id].type_code or ""
        # One that was decided on later is not named: what is stated stays true after it.
        exclusion = self.exclusions.get((entry.organisation_id, entry.register, type_code))
        if exclusion is not None and not exclusion.reaches(counted_on):
            exclusion = None
        digests = {
            finding.certificate_sha256
            for report in found.values()
            for finding in report.signatures
            if finding.certificate_sha256 in self.known.owners
        }
        common = Entered(
            entry=str(entry.id),
            document=str(entry.document_id),
            organisation=str(entry.organisation_id),
            issuer=issuer,
            type_code=type_code,
            number=entry.number,
            code=entry.code,
            entered_on=entry.entered_on,
            files=tuple(held),
            owners={
                digest: str(self.known.owners[digest]) for digest in sorted(filter(None, digests))
            },
            exclusion=exclusion,
        )
        return dict(vars(common)), found


def _by_id(
    session: Session, kind: type[Any], column: Any, ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, Any]:
    rows = session.scalars(select(kind).where(column.in_(ids)))
    return {getattr(row, column.key): row for row in rows}


def _files(
    session: Session, ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, list[tuple[File, Revision]]]:
    """The files of each document with their newest revisions, the main text first."""
    files: dict[uuid.UUID, dict[int, tuple[File, Revision]]] = {}
    for file, revision in session.execute(
        select(File, Revision)
        .join(Revision, Revision.file_id == File.id)
        .where(File.document_id.in_(ids), ~File.dropped)
        .order_by(File.ordinal, Revision.ordinal)
    ):
        files.setdefault(file.document_id, {})[file.ordinal] = (file, revision)
    return {document: list(held.values()) for document, held in files.items()}


def _reports(
    session: Session,
    seats: Iterable[uuid.UUID],
    files: Mapping[uuid.UUID, Sequence[tuple[File, Revision]]],
) -> dict[tuple[uuid.UUID, str], tuple[str, SignatureReport]]:
    """The report that counts for each of these bytes in each seat: the latest one."""
    digests = {revision.sha256 for held in files.values() for _, revision in held}
    newest: dict[tuple[uuid.UUID, str], Report] = {}
    for row in session.scalars(
        select(Report)
        .where(Report.organisation_id.in_(seats), Report.sha256.in_(digests))
        .order_by(Report.id)
    ):
        newest[row.organisation_id, row.sha256] = row
    return {
        key: (str(row.id), SignatureReport.from_json(row.content)) for key, row in newest.items()
    }


def _signers(session: Session, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Signer]]:
    signers: dict[uuid.UUID, list[Signer]] = {}
    for signer in session.scalars(
        select(Signer).where(Signer.document_id.in_(ids), ~Signer.dropped).order_by(Signer.ordinal)
    ):
        signers.setdefault(signer.document_id, []).append(signer)
    return signers


def _first_issuers(session: Session, seats: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
    """With whom the arrivals of a seat count: the first who issues from there."""
    issuers = session.scalars(
        select(Issuer).where(Issuer.organisation_id.in_(seats)).order_by(Issuer.id.desc())
    )
    first = {issuer.organisation_id: str(issuer.id) for issuer in issuers}
    return {seat: first.get(seat, "") for seat in seats}


def _exclusions(
    session: Session, seats: Iterable[uuid.UUID]
) -> dict[tuple[uuid.UUID, str, str], Exclusion]:
    return {
        (row.organisation_id, row.register, row.type_code): Exclusion(
            str(row.id), str(row.decided_by), row.decided_on
        )
        for row in session.scalars(
            select(IndicatorExclusion).where(IndicatorExclusion.organisation_id.in_(seats))
        )
    }
