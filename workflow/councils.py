"""Appraisal councils: set up by a decision, their members joining and leaving on a day."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import or_, select

from workflow.access import require_role
from workflow.administration import administers
from workflow.calendars import seats
from workflow.office import Reading, Transaction
from workflow.records import Council, CouncilMember, CouncilSession, Organisation, Person
from workflow.rules.council import PART_LABELS, composition_errors
from workflow.rules.errors import Invalid, NotFound, StaleVersion

#: Who puts down what the decision on a council says.
SETS_UP = frozenset({"clerk", "leader", "administrator"})

Seated = tuple[uuid.UUID, str]
"""A person and the part they sit as."""


@dataclass(frozen=True)
class CouncilView:
    """A council with everybody who sits in it or is to join, and their names."""

    council: Council
    members: Sequence[tuple[CouncilMember, str]]
    version: int


def set_up(
    tx: Transaction,
    organisation_id: uuid.UUID,
    name: str,
    basis: str,
    members: Sequence[Seated],
    valid_from: date | None = None,
) -> Council:
    """A new council of an organisation; `basis` is the decision that sets it up.

    Raises:
        NotFound, Forbidden. Invalid: an unknown person, or persons who are no council.
    """
    _require(tx, organisation_id)
    _check(tx, members, {"/name": name, "/basis": basis})
    council = tx.add(
        Council(
            organisation_id=organisation_id,
            name=name,
            basis=basis,
            valid_from=valid_from or tx.today,
        )
    )
    tx.session.flush()
    for seated in members:
        _seat(tx, council, seated, council.valid_from)
    tx.journal("council.set_up", organisation_id, council.id)
    return council


def change_members(
    tx: Transaction,
    council_id: uuid.UUID,
    version: int,
    members: Sequence[Seated],
    basis: str,
    on: date | None = None,
) -> Council:
    """Who sits in the council from a day on (today): whoever is not named leaves on that day.

    `basis` is the decision as it now stands.

    Raises:
        NotFound, Forbidden, StaleVersion.
        Invalid: as `set_up`; a day gone by, before an earlier change, or on which it voted.
    """
    on = on or tx.today
    council = find_council(tx, council_id)
    _require(tx, council.organisation_id)
    tx.session.get(Council, council_id, with_for_update=True, populate_existing=True)
    rows = _rows(tx, council_id)
    current = _version(council, rows)
    if current != version:
        raise StaleVersion(version, current)
    _check(tx, members, {"/basis": basis})
    _check_day(tx, council, rows, on)
    council.basis = basis
    staying = {(row.person_id, row.part): row for row in rows if row.valid_to is None}
    for seated in staying.keys() - set(members):
        staying[seated].valid_to = on
    for seated in members:
        if seated not in staying:
            _seat(tx, council, seated, on)
    tx.journal("council.members_changed", council.organisation_id, council.id, on=on)
    return council


def list_councils(reading: Reading) -> list[Council]:
    """The councils in force that the actor may know of, oldest first.

    Those of the actor's organisations and of the ones these are placed under, and those in which
    the actor sits.
    """
    known = {
        seat
        for organisation_id in reading.actor.roles
        for seat in seats(reading.session, organisation_id, reading.today)
    }
    sits = select(CouncilMember.council_id).where(
        CouncilMember.person_id == reading.actor.person_id, CouncilMember.holds_on(reading.today)
    )
    return list(
        reading.session.scalars(
            select(Council)
            .where(
                or_(Council.valid_to.is_(None), Council.valid_to > reading.today),
                or_(Council.organisation_id.in_(known), Council.id.in_(sits)),
            )
            .order_by(Council.id)
        )
    )


def find_council(reading: Reading, council_id: uuid.UUID) -> Council:
    """The council, or NotFound also where the actor may not know of it."""
    council = reading.get(Council, council_id, "Hội đồng")
    known = {listed.id for listed in list_councils(reading)}
    if council.id not in known and not administers(reading, council.organisation_id):
        raise NotFound("Hội đồng")
    return council


def view_council(reading: Reading, council_id: uuid.UUID) -> CouncilView:
    """One council. Raises NotFound."""
    council = find_council(reading, council_id)
    rows = _rows(reading, council_id)
    names = {
        person.id: person.full_name
        for person in reading.session.scalars(
            select(Person).where(Person.id.in_({row.person_id for row in rows}))
        )
    }
    here = [row for row in rows if row.valid_to is None or row.valid_to > reading.today]
    here.sort(key=lambda row: list(PART_LABELS).index(row.part))
    return CouncilView(
        council, [(row, names[row.person_id]) for row in here], _version(council, rows)
    )


def _require(reading: Reading, organisation_id: uuid.UUID) -> None:
    reading.get(Organisation, organisation_id, "Cơ quan")
    if not administers(reading, organisation_id):
        require_role(reading, organisation_id, SETS_UP)


def _check(tx: Transaction, members: Sequence[Seated], texts: dict[str, str]) -> None:
    errors = [(at, "Không được để trống.") for at, text in texts.items() if not text.strip()]
    errors += composition_errors(members)
    # Members come from everywhere: departments, associations, whoever the decision names.
    known = set(
        tx.session.scalars(select(Person.id).where(Person.id.in_({one for one, _ in members})))
    )
    errors += [
        (f"/members/{position}/person_id", "Không có người này.")
        for position, (person_id, _) in enumerate(members)
        if person_id not in known
    ]
    if errors:
        raise Invalid(errors)


def _check_day(tx: Transaction, council: Council, rows: Sequence[CouncilMember], on: date) -> None:
    """The past stays: who sat on a day, and voted, is not changed afterwards."""
    if on < tx.today:
        raise Invalid([("/on", "Không thay đổi được thành viên của ngày đã qua.")])
    changed_on = max(day for row in rows for day in (row.valid_from, row.valid_to) if day)
    if on < changed_on:
        raise Invalid([("/on", f"Đã có thay đổi từ ngày {changed_on:%d/%m/%Y}.")])
    voted = tx.session.scalar(
        select(CouncilSession.id)
        .where(CouncilSession.council_id == council.id, CouncilSession.opened_on >= on)
        .limit(1)
    )
    if voted is not None:
        raise Invalid(
            [("/on", "Hội đồng đã mở bỏ phiếu trong ngày này; chọn ngày mai hoặc muộn hơn.")]
        )


def _seat(tx: Transaction, council: Council, seated: Seated, on: date) -> None:
    person_id, part = seated
    tx.add(CouncilMember(council_id=council.id, person_id=person_id, part=part, valid_from=on))


def _rows(reading: Reading, council_id: uuid.UUID) -> list[CouncilMember]:
    """Everybody who ever sat in it."""
    return list(
        reading.session.scalars(
            select(CouncilMember)
            .where(CouncilMember.council_id == council_id)
            .order_by(CouncilMember.id)
        )
    )


def _version(council: Council, rows: Sequence[CouncilMember]) -> int:
    """Another whenever the council or one of its members changes: a piece of their digests."""
    digests = "".join([council.row_digest(), *(row.row_digest() for row in rows)])
    return int(hashlib.sha256(digests.encode()).hexdigest()[:12], 16)
