"""Whether a document is signed: derived from reports over its bytes, for one or for thousands.

Nothing here asks the database; `Signatories` is read once for all documents at hand.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from signing.report import SignatureFinding, SignatureReport
from workflow.office import Reading
from workflow.records import Signer, SigningCertificate, SigningIntent, SigningOutcome
from workflow.sealing import AGENCY_FIELD, person_field


@dataclass(frozen=True)
class Signatories:
    """Whose the certificates are, and under which capacities the fields were signed."""

    owners: Mapping[str, uuid.UUID]
    #: (file, field, person, capacity) of every intent that was not refused.
    capacities: Collection[tuple[uuid.UUID, str, uuid.UUID, str]]

    @classmethod
    def read(
        cls,
        reading: Reading,
        reports: Iterable[SignatureReport],
        file_ids: Sequence[uuid.UUID],
    ) -> Signatories:
        """Two queries, however many documents."""
        digests = {
            finding.certificate_sha256
            for report in reports
            for finding in report.signatures
            if finding.certificate_sha256
        }
        owners: dict[str, uuid.UUID] = {}
        for row in reading.session.scalars(
            select(SigningCertificate).where(SigningCertificate.certificate_sha256.in_(digests))
        ):
            owner = row.person_id or row.organisation_id
            if owner is not None:
                owners[row.certificate_sha256] = owner
        refused = select(SigningOutcome.id).where(
            SigningOutcome.intent_id == SigningIntent.id, SigningOutcome.refusal.is_not(None)
        )
        intents = reading.session.execute(
            select(
                SigningIntent.file_id,
                SigningIntent.field,
                SigningIntent.person_id,
                SigningIntent.capacity,
            ).where(SigningIntent.file_id.in_(file_ids), ~refused.exists())
        )
        return cls(owners, {(row[0], row[1], row[2], row[3]) for row in intents})


@dataclass(frozen=True)
class Persons:
    """The personal signatures of a document's main text."""

    remaining: tuple[Signer, ...]
    unmet: tuple[str, ...]
    undecided: bool


def persons_signed(
    report: SignatureReport | None,
    signers: Sequence[Signer],
    file_id: uuid.UUID | None,
    known: Signatories,
) -> Persons:
    """Who has not signed, and why the signatures that are there do not hold.

    A signature counts for a signer when it stands in that signer's field, passes in full, and its
    certificate is one of that person's (by digest, never by name). Its capacity is that of the
    intent it was made under, whose mandate was checked then (ND 30/2020 Art. 13).
    """
    if report is None:
        return Persons(tuple(signers), (), undecided=False)
    found = {finding.field: finding for finding in report.signatures}
    agency = found.get(AGENCY_FIELD)
    unmet: list[str] = []
    remaining: list[Signer] = []
    undecided = False
    if report.integrity == "ALTERED":
        unmet.append("Tệp đã bị thay đổi sau khi ký.")
    for signer in signers:
        finding = found.get(person_field(signer.ordinal))
        which = f"Chữ ký số cá nhân thứ {signer.ordinal}"
        if finding is None:
            remaining.append(signer)
        elif not holds(finding):
            undecided = undecided or finding.indication == "INDETERMINATE"
            unmet.append(f"{which} chưa hợp lệ. {_why(finding)}".strip())
        elif known.owners.get(finding.certificate_sha256 or "") != signer.person_id:
            unmet.append(f"{which} không phải của người phải ký.")
        elif (
            file_id,
            person_field(signer.ordinal),
            signer.person_id,
            signer.capacity,
        ) not in known.capacities:
            unmet.append(f"{which} không đúng thẩm quyền đã giao.")
        elif agency and (agency.revision_bytes or 0) <= (finding.revision_bytes or 0):
            # The person first, then the agency, in the bytes themselves (Art. 32.2d).
            unmet.append(f"{which} đứng sau chữ ký số của cơ quan.")
    return Persons(tuple(remaining), tuple(unmet), undecided)


def agency_unmet(
    report: SignatureReport | None, organisation_id: uuid.UUID, known: Signatories
) -> str | None:
    """Why the agency's signature in these bytes does not hold, or None if it does."""
    finding = agency_finding(report)
    if report is None or finding is None:
        return "Thiếu chữ ký số của cơ quan."
    if report.integrity != "INTACT" or not holds(finding):
        return f"Chữ ký số của cơ quan chưa hợp lệ. {_why(finding)}".strip()
    if known.owners.get(finding.certificate_sha256 or "") != organisation_id:
        return "Chữ ký số của cơ quan không phải của cơ quan ban hành."
    return None


def agency_finding(report: SignatureReport | None) -> SignatureFinding | None:
    """The signature in the agency's field, if there is one."""
    signatures = report.signatures if report else ()
    return next((finding for finding in signatures if finding.field == AGENCY_FIELD), None)


def holds(finding: SignatureFinding) -> bool:
    """Whether one signature passes in full: intact, trusted, not revoked when it was made."""
    return finding.indication == "TOTAL_PASSED" and bool(finding.intact) and finding.trusted


def _why(finding: SignatureFinding) -> str:
    return " ".join(reason.sentence for reason in finding.reasons)
