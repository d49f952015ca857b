"""One criterion with one department: given to an appraiser, found met or not, or sent back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from uuid import UUID

from workflow.rules.machine import Guard, Holder
from workflow.rules.machine_checks import Catalogue, Property, RequiredDeadline


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionFacts:
    """What the guards of a criterion look at."""

    actor_id: UUID | None
    actor_stands_in: bool
    """Does the appraiser's work today; the criterion stays the appraiser's."""
    appraiser_id: UUID | None
    evidence_unmet: tuple[str, ...]
    """What of its evidence is missing or does not hold."""
    supplement_overdue: bool
    """It was sent back, and the applicant's time has passed."""


def actor_is_appraiser(facts: CriterionFacts) -> str | None:
    own = facts.appraiser_id is not None and facts.actor_id == facts.appraiser_id
    if own or facts.actor_stands_in:
        return None
    return "Chỉ người được giao thẩm định tiêu chí này được thực hiện bước này."


def evidence_holds(facts: CriterionFacts) -> tuple[str, ...]:
    return facts.evidence_unmet


def supplement_overdue(facts: CriterionFacts) -> str | None:
    if facts.supplement_overdue:
        return None
    return "Cơ quan đề nghị còn thời hạn bổ sung."


GUARDS: Final[Mapping[str, Guard[CriterionFacts]]] = MappingProxyType(
    {guard.__name__: guard for guard in (actor_is_appraiser, evidence_holds, supplement_overdue)}
)


def _appraiser(facts: CriterionFacts) -> Holder:
    if facts.appraiser_id is None:
        return Holder(role="unit_head")
    return Holder(person_id=facts.appraiser_id)


HOLDERS: Final[Mapping[str, Callable[[CriterionFacts], Holder]]] = MappingProxyType(
    {"appraiser": _appraiser}
)

CATALOGUE: Final = Catalogue(
    guards=GUARDS,
    effects=frozenset(
        {
            "assign_person",  # who appraises it
            "record_finding",  # met or not, with the reason
            "record_reason",
            "record_supplement",  # what was asked for is there
            "record_return",  # what the applicant must supplement
        }
    ),
    deadlines=frozenset({"DOSSIER_APPRAISE", "DOSSIER_SUPPLEMENT"}),
    required_deadlines=(
        RequiredDeadline("DOSSIER_APPRAISE", "record_finding"),
        RequiredDeadline("DOSSIER_SUPPLEMENT", "record_supplement"),
    ),
    properties=(
        Property(
            "found_by_its_appraiser",
            "Kết quả thẩm định chỉ do người được giao ghi nhận.",
            "record_finding",
            (frozenset({"record_finding", "actor_is_appraiser"}),),
            frozenset({"record_finding"}),
        ),
    ),
    waits_for_parent=frozenset({"withdraw"}),
    parties=frozenset({"applicant", "office"}),
    holders=HOLDERS,
)
