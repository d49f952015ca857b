"""What is claimed at the checkpoint: the fractions, and what the facts behind them rest on."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import aliased

from workflow.evidence.names import Names, Piece
from workflow.evidence.plans import Plan
from workflow.office import VIETNAM, Office, Reading
from workflow.records import RegisterFact, Report
from workflow.rules import indicator
from workflow.rules.cells import row_of

_FACTS_AT_ONCE, _REPORTS_AT_ONCE = 1000, 100
_INSTANT = timedelta(microseconds=1)
_REGISTERS = ("incoming", "outgoing")
#: An `EvidencePiece` in a report's canonical JSON; inside a text its quotes would be escaped.
_PIECE = re.compile(
    rb'\{"kind":"(?:certificate|crl|ocsp|timestamp)","sha256":"([0-9a-f]{64})",'
    rb'"size_bytes":([0-9]{1,9})\}'
)


def claimed(
    office: Office, plan: Plan, organisation_id: uuid.UUID, issuers: Sequence[str]
) -> Sequence[dict[str, object]]:
    """The fractions of each issuer of a seat, from the facts under the checkpoint."""
    found = indicator.compute(
        plan.definition,
        plan.period,
        issuers,
        _rows(office, plan, organisation_id),
        as_of=plan.as_of,
        production=not office.settings.development,
    )
    return [
        {
            "issuer_id": one.issuer_id,
            "fractions": one.counts(),
            "completed_on_time": one.completed_on_time,
        }
        for one in found
    ]


def _rows(
    office: Office, plan: Plan, organisation_id: uuid.UUID
) -> Iterator[tuple[indicator.Row, int]]:
    fact, overdue, running = RegisterFact, plan.as_of - _INSTANT, plan.as_of
    # All that matters of a due time is whether it had passed.
    progress = case((fact.due_at.is_(None), None), (fact.due_at < plan.as_of, True), else_=False)
    apart = (fact.register, fact.issuer_id, fact.cell, progress)
    for month in _months(plan):
        with office.reading(None) as reading:
            alike = reading.session.execute(
                select(*apart, func.count())
                .where(*_newest(plan, organisation_id, month))
                .group_by(*apart)
            ).all()
        for register, issuer_id, cell, late, many in alike:
            due_at = None if late is None else overdue if late else running
            on = plan.period.first_on.replace(month=month % 100)
            yield row_of(register, cell, issuer_id, on, due_at), many


def rested_on(office: Office, plan: Plan, organisation_id: uuid.UUID, names: Names) -> datetime:
    """Put into `names` what the newest facts of the period rest on: files, and pieces of evidence.

    Returns when the oldest of their reports was made, or the checkpoint's time.
    """
    oldest = plan.as_of
    for facts in _facts(office, plan, organisation_id):
        reports: list[uuid.UUID] = []
        for document_id, content in facts:
            files = json.loads(content)["files"]
            names.want_files(organisation_id, str(document_id), [one["sha256"] for one in files])
            reports += [uuid.UUID(one["report"]) for one in files if one["report"]]
        for start in range(0, len(reports), _REPORTS_AT_ONCE):
            with office.reading(None) as reading:
                found = _reports(reading, reports[start : start + _REPORTS_AT_ONCE])
            for content, checked_at in found:
                oldest = min(oldest, checked_at)
                names.want_pieces(
                    Piece(organisation_id, sha256.decode(), int(size))
                    for sha256, size in _PIECE.findall(content)
                )
    return oldest


def _facts(
    office: Office, plan: Plan, organisation_id: uuid.UUID
) -> Iterator[Sequence[tuple[uuid.UUID, bytes]]]:
    """The documents and statements of the newest facts of the period, some at a time."""
    fact = RegisterFact
    for month in _months(plan):
        for register in _REGISTERS:
            after = uuid.UUID(int=0)
            while True:
                with office.reading(None) as reading:
                    found = reading.session.execute(
                        select(fact.document_id, fact.content)
                        .where(
                            *_newest(plan, organisation_id, month),
                            fact.register == register,
                            fact.document_id > after,
                        )
                        .order_by(fact.document_id)
                        .limit(_FACTS_AT_ONCE)
                    ).all()
                if not found:
                    break
                yield [(document_id, content) for document_id, content in found]
                after = found[-1][0]


def _reports(reading: Reading, ids: Sequence[uuid.UUID]) -> Sequence[tuple[bytes, datetime]]:
    found = reading.session.execute(
        select(Report.content, Report.checked_at).where(Report.id.in_(ids))
    )
    return [(content, checked_at) for content, checked_at in found]


def _months(plan: Plan) -> range:
    first, last = plan.period.first_on, plan.period.last_on
    return range(first.year * 100 + first.month, last.year * 100 + last.month + 1)


def _newest(plan: Plan, organisation_id: uuid.UUID, month: int) -> list[ColumnElement[bool]]:
    """Of a month, what under the checkpoint is said last of each document."""
    head, later = plan.head(organisation_id), aliased(RegisterFact)
    follows = select(later.id).where(
        later.document_id == RegisterFact.document_id,
        later.ordinal == RegisterFact.ordinal + 1,
        later.sequence <= head,
    )
    return [
        RegisterFact.organisation_id == organisation_id,
        RegisterFact.month == month,
        RegisterFact.sequence <= head,
        ~follows.exists(),
    ]


def cutoff(plan: Plan, oldest: datetime) -> datetime:
    """From when on rows are put in: two years reach back far enough for all but old reports."""
    start = datetime(plan.period.first_on.year - 1, 1, 1, tzinfo=VIETNAM).astimezone(UTC)
    return min(start, oldest)
