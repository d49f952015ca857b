"""Rows of the registers as the indicator sees them, of every kind."""

from datetime import UTC, date, datetime

from hypothesis import strategies as st

from workflow.rules.reasons import Exclusion, Hold, IncomingRow, OutgoingRow, Step

ALL_STEPS = frozenset(Step)
SENT = OutgoingRow(
    document_id="1",
    issuer_id="ubnd",
    registered_on=date(2026, 11, 20),
    issued_on=date(2026, 11, 21),
    voided=False,
    secret=False,
    persons=Hold.VALID,
    agency=Hold.VALID,
    attachments=Hold.VALID,
    agency_required=True,
    development=False,
    steps=ALL_STEPS,
)
RECEIVED = IncomingRow(
    document_id="1",
    issuer_id="ubnd",
    arrived_on=date(2026, 11, 20),
    secret=False,
    paper=False,
    digitised=False,
    recalled_before_processing=False,
    duplicate_of=None,
    transferred=True,
    due_at=datetime(2026, 11, 25, tzinfo=UTC),
    completed_at=datetime(2026, 11, 24, tzinfo=UTC),
    persons=Hold.VALID,
    agency=Hold.VALID,
    development=False,
)

days = st.dates(date(2026, 10, 25), date(2026, 12, 5))
moments = st.datetimes(datetime(2026, 10, 25), datetime(2026, 12, 5), timezones=st.just(UTC))  # noqa: DTZ001
holds = st.sampled_from(Hold)
issuers = st.sampled_from(["ubnd", "hdnd"])
exclusions = st.none() | st.builds(Exclusion, st.just("x"), st.just("y"), days)
outgoing_rows = st.builds(
    OutgoingRow,
    st.just("1"),
    issuers,
    days,
    st.none() | days,
    st.just(False),
    st.booleans(),
    holds,
    holds,
    holds,
    st.booleans(),
    st.booleans(),
    st.frozensets(st.sampled_from(Step)),
    exclusions,
)
incoming_rows = st.builds(
    IncomingRow,
    document_id=st.just("1"),
    issuer_id=issuers,
    arrived_on=days,
    secret=st.booleans(),
    paper=st.booleans(),
    digitised=st.booleans(),
    recalled_before_processing=st.booleans(),
    duplicate_of=st.none() | st.just("0"),
    transferred=st.booleans(),
    due_at=st.none() | moments,
    completed_at=st.none() | moments,
    persons=holds,
    agency=holds,
    development=st.booleans(),
    exclusion=exclusions,
)
