"""Evidence and papers of a dossier: put into slots, taken out, judged, named."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select

from workflow.access import find_document, find_documents, find_dossier
from workflow.arrivals import Record, nothing
from workflow.dossiers import case_of, journal, lock_dossier, may_amend
from workflow.facts.appraisals import returned_criteria
from workflow.facts.dossier import slots_of
from workflow.facts.papers import body_unmet
from workflow.files import store_report
from workflow.kinds import kind_of
from workflow.office import Office, Transaction
from workflow.parties import parties_of
from workflow.records import Case, Dossier, DossierPaper, Exhibit, Report
from workflow.rules.errors import Forbidden, GuardsUnmet, Invalid, NotFound
from workflow.rules.papers import PARTS
from workflow.rules.roles import AUDITOR
from workflow.uploads import take_uploads

#: Who links a paper works for the body that issued it.
_ROLES = ("specialist", "unit_head", "clerk", "leader")


@dataclass(frozen=True)
class Attachment:
    """What goes into which slot: a document of this system, or the actor's own upload."""

    slot: str
    document_id: uuid.UUID | None = None
    upload_id: uuid.UUID | None = None
    title: str | None = None
    dated_on: date | None = None


def attach(
    tx: Transaction, dossier_id: uuid.UUID, version: int, items: Sequence[Attachment]
) -> list[Exhibit]:
    """Put evidence into slots; nothing is copied, and an uploaded file is judged by a job.

    Raises:
        Invalid: with each item that is wrong. NotFound: a document or upload that is not the
            actor's to know. As `dossiers.may_amend`.
    """
    dossier, case = lock_dossier(tx, dossier_id, version)
    kind = kind_of(tx, dossier)
    _refuse_closed_slots(tx, dossier, case, [item.slot for item in items])
    slots = slots_of(kind)
    errors = [
        (f"/items/{at}/slot", "Không có chỗ này trong hồ sơ.")
        for at, item in enumerate(items)
        if item.slot not in slots
    ]
    errors += [
        (f"/items/{at}", "Chọn một văn bản của hệ thống hoặc một tệp đã tải lên.")
        for at, item in enumerate(items)
        if (item.document_id is None) == (item.upload_id is None)
    ]
    if errors:
        raise Invalid(errors)
    last = tx.session.scalar(
        select(func.max(Exhibit.ordinal)).where(Exhibit.dossier_id == dossier.id)
    )
    applicant = parties_of(tx, dossier)["applicant"]
    documents = find_documents(tx, [item.document_id for item in items if item.document_id])
    uploads = take_uploads(tx, [item.upload_id for item in items if item.upload_id], applicant)
    added = []
    for ordinal, item in enumerate(items, start=(last or 0) + 1):
        exhibit = Exhibit(
            dossier_id=dossier.id,
            ordinal=ordinal,
            slot=item.slot,
            dated_on=item.dated_on,
            added_by=tx.actor.person_id,
            added_at=tx.now,
        )
        if item.document_id is not None:
            document = documents[item.document_id]
            exhibit.document_id, exhibit.organisation_id = document.id, document.organisation_id
            exhibit.title = item.title or document.subject or "Văn bản"
        elif item.upload_id is not None:
            upload = uploads[item.upload_id]
            exhibit.organisation_id = applicant
            exhibit.sha256, exhibit.size_bytes = upload.sha256, upload.size_bytes
            exhibit.title = item.title or "Tệp tải lên"
        added.append(tx.add(exhibit))
    tx.session.flush()
    # A file that stands in many slots is judged once.
    for exhibit in {one.sha256: one for one in added if one.sha256 is not None}.values():
        tx.enqueue("judge_exhibit", exhibit=exhibit.id)
    case.version += 1
    journal(tx, dossier, "attached", case, exhibits=[exhibit.id for exhibit in added])
    return added


def drop(tx: Transaction, dossier_id: uuid.UUID, version: int, exhibit_id: uuid.UUID) -> Case:
    """Take evidence out of its slot; that it stood there is kept.

    Raises:
        NotFound: nothing of this dossier. As `dossiers.may_amend`.
    """
    dossier, case = lock_dossier(tx, dossier_id, version)
    exhibit = tx.session.get(Exhibit, exhibit_id)
    if exhibit is None or exhibit.dossier_id != dossier.id or exhibit.dropped:
        raise NotFound("Minh chứng")
    _refuse_closed_slots(tx, dossier, case, [exhibit.slot])
    exhibit.dropped = True
    case.version += 1
    journal(tx, dossier, "dropped", case, exhibit=exhibit.id)
    return case


def _refuse_closed_slots(
    tx: Transaction, dossier: Dossier, case: Case, slots: Sequence[str]
) -> None:
    """While it is appraised, only what was asked back may change; before, everything."""
    if case.state != "appraising":
        may_amend(tx, dossier, case, "amend")
        return
    may_amend(tx, dossier, case, "supplement")
    returned = returned_criteria(tx, dossier)
    if any(
        not slot.startswith("criterion/") or slot.split("/")[1] not in returned for slot in slots
    ):
        raise GuardsUnmet(["Chỉ được bổ sung minh chứng của tiêu chí được yêu cầu bổ sung."])


def judge_exhibit(office: Office, exhibit: str) -> Record:
    """Job: judge an uploaded file; one that was judged already keeps its verdict."""
    with office.reading(None) as reading:
        row = reading.get(Exhibit, uuid.UUID(exhibit))
        assert row.sha256 is not None
        assert row.size_bytes is not None
        known = reading.session.scalar(
            select(Report.id)
            .where(Report.organisation_id == row.organisation_id, Report.sha256 == row.sha256)
            .limit(1)
        )
        organisation_id, sha256, size_bytes = row.organisation_id, row.sha256, row.size_bytes
        dossier_id, now = row.dossier_id, reading.now
    if known is not None:
        return nothing
    with office.local_copy(organisation_id, sha256, size_bytes) as path:
        report = office.keep_evidence(organisation_id, office.sealing.judge(path, now))

    def record(tx: Transaction) -> None:
        dossier = tx.get(Dossier, dossier_id)
        # The dossier's chain is its opener's; the archive is that of whoever goes on for it.
        store_report(tx, organisation_id, report)
        journal(
            tx,
            dossier,
            "exhibit_judged",
            case_of(tx, dossier.id),
            sha256=sha256,
            verdict=report.verdict,
        )

    return record


def link_paper(
    tx: Transaction,
    dossier_id: uuid.UUID,
    part: str,
    document_id: uuid.UUID,
    case_id: uuid.UUID | None = None,
) -> DossierPaper:
    """Say which document is the paper that a step rests on; whether it holds, the step asks.

    Raises:
        Invalid: no such paper, or a document that cannot be it. NotFound. Forbidden: the actor
            has no part in the body whose paper it is.
    """
    dossier = find_dossier(tx, dossier_id)
    wanted = PARTS.get(part)
    if wanted is None:
        raise Invalid([("/part", f"Chỉ có: {', '.join(PARTS)}.")])
    case = tx.lock_case(case_id or case_of(tx, dossier.id).id)
    if case.dossier_id != dossier.id:
        raise NotFound("Hồ sơ")
    document = find_document(tx, document_id)
    wrong = body_unmet(tx, case, dossier, wanted, document)
    if wrong is not None:
        raise Invalid([("/document_id", wrong)])
    if not tx.actor.roles_in(document.organisation_id) - {AUDITOR}:
        raise Forbidden(_ROLES)
    paper = tx.add(
        DossierPaper(
            case_id=case.id,
            dossier_id=dossier.id,
            part=part,
            document_id=document.id,
            linked_by=tx.actor.person_id,
            at=tx.now,
        )
    )
    tx.session.flush()
    journal(tx, dossier, "paper_linked", case, part=part, document=document.id)
    return paper
