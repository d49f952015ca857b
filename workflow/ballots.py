"""The session of a council: named for a dossier, opened for ballots, and closed."""

from __future__ import annotations

import uuid

from workflow.office import Transaction
from workflow.records import CouncilSession, Dossier


def name_council(
    tx: Transaction, dossier_id: uuid.UUID, version: int, council_id: uuid.UUID
) -> CouncilSession:
    """Say which council the dossier comes before."""
    raise NotImplementedError


def open_session(tx: Transaction, dossier: Dossier) -> None:
    """Ballots may be cast from now on; the members are those of this day."""
    raise NotImplementedError


def close_session(tx: Transaction, dossier: Dossier) -> None:
    """No ballot is taken any more."""
    raise NotImplementedError
