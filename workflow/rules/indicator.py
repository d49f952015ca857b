"""The indicator "100% văn bản đến, văn bản đi được xử lý, ký số trên môi trường mạng".

No national formula was found, so the definition is our own, versioned data (`indicator.toml`):
four exact fractions per issuer, never pooled. Each row of a register falls into exactly one
reason per fraction (`reasons`), so that the parts add up to the register.

A row belongs to the period of the day its document was issued or, until then, of its own date;
an incoming one to the day it arrived. Copies are no outgoing documents and are not rows. What was
issued outside the System never enters: completeness is reconciled elsewhere, and stated.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import pairwise
from types import MappingProxyType

from workflow.rules import lawfile, reasons
from workflow.rules.errors import Invalid, InvalidDefinition
from workflow.rules.reasons import EXCLUDED, PARTITION, IncomingRow, OutgoingRow, Reason, Step


@dataclass(frozen=True)
class Definition:
    """One version of what counts. `outgoing_steps` must all have happened on the System;
    `paper_digitised` asks paper for its sealed copy (ours: Art. 22.3.b asks it where needed)."""

    version: int
    title: str
    valid_from: date
    legal_basis: str
    outgoing_steps: frozenset[Step]
    paper_digitised: bool


def parse(text: str) -> tuple[Definition, ...]:
    """Read `indicator.toml`, oldest first. Raises InvalidDefinition with the place."""
    root = lawfile.read("indicator", text)
    definitions = []
    for table in root.tables("definition"):
        try:
            steps = frozenset(Step(name) for name in table.texts("outgoing_steps"))
        except ValueError as error:
            raise InvalidDefinition(f"{table.place}.outgoing_steps", str(error)) from None
        definitions.append(
            Definition(
                table.number("version"),
                table.text("title"),
                table.day("valid_from"),
                table.text("legal_basis"),
                steps,
                table.flag("paper_digitised"),
            )
        )
        table.close()
    root.close()
    order = [(definition.version, definition.valid_from) for definition in definitions]
    if any(not (a[0] < b[0] and a[1] < b[1]) for a, b in pairwise(order)):
        raise InvalidDefinition("indicator.definition", "phải xếp theo version và valid_from")
    return tuple(definitions)


@dataclass(frozen=True)
class Period:
    """A month, a quarter or a year of the local calendar, both days included."""

    label: str
    first_on: date
    last_on: date

    def __contains__(self, on: date) -> bool:
        return self.first_on <= on <= self.last_on


_PERIOD = re.compile(r"(?P<year>[12][0-9]{3})(?:-Q(?P<quarter>[1-4])|-(?P<month>0[1-9]|1[0-2]))?")


def parse_period(text: str) -> Period:
    """Read `2026-11`, `2026-Q4` or `2026`. Raises Invalid."""
    found = _PERIOD.fullmatch(text)
    if found is None:
        how = "Hãy viết 2026-11 (tháng), 2026-Q4 (quý) hoặc 2026 (năm)."
        raise Invalid([("/period", f"“{text}” không phải kỳ báo cáo. {how}")])
    year = int(found["year"])
    if found["month"]:
        first = last = int(found["month"])
    elif found["quarter"]:
        last = 3 * int(found["quarter"])
        first = last - 2
    else:
        first, last = 1, 12
    return Period(text, date(year, first, 1), date(year, last, monthrange(year, last)[1]))


def definition_for(definitions: Sequence[Definition], period: Period) -> Definition:
    """Return the version in force when the period began. Raises Invalid when there is none."""
    in_force = [one for one in definitions if one.valid_from <= period.first_on]
    if not in_force:
        raise Invalid([("/period", f"Chưa có định nghĩa chỉ số cho kỳ {period.label}.")])
    return in_force[-1]


@dataclass(frozen=True)
class Fraction:
    """One exact fraction, and the reason of every row of the register behind it.

    `counting` is the reason that counts. Raises ValueError when the parts do not add up to
    `rows`, the number of rows of the register, counted apart.
    """

    counting: Reason
    rows: int
    reasons: Mapping[Reason, int] = field(hash=False)

    def __post_init__(self) -> None:
        if sum(self.reasons.values()) != self.rows or min(self.reasons.values(), default=0) < 0:
            raise ValueError("the reasons do not add up to the register")
        object.__setattr__(self, "reasons", MappingProxyType(dict(self.reasons)))

    @property
    def numerator(self) -> int:
        return self.reasons.get(self.counting, 0)

    @property
    def denominator(self) -> int:
        return self.rows - self.excluded

    @property
    def excluded(self) -> int:
        """How many rows do not count at all; printed, so that nobody hides behind them."""
        return sum(count for reason, count in self.reasons.items() if reason in EXCLUDED)

    @property
    def basis_points(self) -> int | None:
        """Hundredths of a per cent, truncated and never rounded up; None for 0/0."""
        return self.numerator * 10_000 // self.denominator if self.denominator else None

    @property
    def text(self) -> str:
        """The share as printed in Vietnam: `99,99%`; `N/A` for 0/0."""
        points = self.basis_points
        return "N/A" if points is None else f"{points // 100},{points % 100:02d}%"

    @property
    def achieved(self) -> bool:
        """Whether all of something counts: by integers, and nothing of nothing is no success."""
        return self.numerator == self.denominator > 0


@dataclass(frozen=True)
class Indicator:
    """What one issuer reached in one period, as seen at `as_of`.

    `completed_on_time` is shown beside and is no part of a fraction.
    """

    issuer_id: str
    period: Period
    definition_version: int
    as_of: datetime
    outgoing_processed: Fraction
    outgoing_signed: Fraction
    incoming_processed: Fraction
    incoming_signed: Fraction
    completed_on_time: int

    @property
    def fractions(self) -> Mapping[str, Fraction]:
        """The four, by their names."""
        return {name: getattr(self, name) for name in PARTITION}

    def counts(self) -> dict[str, object]:
        """The four with the reason of every row behind them, as canonical JSON takes them."""
        return {
            name: {
                "counting": fraction.counting.value,
                "reasons": {reason.value: count for reason, count in fraction.reasons.items()},
                "rows": fraction.rows,
            }
            for name, fraction in self.fractions.items()
        }

    @property
    def achieved(self) -> bool:
        """Whether the 100 % is reached; what others signed and sent us has no say in it."""
        fractions = (self.outgoing_processed, self.outgoing_signed, self.incoming_processed)
        return all(fraction.achieved for fraction in fractions)


Row = OutgoingRow | IncomingRow


def compute(
    definition: Definition,
    period: Period,
    issuers: Sequence[str],
    rows: Iterable[tuple[Row, int]],
    *,
    as_of: datetime,
    production: bool,
) -> tuple[Indicator, ...]:
    """Return one indicator per named issuer, in their order; rows of others are left alone.

    `rows` come with how many they stand for (see `cells`). `production` makes development
    signatures worthless. Memory does not grow with the rows.
    """
    counts = {issuer: Count(definition, as_of, production) for issuer in issuers}
    for row, many in rows:
        if row.issuer_id in counts and row.counted_on in period:
            counts[row.issuer_id].add(row, many)
    return tuple(count.indicator(issuer, period) for issuer, count in counts.items())


class Count:
    """What is being added up for one issuer, or for whatever else is counted apart."""

    def __init__(self, definition: Definition, as_of: datetime, production: bool) -> None:
        self._definition, self._as_of, self._production = definition, as_of, production
        self._sent = self._received = self._on_time = 0
        self._outgoing_processed: Counter[Reason] = Counter()
        self._outgoing_signed: Counter[Reason] = Counter()
        self._incoming_processed: Counter[Reason] = Counter()
        self._incoming_signed: Counter[Reason] = Counter()

    def add(self, row: Row, many: int) -> None:
        """Count `many` rows like this one."""
        processed, signed = self.reasons(row)
        if isinstance(row, OutgoingRow):
            self._sent += many
            self._outgoing_processed[processed] += many
            self._outgoing_signed[signed] += many
        else:
            self._received += many
            self._incoming_processed[processed] += many
            self._incoming_signed[signed] += many
            if processed is Reason.PROCESSED and row.on_time:
                self._on_time += many

    def reasons(self, row: Row) -> tuple[Reason, Reason]:
        """Why a row counts as processed and as signed, or why it does not."""
        if isinstance(row, OutgoingRow):
            return (
                reasons.outgoing_processed(row, self._definition.outgoing_steps),
                reasons.outgoing_signed(row, production=self._production),
            )
        return (
            reasons.incoming_processed(
                row,
                self._as_of,
                paper_digitised=self._definition.paper_digitised,
                production=self._production,
            ),
            reasons.incoming_signed(row, production=self._production),
        )

    def indicator(self, issuer: str, period: Period) -> Indicator:
        """What was added up."""
        return Indicator(
            issuer,
            period,
            self._definition.version,
            self._as_of,
            Fraction(Reason.PROCESSED, self._sent, self._outgoing_processed),
            Fraction(Reason.SIGNED, self._sent, self._outgoing_signed),
            Fraction(Reason.PROCESSED, self._received, self._incoming_processed),
            Fraction(Reason.SIGNED, self._received, self._incoming_signed),
            self._on_time,
        )
