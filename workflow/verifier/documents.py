"""What a chain has said of each document so far: steps, number, files and their reports."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from workflow.rules import reasons
from workflow.rules.deadlines import local_date
from workflow.rules.reasons import Step
from workflow.rules.statements import STEPS
from workflow.verifier.findings import Found, Rule
from workflow.verifier.registers import Registers
from workflow.verifier.rows import (
    Exclusion,
    NumberVoid,
    RegisterEntry,
    Relation,
    Report,
    Revision,
    Row,
    SigningIntent,
    SigningOutcome,
)
from workflow.verifier.scope import Organisation, Scope
from workflow.verifier.shelf import Shelf
from workflow.verifier.slices import Event

#: What an outgoing document's entries are called, before the trigger.
_OUTGOING = "outgoing."
REGISTERS = ("outgoing", "incoming")  # copies are no documents of their own
#: A file is judged as of now and the report kept at once: not as of before a revocation.
_JUDGED_WITHIN = timedelta(days=1)

Key = tuple[str, str, str, datetime | None]
"""What alike rows are counted by: issuer, register, cell, due time."""


@dataclass(slots=True)
class Document:
    """What the chain said of a document so far. `files` are its files' newest ordinals, digests;
    `consists_of` those that are in its newest draft, the main text first.

    `stated`, `counted` and `named` are what its newest fact says: see `workflow.verifier.books`.
    """

    since: int  # the first entry about it
    case: str = ""
    steps: frozenset[Step] = frozenset()
    issued_on: date | None = None
    assigned: bool = False
    recalled: bool = False
    completed_at: datetime | None = None
    voided: bool = False
    duplicate_of: str | None = None
    files: dict[str, tuple[int, str]] = field(default_factory=dict)
    consists_of: tuple[str, ...] = ()
    entry: RegisterEntry | None = None
    facts: int = 0
    stated: tuple[object, ...] | None = None
    counted: Key | None = None
    named: tuple[tuple[str, str | None], ...] = ()

    def progress(self, register: str) -> tuple[object, ...]:
        """How far it has come, as a statement of this register says it."""
        if register == "outgoing":
            return self.steps, self.issued_on, self.voided
        recalled_before = self.recalled and self.completed_at is None
        return self.assigned, recalled_before, self.completed_at, self.duplicate_of

    def is_named(self, digests: Iterable[str]) -> bool:
        """Whether these are all of its files as they are now: of a draft in their order."""
        if self.consists_of:
            return list(digests) == [self.files.get(one, (0, ""))[1] for one in self.consists_of]
        return sorted(digests) == sorted([digest for _, digest in self.files.values()])


@dataclass(slots=True)
class _Intents:
    """What the intents of a file say, by their ids; and whose file it is."""

    document: str
    made: dict[str, tuple[str, str, str, str]] = field(default_factory=dict)


class Documents:
    """The documents of one organisation. Feed `take` every event of its chain in order."""

    def __init__(self, organisation: Organisation, scope: Scope, found: Found) -> None:
        self.organisation, self.found = organisation, found
        # A year's own registers begin with the rows: see `Organisation.rows_from`.
        self._registers = Registers(organisation.id, scope.period.first_on.year - 1, found)
        self._held: Shelf[Document] = Shelf()
        self._files: Shelf[_Intents] = Shelf()
        self._reports: Shelf[Report] = Shelf()  # the latest by the file's digest
        self._entries: Shelf[str] = Shelf()  # entry of a register -> document
        self._intents: Shelf[str] = Shelf()  # intent -> file
        self._exclusions: dict[tuple[str, str], reasons.Exclusion] = {}
        self._excluded_before = False
        self.destroyed: set[tuple[str, str, int]] = set()

    def take(self, event: Event) -> None:
        """Learn from one event. Raises OverflowError for a moment beyond the calendar."""
        kind = event.action.partition(".")[0]
        if kind in REGISTERS:
            self._move(event, kind)
        for row in event.rows:
            learn = _ROWS.get(type(row))
            if learn is not None:
                learn(self, event, row)
        for table, _ in event.named:
            self._excluded_before |= table == "indicator_exclusion"

    def find(self, document: str) -> Document | None:
        """What is known of it, if anything."""
        return self._held.get(document)

    def get(self, document: str, sequence: int) -> Document:
        """What is known of it; `sequence` is the entry that speaks of it now. Put it back."""
        held = self._held.get(document)
        if held is None:
            held = Document(sequence)
            self._held.put(document, held)
        return held

    def put(self, document: str, held: Document) -> None:
        """Keep what is known of it."""
        self._held.put(document, held)

    def items(self) -> Iterator[tuple[str, Document]]:
        """All of them."""
        return self._held.items()

    def report(self, sha256: str) -> Report | None:
        """The latest report over these bytes."""
        return self._reports.get(sha256)

    def capacities(self, held: Document, sha256: str) -> list[tuple[str, str, str]]:
        """What these bytes were signed as (field, person, capacity), by the intents of the
        document's case that were not refused."""
        return sorted(
            {
                made[1:]
                for file_id, (_, digest) in held.files.items()
                if digest == sha256 and (file := self._files.get(file_id)) is not None
                for made in file.made.values()
                if made[0] == held.case
            }
        )

    def may_name(
        self, exclusion: reasons.Exclusion | None, register: str, type_code: str, on: date
    ) -> bool:
        """Whether this is why such a document of that day does not count, if it does not."""
        known = self._exclusions.get((register, type_code))
        if known is not None and not known.reaches(on):
            known = None  # one that was decided on later is not named
        return exclusion == known or (self._excluded_before and known is None)

    def close(self) -> None:
        """Forget everything."""
        for shelf in (self._held, self._files, self._reports, self._entries, self._intents):
            shelf.close()

    def _note(self, rule: Rule, row: Row, detail: str = "") -> None:
        self.found.add(rule, row.place, self.organisation.id, detail)

    def _move(self, event: Event, kind: str) -> None:
        held = self.get(event.subject, event.sequence)
        target, case = event.facts.get("target"), event.facts.get("case")
        if isinstance(case, str):
            held.case = case
        if kind == "outgoing":
            files = event.facts.get("files")
            if isinstance(files, list):
                held.consists_of = tuple(map(str, files))
            step = STEPS.get(event.action.removeprefix(_OUTGOING))
            if step is not None:
                held.steps |= {step}
                if step is Step.ISSUED:
                    held.issued_on = local_date(event.at)
        elif target == "assigned":
            held.assigned = True
        elif target == "completed":
            held.completed_at = event.at
        elif target == "recalled":
            held.recalled = True
            gone = event.facts.get("destroyed")
            for sha256 in gone if isinstance(gone, list) else ():
                self.destroyed.add((str(sha256), event.subject, event.sequence))
        self.put(event.subject, held)

    # Rows, as their entry digests them.

    def _enter(self, event: Event, row: RegisterEntry) -> None:
        self._registers.enter(row, event.at)
        held = self.get(row.document_id, event.sequence)
        if held.entry is not None:
            self._note(Rule.NUMBER_DOUBLE, row, f"document {row.document_id} has two numbers")
        held.entry = row
        self.put(row.document_id, held)
        self._entries.put(row.id, row.document_id)

    def _void(self, event: Event, row: NumberVoid) -> None:
        document = self._entries.get(row.entry_id)
        if document is not None:
            held = self.get(document, event.sequence)
            held.voided = True
            self.put(document, held)

    def _relate(self, event: Event, row: Relation) -> None:
        held = self.get(row.document_id, event.sequence)
        held.duplicate_of = row.other_id
        self.put(row.document_id, held)

    def _revise(self, event: Event, row: Revision) -> None:
        file = self._files.get(row.file_id)
        if file is None:
            # A file is a document's from its first bytes on: the document's own entry digests them.
            kind = event.action.partition(".")[0]
            file = _Intents(event.subject if kind in REGISTERS else "")
        self._files.put(row.file_id, file)
        if file.document:
            held = self.get(file.document, event.sequence)
            last = held.files.get(row.file_id)
            if last is not None and row.ordinal != last[0] + 1:
                self._note(Rule.STATEMENT_FILES, row, f"revision {row.ordinal} after {last[0]}")
            held.files[row.file_id] = (row.ordinal, row.sha256)
            self.put(file.document, held)

    def _intend(self, _event: Event, row: SigningIntent) -> None:
        file = self._files.get(row.file_id) or _Intents("")
        file.made[row.id] = (row.case_id, row.field, row.person_id, row.capacity)
        self._files.put(row.file_id, file)
        self._intents.put(row.id, row.file_id)

    def _refuse(self, _event: Event, row: SigningOutcome) -> None:
        file_id = self._intents.get(row.intent_id)
        file = self._files.get(file_id) if file_id else None
        if file is not None and file_id is not None:
            file.made.pop(row.intent_id, None)
            self._files.put(file_id, file)

    def _judge(self, event: Event, row: Report) -> None:
        if row.organisation_id != self.organisation.id:
            self._note(Rule.REPORT_WRONG, row, "of another organisation")
        asked = row.found.checked_at
        if row.checked_at != event.at or abs(event.at - asked) > _JUDGED_WITHIN:
            self._note(Rule.REPORT_WRONG, row, f"kept {event.at}, judged as of {asked}")
        last = self._reports.get(row.sha256)
        if last is None or last.id < row.id:  # ids are ordered by time
            self._reports.put(row.sha256, row)

    def _exclude(self, _event: Event, row: Exclusion) -> None:
        self._exclusions[row.register, row.type_code] = reasons.Exclusion(
            row.id, row.decided_by, row.decided_on
        )


_ROWS: Mapping[type[Row], Callable[[Documents, Event, Any], None]] = {
    RegisterEntry: Documents._enter,
    NumberVoid: Documents._void,
    Report: Documents._judge,
    Revision: Documents._revise,
    SigningIntent: Documents._intend,
    SigningOutcome: Documents._refuse,
    Relation: Documents._relate,
    Exclusion: Documents._exclude,
}
