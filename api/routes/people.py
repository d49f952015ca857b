"""People of an organisation: posts, roles, power to sign, certificates, the agency's key."""

from __future__ import annotations

import uuid

from fastapi import APIRouter, Response

from api.auth import ActorHere, OfficeHere
from api.dependencies import Posting, Shown, Version, shown, starting_from, version_of
from api.problems import documented
from api.routes.organisations import CHANGING, MAKING, On
from api.schemas.organisations import (
    AppointmentIn,
    AppointmentOut,
    CertificateIn,
    CertificateOut,
    End,
    KeeperIn,
    KeeperOut,
    MandateIn,
    MandateOut,
    PersonIn,
    PersonOut,
    RoleIn,
    RoleOut,
)
from api.schemas.values import Page, Paging
from workflow import appointments, entrusting
from workflow.appointments import Member, Post
from workflow.office import Transaction
from workflow.records import (
    Appointment,
    RoleGrant,
    SealCustody,
    SigningCertificate,
    SigningMandate,
)
from workflow.rules.errors import Invalid, NotAuthenticated, NotFound, Unavailable

router = APIRouter(
    tags=["people"], responses=documented(NotAuthenticated, NotFound, Invalid, Unavailable)
)


def _person(member: Member) -> PersonOut:
    return PersonOut(
        id=member.person.id,
        full_name=member.person.full_name,
        appointments=[AppointmentOut.of(row) for row in member.appointments],
        roles=[RoleOut.of(row) for row in member.grants],
    )


@router.get("/organisations/{organisation_id}/people", response_model=Page[PersonOut])
def list_people(
    organisation_id: uuid.UUID, office: OfficeHere, actor: ActorHere, paging: Paging, on: On = None
) -> Response:
    """Who holds a post or a role here on a day. Known only to those of the organisation."""
    with office.reading(actor) as reading:
        rows = appointments.people_of(reading, organisation_id, on)
        return shown(paging.cut(rows, lambda row: row.person.id, uuid.UUID, _person))


@router.post(
    "/organisations/{organisation_id}/people",
    status_code=201,
    response_model=PersonOut,
    responses=MAKING,
)
def add_person(organisation_id: uuid.UUID, body: PersonIn, posting: Posting) -> Response:
    """Somebody new, with a first post."""

    def work(tx: Transaction) -> Shown:
        person = appointments.add_person(
            tx,
            organisation_id,
            body.full_name,
            Post(body.title, body.unit_id, body.heads_unit),
            valid_from=body.valid_from,
        )
        on = body.valid_from
        members = appointments.people_of(tx, organisation_id, on)
        return Shown(next(_person(one) for one in members if one.person.id == person.id))

    return posting.change(work, status=201)


@router.post(
    "/organisations/{organisation_id}/appointments",
    status_code=201,
    response_model=AppointmentOut,
    responses=MAKING,
)
def appoint(organisation_id: uuid.UUID, body: AppointmentIn, posting: Posting) -> Response:
    """A further post for somebody you know."""

    def work(tx: Transaction) -> Shown:
        row = appointments.appoint(
            tx,
            organisation_id,
            body.person_id,
            Post(body.title, body.unit_id, body.heads_unit),
            valid_from=body.valid_from,
        )
        return Shown(AppointmentOut.of(row), version_of(row))

    return posting.change(work, status=201)


@router.post(
    "/appointments/{appointment_id}/end",
    response_model=AppointmentOut,
    responses={**MAKING, **CHANGING},
)
def end_appointment(
    appointment_id: uuid.UUID, body: End, version: Version, posting: Posting
) -> Response:
    """The person no longer holds the post on that day, nor signs by it."""

    def work(tx: Transaction) -> Shown:
        with starting_from(tx, Appointment, appointment_id, version):
            appointments.end_appointment(tx, appointment_id, body.on)
        row = tx.get(Appointment, appointment_id)
        return Shown(AppointmentOut.of(row), version_of(row))

    return posting.change(work)


@router.post(
    "/organisations/{organisation_id}/roles",
    status_code=201,
    response_model=RoleOut,
    responses=MAKING,
)
def grant_role(organisation_id: uuid.UUID, body: RoleIn, posting: Posting) -> Response:
    """A role for somebody in this organisation."""

    def work(tx: Transaction) -> Shown:
        row = appointments.grant_role(
            tx,
            organisation_id,
            body.person_id,
            body.role,
            valid_from=body.valid_from,
            valid_to=body.valid_to,
        )
        return Shown(RoleOut.of(row), version_of(row))

    return posting.change(work, status=201)


@router.post("/roles/{grant_id}/end", response_model=RoleOut, responses={**MAKING, **CHANGING})
def end_role(grant_id: uuid.UUID, body: End, version: Version, posting: Posting) -> Response:
    """The role is no longer held on that day."""

    def work(tx: Transaction) -> Shown:
        with starting_from(tx, RoleGrant, grant_id, version):
            appointments.end_role(tx, grant_id, body.on)
        row = tx.get(RoleGrant, grant_id)
        return Shown(RoleOut.of(row), version_of(row))

    return posting.change(work)


@router.get("/issuers/{issuer_id}/mandates", response_model=Page[MandateOut])
def list_mandates(
    issuer_id: uuid.UUID, office: OfficeHere, actor: ActorHere, paging: Paging, on: On = None
) -> Response:
    """Who may sign for an issuer of your own organisation on a day."""
    with office.reading(actor) as reading:
        rows = entrusting.mandates_for(reading, issuer_id, on)
        return shown(paging.cut(rows, lambda row: row.id, uuid.UUID, MandateOut.of))


@router.post(
    "/issuers/{issuer_id}/mandates", status_code=201, response_model=MandateOut, responses=MAKING
)
def give_mandate(issuer_id: uuid.UUID, body: MandateIn, posting: Posting) -> Response:
    """The power to sign for an issuer in one capacity (ND 30/2020 Art. 13)."""

    def work(tx: Transaction) -> Shown:
        row = entrusting.give_mandate(
            tx,
            issuer_id,
            body.person_id,
            entrusting.Power(
                body.capacity,
                body.basis,
                body.basis_text,
                None if body.doc_types is None else frozenset(body.doc_types),
                body.field,
            ),
            delegated_by_id=body.delegated_by_id,
            valid_from=body.valid_from,
            valid_to=body.valid_to,
        )
        return Shown(MandateOut.of(row), version_of(row))

    return posting.change(work, status=201)


@router.post(
    "/mandates/{mandate_id}/end", response_model=MandateOut, responses={**MAKING, **CHANGING}
)
def end_mandate(mandate_id: uuid.UUID, body: End, version: Version, posting: Posting) -> Response:
    """The power to sign no longer holds on that day."""

    def work(tx: Transaction) -> Shown:
        with starting_from(tx, SigningMandate, mandate_id, version):
            entrusting.end_mandate(tx, mandate_id, body.on)
        row = tx.get(SigningMandate, mandate_id)
        return Shown(MandateOut.of(row), version_of(row))

    return posting.change(work)


@router.post("/certificates", status_code=201, response_model=CertificateOut, responses=MAKING)
def add_certificate(body: CertificateIn, posting: Posting) -> Response:
    """Whose a certificate is: a person's or an organisation's. It is known by its digest."""

    def work(tx: Transaction) -> Shown:
        row = entrusting.add_certificate(
            tx,
            certificate=body.certificate,
            key_url=body.key_url,
            person_id=body.person_id,
            organisation_id=body.organisation_id,
            valid_from=body.valid_from,
            valid_to=body.valid_to,
        )
        return Shown(CertificateOut.of(row), version_of(row))

    return posting.change(work, status=201)


@router.post(
    "/certificates/{certificate_id}/end",
    response_model=CertificateOut,
    responses={**MAKING, **CHANGING},
)
def end_certificate(
    certificate_id: uuid.UUID, body: End, version: Version, posting: Posting
) -> Response:
    """Nobody signs with it here from that day on; what it signed stays signed."""

    def work(tx: Transaction) -> Shown:
        with starting_from(tx, SigningCertificate, certificate_id, version):
            entrusting.end_certificate(tx, certificate_id, body.on)
        row = tx.get(SigningCertificate, certificate_id)
        return Shown(CertificateOut.of(row), version_of(row))

    return posting.change(work)


@router.get("/organisations/{organisation_id}/keepers", response_model=Page[KeeperOut])
def list_keepers(
    organisation_id: uuid.UUID, office: OfficeHere, actor: ActorHere, paging: Paging, on: On = None
) -> Response:
    """Who keeps the agency's key on a day (ND 30/2020 Art. 32.2)."""
    with office.reading(actor) as reading:
        rows = entrusting.keepers_of(reading, organisation_id, on)
        return shown(paging.cut(rows, lambda row: row.id, uuid.UUID, KeeperOut.of))


@router.post(
    "/organisations/{organisation_id}/keepers",
    status_code=201,
    response_model=KeeperOut,
    responses=MAKING,
)
def entrust_key(organisation_id: uuid.UUID, body: KeeperIn, posting: Posting) -> Response:
    """Give the agency's key into somebody's keeping; another than the clerk only in writing."""

    def work(tx: Transaction) -> Shown:
        row = entrusting.entrust_key(
            tx,
            organisation_id,
            body.person_id,
            permission=body.permission,
            handover=body.handover,
            valid_from=body.valid_from,
            valid_to=body.valid_to,
        )
        return Shown(KeeperOut.of(row), version_of(row))

    return posting.change(work, status=201)


@router.post(
    "/keepers/{custody_id}/end", response_model=KeeperOut, responses={**MAKING, **CHANGING}
)
def take_key_back(custody_id: uuid.UUID, body: End, version: Version, posting: Posting) -> Response:
    """The person no longer keeps the agency's key on that day."""

    def work(tx: Transaction) -> Shown:
        with starting_from(tx, SealCustody, custody_id, version):
            entrusting.take_key_back(tx, custody_id, body.on)
        row = tx.get(SealCustody, custody_id)
        return Shown(KeeperOut.of(row), version_of(row))

    return posting.change(work)
