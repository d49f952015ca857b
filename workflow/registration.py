"""Receiving, verifying and registering incoming documents (ND 30/2020 Art. 21-22)."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import select

from signing.report import SignatureReport
from storage.objects import ObjectRef
from workflow.access import main_case
from workflow.arrivals import (
    Arrival,
    Record,
    admit,
    find_case,
    move,
    nothing,
    tell_sender,
)
from workflow.facts.incoming import duplicates_of
from workflow.facts.received import received
from workflow.files import (
    MAIN,
    Content,
    add_file,
    add_revision,
    current_files,
    latest_reports,
    store_report,
)
from workflow.office import Office, Transaction
from workflow.records import Case, Document, Incoming, Override, RegisterEntry, Relation
from workflow.registers import ARRIVALS, give_number
from workflow.rules.errors import Forbidden, GuardsUnmet, NotFound, UnreadableDocument
from workflow.rules.incoming import DUPLICATES, RESEMBLES
from workflow.status_asking import ask_later
from workflow.transitions import stated

REGISTER = "incoming"


def receive(tx: Transaction, arrival: Arrival) -> Case:
    """What came in by the clerk's hand: by mail, from a portal, or on paper.

    Raises:
        SecretRefused, Invalid: see `arrivals.admit`. NotFound, Forbidden: not the actor's office.
    """
    roles = tx.actor.roles_in(arrival.organisation_id)
    if not roles:
        raise NotFound("Cơ quan")
    if "clerk" not in roles:
        raise Forbidden(["clerk"])
    return admit(tx, arrival)


def verify_incoming(office: Office, document: str) -> Record:
    """Job: judge every file of a document that came in; what is on paper only gets its reports.

    A scan that could not be signed as it is gets a rewritten revision, which the clerk then looks
    at and seals.
    """
    document_id = uuid.UUID(document)
    with office.reading(None) as reading:
        case = main_case(reading, document_id)
        held = received(reading, document_id)
        organisation_id, now = case.organisation_id, reading.now
    if case.state != "received":
        return nothing
    reports: dict[uuid.UUID, SignatureReport] = {}
    rewritten: dict[uuid.UUID, ObjectRef] = {}
    for file, revision in held.files:
        with (
            office.local_copy(organisation_id, revision.sha256, revision.size_bytes) as path,
            TemporaryDirectory(prefix="vanthu-") as folder,
        ):
            sound = Path(folder) / "sound.pdf"
            if held.paper and _made_sound(office, path, sound):
                rewritten[file.id] = office.keep(organisation_id, sound)
                path = sound
            judgement = office.sealing.judge(path, now)
        reports[file.id] = office.keep_evidence(organisation_id, judgement)

    def record(tx: Transaction) -> None:
        locked = tx.lock_case(case.id)
        if locked.state != "received" or locked.version != case.version:
            return  # delivered twice, or overtaken by a newer check
        current = current_files(tx, document_id)
        if [revision.id for _, revision in current] != [revision.id for _, revision in held.files]:
            return  # the same for paper, whose case does not move here
        for file, _ in current:
            if ref := rewritten.get(file.id):
                add_revision(
                    tx, file, sha256=ref.sha256, size_bytes=ref.size_bytes, made_as="prepared"
                )
        _keep_verdict(tx, tx.get(Document, document_id), locked, reports)

    return record


def _made_sound(office: Office, source: Path, target: Path) -> bool:
    """Whether a scan had to be rewritten and could be; what can not be keeps its verdict."""
    try:
        return office.sealing.make_sound(source, target)
    except UnreadableDocument:
        return False


def _keep_verdict(
    tx: Transaction, document: Document, case: Case, reports: dict[uuid.UUID, SignatureReport]
) -> None:
    def keep() -> None:
        for file_id, report in reports.items():
            store_report(tx, document.organisation_id, report)
            ask_later(tx, file_id, report)

    verdicts = [report.verdict for report in reports.values()]
    if received(tx, document.id).paper:
        digests = [report.sha256 for report in reports.values()]
        if len(latest_reports(tx, document.organisation_id, digests)) == len(set(digests)):
            return
        keep()
        tx.journal(
            "incoming.scan_checked", document.organisation_id, document.id, verdicts=verdicts
        )
        return
    move(
        tx,
        document,
        case,
        "verify",
        "verified",
        {"record_verdict": keep},
        system=True,
        pending=reports,
        verdicts=verdicts,
    )


def verify_again(tx: Transaction, document_id: uuid.UUID, version: int) -> Case:
    """Judge once more: revocation that could not be asked then may be known now."""
    document, case = find_case(tx, document_id, version)
    return move(
        tx,
        document,
        case,
        "verify_again",
        "verification_requested",
        {"request_verification": lambda: tx.enqueue("verify_incoming", document=document.id)},
    )


def inspect_paper(
    tx: Transaction, document_id: uuid.UUID, version: int, opinion: str | None = None
) -> Case:
    """The clerk has looked at paper that is not digitised (Art. 21.1.a)."""
    document, case = find_case(tx, document_id, version)
    # Who looked, when and what they found stand in the move itself.
    effects = {"record_inspection": lambda: None}
    return move(tx, document, case, "inspect", "inspected", effects, opinion=opinion)


def override(tx: Transaction, document_id: uuid.UUID, version: int, reason: str) -> Case:
    """Accept a document whose verdict is undecided, on the clerk's word and with a reason."""
    document, case = find_case(tx, document_id, version)

    def accept() -> None:
        main = received(tx, document.id).main
        assert main is not None  # the guard found a verdict on it
        tx.add(
            Override(
                document_id=document.id,
                sha256=main[1].sha256,
                person_id=tx.actor.person_id,
                reason=reason,
                at=tx.now,
            )
        )

    effects = {"record_reason": stated(reason), "record_override": accept}
    return move(tx, document, case, "override", "overridden", effects, opinion=reason)


def confirm_duplicates(
    tx: Transaction,
    document_id: uuid.UUID,
    version: int,
    seen: Collection[uuid.UUID],
    reason: str,
    duplicate_of: uuid.UUID | None = None,
) -> Case:
    """Answer the warning about the documents `seen`; a later one warns again (Annex VI III.1h).

    `duplicate_of` names the one this is the same as; it then does not count twice.

    Raises:
        GuardsUnmet: the documents warned of are others by now.
    """
    document, case = find_case(tx, document_id, version)
    found = duplicates_of(tx, received(tx, document.id))
    if set(seen) != found or (duplicate_of is not None and duplicate_of not in found):
        raise GuardsUnmet(["Danh sách văn bản trùng đã khác. Hãy xem lại rồi xác nhận."])

    def confirm() -> None:
        rows = tx.session.execute(
            select(Relation.kind, Relation.other_id).where(Relation.document_id == document.id)
        )
        known = {(kind, other_id) for kind, other_id in rows}
        for other_id in sorted(found):
            kind = DUPLICATES if other_id == duplicate_of else RESEMBLES
            if (kind, other_id) not in known:
                tx.add(Relation(document_id=document.id, kind=kind, other_id=other_id))
        _incoming_of(tx, document).duplicates_confirmed_by = tx.actor.person_id

    effects = {"record_reason": stated(reason), "confirm_duplicates": confirm}
    return move(
        tx, document, case, "confirm_duplicates", "duplicates_confirmed", effects, opinion=reason
    )


def register(tx: Transaction, document_id: uuid.UUID, version: int) -> RegisterEntry:
    """Give the arrival number: case, number, register entry and journal in one transaction.

    The arrival date is the day of registration: it is what the ĐẾN stamp bears beside the number
    (Annex IV), and numbers and dates then run in one order, whoever is registered late. The moment
    it came in stays in `Incoming.received_at`, and deadlines count from there.
    """
    document, case = find_case(tx, document_id, version)
    given: list[RegisterEntry] = []

    def allocate() -> None:
        given.append(
            give_number(
                tx,
                document,
                register=REGISTER,
                issuer_key="",
                kind=ARRIVALS,
                on=tx.today,
                code=lambda _number: None,
            )
        )
        tell_sender(tx, _incoming_of(tx, document), "registered")

    move(tx, document, case, "register", "registered", {"allocate_arrival_number": allocate})
    return given[0]


def return_to_sender(tx: Transaction, document_id: uuid.UUID, version: int, reason: str) -> Case:
    """Trả lại: not authentic, not whole, or not for us; the sender is told why (Art. 21.2)."""
    document, case = find_case(tx, document_id, version)
    effects = {
        "record_reason": stated(reason),
        "notify_sender": lambda: tell_sender(tx, _incoming_of(tx, document), "returned"),
    }
    return move(tx, document, case, "return", "returned", effects, opinion=reason)


def attach_paper(
    tx: Transaction,
    document_id: uuid.UUID,
    version: int,
    scan: Content | None = None,
    note: str | None = None,
) -> Case:
    """Paper that follows an electronic document joins its arrival number (Art. 23.4).

    It becomes a document without a number or a case of its own, related by "follows".
    """
    document, case = find_case(tx, document_id, version)

    def attach() -> None:
        paper = tx.add(
            Document(
                organisation_id=document.organisation_id,
                direction="incoming",
                urgency=document.urgency,
                created_by=tx.actor.person_id,
                created_at=tx.now,
            )
        )
        tx.session.flush()
        sender_kind = _incoming_of(tx, document).sender_kind
        tx.add(
            Incoming(
                document_id=paper.id, medium="paper", sender_kind=sender_kind, received_at=tx.now
            )
        )
        if scan is not None:
            file = add_file(tx, paper, MAIN, scan.title)
            add_revision(
                tx, file, sha256=scan.sha256, size_bytes=scan.size_bytes, made_as="received"
            )
        tx.add(Relation(document_id=paper.id, kind="follows", other_id=document.id))

    effects = {"attach_paper": attach}
    return move(tx, document, case, "attach_paper", "paper_attached", effects, opinion=note)


def _incoming_of(tx: Transaction, document: Document) -> Incoming:
    return tx.session.scalars(select(Incoming).where(Incoming.document_id == document.id)).one()
