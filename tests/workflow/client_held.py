"""People who keep their key themselves, as the office meets them: a certificate, and values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from asn1crypto import cms
from pyhanko.sign.timestamps import TimeStamper
from sqlalchemy import select

from signing.devca import DevelopmentCA
from signing.errors import TrustUnavailable
from signing.keys import LiveKey
from tests.workflow.outgoing_trip import Trip
from workflow import acceptance, entrusting, pending
from workflow.jobs import run_all
from workflow.office import Office
from workflow.pending import Ready, Waiting
from workflow.records import PendingSignature, Revision, SignatureMade, SigningCertificate

ADMINISTRATOR = "xa.quantri"


@dataclass
class Holder:
    """Somebody whose key, or whose agency's, is in a token at their own desk."""

    trip: Trip
    username: str
    key: LiveKey
    certificate: SigningCertificate

    @classmethod
    def of(
        cls, trip: Trip, username: str, *, agency: bool = False, key: LiveKey | None = None
    ) -> Holder:
        """From today on this key is the one to sign with; the office is told its certificate."""
        office, actor = trip.office, trip.acting(username)
        folder = DevelopmentCA(office.settings.data_dir / "pki")
        organisation_id = trip.issuer("UBND").organisation_id
        key = key or (
            folder.issue_agency(f"token-{organisation_id}", "UBND xã Mẫu")
            if agency
            else folder.issue_person(f"token-{actor.person_id}", actor.full_name, "UBND xã Mẫu")
        )
        with office.transaction(trip.acting(ADMINISTRATOR)) as tx:
            row = entrusting.add_certificate(
                tx,
                certificate=key.certificate,
                key_url="client:",
                person_id=None if agency else actor.person_id,
                organisation_id=organisation_id if agency else None,
            )
        return cls(trip, username, key, row)

    @property
    def office(self) -> Office:
        return self.trip.office

    def ready(self, chain: Sequence[bytes] = ()) -> list[Ready]:
        """The slow part of preparing, not yet kept."""
        actor = self.trip.acting(self.username)
        return pending.prepare(self.office, actor, self.trip.document_id, chain)

    def prepare(self, chain: Sequence[bytes] = ()) -> list[Waiting]:
        """Everything of the document that waits for this key."""
        ready = self.ready(chain)
        with self.office.transaction(self.trip.acting(self.username)) as tx:
            return pending.keep(tx, self.trip.document_id, ready)

    def value(self, waiting: Waiting) -> bytes:
        """What the token makes of it."""
        return self.key.sign(waiting.prepared.attributes, "sha256")

    def bring(
        self,
        waiting: Waiting,
        *,
        value: bytes | None = None,
        token: str | None = None,
        by: str | None = None,
    ) -> PendingSignature:
        """Complete it, as meant or otherwise."""
        with self.office.transaction(self.trip.acting(by or self.username)) as tx:
            return acceptance.accept_value(
                tx,
                waiting.intent.id,
                waiting.token if token is None else token,
                self.value(waiting) if value is None else value,
            )

    def end_certificate(self, on: date) -> None:
        """The certificate is not used here any more from that day on."""
        with self.office.transaction(self.trip.acting(ADMINISTRATOR)) as tx:
            entrusting.end_certificate(tx, self.certificate.id, on)


class Outage(TimeStamper):
    """The office's own time-stamp authority behind a line that can be cut."""

    def __init__(self, real: TimeStamper) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._real = real
        self.cut = False
        self.asked = 0

    @classmethod
    def before(cls, office: Office) -> Outage:
        """The line from this office to its authority."""
        trust = office.sealing.trust
        assert trust.timestamper is not None
        line = cls(trust.timestamper)
        office.sealing.trust = replace(trust, timestamper=line)
        return line

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        self.asked += 1
        if self.cut:
            raise TrustUnavailable("Dịch vụ cấp dấu thời gian")
        return await self._real.async_timestamp(message_digest, md_algorithm)

    async def async_dummy_response(self, md_algorithm: str) -> cms.ContentInfo:
        if self.cut:
            raise TrustUnavailable("Dịch vụ cấp dấu thời gian")
        return await self._real.async_dummy_response(md_algorithm)


def rows(office: Office, kind: type[Any], *conditions: Any) -> list[Any]:
    with office.reading(None) as reading:
        return list(reading.session.scalars(select(kind).where(*conditions)))


def untouched(trip: Trip) -> bool:
    """Whether nothing was signed and nothing taken: what came was refused without a trace."""
    run_all(trip.office)
    (row,) = rows(trip.office, PendingSignature)
    taken = row.value or row.returned_sha256 or row.completed_at
    signed = rows(trip.office, Revision, Revision.made_as.in_(("signed", "sealed")))
    return not (taken or signed or rows(trip.office, SignatureMade))
