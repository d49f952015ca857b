"""PDFs of others put together into one to read: their pages in order, a bookmark for each.

The joined file is no original: signatures do not survive joining. No stranger's file is opened
here: the sandbox writes the pages of each as numbered objects, which follow one another; only the
tables around them are made here. So a volume takes no more memory than its list of parts, and it
can be written in steps, each with a cross-reference section of its own (ISO 32000-1, 7.5.6).
"""

from __future__ import annotations

import shutil
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

from signing.errors import SigningRefused
from signing.sandbox import Sandbox

_CATALOGUE, _TREE, _OUTLINE, _FIRST = 1, 2, 3, 4
_MOST_OBJECTS = 8_000_000  # ISO 32000-1, annex C: 8,388,607 in one file
_HEADER = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class Progress:
    """What is written of a volume: how much, and each part's tree of pages with their count.

    `table_at` is where the last cross-reference section begins.
    """

    size_bytes: int = 0
    next_object: int = _FIRST
    table_at: int | None = None
    parts: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Added:
    """How many pages a file had; `mended`: it is damaged, and something may be missing."""

    pages: int
    mended: bool


class Volume:
    """A piece of a volume, written to `file` after what `progress` says is written elsewhere."""

    def __init__(self, sandbox: Sandbox, file: BinaryIO, progress: Progress = Progress()) -> None:
        self._sandbox, self._file = sandbox, file
        self._before, self._table_at = progress.size_bytes, progress.table_at
        self._start = self._next = progress.next_object
        self._parts = list(progress.parts)
        self._offsets = array("Q")
        if not self._before:
            file.write(_HEADER)

    @property
    def size_bytes(self) -> int:
        """Of this piece so far."""
        return self._file.tell()

    @property
    def pages(self) -> list[int]:
        """How many each part has, in the order in which they were added."""
        return [pages for _, pages in self._parts]

    def add(self, source: Path) -> Added:
        """Append the pages of a file. When it raises, nothing was appended.

        Raises UnreadablePdf, SigningRefused and SandboxBusy.
        """
        tree = self._next
        with TemporaryFile() as written:
            extract = self._sandbox.extract(source, written, tree + 1, tree)
            following = tree + 1 + len(extract.offsets)
            if following > _MOST_OBJECTS:
                raise SigningRefused("volume_full", "Tập đã có quá nhiều nội dung.")
            kids = b" ".join(b"%d 0 R" % page for page in extract.pages)
            self._object(
                tree,
                b"<< /Type /Pages /Parent %d 0 R /Count %d /Kids [ %s ] >>"
                % (_TREE, len(extract.pages), kids),
            )
            begin = self._place
            self._offsets.extend(begin + offset for offset in extract.offsets)
            written.seek(0)
            shutil.copyfileobj(written, self._file, _CHUNK_BYTES)
        self._next = following
        self._parts.append((tree, len(extract.pages)))
        return Added(len(extract.pages), extract.mended)

    def pause(self) -> Progress:
        """End this piece; the next one goes on from what is returned."""
        self._table([(self._start, self._offsets)], b"")
        return Progress(self._place, self._next, self._table_at, tuple(self._parts))

    def finish(self, title: str, bookmarks: Sequence[str]) -> None:
        """End the volume. The part added last comes first; `bookmarks` are in the order of pages.

        Raises ValueError: not as many bookmarks as parts.
        """
        parts = [self._parts[-1], *self._parts[:-1]]
        first = self._next
        for number, ((tree, _), bookmark) in enumerate(
            zip(parts, bookmarks, strict=True), start=first
        ):
            near = b" /Prev %d 0 R" % (number - 1) if number > first else b""
            near += b" /Next %d 0 R" % (number + 1) if number < first + len(parts) - 1 else b""
            # A part's pages are numbered after its tree, the first of them at once.
            self._object(
                number,
                b"<< /Title %s /Parent %d 0 R%s /Dest [ %d 0 R /Fit ] >>"
                % (_text(bookmark), _OUTLINE, near, tree + 1),
            )
        last, info = first + len(parts) - 1, first + len(parts)
        self._object(info, b"<< /Title %s >>" % _text(title))
        self._next = info + 1
        fixed = array("Q")
        kids = b" ".join(b"%d 0 R" % tree for tree, _ in parts)
        for number, content in (
            (
                _CATALOGUE,
                b"<< /Type /Catalog /Pages %d 0 R /Outlines %d 0 R /PageMode /UseOutlines "
                b"/Lang (vi) >>" % (_TREE, _OUTLINE),
            ),
            (
                _TREE,
                b"<< /Type /Pages /Count %d /Kids [ %s ] >>"
                % (sum(pages for _, pages in parts), kids),
            ),
            (
                _OUTLINE,
                b"<< /Type /Outlines /First %d 0 R /Last %d 0 R /Count %d >>"
                % (first, last, len(parts)),
            ),
        ):
            fixed.append(self._place)
            self._file.write(b"%d 0 obj\n%s\nendobj\n" % (number, content))
        self._table(
            [(_CATALOGUE, fixed), (self._start, self._offsets)],
            b" /Root %d 0 R /Info %d 0 R" % (_CATALOGUE, info),
        )

    @property
    def _place(self) -> int:
        """Where in the volume the next byte goes."""
        return self._before + self._file.tell()

    def _object(self, number: int, content: bytes) -> None:
        self._offsets.append(self._place)
        self._file.write(b"%d 0 obj\n%s\nendobj\n" % (number, content))

    def _table(self, sections: Sequence[tuple[int, array[int]]], entries: bytes) -> None:
        """A cross-reference section for these objects, and its trailer."""
        before = b"" if self._table_at is None else b" /Prev %d" % self._table_at
        self._table_at = self._place
        write = self._file.write
        write(b"xref\n")
        if not before:
            write(b"0 1\n0000000000 65535 f \n")
        for start, offsets in sections:
            if offsets:
                write(b"%d %d\n" % (start, len(offsets)))
                write(b"".join(b"%010d 00000 n \n" % offset for offset in offsets))
        write(b"trailer\n<< /Size %d%s%s >>\n" % (self._next, before, entries))
        write(b"startxref\n%d\n%%%%EOF\n" % self._table_at)


def _text(text: str) -> bytes:
    """A text string in UTF-16 (7.9.2.2)."""
    return b"<%s>" % f"\ufeff{text}".encode("utf-16-be").hex().encode()
