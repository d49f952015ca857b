"""Chains link by link to their heads, and every evidence row against what was journalled last."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence

from sqlalchemy import String, func, select, type_coerce
from sqlalchemy.orm import Session

from workflow.inspecting.findings import Finding, Kind, Step, Walk, raise_if_away
from workflow.inspecting.index import Index
from workflow.records import Base, ChainHead, Evidence, JournalEntry
from workflow.rules import journal

_ENTRIES, _ROWS = 5_000, 1_000
_KINDS = {
    journal.Kind.EDITED: Kind.CHAIN_EDITED,
    journal.Kind.MISSING: Kind.CHAIN_MISSING,
    journal.Kind.INSERTED: Kind.CHAIN_INSERTED,
    journal.Kind.REORDERED: Kind.CHAIN_REORDERED,
}
#: Instead of a digest, where a chain is broken: what follows is read on, and no longer judged.
_BROKEN = "-"


def look_at_chains(walk: Walk, after: str) -> Step:
    """Some thousand entries of a chain. `after`: its name, the last sequence and digest."""
    with walk.office.reading(None) as reading:
        chain, sequence, digest = after.split(" ") if after else ("", "0", "")
        if digest == "":
            following = next_chain(reading.session, chain)
            if following is None:
                return Step((), 0, None)
            chain, sequence, digest = following, "0", journal.genesis(following)
        return follow(reading.session, walk.index, chain, int(sequence), digest)


def next_chain(session: Session, after: str) -> str | None:
    """The chain behind this one by name, also one that has lost its head or all its entries."""
    named = [
        session.scalar(select(func.min(column)).where(column > after))
        for column in (ChainHead.chain, JournalEntry.chain)
    ]
    return min(filter(None, named), default=None)


def follow(
    session: Session, index: Index, chain: str, sequence: int, digest: str, limit: int = _ENTRIES
) -> Step:
    """Walk on from an entry of a chain, whose digest is known, and take in what is digested."""
    stored = [
        (found, bytes(content), written)
        for found, content, written in session.execute(
            select(JournalEntry.sequence, JournalEntry.content, JournalEntry.digest)
            .where(JournalEntry.chain == chain, JournalEntry.sequence > sequence)
            .order_by(JournalEntry.sequence)
            .limit(limit)
        )
    ]
    through = len(stored) < limit
    findings: list[Finding] = []
    if digest != _BROKEN:
        head = _head(session, chain)
        findings = list(_judge(chain, sequence, digest, stored, head if through else None))
    index.learn(chain, sequence, ((found, content) for found, content, _ in stored))
    if through:
        return Step(findings, len(stored), f"{chain} 0 ")
    last, _, written = stored[-1]
    known = _BROKEN if findings or digest == _BROKEN else written
    return Step(findings, len(stored), f"{chain} {last} {known}")


def _head(session: Session, chain: str) -> tuple[int, str]:
    found = session.execute(
        select(ChainHead.sequence, ChainHead.digest).where(ChainHead.chain == chain)
    ).first()
    return (found.sequence, found.digest) if found else (0, journal.genesis(chain))


def _judge(
    chain: str,
    sequence: int,
    digest: str,
    stored: Sequence[journal.Stored],
    head: tuple[int, str] | None,
) -> Iterator[Finding]:
    """The first break among entries that follow a known one; with `head`, they are the last."""
    found = journal.verify(stored, chain=chain, head=head, after=(sequence, digest))
    if found.broken is not None:
        yield Finding(_KINDS[found.broken.kind], f"{chain} #{found.broken.sequence}")
    elif head is not None and found.entries > head[0]:
        yield Finding(Kind.CHAIN_INSERTED, f"{chain} #{head[0] + 1}")
    elif head is not None and found.entries == head[0] and found.head != head[1]:
        yield Finding(Kind.CHAIN_EDITED, f"{chain} #{head[0]}")


def catch_up(session: Session, index: Index, most: int = 10 * _ENTRIES) -> bool:
    """Take in what was journalled since the chains were walked: it will be judged next time.

    False where that was more than `most` entries, so that there are others yet.
    """
    heads = session.execute(select(ChainHead.chain, ChainHead.sequence)).all()
    for chain, sequence in heads:
        while (begin := index.walked(chain)) < sequence:
            if most <= 0:
                return False
            fresh = [
                (found, bytes(content))
                for found, content in session.execute(
                    select(JournalEntry.sequence, JournalEntry.content)
                    .where(JournalEntry.chain == chain, JournalEntry.sequence > begin)
                    .order_by(JournalEntry.sequence)
                    .limit(_ENTRIES)
                )
            ]
            if not fresh:
                break  # entries are missing; that was found
            index.learn(chain, begin, fresh)
            most -= len(fresh)
    return True


def look_at_rows(walk: Walk, after: str) -> Step:
    """Some hundred rows of a table of evidence. `after`: its name and the last id."""
    kinds = evidence_tables()
    names = sorted({*kinds, *walk.index.tables()})
    table, _, row_id = after.partition(" ")
    if not row_id:
        table = next((name for name in names if name > table), "")
        if not table:
            return Step((), 0, None)
    with walk.office.reading(None) as reading:
        if not catch_up(reading.session, walk.index):
            return Step((), 0, after)
        if table not in kinds:
            lost = sorted(walk.index.digests(table, "", None))
            return Step([_row(Kind.ROW_MISSING, table, one) for one in lost], len(lost), table)
        return compare(reading.session, walk.index, kinds[table], row_id)


def evidence_tables() -> dict[str, type[Evidence]]:
    """Every table of evidence by its name."""
    return {
        mapper.class_.__tablename__: mapper.class_
        for mapper in Base.registry.mappers
        if issubclass(mapper.class_, Evidence)
    }


def compare(
    session: Session, index: Index, kind: type[Evidence], after: str, limit: int = _ROWS
) -> Step:
    """Rows of a table behind an id, against the digests that the index has for the same range."""
    table = kind.__tablename__
    found = _digests(session, kind, after, limit)
    upto = list(found)[-1] if len(found) == limit else None
    journalled = index.digests(table, after, upto)
    findings = []
    for row_id in sorted(found.keys() | journalled.keys()):
        if row_id not in found:
            findings.append(_row(Kind.ROW_MISSING, table, row_id))
        elif row_id not in journalled:
            findings.append(_row(Kind.ROW_INSERTED, table, row_id))
        elif found[row_id] != journalled[row_id]:
            findings.append(_row(Kind.ROW_EDITED, table, row_id))
    return Step(findings, len(found), table if upto is None else f"{table} {upto}")


def _digests(
    session: Session, kind: type[Evidence], after: str, limit: int
) -> dict[str, str | None]:
    """The digests of rows as they are, by id in order; None where a row has no readable form."""
    query = select(kind).order_by(kind.id).limit(limit)
    if after:
        query = query.where(kind.id > uuid.UUID(after))
    try:
        found: dict[str, str | None] = {
            str(row.id): row.row_digest() for row in session.scalars(query)
        }
    except Exception:  # whatever a driver or type says of what somebody wrote into a column
        session.expunge_all()
        return _one_by_one(session, kind, after, limit)
    session.expunge_all()
    return found


def _one_by_one(
    session: Session, kind: type[Evidence], after: str, limit: int
) -> dict[str, str | None]:
    written = type_coerce(kind.id, String)
    query = select(written).order_by(kind.id).limit(limit)
    if after:
        query = query.where(kind.id > uuid.UUID(after))
    found: dict[str, str | None] = {}
    for text in session.scalars(query).all():
        row_id: str = str(text)
        try:
            row_id = str(uuid.UUID(row_id))
            found[row_id] = session.get_one(kind, uuid.UUID(row_id)).row_digest()
        except Exception as fault:
            raise_if_away(fault)
            found[row_id] = None
        session.expunge_all()
    return found


def _row(kind: Kind, table: str, row_id: str) -> Finding:
    return Finding(kind, f"{table} {row_id}")
