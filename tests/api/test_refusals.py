"""Refusals that need a story of their own, and the table as it is told for each of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from api import problems
from api.app import describe
from api.problems import MediaTypeRefused, MethodNotAllowed
from api.validation import HeaderInvalid, ParameterInvalid
from tests.api.conftest import COMMUNE, problem, serving
from tests.api.desk import CLERK, LEADER, PDF, SPECIALIST, Desk
from tests.api.papers import a_pdf
from workflow.office import Office
from workflow.refusals import KeyAway, KeyRefusal, SigningRefusal, TrustAway
from workflow.rules import errors
from workflow.rules.errors import Refusal
from workflow.validating import Sandbox, Trust
from workflow.validating import judge as judged

DAY = date(2026, 11, 21)
EXAMPLES: list[tuple[Refusal, dict[str, Any]]] = [
    (HeaderInvalid("If-Match", "x"), {"header": "If-Match"}),
    (errors.NotAuthenticated(), {}),
    (errors.Forbidden(["clerk"]), {"needed_roles": ["clerk"]}),
    (errors.ScopeTooNarrow("read", "full"), {"scope": "read", "needed_scope": "full"}),
    (errors.SecretRefused(), {}),
    (errors.NotFound(), {}),
    (MethodNotAllowed(), {}),
    (
        errors.TransitionNotAllowed("a", "b", ["c"]),
        {"state": "a", "trigger": "b", "allowed": ["c"]},
    ),
    (errors.GuardsUnmet(["Một.", "Hai."]), {"unmet": ["Một.", "Hai."]}),
    (errors.Duplicate("Trùng.", ["1"]), {"existing": ["1"]}),
    (errors.DateBeforeSeries(DAY, DAY), {"last_on": "2026-11-21", "on": "2026-11-21"}),
    (errors.RegisterYearMismatch(2025, DAY), {"year": 2025, "on": "2026-11-21"}),
    (errors.SeriesUndefined("x"), {"doc_type": "x"}),
    (errors.UnknownYear(2031), {"year": 2031}),
    (SigningRefusal("hết hạn."), {}),
    (KeyRefusal("pin_refused", "sai mã PIN."), {}),
    (errors.StaleVersion(1, 2), {"expected": 1, "current": 2}),
    (errors.TooLarge(9), {"limit_bytes": 9}),
    (MediaTypeRefused("application/pdf"), {"accepted": "application/pdf"}),
    (errors.Invalid([("/a", "Sai.")]), {"errors": [{"pointer": "/a", "detail": "Sai."}]}),
    (ParameterInvalid([("a", "Sai.")]), {"errors": [{"parameter": "a", "detail": "Sai."}]}),
    (errors.InvalidDefinition("x", "y"), {"place": "x"}),
    (errors.KeyReused(), {}),
    (errors.UnreadableDocument("rỗng."), {}),
    (errors.PreconditionMissing(), {}),
    (errors.Unavailable("Kho", 7), {"what": "Kho"}),
    (KeyAway("Thiết bị “khoa”", 7), {"what": "Thiết bị “khoa”"}),
    (TrustAway("Dịch vụ cấp dấu thời gian", 7), {"what": "Dịch vụ cấp dấu thời gian"}),
]


def test_there_is_an_example_of_every_row() -> None:
    assert {type(refusal) for refusal, _ in EXAMPLES} == set(problems.TABLE)


@pytest.mark.parametrize(
    ("refusal", "members"), EXAMPLES, ids=[type(refusal).__name__ for refusal, _ in EXAMPLES]
)
def test_a_refusal_is_told_as_its_row_says(refusal: Refusal, members: dict[str, Any]) -> None:
    app = describe()

    @app.get("/refused")
    async def refuse() -> None:
        raise refusal

    status, headers, body = asyncio.run(call(app, "/refused"))
    row = problems.TABLE[type(refusal)]
    document = json.loads(body)
    assert (status, document["status"]) == (row.status, row.status)
    assert (document["type"], document["title"]) == (row.type, row.title)
    assert document["detail"] == str(refusal)
    standard = {"type", "title", "status", "detail", "instance"}
    assert {name: document[name] for name in document.keys() - standard} == members
    assert headers.get("retry-after") == ("7" if row.status == 503 else None)
    assert headers.get("www-authenticate") == ("Bearer" if row.status == 401 else None)


async def call(app: Callable[..., Any], path: str) -> tuple[int, dict[str, str], bytes]:
    """One GET without a wire."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "headers": [], "query_string": b""}
    await app(scope, receive, send)
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, b"".join(one.get("body", b"") for one in sent[1:])


def test_every_problem_type_is_named_in_these_tests() -> None:
    told = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    in_a_job_only = {"signing-refused", "register-year-mismatch"}
    assert {slug for slug in problems.SLUGS if f'"{slug}"' not in told} <= in_a_job_only


def test_a_date_before_the_last_number_is_refused(open_office: Callable[..., Office]) -> None:
    """The clock of the machine went back a day."""
    now = [datetime.now(UTC)]
    with serving(open_office(clock=lambda: now[0])) as counter:
        desk = Desk(counter)
        desk.draft().signed().step(CLERK, "number")
        late = desk.draft(a_pdf("hai")).signed()
        now[0] -= timedelta(days=1)
        refused = problem(late.try_step(CLERK, "number"), 409, "date-before-series")
        assert refused["on"] < refused["last_on"]


def test_a_type_that_no_series_numbers_is_refused(open_office: Callable[..., Office]) -> None:
    with serving(open_office()) as counter:
        desk = Desk(counter)
        admin, seat = counter["xa.quantri"], counter.organisation(COMMUNE)
        issuer = admin.post(
            f"/organisations/{seat}/issuers",
            json={
                "kind": "COUNCIL",
                "name": "Hội đồng thử",
                "symbol": "HĐT",
                "series": [{"kind": "thong_bao", "doc_types": ["thong_bao"]}],
                "workflow": "outgoing",
            },
        ).json()
        power = {
            "person_id": desk.person(LEADER),
            "capacity": "TM",
            "basis": "head",
            "basis_text": "QĐ 1",
        }
        given = admin.post(f"/issuers/{issuer['id']}/mandates", json=power)
        assert given.status_code == 201, given.text
        paper = desk.draft(issuer_id=issuer["id"]).signed()
        refused = problem(paper.try_step(CLERK, "number"), 409, "series-undefined")
        assert refused["doc_type"] == "quyet_dinh"


def test_two_series_for_one_type_are_no_rule(open_office: Callable[..., Office]) -> None:
    with serving(open_office()) as counter:
        twice = {"doc_types": ["quyet_dinh"]}
        answer = counter["xa.quantri"].post(
            f"/organisations/{counter.organisation(COMMUNE)}/issuers",
            json={
                "kind": "COUNCIL",
                "name": "Hội đồng thử",
                "symbol": "HĐT",
                "series": [{"kind": "a", **twice}, {"kind": "b", **twice}],
                "workflow": "outgoing",
            },
        )
        assert problem(answer, 422, "invalid-definition")["place"]


def test_a_year_without_holidays_gives_no_deadline(open_office: Callable[..., Office]) -> None:
    future = datetime(2031, 6, 2, 3, tzinfo=UTC)
    with serving(open_office(clock=lambda: future)) as counter:
        counter.forget_tokens()
        desk = Desk(counter)
        arrival = {
            "organisation_id": desk.seat(),
            "medium": "electronic",
            "sender_kind": "citizen",
            "sender_name": "Ông A",
            "subject": "x",
            "secrecy": "none",
            "files": [{"upload": desk.upload(CLERK, a_pdf())}],
        }
        answer = counter[CLERK].post("/incoming-documents", json=arrival)
        assert problem(answer, 409, "unknown-year")["year"] == 2031


def test_a_validated_file_gets_its_verdict_whatever_it_is(
    open_office: Callable[..., Office], sandbox: Sandbox, tmp_path: Path
) -> None:
    with serving(open_office()) as counter:
        desk = Desk(counter)
        paper = desk.draft().issued()
        (file,) = paper.seen()["files"]
        clerk = counter[SPECIALIST]
        sealed = clerk.get(f"/documents/{paper.id}/files/{file['id']}/content").content
        target = f"/signature-validations?secrecy=none&organisation={desk.seat()}"

        def judge(body: bytes) -> Any:
            return clerk.post(target, content=body, headers=PDF)

        good = judge(sealed)
        assert (good.status_code, good.json()["verdict"]) == (200, "HOP_LE")
        assert good.json()["development"] is True
        # The report of `vanthu validate --json`, but for the name of a file.
        path = tmp_path / "sealed.pdf"
        path.write_bytes(sealed)
        report = json.loads(judged(sandbox, path, Trust(anchors=())).to_json())
        assert good.json().keys() == report.keys() | {"seconds"}
        for told, kept in zip(good.json()["signatures"], report["signatures"], strict=True):
            assert told.keys() == kept.keys()
        assert good.json()["revisions"] == report["revisions"]
        altered = bytearray(sealed)
        altered[sealed.index(b"stream") + 10] ^= 1
        bad = judge(bytes(altered))
        assert (bad.status_code, bad.json()["verdict"]) == (200, "KHONG_HOP_LE")
        assert judge(a_pdf()).json()["verdict"] == "KHONG_CO_CHU_KY"
        problem(judge(b"no pdf at all"), 422, "unreadable-document")
        secret = target.replace("none", "mat")
        problem(clerk.post(secret, content=sealed, headers=PDF), 403, "secret-refused")
