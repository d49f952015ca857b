"""What an auditor asks of the journal: its entries, and whether they hold."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.auth import ActorHere, OfficeHere
from api.dependencies import shown
from api.problems import documented
from api.schemas.values import Page, Paging, Shape, ordinal
from workflow import auditing
from workflow.access import Chain
from workflow.records import JournalEntry
from workflow.rules import journal
from workflow.rules.errors import Forbidden, Invalid, NotAuthenticated, NotFound, Unavailable

router = APIRouter(
    prefix="/organisations/{organisation_id}",
    tags=["audit"],
    responses=documented(NotAuthenticated, Forbidden, NotFound, Invalid, Unavailable),
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
            after=paging.after(ordinal) or 0,
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
