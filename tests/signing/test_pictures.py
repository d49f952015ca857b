"""Each appearance of Annex I of ND 30/2020, signed, rendered and measured.

`python -m tests.signing.test_pictures` writes docs/pictures; the tests compare with what is there.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

import pytest
from PIL import Image, ImageChops, ImageFont

from api.demo import marks
from api.demo.papers import DECISION, report
from api.demo.scan import scanned
from signing import fields, pades, placement
from signing.appearance import Stamp
from signing.devca import DevelopmentCA
from signing.fields import Box, SignatureField
from signing.placement import POINTS_PER_MM
from signing.sandbox import Sandbox
from signing.validation import validate
from tests.signing.conftest import Office
from tests.signing.rendering import (
    DPI,
    alike,
    changed,
    chroma,
    rendered,
    rendered_by_poppler,
    tinted,
)
from tests.signing.test_placement import laid_down
from workflow.layouts import DECREE_LAYOUT
from workflow.printing import compose, font_file, typeset
from workflow.printing.composition import PAGE_HEIGHT, Article, Sheet
from workflow.stamps import Shows, StampOrder, attachment_stamp, copy_stamp

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
FINE_DPI = 300
SCALE = DPI / 72
SEAL_MM = 36.0
HAND_MM = (45.0, 45.0 * 246 / 602)
MOMENT = datetime(2026, 11, 21, 2, 30, 12, tzinfo=UTC)
FILL = {fields.NUMBER: "Số: 15/QĐ-UBND", fields.DATE: "Mẫu, ngày 21 tháng 11 năm 2026"}
#: Where in the page each picture is cut out: left, top, right, bottom in parts of the page.
CUTS = {
    "person": (0, 0.55, 1, 0.95),
    "agency": (0, 0.55, 1, 0.95),
    "attachment": (0, 0, 1, 0.25),
    "copy": (0, 0, 1, 0.25),
}
ANNEX = Sheet(
    issuer=("ỦY BAN NHÂN DÂN", "XÃ MẪU"),
    title="PHỤ LỤC",
    subject="Danh mục hồ sơ phải số hóa",
    body=(Article(("Hồ sơ minh chứng của từng tiêu chí.",)),),
    capacity=("CHỦ TỊCH",),
    signer="Chủ tịch xã Mẫu",
    recipients=("Lưu: VT",),
)


@dataclass(frozen=True)
class Signed:
    """A file before and after a signature, and the box in which it shows."""

    before: Path
    after: Path
    box: Box


def sign_all(office: Office, sandbox: Sandbox, folder: Path) -> dict[str, Signed]:
    """All four, as the office signs them."""
    main, prepared = folder / "main.pdf", folder / "prepared.pdf"
    main.write_bytes(typeset(DECISION))
    width, height = (side * POINTS_PER_MM for side in HAND_MM)
    hand = placement.person_box(main, DECISION.capacity, DECISION.signer, width, height)
    assert hand is not None
    seal = placement.seal_box(hand, SEAL_MM, SEAL_MM)
    for box in (hand, seal):
        placement.check_free(main, box)
    fields.prepare(
        main,
        prepared,
        number=DECREE_LAYOUT.number,
        date=DECREE_LAYOUT.date,
        signatures=[SignatureField("person1", hand), SignatureField("agency", seal, locks=True)],
    )
    signed, sealed = folder / "signed.pdf", folder / "sealed.pdf"
    pades.sign(
        prepared,
        signed,
        key=office.person,
        field="person1",
        level="B-LT",
        trust=office.ca.trust,
        stamp=Stamp(image=marks.scribble()),
    )
    pades.sign(
        signed,
        sealed,
        key=office.agency,
        field="agency",
        level="B-LT",
        trust=office.ca.trust,
        stamp=Stamp(image=marks.seal()),
        fill=FILL,
        lock=True,
    )
    annex, scan = folder / "annex.pdf", folder / "scan.pdf"
    annex.write_bytes(typeset(ANNEX))
    scan.write_bytes(scanned(report(date(2026, 11, 20))))
    return {
        "person": Signed(prepared, signed, hand),
        "agency": Signed(signed, sealed, seal),
        "attachment": sign_text(office, sandbox, annex, attachment_stamp("15/QĐ-UBND")),
        "copy": sign_text(office, sandbox, scan, copy_stamp("Ủy ban nhân dân xã Mẫu")),
    }


def sign_text(office: Office, sandbox: Sandbox, source: Path, order: StampOrder) -> Signed:
    """The agency's signature, shown as text at the top right of page one."""
    stamp, box = Shows(order).laid_out(sandbox, source, MOMENT)
    assert box is not None
    target = source.with_stem(f"{source.stem}-signed")
    pades.sign(
        source,
        target,
        key=office.agency,
        field="agency",
        level="B-LT",
        trust=office.ca.trust,
        stamp=stamp,
        box=box,
        lock=True,
        moment=MOMENT,
    )
    return Signed(source, target, box)


@pytest.fixture(scope="module")
def signed(
    office: Office, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Signed]:
    return sign_all(office, sandbox, tmp_path_factory.mktemp("pictures"))


def edges(box: Box) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of a box in pixels."""
    x1, y1, x2, y2 = box.corners
    return x1 * SCALE, (PAGE_HEIGHT - y2) * SCALE, x2 * SCALE, (PAGE_HEIGHT - y1) * SCALE


def inside(image: Image.Image, *boxes: Box) -> Image.Image:
    """White where these boxes are, black elsewhere."""
    mask = Image.new("L", image.size)
    for box in boxes:
        left, top, right, bottom = edges(box)
        # A renderer draws the edge of what is shown softly: a pixel more on each side.
        mask.paste(255, (int(left) - 1, int(top) - 1, int(right) + 2, int(bottom) + 2))
    return mask


class Render(Protocol):
    """Draws page one."""

    def __call__(self, path: Path, dpi: int = DPI) -> Image.Image: ...


@pytest.fixture(params=["pdfium", "poppler"])
def render(request: pytest.FixtureRequest, tmp_path: Path) -> Render:
    """Two renderers that have nothing in common."""
    if request.param == "pdfium":
        return rendered
    return lambda path, dpi=DPI: rendered_by_poppler(path, tmp_path, dpi)


@pytest.mark.parametrize("kind", CUTS)
def test_only_what_the_signature_shows_is_changed_on_the_page(
    signed: dict[str, Signed], render: Render, kind: str
) -> None:
    one = signed[kind]
    before, after = render(one.before), render(one.after)
    where = [one.box, *([DECREE_LAYOUT.number, DECREE_LAYOUT.date] if kind == "agency" else [])]
    difference = changed(before, after)
    assert ImageChops.darker(difference, inside(before, one.box)).getbbox()
    assert ImageChops.subtract(difference, inside(before, *where)).getbbox() is None


def test_the_persons_image_is_blue_and_in_the_middle_between_title_and_name(
    signed: dict[str, Signed], render: Render
) -> None:
    picture = render(signed["person"].after)
    blue = tinted(picture, "person").getbbox()
    assert blue is not None
    left, top, right, bottom = edges(signed["person"].box)
    assert blue == pytest.approx((left, top, right, bottom), abs=2)
    (hand,) = [page.hand for page in compose(DECISION) if page.hand]
    assert (left + right) / 2 == pytest.approx(hand[0] * SCALE, abs=2)
    assert (top + bottom) / 2 == pytest.approx(hand[1] * SCALE, abs=3)


def test_the_seal_is_red_of_actual_size_over_the_left_third_of_the_image(
    signed: dict[str, Signed], render: Render
) -> None:
    picture = render(signed["agency"].after)
    red = tinted(picture, "agency").getbbox()
    assert red is not None
    _, top, right, bottom = red
    # A renderer puts an image on whole pixels, so the size is measured on finer ones: to 0.17 mm.
    fine = tinted(render(signed["agency"].after, FINE_DPI), "agency").getbbox()
    assert fine is not None
    extent = (fine[2] - fine[0], fine[3] - fine[1])
    assert extent == pytest.approx((SEAL_MM * FINE_DPI / 25.4,) * 2, abs=2)
    hand = edges(signed["person"].box)
    assert right == pytest.approx(hand[0] + (hand[2] - hand[0]) / 3, abs=2)
    assert (top + bottom) / 2 == pytest.approx((hand[1] + hand[3]) / 2, abs=2)
    # Its ground is transparent: most of the image under it is still to be seen.
    under = inside(picture, signed["agency"].box)
    before, after = (
        ImageChops.darker(tinted(render(path), "person"), under).histogram()[255]
        for path in (signed["agency"].before, signed["agency"].after)
    )
    assert before > 0
    assert after > before / 2


@pytest.mark.parametrize(
    ("kind", "lines"),
    [
        ("attachment", ["15/QĐ-UBND", "2026-11-21T09:30:12+07:00"]),
        ("copy", ["SAO Y; Ủy ban nhân dân xã Mẫu", "2026-11-21T09:30:12+07:00"]),
    ],
)
def test_text_is_black_of_ten_points_at_the_top_right(
    signed: dict[str, Signed], render: Render, kind: str, lines: list[str]
) -> None:
    one = signed[kind]
    difference = changed(render(one.before), picture := render(one.after))
    box = difference.getbbox()
    assert box is not None
    left, top, right, bottom = box
    width, height = picture.size
    assert left > width / 2
    assert bottom < height / 8
    assert right == pytest.approx(width - 15 / 25.4 * DPI, abs=2)
    darkest, _ = picture.crop(box).convert("L").getextrema()
    assert darkest < 60
    assert chroma(picture.crop(box)).getextrema()[1] < 40  # black, on a scan's yellowish paper too
    # Tinos of 10 points: the widest line, and as many lines of 1.107 times that.
    font = ImageFont.truetype(font_file(""), 10 * SCALE, layout_engine=ImageFont.Layout.BASIC)
    assert right - left == pytest.approx(max(map(font.getlength, lines)), abs=3)
    assert bottom - top == pytest.approx(len(lines) * 11.07 * SCALE, abs=6)


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_text_is_upright_on_a_page_that_is_shown_turned(
    office: Office,
    sandbox: Sandbox,
    signed: dict[str, Signed],
    tmp_path: Path,
    degrees: int,
    render: Render,
) -> None:
    lying = laid_down(copied(signed["attachment"].before, tmp_path), degrees)
    order = attachment_stamp("15/QĐ-UBND")
    after = render(sign_text(office, sandbox, lying, order).after)
    straight = render(signed["attachment"].after)
    assert after.size == pytest.approx(straight.size, abs=1)
    assert alike(after.resize(straight.size), straight)


@pytest.mark.parametrize("kind", CUTS)
def test_what_is_shown_disturbs_no_validator(
    office: Office, signed: dict[str, Signed], kind: str
) -> None:
    found = validate(signed[kind].after, trust=office.ca.trust)
    assert (found.integrity, found.verdict) == ("INTACT", "HOP_LE")


@pytest.mark.skipif(shutil.which("pdfsig") is None, reason="install poppler-utils for pdfsig")
def test_poppler_finds_both_signatures_under_each_other_valid(signed: dict[str, Signed]) -> None:
    said = subprocess.run(
        ["pdfsig", "-nocert", signed["agency"].after], capture_output=True, text=True, check=True
    ).stdout
    assert said.count("Signature Validation: Signature is Valid.") == 2


def copied(source: Path, folder: Path) -> Path:
    return Path(shutil.copy(source, folder))


def cut(kind: str, one: Signed) -> Image.Image:
    """The part of the page that the docs show."""
    page = rendered(one.after)
    left, top, right, bottom = CUTS[kind]
    return page.crop(
        (
            round(left * page.width),
            round(top * page.height),
            round(right * page.width),
            round(bottom * page.height),
        )
    )


@pytest.mark.parametrize("kind", CUTS)
def test_the_pictures_in_the_docs_are_these(signed: dict[str, Signed], kind: str) -> None:
    with Image.open(PICTURES / f"{kind}.png") as kept:
        assert kept.size == cut(kind, signed[kind]).size
        assert alike(kept, cut(kind, signed[kind]))


def main() -> None:
    """Write docs/pictures."""
    with TemporaryDirectory() as folder:
        ca = DevelopmentCA(Path(folder) / "pki")
        person = ca.issue_person("chairman", "Nguyễn Văn Ước", "UBND xã Tân Hòa")
        agency = ca.issue_agency("commune", "ỦY BAN NHÂN DÂN XÃ TÂN HÒA")
        PICTURES.mkdir(exist_ok=True)
        office = Office(ca, person, person, agency)
        with Sandbox() as sandbox:
            pictures = sign_all(office, sandbox, Path(folder))
        for kind, one in pictures.items():
            picture = cut(kind, one).quantize(64, dither=Image.Dither.NONE)
            picture.save(PICTURES / f"{kind}.png", optimize=True)


if __name__ == "__main__":
    main()
