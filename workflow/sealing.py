"""Keys, trust and reports as the office uses them: files in, files and reports out."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from signing.report import SignatureReport
from signing.validation import validate

from signing import fields, pades
from signing.devca import DevelopmentCA
from signing.errors import SigningError
from signing.keys import open_key
from signing.trust import Trust, load_anchors
from workflow.rules.errors import Refusal, UnreadableDocument
from workflow.settings import Settings

NUMBER_FIELD = "vanthu.number"
DATE_FIELD = "vanthu.date"
AGENCY_FIELD = "agency"


def person_field(ordinal: int) -> str:
    """The signature field of a document's n-th signer, from 1."""
    return f"person{ordinal}"


class SigningRefusal(Refusal):
    """The key, the certificate or the file does not allow this signature; nothing was signed."""

    def __init__(self, why: str) -> None:
        super().__init__(f"Không ký được: {why}")


@dataclass(frozen=True)
class IssuedKey:
    """A certificate and where its key answers."""

    certificate_sha256: str
    certificate: bytes
    key_url: str


class Sealing:
    """The keys this office can reach and the anchors it trusts."""

    def __init__(self, trust: Trust, development: DevelopmentCA | None) -> None:
        self.trust = trust
        self._development = development

    @classmethod
    def open(cls, settings: Settings) -> Sealing:
        """Development trusts its own CA as well; production only the configured anchors."""
        configured = load_anchors(settings.trust_anchors) if settings.trust_anchors else None
        if not settings.development:
            assert configured is not None  # Settings refuse production without anchors
            return cls(configured, None)
        development = DevelopmentCA(settings.data_dir / "pki")
        trust = development.trust if configured is None else development.trust.joined(configured)
        return cls(trust, development)

    def issue_person(self, person_id: uuid.UUID, name: str, organisation: str) -> IssuedKey:
        """A development certificate of a person; the same one for the same id."""
        return self._issued(
            self._authority.issue_person(str(person_id), name, organisation).certificate,
            f"devca:person/{person_id}",
        )

    def issue_agency(self, organisation_id: uuid.UUID, name: str) -> IssuedKey:
        """A development certificate of an agency; the same one for the same id."""
        return self._issued(
            self._authority.issue_agency(str(organisation_id), name).certificate,
            f"devca:agency/{organisation_id}",
        )

    @property
    def _authority(self) -> DevelopmentCA:
        if self._development is None:
            raise RuntimeError("development certificates are made in development only")
        return self._development

    @staticmethod
    def _issued(certificate: bytes, key_url: str) -> IssuedKey:
        return IssuedKey(hashlib.sha256(certificate).hexdigest(), certificate, key_url)

    def sign(
        self,
        source: Path,
        target: Path,
        *,
        key_url: str,
        field: str,
        level: str,
        fill: Mapping[str, str],
        locks: bool,
    ) -> None:
        """Write `source` plus one signed revision to `target`.

        Raises:
            SigningRefusal: the key or the file does not allow it.
        """
        try:
            pades.sign(
                source,
                target,
                key=open_key(key_url, development=self._development),
                field=field,
                level=pades.Level(level),
                trust=self.trust,
                fill=fill,
                lock=locks,
            )
        except SigningError as refused:
            raise SigningRefusal(str(refused)) from refused

    def reserve_fields(
        self, source: Path, target: Path, layout: Mapping[str, fields.Box], signers: int
    ) -> None:
        """Write `source` with empty number, date and signature fields to `target`.

        Raises:
            UnreadableDocument: the file is no PDF that can be signed.
        """
        try:
            fields.prepare(
                source,
                target,
                number=layout["number"],
                date=layout["date"],
                signatures=[
                    *((person_field(n), None) for n in range(1, signers + 1)),
                    (AGENCY_FIELD, None),
                ],
            )
        except SigningError as refused:
            raise UnreadableDocument(str(refused)) from refused

    def judge(self, source: Path, at: datetime) -> SignatureReport:
        """The document's signature report; an unreadable file gets one too."""
        return validate(source, trust=self.trust, at=at)
