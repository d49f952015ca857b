"""Organisations, their units and issuers, their people and what these are entrusted with."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated

from pydantic import Base64Bytes, Field
from sqlalchemy import inspect

from api.dependencies import version_of
from api.schemas.values import Name, Opinion, Payload, Shape, Title, Word
from workflow import series
from workflow.records import (
    Appointment,
    Evidence,
    HandlingRule,
    Issuer,
    Organisation,
    OrganisationName,
    RoleGrant,
    SealCustody,
    SigningCertificate,
    SigningMandate,
    Unit,
)
from workflow.rules.roles import ROLE_LABELS

Version = Annotated[int, Field(description='Send it as `If-Match: "<version>"` to change this.')]


class Dated(Shape):
    """Holds from `valid_from` until the day before `valid_to`."""

    id: uuid.UUID
    version: Version
    valid_from: date
    valid_to: date | None


class End(Payload):
    on: date = Field(description="The first day on which it no longer holds.")


class OrganisationIn(Payload):
    code: Annotated[str, Field(min_length=1, max_length=35)]
    name: Name
    kind: Word
    place: Title
    parent_id: uuid.UUID | None = None
    resolve_days: Annotated[int, Field(ge=1, le=365)]
    copying_authority: Opinion | None = None
    valid_from: date | None = None


class DescriptionIn(Payload):
    code: Annotated[str, Field(min_length=1, max_length=35)]
    name: Name
    kind: Word
    place: Title
    parent_id: uuid.UUID | None = None
    on: date = Field(description="From this day on; the past keeps its name.")


class RulesIn(Payload):
    resolve_days: Annotated[int, Field(ge=1, le=365)]
    copying_authority: Opinion | None


class OrganisationOut(Shape):
    id: uuid.UUID
    code: str
    name: str
    kind: str
    place: str
    parent_id: uuid.UUID | None
    valid_from: date
    valid_to: date | None

    @classmethod
    def of(cls, row: OrganisationName) -> OrganisationOut:
        return cls.model_validate({**_columns(row), "id": row.organisation_id})


class OrganisationDetail(OrganisationOut):
    version: Version
    resolve_days: int
    copying_authority: str | None

    @classmethod
    def whole(cls, name: OrganisationName, row: Organisation) -> OrganisationDetail:
        return cls(
            **OrganisationOut.of(name).model_dump(),
            version=version_of(row),
            resolve_days=row.resolve_days,
            copying_authority=row.copying_authority,
        )


class UnitIn(Payload):
    name: Name
    symbol: Annotated[str, Field(min_length=1, max_length=20)]
    valid_from: date | None = None


class UnitOut(Dated):
    organisation_id: uuid.UUID
    name: str
    symbol: str

    @classmethod
    def of(cls, row: Unit) -> UnitOut:
        return cls.model_validate(_columns(row))


class SeriesRule(Payload):
    kind: Word
    doc_types: list[Word] | None = Field(description="Codes of types; null: all the others.")


class IssuerIn(Payload):
    kind: Word
    name: Name
    symbol: Annotated[str, Field(min_length=1, max_length=20)]
    series: Annotated[list[SeriesRule], Field(min_length=1, max_length=50)]
    workflow: Annotated[str, Field(min_length=1, max_length=64)]
    valid_from: date | None = None


class IssuerOut(Dated):
    organisation_id: uuid.UUID
    kind: str
    name: str
    symbol: str
    series: list[SeriesRule]
    workflow: str

    @classmethod
    def of(cls, row: Issuer) -> IssuerOut:
        rules = [
            SeriesRule(
                kind=rule.kind,
                doc_types=None if rule.doc_types is None else sorted(rule.doc_types),
            )
            for rule in series.rules_of(row)
        ]
        return cls.model_validate({**_columns(row), "series": rules})


class CalendarDayIn(Payload):
    day_on: date
    working: bool
    basis: Opinion = Field(description="The decision that says so.")


class CalendarDayOut(Shape):
    id: uuid.UUID
    organisation_id: uuid.UUID
    day_on: date
    working: bool
    basis: str


class HandlingRuleIn(Payload):
    """Either a unit or a person; without a type or sender, for every one of them."""

    basis: Opinion = Field(description="The regulation that says so.")
    unit_id: uuid.UUID | None = None
    person_id: uuid.UUID | None = None
    type_code: Word | None = None
    sender_code: Annotated[str, Field(min_length=1, max_length=35)] | None = None
    valid_from: date | None = None


class HandlingRuleOut(Dated):
    organisation_id: uuid.UUID
    basis: str
    unit_id: uuid.UUID | None
    person_id: uuid.UUID | None
    type_code: str | None
    sender_code: str | None

    @classmethod
    def of(cls, row: HandlingRule) -> HandlingRuleOut:
        return cls.model_validate(_columns(row))


class PostIn(Payload):
    title: Title
    unit_id: uuid.UUID | None = None
    heads_unit: bool = False
    valid_from: date | None = None


class PersonIn(PostIn):
    full_name: Title


class AppointmentIn(PostIn):
    person_id: uuid.UUID


class AppointmentOut(Dated):
    person_id: uuid.UUID
    organisation_id: uuid.UUID
    unit_id: uuid.UUID | None
    title: str
    heads_unit: bool

    @classmethod
    def of(cls, row: Appointment) -> AppointmentOut:
        return cls.model_validate(_columns(row))


class RoleIn(Payload):
    person_id: uuid.UUID
    role: Word
    valid_from: date | None = None
    valid_to: date | None = None


class RoleOut(Dated):
    person_id: uuid.UUID
    organisation_id: uuid.UUID
    role: str
    role_label: str

    @classmethod
    def of(cls, row: RoleGrant) -> RoleOut:
        return cls.model_validate({**_columns(row), "role_label": ROLE_LABELS[row.role]})


class PersonOut(Shape):
    id: uuid.UUID
    full_name: str
    appointments: list[AppointmentOut]
    roles: list[RoleOut]


class MandateIn(Payload):
    person_id: uuid.UUID
    capacity: Annotated[str, Field(max_length=20, examples=["TM+KT"])]
    basis: Word
    basis_text: Opinion
    doc_types: Annotated[list[Word], Field(min_length=1, max_length=50)] | None = None
    field: Name | None = None
    delegated_by_id: uuid.UUID | None = None
    valid_from: date | None = None
    valid_to: date | None = None


class MandateOut(Dated):
    issuer_id: uuid.UUID
    person_id: uuid.UUID
    capacity: str
    basis: str
    basis_text: str
    doc_types: list[str] | None
    field: str | None
    delegated_by_id: uuid.UUID | None

    @classmethod
    def of(cls, row: SigningMandate) -> MandateOut:
        doc_types = None if row.doc_types is None else row.doc_types.split(",")
        return cls.model_validate({**_columns(row), "doc_types": doc_types})


class CertificateIn(Payload):
    certificate: Annotated[Base64Bytes, Field(max_length=20_000, description="DER, in Base64.")]
    key_url: Annotated[str, Field(min_length=1, max_length=500)]
    person_id: uuid.UUID | None = None
    organisation_id: uuid.UUID | None = None
    valid_from: date | None = None
    valid_to: date | None = None


class CertificateOut(Dated):
    """Where its key answers is not shown."""

    person_id: uuid.UUID | None
    organisation_id: uuid.UUID | None
    certificate_sha256: str

    @classmethod
    def of(cls, row: SigningCertificate) -> CertificateOut:
        return cls.model_validate(_columns(row))


class KeeperIn(Payload):
    person_id: uuid.UUID
    permission: Opinion | None = None
    handover: Opinion | None = None
    valid_from: date | None = None
    valid_to: date | None = None


class KeeperOut(Dated):
    organisation_id: uuid.UUID
    person_id: uuid.UUID
    permission: str | None
    handover: str | None

    @classmethod
    def of(cls, row: SealCustody) -> KeeperOut:
        return cls.model_validate(_columns(row))


def _columns(row: Evidence) -> dict[str, object]:
    columns = {column.key: getattr(row, column.key) for column in inspect(type(row)).column_attrs}
    return {**columns, "version": version_of(row)}
