"""Reviews whether a recognition is to be withdrawn: steps in, where they stand out."""

from __future__ import annotations

import uuid
from typing import Annotated, Literal

from pydantic import Field

from api.schemas.documents import MoveOut, OptionOut, Standing, moves_of, options_of
from api.schemas.values import Opinion, Payload, Word
from workflow.incoming_views import names_of
from workflow.office import Reading
from workflow.withdrawing import ReviewView

Failed = Annotated[list[Word], Field(max_length=200)]


class ReviewIn(Payload):
    """Which criteria are met no more, and how that is known."""

    failed: Failed
    reason: Opinion


class SetFailed(Payload):
    trigger: Literal["set_failed"]
    failed: Failed


class Keep(Payload):
    trigger: Literal["keep"]
    reason: Opinion


class ReviewBare(Payload):
    trigger: Literal["request", "revoke"]


ReviewStep = Annotated[SetFailed | Keep | ReviewBare, Field(discriminator="trigger")]


class WithdrawalReviewOut(Standing):
    """A withdrawal review. `version` is also the ETag."""

    dossier_id: uuid.UUID
    failed: list[str] = Field(description="Criteria that are met no more.")
    total: int = Field(description="How many criteria are counted.")
    reason: str
    opened_by: uuid.UUID
    rule_unmet: str | None = Field(description="Why they are not enough to withdraw; null: enough.")
    options: list[OptionOut]
    moves: list[MoveOut]

    @classmethod
    def whole(cls, reading: Reading, view: ReviewView) -> WithdrawalReviewOut:
        names = names_of(reading, {move.person_id for move in view.moves})
        return cls(
            **dict(Standing.of(view.case, view.state_label)),
            dossier_id=view.review.dossier_id,
            failed=list(view.failed),
            total=len(view.kind.tops),
            reason=view.review.reason,
            opened_by=view.review.opened_by,
            rule_unmet=view.rule_unmet,
            options=options_of(view.options),
            moves=moves_of(view.moves, names),
        )
