"""The report of a frozen indicator stands on the page, and adds up there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from signing import placement
from tests.workflow.test_printing import composed, runs
from workflow.printing import indicator_report
from workflow.printing.indicator import (
    Comparison,
    IndicatorSheet,
    IssuerShares,
    Omission,
    Share,
    period_words,
    report,
)
from workflow.printing.pages import PORTRAIT

SHARE = Share(
    "Văn bản đi ký số", 19_999, 20_000, "99,99%", 3, 20_003, [("đã ký số đầy đủ", 19_999)]
)
SHEET = IndicatorSheet(
    issuer=("ỦY BAN NHÂN DÂN XÃ MẪU",),
    title="100% văn bản đến, văn bản đi được xử lý, ký số trên môi trường mạng",
    period="2026-Q4",
    issuers=[IssuerShares("UBND xã Mẫu", [SHARE] * 4, "Văn bản đến: 0 quá hạn.", "đạt 100%.")],
    omissions=[Omission("Giấy mời", "văn bản đi", "Quyết định 9/QĐ-UBND", "Chủ tịch, 01/11/2026")],
    comparisons=[Comparison("văn bản đi", "sổ giấy", "chưa đối chiếu", "")],
    origin=[("Nhật ký: mã của mục cuối", "0" * 64)],
    closing=["Đề nghị tiếp tục thực hiện."],
    capacity=("TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH"),
    signer="Chủ tịch xã Mẫu",
    recipients=("Lưu: VT",),
)


def text_of(sheet: IndicatorSheet) -> str:
    said = " ".join(run.text for page in composed(report(sheet)) for run in runs(page))
    return " ".join(said.split())


def test_it_says_every_figure_and_where_it_comes_from() -> None:
    text = text_of(SHEET)
    for said in (
        "BÁO CÁO",
        "quý IV năm 2026",
        "99,99%",
        "3/20003",
        "Cộng, bằng số văn bản trong sổ",
    ):
        assert said in text
    for said in ("Giấy mời", "Quyết định 9/QĐ-UBND", "chưa đối chiếu", "thực hiện./."):
        assert said in text
    assert "Không có loại văn bản nào được loại khỏi chỉ số." in text_of(
        replace(SHEET, omissions=())
    )


def test_many_issuers_stay_within_the_margins() -> None:
    pages = composed(report(replace(SHEET, issuers=SHEET.issuers * 12)))
    assert len(pages) > 3
    for page in pages:
        assert all(PORTRAIT.left - 0.1 <= run.x <= PORTRAIT.right for run in runs(page))
        assert all(run.baseline <= PORTRAIT.bottom + 1 for run in runs(page))


def test_it_has_room_for_its_signer(tmp_path: Path) -> None:
    path = tmp_path / "bao-cao.pdf"
    path.write_bytes(indicator_report(SHEET))
    assert placement.person_box(path, ["CHỦ TỊCH"], "Chủ tịch xã Mẫu", 127, 57)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2026-11", "tháng 11 năm 2026"),
        ("2026-01", "tháng 1 năm 2026"),
        ("2026-Q1", "quý I năm 2026"),
        ("2026", "năm 2026"),
    ],
)
def test_a_period_in_words(text: str, words: str) -> None:
    assert period_words(text) == words
