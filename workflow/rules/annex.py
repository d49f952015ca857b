"""What ND 30/2020 Annex VI asks of a system like this one, and how far it does it: as data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from workflow.rules import lawfile
from workflow.rules.errors import InvalidDefinition


class Standing(StrEnum):
    """How far a line of the annex is done."""

    MET = "met"
    PARTLY = "partly"
    NOT = "not"

    @property
    def label(self) -> str:
        return {"met": "đạt", "partly": "đạt một phần", "not": "chưa đạt"}[self.value]


@dataclass(frozen=True)
class Requirement:
    """One line of the annex; `where` is where to see it done, `missing` what is lacking."""

    clause: str
    asked: str
    standing: Standing
    where: str
    missing: str | None


def parse(text: str) -> tuple[Requirement, ...]:
    """Read `annex_vi.toml`. Raises InvalidDefinition with the place of the mistake."""
    root = lawfile.read("annex_vi", text)
    found: list[Requirement] = []
    for table in root.tables("requirement"):
        one = Requirement(
            clause=table.text("clause"),
            asked=table.text("asked"),
            standing=Standing(table.one_of("standing", Standing)),
            where=table.text("where"),
            missing=table.optional_text("missing"),
        )
        table.close()
        if (one.standing is Standing.MET) != (one.missing is None):
            raise InvalidDefinition(table.place, "chỉ ghi phần còn thiếu khi chưa đạt")
        if any(one.clause == other.clause for other in found):
            raise InvalidDefinition(f"{table.place}.clause", f"“{one.clause}” có hai lần")
        found.append(one)
    root.close()
    return tuple(found)
