"""A council for the tests, and dossiers that stand before it without the way that led there."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import select

from tests.staff import Staff
from tests.workflow.desk import Desk
from tests.workflow.outgoing_trip import Trip
from workflow.ballots import name_council
from workflow.councils import set_up
from workflow.proceeding import step
from workflow.records import (
    Account,
    Appraisal,
    Ballot,
    Case,
    CouncilSession,
    Dossier,
    Evidence,
    JournalEntry,
)
from workflow.rules import journal
from workflow.rules.kinds import Kind
from workflow.voting import cast

PROVINCE = "H56"
CHAIR, VICE, SECRETARY = "tinh.phochutich", "vpdp.chanhvp", "vpdp.vanthu"
MEMBERS = (CHAIR, VICE, SECRETARY, "vpdp.truongphong", "vpdp.chuyenvien", "tinh.chuyenvien")
PARTS = ("chair", "vice_chair", "secretary", "member", "member", "member")
#: Sits in no council, but works for the office.
OUTSIDER = "vpdp.quantri"
REGISTRAR, RUNS = "tinh.vanthu", "vpdp.chuyenvien"


class Chamber(Desk):
    """Councils are set up, dossiers come before them, members vote."""

    @property
    def province(self) -> uuid.UUID:
        return self.seat(PROVINCE)

    @property
    def coordination(self) -> uuid.UUID:
        return self.seat("H56.MAU.01")

    def person(self, username: str) -> uuid.UUID:
        return self.one(Account, Account.username == username).person_id

    def seated(self, usernames: Sequence[str] = MEMBERS) -> list[tuple[uuid.UUID, str]]:
        """These persons, the first in the chair and the third as secretary."""
        parts = (*PARTS, *["member"] * len(usernames))
        return [(self.person(one), part) for one, part in zip(usernames, parts, strict=False)]

    def council(self, usernames: Sequence[str] = MEMBERS, **changes: Any) -> uuid.UUID:
        """A council of the province."""
        said = {"name": "Hội đồng thẩm định", "basis": "Quyết định số 05/QĐ-UBND", **changes}
        return self.do(REGISTRAR, set_up, self.province, members=self.seated(usernames), **said).id

    def kind(self, code: str = "commune_ntm", **changes: Any) -> Kind:
        """A kind like the one that ships, with no condition of its own and these changes."""
        law = self.office.law
        shipped = next(kind for kind in law.kinds if kind.code == code)
        digest = uuid.uuid4().hex * 2
        made = replace(shipped, **{"conditions": (), "digest": digest, **changes})
        self.office.law = replace(law, kinds=(*law.kinds, made))
        return made

    def dossier(self, kind: Kind, state: str = "reported") -> uuid.UUID:
        """A dossier of the commune in this state, appraised by one department."""
        law, opener = self.office.law, self.person("xa.chuyenvien")
        with self.office.transaction(None) as tx:

            def added(row: Evidence) -> Any:
                tx.add(row)
                tx.session.flush()
                return row

            dossier = added(
                Dossier(
                    organisation_id=self.commune,
                    office_id=self.coordination,
                    province_id=self.province,
                    kind_code=kind.code,
                    kind_digest=kind.digest,
                    period="2025",
                    name="Xã Mẫu",
                    opened_by=opener,
                    opened_at=tx.now,
                    submitted_at=tx.now,
                )
            )

            def case(definition: str, at: str, owner: uuid.UUID, parent: Case | None) -> Any:
                workflow = law.workflows[definition]
                return added(
                    Case(
                        organisation_id=owner,
                        dossier_id=dossier.id,
                        parent_id=parent.id if parent else None,
                        definition_name=workflow.name,
                        definition_digest=workflow.digest,
                        state=at,
                        version=1,
                        opened_at=tx.now,
                        entered_at=tx.now,
                        closed_at=tx.now if workflow.state(at).end else None,
                    )
                )

            main = case(kind.procedure, state, self.commune, None)
            part = case("appraisal", "given", self.coordination, main)
            added(
                Appraisal(
                    case_id=part.id,
                    dossier_id=dossier.id,
                    organisation_id=self.coordination,
                    field="nong_nghiep_moi_truong",
                )
            )
            tx.journal("test.made", dossier.organisation_id, dossier.id)
        return uuid.UUID(str(dossier.id))

    def main(self, dossier_id: uuid.UUID) -> Case:
        """The dossier's own case as it stands."""
        return self.one(Case, Case.dossier_id == dossier_id, Case.parent_id.is_(None))

    def move(self, dossier_id: uuid.UUID, trigger: str, username: str = RUNS) -> Case:
        """One step, from wherever the dossier stands."""
        return self.do(username, step, dossier_id, self.main(dossier_id).version, trigger)

    def voting(self, kind: Kind, council_id: uuid.UUID) -> uuid.UUID:
        """A dossier whose vote is open."""
        dossier_id = self.dossier(kind)
        self.do(RUNS, name_council, dossier_id, 1, council_id)
        self.move(dossier_id, "open_vote")
        return dossier_id

    def entries(self, chain: uuid.UUID, action: str) -> list[journal.Entry]:
        """What a chain says was done, of this kind, in order."""
        with self.office.reading(None) as reading:
            stored = reading.session.scalars(
                select(JournalEntry.content)
                .where(JournalEntry.chain == str(chain))
                .order_by(JournalEntry.sequence)
            ).all()
        return [one for one in map(journal.parse, stored) if one.action == action]

    def session(self, dossier_id: uuid.UUID) -> CouncilSession:
        return self.one(CouncilSession, CouncilSession.dossier_id == dossier_id)

    def ballot(
        self, dossier_id: uuid.UUID, username: str, choice: str | None = "agree", **named: Any
    ) -> Ballot:
        """A member votes."""
        return self.do(username, cast, dossier_id, choice, **named)

    def issued(self, staff: Staff, type_code: str) -> uuid.UUID:
        """A document of an agency on its whole way, signed and sealed."""
        trip = Trip(self.office, self.actor, staff=staff)
        trip.draft(trip.new(type_code=type_code))
        return trip.checked().sign().number().seal().issue().document_id
