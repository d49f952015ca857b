"""What is stated beside the indicator: lists from outside, and types that do not count."""

from __future__ import annotations

import uuid
from datetime import date

from pydantic import Field

from api.schemas.values import Moment, Opinion, Payload, Shape, Word
from workflow.facts.completeness import Excluded, Reconciled
from workflow.records import Reconciliation
from workflow.rules.completeness import SECRET, month_text


class ExclusionOut(Shape):
    """A type that does not count, from the day after it was decided on."""

    id: uuid.UUID
    organisation_id: uuid.UUID
    register_name: str = Field(serialization_alias="register")
    type_code: str
    basis: str
    decided_by: uuid.UUID
    name: str
    decided_on: date

    @classmethod
    def of(cls, one: Excluded) -> ExclusionOut:
        return cls.model_validate(vars(one) | {"register_name": one.register})


class ReconciledOut(Shape):
    """A register beside a list from outside, over the months that have begun.

    `missing` are months in which nothing was entered, in a subtree as often as organisations did
    not. Secret documents are in no register here: of them nothing is unreconciled.
    """

    register_name: str = Field(serialization_alias="register")
    source: str
    listed: int | None
    matched: int | None
    unreconciled: int | None
    missing: list[str]
    entered_at: Moment | None
    entered_by: str | None
    text: str

    @classmethod
    def of(cls, one: Reconciled) -> ReconciledOut:
        return cls(
            register_name=one.register,
            source=one.source,
            listed=one.listed,
            matched=None if one.source == SECRET else one.matched,
            unreconciled=one.unreconciled,
            missing=list(one.missing),
            entered_at=one.entered_at,
            entered_by=one.entered_by,
            text=one.text,
        )


class ReconciliationIn(Payload):
    """What a list holds for a month, counts only; of a secret register its range and nothing else.

    A secret register in which no number was given in the month is entered without a range.
    """

    month: Word = Field(examples=["2026-11"])
    register_name: Word = Field(alias="register", examples=["outgoing", "incoming"])
    source: Word = Field(examples=["exchange", "paper", "secret"])
    listed: int | None = None
    matched: int | None = None
    first_number: int | None = None
    last_number: int | None = None
    note: Opinion | None = None


class ReconciliationOut(Shape):
    id: uuid.UUID
    month: str
    register_name: str = Field(serialization_alias="register")
    source: str
    listed: int
    matched: int | None
    first_number: int | None
    last_number: int | None
    note: str | None
    entered_by: uuid.UUID
    name: str
    entered_at: Moment

    @classmethod
    def of(cls, row: Reconciliation, name: str) -> ReconciliationOut:
        return cls(
            id=row.id,
            month=month_text(row.month),
            register_name=row.register,
            source=row.source,
            listed=row.listed,
            matched=None if row.source == SECRET else row.matched,
            first_number=row.first_number,
            last_number=row.last_number,
            note=row.note,
            entered_by=row.entered_by,
            name=name,
            entered_at=row.entered_at,
        )


class ExclusionIn(Payload):
    """A type of document that does not count from tomorrow on, and the text that says so."""

    register_name: Word = Field(alias="register", examples=["outgoing", "incoming"])
    type_code: Word
    basis: Opinion
