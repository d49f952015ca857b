"""Documents stand on the page where Annex I of ND 30/2020 puts them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFont

from signing.devca import DevelopmentCA
from signing.fields import Box
from signing.validation import validate
from workflow.layouts import DECREE_LAYOUT
from workflow.printing import compose, font_file, pictured, typeset
from workflow.printing.composition import (
    COUNTRY,
    MOTTO,
    PAGE_HEIGHT,
    PAGE_WIDTH,
    Article,
    Composer,
    Sheet,
)
from workflow.printing.pages import Face, Page, Rule, Run

MM = 72 / 25.4
LETTER = Sheet(
    superior="UBND TỈNH MẪU",
    issuer=("VĂN PHÒNG ĐIỀU PHỐI", "NÔNG THÔN MỚI TỈNH"),
    subject="rà soát hồ sơ",
    addressees=("Ủy ban nhân dân xã Mẫu", "Trạm Y tế xã Mẫu"),
    body=(Article(("Đề nghị các cơ quan thực hiện.",)),),
    capacity=("KT. CHÁNH VĂN PHÒNG", "PHÓ CHÁNH VĂN PHÒNG"),
    signer="Phó Chánh Văn phòng",
    recipients=("Như trên", "Lưu: VT, NV"),
)
DECISION = replace(
    LETTER,
    title="QUYẾT ĐỊNH",
    subject="Về việc thành lập Tổ công tác",
    addressees=(),
    authority="ỦY BAN NHÂN DÂN XÃ MẪU",
    enacting="QUYẾT ĐỊNH:",
    grounds=("Căn cứ Luật Tổ chức chính quyền địa phương", "Theo đề nghị của Chánh Văn phòng"),
    body=(Article(("Nội dung một.",), "Thành lập"), Article(("Nội dung hai.",), "Hiệu lực")),
    contact="Số 1, đường Mẫu, xã Mẫu",
)

words = st.text("abcđêôơưạảấềỗợựỵ", min_size=1, max_size=12)
paragraphs = st.lists(words, min_size=1, max_size=80).map(" ".join)
sheets = st.builds(
    lambda sheet, body, lines, points: replace(
        sheet, body=body, recipients=(*lines, "Lưu: VT"), points=points
    ),
    st.sampled_from([LETTER, DECISION]),
    st.lists(
        st.builds(
            Article,
            st.lists(paragraphs, min_size=1, max_size=4),
            st.none() | words,
        ),
        min_size=1,
        max_size=6,
    ),
    st.lists(words, max_size=8),
    st.sampled_from([13, 14]),
)


@cache
def font(face: Face) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(font_file(face), 1000, layout_engine=ImageFont.Layout.BASIC)


def measured(text: str, face: Face, points: float) -> float:
    return font(face).getlength(text) * points / 1000


def composed(sheet: Sheet) -> list[Page]:
    """As `compose`, which opens the fonts anew for every document."""
    return Composer(measured, sheet.points).compose(sheet)


def width(run: Run) -> float:
    return measured(run.text.rstrip(), run.face, run.points)


def middle(run: Run) -> float:
    return run.x + width(run) / 2


def runs(page: Page) -> Iterator[Run]:
    return (mark for mark in page.marks if isinstance(mark, Run))


def the(page: Page, text: str) -> Run:
    """The one run with this text."""
    (found,) = [run for run in runs(page) if run.text.strip() == text]
    return found


def inside(run: Run, box: Box) -> bool:
    """Whether any of the run's ink, from ascent to descent, lies in the box."""
    top, bottom = PAGE_HEIGHT - box.y - box.height, PAGE_HEIGHT - box.y
    above, below = run.baseline - 0.7 * run.points, run.baseline + 0.22 * run.points
    return (
        above < bottom and below > top and run.x < box.x + box.width and run.x + width(run) > box.x
    )


@given(sheets)
def test_number_and_date_stay_empty_and_everything_is_within_the_margins(sheet: Sheet) -> None:
    pages = composed(sheet)
    for run in runs(pages[0]):
        assert not inside(run, DECREE_LAYOUT.number), run
        assert not inside(run, DECREE_LAYOUT.date), run
    for page in pages:
        for mark in page.marks:
            right = mark.x + (width(mark) if isinstance(mark, Run) else mark.length)
            assert mark.x >= 30 * MM - 0.01
            assert right <= PAGE_WIDTH - 15 * MM
            foot = mark.baseline if isinstance(mark, Run) else mark.y
            assert foot <= PAGE_HEIGHT - 20 * MM


@given(sheets)
def test_every_word_is_printed_in_order_and_the_end_is_marked(sheet: Sheet) -> None:
    printed = " ".join(run.text for page in composed(sheet) for run in runs(page)).split()
    articles = [part for part in sheet.body if isinstance(part, Article)]
    said = [word for article in articles for text in article.paragraphs for word in text.split()]
    ending = f"{said[-1].rstrip('.')}./."
    rest = iter(printed)
    assert all(word in rest for word in said[:-1])
    assert ending in printed


@given(sheets)
def test_pages_after_the_first_are_numbered_in_the_top_margin(sheet: Sheet) -> None:
    for number, page in enumerate(composed(sheet), start=1):
        in_margin = [run for run in runs(page) if run.baseline < 20 * MM]
        if number == 1:
            assert in_margin == []  # I.7: not shown on the first page
        else:
            (shown,) = in_margin
            assert shown.text == str(number)
            assert shown.points in (13, 14)
            assert middle(shown) == pytest.approx((30 * MM + PAGE_WIDTH - 20 * MM) / 2, abs=0.1)


@given(sheets)
@settings(max_examples=30)
def test_the_signer_stands_with_the_recipients_on_the_last_page(sheet: Sheet) -> None:
    last = composed(sheet)[-1]
    to, position, signer = (
        the(last, text) for text in ("Nơi nhận:", sheet.capacity[0], sheet.signer)
    )
    assert last.hand is not None
    assert (to.face, to.points) == ("BI", 12)  # II.9.d
    assert to.baseline == pytest.approx(position.baseline, abs=2)
    for run in (position, signer):
        assert run.face == "B"
        assert middle(run) == pytest.approx(last.hand[0], abs=0.1)
    assert position.baseline < last.hand[1] < signer.baseline
    assert signer.baseline - position.baseline > 50  # room for the signature's image
    assert the(last, "- Lưu: VT.").points == 11


@given(sheets)
@settings(max_examples=60)
def test_nobody_signs_a_page_without_text(sheet: Sheet) -> None:
    pages = composed(sheet)
    to = the(pages[-1], "Nơi nhận:")
    assert [run for run in runs(pages[-1]) if 20 * MM < run.baseline < to.baseline - 2]


def test_the_letterhead_is_that_of_annex_i() -> None:
    (page,) = compose(DECISION)
    assert [run.text for run in runs(page)] == [run.text for run in runs(composed(DECISION)[0])]
    country, motto = the(page, COUNTRY), the(page, MOTTO)
    assert (country.face, motto.face) == ("B", "B")
    assert 12 <= country.points <= 13 <= motto.points <= 14
    agency, state = (box.x + box.width / 2 for box in (DECREE_LAYOUT.number, DECREE_LAYOUT.date))
    for run, centre in (
        (country, state),
        (motto, state),
        (the(page, "UBND TỈNH MẪU"), agency),
        (the(page, "NÔNG THÔN MỚI TỈNH"), agency),
    ):
        assert middle(run) == pytest.approx(centre, abs=0.1)
    assert (the(page, "UBND TỈNH MẪU").face, the(page, "VĂN PHÒNG ĐIỀU PHỐI").face) == ("", "B")

    under_motto, under_agency, under_subject = sorted(
        (mark for mark in page.marks if isinstance(mark, Rule) and mark.y < PAGE_HEIGHT / 2),
        key=lambda rule: rule.y,
    )
    assert under_motto.length == pytest.approx(width(motto), abs=0.5)  # II.1.b
    for rule, line in (
        (under_agency, the(page, "NÔNG THÔN MỚI TỈNH")),
        (under_subject, the(page, DECISION.subject)),
    ):
        assert width(line) / 3 <= rule.length <= width(line) / 2  # II.2.b, II.5.b
        assert rule.x + rule.length / 2 == pytest.approx(middle(line), abs=0.1)
        assert 0 < rule.y - line.baseline < 10


def test_a_decision_has_its_grounds_in_italics_and_numbered_articles() -> None:
    (page,) = compose(DECISION)
    grounds = [run for run in runs(page) if run.face == "I"]
    text = " ".join(run.text.strip() for run in grounds)
    assert text == f"{DECISION.grounds[0]}; {DECISION.grounds[1]}."
    bold = " ".join(run.text.strip() for run in runs(page) if run.face == "B")
    assert "QUYẾT ĐỊNH: Điều 1. Thành lập Điều 2. Hiệu lực" in bold


def test_a_letter_has_its_subject_under_the_number_and_a_list_of_addressees() -> None:
    (page,) = compose(LETTER)
    subject = the(page, "V/v rà soát hồ sơ")
    number_foot = PAGE_HEIGHT - DECREE_LAYOUT.number.y
    assert number_foot + 6 <= subject.baseline <= number_foot + 24  # II.5.b: 6pt under it
    first, second = the(page, "- Ủy ban nhân dân xã Mẫu;"), the(page, "- Trạm Y tế xã Mẫu.")
    assert first.x == second.x
    (page,) = compose(replace(LETTER, addressees=("Bộ Nội vụ",)))
    assert the(page, "Kính gửi: Bộ Nội vụ")


def test_a_paper_bears_number_and_date_where_the_fields_would_be() -> None:
    written = ("Số: 05/BC-TYT", "Mẫu, ngày 05 tháng 01 năm 2026")
    (page,) = compose(replace(DECISION, written=written))
    number, date = (the(page, text) for text in written)
    assert inside(number, DECREE_LAYOUT.number)
    assert inside(date, DECREE_LAYOUT.date)
    assert (number.face, date.face) == ("", "I")


def test_what_is_typeset_is_a_pdf_that_can_be_signed(tmp_path: Path) -> None:
    path = tmp_path / "document.pdf"
    path.write_bytes(typeset(DECISION))
    trust = DevelopmentCA(tmp_path / "pki").trust
    assert validate(path, trust=trust).verdict == "KHONG_CO_CHU_KY"
    assert path.read_bytes().count(b"/FontFile2") == 4


def test_a_picture_fills_its_page(tmp_path: Path) -> None:
    jpeg = BytesIO()
    Image.new("RGB", (1654, 2339), "white").save(jpeg, "JPEG")
    pdf = pictured(jpeg.getvalue(), "Bản quét")
    assert jpeg.getvalue() in pdf  # as it came: nothing is compressed again
    assert b"/FontFile2" not in pdf
