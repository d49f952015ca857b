"""Validating a signed PDF: integrity, then trust, then one verdict, and it is the document's.

Nothing is fetched and hostile input raises nothing: whatever comes in, a report goes out.
"""

from __future__ import annotations

import io
import logging
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

from signing import fields
from signing.active_content import active
from signing.assessment import assess
from signing.carried import certificates_in
from signing.errors import UnreadablePdf
from signing.examination import Examination, examine
from signing.reading import Limits, prefix_sha256
from signing.report import (
    Finding,
    Indication,
    Integrity,
    Judgement,
    SignatureFinding,
    SignatureReport,
    Verdict,
)
from signing.trust import Trust
from signing.words import finding

_LOG = logging.getLogger(__name__)

# Findings that are worth knowing beside a verdict but do not decide it.
_WARNINGS = {"time_unproven", "time_untrusted", "not_pades", "development"}


def validate(
    source: Path | bytes | BinaryIO,
    *,
    trust: Trust,
    at: datetime | None = None,
    expected_fill: Mapping[str, str] | None = None,
    limits: Limits = Limits(),  # noqa: B008  frozen
) -> SignatureReport:
    """The report of `judge`, for whoever keeps no evidence."""
    return judge(source, trust=trust, at=at, expected_fill=expected_fill, limits=limits).report


def judge(
    source: Path | bytes | BinaryIO,
    *,
    trust: Trust,
    at: datetime | None = None,
    expected_fill: Mapping[str, str] | None = None,
    limits: Limits = Limits(),  # noqa: B008  frozen
) -> Judgement:
    """Judge a PDF, in place if it is open already, as of `at` (None: now).

    `expected_fill`: text that the reserved fields must hold in the bytes, such as the number in
    the register; anything else makes the document KHONG_HOP_LE. Raises OSError when a path cannot
    be read at all, and nothing for what is in the file.
    """
    moment = at or datetime.now(UTC)
    with _opened(source) as stream:
        size_bytes = stream.seek(0, os.SEEK_END)
        sha256 = prefix_sha256(stream, size_bytes)

        def report(
            integrity: Integrity,
            verdict: Verdict,
            *,
            evidence: Mapping[str, bytes] = MappingProxyType({}),
            **values: object,
        ) -> Judgement:
            defaults: dict[str, object] = {
                "indication": None,
                "sub_indication": None,
                "warnings": (),
                "reading": None,
            }
            return Judgement(
                SignatureReport(
                    sha256=sha256,
                    size_bytes=size_bytes,
                    integrity=integrity,
                    verdict=verdict,
                    anchors_sha256=trust.anchors_sha256,
                    checked_at=moment,
                    **(defaults | values),  # type: ignore[arg-type]
                ),
                evidence,
            )

        try:
            examination = examine(stream, limits)
            filled = {
                name: text
                for name, text in fields.texts(examination.reader).items()
                if name in (fields.NUMBER, fields.DATE)
            }
        except UnreadablePdf as fault:
            reason = Finding("unreadable", f"Không đọc được tệp PDF: {fault}")
            return report("UNREADABLE", "KHONG_DOC_DUOC", reasons=(reason,))
        except MemoryError:
            # It may be sound all the same.
            return report("UNDECIDED", "KHONG_XAC_DINH", reasons=(finding("resources_exhausted"),))
        except Exception:
            # Parsers of hostile files raise what they will; none of it may reach the service.
            reason = Finding("unreadable", "Không đọc được tệp PDF: cấu trúc tệp bị hỏng.")
            return report("UNREADABLE", "KHONG_DOC_DUOC", reasons=(reason,))
        try:
            assessed = assess(examination, trust, moment)
            signatures = assessed.findings
        except Exception:
            # Never expected, and still no reason to believe or to fall over.
            _LOG.exception("assessing %s failed", sha256)
            reason = finding("too_complex")
            return report("UNDECIDED", "KHONG_XAC_DINH", reasons=(reason,))
        mismatch = expected_fill is not None and any(
            filled.get(name) != text for name, text in expected_fill.items()
        )
        verdict, indication, sub = _verdict(examination, signatures, mismatch)
        return report(
            examination.integrity,
            verdict,
            indication=indication,
            sub_indication=sub,
            reasons=_reasons(examination, signatures, verdict, mismatch),
            warnings=_warnings(examination, signatures),
            reading=examination.how,
            signatures=signatures,
            revisions=examination.revisions,
            filled=filled,
            evidence=assessed.evidence,
        )


def certificates(source: BinaryIO, limits: Limits) -> list[bytes]:
    """DER of the certificates that a file's judgement may need. Raises UnreadablePdf."""
    return [certificate.dump() for certificate in certificates_in(examine(source, limits))]


@contextmanager
def _opened(source: Path | bytes | BinaryIO) -> Iterator[BinaryIO]:
    if isinstance(source, bytes):
        yield io.BytesIO(source)
    elif isinstance(source, Path):
        with source.open("rb") as stream:
            yield stream
    else:
        yield source


def _verdict(
    examination: Examination, found: Iterable[SignatureFinding], mismatch: bool
) -> tuple[Verdict, Indication | None, str | None]:
    """The document's verdict: as bad as its worst signature, and as its integrity."""
    if examination.integrity == "UNSIGNED":
        return "KHONG_CO_CHU_KY", None, None
    # A time-stamp that cannot be trusted proves nothing; broken, it shows in the integrity.
    signatures = [item for item in found if item.kind == "signature"]
    for indication in ("TOTAL_FAILED", "INDETERMINATE"):
        worst = next((item for item in signatures if item.indication == indication), None)
        if worst is not None:
            failed = indication == "TOTAL_FAILED" or examination.integrity == "ALTERED"
            return (
                "KHONG_HOP_LE" if failed else "KHONG_XAC_DINH",
                worst.indication,
                worst.sub_indication,
            )
    if examination.integrity == "ALTERED":
        return "KHONG_HOP_LE", "TOTAL_FAILED", "HASH_FAILURE"
    if examination.integrity == "UNDECIDED":
        return "KHONG_XAC_DINH", "INDETERMINATE", "GENERIC"
    if mismatch:
        return "KHONG_HOP_LE", "INDETERMINATE", "SIG_CONSTRAINTS_FAILURE"
    return "HOP_LE", "TOTAL_PASSED", None


def _reasons(
    examination: Examination,
    found: Sequence[SignatureFinding],
    verdict: Verdict,
    mismatch: bool,
) -> tuple[Finding, ...]:
    reasons = list(examination.findings)
    if examination.integrity == "UNSIGNED":
        reasons.append(finding("only_timestamp" if examination.signatures else "unsigned"))
    reasons += [
        reason
        for item in found
        if item.kind == "signature" or item.intact is not True
        for reason in item.reasons
        if reason.code not in _WARNINGS
    ]
    if _later_unverified(found):
        reasons.append(finding("later_unverified"))
    if mismatch:
        reasons.append(finding("fill_mismatch"))
    if verdict == "HOP_LE":
        reasons.append(finding("passed"))
    return tuple(dict.fromkeys(reasons))


def _later_unverified(found: Sequence[SignatureFinding]) -> bool:
    """Whether somebody unverified signed what somebody verified had signed, visibly or not."""
    passed = [item.indication == "TOTAL_PASSED" for item in found if item.kind == "signature"]
    return True in passed and False in passed[passed.index(True) :]


def _warnings(examination: Examination, found: Iterable[SignatureFinding]) -> tuple[Finding, ...]:
    warnings = [finding("lenient")] if examination.how == "lenient" else []
    warnings += map(finding, sorted(active(examination.reader)))
    warnings += [reason for item in found for reason in item.reasons if reason.code in _WARNINGS]
    return tuple(dict.fromkeys(warnings))
