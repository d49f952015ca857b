"""The columns of the books, held against the annexes' own words."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workflow.rules.test_fields import LAW
from workflow.rules.books import (
    BOOKS,
    FILE_CONTENTS,
    FILE_LIST,
    HANDLING_REGISTER,
    INCOMING_OUTCOMES,
    INCOMING_REGISTER,
    INCOMING_REPORT,
    OUTGOING_OUTCOMES,
    OUTGOING_REGISTER,
    OUTGOING_REPORT,
    Book,
    in_words,
    share,
)

#: Between the margins of A4, lying and standing.
ROOM = {True: 247, False: 160}


def heads(annex: int) -> list[list[str]]:
    """The heads of an annex's tables: the lines above those that count their columns."""
    text = LAW / f"nd30-2020-annex-{annex}.md"
    if not text.is_file():
        pytest.skip(f"the text of Annex {annex} is not beside this checkout (shared/law)")
    lines = text.read_text(encoding="utf-8").splitlines()
    return [
        [" ".join(cell.split()) for cell in lines[number - 2].strip("| ").split("|")]
        for number, line in enumerate(lines)
        if line.startswith("| (1)")
    ]


@pytest.mark.parametrize(
    ("book", "annex"),
    [
        (OUTGOING_REGISTER, 4),
        (INCOMING_REGISTER, 4),
        (HANDLING_REGISTER, 4),
        (FILE_LIST, 5),
        (FILE_CONTENTS, 5),
    ],
    ids=lambda one: one.name if isinstance(one, Book) else "",
)
def test_the_columns_have_the_annexs_own_titles(book: Book, annex: int) -> None:
    assert [column.title for column in book.columns] in heads(annex)


@pytest.mark.parametrize("book", [*BOOKS.values(), FILE_CONTENTS], ids=lambda book: book.name)
def test_every_book_fits_its_page(book: Book) -> None:
    assert sum(column.mm for column in book.columns) <= ROOM[book.across]
    names = [column.name for column in book.columns]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch("[A-Z][A-Za-z]+", name) for name in names)


def test_all_six_outputs_of_annex_vi_are_there() -> None:
    text = LAW / "nd30-2020-annex-6.md"
    if not text.is_file():
        pytest.skip("the text of Annex VI is not beside this checkout (shared/law)")
    asked = (
        text.read_text(encoding="utf-8").split("## V. THÔNG TIN ĐẦU RA")[1].split("**Phần II")[0]
    )
    outputs = [line.split(". ", 1)[1].rstrip(".") for line in asked.splitlines()[1:] if line]
    ours = {book.title: book.name for book in (*BOOKS.values(), FILE_CONTENTS)}
    # Its last two are named after the forms of Annex V.
    named = {
        "Mục lục văn bản trong hồ sơ": "Mục lục văn bản, tài liệu",
        "Mục lục hồ sơ": "Mục lục hồ sơ, tài liệu nộp lưu",
    }
    assert len(outputs) == 6
    assert all(named.get(output, output) in ours for output in outputs)


@pytest.mark.parametrize(
    ("book", "outcomes"),
    [(INCOMING_REPORT, INCOMING_OUTCOMES), (OUTGOING_REPORT, OUTGOING_OUTCOMES)],
    ids=["incoming", "outgoing"],
)
def test_a_report_has_a_column_for_each_outcome(book: Book, outcomes: tuple[str, ...]) -> None:
    names = [column.name.lower() for column in book.columns]
    assert names == ["of", "total", *(one.replace("_", "") for one in outcomes), "share"]


@given(*[st.integers(0, 1000)] * 3)
def test_a_hundred_percent_is_said_of_all_only(on_time: int, late: int, overdue: int) -> None:
    said = share(on_time, late, overdue)
    assert (said == "") is (on_time + late + overdue == 0)
    assert (said == "100 %") is (on_time > 0 and not late + overdue)


def test_shares_are_rounded_down() -> None:
    assert share(999, 1, 0) == "99,9 %"
    assert share(1999, 0, 1) == "99,9 %"
    assert share(1, 1, 1) == "33,3 %"
    assert share(1, 1, 0) == "50 %"


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "không"),
        (5, "năm"),
        (10, "mười"),
        (15, "mười lăm"),
        (21, "hai mươi mốt"),
        (45, "bốn mươi lăm"),
        (101, "một trăm linh một"),
        (110, "một trăm mười"),
        (1005, "một nghìn không trăm linh năm"),
        (2024, "hai nghìn không trăm hai mươi bốn"),
        (30_000, "ba mươi nghìn"),
    ],
)
def test_numbers_in_words(number: int, words: str) -> None:
    assert in_words(number) == words


def test_no_two_numbers_have_the_same_words() -> None:
    assert len({in_words(number) for number in range(10_000)}) == 10_000
