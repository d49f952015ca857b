"""The registry of recognitions (danh sách được công nhận): derived, whenever it is asked for.

By which decision, since when, with how many stars, until when and whether it was withdrawn: all of
it comes from the decision's document, the ballots, the kind and the moves.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import and_, or_, select

from workflow.access import may_know_dossier
from workflow.facts.votes import vote_state
from workflow.kinds import kind_of
from workflow.office import Reading
from workflow.parties import names_of_organisations
from workflow.records import (
    Case,
    Dossier,
    DossierPaper,
    Incoming,
    Move,
    RegisterEntry,
)
from workflow.rules.kinds import Kind
from workflow.rules.results import RatingResult, valid_until
from workflow.transitions import workflow_of

#: What was made public (công bố); who takes part knows it from the decision on.
_PUBLIC = ("published", "revoked")
_DECISIONS = ("decision", "central_decision")


@dataclass(frozen=True)
class Decision:
    """The document by which it was recognised: its number and date."""

    document_id: uuid.UUID
    code: str | None
    dated_on: date | None


@dataclass(frozen=True)
class Recognition:
    """One recognition, in force or withdrawn."""

    dossier: Dossier
    case: Case
    state_label: str
    organisation: str
    kind: Kind
    decision: Decision | None
    stars: int | None
    valid_until: date | None
    withdrawn_at: datetime | None


def list_recognitions(
    reading: Reading,
    *,
    organisation_id: uuid.UUID | None = None,
    kind_code: str | None = None,
    after: uuid.UUID | None = None,
    limit: int = 50,
) -> list[Recognition]:
    """Recognitions made public, and those the actor takes part in; newest dossier first."""
    query = (
        select(Dossier, Case)
        .join(Case, and_(Case.dossier_id == Dossier.id, Case.parent_id.is_(None)))
        .where(
            or_(
                Case.state.in_(_PUBLIC),
                and_(Case.state == "recognised", may_know_dossier(reading.actor, reading.today)),
            )
        )
        .order_by(Dossier.id.desc())
        .limit(limit)
    )
    if organisation_id is not None:
        query = query.where(Dossier.organisation_id == organisation_id)
    if kind_code is not None:
        query = query.where(Dossier.kind_code == kind_code)
    if after is not None:
        query = query.where(Dossier.id < after)
    rows = reading.session.execute(query).all()
    case_ids = [case.id for _, case in rows]
    names = names_of_organisations(reading, [dossier.organisation_id for dossier, _ in rows])
    decisions, withdrawn = _decisions(reading, case_ids), _withdrawn(reading, case_ids)
    recognitions = []
    for dossier, case in rows:
        kind, decision = kind_of(reading, dossier), decisions.get(case.id)
        decided_on = decision.dated_on if decision else None
        recognitions.append(
            Recognition(
                dossier=dossier,
                case=case,
                state_label=workflow_of(reading, case).state(case.state).label,
                organisation=names[dossier.organisation_id],
                kind=kind,
                decision=decision,
                stars=_stars(reading, dossier, kind),
                valid_until=valid_until(kind, decided_on) if decided_on else None,
                withdrawn_at=withdrawn.get(case.id),
            )
        )
    return recognitions


def _stars(reading: Reading, dossier: Dossier, kind: Kind) -> int | None:
    """Recounted from the ballots; None where the kind has no grades."""
    result = vote_state(reading, dossier, kind).result if kind.grades else None
    if isinstance(result, RatingResult) and result.grade is not None:
        return result.grade.stars
    return None


def _decisions(reading: Reading, case_ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, Decision]:
    rows = reading.session.execute(
        select(DossierPaper, RegisterEntry, Incoming)
        .outerjoin(RegisterEntry, RegisterEntry.document_id == DossierPaper.document_id)
        .outerjoin(Incoming, Incoming.document_id == DossierPaper.document_id)
        .where(DossierPaper.case_id.in_(case_ids), DossierPaper.part.in_(_DECISIONS))
        .order_by(DossierPaper.id)
    )
    decisions = {}
    for paper, entry, incoming in rows:
        decision = Decision(paper.document_id, None, None)
        if incoming is not None:  # the centre's: its number and date, not those of its arrival
            decision = replace(decision, code=incoming.code, dated_on=incoming.dated_on)
        elif entry is not None:
            decision = replace(decision, code=entry.code, dated_on=entry.entered_on)
        decisions[paper.case_id] = decision
    return decisions


def _withdrawn(reading: Reading, case_ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, datetime]:
    rows = reading.session.execute(
        select(Move.case_id, Move.at).where(Move.case_id.in_(case_ids), Move.trigger == "revoke")
    )
    return {row.case_id: row.at for row in rows}
