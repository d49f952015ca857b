"""Readings (để biết): a document that one person is to know of, closed when that person reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from uuid import UUID

from workflow.rules.machine import Guard, Holder
from workflow.rules.machine_checks import Catalogue


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingFacts:
    """What the guards of a reading look at."""

    actor_id: UUID | None
    reader_id: UUID
    actor_stands_in: bool
    """Does the reader's work today, because the reader is away."""


def actor_is_reader(facts: ReadingFacts) -> str | None:
    if facts.actor_stands_in or facts.actor_id == facts.reader_id:
        return None
    return "Chỉ người nhận để biết được xác nhận đã xem."


GUARDS: Final[Mapping[str, Guard[ReadingFacts]]] = MappingProxyType(
    {"actor_is_reader": actor_is_reader}
)


def _reader(facts: ReadingFacts) -> Holder:
    return Holder(person_id=facts.reader_id)


HOLDERS: Final[Mapping[str, Callable[[ReadingFacts], Holder]]] = MappingProxyType(
    {"reader": _reader}
)

CATALOGUE: Final = Catalogue(
    guards=GUARDS,
    effects=frozenset(),
    deadlines=frozenset(),
    required_deadlines=(),
    properties=(),
    waits_for_parent=frozenset({"withdraw"}),
    holders=HOLDERS,
)
