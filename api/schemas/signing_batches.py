"""Lists that are signed in one act: what was reviewed in, where each document stands out."""

from __future__ import annotations

import uuid
from collections import Counter
from typing import Annotated

from pydantic import Field

from api.schemas.values import Moment, Payload, Sha256, Shape
from workflow.batches import MOST, View


class ReviewedIn(Payload):
    document_id: uuid.UUID
    content_sha256: Sha256 = Field(description="`content_sha256` of what you read.")


class SigningBatchIn(Payload):
    """The documents of one organisation that you have read and sign, in this order."""

    items: Annotated[list[ReviewedIn], Field(min_length=1, max_length=MOST)]


class ProgressOut(Shape):
    """How many documents of the list stand where; together they are all of them."""

    waiting: int = Field(description="Not tried yet, or put back when the list was stopped.")
    signing: int = Field(description="With the key, or signed and being judged.")
    signed: int
    refused: int


class SigningBatchItemOut(Shape):
    """One document; `reason` says why it was refused, and the others go on."""

    ordinal: int
    document_id: uuid.UUID
    content_sha256: str
    result: str = Field(examples=["waiting", "signing", "signed", "refused"])
    reason: str | None


class SigningBatchOut(Shape):
    """A list and its progress. While `stopped` says why, nothing is tried until you resume it."""

    id: uuid.UUID
    organisation_id: uuid.UUID
    person_id: uuid.UUID
    asked_at: Moment
    expires_at: Moment
    stopped: str | None
    finished_at: Moment | None
    progress: ProgressOut
    items: list[SigningBatchItemOut]

    @classmethod
    def of(cls, view: View) -> SigningBatchOut:
        batch, counts = view.batch, Counter(item.result for item in view.items)
        return cls(
            id=batch.id,
            organisation_id=batch.organisation_id,
            person_id=batch.person_id,
            asked_at=batch.asked_at,
            expires_at=batch.expires_at,
            stopped=batch.stopped,
            finished_at=batch.finished_at,
            progress=ProgressOut(
                waiting=counts["waiting"],
                signing=counts["signing"],
                signed=counts["signed"],
                refused=counts["refused"],
            ),
            items=[
                SigningBatchItemOut(
                    ordinal=item.ordinal,
                    document_id=item.document_id,
                    content_sha256=item.content,
                    result=item.result,
                    reason=item.reason,
                )
                for item in view.items
            ],
        )
