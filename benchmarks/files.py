"""The files of the bench, the same to the byte wherever the same versions make them."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pikepdf
from fpdf import FPDF
from pikepdf import Array, Dictionary, Name, ObjectStreamMode, String
from PIL import Image

_TEXT = (
    "quyết định về việc thành lập hội đồng thẩm định hồ sơ đề nghị công nhận xã đạt chuẩn tiếp cận"
    " pháp luật căn cứ luật tổ chức chính quyền địa phương ủy ban nhân dân trưởng phòng"
)
_FACE = Path(__file__).parents[1] / "signing" / "fonts" / "Tinos-Regular.ttf"
_DOTS = 1078  # of the side of a scanned page
_A4 = Array([0, 0, 595, 842])


def make(folder: Path, names: frozenset[str]) -> dict[str, Path]:
    """Make those of `SAMPLES` that are named, and say where they are."""
    made = {name: folder / f"{name.replace(' ', '-')}.pdf" for name in SAMPLES if name in names}
    for name, path in made.items():
        path.write_bytes(SAMPLES[name]())
    return made


def _letter() -> bytes:
    """Two pages as an office writes them, in an embedded face, with a picture."""
    return _pages(2, photograph=_noise(2, side=92))


def _report() -> bytes:
    """Seventy pages of text, and a photograph."""
    return _pages(70, photograph=_noise(1, side=340))


def _register() -> bytes:
    """A book of 1,600 pages."""
    return _pages(1600, lines=39)


def _scan(pages: int) -> bytes:
    """Scanned pages of 1.5 MB each: nothing to parse, much to hash."""
    pdf = pikepdf.new()
    made = []
    for number in range(pages):
        image = pikepdf.Stream(pdf, _noise(number, side=_DOTS), Type=Name.XObject)
        image.Subtype, image.Filter = Name.Image, Name.DCTDecode
        image.Width = image.Height = _DOTS
        image.ColorSpace, image.BitsPerComponent = Name.DeviceGray, 8
        resources = Dictionary(XObject=Dictionary(Im0=pdf.make_indirect(image)))
        made.append(_page(pdf, b"595 0 0 842 0 0 cm /Im0 Do", resources))
    return _bound(pdf, made)


def _manual() -> bytes:
    """59,000 objects in object streams: a manual of 2,000 pages, full of links."""
    pdf, chance = pikepdf.new(), random.Random(59)
    face = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
    resources = pdf.make_indirect(Dictionary(Font=Dictionary(F0=pdf.make_indirect(face))))
    made = []
    for number in range(2000):
        shown = b" ".join(b"(%d) Tj" % chance.getrandbits(64) for _ in range(240))
        page = _page(pdf, b"BT /F0 9 Tf " + shown + b" ET", resources)
        page.Annots = pdf.make_indirect(Array(_links(pdf, number, chance)))
        made.append(page)
    return _bound(pdf, made, ObjectStreamMode.generate)


def _links(pdf: pikepdf.Pdf, page: int, chance: random.Random) -> Iterator[pikepdf.Object]:
    for line in range(26):
        yield pdf.make_indirect(
            Dictionary(
                Type=Name.Annot,
                Subtype=Name.Link,
                Rect=Array([72, 760 - 25 * line, 200, 772 - 25 * line]),
                Border=Array([0, 0, 0]),
                A=Dictionary(S=Name.GoTo, D=String(f"section.{page}.{chance.randrange(10_000)}")),
            )
        )


def _pages(count: int, lines: int = 38, photograph: bytes | None = None) -> bytes:
    chance, pdf = random.Random(count), FPDF()
    pdf.set_creation_date(datetime(2026, 1, 1, tzinfo=UTC))
    pdf.add_font("Tinos", fname=_FACE)
    pdf.set_font("Tinos", size=12)
    for _ in range(count):
        pdf.add_page()
        for line in range(lines):
            pdf.text(20, 20 + 7 * line, " ".join(chance.choices(_TEXT.split(), k=14)))
    if photograph is not None:
        pdf.image(io.BytesIO(photograph), x=20, y=20, w=100)
    with pikepdf.open(io.BytesIO(bytes(pdf.output()))) as opened:
        return _saved(opened, ObjectStreamMode.disable)


def _noise(seed: int, side: int) -> bytes:
    """A grey JPEG that cannot be made smaller."""
    image = Image.frombytes("L", (side, side), random.Random(seed).randbytes(side * side))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=98)
    return out.getvalue()


def _page(pdf: pikepdf.Pdf, content: bytes, resources: pikepdf.Object) -> pikepdf.Object:
    return pdf.make_indirect(
        Dictionary(
            Type=Name.Page, MediaBox=_A4, Resources=resources, Contents=pdf.make_stream(content)
        )
    )


def _bound(
    pdf: pikepdf.Pdf,
    pages: list[pikepdf.Object],
    object_stream_mode: ObjectStreamMode = ObjectStreamMode.disable,
) -> bytes:
    """The pages under a tree of eight branches each, as TeX builds it."""
    level = [(page, 1) for page in pages]
    while len(level) > 1:
        branches = [level[start : start + 8] for start in range(0, len(level), 8)]
        level = [(_node(pdf, branch), sum(count for _, count in branch)) for branch in branches]
    pdf.Root.Pages = level[0][0]
    return _saved(pdf, object_stream_mode)


def _node(pdf: pikepdf.Pdf, branch: list[tuple[pikepdf.Object, int]]) -> pikepdf.Object:
    kids = [kid for kid, _ in branch]
    node = pdf.make_indirect(
        Dictionary(Type=Name.Pages, Kids=Array(kids), Count=sum(count for _, count in branch))
    )
    for kid in kids:
        kid.Parent = node
    return node


def _saved(pdf: pikepdf.Pdf, object_stream_mode: ObjectStreamMode) -> bytes:
    out = io.BytesIO()
    pdf.save(out, deterministic_id=True, object_stream_mode=object_stream_mode)
    return out.getvalue()


#: What the tables call each file, and how it is made.
SAMPLES: Mapping[str, Callable[[], bytes]] = {
    "20 KB": _letter,
    "275 KB": _report,
    "1,600 pages": _register,
    "30 MB": lambda: _scan(20),
    "150 MB": lambda: _scan(100),
    "59,000 objects": _manual,
}
