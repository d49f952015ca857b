"""The chains of the journal, as one transaction moves their ends."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, NamedTuple

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from workflow.records import Base
from workflow.rules import journal

#: Definitions, organisations, people, accounts and mandates are journalled here.
SYSTEM_CHAIN = "system"

#: Statements of every transaction, built once and about tables: nobody works on these rows.
_HEADS, _JOURNAL = (Base.metadata.tables[name] for name in ("chain_head", "journal_entry"))
_NAMED = _HEADS.c.chain == bindparam("named")
_END = select(_HEADS.c.sequence, _HEADS.c.digest).where(_NAMED).with_for_update()
_BEGIN, _APPEND, _MOVE = insert(_HEADS), insert(_JOURNAL), update(_HEADS).where(_NAMED)


class Head(NamedTuple):
    """The end of a chain."""

    sequence: int
    digest: str


class Chains:
    """The chains one transaction touches: each locked from then on, its entries written at once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._heads: dict[str, Head] = {}
        self._entries: list[dict[str, Any]] = []

    def lock(self, chain: str) -> Head:
        """The end of a chain with what was appended so far, locked until the transaction ends.

        A chain begins when it is first written to.
        """
        if chain not in self._heads:
            connection = self._session.connection()
            found = connection.execute(_END, {"named": chain}).first()
            if found is None:
                # Whoever else begins it now is waited for, and then ours is one too many.
                begun = {"chain": chain, "sequence": 0, "digest": journal.genesis(chain)}
                with suppress(IntegrityError), connection.begin_nested():
                    connection.execute(_BEGIN, begun)
                found = connection.execute(_END, {"named": chain}).one()
            self._heads[chain] = Head(*found)
        return self._heads[chain]

    def append(self, entry: journal.Entry) -> None:
        """Make an entry, which follows the locked end of its chain, the new end."""
        digest = entry.digest
        self._entries.append(
            {
                "chain": entry.chain,
                "sequence": entry.sequence,
                "content": entry.to_bytes(),
                "digest": digest,
            }
        )
        self._heads[entry.chain] = Head(entry.sequence, digest)

    def write(self) -> None:
        """The entries in one statement; a chain's head once, however often it moved."""
        if not self._entries:
            return
        connection = self._session.connection()
        connection.execute(_APPEND, self._entries)
        moved = sorted({entry["chain"] for entry in self._entries})
        connection.execute(
            _MOVE, [{"named": chain, **self._heads[chain]._asdict()} for chain in moved]
        )
        self._entries.clear()
