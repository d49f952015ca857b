"""The level each kind of document is signed at: the data that ships, and what data may say."""

from __future__ import annotations

from datetime import date

import pytest

from tests.workflow.rules.law import law_text
from workflow.rules import citations, doctypes, levels
from workflow.rules.errors import InvalidDefinition
from workflow.rules.levels import DIGITISED, Demand, Level, demanded

TYPES = [kind.code for kind in doctypes.parse(law_text("doc_types")).types]
RULES = levels.parse(law_text("signing_levels"), TYPES)
DAY = date(2026, 11, 22)


def last(kind: str, on: date = DAY) -> Demand:
    return demanded(RULES, kind, on, last=True)


def test_levels_are_ordered() -> None:
    assert [one.value for one in Level] == ["B-B", "B-T", "B-LT", "B-LTA"]
    below = {(one, other) for one in Level for other in Level if one.below(other)}
    assert below == {
        (Level.B_B, Level.B_T),
        (Level.B_B, Level.B_LT),
        (Level.B_B, Level.B_LTA),
        (Level.B_T, Level.B_LT),
        (Level.B_T, Level.B_LTA),
        (Level.B_LT, Level.B_LTA),
    }


@pytest.mark.parametrize(
    ("kind", "level", "meanwhile"),
    [
        ("nghi_quyet", Level.B_LTA, None),
        ("quyet_dinh", Level.B_LTA, None),
        ("bien_ban", Level.B_LTA, None),
        ("cong_van", Level.B_LT, None),
        ("thong_bao", Level.B_LT, Level.B_B),
        ("giay_moi", Level.B_LT, Level.B_B),
        (DIGITISED, Level.B_LT, None),
        ("a type of the future", Level.B_LT, None),
    ],
)
def test_what_ships(kind: str, level: Level, meanwhile: Level | None) -> None:
    assert last(kind) == Demand(level, meanwhile)


@pytest.mark.parametrize("kind", [*TYPES, DIGITISED])
def test_nothing_is_signed_for_good_without_its_time_and_validation_data(kind: str) -> None:
    demand = last(kind)
    assert not demand.level.below(Level.B_LT)
    assert demand.meanwhile is None or demand.meanwhile.below(demand.level)


def test_the_archive_time_stamp_waits_for_the_last_signature() -> None:
    assert demanded(RULES, "quyet_dinh", DAY, last=False) == Demand(Level.B_LT, None)
    assert demanded(RULES, "giay_moi", DAY, last=False) == Demand(Level.B_LT, Level.B_B)


def test_the_basis_of_every_level_may_be_cited_on_its_first_day() -> None:
    board = citations.parse(law_text("legal_basis"))
    for rule in RULES:
        for citation in rule.legal_basis.split("; "):
            basis = citations.cited(board, citation)
            assert basis is not None, citation
            assert basis.uncitable(rule.valid_from) is None, citation


HEAD = '[[level]]\nkinds = ["default"]\nlevel = "B-LT"\nvalid_from = 2026-01-01\n'
TAIL = 'legal_basis = "NĐ"\nconfidence = "read"\n'
DEFAULT = HEAD + TAIL


def rule(**changes: str) -> str:
    """The default, and one rule more, for `a`."""
    fields = {
        "kinds": '["a"]',
        "level": '"B-LTA"',
        "valid_from": "2026-01-01",
        "legal_basis": '"NĐ"',
        "confidence": '"read"',
        **changes,
    }
    return f"{DEFAULT}[[level]]\n" + "".join(f"{key} = {value}\n" for key, value in fields.items())


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "signing_levels.level"),
        (DEFAULT.replace("default", "a"), "signing_levels.level"),
        (DEFAULT + "valid_to = 2026-12-31\n", "signing_levels.level"),
        (rule(kinds='["b"]'), "signing_levels.level[2].kinds"),
        (rule(kinds="[]"), "signing_levels.level[2].kinds"),
        (rule(kinds='["a", "a"]'), "signing_levels.level[2].kinds"),
        (rule(kinds='["a", "default"]'), "signing_levels.level[2]"),
        (rule(level='"B-XL"'), "signing_levels.level[2].level"),
        (rule(meanwhile='"B"'), "signing_levels.level[2].meanwhile"),
        (rule(meanwhile='"B-LTA"'), "signing_levels.level[2].meanwhile"),
        (rule(level='"B-T"', meanwhile='"B-LT"'), "signing_levels.level[2].meanwhile"),
        (rule(valid_to="2025-12-31"), "signing_levels.level[2].valid_to"),
        (rule(confidence='"sure"'), "signing_levels.level[2].confidence"),
        (rule(legal_basis='""'), "signing_levels.level[2].legal_basis"),
        (rule(upto='"B-LT"'), "signing_levels.level[2]"),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str, place: str) -> None:
    with pytest.raises(InvalidDefinition) as refused:
        levels.parse(text, ["a"])
    assert refused.value.place == place


def test_levels_change_with_time() -> None:
    rules = levels.parse(
        rule(level='"B-T"', meanwhile='"B-B"', valid_to="2026-06-30")
        + rule(valid_from="2026-07-01").removeprefix(DEFAULT),
        ["a"],
    )
    seen = [demanded(rules, "a", date(2026, month, day), last=True) for month, day in MOMENTS]
    early, late = Demand(Level.B_T, Level.B_B), Demand(Level.B_LTA, None)
    assert seen == [early, early, late, late]
    assert demanded(rules, "a", date(2026, 1, 1), last=False) == early
    with pytest.raises(InvalidDefinition, match="31/12/2025"):
        demanded(rules, "a", date(2025, 12, 31), last=True)


MOMENTS = [(1, 1), (6, 30), (7, 1), (12, 31)]


def test_a_level_that_will_do_meanwhile_is_lower_than_what_is_demanded() -> None:
    rules = levels.parse(rule(meanwhile='"B-LT"'), ["a"])
    assert demanded(rules, "a", DAY, last=True) == Demand(Level.B_LTA, Level.B_LT)
    assert demanded(rules, "a", DAY, last=False) == Demand(Level.B_LT, None)
