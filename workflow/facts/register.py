"""The rows of the registers as facts of the indicator: events and reports, read in batches."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from signing.report import SignatureReport
from workflow.facts.incoming import DUPLICATES
from workflow.facts.signed import Signatories, agency_finding, agency_unmet, persons_signed
from workflow.files import latest_reports
from workflow.office import VIETNAM, Reading
from workflow.records import (
    Case,
    File,
    Incoming,
    Move,
    NumberVoid,
    Outgoing,
    RegisterEntry,
    Relation,
    Revision,
    Signer,
)
from workflow.rules import indicator
from workflow.rules.reasons import Hold, IncomingRow, OutgoingRow, Step

_BATCH = 500

# The steps of the definition, by the trigger whose move proves each.
_STEPS = {
    "submit": Step.DRAFTED,
    "check_content": Step.CONTENT_CHECKED,
    "approve": Step.APPROVED,
    "check_format": Step.FORMAT_CHECKED,
    "number": Step.NUMBERED,
    "issue": Step.ISSUED,
}


def _entries(
    reading: Reading, organisation_id: uuid.UUID, register: str, period: indicator.Period
) -> Iterator[list[RegisterEntry]]:
    """Register rows in batches. A document dated last December may be issued in January."""
    after = uuid.UUID(int=0)
    while True:
        batch = reading.session.scalars(
            select(RegisterEntry)
            .where(
                RegisterEntry.organisation_id == organisation_id,
                RegisterEntry.register == register,
                RegisterEntry.year.in_((period.first_on.year - 1, period.first_on.year)),
                RegisterEntry.id > after,
            )
            .order_by(RegisterEntry.id)
            .limit(_BATCH)
        ).all()
        if not batch:
            return
        yield list(batch)
        after = batch[-1].id


@dataclass(frozen=True)
class _Batch:
    """What a batch of register rows is judged by: a constant number of queries for all of them."""

    files: Mapping[uuid.UUID, list[tuple[File, Revision]]]
    reports: Mapping[str, SignatureReport]
    known: Signatories
    cases: Mapping[uuid.UUID, Case]
    moves: Mapping[uuid.UUID, list[Move]]

    @classmethod
    def read(cls, reading: Reading, organisation_id: uuid.UUID, ids: Sequence[uuid.UUID]) -> _Batch:
        files: dict[uuid.UUID, dict[int, tuple[File, Revision]]] = {}
        for file, revision in reading.session.execute(
            select(File, Revision)
            .join(Revision, Revision.file_id == File.id)
            .where(File.document_id.in_(ids), ~File.dropped)
            .order_by(File.ordinal, Revision.ordinal)
        ):
            files.setdefault(file.document_id, {})[file.ordinal] = (file, revision)
        newest = {document: list(held.values()) for document, held in files.items()}
        current = [pair for held in newest.values() for pair in held]
        reports = latest_reports(
            reading, organisation_id, [revision.sha256 for _, revision in current]
        )
        cases = {
            case.document_id: case
            for case in reading.session.scalars(
                select(Case).where(Case.document_id.in_(ids), Case.parent_id.is_(None))
            )
        }
        moves: dict[uuid.UUID, list[Move]] = {case.id: [] for case in cases.values()}
        for move in reading.session.scalars(
            select(Move).where(Move.case_id.in_(moves)).order_by(Move.id)
        ):
            moves[move.case_id].append(move)
        return cls(
            files=newest,
            reports=reports,
            known=Signatories.read(reading, reports.values(), [file.id for file, _ in current]),
            cases=cases,
            moves=moves,
        )

    def report_of(self, document_id: uuid.UUID) -> SignatureReport | None:
        """The report over the main text as it is now."""
        held = self.files.get(document_id)
        return self.reports.get(held[0][1].sha256) if held else None

    def moves_of(self, document_id: uuid.UUID) -> list[Move]:
        return self.moves[self.cases[document_id].id]


def outgoing_rows(
    reading: Reading, organisation_id: uuid.UUID, period: indicator.Period
) -> Iterator[tuple[RegisterEntry, OutgoingRow]]:
    """The rows of the outgoing registers that fall into the period, with their facts."""
    for entries in _entries(reading, organisation_id, "outgoing", period):
        ids = [entry.document_id for entry in entries]
        batch = _Batch.read(reading, organisation_id, ids)
        outgoing = {
            row.document_id: row
            for row in reading.session.scalars(
                select(Outgoing).where(Outgoing.document_id.in_(ids))
            )
        }
        signers: dict[uuid.UUID, list[Signer]] = {}
        for signer in reading.session.scalars(
            select(Signer)
            .where(Signer.document_id.in_(ids), ~Signer.dropped)
            .order_by(Signer.ordinal)
        ):
            signers.setdefault(signer.document_id, []).append(signer)
        voided = set(
            reading.session.scalars(
                select(NumberVoid.entry_id).where(
                    NumberVoid.entry_id.in_([entry.id for entry in entries])
                )
            )
        )
        for entry in entries:
            row = _outgoing_row(
                entry,
                outgoing[entry.document_id],
                signers.get(entry.document_id, []),
                batch,
                voided=entry.id in voided,
            )
            if row.counted_on in period:
                yield entry, row


def _outgoing_row(
    entry: RegisterEntry,
    outgoing: Outgoing,
    signers: Sequence[Signer],
    batch: _Batch,
    *,
    voided: bool,
) -> OutgoingRow:
    held = batch.files.get(entry.document_id, [])
    reports = [batch.reports.get(revision.sha256) for _, revision in held]
    main = reports[0] if reports else None
    persons = persons_signed(main, signers, held[0][0].id if held else None, batch.known)
    seals = [_agency_hold(report, entry.organisation_id, batch.known) for report in reports]
    moves = batch.moves_of(entry.document_id)
    return OutgoingRow(
        document_id=str(entry.document_id),
        issuer_id=entry.issuer_key,
        registered_on=entry.entered_on,
        issued_on=outgoing.issued_at.astimezone(VIETNAM).date() if outgoing.issued_at else None,
        voided=voided,
        secret=False,  # refused at the door
        persons=Hold.MISSING
        if persons.remaining
        else Hold.INDETERMINATE
        if persons.undecided
        else Hold.FAILED
        if persons.unmet
        else Hold.VALID,
        agency=seals[0] if seals else Hold.MISSING,
        attachments=max(seals[1:], key=_WORST.index, default=Hold.VALID),
        agency_required=outgoing.seal_required,
        development=any(report.development for report in reports if report),
        steps=frozenset(_STEPS[move.trigger] for move in moves if move.trigger in _STEPS),
    )


_WORST = (Hold.VALID, Hold.INDETERMINATE, Hold.MISSING, Hold.FAILED)


def _agency_hold(
    report: SignatureReport | None, organisation_id: uuid.UUID, known: Signatories
) -> Hold:
    finding = agency_finding(report)
    if finding is None:
        return Hold.MISSING
    if agency_unmet(report, organisation_id, known) is None:
        return Hold.VALID
    return Hold.INDETERMINATE if finding.indication == "INDETERMINATE" else Hold.FAILED


def incoming_rows(
    reading: Reading,
    organisation_id: uuid.UUID,
    counted_with: uuid.UUID,
    period: indicator.Period,
) -> Iterator[tuple[RegisterEntry, IncomingRow]]:
    """The rows of the incoming register that fall into the period, with their facts."""
    for entries in _entries(reading, organisation_id, "incoming", period):
        ids = [entry.document_id for entry in entries]
        batch = _Batch.read(reading, organisation_id, ids)
        incoming = {
            row.document_id: row
            for row in reading.session.scalars(
                select(Incoming).where(Incoming.document_id.in_(ids))
            )
        }
        duplicates = {
            relation.document_id: relation.other_id
            for relation in reading.session.scalars(
                select(Relation).where(Relation.document_id.in_(ids), Relation.kind == DUPLICATES)
            )
        }
        for entry in entries:
            row = _incoming_row(
                entry,
                incoming[entry.document_id],
                counted_with,
                batch,
                duplicates.get(entry.document_id),
            )
            if row.counted_on in period:
                yield entry, row


def _incoming_row(
    entry: RegisterEntry,
    incoming: Incoming,
    counted_with: uuid.UUID,
    batch: _Batch,
    duplicate_of: uuid.UUID | None,
) -> IncomingRow:
    report = batch.report_of(entry.document_id)
    case = batch.cases[entry.document_id]
    reached = {move.target: move.at for move in batch.moves_of(entry.document_id)}
    paper = incoming.medium == "paper"
    persons, agency = _sent_signatures(report, incoming.sender_kind)
    return IncomingRow(
        document_id=str(entry.document_id),
        issuer_id=str(counted_with),
        arrived_on=entry.entered_on,
        secret=False,  # refused at the door
        paper=paper,
        digitised=paper
        and report is not None
        and agency_unmet(report, entry.organisation_id, batch.known) is None,
        recalled_before_processing="recalled" in reached and "completed" not in reached,
        duplicate_of=str(duplicate_of) if duplicate_of else None,
        transferred="assigned" in reached,
        due_at=case.due_at,
        completed_at=reached.get("completed"),
        persons=persons,
        agency=agency,
        development=bool(report and report.development),
    )


def _sent_signatures(report: SignatureReport | None, sender_kind: str) -> tuple[Hold, Hold]:
    """What a sender's file shows: an agency's needs two signatures, others' needs one (Art. 5.1).

    Which of a stranger's certificates is a person's cannot be told from the bytes alone, so this
    fraction counts signatures; it only informs and never decides.
    """
    if report is None or report.verdict == "KHONG_CO_CHU_KY":
        return Hold.MISSING, Hold.MISSING
    if report.verdict == "KHONG_XAC_DINH":
        return Hold.INDETERMINATE, Hold.INDETERMINATE
    if report.verdict != "HOP_LE":
        return Hold.FAILED, Hold.FAILED
    signed = sum(finding.kind == "signature" for finding in report.signatures)
    both = signed >= 2 or sender_kind != "agency"
    return Hold.VALID, Hold.VALID if both else Hold.MISSING
