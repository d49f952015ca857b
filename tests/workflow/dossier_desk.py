"""A dossier of a short kind, filled and moved as its people would; evidence is one signed PDF."""

from __future__ import annotations

import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.kinds import DECIDED
from tests.staff import Staff
from tests.workflow.desk import LEADER, SPECIALIST, Desk
from tests.workflow.outgoing_trip import Trip
from workflow import applying, exhibiting, proceeding
from workflow.applying import Answer, NewDossier
from workflow.dossiers import case_of
from workflow.exhibiting import Attachment
from workflow.facts.dossier import dossier_facts
from workflow.jurisdictions import charge, set_route
from workflow.records import AppraisalDuty, Case, Dossier, DossierRoute
from workflow.rules.dossier import DossierFacts
from workflow.rules.kind_files import load, parse
from workflow.uploads import record_upload

OFFICE_SPECIALIST, OFFICE_HEAD = "vpdp.chuyenvien", "vpdp.truongphong"
PROVINCE_ADMINISTRATOR = "tinh.quantri"

KIND = (
    """
code = "thu"
version = 1
title = "Xã thử"
recognises = "commune"
procedure = "dossier"
rule = "all_met"
periods_from = 2020-01-01
legal_basis = "lựa chọn của phần mềm"
confidence = "ours"

[[slot]]
code = "minh_chung"
title = "Minh chứng"

[[component]]
code = "y_kien"
title = "Báo cáo tổng hợp ý kiến"
doc_types = ["bao_cao"]
stage = "consultation"
confidence = "ours"

[[component]]
code = "bien_ban"
title = "Biên bản họp"
doc_types = ["bien_ban"]
stage = "meeting"
confidence = "ours"

[[component]]
code = "to_trinh"
title = "Tờ trình"
doc_types = ["to_trinh"]
stage = "submission"
confidence = "ours"

[[criterion]]
code = "1"
title = "Giao thông"
field = "xay_dung"
confidence = "ours"

[[criterion]]
code = "2"
title = "Môi trường"
field = "nong_nghiep_moi_truong"
confidence = "ours"

[[condition]]
code = "hai_long"
title = "Tỷ lệ hài lòng của người dân"
minimum = "90"
confidence = "ours"

[[condition]]
code = "no_dong"
title = "Không có nợ đọng xây dựng cơ bản"
confidence = "ours"
"""
    + DECIDED
)


def _name(text: str) -> str:
    """What the file of a kind is called."""
    kind = parse(text)
    return f"{kind.code}-{kind.version}"


class DossierDesk:
    """A dossier of the commune, and everybody who moves it, each act in its own transaction."""

    def __init__(self, desk: Desk, *kinds: str) -> None:
        self.desk = desk
        texts = [(_name(text), text) for text in kinds or (KIND,)]
        shipped = [(_name(one.text), one.text) for one in desk.office.law.kinds]
        law = desk.office.law
        desk.office.law = replace(
            law,
            kinds=load(
                [*shipped, *texts], [one.code for one in law.doc_types.types], law.workflows
            ),
        )
        self.dossier_id = uuid.UUID(int=0)
        self._signed: Path | None = None
        self._route()

    def _route(self) -> None:
        province, office = self.desk.seat("H56"), self.desk.seat("H56.MAU.01")
        department = self.desk.seat("H56.MAU.03")
        if not self.desk.rows(DossierRoute):
            self.desk.do(PROVINCE_ADMINISTRATOR, set_route, province, None, office)
        charged = {duty.field for duty in self.desk.rows(AppraisalDuty)}
        for field in ("xay_dung", "nong_nghiep_moi_truong"):
            if field not in charged:
                self.desk.do(PROVINCE_ADMINISTRATOR, charge, province, field, department)

    def open(self, kind: str = "thu", period: str = "2026", **more: Any) -> DossierDesk:
        new = NewDossier(self.desk.commune, kind, period, "xã Mẫu", **more)
        self.dossier_id = self.desk.do(SPECIALIST, applying.open_dossier, new).dossier_id
        return self

    @property
    def case(self) -> Case:
        with self.desk.office.reading(None) as reading:
            return case_of(reading, self.dossier_id)

    @property
    def dossier(self) -> Dossier:
        return self.desk.one(Dossier, Dossier.id == self.dossier_id)

    def facts(self, username: str = SPECIALIST) -> DossierFacts:
        def view(reading: Any) -> DossierFacts:
            return dossier_facts(
                reading, reading.get(Dossier, self.dossier_id), case_of(reading, self.dossier_id)
            )

        return self.desk.see(username, view)

    def step(self, username: str, trigger: str, reason: str | None = None) -> Case:
        return self.desk.do(
            username, proceeding.step, self.dossier_id, self.case.version, trigger, reason
        )

    def answer(self, part: str, code: str, username: str = SPECIALIST, **said: Any) -> None:
        self.desk.do(
            username,
            applying.answer,
            self.dossier_id,
            self.case.version,
            Answer(part, code, **said),
        )

    def upload(self, path: Path | None = None, username: str = SPECIALIST) -> uuid.UUID:
        """A signed PDF (the same one each time) of the one who will attach it."""
        if path is None:
            path = self._signed = self._signed or self.desk.signed_pdf()
        ref = self.desk.office.keep(self.desk.commune, path)
        return self.desk.do(username, record_upload, self.desk.commune, ref).id

    def attach(self, *slots: str, username: str = SPECIALIST, **what: Any) -> list[uuid.UUID]:
        what = what or {"upload_id": self.upload(username=username)}
        added = self.desk.do(
            username,
            exhibiting.attach,
            self.dossier_id,
            self.case.version,
            [Attachment(slot, **what) for slot in slots],
        )
        self.desk.run_jobs()
        return [exhibit.id for exhibit in added]

    def assessed(self) -> DossierDesk:
        """Every criterion answered and shown, every condition confirmed."""
        for code in ("1", "2"):
            self.answer("criterion", code, met=True)
        self.answer("condition", "hai_long", value="95.5")
        self.answer("condition", "no_dong", met=True)
        self.attach("criterion/1/minh_chung", "criterion/2/minh_chung")
        return self

    def ready(self) -> DossierDesk:
        """Assessed, consulted on, met about: it may be submitted."""
        self.assessed()
        self.attach("component/y_kien", "component/bien_ban", "component/to_trinh")
        for trigger in ("consult", "convene", "conclude_meeting"):
            self.step(SPECIALIST, trigger)
        return self

    def submitted(self) -> DossierDesk:
        self.ready().step(LEADER, "submit")
        return self

    def paper(self, part: str, staff: Staff, type_code: str) -> uuid.UUID:
        """An issued document of a seat, linked as a paper of the dossier."""
        trip = Trip(self.desk.office, self.desk.actor, staff=staff)
        trip.draft(trip.new(type_code=type_code)).checked().sign().number().seal().issue()
        self.desk.do(staff.clerk, exhibiting.link_paper, self.dossier_id, part, trip.document_id)
        return trip.document_id
