"""A document on its way through the counter, pushed by its people over HTTP alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.api.conftest import COMMUNE, COORDINATION, Counter
from tests.api.papers import a_pdf

CLERK, SPECIALIST, HEAD = "xa.vanthu", "xa.chuyenvien", "xa.truongphong"
LEADER, CHECKER, FOLLOWER = "xa.chutich", "xa.thethuc", "xa.theodoi"
OTHER_CLERK, OTHER_LEADER = "vpdp.vanthu", "vpdp.chanhvp"
PDF = {"Content-Type": "application/pdf"}


def made(answer: httpx.Response, status: int = 201) -> dict[str, Any]:
    """The body of an answer that must be a yes."""
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json()
    return body


@dataclass
class Desk:
    """What the people of the commune do at the counter."""

    counter: Counter
    seats: dict[str, str] = field(default_factory=dict)

    def seat(self, code: str = COMMUNE) -> str:
        if code not in self.seats:
            self.seats[code] = self.counter.organisation(code)
        return self.seats[code]

    def upload(self, username: str, paper: bytes, code: str = COMMUNE) -> str:
        answer = self.counter[username].post(
            "/uploads",
            params={"organisation": self.seat(code), "secrecy": "none"},
            content=paper,
            headers=PDF,
        )
        return str(made(answer)["id"])

    def person(self, username: str) -> str:
        return str(self.counter[username].get("/me").json()["person_id"])

    def issuer(self, symbol: str = "UBND", code: str = COMMUNE) -> str:
        listed = self.counter[CLERK].get(f"/organisations/{self.seat(code)}/issuers")
        return str(next(i["id"] for i in listed.json()["items"] if i["symbol"] == symbol))

    def unit(self, symbol: str = "VP", code: str = COMMUNE) -> str:
        listed = self.counter[CLERK].get(f"/organisations/{self.seat(code)}/units")
        return str(next(u["id"] for u in listed.json()["items"] if u["symbol"] == symbol))

    def draft_of(self, *papers: bytes, **others: Any) -> dict[str, Any]:
        """What a drafter fills in: a decision of the UBND for the province's office."""
        files = [{"upload": self.upload(SPECIALIST, paper)} for paper in papers or (a_pdf(),)]
        return {
            "issuer_id": self.issuer(),
            "unit_id": self.unit(),
            "type_code": "quyet_dinh",
            "subject": "Về việc thử quy trình",
            "files": files,
            "signers": [{"person_id": self.person(LEADER), "capacity": "TM"}],
            "recipients": [
                {
                    "name": "Văn phòng Điều phối",
                    "channel": "system",
                    "organisation_id": self.seat(COORDINATION),
                }
            ],
            "archived_by": "Văn thư",
            "secrecy": "none",
            **others,
        }

    def draft(self, *papers: bytes, **others: Any) -> Document:
        answer = self.counter[SPECIALIST].post(
            "/outgoing-documents", json=self.draft_of(*papers, **others)
        )
        body = made(answer)
        assert answer.headers["location"] == f"/outgoing-documents/{body['id']}"
        return Document(self, "/outgoing-documents", body["id"])

    def receive(self, paper: bytes | None = None, **others: Any) -> Document:
        arrival = {
            "organisation_id": self.seat(),
            "medium": "electronic",
            "sender_kind": "agency",
            "sender_name": "Sở Nội vụ",
            "subject": "Về việc báo cáo",
            "secrecy": "none",
            "files": [{"upload": self.upload(CLERK, a_pdf() if paper is None else paper)}],
            **others,
        }
        body = made(self.counter[CLERK].post("/incoming-documents", json=arrival))
        return Document(self, "/incoming-documents", body["id"])


@dataclass
class Document:
    """One document at its address."""

    desk: Desk
    kind: str
    id: str

    @property
    def address(self) -> str:
        return f"{self.kind}/{self.id}"

    def seen(self, username: str = CLERK) -> dict[str, Any]:
        return made(self.desk.counter[username].get(self.address), 200)

    @property
    def state(self) -> str:
        return str(self.seen()["state"])

    def options(self, username: str) -> dict[str, dict[str, Any]]:
        return {option["trigger"]: option for option in self.seen(username)["allowed"]}

    def try_step(self, username: str, trigger: str, **said: Any) -> httpx.Response:
        """A step from what this person sees now."""
        version = self.seen(username)["version"]
        return self.desk.counter[username].post(
            f"{self.address}/transitions",
            json={"trigger": trigger, **said},
            etag=f'"{version}"',
        )

    def step(self, username: str, trigger: str, **said: Any) -> Document:
        answer = self.try_step(username, trigger, **said)
        assert answer.status_code in (200, 202), answer.text
        assert answer.headers["etag"] == f'"{answer.json()["version"]}"'
        return self

    def reading(self, username: str, trigger: str) -> Document:
        """A step bound to the content that this person has read."""
        content = self.seen(username)["content_sha256"]
        return self.step(username, trigger, content_sha256=content)

    def checked(self) -> Document:
        self.step(SPECIALIST, "submit").reading(HEAD, "check_content")
        return self.reading(LEADER, "approve").reading(CHECKER, "check_format")

    def signed(self) -> Document:
        self.checked().reading(LEADER, "sign")
        self.desk.counter.do_jobs()
        return self

    def sealed(self) -> Document:
        self.signed().step(CLERK, "number").reading(CLERK, "seal")
        self.desk.counter.do_jobs()
        return self

    def issued(self) -> Document:
        self.sealed().step(CLERK, "issue")
        self.desk.counter.do_jobs()
        return self
