"""kill -9 between every two steps of the signing trip: one signature in the end, and no gap.

kill -9 ends a process, not the machine: what a power failure does to a disk is not shown here.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tests.workflow.conftest import Clock
from tests.workflow.crashing import ARCHIVING_STEPS, BATCH_STEPS, STEPS
from tests.workflow.intact import tampering
from tests.workflow.outgoing_trip import LEADER, Trip
from tests.workflow.services import Services
from workflow import batches
from workflow.actor import Actor
from workflow.batches import Reviewed
from workflow.jobs import run_all
from workflow.office import Office
from workflow.records import (
    ArchiveStamp,
    RegisterEntry,
    Revision,
    SignatureMade,
    SigningIntent,
    SigningOutcome,
    job,
)
from workflow.settings import Settings


def killed_at(settings: Settings, clock: Clock, step: str) -> None:
    """Do the due jobs in a process of their own that dies at the step."""
    process = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.workflow.crashing",
            str(settings.data_dir),
            settings.database,
            clock.now.isoformat(),
            step,
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert process.returncode == -signal.SIGKILL, process.stderr


@pytest.mark.parametrize("step", STEPS)
def test_a_signature_survives_a_kill_at_every_step(
    office: Office,
    office_settings: Settings,
    acting: Callable[[str], Actor],
    clock: Clock,
    step: str,
) -> None:
    trip = Trip(office, acting).draft().checked().ask_to_sign()
    killed_at(office_settings, clock, step)
    recovered(office, clock)
    assert trip.state == "signed"
    trip.number().ask_to_seal()
    killed_at(office_settings, clock, step)
    recovered(office, clock)
    assert trip.state == "sealed"
    trip.issue()
    with office.reading(None) as reading:
        intents = reading.session.scalar(select(func.count()).select_from(SigningIntent))
        outcomes = reading.session.scalars(select(SigningOutcome)).all()
        signed = reading.session.scalars(
            select(Revision.made_as).where(Revision.made_as.in_(("signed", "sealed")))
        ).all()
        numbers = reading.session.scalars(
            select(RegisterEntry.number).where(RegisterEntry.register == "outgoing")
        ).all()
        assert tampering(reading) == []
    assert intents == len(outcomes) == 2
    assert all(outcome.refusal is None for outcome in outcomes)
    assert sorted(signed) == ["sealed", "signed"]
    assert numbers == [1]
    report = trip.view().reports[0]
    assert report is not None
    signed_by = [found.field for found in report.signatures if found.kind == "signature"]
    assert signed_by == ["person1", "agency"]
    assert report.verdict == "HOP_LE"


@pytest.mark.parametrize("step", ARCHIVING_STEPS)
def test_an_archive_time_stamp_survives_a_kill_at_every_step(
    office: Office,
    office_settings: Settings,
    acting: Callable[[str], Actor],
    clock: Clock,
    step: str,
) -> None:
    services = Services(office)
    services.tsa_away = True
    trip = Trip(office, acting)
    # One file below its level, and one job to raise it.
    trip.draft(trip.new("Giay moi", type_code="giay_moi")).checked().sign()
    services.tsa_away = False
    clock.advance(timedelta(minutes=5))
    killed_at(office_settings, clock, step)
    recovered(office, clock)
    trip.number().seal().issue()
    with office.reading(None) as reading:
        made = reading.session.scalars(select(Revision.made_as).order_by(Revision.id)).all()
        stamps = reading.session.scalar(select(func.count()).select_from(ArchiveStamp))
        assert tampering(reading) == []
    assert (made, stamps) == (["draft", "prepared", "signed", "archived", "sealed"], 1)
    report = trip.view().reports[0]
    assert report is not None
    assert report.verdict == "HOP_LE"


@pytest.mark.parametrize("step", BATCH_STEPS)
def test_a_list_survives_a_kill_at_every_step(
    office: Office,
    office_settings: Settings,
    acting: Callable[[str], Actor],
    clock: Clock,
    step: str,
) -> None:
    trips = [Trip(office, acting).draft().checked() for _ in range(2)]
    seen = [trip.view(LEADER) for trip in trips]
    with office.transaction(acting(LEADER)) as tx:
        batch = batches.ask(
            tx, [Reviewed(one.held.document.id, one.content_sha256 or "") for one in seen]
        ).id
    killed_at(office_settings, clock, step)
    recovered(office, clock)
    recovered(office, clock)  # the second document's job may have been leased, too
    with office.reading(acting(LEADER)) as reading:
        view = batches.view(reading, batch)
        assert [item.result for item in view.items] == ["signed", "signed"]
        assert view.batch.finished_at is not None
        made = reading.session.scalar(select(func.count()).select_from(SignatureMade))
        outcomes = reading.session.scalars(select(SigningOutcome)).all()
        assert tampering(reading) == []
    assert made == len(outcomes) == 2
    assert [trip.state for trip in trips] == ["signed", "signed"]


def recovered(office: Office, clock: Clock) -> None:
    """The next start: the leases of the dead run out, and what was due is done."""
    with office.reading(None) as reading:
        leased_until = reading.session.scalar(select(func.max(job.c.leased_until_at)))
    clock.set(max(clock.now, leased_until or clock.now) + timedelta(seconds=1))
    run_all(office)
