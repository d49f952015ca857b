"""The evidence bundle: what an auditor takes home (docs/auditing/bundle-format.md)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from workflow.office import Office


@dataclass(frozen=True)
class Request:
    """What to export: of which organisations, of which period, as of which checkpoint.

    `checkpoint` is the size of a signed tree head; None takes the newest that is time-stamped, or
    else the newest. `since` is an older one that the auditor keeps: the proof that the log only
    grew is put in. `pdfs` puts the files themselves in.
    """

    organisation_ids: Sequence[uuid.UUID]
    period: str
    checkpoint: int | None = None
    since: int | None = None
    pdfs: bool = False


def export(
    office: Office,
    request: Request,
    out: BinaryIO,
    progress: Callable[[int, int], None] | None = None,
) -> str:
    """Write the bundle to `out`, which need not be seekable; the SHA-256 of its manifest.

    `progress` is told how many journal entries of how many are written.
    """
    raise NotImplementedError
