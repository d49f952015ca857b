"""Each fraction uses a closed part of the list of reasons, and all of the list is used."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from tests.workflow.rules.law import law_text
from tests.workflow.rules.rows import incoming_rows, outgoing_rows
from workflow.rules import indicator
from workflow.rules.indicator import Count, Row
from workflow.rules.reasons import PARTITION, OutgoingRow, Reason

(DEFINITION,) = indicator.parse(law_text("indicator"))
AS_OF = datetime(2026, 11, 30, tzinfo=UTC)


@given(outgoing_rows | incoming_rows, st.booleans())
def test_no_row_has_a_reason_outside_its_part(row: Row, production: bool) -> None:
    processed, signed = Count(DEFINITION, AS_OF, production).reasons(row)
    register = "outgoing" if isinstance(row, OutgoingRow) else "incoming"
    assert processed in PARTITION[f"{register}_processed"]
    assert signed in PARTITION[f"{register}_signed"]


def test_every_reason_has_its_place() -> None:
    assert {reason for part in PARTITION.values() for reason in part} == set(Reason)
    assert all(len(set(part)) == len(part) for part in PARTITION.values())
