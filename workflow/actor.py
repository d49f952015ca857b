"""Who acts."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Actor:
    """Who acts, as their rows stood when the request came."""

    account_id: uuid.UUID
    person_id: uuid.UUID
    full_name: str
    roles: Mapping[uuid.UUID, frozenset[str]]
    units: frozenset[uuid.UUID] = frozenset()
    headed_units: frozenset[uuid.UUID] = frozenset()
    #: Who is away today and whose tasks, readings and criteria the actor does. It gives no role,
    #: no unit and no power to sign.
    stands_in_for: frozenset[uuid.UUID] = frozenset()

    @property
    def own_work(self) -> frozenset[uuid.UUID]:
        """Whose tasks, readings and criteria the actor does: own ones, and the absent's."""
        return self.stands_in_for | {self.person_id}

    def roles_in(self, organisation_id: uuid.UUID) -> frozenset[str]:
        return self.roles.get(organisation_id, frozenset())

    def organisations_where(self, roles: frozenset[str]) -> list[uuid.UUID]:
        """The organisations in which the actor holds one of `roles`."""
        return [organisation for organisation, held in self.roles.items() if held & roles]
