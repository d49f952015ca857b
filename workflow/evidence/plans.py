"""What a bundle is to hold: which organisations, up to which heads of their chains."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select

from workflow import transparency
from workflow.access import access_chain, require_role
from workflow.chains import SYSTEM_CHAIN
from workflow.facts.placement import beneath
from workflow.office import VIETNAM, Reading, Transaction
from workflow.records import Checkpoint, CheckpointStamp, LeafHead
from workflow.rules import indicator
from workflow.rules.checkpoints import TreeHead, parse_head
from workflow.rules.errors import GuardsUnmet, Invalid, NotFound

#: Who may take an organisation's evidence along.
EXPORTS = frozenset({"auditor", "leader"})
_LARGEST = 2**53 - 1  # what a checkpoint can say, and more than a database can be asked


@dataclass(frozen=True)
class Request:
    """What to export: of which organisations, of which period, as of which checkpoint.

    `checkpoint` is the size of a signed tree head; None takes the newest that is time-stamped, or
    else the newest. `since` is an older one that the auditor keeps: the proof that the log only
    grew is put in. `pdfs` puts the files themselves in.
    """

    organisation_ids: Sequence[uuid.UUID]
    period: str
    checkpoint: int | None = None
    since: int | None = None
    pdfs: bool = False


@dataclass(frozen=True)
class Plan:
    """A request that can be met, and the checkpoint that bounds all of it.

    `heads` has the newest head under the checkpoint of each chain that has one.
    """

    request: Request
    period: indicator.Period
    definition: indicator.Definition
    checkpoint: Checkpoint
    heads: dict[str, LeafHead]

    @property
    def tree(self) -> TreeHead:
        """What the checkpoint's signature is over."""
        return parse_head(self.checkpoint.content)

    @property
    def as_of(self) -> datetime:
        """The time of the checkpoint."""
        return self.tree.at

    @property
    def day(self) -> date:
        """The local day of the checkpoint."""
        return self.as_of.astimezone(VIETNAM).date()

    @property
    def chains(self) -> list[str]:
        """The system's and then each organisation's, in the order in which they were named."""
        return [SYSTEM_CHAIN, *map(str, self.request.organisation_ids)]

    def head(self, chain: uuid.UUID | str) -> int:
        """Up to which entry a chain is taken; 0 where the checkpoint knows none of it."""
        head = self.heads.get(str(chain))
        return head.sequence if head else 0


def planned(reading: Reading, request: Request) -> Plan:
    """Find what bounds a bundle.

    Raises:
        Invalid: no such period, or `since` is no older checkpoint.
        NotFound: no such checkpoint. GuardsUnmet: nothing of these organisations is under one yet.
    """
    period = indicator.parse_period(request.period)
    definition = indicator.definition_for(reading.office.law.indicator, period)
    checkpoint = _checkpoint(reading, request.checkpoint)
    since = request.since
    if since is not None and not 1 <= since <= checkpoint.size:
        why = f"Điểm kiểm soát đang giữ phải từ 1 đến {checkpoint.size}."
        raise Invalid([("/since", why)])
    chains = [SYSTEM_CHAIN, *map(str, request.organisation_ids)]
    heads = {chain: transparency.head_of(reading, chain, checkpoint.size) for chain in chains}
    found = {chain: head for chain, head in heads.items() if head is not None}
    if not found.keys() - {SYSTEM_CHAIN}:
        raise GuardsUnmet(
            [
                f"Cơ quan chưa có mục nhật ký nào trong điểm kiểm soát {checkpoint.size}."
                " Hãy chọn điểm kiểm soát sau đó."
            ]
        )
    return Plan(request, period, definition, checkpoint, found)


def _checkpoint(reading: Reading, size: int | None) -> Checkpoint:
    if size is None:
        stamped = reading.session.scalar(select(func.max(CheckpointStamp.size)))
        found = transparency.checkpoint(reading, stamped) if stamped else None
        found = found or transparency.newest(reading)
        if found is None:
            raise GuardsUnmet(["Chưa có điểm kiểm soát nào được ký. Hãy thử lại sau vài phút."])
        return found
    found = transparency.checkpoint(reading, size) if 0 < size <= _LARGEST else None
    if found is None:
        raise NotFound(f"Điểm kiểm soát {size}")
    return found


def permitted(
    reading: Reading, organisation_id: uuid.UUID, period: str, *, subtree: bool
) -> Sequence[uuid.UUID]:
    """The organisation, and with `subtree` those under it in the period, if the actor may take all.

    Raises:
        NotFound, Forbidden: see EXPORTS; also where it is one under it that they may not.
        Invalid: no such period.
    """
    require_role(reading, organisation_id, EXPORTS)
    if not subtree:
        return [organisation_id]
    under = beneath(reading, organisation_id, indicator.parse_period(period))
    found = sorted({one.organisation_id for one in under} - {organisation_id})
    for one in found:
        require_role(reading, one, EXPORTS)
    return [organisation_id, *found]


def record(tx: Transaction, plan: Plan) -> None:
    """Write into the access chain of each organisation that its evidence is taken along."""
    for organisation_id in sorted(plan.request.organisation_ids):
        tx.journal(
            "evidence.exported",
            access_chain(organisation_id),
            organisation_id,
            period=plan.period.label,
            checkpoint=plan.checkpoint.size,
            since=plan.request.since,
            pdfs=plan.request.pdfs,
        )
