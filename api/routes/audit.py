"""What an auditor asks: the indicator with the reason of every row, and the journal."""

from __future__ import annotations

import uuid
from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.auth import ActorHere, OfficeHere
from api.dependencies import shown
from api.problems import documented
from api.schemas.indicator import FractionOut
from api.schemas.values import Moment, Page, Paging, Shape
from workflow import auditing, reporting
from workflow.access import Chain
from workflow.records import JournalEntry
from workflow.rules import journal
from workflow.rules.errors import Forbidden, Invalid, NotAuthenticated, NotFound, Unavailable
from workflow.rules.indicator import Indicator

router = APIRouter(
    prefix="/organisations/{organisation_id}",
    tags=["audit"],
    responses=documented(NotAuthenticated, Forbidden, NotFound, Invalid, Unavailable),
)
Period = Annotated[
    str, Query(max_length=10, description="A month, quarter or year.", examples=["2026-11"])
]


class IssuerIndicator(Shape):
    issuer_id: uuid.UUID
    issuer: str
    achieved: bool
    outgoing_processed: FractionOut
    outgoing_signed: FractionOut
    incoming_processed: FractionOut
    incoming_signed: FractionOut
    completed_on_time: int


class IndicatorOut(Shape):
    """The four fractions of every issuer of a seat, never pooled (see docs/indicator.md)."""

    period: str
    definition_version: int
    as_of: Moment
    journal_sequence: int
    journal_digest: str
    issuers: list[IssuerIndicator]


@router.get("/indicator", response_model=IndicatorOut)
def measure_indicator(
    organisation_id: uuid.UUID, office: OfficeHere, actor: ActorHere, period: Period
) -> Response:
    """How much was processed and signed online, as exact fractions with reasons."""
    with office.reading(actor) as reading:
        report = reporting.measure(reading, organisation_id, period)
        return shown(
            IndicatorOut(
                period=period,
                definition_version=report.definition.version,
                as_of=report.as_of,
                journal_sequence=report.journal_sequence,
                journal_digest=report.journal_digest,
                issuers=[_measured(issuer.name, found) for issuer, found in report.issuers],
            )
        )


def _measured(name: str, found: Indicator) -> IssuerIndicator:
    return IssuerIndicator(
        issuer_id=uuid.UUID(found.issuer_id),
        issuer=name,
        achieved=found.achieved,
        outgoing_processed=FractionOut.of(found.outgoing_processed),
        outgoing_signed=FractionOut.of(found.outgoing_signed),
        incoming_processed=FractionOut.of(found.incoming_processed),
        incoming_signed=FractionOut.of(found.incoming_signed),
        completed_on_time=found.completed_on_time,
    )


class RowReasonOut(Shape):
    """Why a row of a register counts, or why it does not."""

    document_id: uuid.UUID
    register_name: str
    number: int
    code: str | None
    processed: str
    signed: str


@router.get("/indicator/reasons", response_model=Page[RowReasonOut])
def explain_indicator(
    organisation_id: uuid.UUID,
    office: OfficeHere,
    actor: ActorHere,
    period: Period,
    paging: Paging,
) -> Response:
    """The reason of every row, so that anybody can add the fractions up again."""
    after = paging.after(uuid.UUID)
    with office.reading(actor) as reading:
        rows = reporting.explain(reading, organisation_id, period, after=after)
        found = list(islice(rows, paging.limit + 1))
        return shown(paging.page(found, lambda row: row.entry_id, _reason))


def _reason(row: reporting.RowReasons) -> RowReasonOut:
    return RowReasonOut(
        document_id=row.document_id,
        register_name=row.register,
        number=row.number,
        code=row.code,
        processed=row.processed.value,
        signed=row.signed.value,
    )


class JournalEntryOut(Shape):
    """An entry: `digest` is SHA-256(0x00 || the UTF-8 bytes of `content`)."""

    sequence: int
    digest: str
    content: str

    @classmethod
    def of(cls, row: JournalEntry) -> JournalEntryOut:
        return cls(
            sequence=row.sequence, digest=row.digest, content=row.content.decode(errors="replace")
        )


ChainAsked = Annotated[
    Chain, Query(description="`acts`: what was done; `access`: who looked at what.")
]


@router.get("/journal", response_model=Page[JournalEntryOut])
def read_journal(
    organisation_id: uuid.UUID,
    office: OfficeHere,
    actor: ActorHere,
    paging: Paging,
    chain: ChainAsked = Chain.ACTS,
) -> Response:
    """A chain of entries in order, as the canonical text that was hashed."""
    with office.reading(actor) as reading:
        rows = auditing.entries(
            reading,
            organisation_id,
            chain,
            after=paging.after(_sequence) or 0,
            limit=paging.limit + 1,
        )
        return shown(paging.page(rows, lambda row: row.sequence, JournalEntryOut.of))


class BreakOut(Shape):
    kind: str
    sequence: int
    why: str


class VerificationOut(Shape):
    """How far the chain holds: `entries` unbroken ones, the digest of the last."""

    intact: bool
    entries: int
    head: str
    broken: BreakOut | None


@router.get("/journal/verification", response_model=VerificationOut)
def verify_journal(
    organisation_id: uuid.UUID,
    office: OfficeHere,
    actor: ActorHere,
    chain: ChainAsked = Chain.ACTS,
) -> Response:
    """Walk the chain from its beginning to its head; the first break, if there is one."""
    with office.reading(actor) as reading:
        found: journal.Findings = auditing.verify_chain(reading, organisation_id, chain)
        return shown(VerificationOut.model_validate(found))


def _sequence(value: object) -> int:
    if type(value) is not int or not 0 <= value < 2**53:
        raise ValueError("no sequence")
    return value
