"""Signatures go where Annex I of ND 30/2020 wants them, on pages of every make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest
from fpdf import FPDF
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from api.demo.papers import DECISION, LETTER
from signing import fields, placement
from signing.errors import SigningRefused
from signing.fields import Box, SignatureField
from signing.placement import POINTS_PER_MM
from tests.signing import pdfs
from workflow.printing import compose, font_file, typeset
from workflow.printing.composition import PAGE_HEIGHT, PAGE_WIDTH, Article, Sheet

NAME, TITLES = "Nguyễn Văn Ước", ("PHÓ CHỦ TỊCH",)
Line = tuple[float, float, str]


def page(path: Path, *pages: Sequence[Line]) -> Path:
    """A4 pages with these words: x of their middle, points from the top, text."""
    pdf = FPDF(unit="pt", format="A4")
    pdf.add_font("Tinos", fname=font_file(""))
    pdf.set_font("Tinos", size=13)
    for lines in pages:
        pdf.add_page()
        for middle, down, text in lines:
            pdf.text(middle - pdf.get_string_width(text) / 2, down, text)
    path.write_bytes(bytes(pdf.output()))
    return path


def said(path: Path, **entries: object) -> Path:
    """Page one with further entries, such as its boxes and how it is turned."""

    def change(writer: IncrementalPdfFileWriter) -> None:
        first = writer.root["/Pages"]["/Kids"][0]
        for key, value in entries.items():
            first[pdf_name(f"/{key}")] = (
                generic.NumberObject(value)
                if isinstance(value, int)
                else generic.ArrayObject(map(generic.FloatObject, value))  # type: ignore[call-overload]
            )
        writer.update_container(first)

    return pdfs.revise(path, change)


def middle(box: Box) -> tuple[float, float]:
    return box.x + box.width / 2, box.y + box.height / 2


def person(path: Path, name: str = NAME, titles: Sequence[str] = TITLES) -> Box | None:
    return placement.person_box(path, titles, name, 120, 50)


def signed_block(down: float = 500, middle: float = 400) -> list[Line]:
    """Title, room and name."""
    return [
        (middle, down, "KT. CHỦ TỊCH"),
        (middle, down + 18, "PHÓ CHỦ TỊCH"),
        (middle, down + 98, NAME),
    ]


@pytest.mark.parametrize("sheet", [LETTER, DECISION], ids=["letter", "decision"])
def test_the_image_goes_where_our_own_printing_left_room(sheet: Sheet, tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(typeset(sheet))
    hands = [(number, one.hand) for number, one in enumerate(compose(sheet)) if one.hand]
    ((number, (across, down)),) = hands
    found = person(path, sheet.signer, sheet.capacity)
    assert found is not None
    assert (found.page, found.width, found.height) == (number, 120, 50)
    assert middle(found) == pytest.approx((across, PAGE_HEIGHT - down), abs=2)
    placement.check_free(path, found)


def test_the_room_is_between_the_title_and_the_name(tmp_path: Path) -> None:
    path = page(tmp_path / "a.pdf", signed_block())
    found = person(path)
    assert found is not None
    assert found.x + 60 == pytest.approx(400, abs=1)
    # The name's line begins at 598 points from the top, the title's last ends at 518.
    assert PAGE_HEIGHT - 598 < found.y < found.y + found.height < PAGE_HEIGHT - 518


def test_an_image_larger_than_the_room_is_made_smaller_in_proportion(tmp_path: Path) -> None:
    path = page(tmp_path / "a.pdf", signed_block())
    found = placement.person_box(path, TITLES, NAME, 240, 200)
    assert found is not None
    assert found.height < 80
    assert found.width / found.height == pytest.approx(240 / 200)


def test_a_title_of_which_one_line_is_known_is_not_painted_over(tmp_path: Path) -> None:
    path = page(tmp_path / "a.pdf", signed_block())
    whole, part = person(path), person(path, titles=("Chủ tịch",))
    assert whole == part
    below = person(path, titles=("KT. CHỦ TỊCH",))
    assert below == whole


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("NGUYỄN VĂN ƯỚC", "Phó Chủ tịch"),
        ("Nguyễn  Văn Ước", "phó   chủ tịch"),
        ("Nguye\u0302\u0303n Va\u0306n U\u031bo\u031b\u0301c", "PHO\u0301 CHU\u0309 TI\u0323CH"),
    ],
    ids=["capitals", "spaces", "decomposed"],
)
def test_writing_makes_no_difference(name: str, title: str, tmp_path: Path) -> None:
    path = page(tmp_path / "a.pdf", signed_block())
    assert person(path, name, (title,)) == person(path)


def test_old_and_new_places_of_tone_marks_are_the_same(tmp_path: Path) -> None:
    path = page(tmp_path / "a.pdf", [(400, 500, "ỦY VIÊN"), (400, 590, "Lê Hoà")])
    assert person(path, "Lê Hòa", ("UỶ VIÊN",)) is not None


def test_the_last_place_counts(tmp_path: Path) -> None:
    """The name also stands in the text, among the recipients, and on an annex without a title."""
    mentioned: list[Line] = [(300, 200, f"Giao Phó Chủ tịch {NAME} chủ trì."), (120, 640, NAME)]
    path = page(
        tmp_path / "a.pdf",
        signed_block(300),
        [*mentioned, *signed_block(220), *signed_block()],
        [(300, 300, f"Kèm theo ý kiến của {NAME}")],
    )
    found = person(path)
    assert found is not None
    assert found.page == 1
    assert middle(found) == pytest.approx((400, PAGE_HEIGHT - 553), abs=3)


def test_each_of_several_signers_has_a_place(tmp_path: Path) -> None:
    path = page(
        tmp_path / "a.pdf",
        [
            (160, 500, "THƯ KÝ"),
            (430, 500, "CHỦ TỌA"),
            (160, 590, "Trần Thị Ngọc Ánh"),
            (430, 590, NAME),
        ],
    )
    left, right = person(path, "Trần Thị Ngọc Ánh", ("THƯ KÝ",)), person(path, NAME, ("CHỦ TỌA",))
    assert left is not None
    assert right is not None
    assert (middle(left)[0], middle(right)[0]) == pytest.approx((160, 430), abs=1)
    placement.check_free(path, left, [right])


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [(400, 500, "PHÓ CHỦ TỊCH")],
        [(400, 590, NAME)],
        [(400, 590, "PHÓ CHỦ TỊCH"), (400, 500, NAME)],  # the title under the name
        [(400, 580, "PHÓ CHỦ TỊCH"), (400, 596, NAME)],  # no room
        [(120, 500, "PHÓ CHỦ TỊCH"), (450, 590, NAME)],  # another's title
        [(400, 100, "PHÓ CHỦ TỊCH"), (400, 700, NAME)],  # a page apart
        [(400, 500, "PHÓ CHỦ TỊCH"), (400, 590, "Nguyễn Văn"), (400, 610, "Ước")],
    ],
)
def test_no_place_is_invented(lines: list[Line], tmp_path: Path) -> None:
    assert person(page(tmp_path / "a.pdf", lines)) is None


def test_no_name_is_found_nowhere(tmp_path: Path) -> None:
    path = page(tmp_path / "a.pdf", signed_block())
    assert person(path, " ") is None
    assert person(path, NAME, ("",)) is None


def test_the_seal_has_its_actual_size_and_lies_over_the_left_third() -> None:
    image = Box(0, 300, 200, 150, 60)
    seal = placement.seal_box(image, 36, 36)
    assert (seal.width, seal.height) == pytest.approx((36 * POINTS_PER_MM,) * 2)
    assert seal.x + seal.width == pytest.approx(300 + 150 / 3)
    assert middle(seal)[1] == pytest.approx(middle(image)[1])


TURNS = {
    90: (0, 1, -1, 0, PAGE_HEIGHT, 0),
    180: (-1, 0, 0, -1, PAGE_WIDTH, PAGE_HEIGHT),
    270: (0, -1, 1, 0, 0, PAGE_WIDTH),
}


def laid_down(path: Path, degrees: int) -> Path:
    """The same page to the eye: its content is turned, and the page is shown turned back."""
    matrix = " ".join(f"{number:.3f}" for number in TURNS[degrees])

    def turn(writer: IncrementalPdfFileWriter) -> None:
        first = writer.root["/Pages"]["/Kids"][0]
        before = generic.StreamObject(stream_data=f"q {matrix} cm".encode())
        after = generic.StreamObject(stream_data=b"Q")
        first[pdf_name("/Contents")] = generic.ArrayObject(
            [writer.add_object(before), first.raw_get("/Contents"), writer.add_object(after)]
        )
        writer.update_container(first)

    pdfs.revise(path, turn)
    size = (PAGE_WIDTH, PAGE_HEIGHT) if degrees == 180 else (PAGE_HEIGHT, PAGE_WIDTH)
    return said(path, Rotate=degrees, MediaBox=(0, 0, *size))


def moved(box: Box, degrees: int) -> tuple[float, ...]:
    """The corners of a box after the page was laid down."""
    a, b, c, d, e, f = TURNS[degrees]
    x1, y1, x2, y2 = box.corners
    ends = [(a * x + c * y + e, b * x + d * y + f) for x, y in ((x1, y1), (x2, y2))]
    return (
        min(x for x, _ in ends),
        min(y for _, y in ends),
        max(x for x, _ in ends),
        max(y for _, y in ends),
    )


@pytest.mark.parametrize("degrees", TURNS)
def test_on_a_page_that_is_shown_turned_it_is_where_it_is_read(
    degrees: int, tmp_path: Path
) -> None:
    path = page(tmp_path / "a.pdf", signed_block())
    image = person(path)
    assert image is not None
    seal, corner = placement.seal_box(image, 36, 36), placement.top_right(path, 140, 24)
    laid_down(path, degrees)
    found = person(path)
    assert found is not None
    assert placement.turned(path, 0) == degrees
    assert found.corners == pytest.approx(moved(image, degrees), abs=0.1)
    found_seal = placement.seal_box(found, 36, 36, degrees)
    assert found_seal.corners == pytest.approx(moved(seal, degrees), abs=0.1)
    found_corner = placement.top_right(path, 140, 24)
    assert found_corner.corners == pytest.approx(moved(corner, degrees), abs=0.1)
    for box in (found, found_seal, found_corner):
        placement.check_free(path, box)


def test_a_page_may_begin_anywhere_and_be_cropped(tmp_path: Path) -> None:
    path = page(tmp_path / "a.pdf", signed_block())
    image, corner = person(path), placement.top_right(path, 140, 24)
    assert image is not None
    said(path, MediaBox=(-300, -200, 900, 1000), CropBox=(580, 800, 20, 40))
    assert person(path) == image  # where the words are
    cropped = placement.top_right(path, 140, 24)
    assert cropped.x == pytest.approx(corner.x - (PAGE_WIDTH - 580), abs=0.1)
    assert cropped.y == pytest.approx(corner.y - (PAGE_HEIGHT - 800), abs=0.1)
    placement.check_free(path, cropped)
    for box in (Box(0, 10, 100, 100, 50), Box(0, 500, 790, 60, 20)):
        with pytest.raises(SigningRefused) as refused:
            placement.check_free(path, box)
        assert refused.value.code == "box_off_page"
        with pytest.raises(SigningRefused) as refused:
            reserve(path, tmp_path / "b.pdf", box)
        assert refused.value.code == "box_off_page"


def reserve(source: Path, target: Path, *boxes: Box) -> None:
    fields.prepare(
        source,
        target,
        number=pdfs.NUMBER_BOX,
        date=pdfs.DATE_BOX,
        signatures=[SignatureField(f"place{n}", box) for n, box in enumerate(boxes)],
    )


def test_the_top_right_is_above_the_text_of_a_document(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(typeset(DECISION))
    box = placement.top_right(path, 140, 24)
    assert box.x + box.width == pytest.approx(PAGE_WIDTH - 15 * POINTS_PER_MM, abs=0.1)
    assert box.y + box.height == pytest.approx(PAGE_HEIGHT - 8 * POINTS_PER_MM, abs=0.1)


def test_it_moves_down_past_words_and_fields(tmp_path: Path) -> None:
    first = placement.top_right(page(tmp_path / "a.pdf", []), 140, 24)
    words = page(tmp_path / "a.pdf", [(500, 40, "Mẫu số 01")])
    lower = placement.top_right(words, 140, 24)
    assert lower.y + lower.height < first.y + 12
    reserve(words, tmp_path / "b.pdf", lower)
    lowest = placement.top_right(tmp_path / "b.pdf", 140, 24)
    assert lowest.y + lowest.height <= lower.y
    placement.check_free(tmp_path / "b.pdf", lowest)


def test_over_words_only_where_there_is_nothing_else_and_never_over_a_field(tmp_path: Path) -> None:
    full = page(tmp_path / "a.pdf", [(430, down, f"{down} " * 12) for down in range(12, 840, 16)])
    place = placement.top_right(full, 140, 24)
    reserve(full, tmp_path / "b.pdf", Box(0, 300, 100, 290, 735))
    with pytest.raises(SigningRefused) as refused:
        placement.top_right(tmp_path / "b.pdf", 140, 24)
    assert refused.value.code == "no_room"
    placement.check_free(full, place)


def test_text_wider_than_the_page_has_no_room(tmp_path: Path) -> None:
    path = said(page(tmp_path / "a.pdf", []), MediaBox=(0, 0, 100, 100))
    narrow = placement.top_right(path, 99, 24)
    placement.check_free(path, narrow)
    with pytest.raises(SigningRefused) as refused:
        placement.top_right(path, 101, 24)
    assert refused.value.code == "no_room"


@pytest.mark.parametrize(
    ("box", "code"),
    [
        (Box(0, -1, 100, 100, 50), "box_off_page"),
        (Box(0, 500, 100, 100, 50), "box_off_page"),
        (Box(0, 100, 800, 100, 50), "box_off_page"),
        (Box(0, 100, 100, 0, 50), "box_off_page"),
        (Box(1, 100, 100, 100, 50), "page_missing"),
        (Box(-1, 100, 100, 100, 50), "page_missing"),
        (Box(0, 210, 210, 100, 50), "box_taken"),
        (Box(0, 410, 210, 100, 50), "box_taken"),
    ],
)
def test_no_signature_lies_off_the_page_or_over_another(
    box: Box, code: str, tmp_path: Path
) -> None:
    path = page(tmp_path / "a.pdf", [])
    reserve(path, path, Box(0, 200, 200, 100, 50))
    with pytest.raises(SigningRefused) as refused:
        placement.check_free(path, box, [Box(0, 400, 200, 100, 50), Box(3, 0, 0, 900, 900)])
    assert refused.value.code == code


def damaged(path: Path) -> Path:
    """Page one is no dictionary any more."""

    def spoil(writer: IncrementalPdfFileWriter) -> None:
        kids = writer.root["/Pages"]["/Kids"]
        kids[0] = writer.add_object(generic.ArrayObject())
        writer.update_container(kids)

    return pdfs.revise(path, spoil)


@pytest.mark.parametrize("make", ["nothing", "garbage", "cut", "page"])
def test_what_cannot_be_read_has_no_place(make: str, tmp_path: Path) -> None:
    path = page(tmp_path / "a.pdf", signed_block())
    if make == "page":
        damaged(path)
    else:
        whole = path.read_bytes()
        path.write_bytes({"nothing": b"", "garbage": b"%PDF-1.7", "cut": whole[:700]}[make])
    assert person(path) is None
    assert placement.turned(path, 0) == 0
    with pytest.raises(SigningRefused):
        placement.top_right(path, 140, 24)
    with pytest.raises(SigningRefused):
        placement.check_free(path, Box(0, 100, 100, 100, 50))


def test_a_damaged_page_does_not_hide_the_others(tmp_path: Path) -> None:
    path = damaged(page(tmp_path / "a.pdf", [], signed_block()))
    found = person(path)
    assert found is not None
    assert found.page == 1


def test_threads_take_turns(tmp_path: Path) -> None:
    """PDFium serves one thread at a time; without the lock the process dies."""
    long = replace(DECISION, body=[Article(["Nội dung. " * 400] * 8)])
    path = tmp_path / "a.pdf"
    path.write_bytes(typeset(long))
    found: list[Box | None] = []

    def look() -> None:
        found.extend(person(path, long.signer, long.capacity) for _ in range(5))

    threads = [Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 20
    assert len(set(found)) == 1
    assert found[0] is not None
