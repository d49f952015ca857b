"""How an incoming document comes in, from whatever door, and how its case is moved."""

from __future__ import annotations

import unicodedata
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from signing.report import SignatureReport
from workflow.access import find_document, main_case
from workflow.facts.incoming import incoming_facts
from workflow.files import MAIN, Content, add_file, add_revision
from workflow.office import Transaction
from workflow.records import Case, Document, Incoming
from workflow.rules.deadlines import Urgency
from workflow.rules.errors import Invalid, SecretRefused
from workflow.rules.identifiers import fold
from workflow.rules.machine import Holder
from workflow.rules.numbering import parse_received
from workflow.transitions import Effects, fire, open_case

MEDIA = ("electronic", "paper")
SENDERS = ("agency", "enterprise", "citizen")
#: The longest texts the rows hold, by field.
_LONGEST = {"subject": 500, "sender_name": 200, "sender_code": 35, "code": 60, "identifier": 200}
_LONGEST_TITLE = 200

Record = Callable[[Transaction], None]
"""What a job did, waiting to be written in the transaction that settles the job."""


def nothing(_tx: Transaction) -> None:
    """The record of a job that found its work done already."""


@dataclass(frozen=True)
class Arrival:
    """What came and what the sender says of it; the first file is the main text or its scan."""

    organisation_id: uuid.UUID
    medium: str
    sender_kind: str
    sender_name: str
    subject: str
    sender_code: str | None = None
    code: str | None = None
    dated_on: date | None = None
    due_on: date | None = None
    type_code: str | None = None
    identifier: str | None = None
    urgency: str = "normal"
    secrecy: str = "none"
    files: Sequence[Content] = ()


def admit(tx: Transaction, arrival: Arrival, *, sent_from_id: uuid.UUID | None = None) -> Case:
    """Take a document in: it has no number yet, and what came electronically is acknowledged.

    `sent_from_id` is the line of nơi nhận it answers to when it came from this same system.

    Raises:
        SecretRefused: state secrets never enter this system (R1.4.1). Invalid.
    """
    if arrival.secrecy != "none":
        raise SecretRefused
    arrival = _composed(arrival)
    _check(tx, arrival)
    document = tx.add(
        Document(
            organisation_id=arrival.organisation_id,
            direction="incoming",
            type_code=arrival.type_code,
            subject=arrival.subject,
            urgency=arrival.urgency,
            created_by=tx.person_id,
            created_at=tx.now,
        )
    )
    tx.session.flush()
    incoming = tx.add(_incoming(document, arrival, tx.now, sent_from_id))
    for ordinal, came in enumerate(arrival.files, start=MAIN):
        file = add_file(tx, document, ordinal, came.title)
        add_revision(tx, file, sha256=came.sha256, size_bytes=came.size_bytes, made_as="received")
    case = open_case(tx, "incoming", document, holder=Holder(role="clerk"))
    tx.session.flush()
    if arrival.medium == "electronic":
        _acknowledge(tx, case, incoming)
    tx.journal(
        "incoming.received",
        document.organisation_id,
        document.id,
        case=case.id,
        state=case.state,
        medium=arrival.medium,
        sender=arrival.sender_kind,
        sha256=[came.sha256 for came in arrival.files],
    )
    if arrival.files:
        tx.enqueue("verify_incoming", document=document.id)
    return case


def _composed(arrival: Arrival) -> Arrival:
    """The same in Unicode's composed form: the one in which texts are compared and printed."""
    texts = {
        field.name: unicodedata.normalize("NFC", value).strip()
        for field in fields(arrival)
        if isinstance(value := getattr(arrival, field.name), str)
    }
    return replace(arrival, **texts)  # type: ignore[arg-type]


def _check(tx: Transaction, arrival: Arrival) -> None:
    errors: list[tuple[str, str]] = []
    if arrival.medium not in MEDIA:
        errors.append(("/medium", "Chỉ có văn bản điện tử hoặc văn bản giấy."))
    if arrival.sender_kind not in SENDERS:
        errors.append(("/sender_kind", "Loại nơi gửi không hợp lệ."))
    if arrival.urgency not in set(Urgency):
        errors.append(("/urgency", "Mức độ khẩn không hợp lệ."))
    if not arrival.sender_name.strip():
        errors.append(("/sender_name", "Phải có tên cơ quan, tổ chức, cá nhân gửi."))
    if not arrival.subject.strip():
        errors.append(("/subject", "Phải có trích yếu nội dung."))
    if arrival.medium == "electronic" and not arrival.files:
        errors.append(("/files", "Văn bản điện tử phải có tệp."))
    if arrival.type_code and tx.office.law.doc_types.find(arrival.type_code) is None:
        errors.append(("/type_code", "Không có loại văn bản này (Đ7 NĐ 30/2020)."))
    errors += [
        (f"/files/{position}/title", f"Không dài quá {_LONGEST_TITLE} ký tự.")
        for position, file in enumerate(arrival.files)
        if len(file.title or "") > _LONGEST_TITLE
    ]
    for name, longest in _LONGEST.items():
        if len(getattr(arrival, name) or "") > longest:
            errors.append((f"/{name}", f"Không dài quá {longest} ký tự."))
    if errors:
        raise Invalid(errors)


def _incoming(
    document: Document, arrival: Arrival, now: datetime, sent_from_id: uuid.UUID | None
) -> Incoming:
    return Incoming(
        document_id=document.id,
        medium=arrival.medium,
        sender_kind=arrival.sender_kind,
        sender_code=arrival.sender_code or None,
        sender_name=arrival.sender_name,
        code=arrival.code or None,
        dated_on=arrival.dated_on,
        due_on=arrival.due_on,
        identifier=arrival.identifier or None,
        code_key=parse_received(arrival.code).text if arrival.code else None,
        search_text="\n".join(
            fold(text) for text in (arrival.sender_name, arrival.code or "", arrival.subject)
        ),
        received_at=now,
        sent_from_id=sent_from_id,
    )


def _acknowledge(tx: Transaction, case: Case, incoming: Incoming) -> None:
    # ND 30/2020 Art. 21.2.c: the same day, by the System itself.
    def acknowledge() -> None:
        incoming.acknowledged_at = tx.now
        tell_sender(tx, incoming, "acknowledged")

    fire(
        tx,
        case,
        "acknowledge",
        incoming_facts(tx, case),
        effects={"acknowledge_receipt": acknowledge},
        system=True,
    )


def tell_sender(tx: Transaction, incoming: Incoming, status: str) -> None:
    """Let a sender on this system see how its document fares here (R1.6.2).

    A job of its own, because the sender's chain is another and a transaction writes one.
    """
    if incoming.sent_from_id is not None:
        tx.enqueue("report_status", recipient=incoming.sent_from_id, status=status, at=tx.now)


def find_case(tx: Transaction, document_id: uuid.UUID, version: int) -> tuple[Document, Case]:
    """The document and its case, locked at the version the actor has seen.

    Raises:
        NotFound: also where the actor may not know of it. StaleVersion.
    """
    document = find_document(tx, document_id, "incoming")
    return document, tx.lock_case(main_case(tx, document.id).id, version)


def move(
    tx: Transaction,
    document: Document,
    case: Case,
    trigger: str,
    action: str,
    effects: Effects,
    *,
    opinion: str | None = None,
    system: bool = False,
    pending: Mapping[uuid.UUID, SignatureReport] | None = None,
    **facts: Any,
) -> Case:
    """Fire a trigger on a locked case and journal it as `incoming.<action>`.

    `pending` are reports, by file, that this very step keeps.
    """
    received_at = tx.session.scalars(
        select(Incoming.received_at).where(Incoming.document_id == document.id)
    ).one()
    step = fire(
        tx,
        case,
        trigger,
        incoming_facts(tx, case, pending=pending),
        effects=effects,
        opinion=opinion,
        # Registering and submitting are counted from the arrival (Art. 4.2.c, 23.1).
        starts={"IN_REGISTER": received_at, "IN_SUBMIT": received_at},
        system=system,
    )
    tx.journal(
        f"incoming.{action}",
        document.organisation_id,
        document.id,
        case=case.id,
        source=step.source,
        target=step.target,
        **facts,
    )
    return case
