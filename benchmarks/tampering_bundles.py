"""Forge an evidence bundle, one change at a time, and see whether the verifier tells and where.

    python -m benchmarks.tampering_bundles [--edits 10000] [--seed 1]

Single edits, deletions, insertions and swaps of members, lines, fields and bytes. In half of them
the forger makes the manifest anew. Some rewrite a whole chain so that every link holds again, the
digest of an edited row among them: of those only the chain can be named, for every entry of it is
another than the checkpoint's. What no evidence speaks for, the manifest alone tells: see LABELS.
"""

from __future__ import annotations

import argparse
import copy
import json
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.offices import founded
from tests.workflow.bundles import Held, exported, history
from tests.workflow.desk import desk_of
from workflow.rules import journal, merkle
from workflow.rules.canonical import canonical
from workflow.verifier.checking import examine
from workflow.verifier.findings import Verdict

#: What a bundle says for people alone and no chain holds: only the manifest's own digest, which
#: whoever exports a bundle is shown, tells of a change.
LABELS = frozenset({"code", "name"})
_HEX = "0123456789abcdef"


@dataclass(frozen=True)
class Forgery:
    """A bundle that was changed, how, and where: any of `places` in a finding names it."""

    kind: str
    what: str
    held: Held
    places: frozenset[str]

    def told(self, verdict: Verdict) -> bool:
        """Whether the verdict refuses the bundle."""
        return not verdict.holds

    def located(self, verdict: Verdict) -> bool:
        """Whether a finding names what was changed."""
        return any(
            place in f"{one.place} {one.detail} {one.organisation}"
            for one in verdict.findings
            for place in self.places
        )


class Forger:
    """Changes one thing at a time, at random but the same for a seed."""

    def __init__(self, good: Held, seed: int) -> None:
        self.good, self.chance = good, random.Random(seed)

    def forge(self) -> Forgery:
        """The next one; never the bundle it was made of."""
        while True:
            made = self.chance.choice(_KINDS)(self)
            if made is not None and made.held.members != self.good.members:
                return made

    def _finished(self, kind: str, what: str, held: Held, places: Sequence[str]) -> Forgery:
        if self.chance.random() < 0.5:
            return Forgery(
                f"{kind}, manifest made anew", what, held.listed_again(), frozenset(places)
            )
        return Forgery(kind, what, held, frozenset(places))

    def _member(self) -> str:
        return self.chance.choice([name for name in self.good.names if name != "manifest.json"])

    # Members.

    def member(self) -> Forgery | None:
        """One is gone, added, or has another's content."""
        held, name = self.good.copy(), self._member()
        match self.chance.choice(("deletion", "insertion", "swap")):
            case "deletion":
                del held.members[name]
                return self._finished("member deleted", name, held, _places(self.good, name))
            case "insertion":
                added = re.sub(r"[0-9a-f]", lambda _: self.chance.choice(_HEX), name)
                last = held.members.pop("manifest.json")
                held.members[added], held.members["manifest.json"] = held.members[name], last
                return self._finished("member inserted", added, held, [added, name])
            case _:
                other = self._member()
                held.members[name], held.members[other] = (
                    held.members[other],
                    held.members[name],
                )
                places = [*_places(self.good, name), *_places(self.good, other)]
                return self._finished("members swapped", f"{name} {other}", held, places)

    def byte(self) -> Forgery | None:
        """One byte is another."""
        held, name = self.good.copy(), self._member()
        content = bytearray(held.members[name])
        if not content:
            return None
        place = self.chance.randrange(len(content))
        content[place] ^= 1 << self.chance.randrange(8)
        held.members[name] = bytes(content)
        if _means_the_same(name, self.good.members[name], held.members[name]):
            return None
        return self._finished("byte", f"{name} at {place}", held, _places(self.good, name))

    # Lines and fields.

    def line(self) -> Forgery | None:
        """A line is gone, there twice, or somewhere else."""
        held, name = self.good.copy(), self._member()
        if not name.endswith(".jsonl"):
            return None
        lines = held.lines(name)
        if len(lines) < 2:
            return None
        one, other = self.chance.sample(range(len(lines)), 2)
        kind = self.chance.choice(("deleted", "inserted", "swapped"))
        if kind == "deleted":
            del lines[one]
        elif kind == "inserted":
            lines.insert(one, lines[other])
        else:
            lines[one], lines[other] = lines[other], lines[one]
        held.put_lines(name, lines)
        return self._finished(f"line {kind}", f"{name}:{one}", held, _places(self.good, name))

    def field(self) -> Forgery | None:
        """One value in JSON is another; in canonical form again."""
        held, name = self.good.copy(), self._member()
        if name.endswith(".jsonl"):
            lines = held.lines(name)
            if not lines:
                return None
            place = self.chance.randrange(len(lines))
            value = json.loads(lines[place])
            if (path := self._changed(value)) is None:
                return None
            lines[place] = canonical(value)
            held.put_lines(name, lines)
            where = _places_of_line(name, place, self.good.lines(name)[place])
            return self._finished("field", f"{name}:{place} {path}", held, where)
        if not name.endswith(".json"):
            return None
        value = held.json(name)
        if (path := self._changed(value)) is None:
            return None
        held.put_json(name, value)
        if name == "scope.json" and LABELS & set(path):
            return Forgery("label", f"{name} {path}", held, frozenset([name]))
        return self._finished("field", f"{name} {path}", held, _places(self.good, name))

    def _changed(self, value: Any) -> tuple[Any, ...] | None:
        """Change one leaf in place, or take one away; where it is."""
        holder, key, path = value, None, []
        while True:
            if isinstance(holder, dict) and holder:
                key = self.chance.choice(sorted(holder))
            elif isinstance(holder, list) and holder:
                key = self.chance.randrange(len(holder))
            else:
                return None
            path.append(key)
            inner = holder[key]
            if self.chance.random() < 0.05:
                del holder[key]
                return tuple(path)
            if not isinstance(inner, dict | list) or not inner:
                holder[key] = self._other(inner)
                return tuple(path)
            holder = inner

    def _other(self, value: Any) -> Any:
        match value:
            case bool():
                return not value
            case int():
                return value + self.chance.choice((-1, 1))
            case str() if value:
                place = self.chance.randrange(len(value))
                new = self.chance.choice([one for one in _HEX if one != value[place]])
                return value[:place] + new + value[place + 1 :]
            case _:
                return "0" if value is None else None

    # Chains made whole again.

    def chain(self) -> Forgery | None:
        """Entries are changed, taken out, added or moved, and every link made anew."""
        held = self.good.copy()
        name = self.chance.choice([one for one in held.names if one.startswith("chains/")])
        entries = [json.loads(line) for line in held.lines(name)]
        place = self.chance.randrange(len(entries))
        kind = self.chance.choice(("edited", "deleted", "inserted", "swapped", "row edited"))
        chain = entries[place]["chain"]
        touched = [f"{chain}#{place + 1}", chain]
        if kind == "edited":
            entries[place]["at"] = "2026-01-01T00:00:00.000000Z"
        elif kind == "deleted":
            del entries[place]
        elif kind == "inserted":
            entries.insert(place, copy.deepcopy(self.chance.choice(entries)))
        elif kind == "swapped":
            other = self.chance.randrange(len(entries))
            entries[place], entries[other] = entries[other], entries[place]
        elif (moved := self._row(held, name, entries)) is not None:
            touched += moved
        else:
            return None
        previous, lines = journal.genesis(chain), []
        for sequence, entry in enumerate(entries, 1):
            entry["sequence"], entry["previous"] = sequence, previous
            lines.append(canonical(entry))
            previous = journal.entry_digest(lines[-1])
        held.put_lines(name, lines)
        if self.chance.random() < 0.5:  # and the head that is told of it
            heads = [json.loads(line) for line in held.lines("log/heads.jsonl")]
            for head in heads:
                if head["chain"] == chain:
                    head["sequence"], head["digest"] = len(lines), previous
            held.put_lines("log/heads.jsonl", [canonical(head) for head in heads])
        scope = held.json("scope.json")
        if chain == "system":
            scope["system"] = len(lines)
        for one in scope["organisations"]:
            if one["id"] == chain:
                one["chain"] = len(lines)
        held.put_json("scope.json", scope)
        what = f"{chain}#{place + 1}"
        return Forgery(f"chain rewritten, {kind}", what, held.listed_again(), frozenset(touched))

    def cut(self) -> Forgery | None:
        """A chain ends where an older leaf of the log has it: all that came later is left out."""
        held = self.good.copy()
        leaves = [json.loads(line) for line in held.lines("log/leaves.jsonl")[1:]]
        told = [(leaf, head) for leaf in leaves for head in leaf["heads"]]
        leaf, (chain, sequence, digest) = self.chance.choice(told)
        name = f"chains/{chain}/000000001.jsonl"
        if name not in held.members or sequence == len(held.lines(name)):
            return None
        lines = held.lines(name)[:sequence]
        named = [row[:2] for line in lines for row in json.loads(line)["rows"]]
        rows_name = name.replace("chains/", "rows/")
        rows = [json.loads(line) for line in held.lines(rows_name)]
        kept = [canonical(row) for row in rows if [row["table"], row["id"]] in named]
        held.put_lines(name, lines)
        held.put_lines(rows_name, kept)
        heads = [json.loads(line) for line in held.lines("log/heads.jsonl")]
        for head in heads:
            if head["chain"] == chain:
                path = _path(leaves, leaf["index"])
                head |= {"sequence": sequence, "digest": digest, "leaf": leaf["index"]}
                head |= {"content": canonical(leaf).decode(), "path": path}
        held.put_lines("log/heads.jsonl", [canonical(head) for head in heads])
        scope = held.json("scope.json")
        for one in scope["organisations"]:
            if one["id"] == chain:
                one["chain"] = sequence
        held.put_json("scope.json", scope)
        places = frozenset([f"{chain}#"])
        return Forgery("chain cut at an older leaf", chain, held.listed_again(), places)

    def _row(self, held: Held, name: str, entries: list[Any]) -> list[str] | None:
        """A row is edited, and its digest in the entry with it."""
        rows_name = name.replace("chains/", "rows/")
        rows = [json.loads(line) for line in held.lines(rows_name)]
        if not rows:
            return None
        row = self.chance.choice(rows)
        column = self.chance.choice(sorted(set(row["columns"]) - {"id"}))
        row["columns"][column] = self._other(row["columns"][column])
        digest = journal.row_digest(bytes.fromhex(row["salt"]), row["table"], row["columns"])
        for entry in entries:
            for digested in entry["rows"]:
                if digested[:2] == [row["table"], row["id"]]:
                    digested[2] = digest
        held.put_lines(rows_name, [canonical(one) for one in rows])
        return [f"{row['table']} {row['id']}"]


_KINDS: Sequence[Callable[[Forger], Forgery | None]] = (
    Forger.member,
    Forger.byte,
    Forger.line,
    Forger.field,
    Forger.chain,
    Forger.cut,
)


def _path(leaves: Sequence[Any], index: int) -> list[str]:
    """The path from a leaf to the root, when all leaves of the log are there."""
    hashes = [merkle.leaf_hash(canonical(one)) for one in leaves]
    return [
        merkle.root([hash_ for node in element for hash_ in hashes[_leaves_under(node)]]).hex()
        for element in merkle.inclusion_nodes(index, len(leaves))
    ]


def _leaves_under(node: merkle.Node) -> slice:
    return slice(node.place << node.level, (node.place + 1) << node.level)


def _places(good: Held, name: str) -> list[str]:
    """What a finding may name that is about a member: it, its chain, or a row of it."""
    folder, _, rest = name.partition("/")
    places = [name]
    if folder in ("chains", "rows"):
        places.append(f"{rest.partition('/')[0]}#")
    if folder == "rows":
        rows = [json.loads(line) for line in good.lines(name)]
        places += [f"{row['table']} {row['id']}" for row in rows]
    if folder in ("log", "trust"):  # whom the checkpoint's signature and stamp lead to
        places.append("log/")
    if folder == "definitions":
        places.append("definitions/")
    if name == "scope.json":
        places += ["log/", "chains/", "rows/", "#", "indicator.json", "pdfs/", "objects/"]
    return places


def _places_of_line(name: str, place: int, line: bytes) -> list[str]:
    """The same of one line: the entry itself or the one that it testifies against, the row."""
    folder, _, rest = name.partition("/")
    if folder == "chains":
        chain, first = rest.split("/")
        sequence = int(first.partition(".")[0]) + place
        return [name, *(f"{chain}#{one}" for one in (sequence - 1, sequence, sequence + 1))]
    if folder == "rows":
        row = json.loads(line)
        return [name, f"{row['table']} {row['id']}"]
    return [name, "log/"] if folder == "log" else [name]


def _means_the_same(name: str, good: bytes, made: bytes) -> bool:
    """Labels: see LABELS. A byte of one is told by the manifest alone."""
    if name != "scope.json":
        return False
    try:
        return _bare(json.loads(good)) == _bare(json.loads(made))
    except (ValueError, AttributeError, TypeError):
        return False


def _bare(value: Any) -> Any:
    match value:
        case dict():
            return {key: _bare(one) for key, one in value.items() if key not in LABELS}
        case list():
            return [_bare(one) for one in value]
    return value


@dataclass
class Run:
    """What became of each kind of forgery: how many were made, told, located."""

    made: Counter[str]
    told: Counter[str]
    located: Counter[str]
    missed: list[Forgery]


def run(
    good: Held,
    kept: Path,
    edits: int,
    seed: int,
    progress: Callable[[int], None] | None = None,
) -> Run:
    """Forge so many times, and verify each with the checkpoint that an auditor kept."""
    forger = Forger(good, seed)
    done = Run(Counter(), Counter(), Counter(), [])
    for number in range(1, edits + 1):
        forgery = forger.forge()
        verdict = examine(forgery.held, checkpoint=kept)
        done.made[forgery.kind] += 1
        done.told[forgery.kind] += forgery.told(verdict)
        done.located[forgery.kind] += forgery.located(verdict)
        if not forgery.told(verdict) or not forgery.located(verdict):
            done.missed.append(forgery)
        if progress is not None:
            progress(number)
    return done


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--edits", type=int, default=10_000)
    asked.add_argument("--seed", type=int, default=1)
    chosen = asked.parse_args()
    with founded("sqlite") as office, tempfile.TemporaryDirectory() as room:
        desk = desk_of(office, Path(room))
        history(desk)
        good, kept = Held.of(exported(desk, since=1)), Path(room) / "kept.txt"
        kept.write_bytes(Held.of(exported(desk, checkpoint=1)).members["log/checkpoint.txt"])
        assert examine(good, checkpoint=kept).holds
        began = time.process_time()
        show = _show if sys.stderr.isatty() else None
        done = run(good, kept, chosen.edits, chosen.seed, show)
    seconds = time.process_time() - began
    sys.stdout.write(f"{'':48}{'made':>7}{'told':>7}{'located':>9}\n")
    for kind in sorted(done.made):
        row = (done.made[kind], done.told[kind], done.located[kind])
        sys.stdout.write("{:48}{:>7}{:>7}{:>9}\n".format(kind, *row))
    total = (done.made.total(), done.told.total(), done.located.total())
    sys.stdout.write("{:48}{:>7}{:>7}{:>9}\n".format("all", *total))
    sys.stdout.write(f"seed {chosen.seed}, {seconds:.0f} s CPU\n")
    for forgery in done.missed[:20]:
        sys.stdout.write(f"MISSED {forgery.kind}: {forgery.what}\n")
    return 1 if done.missed else 0


def _show(number: int) -> None:
    sys.stderr.write(f"\r{number}")


if __name__ == "__main__":
    sys.exit(main())
