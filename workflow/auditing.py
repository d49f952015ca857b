"""The journal as an auditor reads it, and whether rows and chains are what was journalled."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from workflow.access import JOURNAL_ROLES, Chain, require_role
from workflow.office import Reading
from workflow.records import Base, ChainHead, Evidence, JournalEntry
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


@dataclass(frozen=True)
class Tampering:
    """A row or chain that is not what was journalled."""

    where: str
    what: str  # edited | missing | inserted | reordered


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


def verify_all(reading: Reading) -> list[Tampering]:
    """Every chain, and every evidence row against the last digest that was journalled for it.

    For the operator: it reads the whole database. An administrator who rewrites rows *and* chains
    is found by checkpoints kept elsewhere, not here.
    """
    found: list[Tampering] = []
    latest: dict[tuple[str, str], str] = {}
    chains = set(reading.session.scalars(select(ChainHead.chain)))
    chains |= set(reading.session.scalars(select(JournalEntry.chain).distinct()))
    for chain in sorted(chains):
        findings = _walk(reading, chain)
        if findings.broken is not None:
            place = f"journal {chain} #{findings.broken.sequence}"
            found.append(Tampering(place, findings.broken.kind.value))
        for _, content, _ in _stored(reading, chain):
            try:
                entry = journal.parse(content)
            except journal.NotCanonical:
                continue  # reported above
            for row in entry.rows:
                latest[row.table, row.id] = row.digest
    for table in _evidence_tables():
        for evidence in reading.session.scalars(select(table).execution_options(yield_per=_BATCH)):
            key = (table.__tablename__, str(evidence.id))
            digest = latest.pop(key, None)
            if digest is None:
                found.append(Tampering(f"{key[0]} {key[1]}", "inserted"))
            elif digest != evidence.row_digest():
                found.append(Tampering(f"{key[0]} {key[1]}", "edited"))
    found += [Tampering(f"{name} {row_id}", "missing") for name, row_id in sorted(latest)]
    return found


def _evidence_tables() -> list[type[Evidence]]:
    return [
        mapper.class_ for mapper in Base.registry.mappers if issubclass(mapper.class_, Evidence)
    ]
