"""Who is charged with what in a province: offices, departments, and who took over from whom.

What has begun is ended on a day, never overwritten. All of it is public to those who sign in.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from sqlalchemy import ColumnElement, and_, or_, select

from workflow.administration import close, one_at_a_time, record, require_administrator
from workflow.arrivals import Record
from workflow.calendars import seats
from workflow.facts.jurisdiction import province_of
from workflow.office import VIETNAM, Office, Reading, Transaction
from workflow.parties import successor_of
from workflow.records import (
    Appraisal,
    AppraisalDuty,
    Case,
    Dossier,
    DossierRoute,
    Organisation,
    OrganisationName,
    Succession,
)
from workflow.rules.errors import Duplicate, Invalid


def set_route(
    tx: Transaction,
    province_id: uuid.UUID,
    kind_code: str | None,
    office_id: uuid.UUID,
    *,
    valid_from: date | None = None,
) -> DossierRoute:
    """Which office receives and appraises dossiers of a kind (None: every kind not named).

    Whichever was named until then is so no more from that day on.

    Raises:
        NotFound, Forbidden. Duplicate: it is named already.
        Invalid: not a province, no such kind, an office of elsewhere, or another is named later.
    """
    valid_from = _begin(tx, province_id, office_id, "/office_id", valid_from)
    if kind_code is not None and all(kind.code != kind_code for kind in tx.office.law.kinds):
        raise Invalid([("/kind_code", f"Không có loại hồ sơ “{kind_code}”.")])
    named = tx.session.scalars(
        select(DossierRoute).where(
            DossierRoute.province_id == province_id,
            DossierRoute.kind_code == kind_code,
            or_(DossierRoute.valid_to.is_(None), DossierRoute.valid_to > valid_from),
        )
    ).all()
    for route in named:
        _end(tx, "dossier_route.ended", route, route.office_id == office_id, valid_from)
    route = DossierRoute(
        province_id=province_id, kind_code=kind_code, office_id=office_id, valid_from=valid_from
    )
    return record(tx, "dossier_route.set", route, organisation=province_id, office=office_id)


def charge(
    tx: Transaction,
    province_id: uuid.UUID,
    field: str,
    organisation_id: uuid.UUID,
    *,
    valid_from: date | None = None,
) -> AppraisalDuty:
    """Which department appraises the criteria of a field.

    Whichever was charged until then is so no more from that day on.

    Raises:
        NotFound, Forbidden. Duplicate: it is charged already.
        Invalid: not a province, no kind names the field, a department of elsewhere, or another is
            charged later.
    """
    valid_from = _begin(tx, province_id, organisation_id, "/organisation_id", valid_from)
    if all(field != leaf.field for kind in tx.office.law.kinds for leaf in kind.leaves):
        raise Invalid([("/field", f"Không có tiêu chí nào thuộc lĩnh vực “{field}”.")])
    charged = tx.session.scalars(
        select(AppraisalDuty).where(
            AppraisalDuty.province_id == province_id,
            AppraisalDuty.field == field,
            or_(AppraisalDuty.valid_to.is_(None), AppraisalDuty.valid_to > valid_from),
        )
    ).all()
    for duty in charged:
        same = duty.organisation_id == organisation_id
        _end(tx, "appraisal_duty.ended", duty, same, valid_from)
    duty = AppraisalDuty(
        province_id=province_id,
        field=field,
        organisation_id=organisation_id,
        valid_from=valid_from,
    )
    return record(
        tx, "appraisal_duty.charged", duty, organisation=province_id, department=organisation_id
    )


def succeed(
    tx: Transaction, predecessor_id: uuid.UUID, successor_id: uuid.UUID, effective_on: date
) -> Succession:
    """An organisation takes over another's work from a day on (sáp nhập, hợp nhất, giải thể).

    A job of that day hands over the dossiers that are pending with it.

    Raises:
        NotFound. Forbidden: the actor does not administer the province of both.
        Duplicate: another took over on that day or later.
        Invalid: it would take over from itself, be it through others.
    """
    tx.get(Organisation, predecessor_id, "Cơ quan thôi hoạt động")
    tx.get(Organisation, successor_id, "Cơ quan kế thừa")
    # The one that ends may have no place in the order of the day on which it is gone.
    for organisation_id, on in (
        (predecessor_id, effective_on - timedelta(days=1)),
        (successor_id, effective_on),
    ):
        province_id = province_of(tx, organisation_id, on)
        require_administrator(tx, province_id or organisation_id)
    one_at_a_time(tx)
    if predecessor_id in _following(tx, successor_id):
        raise Invalid([("/successor_id", "Cơ quan không thể kế thừa chính mình.")])
    latest = tx.session.scalars(
        select(Succession)
        .where(Succession.predecessor_id == predecessor_id)
        .order_by(Succession.effective_on.desc())
    ).first()
    if latest is not None and latest.effective_on >= effective_on:
        sentence = f"Đã có cơ quan kế thừa từ ngày {latest.effective_on:%d/%m/%Y}."
        raise Duplicate(sentence, [str(latest.id)])
    succession = Succession(
        predecessor_id=predecessor_id, successor_id=successor_id, effective_on=effective_on
    )
    record(tx, "organisation.succeeded", succession, organisation=predecessor_id, by=successor_id)
    begins_at = datetime.combine(effective_on, time(), VIETNAM)
    tx.enqueue("hand_over", not_before=max(begins_at, tx.now), predecessor=predecessor_id)
    return succession


def hand_over(_office: Office, predecessor: str) -> Record:
    """Job of the day on which another takes over: each dossier pending there, by a job of its own.

    A transaction writes one organisation's chain, and each dossier has that of who opened it.
    """

    def record_each(tx: Transaction) -> None:
        pending = select(Case.dossier_id).where(_pending_with(uuid.UUID(predecessor))).distinct()
        for dossier_id in tx.session.scalars(pending):
            tx.enqueue("hand_over_dossier", dossier=dossier_id, predecessor=predecessor)

    return record_each


def hand_over_dossier(_office: Office, dossier: str, predecessor: str) -> Record:
    """Job: what is pending of a dossier belongs to, and waits for, whoever took over."""

    def record_it(tx: Transaction) -> None:
        row, gone = tx.get(Dossier, uuid.UUID(dossier)), uuid.UUID(predecessor)
        # In the order in which they were opened, so from the top: as every step locks them.
        pending = select(Case.id).where(_pending_with(gone), Case.dossier_id == row.id)
        for case_id in tx.session.scalars(pending.order_by(Case.id)).all():
            case = tx.lock_case(case_id)
            following = successor_of(tx, gone)
            if case.organisation_id == gone:
                case.organisation_id = following
            if case.holder_id == gone:
                case.holder_id = following
            for part in tx.session.scalars(select(Appraisal).where(Appraisal.case_id == case.id)):
                part.organisation_id = case.organisation_id
            tx.journal(
                "dossier.handed_over",
                row.organisation_id,
                row.id,
                case=case.id,
                predecessor=gone,
                successor=following,
            )

    return record_it


def _pending_with(organisation_id: uuid.UUID) -> ColumnElement[bool]:
    return and_(
        Case.dossier_id.is_not(None),
        Case.closed_at.is_(None),
        or_(Case.organisation_id == organisation_id, Case.holder_id == organisation_id),
    )


def _begin(
    tx: Transaction,
    province_id: uuid.UUID,
    organisation_id: uuid.UUID,
    pointer: str,
    valid_from: date | None,
) -> date:
    """The day on which a charge begins, once it is known who may give it to whom."""
    require_administrator(tx, province_id)
    valid_from = valid_from or tx.today
    tx.get(Organisation, organisation_id, "Cơ quan được giao")
    if province_of(tx, province_id, valid_from) != province_id:
        raise Invalid([("/province_id", "Chỉ UBND tỉnh giao việc tiếp nhận, thẩm định hồ sơ.")])
    if province_id not in seats(tx.session, organisation_id, valid_from):
        raise Invalid([(pointer, "Cơ quan được giao không thuộc tỉnh này.")])
    one_at_a_time(tx)
    return valid_from


def _end(
    tx: Transaction, action: str, row: DossierRoute | AppraisalDuty, same: bool, on: date
) -> None:
    """End what holds until the day on which another begins; `same`: it would begin anew."""
    if row.valid_from > on:
        raise Invalid([("/valid_from", f"Đã có quy định khác từ ngày {row.valid_from:%d/%m/%Y}.")])
    if same and row.valid_to is None:
        raise Duplicate("Cơ quan này đang được giao việc này.", [str(row.id)])
    close(tx, action, row, on)


def _following(reading: Reading, organisation_id: uuid.UUID) -> set[uuid.UUID]:
    """The organisation and all that took over from it, whenever that was or will be."""
    found: set[uuid.UUID] = set()
    waiting = {organisation_id}
    while waiting:
        found |= waiting
        next_ones = reading.session.scalars(
            select(Succession.successor_id).where(Succession.predecessor_id.in_(waiting))
        )
        waiting = set(next_ones) - found
    return found


def routes_of(
    reading: Reading, province_id: uuid.UUID, on: date | None = None
) -> Sequence[DossierRoute]:
    """Who receives which dossiers in a province on a day (today)."""
    reading.get(Organisation, province_id, "Cơ quan")
    return reading.session.scalars(
        select(DossierRoute)
        .where(DossierRoute.province_id == province_id, DossierRoute.holds_on(on or reading.today))
        .order_by(DossierRoute.id)
    ).all()


def duties_of(
    reading: Reading, province_id: uuid.UUID, on: date | None = None
) -> Sequence[AppraisalDuty]:
    """Who appraises which fields in a province on a day (today)."""
    reading.get(Organisation, province_id, "Cơ quan")
    return reading.session.scalars(
        select(AppraisalDuty)
        .where(
            AppraisalDuty.province_id == province_id, AppraisalDuty.holds_on(on or reading.today)
        )
        .order_by(AppraisalDuty.id)
    ).all()


def successions_of(reading: Reading, province_id: uuid.UUID) -> Sequence[Succession]:
    """Who took over from whom, whenever, in or under a province."""
    reading.get(Organisation, province_id, "Cơ quan")
    top = select(Organisation.id).where(Organisation.id == province_id).cte(recursive=True)
    under = top.union(
        select(OrganisationName.organisation_id).where(OrganisationName.parent_id == top.c.id)
    )
    return reading.session.scalars(
        select(Succession)
        .where(Succession.successor_id.in_(select(under.c.id)))
        .order_by(Succession.id)
    ).all()
