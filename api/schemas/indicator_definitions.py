"""What counts in the indicator, version by version, and the closed list of reasons."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from api.schemas.values import Shape
from workflow.rules.indicator import Definition
from workflow.rules.reasons import EXCLUDED, PARTITION, Reason


class ReasonOut(Shape):
    """One of the closed list: what it is called, whether it stays in the denominator, and where."""

    reason: str
    label: str
    in_denominator: bool
    fractions: list[str]


class DefinitionOut(Shape):
    """One version of what counts, in force for periods that begin on `valid_from` or later."""

    version: int
    title: str
    valid_from: date
    legal_basis: str
    outgoing_steps: list[str]
    paper_digitised: bool

    @classmethod
    def of(cls, one: Definition) -> DefinitionOut:
        return cls(
            version=one.version,
            title=one.title,
            valid_from=one.valid_from,
            legal_basis=one.legal_basis,
            outgoing_steps=sorted(one.outgoing_steps),
            paper_digitised=one.paper_digitised,
        )


class DefinitionsOut(Shape):
    """Every version, the text that says it, and the text's SHA-256 (of its UTF-8 bytes)."""

    sha256: str
    text: str
    definitions: list[DefinitionOut]
    reasons: list[ReasonOut]

    @classmethod
    def of(cls, sha256: str, text: str, definitions: Collection[Definition]) -> DefinitionsOut:
        return cls(
            sha256=sha256,
            text=text,
            definitions=[DefinitionOut.of(one) for one in definitions],
            reasons=[
                ReasonOut(
                    reason=reason.value,
                    label=reason.label,
                    in_denominator=reason not in EXCLUDED,
                    fractions=[name for name, part in PARTITION.items() if reason in part],
                )
                for reason in Reason
            ],
        )
