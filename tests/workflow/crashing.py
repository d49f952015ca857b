"""A process that dies by SIGKILL at a chosen step of the signing trip (`workflow.intents`).

Run as `python -m tests.workflow.crashing DATA_DIR DATABASE_URL NOW STEP`: does the jobs due at
NOW and kills itself when the step is reached. Every part is the real one; two of them are wrapped
to die before or after what they do, and the database is watched for its commits.
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import event
from sqlalchemy.orm import Session

from signing.pades import SignedRevision
from signing.report import Judgement
from storage.objects import ObjectRef, ObjectStat, ObjectStore
from workflow.jobs import run_all
from workflow.office import Office
from workflow.sealing import Sealing
from workflow.settings import Settings

#: Where the process dies, in the order in which the signing jobs come by.
STEPS = (
    "before_claim_commits",
    "claimed",
    "bytes_read",
    "signed",
    "before_bytes_stored",
    "bytes_stored",
    "before_made_commits",
    "made_committed",
    "judging_claimed",
    "judged",
    "before_outcome_commits",
    "outcome_committed",
)


#: The same for the job that puts an archive time-stamp on: it judges before it stores, and commits
#: its result at once.
ARCHIVING_STEPS = (
    "before_claim_commits",
    "claimed",
    "bytes_read",
    "signed",
    "judged",
    "before_bytes_stored",
    "bytes_stored",
    "before_made_commits",
    "made_committed",
)


#: A list of two: claim, step and signature of the first; its judging; the same for the second.
BATCH_STEPS = ("signed", "bytes_stored", *(f"before_commit_{n}" for n in range(2, 10)))


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class DyingStore:
    """The real store, in a process that dies around its work."""

    def __init__(self, store: ObjectStore, step: str) -> None:
        self._store, self._step = store, step

    def put(
        self,
        organisation: UUID,
        source: BinaryIO | Path,
        *,
        max_bytes: int,
        expected_sha256: str | None = None,
        retain_until: datetime | None = None,
    ) -> ObjectRef:
        if self._step == "before_bytes_stored":
            die()
        ref = self._store.put(
            organisation,
            source,
            max_bytes=max_bytes,
            expected_sha256=expected_sha256,
            retain_until=retain_until,
        )
        if self._step == "bytes_stored":
            die()
        return ref

    def open(self, ref: ObjectRef) -> BinaryIO:
        return self._store.open(ref)

    def stat(self, ref: ObjectRef) -> ObjectStat:
        return self._store.stat(ref)

    def exists(self, ref: ObjectRef) -> bool:
        return self._store.exists(ref)

    def delete(self, ref: ObjectRef) -> None:
        self._store.delete(ref)

    def ping(self) -> str:
        return self._store.ping()


class DyingSealing(Sealing):
    """The real keys, in a process that dies around their work."""

    step = ""

    def sign(self, source: Path, target: Path, **how: Any) -> SignedRevision:
        if self.step == "bytes_read":
            die()
        signed = super().sign(source, target, **how)
        if self.step == "signed":
            die()
        return signed

    def archive(self, source: Path, target: Path) -> SignedRevision:
        if self.step == "bytes_read":
            die()
        archived = super().archive(source, target)
        if self.step == "signed":
            die()
        return archived

    def judge(self, source: Path, at: datetime | None) -> Judgement:
        judgement = super().judge(source, at)
        if self.step == "judged":
            die()
        return judgement


def main(data_dir: str, database_url: str, now: str, step: str) -> None:
    settings = Settings(data_dir=Path(data_dir), database_url=SecretStr(database_url))
    office = Office.open(settings, clock=lambda: datetime.fromisoformat(now))
    office.objects = DyingStore(office.objects, step)
    sealing = DyingSealing.open(settings)
    sealing.step = step
    office.sealing = sealing
    commits = 0

    def before_commit(_session: Session) -> None:
        nonlocal commits
        commits += 1
        if step == f"before_commit_{commits}":
            die()
        # Two jobs, and each commits twice: its claim, then its result.
        if (commits, step) in {
            (1, "before_claim_commits"),
            (2, "before_made_commits"),
            (4, "before_outcome_commits"),
        }:
            die()

    def after_commit(_session: Session) -> None:
        if (commits, step) in {
            (1, "claimed"),
            (2, "made_committed"),
            (3, "judging_claimed"),
            (4, "outcome_committed"),
        }:
            die()

    event.listen(Session, "before_commit", before_commit)
    event.listen(Session, "after_commit", after_commit)
    run_all(office)


if __name__ == "__main__":
    main(*sys.argv[1:])
