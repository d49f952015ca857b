"""The archive check: is everything that is kept as it was kept, and does it say what it says?"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from workflow.inspecting.findings import Finding, Kind, Stage
from workflow.office import Office

__all__ = ["Finding", "Kind", "Stage", "inspect"]

Progress = Callable[[Stage, int], None]


def inspect(office: Office, progress: Progress | None = None) -> Iterator[Finding]:
    """Everything that is not as it should be, and where."""
    raise NotImplementedError
