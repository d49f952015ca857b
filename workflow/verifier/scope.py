"""What a bundle says it is: its manifest, its scope, and which members such a bundle has."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from workflow.rules import indicator
from workflow.rules.canonical import decoded, plain
from workflow.rules.errors import Invalid
from workflow.verifier.archive import Listed, Members, Unreadable
from workflow.verifier.findings import Found, Rule

VERSION = 1
MANIFEST = "manifest.json"
SLICE = 5000
"""Entries of a chain in one member."""
SYSTEM = "system"
_NAMED = 400  # bytes of the manifest per member, at most
_SHA256 = re.compile(r"[0-9a-f]{64}")
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
#: Members with fixed names, in their order; those in the second set need not be there.
_FIRST = ("scope.json", "indicator.json")
_LOG = (
    "log/checkpoint.txt",
    "log/checkpoint.sig",
    "log/certificate.der",
    "log/issuers.der",
    "log/stamp.der",
    "log/stamped.txt",
    "log/stamped.json",
    "log/heads.jsonl",
    "log/leaves.jsonl",
    "log/since.json",
)
OPTIONAL = frozenset({"log/stamp.der", "log/stamped.txt", "log/stamped.json", "log/since.json"})
_KEPT = re.compile(
    r"(?P<folder>trust|definitions|objects|pdfs)/(?P<sha256>[0-9a-f]{64})(?P<ending>\.[a-z]+)?"
)
_ENDINGS = {"trust": ".der", "definitions": ".toml", "objects": None, "pdfs": ".pdf"}
DESTROYED, MISSING = "destroyed.jsonl", "missing.jsonl"
Ends = Mapping[str, tuple[int, str]]
"""The length and the last digest of each chain, as the checkpoint's tree says."""


@dataclass(frozen=True)
class Organisation:
    """An organisation of the bundle. `chain` is the length of its chain under the checkpoint,
    `rows_from` where the rows begin; the first issuer is whose the arrivals are."""

    id: str
    code: str
    name: str
    chain: int
    issuers: tuple[str, ...]
    rows_from: int


@dataclass(frozen=True)
class Scope:
    """What was asked for, and where the journal stood. `since` is an older checkpoint's size."""

    log: str
    checkpoint: int
    since: int | None
    as_of: datetime
    period: indicator.Period
    production: bool
    pdfs: bool
    organisations: tuple[Organisation, ...]
    system: int

    def chains(self) -> Iterator[tuple[str, int, int]]:
        """Every chain in order: its name, its length, and from where on it has rows."""
        yield SYSTEM, self.system, 1
        for one in self.organisations:
            yield one.id, one.chain, one.rows_from


def read_manifest(members: Members, found: Found) -> tuple[dict[str, Listed], str] | None:
    """Every member's digest and size, and the manifest's own digest; None when it is unusable."""
    names = members.names
    if len(set(names)) != len(names):
        twice = (
            sorted({name for name in names if names.count(name) > 1}) if len(names) < 999 else []
        )
        found.add(Rule.NOT_A_BUNDLE, twice[0] if twice else "", detail="a name twice")
        return None
    if MANIFEST not in names:
        found.add(Rule.MEMBER_MISSING, MANIFEST)
        return None
    held, most = bytearray(), _NAMED * len(names) + 1000
    try:
        for chunk in members.chunks(MANIFEST):
            held += chunk
            if len(held) > most:
                raise Unreadable("too large")
        content = bytes(held)
        value = decoded(content)
        if value["version"] != VERSION or type(value["version"]) is not int:
            found.add(Rule.VERSION_UNKNOWN, MANIFEST, detail=repr(value["version"]))
            return None
        _exactly(value, {"version", "members"})
        listed = {}
        for one in value["members"]:
            _exactly(one, {"name", "sha256", "bytes"})
            name = _text(one["name"])
            if name in listed:
                raise ValueError(f"{name} twice")
            listed[name] = Listed(_digest(one["sha256"]), _whole(one["bytes"]))
    except (ValueError, TypeError, KeyError) as fault:
        found.add(Rule.MEMBER_UNREADABLE, MANIFEST, detail=_why(fault))
        return None
    for name in sorted(listed.keys() - set(names)):
        found.add(Rule.MEMBER_MISSING, name)
    for name in sorted(set(names) - listed.keys() - {MANIFEST}):
        found.add(Rule.MEMBER_EXTRA, name)
    if list(listed) != [name for name in names if name in listed] or names[-1] != MANIFEST:
        found.add(Rule.MEMBER_ORDER, MANIFEST)
    return listed, sha256(content).hexdigest()


def read_scope(content: bytes, found: Found) -> Scope | None:
    """The scope; None when it cannot be told, which is noted."""
    try:
        value = decoded(content)
        if value["version"] != VERSION or type(value["version"]) is not int:
            found.add(Rule.VERSION_UNKNOWN, "scope.json", detail=repr(value["version"]))
            return None
        _exactly(value, _SCOPE)
        scope = Scope(
            log=_text(value["log"]),
            checkpoint=_whole(value["checkpoint"], 1),
            since=None if value["since"] is None else _whole(value["since"], 1),
            as_of=moment(value["as_of"]),
            period=indicator.parse_period(_text(value["period"])),
            production=_flag(value["production"]),
            pdfs=_flag(value["pdfs"]),
            organisations=tuple(map(_organisation, value["organisations"])),
            system=_whole(value["system"]),
        )
        if not scope.organisations:
            raise ValueError("of no organisation")
        if len({one.id for one in scope.organisations}) != len(scope.organisations):
            raise ValueError("an organisation twice")
        return scope
    except (ValueError, TypeError, KeyError, OverflowError, Invalid) as fault:
        found.add(Rule.MEMBER_UNREADABLE, "scope.json", detail=_why(fault))
        return None


_SCOPE = {
    "version", "log", "checkpoint", "since", "as_of", "period", "production", "pdfs",
    "organisations", "system",
}  # fmt: skip


def _organisation(value: Mapping[str, Any]) -> Organisation:
    _exactly(value, {"id", "code", "name", "chain", "issuers", "rows_from"})
    for issuer in value["issuers"]:
        _exactly(issuer, {"id", "name"})
    return Organisation(
        id=identifier(value["id"]),
        code=_text(value["code"]),
        name=_text(value["name"]),
        chain=_whole(value["chain"]),
        issuers=tuple(identifier(issuer["id"]) for issuer in value["issuers"]),
        rows_from=_first(value["rows_from"]),
    )


def _first(value: object) -> int:
    """Where a slice begins."""
    first = _whole(value, 1)
    if first % SLICE != 1:
        raise ValueError(f"no slice begins at {first}")
    return first


def slices(chain: str, length: int, rows_from: int) -> Iterator[tuple[int, int, str, str | None]]:
    """The members of a chain: the first sequence, how many entries, entries' name, rows' name."""
    for first in range(1, length + 1, SLICE):
        last = min(first + SLICE - 1, length)
        rows = f"rows/{chain}/{first:09d}.jsonl" if first >= rows_from else None
        yield first, last - first + 1, f"chains/{chain}/{first:09d}.jsonl", rows


def counted_out(scope: Scope, listed: Mapping[str, Listed], found: Found) -> bool:
    """Whether the chains have the members that their lengths ask for; else nothing of them is
    looked for, for a length may be any number."""
    members = Counter(name.split("/")[1] for name in listed if name.startswith("chains/"))
    for chain, length, _ in scope.chains():
        there = members[chain]
        if -(-length // SLICE) > there:
            owner = "" if chain == SYSTEM else chain
            why = f"{there} members, for {length} entries"
            names = (f"chains/{chain}/{n * SLICE + 1:09d}.jsonl" for n in range(there + 1))
            first = next(name for name in names if name not in listed)
            found.add(Rule.MEMBER_MISSING, first, owner, why)
            return False
    return True


def expect(scope: Scope, listed: Mapping[str, Listed], found: Found) -> None:
    """Note members that such a bundle cannot have, those it lacks, and another order."""
    chains = [
        name
        for chain, length, rows_from in scope.chains()
        for _, _, entries, rows in slices(chain, length, rows_from)
        for name in (entries, rows)
        if name is not None
    ]
    kept: dict[str, list[str]] = {folder: [] for folder in _ENDINGS}
    for name in listed:
        match = _KEPT.fullmatch(name)
        if match and _ENDINGS[match["folder"]] == match["ending"]:
            kept[match["folder"]].append(name)
    expected = [
        *_FIRST,
        *_LOG,
        *sorted(kept["trust"]),
        *sorted(kept["definitions"]),
        *chains,
        *sorted(kept["objects"]),
        *sorted(kept["pdfs"] if scope.pdfs else ()),
        DESTROYED,
        MISSING,
    ]
    known = set(expected)
    for name in listed.keys() - known:
        found.add(Rule.MEMBER_EXTRA, name)
    for name in known - listed.keys() - OPTIONAL:
        found.add(Rule.MEMBER_MISSING, name)
    if [name for name in expected if name in listed] != [name for name in listed if name in known]:
        found.add(Rule.MEMBER_ORDER, MANIFEST)


def moment(text: object) -> datetime:
    """A moment in its canonical text. Raises ValueError."""
    at = datetime.fromisoformat(_text(text))
    if plain(at) != text:
        raise ValueError(f"not a moment in its one form: {text!r}")
    return at


def identifier(value: object) -> str:
    """A UUID as text. Raises ValueError."""
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise ValueError(f"no id: {value!r}")
    return value


def _exactly(value: Mapping[str, Any], names: set[str]) -> None:
    if not isinstance(value, dict) or value.keys() != names:
        raise ValueError(f"not the fields {sorted(names)}")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"no text: {value!r}")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"neither true nor false: {value!r}")
    return value


def _whole(value: object, least: int = 0) -> int:
    if type(value) is not int or not least <= value < 2**53:
        raise ValueError(f"no whole number from {least}: {value!r}")
    return value


def _digest(value: object) -> str:
    if not isinstance(value, str) or not _SHA256.fullmatch(value):
        raise ValueError(f"no SHA-256: {value!r}")
    return value


def digests(values: Sequence[object]) -> list[bytes]:
    """A path of hashes in hexadecimal. Raises ValueError."""
    if not isinstance(values, list):
        raise ValueError("no path")
    return [bytes.fromhex(_digest(value)) for value in values]


def _why(fault: Exception) -> str:
    return f"{type(fault).__name__}: {fault}"
