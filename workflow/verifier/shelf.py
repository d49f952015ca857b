"""A mapping that may outgrow the memory: the rest of it is on disk, in a file of our own."""

from __future__ import annotations

import pickle
import sqlite3
from collections.abc import Iterator
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Shelf(Generic[Value]):
    """Keys are text. A value that was changed must be put back. Close it when done.

    What has not been asked for in a while goes to an unnamed temporary database, which SQLite
    makes when it is first needed and removes by itself.
    """

    def __init__(self, most: int = 100_000) -> None:
        self._most = most
        self._young: dict[str, Value] = {}
        self._old: dict[str, Value] = {}
        self._disk: sqlite3.Connection | None = None

    def get(self, key: str) -> Value | None:
        """The value, or None."""
        value = self._young.get(key)
        if value is None:
            value = self._old.get(key)
            if value is None and self._disk is not None:
                row = self._disk.execute("SELECT value FROM kept WHERE key = ?", (key,)).fetchone()
                value = None if row is None else pickle.loads(row[0])  # noqa: S301  we wrote it
            if value is not None:
                self.put(key, value)
        return value

    def put(self, key: str, value: Value) -> None:
        """Keep a value, in place of the one before it."""
        self._young[key] = value
        if len(self._young) >= self._most:
            self._age()

    def items(self) -> Iterator[tuple[str, Value]]:
        """All of them, in no order. Nothing may be put in meanwhile."""
        yield from self._young.items()
        yield from ((key, value) for key, value in self._old.items() if key not in self._young)
        if self._disk is not None:
            for key, value in self._disk.execute("SELECT key, value FROM kept"):
                if key not in self._young and key not in self._old:
                    yield key, pickle.loads(value)  # noqa: S301  we wrote it

    def close(self) -> None:
        """Forget everything."""
        self._young, self._old = {}, {}
        if self._disk is not None:
            self._disk.close()
            self._disk = None

    def _age(self) -> None:
        """What was not asked for since the last time goes to disk."""
        stale = [(key, value) for key, value in self._old.items() if key not in self._young]
        if stale:
            if self._disk is None:
                self._disk = sqlite3.connect("", isolation_level=None, check_same_thread=False)
                self._disk.execute("PRAGMA journal_mode = OFF")
                self._disk.execute(
                    "CREATE TABLE kept (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID"
                )
            self._disk.execute("BEGIN")
            self._disk.executemany(
                "INSERT OR REPLACE INTO kept VALUES (?, ?)",
                ((key, pickle.dumps(value, pickle.HIGHEST_PROTOCOL)) for key, value in stale),
            )
            self._disk.execute("COMMIT")
        self._old, self._young = self._young, {}
