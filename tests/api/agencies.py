"""A document of each agency of the development office on its way to issue."""

from __future__ import annotations

from typing import Any

from tests.api.desk import Desk, Document
from tests.api.papers import a_pdf
from tests.staff import STAFF


def draft_body(desk: Desk, code: str, text: str, **others: Any) -> dict[str, Any]:
    """What the agency's drafter fills in for a paper of a dossier, signed by its leader."""
    staff = STAFF[code]
    return {
        "issuer_id": desk.issuer(staff.issuer, code),
        "unit_id": desk.unit(staff.unit, code),
        "upload": desk.upload(staff.drafter, a_pdf(text), code),
        "signers": [{"person_id": desk.person(staff.leader), "capacity": staff.capacity}],
        "recipients": [{"name": "Cơ quan nhận", "channel": "post"}],
        **others,
    }


def minutes_signers(desk: Desk, code: str) -> list[dict[str, Any]]:
    """Biên bản: the drafter as secretary, the leader in the chair."""
    staff = STAFF[code]
    return [
        {"person_id": desk.person(staff.drafter), "part": "secretary"},
        {"person_id": desk.person(staff.leader), "part": "chair", "capacity": staff.capacity},
    ]


def issue(desk: Desk, code: str, document_id: str) -> None:
    """Everything from the draft to the issued document, each step by whose it is."""
    staff = STAFF[code]
    paper = Document(desk, "/outgoing-documents", document_id)
    paper.step(staff.drafter, "submit").reading(staff.head, "check_content")
    paper.reading(staff.leader, "approve").reading(staff.checker, "check_format")
    signers = {desk.person(name): name for name in (staff.drafter, staff.leader)}
    for signer in paper.seen(staff.drafter)["signers"]:
        paper.reading(signers[signer["person_id"]], "sign")
        desk.counter.do_jobs()
    paper.step(staff.clerk, "number").reading(staff.clerk, "seal")
    desk.counter.do_jobs()
    paper.step(staff.clerk, "issue")
    desk.counter.do_jobs()
