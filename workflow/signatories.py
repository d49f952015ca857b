"""Whose the certificates in reports are, and in which capacities files were signed."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from signing.report import SignatureReport
from workflow.records import SigningCertificate, SigningIntent, SigningOutcome

#: In which field, by whom and in which capacity a file was signed.
Allowed = frozenset[tuple[str, uuid.UUID, str]]


@dataclass(frozen=True)
class Signatories:
    """Read once for all documents at hand; see `workflow.rules.signed`."""

    owners: Mapping[str, uuid.UUID]
    #: Per file, what the intents say that were not refused.
    _allowed: Mapping[uuid.UUID, Allowed]

    @classmethod
    def read(
        cls, session: Session, reports: Iterable[SignatureReport], file_ids: Sequence[uuid.UUID]
    ) -> Signatories:
        """Two queries, however many documents."""
        digests = {
            finding.certificate_sha256
            for report in reports
            for finding in report.signatures
            if finding.certificate_sha256
        }
        return cls(
            _owners(session, digests) if digests else {},
            _allowed(session, file_ids) if file_ids else {},
        )

    def allowed_in(self, file_id: uuid.UUID | None) -> Allowed:
        """What the file was signed as."""
        return frozenset() if file_id is None else self._allowed.get(file_id, frozenset())


def _owners(session: Session, digests: Iterable[str]) -> dict[str, uuid.UUID]:
    owners: dict[str, uuid.UUID] = {}
    for row in session.scalars(
        select(SigningCertificate).where(SigningCertificate.certificate_sha256.in_(digests))
    ):
        owner = row.person_id or row.organisation_id
        if owner is not None:
            owners[row.certificate_sha256] = owner
    return owners


def _allowed(session: Session, file_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Allowed]:
    refused = select(SigningOutcome.id).where(
        SigningOutcome.intent_id == SigningIntent.id, SigningOutcome.refusal.is_not(None)
    )
    allowed: dict[uuid.UUID, Allowed] = {}
    for file_id, field, person_id, capacity in session.execute(
        select(
            SigningIntent.file_id,
            SigningIntent.field,
            SigningIntent.person_id,
            SigningIntent.capacity,
        ).where(SigningIntent.file_id.in_(file_ids), ~refused.exists())
    ):
        allowed[file_id] = allowed.get(file_id, frozenset()) | {(field, person_id, capacity)}
    return allowed
