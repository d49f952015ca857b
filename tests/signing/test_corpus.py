"""Real and hostile files from other projects, beside this checkout where there are any.

The files are not ours to copy.
"""

from __future__ import annotations

import csv
import functools
from collections import Counter
from pathlib import Path

import pytest

from signing.report import SignatureReport
from signing.trust import Trust
from signing.validation import validate

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"

pytestmark = pytest.mark.skipif(
    not CORPUS.is_dir(), reason="the corpus of signed and hostile files is not beside this checkout"
)


@functools.cache
def rows() -> list[dict[str, str]]:
    with (CORPUS / "expected.csv").open(newline="") as table:
        return list(csv.DictReader(table))


@functools.cache
def judged(name: str) -> SignatureReport:
    return validate(CORPUS / "pdf" / name, trust=Trust(anchors=()))


def test_every_file_gets_an_answer() -> None:
    for row in rows():
        report = judged(row["file"])
        assert report.reasons, row["file"]
        # No anchor is configured, so whatever it is, it is not valid.
        assert report.verdict != "HOP_LE", row["file"]


def test_nothing_forged_is_intact() -> None:
    forged = [row["file"] for row in rows() if row["expected"].startswith("NEVER_COUNT")]
    assert forged
    assert [name for name in forged if judged(name).integrity == "INTACT"] == []


def test_what_cannot_be_read_says_so() -> None:
    for row in rows():
        if row["expected"].startswith("UNREADABLE"):
            assert judged(row["file"]).verdict == "KHONG_DOC_DUOC", row["file"]


def test_nearly_all_genuine_files_are_recognised(capsys: pytest.CaptureFixture[str]) -> None:
    genuine = [row["file"] for row in rows() if row["expected"].startswith("INTACT")]
    found = Counter(judged(name).integrity for name in genuine)
    with capsys.disabled():
        print(f"\n  genuine files of the corpus: {dict(found)}")  # noqa: T201
    assert found["ALTERED"] == 0
    assert found["INTACT"] >= 0.95 * len(genuine)


def test_every_revision_is_explained() -> None:
    """Of a file that is intact; what it did is said in a sentence."""
    intact = [report for report in map(judged, (row["file"] for row in rows())) if _intact(report)]
    assert len(intact) > 20
    for report in intact:
        assert report.revisions
        assert all(found.changes for found in report.revisions)
        assert "unexplained" not in {
            change.code for found in report.revisions for change in found.changes
        }


def _intact(report: SignatureReport) -> bool:
    return report.integrity == "INTACT"
