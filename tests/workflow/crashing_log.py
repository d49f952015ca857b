"""A forked process that dies by SIGKILL at a chosen step of appending to the log.

Every part is the real one; key and store are wrapped to die before or after what they do, and the
database is watched for its commits.
"""

from __future__ import annotations

import os
from datetime import datetime
from typing import NoReturn

from sqlalchemy import event
from sqlalchemy.orm import Session

from tests.workflow.crashing import DyingStore, die
from workflow import checkpointing
from workflow.office import Office
from workflow.sealing import Sealing, SignedText
from workflow.settings import Settings

#: Where the process dies, in the order in which an append comes by.
STEPS = (
    "before_leaf_commits",
    "leaf_committed",
    "signed",
    "before_bytes_stored",
    "bytes_stored",
    "before_record_commits",
    "recorded",
)


class DyingSealing(Sealing):
    """The real key, in a process that dies when it has signed."""

    step = ""

    def sign_text(self, text: bytes, *, key_url: str, now: datetime) -> SignedText:
        signed = super().sign_text(text, key_url=key_url, now=now)
        if self.step == "signed":
            die()
        return signed


def append_and_die(settings: Settings, now: datetime, step: str) -> NoReturn:
    """In a child of a test, which never gets back into it."""
    try:
        _append(settings, now, step)
    finally:
        os._exit(1)  # it lives: the test sees that


def _append(settings: Settings, now: datetime, step: str) -> None:
    office = Office.open(settings, clock=lambda: now)
    office.log_objects = DyingStore(office.log_objects, step)
    sealing = DyingSealing.open(settings)
    sealing.step = step
    office.sealing = sealing
    commits = 0

    def before_commit(_session: Session) -> None:
        nonlocal commits
        commits += 1
        if (commits, step) in {(1, "before_leaf_commits"), (2, "before_record_commits")}:
            die()

    def after_commit(_session: Session) -> None:
        if (commits, step) in {(1, "leaf_committed"), (2, "recorded")}:
            die()

    event.listen(Session, "before_commit", before_commit)
    event.listen(Session, "after_commit", after_commit)
    checkpointing.append(office)
