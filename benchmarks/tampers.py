"""The ways in which the tampering run changes an office: each makes one change and says where."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Table, delete, func, insert, select, update

from storage.database import UtcDateTime
from storage.local import LocalStore
from workflow.inspecting import Stage
from workflow.inspecting.chains import evidence_tables
from workflow.records import Base
from workflow.rules import journal
from workflow.rules.canonical import canonical

if TYPE_CHECKING:
    from benchmarks.tampering import Bench

Row = Mapping[str, Any]
_T = Base.metadata.tables
_LOG = ("log_leaf", "log_node", "leaf_head", "log_key", "checkpoint", "checkpoint_stamp")
_IN_ROWS, _IN_CHAINS = (Stage.ROWS,), (Stage.CHAINS, Stage.LOG)
_IN_LOG, _IN_TALLIES = (Stage.LOG, Stage.RETAINED), (Stage.TALLIES,)
_IN_OBJECTS = (Stage.NAMES, Stage.OBJECTS, Stage.ABSENT)


class Unfit(Exception):  # noqa: N818  it states a fact
    """Nothing here can be changed in this way: another turn."""


@dataclass(frozen=True)
class Change:
    """One change that was made. Of each element of `places` one must be among what is found.

    `excepted` says why it need not be found; `undo` puts back what no rollback does.
    """

    kind: str
    places: Sequence[Collection[str]]
    stages: Sequence[Stage]
    table: str = ""
    excepted: str = ""
    undo: Callable[[], object] = bool

    def __str__(self) -> str:
        return f"{self.kind} {[sorted(wanted) for wanted in self.places]}"


def _rows(bench: Bench, table: Table) -> list[Row]:
    rows = bench.connection.execute(select(table).order_by(*table.primary_key.columns))
    return [dict(row) for row in rows.mappings()]


def _one(bench: Bench, table: Table) -> Row:
    rows = _rows(bench, table)
    if not rows:
        raise Unfit
    return bench.random.choice(rows)


def _where(table: Table, row: Row) -> list[Any]:
    return [column == row[column.key] for column in table.primary_key.columns]


def _write(bench: Bench, table: Table, row: Row, values: Row) -> None:
    done = bench.connection.execute(update(table).where(*_where(table, row)).values(**values))
    assert done.rowcount == 1


def _other(bench: Bench, table: Table, name: str, value: Any) -> Any:
    """Another value of the same type, which a reader can tell from it."""
    if value is None:
        kind = table.columns[name].type
        made: dict[type, Any] = {
            str: "x",
            int: 1,
            bool: True,
            bytes: b"x",
            uuid.UUID: uuid.uuid4(),
            date: date(2026, 1, 1),
            datetime: bench.office.clock(),
        }
        return made[datetime if isinstance(kind, UtcDateTime) else kind.python_type]
    match value:
        case bool():
            return not value
        case int():
            return value + bench.random.choice((1, 7, 50))
        case str():
            at = bench.random.randrange(len(value)) if value else 0
            return value[:at] + ("x" if value[at : at + 1] != "x" else "y") + value[at + 1 :]
        case bytes():
            at = bench.random.randrange(len(value)) if value else 0
            bit = 1 << bench.random.randrange(8)
            return value[:at] + bytes([value[at] ^ bit]) + value[at + 1 :] if value else b"x"
        case uuid.UUID():
            return uuid.UUID(int=bench.random.getrandbits(128))
        case date():
            return value + timedelta(days=bench.random.choice((-1, 1)))
    raise Unfit


def _column(bench: Bench, table: Table, *but: str) -> str:
    return bench.random.choice([one.key for one in table.columns if one.key not in but])


def _evidence(bench: Bench) -> Table:
    """A table of evidence, as likely as it has rows."""
    tables = [_T[name] for name in sorted(evidence_tables())]
    counts = [bench.connection.scalar(select(func.count()).select_from(one)) for one in tables]
    return bench.random.choices(tables, [count or 0 for count in counts])[0]


def edit_evidence(bench: Bench) -> Change:
    """Another value in a column, the salt and the id among them."""
    table = _evidence(bench)
    row, name = _one(bench, table), _column(bench, table)
    _write(bench, table, row, {name: _other(bench, table, name, row[name])})
    return Change("evidence edited", [{f"{table.name} {row['id']}"}], _IN_ROWS, table.name)


def delete_evidence(bench: Bench) -> Change:
    """A row less."""
    table = _evidence(bench)
    row = _one(bench, table)
    bench.connection.execute(delete(table).where(*_where(table, row)))
    return Change("evidence deleted", [{f"{table.name} {row['id']}"}], _IN_ROWS, table.name)


def insert_evidence(bench: Bench) -> Change:
    """A row more, like another one."""
    table = _evidence(bench)
    row = dict(_one(bench, table)) | {"id": uuid.UUID(int=bench.random.getrandbits(128))}
    for constraint in table.constraints:
        unique = [column.key for column in getattr(constraint, "columns", ())]
        if type(constraint).__name__ == "UniqueConstraint":
            row[unique[-1]] = _other(bench, table, unique[-1], row[unique[-1]])
    bench.connection.execute(insert(table).values(**row))
    return Change("evidence inserted", [{f"{table.name} {row['id']}"}], _IN_ROWS, table.name)


def swap_evidence(bench: Bench) -> Change:
    """Two rows with what stood in a column of the other."""
    table = _evidence(bench)
    rows, name = _rows(bench, table), _column(bench, table, "id")
    if len({repr(row[name]) for row in rows}) < 2:
        raise Unfit
    one = bench.random.choice(rows)
    other = bench.random.choice([row for row in rows if row[name] != one[name]])
    _write(bench, table, one, {name: other[name]})
    _write(bench, table, other, {name: one[name]})
    places = [{f"{table.name} {row['id']}"} for row in (one, other)]
    return Change("evidence swapped", places, _IN_ROWS, table.name)


_ENTRY, _HEAD = _T["journal_entry"], _T["chain_head"]


def _entry(row: Row, sequence: int | None = None) -> set[str]:
    return {f"{row['chain']} #{row['sequence'] if sequence is None else sequence}"}


def edit_entry(bench: Bench) -> Change:
    """A byte, a digest, a place or the chain of an entry."""
    row, name = _one(bench, _ENTRY), _column(bench, _ENTRY)
    value = row[name] + 100_000 if name == "sequence" else _other(bench, _ENTRY, name, row[name])
    _write(bench, _ENTRY, row, {name: value})
    return Change("entry edited", [_entry(row)], _IN_CHAINS)


def delete_entry(bench: Bench) -> Change:
    """An entry less."""
    row = _one(bench, _ENTRY)
    bench.connection.execute(delete(_ENTRY).where(*_where(_ENTRY, row)))
    return Change("entry deleted", [_entry(row)], _IN_CHAINS)


def insert_entry(bench: Bench) -> Change:
    """An entry behind the head: one that is there already, or one that fits."""
    head = _one(bench, _HEAD)
    behind = head["sequence"] + 1
    rows = [row for row in _rows(bench, _ENTRY) if row["chain"] == head["chain"]]
    row = dict(bench.random.choice(rows))
    places = _entry(row) | _entry(head, behind)
    if bench.random.random() < 0.5:
        fields = json.loads(row["content"]) | {"sequence": behind, "previous": head["digest"]}
        row["content"] = canonical(fields)
        row["digest"] = journal.entry_digest(row["content"])
        places = _entry(head, behind)
    bench.connection.execute(insert(_ENTRY).values(**row | {"sequence": behind}))
    return Change("entry inserted", [places], _IN_CHAINS)


def swap_entries(bench: Bench) -> Change:
    """Two entries in each other's place."""
    chain = _one(bench, _HEAD)["chain"]
    rows = [row for row in _rows(bench, _ENTRY) if row["chain"] == chain]
    if len(rows) < 2:
        raise Unfit
    first, second = sorted(bench.random.sample(rows, 2), key=lambda row: row["sequence"])
    for row, by in ((first, second), (second, first)):
        _write(bench, _ENTRY, row, {name: by[name] for name in ("content", "digest")})
    return Change("entries swapped", [_entry(first)], _IN_CHAINS)


def change_head(bench: Bench) -> Change:
    """The end of a chain: its length, its digest, or gone."""
    row = _one(bench, _HEAD)
    name = bench.random.choice(("sequence", "digest", "", "shorter"))
    if name == "":
        bench.connection.execute(delete(_HEAD).where(*_where(_HEAD, row)))
        return Change("head changed", [_entry(row, 1)], _IN_CHAINS)
    if name == "shorter":
        _write(bench, _HEAD, row, {"sequence": row["sequence"] - 1})
        return Change("head changed", [_entry(row) | _entry(row, row["sequence"] - 1)], _IN_CHAINS)
    _write(bench, _HEAD, row, {name: _other(bench, _HEAD, name, row[name])})
    wanted = row["sequence"] + (name == "sequence")
    return Change("head changed", [_entry(row, wanted)], _IN_CHAINS)


def rewrite_consistently(bench: Bench) -> Change:
    """A row and its chain, from the entry that digests it to the head, with right hashes."""
    latest: dict[tuple[str, str], Row] = {}
    entries: dict[str, list[Row]] = {}
    for row in _rows(bench, _ENTRY):
        entries.setdefault(row["chain"], []).append(row)
        for table, row_id, _ in json.loads(row["content"])["rows"]:
            latest[table, row_id] = row
    (table_name, row_id), entry = bench.random.choice(sorted(latest.items(), key=lambda x: x[0]))
    table, kind = _T[table_name], evidence_tables()[table_name]
    held = bench.office.session.get(kind, uuid.UUID(row_id))
    assert held is not None
    name = _column(bench, table, "id")
    was = getattr(held, name)
    _write(bench, table, {"id": held.id}, {name: _other(bench, table, name, was)})
    bench.office.session.expire_all()
    digest, previous = held.row_digest(), ""
    bench.office.session.expunge_all()
    for row in entries[entry["chain"]]:
        if row["sequence"] < entry["sequence"]:
            continue
        fields = json.loads(row["content"])
        if row is entry:
            fields["rows"] = [
                [*one[:2], digest] if one[:2] == [table_name, row_id] else one
                for one in fields["rows"]
            ]
        else:
            fields["previous"] = previous
        content = canonical(fields)
        previous = journal.entry_digest(content)
        _write(bench, _ENTRY, row, {"content": content, "digest": previous})
    _write(bench, _HEAD, {"chain": entry["chain"]}, {"digest": previous})
    return _behind_checkpoint(bench, "row and chain rewritten", entry["chain"], entry["sequence"])


def cut_consistently(bench: Bench) -> Change:
    """The newest entries of a chain gone, and its head on the last that is left."""
    head = _one(bench, _HEAD)
    rows = [row for row in _rows(bench, _ENTRY) if row["chain"] == head["chain"]]
    if len(rows) < 2:
        raise Unfit
    keep = bench.random.randrange(1, len(rows))
    cut = [_ENTRY.c.chain == head["chain"], _ENTRY.c.sequence > keep]
    bench.connection.execute(delete(_ENTRY).where(*cut))
    left = {name: rows[keep - 1][name] for name in ("sequence", "digest")}
    _write(bench, _HEAD, head, left)
    return _behind_checkpoint(bench, "chain cut", head["chain"], keep + 1)


def _behind_checkpoint(bench: Bench, kind: str, chain: str, sequence: int) -> Change:
    """Found in the first stretch between two signed heads that a change from here on touches."""
    head = _T["leaf_head"]
    heads = bench.connection.scalars(
        select(head.c.sequence).where(head.c.chain == chain).order_by(head.c.sequence)
    ).all()
    until = next((one for one in heads if one >= sequence), None)
    if until is None:
        return Change(
            kind,
            [{"nowhere"}],
            (Stage.CHAINS, Stage.LOG, Stage.ROWS),
            excepted="after the chain's last head in the log",
        )
    begin = max((one for one in heads if one < sequence), default=0) + 1
    return Change(kind, [{f"{chain} #{begin}-{until}"}], (Stage.CHAINS, Stage.LOG, Stage.ROWS))


def _in_log(table: str, row: Row) -> set[str]:
    """Where a change of one of these rows shows."""
    match table:
        case "log_leaf":
            index = row["index"]
            return {
                f"log_leaf {index}",
                f"log_node 0 {index}",
                f"leaf_head {index}",
                f"checkpoint {index + 1}",
            }
        case "log_node":
            level, index = row["level"], row["index"]
            return {f"log_node {level} {index}", f"log_node {level + 1} {index >> 1}"}
        case "leaf_head":
            return {f"log_leaf {row['leaf']}", f"leaf_head {row['leaf']}"}
        case "log_key":
            return {"checkpoint 1", "checkpoint 2", f"log_key {row['certificate_sha256']}"}
    return {f"{table} {row['size']}"}


def edit_log(bench: Bench) -> Change:
    """Another value in a column of the log's tables."""
    table = _T[bench.random.choice(_LOG)]
    row, name = _one(bench, table), _column(bench, table)
    value = _other(bench, table, name, row[name])
    _write(bench, table, row, {name: value})
    return Change(
        "log edited",
        [_in_log(table.name, row) | _in_log(table.name, {**row, name: value})],
        _IN_LOG,
    )


def delete_log(bench: Bench) -> Change:
    """A row of the log less."""
    table = _T[bench.random.choice(_LOG)]
    row = _one(bench, table)
    bench.connection.execute(delete(table).where(*_where(table, row)))
    places = _in_log(table.name, row)
    if table.name == "checkpoint":
        places |= {f"checkpoint_stamp {row['size']}"}
    return Change("log deleted", [places], _IN_LOG)


def insert_log(bench: Bench) -> Change:
    """A row of the log more, like another one, under a key of its own."""
    table = _T[bench.random.choice(_LOG)]
    row = dict(_one(bench, table))
    key = bench.random.choice([column.key for column in table.primary_key.columns])
    row[key] = _other(bench, table, key, row[key])
    bench.connection.execute(insert(table).values(**row))
    return Change("log inserted", [_in_log(table.name, row)], _IN_LOG)


def swap_log(bench: Bench) -> Change:
    """Two rows of the log with what stood in a column of the other."""
    table = _T[bench.random.choice(_LOG)]
    keys = [column.key for column in table.primary_key.columns]
    rows, name = _rows(bench, table), _column(bench, table, *keys)
    one = _one(bench, table)
    others = [row for row in rows if row[name] != one[name]]
    if not others:
        raise Unfit
    other = bench.random.choice(others)
    _write(bench, table, one, {name: other[name]})
    _write(bench, table, other, {name: one[name]})
    return Change("log swapped", [_in_log(table.name, row) for row in (one, other)], _IN_LOG)


def change_tally(bench: Bench) -> Change:
    """A count, what is counted, a row more or less."""
    table = _T["register_tally"]
    row, how = _one(bench, table), bench.random.choice(("edit", "delete", "insert"))
    name = _column(bench, table)
    changed = {**row, name: _other(bench, table, name, row[name])}
    if how == "edit":
        _write(bench, table, row, {name: changed[name]})
    elif how == "delete":
        bench.connection.execute(delete(table).where(*_where(table, row)))
    else:
        bench.connection.execute(insert(table).values(**changed))
    places = {f"register_tally {one['organisation_id']}" for one in (row, changed)}
    return Change("tally changed", [places], _IN_TALLIES)


def change_object(bench: Bench) -> Change:
    """A byte, the length, the whole of an object, or two in each other's place."""
    store = bench.office.objects
    assert isinstance(store, LocalStore)
    objects = [one for one in store.each() if one.ref is not None and one.ref.organisation.int]
    one, other = bench.random.sample(objects, 2)
    path, second = store.root / one.key, store.root / other.key
    before, after = path.read_bytes(), second.read_bytes()
    if before == after:  # two organisations keep the same bytes
        raise Unfit
    how = bench.random.choice(("edited", "shortened", "longer", "deleted", "swapped", "added"))
    places = [{one.key}]
    undo = partial(_restore, {path: before, second: after})
    if how == "deleted":
        path.unlink()
    elif how == "added":
        strange = store.root / one.key[:36] / "zz" / f"{bench.random.getrandbits(256):064x}"
        strange.parent.mkdir(exist_ok=True)
        strange.write_bytes(b"strange")
        places, undo = [{str(strange.relative_to(store.root))}], strange.unlink
    else:
        at = bench.random.randrange(len(before))
        flipped = before[:at] + bytes([before[at] ^ 1]) + before[at + 1 :]
        made = {"edited": flipped, "shortened": before[:at], "longer": before + b"x"}
        _restore({path: made.get(how, after)})
        if how == "swapped":
            _restore({second: before})
            places.append({other.key})
    return Change(f"object {how}", places, _IN_OBJECTS, undo=undo)


def _restore(files: Mapping[Path, bytes]) -> None:
    for path, content in files.items():
        path.unlink(missing_ok=True)
        path.write_bytes(content)
        path.chmod(0o400)


KINDS: Sequence[Callable[[Bench], Change]] = (
    edit_evidence,
    edit_evidence,
    edit_evidence,
    delete_evidence,
    insert_evidence,
    swap_evidence,
    edit_entry,
    delete_entry,
    insert_entry,
    swap_entries,
    change_head,
    rewrite_consistently,
    cut_consistently,
    edit_log,
    delete_log,
    insert_log,
    swap_log,
    change_tally,
    change_object,
    change_object,
)
