"""Cross-references that no ordinary program writes, and broken ones: read alike, or left alone."""

from __future__ import annotations

import io
import random
import tracemalloc
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from pikepdf import ObjectStreamMode
from pyhanko.pdf_utils.reader import PdfFileReader as PlainReader

from signing import reading
from signing.errors import SigningRefused, UnreadablePdf
from signing.lazy import NotLazy, open_lazy
from tests.signing import pdfs
from tests.signing.handmade import FREE, IN_STREAM, STANDARD, Handmade, by_pikepdf
from tests.signing.twin_readers import alike, assert_same


@pytest.fixture(scope="module")
def plain_file(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return pdfs.plain(tmp_path_factory.mktemp("plain") / "plain.pdf", pages=3).read_bytes()


# What stands in no ordinary file: written by hand.


def random_entries(seed: int) -> tuple[Handmade, dict[int, tuple[int, int, int]]]:
    """A file of one page among a thousand entries of every kind, pointing anywhere."""
    chance, paper = random.Random(seed), Handmade()
    entries = {
        number: (chance.choice([FREE, STANDARD, IN_STREAM, 5]), chance.randrange(9999), 0)
        for number in chance.sample(range(10, 5000), 1000)
    }
    for number, (kind, second, _) in entries.items():
        if kind == FREE:
            entries[number] = (FREE, 0, chance.randrange(3))
        if kind == IN_STREAM:
            entries[number] = (IN_STREAM, second, chance.randrange(200))
    return paper, paper.pages() | entries


@pytest.mark.parametrize("predictor", [False, True])
@pytest.mark.parametrize("widths", [(1, 2, 1), (1, 3, 2), (1, 8, 2), (1, 4, 3)])
def test_any_mix_of_entries_in_a_stream(predictor: bool, widths: tuple[int, int, int]) -> None:
    for seed in range(2):
        paper, entries = random_entries(seed)
        highest = 256 ** widths[1] - 1  # of eight bytes, pyHanko takes that for -1
        descending = {number: (STANDARD, 9000 - number, 0) for number in range(6000, 7000)}
        entries |= descending | {5000: (STANDARD, highest, 0)}
        paper.stream(entries, widths=widths, predictor=predictor)
        assert_same(paper.contents)


def test_a_stream_without_third_fields() -> None:
    paper = Handmade()
    paper.stream(paper.pages(), widths=(1, 3, 0))
    assert_same(paper.contents)


def test_any_mix_of_entries_in_a_table() -> None:
    for seed in range(2):
        paper, entries = random_entries(seed)
        paper.table({number: row for number, row in entries.items() if row[0] <= STANDARD})
        assert_same(paper.contents)


@pytest.mark.parametrize("end", [b" \n", b" \r", b"\r\n"])
def test_every_end_of_line_of_a_table(end: bytes) -> None:
    paper = Handmade()
    paper.table(paper.pages(), end=end)
    assert_same(paper.contents)


def reused(how: Callable[..., None], generation: int) -> Handmade:
    """Object 9: there, freed, and there again in a generation."""
    paper = Handmade()
    how(paper, paper.pages() | {9: paper.put(9, 0, b"(first)")})
    how(paper, {9: (FREE, 0, 1)})
    how(paper, {9: paper.put(9, generation, b"(second)"), 30: (FREE, 0, 1)})
    return paper


@pytest.mark.parametrize(
    "how", [Handmade.table, Handmade.stream, partial(Handmade.stream, predictor=True)]
)
def test_a_number_used_again_needs_its_next_generation(how: Callable[..., None]) -> None:
    assert_same(reused(how, 1).contents)
    assert not alike(reused(how, 0).contents)
    assert not alike(reused(how, 2).contents)


# What is broken: refused by both, or left to the plain reader.


def refusal(contents: bytes, modes: tuple[reading.Reading, ...]) -> tuple[object, ...]:
    """How the file can be read for appending, or why not."""
    try:
        reader, how = reading.opened(io.BytesIO(contents), modes=modes)
        return how == "lenient", reader.total_revisions
    except UnreadablePdf as refused:
        return (str(refused),)


def broken(contents: bytes) -> dict[str, bytes]:
    """The file of three pages by fpdf2, spoilt in every way that its table can be."""
    table = contents.rindex(b"xref\n0 ")
    pointer = b"\n%d\n%%%%EOF"
    first, end = contents.index(b"0000000000 65535 f"), contents.rindex(b"trailer")
    rows = contents[first:end]

    def table_of(*parts: bytes) -> bytes:
        return contents[:table] + b"xref\n" + b"".join(parts) + contents[end:]

    def row(number: int, entry: bytes) -> bytes:
        return table_of(b"0 14\n", rows[: 20 * number], entry, rows[20 * number + 20 :])

    third = rows[60:80]
    return {
        "junk before the header": b"junk\n" + contents,
        "no header": contents[8:],
        "cut off": contents[:-200],
        "startxref before the table": contents.replace(pointer % table, pointer % (table - 1)),
        "startxref after the table": contents.replace(pointer % table, pointer % (table + 1)),
        "startxref beyond the file": contents.replace(pointer % table, pointer % 99_999_999),
        "a loop": contents.replace(b"/Size", b"/Prev %d /Size" % table),
        "/Prev to nowhere": contents.replace(b"/Size", b"/Prev 20 /Size"),
        "/Prev of another type": contents.replace(b"/Size", b"/Prev /Here /Size"),
        "encrypted": contents.replace(b"/Size", b"/Encrypt 3 0 R /Size"),
        "a size too small": contents.replace(b"/Size 14", b"/Size 13"),
        "more entries announced": contents.replace(b"\n0 14\n", b"\n0 15\n"),
        "very many entries announced": contents.replace(b"\n0 14\n", b"\n0 999999999\n"),
        "fewer entries announced": contents.replace(b"\n0 14\n", b"\n0 13\n"),
        "numbers off by one": contents.replace(b"\n0 14\n", b"\n1 14\n"),
        "subsections overlap": table_of(b"0 3\n", rows[:60], b"2 12\n", rows[40:]),
        "subsections descend": table_of(b"3 11\n", rows[60:], b"0 3\n", rows[:60]),
        "an entry of 19 bytes": row(3, third[:18] + b"\n"),
        "an entry of 21 bytes": row(3, third[:18] + b" \r\n"),
        "an entry without its mark": row(3, third[:17] + b"  \n"),
        "an entry of letters": row(3, b"00000000xx 00000 n \n"),
        "to another object": row(3, rows[80:100]),
        "between objects": row(3, b"%010d 00000 n \n" % (int(third[:10]) + 3)),
        "beyond the file": row(3, b"9999999999 00000 n \n"),
        "another generation": row(3, third[:11] + b"00001 n \n"),
        "an impossible generation": row(3, third[:11] + b"99999 n \n"),
        "an impossible next generation": row(13, rows[260:271] + b"99999 f \n"),
        "the page freed": row(3, third[:11] + b"00001 f \n"),
    }  # fmt: skip


def test_whatever_is_broken_is_refused_alike(plain_file: bytes) -> None:
    for name, contents in broken(plain_file).items():
        assert contents != plain_file, name
        alike(contents)
        assert refusal(contents, ("lazy", "strict", "lenient")) == (
            refusal(contents, ("strict", "lenient"))
        ), name


def test_what_is_odd_is_declined(plain_file: bytes, tmp_path: Path) -> None:
    odd = broken(plain_file) | {"hybrid": pdfs.hybrid(tmp_path / "hybrid.pdf").read_bytes()}
    for name in (
        "junk before the header", "startxref after the table", "a loop", "encrypted", "hybrid",
        "an entry of 19 bytes", "subsections overlap", "subsections descend",
        "very many entries announced", "an impossible generation",
    ):  # fmt: skip
        with pytest.raises(NotLazy):
            open_lazy(io.BytesIO(odd[name]))


def test_damage_anywhere_is_read_alike() -> None:
    chance = random.Random(3)
    served = 0
    for contents in (
        revised_by_hand(Handmade.table),
        revised_by_hand(Handmade.stream),
        by_pikepdf(5, object_stream_mode=ObjectStreamMode.generate, linearize=True),
    ):
        assert_same(contents)
        for _ in range(400):
            spoilt = bytearray(contents)
            for _ in range(chance.choice([1, 1, 3])):
                spoilt[chance.randrange(len(spoilt))] = chance.choice(
                    b"0123456789 \n\rxR/<>fn\x00\xff"
                )
            served += alike(bytes(spoilt))
    assert 300 < served < 1200


def revised_by_hand(how: Callable[..., None]) -> bytes:
    paper = Handmade()
    how(paper, paper.pages())
    how(paper, {2: paper.put(2, 0, b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"), 7: (FREE, 0, 1)})
    return paper.contents


@pytest.mark.parametrize(
    ("numbers_first", "place"), [(b"8 0 9 4", 1), (b"9 0 8 4", 0), (b"8 0 8 4", 1), (b"8 x 9 4", 0)]
)
def test_an_object_stream_that_names_other_objects(numbers_first: bytes, place: int) -> None:
    paper = Handmade()
    entries = paper.pages() | {6: paper.container(6, numbers_first, b"(a) (b)")}
    paper.stream(entries | {8: (IN_STREAM, 6, place), 9: (IN_STREAM, 6, 1)})
    assert_same(paper.contents)


@pytest.mark.parametrize(
    ("header", "contents"),
    [
        (b"8 0 9 5", b"1 0 R (b)"),
        (b"8 0 9 5", b"<< /A (b)"),
        (b"8 0", b"(a)"),
        (b"8 0 9", b"(a) (b)"),
        (b"8 0 9 999", b"(a)"),
    ],
)
def test_an_object_stream_that_holds_what_it_must_not(header: bytes, contents: bytes) -> None:
    paper = Handmade()
    entries = paper.pages() | {6: paper.container(6, header, contents)}
    paper.stream(entries | {8: (IN_STREAM, 6, 0), 9: (IN_STREAM, 6, 1), 10: (IN_STREAM, 2, 0)})
    assert_same(paper.contents)


def test_a_stream_of_another_length_than_announced() -> None:
    for spoil in (
        lambda rows: rows[:-1],
        lambda rows: rows + b"\0",
        lambda rows: rows[:-30],
        lambda rows: rows + bytes(1_000_000),
    ):
        for predictor in (False, True):
            paper = Handmade()
            paper.stream(paper.pages(), predictor=predictor, spoil=spoil)
            assert not alike(paper.contents)


@pytest.mark.parametrize("predictor", [False, True])
def test_a_stream_that_is_cut_off(predictor: bool) -> None:
    for missing in (1, 4, 8):
        paper = Handmade()
        paper.stream(
            paper.pages(),
            predictor=predictor,
            pack=lambda rows: zlib.compress(rows)[:-missing],  # noqa: B023  called at once
        )
        assert not alike(paper.contents)


def unfolding(rows: int, announced: int | None) -> bytes:
    """A small file with very many free entries."""
    packer, many = zlib.compressobj(), (b"\2" + bytes(7)) * (1 << 17)
    packed = b"".join(packer.compress(many) for _ in range(rows >> 17)) + packer.flush()
    paper = Handmade()
    paper.stream(paper.pages(), predictor=True, pack=lambda _: packed, announced=announced)
    return paper.contents


@pytest.mark.parametrize("announced", [None, 1 << 22])
def test_a_stream_that_unfolds_without_end(announced: int | None) -> None:
    contents = unfolding(1 << 22, announced)
    assert len(contents) < 100_000
    tracemalloc.start()
    with pytest.raises(UnreadablePdf):
        reading.opened(io.BytesIO(contents), modes=("lazy", "strict", "lenient"))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 100_000_000


def test_no_memory_is_asked_for_that_the_file_cannot_fill(
    plain_file: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "many.pdf"
    path.write_bytes(broken(plain_file)["very many entries announced"])
    tracemalloc.start()
    with path.open("rb") as stream, pytest.raises(NotLazy):
        open_lazy(stream)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 1_000_000


def test_a_cross_reference_stream_is_not_overwritten() -> None:
    paper = Handmade()
    paper.stream(paper.pages())
    paper.stream({paper.streams[0]: paper.put(paper.streams[0], 0, b"(other)")})
    assert not alike(paper.contents)


# Where it is used.


def test_writing_falls_back_to_the_plain_reader(plain_file: bytes, tmp_path: Path) -> None:
    descending = broken(plain_file)["subsections descend"]
    with reading.writing(io.BytesIO(descending)) as writer:
        assert type(writer.prev) is PlainReader
    hybrid = pdfs.hybrid(tmp_path / "hybrid.pdf").read_bytes()
    with pytest.raises(SigningRefused, match="không chuẩn"), reading.writing(io.BytesIO(hybrid)):
        pass


def test_an_object_that_is_not_where_it_should_be_refuses_to_be_written() -> None:
    paper = Handmade()
    pages = paper.pages(root=b"/AcroForm 9 0 R")
    paper.table(pages | {9: (STANDARD, pages[3][1], 0)})
    with (
        pytest.raises(UnreadablePdf),
        reading.writing(io.BytesIO(paper.contents)) as writer,
    ):
        pdfs.text_field(writer, "first", "1")
