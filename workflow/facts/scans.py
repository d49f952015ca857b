"""What is known of a paper document's scan, and of the agency's signature on it (sao y)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from sqlalchemy import select

from signing.report import SignatureReport
from workflow.facts.received import Received
from workflow.office import Reading
from workflow.records import Organisation, SigningCertificate
from workflow.rules.signed import AGENCY_FIELD
from workflow.standing import custody_reason


def custody_unmet(reading: Reading, held: Received) -> str | None:
    """Why the actor may not use the agency's key today (Art. 32.2)."""
    if reading.person_id is None or not held.paper:
        return None
    return custody_reason(reading, held.document.organisation_id, reading.person_id)


def copying_unmet(reading: Reading, held: Received) -> str | None:
    """Why no copies may be made in the agency's name: its head says so in writing (Art. 27)."""
    organisation = reading.get(Organisation, held.document.organisation_id)
    if organisation.copying_authority:
        return None
    return "Cơ quan chưa quy định thẩm quyền sao văn bản, nên chưa được ký số bản số hóa."


def scan_unreadable(held: Received, reports: Mapping[uuid.UUID, SignatureReport]) -> str | None:
    """Why there is no scan that could be sealed."""
    if held.main is None:
        return "Chưa có bản quét của văn bản giấy."
    report = reports.get(held.main[0].id)
    if report is None:
        return "Bản quét đang được kiểm tra."
    if report.verdict == "KHONG_DOC_DUOC":
        why = " ".join(reason.sentence for reason in report.reasons)
        return f"Không đọc được bản quét. {why}".strip()
    if report.integrity != "UNSIGNED":
        return "Tệp đã có chữ ký số nên không phải bản quét văn bản giấy."
    return None


def digitised_unmet(
    reading: Reading,
    held: Received,
    reports: Mapping[uuid.UUID, SignatureReport],
    pending: Mapping[uuid.UUID, SignatureReport],
) -> tuple[str, ...]:
    """Why the agency's signature on the copy does not hold: it must pass in full and be ours."""
    if not held.paper or held.main is None:
        return ()
    file, revision = held.main
    if file.id not in pending and revision.made_as not in ("sealed", "archived"):
        return ()
    report = reports.get(file.id)
    sealed = (
        next((found for found in report.signatures if found.field == AGENCY_FIELD), None)
        if report
        else None
    )
    if report is None or sealed is None:
        return ("Thiếu chữ ký số của cơ quan trên bản số hóa.",)
    unmet: list[str] = []
    if report.verdict != "HOP_LE":
        why = " ".join(reason.sentence for reason in (*sealed.reasons, *report.reasons))
        unmet.append(f"Chữ ký số của cơ quan trên bản số hóa không hợp lệ. {why}".strip())
    owner = reading.session.scalar(
        select(SigningCertificate.id).where(
            SigningCertificate.organisation_id == held.document.organisation_id,
            SigningCertificate.certificate_sha256 == sealed.certificate_sha256,
        )
    )
    if owner is None:
        unmet.append("Chữ ký số trên bản số hóa không phải của cơ quan.")
    return tuple(unmet)
