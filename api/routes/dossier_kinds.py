"""Kinds of dossier (loại hồ sơ): what each asks, by whom it is appraised, how it is decided."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from fastapi import APIRouter, Response
from pydantic import Field

from api.auth import ActorHere, OfficeHere
from api.dependencies import shown
from api.problems import documented
from api.schemas.values import Page, Paging, Shape
from workflow.rules.errors import Invalid, NotAuthenticated, NotFound, Unavailable
from workflow.rules.kinds import Criterion, Kind

router = APIRouter(
    prefix="/dossier-kinds",
    tags=["dossiers"],
    responses=documented(NotAuthenticated, NotFound, Invalid, Unavailable),
)


class KindSource(Shape):
    """What an entry rests on, and how sure it is: read, digest, memory or ours."""

    legal_basis: str
    confidence: str


class KindLine(Shape):
    """One version of a kind; it serves the periods from `periods_from` to `periods_to`."""

    code: str
    version: int
    title: str
    recognises: str
    procedure: str
    rule: str
    periods_from: date
    periods_to: date | None
    digest: str
    caveat: str | None = Field(description="What is not known of it.")
    source: KindSource


class KindGroup(Shape):
    code: str
    title: str


class KindComponent(Shape):
    """A part of the dossier; `slot` is where it is put."""

    code: str
    title: str
    slot: str
    doc_types: list[str]
    stage: str
    required: bool
    source: KindSource


class KindSlot(Shape):
    code: str
    title: str
    slot: str
    required: bool


class KindCriterion(Shape):
    """A criterion or, with `part_of`, a part of one. Those that have parts are not answered."""

    code: str
    title: str
    part_of: str | None
    field: str | None
    points: int | None
    figure: str | None
    targets: dict[str, str] = Field(description="By group; under `` where all are asked the same.")
    slots: list[KindSlot]
    source: KindSource


class KindCondition(Shape):
    code: str
    title: str
    minimum: str | None = Field(description="Percent, as an exact fraction, where it is a rate.")
    component: str | None
    source: KindSource


class KindVote(Shape):
    """Shares as exact fractions, e.g. `9/10`."""

    quorum: str
    share: str
    drop_extremes: bool
    source: KindSource


class KindGrade(Shape):
    stars: int
    at_least: str
    decided_by: str
    source: KindSource


class KindDeadline(Shape):
    """How many working days the step that names this code has."""

    code: str
    days: int
    source: KindSource


class KindWithdrawal(Shape):
    with_key: str
    without_key: str
    key_criteria: list[str]
    source: KindSource


class KindDetail(KindLine):
    """One version of a kind, whole."""

    requires: list[str]
    groups: list[KindGroup]
    components: list[KindComponent]
    criteria: list[KindCriterion]
    conditions: list[KindCondition]
    vote: KindVote
    deadlines: list[KindDeadline]
    grades: list[KindGrade]
    withdrawal: KindWithdrawal | None
    validity_months: int | None


@router.get("", response_model=Page[KindLine])
def list_dossier_kinds(office: OfficeHere, _actor: ActorHere, paging: Paging) -> Response:
    """Every version in force. A dossier stays on the one that applied to its period."""
    rows = sorted(office.law.kinds, key=_place)
    return shown(paging.cut(rows, _place, _read_place, KindLine.model_validate))


def _place(kind: Kind) -> list[str | int]:
    return [kind.code, kind.version]


def _read_place(value: list[str | int]) -> list[str | int]:
    code, version = value
    return [str(code), int(version)]


@router.get("/{code}/{version}", response_model=KindDetail)
def show_dossier_kind(code: str, version: int, office: OfficeHere, _actor: ActorHere) -> Response:
    """One version of a kind: everything it asks, with its legal basis."""
    for kind in office.law.kinds:
        if (kind.code, kind.version) == (code, version):
            return shown(_detail(kind))
    raise NotFound("Loại hồ sơ")


def _detail(kind: Kind) -> KindDetail:
    vote, withdrawal = kind.vote, kind.withdrawal
    return KindDetail(
        **dict(KindLine.model_validate(kind)),
        requires=list(kind.requires),
        groups=[KindGroup.model_validate(group) for group in kind.groups],
        components=[
            KindComponent(
                code=one.code,
                title=one.title,
                slot=f"component/{one.code}",
                doc_types=list(one.doc_types),
                stage=one.stage,
                required=one.required,
                source=KindSource.model_validate(one.source),
            )
            for one in kind.components
        ],
        criteria=[_criterion(one) for one in kind.criteria],
        conditions=[
            KindCondition(
                code=one.code,
                title=one.title,
                minimum=_exact(one.minimum),
                component=one.component,
                source=KindSource.model_validate(one.source),
            )
            for one in kind.conditions
        ],
        vote=KindVote(
            quorum=str(vote.quorum),
            share=str(vote.share),
            drop_extremes=vote.drop_extremes,
            source=KindSource.model_validate(vote.source),
        ),
        deadlines=[KindDeadline.model_validate(one) for one in kind.deadlines],
        grades=[
            KindGrade(
                stars=one.stars,
                at_least=str(one.at_least),
                decided_by=one.decided_by,
                source=KindSource.model_validate(one.source),
            )
            for one in kind.grades
        ],
        withdrawal=KindWithdrawal(
            with_key=str(withdrawal.with_key),
            without_key=str(withdrawal.without_key),
            key_criteria=sorted(withdrawal.key_criteria),
            source=KindSource.model_validate(withdrawal.source),
        )
        if withdrawal
        else None,
        validity_months=kind.validity_months,
    )


def _criterion(one: Criterion) -> KindCriterion:
    return KindCriterion(
        code=one.code,
        title=one.title,
        part_of=one.part_of,
        field=one.field,
        points=one.points,
        figure=one.figure,
        targets=dict(one.targets),
        slots=[
            KindSlot(
                code=slot.code,
                title=slot.title,
                slot=f"criterion/{one.code}/{slot.code}",
                required=slot.required,
            )
            for slot in one.slots
        ],
        source=KindSource.model_validate(one.source),
    )


def _exact(value: Fraction | None) -> str | None:
    return None if value is None else str(value)
