"""Looking cross-references up: the answers of pyHanko's plain strict reader, or none at all."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from pathlib import Path

import pikepdf
import pytest
from pikepdf import ObjectStreamMode
from pyhanko.pdf_utils.reader import PdfFileReader as PlainReader

from signing import reading
from signing.examination import examine
from signing.lazy import open_lazy
from tests.signing import pdfs
from tests.signing.conftest import Trip
from tests.signing.handmade import by_pikepdf
from tests.signing.test_corpus import CORPUS
from tests.signing.twin_readers import alike, assert_same


def revised(contents: bytes, folder: Path) -> bytes:
    path = folder / "revised.pdf"
    path.write_bytes(contents)
    for change in (
        lambda writer: pdfs.text_field(writer, "first", "1"),
        pdfs.paint_over,
        pdfs.change_page,
        lambda writer: pdfs.text_field(writer, "second", "2"),
    ):
        pdfs.revise(path, change)
    return path.read_bytes()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("made")
    files = {
        "fpdf2": pdfs.plain(folder / "plain.pdf", pages=3).read_bytes(),
        "table": by_pikepdf(300, object_stream_mode=ObjectStreamMode.disable),
        "streams": by_pikepdf(700, object_stream_mode=ObjectStreamMode.generate),
        "linear": by_pikepdf(300, object_stream_mode=ObjectStreamMode.generate, linearize=True),
        "linear table": by_pikepdf(
            300, object_stream_mode=ObjectStreamMode.disable, linearize=True
        ),
    }
    return files | {f"{name}, revised": revised(file, folder) for name, file in files.items()}


def test_every_object_is_the_same(made: dict[str, bytes], trip: Trip) -> None:
    signed = {"signed": trip.signed.read_bytes(), "sealed": trip.sealed.read_bytes()}
    for contents in (made | signed).values():
        assert_same(contents)


def test_pages_and_form_are_found(made: dict[str, bytes]) -> None:
    for name, contents in made.items():
        lazy = open_lazy(io.BytesIO(contents))
        assert lazy.find_page_for_modification(0)[0].get_object()["/Type"] == "/Page"
        fields = [field.name for field in reading.form_fields(lazy)]
        assert fields == (["first", "second"] if "revised" in name else [])
        assert lazy.get_historical_root(lazy.total_revisions - 1)["/Type"] == "/Catalog"


@pytest.mark.parametrize("mode", [ObjectStreamMode.disable, ObjectStreamMode.generate])
def test_a_large_file_opens_in_a_fraction_of_the_time(mode: ObjectStreamMode) -> None:
    contents = by_pikepdf(60_000, object_stream_mode=mode)

    def cpu(opening: Callable[[], object]) -> float:
        start = time.process_time()
        opening()
        return time.process_time() - start

    lazy = min(cpu(lambda: open_lazy(io.BytesIO(contents))) for _ in range(3))
    # Measured: 40 and 200 times less.
    assert lazy * 10 < cpu(lambda: PlainReader(io.BytesIO(contents)))
    assert_same(contents, every=997)


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not beside this checkout")
def test_the_corpus_is_read_alike_or_not_at_all() -> None:
    served = [alike(path.read_bytes()) for path in sorted((CORPUS / "pdf").iterdir())]
    assert sum(served) > 40


def test_writing_reads_lazily(made: dict[str, bytes]) -> None:
    for contents in made.values():
        with reading.writing(io.BytesIO(contents)) as writer:
            assert type(writer.prev) is not PlainReader


def test_judging_reads_lazily_and_strictly(made: dict[str, bytes]) -> None:
    reader, how = reading.opened(io.BytesIO(made["streams"]))
    assert (type(reader) is PlainReader, how) == (False, "lazy")
    assert examine(io.BytesIO(made["streams"])).how == "strict"


def test_what_is_appended_is_sound(made: dict[str, bytes]) -> None:
    for contents in made.values():
        stream = io.BytesIO(contents)
        with reading.writing(stream) as writer:
            pdfs.text_field(writer, "third", "3")
            writer.write_in_place()
        assert stream.getvalue().startswith(contents)
        assert_same(stream.getvalue())
        with pikepdf.open(stream) as opened:
            assert not opened.check_pdf_syntax()
