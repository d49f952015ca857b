"""The checklist of Annex VI: well formed, about things that exist, and told alike everywhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fastapi.routing import APIRoute

from api.app import ROUTERS
from workflow.lawbook import Lawbook
from workflow.rules.annex import Standing, parse
from workflow.rules.conformance import VIOLATIONS
from workflow.rules.errors import InvalidDefinition

PAGE = (Path(__file__).parents[3] / "docs" / "conformance.md").read_text(encoding="utf-8")
ANNEX = Lawbook.read().annex
LINE = """[[requirement]]
clause = "I.1"
asked = "x"
standing = "met"
where = "-"
"""


def cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip("|").split("|")]


def test_the_page_tells_the_data() -> None:
    rows = [cells(row) for row in PAGE.splitlines() if row.startswith("| ")]
    assert rows[1 : 1 + len(VIOLATIONS)] == [
        [f"`{one.code}`", one.clause, one.title, one.since] for one in VIOLATIONS
    ]
    assert rows[2 + len(VIOLATIONS) :] == [
        [one.clause, one.asked, one.standing.label, one.where, one.missing or ""] for one in ANNEX
    ]
    counts = [sum(one.standing is standing for one in ANNEX) for standing in Standing]
    assert "{} lines are met, {} partly, {} not.".format(*counts) in PAGE


def test_what_a_line_points_at_exists() -> None:
    routes = {
        f"{method} {route.path}"
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in route.methods
    }
    named = {found for one in ANNEX for found in re.findall(r"`([A-Z]+ /[^`]*)`", one.where)}
    assert named <= routes
    for one in ANNEX:
        assert (one.where == "-") == (one.standing is Standing.NOT), one.clause


def test_every_function_of_part_one_has_its_line() -> None:
    """Counted in the annex: principles, general demands, functions, administration, outputs."""
    first = [one.clause.split(".")[0] for one in ANNEX if not one.clause.startswith("Phần II")]
    assert {part: first.count(part) for part in dict.fromkeys(first)} == {
        "I": 5,
        "II": 8,
        "III": 14 + 3 + 3 + 7 + 7 + 11 + 5 + 3,
        "IV": 7 + 2,
        "V": 6,
    }
    second = [one.clause.split(".")[1] for one in ANNEX if one.clause.startswith("Phần II")]
    assert [second.count(part) for part in ("I", "II", "III")] == [20, 21, 13]


@pytest.mark.parametrize(
    "text",
    [
        LINE.replace("met", "done"),
        LINE + 'missing = "y"\n',
        LINE.replace("met", "partly"),
        LINE * 2,
        LINE + "more = 1\n",
    ],
)
def test_a_mistake_is_named(text: str) -> None:
    assert parse(LINE)
    with pytest.raises(InvalidDefinition):
        parse(text)
