"""Working days and the limits of the law (ND 30/2020; QĐ 28/2018/QĐ-TTg)."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workflow.rules.law import law_text
from workflow.rules import deadlines
from workflow.rules.deadlines import (
    VIETNAM,
    Calendar,
    DeadlineRule,
    Kind,
    Urgency,
    due_at,
    end_of_day,
)
from workflow.rules.errors import InvalidDefinition, UnknownYear

RULES = deadlines.parse(law_text("deadlines"))

# Tết 2026: 16–20/02, with Saturday 28/02 worked for Monday 02/03; the rest as in the Labour Code.
CALENDAR = Calendar(
    known_years=frozenset({2026}),
    holidays=frozenset(
        {date(2026, 1, 1), *(date(2026, 2, day) for day in range(16, 21)), date(2026, 3, 2)}
    ),
    working_days=frozenset({date(2026, 2, 28)}),
)


def local(
    year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0
) -> datetime:
    return datetime(year, month, day, hour, minute, second, tzinfo=VIETNAM)


def due(
    code: str, start: datetime, urgency: Urgency = Urgency.NORMAL, days: int | None = None
) -> datetime | None:
    return due_at(code, start, urgency, CALENDAR, RULES, days)


@pytest.mark.parametrize(
    ("on", "worked"),
    [
        (date(2026, 11, 20), True),  # Friday
        (date(2026, 11, 21), False),  # Saturday
        (date(2026, 11, 22), False),  # Sunday
        (date(2026, 2, 16), False),  # Tết
        (date(2026, 2, 28), True),  # compensatory Saturday
        (date(2026, 3, 2), False),  # the bridge day it pays for
    ],
)
def test_working_days(on: date, worked: bool) -> None:
    assert CALENDAR.is_working_day(on) is worked


def test_the_next_working_day_jumps_over_weekends_and_tet() -> None:
    assert CALENDAR.next_working_day(date(2026, 11, 20)) == date(2026, 11, 23)
    assert CALENDAR.next_working_day(date(2026, 2, 13)) == date(2026, 2, 23)
    assert CALENDAR.next_working_day(date(2026, 2, 27)) == date(2026, 2, 28)
    assert CALENDAR.next_working_day(date(2026, 2, 28)) == date(2026, 3, 3)


def test_adding_working_days() -> None:
    assert CALENDAR.add_working_days(date(2026, 11, 20), 0) == date(2026, 11, 20)
    assert CALENDAR.add_working_days(date(2026, 11, 20), 5) == date(2026, 11, 27)
    with pytest.raises(ValueError, match="forward"):
        CALENDAR.add_working_days(date(2026, 11, 20), -1)


def test_an_undeclared_year_is_refused_not_guessed() -> None:
    with pytest.raises(UnknownYear, match="2027"):
        CALENDAR.next_working_day(date(2026, 12, 31))
    with pytest.raises(UnknownYear):
        due("OUT_ISSUE", local(2026, 12, 31, 10))


@given(st.dates(date(2026, 1, 1), date(2026, 11, 30)), st.integers(0, 15))
def test_working_days_count_working_days(on: date, days: int) -> None:
    end = CALENDAR.add_working_days(on, days)
    between = [on + timedelta(days=n) for n in range(1, (end - on).days + 1)]
    assert sum(CALENDAR.is_working_day(day) for day in between) == days


def test_vietnam_has_the_offset_of_the_time_zone_database() -> None:
    zone = ZoneInfo("Asia/Ho_Chi_Minh")
    for month in range(1, 13):
        moment = datetime(2026, month, 1, tzinfo=UTC)
        assert moment.astimezone(zone).utcoffset() == moment.astimezone(VIETNAM).utcoffset()


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("OUT_NUMBER_PAPER", end_of_day(date(2026, 11, 23))),
        ("OUT_ISSUE", end_of_day(date(2026, 11, 23))),
        ("OUT_SEND_EDOC", local(2026, 11, 23, 12)),  # the next working morning
        ("IN_ACK", end_of_day(date(2026, 11, 20))),
        ("IN_REGISTER", end_of_day(date(2026, 11, 23))),
        ("IN_SUBMIT", end_of_day(date(2026, 11, 23))),
        ("FILE_HANDOVER_NOTICE", end_of_day(date(2026, 12, 20))),
        ("FILE_HANDOVER", end_of_day(date(2027, 11, 20))),
        ("FILE_HANDOVER_CONSTRUCTION", end_of_day(date(2027, 2, 20))),
        ("FILE_KEEP_BACK", end_of_day(date(2028, 11, 20))),
    ],
)
def test_limits_from_a_friday_afternoon(code: str, expected: datetime) -> None:
    assert due(code, local(2026, 11, 20, 16)) == expected


def test_limits_are_given_in_utc() -> None:
    answer = due("IN_ACK", local(2026, 11, 20, 16))
    assert answer is not None
    assert answer.tzinfo is UTC


def test_a_day_ends_when_the_next_one_begins() -> None:
    midnight = local(2026, 11, 21, 0)
    assert midnight - timedelta(microseconds=1) <= end_of_day(date(2026, 11, 20)) < midnight


def test_the_day_is_the_day_in_vietnam() -> None:
    # 18:00 UTC on Thursday is Friday 01:00 in Vietnam.
    assert due("IN_ACK", datetime(2026, 11, 19, 18, tzinfo=UTC)) == end_of_day(date(2026, 11, 20))


def test_received_on_a_saturday_is_due_on_monday() -> None:
    assert due("IN_REGISTER", local(2026, 11, 21, 9)) == end_of_day(date(2026, 11, 23))


@pytest.mark.parametrize("urgency", [Urgency.URGENT, Urgency.VERY_URGENT, Urgency.FLASH])
@pytest.mark.parametrize("code", ["OUT_ISSUE", "OUT_SEND_EDOC", "IN_REGISTER", "IN_SUBMIT"])
def test_urgent_documents_are_due_at_once(code: str, urgency: Urgency) -> None:
    # ND 30/2020 Art. 4.2.c, 18.1, 23.1; the number of minutes is ours.
    start = local(2026, 11, 20, 23, 50)
    assert due(code, start, urgency) == start + timedelta(minutes=30)


def test_an_urgent_document_without_an_urgent_rule_takes_the_ordinary_one() -> None:
    start = local(2026, 11, 20, 16)
    assert due("IN_ACK", start, Urgency.FLASH) == due("IN_ACK", start)


def test_the_decree_gives_no_days_for_resolving() -> None:
    start = local(2026, 11, 20, 16)
    assert due("IN_RESOLVE", start) is None
    assert due("IN_RESOLVE", start, days=5) == end_of_day(date(2026, 11, 27))
    assert due("IN_RESOLVE", start, Urgency.URGENT, days=5) == start + timedelta(hours=8)


def test_months_end_where_the_month_ends() -> None:
    assert due("FILE_HANDOVER_CONSTRUCTION", local(2026, 11, 30, 8)) == end_of_day(
        date(2027, 2, 28)
    )


def test_an_unknown_code_is_a_wrong_definition() -> None:
    with pytest.raises(InvalidDefinition, match="NO_SUCH"):
        due("NO_SUCH", local(2026, 11, 20, 16))


def test_a_naive_start_is_a_fault() -> None:
    with pytest.raises(ValueError, match="offset"):
        due("IN_ACK", datetime(2026, 11, 20, 16))  # noqa: DTZ001  a naive time is the point


def test_rules_are_chosen_by_the_day_of_the_start() -> None:
    def rule(amount: int, valid_from: date, valid_to: date | None) -> DeadlineRule:
        return DeadlineRule(
            "X", "X", False, Kind.CALENDAR_DAYS, amount, valid_from, valid_to, "NĐ 30/2020/NĐ-CP"
        )

    rules = [
        rule(1, date(2026, 1, 1), date(2026, 6, 30)),
        rule(2, date(2026, 7, 1), None),
    ]

    def days(start: datetime) -> int | None:
        end = due_at("X", start, Urgency.NORMAL, CALENDAR, rules)
        return None if end is None else (deadlines.local_date(end) - start.date()).days

    assert days(local(2025, 12, 31)) is None
    assert days(local(2026, 6, 30, 23, 59)) == 1
    assert days(local(2026, 7, 1)) == 2


def rule_text(**changes: str) -> str:
    keys = {
        "code": '"X"',
        "name": '"X"',
        "urgent": "false",
        "kind": '"calendar_days"',
        "amount": "1",
        "valid_from": "2026-01-01",
        "legal_basis": '"NĐ"',
        **changes,
    }
    lines = [f"{key} = {value}" for key, value in keys.items() if value]
    return "\n".join(["[[deadline]]", *lines, ""])


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("not toml", "deadlines"),
        (rule_text(kind='"fortnight"'), "deadlines.deadline[1].kind"),
        (rule_text(amount=""), "deadlines.deadline[1].amount"),
        (rule_text(amount="-1"), "deadlines.deadline[1].amount"),
        (rule_text(amount="true"), "deadlines.deadline[1].amount"),
        (rule_text(kind='"end_of_same_day"'), "deadlines.deadline[1].amount"),
        (rule_text(valid_to="2025-01-01"), "deadlines.deadline[1].valid_to"),
        (rule_text(valid_from="2026-01-01T00:00:00"), "deadlines.deadline[1].valid_from"),
        (rule_text(urgent='"no"'), "deadlines.deadline[1].urgent"),
        (rule_text(code='""'), "deadlines.deadline[1].code"),
        (rule_text(name=""), "deadlines.deadline[1].name"),
        (rule_text(colour='"red"'), "deadlines.deadline[1]"),
        (rule_text() + rule_text(valid_from="2027-01-01"), "deadlines.deadline[2]"),
        ("deadline = 1", "deadlines.deadline"),
        ("x = 1\n" + rule_text(), "deadlines"),
    ],
)
def test_a_wrong_file_names_its_place(text: str, place: str) -> None:
    with pytest.raises(InvalidDefinition) as refused:
        deadlines.parse(text)
    assert refused.value.place == place


def test_rules_that_follow_each_other_are_accepted() -> None:
    text = rule_text(valid_to="2026-12-31") + rule_text(valid_from="2027-01-01")
    assert len(deadlines.parse(text)) == 2
    with pytest.raises(InvalidDefinition, match="cùng một thời gian"):
        deadlines.parse(text.replace("2027-01-01", "2026-12-31"))


def test_a_rule_may_hold_for_one_day() -> None:
    assert len(deadlines.parse(rule_text(valid_to="2026-01-01"))) == 1


def test_urgency_labels() -> None:
    assert [urgency.label for urgency in Urgency] == ["", "Khẩn", "Thượng khẩn", "Hỏa tốc"]


def test_zero_is_an_amount() -> None:
    assert deadlines.parse(rule_text(amount="0"))[0].amount == 0
