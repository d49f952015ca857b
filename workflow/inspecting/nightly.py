"""The same walk every night, in jobs of some seconds: one check at a time, and a crash loses none.

A check's row says which stage it is at and where. What a slice finds is recorded with the place it
came to, in one transaction; cut off, it is walked again.
"""

from __future__ import annotations

import datetime
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from sqlalchemy import select

from workflow.chains import SYSTEM_CHAIN
from workflow.faults import unavailable
from workflow.inspecting import STAGES, Finding, Stage, Walk
from workflow.inspecting.index import Index
from workflow.office import VIETNAM, Office, Reading, Transaction
from workflow.records import ArchiveCheck, ArchiveFinding, OrganisationName
from workflow.rules.errors import Forbidden, NotFound

#: A slice begins no second step after so long: with the longest, well within a job's lease.
SLICE_SECONDS = 10.0
#: When nobody works, local time.
_AT = datetime.time(1)
#: Who may know, in an organisation that is under no other: it is about all of them.
ROLES = frozenset({"administrator", "auditor"})
Record = Callable[[Transaction], None]


def inspect_archive(_office: Office) -> Record:
    """Job, every night: begin a check, or go on with one that came to a stop. It plans its next."""

    def record(tx: Transaction) -> None:
        if tx.waiting("inspect_archive") == 1:  # a dead one that was revived leaves it to the other
            inspect_tomorrow(tx)
        check = _unfinished(tx)
        if check is None:
            check = tx.add(
                ArchiveCheck(
                    started_at=tx.now,
                    finished_at=None,
                    stage=next(iter(STAGES)).value,
                    after="",
                    looked_at=0,
                    found=0,
                )
            )
            tx.session.flush()
        if not tx.waiting("inspect_slice"):
            tx.enqueue("inspect_slice", check=check.id)

    return record


def inspect_tomorrow(tx: Transaction) -> None:
    """Plan the next night's check, also where this one could not be begun."""
    tonight = datetime.datetime.combine(tx.today, _AT, VIETNAM)
    if tonight <= tx.now:
        tonight += datetime.timedelta(days=1)
    tx.enqueue("inspect_archive", not_before=tonight.astimezone(datetime.UTC))


def keep_inspecting(tx: Transaction) -> None:
    """See to it that the nightly check is planned, once: whoever starts a worker calls this."""
    tx.lock_chain(SYSTEM_CHAIN)
    if not tx.waiting("inspect_archive"):
        inspect_tomorrow(tx)


def inspect_slice(office: Office, check: str) -> Record:
    """Job: some seconds of a check. It plans the next slice, until the check is through.

    Raises:
        Unavailable: a store does not answer; the slice is walked later.
    """
    check_id = uuid.UUID(check)
    with office.reading(None) as reading:
        row = reading.get(ArchiveCheck, check_id)
        stage, after, started_at = Stage(row.stage), row.after, row.started_at
        if row.finished_at is not None:
            return _nothing
    before = (stage.value, after)
    ends_at = time.monotonic() + SLICE_SECONDS
    findings: list[Finding] = []
    looked_at = 0
    onwards: Stage | None = stage
    index = _index_of(office, check_id)
    try:
        walk = Walk(office, index, started_at)
        while onwards is not None:
            with unavailable():
                step = STAGES[onwards](walk, after)
            findings += step.findings
            looked_at += step.looked_at
            if step.after is None:
                onwards, after = _next(onwards), ""
            else:
                after = step.after
            if time.monotonic() >= ends_at:
                break
    finally:
        index.close()

    def record(tx: Transaction) -> None:
        row = tx.session.get_one(ArchiveCheck, check_id, with_for_update=True)
        if (row.stage, row.after) != before or row.finished_at is not None:
            return  # another worker has walked this slice and goes on
        tx.session.add_all(
            ArchiveFinding(check_id=check_id, kind=one.kind.value, place=one.place)
            for one in findings
        )
        row.looked_at += looked_at
        row.found += len(findings)
        if onwards is None:
            row.finished_at = tx.now
            _forget(office, check_id)
        else:
            row.stage, row.after = onwards.value, after
            tx.enqueue("inspect_slice", check=check_id)

    return record


def checks(
    reading: Reading, after: uuid.UUID | None = None, limit: int = 200
) -> Sequence[ArchiveCheck]:
    """The checks, the newest first, from the one before `after`.

    Raises:
        Forbidden: the actor neither administers nor audits an organisation that is under no other.
    """
    if not _may_know(reading):
        raise Forbidden(sorted(ROLES))
    query = select(ArchiveCheck).order_by(ArchiveCheck.id.desc()).limit(limit)
    if after is not None:
        query = query.where(ArchiveCheck.id < after)
    return reading.session.scalars(query).all()


def found_by(
    reading: Reading, check_id: uuid.UUID, after: uuid.UUID | None = None, limit: int = 200
) -> Sequence[ArchiveFinding]:
    """What a check has found so far, in order, from the finding behind `after`.

    Raises:
        NotFound: also for whoever may not know of it, see `checks`.
    """
    if not _may_know(reading):
        raise NotFound("Lần kiểm tra kho")
    reading.get(ArchiveCheck, check_id, "Lần kiểm tra kho")
    query = (
        select(ArchiveFinding)
        .where(ArchiveFinding.check_id == check_id)
        .order_by(ArchiveFinding.id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(ArchiveFinding.id > after)
    return reading.session.scalars(query).all()


def _may_know(reading: Reading) -> bool:
    mine = reading.actor.organisations_where(ROLES)
    above = (
        select(OrganisationName.id)
        .where(
            OrganisationName.organisation_id.in_(mine),
            OrganisationName.parent_id.is_(None),
            OrganisationName.holds_on(reading.today),
        )
        .limit(1)
    )
    return reading.session.scalar(above) is not None


def _unfinished(tx: Transaction) -> ArchiveCheck | None:
    tx.lock_chain(SYSTEM_CHAIN)  # one at a time asks: there are no two checks
    return tx.session.scalar(
        select(ArchiveCheck)
        .where(ArchiveCheck.finished_at.is_(None))
        .order_by(ArchiveCheck.id.desc())
        .limit(1)
    )


def _next(stage: Stage) -> Stage | None:
    stages = list(STAGES)
    place = stages.index(stage) + 1
    return stages[place] if place < len(stages) else None


def _folder(office: Office) -> Path:
    return office.settings.data_dir / "inspecting"


def _index_of(office: Office, check_id: uuid.UUID) -> Index:
    """The scratch file of a check on this machine; those of others are needed no more."""
    folder = _folder(office)
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"{check_id}.db"
    for other in folder.iterdir():
        if not other.name.startswith(path.name):
            with suppress(FileNotFoundError):
                other.unlink()
    return Index(path)


def _forget(office: Office, check_id: uuid.UUID) -> None:
    for path in _folder(office).glob(f"{check_id}.db*"):
        with suppress(FileNotFoundError):
            path.unlink()


def _nothing(_tx: Transaction) -> None:
    """Record nothing."""
