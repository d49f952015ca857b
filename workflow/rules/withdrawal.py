"""Whether a recognition is withdrawn (thu hồi quyết định công nhận), QĐ 18/2022/QĐ-TTg."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from workflow.rules.machine import Guard
from workflow.rules.machine_checks import Catalogue, Property, RequiredDeadline


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalFacts:
    """What the guards of a withdrawal review look at."""

    rule_unmet: str | None
    """Why the failed criteria are not enough to withdraw recognition; None where they are."""
    request_unmet: str | None
    """Why there is no issued request of the office."""
    decision_unmet: str | None
    """Why there is no issued decision of the province."""


def rule_met(facts: WithdrawalFacts) -> str | None:
    return facts.rule_unmet


def withdrawal_request_issued(facts: WithdrawalFacts) -> str | None:
    return facts.request_unmet


def withdrawal_decision_issued(facts: WithdrawalFacts) -> str | None:
    return facts.decision_unmet


GUARDS: Final[Mapping[str, Guard[WithdrawalFacts]]] = MappingProxyType(
    {
        guard.__name__: guard
        for guard in (
            rule_met,
            withdrawal_request_issued,
            withdrawal_decision_issued,
        )
    }
)

CATALOGUE: Final = Catalogue(
    guards=GUARDS,
    effects=frozenset({"record_failed_criteria", "record_reason", "revoke_recognition"}),
    deadlines=frozenset({"DOSSIER_DECIDE"}),
    required_deadlines=(RequiredDeadline("DOSSIER_DECIDE", "revoke_recognition"),),
    properties=(
        Property(
            "withdrawn_by_rule_and_decision",
            "Chỉ thu hồi khi đủ số tiêu chí không đạt và bằng quyết định đã phát hành.",
            "revoke_recognition",
            (frozenset({"revoke_recognition", "rule_met", "withdrawal_decision_issued"}),),
            frozenset({"revoke_recognition"}),
        ),
    ),
    parties=frozenset({"applicant", "office", "province"}),
)
