"""What may be entered of lists from outside: counts that hold, and nothing about secrets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.rules.completeness import (
    REGISTERS,
    SECRET,
    SOURCES,
    Listing,
    counted,
    held_unmet,
    month_number,
    month_text,
)
from workflow.rules.errors import Invalid

NOW = 202611
numbers = st.none() | st.integers(-2, 12)


def pointers(said: Listing) -> list[str]:
    with pytest.raises(Invalid) as refused:
        counted(said, this_month=NOW)
    return [pointer for pointer, _ in refused.value.errors]


@given(
    st.builds(
        Listing,
        st.sampled_from(["2026-11", "2025-01", "2026-12", "2026-13", "nay"]),
        st.sampled_from([*REGISTERS, "copies"]),
        st.sampled_from([*SOURCES, "x"]),
        numbers,
        numbers,
        numbers,
        numbers,
        st.sampled_from([None, "Về việc"]),
    )
)
def test_what_is_accepted_holds(said: Listing) -> None:
    try:
        found = counted(said, this_month=NOW)
    except Invalid:
        return
    assert found.month == month_number(said.month) <= NOW
    assert said.register in REGISTERS
    assert 0 <= found.matched <= found.listed
    if said.source == SECRET:
        assert (said.listed, said.matched, said.note, found.matched) == (None, None, None, 0)
        if said.first_number is None or said.last_number is None:
            assert (said.first_number, said.last_number, found.listed) == (None, None, 0)
        else:
            assert found.listed == said.last_number - said.first_number + 1 >= 1
    else:
        assert (said.listed, said.matched) == (found.listed, found.matched)
        assert (said.first_number, said.last_number) == (None, None)


def test_every_wrong_field_is_named() -> None:
    plain = Listing("2026-12", "copies", "paper", 3, 4, first_number=1)
    assert pointers(plain) == ["/month", "/register", "/first_number", "/matched"]
    assert pointers(Listing("2026-11", "incoming", "exchange")) == ["/listed", "/matched"]
    secret = Listing("2026-11", "outgoing", "secret", 1, 1, 5, 4, "Về việc")
    assert pointers(secret) == ["/listed", "/matched", "/note", "/last_number"]
    assert pointers(Listing("2026-11", "outgoing", "secret", first_number=5)) == ["/first_number"]
    assert pointers(Listing("2026-11", "outgoing", "nguồn")) == ["/source"]


def test_no_more_matches_than_the_register_holds() -> None:
    assert held_unmet(3, 3) is None
    assert held_unmet(4, 3) == ("Sổ trên Hệ thống trong tháng chỉ có 3 văn bản, không thể khớp 4.")


@given(st.integers(1945, 9999), st.integers(1, 12))
def test_months_are_read_as_they_are_written(year: int, month: int) -> None:
    assert month_text(month_number(f"{year}-{month:02d}")) == f"{year}-{month:02d}"
