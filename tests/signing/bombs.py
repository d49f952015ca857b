"""Files made to keep a parser busy or to fill its memory: small to send, endless to read."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace

from signing.keys import LiveKey
from tests.hostile.paper import CATALOG, CONTENT, PAGE, PAGES, Cms, Paper, detached, stream
from tests.signing import pki
from tests.signing.handmade import Handmade

Bomb = Callable[[LiveKey], bytes]

_ZEROS = bytes(1 << 20)


@dataclass(frozen=True)
class _Packed:
    """What a filter makes of very many zeros."""

    data: bytes
    filters: bytes


def _packed(mebibytes: int, times: int = 1) -> _Packed:
    """Zeros, deflated: each time a thousandfold smaller until there is nothing left to gain."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    # Flushed in full, a block can be repeated; the checksum of n zeros is known.
    block = packer.compress(_ZEROS) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum = ((mebibytes << 20) % 65_521) << 16 | 1
    data = b"\x78\xda" + block * mebibytes + b"\x03\x00" + checksum.to_bytes(4)
    for _ in range(times - 1):
        data = zlib.compress(data, 9)
    return _Packed(data, b"/Filter [%s]" % (b" /FlateDecode" * times))


def _signed(key: LiveKey, spoil: Callable[[Paper], object] | None = None) -> bytes:
    """A page, spoilt, then signed."""
    paper = Paper.page()
    if spoil is not None:
        spoil(paper)
    return paper.end().sign(key).contents


def _xref_of_nothing(key: LiveKey) -> bytes:
    """397 bytes that announce two thousand million entries of no width."""
    paper = Handmade()
    paper.pages()
    start = len(paper.contents)
    about = b"/Type /XRef /Size 2000000000 /Index [0 2000000000] /W [0 0 0] /Root 1 0 R"
    body = paper.contents + b"9 0 obj\n" + stream(b"", about) + b"\nendobj\n"
    return body + b"startxref\n%d\n%%%%EOF\n" % start


def _xref_of_zeros(key: LiveKey) -> bytes:
    """A cross-reference stream of four thousand million zeros."""
    paper, packed = Handmade(), _packed(4096, 2)
    paper.pages()
    start = len(paper.contents)
    about = b"/Type /XRef /Size 1000000000 /W [1 2 1] /Root 1 0 R " + packed.filters
    body = paper.contents + b"9 0 obj\n" + stream(packed.data, about) + b"\nendobj\n"
    return body + b"startxref\n%d\n%%%%EOF\n" % start


def _xref_predictor(key: LiveKey) -> bytes:
    """A predictor over rows of two thousand million columns."""
    paper = Handmade()
    paper.pages()
    start = len(paper.contents)
    about = (
        b"/Type /XRef /Size 9 /W [1 4 2] /Root 1 0 R /Filter /FlateDecode /DecodeParms"
        b" << /Predictor 12 /Columns 2000000000 /Colors 32 /BitsPerComponent 16 >>"
    )
    body = paper.contents + b"9 0 obj\n" + stream(zlib.compress(bytes(99)), about) + b"\nendobj\n"
    return body + b"startxref\n%d\n%%%%EOF\n" % start


def _field_graph(key: LiveKey) -> bytes:
    """Fields whose children are all fields of the next row: more paths than atoms."""

    def spoil(paper: Paper) -> None:
        rows, wide = 31, 3
        for row in range(rows):
            for place in range(wide):
                number = 100 + row * wide + place
                below = b" ".join(b"%d 0 R" % (100 + (row + 1) * wide + n) for n in range(wide))
                kids = b"/Kids [%s]" % below if row + 1 < rows else b""
                paper.write(number, b"<< /T (f%d) %s >>" % (number, kids))
        paper.extend(CATALOG, b"/AcroForm << /Fields [100 0 R 101 0 R 102 0 R] >>")

    return _signed(key, spoil)


def _field_loop(key: LiveKey) -> bytes:
    """A field that is its own child and its own parent."""

    def spoil(paper: Paper) -> None:
        paper.write(100, b"<< /T (a) /Kids [100 0 R 101 0 R] /Parent 101 0 R >>")
        paper.write(101, b"<< /T (b) /Kids [100 0 R 101 0 R] /Parent 100 0 R >>")
        paper.extend(CATALOG, b"/AcroForm << /Fields [100 0 R] >>")

    return _signed(key, spoil)


def _page_loop(key: LiveKey) -> bytes:
    """A page tree that is its own branch."""
    return _signed(key, lambda paper: paper.edit(PAGES, b"[3 0 R]", b"[2 0 R 2 0 R 3 0 R]"))


def _page_graph(key: LiveKey) -> bytes:
    """A page tree whose branches meet again in every row."""

    def spoil(paper: Paper) -> None:
        for row in range(40):
            kids = b"%d 0 R %d 0 R" % (101 + row, 101 + row) if row < 39 else b"3 0 R"
            about = b"/Type /Pages /Parent 2 0 R /Count 1099511627776"
            paper.write(100 + row, b"<< %s /Kids [%s] >>" % (about, kids))
        paper.edit(PAGES, b"[3 0 R] /Count 1", b"[100 0 R] /Count 1099511627776")

    return _signed(key, spoil)


def _previous_loop(key: LiveKey) -> bytes:
    """Cross-references whose predecessor is themselves."""
    paper = Paper.page()
    paper.prev = len(paper.contents)
    return paper.end().contents


def _many_revisions(key: LiveKey) -> bytes:
    """Ten thousand revisions."""
    paper = Paper.page().end()
    for number in range(10_000):
        paper.write(10 + number % 7, b"null")
        paper.end()
    return paper.contents


def _nuls_behind(key: LiveKey) -> bytes:
    """30 MB of zeros behind the end."""
    return _signed(key) + bytes(30_000_000)


def _nuls_between(key: LiveKey) -> bytes:
    """30 MB of zeros behind the end, and the end's mark again."""
    return _signed(key) + bytes(30_000_000) + b"\n%%EOF\n"


def _blanks_in_front(key: LiveKey) -> bytes:
    """30 MB of blanks between startxref and its number."""
    head, _, tail = _signed(key).rpartition(b"startxref\n")
    return head + b"startxref\n" + b" " * 30_000_000 + tail


def _comments(key: LiveKey) -> bytes:
    """20 MB of comments within an object."""
    return _signed(key, lambda paper: paper.extend(PAGE, b"/X " + b"%\n" * 10_000_000 + b"1"))


def _nested(opening: bytes, closing: bytes, depth: int) -> Bomb:
    def build(key: LiveKey) -> bytes:
        def spoil(paper: Paper) -> None:
            paper.extend(PAGE, b"/X " + opening * depth + closing * depth)

        return _signed(key, spoil)

    return build


def _chain(key: LiveKey) -> bytes:
    """Two hundred thousand references to a reference."""

    def spoil(paper: Paper) -> None:
        for number in range(100, 200_100):
            paper.write(number, b"%d 0 R" % (number + 1))
        paper.write(200_100, b"100 0 R")
        paper.extend(CATALOG, b"/AcroForm 100 0 R /DSS 100 0 R")

    paper = Paper.page()
    spoil(paper)
    return paper.end().contents


def _long_number(key: LiveKey) -> bytes:
    """A number of ten million digits."""
    return _signed(key, lambda paper: paper.extend(PAGE, b"/X " + b"9" * 10_000_000))


def _long_byte_range(key: LiveKey) -> bytes:
    """20,000 pairs in 20 MB."""
    paper = Paper.page(content=stream(bytes(20_000_000)))
    pairs = b" ".join(b"%d 999" % (place * 1000) for place in range(20_000))
    paper.field("chairman", paper.value(byte_range=b"/ByteRange [%s]" % pairs))
    return paper.end().contents


def _object_stream(key: LiveKey) -> bytes:
    """An object stream of 4 GB in a few kilobytes, which holds the form."""
    packed = _packed(4096, 2)
    paper = Paper.page()
    paper.extend(CATALOG, b"/AcroForm 50 0 R")
    container = paper.write(
        60, stream(packed.data, b"/Type /ObjStm /N 900000 /First 3999999999 " + packed.filters)
    )
    paper.entries[50] = (2, container, 0)
    return paper.end("stream").contents


def _zipped_again(key: LiveKey) -> bytes:
    """A page's content, deflated ten times over."""
    packed = _packed(1024, 10)
    return _signed(key, lambda paper: paper.write(CONTENT, stream(packed.data, packed.filters)))


def _endless_content(key: LiveKey) -> bytes:
    """A page that writes for ever."""
    text = b"BT /F1 9 Tf " + b"(aaaaaaaaaaaaaaaaaaaa) Tj " * 2_000_000 + b"ET"
    letters = zlib.compress(text, 9)
    packed = zlib.compress(letters, 9)
    about = b"/Filter [/FlateDecode /FlateDecode]"
    return _signed(key, lambda paper: paper.write(CONTENT, stream(packed, about)))


def _forms_in_forms(key: LiveKey) -> bytes:
    """A page that draws a form, which draws the next one ten times, and so on."""

    def spoil(paper: Paper) -> None:
        for row in range(20):
            about = b"/Type /XObject /Subtype /Form /BBox [0 0 600 900] /Resources"
            about += b" << /XObject << /X %d 0 R >> >>" % (101 + row)
            draws = b"/X Do " * 10 if row < 19 else b"0 0 600 900 re f"
            paper.write(100 + row, stream(draws, about))
        paper.write(CONTENT, stream(b"/X Do"))
        paper.edit(PAGE, b"/Font", b"/XObject << /X 100 0 R >> /Font")

    return _signed(key, spoil)


def _crossed(authorities: int, most: int) -> Bomb:
    """CAs that all vouch for each other, in the CMS."""

    def build(key: LiveKey) -> bytes:
        keys = [
            pki.issue(replace(pki.CA, name=f"CA {n}"), None, "http://x.invalid")
            for n in range(authorities)
        ]
        crossed = [
            pki.issue(
                replace(pki.CA, name=f"CA {n}", key=keys[n].private_key),
                by,
                "http://x.invalid",  # type: ignore[arg-type]
            ).certificate
            for distance in range(1, authorities)
            for n in range(authorities)
            for by in [keys[(n + distance) % authorities]]
        ][:most]
        signer = pki.issue(pki.Profile(), keys[0], "http://x.invalid", tuple(crossed))
        return Paper.page().end().sign(signer, room_bytes=30_000).contents

    return build


def _crowd_in_the_store(key: LiveKey) -> bytes:
    """Twenty thousand times the same certificate, and answers that are none, for validation."""

    def spoil(paper: Paper) -> None:
        certificate = paper.add(stream(key.certificate))
        nonsense = paper.add(stream(b"\x30\x84\xff\xff\xff\xff" + bytes(999)))
        many = b"%d 0 R " % certificate * 20_000, b"%d 0 R " % nonsense * 20_000
        paper.extend(
            CATALOG, b"/DSS << /Certs [%s] /OCSPs [%s] /CRLs [%s] >>" % (many[0], many[1], many[1])
        )

    return _signed(key, spoil)


def _giant_store(key: LiveKey) -> bytes:
    """Validation data of 4 GB in a few kilobytes."""

    def spoil(paper: Paper) -> None:
        packed = _packed(4096, 2)
        giant = paper.add(stream(packed.data, packed.filters))
        paper.extend(CATALOG, b"/DSS << /Certs [%d 0 R] /OCSPs [%d 0 R] >>" % (giant, giant))

    return _signed(key, spoil)


def _cms(made: Cms, room_bytes: int = 3000) -> Bomb:
    """A signature's value of our own making."""

    def build(key: LiveKey) -> bytes:
        return Paper.page().end().sign(key, cms=made, room_bytes=room_bytes).contents

    return build


def _many_fields(key: LiveKey) -> bytes:
    """A hundred thousand signature fields with one value."""

    def spoil(paper: Paper) -> None:
        fields = []
        for number in range(1000, 101_000):
            fields.append(b"%d 0 R" % number)
            paper.write(number, b"<< /FT /Sig /T (s%d) /V 99 0 R >>" % number)
        paper.write(99, b"<< /Type /Sig /SubFilter /adbe.pkcs7.sha1 >>")
        paper.extend(CATALOG, b"/AcroForm << /Fields [%s] >>" % b" ".join(fields))

    paper = Paper.page()
    spoil(paper)
    return paper.end().contents


#: By what each does; those of security.md first.
BOMBS: dict[str, Bomb] = {
    "cross-references of no width": _xref_of_nothing,
    "cross-references of 4 GB": _xref_of_zeros,
    "field graph": _field_graph,
    "30 MB of zeros behind the end": _nuls_behind,
    "30 MB of zeros, and an end again": _nuls_between,
    "5 CAs that vouch for each other": _crossed(5, 20),
    "8 CAs that do, within the limits": _crossed(8, 8),
    "byte range of 20,000 pairs": _long_byte_range,
    "predictor": _xref_predictor,
    "object stream of 4 GB": _object_stream,
    "page content, deflated ten times": _zipped_again,
    "page that writes for ever": _endless_content,
    "forms that draw forms": _forms_in_forms,
    "page tree that loops": _page_loop,
    "page tree that meets itself": _page_graph,
    "cross-references that loop": _previous_loop,
    "10,000 revisions": _many_revisions,
    "fields that loop": _field_loop,
    "100,000 signature fields": _many_fields,
    "arrays, 1,000,000 deep": _nested(b"[", b"]", 1_000_000),
    "dictionaries, 300,000 deep": _nested(b"<</A ", b">>", 300_000),
    "strings, 1,000,000 deep": _nested(b"(", b")", 1_000_000),
    "chain of 200,000 references": _chain,
    "number of 10,000,000 digits": _long_number,
    "20 MB of comments": _comments,
    "30 MB of blanks": _blanks_in_front,
    "ASN.1, 400,000 deep": _cms(lambda _, __: b"\x30\x80" * 400_000, 1_000_000),
    "ASN.1, 20 MB of certificates": _cms(
        lambda digest, key: detached(digest, replace(key, chain=(key.certificate,) * 16_000)),
        20_000_000,
    ),
    "signature value of 20 MB": _cms(lambda _, __: b"\x30\x84\x01\x00\x00\x00", 20_000_000),
    "40,000 certificates and answers": _crowd_in_the_store,
    "validation data of 4 GB": _giant_store,
}
