"""The person's signature, then the agency's (ND 30/2020 Art. 13, 14.3, 32).

Signing is two transactions with the key's work between them: the act of a person records an
intent, a job signs exactly what the intent says, and its result is recorded once.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from signing import fields
from workflow import intents, judging
from workflow.facts.outgoing import Dossier, facts_of, place_of, register_texts
from workflow.files import MAIN, latest_reports
from workflow.imagery import agency_stamp, person_stamp
from workflow.intents import Record
from workflow.office import Office, Reading, Transaction
from workflow.outgoing import take_step, take_system_step
from workflow.records import Case, File
from workflow.refusals import SigningRefusal
from workflow.rules import levels
from workflow.rules.errors import GuardsUnmet
from workflow.rules.signed import AGENCY_FIELD, agency_finding, person_field
from workflow.stamps import StampOrder, attachment_stamp


def sign(
    tx: Transaction,
    document_id: uuid.UUID,
    version: int,
    content: str,
    *,
    job: str | None = "sign_outgoing",
) -> Case:
    """The acting signer's intent to sign what was approved; a job signs and the case goes on.

    `content` is the digest of what the signer reviewed (`files.content_sha256`); `job` is None
    when the caller sees to the signing.

    Raises:
        GuardsUnmet: the reviewed bytes are not these, or a condition of the step.
    """

    def intend(case: Case, held: Dossier) -> None:
        facts = facts_of(tx, held)
        signer = next(s for s in held.signers if s.person_id == facts.next_signer_id)
        file, revision = held.files[MAIN]
        intents.record_intent(
            tx,
            case,
            file,
            revision,
            kind=held.document.type_code or levels.DEFAULT,
            field=person_field(signer.ordinal),
            certificate=intents.certificate_of(tx, person_id=signer.person_id),
            job=job,
            capacity=signer.capacity,
            # Numbered first: number and date go in with the first signature (Art. 15.2).
            fill=_missing_texts(tx, held),
            stamp=person_stamp(tx, signer.person_id, case.organisation_id),
            locks=not held.outgoing.seal_required and facts.signers_remaining == 1,
        )

    effects = {"record_signing_intent": intend}
    return take_step(tx, document_id, version, "sign", effects, content=content)


def seal(tx: Transaction, document_id: uuid.UUID, version: int, content: str) -> Case:
    """The clerk's intent, in person, to put the agency's signature on every file (Art. 32.2c)."""

    def intend(case: Case, held: Dossier) -> None:
        certificate = intents.certificate_of(tx, organisation_id=case.organisation_id)
        reports = latest_reports(
            tx, case.organisation_id, [revision.sha256 for revision in held.revisions]
        )
        for file, revision in held.files:
            report = reports.get(revision.sha256)
            if agency_finding(report) is not None:
                continue
            intents.record_intent(
                tx,
                case,
                file,
                revision,
                kind=held.document.type_code or levels.DEFAULT,
                field=AGENCY_FIELD,
                certificate=certificate,
                job="seal_outgoing",
                fill=_missing_texts(tx, held) if file.ordinal == MAIN else None,
                stamp=_seal_stamp(tx, held, file),
                locks=True,
            )

    effects = {"record_seal_intent": intend}
    return take_step(tx, document_id, version, "seal", effects, content=content)


def _seal_stamp(reading: Reading, held: Dossier, file: File) -> StampOrder | None:
    """On the main text the seal's image; on a separate attachment number and time (PL1 II.8)."""
    if file.ordinal == MAIN:
        return agency_stamp(reading, held.document.organisation_id)
    assert held.entry is not None  # nothing is sealed before it has its number
    assert held.entry.code is not None
    return attachment_stamp(held.entry.code)


def _missing_texts(reading: Reading, held: Dossier) -> Mapping[str, str] | None:
    """Number and date to fill in now: those of the register, unless they are in the bytes."""
    if held.entry is None:
        return None
    main = held.revisions[MAIN]
    report = latest_reports(reading, held.document.organisation_id, [main.sha256]).get(main.sha256)
    if report and report.filled.get(fields.NUMBER):
        return None
    place = place_of(reading, held.document.organisation_id, held.entry.entered_on)
    return register_texts(place, held.entry)


def sign_outgoing(office: Office, intent: str) -> Record:
    """Job: the person's signature is made."""
    return intents.make(office, uuid.UUID(intent), then="judge_signature", abandon=abandon)


def seal_outgoing(office: Office, intent: str) -> Record:
    """Job: the agency's signature is made on one file."""
    return intents.make(office, uuid.UUID(intent), then="judge_seal", abandon=abandon)


def judge_signature(office: Office, intent: str) -> Record:
    """Job: the person's signature is judged, and the case goes on if it holds."""
    return _judge(office, uuid.UUID(intent), "record_signature", "store_personal_signature")


def judge_seal(office: Office, intent: str) -> Record:
    """Job: the agency's signature on one file is judged; the last file moves the case on."""
    return _judge(office, uuid.UUID(intent), "record_seal", "store_agency_signature")


def _judge(office: Office, intent_id: uuid.UUID, trigger: str, effect: str) -> Record:
    try:
        signed = judging.judge(office, intent_id)
    except SigningRefusal as refused:
        why = str(refused)
        return lambda tx: abandon(tx, intent_id, why)
    if signed is None:
        return lambda _tx: None
    done = signed

    def record(tx: Transaction) -> None:
        case = intents.lock_case_of(tx, intent_id)
        if case is None:
            return
        others = [other for other in intents.open_intents(tx, case.id) if other.id != intent_id]
        made_as = "sealed" if effect == "store_agency_signature" else "signed"
        if others:
            revision = judging.record_signed(tx, done, made_as)
            tx.journal(
                "outgoing.file_sealed",
                case.organisation_id,
                case.document_id,
                file=done.file_id,
                sha256=revision.sha256,
            )
            return
        try:
            take_system_step(
                tx,
                case,
                trigger,
                {effect: lambda _case, _held: judging.record_signed(tx, done, made_as)},
                pending=[done],
                sha256=done.ref.sha256,
            )
        except GuardsUnmet as unmet:
            # What was made does not hold up: it is not recorded, and the case says why.
            abandon(tx, intent_id, str(unmet))

    return record


def abandon(tx: Transaction, intent_id: uuid.UUID, why: str) -> None:
    """End an intent, and those beside it, without a signature; the case goes back a step."""
    case = intents.lock_case_of(tx, intent_id)
    if case is None:
        return

    def end_intents(_case: Case, _held: Dossier) -> None:
        for intent in intents.open_intents(tx, case.id):
            intents.record_refused(tx, intent.id, why)

    trigger = "abandon_signing" if case.state == "signing" else "abandon_sealing"
    take_system_step(tx, case, trigger, {"abandon_intent": end_intents}, opinion=why)


def give_up(tx: Transaction, intent: str) -> None:
    """A signing job died after its last try: nothing stays in limbo."""
    abandon(tx, uuid.UUID(intent), "Không ký được sau nhiều lần thử; quản trị xem nhật ký lỗi.")
