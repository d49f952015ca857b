"""The status board of the law."""

from datetime import date, timedelta

import pytest

from tests.workflow.rules.law import law_text
from workflow.rules import citations
from workflow.rules.errors import InvalidDefinition

BOARD = {basis.code: basis for basis in citations.parse(law_text("legal_basis"))}


@pytest.mark.parametrize(
    ("code", "repealed_on"),
    [
        ("TT 41/2017/TT-BTTTT", date(2026, 11, 15)),
        ("NĐ 42/2022/NĐ-CP", date(2026, 7, 1)),
        ("NĐ 130/2018/NĐ-CP", date(2025, 4, 10)),
    ],
)
def test_a_repealed_text_is_citable_until_the_day_before(code: str, repealed_on: date) -> None:
    assert BOARD[code].uncitable(repealed_on - timedelta(days=1)) is None
    refusal = BOARD[code].uncitable(repealed_on)
    assert refusal is not None
    assert f"hết hiệu lực từ ngày {repealed_on:%d/%m/%Y}" in refusal


def test_a_text_is_not_citable_before_it_is_law() -> None:
    assert BOARD["Luật 117/2025/QH15"].uncitable(date(2026, 2, 28)) is not None
    assert BOARD["Luật 117/2025/QH15"].uncitable(date(2026, 3, 1)) is None


def test_the_decree_on_van_thu_is_in_force() -> None:
    assert BOARD["NĐ 30/2020/NĐ-CP"].uncitable(date(2026, 11, 21)) is None


def test_a_citation_is_found_by_its_text() -> None:
    board = tuple(BOARD.values())
    assert citations.cited(board, "NĐ 30/2020/NĐ-CP Đ18.1") is BOARD["NĐ 30/2020/NĐ-CP"]
    assert citations.cited(board, "QĐ 148/QĐ-TTg") is BOARD["QĐ 148/QĐ-TTg"]
    assert citations.cited(board, "QĐ 148/QĐ-TTgx") is None


def test_a_text_twice_is_refused() -> None:
    one = '[[text]]\ncode = "A"\ntitle = "A"\nvalid_from = 2020-01-01\nconfidence = "read"\n'
    assert len(citations.parse(one)) == 1
    with pytest.raises(InvalidDefinition):
        citations.parse(one + one)
