"""A lazy reader beside pyHanko's plain one, over the same bytes."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from operator import attrgetter, methodcaller

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader as PlainReader

from signing.lazy import NotLazy, open_lazy
from signing.reading import Reader


def alike(contents: bytes) -> bool:
    """Whether the file is served lazily; if it is, the plain reader says the same of it all."""
    try:
        open_lazy(io.BytesIO(contents))
    except NotLazy:
        return False
    assert_same(contents)
    return True


def answer(question: Callable[[Reader], object], reader: Reader) -> object:
    """What a reader says, objects as bytes; a refusal is an answer too."""
    try:
        said = question(reader)
    except Exception as fault:
        return type(fault)
    if isinstance(said, generic.PdfObject):
        out = io.BytesIO()
        said.write_to_stream(out, None)
        return out.getvalue()
    return said


def numbers(reader: PlainReader) -> Iterator[tuple[int, int]]:
    """Every object that some revision speaks of, and a few of which none does."""
    highest = 0
    for revision in range(reader.total_revisions):
        for number, generation in reader.xrefs.get_xref_data(revision).explicit_refs_in_revision:
            yield number, generation
            highest = max(highest, number)
    yield from ((highest + 1, 0), (highest, 7), (0, 0), (1 << 40, 0))


def assert_same(contents: bytes, every: int = 1) -> None:
    """Both readers say the same of the file, and of every object (or every so many-th)."""
    lazy, plain = open_lazy(io.BytesIO(contents)), PlainReader(io.BytesIO(contents))
    assert vars(plain).keys() <= vars(lazy).keys(), "pyHanko's reader keeps something new"
    for name in ("last_startxref", "has_xref_stream", "input_version", "trailer_view"):
        assert_answers(lazy, plain, attrgetter(name))
    assert lazy.total_revisions == plain.total_revisions
    for revision in range(plain.total_revisions):
        assert_same_section(lazy, plain, revision)
    for number, generation in list(numbers(plain))[::every]:
        reference = generic.Reference(number, generation)
        assert_answers(lazy, plain, methodcaller("get_object", reference))
        for revision in range(plain.total_revisions):
            assert lazy.xrefs.get_historical_ref(reference, revision) == (
                plain.xrefs.get_historical_ref(reference, revision)
            )


def assert_answers(lazy: Reader, plain: Reader, question: Callable[[Reader], object]) -> None:
    assert answer(question, lazy) == answer(question, plain)


def assert_same_section(lazy: Reader, plain: PlainReader, revision: int) -> None:
    ours, theirs = lazy.xrefs.get_xref_data(revision), plain.xrefs.get_xref_data(revision)
    assert lazy.xrefs.get_xref_container_info(revision) == (
        plain.xrefs.get_xref_container_info(revision)
    )
    assert dict(ours.standard_xrefs) == theirs.standard_xrefs
    assert dict(ours.xrefs_in_objstm) == theirs.xrefs_in_objstm
    assert set(ours.explicit_refs_in_revision) == theirs.explicit_refs_in_revision
    assert len(ours.explicit_refs_in_revision) == len(theirs.explicit_refs_in_revision)
    assert ours.freed == theirs.freed
    assert ours.obj_streams_used == theirs.obj_streams_used
    assert set(ours.higher_generation_refs()) == set(theirs.higher_generation_refs())
