"""What is known of an outgoing document: rows, and its signatures by reports over the bytes."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select

from signing import fields
from signing.report import SignatureReport
from workflow.files import content_sha256, current_files, latest_reports
from workflow.judging import Signed
from workflow.office import Reading
from workflow.records import (
    Case,
    Despatch,
    Document,
    File,
    Issuer,
    OrganisationName,
    Outgoing,
    Recipient,
    RegisterEntry,
    Relation,
    Review,
    Revision,
    Signer,
    Unit,
    WorkFileItem,
)
from workflow.registers import entry_of
from workflow.rules import numbering
from workflow.rules.outgoing import OutgoingFacts
from workflow.rules.signed import agency_unmet, persons_signed
from workflow.signatories import Signatories
from workflow.standing import custody_reason, mandates_of, signer_unmet

#: How a document bears on another, and the trigger that its issue fires there (Art. 18.3-4).
BEARINGS = {"corrects": "correct", "amends": "amend", "replaces": "replace", "recalls": "recall"}
_RECALLABLE = frozenset({"issued", "filed", "corrected", "amended", "replaced"})
#: Errors of form are corrected by a công văn, whatever the type of the original (Art. 18.3).
CORRECTING_TYPE = "cong_van"
_ALTERABLE = _RECALLABLE - {"replaced"}


@dataclass(frozen=True)
class Dossier:
    """An outgoing document with everything its facts are made of."""

    document: Document
    outgoing: Outgoing
    issuer: Issuer
    unit: Unit
    files: list[tuple[File, Revision]]
    signers: list[Signer]
    entry: RegisterEntry | None

    @property
    def revisions(self) -> list[Revision]:
        return [revision for _, revision in self.files]


def dossier_of(reading: Reading, document_id: uuid.UUID) -> Dossier:
    """Read it all; NotFound when there is no such outgoing document."""
    document = reading.get(Document, document_id, "Văn bản")
    outgoing = reading.session.scalars(
        select(Outgoing).where(Outgoing.document_id == document_id)
    ).one()
    return Dossier(
        document=document,
        outgoing=outgoing,
        issuer=reading.get(Issuer, outgoing.issuer_id),
        unit=reading.get(Unit, outgoing.unit_id),
        files=current_files(reading, document_id),
        signers=list(
            reading.session.scalars(
                select(Signer)
                .where(Signer.document_id == document_id, ~Signer.dropped)
                .order_by(Signer.ordinal)
            )
        ),
        entry=entry_of(reading, document_id),
    )


def approved_content(reading: Reading, document_id: uuid.UUID) -> str | None:
    """What reviews of the document as it stands must be bound to: its newest prepared bytes.

    Signatures only append to them, so a review holds until the drafter brings other bytes.
    """
    files = current_files(reading, document_id, made_as=("draft", "prepared"))
    return content_sha256([revision for _, revision in files]) if files else None


def register_texts(issuer_place: str, entry: RegisterEntry) -> dict[str, str]:
    """What must stand in the number and date fields for this register entry."""
    assert entry.code is not None
    return {
        fields.NUMBER: numbering.number_line(entry.code),
        fields.DATE: numbering.place_and_date(issuer_place, entry.entered_on),
    }


def place_of(reading: Reading, organisation_id: uuid.UUID, on: date) -> str:
    """The địa danh an organisation's documents bear on a day."""
    return reading.session.scalars(
        select(OrganisationName.place).where(
            OrganisationName.organisation_id == organisation_id, OrganisationName.holds_on(on)
        )
    ).one()


def facts_of(reading: Reading, held: Dossier, *, pending: Sequence[Signed] = ()) -> OutgoingFacts:
    """The facts of a case as they stand, or as they will with `pending` signatures recorded."""
    actor_id = reading.person_id
    signed_now = {signed.file_id: signed.report for signed in pending}
    stored = latest_reports(
        reading, held.document.organisation_id, [revision.sha256 for revision in held.revisions]
    )
    reports = [
        signed_now.get(file.id) or stored.get(revision.sha256) for file, revision in held.files
    ]
    main, others = (reports[0], reports[1:]) if reports else (None, [])
    known = Signatories.read(
        reading.session,
        filter(None, reports),
        [file.id for file, _ in held.files],
    )
    main_file = held.files[0][0].id if held.files else None
    persons = persons_signed(main, held.signers, known.owners, known.allowed_in(main_file))
    organisation_id = held.document.organisation_id
    seal_unmet = agency_unmet(main, organisation_id, known.owners)
    reviews = _reviews(reading, held.document.id)
    recipients, unsent = recipients_count(reading, held.document.id)
    return OutgoingFacts(
        actor_id=actor_id,
        actor_heads_drafting_unit=bool(actor_id)
        and held.outgoing.unit_id in reading.actor.headed_units,
        actor_charged_with_format=bool(actor_id)
        and "format_checker" in reading.actor.roles_in(held.document.organisation_id),
        actor_incompetence=incompetence_of(reading, held, actor_id),
        actor_custody_unmet=custody_reason(reading, held.document.organisation_id, actor_id)
        if actor_id
        else None,
        drafter_id=held.document.created_by or uuid.UUID(int=0),
        drafting_unit_id=held.outgoing.unit_id,
        draft_unreadable=None if held.files else "Chưa có tệp dự thảo.",
        original_unmet=_original_unmet(reading, held.document),
        content_checked_by=reviews.get("content"),
        approved_by=reviews.get("approval"),
        format_checked_by=reviews.get("format"),
        signer_ids=tuple(signer.person_id for signer in held.signers),
        next_signer_id=persons.remaining[0].person_id if persons.remaining else None,
        signers_remaining=len(persons.remaining),
        persons_unmet=persons.unmet,
        number=held.entry.code if held.entry else None,
        register_mismatch=_register_mismatch(reading, held, main),
        seal_required=held.outgoing.seal_required,
        seal_unmet=(seal_unmet,) if seal_unmet else (),
        files_unsealed=sum(
            agency_unmet(report, organisation_id, known.owners) is not None for report in others
        ),
        recipients=recipients,
        recipients_unsent=unsent,
        filed=reading.session.scalar(
            select(WorkFileItem.id).where(WorkFileItem.document_id == held.document.id).limit(1)
        )
        is not None,
        paper=False,
    )


def incompetence_of(reading: Reading, held: Dossier, person_id: uuid.UUID | None) -> str | None:
    """Why a person may not sign this document today, or None who may (Art. 13)."""
    own = next((signer for signer in held.signers if signer.person_id == person_id), None)
    if own is None:
        return "Chỉ người có thẩm quyền ký văn bản này được thực hiện bước này."
    if own.part == "secretary":
        return None
    return signer_unmet(
        mandates_of(reading, held.issuer),
        held.issuer,
        own.person_id,
        held.document.type_code or "",
        own.capacity,
        reading.today,
        held.outgoing.field_of_work,
    )


def _reviews(reading: Reading, document_id: uuid.UUID) -> Mapping[str, uuid.UUID]:
    content = approved_content(reading, document_id)
    rows = reading.session.scalars(
        select(Review)
        .where(Review.document_id == document_id, Review.content_sha256 == content)
        .order_by(Review.id)
    )
    return {review.kind: review.person_id for review in rows}


def recipients_count(reading: Reading, document_id: uuid.UUID) -> tuple[int, int]:
    """How many recipients there are, and how many nothing was sent to yet."""
    sent = select(Despatch.id).where(Despatch.recipient_id == Recipient.id).exists()
    count, unsent = reading.session.execute(
        select(func.count(), func.count().filter(~sent & (Recipient.purpose != "file"))).where(
            Recipient.document_id == document_id, ~Recipient.dropped
        )
    ).one()
    return count, unsent


def _register_mismatch(
    reading: Reading, held: Dossier, report: SignatureReport | None
) -> str | None:
    """How the text in the bytes differs from the register (Art. 15.1)."""
    if held.entry is None or report is None:
        return "Chưa có số, ngày trong tệp văn bản."
    place = place_of(reading, held.document.organisation_id, held.entry.entered_on)
    expected = register_texts(place, held.entry)
    actual = {name: report.filled.get(name, "") for name in expected}
    if actual == expected:
        return None
    return (
        f"Số, ngày trong tệp ({actual[fields.NUMBER] or 'để trống'};"
        f" {actual[fields.DATE] or 'để trống'}) khác sổ đăng ký"
        f" ({expected[fields.NUMBER]}; {expected[fields.DATE]})."
    )


def bearing_of(reading: Reading, document_id: uuid.UUID) -> Relation | None:
    """The relation by which this document corrects, amends, replaces or recalls another."""
    return reading.session.scalars(
        select(Relation).where(
            Relation.document_id == document_id, Relation.kind.in_(BEARINGS.keys())
        )
    ).first()


def _original_unmet(reading: Reading, document: Document) -> str | None:
    relation = bearing_of(reading, document.id)
    if relation is None:
        return None
    original = reading.get(Document, relation.other_id)
    state = reading.session.scalars(
        select(Case.state).where(Case.document_id == original.id, Case.parent_id.is_(None))
    ).one()
    if state not in (_RECALLABLE if relation.kind == "recalls" else _ALTERABLE):
        return "Văn bản gốc chưa phát hành hoặc không còn hiệu lực để thực hiện việc này."
    if relation.kind in ("amends", "replaces") and document.type_code != original.type_code:
        return "Phải sửa đổi, thay thế bằng văn bản có hình thức tương đương."  # Art. 18.3
    if relation.kind == "corrects" and document.type_code != CORRECTING_TYPE:
        return "Phải đính chính bằng công văn."  # Art. 18.3
    return None
