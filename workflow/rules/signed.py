"""Whether a document is signed by the right ones, from the report over its bytes and who is who.

Pure: an office asks it of its rows, an auditor of a bundle, and both get the same answer.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from workflow.rules.reasons import Hold

AGENCY_FIELD = "agency"
"""The signature field of the agency, in every file it seals."""


def person_field(ordinal: int) -> str:
    """The signature field of a document's n-th signer, from 1."""
    return f"person{ordinal}"


class Sentence(Protocol):
    """One thing found, in words."""

    @property
    def sentence(self) -> str: ...


class FoundSignature(Protocol):
    """One signature of a report, as far as the law asks of it (see `signing.report`)."""

    @property
    def field(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def indication(self) -> str: ...
    @property
    def intact(self) -> bool | None: ...
    @property
    def trusted(self) -> bool: ...
    @property
    def certificate_sha256(self) -> str | None: ...
    @property
    def revision_bytes(self) -> int | None: ...
    @property
    def reasons(self) -> Sequence[Sentence]: ...


class FoundReport(Protocol):
    """The report over one file, as far as the law asks of it."""

    @property
    def integrity(self) -> str: ...
    @property
    def verdict(self) -> str: ...
    @property
    def development(self) -> bool: ...
    @property
    def signatures(self) -> Sequence[FoundSignature]: ...


class ExpectedSigner(Protocol):
    """Somebody who must sign, as which number and in which capacity."""

    @property
    def ordinal(self) -> int: ...
    @property
    def person_id(self) -> Hashable: ...
    @property
    def capacity(self) -> str: ...


S = TypeVar("S", bound=ExpectedSigner)


@dataclass(frozen=True)
class Persons(Generic[S]):
    """The personal signatures of a document's main text."""

    remaining: tuple[S, ...]
    unmet: tuple[str, ...]
    undecided: bool

    @property
    def hold(self) -> Hold:
        """What they come to, all together."""
        if self.remaining:
            return Hold.MISSING
        if self.undecided:
            return Hold.INDETERMINATE
        return Hold.FAILED if self.unmet else Hold.VALID


def persons_signed(
    report: FoundReport | None,
    signers: Sequence[S],
    owners: Mapping[str, Hashable],
    allowed: Collection[tuple[str, Hashable, str]],
) -> Persons[S]:
    """Who has not signed, and why the signatures that are there do not hold.

    `owners` tells whose a certificate is, by its digest and never by its name; `allowed` under
    which (field, person, capacity) the file was signed. A signature counts for a signer when it
    stands in that signer's field, passes in full, its certificate is one of that person's, and its
    capacity is that of the intent it was made under, whose mandate was checked then
    (ND 30/2020 Art. 13).
    """
    if report is None:
        return Persons(tuple(signers), (), undecided=False)
    found = {finding.field: finding for finding in report.signatures}
    agency = found.get(AGENCY_FIELD)
    unmet: list[str] = []
    remaining: list[S] = []
    undecided = False
    if report.integrity == "ALTERED":
        unmet.append("Tệp đã bị thay đổi sau khi ký.")
    for signer in signers:
        field = person_field(signer.ordinal)
        finding = found.get(field)
        which = f"Chữ ký số cá nhân thứ {signer.ordinal}"
        if finding is None:
            remaining.append(signer)
        elif not holds(finding):
            undecided = undecided or finding.indication == "INDETERMINATE"
            unmet.append(f"{which} chưa hợp lệ. {_why(finding)}".strip())
        elif owners.get(finding.certificate_sha256 or "") != signer.person_id:
            unmet.append(f"{which} không phải của người phải ký.")
        elif (field, signer.person_id, signer.capacity) not in allowed:
            unmet.append(f"{which} không đúng thẩm quyền đã giao.")
        elif agency and (agency.revision_bytes or 0) <= (finding.revision_bytes or 0):
            # The person first, then the agency, in the bytes themselves (Art. 32.2d).
            unmet.append(f"{which} đứng sau chữ ký số của cơ quan.")
    return Persons(tuple(remaining), tuple(unmet), undecided)


def agency_unmet(
    report: FoundReport | None, organisation: Hashable, owners: Mapping[str, Hashable]
) -> str | None:
    """Why the agency's signature in these bytes does not hold, or None if it does."""
    finding = agency_finding(report)
    if report is None or finding is None:
        return "Thiếu chữ ký số của cơ quan."
    if report.integrity != "INTACT" or not holds(finding):
        return f"Chữ ký số của cơ quan chưa hợp lệ. {_why(finding)}".strip()
    if owners.get(finding.certificate_sha256 or "") != organisation:
        return "Chữ ký số của cơ quan không phải của cơ quan ban hành."
    return None


def agency_hold(
    report: FoundReport | None, organisation: Hashable, owners: Mapping[str, Hashable]
) -> Hold:
    """The same in a word."""
    finding = agency_finding(report)
    if finding is None:
        return Hold.MISSING
    if agency_unmet(report, organisation, owners) is None:
        return Hold.VALID
    return Hold.INDETERMINATE if finding.indication == "INDETERMINATE" else Hold.FAILED


def agency_finding(report: FoundReport | None) -> FoundSignature | None:
    """The signature in the agency's field, if there is one."""
    signatures = report.signatures if report else ()
    return next((finding for finding in signatures if finding.field == AGENCY_FIELD), None)


def sent_holds(report: FoundReport | None, sender_kind: str) -> tuple[Hold, Hold]:
    """What a sender's file shows: an agency's needs two signatures, others' needs one (Art. 5.1).

    Which of a stranger's certificates is a person's cannot be told from the bytes alone, so this
    counts signatures; it only informs and never decides.
    """
    if report is None or report.verdict == "KHONG_CO_CHU_KY":
        return Hold.MISSING, Hold.MISSING
    if report.verdict == "KHONG_XAC_DINH":
        return Hold.INDETERMINATE, Hold.INDETERMINATE
    if report.verdict != "HOP_LE":
        return Hold.FAILED, Hold.FAILED
    signed = sum(finding.kind == "signature" for finding in report.signatures)
    both = signed >= 2 or sender_kind != "agency"
    return Hold.VALID, Hold.VALID if both else Hold.MISSING


def holds(finding: FoundSignature) -> bool:
    """Whether one signature passes in full: intact, trusted, not revoked when it was made."""
    return finding.indication == "TOTAL_PASSED" and bool(finding.intact) and finding.trusted


def _why(finding: FoundSignature) -> str:
    return " ".join(reason.sentence for reason in finding.reasons)
