"""Communes under a province with counted rows: what the books hold, without the acts behind it."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from tests.workflow.rules.rows import RECEIVED, SENT
from workflow.bookkeeping import due_text
from workflow.office import Office
from workflow.organisations import Description, create_organisation
from workflow.records import Issuer, NumberSeries, RegisterTally
from workflow.rules.cells import cell_of, due_of
from workflow.rules.indicator import Row
from workflow.rules.numbering import SeriesRule
from workflow.rules.reasons import Hold, OutgoingRow
from workflow.structure import add_issuer

SINCE = date(2025, 7, 1)
GOOD, BAD = SENT, replace(SENT, agency=Hold.MISSING)
ARRIVED = RECEIVED


@dataclass(frozen=True)
class Many:
    """So many rows alike, of one issuer and type; numbered in the year they count in, or before."""

    row: Row
    many: int = 1
    issuer: str = ""  # the seat's first
    type_code: str = "cong_van"
    numbered_in: int = 0

    @property
    def register_year(self) -> int:
        return self.numbered_in or self.row.counted_on.year


def settle(
    office: Office,
    parent_id: uuid.UUID,
    code: str,
    name: str,
    *,
    kinds: Sequence[str] = ("UBND",),
    kind: str = "commune",
) -> tuple[uuid.UUID, dict[str, str]]:
    """An organisation under another, with issuers of these kinds by kind."""
    with office.transaction(None) as tx:
        seat = create_organisation(
            tx,
            Description(code, name, kind, "Mẫu", parent_id),
            resolve_days=5,
            valid_from=SINCE,
        )
        issuers = {
            one: add_issuer(
                tx,
                seat.id,
                kind=one,
                name=f"{one} {name}",
                symbol=one.replace("_", ""),
                series=[SeriesRule("chung")],
                workflow="outgoing",
                valid_from=SINCE,
            )
            for one in kinds
        }
        return seat.id, {one: str(issuer.id) for one, issuer in issuers.items()}


def enter(office: Office, seat: uuid.UUID, rows: Sequence[Many]) -> None:
    """Count the rows as if documents had been registered."""
    with office.database.write() as session:
        first = session.query(Issuer).filter_by(organisation_id=seat).order_by(Issuer.id).first()
        tallies: Counter[tuple[object, ...]] = Counter()
        for one in rows:
            register = "outgoing" if isinstance(one.row, OutgoingRow) else "incoming"
            on = one.row.counted_on
            tallies[
                on.year,
                on.year * 100 + on.month,
                one.register_year,
                register,
                one.issuer or (str(first.id) if first else ""),
                one.type_code,
                cell_of(one.row),
                due_text(due_of(one.row)),
            ] += one.many
        names = (
            "year",
            "month",
            "register_year",
            "register",
            "issuer_id",
            "type_code",
            "cell",
            "due",
        )
        for key, many in tallies.items():
            session.add(
                RegisterTally(
                    organisation_id=seat, count=many, **dict(zip(names, key, strict=True))
                )
            )
        years = Counter(one.register_year for one in rows for _ in range(one.many))
        for year, many in years.items():
            session.add(
                NumberSeries(
                    organisation_id=seat,
                    issuer_key="x",
                    register="incoming",
                    year=year,
                    key="x",
                    last_number=many,
                    last_on=None,
                )
            )
        session.commit()
