"""Judging a file again, offline, by exactly what its stored report was judged by.

A report names its evidence piece by piece and the moment it speaks of. Whoever has the file, the
pieces and the anchors comes to the same verdict, or the report is not what the bytes say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from signing.permission import LIMITS
from signing.reading import Limits
from signing.report import SignatureReport
from signing.sandbox import Sandbox
from signing.trust import Evidence, Trust

#: What is compared of the file, and of each of its signatures in the order of the bytes.
_OF_THE_FILE = ("sha256", "size_bytes", "integrity", "verdict", "indication", "filled")
_OF_A_SIGNATURE = (
    "field",
    "kind",
    "intact",
    "coverage",
    "changes",
    "indication",
    "trusted",
    "trusted_now",
    "development",
    "level",
    "certificate_sha256",
    "signed_at",
    "proven_at",
    "revision_sha256",
    "revision_bytes",
)


def rejudge(
    sandbox: Sandbox,
    path: Path,
    report: SignatureReport,
    piece: Callable[[str], bytes],
    anchors: Sequence[bytes],
    *,
    limits: Limits = LIMITS,
) -> Sequence[str]:
    """In what a file judged again differs from `report`, such as "verdict" or
    "signatures[0].indication"; empty: the report re-derives.

    `piece` gives the bytes (DER) of a piece of evidence by its SHA-256, compared by whoever gives
    them; what it raises passes through. `anchors` are DER certificates. The moment is the report's
    `checked_at`; nothing is fetched. A report that decided nothing for want of time or memory
    claims nothing that could differ.

    Raises OSError when the file cannot be read, and SandboxBusy.
    """
    if _exhausted(report):
        return ()
    named = {item.sha256: item.kind for one in report.signatures for item in one.evidence}
    certificates, ocsps, crls = (
        tuple(piece(sha256) for sha256, found in named.items() if found == kind)
        for kind in ("certificate", "ocsp", "crl")
    )
    trust = Trust(tuple(anchors), certificates, (_Kept(Evidence(ocsps, crls)),))
    again = sandbox.judge(path, trust=trust, at=report.checked_at, limits=limits).report
    if _exhausted(again):
        return ("resources_exhausted",)
    return tuple(_differences(report, again))


@dataclass(frozen=True)
class _Kept:
    """Revocation evidence from the pieces alone."""

    told: Evidence

    def evidence(self, certificates: Sequence[bytes], *, fetch: bool) -> Evidence:  # noqa: ARG002
        """See `signing.trust.RevocationSource`: an answer is looked for by the certificate."""
        return self.told


def _exhausted(report: SignatureReport) -> bool:
    """Whether it gave up. One that says more than that is judged, whatever it says beside it."""
    return (report.integrity, report.verdict, report.signatures) == (
        "UNDECIDED",
        "KHONG_XAC_DINH",
        (),
    ) and any(reason.code == "resources_exhausted" for reason in report.reasons)


def _differences(report: SignatureReport, again: SignatureReport) -> Iterator[str]:
    for name in _OF_THE_FILE:
        if getattr(report, name) != getattr(again, name):
            yield name
    if len(report.signatures) != len(again.signatures):
        yield "signatures"
        return
    for place, (stored, found) in enumerate(zip(report.signatures, again.signatures, strict=True)):
        for name in _OF_A_SIGNATURE:
            if getattr(stored, name) != getattr(found, name):
                yield f"signatures[{place}].{name}"
