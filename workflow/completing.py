"""Client-held keys: what the holder of a key brought becomes the signed file.

Prepared in `workflow.pending` and taken in `workflow.acceptance`; here is what the signing job does
instead of using a key. A time-stamp authority that is away then costs time, not another touch of
the token.
"""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import select

from signing.revision import SignedRevision
from storage.objects import ObjectRef
from workflow import binding
from workflow.office import Office, Reading
from workflow.records import PendingSignature, Revision, SigningCertificate, SigningIntent
from workflow.refusals import SigningRefusal, TrustAway
from workflow.rules.levels import Level


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
) -> tuple[ObjectRef, SignedRevision]:
    """The signed file, checked and stored. No transaction is open.

    Raises:
        SigningRefusal: the certificate is not good any more, or what came is not what was prepared.
        Unavailable: a service that the level needs is away.
    """
    organisation_id = intent.organisation_id
    with (
        office.local_copy(organisation_id, base.sha256, base.size_bytes) as source,
        TemporaryDirectory(prefix="vanthu-") as folder,
    ):
        target = Path(folder) / "signed.pdf"
        if accepted.value is not None:
            signed = office.sealing.complete(
                source, target, prepared=accepted.prepared, value=accepted.value
            )
        else:
            append(source, accepted.given)
            signed = _adopt(office, intent, certificate, source, accepted, target)
        return office.keep(organisation_id, target, max_bytes=max_bytes), signed


def _adopt(
    office: Office,
    intent: SigningIntent,
    certificate: SigningCertificate,
    source: Path,
    accepted: PendingSignature,
    target: Path,
) -> SignedRevision:
    """The file that a program of the holder's signed, raised where it falls short of the level."""
    assert accepted.returned_sha256 is not None
    assert accepted.returned_bytes is not None
    with office.local_copy(
        intent.organisation_id, accepted.returned_sha256, accepted.returned_bytes
    ) as returned:
        signed = office.sealing.adopt(
            source, returned, certificate=certificate.certificate, field=intent.field
        )
        if _falls_short(signed.level, intent.level):
            try:
                return office.sealing.archive(returned, target)
            except TrustAway:
                if _falls_short(signed.level, intent.meanwhile_level or intent.level):
                    raise
        shutil.copyfile(returned, target)
        return signed


def _falls_short(level: str, wanted: str) -> bool:
    return Level(level).below(Level(wanted))


def append(copy: Path, given: bytes) -> None:
    """Make a copy of the file what the program was given."""
    with copy.open("ab") as file:
        file.write(given)
