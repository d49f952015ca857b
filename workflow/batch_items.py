"""Where the documents of a list stand that is being signed, and when the list is done.

The list itself is `workflow.batches`; what becomes of one signature is known where intents end.
"""

from __future__ import annotations

import uuid

from sqlalchemy import select

from workflow.office import Transaction
from workflow.records import SigningBatch, SigningBatchItem

WAITING, SIGNING, SIGNED, REFUSED = "waiting", "signing", "signed", "refused"


def locked(tx: Transaction, batch_id: uuid.UUID) -> SigningBatch:
    """The list, locked until the end: after a case and before a chain."""
    return tx.session.scalars(
        select(SigningBatch)
        .where(SigningBatch.id == batch_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def intent_ended(tx: Transaction, intent_id: uuid.UUID, refusal: str | None) -> None:
    """So has the item that the intent was recorded for, if it was for one."""
    item = tx.session.scalar(
        select(SigningBatchItem).where(SigningBatchItem.intent_id == intent_id)
    )
    if item is not None:
        end(tx, locked(tx, item.batch_id), item, refusal)


def end(tx: Transaction, batch: SigningBatch, item: SigningBatchItem, refusal: str | None) -> None:
    """An item of a locked list was signed, or refused with a sentence; the last one ends it."""
    item.result, item.reason = REFUSED if refusal else SIGNED, refusal
    tx.session.flush()
    left = select(SigningBatchItem.id).where(
        SigningBatchItem.batch_id == batch.id, SigningBatchItem.result.in_((WAITING, SIGNING))
    )
    if tx.session.scalar(left.limit(1)) is None:
        batch.finished_at = tx.now
