"""Cells: rows that are counted together have the same reasons, whenever and however asked."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workflow.rules.law import law_text
from tests.workflow.rules.rows import incoming_rows, outgoing_rows
from workflow.rules import indicator
from workflow.rules.cells import alike, cell_of, due_of, row_of
from workflow.rules.indicator import Count
from workflow.rules.reasons import IncomingRow, OutgoingRow, Step

(DEFINITION,) = indicator.parse(law_text("indicator"))
LENIENT = replace(DEFINITION, outgoing_steps=frozenset({Step.ISSUED}), paper_digitised=False)
#: Behind every moment the rows name: nothing is completed later than it is counted.
AFTERWARDS = datetime(2026, 12, 6, tzinfo=UTC)


@given(
    outgoing_rows | incoming_rows,
    st.sampled_from([DEFINITION, LENIENT]),
    st.booleans(),
    st.timedeltas(timedelta(0), timedelta(days=60)),
)
def test_a_cell_has_the_reasons_of_its_rows(
    row: OutgoingRow | IncomingRow,
    definition: indicator.Definition,
    production: bool,
    later: timedelta,
) -> None:
    register = "outgoing" if isinstance(row, OutgoingRow) else "incoming"
    again = row_of(register, cell_of(row), row.issuer_id, row.counted_on, due_of(row))
    judge = Count(definition, AFTERWARDS + later, production)
    assert judge.reasons(again) == judge.reasons(row)
    if isinstance(row, IncomingRow) and isinstance(again, IncomingRow):
        assert again.on_time == row.on_time
    assert cell_of(again) == cell_of(row)
    assert (again.issuer_id, again.counted_on) == (row.issuer_id, row.counted_on)
    assert judge.reasons(alike(register, cell_of(row), due_of(row))) == judge.reasons(row)


@pytest.mark.parametrize(
    ("register", "cell"),
    [
        ("outgoing", ""),
        ("outgoing", "100100vvv11111"),
        ("outgoing", "200100vvv111111"),
        ("outgoing", "100100vxv111111"),
        ("incoming", "00000000vv"),
        ("incoming", "00000000vvx"),
        ("copies", "00000000vvo"),
    ],
)
def test_what_is_no_cell_is_refused(register: str, cell: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        alike(register, cell, None)
