"""What the evidence says of one entry of a register, stated once and whole.

A statement names the evidence by identifier and digest and holds no descriptive text. With the
signature reports it names it gives the row of the indicator: in the office, where it was stated
when the evidence changed, and at an auditor's, who has the same reports and perhaps the PDFs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from workflow.rules.canonical import canonical
from workflow.rules.reasons import Exclusion, Hold, IncomingRow, OutgoingRow, Step, worst
from workflow.rules.signed import (
    FoundReport,
    agency_hold,
    agency_unmet,
    persons_signed,
    sent_holds,
)

VERSION = 1
"""The only version of the statement's form."""

STEPS: Mapping[str, Step] = {
    "submit": Step.DRAFTED,
    "check_content": Step.CONTENT_CHECKED,
    "approve": Step.APPROVED,
    "check_format": Step.FORMAT_CHECKED,
    "number": Step.NUMBERED,
    "issue": Step.ISSUED,
}
"""The steps of the definition, by the trigger whose move (and whose journal entry) proves each."""


@dataclass(frozen=True)
class HeldFile:
    """A file as it is now: its digest, and the id of the report that counts, if there is one."""

    sha256: str
    report: str | None


@dataclass(frozen=True)
class NamedSigner:
    """Somebody who must sign an outgoing document."""

    ordinal: int
    person_id: str
    capacity: str


@dataclass(frozen=True)
class Entered:
    """What every statement says: which entry of which register, and what does not count by whom.

    `issuer` is whose it is counted as; `files` the main text first; `owners` whose the
    certificates are that the reports found.
    """

    entry: str
    document: str
    organisation: str
    issuer: str
    type_code: str
    number: int
    code: str | None
    entered_on: date
    files: tuple[HeldFile, ...]
    owners: Mapping[str, str]
    exclusion: Exclusion | None

    def to_bytes(self) -> bytes:
        """The canonical bytes: what is stored and digested."""
        return canonical({"version": VERSION, "register": REGISTER_OF[type(self)], **asdict(self)})

    def reports(self) -> Sequence[str]:
        """The ids of the reports it rests on."""
        return [file.report for file in self.files if file.report]

    def _found(self, reports: Mapping[str, FoundReport]) -> list[FoundReport | None]:
        return [reports[file.report] if file.report else None for file in self.files]


@dataclass(frozen=True)
class OutgoingStatement(Entered):
    """An entry of a register of outgoing documents.

    `allowed` tells in which field, by whom and in which capacity the main text was signed.
    """

    issued_on: date | None
    voided: bool
    seal_required: bool
    steps: tuple[Step, ...]
    signers: tuple[NamedSigner, ...]
    allowed: tuple[tuple[str, str, str], ...]

    def row(self, reports: Mapping[str, FoundReport]) -> OutgoingRow:
        """The row of the indicator. Raises KeyError when a report it names is not there."""
        found = self._found(reports)
        main = found[0] if found else None
        seals = [agency_hold(report, self.organisation, self.owners) for report in found]
        return OutgoingRow(
            document_id=self.document,
            issuer_id=self.issuer,
            registered_on=self.entered_on,
            issued_on=self.issued_on,
            voided=self.voided,
            secret=False,  # refused at the door
            persons=persons_signed(main, self.signers, self.owners, self.allowed).hold,
            agency=seals[0] if seals else Hold.MISSING,
            attachments=worst(seals[1:]),
            agency_required=self.seal_required,
            development=any(report.development for report in found if report),
            steps=frozenset(self.steps),
            exclusion=self.exclusion,
        )


@dataclass(frozen=True)
class IncomingStatement(Entered):
    """An entry of the register of incoming documents."""

    medium: str
    sender_kind: str
    transferred: bool
    recalled_before_processing: bool
    duplicate_of: str | None
    due_at: datetime | None
    completed_at: datetime | None

    def row(self, reports: Mapping[str, FoundReport]) -> IncomingRow:
        """The row of the indicator. Raises KeyError when a report it names is not there."""
        found = self._found(reports)
        main = found[0] if found else None
        paper = self.medium == "paper"
        persons, agency = sent_holds(main, self.sender_kind)
        return IncomingRow(
            document_id=self.document,
            issuer_id=self.issuer,
            arrived_on=self.entered_on,
            secret=False,  # refused at the door
            paper=paper,
            digitised=paper and agency_unmet(main, self.organisation, self.owners) is None,
            recalled_before_processing=self.recalled_before_processing,
            duplicate_of=self.duplicate_of,
            transferred=self.transferred,
            due_at=self.due_at,
            completed_at=self.completed_at,
            persons=persons,
            agency=agency,
            development=bool(main and main.development),
            exclusion=self.exclusion,
        )


Statement = OutgoingStatement | IncomingStatement
REGISTER_OF: Mapping[type, str] = {OutgoingStatement: "outgoing", IncomingStatement: "incoming"}


def parse(content: bytes) -> Statement:
    """Read what `to_bytes` wrote. Raises ValueError, KeyError or TypeError on anything else."""
    values: dict[str, Any] = json.loads(content)
    if values.pop("version") != VERSION:
        raise ValueError("a statement of another version")
    register = values.pop("register")
    values["entered_on"] = date.fromisoformat(values["entered_on"])
    values["files"] = tuple(HeldFile(**file) for file in values["files"])
    if values["exclusion"] is not None:
        decided_on = date.fromisoformat(values["exclusion"]["decided_on"])
        values["exclusion"] = Exclusion(**values["exclusion"] | {"decided_on": decided_on})
    if register == "outgoing":
        issued_on = values["issued_on"]
        values["issued_on"] = None if issued_on is None else date.fromisoformat(issued_on)
        values["steps"] = tuple(map(Step, values["steps"]))
        values["signers"] = tuple(NamedSigner(**signer) for signer in values["signers"])
        values["allowed"] = tuple((one[0], one[1], one[2]) for one in values["allowed"])
        return OutgoingStatement(**values)
    if register != "incoming":
        raise ValueError(f"no register {register!r}")
    for name in ("due_at", "completed_at"):
        at = values[name]
        values[name] = None if at is None else datetime.fromisoformat(at)
    return IncomingStatement(**values)
