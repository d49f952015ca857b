"""A dossier on its way through the counter, pushed by its people over HTTP alone."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import update

from tests.api.agencies import draft_body, issue
from tests.api.conftest import Counter
from tests.api.desk import LEADER, SPECIALIST, Desk, made
from tests.api.papers import a_pdf
from tests.kinds import DECIDED
from tests.staff import STAFF
from workflow.office import Office
from workflow.records import Dossier as Row

OFFICE_SPECIALIST, OFFICE_HEAD, OFFICE_LEADER = (
    "vpdp.chuyenvien",
    "vpdp.truongphong",
    "vpdp.chanhvp",
)
PROVINCE_CLERK, PROVINCE_LEADER = "tinh.vanthu", "tinh.chutich"

#: A commune recognised by two criteria, each of another department.
KIND = (
    """
code = "xa_thu"
version = 1
title = "Xã thử nghiệm"
recognises = "commune"
procedure = "dossier"
rule = "all_met"
periods_from = 2020-01-01
validity_months = 24
legal_basis = "dữ liệu thử"
confidence = "ours"

[[slot]]
code = "minh_chung"
title = "Minh chứng"

[[component]]
code = "bien_ban"
title = "Biên bản họp"
doc_types = ["bien_ban"]
stage = "meeting"
confidence = "ours"

[[component]]
code = "to_trinh"
title = "Tờ trình đề nghị"
doc_types = ["to_trinh"]
stage = "submission"
confidence = "ours"

[[criterion]]
code = "1"
title = "Môi trường"
field = "nong_nghiep_moi_truong"
confidence = "ours"

[[criterion]]
code = "2"
title = "Chuyển đổi số"
field = "khoa_hoc_cong_nghe"
confidence = "ours"

[[condition]]
code = "no_dong"
title = "Không có nợ đọng xây dựng cơ bản"
confidence = "ours"
"""
    + DECIDED
)


def kinds_in(folder: Path, **texts: str) -> Path:
    """A folder of first versions of kinds, as an office is told of by VANTHU_KINDS."""
    folder.mkdir()
    for code, text in texts.items():
        (folder / f"{code}-1.toml").write_text(text, encoding="utf-8")
    return folder


def signed_pdf(office: Office, folder: Path) -> bytes:
    """A PDF signed by a person and an agency whom this office trusts: evidence that holds."""
    sealing = office.sealing
    person = sealing.development.person(uuid.uuid4(), "Nguoi Ky", "Co quan khac")
    source = folder / "evidence.pdf"
    source.write_bytes(a_pdf("Minh chung"))
    target = folder / "evidence-signed.pdf"
    sealing.sign(
        source,
        target,
        key_url=person.key_url,
        certificate_sha256=person.certificate_sha256,
        field="person1",
        level="B-LT",
        fill={},
        locks=True,
        shows=None,
        moment=datetime.now(UTC),
    )
    return target.read_bytes()


@dataclass
class DossierDesk:
    """What applicants, the office, departments, the council and the province do at the counter."""

    counter: Counter
    folder: Path
    desk: Desk = field(init=False)
    _evidence: bytes | None = None

    def __post_init__(self) -> None:
        self.desk = Desk(self.counter)

    @property
    def evidence(self) -> bytes:
        """A PDF with a valid signature, the same one each time."""
        if self._evidence is None:
            self._evidence = signed_pdf(self.counter.office, self.folder)
        return self._evidence

    def open(self, kind: str = "xa_thu", **others: Any) -> Dossier:
        asked = {
            "organisation_id": self.desk.seat(),
            "kind_code": kind,
            "period": "2026",
            "name": "xã Mẫu",
            **others,
        }
        answer = self.counter[SPECIALIST].post("/dossiers", json=asked)
        body = made(answer)
        assert answer.headers["location"] == f"/dossiers/{body['id']}"
        return Dossier(self, body["id"])


@dataclass
class Dossier:
    """One dossier at its address."""

    desk: DossierDesk
    id: str

    @property
    def address(self) -> str:
        return f"/dossiers/{self.id}"

    def get(self, username: str, rest: str = "", **params: Any) -> httpx.Response:
        return self.desk.counter[username].get(f"{self.address}{rest}", params=params)

    def known(self) -> Dossier:
        """Known to office and province as one that was submitted once; its case stays where it
        is, so that its contents may still be changed."""
        with self.desk.counter.office.database.write() as session:
            session.execute(
                update(Row)
                .where(Row.id == uuid.UUID(self.id))
                .values(submitted_at=datetime.now(UTC))
            )
            session.commit()
        return self

    def seen(self, username: str = SPECIALIST) -> dict[str, Any]:
        return made(self.get(username), 200)

    @property
    def state(self) -> str:
        return str(self.seen()["state"])

    def etag(self, username: str = SPECIALIST) -> str:
        return f'"{self.seen(username)["version"]}"'

    def try_step(self, username: str, trigger: str, **said: Any) -> httpx.Response:
        return self.desk.counter[username].post(
            f"{self.address}/transitions",
            json={"trigger": trigger, **said},
            etag=self.etag(username),
        )

    def step(self, username: str, trigger: str, **said: Any) -> Dossier:
        made(self.try_step(username, trigger, **said), 200)
        return self

    def answer(self, part: str, code: str, **said: Any) -> Dossier:
        address = f"{self.address}/answers/{part}/{code}"
        made(self.desk.counter[SPECIALIST].put(address, json=said, etag=self.etag()), 200)
        return self

    def attach(self, *items: dict[str, Any], username: str = SPECIALIST) -> list[dict[str, Any]]:
        answer = self.desk.counter[username].post(
            f"{self.address}/exhibits", json={"items": list(items)}, etag=self.etag(username)
        )
        items_made: list[dict[str, Any]] = made(answer)["items"]
        return items_made

    def show(self, *slots: str) -> list[dict[str, Any]]:
        """Evidence that holds, one upload in all these slots."""
        upload = self.desk.desk.upload(SPECIALIST, self.desk.evidence)
        added = self.attach(*({"slot": slot, "upload": upload} for slot in slots))
        self.desk.counter.do_jobs()
        return added

    def draft(self, code: str, part: str, **others: Any) -> dict[str, Any]:
        """A paper drafted for the dossier by the agency with this code."""
        body = {"part": part, **draft_body(self.desk.desk, code, part, **others)}
        caller = self.desk.counter[STAFF[code].drafter]
        return made(caller.post(f"{self.address}/drafts", json=body))

    def paper(self, code: str, part: str, **others: Any) -> dict[str, Any]:
        """The same, issued."""
        paper = self.draft(code, part, **others)
        issue(self.desk.desk, code, paper["document_id"])
        return paper

    def criterion(self, username: str, code: str, trigger: str, **said: Any) -> Dossier:
        """A step of one criterion by somebody who sees it."""
        (case_id,) = (
            one["case_id"] for one in self.seen(username)["criteria"] if one["criterion"] == code
        )
        return self._move(username, f"/criterion-appraisals/{case_id}", trigger, **said)

    def opinion(self, code: str) -> Dossier:
        """The department's numbered opinion, and with it the end of its part."""
        staff = STAFF[code]
        (case_id,) = (one["case_id"] for one in self.seen(staff.head)["departments"])
        self.paper(code, "opinion", case_id=case_id, type_code="cong_van")
        return self._move(staff.clerk, f"/appraisals/{case_id}", "give_opinion")

    def _move(self, username: str, address: str, trigger: str, **said: Any) -> Dossier:
        caller = self.desk.counter[username]
        etag = caller.get(address).headers["etag"]
        said = {"trigger": trigger, **said}
        made(caller.post(f"{address}/transitions", json=said, etag=etag), 200)
        return self

    def appraise(self, department: str, code: str, met: bool = True) -> Dossier:
        """One criterion assigned to the department's drafter, and found met or not."""
        staff = STAFF[department]
        appraiser = self.desk.desk.person(staff.drafter)
        self.criterion(staff.head, code, "assign", person_id=appraiser)
        found = "find_met" if met else "find_unmet"
        return self.criterion(staff.drafter, code, found, reason="Theo hồ sơ minh chứng.")

    def assessed(self) -> Dossier:
        """Every criterion and condition of the short kind answered."""
        for code in ("1", "2"):
            self.answer("criterion", code, met=True)
        return self.answer("condition", "no_dong", met=True)

    def ready(self) -> Dossier:
        """Filled, consulted on and met about: it may be submitted."""
        self.assessed()
        self.show(
            "criterion/1/minh_chung",
            "criterion/2/minh_chung",
            "component/bien_ban",
            "component/to_trinh",
        )
        for trigger in ("consult", "convene", "conclude_meeting"):
            self.step(SPECIALIST, trigger)
        return self

    def accepted(self) -> Dossier:
        self.ready().step(LEADER, "submit")
        return self.step(OFFICE_SPECIALIST, "accept")

    def appraising(self) -> Dossier:
        return self.accepted().step(OFFICE_HEAD, "assign")
