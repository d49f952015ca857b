"""What one organisation's journal says of its documents, and whether its facts say the same.

Reads the events of a chain in order. Each fact is compared with everything before it: the entry of
the register, the steps, the files, the reports, the intents, the owners of certificates. In the end
each newest fact is compared once more, so that none was left as it was when the evidence changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from workflow.rules import statements
from workflow.rules.cells import cell_of, due_of
from workflow.rules.deadlines import local_date
from workflow.rules.reasons import Exclusion, Step
from workflow.rules.statements import STEPS, OutgoingStatement, Statement
from workflow.verifier.findings import Found, Rule
from workflow.verifier.registers import Entered, Registers
from workflow.verifier.scope import Organisation, Scope
from workflow.verifier.shelf import Shelf
from workflow.verifier.slices import Event, Reported, Row

#: What an outgoing document's entries are called, before the trigger.
_OUTGOING = "outgoing."
_REGISTERS = ("outgoing", "incoming")  # copies are no documents of their own

Owners = Mapping[str, set[str]]
Key = tuple[str, str, str, datetime | None]
"""What alike rows are counted by: issuer, register, cell, due time."""


@dataclass(slots=True)
class Document:
    """What the chain said of a document so far. `files` are its files' newest ordinals, digests."""

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
    entry: Entered | None = None
    facts: int = 0
    stated: tuple[object, ...] | None = None
    counted: Key | None = None
    named: tuple[tuple[str, str | None], ...] = ()


@dataclass(slots=True)
class Intents:
    """What the intents of a file say, by their ids; and whose file it is."""

    document: str
    made: dict[str, tuple[str, str, str, str]] = field(default_factory=dict)


@dataclass
class Books:
    """The books of one organisation. Feed `take` every event of its chain, then `close`."""

    organisation: Organisation
    scope: Scope
    owners: Owners
    found: Found
    counted: Counter[Key] = field(default_factory=Counter)
    destroyed: set[tuple[str, str, int]] = field(default_factory=set)
    facts: int = 0
    unproven: int = 0

    def __post_init__(self) -> None:
        # A year's own registers begin with the rows: see `Organisation.rows_from`.
        self._registers = Registers(
            self.organisation.id, self.scope.period.first_on.year - 1, self.found
        )
        self._documents: Shelf[Document] = Shelf()
        self._files: Shelf[Intents] = Shelf()
        self._reports: Shelf[tuple[str, Reported]] = Shelf()  # the latest by the file's digest
        self._entries: Shelf[str] = Shelf()  # entry of a register -> document
        self._intents: Shelf[str] = Shelf()  # intent -> file
        self._exclusions: dict[tuple[str, str], Exclusion] = {}
        self._excluded_before = False

    def take(self, event: Event) -> None:
        """Read one event."""
        kind = event.action.partition(".")[0]
        if kind in _REGISTERS:
            self._move(event, kind)
        for row in event.rows:
            try:
                _ROWS[row.table](self, event, row)
            except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as fault:
                self._note(Rule.ENTRY_WRONG, row, f"{type(fault).__name__}: {fault}")
        for table, _ in event.named:
            self._excluded_before |= table == "indicator_exclusion"
        if event.action == "register.restated" and not event.rows:
            self._restated_before(event)

    def _note(self, rule: Rule, row: Row, detail: str = "") -> None:
        self.found.add(rule, f"{row.table} {row.id}", self.organisation.id, detail)

    def _document(self, document: str, sequence: int) -> Document:
        held = self._documents.get(document)
        if held is None:
            held = Document(sequence)
            self._documents.put(document, held)
        return held

    def _move(self, event: Event, kind: str) -> None:
        held = self._document(event.subject, event.sequence)
        target, case = event.facts.get("target"), event.facts.get("case")
        if isinstance(case, str):
            held.case = case
        if kind == "outgoing":
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
        self._documents.put(event.subject, held)

    # Rows, as their entry digests them.

    def _enter(self, event: Event, row: Row) -> None:
        entered = self._registers.enter(row.id, row.columns, event.at)
        held = self._document(entered.document, event.sequence)
        if held.entry is not None:
            self._note(Rule.NUMBER_DOUBLE, row, f"document {entered.document} has two numbers")
        held.entry = entered
        self._documents.put(entered.document, held)
        self._entries.put(row.id, entered.document)

    def _void(self, event: Event, row: Row) -> None:
        document = self._entries.get(row.columns["entry_id"])
        if document is not None:
            held = self._document(document, event.sequence)
            held.voided = True
            self._documents.put(document, held)

    def _relate(self, event: Event, row: Row) -> None:
        held = self._document(row.columns["document_id"], event.sequence)
        held.duplicate_of = row.columns["other_id"]
        self._documents.put(row.columns["document_id"], held)

    def _revise(self, event: Event, row: Row) -> None:
        file_id, ordinal = row.columns["file_id"], row.columns["ordinal"]
        file = self._files.get(file_id)
        if file is None:
            # A file is a document's from its first bytes on: the document's own entry digests them.
            kind = event.action.partition(".")[0]
            file = Intents(event.subject if kind in _REGISTERS else "")
        self._files.put(file_id, file)
        held = self._document(file.document, event.sequence) if file.document else None
        if held is not None:
            last = held.files.get(file_id)
            if last is not None and ordinal != last[0] + 1:
                self._note(Rule.STATEMENT_FILES, row, f"revision {ordinal} after {last[0]}")
            held.files[file_id] = (ordinal, row.columns["sha256"])
            self._documents.put(file.document, held)

    def _intend(self, _event: Event, row: Row) -> None:
        columns = row.columns
        file = self._files.get(columns["file_id"]) or Intents("")
        file.made[row.id] = (
            columns["case_id"],
            columns["field"],
            columns["person_id"],
            columns["capacity"],
        )
        self._files.put(columns["file_id"], file)
        self._intents.put(row.id, columns["file_id"])

    def _refuse(self, _event: Event, row: Row) -> None:
        file_id = self._intents.get(row.columns["intent_id"])
        file = self._files.get(file_id) if file_id else None
        if file is not None and file_id is not None:
            file.made.pop(row.columns["intent_id"], None)
            self._files.put(file_id, file)

    def _report(self, _event: Event, row: Row) -> None:
        if row.columns["organisation_id"] != self.organisation.id:
            self._note(Rule.REPORT_WRONG, row, "of another organisation")
        last = self._reports.get(row.columns["sha256"])
        if last is None or last[0] < row.id:  # ids are ordered by time
            self._reports.put(row.columns["sha256"], (row.id, row.content))

    def _exclude(self, _event: Event, row: Row) -> None:
        columns = row.columns
        self._exclusions[columns["register"], columns["type_code"]] = Exclusion(
            row.id, columns["decided_by"], date.fromisoformat(columns["decided_on"])
        )

    # Facts.

    def _restated_before(self, event: Event) -> None:
        """A fact from before the rows of the bundle: its ordinal is in the entry."""
        held = self._document(event.subject, event.sequence)
        held.facts += 1
        if held.facts != event.facts.get("ordinal"):
            self.found.add(
                Rule.FACT_MISSING, f"{self.organisation.id}#{event.sequence}", self.organisation.id
            )
        self._documents.put(event.subject, held)

    def _fact(self, event: Event, row: Row) -> None:
        self.facts += 1
        columns, document = row.columns, row.columns["document_id"]
        held = self._document(document, event.sequence)
        try:
            statement = statements.parse(row.content)
        except (ValueError, KeyError, TypeError, AttributeError, IndexError) as fault:
            self._note(Rule.FACT_WRONG, row, f"{type(fault).__name__}: {fault}")
            return
        held.facts += 1
        if held.facts != columns["ordinal"] or event.facts.get("ordinal") != columns["ordinal"]:
            self._note(Rule.FACT_MISSING, row, f"{columns['ordinal']} after {held.facts - 1}")
            held.facts = columns["ordinal"]
        if not self._agrees(event, columns, statement, held):
            self._note(Rule.FACT_WRONG, row)
        for rule in self._contradicted(statement, held):
            self._note(rule, row, f"{self.organisation.id}#{event.sequence}")
        self._counts(row, statement, held)
        self._documents.put(document, held)

    def _agrees(
        self, event: Event, columns: Mapping[str, Any], said: Statement, held: Document
    ) -> bool:
        """Whether the columns say what the content says, and both what the register says."""
        entry = held.entry
        ours = self.organisation.id
        outgoing = isinstance(said, OutgoingStatement)
        if entry is None:
            entered = held.since < self.organisation.rows_from  # it is further back
        else:
            seat = self.organisation.issuers[0] if self.organisation.issuers else ""
            entered = entry[:6] == (
                said.entry,
                columns["register"],
                columns["year"],
                said.number,
                said.code,
                said.entered_on,
            ) and said.issuer == (entry.issuer_key if outgoing else seat)
        return (
            entered
            and event.action == "register.restated"
            and event.subject == said.document == columns["document_id"]
            and columns["sequence"] == event.sequence
            and columns["organisation_id"] == said.organisation == ours
            and columns["entry_id"] == said.entry
            and columns["register"] == statements.REGISTER_OF[type(said)]
            and columns["issuer_id"] == said.issuer
            and columns["type_code"] == said.type_code
        )

    def _contradicted(self, said: Statement, held: Document) -> list[Rule]:
        """What the chain says otherwise than a statement."""
        broken = []
        if self._progress(said) != self._progress_of(said, held):
            broken.append(Rule.STATEMENT_STEPS)
        broken += self._files_contradicted(said, held)
        if any(owner not in self.owners.get(one, ()) for one, owner in said.owners.items()):
            broken.append(Rule.STATEMENT_OWNER)
        whole = held.since >= self.organisation.rows_from
        if whole and sorted(getattr(said, "allowed", ())) != self._allowed(said, held):
            broken.append(Rule.STATEMENT_CAPACITY)
        register = statements.REGISTER_OF[type(said)]
        excluded = self._exclusions.get((register, said.type_code))
        issued_on = said.issued_on if isinstance(said, OutgoingStatement) else None
        if excluded is not None and not excluded.reaches(issued_on or said.entered_on):
            excluded = None  # one that was decided on later is not named
        if said.exclusion != excluded and not (self._excluded_before and excluded is None):
            broken.append(Rule.STATEMENT_EXCLUSION)
        return broken

    def _progress(self, said: Statement) -> tuple[object, ...]:
        if isinstance(said, OutgoingStatement):
            return frozenset(said.steps), said.issued_on, said.voided
        return (
            said.transferred,
            said.recalled_before_processing,
            said.completed_at,
            said.duplicate_of,
        )

    def _progress_of(self, said: Statement, held: Document) -> tuple[object, ...]:
        if isinstance(said, OutgoingStatement):
            return held.steps, held.issued_on, held.voided
        recalled = held.recalled and held.completed_at is None
        return held.assigned, recalled, held.completed_at, held.duplicate_of

    def _files_contradicted(self, said: Statement, held: Document) -> list[Rule]:
        newest = {sha256 for _, sha256 in held.files.values()}
        whole = held.since >= self.organisation.rows_from
        broken = []
        if whole and any(file.sha256 not in newest for file in said.files):
            broken.append(Rule.STATEMENT_FILES)
        for file in said.files:
            latest = self._reports.get(file.sha256)
            if (latest[0] if latest else None) != file.report and (latest or whole):
                broken.append(Rule.STATEMENT_REPORT)
                break
        return broken

    def _allowed(self, said: Statement, held: Document) -> list[tuple[str, str, str]]:
        """What the main text was signed as, by the intents that were not refused."""
        if not said.files or not isinstance(said, OutgoingStatement):
            return []
        main = said.files[0].sha256
        return sorted(
            {
                made[1:]
                for file_id, (_, sha256) in held.files.items()
                if sha256 == main and (file := self._files.get(file_id)) is not None
                for made in file.made.values()
                if made[0] == held.case
            }
        )

    def _counts(self, row: Row, said: Statement, held: Document) -> None:
        """Count a fact instead of the one before it, by the cell that its evidence gives."""
        columns = row.columns
        reports: dict[str, Reported] = {}
        for file in said.files:
            latest = self._reports.get(file.sha256)
            if latest is not None:
                reports[latest[0]] = latest[1]
        period = self.scope.period
        try:
            found = said.row(reports)
            counted_on, cell, due = found.counted_on, cell_of(found), due_of(found)
            due_at = columns["due_at"] and datetime.fromisoformat(columns["due_at"])
            if (
                columns["counted_on"] != counted_on.isoformat()
                or columns["month"] != counted_on.year * 100 + counted_on.month
                or columns["cell"] != cell
                or due_at != due
            ):
                self._note(Rule.FACT_CELL, row, f"{columns['cell']} is {cell}")
        except KeyError:  # a report from before the rows: it tells nothing of this period
            counted_on = date.fromisoformat(columns["counted_on"])
            if counted_on in period or held.since >= self.organisation.rows_from:
                self._note(Rule.STATEMENT_REPORT, row, "the report is not there")
                counted_on = date.min
            else:
                self.unproven += 1
            cell, due = "", None
        except ValueError as fault:
            self._note(Rule.FACT_CELL, row, str(fault))
            counted_on, cell, due = date.min, "", None
        if held.counted is not None:
            self.counted[held.counted] -= 1
            held.counted = None
        held.named = ()
        if counted_on in period:
            register = statements.REGISTER_OF[type(said)]
            held.counted = (said.issuer, register, cell, due)
            self.counted[held.counted] += 1
        held.named = tuple((file.sha256, file.report) for file in said.files)
        held.stated = self._progress(said)

    # The end.

    def close(self, needed: Callable[[str, Reported | None], None]) -> None:
        """No entry of a register without its facts, and none that is behind its evidence.

        `needed` is told of the files that the newest facts of the period name, with their reports.
        """
        for document, held in self._documents.items():
            if held.entry is None or held.entry.register not in _REGISTERS:
                continue
            place = f"register_entry {held.entry.id}"
            if not held.facts:
                self.found.add(Rule.FACT_MISSING, place, self.organisation.id)
            elif held.stated is not None and self._stale(held):
                self.found.add(Rule.FACT_STALE, place, self.organisation.id, f"document {document}")
            if held.counted is not None:
                for sha256, _ in held.named:
                    latest = self._reports.get(sha256)
                    needed(sha256, latest[1] if latest else None)
        for shelf in (self._documents, self._files, self._reports, self._entries, self._intents):
            shelf.close()

    def _stale(self, held: Document) -> bool:
        assert held.entry is not None
        if held.entry.register == "outgoing":
            now: Sequence[object] = (held.steps, held.issued_on, held.voided)
        else:
            recalled = held.recalled and held.completed_at is None
            now = (held.assigned, recalled, held.completed_at, held.duplicate_of)
        newest = {sha256 for _, sha256 in held.files.values()}
        whole = held.since >= self.organisation.rows_from
        return (
            held.stated != tuple(now)
            or (whole and any(sha256 not in newest for sha256, _ in held.named))
            or any(
                (latest := self._reports.get(sha256)) is not None and latest[0] != report
                for sha256, report in held.named
            )
        )


_ROWS: Mapping[str, Callable[[Books, Event, Row], None]] = {
    "register_entry": Books._enter,
    "number_void": Books._void,
    "register_fact": Books._fact,
    "report": Books._report,
    "revision": Books._revise,
    "signing_intent": Books._intend,
    "signing_outcome": Books._refuse,
    "relation": Books._relate,
    "indicator_exclusion": Books._exclude,
}
