"""What leaves a dossier through the counter: matrix, report, minutes, volumes and XML."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pypdfium2 as pdfium
import pytest

from tests.api.conftest import COORDINATION, problem, serving
from tests.api.desk import LEADER, SPECIALIST, made
from tests.api.dossier_desk import (
    KIND,
    OFFICE_LEADER,
    OFFICE_SPECIALIST,
    PROVINCE_LEADER,
    Dossier,
    DossierDesk,
    kinds_in,
)
from tests.staff import AGRICULTURE, PROVINCE, TECHNOLOGY
from workflow.office import Office

APPRAISER = "sonnmt.chuyenvien"
MEMBERS = {OFFICE_LEADER: "chair", OFFICE_SPECIALIST: "secretary", "tinh.phochutich": "member"}


@pytest.fixture
def desk(open_office: Callable[..., Office], tmp_path: Path) -> Iterator[DossierDesk]:
    with serving(open_office(kinds=kinds_in(tmp_path / "kinds", xa_thu=KIND))) as counter:
        yield DossierDesk(counter, tmp_path)


def text(content: bytes) -> str:
    with pdfium.PdfDocument(content) as pdf:
        return " ".join(" ".join(page.get_textpage().get_text_range() for page in pdf).split())


def printed(desk: DossierDesk, dossier: Dossier, **said: Any) -> tuple[str, str]:
    """An upload of the office's and what it says."""
    answer = desk.counter[OFFICE_SPECIALIST].post(f"{dossier.address}/prints", json=said)
    upload = made(answer)
    seat = desk.desk.seat(COORDINATION)
    assert upload["organisation_id"] == seat
    with desk.counter.office.stream(
        uuid.UUID(seat), upload["sha256"], upload["size_bytes"]
    ) as stored:
        return upload["id"], text(stored.read())


def report(desk: DossierDesk, **others: Any) -> dict[str, Any]:
    return {
        "part": "appraisal_report",
        "signer_id": desk.desk.person(OFFICE_LEADER),
        "conclusion": ["Hồ sơ đủ điều kiện trình Hội đồng."],
        **others,
    }


def test_the_matrix_shows_everybody_what_is_theirs(desk: DossierDesk) -> None:
    dossier = desk.open().appraising().appraise(AGRICULTURE, "1")

    answer = dossier.get(OFFICE_SPECIALIST, "/appraisal-matrix.pdf")

    assert answer.headers["content-type"] == "application/pdf"
    whole = text(answer.content)
    assert "BẢNG TỔNG HỢP KẾT QUẢ THẨM ĐỊNH" in whole
    assert "Theo hồ sơ minh chứng." in whole
    assert "Tổng số 2 tiêu chí, nội dung: 1 đạt, 0 không đạt, 1 chưa có kết quả." in whole
    # Until a department has given its opinion the applicant is not told what it finds.
    assert "Theo hồ sơ minh chứng." not in text(
        dossier.get(SPECIALIST, "/appraisal-matrix.pdf").content
    )


def test_report_and_minutes_are_set_drafted_and_issued(desk: DossierDesk) -> None:
    counter = desk.counter
    dossier = desk.open().appraising()
    prints = f"{dossier.address}/prints"
    early = counter[OFFICE_SPECIALIST].post(prints, json=report(desk))
    assert problem(early, 409, "guards-unmet")["unmet"] == [
        "Chưa đủ ý kiến thẩm định của các cơ quan."
    ]
    dossier.appraise(AGRICULTURE, "1").opinion(AGRICULTURE)
    dossier.appraise(TECHNOLOGY, "2").opinion(TECHNOLOGY)
    dossier.step(OFFICE_SPECIALIST, "conclude_appraisal")

    upload, said = printed(desk, dossier, **report(desk))

    assert "BÁO CÁO Thẩm định hồ sơ đề nghị xét, công nhận xã thử nghiệm – xã Mẫu" in said
    assert "1 Biên bản họp" in said
    assert "Có, hợp lệ" in said
    assert "Tổng số 2 tiêu chí, nội dung: 2 đạt, 0 không đạt." in said
    assert "/SNNMT-" in said  # the department's numbered opinion
    assert "Hồ sơ đủ điều kiện trình Hội đồng./." in said
    assert "CHÁNH VĂN PHÒNG" in said
    dossier.paper(COORDINATION, "appraisal_report", upload=upload, type_code="bao_cao")
    dossier.step(OFFICE_SPECIALIST, "report")

    minutes = {"part": "council_minutes", "place": "Phòng họp số 2"}
    early = counter[OFFICE_SPECIALIST].post(prints, json=minutes)
    assert problem(early, 409, "guards-unmet")["unmet"] == ["Hội đồng chưa kết thúc bỏ phiếu."]
    vote(desk, dossier)

    upload, said = printed(desk, dossier, **minutes)

    assert "Địa điểm: Phòng họp số 2." in said
    assert "Thành phần tham dự: 3/3 thành viên" in said
    assert "Tỷ lệ đồng ý: 3/3 số thành viên tham gia bỏ phiếu (100 %)." in said
    assert "Tỷ lệ quy định: từ 9/10 (90 %) trở lên. Kết quả: đạt tỷ lệ quy định." in said
    assert "THƯ KÝ" in said
    assert "CHỦ TỌA" in said
    signers = [
        {"person_id": desk.desk.person(OFFICE_SPECIALIST), "part": "secretary"},
        {"person_id": desk.desk.person(OFFICE_LEADER), "part": "chair"},
    ]
    dossier.draft(
        COORDINATION,
        "council_minutes",
        upload=upload,
        type_code="bien_ban",
        signers=signers,
    )


def vote(desk: DossierDesk, dossier: Dossier) -> None:
    """A council is named, everybody agrees, and the vote is closed."""
    counter = desk.counter
    council = made(
        counter[PROVINCE_LEADER].post(
            "/councils",
            json={
                "organisation_id": desk.desk.seat(PROVINCE),
                "name": "Hội đồng thẩm định",
                "basis": "Quyết định số 05/QĐ-UBND",
                "members": [
                    {"person_id": desk.desk.person(who), "part": part}
                    for who, part in MEMBERS.items()
                ],
            },
        )
    )
    made(
        counter[OFFICE_SPECIALIST].post(
            f"{dossier.address}/council",
            json={"council_id": council["id"]},
            etag=dossier.etag(OFFICE_SPECIALIST),
        ),
        200,
    )
    dossier.step(OFFICE_SPECIALIST, "open_vote")
    for who in MEMBERS:
        made(counter[who].put(f"{dossier.address}/ballot", json={"choice": "agree"}), 200)
    dossier.step(OFFICE_SPECIALIST, "close_vote")


def test_only_the_office_prints_its_papers(desk: DossierDesk) -> None:
    dossier = desk.open().accepted()
    for username in (SPECIALIST, LEADER):
        refused = desk.counter[username].post(f"{dossier.address}/prints", json=report(desk))
        problem(refused, 403, "forbidden")
    stranger = desk.counter[APPRAISER].post(f"{dossier.address}/prints", json=report(desk))
    problem(stranger, 404, "not-found")


def test_the_dossier_is_put_together_and_taken_along(desk: DossierDesk) -> None:
    counter, dossier = desk.counter, desk.open().accepted()
    asked = counter[OFFICE_SPECIALIST].post(f"{dossier.address}/exports", json=None)
    export = made(asked, 202)
    assert asked.headers["location"] == f"{dossier.address}/exports/{export['id']}"
    assert (export["done"], export["total"], export["finished_at"]) == (0, 0, None)
    counter.do_jobs()

    address = f"/exports/{export['id']}"
    seen = made(dossier.get(OFFICE_SPECIALIST, address), 200)

    assert (seen["done"], seen["total"], seen["failure"]) == (1, 1, None)
    assert [file["name"] for file in seen["files"]] == ["tap-1.pdf", "ho-so.xml"]
    volume, xml = (
        dossier.get(OFFICE_SPECIALIST, f"{address}/files/{file['name']}") for file in seen["files"]
    )
    assert "Đây là bản ghép để đọc" in text(volume.content)
    assert xml.headers["content-type"].startswith("application/xml")
    document = ET.fromstring(xml.content).find("DocumentList/Document")  # noqa: S314
    assert document is not None
    assert "Biên bản họp" in (document.findtext("Description") or "")
    problem(dossier.get(SPECIALIST, address), 404, "not-found")
    problem(dossier.get(OFFICE_SPECIALIST, f"{address}/files/x.pdf"), 404, "not-found")


def test_who_appraises_takes_nothing_along(desk: DossierDesk) -> None:
    dossier = desk.open().appraising()
    head = "sonnmt.truongphong"
    made(dossier.get(head), 200)

    problem(desk.counter[head].post(f"{dossier.address}/exports", json=None), 403, "forbidden")
