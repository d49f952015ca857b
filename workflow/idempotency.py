"""Answers kept for requests that may come twice: the same key and body get the same answer.

Kept in the transaction of the work itself, so there is never work without its answer or the other
way round. A refusal changes nothing and is not kept: the same request may be sent again.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, select, tuple_
from sqlalchemy.exc import IntegrityError

from workflow.office import Reading, Transaction
from workflow.records import IdempotencyKey
from workflow.rules.errors import KeyReused, Unavailable

KEPT_FOR = timedelta(hours=24)


@dataclass(frozen=True)
class Asked:
    """A request as its sender would repeat it: who, where, under which key, with what."""

    account_id: uuid.UUID
    route: str
    key: str
    body_sha256: str


@dataclass(frozen=True)
class Answer:
    """What the request was answered: an HTTP status, JSON bytes, the version they show."""

    status: int
    content: bytes
    etag: str | None = None


class BeingAnswered(Exception):  # noqa: N818  it states a fact
    """The same request, sent at the same time, was first; this transaction must roll back."""


def claim(tx: Transaction, asked: Asked) -> Answer | None:
    """The answer kept for this request, or None when the work is still to be done.

    The key is written before the work: on PostgreSQL a concurrent duplicate waits here for the
    first one's commit (on SQLite already at the transaction's door).

    Raises:
        KeyReused: the key came with another body. BeingAnswered: see there.
    """
    _sweep(tx)
    kept = find(tx, asked)
    if kept is not None:
        return kept
    tx.add(_row(tx, asked))
    try:
        tx.session.flush()
    except IntegrityError as taken:
        raise BeingAnswered from taken
    return None


def keep(tx: Transaction, asked: Asked, answer: Answer) -> None:
    """Write what the claimed request is answered."""
    row = tx.session.get_one(IdempotencyKey, _identity(asked))
    row.status, row.answer, row.etag = answer.status, answer.content, answer.etag


def forget_about(tx: Transaction, subject_id: uuid.UUID) -> None:
    """Empty the kept answers that speak of something whose content is being destroyed.

    The keys stay, so that no request is done twice; a repeated one is told the id alone.
    """
    named = str(subject_id).encode()
    for row in tx.session.scalars(select(IdempotencyKey).with_for_update()):
        if named in row.answer:
            row.answer = json.dumps({"id": str(subject_id)}).encode()


def find(reading: Reading, asked: Asked) -> Answer | None:
    """The answer kept for this request. Raises KeyReused."""
    row = reading.session.get(IdempotencyKey, _identity(asked))
    if row is None:
        return None
    if row.body_sha256 != asked.body_sha256:
        raise KeyReused
    return Answer(row.status, row.answer, row.etag)


def answered(reading: Reading, asked: Asked) -> Answer:
    """The answer of the request that was first.

    Raises:
        KeyReused: the key came with another body. Unavailable: the first one failed meanwhile.
    """
    answer = find(reading, asked)
    if answer is None:
        raise Unavailable("Yêu cầu trùng", 1)
    return answer


def _identity(asked: Asked) -> tuple[uuid.UUID, str, str]:
    return (asked.account_id, asked.route, asked.key)


def _row(tx: Transaction, asked: Asked) -> IdempotencyKey:
    return IdempotencyKey(
        account_id=asked.account_id,
        route=asked.route,
        key=asked.key,
        body_sha256=asked.body_sha256,
        status=0,
        answer=b"",
        expires_at=tx.now + KEPT_FOR,
    )


def _sweep(tx: Transaction) -> None:
    """Forget expired answers, except those that another transaction is just forgetting."""
    identity = (IdempotencyKey.account_id, IdempotencyKey.route, IdempotencyKey.key)
    expired = (
        select(*identity)
        .where(IdempotencyKey.expires_at <= tx.now)
        .with_for_update(skip_locked=True)
    )
    tx.session.execute(delete(IdempotencyKey).where(tuple_(*identity).in_(expired)))
