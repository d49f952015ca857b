"""The steps of a dossier from its assessment to its publication, each by whoever has the move."""

from __future__ import annotations

import uuid

from workflow.appraisals import open_appraisals, withdraw_appraisals
from workflow.ballots import close_session, open_session
from workflow.dossiers import take_step
from workflow.office import Transaction
from workflow.records import Case, Dossier
from workflow.transitions import stated


def step(
    tx: Transaction,
    dossier_id: uuid.UUID,
    version: int,
    trigger: str,
    reason: str | None = None,
) -> Case:
    """Take one step. Changes of the contents (`amend`, `supplement`) are no steps of their own.

    Raises:
        NotFound, StaleVersion, TransitionNotAllowed, Forbidden.
        GuardsUnmet: with every sentence of what is missing. Invalid: a reason is wanted.
    """

    def submitted(_case: Case, dossier: Dossier) -> None:
        if dossier.submitted_at is None:
            dossier.submitted_at = tx.now

    def nothing_more(_case: Case, _dossier: Dossier) -> None:
        """The move says when and by whom, the linked document says what."""

    return take_step(
        tx,
        dossier_id,
        version,
        trigger,
        {
            "record_submission": submitted,
            "record_reason": lambda _case, _dossier: stated(reason)(),
            "record_acceptance": nothing_more,
            "record_supplement": nothing_more,
            "open_appraisals": lambda case, dossier: open_appraisals(tx, dossier, case),
            "withdraw_appraisals": lambda _case, dossier: withdraw_appraisals(tx, dossier),
            "open_session": lambda _case, dossier: open_session(tx, dossier),
            "close_session": lambda _case, dossier: close_session(tx, dossier),
            "record_recognition": nothing_more,
            "record_publication": nothing_more,
        },
        opinion=reason,
    )
