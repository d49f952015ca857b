"""The indicator frozen: its content, and what that says whenever it is asked again."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from workflow.facts.indicator import IndicatorReport
from workflow.records import IndicatorSnapshot
from workflow.rules.indicator import Fraction, Indicator
from workflow.rules.journal import canonical
from workflow.rules.reasons import Reason

_FRACTIONS = ("outgoing_processed", "outgoing_signed", "incoming_processed", "incoming_signed")


@dataclass(frozen=True)
class FrozenIssuer:
    """What one issuer had reached. Arrivals count with the first of a seat."""

    issuer_id: uuid.UUID
    name: str
    outgoing_processed: Fraction
    outgoing_signed: Fraction
    incoming_processed: Fraction
    incoming_signed: Fraction


def frozen(report: IndicatorReport) -> bytes:
    """A report's fractions with the reason of every row behind them, as canonical JSON."""
    return canonical(
        {
            "as_of": report.as_of,
            "definition_version": report.definition.version,
            "issuers": [
                {"issuer_id": issuer.id, "name": issuer.name, **counts(found)}
                for issuer, found in report.issuers
            ],
            "journal_digest": report.journal_digest,
            "journal_sequence": report.journal_sequence,
        }
    )


def counts(found: Indicator) -> dict[str, object]:
    """The four fractions with the reason of every row behind them, as canonical JSON takes them."""
    fractions: dict[str, Fraction] = {name: getattr(found, name) for name in _FRACTIONS}
    return {
        name: {
            "counting": fraction.counting.value,
            "reasons": {reason.value: count for reason, count in fraction.reasons.items()},
            "rows": fraction.rows,
        }
        for name, fraction in fractions.items()
    }


def issuers_in(content: bytes) -> Sequence[FrozenIssuer]:
    """The issuers of a snapshot's content, the first one first."""
    return [
        FrozenIssuer(
            uuid.UUID(issuer["issuer_id"]),
            issuer["name"],
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


def achieved(content: bytes) -> bool:
    """Whether the 100 % is reached, by integers (rulebook §5.2).

    The first issuer, with whom arrivals count, must have sent and received something; another that
    sent nothing in the period (a council that did not meet) is no obstacle.
    """
    first, *others = issuers_in(content)
    asked = (first.outgoing_processed, first.outgoing_signed, first.incoming_processed)
    return all(fraction.achieved for fraction in asked) and all(
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
