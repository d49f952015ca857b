"""Which office checks an applicant's dossiers, and which province and district they lie in."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date

from sqlalchemy import or_, select

from workflow.calendars import seats
from workflow.office import Reading
from workflow.parties import successor_of
from workflow.records import DossierRoute, OrganisationName
from workflow.rules.dossier import NO_DISTRICT_SINCE
from workflow.rules.errors import GuardsUnmet


@dataclass(frozen=True)
class Jurisdiction:
    """Who takes part in a dossier beside its applicant."""

    province_id: uuid.UUID
    office_id: uuid.UUID
    district_id: uuid.UUID | None
    """Only before 2025-07-01."""


def jurisdiction_of(reading: Reading, organisation_id: uuid.UUID, kind_code: str) -> Jurisdiction:
    """Who takes part in a dossier of this kind that an organisation opens today.

    Raises:
        GuardsUnmet: no province above it, or no office named for such dossiers; says what to do.
    """
    province_id = province_of(reading, organisation_id)
    if province_id is None:
        raise GuardsUnmet(
            [
                "Cơ quan đề nghị chưa được đặt dưới UBND tỉnh nào. Quản trị hệ thống cần khai báo"
                " cơ quan cấp trên."
            ]
        )
    office_id = _office_for(reading, province_id, kind_code)
    if office_id is None:
        raise GuardsUnmet(
            [
                f"Tỉnh chưa quy định cơ quan tiếp nhận, thẩm định hồ sơ loại “{kind_code}”. Quản"
                " trị hệ thống của tỉnh cần khai báo cơ quan tiếp nhận."
            ]
        )
    district_id = None
    if reading.today < NO_DISTRICT_SINCE:
        district_id = _nearest(reading, organisation_id, "district", reading.today)
    return Jurisdiction(province_id, successor_of(reading, office_id), district_id)


def province_of(
    reading: Reading, organisation_id: uuid.UUID, on: date | None = None
) -> uuid.UUID | None:
    """The province an organisation lies in (or is) on a day (today)."""
    return _nearest(reading, organisation_id, "province", on or reading.today)


def _nearest(reading: Reading, organisation_id: uuid.UUID, kind: str, on: date) -> uuid.UUID | None:
    nearest_first = seats(reading.session, organisation_id, on)
    of_kind = reading.session.scalars(
        select(OrganisationName.organisation_id).where(
            OrganisationName.organisation_id.in_(nearest_first),
            OrganisationName.kind == kind,
            OrganisationName.holds_on(on),
        )
    ).all()
    return min(of_kind, key=nearest_first.index, default=None)


def _office_for(reading: Reading, province_id: uuid.UUID, kind_code: str) -> uuid.UUID | None:
    """The office named for the kind itself, else the one for every kind not named."""
    return reading.session.scalar(
        select(DossierRoute.office_id)
        .where(
            DossierRoute.province_id == province_id,
            or_(DossierRoute.kind_code == kind_code, DossierRoute.kind_code.is_(None)),
            DossierRoute.holds_on(reading.today),
        )
        .order_by(DossierRoute.kind_code.is_(None), DossierRoute.id.desc())
        .limit(1)
    )
