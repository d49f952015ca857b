"""Images of signatures and seals: who registers them, who sees them, which one is shown.

ND 30/2020 Annex I, part I, II.7.d and II.8.a. Whoever sees an image can copy it, so they are few;
an image proves nothing, the certificate does.
"""

from __future__ import annotations

import io
import uuid
from dataclasses import dataclass
from datetime import date
from typing import Literal

from sqlalchemy import select

from signing import images
from signing.errors import SigningRefused
from storage.objects import ObjectRef
from workflow.actor import Actor
from workflow.administration import (
    ADMINISTRATOR,
    administers,
    belongs,
    close,
    one_at_a_time,
    record,
)
from workflow.administration import require_administrator as require
from workflow.facts.outgoing import Dossier
from workflow.office import Office, Reading, Transaction
from workflow.records import Appointment, Person, SealCustody, SignatureImage, Signer
from workflow.rules.errors import Forbidden, Invalid, NotFound
from workflow.stamps import Showing, Signatory, StampOrder

IMAGE = "Hình ảnh chữ ký, dấu"
#: What minutes print over a name instead of a title (Annex III form 1.9).
_PARTS = {"chair": ("Chủ tọa",), "secretary": ("Thư ký",)}


@dataclass(frozen=True)
class Owner:
    """A person of an organisation, or without a person the organisation itself (its seal)."""

    organisation_id: uuid.UUID
    person_id: uuid.UUID | None = None


@dataclass(frozen=True)
class Picture:
    """A PNG and the actual size of what it shows, in millimetres."""

    png: bytes
    width_mm: float
    height_mm: float


def keep_picture(office: Office, actor: Actor, owner: Owner, picture: Picture) -> ObjectRef:
    """Check and store an image; slow, so before `register`.

    Raises:
        NotFound, Forbidden. Invalid: no image that may be shown; says why. Unavailable.
    """
    with office.reading(actor) as reading:
        _require(reading, owner)
    try:
        images.check(
            picture.png,
            "agency" if owner.person_id is None else "person",
            picture.width_mm,
            picture.height_mm,
        )
    except SigningRefused as refused:
        raise Invalid([("/image", str(refused))]) from refused
    return office.keep(owner.organisation_id, io.BytesIO(picture.png))


def register(tx: Transaction, owner: Owner, picture: Picture, ref: ObjectRef) -> SignatureImage:
    """From today on this image is shown, instead of the one before; the same again changes nothing.

    Raises:
        NotFound, Forbidden.
    """
    _require(tx, owner)
    one_at_a_time(tx)
    present = _present(tx, owner)
    wanted = {
        "sha256": ref.sha256,
        "width_um": round(picture.width_mm * 1000),
        "height_um": round(picture.height_mm * 1000),
    }
    if present is not None:
        if all(getattr(present, name) == value for name, value in wanted.items()):
            return present
        close(tx, "image.ended", present, tx.today)
    row = SignatureImage(
        organisation_id=owner.organisation_id,
        person_id=owner.person_id,
        size_bytes=ref.size_bytes,
        valid_from=tx.today,
        **wanted,
    )
    return record(tx, "image.registered", row, organisation=row.organisation_id, image=row.sha256)


def end_image(tx: Transaction, image_id: uuid.UUID, on: date) -> None:
    """It is shown no more from that day on; what was signed keeps it.

    Raises:
        NotFound, Forbidden. Invalid: it has ended by then.
    """
    row = tx.get(SignatureImage, image_id, IMAGE)
    require(tx, row.organisation_id, IMAGE)
    close(tx, "image.ended", row, on)


def image_of(reading: Reading, owner: Owner) -> SignatureImage:
    """Today's image, for whom it shows, who keeps the agency's key, and administrators.

    Raises:
        NotFound: there is none, or the organisation is not one's own. Forbidden.
    """
    if not belongs(reading, owner.organisation_id):
        raise NotFound(IMAGE)
    _check_post(reading, owner)
    if owner.person_id is None:
        keeps = SealCustody.organisation_id == owner.organisation_id
        keepers = select(SealCustody.person_id).where(keeps, SealCustody.holds_on(reading.today))
        entitled = reading.person_id in reading.session.scalars(keepers).all()
    else:
        entitled = reading.person_id == owner.person_id
    if not entitled and not administers(reading, owner.organisation_id):
        raise Forbidden([ADMINISTRATOR])
    found = _present(reading, owner)
    if found is None:
        raise NotFound(IMAGE)
    return found


def size_mm(image: SignatureImage) -> tuple[float, float]:
    """Width and height of what the image shows, as it is on paper."""
    return image.width_um / 1000, image.height_um / 1000


def read_picture(office: Office, organisation_id: uuid.UUID, sha256: str, size_bytes: int) -> bytes:
    """The stored bytes of an image. Raises Unavailable."""
    with office.stream(organisation_id, sha256, size_bytes) as stored:
        return stored.read()


def person_stamp(
    reading: Reading, person_id: uuid.UUID, organisation_id: uuid.UUID
) -> StampOrder | None:
    """What a person's signature shows today; None without an image: it stays invisible."""
    return _stamp("person", _present(reading, Owner(organisation_id, person_id)))


def agency_stamp(reading: Reading, organisation_id: uuid.UUID) -> StampOrder | None:
    """What the agency's signature on a main text shows today; None without an image."""
    return _stamp("agency", _present(reading, Owner(organisation_id)))


def showing(reading: Reading, held: Dossier) -> Showing:
    """What the signatures on a document's main text would show today.

    The seal goes over the image of the one who is competent or presides, never the secretary's.
    """
    organisation_id = held.document.organisation_id
    seal = _present(reading, Owner(organisation_id)) if held.outgoing.seal_required else None
    presiding = [n for n, signer in enumerate(held.signers) if signer.part != "secretary"]
    return Showing(
        tuple(_signatory(reading, signer, organisation_id) for signer in held.signers),
        None if seal is None else size_mm(seal),
        presiding[-1] if presiding else 0,
    )


def _signatory(reading: Reading, signer: Signer, organisation_id: uuid.UUID) -> Signatory:
    titles = select(Appointment.title).where(
        Appointment.person_id == signer.person_id,
        Appointment.organisation_id == organisation_id,
        Appointment.holds_on(reading.today),
    )
    image = _present(reading, Owner(organisation_id, signer.person_id))
    return Signatory(
        reading.get(Person, signer.person_id).full_name,
        (*reading.session.scalars(titles), *_PARTS.get(signer.part, ())),
        None if image is None else size_mm(image),
    )


def _stamp(kind: Literal["person", "agency"], image: SignatureImage | None) -> StampOrder | None:
    return None if image is None else StampOrder(kind, image.sha256, image.size_bytes)


def _present(reading: Reading, owner: Owner) -> SignatureImage | None:
    return reading.session.scalars(
        select(SignatureImage)
        .where(
            SignatureImage.organisation_id == owner.organisation_id,
            SignatureImage.person_id == owner.person_id,
            SignatureImage.holds_on(reading.today),
        )
        .order_by(SignatureImage.id.desc())
    ).first()


def _require(reading: Reading, owner: Owner) -> None:
    """Refuse whoever does not administer the organisation, and people who hold no post there."""
    require(reading, owner.organisation_id, IMAGE)
    _check_post(reading, owner)


def _check_post(reading: Reading, owner: Owner) -> None:
    if owner.person_id is None:
        return
    post = select(Appointment.id).where(
        Appointment.person_id == owner.person_id,
        Appointment.organisation_id == owner.organisation_id,
        Appointment.holds_on(reading.today),
    )
    if reading.session.scalar(post.limit(1)) is None:
        raise NotFound("Người này")
