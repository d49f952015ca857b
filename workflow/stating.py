"""What the evidence says of entries of the registers, read for many at once."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

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
    Relation,
    Report,
    Revision,
    Signer,
)
from workflow.rules.deadlines import VIETNAM
from workflow.rules.incoming import DUPLICATES
from workflow.rules.reasons import Exclusion
from workflow.rules.signed import FoundReport
from workflow.rules.statements import (
    STEPS,
    Entered,
    HeldFile,
    IncomingStatement,
    NamedSigner,
    OutgoingStatement,
    Statement,
)
from workflow.signatories import Signatories

E = TypeVar("E", bound=Evidence)


@dataclass(frozen=True)
class Stated:
    """A statement, and the reports it rests on, by their ids."""

    statement: Statement
    reports: Mapping[str, FoundReport]


def state(
    session: Session, entries: Sequence[RegisterEntry]
) -> Iterator[tuple[RegisterEntry, Stated]]:
    """What the evidence says now of these entries, in a constant number of queries.

    As it is in the database, to which everything must be flushed: what the session read before it
    waited for a lock may have been changed by whoever held that.
    """
    held = _Held.read(session, entries)
    for entry in entries:
        stated = held.outgoing(entry) if entry.register == "outgoing" else held.incoming(entry)
        yield entry, stated


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
        sent = [entry.document_id for entry in entries if entry.register == "outgoing"]
        came = [entry.document_id for entry in entries if entry.register == "incoming"]
        seats = {entry.organisation_id for entry in entries}
        files = _files(session, ids)
        reports = _reports(session, seats, files)
        cases = {
            case.document_id: case
            for case in session.scalars(
                select(Case)
                .where(Case.document_id.in_(ids), Case.parent_id.is_(None))
                .execution_options(populate_existing=True)
            )
        }
        moves: dict[uuid.UUID, list[Move]] = {case.id: [] for case in cases.values()}
        for move in session.scalars(select(Move).where(Move.case_id.in_(moves)).order_by(Move.id)):
            moves[move.case_id].append(move)
        signers: dict[uuid.UUID, list[Signer]] = {}
        for signer in _all(session, Signer, Signer.document_id, sent, Signer.ordinal):
            if not signer.dropped:
                signers.setdefault(signer.document_id, []).append(signer)
        voided = _all(session, NumberVoid, NumberVoid.entry_id, [e.id for e in entries if sent])
        related = _all(session, Relation, Relation.document_id, came)
        return cls(
            documents={one.id: one for one in _all(session, Document, Document.id, ids)},
            outgoings={
                one.document_id: one for one in _all(session, Outgoing, Outgoing.document_id, sent)
            },
            incomings={
                one.document_id: one for one in _all(session, Incoming, Incoming.document_id, came)
            },
            signers=signers,
            files=files,
            reports=reports,
            known=Signatories.read(
                session,
                [report for _, report in reports.values()],
                [files[document][0][0].id for document in sent if document in files],
            ),
            cases=cases,
            moves=moves,
            voided=frozenset(one.entry_id for one in voided),
            duplicates={one.document_id: one.other_id for one in related if one.kind == DUPLICATES},
            issuers=_first_issuers(session, seats) if came else {},
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


def _all(
    session: Session, kind: type[E], column: Any, ids: Sequence[uuid.UUID], order: Any = None
) -> Sequence[E]:
    """The rows that belong to these, in an order (of their ids); nothing is asked for none."""
    if not ids:
        return ()
    return session.scalars(
        select(kind)
        .where(column.in_(ids))
        .order_by(kind.id if order is None else order)
        .execution_options(populate_existing=True)
    ).all()


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
        .execution_options(populate_existing=True)
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
    if not digests:
        return {}
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
