"""What is known of a review whether a recognition is to be withdrawn."""

from __future__ import annotations

import uuid

from sqlalchemy import select

from workflow.facts.papers import paper_unmet
from workflow.office import Reading
from workflow.records import Case, Dossier, WithdrawalReview
from workflow.rules.kinds import Kind
from workflow.rules.results import withdrawal_unmet
from workflow.rules.withdrawal import WithdrawalFacts


def reviews_of(reading: Reading, dossier_id: uuid.UUID) -> list[tuple[Case, WithdrawalReview]]:
    """The withdrawal reviews of a dossier with their cases, oldest first."""
    rows = reading.session.execute(
        select(Case, WithdrawalReview)
        .join(WithdrawalReview, WithdrawalReview.case_id == Case.id)
        .where(WithdrawalReview.dossier_id == dossier_id)
        .order_by(Case.id)
    )
    return [(case, review) for case, review in rows]


def review_of(reading: Reading, case_id: uuid.UUID) -> WithdrawalReview | None:
    """The review that this case moves, if it is one."""
    return reading.session.scalar(
        select(WithdrawalReview).where(WithdrawalReview.case_id == case_id)
    )


def failed_of(review: WithdrawalReview) -> tuple[str, ...]:
    """The codes of the criteria that are met no more."""
    return tuple(review.failed.split(",")) if review.failed else ()


def withdrawal_facts(
    reading: Reading, dossier: Dossier, kind: Kind, case: Case, review: WithdrawalReview
) -> WithdrawalFacts:
    """The facts of one review."""
    return WithdrawalFacts(
        rule_unmet=withdrawal_unmet(kind.withdrawal, kind, failed_of(review)),
        request_unmet=paper_unmet(reading, case, dossier, "withdrawal_request"),
        decision_unmet=paper_unmet(reading, case, dossier, "withdrawal_decision"),
    )
