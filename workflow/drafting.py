"""Drafting outgoing documents: what the drafter fills in, checked (ND 30/2020 Art. 10)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import select

from workflow.access import find_document, main_case
from workflow.facts.outgoing import BEARINGS, dossier_of
from workflow.files import Content, add_file, add_revision, current_files
from workflow.layouts import DECREE_LAYOUT, Layout
from workflow.office import Office, Transaction
from workflow.records import (
    Case,
    Document,
    File,
    Issuer,
    Organisation,
    Outgoing,
    Recipient,
    Relation,
    Signer,
    Unit,
)
from workflow.rules.deadlines import Urgency
from workflow.rules.doctypes import DocType, Seal
from workflow.rules.errors import Forbidden, GuardsUnmet, Invalid, NotFound, SecretRefused
from workflow.rules.machine import Holder
from workflow.transitions import open_case

Line = TypeVar("Line", Signer, Recipient)
DRAFTING_ROLES = ("specialist", "unit_head", "clerk")
PURPOSES = ("action", "report", "information", "file")
CHANNELS = ("system", "exchange", "email", "post", "hand")


@dataclass(frozen=True)
class SignerLine:
    """Who signs, as which part of the type's signers, in which capacity."""

    person_id: uuid.UUID
    part: str = "competent"
    capacity: str = ""


@dataclass(frozen=True)
class RecipientLine:
    """A line of nơi nhận."""

    name: str
    purpose: str = "action"
    channel: str = "system"
    organisation_id: uuid.UUID | None = None


@dataclass(frozen=True)
class Draft:
    """Everything a drafter decides; the first file is the main text."""

    issuer_id: uuid.UUID
    unit_id: uuid.UUID
    type_code: str
    subject: str
    files: Sequence[Content]
    signers: Sequence[SignerLine]
    recipients: Sequence[RecipientLine]
    archived_by: str
    field_of_work: str | None = None  # lĩnh vực, which mandates may be limited to
    urgency: str = "normal"
    secrecy: str = "none"
    seal_wanted: bool = True
    layout: Layout = field(default=DECREE_LAYOUT)
    answers: uuid.UUID | None = None
    bears_on: tuple[str, uuid.UUID] | None = None  # ("corrects" | "amends" | …, the original)


def draft(tx: Transaction, new: Draft) -> Case:
    """A new outgoing document in drafting, by whoever acts.

    Raises:
        SecretRefused: state secrets are not drafted here (R1.4.1). Invalid, NotFound, Forbidden.
    """
    if new.secrecy != "none":
        raise SecretRefused
    issuer = tx.get(Issuer, new.issuer_id, "Cơ quan ban hành")
    roles = tx.actor.roles_in(issuer.organisation_id)
    if not roles:
        raise NotFound("Cơ quan ban hành")
    if roles.isdisjoint(DRAFTING_ROLES):
        raise Forbidden(DRAFTING_ROLES)
    kind = _checked(tx, issuer, new)
    document = tx.add(
        Document(
            organisation_id=issuer.organisation_id,
            direction="outgoing",
            type_code=kind.code,
            subject=new.subject,
            urgency=new.urgency,
            created_by=tx.actor.person_id,
            created_at=tx.now,
        )
    )
    tx.session.flush()
    tx.add(
        Outgoing(
            document_id=document.id,
            issuer_id=issuer.id,
            unit_id=new.unit_id,
            seal_required=_sealed(kind, new),
            layout=new.layout.to_json(),
            archived_by=new.archived_by,
            field_of_work=new.field_of_work,
        )
    )
    _write_lines(tx, document, new)
    _write_files(tx, document, new.files)
    # Without the agency's signature nothing would lock a number filled in after the last person's,
    # so such a document is numbered first (policy b).
    workflow = issuer.workflow if _sealed(kind, new) else "outgoing-numbered-first"
    case = open_case(tx, workflow, document, holder=Holder(person_id=tx.actor.person_id))
    tx.journal(
        "outgoing.drafted",
        document.organisation_id,
        document.id,
        case=case.id,
        state=case.state,
        files=_file_ids(tx, document),
    )
    return case


def revise(tx: Transaction, document_id: uuid.UUID, version: int, new: Draft) -> Case:
    """Other content for a draft that is with its drafter; new bytes have no reviews (Art. 11.2).

    Raises:
        GuardsUnmet: not in drafting, or the actor is not the drafter. StaleVersion, Invalid.
    """
    if new.secrecy != "none":
        raise SecretRefused
    document = find_document(tx, document_id, "outgoing")
    case = tx.lock_case(main_case(tx, document.id).id, version)
    held = dossier_of(tx, document.id)
    unmet = []
    if case.state != "drafting":
        unmet.append("Chỉ sửa được khi văn bản đang soạn thảo.")
    if document.created_by != tx.actor.person_id:
        unmet.append("Chỉ người soạn thảo văn bản được thực hiện bước này.")
    if new.issuer_id != held.issuer.id:
        unmet.append("Không đổi được cơ quan ban hành; hãy hủy dự thảo và soạn lại.")
    if unmet:
        raise GuardsUnmet(unmet)
    kind = _checked(tx, held.issuer, new)
    if _sealed(kind, new) != held.outgoing.seal_required:
        raise GuardsUnmet(["Không đổi được yêu cầu ký số của cơ quan; hãy hủy và soạn lại."])
    document.type_code, document.subject = kind.code, new.subject
    document.urgency = new.urgency
    held.outgoing.unit_id, held.outgoing.archived_by = new.unit_id, new.archived_by
    held.outgoing.layout = new.layout.to_json()
    held.outgoing.field_of_work = new.field_of_work
    case.version += 1
    _write_lines(tx, document, new)
    _write_files(tx, document, new.files)
    tx.journal(
        "outgoing.revised",
        document.organisation_id,
        document.id,
        case=case.id,
        files=_file_ids(tx, document),
    )
    return case


def _checked(tx: Transaction, issuer: Issuer, new: Draft) -> DocType:
    """The draft's type; Invalid with every wrong field."""
    errors: list[tuple[str, str]] = []
    kind = tx.office.law.doc_types.find(new.type_code)
    if kind is None:
        errors.append(("/type_code", "Không có loại văn bản này (Đ7 NĐ 30/2020)."))
    unit = tx.session.get(Unit, new.unit_id)
    if unit is None or unit.organisation_id != issuer.organisation_id:
        errors.append(("/unit_id", "Đơn vị soạn thảo không thuộc cơ quan này."))
    if new.urgency not in set(Urgency):
        errors.append(("/urgency", "Mức độ khẩn không hợp lệ."))
    if not new.subject.strip():
        errors.append(("/subject", "Phải có trích yếu nội dung."))
    if not new.files:
        errors.append(("/files", "Phải có tệp dự thảo."))
    parts = tuple(signer.part for signer in new.signers)
    if kind and parts != tuple(kind.signers):
        errors.append(("/signers", f"Loại văn bản này cần người ký: {', '.join(kind.signers)}."))
    if len({signer.person_id for signer in new.signers}) != len(new.signers):
        errors.append(("/signers", "Một người không ký hai lần."))
    for position, line in enumerate(new.recipients):
        if line.purpose not in PURPOSES or line.channel not in CHANNELS:
            errors.append((f"/recipients/{position}", "Mục đích hoặc kênh gửi không hợp lệ."))
        if line.channel == "system" and (
            line.organisation_id is None
            or tx.session.get(Organisation, line.organisation_id) is None
        ):
            errors.append((f"/recipients/{position}", "Gửi trong hệ thống phải chọn cơ quan nhận."))
    errors += _relations_wrong(tx, new)
    if errors or kind is None:
        raise Invalid(errors)
    return kind


def _relations_wrong(tx: Transaction, new: Draft) -> list[tuple[str, str]]:
    errors = []
    if new.answers is not None and not _known(tx, new.answers, "incoming"):
        errors.append(("/answers", "Không có văn bản đến này."))
    if new.bears_on is not None:
        kind, original = new.bears_on
        if kind not in BEARINGS or not _known(tx, original, "outgoing"):
            errors.append(("/bears_on", "Không có văn bản đi này."))
    return errors


def _known(tx: Transaction, document_id: uuid.UUID, direction: str) -> bool:
    try:
        find_document(tx, document_id, direction)
    except NotFound:
        return False
    return True


def _sealed(kind: DocType, new: Draft) -> bool:
    # Biên bản: the agency's signature "nếu có" (Annex III form 1.9).
    return kind.seal is Seal.REQUIRED or new.seal_wanted


def _write_lines(tx: Transaction, document: Document, new: Draft) -> None:
    wanted = [(new.answers, "answers")] if new.answers else []
    if new.bears_on:
        wanted.append((new.bears_on[1], new.bears_on[0]))
    for other_id, kind in wanted:
        known = tx.session.scalar(
            select(Relation.id).where(
                Relation.document_id == document.id,
                Relation.kind == kind,
                Relation.other_id == other_id,
            )
        )
        if known is None:
            tx.add(Relation(document_id=document.id, kind=kind, other_id=other_id))
    _write_rows(
        tx,
        Signer,
        document,
        [
            {"person_id": line.person_id, "part": line.part, "capacity": line.capacity}
            for line in new.signers
        ],
    )
    _write_rows(
        tx,
        Recipient,
        document,
        [
            {
                "purpose": line.purpose,
                "name": line.name,
                "organisation_id": line.organisation_id,
                "channel": line.channel,
            }
            for line in new.recipients
        ],
    )


def _write_rows(
    tx: Transaction,
    table: type[Line],
    document: Document,
    lines: Sequence[Mapping[str, object]],
) -> None:
    """Make the n-th row say the n-th line; rows are evidence, so those left over are dropped."""
    rows: dict[int, Signer | Recipient] = {
        row.ordinal: row for row in tx.session.query(table).filter(table.document_id == document.id)
    }
    for ordinal, line in enumerate(lines, start=1):
        row = rows.pop(ordinal, None)
        if row is None:
            tx.add(table(document_id=document.id, ordinal=ordinal, **line))
            continue
        for name, value in {**line, "dropped": False}.items():
            setattr(row, name, value)
    for left_over in rows.values():
        left_over.dropped = True


def _write_files(tx: Transaction, document: Document, contents: Sequence[Content]) -> None:
    files = {
        file.ordinal: file
        for file in tx.session.scalars(select(File).where(File.document_id == document.id))
    }
    current = {file.id: revision for file, revision in current_files(tx, document.id)}
    for ordinal, content in enumerate(contents):
        file = files.pop(ordinal, None) or add_file(tx, document, ordinal, content.title)
        file.title, file.dropped = content.title, False
        if file.id not in current or current[file.id].sha256 != content.sha256:
            add_revision(
                tx, file, sha256=content.sha256, size_bytes=content.size_bytes, made_as="draft"
            )
    for left_out in files.values():
        left_out.dropped = True


def _file_ids(tx: Transaction, document: Document) -> list[uuid.UUID]:
    """What the document consists of now: what is left out of a draft no row says for ever."""
    tx.session.flush()
    return [file.id for file, _ in current_files(tx, document.id)]


def readable(office: Office, organisation_id: uuid.UUID, content: Content) -> None:
    """Refuse a draft that is no PDF; slow, so before the transaction.

    Raises:
        UnreadableDocument: with the reason.
    """
    with office.local_copy(organisation_id, content.sha256, content.size_bytes) as path:
        office.sealing.readable(path)
