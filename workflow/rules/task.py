"""Tasks (nhiệm vụ): one handler's part of an incoming document, the second and third tier of the
phiếu giải quyết (PL4): the head of the unit names a person, the person proposes or reports.

Whether a handler leads or supports (chủ trì, phối hợp) matters to the incoming document only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from uuid import UUID

from workflow.rules.machine import Guard, Holder
from workflow.rules.machine_checks import Catalogue, Property, RequiredDeadline


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFacts:
    """What the guards of a task look at."""

    actor_id: UUID | None
    """The person who acts; None for the system."""
    actor_heads_unit: bool
    """Heads the unit that the task was given to."""
    actor_directs: bool
    """Is the leader who gave the task, or acts in that leader's place."""
    actor_stands_in: bool
    """Does the assignee's work today, because the assignee is away."""
    assignee_id: UUID | None
    """The person who does it; None while the unit has not named one."""
    unit_id: UUID | None
    """The unit that the task was given to; None where a person was named at once."""
    reporter_id: UUID | None
    """Who reported last: the assignee, or whoever stood in."""
    expired: bool
    """The task's deadline has passed."""


def actor_heads_unit(facts: TaskFacts) -> str | None:
    if facts.actor_heads_unit:
        return None
    return "Chỉ người đứng đầu đơn vị được giao được thực hiện bước này."


def actor_directs(facts: TaskFacts) -> str | None:
    if facts.actor_directs:
        return None
    return "Chỉ lãnh đạo giao nhiệm vụ được thực hiện bước này."


def actor_is_assignee(facts: TaskFacts) -> str | None:
    if facts.actor_stands_in:
        return None
    if facts.assignee_id is not None and facts.actor_id == facts.assignee_id:
        return None
    return "Chỉ người được giao nhiệm vụ được thực hiện bước này."


def actor_received(facts: TaskFacts) -> str | None:
    """The unit's head, or the person whom the task was given to by name."""
    if facts.actor_heads_unit or actor_is_assignee(facts) is None:
        return None
    return "Chỉ đơn vị hoặc cá nhân được giao nhiệm vụ được thực hiện bước này."


def actor_oversees(facts: TaskFacts) -> str | None:
    """The unit's head or the leader; nobody accepts a report of his own to himself alone."""
    if facts.actor_directs:
        return None
    if facts.actor_heads_unit and facts.actor_id not in (facts.assignee_id, facts.reporter_id):
        return None
    return "Chỉ lãnh đạo giao nhiệm vụ hoặc người đứng đầu đơn vị (không phải người thực hiện)."


def before_expiry(facts: TaskFacts) -> str | None:
    return "Đã hết thời hạn giải quyết, không thể gia hạn." if facts.expired else None


GUARDS: Final[Mapping[str, Guard[TaskFacts]]] = MappingProxyType(
    {
        guard.__name__: guard
        for guard in (
            actor_heads_unit,
            actor_directs,
            actor_is_assignee,
            actor_received,
            actor_oversees,
            before_expiry,
        )
    }
)

EFFECTS: Final = frozenset(
    {
        "assign_person",  # the unit names a person and a due date
        "record_proposal",  # the handler's proposal or report
        "record_acceptance",  # who accepted it
        "record_reason",  # the payload's reason is mandatory and kept
        "extend_deadline",  # the payload's new due date
        "notify_director",  # the leader must find another handler
    }
)


def holder_of(unit_id: UUID | None, assignee_id: UUID | None) -> Holder:
    """Whose move a task is: its person's, or the unit's until it has named one."""
    if assignee_id is not None:
        return Holder(person_id=assignee_id)
    return Holder(unit_id=unit_id)


def _assignee(facts: TaskFacts) -> Holder:
    return holder_of(facts.unit_id, facts.assignee_id)


def _overseer(facts: TaskFacts) -> Holder:
    return Holder(role="leader") if facts.unit_id is None else Holder(unit_id=facts.unit_id)


HOLDERS: Final[Mapping[str, Callable[[TaskFacts], Holder]]] = MappingProxyType(
    {"assignee": _assignee, "overseer": _overseer}
)

PROPERTIES: Final = (
    Property(
        "reported_before_done",
        "Nhiệm vụ chỉ hoàn thành khi người thực hiện đã báo cáo.",
        "record_acceptance",
        (frozenset({"record_proposal", "actor_is_assignee"}),),
        frozenset({"in_progress"}),
    ),
)

REQUIRED_DEADLINES: Final = (
    RequiredDeadline("IN_RESOLVE", "record_proposal"),  # Art. 23.2, 24.2: a deadline each
)

CATALOGUE: Final = Catalogue(
    guards=GUARDS,
    effects=EFFECTS,
    deadlines=frozenset({"IN_RESOLVE"}),
    required_deadlines=REQUIRED_DEADLINES,
    properties=PROPERTIES,
    waits_for_parent=frozenset({"withdraw"}),
    holders=HOLDERS,
)
