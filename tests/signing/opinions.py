"""What several judges say of the same file, in words that can be compared."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from signing.trust import Trust
from signing.validation import validate
from tests.signing.judges import program

ROOT = Path(__file__).parents[2]
_SECONDS = 20
_AT_ONCE = 100

# The worst first. It calls a time-stamp over a document "not signed", with unknown errors.
_MUTOOL = (
    ("invalidated by change", "wrong"),
    ("not signed", "not signed"),
    ("Digest error", "wrong"),
    ("Verification error", "wrong"),
)


@dataclass(frozen=True)
class Opinion:
    """In a word, and whether it takes the file for signed and unchanged."""

    word: str
    accepts: bool


@dataclass(frozen=True)
class Opinions:
    """Of one file. `differences`: pyHanko's when what came after each signature is weighed too."""

    vanthu: Opinion
    pdfsig: Opinion
    mutool: Opinion
    pyhanko: Opinion
    differences: Opinion

    @property
    def all(self) -> tuple[Opinion, ...]:
        """In the order of the tables: ours first."""
        return self.vanthu, self.pdfsig, self.mutool, self.pyhanko, self.differences

    @property
    def differ(self) -> bool:
        """Whether one of the others accepts what we do not, or the other way about."""
        return len({opinion.accepts for opinion in self.all}) > 1


def of(paths: Sequence[Path]) -> Iterator[Opinions]:
    """Everybody's, in the order of the paths."""
    with ThreadPoolExecutor(os.cpu_count()) as asking:
        others = asking.map(by_pdfsig, paths), asking.map(by_mutool, paths)
        for path, pdfsig, mutool, plain in zip(paths, *others, by_pyhanko(paths), strict=True):
            yield Opinions(by_vanthu(path), pdfsig, mutool, *plain)


def versions() -> dict[str, str]:
    """Of the programs, whose words a release may change."""
    return {
        name: re.findall(r"\d+\.\d+[.\d]*", _said(program(name, package), "-v"))[0]
        for name, package in (("pdfsig", "poppler-utils"), ("mutool", "mupdf-tools"))
    }


def by_vanthu(path: Path) -> Opinion:
    """Integrity, without any anchor."""
    report = validate(path, trust=Trust(anchors=()))
    return Opinion(report.integrity, report.integrity == "INTACT")


def by_pdfsig(path: Path) -> Opinion:
    """poppler's: accepted when every signature it lists is valid and one covers the whole file."""
    said = _said(program("pdfsig", "poppler-utils"), "-nocert", str(path))
    found = re.findall(r"Signature Validation: (.+)", said)
    if not found:
        return Opinion("no signature" if "does not contain any" in said else "no answer", False)
    wrong = [word for word in found if word != "Signature is Valid."]
    if wrong:
        return Opinion(wrong[0].rstrip(".").lower(), False)
    total = "- Total document signed" in said
    return Opinion("valid" if total else "valid, not total", total)


def by_mutool(path: Path) -> Opinion:
    """MuPDF's: accepted when nothing is wrong and the document is unchanged since one of them."""
    said = _said(program("mutool", "mupdf-tools"), "sign", "-v", str(path))
    if "Verifying signature" not in said:
        return Opinion("no answer" if "error" in said else "no signature", False)
    for mark, word in _MUTOOL:
        if mark in said:
            return Opinion(word, False)
    unchanged = "unchanged since signing" in said
    return Opinion("unchanged" if unchanged else "edited since", unchanged)


def by_pyhanko(paths: Sequence[Path]) -> Iterator[tuple[Opinion, Opinion]]:
    """Plain pyHanko's: intact and valid; and with its coverage and differences."""
    for start in range(0, len(paths), _AT_ONCE):
        some = [str(path) for path in paths[start : start + _AT_ONCE]]
        command = [sys.executable, "-m", "tests.signing.plain_pyhanko", *some]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
        for line in done.stdout.splitlines():
            said = json.loads(line)
            if "raised" in said:
                yield (Opinion(f"raises {said['raised']}", False),) * 2
            elif not said["signatures"]:
                yield (Opinion("no signature", False),) * 2
            else:
                yield (
                    Opinion("valid" if said["valid"] else "not valid", said["valid"]),
                    Opinion("allowed" if said["allowed"] else "not allowed", said["allowed"]),
                )


def _said(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, timeout=_SECONDS)
    except subprocess.TimeoutExpired:
        return "error: no answer"
    return (done.stdout + done.stderr).decode(errors="replace")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """In Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
