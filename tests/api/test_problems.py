"""The closed table of problems: every refusal has a row, every row a page, every fault a mask."""

from __future__ import annotations

import json
import logging
import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module, resources
from pathlib import Path

import pytest
from fastapi import FastAPI

import api
import workflow
from api import problems
from tests.api.conftest import Counter, problem, serving
from workflow.office import Office
from workflow.rules.errors import Refusal

PAGES = Path(__file__).parents[2] / "docs" / "problems"


def refusals() -> set[type[Refusal]]:
    """Every refusal that any module of the office or the counter defines."""
    for package in (workflow, api):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".migrations." not in module.name:  # scripts of Alembic, run by it alone
                import_module(module.name)

    def below(kind: type[Refusal]) -> Iterator[type[Refusal]]:
        for child in kind.__subclasses__():
            yield child
            yield from below(child)

    return set(below(Refusal))


def test_every_refusal_has_its_row() -> None:
    product = {kind for kind in refusals() if kind.__module__.startswith(("workflow", "api"))}
    assert product == set(problems.TABLE)


def test_every_row_has_its_page_and_every_page_its_row() -> None:
    assert {path.stem for path in PAGES.glob("*.md")} == problems.SLUGS


@pytest.mark.parametrize("slug", sorted(problems.SLUGS))
def test_a_page_tells_what_the_row_says_with_a_true_example(slug: str) -> None:
    page = problems.page(slug)
    rows = [row for row in (*problems.TABLE.values(), problems.FAULT) if row.slug == slug]
    assert len(set(rows)) == 1
    (row,) = set(rows)
    assert page.startswith(f"# {row.title} (`{slug}`, {row.status})")
    assert "**What to do.**" in page
    example = json.loads(page.split("```json\n")[1].split("```")[0])
    assert (example["type"], example["title"], example["status"]) == (
        row.type,
        row.title,
        row.status,
    )


def test_the_package_carries_the_pages() -> None:
    carried = resources.files("api") / "problem_pages"
    assert {entry.name for entry in carried.iterdir()} == {path.name for path in PAGES.iterdir()}


def test_the_page_behind_a_problem_is_served(counter: Counter) -> None:
    document = problem(counter.stranger.get("/me"), 401, "not-authenticated")
    page = counter.http.get(document["type"])
    assert page.status_code == 200
    assert page.text == (PAGES / "not-authenticated.md").read_text(encoding="utf-8")
    problem(counter.http.get("/problems/nonsense"), 404, "not-found")


def test_an_unknown_address_and_method_are_problems_too(counter: Counter) -> None:
    problem(counter.http.get("/nowhere"), 404, "not-found")
    answer = counter.http.request("PATCH", "/me")
    problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "GET"


def test_an_identifier_that_cannot_be_one_names_nothing(counter: Counter) -> None:
    problem(counter["xa.vanthu"].get("/outgoing-documents/not-an-id"), 404, "not-found")


def test_all_wrong_fields_are_named_by_pointer(counter: Counter) -> None:
    answer = counter["xa.quantri"].post(
        f"/organisations/{counter.organisation('H56.MAU.02')}/issuers",
        json={
            "kind": "UBND",
            "name": 5,
            "symbol": "X" * 21,
            "series": [{"kind": "chung", "doc_types": ["a", 7]}],
            "colour": "red",
        },
    )
    errors = {item["pointer"]: item["detail"] for item in problem(answer, 422, "invalid")["errors"]}
    assert errors == {
        "/name": "Phải là chuỗi ký tự.",
        "/symbol": "Dài quá 20 ký tự.",
        "/series/0/doc_types/1": "Phải là chuỗi ký tự.",
        "/workflow": "Thiếu trường bắt buộc.",
        "/colour": "Không có trường này.",
    }


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 200_000, b'"\\ud800"', b"", b"null"])
def test_a_body_that_is_no_object_is_told_and_nothing_more(counter: Counter, body: bytes) -> None:
    answer = counter.http.post(
        "/sessions", content=body, headers={"Content-Type": "application/json"}
    )
    problem(answer, 422, "invalid")


def test_control_characters_are_refused_before_a_database_meets_them(counter: Counter) -> None:
    answer = counter.http.post("/sessions", json={"username": "a\x00b", "password": "x"})
    document = problem(answer, 422, "invalid")
    assert document["errors"] == [{"pointer": "/username", "detail": "Có ký tự điều khiển."}]
    listed = counter["xa.vanthu"].get("/incoming-documents", params={"text": "a\x00b"})
    document = problem(listed, 422, "invalid")
    assert document["errors"] == [{"parameter": "text", "detail": "Có ký tự điều khiển."}]


def test_a_cursor_that_nobody_gave_out_is_refused(counter: Counter) -> None:
    for cursor in ("!", "bnVsbA", "eyJ4IjogMX0", "WyJhIl0", "MTIz"):
        answer = counter["xa.vanthu"].get("/outgoing-documents", params={"cursor": cursor})
        if cursor == "bnVsbA":  # null: the first page
            assert answer.status_code == 200
            continue
        document = problem(answer, 422, "invalid")
        assert document["errors"][0]["parameter"] == "cursor"


def test_a_fault_is_withheld_and_logged_under_its_id(
    office: Office, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broken rule of ours stands for any fault: the law file of this office lost a workflow."""

    class Broken(dict[str, object]):
        def values(self):  # type: ignore[no-untyped-def]
            raise RuntimeError("the secret of the house")

    object.__setattr__(office.law, "workflows", Broken())
    with serving(office) as counter, caplog.at_level(logging.ERROR):
        answer = counter["xa.vanthu"].get("/workflows")
        document = problem(answer, 500, "internal-error")
        assert counter["xa.vanthu"].get("/me").status_code == 200
    assert "secret" not in answer.text
    (record,) = [record for record in caplog.records if record.name == "vanthu.api"]
    assert answer.headers["x-request-id"] in record.getMessage()
    assert document["instance"].endswith(answer.headers["x-request-id"])
    assert "the secret of the house" in caplog.text
    assert "Bearer" not in caplog.text


def test_a_store_that_does_not_answer_is_unavailable(office: Office) -> None:
    with serving(office) as counter:
        assert counter.http.get("/health/live").json() == {"status": "alive"}
        ready = counter.http.get("/health/ready").json()
        assert ready["status"] == "ready"
        assert ready["database"].startswith("SQLite")
        clerk = counter["xa.vanthu"]
        database = office.settings.data_dir / "vanthu.db"
        office.database.close()
        away = database.rename(database.with_suffix(".away"))
        (office.settings.data_dir / "vanthu.db").mkdir()
        answer = clerk.get("/me")
        document = problem(answer, 503, "unavailable")
        assert document["what"]
        assert int(answer.headers["retry-after"]) > 0
        problem(counter.http.get("/health/ready"), 503, "unavailable")
        assert counter.http.get("/health/live").status_code == 200
        office.database.close()
        database.rmdir()
        away.rename(database)
        assert clerk.get("/me").status_code == 200


def test_every_route_tells_its_problems_in_the_description() -> None:
    from api.app import describe

    app: FastAPI = describe()
    description = app.openapi()
    assert description["openapi"].startswith("3.1")
    assert "HTTPValidationError" not in description["components"]["schemas"]
    public = {"/problems/{slug}", "/health/live", "/health/ready", "/sessions"}
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            assert operation["summary"], path
            assert operation["description"], path
            answers = operation["responses"]
            if path not in public and not re.match("/log(/|$)", path):  # the log is everybody's
                assert operation["security"] == [{"HTTPBearer": []}], path
                assert "401" in answers, path
                assert "503" in answers, path
            parameters = {p["name"]: p for p in operation.get("parameters", [])}
            if method == "post" and path not in {"/sessions", "/tokens"}:  # no secret is kept
                assert parameters["Idempotency-Key"]["required"], path
            for status, answer in answers.items():
                if status >= "400":
                    assert list(answer["content"]) == [problems.MEDIA_TYPE], (path, status)
