"""What people are entrusted with: power to sign, certificates, the agency's key.

Whether an entry may exist is for the law to say (`rules.actors`), which is asked here with the
very rows that it will be asked with at each signing.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from workflow.administration import (
    belongs,
    close,
    known_person,
    one_at_a_time,
    record,
    require_administrator_of,
)
from workflow.administration import require_administrator as require
from workflow.office import Reading, Transaction
from workflow.records import (
    Issuer,
    RoleGrant,
    SealCustody,
    SigningCertificate,
    SigningMandate,
)
from workflow.rules.actors import Basis, Custody, custody_unmet, incompetence, stack_of
from workflow.rules.errors import Duplicate, Invalid, NotFound
from workflow.standing import mandates_of

POWER, CERTIFICATE, KEY = "Quyền ký", "Chứng thư số", "Khóa của cơ quan"


@dataclass(frozen=True)
class Power:
    """What a mandate gives: capacity as `TM+KT`, its basis, and the limits of its content."""

    capacity: str
    basis: str
    basis_text: str
    doc_types: frozenset[str] | None = None
    field: str | None = None


def give_mandate(
    tx: Transaction,
    issuer_id: uuid.UUID,
    person_id: uuid.UUID,
    power: Power,
    *,
    delegated_by_id: uuid.UUID | None = None,
    valid_from: date | None = None,
    valid_to: date | None = None,
) -> SigningMandate:
    """The power to sign for an issuer in one capacity, if the law admits it (Art. 13).

    Raises:
        NotFound, Forbidden, Duplicate. Invalid: the law admits no such mandate; says why.
    """
    issuer = tx.get(Issuer, issuer_id, "Chủ thể ban hành")
    require(tx, issuer.organisation_id, POWER)
    known_person(tx, person_id)
    if delegated_by_id is not None:
        known_person(tx, delegated_by_id)
    _check_words(tx, power)
    valid_from = valid_from or tx.today
    one_at_a_time(tx)
    before = mandates_of(tx, issuer)
    mandate = SigningMandate(
        issuer_id=issuer_id,
        person_id=person_id,
        capacity=power.capacity,
        basis=power.basis,
        basis_text=power.basis_text,
        doc_types=None if power.doc_types is None else ",".join(sorted(power.doc_types)),
        field=power.field,
        delegated_by_id=delegated_by_id,
        valid_from=valid_from,
        valid_to=valid_to,
    )
    record(tx, "mandate.given", mandate, organisation=issuer.organisation_id)
    given = [held for held in mandates_of(tx, issuer) if held not in before]
    if not given:
        raise Duplicate("Quyền ký này đã được ghi nhận, hoặc người này không giữ chức vụ nào.")
    # The holder's other mandates of the capacity must not speak for this one.
    others = [
        held
        for held in before
        if (held.person_id, held.capacity) != (str(person_id), given[0].capacity)
    ]
    # A power passed on covers no more than the one it came from: asked for each type it names.
    for doc_type in sorted(power.doc_types or {""}):
        unmet = incompetence(
            str(person_id),
            str(issuer_id),
            doc_type,
            given[0].capacity,
            [*others, *given],
            valid_from,
            field=power.field,
        )
        if unmet:
            raise Invalid([("/capacity", unmet)])
    return mandate


def _check_words(tx: Transaction, power: Power) -> None:
    errors = [
        ("/doc_types", f"Không có loại văn bản “{code}”.")
        for code in sorted(power.doc_types or ())
        if tx.office.law.doc_types.find(code) is None
    ]
    if stack_of(power.capacity) is None:
        errors.append(("/capacity", "Không có hình thức ký này."))
    if power.basis not in tuple(Basis):
        errors.append(("/basis", "Không có loại căn cứ này."))
    if errors:
        raise Invalid(errors)


def end_mandate(tx: Transaction, mandate_id: uuid.UUID, on: date) -> None:
    """The power to sign no longer holds on that day."""
    mandate = tx.get(SigningMandate, mandate_id, POWER)
    require(tx, tx.get(Issuer, mandate.issuer_id).organisation_id, POWER)
    close(tx, "mandate.ended", mandate, on)


def add_certificate(
    tx: Transaction,
    *,
    certificate: bytes,
    key_url: str,
    person_id: uuid.UUID | None = None,
    organisation_id: uuid.UUID | None = None,
    valid_from: date | None = None,
    valid_to: date | None = None,
) -> SigningCertificate:
    """Whose a certificate (DER) is: a person's or an organisation's, exactly one.

    It is known by the digest of its bytes; what it says is for validation to read.

    Raises:
        NotFound, Forbidden. Duplicate: it is somebody's already.
        Invalid: not one owner, or an address that no key can have here.
    """
    if not tx.office.sealing.keyring.accepts(key_url):
        raise Invalid([("/key_url", "Địa chỉ khóa phải là key:<tên khóa> hoặc client:.")])
    if (person_id is None) == (organisation_id is None):
        raise Invalid([("/person_id", "Chứng thư số phải thuộc một người hoặc một cơ quan.")])
    if organisation_id is not None:
        require(tx, organisation_id, CERTIFICATE)
    if person_id is not None:
        require_administrator_of(tx, person_id)
    sha256 = hashlib.sha256(certificate).hexdigest()
    one_at_a_time(tx)
    known = tx.session.scalars(
        select(SigningCertificate).where(SigningCertificate.certificate_sha256 == sha256)
    ).first()
    if known is not None:
        raise Duplicate("Chứng thư số này đã được khai báo.", [str(known.id)])
    row = SigningCertificate(
        person_id=person_id,
        organisation_id=organisation_id,
        certificate_sha256=sha256,
        certificate=certificate,
        key_url=key_url,
        valid_from=valid_from or tx.today,
        valid_to=valid_to,
    )
    # An auditor reads from the chain whose a certificate is.
    return record(
        tx, "certificate.added", row, certificate=sha256, owner=person_id or organisation_id
    )


def end_certificate(tx: Transaction, certificate_id: uuid.UUID, on: date) -> None:
    """Nobody signs with it here from that day on; what it signed stays signed."""
    row = tx.get(SigningCertificate, certificate_id, CERTIFICATE)
    if row.organisation_id is not None:
        require(tx, row.organisation_id, CERTIFICATE)
    if row.person_id is not None:
        require_administrator_of(tx, row.person_id)
    close(tx, "certificate.ended", row, on)


def entrust_key(
    tx: Transaction,
    organisation_id: uuid.UUID,
    person_id: uuid.UUID,
    *,
    permission: str | None = None,
    handover: str | None = None,
    valid_from: date | None = None,
    valid_to: date | None = None,
) -> SealCustody:
    """Give the agency's key into somebody's keeping.

    The clerk keeps it by duty; anybody else needs the written permission (số, ngày) and the
    record of the handover (Art. 32.2.b).

    Raises:
        NotFound, Forbidden. Invalid: the law admits no such keeper; says why.
    """
    require(tx, organisation_id, KEY)
    known_person(tx, person_id)
    valid_from = valid_from or tx.today
    clerk = tx.session.scalars(
        select(RoleGrant.id).where(
            RoleGrant.person_id == person_id,
            RoleGrant.organisation_id == organisation_id,
            RoleGrant.role == "clerk",
            RoleGrant.holds_on(valid_from),
        )
    ).first()
    asked = Custody(
        person_id=str(person_id),
        issuer_id=str(organisation_id),
        by_duty=clerk is not None,
        valid_from=valid_from,
        permission_id=permission,
        handover_record_id=handover,
    )
    unmet = custody_unmet(asked.person_id, asked.issuer_id, [asked], valid_from)
    if unmet:
        raise Invalid([("/permission" if permission is None else "/handover", unmet)])
    row = SealCustody(
        organisation_id=organisation_id,
        person_id=person_id,
        permission=permission,
        handover=handover,
        valid_from=valid_from,
        valid_to=valid_to,
    )
    return record(tx, "key.entrusted", row, organisation=organisation_id, person=person_id)


def take_key_back(tx: Transaction, custody_id: uuid.UUID, on: date) -> None:
    """The person no longer keeps the agency's key on that day."""
    custody = tx.get(SealCustody, custody_id, KEY)
    require(tx, custody.organisation_id, KEY)
    close(tx, "key.taken_back", custody, on)


def keepers_of(
    reading: Reading, organisation_id: uuid.UUID, on: date | None = None
) -> list[SealCustody]:
    """Who keeps the agency's key on a day (today), in one of the actor's own organisations."""
    if not belongs(reading, organisation_id):
        raise NotFound(KEY)
    return list(
        reading.session.scalars(
            select(SealCustody)
            .where(
                SealCustody.organisation_id == organisation_id,
                SealCustody.holds_on(on or reading.today),
            )
            .order_by(SealCustody.id)
        )
    )


def mandates_for(
    reading: Reading, issuer_id: uuid.UUID, on: date | None = None
) -> list[SigningMandate]:
    """Who may sign for an issuer of the actor's own organisations on a day (today)."""
    issuer = reading.get(Issuer, issuer_id, "Chủ thể ban hành")
    if not belongs(reading, issuer.organisation_id):
        raise NotFound(POWER)
    return list(
        reading.session.scalars(
            select(SigningMandate)
            .where(
                SigningMandate.issuer_id == issuer_id,
                SigningMandate.holds_on(on or reading.today),
            )
            .order_by(SigningMandate.id)
        )
    )
