"""Archive time-stamps on signed files: what fell short is raised, what runs out is renewed.

A time-stamp over the whole file, with the validation data of everything before it, keeps every
signature in it provable until the certificate of the stamp itself ends (EN 319 142-1 §6, B-LTA).
It only appends: what was delivered before keeps its bytes, and stays the beginning of these.

No person acts and no key of a person is used, so one job does it all: stamp, store, judge, record.
A crash before the record leaves at most an object that no row names, and the job runs again.
"""

from __future__ import annotations

import logging
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import func, select

from signing.report import SignatureReport
from workflow.access import main_case
from workflow.arrivals import Record, nothing
from workflow.chains import SYSTEM_CHAIN
from workflow.files import add_revision, current_files, latest_reports, store_report
from workflow.intents import GROWTH_BYTES, open_intents
from workflow.judging import prefix_sha256
from workflow.office import Office, Reading, Transaction
from workflow.records import (
    ArchiveStamp,
    Case,
    Document,
    File,
    Revision,
    SigningIntent,
    SigningOutcome,
)
from workflow.refusals import SigningRefusal, TrustAway
from workflow.rules.errors import Unavailable
from workflow.rules.levels import Level

log = logging.getLogger("vanthu.archiving")

#: How long before the certificate of a stamp ends the stamp is renewed: time enough to notice that
#: it fails, and for the authority to take up its next certificate.
MARGIN = timedelta(days=90)
#: What is looked through at once; the next page is a job of its own.
PAGE = 100
_DAY = timedelta(days=1)
#: Files are large and an outage is long: far longer than this, and far shorter than a day.
_REST_SECONDS = 300
_BUSY_SECONDS = 30
_SIGNED_AS = frozenset({"signed", "sealed", "archived"})
#: The issuer has frozen it, the receiver has destroyed it, or nobody will ever rest on it.
_OVER = frozenset({"recalled", "voided", "cancelled"})


@dataclass(frozen=True)
class _Held:
    """A signed file as it is now."""

    document: Document
    file: File
    newest: Revision
    report: SignatureReport


def raise_level(office: Office, file: str) -> Record:
    """Job: what was signed lower while a service was away gets what its kind demands."""
    with office.reading(None) as reading:
        held, now = _held(reading, uuid.UUID(file)), reading.now
        if held is None or not _falls_short(reading, held):
            return nothing
    return _stamped(office, held, now)


def renew_archive(office: Office, file: str) -> Record:
    """Job: a stamp that is about to run out gets another one over it, which lasts longer."""
    with office.reading(None) as reading:
        held, now = _held(reading, uuid.UUID(file)), reading.now
        ends_at = _ends_at(reading, uuid.UUID(file))
        if held is None or ends_at is None or ends_at > now + MARGIN:
            return nothing
    return _stamped(office, held, now, beyond=ends_at)


def renew_archives(office: Office, after: str | None = None) -> Record:  # noqa: ARG001
    """Job, every day: find the stamps that are about to run out. It plans its own next run."""

    def record(tx: Transaction) -> None:
        found = _running_out(tx, uuid.UUID(after) if after else None)
        for file_id in found:
            if not tx.waiting("renew_archive", file=file_id):
                tx.enqueue("renew_archive", file=file_id)
        if tx.waiting("renew_archives") > 1:
            return  # a dead one that was revived; the one that took its place goes on
        if len(found) == PAGE:
            tx.enqueue("renew_archives", after=found[-1])
        else:
            look_tomorrow(tx)

    return record


def look_tomorrow(tx: Transaction, after: str | None = None) -> None:  # noqa: ARG001
    """Plan the next day's search, also where today's failed at every try."""
    tx.enqueue("renew_archives", not_before=tx.now + _DAY)


def keep_looking(tx: Transaction) -> None:
    """See to it that the daily search is planned, once: whoever starts a worker calls this."""
    # One at a time asks whether it is, and the second finds what the first has planned.
    tx.lock_chain(SYSTEM_CHAIN)
    if not tx.waiting("renew_archives"):
        tx.enqueue("renew_archives")


def _stamped(
    office: Office, held: _Held, now: datetime, *, beyond: datetime | None = None
) -> Record:
    """Put an archive time-stamp on a file; with `beyond` only one that lasts longer than that."""
    organisation_id, base = held.document.organisation_id, held.newest
    with (
        office.local_copy(organisation_id, base.sha256, base.size_bytes) as source,
        TemporaryDirectory(prefix="vanthu-") as folder,
    ):
        target = Path(folder) / "archived.pdf"
        try:
            expires_at = office.sealing.archive(source, target).archive_expires_at
        except TrustAway as away:
            raise Unavailable(away.what, _REST_SECONDS) from away
        assert expires_at is not None  # what was archived is at B-LTA
        if beyond is not None and expires_at <= beyond:
            log.warning("file %s: the authority's certificate ends no later", held.file.id)
            return nothing
        if prefix_sha256(target, base.size_bytes) != base.sha256:
            raise SigningRefusal("tệp sau khi gắn dấu thời gian không nối tiếp đúng tệp trước đó.")
        judgement = office.sealing.judge(target, now)
        _refuse_less(held.report, judgement.report)
        report = office.keep_evidence(organisation_id, judgement)
        ref = office.keep(organisation_id, target, max_bytes=base.size_bytes + GROWTH_BYTES)

    def record(tx: Transaction) -> None:
        tx.lock_case(main_case(tx, held.document.id).id)
        present = _held(tx, held.file.id)
        if present is None:
            return
        if present.newest.id != base.id:
            raise _busy()
        store_report(tx, organisation_id, report)
        add_revision(
            tx, present.file, sha256=ref.sha256, size_bytes=ref.size_bytes, made_as="archived"
        )
        tx.add(
            ArchiveStamp(
                file_id=present.file.id, sha256=ref.sha256, expires_at=expires_at, at=tx.now
            )
        )
        tx.journal(
            "signature.archived",
            organisation_id,
            present.file.id,
            document=present.document.id,
            base=base.sha256,
            sha256=ref.sha256,
        )

    return record


def _held(reading: Reading, file_id: uuid.UUID) -> _Held | None:
    """The file, or None where no signature of ours is to be kept any longer.

    Raises:
        Unavailable: it is being signed; what comes of that is waited for.
    """
    file = reading.get(File, file_id)
    document = reading.get(Document, file.document_id)
    case = main_case(reading, document.id)
    newest = next((r for f, r in current_files(reading, document.id) if f.id == file_id), None)
    if case.state in _OVER or newest is None or newest.made_as not in _SIGNED_AS:
        return None
    if any(intent.file_id == file_id for intent in open_intents(reading, case.id)):
        raise _busy()
    report = latest_reports(reading, document.organisation_id, [newest.sha256])[newest.sha256]
    return _Held(document, file, newest, report)


def _busy() -> Unavailable:
    return Unavailable("Tệp đang được ký", _BUSY_SECONDS)


def _falls_short(reading: Reading, held: _Held) -> bool:
    """Whether some signature is below the level that was demanded when it was made."""
    refused = select(SigningOutcome.id).where(
        SigningOutcome.intent_id == SigningIntent.id, SigningOutcome.refusal.is_not(None)
    )
    demanded = dict(
        reading.session.execute(
            select(SigningIntent.field, SigningIntent.level)
            .where(SigningIntent.file_id == held.file.id, ~refused.exists())
            .order_by(SigningIntent.id)
        ).all()
    )
    return any(
        Level(found.level).below(Level(demanded[found.field]))
        for found in held.report.signatures
        if found.level is not None and found.field in demanded
    )


def _ends_at(reading: Reading, file_id: uuid.UUID) -> datetime | None:
    """When the stamp that lasts longest runs out."""
    return reading.session.scalar(
        select(ArchiveStamp.expires_at)
        .where(ArchiveStamp.file_id == file_id)
        .order_by(ArchiveStamp.expires_at.desc())
        .limit(1)
    )


def _running_out(reading: Reading, after: uuid.UUID | None) -> list[uuid.UUID]:
    """A page of files whose last stamp is about to run out, in the order of their ids."""
    query = (
        select(ArchiveStamp.file_id)
        .join(File, File.id == ArchiveStamp.file_id)
        .join(Case, (Case.document_id == File.document_id) & Case.parent_id.is_(None))
        .where(Case.state.not_in(_OVER))
        .group_by(ArchiveStamp.file_id)
        .having(func.max(ArchiveStamp.expires_at) <= reading.now + MARGIN)
        .order_by(ArchiveStamp.file_id)
        .limit(PAGE)
    )
    if after is not None:
        query = query.where(ArchiveStamp.file_id > after)
    return list(reading.session.scalars(query))


def _refuse_less(before: SignatureReport, after: SignatureReport) -> None:
    """Every signature is still there and holds, and what was added is one time-stamp that does."""

    def found(report: SignatureReport) -> list[tuple[str, str, str | None]]:
        return [(one.kind, one.field, one.revision_sha256) for one in report.signatures]

    *kept, added = found(after) or [("", "", None)]
    if after.verdict != "HOP_LE" or kept != found(before) or added[0] != "timestamp":
        raise SigningRefusal("dấu thời gian lưu trữ vừa gắn không qua được kiểm tra.")
