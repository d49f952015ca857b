"""Handing a draft over, checking and approving it (ND 30/2020 Art. 11-12)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from storage.objects import ObjectRef
from workflow.access import find_document
from workflow.facts.outgoing import Dossier, dossier_of
from workflow.files import MAIN, add_revision
from workflow.office import Actor, Office, Transaction
from workflow.outgoing import take_step
from workflow.records import Case, Review
from workflow.rules.errors import GuardsUnmet, NotFound
from workflow.sealing import Layout
from workflow.transitions import stated


@dataclass(frozen=True)
class Prepared:
    """Bytes with fields reserved, made from this draft; None where they were reserved already."""

    base_sha256: str
    ref: ObjectRef | None


def prepare(office: Office, actor: Actor, document_id: uuid.UUID) -> Prepared:
    """Reserve number, date and signature fields in the draft; slow, so before `submit`.

    They are reserved now so that every later digest includes them (signing after this only fills
    and signs what is there).

    Raises:
        UnreadableDocument: the draft cannot be signed.
    """
    with office.reading(actor) as reading:
        find_document(reading, document_id, "outgoing")
        held = dossier_of(reading, document_id)
    if not held.files:
        raise NotFound("Tệp văn bản")
    base = held.revisions[MAIN]
    if base.made_as != "draft":
        return Prepared(base.sha256, None)
    organisation_id = held.document.organisation_id
    with (
        office.local_copy(organisation_id, base.sha256, base.size_bytes) as source,
        TemporaryDirectory(prefix="vanthu-") as folder,
    ):
        target = Path(folder) / "prepared.pdf"
        office.sealing.reserve_fields(
            source,
            target,
            Layout.from_json(held.outgoing.layout),
            len(held.signers),
            seal=held.outgoing.seal_required,
        )
        return Prepared(
            base.sha256,
            office.keep(organisation_id, target, max_bytes=base.size_bytes + 1_000_000),
        )


def submit(tx: Transaction, document_id: uuid.UUID, version: int, prepared: Prepared) -> Case:
    """Hand the draft over for checking, with its fields reserved."""

    def reserve(_case: Case, held: Dossier) -> None:
        file, revision = held.files[MAIN]
        if revision.sha256 != prepared.base_sha256:
            raise GuardsUnmet(["Dự thảo vừa được thay đổi. Hãy tải lại rồi trình lại."])
        if prepared.ref is not None:
            add_revision(
                tx,
                file,
                sha256=prepared.ref.sha256,
                size_bytes=prepared.ref.size_bytes,
                made_as="prepared",
            )

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
