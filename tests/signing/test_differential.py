"""Files of every make, signed: each output is accepted by judges who share no code with us.

pyHanko's plain reader and validator, poppler, qpdf and OpenSSL, and our own full validation. What
is fast here (looked-up cross-references, a CMS of DER parts, one pass of hashing) must not be seen
by any of them.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pikepdf
import pytest
from fpdf import FPDF
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec, append_signature_field

from signing import fields, pades
from signing.errors import SigningRefused, UnreadablePdf
from signing.fields import Box, SignatureField
from signing.keys import LiveKey
from signing.report import Level
from signing.validation import validate
from tests.signing import judges, pdfs, plugin
from tests.signing.handmade import Handmade, by_pikepdf
from tests.signing.pki import Profile, rsa_key
from tests.signing.trusted import House

FIELD = "vanthu-here"
LEVELS: tuple[Level, ...] = ("B-B", "B-T", "B-LT", "B-LTA")
CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "pdf"
#: Documents that came with programs of this machine, whatever they are.
MANUALS = sorted(Path("/usr/share/doc").glob("*/*.pdf"))[:10]

Make = Callable[[Path, "Signers"], object]


class Signers:
    """Who signs: a key of each kind, and a house that trusts them."""

    def __init__(self) -> None:
        self.house = House.new()
        self.rsa = self.house.pki.issue(Profile(key=rsa_key()))
        self.ec = self.house.pki.issue(Profile("Trần Thị Ngọc Ánh"))

    @property
    def anchor(self) -> bytes:
        return self.house.pki.root.certificate

    def sign(self, path: Path, key: LiveKey, field: str, level: Level, **options: object) -> None:
        """Sign in place."""
        pades.sign(
            path,
            path,
            key=key,
            field=field,
            level=level,
            trust=self.house.trust,
            **options,  # type: ignore[arg-type]
        )


@pytest.fixture(scope="module")
def signers() -> Signers:
    return Signers()


def typeset(pages: int = 1, **how: object) -> Make:
    """By fpdf2: a table of cross-references."""

    def make(path: Path, _signers: Signers) -> None:
        pdf = FPDF(**how)  # type: ignore[arg-type]
        pdf.set_font("helvetica", size=12)
        for number in range(pages):
            pdf.add_page()
            pdf.text(50, 50, f"trang {number + 1}")
        path.write_bytes(bytes(pdf.output()))

    return make


def packed(objects: int = 30, **how: object) -> Make:
    """By qpdf: object streams, linearized, of an older version."""
    return lambda path, _signers: path.write_bytes(by_pikepdf(objects, **how))


def changed(change: Callable[[pikepdf.Pdf], object], **how: object) -> Make:
    """Two typeset pages, changed with pikepdf."""

    def make(path: Path, signers: Signers) -> None:
        typeset(2)(path, signers)
        with pikepdf.open(path, allow_overwriting_input=True) as pdf:
            change(pdf)
            pdf.save(path, **how)  # type: ignore[arg-type]

    return make


def revised(*changes: Callable[[IncrementalPdfFileWriter], object]) -> Make:
    """Two typeset pages, with revisions appended by pyHanko."""

    def make(path: Path, signers: Signers) -> None:
        typeset(2)(path, signers)
        for change in changes:
            pdfs.revise(path, change)

    return make


def rotate(pdf: pikepdf.Pdf) -> None:
    for page, degrees in zip(pdf.pages, (90, 270), strict=True):
        page.rotate(degrees, relative=True)


def nest_pages(pdf: pikepdf.Pdf) -> None:
    """A tree of pages, with what is common to them further up."""
    first, second = (page.obj for page in pdf.pages)
    for page in (first, second):
        box = page.MediaBox
        del page.MediaBox
    root = pdf.Root.Pages
    inner = pdf.make_indirect(
        pikepdf.Dictionary(Type=pikepdf.Name.Pages, Kids=[first, second], Count=2, Parent=root)
    )
    first.Parent = second.Parent = inner
    root.Kids, root.MediaBox, root.Rotate = [inner], box, 90


def annotate(pdf: pikepdf.Pdf, *, indirect: bool) -> None:
    link = pikepdf.Dictionary(
        Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Link, Rect=[10, 10, 50, 50]
    )
    listed = pikepdf.Array([pdf.make_indirect(link)])
    pdf.pages[0].obj.Annots = pdf.make_indirect(listed) if indirect else listed


def declare_form(pdf: pikepdf.Pdf, *, indirect: bool) -> None:
    """An empty form that asks viewers to draw its fields."""
    form = pikepdf.Dictionary(Fields=[], NeedAppearances=True, DA="/Helv 0 Tf 0 g")
    pdf.Root.AcroForm = pdf.make_indirect(form) if indirect else form


def describe(pdf: pikepdf.Pdf) -> None:
    with pdf.open_metadata() as metadata:
        metadata["dc:title"] = "Quyết định"


def undescribed(pdf: pikepdf.Pdf) -> None:
    del pdf.trailer.Info


def reserved(path: Path, signers: Signers) -> None:
    typeset(1)(path, signers)
    plain = path.rename(path.with_name("unreserved.pdf"))
    fields.prepare(
        plain,
        path,
        number=pdfs.NUMBER_BOX,
        date=pdfs.DATE_BOX,
        signatures=[SignatureField("other", pdfs.PERSON_BOX), SignatureField("last", locks=True)],
    )


def without_last_newline(path: Path, signers: Signers) -> None:
    typeset(1)(path, signers)
    path.write_bytes(path.read_bytes().rstrip())


def with_returns(path: Path, _signers: Signers) -> None:
    """Lines of the table ended as on other systems."""
    made = Handmade()
    made.table(made.pages(), end=b"\r\n")
    path.write_bytes(made.contents)


def of_streams(path: Path, _signers: Signers) -> None:
    """Two revisions of hand-made cross-reference streams, with a predictor."""
    made = Handmade()
    made.stream(made.pages(), predictor=True)
    made.stream({3: made.put(3, 0, b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 300] >>")})
    path.write_bytes(made.contents)


def signed_before(times: int, level: Level = "B-B") -> Make:
    """Signed by us, again and again, by turns."""

    def make(path: Path, signers: Signers) -> None:
        typeset(1)(path, signers)
        for number in range(times):
            key = signers.ec if number % 2 else signers.rsa
            signers.sign(path, key, f"before{number}x", level)

    return make


def signed_elsewhere(path: Path, signers: Signers) -> None:
    typeset(1)(path, signers)
    plugin.sign(path, signers.ec)


KINDS: dict[str, Make] = {
    "a page": typeset(),
    "ten pages": typeset(10),
    "lying": typeset(2, orientation="landscape"),
    "of 1,600 pages": typeset(1600),
    "without a last newline": without_last_newline,
    "lines ended with returns": with_returns,
    "cross-reference streams": of_streams,
    "objects in streams": packed(object_stream_mode=pikepdf.ObjectStreamMode.generate),
    "20,000 objects": packed(20_000, object_stream_mode=pikepdf.ObjectStreamMode.generate),
    "20,000 objects in a table": packed(
        20_000, object_stream_mode=pikepdf.ObjectStreamMode.disable
    ),
    "linearized": packed(linearize=True),
    "linearized with streams": packed(
        linearize=True, object_stream_mode=pikepdf.ObjectStreamMode.generate
    ),
    "for reading": packed(qdf=True),
    "PDF 1.3": packed(force_version="1.3", object_stream_mode=pikepdf.ObjectStreamMode.disable),
    "PDF 2.0": packed(force_version="2.0"),
    "pages turned": changed(rotate),
    "pages in a tree": changed(nest_pages),
    "with links": changed(lambda pdf: annotate(pdf, indirect=False)),
    "with links listed apart": changed(lambda pdf: annotate(pdf, indirect=True)),
    "with a form": changed(lambda pdf: declare_form(pdf, indirect=False)),
    "with a form apart": changed(lambda pdf: declare_form(pdf, indirect=True)),
    "with metadata": changed(describe),
    "without information": changed(undescribed),
    "revised": revised(lambda writer: pdfs.text_field(writer, "note", "x"), pdfs.append_page),
    "with an empty signature field": revised(
        lambda writer: append_signature_field(writer, SigFieldSpec("other", box=(10, 10, 90, 40)))
    ),
    "reserved": reserved,
    "signed before": signed_before(1),
    "signed three times": signed_before(3),
    "signed and archived": signed_before(1, "B-LTA"),
    "signed elsewhere": signed_elsewhere,
}

# Every kind with two of the eight ways; neighbours differ, so each way meets many kinds.
WAYS = list(itertools.product(LEVELS, ("rsa", "ec")))
CASES = [
    (kind, *WAYS[(3 * number + offset) % len(WAYS)])
    for number, kind in enumerate(KINDS)
    for offset in (0, 5)
]


def accepted(path: Path, signers: Signers, field: str, complaints: list[str]) -> None:
    """By everybody; qpdf has nothing against it that it had not before."""
    judges.by_pyhanko(path, field, signers.anchor)
    judges.by_pdfsig(path, field)
    assert len(judges.complaints_of_qpdf(path)) <= len(complaints)
    judges.by_openssl(path, field, signers.anchor, path.parent)


@pytest.mark.parametrize(("kind", "level", "key"), CASES, ids=str)
def test_every_kind_of_file_is_signed_as_all_judges_expect(
    signers: Signers, tmp_path: Path, kind: str, level: Level, key: str
) -> None:
    path = tmp_path / "file.pdf"
    KINDS[kind](path, signers)
    before, complaints = path.read_bytes(), judges.complaints_of_qpdf(path)
    shown = {"box": Box(0, 20, 20, 150, 40)} if level != "B-B" else {}
    signers.sign(path, getattr(signers, key), FIELD, level, **shown)

    assert path.read_bytes().startswith(before)
    accepted(path, signers, FIELD, complaints)
    report = validate(path, trust=signers.house.trust)
    assert report.verdict == "HOP_LE", report.reasons
    (own,) = [item for item in report.signatures if item.field == FIELD]
    assert own.level == level


@pytest.mark.parametrize(
    "path", [*sorted(CORPUS.glob("*.pdf")), *MANUALS], ids=lambda path: path.stem
)
def test_files_of_others_are_signed_soundly_or_refused(
    signers: Signers, tmp_path: Path, path: Path
) -> None:
    """A refusal says why; a signature leaves the others as plain pyHanko's signature would."""
    copy, twin = tmp_path / "file.pdf", tmp_path / "twin.pdf"
    for one in (copy, twin):
        one.write_bytes(path.read_bytes())
    # Not B-LTA, with its second revision: some of these files refer to objects that they have not,
    # which is beyond pyHanko's comparison of revisions.
    level, key = WAYS[sum(path.name.encode()) % 6]
    complaints = judges.complaints_of_qpdf(copy)
    try:
        signers.sign(copy, getattr(signers, key), FIELD, level)
    except (SigningRefused, UnreadablePdf):
        assert copy.read_bytes() == path.read_bytes()
        return
    accepted(copy, signers, FIELD, complaints)
    plugin.sign(twin, signers.ec, field_name=FIELD)
    found, expected = (
        {item.field: item for item in validate(one, trust=signers.house.trust).signatures}
        for one in (copy, twin)
    )
    assert found[FIELD].trusted
    assert {name: item.intact for name, item in found.items()} == {
        name: item.intact for name, item in expected.items()
    }


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not beside this checkout")
def test_most_files_of_others_can_be_signed(signers: Signers, tmp_path: Path) -> None:
    """To refuse everything would pass the test above, too."""
    signed, path = 0, tmp_path / "file.pdf"
    for source in CORPUS.glob("*.pdf"):
        path.write_bytes(source.read_bytes())
        with suppress(SigningRefused, UnreadablePdf):
            signers.sign(path, signers.ec, FIELD, "B-B")
            signed += 1
    assert signed >= 35
