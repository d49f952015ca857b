"""The indicator over HTTP: in parts, of many, month by month; what is stated beside; reported."""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

import pypdfium2 as pdfium
import pytest

from tests.api.conftest import Counter, problem
from tests.api.desk import CLERK, LEADER, OTHER_CLERK, SPECIALIST, Desk, Document, made
from tests.api.papers import a_pdf
from tests.staff import PROVINCE
from workflow.rules.reasons import Reason

AUDITOR, GOVERNOR = "xa.kiemtoan", "tinh.chutich"
NOW = datetime.now(ZoneInfo("Asia/Ho_Chi_Minh"))
YEAR, MONTH = f"{NOW:%Y}", f"{NOW:%Y-%m}"
FRACTIONS = ("outgoing_processed", "outgoing_signed", "incoming_processed", "incoming_signed")


@pytest.fixture
def desk(counter: Counter) -> Desk:
    return Desk(counter)


@pytest.fixture(scope="module")
def issued(founded_counter: Counter) -> Desk:
    """A commune that has issued one decision; tests with it only look."""
    desk = Desk(founded_counter)
    desk.draft().issued()
    return desk


def asked(desk: Desk, what: str = "", username: str = AUDITOR, **params: str) -> dict[str, Any]:
    address = f"/organisations/{desk.seat()}/indicator{what}"
    return made(desk.counter[username].get(address, params=params), 200)


def test_every_figure_says_what_it_rests_on(issued: Desk) -> None:
    found = asked(issued, period=YEAR)
    told = made(issued.counter[CLERK].get("/indicator-definitions"), 200)
    assert hashlib.sha256(told["text"].encode()).hexdigest() == told["sha256"]
    assert found["definition_sha256"] == told["sha256"]
    assert found["definition_version"] in [one["version"] for one in told["definitions"]]
    assert found["labels"] == {one["reason"]: one["label"] for one in told["reasons"]}
    assert {one["reason"] for one in told["reasons"]} == set(Reason)
    # No checkpoint was made yet: nothing of the journal is covered.
    assert found["uncovered"] == found["journal_sequence"] > 0
    assert {one["text"] for one in found["reconciliation"]} == {"chưa đối chiếu"}
    assert len(found["reconciliation"]) == 6
    first = found["issuers"][0]
    assert (first["open"], first["overdue"], first["completed_on_time"]) == (0, 0, 0)
    assert (found["exclusions"], found["subtree"], found["unattributed"]) == ([], None, 0)


def test_a_part_of_the_documents_is_told_as_a_part(issued: Desk) -> None:
    sent = asked(issued, period=YEAR, register="outgoing")
    assert sent["issuers"][0]["outgoing_signed"]["rows"] == 1
    assert sent["issuers"][0]["incoming_signed"] is None
    assert sent["issuers"][0]["achieved"] is None
    assert {one["register"] for one in sent["reconciliation"]} == {"outgoing"}
    letters = asked(issued, period=YEAR, type="cong_van")
    assert letters["issuers"][0]["outgoing_signed"]["rows"] == 0
    auditor, seat = issued.counter[AUDITOR], f"/organisations/{issued.seat()}"
    for wrong in ({"register": "copies"}, {"type": "x"}):
        answer = auditor.get(f"{seat}/indicator", params={"period": YEAR, **wrong})
        problem(answer, 422, "invalid")
    rows = asked(issued, "/reasons", period=YEAR, reason="signed")["items"]
    assert [row["register"] for row in rows] == ["outgoing"]
    assert asked(issued, "/reasons", period=YEAR, reason="overdue")["items"] == []
    answer = auditor.get(f"{seat}/indicator/reasons", params={"period": YEAR, "reason": "x"})
    problem(answer, 422, "invalid")


def test_month_by_month_and_with_those_under_it(issued: Desk) -> None:
    points = asked(issued, "/series", **{"from": "2026-01", "to": MONTH})["points"]
    assert points[-1]["period"] == MONTH
    assert sum(point["issuers"][0]["outgoing_signed"]["rows"] for point in points) == 1
    province, governor = issued.seat(PROVINCE), issued.counter[GOVERNOR]
    whole = made(
        governor.get(
            f"/organisations/{province}/indicator", params={"period": YEAR, "subtree": "true"}
        ),
        200,
    )["subtree"]
    kinds = {one["kind"]: one for one in whole["kinds"]}
    assert kinds["UBND"]["outgoing_signed"]["numerator"] == 1
    assert (whole["with_rows"], whole["without_issuer"]) == (1, 0)
    behind = {one["organisation_id"]: one for one in whole["organisations"]}
    assert behind[issued.seat()]["rows"] == 1
    assert behind[issued.seat()]["uncovered"] == behind[issued.seat()]["journal_sequence"] > 0
    ranked = made(
        governor.get(f"/organisations/{province}/indicator/ranking", params={"period": YEAR}), 200
    )["communes"]
    assert [(one["rank"], one["organisation_id"]) for one in ranked] == [(1, issued.seat())]
    assert [ranked[0][name]["text"] for name in FRACTIONS] == ["100,00%", "100,00%", "N/A", "N/A"]
    clerk = issued.counter["tinh.vanthu"]
    problem(
        clerk.get(f"/organisations/{province}/indicator/ranking", params={"period": YEAR}),
        403,
        "forbidden",
    )


def test_lists_are_entered_and_stated(desk: Desk) -> None:
    address, clerk = f"/organisations/{desk.seat()}/reconciliations", desk.counter[CLERK]
    said = {"month": MONTH, "register": "outgoing", "source": "exchange", "listed": 3, "matched": 0}
    row = made(clerk.post(address, json=said))
    assert {name: row[name] for name in said} == said
    assert row["name"] == "Văn thư xã Mẫu"
    line = asked(desk, period=MONTH)["reconciliation"][0]
    assert (line["unreconciled"], line["text"]) == (3, "khớp 0/3, chưa khớp 3")
    secret = {"month": MONTH, "register": "outgoing", "source": "secret"}
    numbers = {"first_number": 1, "last_number": 4}
    body = problem(
        clerk.post(address, json={**secret, **numbers, "note": "Về việc X"}), 422, "invalid"
    )
    assert [one["pointer"] for one in body["errors"]] == ["/note"]
    assert "Về việc X" not in str(body)
    held = made(clerk.post(address, json={**secret, **numbers}))
    assert (held["listed"], held["matched"]) == (4, None)
    items = made(desk.counter[AUDITOR].get(address, params={"month": MONTH}), 200)["items"]
    assert [one["source"] for one in items] == ["secret", "exchange"]
    problem(clerk.post(address, json=said | {"matched": 1}), 422, "invalid")
    problem(desk.counter[AUDITOR].post(address, json=said), 403, "forbidden")
    problem(desk.counter[OTHER_CLERK].get(address), 404, "not-found")


def test_a_type_is_left_out_on_record(desk: Desk) -> None:
    address = f"/organisations/{desk.seat()}/indicator-exclusions"
    said = {"register": "outgoing", "type_code": "giay_moi", "basis": "Quyết định 9/QĐ-UBND"}
    leader = desk.counter[LEADER]
    one = made(leader.post(address, json=said))
    assert (one["decided_on"], one["name"]) == (f"{NOW:%Y-%m-%d}", "Chủ tịch xã Mẫu")
    problem(leader.post(address, json=said), 409, "duplicate")
    problem(desk.counter[CLERK].post(address, json=said), 403, "forbidden")
    assert made(desk.counter[AUDITOR].get(address), 200)["items"] == [one]


def drafted(desk: Desk, upload: str, **others: Any) -> Document:
    body = desk.draft_of(type_code="bao_cao", subject="Kết quả chỉ số", **others)
    body["files"] = [{"upload": upload}]
    found = made(desk.counter[SPECIALIST].post("/outgoing-documents", json=body))
    return Document(desk, "/outgoing-documents", found["id"])


def says(desk: Desk, printed: dict[str, Any], taken: dict[str, Any]) -> None:
    """The pages, read as people read them, say what was frozen."""
    kept = uuid.UUID(printed["organisation_id"]), printed["sha256"], printed["size_bytes"]
    with desk.counter.office.stream(*kept) as stored:
        text = text_of(stored.read())
    for said in (
        "BÁO CÁO Kết quả chỉ số 100% văn bản đến, văn bản đi được xử lý",
        f"tháng {NOW.month} năm {NOW.year}",
        "Ủy ban nhân dân xã Mẫu: chưa đạt 100%.",
        "đã ký số đầy đủ",
        "0 hoàn thành đúng hạn, 0 đang xử lý trong hạn, 0 đang xử lý quá hạn",
        "khớp 1/1, chưa khớp 0",
        "chưa đối chiếu",
        taken["definition_sha256"],
        taken["journal_digest"],
        taken["id"],
        "TM. ỦY BAN NHÂN DÂN XÃ MẪU",
        "Chủ tịch xã Mẫu",
    ):
        assert "".join(said.split()) in text, said
    # What was decided on today counts from tomorrow: on the last day of a month not in it.
    assert ("Quyếtđịnh9/QĐ-UBND" in text) is bool(taken["exclusions"])


def test_a_frozen_indicator_is_reported_numbered_and_signed(desk: Desk) -> None:
    desk.draft().issued()
    seat = f"/organisations/{desk.seat()}"
    excluded = {"register": "incoming", "type_code": "giay_moi", "basis": "Quyết định 9/QĐ-UBND"}
    made(desk.counter[LEADER].post(f"{seat}/indicator-exclusions", json=excluded))
    exchange = {"month": MONTH, "register": "outgoing", "source": "exchange"}
    made(
        desk.counter[CLERK].post(
            f"{seat}/reconciliations", json={**exchange, "listed": 1, "matched": 1}
        )
    )
    taken = made(desk.counter[CLERK].post(f"{seat}/indicator-snapshots", json={"period": MONTH}))
    address = f"{seat}/indicator-snapshots/{taken['id']}"
    specialist = desk.counter[SPECIALIST]
    words = {
        "signer_id": desk.person(LEADER),
        "capacity": "TM",
        "head": "Ủy ban nhân dân xã Mẫu",
        "remarks": ["Đề nghị các đơn vị tiếp tục thực hiện."],
    }
    printed = made(specialist.post(f"{address}/report", json=words))
    says(desk, printed, taken)
    report = drafted(desk, printed["id"])
    linked = made(specialist.put(f"{address}/report", json={"document_id": report.id}), 200)
    assert linked["report"] == {
        "document_id": report.id,
        "state": "drafting",
        "state_label": linked["report"]["state_label"],
        "code": None,
        "dated_on": None,
        "signed": False,
        "reason": None,
        "printed": True,
    }
    assert made(specialist.put(f"{address}/report", json={"document_id": report.id}), 200) == linked
    report.issued()
    shown = made(desk.counter[AUDITOR].get(address), 200)
    assert {**shown, "report": None} == taken  # what was frozen stays as it was
    told = shown["report"]
    assert (told["state"], told["code"], told["dated_on"]) == (
        "issued",
        "01/BC-UBND",
        f"{NOW:%Y-%m-%d}",
    )
    assert (told["signed"], told["reason"], told["printed"]) == (True, "signed", True)
    listed = made(desk.counter[AUDITOR].get(f"{seat}/indicator-snapshots"), 200)["items"]
    assert listed == [shown]
    another = drafted(desk, printed["id"])
    answer = specialist.put(f"{address}/report", json={"document_id": another.id})
    body = problem(answer, 409, "duplicate")
    assert body["existing"] == [report.id]


def test_only_what_was_printed_of_a_snapshot_reports_it(desk: Desk) -> None:
    seat = f"/organisations/{desk.seat()}"
    clerk, specialist = desk.counter[CLERK], desk.counter[SPECIALIST]
    first, second = (
        made(clerk.post(f"{seat}/indicator-snapshots", json={"period": MONTH})) for _ in range(2)
    )
    address = f"{seat}/indicator-snapshots/{first['id']}/report"
    words = {"signer_id": desk.person(LEADER), "capacity": "TM", "head": "Ủy ban nhân dân xã Mẫu"}
    printed = made(specialist.post(address, json=words))
    other = f"{seat}/indicator-snapshots/{second['id']}/report"

    def refused(document: Document, where: str = address) -> list[str]:
        answer = specialist.put(where, json={"document_id": document.id})
        return [one["detail"] for one in problem(answer, 422, "invalid")["errors"]]

    typed = "Dự thảo không phải bản in từ số liệu đã chốt này. Hãy in và soạn lại."
    assert refused(desk.draft()) == ["Văn bản phải là báo cáo.", typed]
    assert refused(drafted(desk, desk.upload(SPECIALIST, a_pdf("tu soan")))) == [typed]
    report = drafted(desk, printed["id"])
    assert refused(report, other) == [typed]
    made(specialist.put(address, json={"document_id": report.id}), 200)
    # Other bytes under the same document: it no longer reports what was frozen.
    body = desk.draft_of(a_pdf("sua so"), type_code="bao_cao")
    etag = f'"{report.seen(SPECIALIST)["version"]}"'
    answer = specialist.put(f"/outgoing-documents/{report.id}/draft", json=body, etag=etag)
    assert answer.status_code == 200, answer.text
    snapshot = made(clerk.get(f"{seat}/indicator-snapshots/{first['id']}"), 200)
    assert snapshot["report"]["printed"] is False
    # Cancelled, it makes room for another.
    report.step(SPECIALIST, "cancel", reason="Sai số liệu")
    again = drafted(desk, printed["id"])
    linked = made(specialist.put(address, json={"document_id": again.id}), 200)
    assert (linked["report"]["document_id"], linked["report"]["printed"]) == (again.id, True)
    problem(desk.counter[OTHER_CLERK].post(address, json=words), 404, "not-found")
    problem(desk.counter[AUDITOR].post(address, json=words), 403, "forbidden")


def text_of(pdf: bytes) -> str:
    """Every letter on the pages, without blanks: where a cell breaks a digest is no matter."""
    with pdfium.PdfDocument(BytesIO(pdf)) as document:
        pages = [document[n].get_textpage().get_text_bounded() for n in range(len(document))]
    return "".join("".join(pages).split())
