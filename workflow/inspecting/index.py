"""What an inspection must remember of millions of rows: a scratch file beside the data.

Of each evidence row the digest that was journalled last, of each object who names it. Nothing in it
is trusted beyond one inspection; on a machine that has none, or only a part, it is made anew from
the rows. Learning the same things twice changes nothing, so a step that was cut off is simply
walked again.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path

_TABLES = """
CREATE TABLE IF NOT EXISTS digested (
    tab TEXT, id TEXT, at TEXT, digest TEXT, PRIMARY KEY (tab, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS walked (chain TEXT PRIMARY KEY, sequence INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS place (after TEXT);
CREATE TABLE IF NOT EXISTS named (
    key TEXT PRIMARY KEY, size_bytes INTEGER, place TEXT, living INTEGER, destroyed INTEGER,
    seen INTEGER DEFAULT 0
) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Named:
    """An object that a row names. `living`: the bytes of a document that was not recalled;
    `destroyed`: those of one that was (ND 30/2020 Annex VI III.8)."""

    key: str
    size_bytes: int
    place: str
    living: bool = False
    destroyed: bool = False


class Index:
    """The scratch file at `path`. One process uses it at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;")
        self._connection.executescript(_TABLES)

    def close(self) -> None:
        """Leave the file as it is."""
        self._connection.close()

    def learn(self, chain: str, after: int, entries: Iterable[tuple[int, bytes]]) -> None:
        """Take in which rows the entries that follow one digest; one without form is passed by."""
        digests: list[tuple[str, str, str, str]] = []
        last = after
        for sequence, content in entries:
            last = sequence
            try:
                entry = json.loads(content)
                digests += [
                    (table, row, entry["at"], digest) for table, row, digest in entry["rows"]
                ]
            except (ValueError, TypeError, KeyError, RecursionError):
                continue
        with self._transaction():
            self._connection.executemany(
                "INSERT INTO digested VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE"
                " SET at = excluded.at, digest = excluded.digest WHERE excluded.at >= at",
                digests,
            )
            if after <= self.walked(chain) < last:  # else something between is not known yet
                self._connection.execute("REPLACE INTO walked VALUES (?, ?)", (chain, last))

    def walked(self, chain: str) -> int:
        """How far a chain was taken in."""
        query = "SELECT sequence FROM walked WHERE chain = ?"
        found = self._connection.execute(query, (chain,)).fetchone()
        return found[0] if found else 0

    def digests(self, table: str, after: str, upto: str | None) -> dict[str, str]:
        """The digests of a table's rows behind one id and up to another (None: to the end)."""
        rows = self._connection.execute(
            "SELECT id, digest FROM digested WHERE tab = ? AND id > ? AND (? IS NULL OR id <= ?)",
            (table, after, upto, upto),
        )
        return dict(rows)

    def tables(self) -> list[str]:
        """The tables whose rows were digested."""
        return [tab for (tab,) in self._connection.execute("SELECT DISTINCT tab FROM digested")]

    @property
    def named_upto(self) -> str | None:
        """Where taking in names goes on; "" at the beginning, None: all were."""
        found = self._connection.execute("SELECT after FROM place").fetchone()
        return found[0] if found else ""

    def name(self, objects: Iterable[Named], after: str | None) -> None:
        """Take in which objects rows name, and where to go on."""
        with self._transaction():
            self._connection.execute("DELETE FROM place")
            self._connection.execute("INSERT INTO place VALUES (?)", (after,))
            self._connection.executemany(
                "INSERT INTO named (key, size_bytes, place, living, destroyed) VALUES (?,?,?,?,?)"
                " ON CONFLICT DO UPDATE SET living = max(living, excluded.living),"
                " destroyed = max(destroyed, excluded.destroyed)",
                [astuple(one) for one in objects],
            )

    def size_of(self, key: str) -> int | None:
        """The size that an object must have; None: no row names it."""
        query = "SELECT size_bytes FROM named WHERE key = ?"
        found = self._connection.execute(query, (key,)).fetchone()
        return None if found is None else int(found[0])

    def see(self, keys: Iterable[str]) -> None:
        """These objects are there."""
        with self._transaction():
            self._connection.executemany(
                "UPDATE named SET seen = 1 WHERE key = ?", [(key,) for key in keys]
            )

    def unseen(self, after: str, limit: int) -> list[Named]:
        """Objects that must be there and were not met, by key.

        Of a recalled document they need not be, unless a living one has the same bytes.
        """
        rows = self._connection.execute(
            "SELECT key, size_bytes, place, living, destroyed FROM named"
            " WHERE key > ? AND NOT seen AND (living OR NOT destroyed) ORDER BY key LIMIT ?",
            (after, limit),
        )
        return [Named(*row) for row in rows]

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")
