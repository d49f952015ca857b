"""Client-held keys: what the holder of a key brought becomes the signed file.

Prepared and accepted in `workflow.pending`; here is what the signing job does instead of using a
key. A time-stamp authority that is away at that moment costs time, not another touch of the token.
"""

from __future__ import annotations

import uuid
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import select

from storage.objects import ObjectRef
from workflow import binding
from workflow.office import Office, Reading
from workflow.records import PendingSignature, Revision, SigningCertificate, SigningIntent
from workflow.sealing import SigningRefusal


def accepted(reading: Reading, intent_id: uuid.UUID) -> PendingSignature | None:
    """What came back for an intent from the holder of its key, if it was accepted."""
    return reading.session.scalar(
        select(PendingSignature).where(
            PendingSignature.intent_id == intent_id, PendingSignature.completed_at.is_not(None)
        )
    )


def check_unaltered(reading: Reading, pending: PendingSignature) -> None:
    """Raises SigningRefusal when the row is not as the office wrote it."""
    if not binding.holds(reading, pending):
        raise SigningRefusal("dữ liệu chuẩn bị ký đã bị thay đổi, hãy ký lại.")


def complete(
    office: Office,
    intent: SigningIntent,
    certificate: SigningCertificate,
    base: Revision,
    accepted: PendingSignature,
    max_bytes: int,
) -> tuple[ObjectRef, str]:
    """The signed file, checked and stored, and its level. No transaction is open.

    Raises:
        SigningRefusal: the certificate is not good any more, or what came is not what was prepared.
        Unavailable: a service that the level needs is away.
    """
    organisation_id = intent.organisation_id
    with office.local_copy(organisation_id, base.sha256, base.size_bytes) as source:
        if accepted.value is None:
            return _adopt(office, intent, certificate, source, accepted)
        with TemporaryDirectory(prefix="vanthu-") as folder:
            target = Path(folder) / "signed.pdf"
            level = office.sealing.complete(
                source, target, prepared=accepted.prepared, value=accepted.value
            )
            return office.keep(organisation_id, target, max_bytes=max_bytes), level


def _adopt(
    office: Office,
    intent: SigningIntent,
    certificate: SigningCertificate,
    source: Path,
    accepted: PendingSignature,
) -> tuple[ObjectRef, str]:
    """The file that a program of the holder signed as a whole stands as it came."""
    assert accepted.returned_sha256 is not None
    assert accepted.returned_bytes is not None
    append(source, accepted.filled)
    ref = ObjectRef(intent.organisation_id, accepted.returned_sha256, accepted.returned_bytes)
    with office.local_copy(ref.organisation, ref.sha256, ref.size_bytes) as returned:
        level = office.sealing.adopt(
            source, returned, certificate=certificate.certificate, field=intent.field
        )
    return ref, level


def append(copy: Path, filled: bytes | None) -> None:
    """Number and date onto a copy of the file, as the program was given it."""
    if filled:
        with copy.open("ab") as file:
            file.write(filled)
