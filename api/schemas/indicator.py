"""The indicator's fractions, and what is stated beside them."""

from __future__ import annotations

import uuid

from pydantic import Field

from api.schemas.reconciliations import ExclusionOut, ReconciledOut
from api.schemas.values import Moment, Shape
from workflow.facts.subtree import Behind, KindSum, Point, Ranked
from workflow.records import Issuer
from workflow.reporting import Measured, RowReasons, Series
from workflow.rules.indicator import Fraction, Indicator
from workflow.rules.reasons import PARTITION, Reason

#: What each reason is called, said once in an answer.
LABELS = {reason.value: reason.label for reason in Reason}


class FractionOut(Shape):
    """An exact fraction; `reasons` adds up to `rows`, the rows of the register."""

    numerator: int
    denominator: int
    text: str
    achieved: bool
    rows: int
    excluded: int
    reasons: dict[str, int]

    @classmethod
    def of(cls, fraction: Fraction) -> FractionOut:
        reasons = {reason.value: count for reason, count in fraction.reasons.items()}
        return cls.model_validate(
            {name: getattr(fraction, name) for name in cls.model_fields} | {"reasons": reasons}
        )


class Fractions(Shape):
    """The four fractions, never pooled; those of a register that was not asked for are null.

    `open`, `overdue` and `completed_on_time` are shown beside. `achieved` is null where only a
    part of the documents was asked for.
    """

    achieved: bool | None
    outgoing_processed: FractionOut | None
    outgoing_signed: FractionOut | None
    incoming_processed: FractionOut | None
    incoming_signed: FractionOut | None
    open: int | None
    overdue: int | None
    completed_on_time: int | None


def fractions(found: Indicator, register: str | None, type_code: str | None) -> dict[str, object]:
    """The fields of `Fractions`."""
    shown: dict[str, object] = {
        name: FractionOut.of(getattr(found, name))
        if register in (None, name.partition("_")[0])
        else None
        for name in PARTITION
    }
    came = found.incoming_processed.reasons
    beside = register != "outgoing"
    return shown | {
        "achieved": found.achieved if register is None and type_code is None else None,
        "open": came.get(Reason.OPEN, 0) if beside else None,
        "overdue": came.get(Reason.OVERDUE, 0) if beside else None,
        "completed_on_time": found.completed_on_time if beside else None,
    }


class IssuerIndicator(Fractions):
    """One issuer of a seat; arrivals count with the first."""

    issuer_id: uuid.UUID
    issuer: str
    kind: str


class KindIndicator(Fractions):
    """The issuers of one kind over organisations, added up; those of no issuer under ""."""

    kind: str
    organisations: int = Field(description="How many of them have rows in it.")


class BehindOut(Shape):
    """An organisation behind the sums; one without issuers or rows is here too."""

    organisation_id: uuid.UUID
    code: str
    name: str
    issuers: int
    rows: int
    journal_sequence: int
    journal_digest: str
    uncovered: int

    @classmethod
    def of(cls, one: Behind) -> BehindOut:
        return cls(
            organisation_id=one.placed.organisation_id,
            code=one.placed.code,
            name=one.placed.name,
            issuers=one.issuers,
            rows=one.rows,
            journal_sequence=one.journal.sequence,
            journal_digest=one.journal.digest,
            uncovered=one.journal.uncovered,
        )


class SubtreeOut(Shape):
    """The organisation and all under it: sums by kind of issuer, and who is behind them."""

    kinds: list[KindIndicator]
    organisations: list[BehindOut]
    with_rows: int
    without_rows: int
    without_issuer: int


class IndicatorOut(Shape):
    """The four fractions of every issuer of a seat, never pooled (see docs/indicator.md).

    `unattributed` rows count with nobody: they came when nobody issued from there. `uncovered`
    journal entries are under no signed checkpoint yet.
    """

    period: str
    register_name: str | None = Field(serialization_alias="register")
    type_code: str | None
    definition_version: int
    definition_sha256: str
    as_of: Moment
    journal_sequence: int
    journal_digest: str
    uncovered: int
    unattributed: int
    issuers: list[IssuerIndicator]
    exclusions: list[ExclusionOut]
    reconciliation: list[ReconciledOut]
    subtree: SubtreeOut | None
    labels: dict[str, str]

    @classmethod
    def of(
        cls, period: str, register: str | None, type_code: str | None, found: Measured, sha256: str
    ) -> IndicatorOut:
        report = found.report
        return cls(
            period=period,
            register_name=register,
            type_code=type_code,
            definition_version=report.definition.version,
            definition_sha256=sha256,
            as_of=report.as_of,
            journal_sequence=report.journal_sequence,
            journal_digest=report.journal_digest,
            uncovered=found.journal.uncovered,
            unattributed=report.unattributed,
            issuers=[
                issuer_indicator(issuer, one, register, type_code) for issuer, one in report.issuers
            ],
            exclusions=[
                ExclusionOut.of(one)
                for one in found.exclusions
                if register in (None, one.register) and type_code in (None, one.type_code)
            ],
            reconciliation=[ReconciledOut.of(one) for one in found.reconciled],
            subtree=_subtree(found, register, type_code),
            labels=LABELS,
        )


def issuer_indicator(
    issuer: Issuer, found: Indicator, register: str | None, type_code: str | None
) -> IssuerIndicator:
    """One issuer's fractions."""
    return IssuerIndicator.model_validate(
        {"issuer_id": issuer.id, "issuer": issuer.name, "kind": issuer.kind}
        | fractions(found, register, type_code)
    )


def kind_indicator(one: KindSum, register: str | None, type_code: str | None) -> KindIndicator:
    """One kind's sums."""
    return KindIndicator.model_validate(
        {"kind": one.kind, "organisations": one.organisations}
        | fractions(one.indicator, register, type_code)
    )


def _subtree(found: Measured, register: str | None, type_code: str | None) -> SubtreeOut | None:
    if found.subtree is None:
        return None
    behind = found.subtree.organisations
    return SubtreeOut(
        kinds=[kind_indicator(one, register, type_code) for one in found.subtree.sums],
        organisations=[BehindOut.of(one) for one in behind],
        with_rows=sum(one.rows > 0 for one in behind),
        without_rows=sum(one.rows == 0 for one in behind),
        without_issuer=sum(one.issuers == 0 for one in behind),
    )


class PointOut(Shape):
    """A month by its own definition: of a seat by issuer, of a subtree by kind of issuer.

    `unattributed`: rows of a seat that count with nobody, as in the indicator of a period.
    """

    period: str
    definition_version: int
    unattributed: int
    issuers: list[IssuerIndicator]
    kinds: list[KindIndicator]
    reconciliation: list[ReconciledOut]

    @classmethod
    def of(cls, point: Point, register: str | None, type_code: str | None) -> PointOut:
        return cls(
            period=point.period.label,
            definition_version=point.definition_version,
            unattributed=point.unattributed,
            issuers=[
                issuer_indicator(of, found, register, type_code)
                for of, found in point.found
                if isinstance(of, Issuer)
            ],
            kinds=[
                kind_indicator(of, register, type_code)
                for of, _ in point.found
                if isinstance(of, KindSum)
            ],
            reconciliation=[ReconciledOut.of(one) for one in point.reconciled],
        )


class SeriesOut(Shape):
    """Month after month, all as it is known at `as_of`."""

    as_of: Moment
    journal_sequence: int
    journal_digest: str
    uncovered: int
    points: list[PointOut]
    labels: dict[str, str]

    @classmethod
    def of(cls, found: Series, register: str | None, type_code: str | None) -> SeriesOut:
        return cls(
            as_of=found.as_of,
            journal_sequence=found.journal.sequence,
            journal_digest=found.journal.digest,
            uncovered=found.journal.uncovered,
            points=[PointOut.of(point, register, type_code) for point in found.points],
            labels=LABELS,
        )


class RankedOut(Fractions):
    """A commune; `rank` is null where there is nothing to divide by (N/A).

    `unreconciled` is what is listed outside and not in its registers, null where it compared
    nothing; `missing` how often (register, source, month) it did not.
    """

    rank: int | None
    organisation_id: uuid.UUID
    code: str
    name: str
    issuers: int
    journal_sequence: int
    journal_digest: str
    uncovered: int
    unreconciled: int | None
    missing: int

    @classmethod
    def of_line(cls, one: Ranked) -> RankedOut:
        left = [line.unreconciled for line in one.reconciled if line.unreconciled is not None]
        return cls.model_validate(
            {
                "journal_sequence": one.journal.sequence,
                "journal_digest": one.journal.digest,
                "uncovered": one.journal.uncovered,
                "unreconciled": sum(left) if left else None,
                "missing": sum(len(line.missing) for line in one.reconciled),
                "rank": one.rank,
                "organisation_id": one.placed.organisation_id,
                "code": one.placed.code,
                "name": one.placed.name,
                "issuers": one.issuers,
            }
            | fractions(one.indicator, None, None)
        )


class RankingOut(Shape):
    """Communes by one fraction, compared exactly; equal ones share a rank and stand by name."""

    period: str
    by: str
    issuer_kind: str
    definition_version: int
    as_of: Moment
    communes: list[RankedOut]
    labels: dict[str, str]


class RowReasonOut(Shape):
    """Why a row of a register counts, or why it does not."""

    document_id: uuid.UUID
    register_name: str = Field(serialization_alias="register")
    number: int
    code: str | None
    processed: str
    signed: str

    @classmethod
    def of(cls, row: RowReasons) -> RowReasonOut:
        return cls(
            document_id=row.document_id,
            register_name=row.register,
            number=row.number,
            code=row.code,
            processed=row.processed.value,
            signed=row.signed.value,
        )
