"""A department's appraisal of a dossier: over its criteria, ended by its numbered opinion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from workflow.rules.machine import Guard
from workflow.rules.machine_checks import Catalogue, Property, RequiredDeadline


@dataclass(frozen=True, slots=True, kw_only=True)
class AppraisalFacts:
    """What the guards of an appraisal look at."""

    criteria_open: tuple[str, ...]
    """Sentences of the criteria without a finding."""
    opinion_unmet: str | None
    """Why there is no issued opinion of this department."""
    opinion_given: bool


def criteria_appraised(facts: AppraisalFacts) -> tuple[str, ...]:
    return facts.criteria_open


def opinion_issued(facts: AppraisalFacts) -> str | None:
    return facts.opinion_unmet


GUARDS: Final[Mapping[str, Guard[AppraisalFacts]]] = MappingProxyType(
    {guard.__name__: guard for guard in (criteria_appraised, opinion_issued)}
)

CATALOGUE: Final = Catalogue(
    guards=GUARDS,
    effects=frozenset(
        {
            "reopen_criterion",  # a new case for one criterion; the others stay as they are
            "record_reason",
            "record_opinion",  # the linked document is the department's word
            "withdraw_criteria",  # what is still open of them
        }
    ),
    deadlines=frozenset({"DOSSIER_APPRAISE"}),
    required_deadlines=(RequiredDeadline("DOSSIER_APPRAISE", "record_opinion"),),
    properties=(
        Property(
            "appraised_before_opinion",
            "Cơ quan chỉ có ý kiến khi mọi tiêu chí đã thẩm định, bằng văn bản đã phát hành.",
            "record_opinion",
            (frozenset({"record_opinion", "criteria_appraised", "opinion_issued"}),),
            frozenset({"record_opinion"}),
        ),
    ),
    waits_for_parent=frozenset({"withdraw"}),
    parties=frozenset({"applicant", "office"}),
)
