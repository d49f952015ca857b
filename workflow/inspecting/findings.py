"""What an inspection can find, and where."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What is wrong: a closed list."""

    OBJECT_MISSING = "object_missing"
    OBJECT_ALTERED = "object_altered"
    ORPHAN = "orphan"
    VERDICT_DIFFERS = "verdict_differs"
    ROW_EDITED = "row_edited"
    ROW_MISSING = "row_missing"
    ROW_INSERTED = "row_inserted"
    CHAIN_EDITED = "chain_edited"
    CHAIN_MISSING = "chain_missing"
    CHAIN_INSERTED = "chain_inserted"
    CHAIN_REORDERED = "chain_reordered"
    NUMBER_GAP = "number_gap"
    NUMBER_DOUBLE = "number_double"
    DATE_ORDER = "date_order"
    TALLY_DIFFERS = "tally_differs"
    FACT_DIFFERS = "fact_differs"
    TRIGGER_MISSING = "trigger_missing"
    CHECKPOINT_DIFFERS = "checkpoint_differs"


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be; `place` is a table and id, chain and sequence, key."""

    kind: Kind
    place: str


class Stage(StrEnum):
    """The parts of an inspection, in the order in which they are walked."""

    TRIGGERS = "triggers"
    CHAINS = "chains"
    ROWS = "rows"
    NUMBERS = "numbers"
    FACTS = "facts"
    TALLIES = "tallies"
    LOG = "log"
    OBJECTS = "objects"
    VERDICTS = "verdicts"
