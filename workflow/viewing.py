"""The access log: who looked at what, when (ND 30/2020 Annex VI: access and view history).

A chain of its own beside the organisation's: reading must not wait for writing, and a destroyed
document's readers stay known.
"""

from __future__ import annotations

import uuid

from workflow.office import Actor, Office


def access_chain(organisation_id: uuid.UUID) -> str:
    """The name of an organisation's access chain."""
    return f"access:{organisation_id}"


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
