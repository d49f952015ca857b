"""Every object that a row names is there and whole; every object is named by a row."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from signing.report import SignatureReport
from storage.errors import ObjectCorrupt, ObjectMissing
from storage.objects import Listed, ObjectRef, ObjectStore, verify
from workflow import transparency
from workflow.inspecting.findings import Finding, Kind, Step, Walk
from workflow.inspecting.index import Named
from workflow.office import Reading
from workflow.records import (
    Case,
    Document,
    DossierExportFile,
    Exhibit,
    File,
    Relation,
    Report,
    Revision,
    SignatureImage,
    SignatureMade,
    SigningIntent,
    Upload,
    job,
)

_ROWS, _OBJECTS, _STEP_BYTES = 1_000, 200, 200_000_000
_LONGEST_KEY, _BEHIND = 180, "\U0010ffff"
#: Bytes come first and their row second: an object without one is nobody's only after a day.
_YOUNG = timedelta(days=1)
_DIGEST = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class _Names:
    """Where a table names objects: its id, whose the object is, digest and size."""

    table: str
    query: Select[*tuple[Any, ...]]
    id: InstrumentedAttribute[uuid.UUID]


def _recalled() -> ColumnElement[bool]:
    """A condition on `Document`: an arrival that was recalled, or what followed one by post.

    Their bytes are destroyed (ND 30/2020 Annex VI III.8), those of the issuer's own never.
    """
    case, relation, followed = aliased(Case), aliased(Relation), aliased(Case)
    return and_(
        Document.direction == "incoming",
        or_(
            select(case.id)
            .where(case.document_id == Document.id, case.state == "recalled")
            .exists(),
            select(relation.id)
            .join(followed, followed.document_id == relation.other_id)
            .where(
                relation.document_id == Document.id,
                relation.kind == "follows",
                followed.state == "recalled",
            )
            .exists(),
        ),
    )


def _plain(table: type[Any]) -> _Names:
    query = select(table.id, table.organisation_id, table.sha256, table.size_bytes)
    return _Names(table.__tablename__, query.where(table.sha256.is_not(None)), table.id)


#: In this order; of the reports see `_pieces`.
NAMING: Sequence[_Names] = (
    _Names(
        "revision",
        select(
            Revision.id,
            Document.organisation_id,
            Revision.sha256,
            Revision.size_bytes,
            _recalled().label("recalled"),
        )
        .join(File, File.id == Revision.file_id)
        .join(Document, Document.id == File.document_id),
        Revision.id,
    ),
    _plain(Upload),
    _plain(Exhibit),
    _plain(SignatureImage),
    _plain(DossierExportFile),
    _Names(
        "signature_made",
        select(
            SignatureMade.id,
            SigningIntent.organisation_id,
            SignatureMade.sha256,
            SignatureMade.size_bytes,
        ).join(SigningIntent, SigningIntent.id == SignatureMade.intent_id),
        SignatureMade.id,
    ),
    _Names("report", select(Report.id, Report.organisation_id, Report.content), Report.id),
)
#: Columns that name bytes whose object another row answers for, or none at all.
ELSEWHERE = {
    "report.sha256": "what was judged: a revision, or an upload that nobody took up",
    "override.sha256": "a revision",
    "review.content_sha256": "a digest over several files",
    "signing_intent.base_sha256": "a revision",
    "archive_stamp.sha256": "a revision",
    "snapshot_print.sha256": "an upload",
    "pending_signature.returned_sha256": "what a program gave back, judged before it is kept",
    "log_key.certificate_sha256": "a certificate in the same row",
    "checkpoint.certificate_sha256": "a certificate in log_key",
    "signing_certificate.certificate_sha256": "a certificate in the same row",
    "access_token.token_sha256": "a secret",
    "idempotency_key.body_sha256": "the body of a request",
}


def look_at_names(walk: Walk, after: str) -> Step:
    """Some hundred rows of a table that names objects. `after`: its name and the last id."""
    table, _, row_id = after.partition(" ")
    places = [naming.table for naming in NAMING]
    if not row_id:
        following = places.index(table) + 1 if table else 0
        if following == len(places):
            walk.index.name((), None)
            return Step((), 0, None)
        table = places[following]
    naming = NAMING[places.index(table)]
    with walk.office.reading(None) as reading:
        query = naming.query.order_by(naming.id).limit(_ROWS)
        if row_id:
            query = query.where(naming.id > uuid.UUID(row_id))
        rows = reading.session.execute(query).all()
    onwards = table if len(rows) < _ROWS else f"{table} {rows[-1][0]}"
    walk.index.name(_pieces(rows) if table == "report" else _named(table, rows), onwards)
    return Step((), len(rows), onwards)


def _named(table: str, rows: Sequence[Any]) -> Iterator[Named]:
    for row_id, organisation_id, sha256, size_bytes, *recalled in rows:
        if _DIGEST.fullmatch(sha256) and size_bytes >= 0:  # else the row was edited, and is found
            ref = ObjectRef(organisation_id, sha256, size_bytes)
            living, destroyed = recalled == [False], recalled == [True]
            yield Named(ref.key, size_bytes, f"{table} {row_id}", living, destroyed)


def _pieces(rows: Sequence[Any]) -> Iterator[Named]:
    for row_id, organisation_id, content in rows:
        try:
            report = SignatureReport.from_json(content)
        except (ValueError, TypeError, KeyError):
            continue  # the row was edited, and is found
        for signature in report.signatures:
            for piece in signature.evidence:
                ref = ObjectRef(organisation_id, piece.sha256, piece.size_bytes)
                yield Named(ref.key, piece.size_bytes, f"report {row_id}", living=True)


def look_at_objects(walk: Walk, after: str) -> Step:
    """Some hundred objects, read through. `after`: the key of the last."""
    if not _all_named(walk):
        return Step((), 0, after)
    store = walk.office.objects
    listed = list(_some(store.each(after)))
    log = f"{transparency.LOG}/"
    known, strange = [], []
    for one in listed:
        size_bytes = walk.index.size_of(one.key)
        if size_bytes is not None and one.ref is not None:
            known.append(ObjectRef(one.ref.organisation, one.ref.sha256, size_bytes))
        elif not one.key.startswith(log):
            strange.append(one)
    with ThreadPoolExecutor(4) as readers:
        read = list(zip(known, readers.map(lambda ref: is_whole(store, ref), known), strict=True))
    findings = [Finding(Kind.OBJECT_ALTERED, ref.key) for ref, whole in read if whole is False]
    walk.index.see(ref.key for ref, whole in read if whole is not None)
    with walk.office.reading(None) as reading:
        findings += [Finding(Kind.ORPHAN, key) for key in orphans(reading, strange, walk)]
    return Step(findings, len(listed), place_of(listed[-1].key) if listed else None)


def _all_named(walk: Walk) -> bool:
    """Whether the scratch file has every name; else some more are taken in.

    It has none where the steps before were walked on another machine, or a restart took it away.
    """
    if walk.index.named_upto is None:
        return True
    look_at_names(walk, walk.index.named_upto)
    return False


def _some(listed: Iterable[Listed]) -> Iterator[Listed]:
    """As many as are read in a second or two."""
    left_bytes = _STEP_BYTES
    for one in islice(listed, _OBJECTS):
        yield one
        left_bytes -= one.stat.size_bytes
        if left_bytes <= 0:
            return


def place_of(key: str) -> str:
    """A key as a place that fits a column. Only one that is no object's is changed by it: what
    lies beside it under the same beginning is passed by with it."""
    text = key[:_LONGEST_KEY].encode("utf-8", "ignore").decode().replace("\0", "")
    return key if text == key else text + _BEHIND


def is_whole(store: ObjectStore, ref: ObjectRef) -> bool | None:
    """Whether an object is what its name says; None: it is listed, but there no more.

    If a row still needs that one it will be missed: a listing may be older than what it lists.
    """
    try:
        verify(store, ref)
    except ObjectCorrupt:
        return False
    except ObjectMissing:
        return None
    return True


def orphans(reading: Reading, strange: Sequence[Listed], walk: Walk) -> Iterator[str]:
    """The keys of objects that no row names and no job works on."""
    old = [one for one in strange if one.stat.stored_at < walk.started_at - _YOUNG]
    if not old:
        return
    busy = " ".join(reading.session.scalars(select(job.c.args).where(job.c.settled_at.is_(None))))
    for one in old:
        if one.ref is None or one.ref.sha256 not in busy:
            yield one.key.encode("utf-8", "backslashreplace").decode()[:250]


def look_at_absent(walk: Walk, after: str) -> Step:
    """Some hundred objects that rows name and that were not met. `after`: the key of the last."""
    if not _all_named(walk):
        return Step((), 0, after)
    unseen = walk.index.unseen(after, _OBJECTS)
    findings = []
    with walk.office.reading(None) as reading:
        for one in unseen:
            organisation, _, sha256 = one.key.split("/")
            ref = ObjectRef(uuid.UUID(organisation), sha256, one.size_bytes)
            # Stored after the walk had passed its key, or destroyed since its row was read.
            if not walk.office.objects.exists(ref) and not _destroyed(reading, ref):
                findings.append(Finding(Kind.OBJECT_MISSING, f"{one.key} {one.place}"))
    return Step(findings, len(unseen), unseen[-1].key if len(unseen) == _OBJECTS else None)


def _destroyed(reading: Reading, ref: ObjectRef) -> bool:
    """Whether only recalled documents have had these bytes as one of their files."""
    held = reading.session.scalars(
        select(_recalled())
        .select_from(Revision)
        .join(File, File.id == Revision.file_id)
        .join(Document, Document.id == File.document_id)
        .where(Revision.sha256 == ref.sha256, Document.organisation_id == ref.organisation)
    ).all()
    return bool(held) and all(held)
