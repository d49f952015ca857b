"""Whether the facts of an organisation say what its journal does, and what they come to.

Reads the events of a chain in order. Each fact is compared with everything before it: the entry of
the register, the steps, the files, the reports, the intents, the owners of certificates. In the end
each newest fact is compared once more, so that none was left as it was when the evidence changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

from workflow.rules.cells import cell_of, due_of
from workflow.rules.statements import REGISTER_OF, OutgoingStatement, Statement
from workflow.verifier.documents import REGISTERS, Document, Documents, Key
from workflow.verifier.findings import Found, Rule
from workflow.verifier.rows import Fact, Report, Reported, read_statement
from workflow.verifier.scope import Organisation, Scope
from workflow.verifier.slices import Event

Owners = Mapping[str, set[str]]


@dataclass
class Books:
    """The books of one organisation. Feed `take` every event of its chain, then `close`."""

    organisation: Organisation
    scope: Scope
    owners: Owners
    found: Found
    counted: Counter[Key] = field(default_factory=Counter)
    facts: int = 0
    unproven: int = 0

    def __post_init__(self) -> None:
        self._documents = Documents(self.organisation, self.scope, self.found)

    @property
    def destroyed(self) -> set[tuple[str, str, int]]:
        """Which files were destroyed: digest, document, and the entry that says so."""
        return self._documents.destroyed

    def take(self, event: Event) -> None:
        """Read one event."""
        try:
            self._documents.take(event)
            for row in event.rows:
                if isinstance(row, Fact):
                    self._fact(event, row)
        except OverflowError as why:  # a moment that no calendar of ours has
            self.found.add(Rule.ENTRY_WRONG, self._place(event), self.organisation.id, str(why))
        if event.action == "register.restated" and not event.rows:
            self._restated_elsewhere(event)

    def _place(self, event: Event) -> str:
        return f"{self.organisation.id}#{event.sequence}"

    def _note(self, rule: Rule, fact: Fact, detail: str = "") -> None:
        self.found.add(rule, fact.place, self.organisation.id, detail)

    def _restated_elsewhere(self, event: Event) -> None:
        """A fact from before the rows of the bundle: its ordinal is in the entry."""
        held = self._documents.get(event.subject, event.sequence)
        held.facts += 1
        named = any(table == "register_fact" for table, _ in event.named)
        if not named or held.facts != event.facts.get("ordinal"):
            self.found.add(Rule.FACT_MISSING, self._place(event), self.organisation.id)
        self._documents.put(event.subject, held)

    def _fact(self, event: Event, fact: Fact) -> None:
        self.facts += 1
        held = self._documents.get(fact.document_id, event.sequence)
        try:
            said = read_statement(fact)
        except (ValueError, RecursionError) as why:
            self._note(Rule.FACT_WRONG, fact, str(why))
            return
        held.facts += 1
        if held.facts != fact.ordinal or event.facts.get("ordinal") != fact.ordinal:
            self._note(Rule.FACT_MISSING, fact, f"{fact.ordinal} after {held.facts - 1}")
            held.facts = fact.ordinal
        if not self._agrees(event, fact, said, held):
            self._note(Rule.FACT_WRONG, fact)
        for rule in self._contradicted(said, held):
            self._note(rule, fact, self._place(event))
        self._count(fact, said, held)
        self._documents.put(fact.document_id, held)

    def _agrees(self, event: Event, fact: Fact, said: Statement, held: Document) -> bool:
        """Whether the columns say what the content says, and both what the register says."""
        entry = held.entry
        if entry is None:
            entered = not self._whole(held)  # it is further back
        else:
            issuers = self.organisation.issuers
            outgoing = isinstance(said, OutgoingStatement)
            issuer = entry.issuer_key if outgoing else issuers[0] if issuers else ""
            entered = (
                entry.id == said.entry
                and entry.register == fact.register
                and entry.year == fact.year
                and entry.number == said.number
                and entry.code == said.code
                and entry.entered_on == said.entered_on
                and issuer == said.issuer
            )
        return (
            entered
            and event.action == "register.restated"
            and event.subject == said.document == fact.document_id
            and fact.sequence == event.sequence
            and fact.organisation_id == said.organisation == self.organisation.id
            and fact.entry_id == said.entry
            and fact.register == REGISTER_OF[type(said)]
            and fact.issuer_id == said.issuer
            and fact.type_code == said.type_code
        )

    def _whole(self, held: Document) -> bool:
        """Whether everything about a document is in the bundle."""
        return held.since >= self.organisation.rows_from

    def _contradicted(self, said: Statement, held: Document) -> list[Rule]:
        """What the chain says otherwise than a statement."""
        register = REGISTER_OF[type(said)]
        whole = self._whole(held)
        broken = []
        if _progress(said) != held.progress(register):
            broken.append(Rule.STATEMENT_STEPS)
        if whole and not held.is_named([file.sha256 for file in said.files]):
            broken.append(Rule.STATEMENT_FILES)
        for file in said.files:
            latest = self._documents.report(file.sha256)
            if (latest.id if latest else None) != file.report and (latest or whole):
                broken.append(Rule.STATEMENT_REPORT)
                break
        if any(owner not in self.owners.get(one, ()) for one, owner in said.owners.items()):
            broken.append(Rule.STATEMENT_OWNER)
        if isinstance(said, OutgoingStatement):
            on = said.issued_on or said.entered_on
            files = said.files
            signed = self._documents.capacities(held, files[0].sha256) if files else []
            if whole and sorted(said.allowed) != signed:
                broken.append(Rule.STATEMENT_CAPACITY)
        else:
            on = said.entered_on
        if not self._documents.may_name(said.exclusion, register, said.type_code, on):
            broken.append(Rule.STATEMENT_EXCLUSION)
        return broken

    def _count(self, fact: Fact, said: Statement, held: Document) -> None:
        """Count a fact instead of the one before it, by the cell that its evidence gives."""
        if held.counted is not None:
            self.counted[held.counted] -= 1
            held.counted = None
        counted_on, cell, due_at = fact.counted_on, "", None
        try:
            row = said.row(self._reports(said))
            counted_on, cell, due_at = row.counted_on, cell_of(row), due_of(row)
            month = counted_on.year * 100 + counted_on.month
            told = (fact.counted_on, fact.month, fact.cell, fact.due_at)
            if told != (counted_on, month, cell, due_at):
                self._note(Rule.FACT_CELL, fact, f"{fact.cell} is {cell}")
        except KeyError:  # a report from before the rows: it tells nothing of this period
            if counted_on in self.scope.period or self._whole(held):
                self._note(Rule.STATEMENT_REPORT, fact, "the report is not there")
                counted_on = date.min
            else:
                self.unproven += 1
        except (ValueError, TypeError) as why:  # what no row can be
            self._note(Rule.FACT_CELL, fact, str(why))
            counted_on = date.min
        if counted_on in self.scope.period:
            held.counted = (said.issuer, REGISTER_OF[type(said)], cell, due_at)
            self.counted[held.counted] += 1
        held.named = tuple([(file.sha256, file.report) for file in said.files])
        held.stated = _progress(said)

    def _reports(self, said: Statement) -> dict[str, Reported]:
        """The latest reports over its files, by their ids."""
        latest = [self._documents.report(file.sha256) for file in said.files]
        return {report.id: report.found for report in latest if report is not None}

    def has_arrived(self, document: str, sha256: str) -> bool:
        """Whether this is an arrival, and these bytes are one of its files."""
        held = self._documents.find(document)
        return (
            held is not None
            and held.entry is not None
            and held.entry.register == "incoming"
            and any(digest == sha256 for _, digest in held.files.values())
        )

    # The end.

    def close(self, needed: Callable[[str, Report | None], None]) -> None:
        """No entry of a register without its facts, and none that is behind its evidence.

        `needed` is told of the files that the newest facts of the period name, with their reports.
        """
        for document, held in self._documents.items():
            if held.entry is None or held.entry.register not in REGISTERS:
                continue
            place = f"register_entry {held.entry.id}"
            if not held.facts:
                self.found.add(Rule.FACT_MISSING, place, self.organisation.id)
            elif held.stated is not None and self._stale(held, held.entry.register):
                self.found.add(Rule.FACT_STALE, place, self.organisation.id, f"document {document}")
            if held.counted is not None:
                for sha256, _ in held.named:
                    needed(sha256, self._documents.report(sha256))
        self._documents.close()

    def _stale(self, held: Document, register: str) -> bool:
        if held.stated != held.progress(register):
            return True
        for sha256, report in held.named:
            latest = self._documents.report(sha256)
            if latest is not None and latest.id != report:
                return True
        return self._whole(held) and not held.is_named([sha256 for sha256, _ in held.named])


def _progress(said: Statement) -> tuple[object, ...]:
    """What a statement says of `Document.progress`."""
    if isinstance(said, OutgoingStatement):
        return frozenset(said.steps), said.issued_on, said.voided
    return (
        said.transferred,
        said.recalled_before_processing,
        said.completed_at,
        said.duplicate_of,
    )
