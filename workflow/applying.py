"""What an applicant puts into a dossier: answers, evidence, papers (QĐ 18/2022/QĐ-TTg)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from fractions import Fraction

from sqlalchemy import select

from workflow.dossiers import journal, lock_dossier, may_amend
from workflow.facts.jurisdiction import jurisdiction_of
from workflow.kinds import kind_of
from workflow.office import Transaction
from workflow.parties import parties_of, successor_of
from workflow.records import (
    Case,
    Dossier,
    DossierAnswer,
    IndicatorSnapshot,
)
from workflow.rules.errors import Forbidden, GuardsUnmet, Invalid, NotFound
from workflow.rules.indicator import parse_period
from workflow.rules.kinds import Kind, Rule, choose
from workflow.rules.machine import Holder
from workflow.transitions import adopt, open_case

APPLYING_ROLES = frozenset({"specialist", "unit_head", "clerk", "leader"})
_PERCENT = Fraction(100)


@dataclass(frozen=True)
class NewDossier:
    """What is asked: recognition of which kind, for which period, of what."""

    organisation_id: uuid.UUID
    kind_code: str
    period: str
    name: str
    group_code: str | None = None


def open_dossier(tx: Transaction, new: NewDossier) -> Case:
    """Begin a dossier, on the version of its kind that serves its period.

    Raises:
        NotFound, Forbidden: not the actor's organisation. Invalid: no such kind, period or group.
        GuardsUnmet: nobody is named to receive such dossiers.
    """
    roles = tx.actor.roles_in(new.organisation_id)
    if not roles:
        raise NotFound("Cơ quan")
    if roles.isdisjoint(APPLYING_ROLES):
        raise Forbidden(sorted(APPLYING_ROLES))
    if successor_of(tx, new.organisation_id) != new.organisation_id:
        raise GuardsUnmet(["Cơ quan này đã sáp nhập. Hãy lập hồ sơ ở cơ quan kế thừa."])
    kind = choose(tx.office.law.kinds, new.kind_code, parse_period(new.period))
    groups = {group.code for group in kind.groups}
    if (new.group_code is not None) != bool(groups) or (groups and new.group_code not in groups):
        wanted = f"Chọn một nhóm: {', '.join(sorted(groups))}." if groups else "Không chia nhóm."
        raise Invalid([("/group_code", wanted)])
    where = jurisdiction_of(tx, new.organisation_id, kind.code)
    dossier = tx.add(
        Dossier(
            organisation_id=new.organisation_id,
            office_id=where.office_id,
            province_id=where.province_id,
            district_id=where.district_id,
            kind_code=kind.code,
            kind_digest=adopt(tx, f"{kind.code}-{kind.version}", kind.version, kind.text),
            period=new.period,
            name=new.name,
            group_code=new.group_code,
            opened_by=tx.actor.person_id,
            opened_at=tx.now,
        )
    )
    tx.session.flush()
    case = open_case(
        tx,
        kind.procedure,
        dossier,
        holder=Holder(person_id=tx.actor.person_id),
        parties=parties_of(tx, dossier),
        days=kind.days,
    )
    tx.session.flush()
    journal(tx, dossier, "opened", case, kind=kind.digest, period=new.period)
    return case


@dataclass(frozen=True)
class Answer:
    """What is said of one criterion or condition: met or not, a decimal, or a frozen figure."""

    part: str
    code: str
    met: bool | None = None
    value: str | None = None
    note: str | None = None
    snapshot_id: uuid.UUID | None = None


def answer(tx: Transaction, dossier_id: uuid.UUID, version: int, said: Answer) -> Case:
    """Assess one criterion, or confirm one condition.

    Raises:
        Invalid: no such criterion, a typed value where the figure is the system's own, points
            out of bounds. As `dossiers.may_amend`.
    """
    dossier, case = lock_dossier(tx, dossier_id, version)
    may_amend(tx, dossier, case, "amend")
    kind = kind_of(tx, dossier)
    errors = _answer_wrong(tx, dossier, kind, said)
    if errors:
        raise Invalid(errors)
    row = tx.session.scalar(
        select(DossierAnswer).where(
            DossierAnswer.dossier_id == dossier.id,
            DossierAnswer.part == said.part,
            DossierAnswer.code == said.code,
        )
    ) or tx.add(DossierAnswer(dossier_id=dossier.id, part=said.part, code=said.code))
    row.met, row.value, row.note = said.met, said.value, said.note
    row.snapshot_id = said.snapshot_id
    case.version += 1
    journal(tx, dossier, "answered", case, part=said.part, code=said.code)
    return case


def _answer_wrong(
    tx: Transaction, dossier: Dossier, kind: Kind, said: Answer
) -> list[tuple[str, str]]:
    if said.part == "condition":
        condition = next((one for one in kind.conditions if one.code == said.code), None)
        if condition is None:
            return [("/code", "Không có điều kiện này.")]
        if condition.minimum is None:
            return [] if said.value is None else [("/value", "Chỉ xác nhận có, không.")]
        return _number_wrong(said.value, _PERCENT)
    criterion = next((one for one in kind.leaves if one.code == said.code), None)
    if said.part != "criterion" or criterion is None:
        return [("/code", "Không có tiêu chí này, hoặc tiêu chí được đánh giá theo từng phần.")]
    if criterion.figure is not None:
        return _figure_wrong(tx, dossier, said)
    if said.snapshot_id is not None:
        return [("/snapshot_id", "Tiêu chí này không lấy số liệu đã chốt.")]
    if kind.rule is Rule.POINTS:
        return _number_wrong(said.value, Fraction(criterion.points or 0))
    return []


def _figure_wrong(tx: Transaction, dossier: Dossier, said: Answer) -> list[tuple[str, str]]:
    if said.value is not None or said.met is not None:
        return [("/value", "Số liệu của tiêu chí này do hệ thống chốt, không nhập tay.")]
    snapshot = tx.session.get(IndicatorSnapshot, said.snapshot_id) if said.snapshot_id else None
    if snapshot is None or snapshot.organisation_id != dossier.organisation_id:
        return [("/snapshot_id", "Không có số liệu đã chốt này của cơ quan đề nghị.")]
    if snapshot.period != dossier.period:
        return [("/snapshot_id", f"Số liệu phải chốt cho kỳ {dossier.period}.")]
    return []


def _number_wrong(value: str | None, most: Fraction) -> list[tuple[str, str]]:
    try:
        number = Fraction(value or "")
    except (ValueError, ZeroDivisionError):
        return [("/value", "Phải là số, dùng dấu chấm thập phân.")]
    if "/" in (value or "") or not 0 <= number <= most:
        return [("/value", f"Phải từ 0 đến {most}.")]
    return []
