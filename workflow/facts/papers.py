"""The papers of a dossier's steps: whether each is there, issued by the right body, and signed."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping

from sqlalchemy import func, select

from workflow.facts.outgoing import dossier_of, facts_of
from workflow.facts.received import received
from workflow.office import Reading
from workflow.parties import parties_of
from workflow.records import Case, Document, Dossier, DossierPaper, Move
from workflow.rules.outgoing import (
    files_sealed,
    no_signer_remains,
    number_in_bytes,
    seal_holds,
    signatures_hold,
)
from workflow.rules.papers import PARTS, Part

#: States in which an outgoing document speaks for its issuer.
IN_FORCE = frozenset({"issued", "filed", "corrected", "amended"})
_LOST = {
    "recalled": "đã bị thu hồi",
    "replaced": "đã được thay thế",
    "voided": "đã hủy số",
    "cancelled": "đã hủy dự thảo",
}


def papers_of(reading: Reading, case: Case) -> Mapping[str, Document]:
    """The documents that serve as the papers of a case, by part: of each the one linked last.

    Those linked before the dossier was submitted anew are of a round that is over.
    """
    submitted = (
        select(Move.id)
        .where(Move.case_id == case.id, Move.target == "submitted", Move.source != "submitted")
        .order_by(Move.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    rows = reading.session.execute(
        select(DossierPaper.part, Document)
        .join(Document, Document.id == DossierPaper.document_id)
        .where(
            DossierPaper.case_id == case.id,
            # Ids are in the order of time.
            DossierPaper.id > func.coalesce(submitted, case.id),
        )
        .order_by(DossierPaper.id)
    )
    return {row.part: row.Document for row in rows}


def papers_unmet(
    reading: Reading, case: Case, dossier: Dossier, parts: Iterable[str]
) -> Mapping[str, str | None]:
    """Of each of these papers, why there is none that holds; None where there is.

    It is asked of their reports each time, and never stored.
    """
    held = papers_of(reading, case)
    return {part: _unmet(reading, case, dossier, PARTS[part], held.get(part)) for part in parts}


def paper_unmet(reading: Reading, case: Case, dossier: Dossier, part: str) -> str | None:
    """The same of one paper."""
    return papers_unmet(reading, case, dossier, [part])[part]


def _unmet(
    reading: Reading, case: Case, dossier: Dossier, wanted: Part, document: Document | None
) -> str | None:
    if document is None:
        return f"Chưa có {_title(wanted)}."
    wrong = body_unmet(reading, case, dossier, wanted, document)
    if wrong is not None:
        return wrong
    return (
        _arrived(reading, wanted, document)
        if wanted.incoming
        else _issued(reading, wanted, document)
    )


def body_unmet(
    reading: Reading, case: Case, dossier: Dossier, wanted: Part, document: Document
) -> str | None:
    """Why a document cannot be this paper at all: its body, its direction or its type."""
    body = (
        case.organisation_id
        if wanted.party == "own"
        else parties_of(reading, dossier).get(wanted.party)
    )
    direction = "incoming" if wanted.incoming else "outgoing"
    if document.direction != direction or document.organisation_id != body:
        return f"{wanted.title} không phải văn bản của cơ quan phải ban hành."
    if document.type_code not in wanted.doc_types:
        return f"{wanted.title} không đúng loại văn bản."
    return None


def state_of(reading: Reading, document_id: uuid.UUID) -> str:
    """Where a document stands."""
    return reading.session.scalars(
        select(Case.state).where(Case.document_id == document_id, Case.parent_id.is_(None))
    ).one()


def _issued(reading: Reading, wanted: Part, document: Document) -> str | None:
    state = state_of(reading, document.id)
    if state not in IN_FORCE:
        return f"{wanted.title} {_LOST.get(state, 'chưa phát hành')}."
    facts = facts_of(reading, dossier_of(reading, document.id))
    guards = (no_signer_remains, signatures_hold, number_in_bytes, files_sealed)
    for guard in (*guards, seal_holds) if facts.seal_required else guards:
        reason = guard(facts)
        if reason is not None:
            return f"{wanted.title}: {reason}"
    return None


def _arrived(reading: Reading, wanted: Part, document: Document) -> str | None:
    if state_of(reading, document.id) not in ("registered", "submitted", "assigned", "completed"):
        return f"{wanted.title} chưa đăng ký vào sổ văn bản đến."
    held = received(reading, document.id)
    report = held.reports.get(held.main[0].id) if held.main else None
    if report is None or report.verdict != "HOP_LE":
        return f"{wanted.title} không có chữ ký số hợp lệ."
    return None


def _title(part: Part) -> str:
    return part.title[0].lower() + part.title[1:]
