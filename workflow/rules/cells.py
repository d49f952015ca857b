"""What decides the reason of a register's row, in a few letters: alike rows are counted together.

A cell holds every fact that the reasons are told from and nothing else: rows with the same cell
(and, while they are open, the same due time) have the same reasons under every definition, in
development and in production, whenever they are asked. So the indicator of millions of documents
is computed from some thousand cells by the very functions that judge one row.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from functools import lru_cache

from workflow.rules.reasons import Exclusion, Hold, IncomingRow, OutgoingRow, Step

_HOLDS = {Hold.VALID: "v", Hold.MISSING: "m", Hold.FAILED: "f", Hold.INDETERMINATE: "i"}
_HOLD_OF = {letter: hold for hold, letter in _HOLDS.items()}
_STEPS = tuple(Step)
_ON_TIME, _LATE, _OPEN = "t", "l", "o"
_DUE, _DONE = datetime(1, 1, 1, tzinfo=UTC), datetime(1, 1, 2, tzinfo=UTC)
_SOME_DAY = date(1, 1, 2)
_EXEMPT = Exclusion("", "", date(1, 1, 1))


def cell_of(row: OutgoingRow | IncomingRow) -> str:
    """The cell of a row, one character per fact, in the order of `alike`."""
    if isinstance(row, OutgoingRow):
        flags = _flags(
            row.issued_on is not None,
            row.voided,
            row.secret,
            row.agency_required,
            row.development,
            _exempt(row),
        )
        steps = "".join("1" if step in row.steps else "0" for step in _STEPS)
        signed = _HOLDS[row.persons] + _HOLDS[row.agency] + _HOLDS[row.attachments]
        return flags + signed + steps
    flags = _flags(
        row.secret,
        row.paper,
        row.digitised,
        row.recalled_before_processing,
        row.duplicate_of is not None,
        row.transferred,
        row.development,
        _exempt(row),
    )
    return flags + _HOLDS[row.persons] + _HOLDS[row.agency] + _progress(row)


def due_of(row: OutgoingRow | IncomingRow) -> datetime | None:
    """The due time that still matters: of an incoming document that is not completed."""
    if isinstance(row, IncomingRow) and row.completed_at is None:
        return row.due_at
    return None


@lru_cache(maxsize=4096)
def alike(register: str, cell: str, due_at: datetime | None) -> OutgoingRow | IncomingRow:
    """A row that stands for all with this cell and due time, whosever they are and of which day.

    Raises ValueError or KeyError for what `cell_of` cannot have written.
    """
    if register == "outgoing":
        if len(cell) != 9 + len(_STEPS):
            raise ValueError(f"no cell of outgoing documents: {cell!r}")
        issued, voided, secret, required, development, exempt = map(_flag, cell[:6])
        return OutgoingRow(
            document_id="",
            issuer_id="",
            registered_on=_SOME_DAY,
            issued_on=_SOME_DAY if issued else None,
            voided=voided,
            secret=secret,
            persons=_HOLD_OF[cell[6]],
            agency=_HOLD_OF[cell[7]],
            attachments=_HOLD_OF[cell[8]],
            agency_required=required,
            development=development,
            steps=frozenset(
                step for step, mark in zip(_STEPS, cell[9:], strict=True) if _flag(mark)
            ),
            exclusion=_EXEMPT if exempt else None,
        )
    if register != "incoming" or len(cell) != 11:
        raise ValueError(f"no cell of a register {register!r}: {cell!r}")
    secret, paper, digitised, recalled, duplicate, transferred, development, exempt = map(
        _flag, cell[:8]
    )
    due, completed = {_ON_TIME: (None, _DONE), _LATE: (_DUE, _DONE), _OPEN: (due_at, None)}[
        cell[10]
    ]
    return IncomingRow(
        document_id="",
        issuer_id="",
        arrived_on=_SOME_DAY,
        secret=secret,
        paper=paper,
        digitised=digitised,
        recalled_before_processing=recalled,
        duplicate_of="" if duplicate else None,
        transferred=transferred,
        due_at=due,
        completed_at=completed,
        persons=_HOLD_OF[cell[8]],
        agency=_HOLD_OF[cell[9]],
        development=development,
        exclusion=_EXEMPT if exempt else None,
    )


def row_of(
    register: str, cell: str, issuer_id: str, counted_on: date, due_at: datetime | None
) -> OutgoingRow | IncomingRow:
    """The same of an issuer and of a day (or month)."""
    row = alike(register, cell, due_at)
    if isinstance(row, IncomingRow):
        return replace(row, issuer_id=issuer_id, arrived_on=counted_on)
    issued_on = None if row.issued_on is None else counted_on
    return replace(row, issuer_id=issuer_id, registered_on=counted_on, issued_on=issued_on)


def _flags(*facts: bool) -> str:
    return "".join("1" if fact else "0" for fact in facts)


def _flag(mark: str) -> bool:
    return {"0": False, "1": True}[mark]


def _exempt(row: OutgoingRow | IncomingRow) -> bool:
    return row.exclusion is not None and row.exclusion.reaches(row.counted_on)


def _progress(row: IncomingRow) -> str:
    if row.completed_at is None:
        return _OPEN
    return _ON_TIME if row.on_time else _LATE
