"""Facts of documents in which everything is as it should be; a test changes what it is about."""

from __future__ import annotations

from uuid import UUID

from workflow.rules.incoming import IncomingFacts
from workflow.rules.outgoing import OutgoingFacts
from workflow.rules.task import TaskFacts

DRAFTER, HEAD, CHECKER, LEADER, CLERK = (UUID(int=n) for n in range(1, 6))

OUTGOING = OutgoingFacts(
    actor_id=CLERK,
    actor_heads_drafting_unit=True,
    actor_charged_with_format=True,
    actor_incompetence=None,
    actor_custody_unmet=None,
    drafter_id=DRAFTER,
    drafting_unit_id=UUID(int=77),
    draft_unreadable=None,
    original_unmet=None,
    content_checked_by=HEAD,
    approved_by=LEADER,
    format_checked_by=CHECKER,
    signer_ids=(LEADER,),
    next_signer_id=LEADER,
    signers_remaining=0,
    persons_unmet=(),
    number="05/QĐ-UBND",
    register_mismatch=None,
    seal_required=True,
    seal_unmet=(),
    files_unsealed=0,
    recipients=2,
    recipients_unsent=0,
    filed=False,
    paper=False,
)

INCOMING = IncomingFacts(
    paper=False,
    sender="agency",
    acknowledged=False,
    verdict="HOP_LE",
    overridden_by=None,
    actor_custody_unmet=None,
    actor_copying_unmet=None,
    scan_unreadable=None,
    digitised_unmet=(),
    duplicates=0,
    duplicates_confirmed=False,
    handler_determined=True,
    tasks=1,
    leads=1,
    tasks_open=0,
    readings_open=0,
    answer_required=False,
    answer_issued=False,
    expired=False,
)

TASK = TaskFacts(
    actor_id=HEAD,
    actor_heads_unit=True,
    actor_directs=False,
    actor_stands_in=False,
    assignee_id=DRAFTER,
    unit_id=UUID(int=77),
    reporter_id=None,
    expired=False,
)
