"""`vanthu jobs`: what waits, what died, and another try for it."""

from __future__ import annotations

import argparse
import uuid

from api.commands import OK, REFUSED, Misused, say
from api.commands.opening import opened
from workflow import jobs


def list_jobs(_chosen: argparse.Namespace) -> int:
    """Every job that waits or died; exit code 1 when one died."""
    with opened() as office, office.reading(None) as reading:
        found = jobs.unsettled(reading)
    for job in found:
        say(f"{job.id}  {job.state:8} {job.name:18} {job.attempts:3}  {job.error or ''}".rstrip())
    dead = sum(job.state == "dead" for job in found)
    say(f"{len(found) - dead} việc đang chờ, {dead} việc đã dừng hẳn.")
    return REFUSED if dead else OK


def retry(chosen: argparse.Namespace) -> int:
    """Another try for a dead job."""
    try:
        job_id = uuid.UUID(chosen.id)
    except ValueError:
        raise Misused(f"{chosen.id} không phải mã định danh.") from None
    with opened() as office, office.transaction(None) as tx:
        jobs.revive(tx, job_id)
    say("Việc sẽ được làm lại.")
    return OK
