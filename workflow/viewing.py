"""Looking: the bytes of documents of today and before, and the log of who looked at what.

The log is a chain of its own beside the organisation's (ND 30/2020 Annex VI: access and view
history): looking must not wait for work, and a destroyed document's readers stay known.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Select, select

from signing.report import EvidencePiece, SignatureReport
from workflow.access import access_chain, audited, find_document, main_case
from workflow.actor import Actor
from workflow.calendars import those_under
from workflow.office import Office, Reading
from workflow.records import (
    Case,
    Council,
    Document,
    Dossier,
    File,
    Issuer,
    Report,
    Revision,
    SigningBatch,
    WorkFile,
)
from workflow.rules.errors import NotFound


def record_view(
    office: Office,
    actor: Actor,
    organisation_id: uuid.UUID,
    document_id: uuid.UUID,
    what: str,
    sha256: str | None = None,
) -> None:
    """Write down that the actor is about to be shown `what` of a document, or these bytes of it."""
    with office.transaction(actor) as tx:
        tx.journal(
            "document.viewed", access_chain(organisation_id), document_id, what=what, sha256=sha256
        )


#: Of which organisation a thing is, by the name of the parameter that names it.
_WHOSE: Final[Mapping[str, Callable[[uuid.UUID], Select[*tuple[Any, ...]]]]] = {
    "document_id": lambda one: select(Document.organisation_id).where(Document.id == one),
    "case_id": lambda one: select(Case.organisation_id).where(Case.id == one),
    "issuer_id": lambda one: select(Issuer.organisation_id).where(Issuer.id == one),
    "issuer": lambda one: select(Issuer.organisation_id).where(Issuer.id == one),
    "work_file_id": lambda one: select(WorkFile.organisation_id).where(WorkFile.id == one),
    "batch_id": lambda one: select(SigningBatch.organisation_id).where(SigningBatch.id == one),
    "council_id": lambda one: select(Council.organisation_id).where(Council.id == one),
    # Each that takes part in a dossier may be the one as whose auditor it is seen.
    "dossier_id": lambda one: select(
        Dossier.organisation_id, Dossier.office_id, Dossier.province_id, Dossier.district_id
    ).where(Dossier.id == one),
}
#: Named as what is looked at, or as what a list of one's own is narrowed to.
_ORGANISATION: Final = ("organisation_id", "organisation")


def record_look(
    office: Office,
    actor: Actor,
    route: str,
    asked: Mapping[str, str],
    *,
    below: bool,
) -> None:
    """Write down that an auditor asks this, in the access chain of each organisation it is about.

    Only where the actor is an auditor and nothing else: what others look at is written by document.
    `asked` are the parameters by their names. Where none of them names a thing it is about all that
    the actor audits, with `below` about those under the one that is named too.

    Raises:
        Unavailable: it cannot be written, and so is not shown.
    """
    theirs = audited(actor)
    if not theirs:
        return
    with office.transaction(actor) as tx:
        subject, about = _about(tx, asked, theirs)
        if below and about:
            about |= those_under(tx.session, about, tx.today)
        for organisation_id in sorted(about & theirs):  # one order, so that nobody waits in a ring
            tx.journal(
                "organisation.audited",
                access_chain(organisation_id),
                subject or organisation_id,
                route=route,
                asked=dict(asked),
            )


def _about(
    reading: Reading, asked: Mapping[str, str], theirs: frozenset[uuid.UUID]
) -> tuple[uuid.UUID | None, frozenset[uuid.UUID]]:
    """The first thing that is named, and whose it is: nobody's when there is no such thing.

    What belongs to none with whom the actor has anything to do is shown, if at all, because one
    that they audit takes part in it, as a department in another's dossier: it is about all those.
    """
    for name, text in asked.items():
        if name not in _WHOSE and name not in _ORGANISATION:
            continue
        try:
            one = uuid.UUID(text)
        except ValueError:
            return None, frozenset()  # the route will refuse it
        if name == "organisation_id":
            return one, frozenset({one})
        if name == "organisation":
            whose = frozenset({one})
        else:
            row = reading.session.execute(_WHOSE[name](one)).one_or_none()
            whose = frozenset(filter(None, row or ()))
        elsewhere = bool(whose) and whose.isdisjoint(reading.actor.roles)
        return one, theirs if elsewhere else whose
    return None, theirs


def find_revision(
    reading: Reading, document_id: uuid.UUID, file_id: uuid.UUID, sha256: str | None
) -> tuple[Document, File, Revision]:
    """Bytes of a document's file: the newest, or those with this digest (earlier ones are kept).

    Raises:
        NotFound: also where the actor may not know of the document, and once a recall destroyed
            the receiver's copy.
    """
    document = find_document(reading, document_id)
    recalled = main_case(reading, document_id).state == "recalled"
    query = (
        select(File, Revision)
        .join(Revision, Revision.file_id == File.id)
        .where(File.document_id == document_id, File.id == file_id)
        .order_by(Revision.ordinal.desc())
        .limit(1)
    )
    if sha256 is not None:
        query = query.where(Revision.sha256 == sha256)
    row = reading.session.execute(query).one_or_none()
    if row is None or (recalled and document.direction == "incoming"):
        raise NotFound("Tệp văn bản")
    file, revision = row
    return document, file, revision


def find_evidence(
    reading: Reading, document: Document, revision: Revision, sha256: str
) -> EvidencePiece:
    """A piece that some report over these bytes was judged by.

    Raises:
        NotFound
    """
    reports = reading.session.scalars(
        select(Report).where(
            Report.organisation_id == document.organisation_id, Report.sha256 == revision.sha256
        )
    )
    for report in reports:
        for signature in SignatureReport.from_json(report.content).signatures:
            for piece in signature.evidence:
                if piece.sha256 == sha256:
                    return piece
    raise NotFound("Bằng chứng kiểm tra chữ ký số")


@dataclass(frozen=True)
class Kept:
    """Bytes that a document had or has, and every verdict on them."""

    file: File
    revision: Revision
    verdicts: Sequence[Report]


def history(reading: Reading, document_id: uuid.UUID) -> list[Kept]:
    """Every revision of every file of a document in the order of its making, drafts included.

    Raises:
        NotFound: also where the actor may not know of the document.
    """
    document = find_document(reading, document_id)
    rows = reading.session.execute(
        select(File, Revision)
        .join(Revision, Revision.file_id == File.id)
        .where(File.document_id == document_id)
        .order_by(Revision.id)
    ).all()
    verdicts: dict[str, list[Report]] = {revision.sha256: [] for _, revision in rows}
    for report in reading.session.scalars(
        select(Report)
        .where(
            Report.organisation_id == document.organisation_id, Report.sha256.in_(list(verdicts))
        )
        .order_by(Report.id)
    ):
        verdicts[report.sha256].append(report)
    return [Kept(file, revision, verdicts[revision.sha256]) for file, revision in rows]
