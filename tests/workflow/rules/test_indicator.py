"""The indicator: exact fractions, a reason for every row, parts that add up."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workflow.rules.law import law_text
from tests.workflow.rules.rows import ALL_STEPS, RECEIVED, SENT, incoming_rows, outgoing_rows
from workflow.rules import indicator, reasons
from workflow.rules.errors import Invalid, InvalidDefinition
from workflow.rules.indicator import Fraction, Indicator, Period
from workflow.rules.reasons import Exclusion, Hold, IncomingRow, OutgoingRow, Reason, Step

DEFINITION = indicator.parse(law_text("indicator"))[0]
NOVEMBER = indicator.parse_period("2026-11")
AS_OF = datetime(2026, 11, 30, 9, tzinfo=UTC)

EXCLUSION = Exclusion("QĐ 12/QĐ-UBND", "chủ tịch", date(2026, 11, 1))


def sent(**changes: Any) -> OutgoingRow:
    return replace(SENT, **changes)


def received(**changes: Any) -> IncomingRow:
    return replace(RECEIVED, **changes)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, Reason.SIGNED),
        ({"persons": Hold.MISSING}, Reason.MISSING_PERSON),
        ({"agency": Hold.MISSING}, Reason.MISSING_AGENCY),
        ({"persons": Hold.MISSING, "agency": Hold.MISSING}, Reason.MISSING_BOTH),
        ({"attachments": Hold.MISSING}, Reason.MISSING_AGENCY),
        ({"attachments": Hold.FAILED}, Reason.FAILED),
        ({"persons": Hold.FAILED}, Reason.FAILED),
        ({"agency": Hold.FAILED, "persons": Hold.INDETERMINATE}, Reason.FAILED),
        ({"agency": Hold.INDETERMINATE, "persons": Hold.MISSING}, Reason.INDETERMINATE),
        ({"agency": Hold.MISSING, "agency_required": False}, Reason.SIGNED),
        ({"agency": Hold.FAILED, "agency_required": False}, Reason.FAILED),
        ({"persons": Hold.MISSING, "agency_required": False}, Reason.MISSING_PERSON),
        ({"development": True}, Reason.DEVELOPMENT),
        ({"development": True, "agency": Hold.MISSING}, Reason.MISSING_AGENCY),
        ({"issued_on": None}, Reason.NOT_ISSUED),
        ({"issued_on": None, "voided": True}, Reason.VOID),
        ({"secret": True, "persons": Hold.MISSING}, Reason.CLASSIFIED),
        ({"exclusion": EXCLUSION, "persons": Hold.MISSING}, Reason.EXEMPT),
    ],
)
def test_reasons_of_signed_outgoing_documents(changes: dict[str, Any], reason: Reason) -> None:
    assert reasons.outgoing_signed(sent(**changes), production=True) is reason


def incoming_processed(
    row: IncomingRow, *, paper_digitised: bool = True, production: bool = True
) -> Reason:
    return reasons.incoming_processed(
        row, AS_OF, paper_digitised=paper_digitised, production=production
    )


def test_development_signatures_count_outside_production_only() -> None:
    row = sent(development=True)
    assert reasons.outgoing_signed(row, production=False) is Reason.SIGNED
    assert reasons.outgoing_signed(row, production=True) is Reason.DEVELOPMENT
    copy = received(paper=True, digitised=True, development=True)
    assert incoming_processed(copy, production=False) is Reason.PROCESSED
    assert incoming_processed(copy) is Reason.NOT_DIGITISED
    assert reasons.incoming_signed(received(development=True), production=True) is (
        Reason.DEVELOPMENT
    )


@pytest.mark.parametrize("step", list(Step))
def test_every_step_must_have_happened_on_the_system(step: Step) -> None:
    row = sent(steps=ALL_STEPS - {step})
    assert reasons.outgoing_processed(row, DEFINITION.outgoing_steps) is Reason.STEP_MISSING
    assert reasons.outgoing_processed(SENT, DEFINITION.outgoing_steps) is Reason.PROCESSED


def test_an_issued_document_cannot_be_voided_out_of_the_count() -> None:
    with pytest.raises(ValueError, match="stays in the count"):
        sent(voided=True)


def test_an_exclusion_never_reaches_back() -> None:
    decided_after = replace(EXCLUSION, decided_on=date(2026, 11, 22))
    row = sent(exclusion=decided_after, persons=Hold.MISSING)
    assert reasons.outgoing_signed(row, production=True) is Reason.MISSING_PERSON
    on_the_day = sent(
        exclusion=replace(EXCLUSION, decided_on=date(2026, 11, 21)), agency=Hold.FAILED
    )
    assert reasons.outgoing_signed(on_the_day, production=True) is Reason.FAILED
    from_the_day_after = sent(exclusion=replace(EXCLUSION, decided_on=date(2026, 11, 20)))
    assert reasons.outgoing_signed(from_the_day_after, production=True) is Reason.EXEMPT
    paper = received(exclusion=decided_after)
    assert (
        reasons.incoming_processed(paper, AS_OF, paper_digitised=True, production=True)
        is Reason.PROCESSED
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, Reason.PROCESSED),
        ({"completed_at": AS_OF}, Reason.PROCESSED),
        ({"completed_at": None}, Reason.OVERDUE),
        ({"completed_at": None, "due_at": None}, Reason.OPEN),
        ({"completed_at": None, "due_at": AS_OF}, Reason.OPEN),
        ({"completed_at": AS_OF + timedelta(seconds=1)}, Reason.OVERDUE),
        ({"transferred": False}, Reason.NOT_TRANSFERRED),
        ({"paper": True}, Reason.NOT_DIGITISED),
        ({"paper": True, "digitised": True}, Reason.PROCESSED),
        ({"paper": True, "digitised": True, "development": True}, Reason.NOT_DIGITISED),
        ({"development": True}, Reason.PROCESSED),
        ({"recalled_before_processing": True}, Reason.RECALLED),
        ({"duplicate_of": "0"}, Reason.DUPLICATE),
        ({"secret": True}, Reason.CLASSIFIED),
        ({"exclusion": EXCLUSION}, Reason.EXEMPT),
    ],
)
def test_reasons_of_processed_incoming_documents(changes: dict[str, Any], reason: Reason) -> None:
    row = received(**changes)
    assert incoming_processed(row) is reason


def test_paper_counts_undigitised_when_the_definition_says_so() -> None:
    row = received(paper=True)
    assert (
        reasons.incoming_processed(row, AS_OF, paper_digitised=False, production=True)
        is Reason.PROCESSED
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, Reason.SIGNED),
        ({"paper": True}, Reason.ON_PAPER),
        ({"agency": Hold.MISSING}, Reason.MISSING_AGENCY),
        ({"persons": Hold.FAILED}, Reason.FAILED),
        ({"duplicate_of": "0"}, Reason.DUPLICATE),
    ],
)
def test_reasons_of_signed_incoming_documents(changes: dict[str, Any], reason: Reason) -> None:
    assert reasons.incoming_signed(received(**changes), production=True) is reason


def test_every_reason_has_words() -> None:
    assert all(reason.label for reason in Reason)
    assert Reason.MISSING_AGENCY.label == "thiếu chữ ký số (cơ quan)"


# Fractions.


def fraction(counted: int, of: int) -> Fraction:
    return Fraction(Reason.SIGNED, of, {Reason.SIGNED: counted, Reason.FAILED: of - counted})


@pytest.mark.parametrize(
    ("counted", "of", "points", "text", "achieved"),
    [
        (19_999, 20_000, 9_999, "99,99%", False),
        (999_999, 1_000_000, 9_999, "99,99%", False),
        (1, 1, 10_000, "100,00%", True),
        (20_000, 20_000, 10_000, "100,00%", True),
        (2, 3, 6_666, "66,66%", False),
        (0, 7, 0, "0,00%", False),
        (0, 0, None, "N/A", False),
    ],
)
def test_shares_are_exact_and_truncated(
    counted: int, of: int, points: int | None, text: str, achieved: bool
) -> None:
    share = fraction(counted, of)
    assert (share.numerator, share.denominator) == (counted, of)
    assert (share.basis_points, share.text, share.achieved) == (points, text, achieved)


@given(st.integers(0, 10**12), st.integers(1, 10**12))
def test_100_percent_is_shown_only_when_it_is_reached(counted: int, of: int) -> None:
    share = fraction(min(counted, of), of)
    assert share.basis_points is not None
    assert 0 <= share.basis_points <= 10_000
    assert (share.basis_points == 10_000) == share.achieved


def test_excluded_rows_are_outside_the_denominator_but_shown() -> None:
    share = Fraction(Reason.SIGNED, 5, {Reason.SIGNED: 2, Reason.VOID: 1, Reason.EXEMPT: 2})
    assert (share.numerator, share.denominator, share.excluded) == (2, 2, 3)
    assert share.achieved


def test_parts_that_do_not_add_up_are_a_fault() -> None:
    with pytest.raises(ValueError, match="add up"):
        Fraction(Reason.SIGNED, 3, {Reason.SIGNED: 2})
    with pytest.raises(ValueError, match="add up"):
        Fraction(Reason.SIGNED, 1, {Reason.SIGNED: 2, Reason.FAILED: -1})


# Periods.


@pytest.mark.parametrize(
    ("text", "first_on", "last_on"),
    [
        ("2026-11", date(2026, 11, 1), date(2026, 11, 30)),
        ("2026-12", date(2026, 12, 1), date(2026, 12, 31)),
        ("2028-02", date(2028, 2, 1), date(2028, 2, 29)),
        ("2026-Q1", date(2026, 1, 1), date(2026, 3, 31)),
        ("2026-Q4", date(2026, 10, 1), date(2026, 12, 31)),
        ("2026", date(2026, 1, 1), date(2026, 12, 31)),
    ],
)
def test_periods(text: str, first_on: date, last_on: date) -> None:
    assert indicator.parse_period(text) == Period(text, first_on, last_on)
    assert first_on in indicator.parse_period(text)
    assert last_on in indicator.parse_period(text)
    assert last_on + timedelta(days=1) not in indicator.parse_period(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "26", "2026-13", "2026-00", "2026-1", "2026-Q5", "2026-q1", "٢٠٢٦", "2026-11\n"),
        *("9999", "9999-12", "3000", "0001"),
    ],
)
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        indicator.parse_period(text)


# The whole.


def compute(
    outgoing: list[OutgoingRow],
    incoming: list[IncomingRow],
    issuers: tuple[str, ...] = ("ubnd",),
    *,
    production: bool = True,
) -> tuple[Indicator, ...]:
    rows = [(row, 1) for row in (*outgoing, *incoming)]
    return indicator.compute(
        DEFINITION, NOVEMBER, issuers, rows, as_of=AS_OF, production=production
    )


def test_100_percent() -> None:
    (result,) = compute([SENT, sent(document_id="2")], [RECEIVED])
    assert result.achieved
    assert result.outgoing_signed.text == "100,00%"
    assert result.definition_version == DEFINITION.version
    assert result.completed_on_time == 1


def test_nothing_is_not_100_percent() -> None:
    (result,) = compute([], [])
    assert result.outgoing_signed.text == "N/A"
    assert not result.achieved
    (only_sent,) = compute([SENT], [])
    assert only_sent.outgoing_signed.achieved
    assert not only_sent.achieved


def test_what_others_sign_has_no_say() -> None:
    (result,) = compute([SENT], [received(persons=Hold.MISSING, agency=Hold.MISSING)])
    assert result.incoming_signed.numerator == 0
    assert result.achieved


def test_completed_late_counts_and_is_shown() -> None:
    late = received(due_at=datetime(2026, 11, 22, tzinfo=UTC))
    on_the_second = received(due_at=RECEIVED.completed_at)
    without_limit = received(due_at=None)
    (result,) = compute([SENT], [late, on_the_second, without_limit])
    assert result.incoming_processed.achieved
    assert result.completed_on_time == 2


def test_development_signatures_never_reach_100_percent_in_production() -> None:
    rows = [sent(development=True)]
    assert compute(rows, [RECEIVED], production=False)[0].achieved
    assert not compute(rows, [RECEIVED], production=True)[0].achieved


def test_outgoing_documents_count_on_their_day_of_issue() -> None:
    rows = [
        sent(registered_on=date(2026, 10, 30), issued_on=date(2026, 11, 2)),
        sent(registered_on=date(2026, 11, 30), issued_on=date(2026, 12, 1)),
        sent(registered_on=date(2026, 11, 30), issued_on=None),
        sent(registered_on=date(2026, 10, 31), issued_on=None),
    ]
    (result,) = compute(rows, [])
    assert result.outgoing_signed.reasons == {Reason.SIGNED: 1, Reason.NOT_ISSUED: 1}
    assert result.outgoing_signed.denominator == 1


def test_issuers_are_counted_apart_and_only_those_named() -> None:
    rows = [SENT, sent(issuer_id="hdnd", agency=Hold.MISSING), sent(issuer_id="khac")]
    hdnd, ubnd = compute(rows, [RECEIVED], ("hdnd", "ubnd"))
    assert (hdnd.issuer_id, hdnd.outgoing_signed.text) == ("hdnd", "0,00%")
    assert (ubnd.issuer_id, ubnd.outgoing_signed.text) == ("ubnd", "100,00%")
    assert ubnd.outgoing_signed.rows == 1


@given(st.lists(outgoing_rows), st.lists(incoming_rows), st.booleans())
def test_the_partition_adds_up(
    outgoing: list[OutgoingRow], incoming: list[IncomingRow], production: bool
) -> None:
    results = compute(outgoing, incoming, ("ubnd", "hdnd"), production=production)
    for result in results:
        sent_rows = [
            row
            for row in outgoing
            if row.issuer_id == result.issuer_id and row.counted_on in NOVEMBER
        ]
        received_rows = [
            row
            for row in incoming
            if row.issuer_id == result.issuer_id and row.arrived_on in NOVEMBER
        ]
        for share, rows in (
            (result.outgoing_processed, len(sent_rows)),
            (result.outgoing_signed, len(sent_rows)),
            (result.incoming_processed, len(received_rows)),
            (result.incoming_signed, len(received_rows)),
        ):
            assert sum(share.reasons.values()) == share.rows == rows
            assert 0 <= share.numerator <= share.denominator <= rows
            assert share.denominator + share.excluded == rows
        # Both fractions of one register leave out the same rows.
        assert result.outgoing_processed.denominator == result.outgoing_signed.denominator
        assert result.incoming_processed.denominator == result.incoming_signed.denominator
        assert result.completed_on_time <= result.incoming_processed.numerator


@given(outgoing_rows)
def test_only_both_valid_signatures_count(row: OutgoingRow) -> None:
    if reasons.outgoing_signed(row, production=True) is Reason.SIGNED:
        assert row.issued_on is not None
        assert row.persons is Hold.VALID
        assert row.attachments is Hold.VALID
        assert not row.development
        assert row.agency is Hold.VALID or (row.agency is Hold.MISSING and not row.agency_required)


# Definitions.

ONE = (
    '[[definition]]\nversion = 1\ntitle = "x"\nvalid_from = 2026-01-01\nlegal_basis = "x"\n'
    'outgoing_steps = ["issued"]\npaper_digitised = false\n'
)
TWO = ONE.replace("version = 1", "version = 2").replace("2026-01-01", "2026-07-01")


def test_the_definition_of_a_period_is_the_one_in_force_when_it_began() -> None:
    definitions = indicator.parse(ONE + TWO)

    def version(text: str) -> int:
        return indicator.definition_for(definitions, indicator.parse_period(text)).version

    assert (version("2026-06"), version("2026-07"), version("2026")) == (1, 2, 1)
    with pytest.raises(Invalid):
        version("2025")


@pytest.mark.parametrize(
    "text",
    [
        TWO + ONE,
        ONE + TWO.replace("2026-07-01", "2026-01-01"),
        ONE + TWO.replace("version = 2", "version = 1"),
        ONE.replace("issued", "sung"),
        ONE + "more = 1\n",
    ],
)
def test_a_wrong_definition_is_refused(text: str) -> None:
    with pytest.raises(InvalidDefinition):
        indicator.parse(text)
