"""What belongs to an organisation does not exist for the people of another."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi.routing import APIRoute

from api.app import ROUTERS
from api.demo import marks
from tests.api.conftest import COMMUNE, Counter, problem
from tests.api.desk import CLERK, FOLLOWER, LEADER, SPECIALIST, Desk, made
from tests.api.dossier_desk import DossierDesk
from tests.api.holding import waiting
from tests.staff import PROVINCE

DAY = timedelta(days=1)
#: What some address or other wants to be asked with.
ASKED = {"period": "2026-11", "from": "2026-10", "to": "2026-11", "sequence": 1}
STRANGERS = ("vpdp.chanhvp", "vpdp.vanthu", "vpdp.quantri", "tinh.quantri")
#: A commune's dossier is the coordination office's to check: others have no part in it.
OUTSIDE = ("sonnmt.giamdoc", "sokhcn.chuyenvien", "xa.quantri", "tinh.quantri")
DOSSIERS = "/dossiers/{dossier_id}"
#: What an administrator of the province above may know of the commune: its people and rules.
GOVERNED = re.compile(
    r"/(organisations|units|issuers|handling-rules"
    r"|councils|appointments|roles|mandates|audit-mandates|keepers|certificates|signature-images"
    r"|substitutions)/"
)
#: What is nobody's secret: what an agency is called, its units and who issues.
PUBLIC = {
    ("GET", "/organisations/{organisation_id}"),
    ("GET", "/organisations/{organisation_id}/units"),
    ("GET", "/organisations/{organisation_id}/issuers"),
    ("GET", "/organisations/{organisation_id}/dossier-routes"),
    ("GET", "/organisations/{organisation_id}/appraisal-duties"),
    ("GET", "/organisations/{organisation_id}/successions"),
    ("GET", "/workflows/{name}"),
    ("GET", "/problems/{slug}"),
    ("GET", "/dossier-kinds/{code}/{version}"),
    ("GET", "/log/checkpoints/{size}"),
}
#: Of what everybody may know, changing is forbidden instead.
KNOWN = {
    "/organisations/{organisation_id}/names",
    "/organisations/{organisation_id}/rules",
    "/organisations/{organisation_id}/units",
    "/organisations/{organisation_id}/issuers",
    "/organisations/{organisation_id}/calendar-days",
    "/organisations/{organisation_id}/handling-rules",
    "/organisations/{organisation_id}/dossier-routes",
    "/organisations/{organisation_id}/appraisal-duties",
    "/organisations/{organisation_id}/successions",
    "/handling-rules/{rule_id}/end",
    "/units/{unit_id}/end",
    "/issuers/{issuer_id}/end",
}

BODIES: dict[str, Any] = {
    f"{DOSSIERS}/transitions": {"trigger": "submit"},
    f"{DOSSIERS}/answers/{{part}}/{{code}}": {"met": True},
    f"{DOSSIERS}/ballot": {"choice": "agree"},
    f"{DOSSIERS}/withdrawal-reviews": {"failed": ["1"], "reason": "x"},
    f"{DOSSIERS}/withdrawal-reviews/{{case_id}}/transitions": {"trigger": "request"},
    "/councils/{council_id}/members": {"basis": "x", "members": []},
    "/tasks/{case_id}/transitions": {"trigger": "read"},
    "/appraisals/{case_id}/transitions": {"trigger": "give_opinion"},
    "/criterion-appraisals/{case_id}/transitions": {"trigger": "resupply"},
    "/incoming-documents/{document_id}/transitions": {"trigger": "register"},
    "/outgoing-documents/{document_id}/transitions": {"trigger": "issue"},
    "/organisations/{organisation_id}/names": {
        "code": "H56.X",
        "name": "x",
        "kind": "commune",
        "place": "x",
        "on": "2027-01-01",
    },
    "/organisations/{organisation_id}/rules": {"resolve_days": 1, "copying_authority": None},
    "/organisations/{organisation_id}/units": {"name": "x", "symbol": "X"},
    "/organisations/{organisation_id}/issuers": {
        "kind": "UBND",
        "name": "x",
        "symbol": "X",
        "series": [{"kind": "chung", "doc_types": None}],
        "workflow": "outgoing",
    },
    "/organisations/{organisation_id}/calendar-days": {
        "day_on": "2027-01-02",
        "working": True,
        "basis": "x",
    },
    "/organisations/{organisation_id}/handling-rules": {"basis": "x"},
    "/organisations/{organisation_id}/indicator-snapshots": {"period": "2026-11"},
    "/organisations/{organisation_id}/reconciliations": {
        "month": "2026-11",
        "register": "outgoing",
        "source": "paper",
        "listed": 1,
        "matched": 0,
    },
    "/organisations/{organisation_id}/indicator-exclusions": {
        "register": "outgoing",
        "type_code": "giay_moi",
        "basis": "x",
    },
    "/organisations/{organisation_id}/people": {"full_name": "x", "title": "x"},
    "/work-files/{work_file_id}/close": None,
    "/signing-batches/{batch_id}/resume": None,
    "/pending-signatures/{pending_id}/signature": {"token": "A" * 43, "value": "AAAA"},
}


def asked() -> list[tuple[str, str, str]]:
    """Every stranger at every address that names a thing which is none of their business."""
    return sorted(
        (method, route.path, username)
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute) and "{" in route.path
        for method in route.methods or ()
        if (method, route.path) not in PUBLIC
        for username in (OUTSIDE if route.path.startswith(DOSSIERS) else STRANGERS)
        if username != "tinh.quantri" or not GOVERNED.match(route.path)
    )


@pytest.fixture(scope="module")
def things(founded_counter: Counter) -> dict[str, str]:
    """One of everything in the commune, with its id."""
    desk = Desk(founded_counter)
    counter, seat = founded_counter, desk.seat()
    outgoing = desk.draft()
    read = {"document_id": outgoing.id, "content_sha256": "0" * 64}
    batch = made(counter[LEADER].post("/signing-batches", json={"items": [read]}), 202)
    pending = waiting(desk)
    incoming = desk.receive(sender_kind="citizen", sender_name="Ông A")
    counter.do_jobs()
    incoming.step(CLERK, "register").step(CLERK, "submit")
    told = {"part": "information", "person_id": desk.person(FOLLOWER)}
    lead = {"part": "lead", "person_id": desk.person(LEADER)}
    incoming.step(LEADER, "assign", handlers=[lead, told])
    work_file = made(
        counter[CLERK].post(
            "/work-files",
            json={"organisation_id": seat, "notation": "01", "title": "x", "retention": "5 năm"},
        )
    )
    admin = counter["xa.quantri"]

    def first(address: str) -> dict[str, Any]:
        item: dict[str, Any] = admin.get(address).json()["items"][0]
        return item

    rule = admin.post(
        f"/organisations/{seat}/handling-rules", json={"basis": "QC", "unit_id": desk.unit()}
    )
    issuer = first(f"/organisations/{seat}/issuers")
    person = first(f"/organisations/{seat}/people")
    certificate = made(
        admin.post(
            "/certificates",
            json={
                "certificate": "AAAA",
                "key_url": "devca:person/x",
                "person_id": desk.person("xa.kiemtoan"),
            },
        )
    )
    seal = {
        "image": base64.b64encode(marks.seal()).decode(),
        "width_mm": 36,
        "height_mm": 36,
    }
    image = made(admin.put(f"/organisations/{seat}/seal-image", json=seal), 200)
    substitution = {
        "absent_id": desk.person(SPECIALIST),
        "substitute_id": desk.person(CLERK),
        "basis": "x",
    }
    away = made(admin.post(f"/organisations/{seat}/substitutions", json=substitution))
    snapshots = f"/organisations/{seat}/indicator-snapshots"
    snapshot = made(counter[CLERK].post(snapshots, json={"period": "2026-11"}))
    dossier = DossierDesk(counter, counter.data_dir).open("commune_ntm", group_code="2")
    (exhibit,) = dossier.attach({"slot": "component/to_trinh", "document_id": outgoing.id})
    paper = dossier.known().draft(PROVINCE, "decision")
    export = made(counter[SPECIALIST].post(f"/dossiers/{dossier.id}/exports", json=None), 202)
    counter.do_jobs()
    sitting = ((LEADER, "chair"), (CLERK, "secretary"), (FOLLOWER, "member"))
    council = {
        "organisation_id": seat,
        "name": "Hội đồng xã",
        "basis": "x",
        "members": [{"person_id": desk.person(who), "part": part} for who, part in sitting],
    }
    task = {"person_id": desk.person("xa.kiemtoan"), "subtree": True, "basis": "x"}
    audits = made(admin.post(f"/organisations/{seat}/audit-mandates", json=task))
    program = {"name": "x", "scope": "audit", "expires_at": f"{datetime.now(UTC) + DAY:%FT%TZ}"}
    return {
        "check_id": str(UUID(int=1)),
        "audit_mandate_id": audits["id"],
        "token_id": made(counter[CLERK].post("/tokens", json=program))["id"],
        "council_id": made(counter[CLERK].post("/councils", json=council))["id"],
        "dossier_id": dossier.id,
        "exhibit_id": exhibit["id"],
        "paper_id": paper["id"],
        "export_id": export["id"],
        "name": "tap-1.pdf",
        "book": "incoming-register",
        "form": "xlsx",
        "part": "criterion",
        "code": "1",
        "organisation_id": seat,
        "snapshot_id": snapshot["id"],
        "substitution_id": away["id"],
        "image_id": image["id"],
        "person_id": desk.person(LEADER),
        "unit_id": first(f"/organisations/{seat}/units")["id"],
        "issuer_id": issuer["id"],
        "appointment_id": person["appointments"][0]["id"],
        "grant_id": person["roles"][0]["id"],
        "mandate_id": first(f"/issuers/{issuer['id']}/mandates")["id"],
        "rule_id": made(rule)["id"],
        "custody_id": first(f"/organisations/{seat}/keepers")["id"],
        "certificate_id": certificate["id"],
        "work_file_id": work_file["id"],
        "document_id": outgoing.id,
        "incoming_id": incoming.id,
        "file_id": outgoing.seen()["files"][0]["id"],
        "piece_sha256": "0" * 64,
        "batch_id": batch["id"],
        "case_id": incoming.seen()["parts"][0]["case_id"],
        "pending_id": pending["id"],
    }


@pytest.mark.parametrize(("method", "path", "username"), asked())
def test_a_stranger_finds_nothing(
    founded_counter: Counter, things: dict[str, str], username: str, method: str, path: str
) -> None:
    ids = dict(things)
    if path.startswith("/incoming-documents"):
        ids["document_id"] = ids["incoming_id"]
    body = BODIES.get(path, _body(method, path, things))
    answer = founded_counter[username](
        method,
        path.format(**ids),
        etag='"1"',
        params={**ASKED, "organisation": ids["organisation_id"]},
        headers={"Pending-Token": "A" * 43},
        **({} if method == "GET" or body is None else {"json": body}),
    )
    if method != "GET" and path in KNOWN:
        problem(answer, 403, "forbidden")
    else:
        problem(answer, 404, "not-found")


def _body(method: str, path: str, things: dict[str, str]) -> dict[str, Any]:
    """A body that would be right if the thing were one's own."""
    person, document = things["case_id"], things["document_id"]
    image = {"image": "AAAA", "width_mm": 36, "height_mm": 36}
    if path.endswith("/end"):
        return {"on": "2027-01-01"}
    if path.endswith("/draft"):
        return {
            "issuer_id": things["issuer_id"],
            "unit_id": things["unit_id"],
            "type_code": "quyet_dinh",
            "subject": "x",
            "files": [{"file_id": things["file_id"]}],
            "signers": [{"person_id": person}],
            "recipients": [],
            "archived_by": "x",
            "secrecy": "none",
        }
    snapshot = "/organisations/{organisation_id}/indicator-snapshots/{snapshot_id}"
    if path == f"{snapshot}/report":
        return {"signer_id": person} if method == "POST" else {"document_id": document}
    return {
        f"{DOSSIERS}/exhibits": {
            "items": [{"slot": "component/to_trinh", "document_id": document}]
        },
        f"{DOSSIERS}/council": {"council_id": things["council_id"]},
        f"{DOSSIERS}/prints": {"part": "council_minutes", "place": "x"},
        f"{DOSSIERS}/papers": {"part": "decision", "document_id": document},
        f"{DOSSIERS}/drafts": {
            "part": "decision",
            "issuer_id": things["issuer_id"],
            "unit_id": things["unit_id"],
            "upload": person,
            "signers": [{"person_id": person}],
            "recipients": [],
        },
        "/work-files/{work_file_id}/documents": {"document_id": document},
        "/organisations/{organisation_id}/seal-image": image,
        "/organisations/{organisation_id}/people/{person_id}/signature-image": image,
        "/organisations/{organisation_id}/dossier-routes": {
            "kind_code": None,
            "office_id": things["organisation_id"],
        },
        "/organisations/{organisation_id}/appraisal-duties": {
            "field": "y_te",
            "organisation_id": things["organisation_id"],
        },
        "/organisations/{organisation_id}/successions": {
            "successor_id": things["organisation_id"],
            "effective_on": "2027-01-01",
        },
        "/organisations/{organisation_id}/appointments": {"person_id": person, "title": "x"},
        "/organisations/{organisation_id}/substitutions": {
            "absent_id": person,
            "substitute_id": document,
            "basis": "x",
        },
        "/organisations/{organisation_id}/roles": {"person_id": person, "role": "clerk"},
        "/organisations/{organisation_id}/keepers": {"person_id": person},
        "/organisations/{organisation_id}/audit-mandates": {
            "person_id": person,
            "subtree": False,
            "basis": "x",
        },
        "/issuers/{issuer_id}/mandates": {
            "person_id": person,
            "capacity": "TM",
            "basis": "head",
            "basis_text": "x",
        },
    }.get(path, {})


@pytest.mark.parametrize("username", OUTSIDE)
def test_whoever_has_no_part_in_a_dossier_finds_none(
    founded_counter: Counter, things: dict[str, str], username: str
) -> None:
    for address in ("/dossiers", "/recognitions"):
        assert founded_counter[username].get(address).json()["items"] == []
    assert things["dossier_id"]


@pytest.mark.parametrize("username", STRANGERS[:3])
def test_a_strangers_lists_are_empty(
    founded_counter: Counter, things: dict[str, str], username: str
) -> None:
    stranger = founded_counter[username]
    for address in ("/incoming-documents", "/outgoing-documents", "/tasks", "/reminders"):
        assert stranger.get(address).json()["items"] == []
    seat = things["organisation_id"]
    for address, params in (
        ("/incoming-documents", {"organisation": seat}),
        ("/outgoing-documents", {"issuer": things["issuer_id"]}),
    ):
        assert stranger.get(address, params=params).json()["items"] == []
    year = {"year": "2026"}
    for address, params in (
        ("/registers/outgoing", {"issuer": things["issuer_id"], **year}),
        ("/registers/incoming", {"organisation": seat, **year}),
        ("/work-files", {"organisation": seat}),
    ):
        problem(stranger.get(address, params=params), 404, "not-found")


def test_inside_an_organisation_one_sees_ones_own(
    founded_counter: Counter, things: dict[str, str]
) -> None:
    """A colleague without a part in it does not find the document either."""
    for username in ("xa.kinhte", "xa.quantri"):
        colleague = founded_counter[username]
        for address in (
            f"/outgoing-documents/{things['document_id']}",
            f"/incoming-documents/{things['incoming_id']}",
            f"/tasks/{things['case_id']}",
        ):
            problem(colleague.get(address), 404, "not-found")
    assert founded_counter.organisation(COMMUNE) == things["organisation_id"]
