"""What stands in the slots of a dossier, and whether it holds now: for one or for thousands.

A document of this system holds while it is issued (or arrived and registered) and the newest
report over its main text finds it valid; an uploaded PDF while its newest report does.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, and_, func, select, true

from signing.report import SignatureReport
from workflow.facts.papers import IN_FORCE
from workflow.office import Reading
from workflow.records import Case, Document, Dossier, Exhibit, File, Report, Revision

#: States in which an incoming document is somebody's word that was accepted here.
_REGISTERED = frozenset({"registered", "submitted", "assigned", "completed"})
_LOST = {
    "recalled": "văn bản đã bị thu hồi",
    "replaced": "văn bản đã được thay thế",
    "voided": "văn bản đã hủy số",
    "cancelled": "dự thảo đã hủy",
    "returned": "văn bản đã trả lại",
}
_VERDICTS = {
    "KHONG_HOP_LE": "chữ ký số không hợp lệ",
    "KHONG_XAC_DINH": "chưa xác định được hiệu lực chữ ký số",
    "KHONG_CO_CHU_KY": "không có chữ ký số",
    "KHONG_DOC_DUOC": "không đọc được tệp PDF",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One exhibit as it stands: `verdict` is None until it was judged."""

    id: uuid.UUID
    ordinal: int
    slot: str
    title: str
    dated_on: date | None
    document_id: uuid.UUID | None
    type_code: str | None
    organisation_id: uuid.UUID
    sha256: str | None
    size_bytes: int | None
    verdict: str | None
    state: str | None
    """Of a document of this system."""
    unmet: str | None
    """Why it does not hold now; None where it does."""


@dataclass(frozen=True)
class Exhibits:
    """All that stands in a dossier's slots, in the order in which it was put there."""

    lines: tuple[Line, ...]
    slots: Mapping[str, tuple[Line, ...]]

    def unmet(self, slot: str) -> tuple[str, ...]:
        """Why what is in a slot does not hold; an empty slot has nothing that could not."""
        return tuple(
            f"“{line.title}”: {line.unmet}." for line in self.slots.get(slot, ()) if line.unmet
        )

    def holds(self, slot: str, doc_types: Collection[str] = ()) -> bool:
        """Whether something that holds stands in the slot, of these types if it is a document."""
        return any(
            line.unmet is None
            and (line.document_id is None or not doc_types or line.type_code in doc_types)
            for line in self.slots.get(slot, ())
        )


def exhibits_of(
    reading: Reading, dossier: Dossier, which: ColumnElement[bool] | None = None
) -> Exhibits:
    """Read them all, or those for which a condition on `Exhibit` holds: in three queries however
    many there are."""
    wanted = and_(
        Exhibit.dossier_id == dossier.id, ~Exhibit.dropped, true() if which is None else which
    )
    rows = reading.session.execute(
        select(
            Exhibit.id,
            Exhibit.ordinal,
            Exhibit.slot,
            Exhibit.title,
            Exhibit.dated_on,
            Exhibit.document_id,
            Exhibit.organisation_id,
            Exhibit.sha256,
            Exhibit.size_bytes,
            Document.type_code,
            Document.direction,
            Case.state,
        )
        .outerjoin(Document, Document.id == Exhibit.document_id)
        .outerjoin(Case, (Case.document_id == Exhibit.document_id) & Case.parent_id.is_(None))
        .where(wanted)
        .order_by(Exhibit.ordinal)
    ).all()
    of_documents = _verdicts_of_documents(reading, wanted)
    of_uploads = _verdicts_of_uploads(reading, wanted)
    lines: list[Line] = []
    slots: defaultdict[str, list[Line]] = defaultdict(list)
    for row in rows:
        verdict: str | None
        if row.document_id is not None:
            sha256, size_bytes, verdict = of_documents.get(row.document_id, (None, None, None))
        else:
            sha256, size_bytes, verdict = row.sha256, row.size_bytes, of_uploads.get(row.id)
        line = Line(
            id=row.id,
            ordinal=row.ordinal,
            slot=row.slot,
            title=row.title,
            dated_on=row.dated_on,
            document_id=row.document_id,
            type_code=row.type_code,
            organisation_id=row.organisation_id,
            sha256=sha256,
            size_bytes=size_bytes,
            verdict=verdict,
            state=row.state,
            unmet=_unmet(row.direction, row.state, verdict),
        )
        lines.append(line)
        slots[line.slot].append(line)
    return Exhibits(tuple(lines), {slot: tuple(held) for slot, held in slots.items()})


def _unmet(direction: str | None, state: str | None, verdict: str | None) -> str | None:
    if state is not None:
        if state in _LOST:
            return _LOST[state]
        if direction == "outgoing" and state not in IN_FORCE:
            return "văn bản chưa phát hành"
        if direction == "incoming" and state not in _REGISTERED:
            return "văn bản đến chưa đăng ký"
    if verdict is None:
        return "đang kiểm tra chữ ký số"
    return None if verdict == "HOP_LE" else _VERDICTS[verdict]


def _verdicts_of_documents(
    reading: Reading, wanted: ColumnElement[bool]
) -> dict[uuid.UUID, tuple[str, int, str | None]]:
    """By document: the digest and size of its main text, and what its newest report says."""
    ids = select(Exhibit.document_id).where(wanted, Exhibit.document_id.is_not(None)).distinct()
    newest = (
        select(File.document_id, func.max(Revision.ordinal).label("ordinal"), File.id)
        .join(Revision, Revision.file_id == File.id)
        .where(File.document_id.in_(ids), File.ordinal == 0, ~File.dropped)
        .group_by(File.id, File.document_id)
        .subquery()
    )
    rows = reading.session.execute(
        select(
            newest.c.document_id,
            Revision.sha256,
            Revision.size_bytes,
            Report.content,
        )
        .join(
            Revision,
            (Revision.file_id == newest.c.id) & (Revision.ordinal == newest.c.ordinal),
        )
        .join(Document, Document.id == newest.c.document_id)
        .outerjoin(
            Report,
            (Report.organisation_id == Document.organisation_id)
            & (Report.sha256 == Revision.sha256),
        )
        .order_by(Report.id)
    )
    return {
        row.document_id: (
            row.sha256,
            row.size_bytes,
            None if row.content is None else SignatureReport.verdict_in(row.content),
        )
        for row in rows
    }


def _verdicts_of_uploads(reading: Reading, wanted: ColumnElement[bool]) -> dict[uuid.UUID, str]:
    """By exhibit: what the newest report over an uploaded file says."""
    rows = reading.session.execute(
        select(Exhibit.id, Report.content)
        .join(
            Report,
            (Report.organisation_id == Exhibit.organisation_id) & (Report.sha256 == Exhibit.sha256),
        )
        .where(wanted)
        .order_by(Report.id)
    )
    return {row.id: SignatureReport.verdict_in(row.content) for row in rows}
