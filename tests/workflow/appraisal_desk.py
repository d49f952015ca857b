"""A dossier before the departments: opened by hand where the steps before do not matter."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import select

from tests.workflow.desk import Desk
from tests.workflow.outgoing_trip import a_pdf
from workflow import appraising, drafting, issuing, reviewing, signatures
from workflow.actor import Actor
from workflow.appraisals import open_appraisals, withdraw_appraisals
from workflow.exhibiting import link_paper
from workflow.facts.appraisals import AppraisalState, appraisal_state
from workflow.files import Content
from workflow.jurisdictions import charge, duties_of
from workflow.kinds import kind_of
from workflow.office import Office, Transaction
from workflow.outgoing_views import Detail, view_outgoing
from workflow.records import Account, Appraisal, Case, Dossier, Issuer, Unit
from workflow.rules.kinds import Confidence, Criterion, Kind, Slot, Source
from workflow.transitions import open_case

APPLICANT, APPLICANT_LEADER = "xa.chuyenvien", "xa.chutich"
OFFICE_HEAD, PROVINCE_ADMIN = "vpdp.truongphong", "tinh.quantri"
NN_HEAD, NN_APPRAISER, NN_OTHER = "sonnmt.truongphong", "sonnmt.chuyenvien", "sonnmt.thamdinh"
KH_HEAD, KH_APPRAISER = "sokhcn.truongphong", "sokhcn.chuyenvien"
NN, KH = "H56.MAU.03", "H56.MAU.04"
#: Two fields of one department, one of another.
DUTIES = {"nong_nghiep_moi_truong": NN, "xay_dung": NN, "khoa_hoc_cong_nghe": KH}


def criterion(code: str, field: str, *, points: int | None = None, slot: bool = False) -> Criterion:
    """A criterion of a test's kind; with a `slot`, one that wants evidence."""
    slots = (Slot("minh_chung", "Minh chứng", required=True),) if slot else ()
    source = Source("dữ liệu thử", Confidence.OURS)
    return Criterion(code, f"Tiêu chí thử {code}", None, field, points, None, {}, slots, source)


CRITERIA = (
    criterion("1", "nong_nghiep_moi_truong"),
    criterion("2", "xay_dung"),
    criterion("3", "khoa_hoc_cong_nghe", slot=True),
    criterion("4", "khoa_hoc_cong_nghe"),
)


class AppraisalDesk(Desk):
    """The commune's dossier, the office that gave it out, and two departments."""

    def __init__(
        self,
        office: Office,
        acting: Callable[[str], Actor],
        seat: Callable[[str], uuid.UUID],
        folder: Path,
    ) -> None:
        super().__init__(office, acting, seat, folder)
        self.province = seat("H56")
        self.use()

    def use(self, criteria: Iterable[Criterion] = CRITERIA, **changes: Any) -> Kind:
        """Make dossiers of a kind with these criteria, and charge departments with all of it."""
        shipped = next(kind for kind in self.office.law.kinds if kind.code == "smart_commune")
        kinds = self.office.law.kinds
        digest = f"{len(kinds):064}"
        kind = replace(shipped, code="thu", digest=digest, criteria=tuple(criteria), **changes)
        self.office.law = replace(self.office.law, kinds=(*kinds, kind))
        self.kind = kind
        held = {duty.field for duty in self.see(PROVINCE_ADMIN, duties_of, self.province)}
        for field, code in DUTIES.items():
            if field not in held:
                self.do(PROVINCE_ADMIN, charge, self.province, field, self.seat(code))
        return kind

    def person(self, username: str) -> uuid.UUID:
        return self.one(Account, Account.username == username).person_id

    def dossier(self) -> uuid.UUID:
        """A dossier that the office has accepted and given out: departments have it now."""

        def give_out(tx: Transaction) -> uuid.UUID:
            dossier = tx.add(
                Dossier(
                    organisation_id=self.commune,
                    office_id=self.seat("H56.MAU.01"),
                    province_id=self.province,
                    district_id=None,
                    kind_code=self.kind.code,
                    kind_digest=self.kind.digest,
                    period="2026",
                    name="Xã Mẫu",
                    group_code=None,
                    opened_by=self.person(APPLICANT),
                    opened_at=tx.now,
                    submitted_at=tx.now,
                )
            )
            tx.session.flush()
            case = open_case(tx, "dossier", dossier)
            case.state = "appraising"
            tx.session.flush()
            open_appraisals(tx, dossier, case)
            tx.journal("dossier.assign", dossier.organisation_id, dossier.id)
            return dossier.id

        return self.do(OFFICE_HEAD, give_out)

    def again(self, dossier_id: uuid.UUID) -> None:
        """The dossier was supplemented, accepted and given out anew."""

        def give_out(tx: Transaction) -> None:
            dossier = tx.get(Dossier, dossier_id)
            open_appraisals(tx, dossier, tx.lock_case(self.main(dossier_id).id))
            tx.journal("dossier.assign", dossier.organisation_id, dossier.id)

        self.do(OFFICE_HEAD, give_out)

    def abandon(self, dossier_id: uuid.UUID) -> None:
        """The applicant took the dossier back."""

        def end(tx: Transaction) -> None:
            tx.lock_case(self.main(dossier_id).id)
            dossier = tx.get(Dossier, dossier_id)
            withdraw_appraisals(tx, dossier)
            tx.journal("dossier.abandon", dossier.organisation_id, dossier.id)

        self.do(APPLICANT_LEADER, end)

    def main(self, dossier_id: uuid.UUID) -> Case:
        return self.one(Case, Case.dossier_id == dossier_id, Case.parent_id.is_(None))

    def state(self, dossier_id: uuid.UUID) -> AppraisalState:
        with self.office.reading(None) as reading:
            dossier = reading.get(Dossier, dossier_id)
            return appraisal_state(reading, dossier, kind_of(reading, dossier))

    def part(self, dossier_id: uuid.UUID, code: str) -> Case:
        """A department's newest part."""
        *_, part = self.rows(
            Appraisal,
            Appraisal.dossier_id == dossier_id,
            Appraisal.organisation_id == self.seat(code),
        )
        return self.one(Case, Case.id == part.case_id)

    def criterion(self, dossier_id: uuid.UUID, code: str) -> Case:
        """The case that counts of a criterion."""
        line = next(one for one in self.state(dossier_id).criteria if one.criterion == code)
        return self.one(Case, Case.id == line.case_id)

    def step(self, username: str, act: Callable[..., Case], case: Case, *said: Any) -> Case:
        """One step on the case as it stands now."""
        now = self.one(Case, Case.id == case.id)
        return self.do(username, act, now.id, now.version, *said)

    def assign(self, dossier_id: uuid.UUID, code: str, appraiser: str) -> Case:
        head = NN_HEAD if appraiser.startswith("sonnmt") else KH_HEAD
        case = self.criterion(dossier_id, code)
        return self.step(head, appraising.assign, case, self.person(appraiser))

    def opinion(self, prefix: str) -> uuid.UUID:
        """An issued công văn of a department."""
        return DepartmentTrip(self, prefix).issued()

    def give(self, dossier_id: uuid.UUID, code: str, document_id: uuid.UUID) -> Case:
        """The department's opinion: linked, then given."""
        clerk = ("sonnmt" if code == NN else "sokhcn") + ".vanthu"
        part = self.part(dossier_id, code)
        self.do(clerk, link_paper, dossier_id, "opinion", document_id, part.id)
        return self.step(clerk, appraising.give_opinion, part)


class DepartmentTrip:
    """A công văn of a department from draft to issue."""

    def __init__(self, desk: AppraisalDesk, prefix: str) -> None:
        self.desk, self.prefix = desk, prefix

    def issued(self) -> uuid.UUID:
        desk, drafter = self.desk, f"{self.prefix}.chuyenvien"
        draft = self._draft(desk.actor(drafter))
        self.document_id = desk.do(drafter, drafting.draft, draft).document_id
        prepared = reviewing.prepare(desk.office, desk.actor(drafter), self.document_id)
        self._act("chuyenvien", lambda tx, at, _: reviewing.submit(tx, *at, prepared))
        for username, trigger in (
            ("truongphong", "check_content"),
            ("giamdoc", "approve"),
            ("vanthu", "check_format"),
        ):
            self._review(username, trigger)
        self._act("giamdoc", lambda tx, at, content: signatures.sign(tx, *at, content))
        desk.run_jobs()
        self._act("vanthu", lambda tx, at, _: issuing.number(tx, *at))
        self._act("vanthu", lambda tx, at, content: signatures.seal(tx, *at, content))
        desk.run_jobs()
        self._act("vanthu", lambda tx, at, _: issuing.issue(tx, *at))
        desk.run_jobs()
        return self.document_id

    def _review(self, username: str, trigger: str) -> None:
        self._act(username, lambda tx, at, content: reviewing.review(tx, *at, trigger, content))

    def _act(
        self,
        username: str,
        work: Callable[[Transaction, tuple[uuid.UUID, int], str], object],
    ) -> None:
        name = f"{self.prefix}.{username}"
        seen: Detail = self.desk.see(name, view_outgoing, self.document_id)
        at = (self.document_id, seen.case.version)
        self.desk.do(name, work, at, seen.content_sha256 or "")

    def _draft(self, drafter: Actor) -> drafting.Draft:
        (organisation_id,) = drafter.roles
        ref = self.desk.office.keep(organisation_id, io.BytesIO(a_pdf(f"Tham dinh {self.prefix}")))
        with self.desk.office.reading(None) as reading:
            issuer = reading.session.scalars(
                select(Issuer).where(Issuer.organisation_id == organisation_id)
            ).one()
            unit = reading.session.scalars(
                select(Unit).where(Unit.organisation_id == organisation_id).order_by(Unit.id)
            ).first()
        assert unit is not None
        leader = self.desk.person(f"{self.prefix}.giamdoc")
        return drafting.Draft(
            issuer_id=issuer.id,
            unit_id=unit.id,
            type_code="cong_van",
            subject="V/v thẩm định hồ sơ xã Mẫu",
            files=[Content(ref.sha256, ref.size_bytes)],
            signers=[drafting.SignerLine(leader, "competent", "")],
            recipients=[drafting.RecipientLine("Văn phòng Điều phối", "action", "post")],
            archived_by="Văn thư",
        )
