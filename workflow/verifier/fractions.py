"""The fractions, computed again from the cells of the evidence, and compared with the claim."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.resources import files
from typing import Any

from workflow.rules import indicator
from workflow.rules.canonical import decoded, plain
from workflow.rules.cells import row_of
from workflow.rules.errors import Invalid, InvalidDefinition
from workflow.rules.indicator import Definition, Indicator
from workflow.verifier.archive import Archive
from workflow.verifier.documents import Key
from workflow.verifier.findings import Found, Rule
from workflow.verifier.scope import Organisation, Scope

_CLAIM = "indicator.json"
_LONGEST = 1 << 16  # bytes of a definition
Computed = tuple[Organisation, Sequence[Indicator]]


def definition_of(archive: Archive, scope: Scope, found: Found) -> Definition | None:
    """The definition in force when the period began; it must be one that was published.

    A meaning never changes under its version, so the bundle's must say what the one of this
    release with the same version says.
    """
    chosen: Definition | None = None
    for name in archive.under("definitions/"):
        if archive.listed[name].bytes > _LONGEST:
            found.add(Rule.DEFINITION_UNKNOWN, name, detail="too long")
            continue
        content = archive.content(name)
        if f"definitions/{sha256(content).hexdigest()}.toml" != name:
            found.add(Rule.MEMBER_ALTERED, name, detail="not the text it is named after")
        try:
            definitions = indicator.parse(content.decode())
            chosen = indicator.definition_for(definitions, scope.period)
        except (InvalidDefinition, Invalid, UnicodeDecodeError):
            continue  # of something else
        if published().get(chosen.version) != chosen:
            found.add(Rule.DEFINITION_UNKNOWN, name, detail=f"version {chosen.version}")
    if chosen is None:
        found.add(Rule.MEMBER_MISSING, "definitions/", detail="no definition of the indicator")
    return chosen


def published() -> Mapping[int, Definition]:
    """The definitions of this release by their versions."""
    law = files("workflow") / "definitions" / "law" / "indicator.toml"
    return {one.version: one for one in indicator.parse(law.read_text(encoding="utf-8"))}


@dataclass(frozen=True)
class Compared:
    """Computes per organisation as its books are read, and compares with the claim in the end."""

    scope: Scope
    definition: Definition
    strangers: list[tuple[str, str]] = field(default_factory=list)

    def compute(self, organisation: Organisation, counted: Counter[Key]) -> Sequence[Indicator]:
        """The fractions of every issuer of an organisation."""
        first_on = self.scope.period.first_on
        issuers = {str(issuer) for (issuer, *_), many in counted.items() if many}
        for issuer in sorted(issuers - set(organisation.issuers)):
            self.strangers.append((organisation.id, issuer))
        return indicator.compute(
            self.definition,
            self.scope.period,
            organisation.issuers,
            (
                (row_of(register, cell, issuer, first_on, due_at), many)
                for (issuer, register, cell, due_at), many in counted.items()
                if many
            ),
            as_of=self.scope.as_of,
            production=self.scope.production,
        )

    def compare(self, claim: bytes, computed: Sequence[Computed], found: Found) -> None:
        """Note every fraction, issuer and organisation that the claim has otherwise, and documents
        that count for nobody."""
        for organisation, issuer in self.strangers:
            why = "documents of the period count for an issuer that the organisation has not"
            found.add(Rule.INDICATOR_DIFFERS, f"{_CLAIM} {issuer}", organisation, why)
        try:
            value = decoded(claim)
            if not isinstance(value, dict) or not isinstance(value["organisations"], list):
                raise ValueError("not the fields of a claim")
        except (ValueError, KeyError) as fault:
            found.add(Rule.MEMBER_UNREADABLE, _CLAIM, detail=str(fault))
            return
        expected = self.claimed(computed)
        if value == expected:
            return
        told = len(found.kept)
        for name in ("definition_version", "as_of"):
            if value.get(name) != expected.get(name):
                found.add(Rule.INDICATOR_DIFFERS, f"{_CLAIM} {name}")
        for place, ours in enumerate(expected["organisations"]):
            theirs = value["organisations"][place : place + 1]
            self._differences(ours, theirs[0] if theirs else {}, found)
        if told == len(found.kept):
            found.add(Rule.INDICATOR_DIFFERS, _CLAIM, detail="more than there is to claim")

    def _differences(self, ours: Mapping[str, Any], theirs: Any, found: Found) -> None:
        owner = ours["id"]
        if not isinstance(theirs, dict) or theirs.get("id") != owner:
            found.add(Rule.INDICATOR_DIFFERS, f"{_CLAIM} {owner}", owner, "not claimed")
            return
        if theirs == ours:
            return
        claimed = theirs.get("issuers")
        for place, issuer in enumerate(ours["issuers"]):
            other = claimed[place] if isinstance(claimed, list) and place < len(claimed) else {}
            if other == issuer:
                continue
            where = f"{_CLAIM} {issuer['issuer_id']}"
            said = other.get("fractions") if isinstance(other, dict) else None
            for name, fraction in issuer["fractions"].items():
                has = said.get(name) if isinstance(said, dict) else None
                if has != fraction:
                    found.add(
                        Rule.INDICATOR_DIFFERS, where, owner, f"{name}: {fraction}, not {has}"
                    )
            if said is None or {**other, "fractions": None} != {**issuer, "fractions": None}:
                found.add(Rule.INDICATOR_DIFFERS, where, owner, "issuer, or completed on time")

    def claimed(self, computed: Sequence[Computed]) -> dict[str, Any]:
        """The claim as it should be."""
        return {
            "definition_version": self.definition.version,
            "as_of": plain(self.scope.as_of),
            "organisations": [
                {
                    "id": organisation.id,
                    "issuers": [
                        {
                            "issuer_id": found.issuer_id,
                            "fractions": found.counts(),
                            "completed_on_time": found.completed_on_time,
                        }
                        for found in indicators
                    ],
                }
                for organisation, indicators in computed
            ],
        }


def told(computed: Sequence[Computed]) -> list[dict[str, object]]:
    """The fractions for people and programs: numerator, denominator, share, and the rest."""
    return [
        {
            "organisation": organisation.id,
            "name": organisation.name,
            "issuer": found.issuer_id,
            "period": found.period.label,
            **{
                name: {
                    "numerator": fraction.numerator,
                    "denominator": fraction.denominator,
                    "excluded": fraction.excluded,
                    "share": fraction.text,
                }
                for name, fraction in found.fractions.items()
            },
            "completed_on_time": found.completed_on_time,
            "achieved": found.achieved,
        }
        for organisation, indicators in computed
        for found in indicators
    ]
