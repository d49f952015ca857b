"""Whether the journal holds and every row of evidence is what it says."""

from __future__ import annotations

from workflow.inspecting import JOURNAL, Finding, inspect
from workflow.office import Reading


def tampering(reading: Reading) -> list[Finding]:
    """What was done beside the office."""
    return list(inspect(reading.office, stages=JOURNAL))
