"""Digitising paper: a copy from paper to electronic form, sealed by the agency's key (sao y).

ND 30/2020 Art. 22.3.b, 25.1.c, 27, 32.2: the clerk acts in person under the agency's copying
authority; a job then signs exactly what the act's intent says.
"""

from __future__ import annotations

import uuid

from sqlalchemy import select

from workflow import intents, judging
from workflow.arrivals import Record, find_case, move, nothing
from workflow.facts.received import received
from workflow.office import Office, Reading, Transaction
from workflow.records import Case, Document, OrganisationName
from workflow.refusals import SigningRefusal
from workflow.rules import levels
from workflow.rules.errors import GuardsUnmet
from workflow.rules.signed import AGENCY_FIELD
from workflow.stamps import copy_stamp


def digitise(tx: Transaction, document_id: uuid.UUID, version: int, scan_sha256: str) -> Case:
    """The acting clerk's intent to seal the scan as the agency's electronic copy.

    `scan_sha256` is the digest of what the clerk looked at.

    Raises:
        GuardsUnmet: the scan is another by now, or a condition of the step.
    """
    document, case = find_case(tx, document_id, version)

    def intend() -> None:
        main = received(tx, document.id).main
        assert main is not None  # the guard found it readable
        file, revision = main
        if revision.sha256 != scan_sha256:
            raise GuardsUnmet(["Bản quét đã khác bản vừa xem. Hãy xem lại bản hiện tại."])
        intents.record_intent(
            tx,
            case,
            file,
            revision,
            kind=levels.DIGITISED,
            field=AGENCY_FIELD,
            certificate=intents.certificate_of(tx, organisation_id=case.organisation_id),
            job="seal_digitised",
            stamp=copy_stamp(_agency_name(tx, case.organisation_id)),
            locks=True,
        )

    effects = {"record_seal_intent": intend}
    return move(tx, document, case, "digitise", "digitising", effects, sha256=scan_sha256)


def _agency_name(reading: Reading, organisation_id: uuid.UUID) -> str:
    return reading.session.scalars(
        select(OrganisationName.name).where(
            OrganisationName.organisation_id == organisation_id,
            OrganisationName.holds_on(reading.today),
        )
    ).one()


def seal_digitised(office: Office, intent: str) -> Record:
    """Job: the agency's signature on the scan is made."""
    return intents.make(office, uuid.UUID(intent), then="judge_digitised", abandon=abandon)


def judge_digitised(office: Office, intent: str) -> Record:
    """Job: the sealed scan is judged, and the case goes on if it holds."""
    intent_id = uuid.UUID(intent)
    try:
        signed = judging.judge(office, intent_id)
    except SigningRefusal as refused:
        why = str(refused)
        return lambda tx: abandon(tx, intent_id, why)
    if signed is None:
        return nothing
    done = signed

    def record(tx: Transaction) -> None:
        case = intents.lock_case_of(tx, intent_id)
        if case is None:
            return
        try:
            move(
                tx,
                tx.get(Document, case.document_id),
                case,
                "record_digitised",
                "digitised",
                {"store_digitised_copy": lambda: judging.record_signed(tx, done, "sealed")},
                system=True,
                pending={done.file_id: done.report},
                sha256=done.ref.sha256,
            )
        except GuardsUnmet as unmet:
            # What was made does not hold up: it is not recorded, and the case says why.
            abandon(tx, intent_id, str(unmet))

    return record


def abandon(tx: Transaction, intent_id: uuid.UUID, why: str) -> None:
    """End an intent without a signature; the paper waits to be digitised or inspected again."""
    case = intents.lock_case_of(tx, intent_id)
    if case is None:
        return
    move(
        tx,
        tx.get(Document, case.document_id),
        case,
        "abandon_digitising",
        "digitising_abandoned",
        {"abandon_intent": lambda: intents.record_refused(tx, intent_id, why)},
        opinion=why,
        system=True,
    )


def give_up(tx: Transaction, intent: str) -> None:
    """The job died after its last try: nothing stays in limbo."""
    abandon(tx, uuid.UUID(intent), "Không ký được sau nhiều lần thử; quản trị xem nhật ký lỗi.")
