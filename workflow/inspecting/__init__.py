"""The archive check: is all that is kept as it was kept, and does it say what it is said to say?

`inspect` walks everything; `nightly` does the same walk in slices. Nothing here writes evidence or
mends anything. What an administrator rewrites consistently, rows and chain alike, is told from the
signed checkpoints alone, and what came after the last of them cannot be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from workflow.faults import unavailable
from workflow.inspecting.chains import look_at_chains, look_at_rows
from workflow.inspecting.checkpoints import look_at_log, look_at_retained
from workflow.inspecting.findings import SENTENCES, Finding, Kind, Look, Stage, Step, Walk
from workflow.inspecting.index import Index
from workflow.inspecting.objects import look_at_absent, look_at_names, look_at_objects
from workflow.inspecting.registers import look_at_facts, look_at_numbers, look_at_tallies
from workflow.inspecting.verdicts import look_at_verdicts
from workflow.migrations import triggers
from workflow.office import Office

__all__ = [
    "JOURNAL",
    "SENTENCES",
    "STAGES",
    "Finding",
    "Kind",
    "Progress",
    "Stage",
    "Step",
    "Walk",
    "inspect",
]

#: Told after each step: the stage, and how many things of it were looked at so far.
Progress = Callable[[Stage, int], None]


def look_at_triggers(walk: Walk, _after: str) -> Step:
    """What refuses to change rows that are written once."""
    tables = triggers.protected_tables()
    with walk.office.reading(None) as reading:
        missing = triggers.missing(reading.session.connection(), tables)
    return Step([Finding(Kind.TRIGGER_MISSING, name) for name in missing], len(tables), None)


STAGES: Mapping[Stage, Look] = {
    Stage.TRIGGERS: look_at_triggers,
    Stage.CHAINS: look_at_chains,
    Stage.ROWS: look_at_rows,
    Stage.NUMBERS: look_at_numbers,
    Stage.FACTS: look_at_facts,
    Stage.TALLIES: look_at_tallies,
    Stage.LOG: look_at_log,
    Stage.RETAINED: look_at_retained,
    Stage.NAMES: look_at_names,
    Stage.OBJECTS: look_at_objects,
    Stage.ABSENT: look_at_absent,
    Stage.VERDICTS: look_at_verdicts,
}
#: What is about the journal and the rows it digests, without the office's other books.
JOURNAL = (Stage.CHAINS, Stage.ROWS)


def inspect(
    office: Office,
    progress: Progress | None = None,
    stages: tuple[Stage, ...] = tuple(STAGES),
) -> Iterator[Finding]:
    """Everything that is not as it should be, and where; in memory is one step at a time.

    The scratch file is made in the folder for temporary files: about 150 bytes for each row of
    evidence and each object. Work that goes on meanwhile disturbs nothing and is looked at as far
    as it is met.

    Raises:
        Unavailable: a store does not answer.
    """
    with TemporaryDirectory(prefix="vanthu-") as folder:
        index = Index(Path(folder) / "index.db")
        walk = Walk(office, index, office.clock())
        try:
            for stage in stages:
                looked_at, after = 0, ""
                while True:
                    with unavailable():
                        step = STAGES[stage](walk, after)
                    yield from step.findings
                    looked_at += step.looked_at
                    if progress is not None:
                        progress(stage, looked_at)
                    if step.after is None:
                        break
                    after = step.after
        finally:
            index.close()
