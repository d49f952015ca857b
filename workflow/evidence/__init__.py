"""The evidence bundle: what an auditor takes home (docs/auditing/bundle-format.md).

An archive of everything up to one signed checkpoint from which the indicator is computed again
without this office. It is written in one pass: memory does not grow with the documents.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import IO

from workflow.evidence.archive import zipped
from workflow.evidence.members import Progress, members
from workflow.evidence.names import Names
from workflow.evidence.plans import EXPORTS, Plan, Request, permitted, planned, record
from workflow.office import Office

__all__ = [
    "EXPORTS",
    "Plan",
    "Progress",
    "Request",
    "export",
    "permitted",
    "planned",
    "record",
    "written",
]


def export(
    office: Office, request: Request, out: IO[bytes], progress: Progress | None = None
) -> str:
    """Write the bundle to `out`, which need not be seekable; the SHA-256 of its manifest.

    Raises:
        Invalid, NotFound, GuardsUnmet: see `planned`. Unavailable: a store does not answer.
    """
    with office.reading(None) as reading:
        bounded = planned(reading, request)
    pieces = written(office, bounded, progress)
    while True:
        try:
            out.write(next(pieces))
        except StopIteration as end:
            manifest: str = end.value
            return manifest


def written(
    office: Office, plan: Plan, progress: Progress | None = None
) -> Generator[bytes, None, str]:
    """The bundle's bytes, made as they are asked for; returns the SHA-256 of its manifest.

    Whoever closes it early stops the work. Raises Unavailable: a store does not answer.
    """
    with Names.open() as names:
        return (yield from zipped(members(office, plan, names, progress), office.settings.data_dir))
