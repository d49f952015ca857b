"""The catalogues by subject: all that a workflow definition may speak of."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from workflow.rules import (
    appraisal,
    criterion,
    dossier,
    incoming,
    outgoing_properties,
    reading,
    task,
    withdrawal,
)
from workflow.rules.machine_checks import Catalogue

CATALOGUES: Final[Mapping[str, Catalogue[Any]]] = MappingProxyType(
    {
        "outgoing": outgoing_properties.CATALOGUE,
        "incoming": incoming.CATALOGUE,
        "task": task.CATALOGUE,
        "reading": reading.CATALOGUE,
        "dossier": dossier.CATALOGUE,
        "appraisal": appraisal.CATALOGUE,
        "criterion": criterion.CATALOGUE,
        "withdrawal": withdrawal.CATALOGUE,
    }
)
