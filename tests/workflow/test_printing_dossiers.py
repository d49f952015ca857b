"""What is printed of a dossier stands on the page, whole and legible, however long it is."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import date, datetime
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pypdfium2 as pdfium
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from signing import placement
from tests.workflow.test_printing import measured, runs, width
from workflow.printing import (
    appraisal_matrix,
    appraisal_report,
    council_minutes,
    dossier_cover,
    missing_file,
)
from workflow.printing.appraisals import (
    About,
    Component,
    Condition,
    Found,
    MatrixSheet,
    Opinion,
    ReportSheet,
    matrix,
)
from workflow.printing.composition import Hand
from workflow.printing.covers import CoverSheet, Listed, NoticeSheet
from workflow.printing.flow import Flow
from workflow.printing.minutes import Member, MinutesSheet, RatingCount, VoteCount
from workflow.printing.pages import LANDSCAPE, MM, PORTRAIT, Page, Rule
from workflow.printing.tables import Column, Row, Table, draw
from workflow.rules.deadlines import VIETNAM

NOON = datetime(2026, 11, 20, 12, tzinfo=VIETNAM)
ABOUT = About("hồ sơ đề nghị xét, công nhận xã thử", "xã Mẫu", "2026", "Ủy ban nhân dân xã Mẫu")
ISSUER = ("VĂN PHÒNG ĐIỀU PHỐI", "NÔNG THÔN MỚI TỈNH")
FOUND = (
    Found("1", "Quy hoạch", "Sở A", True, reason="Đủ hồ sơ.", appraiser="Chuyên viên", at="nay"),
    Found("2", "Giao thông", "Sở B", False, reason="Mặt đường chưa đạt."),
    Found("8.4", "Ứng dụng công nghệ", "Sở B", under="8. Thông tin và Truyền thông"),
)
OPINIONS = (Opinion("Sở A", "1", "12/SA-TD, 13/11/2026"), Opinion("Sở B", "2, 8.4"))
MATRIX = MatrixSheet(ISSUER, ABOUT, FOUND, OPINIONS, NOON, superior="UBND TỈNH MẪU")
REPORT = ReportSheet(
    issuer=ISSUER,
    superior="UBND TỈNH MẪU",
    about=ABOUT,
    grounds=("Căn cứ Quyết định số 18/2022/QĐ-TTg",),
    asked=("Xã Mẫu nộp hồ sơ.",),
    components=(
        Component("Tờ trình", ("12/TTr-UBND",)),
        Component("Hình ảnh", (), "Không có"),
    ),
    found=FOUND,
    opinions=OPINIONS,
    conditions=(Condition("Tỷ lệ hài lòng", "Từ 90 %", "95,5 %"),),
    conclusion=("Đề nghị Hội đồng xem xét.",),
    capacity=("CHÁNH VĂN PHÒNG",),
    signer="Chánh Văn phòng Điều phối",
    recipients=("Hội đồng", "Lưu: VT"),
)
MINUTES = MinutesSheet(
    issuer=ISSUER,
    council="Hội đồng thẩm định",
    basis="Quyết định số 05/QĐ-UBND",
    about=ABOUT,
    began_at=datetime(2026, 11, 20, 8, 30, tzinfo=VIETNAM),
    ended_at=datetime(2026, 11, 20, 10, 5, tzinfo=VIETNAM),
    place="Phòng họp số 2",
    members=(
        Member("Chánh Văn phòng Điều phối", "Chủ tịch Hội đồng", "Đồng ý"),
        Member("Thư ký Hội đồng", "Thư ký Hội đồng", "Đồng ý"),
        Member("Ủy viên một", "Ủy viên", "Không đồng ý", "Chưa đủ"),
        Member("Ủy viên hai", "Ủy viên"),
    ),
    quorum=Fraction(2, 3),
    count=VoteCount(2, 1, 0, Fraction(9, 10), passed=False),
    conclusion=("Hội đồng không thông qua.",),
    chair=Hand(("CHỦ TỌA", "CHÁNH VĂN PHÒNG"), "Chánh Văn phòng Điều phối"),
    secretary=Hand(("THƯ KÝ", "CHUYÊN VIÊN"), "Thư ký Hội đồng"),
    recipients=("Thành viên Hội đồng",),
)


def texts(pdf: bytes) -> list[str]:
    with pdfium.PdfDocument(pdf) as document:
        return [" ".join(page.get_textpage().get_text_range().split()) for page in document]


words = st.text("abcđêôơưạảấềỗợựỵ/-0189", min_size=1, max_size=70)
cells = st.lists(words, max_size=25).map(" ".join)
tables = st.integers(1, 5).flatmap(
    lambda count: st.builds(
        Table,
        st.tuples(*[st.builds(Column, words.map(lambda w: w[:9]), st.floats(12, 31))] * count),
        st.lists(st.lists(cells, min_size=count, max_size=count).map(Row), max_size=30),
        st.sampled_from([9, 11, 13]),
    )
)


def drawn(table: Table) -> list[Page]:
    flow = Flow(measured, 13, PORTRAIT)
    draw(flow, table)
    return flow.pages


@given(tables)
@example(Table([Column("0", 12.0)] * 4, [Row(["", "", "", "0000/aaaơơ"])], 13))  # cut twice
@settings(max_examples=40)
def test_no_cell_runs_into_another_or_off_the_page(table: Table) -> None:
    edges = [PORTRAIT.left]
    for column in table.columns:
        edges.append(edges[-1] + column.mm * MM)
    for page in drawn(table):
        for run in runs(page):
            if run.baseline < PORTRAIT.top:
                continue  # the number of the page
            left = max(edge for edge in edges if edge <= run.x + 0.01)
            right = edges[edges.index(left) + 1]
            # A letter alone may be wider than the narrowest column; nothing else is.
            assert run.x + width(run) <= right + 0.01 or len(run.text) == 1, run
            assert run.baseline <= PORTRAIT.bottom
        for mark in page.marks:
            if isinstance(mark, Rule):
                assert mark.y + mark.height <= PORTRAIT.bottom + 0.01


@given(tables)
@settings(max_examples=40)
def test_every_letter_is_printed_between_lines_on_pages_that_begin_with_the_header(
    table: Table,
) -> None:
    pages = drawn(table)
    said = "".join("".join(cell.split()) for row in table.rows for cell in row.cells)
    head = "".join("".join(column.title.split()) for column in table.columns)
    printed = "".join(
        "".join(run.text.split())
        for page in pages
        for run in runs(page)
        if run.baseline >= PORTRAIT.top
    )
    assert sorted(printed) == sorted(said + head * len(pages))
    for page in pages:
        first = [run for run in runs(page) if run.baseline >= PORTRAIT.top and run.face == "B"]
        assert sorted("".join("".join(run.text.split()) for run in first)) == sorted(head)
        lines = sorted({mark.y for mark in page.marks if isinstance(mark, Rule) and mark.length})
        for run in runs(page):
            if run.baseline >= PORTRAIT.top:
                assert any(above < run.baseline < below for above, below in pairwise(lines))


def test_a_row_stays_on_one_page_where_it_can() -> None:
    tall = Row(("\n".join(f"dòng {n}" for n in range(30)),))
    pages = drawn(Table((Column("Cột", 100),), [tall] * 3, 12))
    for page in pages:
        shown = [run.text for run in runs(page) if run.text.startswith("dòng")]
        assert shown in ([f"dòng {n}" for n in range(30)], [f"dòng {n}" for n in range(30)] * 2)


def test_what_is_too_wide_goes_on_after_a_sign_between_its_parts() -> None:
    (page,) = drawn(Table((Column("Số", 16),), [Row(("1234/BC-UBND",))]))
    assert [run.text for run in runs(page)][1:] == ["1234/", "BC-", "UBND"]


def test_a_table_that_is_wider_than_the_page_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="161 mm"):
        drawn(Table((Column("Cột", 161),), []))
    with pytest.raises(ValueError, match="2 cells in 3"):
        drawn(Table((Column("a", 9), Column("b", 9), Column("c", 9)), [Row(("1", "2"))]))


def test_the_matrix_says_what_was_found_by_whom_and_in_which_opinion() -> None:
    (page,) = texts(appraisal_matrix(MATRIX))
    for said in (
        "BẢNG TỔNG HỢP KẾT QUẢ THẨM ĐỊNH Hồ sơ đề nghị xét, công nhận xã thử – xã Mẫu, kỳ 2026",
        "1 Quy hoạch Sở A Đạt Đủ hồ sơ. Chuyên viên",
        "2 Giao thông Sở B Không đạt Mặt đường chưa đạt.",
        "8. Thông tin và Truyền thông 8.4 Ứng dụng công nghệ Sở B Chưa có",
        "Tổng số 3 tiêu chí, nội dung: 1 đạt, 1 không đạt, 1 chưa có kết quả.",
        "1 Sở A 1 12/SA-TD, 13/11/2026 2 Sở B 2, 8.4 Chưa có",
    ):
        assert said in page


def test_points_are_added_up_where_criteria_are_rated() -> None:
    rated = [
        Found("A", "Sản phẩm", "Sở A", points=33, most_points=40),
        Found("B", "x", "", most_points=25),
    ]
    (page,) = texts(appraisal_matrix(replace(MATRIX, found=rated)))
    assert "33/40 điểm" in page
    assert "Tổng số 2 tiêu chí: 33/65 điểm, 1 chưa có kết quả." in page


def test_the_report_is_a_document_with_its_tables_and_its_signer() -> None:
    pages = " ".join(texts(appraisal_report(REPORT)))
    parts = (
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "BÁO CÁO Thẩm định hồ sơ đề nghị",
        "Căn cứ Quyết định số 18/2022/QĐ-TTg.",
        "I. Yêu cầu thẩm định Xã Mẫu nộp hồ sơ.",
        "1 Tờ trình 12/TTr-UBND Có, hợp lệ 2 Hình ảnh Không có",
        "III. Kết quả thẩm định từng tiêu chí",
        "Không đạt Mặt đường chưa đạt.",
        "1 Tỷ lệ hài lòng Từ 90 % 95,5 %",
        "V. Kết luận, kiến nghị Đề nghị Hội đồng xem xét./.",
        "Chánh Văn phòng Điều phối",
    )
    places = [pages.index(part) for part in parts]
    assert places == sorted(places)


def test_the_minutes_count_exactly_and_name_the_rule() -> None:
    pages = " ".join(texts(council_minutes(MINUTES)))
    for said in (
        "Thời gian bắt đầu: 08 giờ 30 phút, ngày 20 tháng 11 năm 2026.",
        "Thành phần tham dự: 3/4 thành viên Hội đồng thẩm định (Quyết định số 05/QĐ-UBND); vắng "
        "mặt: Ủy viên hai.",
        "3 Ủy viên một Ủy viên Không đồng ý Chưa đủ",
        "4 Ủy viên hai Ủy viên Không tham gia",
        "từ 2/3 (66,66 %) số thành viên tham gia.",
        "Đồng ý: 2 phiếu; không đồng ý: 1 phiếu; không có ý kiến: 0 phiếu.",
        "Tỷ lệ đồng ý: 2/3 số thành viên tham gia bỏ phiếu (66,66 %).",
        "Tỷ lệ quy định: từ 9/10 (90 %) trở lên. Kết quả: không đạt tỷ lệ quy định.",
        "Cuộc họp kết thúc vào 10 giờ 05 phút, ngày 20 tháng 11 năm 2026./.",
    ):
        assert said in pages


def test_an_average_is_told_exactly() -> None:
    count = RatingCount((61, 70, 88), Fraction(219, 3), "4 sao", dropped=False)
    rated = replace(MINUTES, count=count)
    pages = " ".join(texts(council_minutes(rated)))
    assert "Tổng điểm của các thành viên: 88; 70; 61." in pages
    assert "(bình quân các tổng điểm): 73 điểm. Xếp hạng: 4 sao." in pages
    third = replace(count, average=Fraction(269, 3), dropped=True, grade="3 sao")
    pages = " ".join(texts(council_minutes(replace(rated, count=third))))
    assert "269/3 (khoảng 89,66) điểm" in pages  # never 89,67: nothing looks like what it is not
    assert "bỏ một tổng điểm cao nhất và một tổng điểm thấp nhất" in pages


def test_secretary_and_chair_each_have_room_to_sign(tmp_path: Path) -> None:
    """The places are found from the words, as for every document that is submitted."""
    path = tmp_path / "minutes.pdf"
    path.write_bytes(council_minutes(MINUTES))
    hands = [
        placement.person_box(path, [title], name, 127, 57)
        for title, name in (
            ("Chuyên viên", "Thư ký Hội đồng"),
            ("Chánh Văn phòng", "Chánh Văn phòng Điều phối"),
        )
    ]
    secretary, chair = hands
    assert secretary is not None
    assert chair is not None
    assert secretary.page == chair.page
    assert secretary.x + secretary.width < chair.x
    # The seal goes over the chair's image, and not over the secretary's.
    seal = placement.seal_box(chair, 36, 36)
    placement.check_free(path, seal, [secretary])


def test_the_cover_lists_what_follows_and_says_what_it_is() -> None:
    listed = [
        Listed(n, f"{n}/BC-UBND", date(2026, 1, 5), f"Báo cáo: kết quả {n}", "UBND xã", 2 * n - 1)
        for n in range(1, 101)
    ]
    cover = CoverSheet(
        "Ủy ban nhân dân xã Mẫu",
        ABOUT,
        2,
        3,
        (("Mã định danh", "H56.MAU.02"), ("Tiêu đề hồ sơ", "Hồ sơ xã Mẫu")),
        listed,
        ("Trường OrganId để trống.",),
        NOON,
    )
    first, *pages = texts(dossier_cover(cover))
    assert "Tập 2/3" in first
    assert "Mã định danh H56.MAU.02" in first
    assert "chữ ký số của từng văn bản không còn hiệu lực kỹ thuật trong tệp này" in first
    assert "Trường OrganId để trống." in first
    assert all("STT Số, ký hiệu" in page for page in pages)
    assert "100 100/BC-UBND 05/01/2026 Báo cáo: kết quả 100 UBND xã 199" in pages[-1]
    assert dossier_cover(cover) == dossier_cover(cover)


def test_the_page_in_place_of_a_file_says_why_and_which() -> None:
    (page,) = texts(missing_file(NoticeSheet("7. Báo cáo", "Bị khóa.", "ab" * 32, 1234567), NOON))
    assert "KHÔNG GHÉP ĐƯỢC TỆP NÀY" in page
    assert "Văn bản 7. Báo cáo Lý do Bị khóa." in page
    assert "ab" * 32 in page.replace(" ", "")
    assert "1.234.567 byte" in page


def test_a_matrix_of_two_thousand_lines_costs_in_proportion() -> None:
    def seconds(lines: int) -> float:
        found = [replace(FOUND[n % 3], code=str(n), under=None) for n in range(lines)]
        start = time.process_time()
        pages = matrix(replace(MATRIX, found=found), measured)
        spent = time.process_time() - start
        assert len(pages) > lines / 30
        return spent

    seconds(200)
    assert seconds(2000) < 20 * max(seconds(200), 0.001)


def test_the_matrix_lies() -> None:
    with pdfium.PdfDocument(appraisal_matrix(MATRIX)) as pdf:
        assert pdf[0].get_size() == pytest.approx((LANDSCAPE.width, LANDSCAPE.height), abs=0.1)
