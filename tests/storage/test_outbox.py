"""A job is done exactly once, whatever its workers do."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, MetaData, Table, Uuid, insert, select

from storage import outbox
from storage.database import Database, connect, metadata
from storage.errors import LeaseLost
from storage.outbox import Job, RetryPolicy

NOW = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
POLICY = RetryPolicy(3, first_rest=timedelta(seconds=10), longest_rest=timedelta(minutes=5))

# The result of a job. It has no unique column: only the outbox keeps it from being written twice.
effect = Table("effect", MetaData(), Column("job_id", Uuid))


@pytest.fixture
def database(database: Database) -> Database:
    effect.metadata.create_all(database.engine)
    return database


def seconds(count: float) -> datetime:
    return NOW + timedelta(seconds=count)


def enqueue(database: Database, name: str = "seal_document", not_before: float = 0) -> UUID:
    with database.write() as session:
        job_id = outbox.enqueue(session, name, {"case": "Đ1"}, NOW, seconds(not_before))
        session.commit()
    return job_id


def claim(database: Database, at: float, job_id: UUID | None = None) -> Job | None:
    with database.write() as session:
        claimed = outbox.claim(session, seconds(at), 60, job_id)
        session.commit()
    return claimed


def claimed(database: Database, at: float) -> Job:
    job = claim(database, at)
    assert job is not None
    return job


def finish(database: Database, job: Job, at: float) -> None:
    with database.write() as session:
        session.execute(insert(effect).values(job_id=job.id))
        outbox.settle(session, job, "done", None, seconds(at))
        session.commit()


def retry(database: Database, job: Job, at: float) -> str:
    with database.write() as session:
        state = outbox.retry(session, job, "RuntimeError", seconds(at), POLICY)
        session.commit()
    return state


def due(database: Database, at: float, limit: int = 10) -> list[UUID]:
    with database.read() as session:
        return outbox.due(session, seconds(at), limit)


def effects(database: Database) -> Counter[UUID]:
    with database.read() as session:
        return Counter(session.scalars(select(effect.c.job_id)))


def row(database: Database, job_id: UUID) -> dict[str, object]:
    with database.read() as session:
        found = session.execute(select(outbox.job).where(outbox.job.c.id == job_id)).one()
        return dict(found._mapping)


def test_a_job_exists_only_with_the_transaction_that_wants_it(database: Database) -> None:
    with database.write() as session:
        outbox.enqueue(session, "seal_document", {}, NOW)
    assert due(database, 0) == []
    job_id = enqueue(database)
    assert due(database, 0) == [job_id]


def test_jobs_that_wait_are_counted_by_name_and_arguments(database: Database) -> None:
    def waiting(name: str, **args: object) -> int:
        with database.read() as session:
            return outbox.waiting(session, name, args or None)

    enqueue(database)
    enqueue(database, not_before=30)
    enqueue(database, "renew")
    assert (waiting("seal_document"), waiting("renew"), waiting("other")) == (2, 1, 0)
    assert waiting("seal_document", case="Đ1") == 2
    assert waiting("seal_document", case="Đ2") == 0
    job = claimed(database, 0)
    assert waiting("seal_document") == 2, "one is being done"
    finish(database, job, 1)
    assert waiting("seal_document") == 1


def test_a_job_is_claimed_whole_and_by_one(database: Database) -> None:
    job_id = enqueue(database)
    assert claimed(database, 0) == Job(
        id=job_id,
        name="seal_document",
        args={"case": "Đ1"},
        attempts=1,
        postponements=0,
        leased_until_at=seconds(60),
        created_at=NOW,
    )
    assert claim(database, 59) is None
    assert claim(database, 59, job_id) is None
    assert due(database, 59) == []


def test_jobs_are_claimed_in_the_order_of_their_time_and_not_before_it(database: Database) -> None:
    late, early, named = (enqueue(database, not_before=t) for t in (20, 10, 30))
    assert claim(database, 9) is None
    assert due(database, 30) == [early, late, named]
    assert due(database, 30, limit=2) == [early, late]
    assert claim(database, 30, named).id == named  # type: ignore[union-attr]
    assert [claimed(database, 30).id, claimed(database, 30).id] == [early, late]
    assert claim(database, 30) is None


def test_a_claim_passes_over_what_another_is_just_claiming(postgres_url: str) -> None:
    database = connect(postgres_url)
    metadata.create_all(database.engine)
    first, second = enqueue(database), enqueue(database)
    with database.write() as slow:
        held = outbox.claim(slow, NOW, 60)
        assert held is not None
        assert held.id == first
        assert claimed(database, 0).id == second
        assert claim(database, 0, first) is None
        slow.commit()
    assert claim(database, 0) is None
    database.close()


def test_a_job_whose_worker_died_is_claimed_again_after_its_lease(database: Database) -> None:
    job_id = enqueue(database)
    claimed(database, 0)
    assert due(database, 60) == [job_id]
    again = claimed(database, 60)
    assert (again.id, again.attempts) == (job_id, 2)
    finish(database, again, 61)
    assert due(database, 1000) == []
    assert effects(database) == {job_id: 1}


def test_a_worker_that_lost_its_lease_records_nothing(database: Database) -> None:
    job_id = enqueue(database)
    slow, quick = claimed(database, 0), claimed(database, 60)
    with pytest.raises(LeaseLost):
        finish(database, slow, 61)
    with pytest.raises(LeaseLost):
        retry(database, slow, 61)
    finish(database, quick, 62)
    with pytest.raises(LeaseLost):
        finish(database, quick, 63)
    assert effects(database) == {job_id: 1}
    assert row(database, job_id)["settled_at"] == seconds(62)


def test_a_lease_run_out_but_not_taken_still_settles(database: Database) -> None:
    job_id = enqueue(database)
    finish(database, claimed(database, 0), 600)
    assert effects(database) == {job_id: 1}


def test_a_job_put_back_cannot_be_settled_by_the_attempt_that_put_it_back(
    database: Database,
) -> None:
    enqueue(database)
    job = claimed(database, 0)
    retry(database, job, 1)
    with pytest.raises(LeaseLost):
        finish(database, job, 2)


def test_a_refused_job_keeps_its_reason_and_never_runs_again(database: Database) -> None:
    job_id = enqueue(database)
    job = claimed(database, 0)
    with database.write() as session:
        outbox.settle(session, job, "refused", "Văn bản đã bị thu hồi.", seconds(5))
        session.commit()
    kept = row(database, job_id)
    assert (kept["state"], kept["error"]) == ("refused", "Văn bản đã bị thu hồi.")
    assert kept["settled_at"] == seconds(5)
    assert claim(database, 10_000) is None


def test_an_outage_is_not_held_against_a_job(database: Database) -> None:
    enqueue(database)
    for outage in range(20):
        job = claimed(database, outage * 30)
        assert job.tries == 1
        assert not POLICY.exhausted(job)
        with database.write() as session:
            until, now = seconds(outage * 30 + 30), seconds(outage * 30 + 1)
            outbox.postpone(session, job, until, "object store down", now)
            session.commit()
        assert due(database, outage * 30 + 29) == []
    finish(database, claimed(database, 600), 601)


def test_a_poison_job_rests_longer_each_time_and_is_then_dead(database: Database) -> None:
    job_id = enqueue(database)
    assert retry(database, claimed(database, 0), 0) == "waiting"
    assert due(database, 9.9) == []
    assert retry(database, claimed(database, 10), 10) == "waiting"
    assert due(database, 29.9) == []
    assert retry(database, claimed(database, 30), 30) == "dead"
    assert claim(database, 10_000) is None
    dead = row(database, job_id)
    assert (dead["state"], dead["error"], dead["attempts"]) == ("dead", "RuntimeError", 3)


def test_a_job_that_kills_its_workers_is_known_when_claimed_once_too_often(
    database: Database,
) -> None:
    enqueue(database)
    exhausted = [POLICY.exhausted(claimed(database, death * 60)) for death in range(4)]
    assert exhausted == [False, False, False, True]


@given(st.integers(1, 10_000), st.integers(1, 10_000))
def test_rests_grow_and_stay_bounded(first: int, second: int) -> None:
    short, long = sorted((first, second))
    assert timedelta(seconds=10) <= POLICY.rest(short) <= POLICY.rest(long) <= timedelta(minutes=5)


def test_many_workers_that_die_stall_and_fail_do_every_job_once(database: Database) -> None:
    jobs = {enqueue(database) for _ in range(60)}
    patient = RetryPolicy(10_000, timedelta(seconds=5), timedelta(seconds=5))
    ticks = itertools.count()  # every look at this clock moves it, so leases run out under way

    def clock() -> datetime:
        return seconds(next(ticks))

    def work(seed: int) -> Counter[str]:
        fate, seen = random.Random(seed), Counter[str]()
        while True:
            with database.write() as session:
                job = outbox.claim(session, clock(), 12)
                session.commit()
            if job is None:
                with database.read() as session:
                    waiting = select(outbox.job.c.id).where(outbox.job.c.state == outbox.WAITING)
                    if not session.scalars(waiting).all():
                        return seen
                continue
            end = fate.choices(["done", "killed", "stalled", "failed"], [6, 2, 2, 2])[0]
            seen[end] += 1
            if end == "killed":
                continue
            if end == "stalled":
                for _ in range(15):
                    clock()
                with database.write() as session:  # somebody takes it over, and dies in turn
                    outbox.claim(session, clock(), 12, job.id)
                    session.commit()
            try:
                with database.write() as session:
                    session.execute(insert(effect).values(job_id=job.id))
                    if end == "failed":
                        session.rollback()
                        session.begin()
                        outbox.retry(session, job, "failed", clock(), patient)
                    else:
                        outbox.settle(session, job, "done", None, clock())
                    session.commit()
            except LeaseLost:
                seen["lease lost"] += 1

    with ThreadPoolExecutor(4) as threads:
        seen = sum(threads.map(work, range(4)), Counter[str]())
    assert effects(database) == dict.fromkeys(jobs, 1)
    # The run was worth something: every kind of mishap occurred.
    assert {"killed", "stalled", "failed", "lease lost"} <= seen.keys(), seen
