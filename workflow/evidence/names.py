"""What is still to be put into a bundle, by name: on disk, because it grows with the documents."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

_CACHE_KIB = 32 << 10


@dataclass(frozen=True)
class Tombstone:
    """Bytes that were destroyed, and the entry of the organisation's chain that says so."""

    organisation_id: uuid.UUID
    document: str
    sha256: str
    sequence: int


@dataclass(frozen=True)
class Piece:
    """What a signature was judged by, as a report names it."""

    organisation_id: uuid.UUID
    sha256: str
    size_bytes: int


class Names:
    """Pieces, files and tombstones, each once and in the order of their digests."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        database.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
        for table in (
            "piece(sha256 PRIMARY KEY, organisation, size)",
            "file(sha256, document, organisation, PRIMARY KEY(sha256, document))",
            "destroyed(sha256, document, organisation, sequence, PRIMARY KEY(sha256, document))",
            "missing(kind, sha256, why, PRIMARY KEY(kind, sha256))",
        ):
            database.execute(f"CREATE TABLE {table} WITHOUT ROWID")
        database.execute(
            "CREATE TEMP VIEW held AS"
            " SELECT * FROM file WHERE document NOT IN (SELECT document FROM destroyed)"
        )
        # One transaction that is never committed: nothing of it is to outlive this object.
        database.execute("BEGIN")

    @classmethod
    @contextmanager
    def open(cls) -> Iterator[Names]:
        """An empty one in a file without a name, which is gone when it is closed."""
        # One thread at a time asks, but not always the same one.
        database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        try:
            yield cls(database)
        finally:
            database.close()

    def want_pieces(self, pieces: Iterable[Piece]) -> None:
        self._database.executemany(
            "INSERT OR IGNORE INTO piece VALUES (?, ?, ?)",
            ((one.sha256, str(one.organisation_id), one.size_bytes) for one in pieces),
        )

    def want_files(self, organisation_id: uuid.UUID, document: str, digests: Iterable[str]) -> None:
        self._database.executemany(
            "INSERT OR IGNORE INTO file VALUES (?, ?, ?)",
            ((sha256, document, str(organisation_id)) for sha256 in digests),
        )

    def bury(self, tombstone: Tombstone) -> None:
        """These bytes went with this document, which holds nothing any more."""
        self._database.execute(
            "INSERT OR IGNORE INTO destroyed VALUES (?, ?, ?, ?)",
            (
                tombstone.sha256,
                tombstone.document,
                str(tombstone.organisation_id),
                tombstone.sequence,
            ),
        )

    def miss(self, kind: str, sha256: str, why: str) -> None:
        """The store does not give it."""
        self._database.execute("INSERT INTO missing VALUES (?, ?, ?)", (kind, sha256, why))

    def counted(self) -> tuple[int, int]:
        """How many pieces and files are wanted."""
        counts = "SELECT (SELECT count(*) FROM piece), (SELECT count(DISTINCT sha256) FROM file)"
        pieces, files = self._database.execute(counts).fetchone()
        return pieces, files

    def pieces(self) -> Iterator[Piece]:
        for sha256, organisation, size in self._database.execute(
            "SELECT sha256, organisation, size FROM piece ORDER BY sha256"
        ):
            yield Piece(uuid.UUID(organisation), sha256, size)

    def files(self) -> Iterator[tuple[uuid.UUID, str]]:
        """The files that a document still holds: an organisation that has it, its digest."""
        for sha256, organisation in self._database.execute(
            "SELECT sha256, min(organisation) FROM held GROUP BY sha256 ORDER BY sha256"
        ):
            yield uuid.UUID(organisation), sha256

    def tombstones(self) -> Iterator[Tombstone]:
        """Of the files that were wanted and that no document holds any more."""
        for sha256, document, organisation, sequence in self._database.execute(
            "SELECT * FROM destroyed WHERE sha256 IN (SELECT sha256 FROM file)"
            " AND sha256 NOT IN (SELECT sha256 FROM held) ORDER BY sha256, document"
        ):
            yield Tombstone(uuid.UUID(organisation), document, sha256, sequence)

    def missing_in(self) -> Sequence[uuid.UUID]:
        """The organisations whose store does not give a file."""
        found = self._database.execute(
            "SELECT DISTINCT organisation FROM file JOIN missing USING (sha256)"
            " WHERE kind = 'pdf' ORDER BY organisation"
        )
        return [uuid.UUID(organisation) for (organisation,) in found]

    def missing(self) -> Iterator[tuple[str, str, str]]:
        """Kind, digest and why, of what the store does not give and nothing excuses."""
        yield from self._database.execute(
            "SELECT * FROM missing WHERE sha256 NOT IN (SELECT sha256 FROM destroyed)"
            " ORDER BY kind, sha256"
        )
