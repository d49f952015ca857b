"""Jobs are rows: written in the transaction that wants them, settled in the one that did them.

A broker only rings the bell with a job's id; losing or doubling a ring loses or doubles nothing.
A worker *claims* a job under a lease, works with no transaction open, and then *settles* it in the
same transaction as the result. The number of the attempt is the fence: when the lease has run out
and another worker has claimed the job, the first can no longer settle it: its result rolls back.

Every function works in the caller's transaction and with the caller's clock.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Column,
    ColumnElement,
    Index,
    Integer,
    Row,
    String,
    Table,
    Text,
    Uuid,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from storage.database import UtcDateTime, metadata
from storage.errors import LeaseLost

WAITING = "waiting"
DEAD = "dead"
Outcome = Literal["done", "refused", "dead"]

job = Table(
    "job",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", String(64), nullable=False),
    Column("args", Text, nullable=False),
    Column("not_before_at", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("postponements", Integer, nullable=False),
    Column("leased_until_at", UtcDateTime),
    Column("state", String(8), nullable=False),
    Column("error", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("settled_at", UtcDateTime),
    CheckConstraint("state IN ('waiting', 'done', 'refused', 'dead')", name="state"),
    CheckConstraint("(state = 'waiting') = (settled_at IS NULL)", name="settled"),
)
# Settled jobs pile up for ever; the sweep must not walk over them.
Index(
    "ix_job_waiting",
    job.c.not_before_at,
    job.c.id,
    sqlite_where=job.c.state == WAITING,
    postgresql_where=job.c.state == WAITING,
)


@dataclass(frozen=True)
class Job:
    """One claimed attempt at a job. `attempts` counts claims, this one included."""

    id: UUID
    name: str
    args: Mapping[str, Any]
    attempts: int
    postponements: int
    leased_until_at: datetime
    created_at: datetime

    @property
    def tries(self) -> int:
        """Attempts that count against the job: not those that met a store or service down."""
        return self.attempts - self.postponements


@dataclass(frozen=True)
class RetryPolicy:
    """How often a job may fail, and how long it rests: the rest doubles each time up to a bound."""

    tries: int
    first_rest: timedelta
    longest_rest: timedelta

    def rest(self, tries: int) -> timedelta:
        """How long to wait after so many failed tries."""
        # The exponent is bounded because timedelta overflows long before tries does.
        return min(self.longest_rest, self.first_rest * (1 << min(tries - 1, 20)))

    def exhausted(self, claimed: Job) -> bool:
        """Whether this claim is one too many: every earlier try took its worker down with it.

        The runner asks before it runs the job, and settles it as dead.
        """
        return claimed.tries > self.tries


def enqueue(
    session: Session,
    name: str,
    args: Mapping[str, Any],
    now: datetime,
    not_before: datetime | None = None,
) -> UUID:
    """Write a job and return its id; it exists if and only if the caller's transaction commits.

    `args` is plain JSON. Raises TypeError when it is not.
    """
    job_id = uuid7()
    session.execute(
        insert(job).values(
            id=job_id,
            name=name,
            args=_text(args),
            not_before_at=not_before or now,
            attempts=0,
            postponements=0,
            state=WAITING,
            created_at=now,
        )
    )
    return job_id


def waiting(session: Session, name: str, args: Mapping[str, Any] | None = None) -> int:
    """How many jobs of this name (with exactly these args, if given) wait or are being done."""
    found = select(func.count()).where(job.c.state == WAITING, job.c.name == name)
    if args is not None:
        found = found.where(job.c.args == _text(args))
    return session.scalars(found).one()


def claim(
    session: Session, now: datetime, lease_seconds: int, job_id: UUID | None = None
) -> Job | None:
    """Take the job that has waited longest (or the one named) under a lease, or None.

    One statement on both engines: SQLite has one writer at a time, PostgreSQL passes over rows
    that another transaction holds.
    """
    candidates = select(job.c.id).where(_is_due(now))
    if job_id is not None:
        candidates = candidates.where(job.c.id == job_id)
    first = (
        candidates.order_by(job.c.not_before_at, job.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    row = session.execute(
        update(job)
        .where(job.c.id == first)
        .values(
            attempts=job.c.attempts + 1,
            leased_until_at=now + timedelta(seconds=lease_seconds),
        )
        .returning(job)
    ).one_or_none()
    return None if row is None else _job(row)


def settle(
    session: Session, claimed: Job, state: Outcome, error: str | None, now: datetime
) -> None:
    """Close the job with its outcome, in the transaction of its result. Raises LeaseLost."""
    _release(session, claimed, state=state, settled_at=now, error=error)


def postpone(session: Session, claimed: Job, until: datetime, error: str, now: datetime) -> None:
    """Put the job back because something it needs is down; this is not held against the job.

    It rests until `until`, or until `now` if that is later. Raises LeaseLost.
    """
    _release(
        session,
        claimed,
        not_before_at=max(until, now),
        postponements=job.c.postponements + 1,
        error=error,
    )


def retry(
    session: Session, claimed: Job, error: str, now: datetime, policy: RetryPolicy
) -> Literal["waiting", "dead"]:
    """Put a job that failed back to rest, or lay it down dead when its tries are used up.

    Returns the state it is in now. Raises LeaseLost.
    """
    if claimed.tries >= policy.tries:
        settle(session, claimed, "dead", error, now)
        return "dead"
    _release(session, claimed, not_before_at=now + policy.rest(claimed.tries), error=error)
    return "waiting"


def due(session: Session, now: datetime, limit: int) -> list[UUID]:
    """Jobs nobody is working on and whose time has come, longest waiting first: ring for them."""
    return list(
        session.scalars(
            select(job.c.id)
            .where(_is_due(now))
            .order_by(job.c.not_before_at, job.c.id)
            .limit(limit)
        )
    )


@dataclass(frozen=True)
class Standing:
    """A job as an operator sees it; what it works on stays in its row."""

    id: UUID
    name: str
    state: str
    attempts: int
    error: str | None
    created_at: datetime


def unsettled(session: Session, limit: int) -> list[Standing]:
    """Jobs that wait and jobs that died, oldest first."""
    rows = session.execute(
        select(job)
        .where(job.c.state.in_((WAITING, DEAD)))
        .order_by(job.c.created_at, job.c.id)
        .limit(limit)
    )
    return [
        Standing(row.id, row.name, row.state, row.attempts, row.error, row.created_at)
        for row in rows
    ]


def revive(session: Session, job_id: UUID, now: datetime) -> bool:
    """Let a dead job be tried afresh; False when there is no dead job of this id."""
    revived = session.scalar(
        update(job)
        .where(job.c.id == job_id, job.c.state == DEAD)
        # Earlier tries are forgiven as outages are: attempts itself is the fence and only grows.
        .values(
            state=WAITING,
            settled_at=None,
            not_before_at=now,
            leased_until_at=None,
            postponements=job.c.attempts,
        )
        .returning(job.c.id)
    )
    return revived is not None


def _is_due(now: datetime) -> ColumnElement[bool]:
    return (
        (job.c.state == WAITING)
        & (job.c.not_before_at <= now)
        & or_(job.c.leased_until_at.is_(None), job.c.leased_until_at <= now)
    )


def _release(session: Session, claimed: Job, **values: object) -> None:
    released = session.scalar(
        update(job)
        .where(
            job.c.id == claimed.id,
            job.c.state == WAITING,
            job.c.attempts == claimed.attempts,
            # A job already put back by this very attempt has no lease to give back.
            job.c.leased_until_at.is_not(None),
        )
        .values(leased_until_at=None, **values)
        .returning(job.c.id)
    )
    if released is None:
        raise LeaseLost(f"job {claimed.id} ({claimed.name}), attempt {claimed.attempts}")


def _text(args: Mapping[str, Any]) -> str:
    return json.dumps(args, ensure_ascii=False, sort_keys=True)


def _job(row: Row[Any]) -> Job:
    return Job(
        id=row.id,
        name=row.name,
        args=json.loads(row.args),
        attempts=row.attempts,
        postponements=row.postponements,
        leased_until_at=row.leased_until_at,
        created_at=row.created_at,
    )
