"""The session of a council: named for a dossier, opened for ballots, and closed."""

from __future__ import annotations

import uuid

from workflow.dossiers import take_step
from workflow.facts.votes import session_of
from workflow.office import Transaction
from workflow.parties import parties_of
from workflow.records import Case, Council, CouncilSession, Dossier
from workflow.rules.errors import Invalid


def name_council(
    tx: Transaction, dossier_id: uuid.UUID, version: int, council_id: uuid.UUID
) -> CouncilSession:
    """Say which council the dossier comes before; until the vote is opened, another may be named.

    Raises:
        NotFound, StaleVersion, TransitionNotAllowed, Forbidden.
        Invalid: not a council of the office or the province, or not in force today.
    """
    named: list[CouncilSession] = []

    def name(_case: Case, dossier: Dossier) -> None:
        council = tx.session.get(Council, council_id)
        parties = parties_of(tx, dossier)
        # A council may have been set up before its agency had a successor.
        its_own = {dossier.office_id, dossier.province_id, parties["office"], parties["province"]}
        if council is None or council.organisation_id not in its_own:
            raise Invalid(
                [("/council_id", "Phải là Hội đồng của cơ quan thường trực hoặc UBND tỉnh.")]
            )
        if not _in_force(tx, council):
            raise Invalid([("/council_id", "Hội đồng này hôm nay không có hiệu lực.")])
        session = session_of(tx, dossier.id)
        if session is None or session.opened_at is not None:
            session = CouncilSession(dossier_id=dossier.id)
        session.council_id, session.named_by = council.id, tx.actor.person_id
        named.append(tx.add(session))

    take_step(tx, dossier_id, version, "name_council", {"name_session": name})
    return named[0]


def open_session(tx: Transaction, dossier: Dossier) -> None:
    """Ballots may be cast from now on; the members are those of this day."""
    session = _session(tx, dossier)
    # Whoever changes the members waits here, and then finds that they voted today.
    tx.session.get(Council, session.council_id, with_for_update=True)
    session.opened_at, session.opened_on = tx.now, tx.today


def close_session(tx: Transaction, dossier: Dossier) -> None:
    """No ballot is taken any more."""
    _session(tx, dossier).closed_at = tx.now


def _session(tx: Transaction, dossier: Dossier) -> CouncilSession:
    session = session_of(tx, dossier.id)
    assert session is not None  # the guard `council_named` held
    return session


def _in_force(tx: Transaction, council: Council) -> bool:
    ended = council.valid_to is not None and council.valid_to <= tx.today
    return council.valid_from <= tx.today and not ended
