"""The indicator frozen: its content, and what that says whenever it is asked again."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from workflow.facts.completeness import Excluded, Reconciled
from workflow.facts.indicator import IndicatorReport
from workflow.records import IndicatorSnapshot
from workflow.rules.canonical import canonical
from workflow.rules.indicator import Fraction
from workflow.rules.reasons import PARTITION, Reason

_FRACTIONS = tuple(PARTITION)


@dataclass(frozen=True)
class Beside:
    """What is stated beside the fractions, as it was when they were frozen.

    `production`: development signatures count for nothing there.
    """

    definition_sha256: str
    production: bool
    uncovered: int
    exclusions: Sequence[Excluded]
    reconciled: Sequence[Reconciled]


@dataclass(frozen=True)
class FrozenIssuer:
    """What one issuer had reached. Arrivals count with the first of a seat."""

    issuer_id: uuid.UUID
    name: str
    outgoing_processed: Fraction
    outgoing_signed: Fraction
    incoming_processed: Fraction
    incoming_signed: Fraction
    completed_on_time: int

    @property
    def achieved(self) -> bool:
        """Whether the 100 % is reached; what others signed and sent us has no say in it."""
        asked = (self.outgoing_processed, self.outgoing_signed, self.incoming_processed)
        return all(fraction.achieved for fraction in asked)


def frozen(report: IndicatorReport, beside: Beside) -> bytes:
    """A report's fractions with the reason of every row behind them, as canonical JSON."""
    return canonical(
        {
            "as_of": report.as_of,
            "definition_sha256": beside.definition_sha256,
            "definition_version": report.definition.version,
            "exclusions": [
                {
                    "id": one.id,
                    "organisation_id": one.organisation_id,
                    "register": one.register,
                    "type_code": one.type_code,
                    "basis": one.basis,
                    "decided_by": one.decided_by,
                    "name": one.name,
                    "decided_on": one.decided_on,
                }
                for one in beside.exclusions
            ],
            "issuers": [
                {
                    "issuer_id": issuer.id,
                    "name": issuer.name,
                    "completed_on_time": found.completed_on_time,
                    **found.counts(),
                }
                for issuer, found in report.issuers
            ],
            "journal_digest": report.journal_digest,
            "journal_sequence": report.journal_sequence,
            "reconciled": [
                {
                    "register": one.register,
                    "source": one.source,
                    "listed": one.listed,
                    "matched": one.matched,
                    "missing": one.missing,
                    "entered_at": one.entered_at,
                    "entered_by": one.entered_by,
                }
                for one in beside.reconciled
            ],
            "production": beside.production,
            "unattributed": report.unattributed,
            "uncovered": beside.uncovered,
        }
    )


def issuers_in(content: bytes) -> Sequence[FrozenIssuer]:
    """The issuers of a snapshot's content, the first one first."""
    return [
        FrozenIssuer(
            uuid.UUID(issuer["issuer_id"]),
            issuer["name"],
            completed_on_time=issuer["completed_on_time"],
            **{
                name: Fraction(
                    Reason(issuer[name]["counting"]),
                    issuer[name]["rows"],
                    {Reason(code): count for code, count in issuer[name]["reasons"].items()},
                )
                for name in _FRACTIONS
            },
        )
        for issuer in json.loads(content)["issuers"]
    ]


def beside_in(content: bytes) -> Beside:
    """What was stated beside the fractions."""
    values: dict[str, Any] = json.loads(content)
    return Beside(
        values["definition_sha256"],
        values["production"],
        values["uncovered"],
        [
            Excluded(
                **one
                | {name: uuid.UUID(one[name]) for name in ("id", "organisation_id", "decided_by")}
                | {"decided_on": date.fromisoformat(one["decided_on"])}
            )
            for one in values["exclusions"]
        ],
        [
            Reconciled(
                **one
                | {
                    "entered_at": one["entered_at"] and datetime.fromisoformat(one["entered_at"]),
                }
            )
            for one in values["reconciled"]
        ],
    )


def achieved(content: bytes) -> bool:
    """Whether the 100 % is reached, by integers (rulebook §5.2).

    The first issuer, with whom arrivals count, must have sent and received something; another that
    sent nothing in the period (a council that did not meet) is no obstacle.
    """
    first, *others = issuers_in(content)
    return first.achieved and all(
        fraction.numerator == fraction.denominator
        for other in others
        for fraction in (other.outgoing_processed, other.outgoing_signed)
    )


def snapshot_answer(snapshot: IndicatorSnapshot) -> tuple[bool, str]:
    """Whether the 100 % is reached, and the figures in a sentence; the first issuer's."""
    first = issuers_in(snapshot.content)[0]
    figures = "; ".join(
        f"{label} {fraction.numerator}/{fraction.denominator} ({fraction.text})"
        for label, fraction in (
            ("văn bản đi xử lý trên môi trường mạng", first.outgoing_processed),
            ("văn bản đi ký số", first.outgoing_signed),
            ("văn bản đến xử lý trên môi trường mạng", first.incoming_processed),
        )
    )
    return achieved(snapshot.content), f"Kỳ {snapshot.period}, {first.name}: {figures}."
