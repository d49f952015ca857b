"""Who may sign and who keeps the agency's key, as rows give it to the law (`rules.actors`)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy import and_, select

from workflow.office import Reading
from workflow.records import Appointment, Issuer, RoleGrant, SealCustody, SigningMandate
from workflow.rules.actors import Basis, Custody, Mandate, custody_unmet, incompetence, stack_of


def _last_day(valid_to: date | None) -> date | None:
    """Rows end before `valid_to`; the law counts both days."""
    return valid_to - timedelta(days=1) if valid_to else None


def mandates_of(reading: Reading, issuer: Issuer) -> list[Mandate]:
    """Every mandate to sign for this issuer, with its holder's newest position of today."""
    rows = reading.session.scalars(
        select(SigningMandate).where(SigningMandate.issuer_id == issuer.id)
    ).all()
    appointments: dict[uuid.UUID, list[Appointment]] = {}
    for appointment in reading.session.scalars(
        select(Appointment)
        .where(
            Appointment.organisation_id == issuer.organisation_id,
            Appointment.holds_on(reading.today),
        )
        .order_by(Appointment.id.desc())
    ):
        appointments.setdefault(appointment.person_id, []).append(appointment)

    def title(person_id: uuid.UUID | None) -> str | None:
        held = appointments.get(person_id) if person_id else None
        return held[0].title if held else None

    mandates = []
    for row in rows:
        stack = stack_of(row.capacity)
        held = appointments.get(row.person_id)
        if stack is None or held is None:
            continue
        basis = Basis(row.basis)
        mandates.append(
            Mandate(
                person_id=str(row.person_id),
                issuer_id=str(row.issuer_id),
                capacity=stack,
                basis=basis,
                basis_text=row.basis_text,
                position=held[0].title,
                valid_from=row.valid_from,
                valid_to=_last_day(row.valid_to),
                doc_types=frozenset(row.doc_types.split(",")) if row.doc_types else None,
                fields=frozenset({row.field}) if row.field else None,
                heads_unit=any(post.heads_unit for post in held),
                delegator_position=title(row.delegated_by_id),
                # The paper that delegates is named in words: it may be older than this system.
                document_id=row.basis_text if basis is Basis.WRITTEN_DELEGATION else None,
            )
        )
    return mandates


def signer_unmet(
    mandates: Sequence[Mandate],
    issuer: Issuer,
    person_id: uuid.UUID,
    doc_type: str,
    capacity: str,
    on: date,
    field: str | None = None,
) -> str | None:
    """Why this person may not sign such a document in this capacity, or None who may."""
    stack = stack_of(capacity)
    if stack is None:
        return "Không có hình thức ký này."
    return incompetence(str(person_id), str(issuer.id), doc_type, stack, mandates, on, field=field)


def custody_reason(
    reading: Reading, organisation_id: uuid.UUID, person_id: uuid.UUID
) -> str | None:
    """Why this person may not use the agency's key today, or None who may (Art. 32.2)."""
    rows = reading.session.execute(
        select(SealCustody, RoleGrant.id)
        .outerjoin(
            RoleGrant,
            and_(
                RoleGrant.person_id == SealCustody.person_id,
                RoleGrant.organisation_id == SealCustody.organisation_id,
                RoleGrant.role == "clerk",
                RoleGrant.holds_on(reading.today),
            ),
        )
        .where(SealCustody.organisation_id == organisation_id)
    )
    custodies = [
        Custody(
            person_id=str(custody.person_id),
            issuer_id=str(organisation_id),
            by_duty=clerk is not None,
            valid_from=custody.valid_from,
            valid_to=_last_day(custody.valid_to),
            permission_id=custody.permission,
            handover_record_id=custody.handover,
        )
        for custody, clerk in rows
    ]
    return custody_unmet(str(person_id), str(organisation_id), custodies, reading.today)
