"""`vanthu evidence export`: the auditor's bundle as a file."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import uuid
from pathlib import Path

from sqlalchemy import select

from api.commands import OK, Misused, say
from api.commands.opening import opened
from workflow.evidence import Request, export
from workflow.office import Office
from workflow.records import OrganisationName
from workflow.rules.errors import NotFound

_BAR = 40


def write(chosen: argparse.Namespace) -> int:
    """Write a bundle; the file is there under its name only once it is whole.

    Raises Misused: the folder cannot be written to, or is full.
    """
    out: Path = chosen.out
    if out.is_dir():
        raise Misused(f"{out}: đây là thư mục, hãy nêu tên tệp.")
    with opened() as office:
        request = Request(
            [_seat(office, code) for code in dict.fromkeys(chosen.organisations)],
            chosen.period,
            chosen.checkpoint,
            chosen.since,
            chosen.pdfs,
        )
        try:
            draft = tempfile.NamedTemporaryFile(  # noqa: SIM115  closed below
                dir=out.parent, prefix=f".{out.name}.", delete=False
            )
        except OSError as fault:
            raise Misused(f"{out.parent}: {fault.strerror}") from fault
        try:
            with draft:
                manifest = export(office, request, draft, _shown if sys.stderr.isatty() else None)
                draft.flush()
                os.fsync(draft.fileno())
            os.chmod(draft.name, 0o644)
            os.replace(draft.name, out)
        except BaseException as fault:
            os.unlink(draft.name)
            if isinstance(fault, OSError):
                raise Misused(f"{out}: {fault.strerror}") from fault
            raise
    say(f"{out}: {out.stat().st_size} byte")
    say(f"SHA-256 của manifest.json: {manifest}")
    return OK


def _seat(office: Office, code: str) -> uuid.UUID:
    with office.reading(None) as reading:
        found = reading.session.scalar(
            select(OrganisationName.organisation_id).where(
                OrganisationName.code == code, OrganisationName.holds_on(reading.today)
            )
        )
    if found is None:
        raise NotFound(f"Cơ quan {code}")
    return found


def _shown(done: int, total: int) -> None:
    """A bar on one line."""
    full = _BAR * done // total if total else _BAR
    end = "\n" if done >= total else ""
    sys.stderr.write(f"\r[{'#' * full}{'.' * (_BAR - full)}] {done}/{total}{end}")
    sys.stderr.flush()
