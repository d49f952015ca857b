"""An insider who has the log's key: whatever they change, chains, leaf and signature hold again.

What is found then is found by the law alone: registers, steps, reports, fractions.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from tests.workflow.bundles import Held
from workflow.office import Office
from workflow.rules import checkpoints, journal, merkle
from workflow.rules.canonical import canonical, decoded

Entry = dict[str, Any]
Row = dict[str, Any]


class Forged:
    """A bundle's chains and rows as values, to be changed and made whole again.

    One slice per chain is all that the bundles of the tests have.
    """

    def __init__(self, good: Held) -> None:
        self.held = good.copy()
        self.entries: dict[str, list[Entry]] = {}
        self.rows: dict[str, list[Row]] = {}
        for name in good.names:
            folder, _, rest = name.partition("/")
            if folder in ("chains", "rows"):
                values = [decoded(line) for line in good.lines(name)]
                getattr(self, "entries" if folder == "chains" else "rows")[rest[:-16]] = values

    def each(self, table: str, where: Callable[[Row], bool] = lambda _: True) -> Iterator[Row]:
        """The rows of a table, in the order of the bundle."""
        for rows in self.rows.values():
            yield from [row for row in rows if row["table"] == table and where(row["columns"])]

    def acts(self, action: str) -> Iterator[tuple[str, Entry]]:
        """The entries of an action, with their chains."""
        for chain, entries in self.entries.items():
            yield from [(chain, entry) for entry in entries if entry["action"] == action]

    def drop(self, chain: str, entry: Entry) -> None:
        """An entry was never written, and neither were its rows."""
        self.entries[chain].remove(entry)
        gone = {tuple(row[:2]) for row in entry["rows"]}
        self.rows[chain] = [
            row for row in self.rows[chain] if (row["table"], row["id"]) not in gone
        ]

    def whole(self, office: Office) -> Held:
        """Digests, sequences and links made anew; one leaf holds all heads, and is signed."""
        held, heads = self.held, []
        for name in [name for name in held.names if name.startswith(("log/s", "manifest"))]:
            del held.members[name]
        for chain, entries in self.entries.items():
            digests = {(row["table"], row["id"]): _digest(row) for row in self.rows[chain]}
            previous, lines = journal.genesis(chain), []
            for sequence, entry in enumerate(entries, 1):
                entry["sequence"], entry["previous"] = sequence, previous
                for row in entry["rows"]:
                    row[2] = digests.get((row[0], row[1]), row[2])
                lines.append(canonical(entry))
                previous = journal.entry_digest(lines[-1])
            held.put_lines(f"chains/{chain}/000000001.jsonl", lines)
            held.put_lines(f"rows/{chain}/000000001.jsonl", list(map(canonical, self.rows[chain])))
            heads.append(checkpoints.Head(chain, len(lines), previous))
        scope = held.json("scope.json")
        at = datetime.fromisoformat(scope["as_of"])
        content = checkpoints.Leaf(0, at, tuple(sorted(heads))).to_bytes()
        tree = checkpoints.TreeHead(scope["log"], 1, merkle.leaf_hash(content), at)
        signed = office.sealing.sign_text(
            tree.to_text(), key_url=office.sealing.log_key(office.settings), now=office.clock()
        )
        held.members["log/checkpoint.txt"] = tree.to_text()
        held.members["log/checkpoint.sig"] = signed.signature
        held.members["log/certificate.der"] = signed.certificate
        held.put_lines(
            "log/heads.jsonl",
            [
                canonical({**head._asdict(), "leaf": 0, "content": content.decode(), "path": []})
                for head in heads
            ],
        )
        held.put_lines("log/leaves.jsonl", [canonical({"first": 0, "before": []}), content])
        scope |= {"checkpoint": 1, "since": None}
        lengths = {head.chain: head.sequence for head in heads}
        scope["system"] = lengths["system"]
        for one in scope["organisations"]:
            one["chain"] = lengths[one["id"]]
        held.put_json("scope.json", scope)
        return held.listed_again()


def _digest(row: Row) -> str:
    return journal.row_digest(bytes.fromhex(row["salt"]), row["table"], row["columns"])


def change(table: str, column: str, to: Callable[[Any], Any], nth: int = 0, **where: Any) -> Any:
    """Another value in the n-th row of a table."""

    def made(forged: Forged) -> str:
        row = list(
            forged.each(table, lambda one: all(one[key] == value for key, value in where.items()))
        )[nth]
        row["columns"][column] = to(row["columns"][column])
        return f"{table} {row['id']}"

    return made


def stated(key: str, to: Callable[[Any], Any], nth: int, register: str) -> Any:
    """Another word in the statement of the n-th fact."""

    def content(text: str) -> str:
        statement = json.loads(bytes.fromhex(text))
        statement[key] = to(statement[key])
        return canonical(statement).hex()

    return change("register_fact", "content", content, nth, register=register)
