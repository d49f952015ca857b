"""Handing a draft over, checking and approving it (ND 30/2020 Art. 11-12)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from storage.objects import ObjectRef
from workflow.access import find_document
from workflow.actor import Actor
from workflow.facts.outgoing import Dossier, dossier_of
from workflow.files import MAIN, add_revision
from workflow.imagery import showing
from workflow.layouts import Layout, reserve_fields
from workflow.office import Office, Transaction
from workflow.outgoing import take_step
from workflow.records import Case, File, Review, Revision
from workflow.rules.errors import GuardsUnmet, NotFound
from workflow.stamps import Showing
from workflow.transitions import stated


@dataclass(frozen=True)
class Prepared:
    """A file's bytes as they may be signed, made from these; None where they may as they are."""

    base_sha256: str
    ref: ObjectRef | None


def prepare(office: Office, actor: Actor, document_id: uuid.UUID) -> list[Prepared]:
    """Make every file of the draft one that can be signed; slow, so before `submit`.

    Files whose structure readers take differently are rewritten, and number, date and signature
    fields are reserved in the main text: now, so that every later digest includes them.

    Raises:
        UnreadableDocument: a file cannot be signed.
        GuardsUnmet: a signature is to show, and its place is neither given nor found.
    """
    with office.reading(actor) as reading:
        find_document(reading, document_id, "outgoing")
        held = dossier_of(reading, document_id)
        shown = showing(reading, held)
    if not held.files:
        raise NotFound("Tệp văn bản")
    return [_prepared(office, held, shown, file, revision) for file, revision in held.files]


def _prepared(
    office: Office, held: Dossier, shown: Showing, file: File, revision: Revision
) -> Prepared:
    if revision.made_as != "draft":
        return Prepared(revision.sha256, None)
    organisation_id = held.document.organisation_id
    with (
        office.local_copy(organisation_id, revision.sha256, revision.size_bytes) as source,
        TemporaryDirectory(prefix="vanthu-") as folder,
    ):
        sound, target = Path(folder) / "sound.pdf", Path(folder) / "prepared.pdf"
        rewritten = office.sealing.make_sound(source, sound)
        made = sound if rewritten else source
        if file.ordinal == MAIN:
            layout = Layout.from_json(held.outgoing.layout)
            sandbox, seal = office.sealing.sandbox, held.outgoing.seal_required
            reserve_fields(sandbox, made, target, layout, shown, seal=seal)
            made = target
        elif not rewritten:
            return Prepared(revision.sha256, None)
        limit = made.stat().st_size
        return Prepared(revision.sha256, office.keep(organisation_id, made, max_bytes=limit))


def submit(
    tx: Transaction, document_id: uuid.UUID, version: int, prepared: Sequence[Prepared]
) -> Case:
    """Hand the draft over for checking, every file as it will be signed."""

    def reserve(_case: Case, held: Dossier) -> None:
        if [revision.sha256 for revision in held.revisions] != [p.base_sha256 for p in prepared]:
            raise GuardsUnmet(["Dự thảo vừa được thay đổi. Hãy tải lại rồi trình lại."])
        for (file, _), made in zip(held.files, prepared, strict=True):
            if made.ref is not None:
                sha256, size_bytes = made.ref.sha256, made.ref.size_bytes
                add_revision(tx, file, sha256=sha256, size_bytes=size_bytes, made_as="prepared")

    return take_step(tx, document_id, version, "submit", {"prepare_fields": reserve})


_REVIEWS = {
    "check_content": ("content", "record_content_check"),
    "approve": ("approval", "record_approval"),
    "check_format": ("format", "record_format_check"),
}


def review(
    tx: Transaction,
    document_id: uuid.UUID,
    version: int,
    trigger: str,
    content: str,
    opinion: str | None = None,
) -> Case:
    """Check the content, approve, or check the form, of exactly the bytes that were read.

    `content` is the digest of what the reviewer saw (see `files.content_sha256`).
    """
    kind, effect = _REVIEWS[trigger]

    def record(_case: Case, _held: Dossier) -> None:
        tx.add(
            Review(
                document_id=document_id,
                kind=kind,
                content_sha256=content,
                person_id=tx.actor.person_id,
                at=tx.now,
            )
        )

    return take_step(
        tx, document_id, version, trigger, {effect: record}, content=content, opinion=opinion
    )


def give_back(
    tx: Transaction, document_id: uuid.UUID, version: int, trigger: str, reason: str | None
) -> Case:
    """Return (chuyển lại), withdraw or cancel; the reason is kept with the move."""
    return take_step(
        tx,
        document_id,
        version,
        trigger,
        {"record_reason": lambda _case, _held: stated(reason)()},
        opinion=reason,
    )
