"""The log while its key, store or time-stamp authority is away, and the jobs that keep it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from sqlalchemy import select

from signing.witness import check_stamp
from storage.objects import open_store
from tests import servers
from tests.signing import pki
from tests.workflow.conftest import Clock
from tests.workflow.loghand import act, appended, check_log
from tests.workflow.services import Services
from workflow import checkpointing, jobs, receipts, transparency
from workflow.office import CHECKPOINT_ENTRIES, Office
from workflow.receipts import OUTAGE_BUDGET
from workflow.records import Checkpoint, LogLeaf, job
from workflow.refusals import KeyRefusal
from workflow.rules.errors import Unavailable

SQLITE = pytest.mark.parametrize("office_settings", ["sqlite"], indirect=True)


def state(office: Office) -> receipts.State:
    with office.reading(None) as reading:
        return receipts.state(reading)


def planned(office: Office, name: str) -> list[timedelta]:
    """In how long each waiting job of this name is due."""
    with office.reading(None) as reading:
        due = reading.session.scalars(
            select(job.c.not_before_at)
            .where(job.c.name == name, job.c.state == "waiting")
            .order_by(job.c.not_before_at)
        )
        return [at - office.clock() for at in due]


def test_one_stamp_speaks_for_all_before_it(office: Office, clock: Clock) -> None:
    assert checkpointing.stamp(office) is None  # nothing to stamp
    services = Services(office)
    services.tsa_away = True
    first = appended(office)
    with pytest.raises(Unavailable):
        checkpointing.stamp(office)
    for _ in range(3):
        clock.advance(timedelta(minutes=1))
        last = appended(office)
    found = state(office)
    assert found.newest is not None
    assert (found.newest.checkpoint.size, found.newest.stamp) == (last.size, None)
    assert (found.unstamped_since, found.unsigned_since) == (first.at, None)
    clock.set(first.at + OUTAGE_BUDGET)
    assert not state(office).overdue
    clock.advance(timedelta(seconds=1))
    assert state(office).overdue
    services.tsa_away = False
    stamp = checkpointing.stamp(office)
    assert stamp is not None
    assert checkpointing.stamp(office) is None
    assert services.stamps == 1
    with office.reading(None) as reading:
        speaking = [transparency.stamp_of(reading, size) for size in (1, 2, 3, 4)]
        assert [one and one.size for one in speaking] == [last.size] * 4
        assert transparency.stamp_of(reading, 5) is None
    told = check_stamp(stamp.token, last.content, office.sealing.trust.anchors)
    assert (told.at, told.trusted) == (stamp.at, True)
    found = state(office)
    assert (found.unstamped_since, found.overdue, found.stamped_size) == (None, False, last.size)
    assert appended(office).size == 5
    assert state(office).unstamped_since is not None


def test_a_log_to_which_nobody_appends_is_behind(office: Office, clock: Clock) -> None:
    """As when no worker runs: no leaf waits for anything, and the journal has grown."""
    appended(office)
    checkpointing.stamp(office)
    clock.advance(timedelta(days=3))
    assert not state(office).overdue  # nothing was done in three days
    act(office, "a")
    since = clock.now
    clock.advance(OUTAGE_BUDGET)
    act(office, "b", 2)
    assert (state(office).unlogged_since, state(office).overdue) == (since, False)
    clock.advance(timedelta(seconds=1))
    assert (state(office).unlogged_since, state(office).overdue) == (since, True)
    checkpointing.append(office)
    assert (state(office).unlogged_since, state(office).overdue) == (None, False)


def write_key(folder: Path) -> Path:
    """A keyring with one key file that is called log; where it lies."""
    made = pki.Pki().issue(pki.Profile("Nhật ký thử nghiệm"))
    certificate = x509.load_der_x509_certificate(made.certificate)
    encryption = BestAvailableEncryption(b"mat khau")
    content = pkcs12.serialize_key_and_certificates(
        b"log", made.private_key, certificate, None, encryption
    )
    for name, data in (("log.p12", content), ("passphrase", b"mat khau\n")):
        (folder / name).write_bytes(data)
        (folder / name).chmod(0o600)
    ring = folder / "keys.toml"
    ring.write_text(
        '[key.log]\nkind = "pkcs12"\nfile = "log.p12"\npassphrase_file = "passphrase"\n'
    )
    ring.chmod(0o600)
    return ring


@SQLITE
def test_the_log_waits_for_its_key_and_goes_on(
    office: Office, clock: Clock, tmp_path: Path, sandbox: object
) -> None:
    ring = write_key(tmp_path)
    (tmp_path / "passphrase").write_bytes(b"sai\n")
    own = office.settings.model_copy(update={"signing_keys": ring, "log_key": "key:log"})
    other = Office.open(own, clock=clock)
    try:
        for _ in range(3):
            act(other)
            with pytest.raises(KeyRefusal):
                checkpointing.append(other)
            clock.advance(timedelta(minutes=1))
        found = state(other)
        assert (found.leaves, found.newest) == (1, None)
        assert found.unsigned_since == clock.now - timedelta(minutes=3)
        clock.advance(OUTAGE_BUDGET)
        assert state(other).overdue
        # Mended: the file is another version of the secret, and is tried again.
        (tmp_path / "passphrase").write_bytes(b"mat khau\n")
        clock.advance(-OUTAGE_BUDGET)
        found_at_last = checkpointing.append(other)
        assert found_at_last is not None
        assert found_at_last.size == 2
        assert check_log(other) == 2
        assert state(other).unsigned_since is None
    finally:
        other.close()


def test_an_expired_certificate_signs_nothing(office: Office, clock: Clock) -> None:
    clock.advance(timedelta(days=6 * 365))
    act(office)
    with pytest.raises(KeyRefusal):
        checkpointing.append(office)
    assert state(office).newest is None


@pytest.fixture
def lockless(s3_server: str) -> Iterator[str]:
    with servers.s3_bucket(s3_server) as url:
        yield url


@SQLITE
def test_heads_are_kept_in_a_bucket_that_locks_and_in_no_other(
    office: Office, s3_server: str, lockless: str, caplog: pytest.LogCaptureFixture
) -> None:
    act(office)
    office.log_objects = open_store(lockless)
    with pytest.raises(Unavailable):
        checkpointing.append(office)
    assert "was not made with object lock" in caplog.text
    assert (state(office).leaves, state(office).newest) == (1, None)
    office.log_objects = open_store(servers.locked_bucket(s3_server))
    assert checkpointing.append(office) is not None
    assert check_log(office) == 1


def test_the_jobs_go_on_by_themselves(
    office: Office, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):  # two workers start
        with office.transaction(None) as tx:
            checkpointing.keep_appending(tx)
    assert planned(office, "append_checkpoint") == [timedelta()]
    assert planned(office, "stamp_checkpoint") == [timedelta()]
    jobs.run_all(office)
    assert planned(office, "append_checkpoint") == [timedelta(seconds=60)]
    assert planned(office, "stamp_checkpoint") == [timedelta(minutes=10)]
    assert state(office).stamped_size == 1
    # Nothing moved: no leaf, and the next look all the same.
    clock.advance(timedelta(seconds=60))
    jobs.run_all(office)
    assert planned(office, "append_checkpoint") == [timedelta(seconds=60)]
    assert state(office).leaves == 1
    # The authority is away: put off, not dead, and never a second series.
    services = Services(office)
    services.tsa_away = True
    act(office)
    clock.advance(timedelta(minutes=10))
    jobs.run_all(office)
    assert (state(office).leaves, state(office).stamped_size) == (2, 1)
    assert planned(office, "stamp_checkpoint") == [timedelta(seconds=30)]
    services.tsa_away = False
    clock.advance(timedelta(seconds=30))
    jobs.run_all(office)
    assert state(office).stamped_size == 2
    assert planned(office, "stamp_checkpoint") == [timedelta(minutes=10)]
    # A refusal does not end the series either: its cause is the operator's to mend.
    clock.advance(timedelta(days=6 * 365))
    act(office)
    with caplog.at_level(logging.ERROR):
        jobs.run_all(office)
    assert "the log goes on without append" in caplog.text
    assert planned(office, "append_checkpoint") == [timedelta(seconds=60)]
    with office.reading(None) as reading:
        assert [one.state for one in jobs.unsettled(reading)] == ["waiting", "waiting"]


def test_a_chain_that_grows_does_not_wait(office: Office, clock: Clock) -> None:
    with office.transaction(None) as tx:
        checkpointing.keep_appending(tx)
    jobs.run_all(office)
    act(office, "busy", CHECKPOINT_ENTRIES - 1)
    assert planned(office, "append_checkpoint") == [timedelta(seconds=60)]
    act(office, "busy")
    act(office, "busy", 3 * CHECKPOINT_ENTRIES)  # one ring is enough
    assert planned(office, "append_checkpoint") == [timedelta(), timedelta(seconds=60)]
    jobs.run_all(office)
    assert planned(office, "append_checkpoint") == [timedelta(seconds=60)]
    with office.reading(None) as reading:
        assert transparency.uncovered(reading, "busy") == 0
        assert len(reading.session.scalars(select(LogLeaf)).all()) == 2
        assert len(reading.session.scalars(select(Checkpoint)).all()) == 2
