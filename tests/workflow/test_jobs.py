"""Jobs that fail: tried again, laid down dead with nothing in limbo, and revived."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import select, update

from storage.objects import ObjectRef
from tests.workflow.conftest import Clock
from tests.workflow.intact import tampering
from tests.workflow.outgoing_trip import LEADER, Trip
from workflow import jobs
from workflow.accounts import hash_password
from workflow.actor import Actor
from workflow.founding import first_organisation
from workflow.migrating import migrate
from workflow.office import Office
from workflow.organisations import Description
from workflow.records import RoleGrant, job
from workflow.rules.errors import NotFound
from workflow.settings import Settings


def test_a_signing_job_that_can_not_be_done_dies_and_frees_the_case(
    office: Office, acting: Callable[[str], Actor], clock: Clock
) -> None:
    trip = Trip(office, acting).draft().checked().ask_to_sign()
    base = trip.view().held.revisions[0]
    organisation = trip.view().held.document.organisation_id
    with office.local_copy(organisation, base.sha256, base.size_bytes) as path:
        content = path.read_bytes()
    # The bytes are lost: no job can repair that, so it must end and say so.
    office.objects.delete(ObjectRef(organisation, base.sha256, base.size_bytes))
    clock_start = clock.now
    for failed in range(1, office.settings.job_attempts + 1):
        jobs.run_all(office)
        clock.advance(timedelta(seconds=2**failed))  # how long it rests after so many
    assert clock.now - clock_start < timedelta(minutes=office.settings.intent_minutes)
    with office.reading(None) as reading:
        (dead,) = jobs.unsettled(reading)
        assert tampering(reading) == []
    assert (dead.name, dead.state, dead.error) == ("sign_outgoing", "dead", "ObjectMissing")
    seen = trip.view()
    assert seen.case.state == "format_checked"
    assert "nhiều lần thử" in (seen.moves[-1].opinion or "")
    # With the bytes back, the leader signs again.
    office.keep(organisation, io.BytesIO(content))
    trip.sign(LEADER)
    assert trip.state == "signed"


def test_a_dead_job_can_be_revived_once(office: Office) -> None:
    with office.transaction(None) as tx:
        tx.enqueue("verify_incoming", document="01920000-0000-7000-8000-000000000000")
    with office.database.engine.begin() as connection:
        connection.execute(
            update(job).values(state="dead", settled_at=office.clock(), attempts=8, error="Fault")
        )
        (job_id,) = connection.scalars(select(job.c.id))
    with office.transaction(None) as tx:
        jobs.revive(tx, job_id)
    with office.reading(None) as reading:
        (waiting,) = jobs.unsettled(reading)
    assert waiting.state == "waiting"
    with pytest.raises(NotFound), office.transaction(None) as tx:
        jobs.revive(tx, job_id)
    assert jobs.run_one(office)  # it is claimed afresh, and refused: there is no such document
    with office.reading(None) as reading:
        assert jobs.unsettled(reading) == []


def test_the_first_organisation_has_its_administrator(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "office", database_url=SecretStr(""))
    migrate(settings)
    office = Office.open(settings)
    with office.transaction(None) as tx:
        organisation = first_organisation(
            tx,
            Description("H99.01", "UBND xã Thử", "commune", "Thử"),
            resolve_days=5,
            administrator="Quản trị hệ thống",
            title="Quản trị hệ thống",
            username="quantri",
            password=hash_password("mật khẩu đủ dài"),
        )
    with office.reading(None) as reading:
        (grant,) = reading.session.scalars(select(RoleGrant)).all()
        assert (grant.organisation_id, grant.role) == (organisation, "administrator")
        assert tampering(reading) == []
    office.close()
    assert (settings.data_dir.stat().st_mode & 0o777) == 0o700
