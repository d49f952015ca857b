"""The verdict on a PDF as a frozen value, stored as it was on the day.

Words: EN 319 102-1 for programs (indication, sub-indication), one Vietnamese sentence per finding
for people. Integrity is judged without any anchor; the verdict needs trust too. Times are UTC.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, is_dataclass
from datetime import datetime
from typing import Any, Literal

from signing.policy import SHA256, VERSION

Integrity = Literal["INTACT", "ALTERED", "UNSIGNED", "UNREADABLE", "UNDECIDED"]
Verdict = Literal["HOP_LE", "KHONG_XAC_DINH", "KHONG_HOP_LE", "KHONG_CO_CHU_KY", "KHONG_DOC_DUOC"]
Indication = Literal["TOTAL_PASSED", "INDETERMINATE", "TOTAL_FAILED"]

# PAdES baseline (EN 319 142-1 §6).
Level = Literal["B-B", "B-T", "B-LT", "B-LTA"]


@dataclass(frozen=True)
class Finding:
    """One thing found: a stable code, and a sentence a clerk understands."""

    code: str
    sentence: str


@dataclass(frozen=True)
class EvidencePiece:
    """A piece of what a signature was judged by, named by its bytes (DER), which are kept apart."""

    kind: Literal["certificate", "ocsp", "crl", "timestamp"]
    sha256: str
    size_bytes: int


@dataclass(frozen=True)
class RevisionFinding:
    """What one revision of the file did, in sentences; it ends `end_bytes` into the file."""

    end_bytes: int
    changes: tuple[Finding, ...]


@dataclass(frozen=True)
class SignatureFinding:
    """One signature or document time-stamp, as found in the bytes.

    `revision_bytes` is how much of the file it covers from the start, `revision_sha256` the digest
    of that prefix: whoever holds a revision can tell whether this signature was put on it.
    `trusted`: the chain holds at `proven_at`, or at the time of checking when no time is proven;
    `trusted_now`: it holds at the time of checking. `intact` is None when it could not be decided.
    `not_before`, `not_after` and `key_bits` are the certificate's; `algorithm` is how it signed,
    such as "ECDSA SHA-256". `evidence` names what it was judged by: its chain, the answers about
    each certificate on it, and the time-stamp that proves its time, with that one's.
    """

    field: str
    kind: Literal["signature", "timestamp"]
    subfilter: str | None
    level: Level | None
    intact: bool | None
    coverage: str | None
    changes: str | None
    locks: bool
    trusted: bool
    trusted_now: bool
    development: bool
    signer: str | None
    issuer: str | None
    serial: str | None
    certificate_sha256: str | None
    not_before: datetime | None
    not_after: datetime | None
    algorithm: str | None
    key_bits: int | None
    signed_at: datetime | None
    proven_at: datetime | None
    indication: Indication
    sub_indication: str | None
    revision_sha256: str | None
    revision_bytes: int | None
    reasons: tuple[Finding, ...] = ()
    evidence: tuple[EvidencePiece, ...] = ()


@dataclass(frozen=True)
class SignatureReport:
    """The verdict on one file; `signatures` and `revisions` in the order of the bytes.

    `filled` holds the text of `vanthu.number` and `vanthu.date` as of the last revision.
    """

    sha256: str
    size_bytes: int
    integrity: Integrity
    verdict: Verdict
    indication: Indication | None
    sub_indication: str | None
    reasons: tuple[Finding, ...]
    warnings: tuple[Finding, ...]
    reading: Literal["strict", "lenient"] | None
    anchors_sha256: str
    checked_at: datetime
    signatures: tuple[SignatureFinding, ...] = ()
    revisions: tuple[RevisionFinding, ...] = ()
    filled: Mapping[str, str] = field(default_factory=dict)
    policy: str = VERSION
    policy_sha256: str = SHA256

    @property
    def development(self) -> bool:
        """Whether any signature is a development one: such a file has no legal value."""
        return any(signature.development for signature in self.signatures)

    def to_json(self) -> bytes:
        """Canonical UTF-8: sorted keys, no spaces, so equal reports have equal bytes."""
        values = vars(self) | {"development": self.development}
        return json.dumps(
            values, default=_plain, ensure_ascii=False, sort_keys=True, separators=(",", ":")
        ).encode()

    @staticmethod
    def verdict_in(data: bytes) -> str:
        """The verdict in what `to_json` wrote, for whoever asks it of thousands.

        No text inside can pass for the key: there its quotes would be escaped.
        """
        start = data.index(_VERDICT) + len(_VERDICT)
        return data[start : data.index(b'"', start)].decode()

    @classmethod
    def from_json(cls, data: bytes) -> SignatureReport:
        """The report that `to_json` wrote. Raises ValueError or TypeError on anything else."""
        values = json.loads(data)
        del values["development"]
        values["checked_at"] = datetime.fromisoformat(values["checked_at"])
        for name in ("reasons", "warnings"):
            values[name] = _findings(values[name])
        values["signatures"] = tuple(map(_signature, values["signatures"]))
        values["revisions"] = tuple(
            RevisionFinding(item["end_bytes"], _findings(item["changes"]))
            for item in values["revisions"]
        )
        return cls(**values)


@dataclass(frozen=True)
class Judgement:
    """A report, and the bytes of the evidence its signatures name, by SHA-256 (hex)."""

    report: SignatureReport
    evidence: Mapping[str, bytes] = field(default_factory=dict)


_VERDICT = b'"verdict":"'


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if is_dataclass(value):
        return vars(value)
    raise TypeError(f"not a value of a report: {value!r}")


def _findings(values: list[dict[str, str]]) -> tuple[Finding, ...]:
    return tuple(Finding(**value) for value in values)


def _signature(values: dict[str, Any]) -> SignatureFinding:
    for name in ("signed_at", "proven_at", "not_before", "not_after"):
        if values[name] is not None:
            values[name] = datetime.fromisoformat(values[name])
    return SignatureFinding(
        **values
        | {
            "reasons": _findings(values["reasons"]),
            "evidence": tuple(EvidencePiece(**item) for item in values["evidence"]),
        }
    )
