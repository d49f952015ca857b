"""Bytes sent before the document that will use them."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping

from sqlalchemy import select

from storage.objects import ObjectRef
from workflow.office import Reading, Transaction
from workflow.records import Upload
from workflow.rules.errors import Forbidden, NotFound
from workflow.rules.roles import AUDITOR, ROLES


def may_upload(reading: Reading, organisation_id: uuid.UUID) -> None:
    """Raises NotFound unless the actor holds a role in the organisation, Forbidden for auditors."""
    roles = reading.actor.roles_in(organisation_id)
    if not roles:
        raise NotFound("Cơ quan")
    if roles == {AUDITOR}:
        raise Forbidden([role for role in ROLES if role != AUDITOR])


def record_upload(tx: Transaction, organisation_id: uuid.UUID, ref: ObjectRef) -> Upload:
    """Remember that the actor sent these bytes, which are stored already.

    Raises:
        NotFound: the actor holds no role in the organisation.
    """
    may_upload(tx, organisation_id)
    upload = tx.add(
        Upload(
            organisation_id=organisation_id,
            person_id=tx.actor.person_id,
            sha256=ref.sha256,
            size_bytes=ref.size_bytes,
            uploaded_at=tx.now,
        )
    )
    tx.session.flush()
    tx.journal("upload.received", organisation_id, upload.id, sha256=ref.sha256)
    return upload


def take_upload(reading: Reading, upload_id: uuid.UUID, organisation_id: uuid.UUID) -> Upload:
    """The actor's own upload to this organisation, or NotFound: a digest is no key to bytes."""
    return take_uploads(reading, [upload_id], organisation_id)[upload_id]


def take_uploads(
    reading: Reading, upload_ids: Collection[uuid.UUID], organisation_id: uuid.UUID
) -> Mapping[uuid.UUID, Upload]:
    """The same of many, in one query."""
    taken = {
        upload.id: upload
        for upload in reading.session.scalars(
            select(Upload).where(
                Upload.id.in_(upload_ids),
                Upload.organisation_id == organisation_id,
                Upload.person_id == reading.actor.person_id,
            )
        )
    }
    if len(taken) < len(set(upload_ids)):
        raise NotFound("Tệp đã tải lên")
    return taken
