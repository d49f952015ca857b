"""What a key made, judged in full before anything moves on it, and recorded once.

Steps 8 and 9 of the signing trip (`workflow.intents`).
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from pathlib import Path

from signing.report import SignatureReport
from storage.objects import ObjectRef
from workflow import intents
from workflow.batch_items import intent_ended
from workflow.files import add_revision, store_report
from workflow.office import Office, Transaction
from workflow.records import (
    ArchiveStamp,
    File,
    Revision,
    SignatureMade,
    SigningCertificate,
    SigningIntent,
    SigningOutcome,
)
from workflow.refusals import SigningRefusal
from workflow.rules.levels import Level


@dataclass(frozen=True)
class Signed:
    """What an intent led to, not yet recorded: stored bytes and the report over them."""

    intent_id: uuid.UUID
    file_id: uuid.UUID
    ref: ObjectRef
    report: SignatureReport


def judge(office: Office, intent_id: uuid.UUID) -> Signed | None:
    """The full report over what the key made; None when the intent has ended already.

    Raises:
        SigningRefusal: what was made is not what the intent says: it is not recorded.
    """
    with office.reading(None) as reading:
        intent = reading.get(SigningIntent, intent_id)
        if intents.ended(reading, intent_id):
            return None
        made = intents.made_of(reading, intent_id)
        if made is None:
            raise RuntimeError(f"nothing was made of intent {intent_id}")
        certificate = reading.get(SigningCertificate, intent.certificate_id)
        base = intents.base_of(reading, intent)
        now = reading.now
    with office.local_copy(intent.organisation_id, made.sha256, made.size_bytes) as path:
        if prefix_sha256(path, base.size_bytes) != base.sha256:
            raise SigningRefusal("tệp sau khi ký không nối tiếp đúng tệp đã duyệt.")
        judgement = office.sealing.judge_own(path, now, made.level)
    _refuse_bad_own_signature(judgement.report, intent, certificate, made)
    report = office.keep_evidence(intent.organisation_id, judgement)
    ref = ObjectRef(intent.organisation_id, made.sha256, made.size_bytes)
    return Signed(intent_id, intent.file_id, ref, report)


def _refuse_bad_own_signature(
    report: SignatureReport,
    intent: SigningIntent,
    certificate: SigningCertificate,
    made: SignatureMade,
) -> None:
    """What is recorded is intact, in the intent's field, under its certificate, at its level."""
    last = next((item for item in reversed(report.signatures) if item.kind == "signature"), None)
    if (
        report.integrity != "INTACT"
        or last is None
        or last.field != intent.field
        or last.certificate_sha256 != certificate.certificate_sha256
        or last.level is None
        or Level(last.level).below(Level(made.level))
    ):
        raise SigningRefusal("chữ ký vừa tạo không qua được kiểm tra, chưa ghi nhận.")


def record_signed(tx: Transaction, signed: Signed, made_as: str) -> Revision:
    """The signed bytes become the file, exactly once: an intent has one outcome.

    A signature below the level that is demanded is raised by a job, as soon as that can be done.
    """
    intent = tx.get(SigningIntent, signed.intent_id)
    made = intents.made_of(tx, signed.intent_id)
    assert made is not None  # what was judged was made
    report = store_report(tx, intent.organisation_id, signed.report)
    revision = add_revision(
        tx,
        tx.get(File, signed.file_id),
        sha256=signed.ref.sha256,
        size_bytes=signed.ref.size_bytes,
        made_as=made_as,
    )
    tx.session.flush()
    tx.add(
        SigningOutcome(
            intent_id=signed.intent_id, revision_id=revision.id, report_id=report.id, at=tx.now
        )
    )
    intent_ended(tx, signed.intent_id, None)
    if made.archive_expires_at is not None:
        tx.add(
            ArchiveStamp(
                file_id=signed.file_id,
                sha256=signed.ref.sha256,
                expires_at=made.archive_expires_at,
                at=tx.now,
            )
        )
    if Level(made.level).below(Level(intent.level)):
        tx.enqueue("raise_level", file=signed.file_id)
    return revision


def prefix_sha256(path: Path, size_bytes: int) -> str:
    """The digest of the first bytes of a file: a signature may only append (Art. 11.2)."""
    digest = hashlib.sha256()
    left = size_bytes
    with path.open("rb") as file:
        while left and (chunk := file.read(min(left, 1 << 20))):
            digest.update(chunk)
            left -= len(chunk)
    return digest.hexdigest()
