"""Opening a PDF that someone else made: bounded, strictly first, leniently when that fails."""

from __future__ import annotations

import binascii
import hashlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, Literal

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.decode_limits import (
    DEFAULT_PURPOSE_LIMITS,
    DecodeLimits,
    DecodePurpose,
    StreamDecodeLimits,
)
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PDF_DELIMITERS, PDF_WHITESPACE, PdfReadError, PdfStreamError
from pyhanko.pdf_utils.reader import HistoricalResolver
from pyhanko.pdf_utils.reader import PdfFileReader as Reader

from signing.errors import SigningRefused, UnreadablePdf
from signing.lazy import open_lazy

__all__ = [
    "FormField",
    "HistoricalResolver",
    "Limits",
    "Reader",
    "entry",
    "form_fields",
    "opened",
    "prefix_sha256",
    "writing",
]

Reading = Literal["lazy", "strict", "lenient"]

_MODES: tuple[Reading, ...] = ("lazy", "strict", "lenient")

# 1 MiB instead of 4 KiB: half the time on a scan of 150 MB.
CHUNK_BYTES = 1 << 20
IncrementalPdfFileWriter.IO_CHUNK_SIZE = CHUNK_BYTES

# A cross-reference of eight bytes costs pyHanko 256 and more, and zeros pack a thousandfold: 300 KB
# would fill 8 GB. This is room for two million objects.
_DECODING = DecodeLimits(
    per_purpose={
        **DEFAULT_PURPOSE_LIMITS,
        DecodePurpose.XREF_STREAM: StreamDecodeLimits(max_output_size=16 << 20),
    }
)

_TAIL_BYTES = 4096
_START = re.compile(rb"startxref[\0\t\n\f\r ]*[0-9]")
_MOST_FIELDS = 5_000
_DEEPEST_FIELD = 32

_LONGEST_NAME = 64
_ENDS = re.escape(PDF_WHITESPACE + PDF_DELIMITERS)
# Printable, and without an escape (ISO 32000-2 §7.3.5).
_NAME = re.compile(rb"/[^" + _ENDS + rb"#\0-\x20\x7f-\xff]*+(?=[" + _ENDS + rb"])")


@dataclass(frozen=True)
class Limits:
    """What a file may be before it is refused unread; no genuine file was lost at these values."""

    max_bytes: int = 50_000_000
    max_revisions: int = 64
    max_signatures: int = 20
    max_certificates: int = 16
    max_certificates_per_subject: int = 2


@dataclass(frozen=True)
class FormField:
    """A terminal or intermediate form field: full name, type (/Tx, /Sig …), value, dictionary."""

    name: str
    type: str | None
    value: generic.PdfObject | None
    dictionary: generic.DictionaryObject


def opened(
    stream: BinaryIO,
    limits: Limits = Limits(),
    modes: Sequence[Reading] = _MODES,
) -> tuple[Reader, Reading]:
    """A reader over the stream, in the first of the modes in which the file can be read.

    "lazy" is as strict as "strict", and declines the unusual.

    Raises UnreadablePdf with the reason, in Vietnamese.
    """
    _check_outside(stream, limits)
    for mode in modes:
        try:
            reader = _reader(stream, mode)
            # A hybrid file means two things to two readers; strictly it is none.
            if mode != "lenient" and reader.xrefs.hybrid_xrefs_present:
                raise ValueError("hybrid cross-references")
            _touch(reader)
        except (UnreadablePdf, MemoryError):
            raise
        except Exception:  # noqa: S112
            # Parsers of hostile files were seen to raise a dozen kinds, RecursionError among them;
            # each says that the file cannot be read in this mode.
            continue
        if reader.xrefs.total_revisions > limits.max_revisions:
            raise UnreadablePdf(f"tệp có quá nhiều lần cập nhật (hơn {limits.max_revisions}).")
        return reader, mode
    raise UnreadablePdf("cấu trúc tệp bị hỏng hoặc bị cắt cụt.")


@contextmanager
def writing(stream: BinaryIO) -> Iterator[IncrementalPdfFileWriter]:
    """A writer that appends to the stream, for files that read strictly and are not encrypted.

    Raises UnreadablePdf or SigningRefused: what we add must mean the same to every reader.
    """
    reader, how = opened(stream, Limits(max_bytes=1 << 40))
    if reader.encrypted:
        raise SigningRefused("encrypted", "Tệp PDF được đặt mật khẩu nên không thể ký.")
    if how == "lenient":
        raise SigningRefused(
            "not_strict", "Cấu trúc tệp PDF không chuẩn nên không thể ký. Hãy xuất lại tệp PDF."
        )
    try:
        yield IncrementalPdfFileWriter.from_reader(reader)
    except (
        AssertionError,
        AttributeError,
        LookupError,
        TypeError,
        ValueError,
        PdfReadError,
    ) as fault:
        # How pyHanko says that an object of the file is not what its place demands.
        raise UnreadablePdf("cấu trúc tệp không đúng chuẩn nên không thể ghi thêm.") from fault


def form_fields(reader: Reader | HistoricalResolver) -> Iterator[FormField]:
    """Every form field, each dictionary once, bounded in number and depth.

    Raises UnreadablePdf when there are more than a person would make.
    """
    try:
        roots = reader.root["/AcroForm"]["/Fields"]
    except KeyError:
        return
    seen: set[generic.Reference] = set()
    stack: list[tuple[generic.PdfObject, str, str | None, int]] = [
        (item, "", None, 0) for item in reversed(list(roots))
    ]
    while stack:
        item, prefix, inherited, depth = stack.pop()
        if isinstance(item, generic.IndirectObject):
            if item.reference in seen:
                continue
            seen.add(item.reference)
        if len(seen) > _MOST_FIELDS or depth > _DEEPEST_FIELD:
            raise UnreadablePdf("biểu mẫu trong tệp quá lớn hoặc bị lặp.")
        field = item.get_object()
        if not isinstance(field, generic.DictionaryObject) or "/T" not in field:
            continue
        name = f"{prefix}.{field['/T']}" if prefix else str(field["/T"])
        kind = str(entry(field, "/FT") or inherited or "") or None
        yield FormField(name, kind, entry(field, "/V"), field)
        kids = entry(field, "/Kids")
        if isinstance(kids, generic.ArrayObject):
            stack.extend((kid, name, kind, depth + 1) for kid in reversed(list(kids)))


def entry(dictionary: generic.DictionaryObject, key: str) -> generic.PdfObject | None:
    """The value of a key, references followed (`get` follows none); None when absent or null."""
    try:
        value: generic.PdfObject = dictionary[key]
    except KeyError:
        return None
    return value


def _read_hex_string(stream: BinaryIO) -> generic.PdfObject:
    """A hexadecimal string (ISO 32000-2 §7.3.4.3), as pyHanko reads it, but for its pace.

    pyHanko calls `read` for each digit: 1 ms for a signature's value, more than all the rest.
    """
    start = stream.tell() + 1
    stream.seek(start)
    parts, size = [], 64
    while True:
        part = stream.read(size)
        if not part:
            raise PdfStreamError("a hexadecimal string has no end")
        end = part.find(b">")
        if end >= 0:
            parts.append(part[:end])
            break
        parts.append(part)
        size = CHUNK_BYTES >> 4
    written = b"".join(parts)
    stream.seek(start + len(written) + 1)
    digits = written.translate(None, PDF_WHITESPACE)
    try:
        value = binascii.unhexlify(digits + b"0" * (len(digits) % 2))
    except binascii.Error as fault:
        raise PdfStreamError("a hexadecimal string holds something else") from fault
    found: generic.PdfObject = generic.pdf_string(value)
    return found


_read_any_name: Callable[[BinaryIO], generic.NameObject] = generic.NameObject.read_from_stream


def _read_name(stream: BinaryIO) -> generic.NameObject:
    """A name, as pyHanko reads it but for its pace: it takes byte by byte what is plain ASCII."""
    start = stream.tell()
    found = _NAME.match(stream.read(_LONGEST_NAME))
    if found is None:
        stream.seek(start)
        return _read_any_name(stream)
    stream.seek(start + found.end())
    return generic.NameObject(found[0].decode("ascii"))


# The only way in: its parser looks the functions up by these names.
generic.read_hex_string_from_stream = _read_hex_string  # type: ignore[assignment]
generic.NameObject.read_from_stream = staticmethod(_read_name)  # type: ignore[method-assign]


def prefix_sha256(stream: BinaryIO, size_bytes: int) -> str:
    """SHA-256 (hex) of the first `size_bytes` of the stream."""
    digest = hashlib.sha256()
    stream.seek(0)
    while size_bytes > 0 and (chunk := stream.read(min(size_bytes, CHUNK_BYTES))):
        digest.update(chunk)
        size_bytes -= len(chunk)
    return digest.hexdigest()


def _check_outside(stream: BinaryIO, limits: Limits) -> None:
    """What can be said without parsing."""
    size = stream.seek(0, os.SEEK_END)
    if size == 0:
        raise UnreadablePdf("tệp rỗng.")
    if size > limits.max_bytes:
        raise UnreadablePdf(f"tệp vượt quá giới hạn {limits.max_bytes // 1_000_000} MB.")
    stream.seek(0)
    if b"%PDF-" not in stream.read(1024):
        raise UnreadablePdf("đây không phải là tệp PDF.")
    stream.seek(max(0, size - _TAIL_BYTES))
    tail = stream.read()
    if b"%%EOF" not in tail:
        raise UnreadablePdf("tệp bị cắt cụt (không có dấu kết thúc %%EOF).")
    if _START.search(tail) is None:
        # The parser would look for it byte by byte, backwards through 30 MB of blanks.
        raise UnreadablePdf("tệp bị cắt cụt (không có startxref ở cuối tệp).")
    stream.seek(0)


def _reader(stream: BinaryIO, mode: Reading) -> Reader:
    if mode == "lazy":
        return open_lazy(stream, _DECODING)
    return Reader(stream, strict=mode == "strict", decode_limits=_DECODING)


def _touch(reader: Reader) -> None:
    """Read what everything else relies on, so that a file fails here or not at all."""
    # An empty user password is no secret: viewers open such a file without asking.
    if reader.encrypted and reader.decrypt("").status.name == "FAILED":
        raise UnreadablePdf("tệp được đặt mật khẩu.")
    if not int(reader.root["/Pages"]["/Count"]):
        raise UnreadablePdf("tệp không có trang nào.")
    reader.find_page_for_modification(0)
