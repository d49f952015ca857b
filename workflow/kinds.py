"""The kind of a dossier: the very version it was opened on."""

from __future__ import annotations

from functools import lru_cache

from workflow.office import Reading
from workflow.records import Dossier
from workflow.rules.kind_files import parse
from workflow.rules.kinds import Kind
from workflow.transitions import adopted_text


@lru_cache(maxsize=64)
def _parsed(text: str) -> Kind:
    return parse(text)


def kind_of(reading: Reading, dossier: Dossier) -> Kind:
    """The version of its kind that applied to its period, whatever ships today."""
    for kind in reading.office.law.kinds:
        if kind.digest == dossier.kind_digest:
            return kind
    return _parsed(adopted_text(reading, dossier.kind_digest))
