"""Statements: what the seals of a document's files come to, whichever file lacks one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pytest

from workflow.rules.reasons import Hold, outgoing_signed
from workflow.rules.statements import HeldFile, OutgoingStatement

AGENCY = "o1"
INDICATIONS = {
    Hold.VALID: "TOTAL_PASSED",
    Hold.INDETERMINATE: "INDETERMINATE",
    Hold.FAILED: "TOTAL_FAILED",
}


@dataclass(frozen=True)
class Seal:
    indication: str
    field: str = "agency"
    kind: str = "signature"
    intact: bool = True
    trusted: bool = True
    certificate_sha256: str = "c1"
    revision_bytes: int = 9
    reasons: tuple[()] = ()


@dataclass(frozen=True)
class Found:
    signatures: tuple[Seal, ...]
    integrity: str = "INTACT"
    verdict: str = ""
    development: bool = False


def stated(*seals: Hold) -> tuple[OutgoingStatement, dict[str, Found]]:
    """A document that nobody but the agency signs, its files sealed like this, main text first."""
    reports = {
        f"r{place}": Found((Seal(INDICATIONS[seal]),) if seal in INDICATIONS else ())
        for place, seal in enumerate(seals)
    }
    statement = OutgoingStatement(
        entry="e1",
        document="d1",
        organisation=AGENCY,
        issuer="i1",
        type_code="CV",
        number=1,
        code="1/CV",
        entered_on=date(2026, 11, 21),
        files=tuple(HeldFile(f"f{report}", report) for report in reports),
        owners={"c1": AGENCY},
        exclusion=None,
        issued_on=date(2026, 11, 21),
        voided=False,
        seal_required=True,
        steps=(),
        signers=(),
        allowed=(),
    )
    return statement, reports


@pytest.mark.parametrize("one", Hold)
@pytest.mark.parametrize("other", Hold)
def test_it_does_not_matter_which_file_lacks_its_seal(one: Hold, other: Hold) -> None:
    orders = [
        (one, other, Hold.VALID),
        (other, one, Hold.VALID),
        (Hold.VALID, one, other),
        (Hold.VALID, other, one),
    ]
    reasons = set()
    for order in orders:
        statement, reports = stated(*order)
        row = statement.row(reports)
        assert row.agency is order[0]
        reasons.add(outgoing_signed(row, production=False))
    assert len(reasons) == 1
