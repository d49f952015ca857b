"""What is not in a bundle: files destroyed after a recall, and what the office could not give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from workflow.rules.canonical import decoded
from workflow.verifier.archive import Archive
from workflow.verifier.books import Books
from workflow.verifier.findings import Found, Note, Rule
from workflow.verifier.scope import DESTROYED, MISSING, Scope


class _Tombstone(NamedTuple):
    document: str
    sequence: int
    sha256: str


class Absent:
    """What the office says is absent. `destroyed` are the digests of files of which it is proven,
    once `bury` has been told of the books of every organisation."""

    def __init__(self, archive: Archive, scope: Scope, found: Found, notes: list[Note]) -> None:
        self._archive, self._found, self._notes = archive, found, notes
        self._tombstones: dict[str, list[_Tombstone]] = {one.id: [] for one in scope.organisations}
        self.destroyed: set[str] = set()
        fields = {"chain": str, "document": str, "sequence": int, "sha256": str}
        for line in self._lines(DESTROYED, fields):
            chain = line.pop("chain")
            if chain in self._tombstones:
                self._tombstones[chain].append(_Tombstone(**line))
            else:
                detail = "no chain of the bundle"
                found.add(Rule.DESTRUCTION_UNPROVEN, chain[:100], detail=detail)

    def bury(self, books: Books) -> None:
        """Each destruction is in the chain; a later one is of an arrival that is there.

        Once the books have read the whole chain, and before they are closed.
        """
        organisation = books.organisation
        for one in self._tombstones[organisation.id]:
            place = f"{organisation.id}#{one.sequence}"
            if (one.sha256, one.document, one.sequence) in books.destroyed:
                code, when = "destroyed", "đã hủy sau khi bị thu hồi"
            elif one.sequence > organisation.chain and books.has_arrived(one.document, one.sha256):
                code, when = "destroyed_later", "bị hủy sau điểm kiểm soát"
            else:
                self._found.add(Rule.DESTRUCTION_UNPROVEN, place, organisation.id, one.sha256)
                continue
            self._notes.append(Note(code, f"Tệp {one.sha256} {when} ({place})."))
            self.destroyed.add(one.sha256)

    def tell_missing(self) -> None:
        """What the office itself could not give."""
        for line in self._lines(MISSING, {"kind": str, "sha256": str, "why": str}):
            rule = Rule.PDF_MISSING if line["kind"] == "pdf" else Rule.EVIDENCE_MISSING
            self._found.add(rule, f"{line['kind']} {line['sha256']}", detail=line["why"])

    def _lines(self, name: str, fields: Mapping[str, type]) -> Iterator[dict[str, Any]]:
        """The lines of a member up to the first that is none; the rest is not looked at."""
        for line in self._archive.lines(name):
            try:
                value = decoded(line)
                if {key: type(one) for key, one in value.items()} != fields:
                    raise ValueError("not the fields of a line")
            except (ValueError, AttributeError) as fault:
                self._found.add(Rule.MEMBER_UNREADABLE, name, detail=str(fault))
                return
            yield value
