"""Signing intents: recorded before a key is used, acted on once, before they expire.

The steps of the signing trip, each safe to be the last one before a crash:
  1 intent and job committed   2 job claimed   3 bytes read   4 signed and checked   5 bytes stored
  6 `SignatureMade` and the judging job committed   7 that job claimed   8 bytes judged
  9 outcome, revision, report and state committed together with the job's end
A crash before 6 leaves no trace but perhaps an object no row names, and the key is asked again;
after 6 it never is. Nothing moves before 9: the full report over the stored bytes decides, in
`workflow.judging`.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from sqlalchemy import select

from storage.objects import ObjectRef
from workflow import completing
from workflow.batch_items import intent_ended
from workflow.office import Office, Reading, Transaction
from workflow.records import (
    Appointment,
    Case,
    File,
    Revision,
    SignatureMade,
    SigningCertificate,
    SigningIntent,
    SigningOutcome,
)
from workflow.refusals import SigningRefusal, TrustAway
from workflow.rules import levels
from workflow.rules.errors import GuardsUnmet
from workflow.stamps import Shows, StampOrder

#: A signature with its validation data stays far below this; see docs/signing.md for the growth.
GROWTH_BYTES = 2_000_000


#: The keys of these addresses are with their holders: see `workflow.pending`.
CLIENT_HELD = "client:"

Result = TypeVar("Result")
Record = Callable[[Transaction], None]
Abandon = Callable[[Transaction, uuid.UUID, str], None]
"""Ends an intent without a signature and puts its case back, saying why."""


@dataclass(frozen=True)
class Made:
    """What a key made of an intent, stored and checked, not yet recorded."""

    intent_id: uuid.UUID
    ref: ObjectRef
    level: str
    #: Until when its archive time-stamp holds, where it has one.
    archive_expires_at: datetime | None = None


def certificate_of(
    reading: Reading,
    *,
    person_id: uuid.UUID | None = None,
    organisation_id: uuid.UUID | None = None,
) -> SigningCertificate:
    """The certificate a person or an organisation signs with today.

    Raises:
        GuardsUnmet: there is none.
    """
    owner = (
        SigningCertificate.person_id == person_id
        if person_id
        else SigningCertificate.organisation_id == organisation_id
    )
    found = reading.session.scalars(
        select(SigningCertificate)
        .where(owner, SigningCertificate.holds_on(reading.today))
        .order_by(SigningCertificate.id.desc())
    ).first()
    if found is None:
        raise GuardsUnmet(["Chưa khai báo chứng thư số để ký."])
    return found


def position_of(reading: Reading, person_id: uuid.UUID, organisation_id: uuid.UUID) -> str:
    """A person's title in an organisation today; captured with each signing."""
    title = reading.session.scalars(
        select(Appointment.title)
        .where(
            Appointment.person_id == person_id,
            Appointment.organisation_id == organisation_id,
            Appointment.holds_on(reading.today),
        )
        .order_by(Appointment.id.desc())
    ).first()
    return title or ""


def record_intent(
    tx: Transaction,
    case: Case,
    file: File,
    revision: Revision,
    *,
    kind: str,
    field: str,
    certificate: SigningCertificate,
    job: str | None,
    capacity: str = "",
    mandate_id: uuid.UUID | None = None,
    fill: Mapping[str, str] | None = None,
    stamp: StampOrder | None = None,
    locks: bool = False,
) -> SigningIntent:
    """What the acting person is about to have signed, and the job that does it.

    `kind` of the document says which level is demanded; the signature that locks the file is the
    last one on it. `job` is None when whoever records the intent sees to it, as the holder of a
    client-held key always does.
    """
    demand = levels.demanded(tx.office.law.levels, kind, tx.today, last=locks)
    intent = tx.add(
        SigningIntent(
            organisation_id=case.organisation_id,
            case_id=case.id,
            file_id=file.id,
            base_sha256=revision.sha256,
            field=field,
            certificate_id=certificate.id,
            person_id=tx.actor.person_id,
            position=position_of(tx, tx.actor.person_id, case.organisation_id),
            capacity=capacity,
            mandate_id=mandate_id,
            fill=json.dumps(fill, ensure_ascii=False, sort_keys=True) if fill else None,
            locks=locks,
            stamp=stamp and stamp.to_json(),
            level=demand.level.value,
            meanwhile_level=demand.meanwhile and demand.meanwhile.value,
            made_at=tx.now,
            expires_at=tx.now + timedelta(minutes=tx.office.settings.intent_minutes),
        )
    )
    tx.session.flush()
    if certificate.key_url == CLIENT_HELD:
        tx.enqueue("expire_intent", not_before=intent.expires_at, intent=intent.id)
    elif job is not None:
        tx.enqueue(job, intent=intent.id)
    return intent


def lock_case_of(tx: Transaction, intent_id: uuid.UUID) -> Case | None:
    """The intent's case, locked; None when the intent has ended (the job was delivered twice)."""
    case = tx.lock_case(tx.get(SigningIntent, intent_id).case_id)
    return None if ended(tx, intent_id) else case


def open_intents(reading: Reading, case_id: uuid.UUID) -> list[SigningIntent]:
    """Intents of a case that have not ended."""
    return list(
        reading.session.scalars(
            select(SigningIntent)
            .outerjoin(SigningOutcome, SigningOutcome.intent_id == SigningIntent.id)
            .where(SigningIntent.case_id == case_id, SigningOutcome.id.is_(None))
        )
    )


def in_hand(reading: Reading, intent: SigningIntent) -> bool:
    """Whether what its key made, or its holder brought, is on its way to be judged."""
    return (
        completing.accepted(reading, intent.id) is not None
        or made_of(reading, intent.id) is not None
    )


def make(office: Office, intent_id: uuid.UUID, *, then: str, abandon: Abandon) -> Record:
    """The work of a signing job: what the key made is recorded, and job `then` judges it."""
    try:
        made = perform(office, intent_id)
    except SigningRefusal as refused:
        why = str(refused)
        return lambda tx: abandon(tx, intent_id, why)
    if made is None:
        return lambda _tx: None
    done = made

    def record(tx: Transaction) -> None:
        record_made(tx, done, then)

    return record


def perform(office: Office, intent_id: uuid.UUID) -> Made | None:
    """Sign what the intent says; None when it was signed or has ended already.

    No transaction is open while the key works. What a client-held key made was accepted before the
    intent expired, and is brought in however long a service is away.

    Raises:
        SigningRefusal: expired, or the key or the file does not allow it, or our own signature
            does not hold. KeyRefusal among them: that key is not to be asked again.
        Unavailable: the key, or a service the level needs, is away.
    """
    with office.reading(None) as reading:
        intent = reading.get(SigningIntent, intent_id)
        if ended(reading, intent_id) or made_of(reading, intent_id) is not None:
            return None
        accepted = completing.accepted(reading, intent_id)
        if accepted is not None:
            completing.check_unaltered(reading, accepted)
        elif intent.expires_at <= reading.now:
            raise SigningRefusal("ý định ký đã hết hạn, hãy ký lại.")
        certificate = reading.get(SigningCertificate, intent.certificate_id)
        base = base_of(reading, intent)
        now = reading.now
    if accepted is not None:
        limit = base.size_bytes + GROWTH_BYTES
        ref, signed = completing.complete(office, intent, certificate, base, accepted, limit)
        return Made(intent_id, ref, signed.level, signed.archive_expires_at)
    shows = shown(office, intent)
    with (
        office.local_copy(intent.organisation_id, base.sha256, base.size_bytes) as source,
        TemporaryDirectory(prefix="vanthu-") as folder,
    ):
        target = Path(folder) / "signed.pdf"
        signed = at_level(
            intent,
            lambda level: office.sealing.sign(
                source,
                target,
                key_url=certificate.key_url,
                certificate_sha256=certificate.certificate_sha256,
                field=intent.field,
                level=level,
                fill=json.loads(intent.fill) if intent.fill else {},
                locks=intent.locks,
                shows=shows,
                moment=now,
            ),
        )
        ref = office.keep(intent.organisation_id, target, max_bytes=base.size_bytes + GROWTH_BYTES)
    return Made(intent_id, ref, signed.level, signed.archive_expires_at)


def shown(office: Office, intent: SigningIntent) -> Shows | None:
    """What an intent's signature is to show; slow, an image is read. Raises Unavailable."""
    if intent.stamp is None:
        return None
    order = StampOrder.from_json(intent.stamp)
    if order.image_sha256 is None or order.image_bytes is None:
        return Shows(order)
    with office.stream(intent.organisation_id, order.image_sha256, order.image_bytes) as stored:
        return Shows(order, stored.read())


def at_level(intent: SigningIntent, sign: Callable[[str], Result]) -> Result:
    """Sign at the level that is demanded, or at the one that will do while a service is away.

    Raises:
        TrustAway: neither can be reached now.
    """
    try:
        return sign(intent.level)
    except TrustAway:
        if intent.meanwhile_level is None:
            raise
        return sign(intent.meanwhile_level)


def base_of(reading: Reading, intent: SigningIntent) -> Revision:
    """The revision whose bytes an intent is bound to."""
    base = reading.session.scalars(
        select(Revision).where(
            Revision.file_id == intent.file_id, Revision.sha256 == intent.base_sha256
        )
    ).first()
    if base is None:
        raise RuntimeError(f"intent {intent.id} names bytes that no revision holds")
    return base


def record_made(tx: Transaction, made: Made, then: str) -> bool:
    """What the key made stands from now on, and job `then` judges it.

    A second time changes nothing, and False says so.
    """
    if lock_case_of(tx, made.intent_id) is None or made_of(tx, made.intent_id) is not None:
        return False
    intent = tx.get(SigningIntent, made.intent_id)
    tx.add(
        SignatureMade(
            intent_id=intent.id,
            sha256=made.ref.sha256,
            size_bytes=made.ref.size_bytes,
            level=made.level,
            archive_expires_at=made.archive_expires_at,
            made_at=tx.now,
        )
    )
    tx.journal(
        "signature.made",
        intent.organisation_id,
        intent.id,
        sha256=made.ref.sha256,
        level=made.level,
    )
    tx.enqueue(then, intent=intent.id)
    return True


def ended(reading: Reading, intent_id: uuid.UUID) -> bool:
    """Whether an intent has its outcome."""
    outcome = select(SigningOutcome.id).where(SigningOutcome.intent_id == intent_id)
    return reading.session.scalar(outcome) is not None


def made_of(reading: Reading, intent_id: uuid.UUID) -> SignatureMade | None:
    """What the key made of an intent, if it has been used."""
    return reading.session.scalar(select(SignatureMade).where(SignatureMade.intent_id == intent_id))


def record_refused(tx: Transaction, intent_id: uuid.UUID, why: str) -> None:
    """The intent ends without a signature."""
    tx.add(SigningOutcome(intent_id=intent_id, refusal=why, at=tx.now))
    intent_ended(tx, intent_id, why)
