"""The files themselves: hashed, and judged again offline by exactly what their reports name."""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC
from hashlib import file_digest
from pathlib import Path
from tempfile import TemporaryDirectory

from signing.rejudging import rejudge
from signing.report import SignatureReport
from signing.sandbox import Sandbox
from workflow.verifier.archive import Archive
from workflow.verifier.findings import Found, Rule
from workflow.verifier.shelf import Shelf

_AHEAD = 4
_MOST_HELD_BYTES = 64 << 20
_SHA256 = re.compile(r"[0-9a-f]{64}")


class _PieceMissing(Exception):  # noqa: N818  it states a fact
    """A piece of evidence that a report names is not in the bundle."""


@dataclass
class Files:
    """Judges the files that the newest facts of the period name.

    They are members of the bundle, or in `folder` whatever their names there. What was `destroyed`
    need not be there.
    """

    archive: Archive
    folder: Path | None
    anchors: Sequence[bytes]
    found: Found
    judged: int = 0
    _pieces: dict[str, bytes] = field(default_factory=dict)
    _held_bytes: int = 0

    def check(
        self, wanted: Shelf[bytes], destroyed: set[str], progress: Callable[[int], None]
    ) -> None:
        """Judge every wanted file (digest -> its report, deflated, or nothing where it has none);
        `progress` is told how many are done."""
        others = self._others() if self.folder else {}
        workers = os.cpu_count() or 1
        with (
            Sandbox() as sandbox,
            TemporaryDirectory(prefix="vanthu-") as room,
            ThreadPoolExecutor(workers) as threads,
        ):
            waiting: list[tuple[str, Future[Sequence[str]]]] = []
            for sha256, packed in sorted(wanted.items(), key=lambda one: str(one[0])):
                if not _SHA256.fullmatch(str(sha256)):  # it is to be a file's name here
                    self.found.add(Rule.PDF_MISSING, f"pdfs/{sha256}.pdf", detail="no digest")
                    continue
                place = self._place(sha256, others, Path(room))
                if place is None:
                    if sha256 not in destroyed:
                        self.found.add(Rule.PDF_MISSING, f"pdfs/{sha256}.pdf")
                    continue
                waiting.append(
                    (sha256, threads.submit(self._judge, sandbox, place, sha256, packed))
                )
                if len(waiting) > _AHEAD * workers:
                    self._settle(*waiting.pop(0))
                    progress(self.judged)
            for one in waiting:
                self._settle(*one)
                progress(self.judged)

    def _settle(self, sha256: str, judging: Future[Sequence[str]]) -> None:
        differs = judging.result()
        self.judged += 1
        if differs:
            rule = Rule.EVIDENCE_MISSING if differs[0] in _WANTING else Rule.VERDICT_DIFFERS
            self.found.add(rule, f"pdfs/{sha256}.pdf", detail=", ".join(differs))

    def _judge(self, sandbox: Sandbox, path: Path, sha256: str, packed: bytes) -> Sequence[str]:
        try:
            with path.open("rb") as file:
                if file_digest(file, "sha256").hexdigest() != sha256:
                    return ["sha256"]
            if not packed:
                return []
            report = _report(packed)
            if report is None:
                return ["report"]
            return rejudge(sandbox, path, report, self._piece, self.anchors)
        except _PieceMissing as missing:
            return ["evidence", str(missing)]
        except OSError as fault:
            return ["unreadable", str(fault.strerror)]
        finally:
            if self.folder is None:
                path.unlink(missing_ok=True)

    def _piece(self, sha256: str) -> bytes:
        """Most signatures of an office share their certificates: each is inflated once."""
        piece = self._pieces.get(sha256)
        if piece is None:
            name = f"objects/{sha256}"
            if name not in self.archive:
                raise _PieceMissing(name)
            piece = self.archive.content(name)
            self._held_bytes += len(piece)
            if self._held_bytes > _MOST_HELD_BYTES:
                self._pieces.clear()
                self._held_bytes = len(piece)
            self._pieces[sha256] = piece
        return piece

    def _place(self, sha256: str, others: dict[str, Path], room: Path) -> Path | None:
        """Where the file is, or None."""
        if self.folder is not None:
            named = self.folder / f"{sha256}.pdf"
            return named if named.is_file() else others.get(sha256)
        name = f"pdfs/{sha256}.pdf"
        if name not in self.archive:
            return None
        path = room / f"{sha256}.pdf"
        with path.open("wb") as out:
            out.writelines(self.archive.chunks(name))
        return path

    def _others(self) -> dict[str, Path]:
        """Files of the folder that are not named after their digests, by their digests."""
        return dict(self._hashed())

    def _hashed(self) -> Iterator[tuple[str, Path]]:
        assert self.folder is not None
        for path in sorted(self.folder.rglob("*.pdf")):
            if len(path.stem) != 64 and path.is_file():
                try:
                    with path.open("rb") as file:
                        yield file_digest(file, "sha256").hexdigest(), path
                except OSError:
                    continue  # if it is wanted, it is missed


def _report(packed: bytes) -> SignatureReport | None:
    """The report, or None for what is none: an insider may store any bytes."""
    try:
        report = SignatureReport.from_json(zlib.decompress(packed))
        report.checked_at.astimezone(UTC)
        return report
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
        return None


_WANTING = ("evidence",)
