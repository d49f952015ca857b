"""Who does the jobs: a thread in the server, or Celery workers; the broker is only a doorbell."""

from __future__ import annotations

import logging
import threading
import uuid
from typing import Any

from celery import Celery
from celery.signals import worker_process_init

from storage import outbox
from workflow.jobs import begin, run_one
from workflow.office import Office
from workflow.rules.errors import Unavailable
from workflow.settings import Settings

log = logging.getLogger("vanthu.worker")

#: How often rows are looked for that no bell announced (postponed, or the bell was lost).
SWEEP_SECONDS = 5.0
RING = "vanthu.ring"
SWEEP = "vanthu.sweep"


class WorkerThread:
    """The embedded worker: sleeps until rung, sweeps by itself, stops when asked."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._bell = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="vanthu-worker", daemon=True)

    def start(self) -> None:
        """Begin; jobs left by an earlier process are done first."""
        self._thread.start()

    def ring(self, job_id: uuid.UUID) -> None:  # noqa: ARG002  any bell wakes the one thread
        """Wake the thread."""
        self._bell.set()

    def stop(self) -> None:
        """Finish the job at hand, then end."""
        self._stopping.set()
        self._bell.set()
        self._thread.join()

    def _run(self) -> None:
        begun = False
        while not self._stopping.is_set():
            self._bell.clear()
            try:
                if not begun:
                    begin(self._office)
                    begun = True
                while not self._stopping.is_set() and run_one(self._office):
                    pass
            except Unavailable as down:
                log.warning("jobs wait: %s", down.what)
            except Exception:
                # The worker outlives any one fault: the rows are still there for the next sweep.
                log.exception("the worker met a fault")
            self._bell.wait(SWEEP_SECONDS)


class CeleryDoorbell:
    """Sends a job's id to Celery. A broker that is away costs nothing but time: see the sweep."""

    def __init__(self, broker_url: str) -> None:
        self._app = celery_app(broker_url)

    def ring(self, job_id: uuid.UUID) -> None:
        """Announce a job; never fails."""
        try:
            self._app.send_task(RING, args=[str(job_id)], retry=False, ignore_result=True)
        except Exception:
            log.warning("the broker does not answer; the sweep will find job %s", job_id)


def celery_app(broker_url: str) -> Celery:
    """A Celery that carries ids only and keeps no results."""
    app = Celery("vanthu", broker=broker_url)
    app.conf.update(
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        broker_connection_retry_on_startup=True,
        broker_connection_timeout=3,
        worker_hijack_root_logger=False,
        task_serializer="json",
        accept_content=["json"],
        timezone="Asia/Ho_Chi_Minh",
        # Lost bells come back by our own sweep, so a long visibility timeout costs nothing and a
        # slow signature is never started twice.
        broker_transport_options={"visibility_timeout": 3600},
        beat_schedule={"sweep": {"task": SWEEP, "schedule": SWEEP_SECONDS}},
    )
    return app


def celery_worker(settings: Settings) -> Celery:
    """The app a worker process runs: one office per process, opened after the fork."""
    app = celery_app(settings.broker)
    held: dict[str, Office] = {}

    def office() -> Office:
        if "office" not in held:
            opened = Office.open(settings)
            opened.doorbell = CeleryDoorbell(settings.broker)
            begin(opened)
            held["office"] = opened
        return held["office"]

    @worker_process_init.connect(weak=False)
    def forget_inherited_connections(**_: Any) -> None:
        held.clear()

    @app.task(name=RING)
    def ring(job_id: str) -> None:
        run_one(office(), uuid.UUID(job_id))

    @app.task(name=SWEEP)
    def sweep() -> None:
        with office().reading(None) as reading:
            due = outbox.due(reading.session, reading.now, 100)
        for job_id in due:
            run_one(office(), job_id)

    return app
