"""PDFs with chosen cross-references: those of a common program, and those that none writes."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Iterator, Mapping

import pikepdf

Entry = tuple[int, int, int]
FREE, STANDARD, IN_STREAM = 0, 1, 2


def by_pikepdf(objects: int, **how: object) -> bytes:
    """One page and as many small objects, written as `how` says (see `pikepdf.Pdf.save`)."""
    made = pikepdf.new()
    made.add_blank_page()
    made.Root.Many = made.make_indirect(
        pikepdf.Array(
            made.make_indirect(pikepdf.Dictionary(Number=number, Text=f"({number})"))
            for number in range(objects)
        )
    )
    out = io.BytesIO()
    made.save(out, static_id=True, **how)  # type: ignore[arg-type]
    return out.getvalue()


class Handmade:
    """One PDF, revision by revision; `contents` is a whole file after each `table` or `stream`."""

    def __init__(self) -> None:
        self._body = bytearray(b"%PDF-1.7\n")
        self._previous = b""
        self._size = 0
        self.streams: list[int] = []

    @property
    def contents(self) -> bytes:
        return bytes(self._body)

    def put(self, number: int, generation: int, text: bytes) -> Entry:
        """Write an object; its entry."""
        offset = len(self._body)
        self._body += b"%d %d obj\n%s\nendobj\n" % (number, generation, text)
        return STANDARD, offset, generation

    def pages(self, root: bytes = b"") -> dict[int, Entry]:
        """A catalog, with what else stands in it, and one page."""
        return {
            1: self.put(1, 0, b"<< /Type /Catalog /Pages 2 0 R %s >>" % root),
            2: self.put(2, 0, b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"),
            3: self.put(3, 0, b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>"),
        }

    def container(self, number: int, header: bytes, contents: bytes) -> Entry:
        """An object stream that says it holds two objects."""
        about = b"/Type /ObjStm /N 2 /First %d" % (len(header) + 1)
        return self.put(number, 0, _stream(about, header + b" " + contents))

    def table(self, entries: Mapping[int, Entry], end: bytes = b" \n") -> None:
        """End a revision with a classic table."""
        start = len(self._body)
        self._body += b"xref\n"
        for first, rows in _runs({0: (FREE, 0, 65535)} | dict(entries)):
            self._body += b"%d %d\n" % (first, len(rows))
            for kind, second, third in rows:
                self._body += b"%010d %05d %s" % (second, third, b"fn"[kind : kind + 1]) + end
        self._body += b"trailer\n<< %s >>\n" % self._trailer(entries, start)
        self._end(start)

    def stream(
        self,
        entries: Mapping[int, Entry],
        *,
        widths: tuple[int, int, int] = (1, 4, 2),
        predictor: bool = False,
        spoil: Callable[[bytes], bytes] = lambda rows: rows,
        pack: Callable[[bytes], bytes] = zlib.compress,
        announced: int | None = None,
        listed: bool = True,
    ) -> None:
        """End a revision with a stream: `spoil` its rows, `pack` them, announce so many of them.

        Not `listed`, it leaves itself out, as some programs do.
        """
        number, start = max(self._size, max(entries) + 1), len(self._body)
        self.streams.append(number)
        own = {number: (STANDARD, start, 0)} if listed else {}
        runs = list(_runs(dict(entries) | own))
        rows = [
            b"".join(value.to_bytes(width) for value, width in zip(entry, widths, strict=True))
            for _, entries in runs
            for entry in entries
        ]
        about = b"/Type /XRef /Filter /FlateDecode /W [%d %d %d]" % widths
        index = [(0, announced)] if announced else [(first, len(run)) for first, run in runs]
        about += b" /Index [%s] " % b" ".join(b"%d %d" % span for span in index)
        about += self._trailer({number: (STANDARD, start, 0)}, start)
        if predictor:
            above = [bytes(len(rows[0])), *rows]
            rows = [
                b"\2" + bytes((new - old) & 0xFF for new, old in zip(row, before, strict=True))
                for row, before in zip(rows, above, strict=False)
            ]
            about += b" /DecodeParms << /Predictor 12 /Columns %d >>" % sum(widths)
        self.put(number, 0, _stream(about, pack(spoil(b"".join(rows)))))
        self._end(start)

    def _trailer(self, entries: Mapping[int, Entry], start: int) -> bytes:
        self._size = max(self._size, max(entries) + 1)
        previous, self._previous = self._previous, b" /Prev %d" % start
        return b"/Root 1 0 R /Size %d" % self._size + previous

    def _end(self, start: int) -> None:
        self._body += b"startxref\n%d\n%%%%EOF\n" % start


def _stream(about: bytes, contents: bytes) -> bytes:
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (about, len(contents), contents)


def _runs(entries: Mapping[int, Entry]) -> Iterator[tuple[int, list[Entry]]]:
    """First number and entries of each subsection."""
    run: list[Entry] = []
    for number in sorted(entries):
        run.append(entries[number])
        if number + 1 not in entries:
            yield number + 1 - len(run), run
            run = []
