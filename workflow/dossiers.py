"""One step of a dossier: found, locked, fired and journalled, whatever the step."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import select

from workflow.access import find_dossier
from workflow.calendars import calendar_of
from workflow.facts.dossier import dossier_facts
from workflow.kinds import kind_of
from workflow.office import Reading, Transaction
from workflow.parties import parties_of
from workflow.records import Case, Dossier, Move
from workflow.rules import machine
from workflow.rules.catalogues import CATALOGUES
from workflow.rules.deadlines import local_date, working_days_between
from workflow.rules.errors import NotFound
from workflow.transitions import fire, roles_in, workflow_of

Work = Callable[[Case, Dossier], object]


def case_of(reading: Reading, dossier_id: uuid.UUID) -> Case:
    """The case that moves the dossier itself."""
    case = reading.session.scalar(
        select(Case).where(Case.dossier_id == dossier_id, Case.parent_id.is_(None))
    )
    if case is None:
        raise NotFound("Hồ sơ")
    return case


def lock_dossier(
    tx: Transaction, dossier_id: uuid.UUID, version: int | None = None
) -> tuple[Dossier, Case]:
    """The dossier with its case, locked at the version the actor has seen.

    Raises:
        NotFound: also where the actor may not know of it. StaleVersion.
    """
    dossier = find_dossier(tx, dossier_id)
    return dossier, tx.lock_case(case_of(tx, dossier.id).id, version)


def take_step(
    tx: Transaction,
    dossier_id: uuid.UUID,
    version: int,
    trigger: str,
    effects: Mapping[str, Work],
    *,
    opinion: str | None = None,
) -> Case:
    """A person's step of a dossier.

    Raises:
        NotFound, StaleVersion, TransitionNotAllowed, Forbidden.
        GuardsUnmet: with every sentence of what is missing.
    """
    dossier, case = lock_dossier(tx, dossier_id, version)
    _fire(tx, dossier, case, trigger, effects, opinion=opinion)
    return case


def take_system_step(
    tx: Transaction, case: Case, trigger: str, effects: Mapping[str, Work]
) -> None:
    """A step of a dossier's locked case that another case takes."""
    _fire(tx, tx.get(Dossier, case.dossier_id), case, trigger, effects, system=True)


def _fire(
    tx: Transaction,
    dossier: Dossier,
    case: Case,
    trigger: str,
    effects: Mapping[str, Work],
    *,
    opinion: str | None = None,
    system: bool = False,
) -> None:
    def bound(work: Work) -> Callable[[], object]:
        return lambda: work(case, dossier)

    step = fire(
        tx,
        case,
        trigger,
        dossier_facts(tx, dossier, case),
        effects={name: bound(work) for name, work in effects.items()},
        opinion=opinion,
        parties=parties_of(tx, dossier),
        days=_days(tx, dossier, case),
        system=system,
    )
    journal(tx, dossier, trigger, case, source=step.source, target=step.target)


def may_amend(tx: Transaction, dossier: Dossier, case: Case, trigger: str) -> None:
    """Refuse a change of the contents where the procedure has no such step now.

    Raises:
        TransitionNotAllowed, Forbidden, GuardsUnmet.
    """
    workflow = workflow_of(tx, case)
    roles = roles_in(tx, case, parties_of(tx, dossier))
    steps = [s for s in workflow.leaving(case.state, system=False) if s.trigger == trigger]
    # A change of thousands of pieces asks for all that is known of them only where a guard does.
    judged = any(step.guards or step.when for step in steps)
    facts = dossier_facts(tx, dossier, case) if judged else None
    machine.decide(workflow, case.state, trigger, roles, facts, CATALOGUES["dossier"].guards)


def journal(tx: Transaction, dossier: Dossier, action: str, case: Case, **facts: Any) -> None:
    """Write an act into the chain of whoever opened the dossier, whoever acts."""
    tx.journal(f"dossier.{action}", dossier.organisation_id, dossier.id, case=case.id, **facts)


def _days(tx: Transaction, dossier: Dossier, case: Case) -> Mapping[str, int]:
    """How many working days the kind gives each step.

    While the applicant supplements, the office's clock stands: of the days to check the dossier
    those are gone on which it lay there before.
    """
    kind = kind_of(tx, dossier)
    days = dict(kind.days)
    calendar = calendar_of(tx.session, dossier.office_id, tx.today)
    lain = sum(
        working_days_between(calendar, local_date(move.entered_at), local_date(move.at))
        for move in tx.session.scalars(
            select(Move).where(Move.case_id == case.id, Move.source == "submitted")
        )
    )
    if "DOSSIER_CHECK" in days:
        days["DOSSIER_CHECK"] = max(days["DOSSIER_CHECK"] - lain, 0)
    return days
