"""Who refers to whom, read from the bytes; and names and hexadecimal strings, read at once."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.misc import PdfReadError, PdfStreamError
from pyhanko.pdf_utils.reader import PdfFileReader

from signing import reading
from signing.references import _REFERENCE, References, _may_refer
from tests.signing import pdfs

_GAPS = st.lists(
    st.sampled_from([b" ", b"\0", b"\t", b"\n", b"\f", b"\r", b"%7 0 R\n", b"%\r", b"% 9\r\n"]),
    min_size=1,
    max_size=4,
).map(b"".join)


@given(_GAPS, _GAPS)
def test_a_reference_is_found_whatever_stands_between_its_tokens(one: bytes, two: bytes) -> None:
    """Viewers skip comments there; pyHanko's own parser does not read such a reference at all."""
    value = b"[ 99" + one + b"0" + two + b"R ]"
    at = References.__new__(References)
    at.wanted = frozenset({99})
    assert [number for number, _ in at._scanned(value, 0)] == [99]


@given(
    st.lists(st.sampled_from([b"7", b"7 0", b"%", b"A", b" ", b"\t", b"\r", b"\n"])).map(b"".join)
)
def test_what_may_be_a_reference_is_looked_at(near: bytes) -> None:
    assert _may_refer(near) or _REFERENCE.search(near) is None


@pytest.mark.parametrize("value", [b"(99 0)R", b"99 0R", b"[ 199 0 R ]", b"[ 9 99 R ]", b"/A99 0"])
def test_what_is_no_reference_to_it_is_not_found(value: bytes) -> None:
    at = References.__new__(References)
    at.wanted = frozenset({99})
    assert list(at._scanned(value, 0)) == []


def test_references_are_found_among_many_a_letter_r() -> None:
    value = b"R /R (R R) [ 1 0 R 2 0 R\n1\t0\tR ] \0R 1 0 RR"
    at = References.__new__(References)
    at.wanted = frozenset({1})
    first, second = 17, 29
    assert [place for _, place in at._scanned(value, 0)] == [first, second, value.rindex(b"RR")]
    assert [place for _, place in at._scanned(value, second)] == [second, value.rindex(b"RR")]


def test_every_reference_of_a_document_is_found(tmp_path: Path) -> None:
    source = pdfs.plain(tmp_path / "letter.pdf")
    pdfs.revise(source, lambda writer: pdfs.text_field(writer, "amount", "1 000"))
    contents = source.read_bytes()
    reader = PdfFileReader(io.BytesIO(contents))
    last = reader.xrefs.total_revisions - 1
    state = reader.get_historical_resolver(last)
    keys = {
        (reference.idnum, reference.generation)
        for revision in range(last + 1)
        for reference in reader.xrefs.explicit_refs_in_revision(revision)
    }
    references = References(reader, {number for number, _ in keys})
    for key in keys:
        expected = {
            other
            for other in keys
            if key in references_in(state(generic.Reference(*other, pdf=state)))
        }
        assert expected <= set(references.to(key, last)), key


def references_in(value: generic.PdfObject) -> set[tuple[int, int]]:
    found, waiting = set(), [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, generic.IndirectObject):
            found.add((item.idnum, item.generation))
        elif isinstance(item, generic.DictionaryObject):
            waiting += [item.raw_get(key) for key in item]
        elif isinstance(item, generic.ArrayObject):
            waiting += [item.raw_get(place) for place in range(len(item))]
    return found


@given(st.binary(max_size=300), st.sampled_from([b"", b"\n", b" \r\n"]), st.booleans())
def test_a_hexadecimal_string_is_read_as_pyhanko_reads_it(
    value: bytes, gap: bytes, odd: bool
) -> None:
    digits = value.hex().encode("ascii")
    digits = digits[:-1] if odd else digits
    half = len(digits) // 2
    stream = io.BytesIO(b"<" + digits[:half] + gap + digits[half:] + b"> 17")
    found = reading._read_hex_string(stream)
    assert stream.read() == b" 17"
    expected = bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode("ascii"))
    assert isinstance(found, generic.ByteStringObject | generic.TextStringObject)
    assert found.original_bytes == generic.pdf_string(expected).original_bytes


@pytest.mark.parametrize("written", [b"<12", b"<1g>", b"<", b"<12(34)>"])
def test_what_is_no_hexadecimal_string_is_refused(written: bytes) -> None:
    with pytest.raises(PdfStreamError):
        reading._read_hex_string(io.BytesIO(written))


_LETTERS = st.sampled_from(
    [b"A", b"z", b"9", b"!", b"~", b"#41", b"#4", b"\x7f", b"\xc3\xa9", b"\1"]
)
_AFTER = st.sampled_from([b"", b" 1", b"\0", b"/B", b"(1)", b"%c\n", b"[", b">>"])


@given(st.lists(_LETTERS, max_size=80).map(b"".join) | st.binary(max_size=90), _AFTER)
def test_a_name_is_read_as_pyhanko_reads_it(letters: bytes, after: bytes) -> None:
    def said(read: Callable[[BinaryIO], generic.NameObject]) -> tuple[object, bytes]:
        stream = io.BytesIO(b"/" + letters + after)
        try:
            found: object = read(stream)
        except PdfReadError as fault:
            found = str(fault)
        return found, stream.read()

    assert generic.NameObject.read_from_stream is reading._read_name
    assert said(reading._read_name) == said(reading._read_any_name)
