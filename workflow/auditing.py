"""The journal as an auditor reads it, and whether a chain is what was journalled."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence

from sqlalchemy import select

from workflow.access import JOURNAL_ROLES, Chain, require_role
from workflow.office import Reading
from workflow.records import ChainHead, JournalEntry
from workflow.rules import journal

_BATCH = 1000


def entries(
    reading: Reading,
    organisation_id: uuid.UUID,
    chain: Chain = Chain.ACTS,
    *,
    after: int = 0,
    limit: int = 200,
) -> Sequence[JournalEntry]:
    """Entries of one of an organisation's chains in order, from the one behind `after`.

    Raises:
        NotFound, Forbidden: see JOURNAL_ROLES.
    """
    require_role(reading, organisation_id, JOURNAL_ROLES)
    return reading.session.scalars(
        select(JournalEntry)
        .where(JournalEntry.chain == chain.named(organisation_id), JournalEntry.sequence > after)
        .order_by(JournalEntry.sequence)
        .limit(limit)
    ).all()


def verify_chain(
    reading: Reading, organisation_id: uuid.UUID, chain: Chain = Chain.ACTS
) -> journal.Findings:
    """Walk one of an organisation's chains to its head.

    Raises:
        NotFound, Forbidden: see JOURNAL_ROLES.
    """
    require_role(reading, organisation_id, JOURNAL_ROLES)
    return _walk(reading, chain.named(organisation_id))


def _stored(reading: Reading, chain: str) -> Iterator[journal.Stored]:
    yield from reading.session.execute(
        select(JournalEntry.sequence, JournalEntry.content, JournalEntry.digest)
        .where(JournalEntry.chain == chain)
        .order_by(JournalEntry.sequence)
        .execution_options(yield_per=_BATCH)
    )


def _walk(reading: Reading, chain: str) -> journal.Findings:
    head = reading.session.get(ChainHead, chain)
    known = (head.sequence, head.digest) if head else (0, journal.genesis(chain))
    return journal.verify(_stored(reading, chain), chain=chain, head=known)
