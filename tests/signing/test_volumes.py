"""PDFs of others in one volume: every page as it looks, nothing that acts, whatever they are."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pikepdf
import pypdfium2 as pdfium
import pytest
from PIL import Image, ImageChops

from signing.confinement import Bounds
from signing.errors import SigningError, SigningRefused, UnreadablePdf
from signing.extracts import Extract
from signing.sandbox import Sandbox
from signing.volumes import Progress, Volume
from tests.signing import pdfs, pki
from tests.signing.bombs import BOMBS
from tests.signing.test_corpus import CORPUS


@dataclass
class Binder:
    """Puts files into a volume in memory."""

    sandbox: Sandbox

    def bound(self, *files: Path) -> bytes:
        written = BytesIO()
        volume = Volume(self.sandbox, written)
        for file in files:
            volume.add(file)
        volume.finish("Hồ sơ", [file.stem for file in (files[-1], *files[:-1])])
        return written.getvalue()


@pytest.fixture
def binder(sandbox: Sandbox) -> Binder:
    return Binder(sandbox)


@pytest.fixture(scope="module")
def hurried() -> Iterator[Sandbox]:
    """What only the clock stops does not hold up the tests."""
    with Sandbox(Bounds(cpu_seconds=2, wall_seconds=6)) as sandbox:
        yield sandbox


@pytest.fixture
def paper(tmp_path: Path) -> Callable[..., Path]:
    def made(name: str, pages: int = 1) -> Path:
        return pdfs.plain(tmp_path / f"{name}.pdf", pages, name)

    return made


def texts(volume: bytes) -> list[str]:
    with pdfium.PdfDocument(volume) as document:
        return [page.get_textpage().get_text_range().strip() for page in document]


def changed(path: Path, change: Callable[[pikepdf.Pdf], object]) -> Path:
    """The file, changed with pikepdf."""
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        change(pdf)
        pdf.save(path)
    return path


def pictures(source: Path | bytes, most: int = 3) -> list[Image.Image]:
    with pdfium.PdfDocument(source) as document:
        document.init_forms()
        return [document[n].render(scale=0.6).to_pil() for n in range(min(len(document), most))]


def alike(one: Image.Image, other: Image.Image) -> bool:
    """But for the edges of letters."""
    if one.size != other.size:
        return False
    difference = ImageChops.difference(one.convert("L"), other.convert("L"))
    return sum(difference.histogram()[60:]) < 50


def streams(pdf: pikepdf.Pdf) -> list[pikepdf.Stream]:
    return [one for one in pdf.objects if isinstance(one, pikepdf.Stream)]


def test_the_part_added_last_comes_first_and_each_has_its_bookmark(
    binder: Binder, paper: Callable[..., Path]
) -> None:
    volume = binder.bound(paper("ONE"), paper("TWO", 3), paper("COVER", 2))

    assert texts(volume) == ["COVER 1", "COVER 2", "ONE 1", "TWO 1", "TWO 2", "TWO 3"]
    with pikepdf.open(BytesIO(volume)) as pdf:
        assert not pdf.get_warnings()
        assert pdf.docinfo["/Title"] == "Hồ sơ"
        numbers = {page.obj.objgen: number for number, page in enumerate(pdf.pages)}
        with pdf.open_outline() as outline:
            found = [
                (item.title, numbers[item.destination[0].objgen])
                for item in outline.root
                if isinstance(item.destination, pikepdf.Array)
            ]
    assert found == [("COVER", 0), ("ONE", 2), ("TWO", 3)]


def test_a_volume_written_in_pieces_reads_as_one(
    sandbox: Sandbox, binder: Binder, paper: Callable[..., Path]
) -> None:
    one, two, cover = paper("ONE"), paper("TWO", 3), paper("COVER")
    whole, progress = b"", Progress()
    for file in (one, two):
        piece = BytesIO()
        volume = Volume(sandbox, piece, progress)
        volume.add(file)
        progress = volume.pause()
        whole += piece.getvalue()
        assert progress.size_bytes == len(whole)
    piece = BytesIO()
    volume = Volume(sandbox, piece, progress)
    volume.add(cover)
    volume.finish("Hồ sơ", ["Bìa", "Một", "Hai"])
    whole += piece.getvalue()

    assert texts(whole) == texts(binder.bound(one, two, cover))
    with pikepdf.open(BytesIO(whole)) as pdf:
        assert not pdf.get_warnings()


@pytest.mark.parametrize("bomb", [*BOMBS])
def test_a_bomb_among_the_files_is_refused_or_stands_there_and_harms_no_other(
    hurried: Sandbox, tmp_path: Path, paper: Callable[..., Path], bomb: str
) -> None:
    path = tmp_path / "bomb.pdf"
    path.write_bytes(BOMBS[bomb](pki.Pki().issue(pki.Profile())))
    written = BytesIO()
    volume = Volume(hurried, written)
    volume.add(paper("BEFORE"))
    pages = 1
    try:
        pages += volume.add(path).pages
    except SigningError:
        assert volume.pages == [1]
    volume.add(paper("AFTER"))
    volume.finish("x", ["1", "2", *["3"] * (len(volume.pages) - 2)])

    with pikepdf.open(BytesIO(written.getvalue())) as pdf:
        assert len(pdf.pages) == sum(volume.pages) == pages + 1
        assert not pdf.get_warnings()


def test_what_cannot_be_taken_over_is_refused_and_leaves_no_trace(
    sandbox: Sandbox, tmp_path: Path, paper: Callable[..., Path]
) -> None:
    nonsense = tmp_path / "nonsense.pdf"
    nonsense.write_bytes(b"%PDF-1.7\nnothing of the kind")
    locked, owned = tmp_path / "locked.pdf", tmp_path / "owned.pdf"
    with pikepdf.open(paper("LOCKED")) as pdf:
        pdf.save(locked, encryption=pikepdf.Encryption(owner="x", user="y"))
        pdf.save(owned, encryption=pikepdf.Encryption(owner="x", user=""))
    empty = tmp_path / "empty.pdf"
    with pikepdf.new() as pdf:
        pdf.save(empty)
    written = BytesIO()
    volume = Volume(sandbox, written)
    for path, refusal, why in (
        (nonsense, UnreadablePdf, "hỏng"),
        (locked, SigningRefused, "mật khẩu"),
        (owned, SigningRefused, "mật khẩu"),
        (empty, UnreadablePdf, "không có trang"),
    ):
        before = written.tell()
        with pytest.raises(refusal, match=why):
            volume.add(path)
        assert written.tell() == before
        assert volume.pages == []


def test_a_damaged_file_says_that_it_is(sandbox: Sandbox, paper: Callable[..., Path]) -> None:
    sound, cut = paper("SOUND"), paper("CUT")
    cut.write_bytes(cut.read_bytes()[:300])
    volume = Volume(sandbox, BytesIO())

    assert not volume.add(sound).mended
    assert volume.add(cut).mended


def test_hidden_layers_are_refused_for_they_would_show(
    sandbox: Sandbox, paper: Callable[..., Path]
) -> None:
    def layered(pdf: pikepdf.Pdf) -> None:
        layer = pdf.make_indirect(pikepdf.Dictionary(Type=pikepdf.Name.OCG, Name="x"))
        pdf.Root.OCProperties = pikepdf.Dictionary(OCGs=[layer], D=pikepdf.Dictionary(OFF=[layer]))

    with pytest.raises(SigningRefused, match="lớp nội dung ẩn"):
        Volume(sandbox, BytesIO()).add(changed(paper("LAYERED"), layered))


def test_nothing_that_acts_is_taken_along(binder: Binder, paper: Callable[..., Path]) -> None:
    def armed(pdf: pikepdf.Pdf) -> None:
        script = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")
        link = pikepdf.Dictionary(
            Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Link, Rect=[0, 0, 600, 800], A=script
        )
        pdf.Root.OpenAction = script
        page = pdf.pages[0].obj
        page.AA = pikepdf.Dictionary(O=script)
        page.Annots = pikepdf.Array([pdf.make_indirect(link)])
        pdf.attachments["x.txt"] = b"app.alert(2)"
        page.Resources.Metadata = pdf.make_stream(b"app.alert(3)")
        # A stream whose content would come from another file.
        page.Resources.ProcSet = pdf.make_stream(b"", F="/etc/passwd")

    volume = binder.bound(changed(paper("ARMED"), armed), paper("COVER"))

    with pikepdf.open(BytesIO(volume)) as pdf:
        shown = b"".join(
            one.unparse(resolved=True)
            + (one.read_bytes() if isinstance(one, pikepdf.Stream) else b"")
            for one in pdf.objects
            if isinstance(one, pikepdf.Dictionary | pikepdf.Array)
        )
    for word in (b"JavaScript", b"app.alert", b"OpenAction", b"/Annot", b"/etc/passwd", b"/AA"):
        assert word not in shown


def test_a_field_shows_as_it_looks_and_is_no_field_any_more(
    binder: Binder, paper: Callable[..., Path]
) -> None:
    def filled(pdf: pikepdf.Pdf) -> None:
        def field(flags: int, *place: int) -> pikepdf.Object:
            # Turned upside down by its own matrix, and half of it black.
            looks = pdf.make_stream(b"0 g 0 0 10 5 re f", BBox=[0, 0, 10, 10])
            looks.Matrix = [-1, 0, 0, -1, 0, 0]
            return pdf.make_indirect(
                pikepdf.Dictionary(
                    Type=pikepdf.Name.Annot,
                    Subtype=pikepdf.Name.Widget,
                    FT=pikepdf.Name.Tx,
                    T=f"f{flags}",
                    F=flags,
                    Rect=list(place),
                    AP=pikepdf.Dictionary(N=looks),
                )
            )

        fields = [field(4, 100, 300, 250, 400), field(2, 300, 300, 400, 400)]
        pdf.Root.AcroForm = pikepdf.Dictionary(Fields=fields)
        pdf.pages[0].obj.Annots = pikepdf.Array(fields)

    form = changed(paper("FORM"), filled)

    volume = binder.bound(form, paper("COVER"))

    (shown,) = pictures(form)
    assert alike(pictures(volume)[1], shown)
    assert not alike(pictures(paper("FORM"))[0], shown)
    with pikepdf.open(BytesIO(volume)) as pdf:
        assert "/AcroForm" not in pdf.Root


def test_pages_inherit_and_are_turned_as_before(binder: Binder, paper: Callable[..., Path]) -> None:
    def inherited(pdf: pikepdf.Pdf) -> None:
        page = pdf.pages[0].obj
        tree = page.Parent
        tree.MediaBox, tree.Rotate, tree.Resources = page.MediaBox, 90, page.Resources
        tree.CropBox = [50, 100, 500, 700]
        for name in ("/MediaBox", "/Resources"):
            del page[name]

    turned = changed(paper("TURNED"), inherited)

    assert all(map(alike, pictures(binder.bound(turned, paper("C")))[1:], pictures(turned)))


def test_the_corpus_looks_in_a_volume_as_it_does_alone(sandbox: Sandbox, tmp_path: Path) -> None:
    if not CORPUS.is_dir():
        pytest.skip(f"no corpus at {CORPUS}")
    joined = 0
    for path in sorted((CORPUS / "pdf").glob("*.pdf")):
        written = BytesIO()
        volume = Volume(sandbox, written)
        try:
            volume.add(path)
        except SigningError:
            continue
        volume.finish("x", ["x"])
        assert all(map(alike, pictures(path), pictures(written.getvalue()))), path.name
        joined += 1
    assert joined > 40


@pytest.mark.parametrize(
    "told",
    [
        ([0, 20], [5]),  # pages start elsewhere
        ([0, 20], []),
        ([0, 20], [4, 9]),
        ([0, 21], [4]),  # no object begins there
        ([1, 20], [4]),
        ([0], [4, 4]),
        ([20, 0], [4]),
        ([0, 99], [4]),
    ],
)
def test_what_a_child_makes_up_is_not_believed(
    tmp_path: Path, told: tuple[list[int], list[int]]
) -> None:
    written = tmp_path / "written"
    written.write_bytes(b"4 0 obj\nnull\nendobj\n5 0 obj\nnull\nendobj\n")
    offsets, pages = (array("Q", numbers) for numbers in told)
    with written.open("rb") as file:
        assert Extract(array("Q", [0, 20]), array("Q", [4]), mended=False).stands_in(file, 4)
        assert not Extract(offsets, pages, mended=False).stands_in(file, 4)
