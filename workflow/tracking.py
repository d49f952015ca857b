"""Following work (theo dõi, đôn đốc): in-trays, what was said of deadlines, and every move.

An in-tray is a page over open cases, read from indexes on whose move it is. Every branch of a
person's tray (a role, a unit, a person) is an index scan of one page, and the tray is merged from
these: how much an office has open altogether costs nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import ColumnElement, Select, and_, or_, select, tuple_, union

from workflow.access import SEES_ALL, audited, find_document, find_dossier
from workflow.actor import Actor
from workflow.appraisals import find_criterion, find_part
from workflow.office import Reading
from workflow.records import Case, Document, Dossier, Involvement, Move, Person, Reminder
from workflow.transitions import workflow_of
from workflow.work_lines import WorkLine, known, lines_of

#: Cases of a tray by their ids and deadlines.
Branch = Select[uuid.UUID, datetime | None]
Tray = Literal["mine", "unit", "waiting", "overdue"]
#: What a substitute does for the absent person: nothing that is signed, approved or drafted.
PASSED_ON: Final = ("task", "reading", "criterion")

_OPEN: Final = Case.closed_at.is_(None)
_URGENT_FIRST: Final = (Case.due_at.is_(None), Case.due_at, Case.id)


@dataclass(frozen=True)
class Place:
    """Where a page of a tray ended."""

    due_at: datetime | None
    case_id: uuid.UUID


def in_tray(
    reading: Reading, tray: Tray, *, after: Place | None = None, limit: int = 50
) -> list[WorkLine]:
    """A page of one of the actor's trays.

    `mine`: what is the actor's move, in person, for somebody who is away or by a role. `unit`: what
    is with the actor's units, as far as the actor may know of it. Both with the most urgent first,
    and what has no deadline at the end. `waiting`: what the actor took part in and others must
    move, the newest first. `overdue`: what is past its deadline and known to the actor, the longest
    overdue first.
    """
    if tray == "waiting":
        page = _waiting(reading, _involved(reading), after, limit).subquery()
        return [line for line, _ in lines_of(reading, page, Case.id.desc())]
    if tray == "mine":
        branches = _mine(reading)
    elif tray == "unit":
        branches = _unit(reading, _involved(reading))
    else:
        involved = _involved(reading)
        everywhere = (*_mine(reading), *_unit(reading, involved), *_seen(reading, involved))
        branches = [
            branch.where(branch.selected_columns.due_at < reading.now) for branch in everywhere
        ]
    parts = [part for branch in branches for part in _scans(branch, after, limit)]
    if not parts:
        return []
    merged = union(*parts).subquery()
    page = (
        select(merged)
        .order_by(merged.c.due_at.is_(None), merged.c.due_at, merged.c.case_id)
        .limit(limit)
        .subquery()
    )
    return [line for line, _ in lines_of(reading, page, *_URGENT_FIRST)]


def _branch(*conditions: ColumnElement[bool]) -> Branch:
    return select(Case.id.label("case_id"), Case.due_at).where(_OPEN, *conditions)


def _scans(branch: Branch, after: Place | None, limit: int) -> Iterator[Branch]:
    """The branch's next page as two scans of its index: what has a deadline, and what has none.

    Apart, because NULLs are first in one database and last in the other, and beyond the reach of a
    comparison in both.
    """
    due_at, case_id = branch.selected_columns.due_at, branch.selected_columns.case_id
    timed: ColumnElement[bool] = due_at.is_not(None)
    untimed: ColumnElement[bool] = due_at.is_(None)
    if after is not None and after.due_at is None:
        untimed = and_(untimed, case_id > after.case_id)
    elif after is not None:
        timed = tuple_(due_at, case_id) > (after.due_at, after.case_id)
    wanted = [untimed] if after is not None and after.due_at is None else [timed, untimed]
    for condition in wanted:
        scan = branch.where(condition).order_by(due_at, case_id).limit(limit).subquery()
        yield select(scan.c.case_id, scan.c.due_at)


def _mine(reading: Reading) -> list[Branch]:
    """What is the actor's move: in person while in that organisation, for the absent, by a role."""
    actor = reading.actor
    here = Case.holder_id.in_(list(actor.roles))
    own = [_branch(Case.holder_person_id == actor.person_id, here)]
    passed_on = [
        _branch(Case.holder_person_id == absent, here, Case.definition_name.in_(PASSED_ON))
        for absent in sorted(actor.stands_in_for)
    ]
    by_role = [
        _branch(Case.holder_id == organisation_id, Case.holder_role == role)
        for organisation_id, roles in _working(actor)
        for role in sorted(roles)
    ]
    return own + passed_on + by_role


def _unit(reading: Reading, involved: Branch) -> list[Branch]:
    """What is with the actor's units: all of it for their heads and for who sees everything; until
    it is given to somebody others know of it only if they took part."""
    actor = reading.actor
    whole = actor.units if _sees_everything(actor) else actor.headed_units
    branches = [_branch(Case.holder_unit_id == unit_id) for unit_id in sorted(whole)]
    others = sorted(actor.units - whole)
    if others:
        branches.append(involved.where(Case.holder_unit_id.in_(others)))
    return branches


def _working(actor: Actor) -> Iterator[tuple[uuid.UUID, frozenset[str]]]:
    """The actor's roles where there is work for them: an auditor has none."""
    theirs = audited(actor)
    return ((one, roles) for one, roles in actor.roles.items() if one not in theirs)


def _sees_everything(actor: Actor) -> bool:
    return len(actor.organisations_where(SEES_ALL)) == len(actor.roles)


def _seen(reading: Reading, involved: Branch) -> list[Branch]:
    """What else the actor may see: in an organisation that is seen whole what others owe it and it
    owes others, elsewhere what the actor took part in."""
    theirs = audited(reading.actor)
    whole = [one for one in reading.actor.organisations_where(SEES_ALL) if one not in theirs]
    # A province's auditor has hundreds of them: one scan of all, or the query outgrows SQLite.
    groups = [*([one] for one in whole), *([sorted(theirs)] if theirs else [])]
    branches = [_branch(Case.holder_id.in_(group)) for group in groups]
    branches += [
        _branch(Case.organisation_id.in_(group), Case.holder_id != Case.organisation_id)
        for group in groups
    ]
    if not _sees_everything(reading.actor):
        branches.append(involved)
    return branches


def _involved(reading: Reading) -> Branch:
    """What the actor took part in and may still know of."""
    return (
        select(Involvement.case_id, Involvement.due_at)
        .join(Case, Case.id == Involvement.case_id)
        .outerjoin(Document, Document.id == Case.document_id)
        .outerjoin(Dossier, Dossier.id == Case.dossier_id)
        .where(Involvement.person_id == reading.actor.person_id, _OPEN, known(reading))
    )


def _waiting(reading: Reading, involved: Branch, after: Place | None, limit: int) -> Branch:
    """What the actor took part in and is another's move now, in the order of the involvements."""
    actor = reading.actor
    by_role = [
        and_(Case.holder_id == organisation_id, Case.holder_role.in_(sorted(roles)))
        for organisation_id, roles in _working(actor)
    ]
    query = (
        involved.where(
            or_(Case.holder_person_id.is_(None), Case.holder_person_id != actor.person_id),
            or_(Case.holder_unit_id.is_(None), Case.holder_unit_id.not_in(actor.headed_units)),
            or_(Case.holder_role.is_(None), ~or_(*by_role)) if by_role else Case.id.is_not(None),
        )
        .order_by(Involvement.case_id.desc())
        .limit(limit)
    )
    return query if after is None else query.where(Involvement.case_id < after.case_id)


@dataclass(frozen=True)
class Said:
    """A reminder, and the work it is about as it stands now."""

    reminder: Reminder
    line: WorkLine


def reminders(reading: Reading, *, after: uuid.UUID | None = None, limit: int = 50) -> list[Said]:
    """What the actor was reminded of: in person, as head of a unit or by a role; newest first.

    Only what the actor may still know of: work that was taken back is none of theirs.
    """
    actor = reading.actor
    addressed: list[ColumnElement[bool]] = [Reminder.person_id == actor.person_id]
    addressed += [
        and_(Reminder.person_id == absent, Case.definition_name.in_(PASSED_ON))
        for absent in sorted(actor.stands_in_for)
    ]
    addressed += [Reminder.unit_id == unit_id for unit_id in sorted(actor.headed_units)]
    addressed += [
        and_(Reminder.organisation_id == organisation_id, Reminder.role == role)
        for organisation_id, roles in _working(actor)
        for role in sorted(roles)
    ]
    theirs = _reminders(reading, after).limit(limit)
    scans = [theirs.where(condition).subquery() for condition in addressed]
    merged = union(*(select(scan.c.id, scan.c.case_id) for scan in scans)).subquery()
    page = select(merged).order_by(merged.c.id.desc()).limit(limit).subquery()
    rows = lines_of(reading, page, page.c.id.desc(), also=[page.c.id.label("reminder_id")])
    wanted = [row.reminder_id for _, row in rows]
    found = {
        reminder.id: reminder
        for reminder in reading.session.scalars(select(Reminder).where(Reminder.id.in_(wanted)))
    }
    return [Said(found[row.reminder_id], line) for line, row in rows]


def _reminders(reading: Reading, after: uuid.UUID | None) -> Select[uuid.UUID, uuid.UUID]:
    query = (
        select(Reminder.id, Reminder.case_id)
        .join(Case, Case.id == Reminder.case_id)
        .outerjoin(Document, Document.id == Case.document_id)
        .outerjoin(Dossier, Dossier.id == Case.dossier_id)
        .where(known(reading))
        .order_by(Reminder.id.desc())
    )
    return query if after is None else query.where(Reminder.id < after)


@dataclass(frozen=True)
class MoveLine:
    """One step: who, from where to where, and what they said."""

    move: Move
    person: str | None  # None: the system
    trigger_label: str
    source_label: str
    target_label: str

    @property
    def late(self) -> bool:
        return self.move.due_at is not None and self.move.at > self.move.due_at


@dataclass(frozen=True)
class History:
    """Every step of a case in order; `owner_id` keeps the log of who looks."""

    case: Case
    owner_id: uuid.UUID
    moves: Sequence[MoveLine]


def history(reading: Reading, case_id: uuid.UUID) -> History:
    """What was done with a case. Raises NotFound, also where the actor may not know of it."""
    case = reading.get(Case, case_id, "Hồ sơ xử lý")
    workflow = workflow_of(reading, case)
    owner_id = _owner(reading, case, workflow.subject)
    rows = reading.session.execute(
        select(Move, Person.full_name)
        .outerjoin(Person, Person.id == Move.person_id)
        .where(Move.case_id == case.id)
        .order_by(Move.id)
    )
    labels = {(step.source, step.trigger): step.label for step in workflow.transitions}
    lines = [
        MoveLine(
            move,
            name,
            labels[move.source, move.trigger],
            workflow.state(move.source).label,
            workflow.state(move.target).label,
        )
        for move, name in rows
    ]
    return History(case, owner_id, lines)


def _owner(reading: Reading, case: Case, subject: str) -> uuid.UUID:
    """Whose document or dossier it is; NotFound where the actor may not know of this part of it."""
    if case.document_id is not None:
        return find_document(reading, case.document_id).organisation_id
    if subject == "appraisal":
        return find_part(reading, case.id).dossier.organisation_id
    if subject == "criterion":
        return find_criterion(reading, case.id).whole.dossier.organisation_id
    return find_dossier(reading, case.dossier_id).organisation_id
