"""Client-held keys: what a token signed is taken, once, from whom and for what it was prepared.

Everything that may have changed since `workflow.pending` prepared it is looked at again. What is
refused uses up nothing; what is accepted stands, however long a service is away.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy import select, update

from signing.pending import Prepared
from storage.objects import ObjectRef
from workflow import binding, completing, intents
from workflow.access import find_document
from workflow.actor import Actor
from workflow.facts.outgoing import dossier_of, incompetence_of
from workflow.files import current_files
from workflow.intents import GROWTH_BYTES
from workflow.office import Office, Reading, Transaction
from workflow.records import (
    Case,
    PendingSignature,
    Revision,
    SigningCertificate,
    SigningIntent,
)
from workflow.refusals import SigningRefusal
from workflow.rules.errors import GuardsUnmet, NotFound
from workflow.standing import custody_reason

#: The job that goes on with an accepted signature, by the state its case waits in.
_JOBS = {"signing": "sign_outgoing", "sealing": "seal_outgoing", "digitising": "seal_digitised"}

Form = Literal["prepared", "unsigned"]
"""`prepared`: with room for a signature value. `unsigned`: for a program that makes the signature
itself; number and date are in it when they go in with this signature."""


@dataclass(frozen=True)
class Held:
    """A pending signature that may be completed now, with what it hangs on."""

    pending: PendingSignature
    intent: SigningIntent
    certificate: SigningCertificate
    base: Revision
    case: Case

    @property
    def max_bytes(self) -> int:
        """How large the file may be that comes back."""
        return self.base.size_bytes + len(self.pending.given) + GROWTH_BYTES


def find(reading: Reading, pending_id: uuid.UUID, token: str | None = None) -> Held:
    """The actor's own pending signature; its id is that of the intent.

    `token` is needed to complete it, not to look at it.

    Raises:
        NotFound: no such one of the actor's.
        SigningRefusal: replaced, altered, expired, completed or ended, or the certificate is no
            longer whose it was. GuardsUnmet: who acts may no longer do this, or the file changed.
    """
    intent = _own(reading, pending_id)
    case = reading.get(Case, intent.case_id)
    find_document(reading, case.document_id)
    pending = reading.session.scalar(
        select(PendingSignature)
        .where(PendingSignature.intent_id == intent.id)
        .execution_options(populate_existing=True)
    )
    if pending is None:
        raise NotFound("Lượt ký đang chờ")
    completing.check_unaltered(reading, pending)
    if token is not None and not binding.names(token, pending):
        raise SigningRefusal("lượt chuẩn bị ký này đã được thay bằng lượt khác, hãy chuẩn bị lại.")
    if pending.completed_at is not None:
        raise SigningRefusal("lượt ký này đã nhận chữ ký.")
    if intent.id not in {one.id for one in intents.open_intents(reading, case.id)}:
        raise SigningRefusal("lượt ký này đã kết thúc, hãy xem lại văn bản.")
    if pending.expires_at <= reading.now:
        raise SigningRefusal("lượt ký này đã quá hạn, hãy chuẩn bị hoặc thực hiện lại bước ký.")
    certificate = reading.get(SigningCertificate, intent.certificate_id)
    _check_entitled(reading, certificate, case.document_id)
    base = intents.base_of(reading, intent)
    newest = {file.id: revision for file, revision in current_files(reading, case.document_id)}
    if newest[intent.file_id].id != base.id:
        raise GuardsUnmet(["Văn bản đã khác bản chuẩn bị ký. Hãy xem lại bản hiện tại."])
    return Held(pending, intent, certificate, base, case)


def _own(reading: Reading, pending_id: uuid.UUID) -> SigningIntent:
    intent = reading.session.get(SigningIntent, pending_id)
    if intent is None or intent.person_id != reading.actor.person_id:
        raise NotFound("Lượt ký đang chờ")
    return intent


def _check_entitled(
    reading: Reading, certificate: SigningCertificate, document_id: uuid.UUID
) -> None:
    """A key may have been taken back, or a delegation ended, since the step was taken."""
    person_id, today = reading.actor.person_id, reading.today
    if certificate.valid_to is not None and certificate.valid_to <= today:
        raise SigningRefusal("chứng thư số này không còn được dùng để ký ở đây.")
    if certificate.organisation_id is not None:
        unmet = custody_reason(reading, certificate.organisation_id, person_id)
    elif certificate.person_id == person_id:
        unmet = incompetence_of(reading, dossier_of(reading, document_id), person_id)
    else:
        raise SigningRefusal("chứng thư số này không phải của người ký.")
    if unmet:
        raise GuardsUnmet([unmet])


def file_of(reading: Reading, pending_id: uuid.UUID, form: Form) -> tuple[Held, bytes]:
    """The file to sign: what stands under `Held.base`, and what follows it. Raises as `find`."""
    held = find(reading, pending_id)
    if form == "unsigned":
        return held, held.pending.given
    return held, Prepared.from_bytes(held.pending.prepared).tail


def accept_value(
    tx: Transaction, pending_id: uuid.UUID, token: str, value: bytes
) -> PendingSignature:
    """Take the signature value that the token made; a wrong one is refused and changes nothing.

    Raises as `find`.
    """
    held = _locked(tx, pending_id, token)
    tx.office.sealing.verify_value(held.pending.prepared, value)
    return _accept(tx, held, value=value)


def adopt(
    office: Office, actor: Actor, pending_id: uuid.UUID, token: str, returned: Path
) -> ObjectRef:
    """Check and store a file that came back signed as a whole; slow, so before `accept_file`.

    Raises as `find`, and SigningRefusal: it does not extend what was given out by exactly this
    signature. TooLarge, Unavailable.
    """
    with office.reading(actor) as reading:
        held = find(reading, pending_id, token)
    organisation_id, base = held.intent.organisation_id, held.base
    with office.local_copy(organisation_id, base.sha256, base.size_bytes) as source:
        completing.append(source, held.pending.given)
        office.sealing.adopt(
            source,
            returned,
            certificate=held.certificate.certificate,
            field=held.intent.field,
        )
    return office.keep(organisation_id, returned, max_bytes=held.max_bytes)


def accept_file(
    tx: Transaction, pending_id: uuid.UUID, token: str, ref: ObjectRef
) -> PendingSignature:
    """Take the file that `adopt` stored. Raises as `find`."""
    held = _locked(tx, pending_id, token)
    return _accept(tx, held, returned_sha256=ref.sha256, returned_bytes=ref.size_bytes)


def _locked(tx: Transaction, pending_id: uuid.UUID, token: str) -> Held:
    """The pending signature with its case locked: nobody prepares, ends or accepts it meanwhile."""
    tx.lock_case(_own(tx, pending_id).case_id)
    return find(tx, pending_id, token)


def _accept(tx: Transaction, held: Held, **came: object) -> PendingSignature:
    taken = tx.session.scalar(
        update(PendingSignature)
        .where(PendingSignature.id == held.pending.id, PendingSignature.completed_at.is_(None))
        .values(**came, completed_at=tx.now)
        .returning(PendingSignature)
        .execution_options(populate_existing=True)
    )
    if taken is None:
        raise SigningRefusal("lượt ký này đã nhận chữ ký.")
    tx.journal(
        "signature.accepted",
        held.intent.organisation_id,
        held.intent.id,
        certificate=held.certificate.certificate_sha256,
        returned=taken.returned_sha256,
    )
    tx.enqueue(_JOBS[held.case.state], intent=held.intent.id)
    return taken
