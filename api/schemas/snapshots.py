"""The indicator frozen, and the document that reports it."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Literal

from pydantic import Field

from api.schemas.dossier_outputs import Lines, Paragraphs
from api.schemas.indicator import FractionOut
from api.schemas.reconciliations import ExclusionOut, ReconciledOut
from api.schemas.values import Moment, Payload, Shape, Title, Word
from workflow.facts.reported import Reported
from workflow.facts.snapshots import FrozenIssuer, beside_in, issuers_in, snapshot_answer
from workflow.records import IndicatorSnapshot


class SnapshotIn(Payload):
    period: str = Field(
        max_length=10, description="A month, quarter or year.", examples=["2026-11"]
    )


class FrozenIssuerOut(Shape):
    """What one issuer had reached; arrivals count with the first."""

    issuer_id: uuid.UUID
    issuer: str
    outgoing_processed: FractionOut
    outgoing_signed: FractionOut
    incoming_processed: FractionOut
    incoming_signed: FractionOut
    completed_on_time: int

    @classmethod
    def of(cls, frozen: FrozenIssuer) -> FrozenIssuerOut:
        return cls(
            issuer_id=frozen.issuer_id,
            issuer=frozen.name,
            outgoing_processed=FractionOut.of(frozen.outgoing_processed),
            outgoing_signed=FractionOut.of(frozen.outgoing_signed),
            incoming_processed=FractionOut.of(frozen.incoming_processed),
            incoming_signed=FractionOut.of(frozen.incoming_signed),
            completed_on_time=frozen.completed_on_time,
        )


class ReportedOut(Shape):
    """The document that reports a snapshot, told from its own evidence.

    `printed`: it was drafted from what was printed of this very snapshot.
    """

    document_id: uuid.UUID
    state: str
    state_label: str
    code: str | None
    dated_on: date | None
    signed: bool
    reason: str | None
    printed: bool

    @classmethod
    def of(cls, one: Reported) -> ReportedOut:
        return cls.model_validate(
            {name: getattr(one, name) for name in cls.model_fields}
            | {"reason": one.reason.value if one.reason else None}
        )


class SnapshotOut(Shape):
    """A frozen indicator: what it was when the journal of the organisation stood there.

    In one that is not of `production` development signatures count; it has no legal value.
    """

    id: uuid.UUID
    organisation_id: uuid.UUID
    period: str
    achieved: bool
    text: str
    definition_version: int
    definition_sha256: str
    production: bool
    journal_sequence: int
    journal_digest: str
    uncovered: int
    taken_by: uuid.UUID
    taken_at: Moment
    issuers: list[FrozenIssuerOut]
    exclusions: list[ExclusionOut]
    reconciliation: list[ReconciledOut]
    report: ReportedOut | None

    @classmethod
    def of(cls, snapshot: IndicatorSnapshot, report: Reported | None = None) -> SnapshotOut:
        achieved, text = snapshot_answer(snapshot)
        beside = beside_in(snapshot.content)
        return cls(
            id=snapshot.id,
            organisation_id=snapshot.organisation_id,
            period=snapshot.period,
            achieved=achieved,
            text=text,
            definition_version=snapshot.definition_version,
            definition_sha256=beside.definition_sha256,
            production=beside.production,
            journal_sequence=snapshot.journal_sequence,
            journal_digest=snapshot.journal_digest,
            uncovered=beside.uncovered,
            taken_by=snapshot.taken_by,
            taken_at=snapshot.taken_at,
            issuers=[FrozenIssuerOut.of(one) for one in issuers_in(snapshot.content)],
            exclusions=[ExclusionOut.of(one) for one in beside.exclusions],
            reconciliation=[ReconciledOut.of(one) for one in beside.reconciled],
            report=ReportedOut.of(report) if report else None,
        )


class ReportIn(Payload):
    """Who signs the report of a snapshot, and what is remarked; the figures are the snapshot's."""

    signer_id: uuid.UUID
    capacity: Word | Literal[""] = Field(default="", examples=["TM"])
    head: Title | Literal[""] = Field(
        default="",
        description="The body or the title in whose name it is signed, where one is.",
    )
    remarks: Paragraphs = Field(default=[])
    recipients: Lines = Field(default=[])


class ReportLinkIn(Payload):
    document_id: uuid.UUID = Field(description="An outgoing báo cáo drafted from the print.")
