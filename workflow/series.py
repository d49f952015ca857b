"""How an issuer groups its documents into series, as kept in its row (ND 30/2020 Art. 15.1.c)."""

from __future__ import annotations

import json
from collections.abc import Sequence

from workflow.records import Issuer
from workflow.rules.numbering import SeriesRule


def to_text(rules: Sequence[SeriesRule]) -> str:
    """The rules as JSON for `Issuer.series_rule`."""
    return json.dumps(
        [
            {
                "kind": rule.kind,
                "doc_types": None if rule.doc_types is None else sorted(rule.doc_types),
            }
            for rule in rules
        ],
        ensure_ascii=False,
    )


def rules_of(issuer: Issuer) -> tuple[SeriesRule, ...]:
    """The rules of an issuer, for `numbering.series_of`."""
    return tuple(
        SeriesRule(
            rule["kind"], None if rule["doc_types"] is None else frozenset(rule["doc_types"])
        )
        for rule in json.loads(issuer.series_rule)
    )
