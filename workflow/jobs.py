"""Jobs: what is done after a transaction, each as slow work and then a closure that records it.

A job's function does its work with no transaction open and returns the closure; the runner calls
the closure and settles the job in one transaction, so a result is recorded exactly once. What a
job raises decides its fate: a Refusal settles it, Unavailable puts it off, anything else is tried
again and in the end laid down dead, visibly, after its `give_up` has cleared the way.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from storage import outbox
from storage.errors import LeaseLost
from workflow import (
    archiving,
    batches,
    checkpointing,
    delivery,
    digitising,
    exhibiting,
    exporting,
    intents,
    jurisdictions,
    registration,
    reminding,
    signatures,
    status_asking,
)
from workflow.chains import SYSTEM_CHAIN
from workflow.inspecting import nightly
from workflow.intents import Abandon
from workflow.office import Office, Reading, Transaction
from workflow.rules.errors import NotFound, Refusal, Unavailable

log = logging.getLogger("vanthu.jobs")

Record = Callable[[Transaction], None]


@dataclass(frozen=True)
class Kind:
    """A kind of job: its work, and what to do when its last try has failed.

    `patience`: how often, and how long apart, it is put off while what it needs is away; None: as
    often as it takes, as soon as whoever is away says.
    """

    work: Callable[..., Record]
    give_up: Callable[..., None] | None = None
    patience: outbox.RetryPolicy | None = None


#: How the case of an intent goes back a step, by the state it waits in.
_ABANDONED: Mapping[str, Abandon] = {
    "signing": signatures.abandon,
    "sealing": signatures.abandon,
    "digitising": digitising.abandon,
}
#: How long until an expired intent is looked at again while one of its case is being completed.
_ANOTHER_LOOK = timedelta(minutes=1)


def expire_intent(_office: Office, intent: str) -> Record:
    """Job: a step whose holder brought no signature in time is taken back: nothing is in limbo."""

    def record(tx: Transaction) -> None:
        case = intents.lock_case_of(tx, uuid.UUID(intent))
        if case is None:
            return
        if any(intents.in_hand(tx, one) for one in intents.open_intents(tx, case.id)):
            # This one, or a file beside it, was signed in time: its own job ends it.
            tx.enqueue("expire_intent", not_before=tx.now + _ANOTHER_LOOK, intent=intent)
            return
        _ABANDONED[case.state](tx, uuid.UUID(intent), "Đã quá hạn mà chưa nhận được chữ ký.")

    return record


JOBS: Mapping[str, Kind] = {
    "sign_outgoing": Kind(signatures.sign_outgoing, signatures.give_up),
    "seal_outgoing": Kind(signatures.seal_outgoing, signatures.give_up),
    "sign_batch": Kind(batches.sign_batch, batches.give_up),
    "judge_signature": Kind(signatures.judge_signature, signatures.give_up),
    "judge_seal": Kind(signatures.judge_seal, signatures.give_up),
    "expire_intent": Kind(expire_intent),
    "verify_incoming": Kind(registration.verify_incoming),
    "judge_exhibit": Kind(exhibiting.judge_exhibit),
    "fetch_status": Kind(status_asking.fetch_status, status_asking.give_up, status_asking.PATIENCE),
    "seal_digitised": Kind(digitising.seal_digitised, digitising.give_up),
    "judge_digitised": Kind(digitising.judge_digitised, digitising.give_up),
    "raise_level": Kind(archiving.raise_level),
    "renew_archive": Kind(archiving.renew_archive),
    "renew_archives": Kind(archiving.renew_archives, archiving.look_tomorrow),
    "deliver_document": Kind(delivery.deliver_document),
    "recall_delivery": Kind(delivery.recall_delivery),
    "destroy_objects": Kind(delivery.destroy_objects),
    "report_status": Kind(delivery.report_status),
    "export_dossier": Kind(exporting.export_dossier, exporting.give_up),
    "discard_pieces": Kind(exporting.discard_pieces),
    "hand_over": Kind(jurisdictions.hand_over),
    "hand_over_dossier": Kind(jurisdictions.hand_over_dossier),
    "append_checkpoint": Kind(checkpointing.append_checkpoint, checkpointing.append_again),
    "stamp_checkpoint": Kind(checkpointing.stamp_checkpoint, checkpointing.stamp_again),
    "inspect_archive": Kind(nightly.inspect_archive, nightly.inspect_tomorrow),
    "inspect_slice": Kind(nightly.inspect_slice),
    "remind": Kind(reminding.remind, reminding.look_again),
    "remind_organisation": Kind(reminding.remind_organisation),
}


def begin(office: Office) -> None:
    """What recurs is planned; a worker calls this when it starts."""
    with office.transaction(None) as tx:
        archiving.keep_looking(tx)
        reminding.keep_reminding(tx)
        nightly.keep_inspecting(tx)
        checkpointing.keep_appending(tx)


def policy_of(office: Office) -> outbox.RetryPolicy:
    """How often a failing job is tried, and how long it rests in between."""
    return outbox.RetryPolicy(
        tries=office.settings.job_attempts,
        first_rest=timedelta(seconds=2),
        longest_rest=timedelta(minutes=10),
    )


def run_one(office: Office, job_id: uuid.UUID | None = None) -> bool:
    """Do the job that has waited longest, or the one named; False when there is none to do."""
    with office.transaction(None) as tx:
        claimed = outbox.claim(tx.session, tx.now, office.settings.job_lease_seconds, job_id)
    if claimed is None:
        return False
    try:
        _carry_out(office, claimed)
    except LeaseLost:
        log.warning("job %s %s took longer than its lease", claimed.name, claimed.id)
    return True


def _carry_out(office: Office, claimed: outbox.Job) -> None:
    policy = policy_of(office)
    kind = JOBS[claimed.name]
    if policy.exhausted(claimed):
        _lay_down(office, claimed, kind, "its worker died at every try")
        return
    try:
        record = kind.work(office, **claimed.args)
        with office.transaction(None) as tx:
            record(tx)
            outbox.settle(tx.session, claimed, "done", None, tx.now)
    except Unavailable as down:
        rest, patience = timedelta(seconds=down.retry_after_seconds), kind.patience
        if patience is not None:
            if claimed.postponements >= patience.tries:
                _lay_down(office, claimed, kind, down.what)
                return
            rest = patience.rest(claimed.postponements + 1)
        with office.transaction(None) as tx:
            outbox.postpone(tx.session, claimed, tx.now + rest, down.what, tx.now)
    except Refusal as refused:
        log.info("job %s %s refused: %s", claimed.name, claimed.id, type(refused).__name__)
        with office.transaction(None) as tx:
            outbox.settle(tx.session, claimed, "refused", type(refused).__name__, tx.now)
    except LeaseLost:
        raise
    except Exception as fault:
        log.exception("job %s %s failed", claimed.name, claimed.id)
        if claimed.tries >= policy.tries:
            _lay_down(office, claimed, kind, type(fault).__name__)
            return
        with office.transaction(None) as tx:
            outbox.retry(tx.session, claimed, type(fault).__name__, tx.now, policy)


def _lay_down(office: Office, claimed: outbox.Job, kind: Kind, why: str) -> None:
    with office.transaction(None) as tx:
        if kind.give_up is not None:
            kind.give_up(tx, **claimed.args)
        outbox.settle(tx.session, claimed, "dead", why, tx.now)


def unsettled(reading: Reading, limit: int = 200) -> list[outbox.Standing]:
    """Jobs that wait or died, for the operator."""
    return outbox.unsettled(reading.session, limit)


def revive(tx: Transaction, job_id: uuid.UUID) -> None:
    """Let a dead job be tried afresh, after its cause was mended.

    Raises:
        NotFound: no dead job of this id.
    """
    if not outbox.revive(tx.session, job_id, tx.now):
        raise NotFound("Việc đã dừng hẳn")
    tx.journal("job.revived", SYSTEM_CHAIN, job_id)
    tx.enqueued.append(job_id)


def run_all(office: Office) -> int:
    """Do every job that is due now; how many there were."""
    done = 0
    while run_one(office):
        done += 1
    return done
