"""The log above the journal, open to everybody, and an organisation's receipts."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query, Response

from api.auth import ActorHere, OfficeHere
from api.dependencies import shown
from api.problems import documented
from api.schemas.log import (
    CheckpointOut,
    ConsistencyOut,
    InclusionOut,
    LeafOut,
    Leaves,
    LogOut,
    ReceiptOut,
)
from workflow import receipts
from workflow.access import Chain
from workflow.receipts import Shown
from workflow.rules.errors import Forbidden, Invalid, NotAuthenticated, NotFound, Unavailable

_LARGEST = 2**53 - 1
#: A leaf names every chain that moved: those of a province are a hundred kilobytes.
_MOST_LEAVES = 50

router = APIRouter(tags=["log"], responses=documented(NotFound, Invalid, Unavailable))
Size = Annotated[int, Path(ge=1, le=_LARGEST, description="How many leaves it covers.")]
OtherSize = Annotated[
    int | None,
    Query(ge=1, le=_LARGEST, description="Of a signed checkpoint; the newest when left out."),
]
Accept = Annotated[str, Header(description="`text/plain`: the signed bytes, nothing else.")]
_TEXT: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/plain": {}}, "description": "The checkpoint, or its text alone."}
}


@router.get("/log", response_model=LogOut)
def read_log(office: OfficeHere) -> Response:
    """How the log stands: its newest signed checkpoint, and whether anything waits for too long."""
    with office.reading(None) as reading:
        return shown(LogOut.of(receipts.state(reading)))


@router.get("/log/checkpoint", response_model=CheckpointOut, responses=_TEXT)
def read_newest_checkpoint(office: OfficeHere, accept: Accept = "") -> Response:
    """The newest signed checkpoint."""
    with office.reading(None) as reading:
        return _answer(receipts.newest(reading), accept)


@router.get("/log/checkpoints/{size}", response_model=CheckpointOut, responses=_TEXT)
def read_checkpoint(size: Size, office: OfficeHere, accept: Accept = "") -> Response:
    """The signed checkpoint of exactly this size."""
    with office.reading(None) as reading:
        return _answer(receipts.signed(reading, size), accept)


def _answer(found: Shown, accept: str) -> Response:
    if accept.partition(";")[0].strip().lower() == "text/plain":
        return Response(found.checkpoint.content, media_type="text/plain")
    return shown(CheckpointOut.of(found))


@router.get("/log/leaves", response_model=list[LeafOut])
def list_leaves(
    office: OfficeHere,
    after: Annotated[
        int, Query(ge=-1, le=_LARGEST, description="Index of the last leaf you have.")
    ] = -1,
    limit: Annotated[int, Query(ge=1, le=_MOST_LEAVES, description="How many leaves.")] = 10,
) -> Response:
    """Leaves in order. An empty list: there are no more yet."""
    with office.reading(None) as reading:
        return shown(Leaves([LeafOut.of(row) for row in receipts.leaves(reading, after, limit)]))


@router.get("/log/inclusion", response_model=InclusionOut)
def prove_inclusion(
    office: OfficeHere,
    leaf: Annotated[int, Query(ge=0, le=_LARGEST, description="Index of a leaf.")],
    size: OtherSize = None,
) -> Response:
    """The proof that a leaf is in a signed checkpoint."""
    with office.reading(None) as reading:
        row, path, under = receipts.inclusion(reading, leaf, size)
        return shown(
            InclusionOut(
                leaf=row.index,
                leaf_hash=row.hash,
                size=under.checkpoint.size,
                root=under.head.root.hex(),
                path=[step.hex() for step in path],
            )
        )


@router.get("/log/consistency", response_model=ConsistencyOut)
def prove_consistency(
    office: OfficeHere,
    first: Annotated[int, Query(ge=1, le=_LARGEST, description="Of a signed checkpoint.")],
    second: OtherSize = None,
) -> Response:
    """The proof that a signed checkpoint is the beginning of a later one."""
    with office.reading(None) as reading:
        before, after, path = receipts.consistency(reading, first, second)
        return shown(
            ConsistencyOut(
                first=before.checkpoint.size,
                second=after.checkpoint.size,
                first_root=before.head.root.hex(),
                second_root=after.head.root.hex(),
                path=[step.hex() for step in path],
            )
        )


@router.get(
    "/organisations/{organisation_id}/journal/receipt",
    response_model=ReceiptOut,
    responses=documented(NotAuthenticated, Forbidden),
)
def read_receipt(
    organisation_id: uuid.UUID,
    office: OfficeHere,
    actor: ActorHere,
    sequence: Annotated[int, Query(ge=1, le=_LARGEST, description="The entry in its chain.")],
    chain: Annotated[
        Chain, Query(description="`acts`: what was done; `access`: who looked at what.")
    ] = Chain.ACTS,
) -> Response:
    """The proof that an entry of the journal is under a signed checkpoint."""
    with office.reading(actor) as reading:
        return shown(ReceiptOut.of(receipts.receipt(reading, organisation_id, sequence, chain)))
