"""An office with as many documents as asked for, each told by its chain as a real one is.

Three documents are walked through the office: one issued, one of another agency and one letter of
a citizen, both registered and completed. Whatever they left in chain, facts, reports and other rows
that a bundle holds is written again for each further document, with ids, digests, numbers and
time-stamps of its own, and chained. A verifier finds nothing in it. What a bundle does not hold
(cases, moves, files, tallies) is not written: such an office can be exported, not worked in.
SQLite only. Seeded by the document's place.
"""

from __future__ import annotations

import json
import re
import sqlite3
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256, shake_128
from pathlib import Path
from typing import Any

from benchmarks.pieces import Pieces, made_up
from tests.workflow.desk import CLERK, LEADER, SPECIALIST, Desk, desk_of
from tests.workflow.test_delivery import issue
from workflow import handling
from workflow.checkpointing import append
from workflow.circulation import Handler, assign, complete, submit
from workflow.evidence.chains import SELECTED, lines_of
from workflow.office import Office
from workflow.records import Account, Case
from workflow.registration import register
from workflow.rules.canonical import canonical
from workflow.rules.journal import entry_digest

_AT_ONCE = 500
_STAMP = re.compile(r'\{"kind":"timestamp","sha256":"([0-9a-f]{64})","size_bytes":([0-9]+)\}')


@dataclass(frozen=True)
class _Text:
    """A text with places to fill: what stands between them, and what goes in, in turn."""

    parts: Sequence[str]
    slots: Sequence[str]

    def filled(self, values: Mapping[str, str]) -> str:
        pieces = [self.parts[0]]
        for slot, part in zip(self.slots, self.parts[1:], strict=True):
            pieces += (values[slot], part)
        return "".join(pieces)


@dataclass(frozen=True)
class _Row:
    """A row: how it is inserted, and what of it is digested."""

    insert: str
    values: Mapping[str, Any]
    digested: _Text
    content: _Text | None


@dataclass(frozen=True)
class _Entry:
    """An entry: what stands before the rows it digests, those rows, and its subject."""

    head: _Text
    rows: Sequence[tuple[_Text, _Row | None]]
    subject: _Text


@dataclass(frozen=True)
class _Model:
    """A document to be written again: its entries, and everything that is its own."""

    entries: Sequence[_Entry]
    ids: Sequence[str]
    digests: Sequence[str]
    stamps: Mapping[str, int]
    code: str | None
    entered_at: tuple[str, str]


def generate(office: Office, documents: int, folder: Path) -> uuid.UUID:
    """Fill the founded commune with so many documents under one checkpoint; its id.

    From then on `office.objects` makes up what pieces of evidence the new ones name.
    """
    desk = desk_of(office, folder)
    walked = [issue(desk), _completed(desk, signed=True), _completed(desk, signed=False)]
    desk.run_jobs()
    office.objects = pieces = Pieces(office.objects, folder / "pieces.db")
    address = office.database.engine.url.database
    assert address is not None
    database = sqlite3.connect(address, isolation_level=None)
    for pragma in ("foreign_keys=OFF", "synchronous=OFF", "cache_size=-400000"):
        database.execute(f"PRAGMA {pragma}")
    models = [_model(office, database, desk.commune, document_id) for document_id in walked]
    _write(database, str(desk.commune), models, documents - len(models), pieces)
    database.close()
    append(office)
    return desk.commune


def _completed(desk: Desk, *, signed: bool) -> uuid.UUID:
    document_id = desk.arrive(desk.signed_pdf()) if signed else desk.letter()

    def version() -> int:
        return desk.case(document_id).version

    desk.do(CLERK, register, document_id, version())
    desk.do(CLERK, submit, document_id, version())
    reader = desk.one(Account, Account.username == SPECIALIST).person_id
    desk.do(LEADER, assign, document_id, version(), [Handler("information", person_id=reader)])
    task = desk.one(Case, Case.document_id == document_id, Case.parent_id.is_not(None))
    desk.do(SPECIALIST, handling.read, task.id, task.version)
    desk.do(LEADER, complete, document_id, version())
    desk.run_jobs()
    return document_id


def _model(
    office: Office, database: sqlite3.Connection, seat: uuid.UUID, document_id: uuid.UUID
) -> _Model:
    """What a document left in its chain, with everything that is its own made a place to fill."""
    own, mine = {str(document_id)}, []
    for (content,) in database.execute(
        "SELECT content FROM journal_entry WHERE chain = ? ORDER BY sequence", (str(seat),)
    ):
        entry = json.loads(content)
        if entry["subject"] in own:
            mine.append(entry)
            own |= {row_id for table, row_id, _ in entry["rows"] if table != "number_series"}
    kept: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
    for table, row_id, _ in (row for entry in mine for row in entry["rows"]):
        if table in SELECTED:
            with office.reading(None) as reading:
                ((_, line),) = lines_of(reading, SELECTED[table], [uuid.UUID(row_id)])
            kept[row_id] = json.loads(line)["columns"], _stored(database, table, row_id)
    rows = [columns for columns, _ in kept.values()]
    texts = [stored["content"].decode() for _, stored in kept.values() if "content" in stored]
    digests = sorted({row["sha256"] for row in rows if "file_id" in row and "ordinal" in row})
    stamps = {found: int(size) for text in texts for found, size in _STAMP.findall(text)}
    entered = next(row for row in rows if "series_id" in row)
    slots = {one: one for one in (*own, *digests, *stamps)}
    slots |= {uuid.UUID(one).hex: f"hex {one}" for one in own}
    slots |= {f'"number":{entered["number"]}': "number", "{content}": "content"}
    entered_at = (kept[entered["id"]][1]["entered_at"], entered["entered_at"])
    slots |= dict(zip(entered_at, ("entered_at stored", "entered_at"), strict=True))
    slots |= {'"{sequence}"': "sequence"} | ({entered["code"]: "code"} if entered["code"] else {})
    pattern = re.compile("|".join(re.escape(one) + r"(?!\d)" for one in slots))

    def text(whole: str) -> _Text:
        return _Text(pattern.split(whole), [slots[one] for one in pattern.findall(whole)])

    def row(table: str, row_id: str) -> _Row:
        columns, stored = kept[row_id]
        asked = {name: f"{{{name}}}" for name in ("content", "sequence") if name in columns}
        names, marks = ", ".join(f'"{one}"' for one in stored), ", ".join("?" * len(stored))
        return _Row(
            insert=f'INSERT INTO "{table}" ({names}) VALUES ({marks})',  # noqa: S608
            values={k: text(v) if isinstance(v, str) else v for k, v in stored.items()},
            digested=text(canonical(columns | asked).decode()),
            content=text(stored["content"].decode()) if "content" in stored else None,
        )

    entries = [
        _Entry(
            head=text(
                ",".join(
                    f'"{name}":{canonical(entry[name]).decode()}'
                    for name in ("action", "actor", "at", "chain", "facts")
                )
            ),
            rows=[
                (
                    text(
                        f'["{table}","{row_id}",' + (f'"{digest}"]' if row_id not in kept else "")
                    ),
                    row(table, row_id) if row_id in kept else None,
                )
                for table, row_id, digest in entry["rows"]
            ],
            subject=text(entry["subject"]),
        )
        for entry in mine
    ]
    return _Model(entries, sorted(own), digests, stamps, entered["code"], entered_at)


def _stored(database: sqlite3.Connection, table: str, row_id: str) -> dict[str, Any]:
    found = database.execute(
        f'SELECT * FROM "{table}" WHERE id = ?',  # noqa: S608  one of SELECTED
        (uuid.UUID(row_id).hex,),
    )
    names = [column[0] for column in found.description]
    return dict(zip(names, found.fetchone(), strict=True))


def _write(
    database: sqlite3.Connection,
    chain: str,
    models: Sequence[_Model],
    documents: int,
    pieces: Pieces,
) -> None:
    """Write the models again in turn, and chain what they leave."""
    sequence, previous = database.execute(
        "SELECT sequence, digest FROM chain_head WHERE chain = ?", (chain,)
    ).fetchone()
    start = int(time.time() * 1000)
    # Two models enter one register: neither may be entered before the other.
    entered = {model.code is None: model.entered_at for model in models}
    numbers = dict.fromkeys(("outgoing", "incoming"), 0)
    numbers["outgoing"], numbers["incoming"] = 1, 2
    inserted: dict[str, list[list[Any]]] = {}
    entries: list[tuple[str, int, bytes, str]] = []
    seeds: list[tuple[bytes, str]] = []
    for place in range(documents):
        model = models[place % len(models)]
        noise = shake_128(f"document {place}".encode()).hexdigest(2048)
        values = _values(model, place, noise, numbers, start, seeds)
        values["entered_at stored"], values["entered_at"] = entered[model.code is None]
        salts = iter(range(1024, 4096, 32))
        for entry in model.entries:
            sequence += 1
            values["sequence"] = str(sequence)
            digested = []
            for opening, row in entry.rows:
                line = opening.filled(values)
                if row is not None:
                    at = next(salts)
                    salt = noise[at : at + 32]
                    digest = _insert(row, values, salt, inserted)
                    line += f'"{digest}"]'
                digested.append(line)
            content = (
                f'{{{entry.head.filled(values)},"previous":"{previous}",'
                f'"rows":[{",".join(digested)}],"sequence":{sequence},'
                f'"subject":"{entry.subject.filled(values)}","version":1}}'
            ).encode()
            previous = entry_digest(content)
            entries.append((chain, sequence, content, previous))
        if len(entries) > _AT_ONCE or place == documents - 1:
            database.execute("BEGIN")
            database.executemany("INSERT INTO journal_entry VALUES (?, ?, ?, ?)", entries)
            for insert, rows in inserted.items():
                database.executemany(insert, rows)
            end = (sequence, previous, chain)
            database.execute("UPDATE chain_head SET sequence = ?, digest = ? WHERE chain = ?", end)
            database.execute("COMMIT")
            pieces.know(seeds)
            entries, inserted, seeds = [], {}, []


def _values(
    model: _Model,
    place: int,
    noise: str,
    numbers: dict[str, int],
    start: int,
    seeds: list[tuple[bytes, str]],
) -> dict[str, str]:
    """What is put where for one document."""
    values: dict[str, str] = {}
    for n, row_id in enumerate(model.ids):  # UUIDv7, each later than the one before
        tail = noise[n * 16 : n * 16 + 15]
        hexadecimal = f"{start + place:012x}7{n:03x}8{tail}"
        values[row_id], values[f"hex {row_id}"] = str(uuid.UUID(hexadecimal)), hexadecimal
    for n, digest in enumerate(model.digests):
        values[digest] = sha256(f"file {place} {n}".encode()).hexdigest()
    for n, (digest, size) in enumerate(model.stamps.items()):
        seed = f"stamp {place} {n}"
        found = sha256(made_up(seed, size))
        values[digest] = found.hexdigest()
        seeds.append((found.digest(), seed))
    register = "outgoing" if model.code else "incoming"
    numbers[register] += 1
    number = numbers[register]
    values["number"] = f'"number":{number}'
    if model.code:
        values["code"] = f"{number:02}/{model.code.partition('/')[2]}"
    values["bare number"] = str(number)
    return values


def _insert(
    row: _Row, values: dict[str, str], salt: str, inserted: dict[str, list[list[Any]]]
) -> str:
    """Have the row inserted; its digest."""
    content = b""
    if row.content is not None:
        content = row.content.filled(values).encode()
        values["content"] = content.hex()
    columns: list[Any] = []
    for name, value in row.values.items():
        match name, value:
            case "salt", _:
                columns.append(bytes.fromhex(salt))
            case "content", _:
                columns.append(content)
            case "sequence" | "number", _:
                columns.append(int(values["bare number" if name == "number" else name]))
            case _, _Text():
                columns.append(value.filled(values))
            case _:
                columns.append(value)
    inserted.setdefault(row.insert, []).append(columns)
    table = row.insert.split('"', 2)[1]
    digested = f'["vanthu.row.1","{salt}","{table}",{row.digested.filled(values)}]'
    return sha256(digested.encode()).hexdigest()
