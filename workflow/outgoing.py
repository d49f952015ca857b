"""One step of an outgoing document: found, locked, fired and journalled, whatever the step."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from workflow.access import find_document, main_case
from workflow.facts.outgoing import Dossier, approved_content, dossier_of, facts_of
from workflow.judging import Signed
from workflow.office import Reading, Transaction
from workflow.records import Case
from workflow.rules.errors import GuardsUnmet
from workflow.transitions import fire, last_entered

Work = Callable[[Case, Dossier], object]


def take_step(
    tx: Transaction,
    document_id: uuid.UUID,
    version: int,
    trigger: str,
    effects: Mapping[str, Work],
    *,
    content: str | None = None,
    opinion: str | None = None,
) -> Case:
    """A person's step. `content` is the digest of what that person saw, where it matters.

    Raises:
        NotFound: no such document, or one the actor may not know of. StaleVersion.
        GuardsUnmet: the bytes are others than those seen (Art. 11.2), or a condition of the step.
    """
    document = find_document(tx, document_id, "outgoing")
    case = tx.lock_case(main_case(tx, document.id).id, version)
    held = dossier_of(tx, document.id)

    def on_what_was_seen(work: Work) -> Work:
        def checked(case: Case, held: Dossier) -> object:
            if content is not None and approved_content(tx, document.id) != content:
                raise GuardsUnmet(["Văn bản đã khác bản vừa xem. Hãy xem lại bản hiện tại."])
            return work(case, held)

        return checked

    # Checked last: whoever may not take this step at all is told that, and not to look again.
    bound = {name: on_what_was_seen(work) for name, work in effects.items()}
    _fire(tx, case, held, trigger, bound, opinion=opinion)
    return case


def take_system_step(
    tx: Transaction,
    case: Case,
    trigger: str,
    effects: Mapping[str, Work],
    *,
    pending: Sequence[Signed] = (),
    opinion: str | None = None,
    **facts: Any,
) -> None:
    """A step of a locked case that a job or another document's issue takes."""
    held = dossier_of(tx, case.document_id)
    _fire(
        tx, case, held, trigger, effects, pending=pending, opinion=opinion, system=True, facts=facts
    )


def _fire(
    tx: Transaction,
    case: Case,
    held: Dossier,
    trigger: str,
    effects: Mapping[str, Work],
    *,
    pending: Sequence[Signed] = (),
    opinion: str | None = None,
    system: bool = False,
    facts: Mapping[str, Any] | None = None,
) -> None:
    def bound(work: Work) -> Callable[[], object]:
        return lambda: work(case, held)

    step = fire(
        tx,
        case,
        trigger,
        facts_of(tx, held, pending=pending),
        effects={name: bound(work) for name, work in effects.items()},
        opinion=opinion,
        starts=_deadline_starts(tx, case),
        system=system,
    )
    tx.journal(
        f"outgoing.{trigger}",
        case.organisation_id,
        case.document_id,
        case=case.id,
        source=step.source,
        target=step.target,
        **(facts or {}),
    )


def _deadline_starts(reading: Reading, case: Case) -> Mapping[str, datetime]:
    """The clocks of Art. 15.2 and 18.1 run from the signing, whatever came after it."""
    signed_at = last_entered(reading, case.id, "signed")
    return {} if signed_at is None else {"OUT_ISSUE": signed_at, "OUT_NUMBER_PAPER": signed_at}
