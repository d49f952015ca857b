"""Keys for trying things out: issued here, worth nothing outside, never in production."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass

from signing.devca import DevelopmentCA


@dataclass(frozen=True)
class IssuedKey:
    """A certificate and where its key answers."""

    certificate_sha256: str
    certificate: bytes
    key_url: str


class DevelopmentKeys:
    """Keys of the development authority; the same one for the same id."""

    def __init__(self, authority: DevelopmentCA) -> None:
        self._authority = authority

    def person(self, person_id: uuid.UUID, name: str, organisation: str) -> IssuedKey:
        """The key of a person in an organisation."""
        issued = self._authority.issue_person(str(person_id), name, organisation)
        return _issued(issued.certificate, f"devca:person/{person_id}")

    def agency(self, organisation_id: uuid.UUID | str, name: str) -> IssuedKey:
        """The key of an agency."""
        issued = self._authority.issue_agency(str(organisation_id), name)
        return _issued(issued.certificate, f"devca:agency/{organisation_id}")

    def log(self) -> IssuedKey:
        """The key that signs tree heads."""
        return self.agency("log", "Sổ kiểm soát Vanthu")


def _issued(certificate: bytes, key_url: str) -> IssuedKey:
    return IssuedKey(hashlib.sha256(certificate).hexdigest(), certificate, key_url)
