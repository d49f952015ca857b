"""What is known of a withdrawal review."""

from __future__ import annotations

import uuid

from workflow.office import Reading
from workflow.records import Case, Dossier, WithdrawalReview
from workflow.rules.kinds import Kind
from workflow.rules.withdrawal import WithdrawalFacts


def reviews_of(reading: Reading, dossier_id: uuid.UUID) -> list[tuple[Case, WithdrawalReview]]:
    """The withdrawal reviews of a dossier, oldest first."""
    raise NotImplementedError


def withdrawal_facts(reading: Reading, dossier: Dossier, kind: Kind, case: Case) -> WithdrawalFacts:
    """The facts of one review."""
    raise NotImplementedError
