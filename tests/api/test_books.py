"""The books of a seat over HTTP: whole files, named for a Vietnamese reader."""

from __future__ import annotations

import hashlib
import zipfile
from io import BytesIO
from urllib.parse import unquote

import pytest

from tests.api.conftest import Counter, problem
from tests.api.desk import CLERK, SPECIALIST, Desk, made
from tests.staff import PROVINCE
from workflow.office import VIETNAM

FORMS = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
    "xml": "application/xml",
}


@pytest.mark.parametrize("form", FORMS)
def test_a_book_comes_whole_and_its_look_is_in_the_access_chain(
    founded_counter: Counter, form: str
) -> None:
    desk = Desk(founded_counter)
    clerk = founded_counter[CLERK]
    asked = {"period": "2026-11", "issuer": desk.issuer()}
    answer = clerk.get(f"/organisations/{desk.seat()}/books/outgoing-register.{form}", params=asked)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].partition(";")[0] == FORMS[form]
    disposition = answer.headers["content-disposition"]
    assert disposition.isascii()
    name = unquote(disposition.removeprefix("attachment; filename*=UTF-8''"))
    assert name == f"So dang ky van ban di UBND 2026-11.{form}"
    content = answer.content
    if form == "xlsx":
        assert zipfile.ZipFile(BytesIO(content)).testzip() is None
    else:
        assert content.startswith(b"%PDF-" if form == "pdf" else b"<?xml ")
    looks = made(
        founded_counter["xa.kiemtoan"].get(
            f"/organisations/{desk.seat()}/journal", params={"chain": "access", "limit": "200"}
        ),
        200,
    )["items"]
    digest = hashlib.sha256(content).hexdigest()
    assert [digest in look["content"] for look in looks].count(True) == 1


def test_what_cannot_be_had_is_a_problem(founded_counter: Counter) -> None:
    desk = Desk(founded_counter)
    books = f"/organisations/{desk.seat()}/books"
    clerk, period = founded_counter[CLERK], {"period": "2026"}
    problem(clerk.get(f"{books}/incoming-register.doc", params=period), 404, "not-found")
    problem(clerk.get(f"{books}/incoming-register.pdf"), 422, "invalid")
    problem(clerk.get(f"{books}/incoming-register.pdf", params={"period": "x"}), 422, "invalid")
    problem(clerk.get(f"{books}/outgoing-register.pdf", params=period), 422, "invalid")
    problem(clerk.get(f"{books}/no-book.pdf", params=period), 404, "not-found")
    specialist = founded_counter[SPECIALIST]
    problem(specialist.get(f"{books}/file-list.xlsx", params=period), 403, "forbidden")


def test_a_code_too_long_for_its_field_is_a_problem_that_names_it(counter: Counter) -> None:
    desk = Desk(counter)
    admin, seat = counter["tinh.quantri"], desk.seat()
    made(
        counter[CLERK].post(
            "/work-files",
            json={"organisation_id": seat, "notation": "01", "title": "x", "retention": "5 năm"},
        )
    )
    year = str(counter.office.clock().year)
    address = f"/organisations/{seat}/books/file-list.xml"
    assert counter[CLERK].get(address, params={"period": year}).status_code == 200
    named = {
        "code": "H56.01.02.03.04.05",
        "name": "Ủy ban nhân dân xã Mẫu",
        "kind": "commune",
        "place": "Xã Mẫu",
        "parent_id": counter.organisation(PROVINCE),
        "on": counter.office.clock().astimezone(VIETNAM).date().isoformat(),
    }
    made(admin.post(f"/organisations/{seat}/names", json=named))
    found = problem(counter[CLERK].get(address, params={"period": year}), 409, "guards-unmet")
    (sentence,) = found["unmet"]
    assert sentence.startswith(f"Hồ sơ 01 năm {year}: trường “Mã định danh")
    assert "nhiều nhất 13 ký tự" in sentence
