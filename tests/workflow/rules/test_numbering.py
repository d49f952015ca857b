"""Numbers, symbols, dates and series (ND 30/2020 Art. 15, Annex I)."""

import unicodedata
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.rules import numbering
from workflow.rules.deadlines import local_date
from workflow.rules.errors import (
    DateBeforeSeries,
    Invalid,
    InvalidDefinition,
    RegisterYearMismatch,
    SeriesUndefined,
)
from workflow.rules.numbering import ReceivedCode, SeriesKey, SeriesRule


@pytest.mark.parametrize(
    ("number", "text"), [(1, "01"), (5, "05"), (9, "09"), (10, "10"), (123, "123")]
)
def test_number_text(number: int, text: str) -> None:
    assert numbering.number_text(number) == text


def test_there_is_no_number_zero() -> None:
    with pytest.raises(ValueError, match="start at 1"):
        numbering.number_text(0)


def test_symbol_of_a_type_with_an_abbreviation() -> None:
    symbol = numbering.notation("QĐ", "UBND")
    assert symbol == "QĐ-UBND"
    assert numbering.code(5, symbol) == "05/QĐ-UBND"
    assert numbering.number_line(numbering.code(5, symbol)) == "Số: 05/QĐ-UBND"


def test_cong_van_carries_its_unit_and_no_type() -> None:
    # Annex I II.3.b: `12/UBND-VX`; `12/CV-UBND` is the old way.
    assert numbering.code(12, numbering.notation(None, "UBND", "VX")) == "12/UBND-VX"
    with pytest.raises(Invalid) as refused:
        numbering.notation(None, "UBND")
    assert refused.value.errors[0][0] == "/unit"


@pytest.mark.parametrize("symbol", ["", "UB ND", "UBND/", "-UBND", "UBND-", "UBND ", "UB_ND"])
def test_a_badly_written_symbol_is_refused(symbol: str) -> None:
    with pytest.raises(Invalid):
        numbering.notation("QĐ", symbol)


def test_symbols_are_nfc_and_keep_their_case() -> None:
    decomposed = unicodedata.normalize("NFD", "ĐTTĐ")
    assert numbering.notation("QyĐ", decomposed) == "QyĐ-ĐTTĐ"


@pytest.mark.parametrize(
    ("on", "text"),
    [
        (date(2026, 1, 5), "ngày 05 tháng 01 năm 2026"),
        (date(2026, 2, 28), "ngày 28 tháng 02 năm 2026"),
        (date(2019, 6, 29), "ngày 29 tháng 6 năm 2019"),
        (date(2026, 3, 9), "ngày 09 tháng 3 năm 2026"),
        (date(2026, 12, 31), "ngày 31 tháng 12 năm 2026"),
    ],
)
def test_only_days_below_ten_and_two_months_have_a_zero(on: date, text: str) -> None:
    assert numbering.date_text(on) == text


def test_the_line_of_place_and_date() -> None:
    # The example of Annex I V.4.
    line = numbering.place_and_date("Hà Nội", date(2020, 1, 5))
    assert line == "Hà Nội, ngày 05 tháng 01 năm 2020"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("05/QĐ-UBND", (5, "", None, "QĐ-UBND")),
        ("Số: 15/QĐ-BNV", (15, "", None, "QĐ-BNV")),
        ("số 12 / UBND - VX", (12, "", None, "UBND-VX")),
        ("12/CV-UBND", (12, "", None, "CV-UBND")),
        ("7/TB-UBND", (7, "", None, "TB-UBND")),
        ("12a/QĐ-UBND", (12, "a", None, "QĐ-UBND")),
        ("18/2022/QĐ-TTg", (18, "", 2022, "QĐ-TTg")),
        ("30/2020/NĐ-CP", (30, "", 2020, "NĐ-CP")),
        ("2026/QĐ-UBND", (2026, "", None, "QĐ-UBND")),
        ("221/CVT&LTNN-NV", (221, "", None, "CVT&LTNN-NV")),
        ("05/QĐ–UBND", (5, "", None, "QĐ-UBND")),
        (unicodedata.normalize("NFD", "05/QĐ-SLĐTBXH"), (5, "", None, "QĐ-SLĐTBXH")),
    ],
)
def test_incoming_codes_are_read_leniently(
    raw: str, expected: tuple[int, str, int | None, str]
) -> None:
    received = numbering.parse_received(raw)
    assert (received.number, received.suffix, received.year, received.notation) == expected
    assert received.raw == raw


@pytest.mark.parametrize("raw", ["", "không số", "QĐ-UBND", "00/QĐ-UBND", "12", "12/", "\ud800"])
def test_what_cannot_be_read_is_kept(raw: str) -> None:
    assert numbering.parse_received(raw) == ReceivedCode(raw)


def test_the_usual_form_of_a_received_code() -> None:
    assert numbering.parse_received("Số: 5 / QĐ – UBND").text == "05/QĐ-UBND"
    assert numbering.parse_received("18/2022/QĐ-TTg").text == "18/2022/QĐ-TTg"
    assert numbering.parse_received("  công  hàm ").text == "công hàm"


@given(st.text(max_size=40))
def test_reading_never_fails_and_keeps_the_raw_text(raw: str) -> None:
    assert numbering.parse_received(raw).raw == raw


@given(
    st.integers(1, 10_000),
    st.sampled_from(["QĐ", "QyĐ", "CTr", None]),
    st.sampled_from(["UBND", "HĐND", "BCĐ.NTM"]),
)
def test_our_own_codes_read_back(number: int, abbreviation: str | None, symbol: str) -> None:
    code = numbering.code(number, numbering.notation(abbreviation, symbol, "VX"))
    received = numbering.parse_received(code)
    assert (received.number, received.text) == (number, code)


# Series.

ON = date(2026, 11, 21)


def test_one_series_per_type() -> None:
    rules = numbering.one_per_type(["quyet_dinh", "thong_bao"])
    numbering.check_series(rules)
    decision = numbering.series_of("ubnd", ON, "quyet_dinh", rules)
    assert decision == SeriesKey("ubnd", 2026, "quyet_dinh")
    assert decision != numbering.series_of("ubnd", ON, "thong_bao", rules)


def test_grouped_and_general_series() -> None:
    rules = [
        SeriesRule("chung"),
        SeriesRule("ca_biet", frozenset({"quyet_dinh", "nghi_quyet"})),
    ]
    numbering.check_series(rules)
    assert numbering.series_of("ubnd", ON, "quyet_dinh", rules).kind == "ca_biet"
    assert numbering.series_of("ubnd", ON, "nghi_quyet", rules).kind == "ca_biet"
    assert numbering.series_of("ubnd", ON, "cong_van", rules).kind == "chung"


def test_a_type_without_a_series_is_refused() -> None:
    with pytest.raises(SeriesUndefined, match="cong_van"):
        numbering.series_of("ubnd", ON, "cong_van", numbering.one_per_type(["quyet_dinh"]))


def test_issuers_of_one_seat_count_apart() -> None:
    # Annex I II.3.a: councils under the agency's seal have a series of their own.
    rules = [SeriesRule("chung")]
    assert numbering.series_of("ubnd", ON, "bao_cao", rules) != numbering.series_of(
        "hoi_dong", ON, "bao_cao", rules
    )


def test_copies_of_every_form_share_one_series() -> None:
    key = numbering.copies_series("ubnd", ON)
    assert key == SeriesKey("ubnd", 2026, numbering.COPIES)
    with pytest.raises(InvalidDefinition):
        numbering.check_series([SeriesRule(numbering.COPIES)])


@pytest.mark.parametrize(
    "rules",
    [
        [SeriesRule("a"), SeriesRule("b")],
        [SeriesRule("a", frozenset({"x"})), SeriesRule("b", frozenset({"x", "y"}))],
        [SeriesRule("a", frozenset({"x"})), SeriesRule("a", frozenset({"y"}))],
    ],
)
def test_rules_that_give_a_type_two_series_are_refused(rules: list[SeriesRule]) -> None:
    with pytest.raises(InvalidDefinition):
        numbering.check_series(rules)


# Allocation.


def test_a_series_starts_at_one() -> None:
    assert numbering.allocate(0, None, date(2026, 1, 1), year=2026) == 1


def test_the_same_day_and_later_days_go_on() -> None:
    assert numbering.allocate(41, ON, ON, year=2026) == 42
    assert numbering.allocate(41, ON, ON + timedelta(days=3), year=2026) == 42


def test_an_earlier_date_is_refused() -> None:
    with pytest.raises(DateBeforeSeries, match="20/11/2026 sớm hơn ngày 21/11/2026"):
        numbering.allocate(41, ON, ON - timedelta(days=1), year=2026)


@pytest.mark.parametrize("on", [date(2025, 12, 31), date(2027, 1, 1)])
def test_the_register_is_of_the_year_of_the_date(on: date) -> None:
    with pytest.raises(RegisterYearMismatch):
        numbering.allocate(41, ON, on, year=2026)


def test_a_series_does_not_go_on_from_another_year() -> None:
    with pytest.raises(RegisterYearMismatch):
        numbering.allocate(41, date(2026, 12, 31), date(2027, 1, 1), year=2027)


def test_new_year_by_the_clock_of_vietnam() -> None:
    # 17:00 UTC on 31/12 is midnight in Vietnam: the year and the series have changed.
    rules = [SeriesRule("chung")]
    before = local_date(datetime(2026, 12, 31, 16, 59, 59, tzinfo=UTC))
    after = local_date(datetime(2026, 12, 31, 17, 0, 0, tzinfo=UTC))
    old = numbering.series_of("ubnd", before, "bao_cao", rules)
    new = numbering.series_of("ubnd", after, "bao_cao", rules)
    assert (old.year, new.year) == (2026, 2027)
    assert numbering.allocate(480, before, before, year=old.year) == 481
    assert numbering.allocate(0, None, after, year=new.year) == 1


def test_numbered_on_31_december_and_sealed_in_january() -> None:
    # The number belongs to the document's date: the January series begins at 01 beside it.
    new_years_eve = date(2026, 12, 31)
    assert numbering.allocate(480, new_years_eve, new_years_eve, year=2026) == 481
    assert numbering.allocate(0, None, date(2027, 1, 4), year=2027) == 1
    assert numbering.allocate(481, new_years_eve, new_years_eve, year=2026) == 482


@given(st.lists(st.dates(date(2026, 1, 1), date(2026, 12, 31)), max_size=60))
def test_numbers_are_gap_free_and_dates_in_order(dates: list[date]) -> None:
    given_out: list[tuple[int, date]] = []
    last_number, last_on = 0, None
    for on in dates:
        try:
            last_number = numbering.allocate(last_number, last_on, on, year=2026)
        except DateBeforeSeries:
            assert last_on is not None
            assert on < last_on
            continue
        last_on = on
        given_out.append((last_number, on))
    assert [number for number, _ in given_out] == list(range(1, len(given_out) + 1))
    assert [on for _, on in given_out] == sorted(on for _, on in given_out)
